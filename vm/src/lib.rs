//! The virtual machine: values, heap, goroutines, scheduler, channels, interpreter. See README.md.
//!
//! A [`Vm`] runs one verified program. Nothing here is global: several VMs can live in one process.

pub mod allocator;
pub mod capability;
pub mod chan;
mod ending;
pub mod error;
pub mod explain;
pub mod finalizers;
pub mod goroutine;
mod growable;
mod growing;
pub mod heap;
mod image;
mod interp;
pub mod introspect;
pub mod leaks;
pub mod memory;
pub mod native;
pub mod network;
mod output;
mod quit;
pub mod reflect;
pub mod sched;
pub mod sema;
pub mod services;
pub mod session;
pub mod signal;
pub mod sync;
pub mod value;

#[cfg(all(test, loom))]
mod loom_tests;

use capability::Capabilities;
use goroutine::frame::Frame;
use goroutine::{Exit, Goroutine, Status};
use growable::Growable;
use growing::Growing;
use heap::{Heap, HeapConfig, LocalHeap, data_pointers};
use image::Image;
use minigo_bytecode::{FuncId, Op, Program, RuntimeType, ShapeId, TypeKind, WordKind, verify};
use native::NativeFn;
use sched::{Config as SchedConfig, Entry, Hooks, MAX_PROCS, Machine, Scheduler};
use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::Arc;
use sync::raw::{AtomicU64, AtomicUsize, Ordering, Ordering::Relaxed};
use value::map::Maps;

/// How a program is run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Processors, schedule, clock and limits.
    pub sched: SchedConfig,
    /// The heap's settings.
    pub heap: HeapConfig,
    /// `os.Args`.
    pub args: Vec<String>,
    /// What the program may reach outside of itself.
    pub allow: Capabilities,
    /// With a seed: prints the hash of the schedule to standard error at the end.
    pub sched_hash: bool,
    /// Prints what the scheduler and the collector did to standard error at the end.
    pub stats: bool,
    /// What is said of a deadlock behind Go's report.
    pub explain: Option<explain::Explain>,
    /// Whether goroutines that leaked are looked for when main returns.
    pub leaks: Option<leaks::LeakCheck>,
    /// Which goroutines are shown when the program ends by a panic or a fatal error.
    pub traceback: introspect::Traceback,
    /// Takes `SIGQUIT`, for the process's only program.
    pub signals: bool,
    /// Prints a line about each collection to standard error.
    pub gc_trace: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            sched: SchedConfig::default(),
            heap: HeapConfig::default(),
            args: Vec::new(),
            allow: Capabilities::NONE,
            sched_hash: false,
            stats: false,
            explain: None,
            leaks: None,
            traceback: introspect::Traceback::Single,
            signals: false,
            gc_trace: false,
        }
    }
}

/// Why a program could not be started: a fault of minigo, not of the program.
#[derive(Debug)]
pub enum LoadError {
    /// The verifier refused the bytecode.
    Unverified(String),
    /// A native function of this name does not exist.
    MissingNative(String),
    /// The system has no memory.
    OutOfMemory,
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Unverified(why) => write!(f, "the bytecode is not valid: {why}"),
            LoadError::MissingNative(name) => write!(f, "there is no native function {name}"),
            LoadError::OutOfMemory => f.write_str("out of memory"),
        }
    }
}

impl std::error::Error for LoadError {}

/// A P's part of the heap, alone in its cache lines.
#[repr(align(128))]
struct LocalHeapSlot(UnsafeCell<LocalHeap>);

impl LocalHeapSlot {
    fn new(heap: &Heap) -> LocalHeapSlot {
        LocalHeapSlot(UnsafeCell::new(heap.local_heap()))
    }
}

