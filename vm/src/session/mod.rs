//! A program that grows while it runs: what a prompt needs of the machine.
//!
//! The program's main goroutine serves the prompt: it calls the native [`serve`], which waits for requests as for a system call, without a
//! processor, and does them one after the other as a running goroutine can: stop the world, add to the program, start a
//! goroutine. So the scheduler needs to know nothing of sessions. All other goroutines go on meanwhile.
//!
//! A goroutine that panics ends alone; what it has to say is shown, and its end is an [`Event`]. Ending, freezing and resuming a goroutine
//! from outside are flags that the next attempt to run it meets ([`run`]), so a waiting goroutine is first taken out of
//! where it waits, by `cancel`.
//!
//! Rejected: a scheduler that the prompt's own thread drives (nothing would run while the user types); a new program for each input
//! with the heap handed over (ids of types and functions are all over the heap and the goroutines' stacks).

mod extend;
mod goroutines;

pub use crate::output::Sink;
pub use extend::ExtendError;
pub(crate) use extend::{OPS, reserve};
pub use goroutines::{ChannelInfo, GoroutineInfo, Place};

use crate::goroutine::{Exit, FROZEN, Goroutine, GoroutinePtr, INTERRUPTED, KILLED, WaitReason};
use crate::native::{Call, NativeFn, Outcome};
use crate::sched::{Finish, Hooks, Machine};
use crate::sync::Mutex;
use crate::sync::raw::{AtomicBool, AtomicU64, Ordering};
use crate::{Config, LoadError, Vm, chan, interp};
use minigo_bytecode::{Extension, FuncId, Program, TypeKind};
use std::collections::{HashMap, HashSet};
use std::io::{PipeReader, PipeWriter, Write};
use std::ptr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// The name of the native that a session's first program has to call.
pub const SERVE: &str = "minigo/repl.serve";
/// The name of the native that lists what is in a channel: `func contents(channel any, most int) []any`.
pub const CONTENTS: &str = "minigo/repl.contents";

/// What is to be done by the machine that serves.
type Request = Box<dyn FnOnce(&'static Vm, &mut Machine, &Goroutine) + Send>;

/// Something that a session's user may want to know: the end of the latest input's goroutine, and every failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The goroutine returned from its first function, or called `runtime.Goexit`.
    Ended(u64),
    /// It ended by a panic or a fatal error, which was shown.
    Failed(u64),
    /// It was ended from outside.
    Interrupted(u64),
    /// The whole program has ended with this exit code.
    Exited(i32),
}

/// What the VM knows of its session.
pub struct State {
    requests: Mutex<Receiver<Request>>,
    events: Mutex<Sender<Event>>,
    /// Goroutines that have failed and are on their way out.
    failed: Mutex<HashSet<u64>>,
    /// Goroutines that were ended from outside and are on their way out.
    interrupted: Mutex<HashSet<u64>>,
    /// Goroutines that ought to run and are kept from it.
    frozen: Mutex<Vec<Frozen>>,
    /// Goroutines that wait for files inside a native, and how to tell them to stop.
    waiting_for_files: Mutex<HashMap<u64, PipeWriter>>,
    sink: Option<Sink>,
    errors: Sink,
    strict: AtomicBool,
    /// The latest input's goroutine: its end is told.
    watched: AtomicU64,
    /// Where its cell is, which may be another goroutine's by now.
    latest: AtomicU64,
}

struct Frozen(GoroutinePtr);

// SAFETY: the list that it is in holds the goroutine.
unsafe impl Send for Frozen {}

impl State {
    pub(crate) fn take_sink(&mut self) -> Option<Sink> {
        self.sink.take()
    }

    pub(crate) fn write_error(&self, bytes: &[u8]) {
        (self.errors)(bytes);
    }

    /// Notes that a goroutine has failed; false: that ends the program.
    pub(crate) fn note_failure(&self, id: u64) -> bool {
        // Relaxed: a setting.
        if self.strict.load(Ordering::Relaxed) {
            return false;
        }
        self.failed.lock().insert(id);
        true
    }

    /// A goroutine is going to wait for a file. What it gets can be read as soon as it has to stop; None: the system has nothing left
    /// to say so with.
    pub(crate) fn begin_wait(&self, id: u64) -> Option<PipeReader> {
        let (reader, writer) = std::io::pipe().ok()?;
        self.waiting_for_files.lock().insert(id, writer);
        Some(reader)
    }

    /// It does not wait any more.
    pub(crate) fn end_wait(&self, id: u64) {
        self.waiting_for_files.lock().remove(&id);
    }

    /// Makes a goroutine that waits for a file stop waiting.
    fn stop_wait(&self, id: u64) {
        if let Some(writer) = self.waiting_for_files.lock().get_mut(&id) {
            // There is room for one byte, and the other end stays open while the entry is there.
            let _ = writer.write(&[0]);
        }
    }

    fn tell(&self, event: Event) {
        // A session that is being dropped asks no more.
        let _ = self.events.lock().send(event);
    }
}

/// A running program that grows.
pub struct Session {
    vm: &'static Vm,
    requests: Sender<Request>,
    events: Receiver<Event>,
}

