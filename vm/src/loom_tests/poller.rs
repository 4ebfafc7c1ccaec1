//! Waiting for a descriptor while the system tells of it, or somebody closes it. The system is a thread of the model.

use std::os::fd::OwnedFd;

use polling::Event;

use super::{Sent, entry, goroutine, hooks, machine, model, scheduler, take_next};
use crate::goroutine::table::deref;
use crate::goroutine::{Exit, Goroutine, Outcome, Status};
use crate::sched::poller::{self, Direction};
use crate::sched::{Finish, Machine, Scheduler};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::sync::thread;

/// A descriptor that is watched as far as the scheduler knows.
fn watched(sched: &Scheduler) -> usize {
    let file = std::fs::File::open("/dev/null").expect("a file");
    sched.poller.insert(OwnedFd::from(file)).0
}

/// Tries until there is something to read, or has to wait: true if it read.
fn read(m: &mut Machine, g: &Goroutine, key: usize, arrived: &AtomicBool) -> bool {
    // Acquire: what the system has is seen by who asks it.
    while !arrived.load(Ordering::Acquire) {
        if poller::wait(m, g, key, Direction::Read) == Outcome::Parked {
            return false;
        }
    }
    true
}

/// Something arrives between the attempt and the wait, or before, or after: it is read at once, or the goroutine is made runnable.
#[test]
fn what_arrives_while_a_goroutine_goes_to_wait_is_not_missed() {
    model(3, || {
        let sched = scheduler(1);
        let key = watched(&sched);
        let arrived = Arc::new(AtomicBool::new(false));
        let (system, theirs) = (sched.clone(), arrived.clone());
        let tells = thread::spawn(move || {
            // Release: pairs with the Acquire in `read`.
            theirs.store(true, Ordering::Release);
            system.note_events(std::iter::once(Event::readable(key)));
        });
        let mut m = machine(&sched);
        let g = goroutine(&mut m);
        let done = read(&mut m, g, key, &arrived);
        tells.join().expect("the system's thread");
        assert!(done || g.status() == Status::Runnable);
        assert!(!sched.poller.is_waited_for());
        m.release_processor();
    });
}

/// A goroutine that waits is woken when its descriptor is closed; one that comes too late does not wait.
#[test]
fn closing_wakes_who_waits() {
    model(3, || ended_by(|m, key| assert!(poller::close(m, key))));
}

#[test]
fn a_deadline_wakes_who_waits() {
    model(3, || {
        ended_by(|m, key| poller::set_expired(m, key, Direction::Read, true))
    });
}

fn ended_by(end: impl FnOnce(&mut Machine, usize)) {
    let sched = scheduler(2);
    let key = watched(&sched);
    let other = Sent::new(&sched);
    let waits = thread::spawn(move || {
        let mut m = other.take();
        let g = goroutine(&mut m);
        let outcome = poller::wait(&mut m, g, key, Direction::Read);
        outcome == Outcome::Done
    });
    let mut m = machine(&sched);
    end(&mut m, key);
    let at_once = waits.join().expect("the waiter's thread");
    let woken = take_next(&mut m).map(|g| deref(g).status());
    assert_eq!(woken.is_none(), at_once);
    assert!(woken.is_none_or(|status| status == Status::Runnable));
    assert!(!sched.poller.is_waited_for());
}

/// The only goroutine waits for the network, and the only machine goes idle, while the system tells that something arrived: that is no
/// deadlock, and the goroutine is run.
#[test]
fn who_waits_for_the_network_is_no_deadlock() {
    model(2, || {
        let sched = scheduler(1);
        let key = watched(&sched);
        let arrived = Arc::new(AtomicBool::new(false));
        let done = Arc::new(AtomicUsize::new(0));
        let (here, counted) = (arrived.clone(), done.clone());
        let set = sched.hooks_for_model(hooks(move |m, g| {
            if !read(m, g, key, &here) {
                return Exit::Parked;
            }
            // Relaxed: read when the threads have ended.
            counted.fetch_add(1, Ordering::Relaxed);
            m.sched().end(Finish::Returned);
            Exit::Parked
        }));
        assert!(set);
        let mut m = machine(&sched);
        // SAFETY: no arguments; the hook does not run the entry.
        let g = unsafe { m.new_goroutine(0, entry(), std::ptr::null(), 0, std::ptr::null()) };
        m.ready(g);
        let (system, theirs) = (sched.clone(), arrived.clone());
        let tells = thread::spawn(move || {
            // Release: pairs with the Acquire in `read`.
            theirs.store(true, Ordering::Release);
            system.note_events(std::iter::once(Event::readable(key)));
        });
        m.schedule();
        tells.join().expect("the system's thread");
        // Relaxed: the thread has ended.
        assert_eq!(done.load(Ordering::Relaxed), 1);
    });
}
