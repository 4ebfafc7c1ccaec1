//! Natives: functions of the library that are written in Rust.
//!
//! A native takes a [`Call`]: its arguments and results lie in the caller's out area, word by word as its signature says.
//! It never calls back into bytecode and never blocks a P: what must wait parks the goroutine and returns
//! [`Outcome::Parked`]; the waker has then done everything, and the goroutine goes on behind the call. A native may allocate
//! freely: collections happen only at safepoints, and no safepoint lies inside a native.

use crate::Vm;
use crate::capability::{Capability, DENIED};
use crate::error::RuntimeError;
use crate::goroutine::{Goroutine, IN_NATIVE, INTERRUPTED, KILLED};
use crate::reflect::{Iface, Reflect, Str};
use crate::sched::Machine;
use crate::value::word;
use minigo_bytecode::{RuntimeType, ShapeId, TypeId, TypeKind};
use std::os::fd::{AsFd, BorrowedFd};

/// A native function.
pub type NativeFn = fn(&mut Call<'_>) -> Outcome;

/// How a native ends.
#[derive(Debug)]
pub enum Outcome {
    /// Results are written; go on behind the call.
    Done,
    /// The goroutine is on a wait list, whose waker does the rest; go on behind the call when woken.
    Parked,
    /// Give other goroutines a turn, then go on behind the call.
    Yield,
    /// Panic at the call.
    Panic(RuntimeError),
    /// Panic at the call with any value.
    PanicValue(Iface),
    /// A fatal error (not recoverable), without the `fatal error: ` before it.
    Fatal(String),
    /// The process ends with this status.
    Exit(i32),
    /// The goroutine ends after its deferred calls (`runtime.Goexit`).
    Goexit,
}

/// One call of a native.
pub struct Call<'a> {
    /// The VM.
    pub vm: &'a Vm,
    pub(crate) m: &'a mut Machine,
    pub(crate) g: &'a Goroutine,
    pub(crate) window: *mut u64,
    /// Words of arguments and of results: accesses beyond them are internal errors.
    pub(crate) params: usize,
    pub(crate) results: usize,
}

impl<'a> Call<'a> {
    /// Argument word `i`, as it is.
    #[inline]
    pub fn word(&self, i: usize) -> u64 {
        assert!(
            i < self.params,
            "internal error: native reads an argument it does not have"
        );
        // SAFETY: the verifier proved that the out area holds the native's argument words.
        unsafe { *self.window.add(i) }
    }

    /// Sets result word `i`.
    #[inline]
    pub fn set_word(&mut self, i: usize, value: u64) {
        assert!(
            i < self.results,
            "internal error: native writes a result it does not have"
        );
        // SAFETY: the verifier proved that the out area has room for the native's result words.
        unsafe { *self.window.add(i) = value }
    }

    /// Argument word `i` as an integer.
    pub fn int(&self, i: usize) -> i64 {
        self.word(i) as i64
    }

    /// Argument word `i` as a bool.
    pub fn bool(&self, i: usize) -> bool {
        self.word(i) != 0
    }

    /// Argument word `i` as a float.
    pub fn float(&self, i: usize) -> f64 {
        f64::from_bits(self.word(i))
    }

    /// The string in argument words `i` and `i + 1`.
    pub fn str_value(&self, i: usize) -> Str {
        Str {
            ptr: self.word(i),
            len: self.word(i + 1),
        }
    }

