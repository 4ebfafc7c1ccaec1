//! What natives of `net` ask of the poller, with a safe face.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::goroutine;
use crate::native::{Call, Outcome};
use crate::sched::poller;

pub use crate::sched::poller::{Descriptor, Direction, Refusal};

impl Call<'_> {
    /// Takes a descriptor in non-blocking mode into the poller's care; the result is its key, never 0.
    pub fn watch(&mut self, fd: OwnedFd) -> io::Result<u64> {
        self.m.sched().watch_descriptor(fd).map(|key| key as u64)
    }

    /// The descriptor of a key, unless it was closed.
    pub fn descriptor(&self, key: u64) -> Option<Arc<Descriptor>> {
        self.m.sched().poller.get(key as usize)
    }

    /// Parks the goroutine until the descriptor may be ready, is closed, or its deadline passes; then it tries again.
    pub fn wait_descriptor(&mut self, key: u64, direction: Direction) -> Outcome {
        match poller::wait(self.m, self.g, key as usize, direction) {
            goroutine::Outcome::Parked => Outcome::Parked,
            _ => Outcome::Done,
        }
    }

    /// Says whether a descriptor's deadline has passed; if so, those who wait are woken.
    pub fn set_expired(&mut self, key: u64, direction: Direction, expired: bool) {
        poller::set_expired(self.m, key as usize, direction, expired);
    }

    /// Closes a descriptor; false if it was closed before.
    pub fn close_descriptor(&mut self, key: u64) -> bool {
        poller::close(self.m, key as usize)
    }
}
