//! The program's standard output, buffered for the whole VM.
//!
//! What a program prints must be visible soon, but a write system call for each line is what makes printing slow. So output is collected
//! and written when it is much, when a line ends on a terminal, when the monitor finds it waiting, before anything goes to
//! standard error, and at exit.

use crate::sync::{Mutex, MutexGuard};
use std::io::{IsTerminal, Write};

/// Bytes that are collected before they are written.
const CAPACITY: usize = 32 * 1024;

/// Where standard output goes.
pub(crate) struct Output {
    buffer: Mutex<Vec<u8>>,
    terminal: bool,
}

impl Output {
    /// Output to the process's own standard output.
    pub(crate) fn new() -> Output {
        Output {
            buffer: Mutex::new(Vec::with_capacity(CAPACITY)),
            terminal: std::io::stdout().is_terminal(),
        }
    }

    /// Appends to the output. Errors of the descriptor are final: a closed pipe ends the process by SIGPIPE, as in Go.
    pub(crate) fn write(&self, bytes: &[u8]) {
        let mut buffer = self.buffer.lock();
        buffer.extend_from_slice(bytes);
        if buffer.len() >= CAPACITY || (self.terminal && bytes.contains(&b'\n')) {
            Self::write_out(&mut buffer);
        }
    }

    /// Writes what is waiting.
    pub(crate) fn flush(&self) {
        Self::write_out(&mut self.buffer.lock());
    }

    fn write_out(buffer: &mut MutexGuard<'_, Vec<u8>>) {
        if !buffer.is_empty() {
            let mut stdout = std::io::stdout().lock();
            // Nobody is left to tell when writing fails; Go's fmt.Println ignores it as well.
            let _ = stdout.write_all(buffer).and_then(|()| stdout.flush());
            buffer.clear();
        }
    }
}
