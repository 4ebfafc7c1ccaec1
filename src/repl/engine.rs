//! A session of the compiler and one of the machine, kept in step.

use super::command;
use super::screen::Screen;
use crate::module::Packages;
use crate::runtime_flags::RuntimeFlags;
use minigo_compiler::diagnostics::render::{self, Format};
use minigo_compiler::diagnostics::{LIMIT, Listing};
use minigo_compiler::session::Session as Compiler;
use minigo_compiler::types::ty::FileIndex;
use minigo_compiler::{Import, ImportError, Sources};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use minigo_grammar::token::Token;
use minigo_vm::native::NativeFn;
use minigo_vm::session::{Event, Session as Machine, Sinks};
use minigo_vm::{Config, LoadError};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Packages that can be used without being imported, if the library has them.
const COMMON: &[&str] = &[
    "fmt",
    "strings",
    "strconv",
    "errors",
    "sort",
    "slices",
    "maps",
    "math",
    "math/rand",
    "math/bits",
    "math/cmplx",
    "sync",
    "sync/atomic",
    "context",
    "time",
    "runtime",
    "os",
    "os/signal",
    "io",
    "io/fs",
    "bufio",
    "bytes",
    "cmp",
    "iter",
    "log",
    "flag",
    "path",
    "path/filepath",
    "unicode",
    "unicode/utf8",
    "unicode/utf16",
    "container/heap",
    "container/list",
    "container/ring",
    "text/tabwriter",
];

/// How often a running evaluation is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// What takes longer than this is said to wait, if it does.
const PATIENCE: Duration = Duration::from_millis(400);
/// How long an evaluation that is to stop may run deferred calls.
const GRACE: Duration = Duration::from_millis(300);
/// How long it may take to stop at all before the prompt comes back without it.
const STUBBORN: Duration = Duration::from_millis(650);

/// What an input came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Go on.
    Done,
    /// Go on; a script ends with this exit code unless a later input fails, too.
    Failed(i32),
    /// The user wants to leave.
    Quit,
    /// The program has ended the process.
    Exit(i32),
}

/// An input that was entered and ran.
pub(crate) struct Entered {
    /// Its text.
    pub(crate) text: String,
}

/// The whole session.
pub(crate) struct Engine {
    pub(crate) compiler: Rc<RefCell<Compiler>>,
    pub(crate) machine: Machine,
    pub(crate) screen: Arc<Screen>,
    pub(crate) flags: RuntimeFlags,
    packages: Rc<Packages>,
    /// Inputs so far; positions name them.
    count: usize,
    /// What was entered and compiled, for `:save` and `:history`.
    pub(crate) entered: Vec<Entered>,
    /// The user pressed Ctrl-C.
    interrupted: Arc<AtomicBool>,
    /// The latest input's goroutine.
    pub(crate) latest: u64,
    pub(crate) strict: bool,
    pub(crate) time_all: bool,
    /// Goroutines run on between inputs.
    pub(crate) background: bool,
    /// Those that are kept from it.
    held: Vec<u64>,
    has_hidden: bool,
    has_failure: bool,
}

/// The sources of a package, the prompt's own one included.
fn find(packages: &Packages, import: &Import<'_>) -> Result<Sources, ImportError> {
    if import.path == "minigo/repl" {
        return Ok(Sources {
            files: vec![SourceFile::of_library(
                "repl/show.mgo",
                include_str!("show.mgo"),
            )],
            library: true,
            init_key: import.path.to_string(),
        });
    }
    packages.find(import)
}

/// The import path of a common package of this name that the library has.
pub(crate) fn common_package(name: &str) -> Option<&'static str> {
    COMMON
        .iter()
        .find(|path| path.rsplit('/').next() == Some(name) && minigo_stdlib::source(path).is_some())
        .copied()
}

fn natives(name: &str) -> Option<NativeFn> {
    minigo_stdlib::natives(name)
}

