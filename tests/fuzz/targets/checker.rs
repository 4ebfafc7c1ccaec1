//! Any text: the compiler gives a program that the verifier accepts, or an error, and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minigo_compiler::diagnostics::Listing;
use minigo_compiler::diagnostics::render::{self, Format};
use minigo_grammar::source::SourceFile;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    minigo_fuzz::on_big_stack(|| {
        let file = SourceFile::new("fuzz.go", text);
        let compiled = minigo_compiler::compile(vec![file], &minigo_fuzz::library);
        match &compiled.program {
            Some(program) => {
                if let Err(error) = minigo_bytecode::verify::verify(program) {
                    panic!("the verifier refuses what the compiler made: {error}");
                }
            }
            None => assert!(!compiled.diagnostics.is_empty(), "a failure without a word"),
        }
        let listing = Listing::new(&compiled.diagnostics, &compiled.files, None);
        for format in [Format::Short, Format::Pretty { color: false }, Format::Json] {
            render::render(&listing, format);
        }
    });
});
