//! Natives of `context`: what it must know about types.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[
    ("typeName", type_name),
    ("isComparable", crate::errors::is_comparable),
];

fn type_name(call: &mut Call<'_>) -> Outcome {
    let info = call.type_info(call.iface(0).ty());
    call.set_str(0, info.name.as_bytes());
    Outcome::Done
}
