//! Any bytes: the lexer and the parser give a tree and diagnostics, whose spans lie in the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;
use minigo_grammar::{parse_file, parse_repl};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    minigo_fuzz::on_big_stack(|| {
        let file = SourceFile::new("fuzz.go", text);
        for parse in [parse_file, parse_repl] {
            let (ast, diagnostics) = parse(&file, &mut Symbols::new());
            for diagnostic in &diagnostics {
                assert!(
                    diagnostic.span.start <= diagnostic.span.end,
                    "{diagnostic:?}"
                );
                assert!(diagnostic.span.end as usize <= text.len(), "{diagnostic:?}");
            }
            drop(ast);
        }
    });
});
