//! What scanning asks of the types of variables: those that are not Go's own can only be told apart at run time.

use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};

/// Kinds of variables as the package's source numbers them, with their sizes in bits.
fn kind(kind: &TypeKind, is_byte: bool) -> (i64, i64) {
    match kind {
        TypeKind::Bool => (1, 8),
        TypeKind::Int | TypeKind::Int64 => (2, 64),
        TypeKind::Int8 => (2, 8),
        TypeKind::Int16 => (2, 16),
        TypeKind::Int32 => (2, 32),
        TypeKind::Uint | TypeKind::Uint64 | TypeKind::Uintptr => (3, 64),
        TypeKind::Uint8 => (3, 8),
        TypeKind::Uint16 => (3, 16),
        TypeKind::Uint32 => (3, 32),
        TypeKind::Float32 => (4, 32),
        TypeKind::Float64 => (4, 64),
        TypeKind::Complex64 => (5, 64),
        TypeKind::Complex128 => (5, 128),
        TypeKind::String => (6, 0),
        TypeKind::Slice { .. } if is_byte => (7, 0),
        _ => (8, 0),
    }
}

/// `func pointee(p any) (kind, bits int, named bool)`
pub(super) fn pointee(call: &mut Call<'_>) -> Outcome {
    let p = call.iface(0);
    let elem = match (!p.is_nil()).then(|| &call.type_info(p.ty()).kind) {
        Some(TypeKind::Pointer { elem }) => Some(*elem),
        _ => None,
    };
    let ((kind, bits), named) = elem.map_or(((0, 0), false), |elem| {
        let info = call.type_info(elem);
        let is_byte = matches!(info.kind, TypeKind::Slice { elem }
            if matches!(call.type_info(elem).kind, TypeKind::Uint8));
        (kind(&info.kind, is_byte), info.named)
    });
    call.set_int(0, kind);
    call.set_int(1, bits);
    call.set_bool(2, named);
    Outcome::Done
}

/// `func store(p, v any)`
pub(super) fn store(call: &mut Call<'_>) -> Outcome {
    let (p, v) = (call.iface(0), call.iface(2));
    call.reflect().store_same_kind(p, v);
    Outcome::Done
}