    /// The bytes of the string in argument words `i` and `i + 1`.
    pub fn str(&self, i: usize) -> &'a [u8] {
        self.bytes_of(self.str_value(i))
    }

    /// The bytes of a string.
    pub fn bytes_of(&self, s: Str) -> &'a [u8] {
        s.bytes()
    }

    /// Length of the slice in argument words `i` and `i + 1`.
    pub fn slice_len(&self, i: usize) -> usize {
        (self.word(i + 1) & 0xffff_ffff) as usize
    }

    /// A copy of the `[]byte` in argument words `i` and `i + 1`.
    pub fn bytes(&self, i: usize) -> Vec<u8> {
        let (ptr, len) = (self.word(i), self.slice_len(i));
        let mut copy = vec![0u8; len];
        if len > 0 {
            // SAFETY: a slice's words span live bytes of one object; the copy uses atomic accesses.
            unsafe { word::copy_bytes(copy.as_mut_ptr(), ptr as *const u8, len) };
        }
        copy
    }

    /// A copy of the bytes `lo..hi` of the `[]byte` in argument words `i` and `i + 1`.
    pub fn bytes_part(&self, i: usize, lo: usize, hi: usize) -> Vec<u8> {
        assert!(
            lo <= hi && hi <= self.slice_len(i),
            "internal error: native slices out of range"
        );
        let mut copy = vec![0u8; hi - lo];
        if lo < hi {
            // SAFETY: as in `bytes`.
            unsafe {
                word::copy_bytes(
                    copy.as_mut_ptr(),
                    (self.word(i) as *const u8).add(lo),
                    hi - lo,
                )
            };
        }
        copy
    }

    /// Copies bytes of the `[]byte` in argument words `i` and `i + 1`, from `lo` on, into `buffer`.
    pub fn read_bytes(&self, i: usize, lo: usize, buffer: &mut [u8]) {
        assert!(
            lo + buffer.len() <= self.slice_len(i),
            "internal error: native slices out of range"
        );
        if !buffer.is_empty() {
            // SAFETY: as in `bytes`.
            unsafe {
                word::copy_bytes(
                    buffer.as_mut_ptr(),
                    (self.word(i) as *const u8).add(lo),
                    buffer.len(),
                )
            };
        }
    }

    /// The bytes `lo..` of the `[]byte` argument are overwritten with `data` (as much as fits); returns how many were.
    pub fn write_bytes(&mut self, i: usize, data: &[u8]) -> usize {
        let n = data.len().min(self.slice_len(i));
        if n > 0 {
            // SAFETY: as in `bytes`.
            unsafe { word::copy_bytes(self.word(i) as *mut u8, data.as_ptr(), n) };
        }
        n
    }

    /// Element `index` of a slice of strings in argument words `i` and `i + 1`.
    pub fn str_element(&self, i: usize, index: usize) -> Str {
        assert!(
            index < self.slice_len(i),
            "internal error: native indexes out of range"
        );
        // SAFETY: in range of a live slice of 16-byte elements.
        let (ptr, len) = unsafe { word::load_pair((self.word(i) as *const u64).add(2 * index)) };
        Str { ptr, len }
    }

    /// Element `index` of a slice of one-word scalar elements (int, uint64, float64 …).
    pub fn word_element(&self, i: usize, index: usize) -> u64 {
        assert!(
            index < self.slice_len(i),
            "internal error: native indexes out of range"
        );
        // SAFETY: in range of a live slice of 8-byte elements.
        unsafe { word::load((self.word(i) as *const u64).add(index)) }
    }

    /// Sets element `index` of a slice argument of one-word scalar elements.
    pub fn set_word_element(&mut self, i: usize, index: usize, value: u64) {
        assert!(
            index < self.slice_len(i),
            "internal error: native indexes out of range"
        );
        // SAFETY: as in `word_element`.
        unsafe { word::store((self.word(i) as *mut u64).add(index), value) }
    }

    /// Sets element `index` of a slice argument of strings.
    pub fn set_str_element(&mut self, i: usize, index: usize, value: Str) {
        assert!(
            index < self.slice_len(i),
            "internal error: native indexes out of range"
        );
        // SAFETY: as in `str_element`.
        unsafe {
            word::store_pair(
                (self.word(i) as *mut u64).add(2 * index),
                value.ptr,
                value.len,
            )
        }
    }

    /// Element `index` of a slice of interfaces (`[]any`) in argument words `i` and `i + 1`.
    pub fn iface_element(&self, i: usize, index: usize) -> Iface {
        assert!(
            index < self.slice_len(i),
            "internal error: native indexes out of range"
        );
        // SAFETY: in range of a live slice of 16-byte elements.
        let (ty, data) = unsafe { word::load_pair((self.word(i) as *const u64).add(2 * index)) };
        Iface {
            ty: TypeId(ty as u32),
            data,
        }
    }

    /// The interface in argument words `i` and `i + 1`.
    pub fn iface(&self, i: usize) -> Iface {
        Iface {
            ty: TypeId(self.word(i) as u32),
            data: self.word(i + 1),
        }
    }

    /// Sets result word `i` to an integer.
    pub fn set_int(&mut self, i: usize, value: i64) {
        self.set_word(i, value as u64);
    }

    /// Sets result word `i` to a bool.
    pub fn set_bool(&mut self, i: usize, value: bool) {
        self.set_word(i, u64::from(value));
    }

    /// Sets result word `i` to a float.
    pub fn set_float(&mut self, i: usize, value: f64) {
        self.set_word(i, value.to_bits());
    }

    /// Sets result words `i` and `i + 1` to a string.
    pub fn set_str_value(&mut self, i: usize, value: Str) {
        self.set_word(i, value.ptr);
        self.set_word(i + 1, value.len);
    }

    /// Sets result words `i` and `i + 1` to a new string.
    pub fn set_str(&mut self, i: usize, bytes: &[u8]) {
        let s = self.new_str(bytes);
        self.set_str_value(i, s);
    }

    /// Sets result words `i` and `i + 1` to an interface.
    pub fn set_iface(&mut self, i: usize, value: Iface) {
        self.set_word(i, u64::from(value.ty.0));
        self.set_word(i + 1, value.data);
    }

    /// Sets result words `i` and `i + 1` to a new `[]byte`.
    pub fn set_bytes(&mut self, i: usize, bytes: &[u8]) {
        let s = self.new_str(bytes);
        self.set_word(i, s.ptr);
        self.set_word(i + 1, s.len | s.len << 32);
    }

    /// Sets result words `i` and `i + 1` to a new slice of strings.
    pub fn set_strs(&mut self, i: usize, strs: &[Str]) {
        let ptr = self.alloc(ShapeId::STRING, strs.len() * 16);
        for (k, s) in strs.iter().enumerate() {
            // SAFETY: in range of the object just allocated.
            unsafe { word::store_pair(ptr.add(2 * k), s.ptr, s.len) };
        }
        self.set_slice(i, ptr, strs.len());
    }

    /// Sets result words `i` and `i + 1` to a new slice of one-word scalars.
    pub fn set_words(&mut self, i: usize, words: &[u64]) {
        let ptr = self.alloc(ShapeId::SCALAR, words.len() * 8);
        for (k, &w) in words.iter().enumerate() {
            // SAFETY: in range of the object just allocated.
            unsafe { word::store(ptr.add(k), w) };
        }
        self.set_slice(i, ptr, words.len());
    }

    /// Sets result words `i` and `i + 1` to a new slice of interfaces.
    pub fn set_ifaces(&mut self, i: usize, values: &[Iface]) {
        let ptr = self.alloc(ShapeId::IFACE, values.len() * 16);
        for (k, v) in values.iter().enumerate() {
            // SAFETY: in range of the object just allocated.
            unsafe { word::store_pair(ptr.add(2 * k), u64::from(v.ty.0), v.data) };
        }
        self.set_slice(i, ptr, values.len());
    }

    fn set_slice(&mut self, i: usize, ptr: *mut u64, len: usize) {
        self.set_word(i, ptr as u64);
        self.set_word(i + 1, len as u64 | (len as u64) << 32);
    }

    /// A new string.
    pub fn new_str(&mut self, bytes: &[u8]) -> Str {
        if bytes.is_empty() {
            return Str::EMPTY;
        }
        let ptr = self.alloc(ShapeId::SCALAR, bytes.len()).cast::<u8>();
        // SAFETY: the object was allocated with this size, and nobody else knows it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), ptr, bytes.len()) };
        Str {
            ptr: ptr as u64,
            len: bytes.len() as u64,
        }
    }

    /// A string as an interface of type `string`.
    pub fn iface_of_str(&mut self, s: Str) -> Iface {
        let ptr = self.alloc(ShapeId::STRING, 16);
        // SAFETY: the object was just allocated.
        unsafe { word::store_pair(ptr, s.ptr, s.len) };
        Iface {
            ty: self.vm.program().well_known.string,
            data: ptr as u64,
        }
    }

    /// An integer as an interface of the one-word scalar type `ty`.
    pub fn iface_of_word(&self, ty: TypeId, value: u64) -> Iface {
        assert!(
            self.type_info(ty).direct,
            "internal error: a word as a value that is not one"
        );
        Iface { ty, data: value }
    }

    /// A value of type `ty` in register form, as in a channel, as an interface.
    pub(crate) fn iface_of_words(&mut self, ty: TypeId, words: &[u64]) -> Iface {
        let info = self.type_info(ty);
        if matches!(info.kind, TypeKind::Interface { .. }) {
            return Iface {
                ty: TypeId(words[0] as u32),
                data: words[1],
            };
        }
        if info.direct || info.indirect {
            return Iface { ty, data: words[0] };
        }
        let object = self.alloc(info.shape, info.size.max(8) as usize);
        for (k, &w) in words.iter().enumerate() {
            // SAFETY: for flat types memory layout is the register words.
            unsafe { word::store(object.add(k), w) };
        }
        Iface {
            ty,
            data: object as u64,
        }
    }

    /// The zero value of a type, for a pointer type a pointer to a new zero value.
    pub fn zero_like(&mut self, ty: TypeId) -> Iface {
        let info = self.type_info(ty);
        let data = match info.kind {
            TypeKind::Pointer { elem } => {
                let elem = self.type_info(elem);
                self.alloc(elem.shape, elem.size.max(8) as usize) as u64
            }
            _ if info.direct => 0,
            _ => self.alloc(info.shape, info.size.max(8) as usize) as u64,
        };
        Iface { ty, data }
    }

    fn alloc(&mut self, shape: ShapeId, bytes: usize) -> *mut u64 {
        self.vm.alloc_or_die(self.m, shape, bytes)
    }

    /// A type's description.
    pub fn type_info(&self, ty: TypeId) -> &'a RuntimeType {
        &self.vm.program().types[ty.index()]
    }

    /// Reflection over the program's types.
    pub fn reflect(&self) -> Reflect<'a> {
        Reflect {
            program: self.vm.program(),
        }
    }

    /// Makes a system call that may block: other goroutines go on meanwhile. It must not touch the heap; the arguments
    /// of the native stay alive, and can be read and written before and after.
    pub fn block<R>(&mut self, call: impl FnOnce() -> R) -> R {
        let flags = &self.g.flags;
        flags.set(flags.get() | IN_NATIVE);
        let result = self.m.block(self.g, call);
        flags.set(flags.get() & !IN_NATIVE);
        result
    }

    /// The same for a call that waits for a file: at a prompt somebody may want the goroutine to stop waiting. Then the file that
    /// `call` gets can be read, and the native has to come back with [`Outcome::Yield`]. None: it must not wait at all, and has to do so
    /// at once.
    pub fn block_for_file<R>(
        &mut self,
        call: impl FnOnce(Option<BorrowedFd<'_>>) -> R,
    ) -> Option<R> {
        let Some(session) = &self.vm.session else {
            return Some(self.block(|| call(None)));
        };
        if self.g.flags.get() & (INTERRUPTED | KILLED) != 0 {
            return None;
        }
        let id = self.g.id();
        let stop = session.begin_wait(id);
        let result = self.block(|| call(stop.as_ref().map(AsFd::as_fd)));
        session.end_wait(id);
        Some(result)
    }

    /// Whether the program may use what is outside of it; otherwise how the native has to end.
    pub fn require(&self, what: Capability) -> Result<(), Outcome> {
        if self.vm.config().allow.has(what) {
            return Ok(());
        }
        let text = format!("minigo: the program may not {what}\n");
        self.vm.write_stderr(text.as_bytes());
        Err(Outcome::Exit(DENIED))
    }

    /// The CPUs that the program may use; with a seed the processors that it began with, on whatever computer.
    pub fn cpus(&self) -> usize {
        let config = &self.vm.config().sched;
        match config.seed {
            Some(_) => config.procs,
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// True where a seed decides what happens: a call of [`Call::block`] then holds up the whole program.
    pub fn is_seeded(&self) -> bool {
        self.vm.config().sched.seed.is_some()
    }

    /// Appends to standard output.
    pub fn write_stdout(&mut self, bytes: &[u8]) {
        self.vm.write_stdout(bytes);
    }

    /// Writes to standard error, after what waits for standard output.
    pub fn write_stderr(&mut self, bytes: &[u8]) {
        self.vm.write_stderr(bytes);
    }
}
