//! The prompt: `minigo repl`.
//!
//! | file | subject |
//! |---|---|
//! | `show.mgo` | what the session itself runs: waiting for inputs, showing values |
//! | `engine` | a session of the compiler and one of the machine, kept in step: evaluating, waiting, diagnosing |
//! | `input` | whether an input is complete, and splitting a script into inputs |
//! | `command` | what begins with a colon |
//! | `goroutines` | the commands that show and move goroutines |
//! | `save` | the session as a program |
//! | `screen` | where output goes: above the prompt, or simply out |
//! | `editor` | the line editor: history, highlighting, completion |
//!
//! On a terminal the editor asks for inputs; elsewhere inputs come from standard input without prompts, and the exit code
//! is that of the last one that failed.

mod command;
mod editor;
mod engine;
mod goroutines;
mod input;
mod save;
mod screen;

use crate::runtime_flags::RuntimeFlags;
use engine::{Engine, Next};
use screen::Screen;
use std::io::{IsTerminal, Read};
use std::sync::Arc;

/// Runs the prompt, with the program's type errors and values in color or not, and gives the exit status. Needs a big stack.
pub(crate) fn run(flags: RuntimeFlags) -> i32 {
    let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
    let screen = Arc::new(Screen::new(terminal));
    let engine = Engine::new(flags, screen.clone());
    let engine = match engine {
        Ok(engine) => engine,
        Err(error) => crate::console::fail(&error.to_string()),
    };
    if terminal {
        return editor::run(engine, &screen);
    }
    run_script(engine)
}

/// Runs the inputs on standard input.
fn run_script(mut engine: Engine) -> i32 {
    let mut bytes = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut bytes) {
        crate::console::fail(&format!(
            "read standard input: {}",
            crate::console::reason(&error)
        ));
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut status = 0;
    for input in input::split(&text) {
        match engine.enter(&input) {
            Next::Done => {}
            Next::Failed(code) => status = code,
            Next::Quit => break,
            Next::Exit(code) => return code,
        }
    }
    engine.finish();
    status
}
