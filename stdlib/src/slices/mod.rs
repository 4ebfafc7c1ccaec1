//! Natives of `slices`: sorting what Go orders by itself.

use crate::package::Natives;
use crate::sort::sort_floats;
use minigo_bytecode::TypeKind;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::reflect::{Iface, Reflect, Str};

pub(crate) const NATIVES: Natives = &[("sortOrdered", sort_ordered)];

/// `func sortOrdered(x any) bool`
fn sort_ordered(call: &mut Call<'_>) -> Outcome {
    let x = call.iface(0);
    let reflect = call.reflect();
    let sorted = match reflect.type_info(x.ty()).kind {
        TypeKind::Slice { elem } => sort(reflect, x, &reflect.type_info(elem).kind),
        _ => false,
    };
    call.set_bool(0, sorted);
    Outcome::Done
}

fn sort(reflect: Reflect<'_>, x: Iface, elem: &TypeKind) -> bool {
    let len = reflect.len(x);
    if matches!(elem, TypeKind::String) {
        let mut values: Vec<(Str, &[u8])> = (0..len)
            .map(|i| reflect.index(x, i))
            .map(|s| (reflect.str(s), reflect.str_bytes(s)))
            .collect();
        values.sort_unstable_by(|a, b| a.1.cmp(b.1));
        for (i, (s, _)) in values.into_iter().enumerate() {
            reflect.set_str(x, i, s);
        }
        return true;
    }
    let mut words: Vec<u64> = (0..len).map(|i| reflect.index(x, i).bits()).collect();
    match elem {
        TypeKind::Float32 | TypeKind::Float64 => {
            if !sort_floats(&mut words) {
                return false;
            }
        }
        TypeKind::Int | TypeKind::Int8 | TypeKind::Int16 | TypeKind::Int32 | TypeKind::Int64 => {
            words.sort_unstable_by_key(|&word| word as i64)
        }
        TypeKind::Uint
        | TypeKind::Uint8
        | TypeKind::Uint16
        | TypeKind::Uint32
        | TypeKind::Uint64
        | TypeKind::Uintptr => words.sort_unstable(),
        _ => return false,
    }
    for (i, word) in words.into_iter().enumerate() {
        reflect.set_word(x, i, word);
    }
    true
}
