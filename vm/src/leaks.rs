//! Goroutines that leaked: found by reachability when main returns, as Go's goroutine leak profile finds them.
//!
//! What runs, can run or sleeps is alive, and so is a goroutine that waits for something (a channel, a lock) which the living or
//! package-level variables or timers can reach: somebody may still wake it. All others wait for what only they themselves know. The marks of a
//! collection say what is reachable; goroutines found alive are roots of the next round, until there are no more.

use std::sync::Arc;

use crate::Vm;
use crate::chan::select;
use crate::explain::{self, Explanation};
use crate::goroutine::{FINALIZER, Goroutine, Status, WaitReason};
use crate::heap::Marker;
use crate::sched::Machine;

/// What was found when main returned.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Leaks {
    /// The goroutines that wait for ever.
    pub leaked: Explanation,
    /// How many others had not ended.
    pub others: usize,
}

/// What to do about leaked goroutines.
#[derive(Clone)]
pub struct LeakCheck {
    /// The program ends with exit code 1 if it leaked goroutines and would end with 0.
    pub fail: bool,
    words: Arc<dyn Fn(&Leaks) -> String + Send + Sync>,
}

impl LeakCheck {
    /// With these words for leaks.
    pub fn new(fail: bool, words: impl Fn(&Leaks) -> String + Send + Sync + 'static) -> LeakCheck {
        LeakCheck {
            fail,
            words: Arc::new(words),
        }
    }

    pub(crate) fn words(&self, leaks: &Leaks) -> String {
        (self.words)(leaks)
    }
}

impl std::fmt::Debug for LeakCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LeakCheck")
            .field("fail", &self.fail)
            .finish()
    }
}

/// Finds the leaked goroutines. Whoever calls has none running.
pub(crate) fn find(vm: &Vm, m: &mut Machine) -> Leaks {
    m.stop_the_world(|_| {
        let mut waiting: Vec<*const Goroutine> = Vec::new();
        let mut others = 0;
        vm.heap().start_collection();
        let mut marker = vm.heap().marker();
        vm.sched().for_each_goroutine(|g| match g.status() {
            Status::Idle | Status::Dead => {}
            Status::Waiting if g.reason() != WaitReason::Sleep => waiting.push(g),
            Status::Waiting | Status::Runnable | Status::Running => {
                others += usize::from(g.flags.get() & FINALIZER == 0);
                vm.mark_goroutine(&mut marker, g);
            }
        });
        vm.sched()
            .visit_timer_roots(|word| marker.mark_word(minigo_bytecode::WordKind::Ptr, word));
        // What they might do counts as what the living might do.
        vm.finalizers.mark_roots(&mut marker, true);
        marker.drain();
        // SAFETY: cells of goroutines live as long as the scheduler; the world is stopped.
        let deref = |g: *const Goroutine| unsafe { &*g };
        loop {
            let before = waiting.len();
            waiting.retain(|&g| {
                let alive = may_be_woken(vm, deref(g));
                if alive {
                    vm.mark_goroutine(&mut marker, deref(g));
                }
                !alive
            });
            marker.drain();
            if waiting.len() == before {
                break;
            }
            others += before - waiting.len();
        }
        // The heap stays whole: what the leaked know is not freed.
        for &g in &waiting {
            vm.mark_goroutine(&mut marker, deref(g));
        }
        marker.drain();
        end(marker, vm);
        let leaked = explain::explain(vm, |g| waiting.contains(&std::ptr::from_ref(g)), None);
        Leaks { leaked, others }
    })
}

fn end(marker: Marker<'_>, vm: &Vm) {
    drop(marker);
    vm.heap().finish_collection(0, 0);
}

/// Something that it waits for is reachable.
fn may_be_woken(vm: &Vm, g: &Goroutine) -> bool {
    let heap = vm.heap();
    match g.reason() {
        WaitReason::ChanReceive | WaitReason::ChanSend => {
            heap.is_marked(g.waiter.chan.get() as u64)
        }
        WaitReason::Select => {
            // SAFETY: it waits in a select, and the world is stopped.
            let cases = unsafe { select::waiting_cases(g) };
            cases.iter().any(|&(_, chan)| heap.is_marked(chan as u64))
        }
        WaitReason::MutexLock
        | WaitReason::RWMutexRLock
        | WaitReason::RWMutexLock
        | WaitReason::WaitGroupWait
        | WaitReason::CondWait => heap.is_marked(g.waiter.ok.get() as u64),
        WaitReason::ChanReceiveNil | WaitReason::ChanSendNil | WaitReason::SelectNoCases => false,
        WaitReason::None
        | WaitReason::Sleep
        | WaitReason::Semacquire
        | WaitReason::IoWait
        | WaitReason::Frozen => true,
    }
}
