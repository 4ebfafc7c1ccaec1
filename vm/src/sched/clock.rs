//! The program's clock: the system's, or a virtual one.
//!
//! The virtual clock stands still while anything runs or can run, however long that takes, and is moved to the moment of the next timer
//! by the machine that finds nothing runnable, under the idle lock. A goroutine that waits for a lock or a channel does not keep it from
//! moving; one in a system call does, since what it waits for does not go by our clock. A loop that waits for the time to
//! pass by looking at the clock never ends: nothing but waiting moves it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::Scheduler;
use super::config::Time;
use super::idle::Idle;
use crate::sync::raw::{AtomicU64, Ordering};

/// What the virtual clock shows at first: `time` takes a reading of 0 for none.
const FIRST: u64 = 1;

/// See the module's text.
pub(super) struct Clock {
    started: Instant,
    time: Time,
    /// The virtual time since the start in nanoseconds, plus [`FIRST`]. Written under the idle lock.
    elapsed: AtomicU64,
}

impl Clock {
    pub(super) fn new(time: Time) -> Clock {
        Clock {
            started: Instant::now(),
            time,
            elapsed: AtomicU64::new(FIRST),
        }
    }

    /// Nanoseconds since the start.
    #[inline]
    pub(super) fn now(&self) -> u64 {
        match self.time {
            Time::Real => self.started.elapsed().as_nanos() as u64,
            // Relaxed: it moves only while nothing runs.
            Time::Virtual { .. } => self.elapsed.load(Ordering::Relaxed),
        }
    }

    /// How long the program has been running, by the clock on the wall.
    pub(super) fn real_elapsed(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// Nanoseconds since 1970.
    pub(super) fn wall(&self) -> i64 {
        match self.time {
            Time::Real => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |d| d.as_nanos() as i64),
            Time::Virtual { start } => start.saturating_add_unsigned(self.now() - FIRST),
        }
    }
}

impl Scheduler {
    /// Moves a model's clock, which is a virtual one.
    #[cfg(loom)]
    pub(crate) fn advance_clock_for_model(&self, by: u64) {
        self.clock.elapsed.fetch_add(by, Ordering::Relaxed);
    }

    /// Virtual time, and nothing can run before the next timer: moves the clock there. True if it did. The caller found
    /// all queues empty after it took the idle lock.
    pub(super) fn advance_clock(&self, idle: &Idle) -> bool {
        if self.clock.time == Time::Real || !self.is_quiet(idle) || !self.timers_matter() {
            return false;
        }
        let deadline = self.next_deadline();
        if deadline == u64::MAX {
            return false;
        }
        // Relaxed: who runs next has taken the idle lock after us.
        self.clock.elapsed.fetch_max(deadline, Ordering::Relaxed);
        true
    }
}
