//! Where output goes. While a line is being edited, whole lines go through the editor, which puts them above it; at all other
//! times, and where there is no terminal, output goes straight out.

use rustyline::ExternalPrinter;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Standard output and standard error of a session.
pub(crate) struct Screen {
    terminal: bool,
    color: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    printer: Option<Box<dyn ExternalPrinter + Send>>,
    /// A line is being edited.
    editing: bool,
    /// The beginning of a line that was printed while one was being edited.
    held: Vec<u8>,
    /// A line that says what is waited for stands below the output.
    waiting: bool,
    /// The last thing written out ended a line.
    at_line_start: bool,
}

impl Screen {
    pub(crate) fn new(terminal: bool) -> Screen {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Screen {
            terminal,
            color: terminal && !no_color && !dumb,
            state: Mutex::new(State {
                at_line_start: true,
                ..State::default()
            }),
        }
    }

    /// It is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Colors are wanted.
    pub(crate) fn has_color(&self) -> bool {
        self.color
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Output goes through this while a line is edited.
    pub(crate) fn set_printer(&self, printer: Box<dyn ExternalPrinter + Send>) {
        self.state().printer = Some(printer);
    }

    /// A line is going to be edited: the cursor goes to the start of a line.
    pub(crate) fn begin_edit(&self) {
        let mut state = self.state();
        clear_waiting(&mut state);
        if !std::mem::replace(&mut state.at_line_start, true) {
            println_out(b"\n");
        }
        state.editing = true;
    }

    /// The line is complete. What was held back comes out.
    pub(crate) fn end_edit(&self) {
        let mut state = self.state();
        state.editing = false;
        let held = std::mem::take(&mut state.held);
        if !held.is_empty() {
            println_out(&held);
            state.at_line_start = false;
        }
    }

    /// What the program prints.
    pub(crate) fn output(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.editing && state.printer.is_some() {
            state.held.extend_from_slice(bytes);
            let Some(end) = state.held.iter().rposition(|&byte| byte == b'\n') else {
                return;
            };
            let lines: Vec<u8> = state.held.drain(..=end).collect();
            let text = String::from_utf8_lossy(&lines).into_owned();
            if let Some(printer) = &mut state.printer {
                // The editor is leaving: it does not matter where the output lands.
                let _ = printer.print(text);
            }
            return;
        }
        clear_waiting(&mut state);
        println_out(bytes);
        state.at_line_start = bytes.last().is_none_or(|&byte| byte == b'\n');
    }

    /// What is said about the program: on standard error, unless that is the same terminal.
    pub(crate) fn error(&self, bytes: &[u8]) {
        if self.terminal {
            self.output(bytes);
            return;
        }
        let _ = std::io::stderr().lock().write_all(bytes);
    }

    /// A line that goes away as soon as something else is printed.
    pub(crate) fn show_waiting(&self, text: &str) {
        if !self.terminal {
            return;
        }
        let mut state = self.state();
        clear_waiting(&mut state);
        if !state.at_line_start {
            return;
        }
        println_out(text.as_bytes());
        state.waiting = true;
    }

    /// Takes that line away.
    pub(crate) fn hide_waiting(&self) {
        clear_waiting(&mut self.state());
    }
}

fn clear_waiting(state: &mut State) {
    if std::mem::take(&mut state.waiting) {
        println_out(b"\r\x1b[K");
    }
}

fn println_out(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    // A reader that went away is no error of the session.
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}
