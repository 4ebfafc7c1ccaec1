//! Which brace of a text is not closed, by its looks: where a block is left early the closing brace stands further left than the line that opened it.

use minigo_grammar::source::Span;

/// The `{` that was probably meant to be closed and is not.
pub(crate) fn unclosed_brace(text: &str) -> Option<Span> {
    let mut open: Vec<usize> = Vec::new();
    let mut suspect = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        match c {
            '"' | '\'' | '`' => at += literal_len(rest, c),
            '/' if rest.starts_with("//") => at += rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                at += rest.find("*/").map_or(rest.len(), |end| end + 2)
            }
            _ => {
                if c == '{' {
                    open.push(at);
                } else if c == '}'
                    && let Some(start) = open.pop()
                    && suspect.is_none()
                    && text[line_start(text, at)..at].trim().is_empty()
                    && indent(text, at) < indent(text, start)
                {
                    suspect = Some(start);
                }
                at += c.len_utf8();
            }
        }
    }
    let start = if open.is_empty() {
        None
    } else {
        suspect.or(open.last().copied())
    };
    start.map(|start| Span::new(start as u32, start as u32 + 1))
}

/// The length of a literal that opens with this quote.
fn literal_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' && quote != '`' {
            escaped = true;
        } else if c == quote {
            return index + 1;
        } else if c == '\n' && quote != '`' {
            return index;
        }
    }
    text.len()
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// How far the line of an offset is indented.
fn indent(text: &str, at: usize) -> usize {
    let line = &text[line_start(text, at)..];
    line.len() - line.trim_start_matches(['\t', ' ']).len()
}

#[cfg(test)]
mod tests {
    use super::unclosed_brace;

    #[test]
    fn the_block_that_is_left_early_is_found() {
        let text = "func f() {\n\tif x {\n\t\tg(\"}\") // }\n}\n";
        let span = unclosed_brace(text).expect("a brace");
        assert_eq!(&text[span.start as usize - 5..span.end as usize], "if x {");
        assert_eq!(unclosed_brace("func f() {}\n"), None);
        let end = unclosed_brace("func f() {\n\tg()\n").expect("a brace");
        assert_eq!(end.start, 9);
    }
}
