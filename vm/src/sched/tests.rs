//! The scheduler with programs written in Rust: a goroutine's pc is the number of the next step of a
//! function that plays interpreter.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use minigo_bytecode::op::Op;

use super::*;
use crate::chan::{self, select::SelectCase};
use crate::goroutine::Outcome;
use crate::sched::timer::Target;
use crate::sema;

const FRAME: u32 = 12;

fn at(step: usize) -> Entry {
    Entry {
        pc: step as *const Op,
        frame_size: FRAME,
        return_pc: std::ptr::null(),
    }
}

fn step(g: &Goroutine) -> usize {
    g.pc().addr()
}

fn go_on(g: &Goroutine, step: usize) {
    g.set_pc(step as *const Op);
}

/// Register `i` of the goroutine that runs.
fn reg(g: &Goroutine, i: usize) -> *mut u64 {
    g.base().wrapping_add(i)
}

fn get(g: &Goroutine, i: usize) -> u64 {
    // SAFETY: the tests' frames have the register, and the goroutine runs here.
    unsafe { *reg(g, i) }
}

fn set(g: &Goroutine, i: usize, value: u64) {
    // SAFETY: as in `get`.
    unsafe { *reg(g, i) = value }
}

fn spawn(m: &mut Machine, g: &Goroutine, step: usize, args: &[u64]) {
    // SAFETY: the tests' frames have room for the arguments.
    unsafe { m.spawn(g, at(step), args.as_ptr(), args.len(), std::ptr::null()) };
}

/// A channel that is never freed while the test's program runs.
struct Chan(
    Box<[u64]>,
    #[allow(dead_code, reason = "keeps the buffer")] Box<[u64]>,
);

impl Chan {
    fn new(cap: usize) -> Chan {
        let mut header = vec![0u64; chan::HEADER_WORDS].into_boxed_slice();
        let mut buffer = vec![0u64; cap.max(1)].into_boxed_slice();
        // SAFETY: new and zeroed, with room for `cap` one-word elements.
        unsafe {
            chan::init(
                header.as_mut_ptr(),
                buffer.as_mut_ptr(),
                1,
                cap,
                std::ptr::null(),
            )
        };
        Chan(header, buffer)
    }

    fn ptr(&self) -> *mut u64 {
        self.0.as_ptr().cast_mut()
    }
}

fn hooks(run: impl Fn(&mut Machine, &Goroutine) -> Exit + Send + Sync + 'static) -> Hooks {
    Hooks {
        run: Box::new(run),
        entry: Box::new(|closure| at(closure as usize)),
        symbol: Box::new(|_| None),
        frames: Box::new(|_| Trace::default()),
        tick: Box::new(|| false),
        main_returned: Box::new(|_| ()),
        abandon: Box::new(|_| ()),
    }
}

fn play(
    config: Config,
    run: impl Fn(&mut Machine, &Goroutine) -> Exit + Send + Sync + 'static,
) -> Finish {
    let sched = Scheduler::new(config);
    // SAFETY: the hooks own what they refer to.
    let finish = unsafe { sched.run(hooks(run), at(1)) };
    sched.shutdown();
    finish
}

fn procs(procs: usize) -> Config {
    Config {
        procs,
        ..Config::default()
    }
}

const ALL_PROCS: [usize; 3] = [1, 2, 8];

/// Goes on at `next`, now or when woken.
macro_rules! may_park {
    ($g:expr, $next:expr, $call:expr) => {{
        go_on($g, $next);
        // SAFETY: channels and words outlive the program, registers are the goroutine's.
        match unsafe { $call } {
            Outcome::Done => {}
            Outcome::Parked => return Exit::Parked,
            other => panic!("{other:?}"),
        }
    }};
}

