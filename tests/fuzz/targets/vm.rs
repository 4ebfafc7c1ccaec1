//! A program of the corpus with some of its bytecode changed: the verifier refuses it, or the machine survives it.
//!
//! The input is the program's text, a zero byte, and then the changes: which function, which instruction, and what becomes of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use minigo_bytecode::{Op, Program};
use minigo_grammar::source::SourceFile;

fuzz_target!(|data: &[u8]| {
    let (text, changes) = match data.iter().position(|&byte| byte == 0) {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let program = minigo_fuzz::on_big_stack(|| {
        let file = SourceFile::new("fuzz.go", text);
        minigo_compiler::compile(vec![file], &minigo_fuzz::library).program
    });
    if let Some(mut program) = program {
        for change in changes.chunks_exact(6) {
            apply(&mut program, change);
        }
        minigo_fuzz::run(program);
    }
});

/// Puts another instruction of the program in the place of one, takes one out, doubles one, or changes what a function says of its registers.
fn apply(program: &mut Program, change: &[u8]) {
    let number = |i: usize| usize::from(u16::from_le_bytes([change[i], change[i + 1]]));
    let count = program.funcs.len();
    let donor = program.funcs[number(0) % count].code.clone();
    let func = &mut program.funcs[number(2) % count];
    if donor.is_empty() || func.code.is_empty() {
        return;
    }
    let at = number(4) % func.code.len();
    let other: Op = donor[number(4) / 7 % donor.len()];
    match change[0] % 8 {
        0..4 => func.code[at] = other,
        4 => {
            let other = number(4) / 5 % func.code.len();
            func.code.swap(at, other);
        }
        5 => {
            let next = (at + 1) % func.code.len();
            func.code[at] = func.code[next];
        }
        6 if !func.registers.is_empty() => {
            let (a, b) = (
                number(4) % func.registers.len(),
                number(2) % func.registers.len(),
            );
            func.registers.swap(a, b);
        }
        _ => {
            func.registers.pop();
        }
    }
}
