//! Goroutines seen and moved from outside: listing, ending, freezing, resuming.
//!
//! All of it happens with the world stopped, when every goroutine is at a safepoint. One that is inside a native then (it waits for
//! the end of a collection, or makes a system call) meets its flag the next time it is run.

use super::{Event, Session, State};
use crate::explain::{self, Explanation};
use crate::goroutine::{
    FINALIZER, FROZEN, Goroutine, GoroutinePtr, INTERRUPTED, KILLED, RETRY_LOCK, Status, WaitReason,
};
use crate::sched::{GoroutineDump, Machine, poller};
use crate::sync::atomic::Ordering;
use crate::{Vm, chan, sema};
use std::collections::HashSet;
use std::ops::Range;
use std::ptr;

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
    /// The goroutine has been ended from outside, for all that anybody can see.
    fn tell_interrupted(&self, id: u64) {
        // Relaxed: the world is stopped.
        let told = self
            .watched
            .compare_exchange(id, 0, Ordering::Relaxed, Ordering::Relaxed);
        if told.is_ok() {
            self.interrupted.lock().remove(&id);
            self.tell(Event::Interrupted(id));
        }
    }

    pub(super) fn was_interrupted(&self, id: u64) -> bool {
        self.interrupted.lock().remove(&id)
    }
}

impl Session {
    /// The goroutines but the session's own, by number: the first ones, `most` at most; and how many more there are.
    pub fn goroutines(&self, most: usize) -> (Vec<GoroutineInfo>, usize) {
        let list = self.ask_stopped(move |vm, _| {
            let mut all = Vec::new();
            for_each_of_program(vm, |g| {
                vm.sched.note_wait(g);
                all.push((g.id(), GoroutinePtr::from(g)));
            });
            all.sort_unstable_by_key(|&(id, _)| id);
            let omitted = all.len().saturating_sub(most);
            all.truncate(most);
            // SAFETY: cells of goroutines live as long as the scheduler.
            let list = all.iter().map(|(_, g)| unsafe { info(vm, g.as_ref()) });
            (list.collect(), omitted)
        });
        list.unwrap_or_default()
    }

    /// The goroutine of this number, if there is one.
    pub fn goroutine(&self, id: u64) -> Option<GoroutineInfo> {
        // SAFETY: the world is stopped.
        let found = self.ask_stopped(move |vm, _| find(vm, id).map(|g| unsafe { info(vm, g) }));
        found.flatten()
    }

    /// All goroutines but the session's own, each with the one that started it, by number.
    pub fn parents(&self) -> Vec<(u64, u64)> {
        let list = self.ask_stopped(|vm, _| {
            let mut list = Vec::new();
            for_each_of_program(vm, |g| list.push((g.id(), g.parent())));
            list.sort_unstable();
            list
        });
        list.unwrap_or_default()
    }

    /// Why a goroutine waits, while nothing runs: itself, those that it waits for, and so on.
    pub fn explain(&self, id: u64) -> Explanation {
        let found = self.ask_stopped(move |vm, _| explain::explain(vm, |g| g.id() != 1, Some(id)));
        found.unwrap_or_default().about(id)
    }

    /// Ends a goroutine: at its next safepoint, or where it waits. Its deferred calls run, unless `at_once`. False: there is none.
    pub fn interrupt(&self, id: u64, at_once: bool) -> bool {
        self.interrupt_all(vec![id], at_once) == 1
    }

