//! A program made ready to run: code in one piece, functions by address, constants on the heap, method dispatch tables.
//!
//! An image never changes while the program runs, so every M reads it without synchronisation.

use crate::heap::Heap;
use crate::native::NativeFn;
use minigo_bytecode::{FuncId, Op, Position, Program, ShapeId, TypeId, TypeKind};
use std::sync::Arc;

/// What a call needs to know about a function.
#[derive(Clone, Copy)]
pub(crate) struct FuncEntry {
    /// The first op.
    pub(crate) code: *const Op,
    /// Words a frame needs, out area included.
    pub(crate) frame_size: u32,
    /// Parameter words: the closure pointer goes behind them.
    pub(crate) params: u32,
}

/// The methods of one selector: a dense run of types.
#[derive(Clone, Copy)]
struct DispatchRow {
    first_type: u32,
    len: u32,
    start: u32,
}

const NO_FUNC: u32 = u32::MAX;

/// A loaded program.
pub(crate) struct Image {
    pub(crate) program: Arc<Program>,
    /// All functions' code, one after the other; then the marker ops.
    code: Box<[Op]>,
    /// Index in `code` where each function starts, ascending.
    starts: Vec<u32>,
    pub(crate) funcs: Vec<FuncEntry>,
    /// Pointer and length of each string constant.
    pub(crate) strings: Vec<(u64, u64)>,
    /// Static closure object of each function.
    pub(crate) static_closures: Vec<u64>,
    rows: Vec<DispatchRow>,
    dispatch: Vec<u32>,
    pub(crate) natives: Vec<BoundNative>,
    /// Where a goroutine's entry function returns to.
    pub(crate) exit_pc: *const Op,
    /// Where a deferred call that a panic made returns to.
    pub(crate) panic_return_pc: *const Op,
    /// Where the function that words a panic's value returns to.
    pub(crate) panic_text_pc: *const Op,
}

/// A native with the number of its argument and result words.
#[derive(Clone, Copy)]
pub(crate) struct BoundNative {
    pub(crate) run: NativeFn,
    pub(crate) params: u32,
    pub(crate) results: u32,
}

// SAFETY: the raw pointers lead into `code`, which is never written after `load`, and to permanent heap objects.
unsafe impl Send for Image {}
// SAFETY: as above: an image is read-only.
unsafe impl Sync for Image {}

/// Kinds of marker ops behind the functions' code.
pub(crate) const MARKER_EXIT: u16 = 0;
pub(crate) const MARKER_PANIC_RETURN: u16 = 1;
pub(crate) const MARKER_PANIC_TEXT: u16 = 2;

impl Image {
    /// Lays out a verified program. `resolve` finds natives by name; the error names one that is missing.
    pub(crate) fn load(
        program: Arc<Program>,
        heap: &Heap,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
    ) -> Result<Image, String> {
        let mut code: Vec<Op> =
            Vec::with_capacity(program.funcs.iter().map(|f| f.code.len()).sum::<usize>() + 3);
        let mut starts = Vec::with_capacity(program.funcs.len() + 1);
        for func in &program.funcs {
            starts.push(code.len() as u32);
            code.extend_from_slice(&func.code);
        }
        let markers = code.len();
        starts.push(markers as u32);
        for reg in [MARKER_EXIT, MARKER_PANIC_RETURN, MARKER_PANIC_TEXT] {
            code.push(Op::Extra {
                reg,
                index: u32::MAX,
            });
        }
        let code = code.into_boxed_slice();
        let at = |i: usize| -> *const Op { &raw const code[i] };
        let funcs = program
            .funcs
            .iter()
            .zip(&starts)
            .map(|(f, &start)| FuncEntry {
                code: at(start as usize),
                frame_size: f.frame_size,
                params: f.params.len() as u32,
            })
            .collect();
        let strings = program
            .strings
            .iter()
            .map(|s| (Self::permanent_bytes(heap, s), s.len() as u64))
            .collect();
        let static_closures = (0..program.funcs.len())
            .map(|id| Self::permanent_word(heap, id as u64))
            .collect();
        let mut natives = Vec::with_capacity(program.natives.len());
        for native in &program.natives {
            let Some(run) = resolve(&native.name) else {
                return Err(native.name.clone());
            };
            natives.push(BoundNative {
                run,
                params: native.params.len() as u32,
                results: native.results.len() as u32,
            });
        }
        let (rows, dispatch) = Self::dispatch_tables(&program);
        let (exit_pc, panic_return_pc, panic_text_pc) =
            (at(markers), at(markers + 1), at(markers + 2));
        Ok(Image {
            program,
            code,
            starts,
            funcs,
            strings,
            static_closures,
            rows,
            dispatch,
            natives,
            exit_pc,
            panic_return_pc,
            panic_text_pc,
        })
    }

