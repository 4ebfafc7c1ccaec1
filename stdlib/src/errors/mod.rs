//! Natives of `errors`: what `Is` and `As` must know about types.

use crate::package::Natives;
use minigo_bytecode::{TypeId, TypeKind};
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("isComparable", is_comparable),
    ("checkTarget", check_target),
    ("assign", assign),
];

pub(crate) fn is_comparable(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    let comparable = v.is_nil() || call.type_info(v.ty()).comparable;
    call.set_bool(0, comparable);
    Outcome::Done
}

/// The type that a pointer type points to.
fn pointee(call: &Call<'_>, ty: TypeId) -> Option<TypeId> {
    match call.type_info(ty).kind {
        TypeKind::Pointer { elem } => Some(elem),
        _ => None,
    }
}

/// 0 for a target that `As` can assign to; 1 nil, 2 not a pointer, 3 points to neither an interface nor an error.
fn check_target(call: &mut Call<'_>) -> Outcome {
    let target = call.iface(0);
    let problem = if target.is_nil() {
        1
    } else {
        match pointee(call, target.ty()) {
            Some(elem) if target.bits() != 0 => {
                let info = call.type_info(elem);
                let reflect = call.reflect();
                let is_error = info
                    .methods
                    .iter()
                    .any(|&(selector, _)| reflect.method_name(selector) == "Error");
                if is_error || matches!(info.kind, TypeKind::Interface { .. }) {
                    0
                } else {
                    3
                }
            }
            _ => 2,
        }
    };
    call.set_int(0, problem);
    Outcome::Done
}

/// `func assign(err error, target any) bool`
fn assign(call: &mut Call<'_>) -> Outcome {
    let (err, target) = (call.iface(0), call.iface(2));
    let Some(elem) = pointee(call, target.ty()) else {
        call.set_bool(0, false);
        return Outcome::Done;
    };
    let fits = call.reflect().assignable(err, elem);
    if fits {
        call.reflect().store(target, err);
    }
    call.set_bool(0, fits);
    Outcome::Done
}
