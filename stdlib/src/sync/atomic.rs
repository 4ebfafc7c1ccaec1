//! Natives of `sync/atomic`. All are sequentially consistent.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};
use minigo_vm::services::AtomicOp;

macro_rules! integers {
    ($(($load:literal, $store:literal, $add:literal, $swap:literal, $cas:literal, $and:literal, $or:literal, $bits:literal, $signed:literal)),*) => {
        pub(crate) const NATIVES: Natives = &[
            $(
                ($load, |call| call.atomic($bits, $signed, AtomicOp::Load)),
                ($store, |call| call.atomic($bits, $signed, AtomicOp::Store(call.word(1)))),
                ($add, |call| call.atomic($bits, $signed, AtomicOp::Add(call.word(1)))),
                ($swap, |call| call.atomic($bits, $signed, AtomicOp::Swap(call.word(1)))),
                ($cas, |call| call.atomic($bits, $signed, AtomicOp::CompareAndSwap(call.word(1), call.word(2)))),
                ($and, |call| call.atomic($bits, $signed, AtomicOp::And(call.word(1)))),
                ($or, |call| call.atomic($bits, $signed, AtomicOp::Or(call.word(1)))),
            )*
            ("sameType", same_type),
        ];
    };
}

integers! {
    ("LoadInt32", "StoreInt32", "AddInt32", "SwapInt32", "CompareAndSwapInt32", "AndInt32", "OrInt32", 32, true),
    ("LoadInt64", "StoreInt64", "AddInt64", "SwapInt64", "CompareAndSwapInt64", "AndInt64", "OrInt64", 64, true),
    ("LoadUint32", "StoreUint32", "AddUint32", "SwapUint32", "CompareAndSwapUint32", "AndUint32", "OrUint32", 32, false),
    ("LoadUint64", "StoreUint64", "AddUint64", "SwapUint64", "CompareAndSwapUint64", "AndUint64", "OrUint64", 64, false),
    ("LoadUintptr", "StoreUintptr", "AddUintptr", "SwapUintptr", "CompareAndSwapUintptr", "AndUintptr", "OrUintptr", 64, false)
}

fn same_type(call: &mut Call<'_>) -> Outcome {
    let same = call.iface(0).ty() == call.iface(2).ty();
    call.set_bool(0, same);
    Outcome::Done
}
