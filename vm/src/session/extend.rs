//! Adding to a program that runs.
//!
//! The world is stopped meanwhile. Tables of which running code keeps an address have their room reserved; when it is used up, the
//! session is full.

use crate::Vm;
use crate::heap::data_pointers;
use crate::native::NativeFn;
use crate::value::map::Maps;
use minigo_bytecode::{Extension, Program, verify};
use std::fmt;

/// Room for functions, and so on. What is reserved and not used costs address space only.
const FUNCS: usize = 1 << 16;
const TYPES: usize = 1 << 14;
const SHAPES: usize = 1 << 13;
const CONSTANTS: usize = 1 << 16;
const NATIVES: usize = 1 << 12;
const GLOBAL_WORDS: usize = 1 << 18;
/// Room for ops.
pub(crate) const OPS: usize = 1 << 22;

/// Why nothing was added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExtendError {
    /// There is no room left.
    Full,
    /// The program is over.
    Over,
    /// A fault of minigo.
    Internal(String),
}

impl fmt::Display for ExtendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExtendError::Full => f.write_str("the session has no room left for code"),
            ExtendError::Over => f.write_str("the program is over"),
            ExtendError::Internal(what) => write!(f, "internal error: {what}"),
        }
    }
}

impl std::error::Error for ExtendError {}

/// Reserves the room that a session's program may take.
pub(crate) fn reserve(program: &mut Program) {
    fn to<T>(list: &mut Vec<T>, capacity: usize) {
        list.reserve_exact(capacity.saturating_sub(list.len()));
    }
    to(&mut program.funcs, FUNCS);
    to(&mut program.types, TYPES);
    to(&mut program.shapes, SHAPES);
    to(&mut program.words, CONSTANTS);
    to(&mut program.strings, CONSTANTS);
    to(&mut program.natives, NATIVES);
    to(&mut program.globals, GLOBAL_WORDS);
}

/// Whether what the extension brings fits into the room reserved.
fn fits(program: &Program, extension: &Extension) -> bool {
    fn room<T>(list: &Vec<T>, more: &[T]) -> bool {
        list.capacity() - list.len() >= more.len()
    }
    room(&program.funcs, &extension.funcs)
        && room(&program.types, &extension.types)
        && room(&program.shapes, &extension.shapes)
        && room(&program.words, &extension.words)
        && room(&program.strings, &extension.strings)
        && room(&program.natives, &extension.natives)
        && room(&program.globals, &extension.globals)
        && program.selectors.len() + extension.selectors.len() <= usize::from(u16::MAX)
}

impl Vm {
    /// Adds to the program. Only with the world stopped.
    pub(super) fn extend(
        &self,
        extension: Extension,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
    ) -> Result<(), ExtendError> {
        if !fits(self.program(), &extension) {
            return Err(ExtendError::Full);
        }
        let (first_func, first_shape) = (self.program().funcs.len(), self.program().shapes.len());
        // SAFETY: the world is stopped, so nobody else reads the tables; those whose addresses machines may have at hand have room,
        // and stay where they are.
        unsafe {
            self.image.program.get_mut().extend(extension);
            verify::verify_from(self.program(), first_func)
                .map_err(|error| ExtendError::Internal(error.to_string()))?;
            if !self.image.has_room() {
                return Err(ExtendError::Full);
            }
            let program = self.program();
            let heap = self.heap.get_mut();
            heap.extend(
                first_shape,
                &program.shapes[first_shape..],
                data_pointers(&program.types),
            );
            Maps::extend(self.maps.get_mut(), heap);
            self.image
                .get_mut()
                .extend(&self.heap, resolve)
                .map_err(ExtendError::Internal)?;
            for slot in self.local_heaps.made() {
                self.heap.grow_local(&mut *slot.0.get());
            }
        }
        Ok(())
    }
}
