//! Which goroutine runs next in a run with a seed.
//!
//! There is one machine with one processor, whose queues are replaced by this list of everything runnable. Nothing but the
//! chooser's streams and the order of events has a say here: maps are only looked up by goroutine number, never iterated.
//!
//! **Go**'s policy simulates processors: each *lane* has what it is running, a `run_next`, and a queue; a turn picks a lane, which
//! runs for a few hundred safepoints. So goroutines interleave as on several processors, under Go's rules for queues, time
//! slices and stealing.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::chooser::{Choice, Chooser};
use super::config::Policy;
use crate::goroutine::GoroutinePtr;
use crate::goroutine::table::deref;

/// The longest turn in safepoints.
const LONGEST_TURN: usize = 2000;
/// Turns that a goroutine has on a lane before it goes to the end of the global queue.
const SLICE_TURNS: u32 = 8;
/// Pct: places where a priority is lowered.
const PCT_CHANGES: usize = 2;
/// Pct: the safepoints among which these places are drawn.
const PCT_STEPS: usize = 10_000;
/// Pct: safepoints after which a goroutine that still runs is taken to wait for others in a loop, and goes behind them.
const PCT_PATIENCE: u64 = 20_000;

/// How a goroutine becomes runnable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comes {
    /// Made ready by the one that runs: its turn is next.
    Next,
    /// Made ready, behind the others.
    Last,
    /// Its turn is over, it could go on.
    Preempted,
    /// It gave up the rest of its time slice.
    Yielded,
}

#[derive(Default)]
struct Lane {
    running: Option<GoroutinePtr>,
    turns: u32,
    next: Option<GoroutinePtr>,
    queue: VecDeque<GoroutinePtr>,
}

/// Everything runnable, and what the policy remembers.
pub(crate) struct Chosen {
    policy: Policy,
    quantum: Option<u32>,
    lanes: Vec<Lane>,
    current: usize,
    /// The global queue; the one list of all other policies.
    list: VecDeque<GoroutinePtr>,
    /// Pct: by goroutine number.
    priorities: FxHashMap<u64, u64>,
    /// Pct: the steps at which the running goroutine's priority is lowered, the next one last.
    changes: Vec<u64>,
    /// Pct: falls with each priority that is lowered.
    lowest: u64,
    running: u64,
    /// Pct: the one that runs has been told to stop for one with a higher priority.
    interrupted: bool,
    hash: u64,
}

impl Chosen {
    pub(super) fn new(policy: Policy, quantum: Option<u32>, chooser: &Chooser) -> Chosen {
        let mut changes: Vec<u64> = match policy {
            Policy::Pct => (0..PCT_CHANGES)
                .map(|_| chooser.below(Choice::Next, PCT_STEPS) as u64)
                .collect(),
            _ => Vec::new(),
        };
        changes.sort_unstable_by(|a, b| b.cmp(a));
        Chosen {
            policy,
            quantum,
            lanes: Vec::new(),
            current: 0,
            list: VecDeque::new(),
            priorities: FxHashMap::default(),
            changes,
            lowest: 1 << 32,
            running: 0,
            interrupted: false,
            hash: 0,
        }
    }

    /// Takes a goroutine in. True: the one that runs is to stop at its next safepoint, because this one goes first.
    pub(super) fn push(&mut self, g: GoroutinePtr, comes: Comes, chooser: &Chooser) -> bool {
        match self.policy {
            Policy::Go => {
                self.push_to_lane(g, comes);
                false
            }
            Policy::Random | Policy::Fifo => {
                self.list.push_back(g);
                false
            }
            Policy::Pct => {
                let id = deref(g).id();
                let priority = *self
                    .priorities
                    .entry(id)
                    .or_insert_with(|| chooser.bits(Choice::Next) | 1 << 63);
                self.list.push_back(g);
                let gives_way = comes == Comes::Preempted || comes == Comes::Yielded;
                if gives_way {
                    // If not for another one's sake it may have been waiting for others in a loop.
                    if !std::mem::take(&mut self.interrupted) && self.quantum.is_none() {
                        self.lower(id);
                    }
                    return false;
                }
                let running = self.priorities.get(&self.running);
                self.interrupted = running.is_some_and(|&running| running < priority);
                self.interrupted
            }
        }
    }

    fn push_to_lane(&mut self, g: GoroutinePtr, comes: Comes) {
        if self.lanes.is_empty() {
            self.lanes.push(Lane::default());
        }
        let lane = &mut self.lanes[self.current];
        match comes {
            Comes::Next => lane.queue.extend(lane.next.replace(g)),
            Comes::Last => lane.queue.push_back(g),
            Comes::Preempted if lane.turns < SLICE_TURNS => lane.running = Some(g),
            Comes::Preempted | Comes::Yielded => self.list.push_back(g),
        }
    }

