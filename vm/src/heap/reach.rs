//! Looking at what objects refer to, outside of a collection: for reports. Nothing runs meanwhile.

use minigo_bytecode::program::WordKind;

use super::Heap;
use super::arena::{Place, locate};
use super::shape::Plan;
use crate::sync::raw::Ordering::Relaxed;
use crate::value::word;

impl Heap {
    /// Calls `visit` with each pointer among root words of these kinds.
    pub(crate) fn pointers_among(
        &self,
        kinds: &[WordKind],
        words: &[u64],
        mut visit: impl FnMut(u64),
    ) {
        for (i, (&kind, &word)) in kinds.iter().zip(words).enumerate() {
            match (kind, words.get(i + 1)) {
                (WordKind::Ptr, _) if word != 0 => visit(word),
                (WordKind::Type, Some(&data)) if data != 0 && self.data_is_pointer(word) => {
                    visit(data);
                }
                _ => {}
            }
        }
    }

    /// Calls `visit` with each pointer in the object that `pointer` points to or into.
    pub(crate) fn pointers_of(&self, pointer: u64, mut visit: impl FnMut(u64)) {
        let Place::Object(object) = locate(pointer as usize) else {
            return;
        };
        let (period, pointers, interfaces): (usize, &[u32], &[u32]) =
            match self.plans.get(object.plan) {
                Plan::Scalar => return,
                Plan::First => (object.size / 8, &[0], &[]),
                Plan::Pointers => (1, &[0], &[]),
                Plan::Words {
                    period,
                    pointers,
                    interfaces,
                } => (*period as usize, pointers, interfaces),
            };
        let start = std::ptr::with_exposed_provenance::<u64>(object.base);
        let words = object.size / 8;
        for first in (0..words).step_by(period.max(1)) {
            // SAFETY: all words up to the object's size are inside of it.
            let load = |i: usize| (i < words).then(|| unsafe { word::load(start.add(i)) });
            for &offset in pointers {
                if let Some(pointer) = load(first + offset as usize)
                    && pointer != 0
                {
                    visit(pointer);
                }
            }
            for &offset in interfaces {
                let i = first + offset as usize;
                if let (Some(ty), Some(data)) = (load(i), load(i + 1))
                    && data != 0
                    && self.data_is_pointer(ty)
                {
                    visit(data);
                }
            }
        }
    }

    /// Whether the collection that was started last has marked the object that `pointer` points to or into; true for what is
    /// permanent, and for what is no heap object.
    pub(crate) fn is_marked(&self, pointer: u64) -> bool {
        match locate(pointer as usize) {
            Place::Object(object) => object.mark().load(Relaxed) == self.epoch.load(Relaxed),
            Place::Permanent | Place::Nowhere => true,
        }
    }
}
