//! What a scheduler is made with: how many processors, which schedule, which clock, which limits.

use std::time::Duration;

/// The settings of a scheduler. The default is a program's with nothing asked for.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Number of processors at first, 1 to [`super::MAX_PROCS`].
    pub procs: usize,
    /// Replays the schedule of this seed: one machine, every choice from it.
    pub seed: Option<u64>,
    /// With a seed: how the next goroutine is chosen.
    pub policy: Policy,
    /// The clock.
    pub time: Time,
    /// Where a goroutine may lose its processor to another one.
    pub preempt: Preempt,
    /// Safepoints (calls and turns of loops) to the end of a time slice, in place of the clock or the seed.
    pub quantum: Option<u32>,
    /// Processors without work take others'.
    pub steal: bool,
    /// Safepoints that the program may pass.
    pub max_steps: Option<u64>,
    /// Goroutines that may be alive at once.
    pub max_goroutines: Option<usize>,
    /// How long the program may run, by the clock on the wall.
    pub timeout: Option<Duration>,
    /// Prints a line about the scheduler to standard error so often.
    pub trace: Option<Duration>,
    /// Prints a line about each processor, machine and goroutine with it.
    pub trace_detail: bool,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            procs: 1,
            seed: None,
            policy: Policy::Go,
            time: Time::Real,
            preempt: Preempt::Loops,
            quantum: None,
            steal: true,
            max_steps: None,
            max_goroutines: None,
            timeout: None,
            trace: None,
            trace_detail: false,
        }
    }
}

impl Config {
    /// Every safepoint is looked at, not only those at which something was asked for.
    pub(crate) fn counts_safepoints(&self) -> bool {
        self.seed.is_some()
            || self.quantum.is_some()
            || self.max_steps.is_some()
            || self.preempt != Preempt::Loops
    }
}

/// How the next goroutine is chosen in a run with a seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// As Go's scheduler does on several processors, which are simulated one after the other.
    #[default]
    Go,
    /// Any runnable one, all equally likely.
    Random,
    /// The one that has been runnable for longest; it runs until it waits or has had its quantum.
    Fifo,
    /// Probabilistic concurrency testing: the one with the highest priority; priorities are drawn at the start and lowered at a
    /// few random places (Burckhardt et al., 2010).
    Pct,
}

/// Which clock the program sees.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Time {
    /// The system's.
    #[default]
    Real,
    /// One that stands still while anything can run, and jumps to the next timer when nothing can. It starts at this many
    /// nanoseconds after 1970.
    Virtual {
        /// When the program starts.
        start: i64,
    },
}

/// Where a goroutine may lose its processor although it could go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preempt {
    /// Nowhere: only where it waits or calls `runtime.Gosched`.
    Off,
    /// At calls.
    Calls,
    /// At calls and at turns of loops.
    #[default]
    Loops,
}