#[test]
fn a_storm_of_goroutines_all_run_and_cells_are_used_again() {
    for p in ALL_PROCS {
        let (count, wg) = (
            Arc::new(AtomicUsize::new(0)),
            Box::leak(Box::new(0u64)) as *mut u64,
        );
        let (seen, wg) = (count.clone(), wg as usize);
        let finish = play(procs(p), move |m, g| {
            loop {
                match step(g) {
                    1 => {
                        set(g, 0, 0);
                        go_on(g, 2);
                    }
                    2 if get(g, 0) < 100_000 => {
                        set(g, 0, get(g, 0) + 1);
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, wg as *mut u64, 1) };
                        spawn(m, g, 10, &[]);
                        if get(g, 0).is_multiple_of(1000) && m.safepoint(g) == Safepoint::Yield {
                            return Exit::Preempted;
                        }
                    }
                    2 => may_park!(g, 3, sema::wait_group_wait(m, g, wg as *mut u64)),
                    3 => {
                        // The last ones may still be ending.
                        assert!(m.sched().num_goroutine() <= p);
                        return Exit::Ended;
                    }
                    _ => {
                        seen.fetch_add(1, Ordering::Relaxed);
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, wg as *mut u64, -1) };
                        return Exit::Ended;
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
        assert_eq!(count.load(Ordering::Relaxed), 100_000);
    }
}

fn ping_pong(config: Config, rounds: u64) -> Finish {
    let (ping, pong) = (Chan::new(0), Chan::new(0));
    play(config, move |m, g| {
        loop {
            match step(g) {
                1 => {
                    spawn(m, g, 10, &[]);
                    set(g, 0, 0);
                    go_on(g, 2);
                }
                2 if get(g, 0) == rounds => return Exit::Ended,
                2 => may_park!(g, 3, chan::send(m, g, ping.ptr(), reg(g, 0))),
                3 => may_park!(
                    g,
                    4,
                    chan::recv(m, g, pong.ptr(), reg(g, 0), std::ptr::null_mut())
                ),
                4 => {
                    go_on(g, 2);
                    if m.safepoint(g) == Safepoint::Yield {
                        return Exit::Preempted;
                    }
                }
                10 => may_park!(g, 11, chan::recv(m, g, ping.ptr(), reg(g, 0), reg(g, 1))),
                11 => {
                    assert_eq!(get(g, 1), 1);
                    set(g, 0, get(g, 0) + 1);
                    may_park!(g, 12, chan::send(m, g, pong.ptr(), reg(g, 0)));
                }
                _ => {
                    go_on(g, 10);
                    if m.safepoint(g) == Safepoint::Yield {
                        return Exit::Preempted;
                    }
                }
            }
        }
    })
}

#[test]
fn two_goroutines_hand_a_number_back_and_forth() {
    for p in ALL_PROCS {
        assert_eq!(ping_pong(procs(p), 100_000), Finish::Returned);
    }
    assert_eq!(
        ping_pong(
            Config {
                procs: 2,
                seed: Some(3),
                ..Config::default()
            },
            1000
        ),
        Finish::Returned
    );
}

/// `cargo test --release -p minigo-vm handover_cost -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn handover_cost() {
    for p in ALL_PROCS {
        let start = Instant::now();
        let rounds = 2_000_000;
        ping_pong(procs(p), rounds);
        let each = start.elapsed().as_nanos() as u64 / (2 * rounds);
        println!("P={p}: {each} ns a message");
    }
}

