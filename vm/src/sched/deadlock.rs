//! Deadlocks: finding out that no goroutine can ever run again, and the dump of all goroutines.
//!
//! The check is exact: it is made under the idle lock by a machine that gave up the last processor and found
//! all queues empty. Nobody runs then; only a timer or a system call could make something runnable.

use std::collections::VecDeque;
use std::fmt::Write;

use super::Scheduler;
use super::idle::Idle;
use crate::goroutine::{Goroutine, IN_NATIVE, Status};
use crate::sync::atomic::Ordering;

/// Frames of a dump above and below an elision.
const SHOWN_FRAMES: usize = 50;

/// A frame of a dump.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// As Go prints it: `main.(*T).M`.
    pub func: String,
    /// It has parameters, or is a method.
    pub has_parameters: bool,
    /// The file's name.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// It is a function of the library.
    pub library: bool,
}

/// The frames that a dump shows, innermost first: of a deep stack only both ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trace {
    innermost: Vec<Symbol>,
    elided: usize,
    outermost: Vec<Symbol>,
}

impl Trace {
    /// Takes the frames innermost first and asks for the symbols of those that are shown: a stack
    /// that overflowed has millions of frames.
    pub fn new<F>(mut frames: impl Iterator<Item = F>, symbol: impl Fn(F) -> Symbol) -> Trace {
        let innermost = frames.by_ref().take(SHOWN_FRAMES).map(&symbol).collect();
        let mut elided = 0;
        let mut outermost = VecDeque::with_capacity(SHOWN_FRAMES);
        for frame in frames {
            if outermost.len() == SHOWN_FRAMES {
                outermost.pop_front();
                elided += 1;
            }
            outermost.push_back(frame);
        }
        Trace {
            innermost,
            elided,
            outermost: outermost.into_iter().map(symbol).collect(),
        }
    }

    /// The innermost frame, outside of the library if there is one.
    pub fn first_shown(&self) -> Option<&Symbol> {
        let mut frames = self.innermost.iter().chain(&self.outermost);
        frames
            .clone()
            .find(|symbol| !symbol.library)
            .or_else(|| frames.next())
    }

    fn write(&self, text: &mut String) {
        for frame in &self.innermost {
            frame.write(text);
        }
        if self.elided > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "...{} frames elided...", self.elided);
        }
        for frame in &self.outermost {
            frame.write(text);
        }
    }
}

impl Symbol {
    fn write(&self, text: &mut String) {
        let arguments = if self.has_parameters { "..." } else { "" };
        let Symbol {
            func, file, line, ..
        } = self;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{func}({arguments})\n\t{file}:{line}");
    }
}

/// A goroutine as a dump shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GoroutineDump {
    /// Its number.
    pub id: u64,
    /// What it does or why it waits.
    pub reason: &'static str,
    /// For how many minutes.
    pub minutes: u32,
    /// Where it is.
    pub frames: Trace,
    /// The frame of the `go` statement, and the goroutine that was in it; none for main.
    pub created_by: Option<(Symbol, u64)>,
}

/// A deadlock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deadlock {
    /// There is no goroutine left: main called `runtime.Goexit`.
    pub main_exited: bool,
    /// All goroutines, by number.
    pub goroutines: Vec<GoroutineDump>,
}

impl Deadlock {
    /// As Go reports it.
    pub fn text(&self) -> String {
        let mut text = String::from("fatal error: ");
        text.push_str(if self.main_exited {
            "no goroutines (main called runtime.Goexit) - deadlock!\n"
        } else {
            "all goroutines are asleep - deadlock!\n"
        });
        for goroutine in &self.goroutines {
            text.push('\n');
            text.push_str(&goroutine.text());
        }
        text
    }
}

impl GoroutineDump {
    /// As Go prints it, up to the last line's end.
    pub fn text(&self) -> String {
        let mut text = format!("goroutine {} [{}", self.id, self.reason);
        if self.minutes > 0 {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {} minutes", self.minutes);
        }
        text.push_str("]:\n");
        self.frames.write(&mut text);
        if let Some((creator, id)) = &self.created_by {
            let _ = write!(text, "created by {}", creator.func);
            if *id != 0 {
                let _ = write!(text, " in goroutine {id}");
            }
            let _ = writeln!(text, "\n\t{}:{}", creator.file, creator.line);
        }
        text
    }
}

impl Scheduler {
    /// Nothing can ever run again. The caller found all queues empty after it took the idle lock.
    pub(crate) fn is_deadlocked(&self, idle: &Idle) -> bool {
        self.is_quiet(idle) && !self.timers_matter()
    }

