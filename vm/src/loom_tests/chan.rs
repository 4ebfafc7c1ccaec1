//! Channel send, receive and close from two machines.

use std::ptr::null_mut;

use super::{Chan, Shared, get, goroutine, machine, model, next, reg, scheduler, set};
use crate::chan::{close, recv, send};
use crate::goroutine::{GoroutinePtr, Outcome, Status};
use crate::sync::thread;

#[test]
fn a_value_is_handed_over_and_the_parked_side_is_made_ready() {
    model(3, || {
        let sched = scheduler(2);
        let chan = Chan::new(0);
        let mut m = machine(&sched);
        let g = goroutine(&mut m);
        set(g, 0, 42);
        let (ptr, other) = (chan.ptr(), sched.clone());
        let receiver = thread::spawn(move || {
            let mut m = machine(&other);
            let g = goroutine(&mut m);
            // SAFETY: a channel and registers of a goroutine that runs here.
            let outcome = unsafe { recv(&mut m, g, ptr.get(), reg(g, 0), reg(g, 1)) };
            (Shared(g), outcome, Shared(next(&m)))
        });
        // SAFETY: as above.
        let sent = unsafe { send(&mut m, g, chan.ptr().get(), reg(g, 0)) };
        let (receiver, received, woken) = receiver.join().expect("the receiver's thread");
        let receiver = receiver.get();
        assert_eq!((get(receiver, 0), get(receiver, 1)), (42, 1));
        match (sent, received) {
            (Outcome::Done, Outcome::Parked) => {
                assert_eq!(receiver.status(), Status::Runnable);
                assert_eq!(next(&m), Some(GoroutinePtr::from(receiver)));
            }
            (Outcome::Parked, Outcome::Done) => {
                assert_eq!(g.status(), Status::Runnable);
                assert_eq!(woken.get(), Some(GoroutinePtr::from(g)));
            }
            both => panic!("{both:?}"),
        }
    });
}

#[test]
fn a_buffered_value_is_received_once() {
    model(3, || {
        let sched = scheduler(3);
        let chan = Chan::new(1);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (ptr, sched) = (chan.ptr(), sched.clone());
                thread::spawn(move || {
                    let mut m = machine(&sched);
                    let g = goroutine(&mut m);
                    // SAFETY: a channel and registers of a goroutine that runs here.
                    let outcome = unsafe { recv(&mut m, g, ptr.get(), reg(g, 0), null_mut()) };
                    (Shared(g), outcome)
                })
            })
            .collect();
        let mut m = machine(&sched);
        let g = goroutine(&mut m);
        set(g, 0, 42);
        // SAFETY: as above.
        let sent = unsafe { send(&mut m, g, chan.ptr().get(), reg(g, 0)) };
        assert_eq!(sent, Outcome::Done);
        let ended: Vec<_> = threads
            .into_iter()
            .map(|t| t.join().expect("a receiver's thread"))
            .collect();
        let got = |&(g, outcome): &(Shared<&crate::goroutine::Goroutine>, Outcome)| {
            outcome == Outcome::Done || g.get().status() == Status::Runnable
        };
        assert_eq!(ended.iter().filter(|end| got(end)).count(), 1);
        for end in ended.iter().filter(|end| got(end)) {
            assert_eq!(get(end.0.get(), 0), 42);
        }
    });
}

#[test]
fn closing_wakes_or_stops_a_receiver_and_a_sender() {
    model(3, || {
        let sched = scheduler(2);
        for sending in [false, true] {
            let chan = Chan::new(0);
            let (ptr, other) = (chan.ptr(), sched.clone());
            let parked = thread::spawn(move || {
                let mut m = machine(&other);
                let g = goroutine(&mut m);
                set(g, 0, 7);
                set(g, 1, 7);
                // SAFETY: a channel and registers of a goroutine that runs here.
                let outcome = unsafe {
                    if sending {
                        send(&mut m, g, ptr.get(), reg(g, 0))
                    } else {
                        recv(&mut m, g, ptr.get(), reg(g, 0), reg(g, 1))
                    }
                };
                m.release_processor();
                (Shared(g), outcome)
            });
            let mut m = machine(&sched);
            // SAFETY: a channel.
            assert_eq!(unsafe { close(&mut m, chan.ptr().get()) }, Outcome::Done);
            m.release_processor();
            let (g, outcome) = parked.join().expect("the other thread");
            let g = g.get();
            if outcome == Outcome::Parked {
                assert_eq!(g.status(), Status::Runnable);
                assert_eq!(g.take_send_on_closed(), sending);
            }
            match (sending, outcome) {
                (true, Outcome::Panic(text)) => assert_eq!(text, "send on closed channel"),
                (true, outcome) => assert_eq!(outcome, Outcome::Parked),
                (false, _) => assert_eq!((get(g, 0), get(g, 1)), (0, 0)),
            }
        }
    });
}
