//! Natives of `fmt`: formatting, up to the calls of operands' methods, which the package's Go code makes.

pub(crate) mod describe;
mod format;
mod print;
mod scan;

use crate::package::Natives;
use minigo_bytecode::{RuntimeType, TypeKind};
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::Iface;
use print::{Method, Mode, Printer, Way};
use smallvec::SmallVec;

pub(crate) const NATIVES: Natives = &[
    ("show", show),
    ("render", render),
    ("wrappedOperands", wrapped_operands),
    ("isNilPointer", is_nil_pointer),
    ("pointee", scan::pointee),
    ("store", scan::store),
];

fn mode(call: &Call<'_>) -> Mode {
    match call.int(0) {
        0 => Mode::Print,
        1 => Mode::Println,
        2 => Mode::Printf,
        _ => Mode::Errorf,
    }
}

fn operands(call: &Call<'_>, at: usize) -> SmallVec<[Iface; 8]> {
    (0..call.slice_len(at))
        .map(|i| call.iface_element(at, i))
        .collect()
}

/// Whether a type has one of the methods, by name; Go code finds out whether its signature fits.
fn has_method<'a>(call: &Call<'a>) -> impl Fn(&RuntimeType, Method) -> bool + use<'a> {
    let reflect = call.reflect();
    move |info, method| {
        let name = match method {
            Method::Format => "Format",
            Method::GoString => "GoString",
            Method::Error => "Error",
            Method::String => "String",
        };
        info.methods
            .iter()
            .any(|&(selector, _)| reflect.method_name(selector) == name)
    }
}

/// What becomes of printing a value that contains itself.
fn too_deep() -> Outcome {
    Outcome::Fatal("stack overflow".into())
}

/// `func show(mode int, f string, a []any) (n int)`
fn show(call: &mut Call<'_>) -> Outcome {
    let args = operands(call, 3);
    let has_method = has_method(call);
    let mut printer = Printer::new(mode(call), call.reflect(), &has_method, &[]);
    printer.print(call.str(1), &args);
    if printer.overflowed {
        return too_deep();
    }
    if !printer.pending.is_empty() {
        call.set_int(0, -1);
        return Outcome::Done;
    }
    let out = std::mem::take(&mut printer.f.out);
    call.write_stdout(&out);
    call.set_int(0, out.len() as i64);
    Outcome::Done
}

/// `func render(mode int, f string, a []any, texts []string, ways []int) (s string, operands []any, infos []int)`
fn render(call: &mut Call<'_>) -> Outcome {
    let args = operands(call, 3);
    let results: Vec<(Vec<u8>, Way)> = (0..call.slice_len(5))
        .map(|i| {
            let way = match call.word_element(7, i) {
                0 => Way::AsString,
                1 => Way::AsIs,
                _ => Way::NotThere,
            };
            (call.bytes_of(call.str_element(5, i)).to_vec(), way)
        })
        .collect();
    let has_method = has_method(call);
    let mut printer = Printer::new(mode(call), call.reflect(), &has_method, &results);
    printer.print(call.str(1), &args);
    if printer.overflowed {
        return too_deep();
    }
    let pending = std::mem::take(&mut printer.pending);
    let out = std::mem::take(&mut printer.f.out);
    if pending.is_empty() {
        call.set_str(0, &out);
        // Two nil slices.
        for word in 2..6 {
            call.set_int(word, 0);
        }
        return Outcome::Done;
    }
    let operands: Vec<Iface> = pending.iter().map(|p| p.operand).collect();
    let infos: Vec<u64> = pending
        .iter()
        .flat_map(|p| {
            let number = |n: Option<usize>| n.unwrap_or(0) as u64;
            [
                p.method as u64,
                u64::from(u32::from(p.verb)),
                p.flags.bits() as u64,
                number(p.flags.width),
                number(p.flags.precision),
            ]
        })
        .collect();
    call.set_str(0, &[]);
    call.set_ifaces(2, &operands);
    call.set_words(4, &infos);
    Outcome::Done
}

/// `func wrappedOperands(f string, a []any) []int`
fn wrapped_operands(call: &mut Call<'_>) -> Outcome {
    let format = call.str(0);
    if !format.contains(&b'w') {
        call.set_words(0, &[]);
        return Outcome::Done;
    }
    let args = operands(call, 2);
    let has_method = has_method(call);
    let mut printer = Printer::new(Mode::Errorf, call.reflect(), &has_method, &[]);
    printer.print(format, &args);
    let mut wrapped: Vec<u64> = printer.wrapped.iter().map(|&i| i as u64).collect();
    wrapped.sort_unstable();
    call.set_words(0, &wrapped);
    Outcome::Done
}

/// `func isNilPointer(v any) bool`
fn is_nil_pointer(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    let nil = !v.is_nil()
        && matches!(call.type_info(v.ty()).kind, TypeKind::Pointer { .. })
        && v.bits() == 0;
    call.set_bool(0, nil);
    Outcome::Done
}
