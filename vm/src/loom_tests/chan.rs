//! Channel send, receive and close from two machines.

use std::ptr::null_mut;

use super::{Chans, Sent, Shared, get, goroutine, machine, model, next, reg, scheduler, set};
use crate::chan::{close, recv, send};
use crate::goroutine::{Goroutine, GoroutinePtr, Outcome, Status};
use crate::sync::thread;

#[test]
fn a_value_is_handed_over_and_the_parked_side_is_made_ready() {
    model(3, || {
        let sched = scheduler(2);
        let chan = Chans::new(&[0]);
        let mut m = machine(&sched);
        let g = goroutine(&mut m);
        set(g, 0, 42);
        let (ptr, other) = (chan.ptr(0), Sent::new(&sched));
        let receiver = thread::spawn(move || {
            let mut m = other.take();
            let g = goroutine(&mut m);
            // SAFETY: a channel and registers of a goroutine that runs here.
            let outcome = unsafe { recv(&mut m, g, ptr.get(), reg(g, 0), reg(g, 1)) };
            (Shared(g), outcome, Shared(next(&m)))
        });
        // SAFETY: as above.
        let sent = unsafe { send(&mut m, g, chan.ptr(0).get(), reg(g, 0)) };
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
        let chan = Chans::new(&[1]);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (ptr, other) = (chan.ptr(0), Sent::new(&sched));
                thread::spawn(move || {
                    let mut m = other.take();
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
        let sent = unsafe { send(&mut m, g, chan.ptr(0).get(), reg(g, 0)) };
        assert_eq!(sent, Outcome::Done);
        let ended: Vec<_> = threads
            .into_iter()
            .map(|t| t.join().expect("a receiver's thread"))
            .collect();
        let got = |&(g, outcome): &(Shared<&Goroutine>, Outcome)| {
            outcome == Outcome::Done || g.get().status() == Status::Runnable
        };
        assert_eq!(ended.iter().filter(|end| got(end)).count(), 1);
        for end in ended.iter().filter(|end| got(end)) {
            assert_eq!(get(end.0.get(), 0), 42);
        }
    });
}

#[test]
fn closing_wakes_or_stops_a_receiver() {
    model(3, || {
        let (g, outcome) = close_against(false);
        assert!(matches!(outcome, Outcome::Done | Outcome::Parked));
        assert_eq!((get(g, 0), get(g, 1)), (0, 0));
        assert!(!g.take_send_on_closed());
    });
}

#[test]
fn closing_wakes_or_stops_a_sender() {
    model(3, || {
        let (g, outcome) = close_against(true);
        assert_eq!(g.take_send_on_closed(), outcome == Outcome::Parked);
        assert_ne!(outcome, Outcome::Done);
    });
}

/// One machine closes a channel while the goroutine that is returned sends or receives on another one.
fn close_against<'a>(sending: bool) -> (&'a Goroutine, Outcome) {
    let sched = scheduler(2);
    let chan = Chans::new(&[0]);
    let (ptr, other) = (chan.ptr(0), Sent::new(&sched));
    let parked = thread::spawn(move || {
        let mut m = other.take();
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
        (Shared(g), outcome)
    });
    let mut m = machine(&sched);
    // SAFETY: a channel.
    assert_eq!(unsafe { close(&mut m, chan.ptr(0).get()) }, Outcome::Done);
    let (g, outcome) = parked.join().expect("the other thread");
    let g = g.get();
    assert!(outcome != Outcome::Parked || g.status() == Status::Runnable);
    // The goroutine's cell lives as long as the model's run.
    std::mem::forget(sched);
    (g, outcome)
}