    /// The next one to run and for how many safepoints. `steps` is how many the program has passed, `procs` the number of
    /// processors that it sees.
    pub(super) fn pop(
        &mut self,
        steps: u64,
        procs: usize,
        chooser: &Chooser,
    ) -> Option<(GoroutinePtr, u32)> {
        let (g, choice) = match self.policy {
            Policy::Go => self.pop_from_lanes(procs, chooser)?,
            Policy::Random => {
                let len = self.list.len();
                if len == 0 {
                    return None;
                }
                let i = chooser.below(Choice::Next, len);
                (self.list.swap_remove_back(i)?, i)
            }
            Policy::Fifo => (self.list.pop_front()?, 0),
            Policy::Pct => self.pop_highest(steps)?,
        };
        self.running = deref(g).id();
        self.interrupted = false;
        let quantum = match (self.quantum, self.policy) {
            (Some(quantum), _) => quantum.max(1) - 1,
            (None, Policy::Fifo) => LONGEST_TURN as u32,
            (None, Policy::Pct) => {
                let change = self.changes.last().copied().unwrap_or(u64::MAX);
                change.saturating_sub(steps).min(PCT_PATIENCE) as u32
            }
            (None, _) => chooser.below(Choice::Quantum, LONGEST_TURN) as u32,
        };
        self.record(steps, self.running, choice as u64);
        Some((g, quantum))
    }

    /// A lane's turn: what it runs, else what comes next there, else what others have.
    fn pop_from_lanes(&mut self, procs: usize, chooser: &Chooser) -> Option<(GoroutinePtr, usize)> {
        while self.lanes.len() > procs.max(1) {
            if let Some(lane) = self.lanes.pop() {
                let ready = lane.running.into_iter().chain(lane.next).chain(lane.queue);
                self.list.extend(ready);
            }
        }
        self.lanes.resize_with(procs.max(1), Lane::default);
        let at = chooser.below(Choice::Next, self.lanes.len());
        self.current = at;
        let lane = &mut self.lanes[at];
        if let Some(g) = lane.running.take() {
            lane.turns += 1;
            return Some((g, at));
        }
        if let Some(g) = lane.next.take() {
            return Some((g, at));
        }
        lane.turns = 0;
        let own = lane.queue.pop_front();
        let g = own
            .or_else(|| self.list.pop_front())
            .or_else(|| self.steal(at, chooser))?;
        Some((g, at))
    }

    /// Half of another lane's queue; at last what comes next on it, or what it runs (then the thief is idle and the victim goes on).
    fn steal(&mut self, thief: usize, chooser: &Chooser) -> Option<GoroutinePtr> {
        let lanes = self.lanes.len();
        let start = chooser.below(Choice::Victim, lanes);
        let victims = (0..lanes).map(|i| (start + i) % lanes);
        for victim in victims.clone() {
            let len = self.lanes[victim].queue.len();
            if victim == thief || len == 0 {
                continue;
            }
            let stolen: Vec<_> = self.lanes[victim].queue.drain(..len.div_ceil(2)).collect();
            self.lanes[thief].queue.extend(stolen);
            return self.lanes[thief].queue.pop_front();
        }
        for victim in victims.clone() {
            if let Some(g) = self.lanes[victim].next.take() {
                return Some(g);
            }
        }
        for victim in victims {
            if let Some(g) = self.lanes[victim].running.take() {
                self.current = victim;
                self.lanes[victim].turns += 1;
                return Some(g);
            }
        }
        None
    }

    fn pop_highest(&mut self, steps: u64) -> Option<(GoroutinePtr, usize)> {
        while self.changes.last().is_some_and(|&at| at <= steps) {
            self.changes.pop();
            self.lower(self.running);
        }
        let priority = |g: &GoroutinePtr| self.priorities.get(&deref(*g).id()).copied();
        let at = (0..self.list.len()).max_by_key(|&i| priority(&self.list[i]))?;
        Some((self.list.remove(at)?, at))
    }

    fn lower(&mut self, id: u64) {
        self.lowest -= 1;
        self.priorities.insert(id, self.lowest);
    }

    /// A goroutine ended.
    pub(super) fn forget(&mut self, id: u64) {
        self.priorities.remove(&id);
    }

    /// Adds a choice to the hash of the schedule.
    pub(super) fn record(&mut self, step: u64, id: u64, choice: u64) {
        for word in [step, id, choice] {
            self.hash = (self.hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    /// The hash of all choices so far.
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }
}