/// How a session shows what its program prints.
pub struct Sinks {
    /// Standard output.
    pub output: Sink,
    /// Panics, fatal errors and standard error.
    pub errors: Sink,
}

impl Session {
    /// Starts the program on a thread of its own. Its entry function has to call the native [`SERVE`].
    pub fn start(
        program: Program,
        resolve: &dyn Fn(&str) -> Option<NativeFn>,
        config: Config,
        sinks: Sinks,
    ) -> Result<Session, LoadError> {
        let (requests, receiver) = channel();
        let (sender, events) = channel();
        let state = State {
            requests: Mutex::new(receiver),
            events: Mutex::new(sender),
            failed: Mutex::new(HashSet::new()),
            interrupted: Mutex::new(HashSet::new()),
            frozen: Mutex::new(Vec::new()),
            waiting_for_files: Mutex::new(HashMap::new()),
            sink: Some(sinks.output),
            errors: sinks.errors,
            strict: AtomicBool::new(false),
            watched: AtomicU64::new(0),
            latest: AtomicU64::new(0),
        };
        let resolve = |name: &str| own_native(name).or_else(|| resolve(name));
        let vm = Vm::load(program, &resolve, config, Some(state))?;
        // As for `crate::run`: machines may be on their way while the process ends.
        let vm: &'static Vm = Box::leak(Box::new(vm));
        thread::spawn(move || {
            let hooks = Hooks {
                run: Box::new(move |m, g| run(vm, m, g)),
                // The first machine waits for requests.
                abandon: Box::new(move |finish| vm.tell_end(finish)),
                ..vm.hooks()
            };
            // SAFETY: the VM lives as long as the process, and the entry function has no parameters.
            let finish = unsafe { vm.sched.run(hooks, vm.entry_of(vm.program().entry)) };
            vm.tell_end(finish);
        });
        Ok(Session {
            vm,
            requests,
            events,
        })
    }

    /// Does something on the machine that serves; None if the program is over.
    fn ask<R: Send + 'static>(
        &self,
        work: impl FnOnce(&'static Vm, &mut Machine, &Goroutine) -> R + Send + 'static,
    ) -> Option<R> {
        let (sender, answer) = channel();
        let request: Request = Box::new(move |vm, m, g| {
            // Who asked waits for the answer.
            let _ = sender.send(work(vm, m, g));
        });
        self.requests.send(request).ok()?;
        answer.recv().ok()
    }

    /// As [`Session::ask`], with the world stopped.
    fn ask_stopped<R: Send + 'static>(
        &self,
        work: impl FnOnce(&'static Vm, &mut Machine) -> R + Send + 'static,
    ) -> Option<R> {
        self.ask(move |vm, m, _| m.stop_the_world(|m| work(vm, m)))
    }

    /// Adds an input to the program and starts a goroutine with its entry function; gives the goroutine's number.
    pub fn run(
        &self,
        extension: Extension,
        resolve: &'static (dyn Fn(&str) -> Option<NativeFn> + Sync),
    ) -> Result<u64, ExtendError> {
        let entry = extension.entry;
        self.ask(move |vm, m, _| {
            let resolve = |name: &str| own_native(name).or_else(|| resolve(name));
            m.stop_the_world(|_| vm.extend(extension, &resolve))?;
            Ok(vm.start_input(m, entry))
        })
        .unwrap_or(Err(ExtendError::Over))
    }

    /// The next event, waiting for it no longer than this.
    pub fn next_event(&self, timeout: Duration) -> Option<Event> {
        match self.events.recv_timeout(timeout) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Event::Exited(0)),
        }
    }

    /// Writes what the program has printed and what still waits.
    pub fn flush(&self) {
        self.vm.output.flush();
    }

    /// Nothing runs or will run by itself: no goroutine is ready, none is in a system call, no timer will make one ready.
    pub fn is_stuck(&self) -> bool {
        self.vm.sched.is_stuck()
    }

    /// Whether a goroutine's panic ends the program, as in Go.
    pub fn set_strict(&self, strict: bool) {
        if let Some(session) = &self.vm.session {
            // Relaxed: a setting.
            session.strict.store(strict, Ordering::Relaxed);
        }
    }

    /// Sets GOMAXPROCS and gives the old value; 0 changes nothing.
    pub fn set_procs(&self, procs: usize) -> usize {
        let procs = procs as i64;
        self.ask(move |vm, m, _| vm.set_processors(m, procs))
            .unwrap_or(0)
    }

    /// Collects garbage.
    pub fn collect(&self) {
        self.ask(|vm, m, _| vm.force_collection(m));
    }

    /// The heap's counters.
    pub fn heap_stats(&self) -> crate::heap::HeapStats {
        self.vm.heap.stats()
    }

    /// What the scheduler and the heap have done, for people.
    pub fn stats_text(&self) -> String {
        format!("{}{}", self.vm.sched.stats(), self.vm.heap.stats())
    }

    /// Number of goroutines, that of the session itself not counted.
    pub fn num_goroutine(&self) -> usize {
        self.vm.sched.num_goroutine().saturating_sub(1)
    }

    /// The listing of the functions whose name this is or ends so (`main.f`, `f`), the newest first.
    pub fn disassemble(&self, name: &str) -> Vec<String> {
        let name = name.to_string();
        let list = self.ask(move |vm, _, _| {
            let program = vm.program();
            let suffix = format!(".{name}");
            let ids = (0..program.funcs.len()).rev();
            ids.filter(|&id| {
                let func = &program.funcs[id];
                !func.wrapper && (func.name == name || func.name.ends_with(&suffix))
            })
            .map(|id| minigo_bytecode::disasm::function(program, &program.funcs[id]))
            .collect()
        });
        list.unwrap_or_default()
    }
}

