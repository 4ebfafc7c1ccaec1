//! Going idle and waking: work that is made visible is found.

use std::sync::Arc;

use super::{Sent, entry, hooks, machine, model, scheduler};
use crate::goroutine::Exit;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, thread};

/// One machine makes two goroutines ready and then is busy for ever; another one goes idle at that moment. One of the goroutines (the
/// displaced one) has to be run by the other machine.
#[test]
fn work_published_while_the_last_machine_goes_idle_is_run() {
    model(2, || {
        let sched = scheduler(2);
        let ran = Arc::new((Mutex::new(false), Condvar::new()));
        let seen = ran.clone();
        let set = sched.hooks_for_model(hooks(move |_, _| {
            *ran.0.lock() = true;
            ran.1.notify_all();
            Exit::Exit(0)
        }));
        assert!(set);
        let mut busy = machine(&sched);
        let other = Sent::new(&sched);
        let idle = thread::spawn(move || {
            let mut m = other.take();
            m.schedule();
        });
        for _ in 0..2 {
            // SAFETY: no arguments; the hook does not run the entry.
            let g =
                unsafe { busy.new_goroutine(0, entry(), std::ptr::null(), 0, std::ptr::null()) };
            busy.ready(g);
        }
        let mut done = seen.0.lock();
        while !*done {
            seen.1.wait(&mut done);
        }
        drop(done);
        idle.join().expect("the idle machine's thread");
        busy.release_processor();
    });
}

/// Two machines that both run out of work notice that nothing is left, once, and the program ends.
#[test]
fn the_last_machine_to_go_idle_finds_the_deadlock() {
    model(2, || {
        let sched = scheduler(2);
        assert!(sched.hooks_for_model(hooks(|_, _| Exit::Parked)));
        let runs = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (other, runs) = (Sent::new(&sched), runs.clone());
                thread::spawn(move || {
                    let mut m = other.take();
                    m.schedule();
                    runs.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a machine's thread");
        }
        assert_eq!(runs.load(Ordering::Relaxed), 2);
    });
}