/// One running program.
pub struct Vm {
    image: Growable<Image>,
    heap: Growable<Heap>,
    /// By index of processor; used only by the machine that holds it (or has stopped the world).
    local_heaps: Growing<LocalHeapSlot>,
    /// The package-level variables, a permanent object.
    globals: *mut u64,
    chan_shape: ShapeId,
    maps: Growable<Maps>,
    byte_type: RuntimeType,
    output: output::Output,
    sched: Arc<Scheduler>,
    finalizers: finalizers::Finalizers,
    history: memory::History,
    /// What was found when main returned.
    leaks: sync::Mutex<Option<leaks::Leaks>>,
    /// The largest size of a goroutine's stack in bytes.
    max_stack: AtomicUsize,
    config: Config,
    /// The program is one that grows.
    session: Option<session::State>,
}

// SAFETY: `globals` is permanent memory accessed through atomics; local heaps are used as their comment says.
unsafe impl Sync for Vm {}
// SAFETY: nothing in it belongs to a thread.
unsafe impl Send for Vm {}

/// Runs a program on this process's standard streams and returns its exit status. The calling thread is the first machine.
///
/// `resolve` finds natives by name.
pub fn run(
    program: Program,
    resolve: &dyn Fn(&str) -> Option<NativeFn>,
    config: Config,
) -> Result<i32, LoadError> {
    let vm = Vm::load(program, resolve, config, None)?;
    // The process ends right after the program, so the VM stays where it is: other machines may still be on
    // their way to their next safepoint.
    let vm: &'static Vm = Box::leak(Box::new(vm));
    if vm.config.signals {
        quit::watch(vm);
    }
    let hooks = vm.hooks();
    // SAFETY: the VM lives as long as the process, and the entry function has no parameters.
    let finish = unsafe { vm.sched.run(hooks, vm.entry_of(vm.program().entry)) };
    Ok(ending::report(vm, finish))
}

impl Vm {
    /// What the scheduler calls back.
    fn hooks(&'static self) -> Hooks {
        Hooks {
            // SAFETY: the scheduler runs goroutines that were spawned for this image, each on one machine at a time.
            run: Box::new(|m, g| unsafe { interp::run(self, m, g) }),
            entry: Box::new(|closure| {
                // SAFETY: the scheduler passes closures it got from the program: word 0 is the function's id.
                self.entry_of(FuncId(unsafe { *(closure as *const u64) } as u32))
            }),
            symbol: Box::new(|pc| interp::traceback::symbol(self, pc)),
            // SAFETY: the scheduler asks only about goroutines at a safepoint.
            frames: Box::new(|g| unsafe { interp::traceback::shown(self, g) }),
            tick: Box::new(|| {
                self.output.flush();
                // 16 MiB: what a monitor does that looks after time slices, too.
                (0..16).all(|_| self.heap.release_some())
            }),
            main_returned: Box::new(|m| {
                if self.config.leaks.is_some() {
                    *self.leaks.lock() = Some(leaks::find(self, m));
                }
            }),
            abandon: Box::new(|finish| std::process::exit(ending::report(self, finish))),
        }
    }

    fn load(
        program: Program,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
        config: Config,
        session: Option<session::State>,
    ) -> Result<Vm, LoadError> {
        verify::verify(&program).map_err(|error| LoadError::Unverified(error.to_string()))?;
        let mut heap = Heap::new(&config.heap, &program.shapes, data_pointers(&program.types))
            .ok_or(LoadError::OutOfMemory)?;
        let mut program = program;
        if session.is_some() {
            session::reserve(&mut program);
            heap.reserve_shapes(program.shapes.capacity());
        }
        let chan_shape = heap.add_first_pointer_shape();
        let program = Arc::new(Growable::new(program));
        let maps = Maps::new(&mut heap, Arc::clone(&program), 0);
        // Those of a session are marked by name: there will be more of them.
        let globals = if session.is_some() {
            heap.alloc_permanent(ShapeId::SCALAR, program.globals.capacity() * 8)
        } else {
            let shape = heap.add_shape(&minigo_bytecode::Shape {
                kinds: program.globals.clone(),
            });
            heap.alloc_permanent(shape, program.globals.len() * 8)
        };
        let globals = globals.ok_or(LoadError::OutOfMemory)?;
        let ops = if session.is_some() { session::OPS } else { 0 };
        let image = Image::load(program, &heap, resolve, ops).map_err(LoadError::MissingNative)?;
        let sched = Scheduler::new(config.sched);
        let local_heaps = Growing::with_capacity(MAX_PROCS);
        local_heaps.grow(sched.active(), |_| LocalHeapSlot::new(&heap));
        let byte_type = byte_type();
        let mut session = session;
        let sink = session.as_mut().and_then(session::State::take_sink);
        let output = output::Output::new(config.sched.seed.is_some(), sink);
        Ok(Vm {
            image: Growable::new(image),
            heap: Growable::new(heap),
            local_heaps,
            globals: globals.as_ptr(),
            chan_shape,
            maps: Growable::new(maps),
            byte_type,
            output,
            sched,
            finalizers: finalizers::Finalizers::default(),
            history: memory::History::default(),
            leaks: sync::Mutex::new(None),
            max_stack: AtomicUsize::new(goroutine::stack::MAX_STACK),
            config,
            session,
        })
    }