/// The machine that these flags ask for.
fn config(flags: &RuntimeFlags) -> Config {
    flags.config(vec!["repl".to_string()], Vec::new())
}

fn start(
    config: &Config,
    screen: &Arc<Screen>,
    packages: &Packages,
) -> Result<(Compiler, Machine), LoadError> {
    let common = COMMON
        .iter()
        .copied()
        .filter(|path| minigo_stdlib::source(path).is_some())
        .collect();
    let (compiler, program) =
        Compiler::begin(&|import: &Import<'_>| find(packages, import), common);
    let (out, err) = (screen.clone(), screen.clone());
    let sinks = Sinks {
        output: Box::new(move |bytes| out.output(bytes)),
        errors: Box::new(move |bytes| err.error(bytes)),
    };
    let machine = Machine::start(program, &natives, config.clone(), sinks)?;
    Ok((compiler, machine))
}

impl Engine {
    pub(crate) fn new(flags: RuntimeFlags, screen: Arc<Screen>) -> Result<Engine, LoadError> {
        let packages = Rc::new(Packages::around(Path::new(".")));
        let (compiler, machine) = start(&config(&flags), &screen, &packages)?;
        let interrupted = Arc::new(AtomicBool::new(false));
        if screen.is_terminal() {
            // Without it Ctrl-C ends the session, as it ends other programs.
            let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, interrupted.clone());
        }
        Ok(Engine {
            compiler: Rc::new(RefCell::new(compiler)),
            machine,
            screen,
            flags,
            packages,
            count: 0,
            entered: Vec::new(),
            interrupted,
            latest: 0,
            strict: false,
            time_all: false,
            background: true,
            held: Vec::new(),
            has_hidden: false,
            has_failure: false,
        })
    }

    /// Loads a common package, so that completion knows its names.
    pub(crate) fn loader(&self) -> impl Fn(&mut Compiler, &str) + use<> {
        let packages = self.packages.clone();
        move |compiler, name| {
            if common_package(name).is_some() {
                // That it has no such member is no news; its names are known from then on.
                let file = SourceFile::new("repl[completion]", format!("{name}.X_"));
                let _ = compiler.type_of(file, &|import: &Import<'_>| find(&packages, import));
            }
        }
    }

    /// Starts from scratch.
    pub(crate) fn reset(&mut self) -> Result<(), LoadError> {
        let (compiler, machine) = start(&config(&self.flags), &self.screen, &self.packages)?;
        machine.set_strict(self.strict);
        *self.compiler.borrow_mut() = compiler;
        self.machine = machine;
        self.entered.clear();
        self.held.clear();
        self.has_hidden = false;
        Ok(())
    }

    /// How goroutines are scheduled.
    pub(crate) fn mode(&self) -> String {
        let procs = self.machine.set_procs(0);
        match self.flags.seed() {
            Some(seed) => format!("seed {seed}, {procs} simulated processors on 1 thread"),
            None if procs == 1 => "1 processor".to_string(),
            None => format!("{procs} processors"),
        }
    }

    /// Lets goroutines go on that are kept from running between inputs.
    pub(crate) fn release(&mut self) {
        if !self.held.is_empty() {
            self.machine.resume_all(std::mem::take(&mut self.held));
        }
    }

    /// Keeps them from running, if that is wanted.
    pub(crate) fn hold(&mut self) {
        if !self.background {
            self.held.extend(self.machine.freeze_all());
        }
    }

    /// Does what was entered: a command or Go code.
    pub(crate) fn enter(&mut self, text: &str) -> Next {
        // What has happened since the last input.
        while let Some(event) = self.machine.next_event(Duration::ZERO) {
            match event {
                Event::Exited(code) => return Next::Exit(code),
                event => self.note_failure(&event),
            }
        }
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Next::Done;
        }
        if let Some(line) = trimmed.strip_prefix(':') {
            return command::execute(self, line);
        }
        if matches!(trimmed, "exit" | "quit") && !self.is_declared(trimmed) {
            return Next::Quit;
        }
        if matches!(trimmed, "help" | "?") && !self.is_declared(trimmed) {
            return command::execute(self, "help");
        }
        let file = SourceFile::new("input", text);
        let lexed = minigo_grammar::lexer::tokenize(&file);
        if lexed.diagnostics.is_empty() && lexed.tokens.iter().all(|t| t.token == Token::Semicolon)
        {
            return Next::Done;
        }
        self.count += 1;
        let name = format!("repl[{}]", self.count);
        let time = self.time_all;
        self.evaluate(&name, text, time)
    }

    /// Compiles and runs Go code.
    pub(crate) fn evaluate(&mut self, name: &str, text: &str, time: bool) -> Next {
        let began = Instant::now();
        let compiled = self
            .compiler
            .borrow_mut()
            .input(SourceFile::new(name, text), &|import: &Import<'_>| {
                find(&self.packages, import)
            });
        self.report(&compiled.diagnostics);
        let Some(extension) = compiled.extension else {
            return Next::Failed(1);
        };
        if !compiled.hidden.is_empty() && !std::mem::replace(&mut self.has_hidden, true) {
            let (name, kind) = &compiled.hidden[0];
            self.note(&format!(
                "{name} is a new {kind} now; what was compiled before keeps the old one (said once)"
            ));
        }
        let compile_time = began.elapsed();
        let id = match self.machine.run(extension, &natives) {
            Ok(id) => id,
            Err(error) => {
                self.note(&format!("{error}; :reset starts a new one"));
                return Next::Failed(1);
            }
        };
        self.latest = id;
        self.entered.push(Entered {
            text: text.to_string(),
        });
        self.release();
        let next = self.wait_for(id);
        self.hold();
        if time {
            let whole = began.elapsed();
            self.note(&format!(
                "{:.3} ms ({:.3} ms of it compiling)",
                whole.as_secs_f64() * 1e3,
                compile_time.as_secs_f64() * 1e3
            ));
        }
        next
    }

    /// Has a function of the prompt's own package look at the value of an expression, which is not remembered.
    pub(crate) fn look(&mut self, expression: &str, function: &'static str) -> Next {
        let file = SourceFile::new("repl[look]", expression);
        let compiled = self.compiler.borrow_mut().look(
            file,
            &|import: &Import<'_>| find(&self.packages, import),
            function,
        );
        self.report(&compiled.diagnostics);
        let Some(extension) = compiled.extension else {
            return Next::Failed(1);
        };
        match self.machine.run(extension, &natives) {
            Ok(id) => self.wait_for(id),
            Err(error) => {
                self.note(&format!("{error}; :reset starts a new one"));
                Next::Failed(1)
            }
        }
    }

    /// The type of an expression; on a mistake it is shown.
    pub(crate) fn type_of(&mut self, text: &str) -> Result<String, Next> {
        let file = SourceFile::new("repl[type]", text);
        let found = self
            .compiler
            .borrow_mut()
            .type_of(file, &|import: &Import<'_>| find(&self.packages, import));
        found.map_err(|diagnostics| {
            self.report(&diagnostics);
            Next::Failed(1)
        })
    }

    /// Shows diagnostics.
    fn report(&self, found: &[(FileIndex, Diagnostic)]) {
        if found.is_empty() {
            return;
        }
        let format = if self.screen.is_terminal() {
            Format::Pretty {
                color: self.screen.has_color(),
            }
        } else {
            Format::Short
        };
        let compiler = self.compiler.borrow();
        let listing = Listing::new(found, compiler.files(), Some(LIMIT));
        let text = render::render(&listing, format);
        self.machine.flush();
        self.screen.error(text.as_bytes());
    }

    /// Says once how a panic of a goroutine in the background differs from Go's.
    fn note_failure(&mut self, event: &Event) {
        if let Event::Failed(id) = event
            && !std::mem::replace(&mut self.has_failure, true)
        {
            self.note(&format!(
                "only goroutine {id} has ended; in Go the whole program would (:strict on does that; said once)"
            ));
        }
    }

    /// Says something about the session, in a comment's form.
    pub(crate) fn note(&self, text: &str) {
        self.machine.flush();
        for line in text.lines() {
            self.screen.error(format!("// {line}\n").as_bytes());
        }
    }

    /// Prints the answer to a command.
    pub(crate) fn print(&self, text: &str) {
        self.machine.flush();
        self.screen.output(text.as_bytes());
        if !text.ends_with('\n') {
            self.screen.output(b"\n");
        }
    }

    pub(crate) fn is_declared(&self, name: &str) -> bool {
        let declared = self.compiler.borrow().declared();
        declared.iter().any(|object| object.name == name)
    }

    /// Takes note of Ctrl-C, once. What is pressed while an input is compiled counts for its evaluation, so the editor forgets
    /// only what came before the input.
    pub(crate) fn take_interrupt(&self) -> bool {
        self.interrupted.swap(false, Ordering::Relaxed)
    }

    /// Waits for the end of an input's goroutine; stops it at Ctrl-C, and when nothing can ever make it go on.
    fn wait_for(&mut self, id: u64) -> Next {
        let began = Instant::now();
        let mut stopped: Option<Instant> = None;
        let mut diagnosed = false;
        let mut killed = false;
        let mut looked = false;
        let outcome = loop {
            if let Some(event) = self.machine.next_event(LOOK) {
                match event {
                    Event::Exited(code) => break Next::Exit(code),
                    event if event.goroutine() != Some(id) => {
                        self.note_failure(&event);
                        continue;
                    }
                    Event::Ended(_) => break Next::Done,
                    Event::Failed(_) => break Next::Failed(2),
                    Event::Interrupted(_) if diagnosed => break Next::Failed(2),
                    Event::Interrupted(_) => {
                        self.note("stopped");
                        break Next::Failed(130);
                    }
                }
            }
            if self.take_interrupt() {
                self.screen.hide_waiting();
                self.machine.interrupt(id, stopped.is_some());
                stopped.get_or_insert_with(Instant::now);
                continue;
            }
            if let Some(at) = stopped {
                if !killed && at.elapsed() > GRACE {
                    killed = true;
                    self.machine.interrupt(id, true);
                    continue;
                }
                if at.elapsed() > STUBBORN {
                    self.note(&format!(
                        "goroutine {id} has not stopped yet: it ends as soon as it can"
                    ));
                    break Next::Failed(130);
                }
            }
            if stopped.is_none() && self.machine.is_stuck() {
                // Its end may have come between the two looks.
                if let Some(event) = self.machine.next_event(Duration::ZERO) {
                    match event {
                        Event::Exited(code) => break Next::Exit(code),
                        event if event.goroutine() != Some(id) => {
                            self.note_failure(&event);
                            continue;
                        }
                        Event::Failed(_) => break Next::Failed(2),
                        _ => break Next::Done,
                    }
                }
                self.machine.flush();
                self.explain_block(id);
                diagnosed = true;
                stopped = Some(Instant::now());
                self.machine.interrupt(id, false);
                continue;
            }
            if began.elapsed() > PATIENCE && stopped.is_none() && !looked {
                looked = true;
                if let Some(text) = self.what_it_waits_for(id) {
                    self.screen
                        .show_waiting(&format!("// waiting: {text} (Ctrl-C stops it)"));
                }
            }
        };
        self.screen.hide_waiting();
        self.machine.flush();
        if matches!(outcome, Next::Failed(130)) {
            self.tell_left_behind(id);
        }
        outcome
    }

    /// A script is over: what its goroutines printed is written.
    pub(crate) fn finish(&mut self) {
        self.machine.flush();
    }
}