    /// Nothing runs, or will before a timer is due. The caller found all queues empty after it took the idle lock.
    pub(crate) fn is_quiet(&self, idle: &Idle) -> bool {
        self.is_quiet_but_for(idle, 0)
    }

    /// Nothing can ever run again unless the goroutine that serves a session makes it, which waits as if in a system call.
    pub(crate) fn is_stuck(&self) -> bool {
        let idle = self.idle.lock();
        !self.look_again() && self.is_quiet_but_for(&idle, 1) && !self.timers_matter()
    }

    /// The same as [`Scheduler::is_quiet`], with so many system calls that do not count.
    fn is_quiet_but_for(&self, idle: &Idle, calls: usize) -> bool {
        idle.processors.len() == self.active()
            && idle.blocked == calls
            && !self.poller.is_waited_for()
            && idle.returning.is_empty()
            && !idle.world.stopping
    }

    pub(crate) fn deadlock_report(&self) -> Deadlock {
        let goroutines = self.dump_goroutines();
        // Relaxed: the machine that ended main has given up its processor since.
        let main_exited = self.main_exited.load(Ordering::Relaxed) && goroutines.is_empty();
        Deadlock {
            main_exited,
            goroutines,
        }
    }

    /// All goroutines, by number. Only while the world is stopped, or by who knows that none runs.
    pub fn dump_goroutines(&self) -> Vec<GoroutineDump> {
        let mut dumps = Vec::new();
        // SAFETY: nothing runs, so every goroutine is at a safepoint.
        self.for_each_goroutine(|g| dumps.push(unsafe { self.dump(g) }));
        dumps.sort_by_key(|dump| dump.id);
        dumps
    }

    /// One goroutine.
    ///
    /// # Safety
    /// It is at a safepoint and stays there: it does not run, or is the caller's own with pc and base saved.
    pub unsafe fn dump(&self, g: &Goroutine) -> GoroutineDump {
        let symbol = &self.hooks().symbol;
        let reason = match g.status() {
            Status::Waiting => g.reason().text(),
            Status::Running if g.flags.get() & IN_NATIVE != 0 => "syscall",
            Status::Running => "running",
            _ => "runnable",
        };
        let seconds = match g.since.get() {
            0 => 0,
            since => (self.now() / 1_000_000_000) as u32 + 1 - since,
        };
        GoroutineDump {
            id: g.id(),
            reason,
            minutes: seconds / 60,
            frames: (self.hooks().frames)(g),
            created_by: (!g.created_at().is_null())
                .then(|| symbol(g.created_at()))
                .flatten()
                .map(|creator| (creator, g.parent())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_what_go_prints() {
        let symbol = |func: &str, line| Symbol {
            func: func.to_owned(),
            has_parameters: func != "main.main",
            file: "/path/main.go".to_owned(),
            line,
            library: false,
        };
        let deadlock = Deadlock {
            main_exited: false,
            goroutines: vec![
                GoroutineDump {
                    id: 1,
                    reason: "sync.WaitGroup.Wait",
                    minutes: 0,
                    frames: Trace::new([16].into_iter(), |line| symbol("main.main", line)),
                    created_by: None,
                },
                GoroutineDump {
                    id: 18,
                    reason: "chan send",
                    minutes: 2,
                    frames: Trace::new([7].into_iter(), |line| symbol("main.worker", line)),
                    created_by: Some((symbol("main.main", 14), 1)),
                },
            ],
        };
        let expected = "fatal error: all goroutines are asleep - deadlock!

goroutine 1 [sync.WaitGroup.Wait]:
main.main()
\t/path/main.go:16

goroutine 18 [chan send, 2 minutes]:
main.worker(...)
\t/path/main.go:7
created by main.main in goroutine 1
\t/path/main.go:14
";
        assert_eq!(deadlock.text(), expected);
    }

    #[test]
    fn elides_the_middle_of_a_deep_stack() {
        let lines_of = |depth: u32| {
            let frames = Trace::new(0..depth, |line| Symbol {
                func: "f".to_owned(),
                has_parameters: true,
                file: "a.go".to_owned(),
                line,
                library: false,
            });
            let mut text = String::new();
            frames.write(&mut text);
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines_of(100).len(), 200);
        let deep = lines_of(1000);
        assert_eq!(deep.len(), 201);
        assert_eq!(deep[99], "\ta.go:49");
        assert_eq!(deep[100], "...900 frames elided...");
        assert_eq!(deep[102], "\ta.go:950");
    }
}
