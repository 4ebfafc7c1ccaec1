//! Goroutines seen and moved from outside: listing, ending, freezing, resuming.
//!
//! All of it happens with the world stopped, when every goroutine is at a safepoint. One that is inside a native then (it waits for
//! the end of a collection, or makes a system call) meets its flag the next time it is run.

use super::{Event, Session, State};
use crate::goroutine::{
    FROZEN, Goroutine, GoroutinePtr, INTERRUPTED, KILLED, RETRY_LOCK, Status, WaitReason,
};
use crate::sched::{GoroutineDump, Machine};
use crate::sync::atomic::Ordering;
use crate::{Vm, chan, sema};

/// What a goroutine waits at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Nothing that has an address.
    Nowhere,
    /// A channel.
    Channel(u64),
    /// The state word of one of `sync`'s types.
    Lock(u64),
}

/// A goroutine as a listing shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoroutineInfo {
    /// Number, state, frames, creator.
    pub dump: GoroutineDump,
    /// What it waits at; a select may wait at several.
    pub places: Vec<Place>,
    /// Seconds for which it has been seen waiting.
    pub seconds: u32,
    /// It is kept from running, or will be.
    pub frozen: bool,
}

/// A channel as it is now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChannelInfo {
    pub len: usize,
    pub cap: usize,
    pub closed: bool,
    /// The numbers of the goroutines that wait, first the one that comes first.
    pub receivers: Vec<u64>,
    pub senders: Vec<u64>,
}

impl State {
    pub(super) fn was_interrupted(&self, id: u64) -> bool {
        self.interrupted.lock().remove(&id)
    }
}

impl Session {
    /// All goroutines but the session's own, by number.
    pub fn goroutines(&self) -> Vec<GoroutineInfo> {
        let list = self.ask_stopped(|vm, _| {
            let mut list = Vec::new();
            vm.sched.for_each_goroutine(|g| {
                if g.id() == 1 || matches!(g.status(), Status::Idle | Status::Dead) {
                    return;
                }
                vm.sched.note_wait(g);
                let now = (vm.sched.now() / 1_000_000_000) as u32 + 1;
                list.push(GoroutineInfo {
                    // SAFETY: the world is stopped.
                    dump: unsafe { vm.sched.dump(g) },
                    places: places(g),
                    seconds: match g.since.get() {
                        0 => 0,
                        since => now - since,
                    },
                    frozen: g.flags.get() & FROZEN != 0,
                });
            });
            list.sort_by_key(|info| info.dump.id);
            list
        });
        list.unwrap_or_default()
    }

    /// Ends a goroutine: at its next safepoint, or where it waits. Its deferred calls run, unless `at_once`. False: there is none.
    pub fn interrupt(&self, id: u64, at_once: bool) -> bool {
        let done = self.ask_stopped(move |vm, m| {
            let Some(g) = find(vm, id) else { return false };
            if let Some(session) = &vm.session {
                session.interrupted.lock().insert(id);
            }
            let flag = if at_once { KILLED } else { INTERRUPTED };
            g.flags.set(g.flags.get() & !FROZEN | flag);
            bring_back(vm, m, g);
            true
        });
        done == Some(true)
    }

    /// Keeps a goroutine from running, from its next safepoint on or when it is woken. False: there is none.
    pub fn freeze(&self, id: u64) -> bool {
        let done = self.ask_stopped(move |vm, _| {
            let Some(g) = find(vm, id) else { return false };
            g.flags.set(g.flags.get() | FROZEN);
            attract(vm, g);
            true
        });
        done == Some(true)
    }

    /// Lets a frozen goroutine go on. False: there is none.
    pub fn resume(&self, id: u64) -> bool {
        let done = self.ask_stopped(move |vm, m| {
            let Some(g) = find(vm, id) else { return false };
            let was_frozen = g.flags.get() & FROZEN != 0;
            g.flags.set(g.flags.get() & !FROZEN);
            if g.status() == Status::Waiting && g.reason() == WaitReason::Frozen {
                thaw(vm, m, g);
            }
            was_frozen
        });
        done == Some(true)
    }

    /// The word of a package-level variable.
    pub fn global_word(&self, offset: u32) -> u64 {
        let word = self.ask(move |vm, _, _| {
            let inside = (offset as usize) < vm.program().globals.len();
            // SAFETY: the offset was compared; variables may change meanwhile, as words do.
            inside.then(|| unsafe { crate::value::word::load(vm.globals().add(offset as usize)) })
        });
        word.flatten().unwrap_or(0)
    }

    /// Who holds the mutex that a package-level variable is: None for nobody, `Some(None)` for a goroutine that has ended.
    pub fn mutex_holder(&self, offset: u32) -> Option<Option<u64>> {
        let holder = sema::mutex_holder(self.global_word(offset))?;
        let goroutines = self.goroutines();
        let found = goroutines.iter().find(|g| holder.is(g.dump.id));
        Some(found.map(|g| g.dump.id))
    }