    /// Ends goroutines in the same way; the result is how many of them there were.
    pub fn interrupt_all(&self, ids: Vec<u64>, at_once: bool) -> usize {
        let ids: HashSet<u64> = ids.into_iter().collect();
        let done = self.ask_stopped(move |vm, m| {
            let Some(session) = &vm.session else { return 0 };
            let mut found = Vec::new();
            if let (1, Some(&id)) = (ids.len(), ids.iter().next()) {
                found.extend(find(vm, id).map(GoroutinePtr::from));
            } else {
                for_each_of_program(vm, |g| {
                    if ids.contains(&g.id()) {
                        found.push(GoroutinePtr::from(g));
                    }
                });
            }
            let flag = if at_once { KILLED } else { INTERRUPTED };
            for &g in &found {
                // SAFETY: cells of goroutines live as long as the scheduler.
                let g = unsafe { g.as_ref() };
                session.interrupted.lock().insert(g.id());
                g.flags.set(g.flags.get() & !FROZEN | flag);
                bring_back(vm, m, g);
                session.stop_wait(g.id());
                if at_once && g.status() == Status::Runnable {
                    // It does nothing any more, however long it takes until it is run.
                    session.tell_interrupted(g.id());
                }
            }
            found.len()
        });
        done.unwrap_or(0)
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

    /// Keeps all goroutines from running that are not kept from it yet; the result are their numbers.
    pub fn freeze_all(&self) -> Vec<u64> {
        let frozen = self.ask_stopped(|vm, _| {
            let mut ids = Vec::new();
            for_each_of_program(vm, |g| {
                let flags = g.flags.get();
                if flags & (FROZEN | INTERRUPTED | KILLED) == 0 {
                    g.flags.set(flags | FROZEN);
                    attract(vm, g);
                    ids.push(g.id());
                }
            });
            ids
        });
        frozen.unwrap_or_default()
    }

    /// Lets these goroutines go on, those that are still there and frozen.
    pub fn resume_all(&self, ids: Vec<u64>) {
        let ids: HashSet<u64> = ids.into_iter().collect();
        self.ask_stopped(move |vm, m| {
            let mut waiting = Vec::new();
            for_each_of_program(vm, |g| {
                if ids.contains(&g.id()) {
                    g.flags.set(g.flags.get() & !FROZEN);
                    if g.status() == Status::Waiting && g.reason() == WaitReason::Frozen {
                        waiting.push(GoroutinePtr::from(g));
                    }
                }
            });
            for g in waiting {
                // SAFETY: cells of goroutines live as long as the scheduler.
                thaw(vm, m, unsafe { g.as_ref() });
            }
        });
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
        self.holder(self.global_word(offset))
    }

    /// Who holds the mutex that goroutines wait for at this address; None if none does.
    pub fn mutex_holder_at(&self, address: u64) -> Option<Option<u64>> {
        let word = self.ask_stopped(move |vm, _| {
            let mut word = None;
            for_each_of_program(vm, |g| {
                if g.status() == Status::Waiting
                    && g.reason() == WaitReason::MutexLock
                    && g.waits_at() == address
                {
                    // SAFETY: the goroutine's wait keeps the mutex alive.
                    word = Some(unsafe { crate::value::word::load(address as *const u64) });
                }
            });
            word
        });
        self.holder(word.flatten()?)
    }

    fn holder(&self, word: u64) -> Option<Option<u64>> {
        let holder = sema::mutex_holder(word)?;
        let parents = self.parents();
        Some(parents.iter().map(|g| g.0).find(|&id| holder.is(id)))
    }

    /// Where a package-level variable is.
    pub fn global_address(&self, offset: u32) -> u64 {
        self.vm.globals() as u64 + u64::from(offset) * 8
    }

    /// The goroutines that wait for locks in these ranges of memory, by number.
    pub fn waiting_in(&self, ranges: Vec<Range<u64>>) -> Vec<u64> {
        let list = self.ask_stopped(move |vm, _| {
            let mut list = Vec::new();
            for_each_of_program(vm, |g| {
                let inside = |place: &Place| match place {
                    Place::Lock(address) => ranges.iter().any(|range| range.contains(address)),
                    _ => false,
                };
                if places(g).iter().any(inside) {
                    list.push(g.id());
                }
            });
            list.sort_unstable();
            list
        });
        list.unwrap_or_default()
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

/// It is alive, and not one of the session's own.
fn is_of_program(g: &Goroutine) -> bool {
    g.id() != 1
        && g.flags.get() & FINALIZER == 0
        && !matches!(g.status(), Status::Idle | Status::Dead)
}

/// Calls `visit` with every such goroutine. Only with the world stopped.
fn for_each_of_program(vm: &Vm, mut visit: impl FnMut(&Goroutine)) {
    vm.sched.for_each_goroutine(|g| {
        if is_of_program(g) {
            visit(g);
        }
    });
}

/// # Safety
/// The world is stopped.
unsafe fn info(vm: &Vm, g: &Goroutine) -> GoroutineInfo {
    let now = (vm.sched.now() / 1_000_000_000) as u32 + 1;
    GoroutineInfo {
        // SAFETY: by the function's contract.
        dump: unsafe { vm.sched.dump(g) },
        places: places(g),
        seconds: match g.since.get() {
            0 => 0,
            since => now - since,
        },
        frozen: g.flags.get() & FROZEN != 0,
    }
}

fn find(vm: &Vm, id: u64) -> Option<&'static Goroutine> {
    let latest = match &vm.session {
        // Relaxed: the machine that serves has written it.
        Some(session) => session.latest.load(Ordering::Relaxed) as *const Goroutine,
        None => ptr::null(),
    };
    // SAFETY: cells of goroutines live as long as the scheduler, and a session's is never dropped.
    let latest = unsafe { latest.as_ref() };
    // Mostly it is the input's, and there may be millions of others.
    if let Some(g) = latest
        && g.id() == id
        && is_of_program(g)
    {
        return Some(g);
    }
    let mut found = None;
    for_each_of_program(vm, |g| {
        if g.id() == id {
            found = Some(GoroutinePtr::from(g));
        }
    });
    // SAFETY: as above.
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
        WaitReason::IoWait => poller::cancel(m, g),
        WaitReason::None | WaitReason::Semacquire => false,
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