    /// The program.
    pub fn program(&self) -> &Program {
        &self.image.program
    }

    /// How it is run.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Its scheduler.
    pub fn sched(&self) -> &Scheduler {
        &self.sched
    }

    /// Its heap.
    #[inline(always)]
    pub fn heap(&self) -> &Heap {
        &self.heap
    }

    #[inline(always)]
    pub(crate) fn image(&self) -> &Image {
        &self.image
    }

    #[inline(always)]
    pub(crate) fn globals(&self) -> *mut u64 {
        self.globals
    }

    pub(crate) fn chan_shape(&self) -> ShapeId {
        self.chan_shape
    }

    #[inline(always)]
    pub(crate) fn maps(&self) -> &Maps {
        &self.maps
    }

    pub(crate) fn byte_type(&self) -> &RuntimeType {
        &self.byte_type
    }

    /// Where goroutines that run this function begin.
    pub(crate) fn entry_of(&self, func: FuncId) -> Entry {
        let entry = &self.image.funcs[func.index()];
        Entry {
            pc: entry.code,
            frame_size: entry.frame_size,
            return_pc: self.image.exit_pc,
        }
    }

    /// The local heap of the machine's processor.
    #[inline(always)]
    pub(crate) fn local_heap<'a>(&'a self, m: &'a mut Machine) -> &'a mut LocalHeap {
        // SAFETY: a machine has a processor of its own while it runs Go code, and `m` is borrowed for as long as the result.
        unsafe { &mut *self.local_heaps.made()[m.processor_index()].0.get() }
    }

    /// A zeroed object; out of memory ends the process with Go's message.
    #[inline(always)]
    pub(crate) fn alloc_or_die(&self, m: &mut Machine, shape: ShapeId, bytes: usize) -> *mut u64 {
        match self.heap.alloc(self.local_heap(m), shape, bytes) {
            Some(object) => object.as_ptr(),
            None => self.alloc_beyond(m, shape, bytes),
        }
    }

    /// A zeroed object a little beyond the limit: what asks for it cannot wait until a collection has made room.
    #[cold]
    fn alloc_beyond(&self, m: &mut Machine, shape: ShapeId, bytes: usize) -> *mut u64 {
        match self.heap.alloc_beyond(self.local_heap(m), shape, bytes) {
            Some(object) => object.as_ptr(),
            None => self.out_of_memory(),
        }
    }

    /// A zeroed object. If there is no room the op is to be stopped with `Stop::Memory`, so that it is executed again after a collection.
    #[inline(always)]
    pub(crate) fn alloc(&self, m: &mut Machine, shape: ShapeId, bytes: usize) -> Option<*mut u64> {
        self.heap
            .alloc(self.local_heap(m), shape, bytes)
            .map(NonNull::as_ptr)
    }

