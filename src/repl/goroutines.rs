//! Goroutines as the prompt shows them, and the commands that look at them and move them.

use super::engine::Engine;
use minigo_compiler::session::{Declared, DeclaredKind};
use minigo_vm::session::{GoroutineInfo, Place};
use std::fmt::Write;

impl Engine {
    /// What stands in the way of an input that can never go on.
    pub(super) fn explain_block(&self, id: u64) {
        let goroutines = self.machine.goroutines();
        let mut text = String::from("fatal error: this input waits for ever - deadlock!\n");
        let Some(own) = goroutines.iter().find(|g| g.dump.id == id) else {
            return;
        };
        let _ = writeln!(
            text,
            "\nIt waits for {}, and {}.",
            self.reason(own),
            nobody(own)
        );
        let others: Vec<&GoroutineInfo> = goroutines.iter().filter(|g| g.dump.id != id).collect();
        if !others.is_empty() {
            text.push_str("The other goroutines wait, too:\n");
            for other in others.iter().take(10) {
                let _ = writeln!(
                    text,
                    "  goroutine {}: {}{}",
                    other.dump.id,
                    self.reason(other),
                    place(other)
                );
            }
            if others.len() > 10 {
                let _ = writeln!(text, "  and {} more", others.len() - 10);
            }
        }
        text.push('\n');
        text.push_str(&own.dump.text());
        self.screen.error(text.as_bytes());
    }

    /// One line about a goroutine that has not come back yet; None if it runs.
    pub(super) fn what_it_waits_for(&self, id: u64) -> Option<String> {
        let goroutines = self.machine.goroutines();
        let own = goroutines.iter().find(|g| g.dump.id == id)?;
        if matches!(own.dump.reason, "running" | "runnable") {
            return None;
        }
        let others = goroutines.len() - 1;
        let who = match others {
            0 => "a timer may wake it".to_string(),
            1 => "another goroutine or a timer may wake it".to_string(),
            n => format!("{n} other goroutines or a timer may wake it"),
        };
        Some(format!("{}; {who}", self.reason(own)))
    }

    /// After Ctrl-C: says which goroutines the input has started.
    pub(super) fn tell_left_behind(&self, id: u64) {
        let left = self.started_by(id);
        if left.is_empty() {
            return;
        }
        let list: Vec<String> = left.iter().map(u64::to_string).collect();
        let (noun, verb, them) = match left.len() {
            1 => ("goroutine", "runs", "it"),
            _ => ("goroutines", "run", "them"),
        };
        self.note(&format!(
            "{noun} {} that it started still {verb}; :kill new ends {them}",
            list.join(", ")
        ));
    }

    /// The goroutines that one has started, directly or through others.
    pub(super) fn started_by(&self, id: u64) -> Vec<u64> {
        let goroutines = self.machine.goroutines();
        let mut family = vec![id];
        // Numbers of children may be lower than those of their parents: several processors hand them out.
        loop {
            let before = family.len();
            for g in &goroutines {
                let parent = g.dump.created_by.as_ref().map(|(_, parent)| *parent);
                if parent.is_some_and(|parent| family.contains(&parent))
                    && !family.contains(&g.dump.id)
                {
                    family.push(g.dump.id);
                }
            }
            if family.len() == before {
                break;
            }
        }
        family.retain(|&member| member != id && goroutines.iter().any(|g| g.dump.id == member));
        family.sort_unstable();
        family
    }

    /// What a goroutine waits for, with the names of variables.
    fn reason(&self, g: &GoroutineInfo) -> String {
        let names: Vec<String> = g
            .places
            .iter()
            .filter_map(|place| self.name_of(*place))
            .collect();
        match names.is_empty() {
            true => g.dump.reason.to_string(),
            false => format!("{} on {}", g.dump.reason, names.join(", ")),
        }
    }

    /// The variable of the prompt that holds a channel, or is the lock.
    fn name_of(&self, place: Place) -> Option<String> {
        let declared = self.compiler.borrow().declared();
        let variables = declared
            .iter()
            .filter(|object| object.kind == DeclaredKind::Variable);
        for variable in variables {
            let Some(offset) = self.offset_of(variable) else {
                continue;
            };
            let found = match place {
                Place::Channel(address) => {
                    is_channel(variable) && self.machine.global_word(offset) == address
                }
                Place::Lock(address) => {
                    is_lock(variable) && self.machine.covers(offset, words(variable), address)
                }
                Place::Nowhere => false,
            };
            if found {
                return Some(variable.name.clone());
            }
        }
        None
    }

