//! Select's claim: of several channels that become ready at once, one wins.

use std::ptr::null_mut;

use super::{Chans, Sent, Shared, get, goroutine, machine, model, reg, scheduler, set};
use crate::chan::select::{SelectCase, select};
use crate::chan::send;
use crate::goroutine::{Outcome, Status};
use crate::sync::thread;

#[test]
fn one_of_two_senders_is_taken() {
    model(2, || {
        let sched = scheduler(3);
        let chans = Chans::new(&[0, 0]);
        let senders: Vec<_> = [10, 20]
            .into_iter()
            .enumerate()
            .map(|(i, value)| {
                let (ptr, other) = (chans.ptr(i), Sent::new(&sched));
                thread::spawn(move || {
                    let mut m = other.take();
                    let g = goroutine(&mut m);
                    set(g, 0, value);
                    // SAFETY: a channel and a register of a goroutine that runs here.
                    let outcome = unsafe { send(&mut m, g, ptr.get(), reg(g, 0)) };
                    (Shared(g), outcome)
                })
            })
            .collect();
        let mut m = machine(&sched);
        let g = goroutine(&mut m);
        let case = |i: usize| SelectCase {
            chan: chans.ptr(i).get(),
            value: reg(g, i),
            ok: null_mut(),
            send: false,
        };
        set(g, 0, 0);
        set(g, 1, 0);
        // SAFETY: channels and registers of a goroutine that runs here.
        let chosen = unsafe { select(&mut m, g, &[case(0), case(1)], false, reg(g, 2)) };
        let ended: Vec<_> = senders
            .into_iter()
            .map(|t| t.join().expect("a sender's thread"))
            .collect();
        if chosen == Outcome::Parked {
            assert_eq!(g.status(), Status::Runnable);
        }
        let won = get(g, 2) as usize;
        assert_eq!((get(g, won), get(g, 1 - won)), ([10, 20][won], 0));
        let through = |i: usize| {
            let (sender, outcome) = &ended[i];
            *outcome == Outcome::Done || sender.get().status() == Status::Runnable
        };
        assert!(through(won) && !through(1 - won));
    });
}
