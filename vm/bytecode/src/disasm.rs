//! Bytecode as text: one line an op, operands by their declared roles.

use crate::op::{Op, Operand};
use crate::program::{Func, Program};
use std::fmt::Write;

/// The listing of a whole program: all functions, in the order of their numbers.
pub fn program(program: &Program) -> String {
    let mut text = String::new();
    for func in &program.funcs {
        text.push_str(&function(program, func));
        text.push('\n');
    }
    text
}

/// The listing of one function: its header, then each op with its index, the line it comes from (where that changes)
/// and what its indices refer to.
pub fn function(program: &Program, func: &Func) -> String {
    let mut text = format!(
        "{}  params {:?} results {:?} registers {} frame {}\n",
        func.name,
        func.params,
        func.results,
        func.registers.len(),
        func.frame_size
    );
    let mut lines = func.lines.iter().peekable();
    // Extras to come that hold types.
    let mut types = 0;
    for (pc, op) in func.code.iter().enumerate() {
        let mut line = String::new();
        while let Some(entry) = lines.next_if(|entry| entry.pc as usize <= pc) {
            line = entry.position.line.to_string();
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{line:>6}  {pc:04} {}", instruction(program, pc, op));
        match op {
            Op::Extra { index, .. } | Op::Extra2 { index, .. } if types > 0 => {
                types -= 1;
                let name = program.types.get(*index as usize).map_or("", |t| &t.name);
                let _ = write!(text, "  ; {name}");
            }
            _ => types = op.extra_types(),
        }
        text.push('\n');
    }
    text
}

/// One op as text; `pc` makes its jump targets absolute.
pub fn instruction(program: &Program, pc: usize, op: &Op) -> String {
    let mut text = op.mnemonic().to_string();
    let mut note = String::new();
    op.for_each_operand(|name, operand| {
        text.push(' ');
        let _ = match operand {
            Operand::Use(reg, _) | Operand::Def(reg, _) => write!(text, "r{}", reg.0),
            Operand::Imm(value) if name == "index" || name == "imm" || name == "off" => {
                write!(text, "{value}")
            }
            Operand::Imm(value) => write!(text, "{name}={value}"),
            Operand::Jump(distance) => write!(text, "→{:04}", pc as i64 + i64::from(distance)),
            Operand::Const(k) => {
                let word = program.words.get(k.index()).copied().unwrap_or_default();
                note = if op.mnemonic() == "ConstFloat" {
                    format!("{:?}", f64::from_bits(word))
                } else {
                    (word as i64).to_string()
                };
                write!(text, "k{}", k.0)
            }
            Operand::String(k) => {
                let bytes = program
                    .strings
                    .get(k.index())
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                note = format!("{:?}", String::from_utf8_lossy(bytes));
                write!(text, "s{}", k.0)
            }
            Operand::Func(id) => {
                note = program
                    .funcs
                    .get(id.index())
                    .map(|f| f.name.clone())
                    .unwrap_or_default();
                write!(text, "f{}", id.0)
            }
            Operand::Native(id) => {
                note = program
                    .natives
                    .get(id.index())
                    .map(|n| n.name.clone())
                    .unwrap_or_default();
                write!(text, "n{}", id.0)
            }
            Operand::Type(id) => {
                note = program
                    .types
                    .get(id.index())
                    .map(|t| t.name.clone())
                    .unwrap_or_default();
                write!(text, "t{}", id.0)
            }
            Operand::Selector(id) => {
                note = program
                    .selectors
                    .get(id.index())
                    .map(|s| s.name.clone())
                    .unwrap_or_default();
                write!(text, "m{}", id.0)
            }
        };
    });
    if !note.is_empty() {
        let _ = write!(text, "  ; {note}");
    }
    text
}