    /// Collects because an allocation was refused. If there is no room then, the program ends.
    #[cold]
    pub(crate) fn make_room(&self, m: &mut Machine) {
        let collections = self.heap.stats().collections;
        self.prepare_collection(m);
        m.stop_the_world(|m| {
            if self.heap.stats().collections == collections {
                self.collect_stopped(m, false);
            }
        });
        if !self.heap.has_room_for_refused(self.local_heap(m)) {
            self.out_of_memory();
        }
    }

    #[cold]
    pub(crate) fn out_of_memory(&self) -> ! {
        if let Some(limit) = self.config.heap.max_heap {
            let text =
                format!("minigo: the program's heap needs more than {limit} bytes (--max-heap)\n");
            self.write_stderr(text.as_bytes());
            std::process::exit(125)
        }
        self.write_stderr(b"fatal error: runtime: out of memory\n");
        std::process::exit(2)
    }

    /// Stops the world and collects, unless another machine has just done it.
    #[cold]
    pub(crate) fn collect(&self, m: &mut Machine) {
        self.prepare_collection(m);
        m.stop_the_world(|m| {
            if self.heap.wants_collection() {
                self.collect_stopped(m, false);
            }
        });
    }

    /// `runtime.GC`: collects in any case. The calling goroutine is at a safepoint.
    pub fn force_collection(&self, m: &mut Machine) {
        self.prepare_collection(m);
        m.stop_the_world(|m| self.collect_stopped(m, true));
    }

    /// Sees that there are machines to help with a collection that is going to take a while.
    fn prepare_collection(&self, m: &Machine) {
        if self.heap.has_much() {
            m.sched().start_helpers();
        }
    }

    /// `debug.FreeOSMemory`. The calling goroutine is at a safepoint.
    pub fn free_memory(&self, m: &mut Machine) {
        self.force_collection(m);
        self.heap.release_all();
    }

    /// `runtime.GOMAXPROCS`. The calling goroutine is at a safepoint.
    pub(crate) fn set_processors(&self, m: &mut Machine, n: i64) -> usize {
        let heaps = &self.local_heaps;
        m.set_procs(
            n,
            |count| heaps.grow(count, |_| LocalHeapSlot::new(&self.heap)),
            |index| {
                // SAFETY: the world is stopped, and the processor that the local heap belongs to has no holder any more.
                self.heap
                    .retire(unsafe { &mut *heaps.made()[index].0.get() });
            },
        )
    }

    fn collect_stopped(&self, m: &mut Machine, forced: bool) {
        let before = self.heap.stats();
        self.heap.start_collection();
        let mut marker = self.heap.marker();
        self.sched
            .visit_timer_roots(|word| marker.mark_word(WordKind::Ptr, word));
        if self.session.is_some() {
            let kinds = &self.program().globals;
            // SAFETY: there is memory for all package-level variables, and the world is stopped.
            marker.mark_words(kinds, unsafe {
                std::slice::from_raw_parts(self.globals, kinds.len())
            });
        }
        let finalizers = &self.finalizers;
        let has_finalizers = !finalizers.is_empty();
        if has_finalizers {
            finalizers.mark_roots(&mut marker, false);
        }
        drop(marker);
        let next = AtomicUsize::new(0);
        let root_bytes = AtomicU64::new((self.program().globals.len() * 8) as u64);
        let stack_bytes = AtomicU64::new(0);
        m.in_parallel(self.sched.helpers(), &|_| {
            let mut marker = self.heap.marker();
            marker.begin();
            let (mut roots, mut stacks) = (0, 0);
            self.sched.for_some_goroutines(&next, |g| {
                roots += self.mark_goroutine(&mut marker, g);
                stacks += g.memory() as u64;
                marker.follow();
            });
            // Relaxed: read when all have returned.
            root_bytes.fetch_add(roots, Relaxed);
            stack_bytes.fetch_add(stacks, Relaxed);
            marker.drain();
        });
        let (root_bytes, stack_bytes) = (root_bytes.into_inner(), stack_bytes.into_inner());
        if has_finalizers {
            finalizers.find_due(&self.heap);
        }
        self.heap.finish_collection(root_bytes, stack_bytes);
        self.note_collection(forced);
        self.release_memory();
        if has_finalizers {
            finalizers.start(self, m);
        }
        if self.config.gc_trace {
            self.trace_collection(&before, root_bytes, forced);
        }
    }