#[test]
fn buffered_values_arrive_once_each_and_closing_ends_the_receivers() {
    for p in ALL_PROCS {
        for cap in [0, 1, 10] {
            let (values, wg) = (
                Chan::new(cap),
                Box::leak(Box::new(0u64)) as *mut u64 as usize,
            );
            let sum = Arc::new(AtomicU64::new(0));
            let total = sum.clone();
            let (senders, receivers, each) = (4, 4, 5000);
            let finish = play(procs(p), move |m, g| {
                loop {
                    let word = wg as *mut u64;
                    match step(g) {
                        1 => {
                            // SAFETY: the word is leaked.
                            unsafe { sema::wait_group_add(m, word, senders + receivers) };
                            // SAFETY: as above; the second word of the pair counts the senders.
                            for _ in 0..senders {
                                spawn(m, g, 10, &[0]);
                            }
                            for _ in 0..receivers {
                                spawn(m, g, 20, &[]);
                            }
                            set(g, 0, 0);
                            go_on(g, 2);
                        }
                        // Close when all has been received.
                        2 if sum.load(Ordering::Relaxed)
                            < senders as u64 * each * (each + 1) / 2 =>
                        {
                            return Exit::Yielded;
                        }
                        2 => may_park!(g, 3, chan::close(m, values.ptr())),
                        3 => may_park!(g, 4, sema::wait_group_wait(m, g, word)),
                        4 => return Exit::Ended,
                        10 if get(g, 0) == each => {
                            // SAFETY: the word is leaked.
                            unsafe { sema::wait_group_add(m, word, -1) };
                            return Exit::Ended;
                        }
                        10 => {
                            set(g, 0, get(g, 0) + 1);
                            may_park!(g, 10, chan::send(m, g, values.ptr(), reg(g, 0)));
                        }
                        20 => {
                            may_park!(g, 21, chan::recv(m, g, values.ptr(), reg(g, 0), reg(g, 1)))
                        }
                        _ => {
                            if get(g, 1) == 0 {
                                assert_eq!(get(g, 0), 0);
                                // SAFETY: the word is leaked.
                                unsafe { sema::wait_group_add(m, word, -1) };
                                return Exit::Ended;
                            }
                            sum.fetch_add(get(g, 0), Ordering::Relaxed);
                            go_on(g, 20);
                        }
                    }
                }
            });
            assert_eq!(finish, Finish::Returned);
            assert_eq!(
                total.load(Ordering::Relaxed),
                senders as u64 * each * (each + 1) / 2
            );
        }
    }
}

