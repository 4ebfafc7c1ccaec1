//! Code from the command line (`-e`): a whole program, declarations, or statements of `main`. What is missing around it is put into lines that do not
//! count, so places in messages are those of the code; packages of the library that it names are imported.

use minigo_grammar::parse_file;
use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;
use std::collections::BTreeSet;

/// The program that the code is or stands for.
pub(crate) fn file(name: &str, code: &str) -> SourceFile {
    let plain = SourceFile::new(name, code);
    if words(code).first().is_some_and(|word| word == "package") {
        return plain;
    }
    let imports = imports(code);
    let declarations = wrap(name, &format!("package main\n{imports}"), code, "\n");
    let (_, diagnostics) = parse_file(&declarations, &mut Symbols::new());
    // Without a function it cannot have a main; types and variables are as good inside of one.
    if diagnostics.is_empty() && words(code).iter().any(|word| word == "func") {
        return declarations;
    }
    let prelude = format!("package main\n{imports}func main() {{\n");
    wrap(name, &prelude, code, "\n}\n")
}

fn wrap(name: &str, prelude: &str, code: &str, end: &str) -> SourceFile {
    let lines = prelude.matches('\n').count();
    SourceFile::new(name, format!("{prelude}{code}{end}")).with_prelude(lines as u32)
}

/// Import declarations, one a line, for what looks like the name of a package and is none of the code's own names.
fn imports(code: &str) -> String {
    let words = words(code);
    let mut paths = BTreeSet::new();
    for (index, word) in words.iter().enumerate() {
        let after_dot = index > 0 && words[index - 1] == ".";
        let before_dot = words.get(index + 1).is_some_and(|next| next == ".");
        if after_dot || !before_dot || declares(&words, word) {
            continue;
        }
        paths.extend(
            minigo_stdlib::paths().find(|path| path.rsplit('/').next() == Some(word.as_str())),
        );
    }
    paths
        .iter()
        .map(|path| format!("import {path:?}\n"))
        .collect()
}

/// Whether the code declares this name itself, in one of the ways that come before a use.
fn declares(words: &[String], name: &str) -> bool {
    words.windows(2).any(|pair| {
        pair[1] == name && matches!(pair[0].as_str(), "var" | "const" | "type" | "func")
            || pair[0] == name && pair[1] == ":="
            || pair[1].trim_matches('"').ends_with(name) && pair[0] == "import"
    })
}

/// The tokens of the code as far as this file needs them: words, dots, `:=`, strings; all else is punctuation of one character.
fn words(code: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = code.trim_start();
    while let Some(c) = rest.chars().next() {
        let end = if c.is_alphabetic() || c == '_' {
            rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        } else if rest.starts_with("//") {
            rest = rest
                .split_once('\n')
                .map_or("", |(_, rest)| rest.trim_start());
            continue;
        } else if rest.starts_with(":=") {
            Some(2)
        } else if c == '"' || c == '\'' || c == '`' {
            closing_quote(rest, c)
        } else {
            Some(c.len_utf8())
        };
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(word.to_string());
        rest = after.trim_start();
    }
    words
}

/// Where a literal that opens with `quote` ends.
fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return Some(index + 1);
        }
    }
    None
}
