//! Walking a goroutine's frames, innermost first.
//!
//! Two words below a frame's base lie the return pc and the distance in words to the caller's base;
//! the entry function's frame is the one at the stack's start.

use minigo_bytecode::op::Op;

use super::Goroutine;

/// One frame of a goroutine at a safepoint.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// In the innermost frame the op to go on with, in the others the op after the call.
    pub pc: *const Op,
    /// `R[0]`.
    pub base: *mut u64,
}

/// The frames of a goroutine, innermost first. It ends at the frame that was entered first; the
/// caller stops earlier if it must.
pub struct Frames {
    stack: *mut u64,
    next: Option<Frame>,
}

impl Frames {
    /// Starts at the innermost frame.
    ///
    /// # Safety
    /// The goroutine is at a safepoint and stays there while the iterator lives.
    pub unsafe fn new(g: &Goroutine) -> Frames {
        let next = (!g.pc().is_null()).then(|| Frame {
            pc: g.pc(),
            base: g.base(),
        });
        Frames {
            stack: g.stack(),
            next,
        }
    }
}

impl Iterator for Frames {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        let frame = self.next?;
        let offset = (frame.base.addr() - self.stack.addr()) / 8;
        self.next = (offset > minigo_bytecode::program::FRAME_WORDS).then(|| {
            // SAFETY: every frame has its two words below the base, inside the stack.
            let (pc, distance) = unsafe { (*frame.base.sub(2), *frame.base.sub(1)) };
            Frame {
                pc: pc as *const Op,
                base: frame.base.wrapping_sub(distance as usize),
            }
        });
        Some(frame)
    }
}
