//! The line editor: history, highlighting by our own lexer, completion from the types, several lines as one item.

use super::command::COMMANDS;
use super::engine::{Engine, Next};
use super::input;
use super::screen::Screen;
use minigo_compiler::session::Session as Compiler;
use minigo_grammar::lexer;
use minigo_grammar::source::SourceFile;
use minigo_grammar::token::Token;
use rustyline::completion::{Completer, FilenameCompleter, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

const PROMPT: &str = ">>> ";
const HISTORY_SIZE: usize = 10_000;

/// Asks for inputs until the user leaves; gives the exit status.
pub(crate) fn run(mut engine: Engine, screen: &Arc<Screen>) -> i32 {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .bracketed_paste(true)
        .max_history_size(HISTORY_SIZE)
        .map(rustyline::config::Builder::build);
    let editor = config.and_then(Editor::<Assistant, DefaultHistory>::with_config);
    let mut editor = match editor {
        Ok(editor) => editor,
        Err(error) => crate::console::fail(&format!("the terminal cannot be used: {error}")),
    };
    let is_empty = Rc::new(Cell::new(true));
    editor.set_helper(Some(Assistant {
        compiler: engine.compiler.clone(),
        files: FilenameCompleter::new(),
        load: Box::new(engine.loader()),
        color: screen.has_color(),
        is_empty: is_empty.clone(),
    }));
    if let Ok(printer) = editor.create_external_printer() {
        screen.set_printer(Box::new(printer));
    }
    let history = history_file();
    if let Some(path) = &history {
        // There is none at first.
        let _ = editor.load_history(path);
    }
    screen.output(
        format!(
            "minigo {}, {}. :help lists commands, Ctrl-D leaves.\n",
            env!("CARGO_PKG_VERSION"),
            engine.mode()
        )
        .as_bytes(),
    );
    loop {
        is_empty.set(true);
        engine.take_interrupt();
        screen.begin_edit();
        let line = editor.readline(PROMPT);
        screen.end_edit();
        match line {
            Ok(line) => {
                if line.trim().is_empty() {
                    continue;
                }
                let _ = editor.add_history_entry(line.trim_end());
                if let Some(path) = &history {
                    // A history that cannot be written is no reason to disturb.
                    let _ = editor.append_history(path);
                }
                match engine.enter(&line) {
                    Next::Done | Next::Failed(_) => {}
                    Next::Quit => return 0,
                    Next::Exit(status) => return status,
                }
            }
            Err(ReadlineError::Interrupted) => {
                if is_empty.get() {
                    engine.note("(:quit or Ctrl-D to exit)");
                }
            }
            Err(ReadlineError::Eof) => return 0,
            Err(error) => {
                engine.note(&format!("read the terminal: {error}"));
                return 1;
            }
        }
    }
}

/// `MINIGO_HISTORY`, else a file in the user's state directory; an empty variable means none.
fn history_file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MINIGO_HISTORY") {
        return (!path.is_empty()).then(|| path.into());
    }
    let state = std::env::var_os("XDG_STATE_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os("HOME").filter(|home| !home.is_empty())?;
            Some(PathBuf::from(home).join(".local/state"))
        })?;
    let folder = state.join("minigo");
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("history"))
}

/// Loads a package of the library.
type LoadPackage = Box<dyn Fn(&mut Compiler, &str)>;

/// What the editor asks while a line is edited.
struct Assistant {
    compiler: Rc<RefCell<Compiler>>,
    files: FilenameCompleter,
    load: LoadPackage,
    color: bool,
    /// Nothing has been typed yet.
    is_empty: Rc<Cell<bool>>,
}

impl Helper for Assistant {}

impl Hinter for Assistant {
    type Hint = String;

    /// Shows nothing: it is the one place that sees the line whenever it changes.
    fn hint(&self, line: &str, _pos: usize, _cx: &Context<'_>) -> Option<String> {
        self.is_empty.set(line.is_empty());
        None
    }
}

impl Validator for Assistant {
    fn validate(&self, cx: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        Ok(if input::is_incomplete(cx.input()) {
            ValidationResult::Incomplete
        } else {
            ValidationResult::Valid(None)
        })
    }
}

impl Completer for Assistant {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        cx: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let before = &line[..pos];
        if let Some(command) = before.trim_start().strip_prefix(':') {
            if let Some((name, _)) = command.split_once(char::is_whitespace) {
                if matches!(name, "load" | "save") {
                    return self.files.complete(line, pos, cx);
                }
            } else {
                let start = pos - command.len();
                let names = COMMANDS.iter().flat_map(|c| c.names).copied();
                let names = names.filter(|name| name.starts_with(command));
                return Ok((start, names.map(pair).collect()));
            }
        }
        let (start, mut names) = self.compiler.borrow().complete(before);
        if names.is_empty()
            && let Some(path) = before[..start].strip_suffix('.')
        {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let package = &path[path.trim_end_matches(is_name).len()..];
            (self.load)(&mut self.compiler.borrow_mut(), package);
            names = self.compiler.borrow().complete(before).1;
        }
        Ok((start, names.iter().map(String::as_str).map(pair).collect()))
    }
}

fn pair(name: &str) -> Pair {
    Pair {
        display: name.to_string(),
        replacement: name.to_string(),
    }
}

impl Highlighter for Assistant {
    fn highlight<'l>(&self, line: &'l str, _pos: usize) -> Cow<'l, str> {
        if !self.color || line.trim_start().starts_with(':') {
            return Cow::Borrowed(line);
        }
        Cow::Owned(highlight(line))
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(
        &'s self,
        prompt: &'p str,
        _default: bool,
    ) -> Cow<'b, str> {
        if self.color {
            Cow::Owned(format!("\x1b[1;32m{prompt}\x1b[0m"))
        } else {
            Cow::Borrowed(prompt)
        }
    }

    fn highlight_char(&self, _line: &str, _pos: usize, _kind: CmdKind) -> bool {
        self.color
    }
}

/// The line with colors for keywords, literals and comments.
fn highlight(line: &str) -> String {
    let file = SourceFile::new("input", line);
    let lexed = lexer::tokenize(&file);
    let tokens = lexed.tokens.iter().filter_map(|lexeme| {
        let color = match lexeme.token {
            token if token.is_keyword() => "35",
            Token::String | Token::RawString | Token::Rune => "32",
            Token::Number => "36",
            _ => return None,
        };
        Some((lexeme.span.range(), color))
    });
    let comments = lexed.comments.iter().map(|c| (c.span.range(), "90"));
    let mut colored: Vec<_> = tokens.chain(comments).collect();
    colored.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(line.len() * 2);
    let mut done = 0;
    for (range, color) in colored {
        if range.start < done || range.end > line.len() {
            continue;
        }
        out.push_str(&line[done..range.start]);
        out.push_str(&format!("\x1b[{color}m{}\x1b[0m", &line[range.clone()]));
        done = range.end;
    }
    out.push_str(&line[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::highlight;

    #[test]
    fn colors_change_no_letter() {
        let line = "for i := range 3 { fmt.Println(\"é\", 'x', 1.5) } // a `comment";
        let colored = highlight(line);
        let mut plain = String::new();
        let mut rest = colored.as_str();
        while let Some(at) = rest.find('\x1b') {
            plain.push_str(&rest[..at]);
            let end = rest[at..].find('m').map_or(rest.len(), |m| at + m + 1);
            rest = &rest[end..];
        }
        plain.push_str(rest);
        assert_eq!(plain, line);
        assert!(colored.contains("\x1b[35mfor\x1b[0m"));
    }
}
