//! Panic values as the report of a panic shows them.

use super::print::{Mode, Printer};
use crate::strconv::{float, number};
use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Iface;

/// `func describe(v any) string`: values of basic types as `print` writes them, those of defined types with the type's name; others
/// by type and value, where Go shows an address.
pub(crate) fn describe(call: &mut Call<'_>) -> Outcome {
    let text = text_of(call, call.iface(0));
    call.set_str(0, &text);
    Outcome::Done
}

/// `func printForm(v any) string`: basic values as in [`describe`] whatever their type's name; of others the address.
pub(crate) fn print_form(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    let text = if v.is_nil() {
        b"(0x0,0x0)".to_vec()
    } else if let Some(text) = basic(call, v) {
        text
    } else if let TypeKind::Slice { .. } = call.type_info(v.ty()).kind {
        let reflect = call.reflect();
        format!(
            "[{}/{}]{:#x}",
            reflect.len(v),
            reflect.cap(v),
            reflect.data_address(v)
        )
        .into_bytes()
    } else {
        format!("{:#x}", v.bits()).into_bytes()
    };
    call.set_str(0, &text);
    Outcome::Done
}

fn text_of(call: &Call<'_>, v: Iface) -> Vec<u8> {
    if v.is_nil() {
        return b"nil".to_vec();
    }
    let info = call.type_info(v.ty());
    let Some(text) = basic(call, v) else {
        let mut text = format!("({}) ", info.name).into_bytes();
        let no_methods = |_: &_, _| false;
        let mut printer = Printer::new(Mode::Printf, call.reflect(), &no_methods, &[]);
        printer.print(b"%+v", &[v]);
        text.append(&mut printer.f.out);
        return text;
    };
    if !info.named {
        return text;
    }
    let quote: &[u8] = if matches!(info.kind, TypeKind::String) {
        b"\""
    } else {
        b""
    };
    [info.name.as_bytes(), b"(", quote, &text, quote, b")"].concat()
}

fn basic(call: &Call<'_>, v: Iface) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    match call.type_info(v.ty()).kind {
        TypeKind::Bool => text.extend_from_slice(if v.bits() != 0 { b"true" } else { b"false" }),
        TypeKind::Int | TypeKind::Int8 | TypeKind::Int16 | TypeKind::Int32 | TypeKind::Int64 => {
            number::append_int(&mut text, v.bits() as i64, 10);
        }
        TypeKind::Uint
        | TypeKind::Uint8
        | TypeKind::Uint16
        | TypeKind::Uint32
        | TypeKind::Uint64
        | TypeKind::Uintptr => {
            number::append_uint(&mut text, v.bits(), 10);
        }
        TypeKind::Float32 => {
            float::append_float(&mut text, f64::from_bits(v.bits()), b'g', -1, true)
        }
        TypeKind::Float64 => {
            float::append_float(&mut text, f64::from_bits(v.bits()), b'g', -1, false)
        }
        TypeKind::Complex64 | TypeKind::Complex128 => {
            let float32 = matches!(call.type_info(v.ty()).kind, TypeKind::Complex64);
            let (re, im) = call.reflect().complex(v);
            text.push(b'(');
            float::append_float(&mut text, re, b'g', -1, float32);
            if !(im.is_sign_negative() || im.is_infinite()) || im.is_nan() {
                text.push(b'+');
            }
            float::append_float(&mut text, im, b'g', -1, float32);
            text.extend_from_slice(b"i)");
        }
        TypeKind::String => text.extend_from_slice(call.reflect().str_bytes(v)),
        _ => return None,
    }
    Some(text)
}