    fn offset_of(&self, variable: &Declared) -> Option<u32> {
        self.compiler.borrow().offset_of(variable.global?)
    }

    /// `:go`
    pub(super) fn list_goroutines(&self) -> String {
        let goroutines = self.machine.goroutines();
        if goroutines.is_empty() {
            return "no goroutines\n".to_string();
        }
        let mut rows = Vec::with_capacity(goroutines.len());
        for g in &goroutines {
            let mut state = self.reason(g);
            if g.seconds > 0 {
                let _ = write!(state, ", {} s", g.seconds);
            }
            if g.frozen && g.dump.reason != "frozen" {
                state.push_str(", to be frozen");
            }
            let at = place(g).trim_start_matches(" at ").to_string();
            let created = match &g.dump.created_by {
                Some((symbol, parent)) => {
                    format!("by goroutine {parent} at {}:{}", symbol.file, symbol.line)
                }
                None => "by the prompt".to_string(),
            };
            rows.push([g.dump.id.to_string(), state, at, created]);
        }
        table(["id", "state", "where", "created"], &rows)
    }

    /// `:stack`
    pub(super) fn stack(&self, id: u64) -> Option<String> {
        let goroutines = self.machine.goroutines();
        let found = goroutines.iter().find(|g| g.dump.id == id)?;
        Some(found.dump.text())
    }

    /// `:chan`
    pub(super) fn describe_channel(&self, name: &str) -> Result<String, String> {
        let variable = self.variable(name)?;
        if !is_channel(&variable) {
            return Err(format!("{name} is no channel but {}", variable.ty));
        }
        let info = self
            .offset_of(&variable)
            .and_then(|offset| self.machine.channel(offset));
        let Some(info) = info else {
            return Ok(format!(
                "{name} is a nil {}: whoever uses it waits for ever\n",
                variable.ty
            ));
        };
        let mut text = format!("{name} // {}\n", variable.ty);
        let _ = writeln!(
            text,
            "  holds {} of {}{}",
            info.len,
            info.cap,
            if info.closed { ", closed" } else { "" }
        );
        let _ = writeln!(text, "  waiting to receive: {}", numbers(&info.receivers));
        let _ = writeln!(text, "  waiting to send: {}", numbers(&info.senders));
        Ok(text)
    }

    /// `:lock`
    pub(super) fn describe_lock(&self, name: &str) -> Result<String, String> {
        let variable = self.variable(name)?;
        let offset = self
            .offset_of(&variable)
            .ok_or_else(|| format!("nothing has used {name} yet"))?;
        let waiting: Vec<u64> = self
            .machine
            .goroutines()
            .iter()
            .filter(|g| {
                g.places.iter().any(|place| match place {
                    Place::Lock(address) => self.machine.covers(offset, words(&variable), *address),
                    _ => false,
                })
            })
            .map(|g| g.dump.id)
            .collect();
        let state = match variable.ty.as_str() {
            "sync.Mutex" => match self.machine.global_word(offset) & 1 {
                0 => "unlocked",
                _ => "locked",
            },
            "sync.RWMutex" => {
                let word = self.machine.global_word(offset);
                match (word >> 28 & 1, word & 0x0fff_ffff) {
                    (0, 0) => "unlocked",
                    (0, _) => "locked by readers",
                    _ => "locked by a writer",
                }
            }
            "sync.WaitGroup" => "",
            _ => {
                return Err(format!(
                    "{name} is {}, and not one of sync's types",
                    variable.ty
                ));
            }
        };
        let mut text = format!("{name} // {}\n", variable.ty);
        if variable.ty == "sync.WaitGroup" {
            let _ = writeln!(
                text,
                "  counter {}",
                (self.machine.global_word(offset) >> 32) as i32
            );
        } else {
            let holder = holder_of(&self.machine, &variable.ty, offset);
            let _ = writeln!(text, "  {state}{holder}");
        }
        let _ = writeln!(text, "  waiting: {}", numbers(&waiting));
        Ok(text)
    }

