//! The program's standard output, buffered for the whole VM.
//!
//! What a program prints must be visible soon, but a write system call for each line is what makes printing slow. So output is collected
//! and written when it is much, when nothing was written for a while, when a line ends on a terminal, when the monitor finds it
//! waiting, before anything goes to standard error, and at exit. A run with a seed has no monitor and writes at once.
//! A session shows the output itself, above what is being typed.

use crate::sync::Mutex;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Bytes that are collected before they are written.
const CAPACITY: usize = 32 * 1024;

/// What is printed this long after the last write is written at once.
const PAUSE: Duration = Duration::from_millis(5);

/// Shows what a session's program prints.
pub type Sink = Box<dyn Fn(&[u8]) + Send + Sync>;

/// Where standard output goes.
pub(crate) struct Output {
    pending: Mutex<Pending>,
    terminal: bool,
    /// Nothing waits.
    immediate: bool,
}

/// What waits to be written.
struct Pending {
    bytes: Vec<u8>,
    last_write: Option<Instant>,
    /// In place of standard output.
    sink: Option<Sink>,
}

impl Output {
    /// Output to the sink, or if there is none to the process's own standard output.
    pub(crate) fn new(immediate: bool, sink: Option<Sink>) -> Output {
        Output {
            pending: Mutex::new(Pending {
                bytes: Vec::with_capacity(CAPACITY),
                last_write: None,
                sink,
            }),
            terminal: io::stdout().is_terminal(),
            immediate,
        }
    }

    /// Appends to the output. True: some of it waits, and somebody must flush it soon.
    pub(crate) fn write(&self, bytes: &[u8]) -> bool {
        let mut pending = self.pending.lock();
        pending.bytes.extend_from_slice(bytes);
        let line_is_due = self.terminal && bytes.contains(&b'\n');
        let waits = !self.immediate
            && !line_is_due
            && pending.bytes.len() < CAPACITY
            && pending.last_write.is_some_and(|at| at.elapsed() < PAUSE);
        if !waits {
            pending.write_out();
        }
        waits
    }

    /// Writes what is waiting.
    pub(crate) fn flush(&self) {
        self.pending.lock().write_out();
    }
}

impl Pending {
    /// A reader that has gone ends the process by SIGPIPE, as in Go; other errors are the program's loss, as with Go's fmt.Println.
    fn write_out(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        if let Some(sink) = &self.sink {
            sink(&self.bytes);
            self.bytes.clear();
            self.last_write = Some(Instant::now());
            return;
        }
        let mut stdout = io::stdout().lock();
        let result = stdout.write_all(&self.bytes).and_then(|()| stdout.flush());
        if result.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            end_by_sigpipe();
        }
        self.bytes.clear();
        self.last_write = Some(Instant::now());
    }
}

/// Ends the process as the signal does that Rust's runtime ignores.
fn end_by_sigpipe() {
    // SAFETY: it touches no memory of this process.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_DFL);
        libc::raise(libc::SIGPIPE);
    }
}
