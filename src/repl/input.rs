//! Where an input ends: asked of the parser, never by counting braces.

use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;

/// Whether the parser wants more before it could accept the text. Two empty lines end anything, so that nobody is caught in a block
/// that cannot be right.
pub(crate) fn is_incomplete(text: &str) -> bool {
    if text.trim_start().starts_with(':') {
        return false;
    }
    if text.ends_with("\n\n") && !text.trim().is_empty() {
        return false;
    }
    let file = SourceFile::new("input", text);
    let (_, diagnostics) = minigo_grammar::parse_repl(&file, &mut Symbols::new());
    let Some(first) = diagnostics.iter().find(|d| d.is_error()) else {
        return false;
    };
    let end = text.trim_end().len() as u32;
    let unfinished = |start: u32, opening: &str| {
        text[start as usize..].starts_with(opening) && first.message.contains("not terminated")
    };
    let start = first.span.start;
    start >= end || unfinished(start, "`") || unfinished(start, "/*")
}

/// A script's inputs: each as many lines as the parser takes for one.
pub(crate) fn split(text: &str) -> Vec<String> {
    let mut inputs = Vec::new();
    let mut current = String::new();
    for line in text.lines() {
        if current.is_empty() && line.trim().is_empty() {
            continue;
        }
        if !current.is_empty() {
            current.push('\n');
        }
        current.push_str(line);
        if !is_incomplete(&current) {
            inputs.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        inputs.push(current);
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::{is_incomplete, split};

    #[test]
    fn the_parser_says_whether_an_input_is_complete() {
        for text in [
            "x := 1",
            "x +",
            "f(",
            "f()",
            "func f() {\n}",
            "type T struct{ a int }",
            "",
            ")",
            "x := \"{\"",
            "'",
            "\"abc",
            "if x {} else {}",
            "// {",
            ":type (",
            "x := `a`",
            "for {}",
        ] {
            let expected = matches!(text, "x +" | "f(");
            assert_eq!(is_incomplete(text), expected, "{text:?}");
        }
        for text in [
            "func f() {",
            "if x {",
            "x := []int{\n1,",
            "s := `abc\n",
            "/* abc",
            "x := ",
            "type T struct {\n a int",
            "f(1,",
            "a.",
            "switch x {\ncase 1:",
            "const (",
            "import (\n\"fmt\"",
            "x := func() {",
            "x := 1 +\n",
        ] {
            assert!(is_incomplete(text), "{text:?}");
            assert!(
                !is_incomplete(&format!("{text}\n\n\n")),
                "{text:?} and two empty lines"
            );
        }
    }

    #[test]
    fn a_script_is_split_where_the_parser_is_content() {
        assert_eq!(
            split("x := 1\n\nfunc f() {\n\n  g()\n}\n:vars\nf("),
            ["x := 1", "func f() {\n\n  g()\n}", ":vars", "f("]
        );
    }
}
