//! Stopping the world, and ending the program.

use std::sync::Arc;

use super::{Sent, hooks, machine, model, scheduler};
use crate::sched::Finish;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::thread;

/// While the world is stopped, no other machine is between two safepoints.
#[test]
fn a_stopped_world_stands_still() {
    model(2, || {
        let sched = scheduler(2);
        let running = Arc::new(AtomicUsize::new(0));
        let (other, theirs) = (Sent::new(&sched), running.clone());
        let mut m = machine(&sched);
        let runner = thread::spawn(move || {
            let mut m = other.take();
            for _ in 0..2 {
                // Relaxed, here and below: the stop has to order it.
                theirs.store(1, Ordering::Relaxed);
                theirs.store(0, Ordering::Relaxed);
                m.stop_here();
            }
            m.release_processor();
        });
        m.stop_the_world(|_| assert_eq!(running.load(Ordering::Relaxed), 0));
        m.release_processor();
        runner.join().expect("the other machine's thread");
    });
}

/// Two machines that want to stop the world do so one after the other.
#[test]
fn the_world_is_stopped_by_one_at_a_time() {
    model(2, || {
        let sched = scheduler(2);
        let inside = Arc::new(AtomicUsize::new(0));
        let (other, theirs) = (Sent::new(&sched), inside.clone());
        let mut m = machine(&sched);
        let second = thread::spawn(move || {
            let mut m = other.take();
            m.stop_the_world(|_| {
                assert_eq!(theirs.fetch_add(1, Ordering::Relaxed), 0);
                theirs.fetch_sub(1, Ordering::Relaxed);
            });
            m.release_processor();
        });
        m.stop_the_world(|_| {
            assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
            inside.fetch_sub(1, Ordering::Relaxed);
        });
        m.release_processor();
        second.join().expect("the other machine's thread");
    });
}

/// A machine that goes idle while the program ends leaves.
#[test]
fn the_end_of_the_program_reaches_an_idle_machine() {
    model(2, || {
        let sched = scheduler(2);
        assert!(sched.hooks_for_model(hooks(|_, _| panic!("nothing to run"))));
        // Held by this thread, so that the other machine waits.
        let mut m = machine(&sched);
        let other = Sent::new(&sched);
        let idle = thread::spawn(move || other.take().schedule());
        sched.end(Finish::Returned);
        idle.join().expect("the idle machine's thread");
        m.release_processor();
    });
}