    /// What a collection left over goes back to the system when the world goes on, by way of the monitor if there can be one.
    fn release_memory(&self) {
        if self.config.sched.seed.is_some() {
            while self.heap.release_some() {}
        } else if self.heap.has_left_over() {
            self.sched.start_monitor();
        }
    }

    /// Go's line about a collection. The world stands during all of ours, so that only the first of its three parts is not 0.
    fn trace_collection(&self, before: &heap::HeapStats, root_bytes: u64, forced: bool) {
        let stats = self.heap.stats();
        let now = self.sched.now().max(1);
        let mb = |bytes: u64| bytes.div_ceil(1 << 20);
        let pause = stats.pause_last.as_secs_f64() * 1e3;
        let percent = stats.pause_total.as_nanos() as u64 * 100 / now;
        let text = format!(
            "gc {} @{:.3}s {percent}%: {pause:.3}+0+0 ms clock, {pause:.3}+0/0/0+0 ms cpu, {}->{}->{} MB, {} MB goal, {} MB stacks, {} MB globals, {} P{}\n",
            stats.collections,
            now as f64 / 1e9,
            mb(before.object_bytes),
            mb(before.object_bytes),
            mb(stats.live_bytes),
            mb(before.goal_bytes),
            root_bytes >> 20,
            (self.program().globals.len() * 8) >> 20,
            self.sched.procs(),
            if forced { " (forced)" } else { "" },
        );
        self.write_stderr(text.as_bytes());
    }

    /// The largest size of a goroutine's stack in bytes.
    pub(crate) fn max_stack(&self) -> usize {
        // Relaxed: just a number.
        self.max_stack.load(Ordering::Relaxed)
    }

    pub(crate) fn set_max_stack(&self, bytes: usize) -> usize {
        // Relaxed: as above.
        self.max_stack.swap(bytes, Ordering::Relaxed)
    }

    /// Marks what a stopped goroutine's frames, deferred calls and panics refer to; returns the bytes looked at.
    pub(crate) fn mark_goroutine(&self, marker: &mut heap::Marker<'_>, g: &Goroutine) -> u64 {
        if matches!(g.status(), Status::Idle | Status::Dead) {
            return 0;
        }
        self.sched.note_wait(g);
        let in_native = g.flags.get() & goroutine::IN_NATIVE != 0;
        let mut bytes = 0;
        // SAFETY: the world is stopped: every goroutine is at a safepoint with its state saved.
        for (depth, frame) in unsafe { interp::traceback::frames(self, g) }.enumerate() {
            let Some(func) = self.image.func_at(frame.pc) else {
                continue;
            };
            let kinds = self.live_registers(func, frame.pc);
            // SAFETY: a frame has all its function's registers; nobody writes them while the world is stopped.
            marker.mark_words(kinds, unsafe {
                std::slice::from_raw_parts(frame.base, kinds.len())
            });
            bytes += kinds.len() as u64 * 8;
            if depth == 0 {
                // One that is in a native which gave up its processor goes on behind the call.
                let at = if in_native {
                    frame.pc.wrapping_sub(1)
                } else {
                    frame.pc
                };
                self.mark_native_arguments(marker, &Frame { pc: at, ..frame });
            }
        }
        marker.mark_word(WordKind::Ptr, g.waits_at());
        // SAFETY: the world is stopped.
        if let Some(unwind) = unsafe { g.unwind() } {
            let mut interfaces = Vec::new();
            unwind.visit_roots(
                |word| marker.mark_word(WordKind::Ptr, word),
                |value| interfaces.push(value),
            );
            for value in interfaces {
                marker.mark_interface(u64::from(value.ty.0), value.data);
            }
        }
        bytes
    }