    /// Whether an address is that of one of the first `words` words of a package-level variable, or of what it points to.
    pub fn covers(&self, offset: u32, words: u32, address: u64) -> bool {
        let base = self.vm.globals() as u64 + u64::from(offset) * 8;
        let within = |start: u64| (start..start + u64::from(words) * 8).contains(&address);
        within(base) || within(self.global_word(offset))
    }

    /// The channel that a package-level variable at this offset holds; None for nil.
    pub fn channel(&self, offset: u32) -> Option<ChannelInfo> {
        let info = self.ask_stopped(move |vm, _| {
            if offset as usize >= vm.program().globals.len() {
                return None;
            }
            // SAFETY: the offset was compared; the caller knows the variable to be a channel, and the world is stopped.
            unsafe {
                let chan = *vm.globals().add(offset as usize) as *mut u64;
                (!chan.is_null()).then(|| chan::look(chan))
            }
        });
        info.flatten()
    }
}

fn find(vm: &Vm, id: u64) -> Option<&'static Goroutine> {
    let mut found = None;
    vm.sched.for_each_goroutine(|g| {
        if g.id() == id && id != 1 && !matches!(g.status(), Status::Idle | Status::Dead) {
            found = Some(GoroutinePtr::from(g));
        }
    });
    // SAFETY: cells of goroutines live as long as the scheduler, and a session's is never dropped.
    found.map(|g| unsafe { g.as_ref() })
}

/// Makes a goroutine come to where its flags are met.
fn bring_back(vm: &Vm, m: &mut Machine, g: &Goroutine) {
    if g.status() != Status::Waiting {
        if g.flags.get() & RETRY_LOCK != 0 {
            g.flags.set(g.flags.get() & !RETRY_LOCK);
            // SAFETY: the world is stopped, and the goroutine competes for the mutex that its waiter names.
            unsafe { sema::stop_competing(m, g) };
        }
        attract(vm, g);
        return;
    }
    let ready = match g.reason() {
        WaitReason::Frozen => {
            thaw(vm, m, g);
            return;
        }
        // SAFETY: the world is stopped, and the goroutine waits for what its reason says.
        WaitReason::ChanReceive => unsafe { chan::cancel(g, false) },
        // SAFETY: as above.
        WaitReason::ChanSend => unsafe { chan::cancel(g, true) },
        // SAFETY: as above.
        WaitReason::Select => unsafe { chan::select::cancel(g) },
        WaitReason::ChanReceiveNil | WaitReason::ChanSendNil | WaitReason::SelectNoCases => true,
        WaitReason::Sleep => vm.sched.cancel_sleep(g),
        WaitReason::MutexLock
        | WaitReason::RWMutexRLock
        | WaitReason::RWMutexLock
        | WaitReason::WaitGroupWait
        | WaitReason::CondWait => {
            // SAFETY: as above.
            unsafe { sema::cancel(m, g) }
        }
        WaitReason::None | WaitReason::Semacquire | WaitReason::IoWait => false,
    };
    if ready {
        m.ready_last(GoroutinePtr::from(g));
    }
}

/// Asks a goroutine that may be running to its next safepoint, and to leave its processor there.
fn attract(vm: &Vm, g: &Goroutine) {
    for p in vm.sched.processors() {
        // Relaxed: the world is stopped.
        if std::ptr::eq(p.current.load(Ordering::Relaxed), g) {
            p.preempt.store(true, Ordering::Relaxed);
            g.preempt();
        }
    }
}

/// Makes a frozen goroutine ready.
fn thaw(vm: &Vm, m: &mut Machine, g: &Goroutine) {
    let Some(session) = &vm.session else { return };
    let mut frozen = session.frozen.lock();
    let before = frozen.len();
    frozen.retain(|other| !std::ptr::eq(other.0.as_ptr(), g));
    if frozen.len() < before {
        drop(frozen);
        m.ready_last(GoroutinePtr::from(g));
    }
}

fn places(g: &Goroutine) -> Vec<Place> {
    if g.status() != Status::Waiting {
        return Vec::new();
    }
    match g.reason() {
        WaitReason::ChanReceive | WaitReason::ChanSend => {
            vec![Place::Channel(g.waiter.chan.get() as u64)]
        }
        // SAFETY: that is what it waits for, and the world is stopped.
        WaitReason::Select => unsafe { chan::select::waiting_cases(g) }
            .into_iter()
            .map(|(_, chan)| Place::Channel(chan as u64))
            .collect(),
        _ if g.waits_at() != 0 => vec![Place::Lock(g.waits_at())],
        _ => Vec::new(),
    }
}

impl Event {
    /// The goroutine that it is about.
    pub fn goroutine(&self) -> Option<u64> {
        match self {
            Event::Ended(id) | Event::Failed(id) | Event::Interrupted(id) => Some(*id),
            Event::Exited(_) => None,
        }
    }
}
