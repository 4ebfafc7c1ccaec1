//! Natives of `flag`: what it asks of the types of values.

use crate::package::Natives;
use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("zeroLike", zero_like), ("assign", assign)];

/// `func zeroLike(v any) any`
fn zero_like(call: &mut Call<'_>) -> Outcome {
    let v = call.iface(0);
    let zero = if v.is_nil() {
        v
    } else {
        call.zero_like(v.ty())
    };
    call.set_iface(0, zero);
    Outcome::Done
}

/// `func assign(p, v any) (want string, ok bool)`
fn assign(call: &mut Call<'_>) -> Outcome {
    let (p, mut v) = (call.iface(0), call.iface(2));
    let reflect = call.reflect();
    let elem = match (!p.is_nil()).then(|| &call.type_info(p.ty()).kind) {
        Some(TypeKind::Pointer { elem }) => *elem,
        _ => {
            call.set_str(0, b"");
            call.set_bool(2, false);
            return Outcome::Done;
        }
    };
    if !v.is_nil()
        && v.bits() != 0
        && matches!(call.type_info(v.ty()).kind, TypeKind::Pointer { .. })
    {
        v = reflect.elem(v);
    }
    let ok = p.bits() != 0 && v.ty() == elem;
    if ok {
        reflect.store(p, v);
    }
    call.set_str(0, call.type_info(elem).name.as_bytes());
    call.set_bool(2, ok);
    Outcome::Done
}
