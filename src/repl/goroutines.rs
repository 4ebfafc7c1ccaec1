//! Goroutines as the prompt shows them, and the commands that look at them and move them.

use super::engine::Engine;
use crate::explanation;
use minigo_compiler::session::{Declared, DeclaredKind};
use minigo_vm::session::{GoroutineInfo, Place};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;

/// Goroutines that are listed; of more only how many there are.
const MOST_LISTED: usize = 100;
/// Among so many goroutines those that an input has started are looked for at once.
const MOST_EXAMINED: usize = 10_000;
/// Goroutines that are named in a sentence.
const MOST_NAMED: usize = 10;

impl Engine {
    /// What stands in the way of an input that can never go on.
    pub(super) fn explain_block(&self, id: u64) {
        let Some(own) = self.machine.goroutine(id) else {
            return;
        };
        let mut text = format!(
            "fatal error: this input waits for ever - deadlock!\n\n{}",
            own.dump.text()
        );
        let found = self.machine.explain(id);
        let compiler = self.compiler.borrow();
        let words = explanation::render(
            &found,
            self.flags.explanation(),
            compiler.files(),
            self.screen.has_color(),
        );
        if !words.is_empty() {
            let _ = write!(text, "\n{words}");
        }
        self.screen.error(text.as_bytes());
        let frozen: Vec<u64> = found
            .goroutines
            .iter()
            .filter(|g| g.reason == FROZEN)
            .map(|g| g.id)
            .collect();
        for id in &frozen {
            self.note(&format!(
                "goroutine {id} is frozen; :resume {id} lets it go on"
            ));
        }
        let others = self.machine.num_goroutine() - found.goroutines.len().max(1);
        match others {
            0 => {}
            1 => self.note("1 other goroutine waits, too; :go lists it"),
            n => self.note(&format!("{n} other goroutines wait, too; :go lists them")),
        }
    }

    /// One line about a goroutine that has not come back yet; None if it runs.
    pub(super) fn what_it_waits_for(&self, id: u64) -> Option<String> {
        let own = self.machine.goroutine(id)?;
        let reason = match own.dump.reason {
            "running" | "runnable" => return None,
            "syscall" => return Some("a system call".to_string()),
            "IO wait" => return Some("IO wait".to_string()),
            _ => self.names().reason(&own),
        };
        let who = match self.machine.num_goroutine() {
            0 | 1 => "a timer may wake it".to_string(),
            2 => "another goroutine or a timer may wake it".to_string(),
            n => format!("{} other goroutines or a timer may wake it", n - 1),
        };
        Some(format!("{reason}; {who}"))
    }

    /// After Ctrl-C: says which goroutines the input has started.
    pub(super) fn tell_left_behind(&self, id: u64) {
        let alive = self.machine.num_goroutine();
        if alive > MOST_EXAMINED {
            self.note(&format!(
                "{alive} goroutines are there; :kill new ends those that it started"
            ));
            return;
        }
        let left = self.started_by(id);
        if left.is_empty() {
            return;
        }
        let mut list: Vec<String> = left.iter().take(MOST_NAMED).map(u64::to_string).collect();
        if left.len() > MOST_NAMED {
            list.push(format!("and {} more", left.len() - MOST_NAMED));
        }
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
        let mut children: HashMap<u64, Vec<u64>> = HashMap::new();
        for (child, parent) in self.machine.parents() {
            children.entry(parent).or_default().push(child);
        }
        let mut family = Vec::new();
        let mut open = vec![id];
        while let Some(parent) = open.pop() {
            for child in children.remove(&parent).unwrap_or_default() {
                family.push(child);
                open.push(child);
            }
        }
        family.sort_unstable();
        family
    }

    /// The variables of the prompt that hold channels, or are locks, as they are now.
    fn names(&self) -> Names {
        let declared = self.compiler.borrow().declared();
        let named = declared.iter().filter_map(|variable| {
            if variable.kind != DeclaredKind::Variable {
                return None;
            }
            let offset = self.offset_of(variable)?;
            let place = if is_channel(variable) {
                Named::Channel(self.machine.global_word(offset))
            } else if is_lock(variable) {
                Named::Lock(self.lock_ranges(variable, offset))
            } else {
                return None;
            };
            Some((variable.name.clone(), place))
        });
        Names(named.collect())
    }

    /// Where the locks are that a variable of one of `sync`'s types may be: itself, and what it points to.
    fn lock_ranges(&self, variable: &Declared, offset: u32) -> [Range<u64>; 2] {
        let bytes = words(variable) * 8;
        let own = self.machine.global_address(offset);
        [own, self.machine.global_word(offset)].map(|start| start..start.saturating_add(bytes))
    }

    fn offset_of(&self, variable: &Declared) -> Option<u32> {
        self.compiler.borrow().offset_of(variable.global?)
    }