    fn permanent_bytes(heap: &Heap, bytes: &[u8]) -> u64 {
        if bytes.is_empty() {
            return 0;
        }
        let object = heap
            .alloc_permanent(ShapeId::SCALAR, bytes.len())
            .expect("memory for the program's constants")
            .as_ptr();
        // SAFETY: the object was allocated with this size and nobody else knows it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), object.cast::<u8>(), bytes.len()) };
        object as u64
    }

    fn permanent_word(heap: &Heap, word: u64) -> u64 {
        let object = heap
            .alloc_permanent(ShapeId::SCALAR, 8)
            .expect("memory for the program's constants")
            .as_ptr();
        // SAFETY: as above.
        unsafe { *object = word };
        object as u64
    }

    fn dispatch_tables(program: &Program) -> (Vec<DispatchRow>, Vec<u32>) {
        let mut methods: Vec<Vec<(u32, u32)>> = vec![Vec::new(); program.selectors.len()];
        for (ty, info) in program.types.iter().enumerate() {
            for &(selector, func) in &info.methods {
                methods[selector.index()].push((ty as u32, func.0));
            }
        }
        let mut rows = Vec::with_capacity(methods.len());
        let mut dispatch = Vec::new();
        for row in methods {
            let (first_type, last) = match (row.first(), row.last()) {
                (Some(first), Some(last)) => (first.0, last.0 + 1),
                _ => (0, 0),
            };
            let start = dispatch.len() as u32;
            dispatch.resize(dispatch.len() + (last - first_type) as usize, NO_FUNC);
            for (ty, func) in row {
                dispatch[(start + ty - first_type) as usize] = func;
            }
            rows.push(DispatchRow {
                first_type,
                len: last - first_type,
                start,
            });
        }
        (rows, dispatch)
    }

    /// The function that implements `selector` for values of dynamic type `ty` (a type word, not nil).
    #[inline(always)]
    pub(crate) fn method(&self, selector: u16, ty: u32) -> Option<u32> {
        let row = &self.rows[selector as usize];
        let i = ty.wrapping_sub(row.first_type);
        if i >= row.len {
            return None;
        }
        Some(self.dispatch[(row.start + i) as usize]).filter(|&f| f != NO_FUNC)
    }

    /// Whether the dynamic type `ty` has all methods of the interface type `iface`; else the first missing one's name.
    pub(crate) fn implements(&self, ty: TypeId, iface: TypeId) -> Result<(), &str> {
        let TypeKind::Interface { methods } = &self.program.types[iface.index()].kind else {
            panic!("internal error: not an interface type");
        };
        let mut missing: Vec<&str> = methods
            .iter()
            .filter(|m| self.method(m.0, ty.0).is_none())
            .map(|m| self.program.selectors[m.index()].name.as_str())
            .collect();
        missing.sort_unstable();
        missing.first().map_or(Ok(()), |name| Err(name))
    }

    /// The function that `pc` lies in; none for the markers.
    pub(crate) fn func_at(&self, pc: *const Op) -> Option<FuncId> {
        let index = self.index_of(pc);
        let after = self
            .starts
            .partition_point(|&start| start as usize <= index);
        (after <= self.program.funcs.len()).then(|| FuncId(after as u32 - 1))
    }

    fn index_of(&self, pc: *const Op) -> usize {
        (pc as usize - self.code.as_ptr() as usize) / size_of::<Op>()
    }

    /// The op whose address has this lower half.
    pub(crate) fn op_with_low_half(&self, half: u32) -> Option<*const Op> {
        let start = self.code.as_ptr();
        let distance = half.wrapping_sub(start.addr() as u32) as usize;
        (half != 0 && distance < self.code.len() * size_of::<Op>())
            .then(|| start.wrapping_byte_add(distance))
    }

    /// The source position of the op at `pc`.
    pub(crate) fn position_at(&self, pc: *const Op) -> Option<Position> {
        let func = self.func_at(pc)?;
        let offset = self.index_of(pc) as u32 - self.starts[func.index()];
        let lines = &self.program.funcs[func.index()].lines;
        let after = lines.partition_point(|line| line.pc <= offset);
        after.checked_sub(1).map(|i| lines[i].position)
    }

    /// Index of the op within its function, for internal error reports.
    pub(crate) fn offset_at(&self, pc: *const Op) -> Option<u32> {
        let func = self.func_at(pc)?;
        Some(self.index_of(pc) as u32 - self.starts[func.index()])
    }
}