impl Drop for Session {
    /// Ends the program. Its memory stays: machines may be on their way to their next safepoint.
    fn drop(&mut self) {
        self.vm.sched.stop();
    }
}

impl Vm {
    fn tell_end(&self, finish: Finish) {
        self.output.flush();
        let status = match finish {
            Finish::Exit(status) => status,
            Finish::Limit(limit, _) => {
                self.write_stderr(format!("{limit}\n").as_bytes());
                limit.status()
            }
            Finish::Returned | Finish::Deadlock(_) => 0,
        };
        if let Some(session) = &self.session {
            session.tell(Event::Exited(status));
        }
    }

    fn start_input(&'static self, m: &mut Machine, entry: FuncId) -> u64 {
        let watch = |g: &Goroutine| {
            if let Some(session) = &self.session {
                // Relaxed: whoever runs the goroutine has got it from a queue, and who looks for it is this machine.
                session.watched.store(g.id(), Ordering::Relaxed);
                session
                    .latest
                    .store(ptr::from_ref(g) as u64, Ordering::Relaxed);
            }
        };
        // SAFETY: an input's entry function has no parameters, and this machine holds a processor.
        unsafe { m.spawn_root(self.entry_of(entry), watch) }
    }
}

fn own_native(name: &str) -> Option<NativeFn> {
    match name {
        SERVE => Some(serve),
        CONTENTS => Some(contents),
        _ => None,
    }
}

/// The native of the main goroutine: does what is asked for until the session ends.
fn serve(call: &mut Call<'_>) -> Outcome {
    // The VM of a session is never freed.
    let vm: &'static Vm = unsafe_static(call.vm);
    let Some(session) = &vm.session else {
        return Outcome::Fatal("a prompt's native outside of a session".to_string());
    };
    loop {
        let request = call.m.step_aside(call.g, || session.requests.lock().recv());
        match request {
            Ok(request) => request(vm, call.m, call.g),
            Err(_) => return Outcome::Exit(0),
        }
    }
}

/// The native [`CONTENTS`]: the first values in a channel, which stay there.
fn contents(call: &mut Call<'_>) -> Outcome {
    let (channel, most) = (call.iface(0), call.int(2).max(0) as usize);
    let values = match call.type_info(channel.ty()).kind {
        TypeKind::Chan { elem, .. } if channel.bits() != 0 => {
            // SAFETY: the type says that it is a channel, and the goroutine keeps it alive.
            let words = unsafe { chan::contents(channel.bits() as *mut u64, most) };
            let values = words.iter();
            values
                .map(|words| call.iface_of_words(elem, words))
                .collect()
        }
        _ => Vec::new(),
    };
    call.set_ifaces(0, &values);
    Outcome::Done
}

fn unsafe_static(vm: &Vm) -> &'static Vm {
    // SAFETY: only sessions have the native, and `Session::start` never frees their VM.
    unsafe { &*std::ptr::from_ref(vm) }
}

/// Runs a goroutine as `interp::run` does, after what the session wants of it.
fn run(vm: &'static Vm, m: &mut Machine, g: &Goroutine) -> Exit {
    let id = g.id();
    let Some(session) = &vm.session else {
        return Exit::Ended;
    };
    let flags = g.flags.get();
    let exit = if flags & KILLED != 0 {
        Exit::Goexit
    } else if flags & INTERRUPTED != 0 {
        g.flags.set(flags & !INTERRUPTED);
        // SAFETY: as below; pc and base are saved.
        unsafe { interp::goexit(vm, m, g) }
    } else if flags & FROZEN != 0 {
        let mut frozen = session.frozen.lock();
        g.set_waiting(WaitReason::Frozen);
        frozen.push(Frozen(GoroutinePtr::from(g)));
        return Exit::Parked;
    } else {
        // SAFETY: the scheduler runs goroutines that were spawned for this image, each on one machine at a time.
        unsafe { interp::run(vm, m, g) }
    };
    if matches!(exit, Exit::Ended | Exit::Goexit) && id != 1 {
        let failed = session.failed.lock().remove(&id);
        let interrupted = session.was_interrupted(id);
        // Relaxed: it was written before the goroutine was first run.
        if !failed && session.watched.load(Ordering::Relaxed) != id {
            return exit;
        }
        session.tell(if failed {
            Event::Failed(id)
        } else if interrupted {
            Event::Interrupted(id)
        } else {
            Event::Ended(id)
        });
    }
    exit
}