    fn variable(&self, name: &str) -> Result<Declared, String> {
        let declared = self.compiler.borrow().declared();
        let found = declared.into_iter().find(|object| object.name == name);
        match found {
            Some(object) if object.kind == DeclaredKind::Variable => Ok(object),
            Some(_) => Err(format!("{name} is no variable")),
            None => Err(format!("undefined: {name}")),
        }
    }

    /// `:graph`
    pub(super) fn graph(&self, dot: bool) -> String {
        let goroutines = self.machine.goroutines();
        let mut text = String::new();
        if dot {
            text.push_str("digraph waits {\n");
        }
        for g in &goroutines {
            let id = g.dump.id;
            for &place in &g.places {
                let target = self.name_of(place).unwrap_or_else(|| match place {
                    Place::Channel(address) => format!("chan {address:#x}"),
                    Place::Lock(address) => format!("lock {address:#x}"),
                    Place::Nowhere => "nothing".to_string(),
                });
                let _ = if dot {
                    writeln!(
                        text,
                        "  \"goroutine {id}\" -> {target:?} [label={:?}];",
                        g.dump.reason
                    )
                } else {
                    writeln!(text, "goroutine {id} --{}--> {target}", g.dump.reason)
                };
            }
            if g.places.is_empty() && !dot {
                let _ = writeln!(text, "goroutine {id} {}", g.dump.reason);
            }
        }
        if dot {
            text.push_str("}\n");
        } else if goroutines.is_empty() {
            text.push_str("no goroutines\n");
        }
        text
    }
}

/// Who holds a mutex, as far as its word tells.
fn holder_of(machine: &minigo_vm::session::Session, ty: &str, offset: u32) -> String {
    if ty != "sync.Mutex" {
        return String::new();
    }
    match machine.mutex_holder(offset) {
        Some(Some(id)) => format!(" by goroutine {id}"),
        Some(None) => " by a goroutine that has ended".to_string(),
        None => String::new(),
    }
}

fn is_lock(variable: &Declared) -> bool {
    variable.ty.trim_start_matches('*').starts_with("sync.")
}

fn is_channel(variable: &Declared) -> bool {
    ["chan ", "<-chan ", "chan<- "]
        .iter()
        .any(|prefix| variable.ty.starts_with(prefix))
}

/// How many words of one of `sync`'s types to look at; other types may hold them anywhere.
fn words(variable: &Declared) -> u32 {
    match variable.ty.as_str() {
        "sync.Mutex" | "sync.RWMutex" | "sync.WaitGroup" | "sync.Once" => 2,
        _ => 4,
    }
}

fn nobody(g: &GoroutineInfo) -> &'static str {
    match g.dump.reason {
        "chan receive" => "no goroutine is left that could send to it or close it",
        "chan send" => "no goroutine is left that could receive from it",
        "chan receive (nil chan)" | "chan send (nil chan)" => "a nil channel is never ready",
        "select (no cases)" => "a select without cases is never ready",
        "select" => "no goroutine is left that could make one of its cases ready",
        "sync.Mutex.Lock" | "sync.RWMutex.Lock" | "sync.RWMutex.RLock" => {
            "no goroutine is left that could unlock it"
        }
        "sync.WaitGroup.Wait" => "no goroutine is left that could call Done",
        _ => "no goroutine is left that could wake it",
    }
}

/// Where a goroutine is: its innermost frame that belongs to the user.
fn place(g: &GoroutineInfo) -> String {
    match g.dump.frames.first_shown() {
        Some(symbol) => format!(" at {}:{}", symbol.file, symbol.line),
        None => String::new(),
    }
}

fn numbers(ids: &[u64]) -> String {
    if ids.is_empty() {
        return "nobody".to_string();
    }
    let list: Vec<String> = ids
        .iter()
        .take(20)
        .map(|id| format!("goroutine {id}"))
        .collect();
    let more = if ids.len() > 20 { " ..." } else { "" };
    format!("{}{more}", list.join(", "))
}

/// Columns, each as wide as its widest cell.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let mut widths = head.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let head = head.map(str::to_string);
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
