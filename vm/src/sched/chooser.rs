//! Every choice that the schedule depends on.
//!
//! Each kind of choice has its own stream of pseudo-random numbers, so that asking for one more
//! map start does not change which goroutine runs next. Seeded by the user (`--seed=N`), the streams alone
//! decide the schedule: no address, clock or hash order has a say. Otherwise each processor has
//! a chooser of its own, seeded by its index and the time.

use std::cell::Cell;

/// What is being chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// The next goroutine to run.
    Next,
    /// The order in which a select looks at its cases.
    Select,
    /// The order in which other processors are looked at for work.
    Victim,
    /// The number of safepoints to the next preemption.
    Quantum,
    /// Where the iteration of a map starts.
    Map,
    /// `math/rand` without a seed of its own.
    Rand,
    /// Which of the timers that are due at one moment goes first.
    Timer,
}

const KINDS: usize = 7;

/// The streams.
#[derive(Debug)]
pub struct Chooser {
    streams: [Cell<u64>; KINDS],
}

impl Chooser {
    /// Streams that follow from `seed` alone.
    pub fn new(seed: u64) -> Chooser {
        let mut state = seed;
        Chooser {
            streams: std::array::from_fn(|_| Cell::new(splitmix(&mut state))),
        }
    }

    /// 64 bits.
    #[inline]
    pub fn bits(&self, choice: Choice) -> u64 {
        let stream = &self.streams[choice as usize];
        let mut state = stream.get();
        let bits = splitmix(&mut state);
        stream.set(state);
        bits
    }

    /// A number below `n`, which is not 0.
    #[inline]
    pub fn below(&self, choice: Choice, n: usize) -> usize {
        ((u128::from(self.bits(choice)) * n as u128) >> 64) as usize
    }
}

/// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014).
#[inline]
fn splitmix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_follow_from_the_seed_and_not_from_each_other() {
        let (a, b) = (Chooser::new(7), Chooser::new(7));
        let plain: Vec<_> = (0..100).map(|_| a.below(Choice::Next, 10)).collect();
        let mixed: Vec<_> = (0..100)
            .map(|_| {
                b.bits(Choice::Map);
                b.below(Choice::Next, 10)
            })
            .collect();
        assert_eq!(plain, mixed);
        assert!((0..10).all(|n| plain.contains(&n)));
        assert_ne!(
            Chooser::new(8).bits(Choice::Next),
            Chooser::new(7).bits(Choice::Next)
        );
    }
}