#[test]
fn a_select_takes_each_value_once() {
    for p in ALL_PROCS {
        let chans: Vec<Chan> = (0..4).map(|i| Chan::new(i % 2)).collect();
        let each = 5000;
        let finish = play(procs(p), move |m, g| {
            loop {
                match step(g) {
                    1 => {
                        for i in 0..4 {
                            spawn(m, g, 10, &[0, i]);
                        }
                        // Another select over the same channels steals some and passes them on through the last.
                        for i in 0..10 {
                            set(g, i, 0);
                        }
                        go_on(g, 2);
                    }
                    2 if (0..4).all(|i| get(g, i) == each) => return Exit::Ended,
                    2 => {
                        let cases: Vec<SelectCase> = (0..4)
                            .map(|i| SelectCase {
                                chan: chans[i].ptr(),
                                value: reg(g, 4 + i),
                                ok: std::ptr::null_mut(),
                                send: false,
                            })
                            .collect();
                        may_park!(g, 3, chan::select::select(m, g, &cases, false, reg(g, 8)));
                    }
                    3 => {
                        let i = get(g, 8) as usize;
                        // In order from each sender, and none lost.
                        assert_eq!(get(g, 4 + i), get(g, i) + 1);
                        set(g, i, get(g, 4 + i));
                        go_on(g, 2);
                    }
                    10 if get(g, 0) == each => return Exit::Ended,
                    _ => {
                        set(g, 0, get(g, 0) + 1);
                        let case = SelectCase {
                            chan: chans[get(g, 1) as usize].ptr(),
                            value: reg(g, 0),
                            ok: std::ptr::null_mut(),
                            send: true,
                        };
                        may_park!(g, 10, chan::select::select(m, g, &[case], false, reg(g, 2)));
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn a_mutex_excludes() {
    let seeded = Config {
        procs: 1,
        seed: Some(7),
        ..Config::default()
    };
    for config in ALL_PROCS.map(procs).into_iter().chain([seeded]) {
        let words = Box::leak(vec![0u64; 4].into_boxed_slice()).as_mut_ptr() as usize;
        let finish = play(config, move |m, g| {
            loop {
                let (mutex, wg) = (words as *mut u64, (words + 8) as *mut u64);
                let counter = (words + 16) as *mut u64;
                match step(g) {
                    1 => {
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, 8) };
                        for _ in 0..8 {
                            spawn(m, g, 10, &[0]);
                        }
                        may_park!(g, 2, sema::wait_group_wait(m, g, wg));
                    }
                    2 => {
                        // SAFETY: the words are leaked; nobody else runs.
                        assert_eq!(unsafe { *counter }, 8 * 20_000);
                        return Exit::Ended;
                    }
                    10 if get(g, 0) == 20_000 => {
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, -1) };
                        return Exit::Ended;
                    }
                    10 => may_park!(g, 11, sema::mutex_lock(m, g, mutex)),
                    11 => {
                        // SAFETY: the mutex guards the counter.
                        unsafe { *counter += 1 };
                        go_on(g, 12);
                        // Now and then lose the processor with the lock held.
                        if get(g, 0).is_multiple_of(1000) {
                            return Exit::Yielded;
                        }
                    }
                    _ => {
                        set(g, 0, get(g, 0) + 1);
                        may_park!(g, 10, sema::mutex_unlock(m, mutex));
                        if m.safepoint(g) == Safepoint::Yield {
                            return Exit::Preempted;
                        }
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn readers_share_and_writers_do_not() {
    for p in ALL_PROCS {
        let words = Box::leak(vec![0u64; 4].into_boxed_slice()).as_mut_ptr() as usize;
        let inside = Arc::new(AtomicU64::new(0));
        let finish = play(procs(p), move |m, g| {
            loop {
                let (lock, wg) = (words as *mut u64, (words + 8) as *mut u64);
                match step(g) {
                    1 => {
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, 8) };
                        for i in 0..8 {
                            spawn(m, g, 10, &[0, u64::from(i < 3)]);
                        }
                        may_park!(g, 2, sema::wait_group_wait(m, g, wg));
                    }
                    2 => {
                        // SAFETY: the words are leaked; nobody else runs.
                        assert_eq!(unsafe { *lock }, 0);
                        return Exit::Ended;
                    }
                    10 if get(g, 0) == 3000 => {
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, -1) };
                        return Exit::Ended;
                    }
                    10 if get(g, 1) == 1 => may_park!(g, 11, sema::rw_lock(m, g, lock)),
                    10 => may_park!(g, 13, sema::rw_rlock(m, g, lock)),
                    11 => {
                        assert_eq!(inside.fetch_add(1 << 32, Ordering::Relaxed), 0);
                        go_on(g, 12);
                        return Exit::Yielded;
                    }
                    12 => {
                        inside.fetch_sub(1 << 32, Ordering::Relaxed);
                        set(g, 0, get(g, 0) + 1);
                        may_park!(g, 10, sema::rw_unlock(m, lock));
                    }
                    13 => {
                        assert!(inside.fetch_add(1, Ordering::Relaxed) < 1 << 32);
                        go_on(g, 14);
                        return Exit::Yielded;
                    }
                    _ => {
                        inside.fetch_sub(1, Ordering::Relaxed);
                        set(g, 0, get(g, 0) + 1);
                        may_park!(g, 10, sema::rw_runlock(m, g, lock));
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn every_waiter_of_a_condition_is_woken() {
    for p in ALL_PROCS {
        let words = Box::leak(vec![0u64; 4].into_boxed_slice()).as_mut_ptr() as usize;
        let woken = Arc::new(AtomicUsize::new(0));
        let finish = play(procs(p), move |m, g| {
            loop {
                let (cond, wg) = (words as *mut u64, (words + 8) as *mut u64);
                match step(g) {
                    1 => {
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, 100) };
                        for _ in 0..100 {
                            // SAFETY: the words are leaked.
                            let number = unsafe { sema::cond_add(m, cond) };
                            spawn(m, g, 10, &[u64::from(number)]);
                        }
                        for _ in 0..30 {
                            // SAFETY: the words are leaked.
                            unsafe { sema::cond_signal(m, cond) };
                        }
                        go_on(g, 2);
                    }
                    2 if woken.load(Ordering::Relaxed) < 30 => return Exit::Yielded,
                    2 => {
                        assert_eq!(woken.load(Ordering::Relaxed), 30);
                        // SAFETY: the words are leaked.
                        unsafe { sema::cond_broadcast(m, cond) };
                        may_park!(g, 3, sema::wait_group_wait(m, g, wg));
                    }
                    3 => return Exit::Ended,
                    10 => {
                        let number = get(g, 0) as u32;
                        may_park!(g, 11, sema::cond_wait(m, g, cond, number));
                    }
                    _ => {
                        woken.fetch_add(1, Ordering::Relaxed);
                        // SAFETY: the words are leaked.
                        unsafe { sema::wait_group_add(m, wg, -1) };
                        return Exit::Ended;
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn sleepers_wake_in_time() {
    for p in ALL_PROCS {
        let wg = Box::leak(Box::new(0u64)) as *mut u64 as usize;
        let start = Instant::now();
        let finish = play(procs(p), move |m, g| {
            loop {
                let wg = wg as *mut u64;
                match step(g) {
                    1 => {
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, wg, 10_000) };
                        for i in 0..10_000 {
                            spawn(m, g, 10, &[0, 1 + i % 5]);
                        }
                        may_park!(g, 2, sema::wait_group_wait(m, g, wg));
                    }
                    2 => return Exit::Ended,
                    10 if get(g, 0) == 3 => {
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, wg, -1) };
                        return Exit::Ended;
                    }
                    _ => {
                        set(g, 0, get(g, 0) + 1);
                        let ms = get(g, 1) as i64;
                        go_on(g, 10);
                        match timer::sleep(m, g, ms * 1_000_000) {
                            Outcome::Parked => return Exit::Parked,
                            other => panic!("{other:?}"),
                        }
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
        assert!(start.elapsed() >= Duration::from_millis(15));
    }
}

#[test]
fn a_timer_sends_once_and_a_stopped_one_never() {
    for p in ALL_PROCS {
        let (first, second, third) = (Chan::new(1), Chan::new(1), Chan::new(1));
        let fired = Arc::new(AtomicBool::new(false));
        let finish = play(procs(p), move |m, g| {
            loop {
                match step(g) {
                    1 => {
                        let stopped = timer::start(m, 1_000_000, 0, Target::Channel(second.ptr()));
                        timer::start(m, 3_000_000, 0, Target::Channel(first.ptr()));
                        timer::start(m, 2_000_000, 0, Target::Closure(20));
                        // SAFETY: a channel.
                        assert!(unsafe { timer::stop(m, stopped, second.ptr()) });
                        // SAFETY: a channel.
                        assert!(!unsafe { timer::stop(m, stopped, second.ptr()) });
                        may_park!(
                            g,
                            2,
                            chan::recv(m, g, first.ptr(), reg(g, 0), std::ptr::null_mut())
                        );
                    }
                    2 => {
                        assert!(fired.load(Ordering::Relaxed));
                        // SAFETY: channels.
                        unsafe {
                            assert_eq!(chan::len(second.ptr()), 0);
                            assert_eq!(chan::len(first.ptr()), 0);
                        }
                        let ticker =
                            timer::start(m, 1_000_000, 1_000_000, Target::Channel(third.ptr()));
                        set(g, 1, ticker);
                        set(g, 2, 0);
                        go_on(g, 3);
                    }
                    3 if get(g, 2) == 5 => {
                        // SAFETY: a channel.
                        assert!(unsafe { timer::stop(m, get(g, 1), third.ptr()) });
                        return Exit::Ended;
                    }
                    3 => {
                        set(g, 2, get(g, 2) + 1);
                        may_park!(
                            g,
                            3,
                            chan::recv(m, g, third.ptr(), reg(g, 0), std::ptr::null_mut())
                        );
                    }
                    _ => {
                        fired.store(true, Ordering::Relaxed);
                        return Exit::Ended;
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn what_a_busy_goroutine_made_ready_runs_elsewhere_or_after_its_time_slice() {
    for p in ALL_PROCS {
        let ran = Arc::new(AtomicBool::new(false));
        let start = Instant::now();
        let finish = play(procs(p), move |m, g| match step(g) {
            1 => {
                spawn(m, g, 10, &[]);
                go_on(g, 2);
                while !ran.load(Ordering::Relaxed) {
                    if g.limit().load(Ordering::Relaxed) == 0 && m.safepoint(g) == Safepoint::Yield
                    {
                        return Exit::Preempted;
                    }
                }
                Exit::Ended
            }
            2 => {
                assert!(ran.load(Ordering::Relaxed) || start.elapsed() > Duration::from_millis(5));
                go_on(g, 1);
                if ran.load(Ordering::Relaxed) {
                    Exit::Ended
                } else {
                    Exit::Yielded
                }
            }
            _ => {
                ran.store(true, Ordering::Relaxed);
                Exit::Ended
            }
        });
        assert_eq!(finish, Finish::Returned);
        assert!(start.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn a_stopped_world_stands_still() {
    for p in ALL_PROCS {
        let counters: Arc<Vec<AtomicU64>> = Arc::new((0..8).map(|_| AtomicU64::new(0)).collect());
        let helped = Arc::new(AtomicUsize::new(0));
        let seen = helped.clone();
        let finish = play(procs(p), move |m, g| {
            loop {
                match step(g) {
                    1 => {
                        for i in 0..8 {
                            spawn(m, g, 10, &[i]);
                        }
                        set(g, 0, 0);
                        go_on(g, 2);
                        return Exit::Yielded;
                    }
                    2 if get(g, 0) == 200 => return Exit::Ended,
                    2 => {
                        set(g, 0, get(g, 0) + 1);
                        m.stop_the_world(|m| {
                            let sum = || {
                                counters
                                    .iter()
                                    .map(|c| c.load(Ordering::Relaxed))
                                    .sum::<u64>()
                            };
                            let before = sum();
                            m.in_parallel(m.sched().helpers(), &|_| {
                                helped.fetch_add(1, Ordering::Relaxed);
                                for _ in 0..1000 {
                                    std::hint::spin_loop();
                                }
                            });
                            assert_eq!(before, sum());
                        });
                        // Now and then let the others run.
                        if get(g, 0).is_multiple_of(40) {
                            return Exit::Yielded;
                        }
                    }
                    _ => loop {
                        counters[get(g, 0) as usize].fetch_add(1, Ordering::Relaxed);
                        if g.limit().load(Ordering::Relaxed) == 0
                            && m.safepoint(g) == Safepoint::Yield
                        {
                            return Exit::Preempted;
                        }
                    },
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
        assert!(seen.load(Ordering::Relaxed) >= 200);
    }
}

/// Register 0: what is left to do; 1: state of a random number generator. The world's words and channels are leaked or live
/// as long as the hooks.
#[test]
fn the_number_of_processors_changes_while_everything_goes_on() {
    const SETTERS: u64 = 2;
    const PAIRS: u64 = 4;
    const SLEEPERS: u64 = 4;
    const ROUNDS: u64 = 200;
    for (p, seed) in [(1, None), (2, None), (8, None), (4, Some(5))] {
        let wg = Box::leak(Box::new(0u64)) as *mut u64 as usize;
        let chans: Vec<Chan> = (0..2 * PAIRS).map(|_| Chan::new(0)).collect();
        let (spawned, retired) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let (seen_spawned, seen_retired) = (spawned.clone(), retired.clone());
        let config = Config {
            procs: p,
            seed,
            ..Config::default()
        };
        let finish = play(config, move |m, g| {
            let word = wg as *mut u64;
            let random = |g: &Goroutine, n: u64| {
                set(
                    g,
                    1,
                    get(g, 1).wrapping_mul(6364136223846793005).wrapping_add(1),
                );
                (get(g, 1) >> 33) % n
            };
            assert!(m.processor_index() < m.sched().active());
            loop {
                if g.limit().load(Ordering::Relaxed) == 0 && m.safepoint(g) == Safepoint::Yield {
                    return Exit::Preempted;
                }
                if step(g) >= 10 && get(g, 0) == 0 {
                    // SAFETY: the word is leaked.
                    unsafe { sema::wait_group_add(m, word, -1) };
                    return Exit::Ended;
                }
                match step(g) {
                    1 => {
                        let all = SETTERS + 2 * PAIRS + SLEEPERS;
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, word, all as i64) };
                        for i in 0..SETTERS {
                            spawn(m, g, 10, &[ROUNDS, i + 1]);
                        }
                        for i in 0..PAIRS {
                            spawn(m, g, 20, &[ROUNDS * 20, 0, 2 * i, 2 * i + 1]);
                            spawn(m, g, 22, &[ROUNDS * 20, 0, 2 * i, 2 * i + 1]);
                        }
                        for i in 0..SLEEPERS {
                            spawn(m, g, 30, &[ROUNDS / 4, i + 1]);
                        }
                        may_park!(g, 2, sema::wait_group_wait(m, g, word));
                    }
                    2 => return Exit::Ended,
                    // Sets the number, collects or waits a little, starts some goroutines.
                    10 => {
                        set(g, 0, get(g, 0) - 1);
                        let former = m.set_procs(
                            random(g, 9) as i64,
                            |count| assert!((1..=8).contains(&count)),
                            |_| {
                                retired.fetch_add(1, Ordering::Relaxed);
                            },
                        );
                        assert!((1..=8).contains(&former));
                        assert!(m.processor_index() < m.sched().active());
                        // SAFETY: the word is leaked.
                        unsafe { sema::wait_group_add(m, word, 10) };
                        for _ in 0..10 {
                            spawn(m, g, 40, &[1]);
                        }
                        match random(g, 3) {
                            0 => m.stop_the_world(|m| m.in_parallel(m.sched().helpers(), &|_| {})),
                            1 => m.block(g, || std::thread::sleep(Duration::from_micros(50))),
                            _ => return Exit::Yielded,
                        }
                    }
                    20 => {
                        let chan = chans[get(g, 2) as usize].ptr();
                        may_park!(g, 21, chan::send(m, g, chan, reg(g, 0)));
                    }
                    21 => {
                        set(g, 0, get(g, 0) - 1);
                        let chan = chans[get(g, 3) as usize].ptr();
                        may_park!(
                            g,
                            20,
                            chan::recv(m, g, chan, reg(g, 4), std::ptr::null_mut())
                        );
                    }
                    22 => {
                        let chan = chans[get(g, 2) as usize].ptr();
                        may_park!(
                            g,
                            23,
                            chan::recv(m, g, chan, reg(g, 4), std::ptr::null_mut())
                        );
                    }
                    23 => {
                        assert_eq!(get(g, 4), get(g, 0));
                        set(g, 0, get(g, 0) - 1);
                        let chan = chans[get(g, 3) as usize].ptr();
                        may_park!(g, 22, chan::send(m, g, chan, reg(g, 0)));
                    }
                    30 => {
                        set(g, 0, get(g, 0) - 1);
                        let time = random(g, 300_000) as i64;
                        if let Outcome::Parked = timer::sleep(m, g, time) {
                            return Exit::Parked;
                        }
                    }
                    _ => {
                        spawned.fetch_add(1, Ordering::Relaxed);
                        set(g, 0, 0);
                    }
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
        assert_eq!(seen_spawned.load(Ordering::Relaxed), SETTERS * ROUNDS * 10);
        assert_eq!(seen_retired.load(Ordering::Relaxed) > 0, seed.is_none());
    }
}

#[test]
fn two_machines_may_want_to_stop_the_world_at_once() {
    for p in ALL_PROCS {
        let left = Arc::new(AtomicUsize::new(4));
        let finish = play(procs(p), move |m, g| match step(g) {
            1 => {
                for _ in 0..4 {
                    spawn(m, g, 10, &[0]);
                }
                go_on(g, 2);
                Exit::Yielded
            }
            2 if left.load(Ordering::Relaxed) == 0 => Exit::Ended,
            2 => Exit::Yielded,
            _ if get(g, 0) == 500 => {
                left.fetch_sub(1, Ordering::Relaxed);
                Exit::Ended
            }
            _ => {
                set(g, 0, get(g, 0) + 1);
                m.stop_the_world(|m| m.in_parallel(8, &|_| {}));
                if m.safepoint(g) == Safepoint::Yield {
                    Exit::Preempted
                } else {
                    Exit::Yielded
                }
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn nobody_left_to_run_is_a_deadlock() {
    for p in ALL_PROCS {
        let finish = play(procs(p), move |m, g| match step(g) {
            1 => {
                for _ in 0..10 {
                    spawn(m, g, 10, &[]);
                }
                go_on(g, 2);
                Exit::Yielded
            }
            _ => {
                // A timer that nobody waits for does not keep the program alive.
                let unheard = Box::leak(Box::new(Chan::new(1)));
                timer::start(m, i64::MAX, 0, Target::Channel(unheard.ptr()));
                go_on(g, 3);
                // SAFETY: a nil channel.
                match unsafe { chan::send(m, g, std::ptr::null_mut(), std::ptr::null_mut()) } {
                    Outcome::Parked => Exit::Parked,
                    other => panic!("{other:?}"),
                }
            }
        });
        let Finish::Deadlock(deadlock) = finish else {
            panic!("{finish:?}")
        };
        assert_eq!(deadlock.goroutines.len(), 11);
        assert_eq!(deadlock.goroutines[0].id, 1);
        assert!(
            deadlock
                .goroutines
                .iter()
                .all(|g| g.reason == "chan send (nil chan)")
        );
    }
}

#[test]
fn a_main_that_exits_leaves_the_others_running() {
    let finish = play(procs(2), move |m, g| match step(g) {
        1 => {
            spawn(m, g, 10, &[]);
            Exit::Goexit
        }
        10 => {
            go_on(g, 11);
            match timer::sleep(m, g, 2_000_000) {
                Outcome::Parked => Exit::Parked,
                other => panic!("{other:?}"),
            }
        }
        _ => Exit::Ended,
    });
    let Finish::Deadlock(deadlock) = finish else {
        panic!("{finish:?}")
    };
    assert!(deadlock.main_exited && deadlock.goroutines.is_empty());
}

#[test]
fn a_blocking_call_does_not_hold_the_processor() {
    for p in ALL_PROCS {
        let (send, receive) = std::sync::mpsc::channel();
        let receive = std::sync::Mutex::new(receive);
        let send = std::sync::Mutex::new(send);
        let finish = play(procs(p), move |m, g| match step(g) {
            1 => {
                spawn(m, g, 10, &[]);
                go_on(g, 2);
                let got = m.block(g, || receive.lock().unwrap().recv().unwrap());
                assert_eq!(got, 42);
                Exit::Ended
            }
            _ => {
                send.lock().unwrap().send(42).unwrap();
                Exit::Ended
            }
        });
        assert_eq!(finish, Finish::Returned);
    }
}

#[test]
fn a_stack_grows_and_keeps_what_is_in_it() {
    let finish = play(procs(1), move |_, g| {
        for i in 0..FRAME as usize {
            set(g, i, i as u64);
        }
        // SAFETY: the goroutine runs here.
        unsafe {
            g.grow_stack(1000, 1 << 20).expect("room");
            assert!(g.grow_stack(usize::MAX / 16, 1 << 20).is_err());
        }
        assert_eq!(g.stack_end(), g.limit().load(Ordering::Relaxed));
        assert!((0..FRAME as usize).all(|i| get(g, i) == i as u64));
        Exit::Exit(7)
    });
    assert_eq!(finish, Finish::Exit(7));
}

#[test]
fn the_same_seed_gives_the_same_schedule() {
    let schedule = |seed| {
        let trace = Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = trace.clone();
        let finish = play(
            Config {
                procs: 4,
                seed: Some(seed),
                ..Config::default()
            },
            move |m, g| loop {
                match step(g) {
                    1 => {
                        for i in 0..5 {
                            spawn(m, g, 10, &[i, 0]);
                        }
                        go_on(g, 2);
                    }
                    2 if m.sched().num_goroutine() == 1 => return Exit::Ended,
                    2 => return Exit::Yielded,
                    _ if get(g, 1) == 5000 => return Exit::Ended,
                    _ => {
                        set(g, 1, get(g, 1) + 1);
                        if m.safepoint(g) == Safepoint::Yield {
                            trace.lock().unwrap().push((get(g, 0), get(g, 1)));
                            return Exit::Preempted;
                        }
                    }
                }
            },
        );
        assert_eq!(finish, Finish::Returned);
        seen.lock().unwrap().clone()
    };
    let first = schedule(1);
    assert!(first.len() > 10);
    assert_eq!(first, schedule(1));
    assert_ne!(first, schedule(2));
}