    /// `:go`
    pub(super) fn list_goroutines(&self) -> String {
        let (goroutines, more) = self.machine.goroutines(MOST_LISTED);
        if goroutines.is_empty() {
            return "no goroutines\n".to_string();
        }
        let names = self.names();
        let mut rows = Vec::with_capacity(goroutines.len());
        for g in &goroutines {
            let mut state = names.reason(g);
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
        let mut text = table(["id", "state", "where", "created"], &rows);
        if more > 0 {
            let _ = writeln!(text, "and {more} more");
        }
        text
    }

    /// `:stack`
    pub(super) fn stack(&self, id: u64) -> Option<String> {
        let found = self.machine.goroutine(id)?;
        Some(found.dump.text())
    }

    /// `:chan`: prints how a channel is.
    pub(super) fn show_channel(&mut self, name: &str) -> Result<(), String> {
        let variable = self.variable(name)?;
        if !is_channel(&variable) {
            return Err(format!("{name} is no channel but {}", variable.ty));
        }
        let info = self
            .offset_of(&variable)
            .and_then(|offset| self.machine.channel(offset));
        let Some(info) = info else {
            self.print(&format!(
                "{name} is a nil {}: whoever uses it waits for ever",
                variable.ty
            ));
            return Ok(());
        };
        self.print(&format!(
            "{name} // {}\n  holds {} of {}{}",
            variable.ty,
            info.len,
            info.cap,
            if info.closed { ", closed" } else { "" }
        ));
        if info.len > 0 {
            self.look(name, "Contents");
        }
        self.print(&format!(
            "  waiting to receive: {}\n  waiting to send: {}",
            numbers(&info.receivers),
            numbers(&info.senders)
        ));
        Ok(())
    }

    /// `:lock`
    pub(super) fn describe_lock(&self, name: &str) -> Result<String, String> {
        let variable = self.variable(name)?;
        let offset = self
            .offset_of(&variable)
            .ok_or_else(|| format!("nothing has used {name} yet"))?;
        let ranges = self.lock_ranges(&variable, offset).to_vec();
        let waiting = self.machine.waiting_in(ranges);
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

    /// `:graph`: who waits for what, and who holds that.
    pub(super) fn graph(&self, dot: bool) -> String {
        let (goroutines, more) = self.machine.goroutines(MOST_LISTED);
        let names = self.names();
        let mut edges: Vec<[String; 3]> = Vec::new();
        let mut others = Vec::new();
        for g in &goroutines {
            let waiter = format!("goroutine {}", g.dump.id);
            if g.places.is_empty() {
                others.push(format!("{waiter} {}", g.dump.reason));
            }
            for &place in &g.places {
                let target = names.of(place).unwrap_or_else(|| match place {
                    Place::Channel(address) => format!("chan {address:#x}"),
                    Place::Lock(address) => format!("lock {address:#x}"),
                    Place::Nowhere => "nothing".to_string(),
                });
                edges.push([waiter.clone(), g.dump.reason.to_string(), target.clone()]);
                if g.dump.reason == "sync.Mutex.Lock"
                    && let Place::Lock(address) = place
                    && let Some(Some(holder)) = self.machine.mutex_holder_at(address)
                {
                    let held = [target, "held by".to_string(), format!("goroutine {holder}")];
                    if !edges.contains(&held) {
                        edges.push(held);
                    }
                }
            }
        }
        let mut text = String::new();
        if dot {
            text.push_str("digraph waits {\n");
        }
        for [from, label, to] in &edges {
            let _ = match dot {
                true => writeln!(text, "  {from:?} -> {to:?} [label={label:?}];"),
                false => writeln!(text, "{from} --{label}--> {to}"),
            };
        }
        if dot {
            text.push_str("}\n");
            return text;
        }
        for other in others {
            let _ = writeln!(text, "{other}");
        }
        if more > 0 {
            let _ = writeln!(text, "and {more} more");
        }
        if goroutines.is_empty() {
            text.push_str("no goroutines\n");
        }
        text
    }
}

/// What a frozen goroutine waits for.
const FROZEN: &str = "frozen";

/// Names for what goroutines wait at.
struct Names(Vec<(String, Named)>);

/// What a variable names.
enum Named {
    /// The channel at this address.
    Channel(u64),
    /// Locks in memory: the variable's own, and what it points to.
    Lock([Range<u64>; 2]),
}

impl Names {
    /// The variable that holds a channel, or is the lock.
    fn of(&self, place: Place) -> Option<String> {
        let found = self.0.iter().find(|(_, named)| match (place, named) {
            (Place::Channel(address), Named::Channel(known)) => address == *known,
            (Place::Lock(address), Named::Lock(ranges)) => {
                ranges.iter().any(|range| range.contains(&address))
            }
            _ => false,
        });
        found.map(|(name, _)| name.clone())
    }

    /// What a goroutine waits for, with the names of variables.
    fn reason(&self, g: &GoroutineInfo) -> String {
        let names: Vec<String> = g
            .places
            .iter()
            .filter_map(|place| self.of(*place))
            .collect();
        match names.is_empty() {
            true => g.dump.reason.to_string(),
            false => format!("{} on {}", g.dump.reason, names.join(", ")),
        }
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
fn words(variable: &Declared) -> u64 {
    match variable.ty.as_str() {
        "sync.Mutex" | "sync.RWMutex" | "sync.WaitGroup" | "sync.Once" => 2,
        _ => 4,
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