    /// Marks what lies ready in the out area of an innermost frame that goes on with calling a native: collections that natives
    /// cause happen before the call. All other calls have made their frames before they give way.
    fn mark_native_arguments(&self, marker: &mut heap::Marker<'_>, frame: &Frame) {
        // SAFETY: the frame's function lies in the image, and so does the op that it goes on with.
        let Op::CallNative { window, native } = (unsafe { *frame.pc }) else {
            return;
        };
        let kinds = &self.program().natives[native.index()].params;
        // SAFETY: the out area has room for the arguments, and the ops before the call have written them.
        marker.mark_words(kinds, unsafe {
            std::slice::from_raw_parts(frame.base.add(window as usize), kinds.len())
        });
    }

    /// The kinds of the registers that mean something in a frame that goes on at `pc`. The function's first op zeroes the others,
    /// so where it has not run yet (in a goroutine that has not) they hold what was left behind by the stack's last user.
    pub(crate) fn live_registers(&self, func_id: FuncId, pc: *const Op) -> &[WordKind] {
        let func = &self.program().funcs[func_id.index()];
        if self.image.funcs[func_id.index()].code == pc {
            let given = func.params.len() + usize::from(func.is_closure);
            &func.registers[..given]
        } else {
            &func.registers
        }
    }

    /// Appends to standard output.
    pub fn write_stdout(&self, bytes: &[u8]) {
        if self.output.write(bytes) {
            self.sched.start_monitor();
        }
    }

    /// Writes what waits for standard output.
    pub fn flush_stdout(&self) {
        self.output.flush();
    }

    /// Writes to standard error, after what waits for standard output.
    pub fn write_stderr(&self, bytes: &[u8]) {
        use std::io::Write;
        self.output.flush();
        if let Some(session) = &self.session {
            session.write_error(bytes);
            return;
        }
        // Nobody is left to tell when writing fails.
        let _ = std::io::stderr().lock().write_all(bytes);
    }

    /// `fatal error: text` and the goroutine's frames.
    pub(crate) fn report_fatal(&self, text: &str, m: &mut Machine, g: &Goroutine) {
        let mut report = String::new();
        if text == interp::call::STACK_OVERFLOW {
            let limit = self.max_stack();
            report.push_str(&format!(
                "runtime: goroutine stack exceeds {limit}-byte limit\n"
            ));
        }
        report.push_str(&format!("fatal error: {text}\n"));
        if self.config.traceback != introspect::Traceback::None {
            report.push('\n');
            report.push_str(&interp::traceback::running(self, g));
            report.push_str(&introspect::others_at_end(self, m, g));
        }
        self.write_stderr(report.as_bytes());
    }

    /// How the interpreter leaves a goroutine that has failed, when that is reported: it ends the program, in a session only itself.
    #[cold]
    pub(crate) fn failed(&self, g: &Goroutine) -> Exit {
        match &self.session {
            Some(session) if session.note_failure(g.id()) => Exit::Goexit,
            _ => Exit::Exit(2),
        }
    }

    /// A fault of minigo itself.
    #[cold]
    pub(crate) fn internal_error(&self, what: &str, pc: *const Op) -> ! {
        let place = self.image.func_at(pc).map_or(String::new(), |f| {
            format!(
                " in {} at {}",
                self.program().funcs[f.index()].name,
                self.image.offset_at(pc).unwrap_or(0)
            )
        });
        panic!("internal error: {what}{place}")
    }
}

/// `uint8`, for the ops that append to byte slices without naming a type.
fn byte_type() -> RuntimeType {
    RuntimeType {
        name: "uint8".into(),
        kind: TypeKind::Uint8,
        named: false,
        words: vec![WordKind::Int],
        indirect: false,
        size: 8,
        elem_size: 1,
        go_size: 1,
        repr: minigo_bytecode::ElemRepr::Uint(1),
        shape: ShapeId::SCALAR,
        elem_shape: ShapeId::SCALAR,
        direct: true,
        comparable: true,
        methods: Vec::new(),
        pointer_to: None,
    }
}
