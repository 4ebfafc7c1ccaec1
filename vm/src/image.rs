//! A program made ready to run: code in one piece, functions by address, constants on the heap, method dispatch tables.
//!
//! An image never changes while the program runs, so every M reads it without synchronisation. In a session it grows, with the world
//! stopped (see `growable`): ops, function entries and constants stay where they are.

use crate::growable::Growable;
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
    pub(crate) program: Arc<Growable<Program>>,
    /// The marker ops, then all functions' code, one after the other.
    code: Vec<Op>,
    /// Index in `code` where each function starts, ascending; and the end.
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

/// Kinds of marker ops.
pub(crate) const MARKER_EXIT: u16 = 0;
pub(crate) const MARKER_PANIC_RETURN: u16 = 1;
pub(crate) const MARKER_PANIC_TEXT: u16 = 2;

/// Markers in front of the functions' code.
const MARKERS: usize = 3;

impl Image {
    /// Lays out a verified program, with room for `ops` ops. `resolve` finds natives by name; the error names one that is missing.
    pub(crate) fn load(
        program: Arc<Growable<Program>>,
        heap: &Heap,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
        ops: usize,
    ) -> Result<Image, String> {
        let needed = MARKERS + program.funcs.iter().map(|f| f.code.len()).sum::<usize>();
        let mut code: Vec<Op> = Vec::with_capacity(needed.max(ops));
        for reg in [MARKER_EXIT, MARKER_PANIC_RETURN, MARKER_PANIC_TEXT] {
            code.push(Op::Extra {
                reg,
                index: u32::MAX,
            });
        }
        let at = |i: usize| -> *const Op { &raw const code[i] };
        let (exit_pc, panic_return_pc, panic_text_pc) = (at(0), at(1), at(2));
        let mut image = Image {
            code,
            starts: vec![MARKERS as u32],
            funcs: Vec::with_capacity(program.funcs.capacity()),
            strings: Vec::with_capacity(program.strings.capacity()),
            static_closures: Vec::with_capacity(program.funcs.capacity()),
            rows: Vec::new(),
            dispatch: Vec::new(),
            natives: Vec::with_capacity(program.natives.capacity()),
            exit_pc,
            panic_return_pc,
            panic_text_pc,
            program,
        };
        image.extend(heap, resolve)?;
        Ok(image)
    }

    /// Whether what was added to the program fits in without moving what is there.
    pub(crate) fn has_room(&self) -> bool {
        let new: usize = self.program.funcs[self.funcs.len()..]
            .iter()
            .map(|f| f.code.len())
            .sum();
        self.code.capacity() - self.code.len() >= new
            && self.funcs.capacity() >= self.program.funcs.len()
            && self.static_closures.capacity() >= self.program.funcs.len()
            && self.strings.capacity() >= self.program.strings.len()
            && self.natives.capacity() >= self.program.natives.len()
    }

    /// Lays out what was added to the program and is verified. Nothing moves if there [is room](Image::has_room).
    pub(crate) fn extend(
        &mut self,
        heap: &Heap,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
    ) -> Result<(), String> {
        let program = Arc::clone(&self.program);
        for native in &program.natives[self.natives.len()..] {
            let Some(run) = resolve(&native.name) else {
                return Err(native.name.clone());
            };
            self.natives.push(BoundNative {
                run,
                params: native.params.len() as u32,
                results: native.results.len() as u32,
            });
        }
        for func in &program.funcs[self.funcs.len()..] {
            let start = self.code.len();
            self.code.extend_from_slice(&func.code);
            self.funcs.push(FuncEntry {
                // An empty function does not exist.
                code: self.code.as_ptr().wrapping_add(start),
                frame_size: func.frame_size,
                params: func.params.len() as u32,
            });
            self.starts.push(self.code.len() as u32);
        }
        for string in &program.strings[self.strings.len()..] {
            self.strings
                .push((Self::permanent_bytes(heap, string), string.len() as u64));
        }
        for id in self.static_closures.len()..program.funcs.len() {
            self.static_closures
                .push(Self::permanent_word(heap, id as u64));
        }
        (self.rows, self.dispatch) = Self::dispatch_tables(&program);
        Ok(())
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
        (1..self.starts.len())
            .contains(&after)
            .then(|| FuncId(after as u32 - 1))
    }

    fn index_of(&self, pc: *const Op) -> usize {
        (pc as usize - self.code.as_ptr() as usize) / size_of::<Op>()
    }

    /// The number of the op at `pc`, from 0 on through all functions.
    pub(crate) fn number_of(&self, pc: *const Op) -> u64 {
        self.index_of(pc) as u64
    }

    /// The op of this number, which has one before it.
    pub(crate) fn op_numbered(&self, number: u64) -> Option<*const Op> {
        let index = usize::try_from(number).ok()?;
        (index > 0 && index < self.code.len()).then(|| &raw const self.code[index])
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
