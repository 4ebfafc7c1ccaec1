//! Explanations of deadlocks in words: as text with excerpts of the source, as a graph for Graphviz, as JSON.

use clap::ValueEnum;
use minigo_compiler::diagnostics::render::{Mention, mentions};
use minigo_grammar::source::SourceFile;
use minigo_vm::explain::{Cause, Class, Explanation, How, Object, Place, Wait, Waiting, What};
use minigo_vm::leaks::Leaks;
use serde_json::json;
use std::fmt::Write;

/// Root causes that are told with excerpts; of more only how many there are.
const MOST_CAUSES: usize = 3;
/// Goroutines of a cause that are named one by one.
const MOST_GOROUTINES: usize = 8;

/// How deadlocks are explained.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// In words, with the lines of the source
    Text,
    /// As a graph for Graphviz
    Dot,
    /// As JSON
    Json,
    /// Not at all
    Off,
}

/// The explanation, with a line end; empty if there is nothing to say.
pub(crate) fn render(
    explanation: &Explanation,
    format: Format,
    files: &[SourceFile],
    color: bool,
) -> String {
    match format {
        Format::Text => text(explanation, files, color),
        Format::Dot => dot(explanation),
        Format::Json => format!("{}\n", json(explanation)),
        Format::Off => String::new(),
    }
}

// ---- text ------------------------------------------------------------------------------------

fn text(explanation: &Explanation, files: &[SourceFile], color: bool) -> String {
    let mut out = String::new();
    for (i, group) in groups(explanation).iter().enumerate() {
        if i == MOST_CAUSES {
            let more = groups(explanation).len() - i;
            let _ = writeln!(
                out,
                "and {more} more root causes (--explain=json tells all)"
            );
            break;
        }
        if i > 0 {
            out.push('\n');
        }
        let (bold, plain) = if color {
            ("\x1b[1m", "\x1b[0m")
        } else {
            ("", "")
        };
        let cause = group[0];
        let _ = writeln!(out, "{bold}explanation: {}{plain}", class_name(cause.class));
        for line in sentences(explanation, group) {
            let _ = writeln!(out, "  {line}");
        }
        out.push_str(&mentions(files, &cited(explanation, cause), color));
        let _ = writeln!(out, "  help: {}", help(cause.class));
    }
    let followers = followers(explanation);
    if !followers.is_empty() {
        if !out.is_empty() {
            out.push('\n');
        }
        for line in followers {
            let _ = writeln!(out, "  {line}");
        }
    }
    if explanation.omitted > 0 {
        let _ = writeln!(
            out,
            "  {} more goroutines wait and were not looked at",
            explanation.omitted
        );
    }
    out
}

/// Causes of one kind at the same places are one for the reader.
fn groups(explanation: &Explanation) -> Vec<Vec<&Cause>> {
    let mut groups: Vec<(Vec<Option<&Place>>, Vec<&Cause>)> = Vec::new();
    for cause in &explanation.causes {
        let place = |&id| explanation.goroutine(id)?.place.as_ref();
        let mut places: Vec<Option<&Place>> = cause.goroutines.iter().map(place).collect();
        // A cycle may be entered anywhere.
        places.sort_by_key(|place| place.map(|p| (&p.file, p.line, p.column)));
        let like = |(other, group): &&mut (Vec<Option<&Place>>, Vec<&Cause>)| {
            *other == places && group[0].class == cause.class
        };
        match groups.iter_mut().find(like) {
            Some((_, group)) => group.push(cause),
            None => groups.push((places, vec![cause])),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn sentences(explanation: &Explanation, group: &[&Cause]) -> Vec<String> {
    let cause = group[0];
    let mut lines = Vec::new();
    if group.len() > 1 {
        let ids: Vec<u64> = group.iter().flat_map(|c| c.goroutines.clone()).collect();
        let together = match cause.goroutines.len() {
            1 => String::new(),
            n => format!(", {n} of them each time"),
        };
        lines.push(format!(
            "{} are stuck in the same way{together}:",
            list(&ids)
        ));
    }
    for &id in cause.goroutines.iter().take(MOST_GOROUTINES) {
        let Some(g) = explanation.goroutine(id) else {
            continue;
        };
        if g.waits.is_empty() {
            lines.push(format!(
                "goroutine {id} waits in a select without cases, for ever"
            ));
        }
        for wait in &g.waits {
            lines.push(sentence(explanation, g, &[id], wait, cause.class));
        }
    }
    if cause.goroutines.len() > MOST_GOROUTINES {
        let more = cause.goroutines.len() - MOST_GOROUTINES;
        lines.push(format!("and so on through {more} more goroutines"));
    }
    lines
}

/// What goroutines that are like `g` wait for, and why that does not come.
fn sentence(
    explanation: &Explanation,
    g: &Waiting,
    ids: &[u64],
    wait: &Wait,
    class: Class,
) -> String {
    let object = &explanation.objects[wait.object];
    let what = described(object);
    let s = if ids.len() == 1 { "s" } else { "" };
    let waits = match wait.how {
        How::Send => format!("wait{s} to send on {what}"),
        How::Receive => format!("wait{s} to receive from {what}"),
        How::Range => format!("range{s} over {what}"),
        How::Lock => format!("wait{s} to lock {what}"),
        How::ReadLock => format!("wait{s} to lock {what} for reading"),
        How::Zero => format!("wait{s} for {what}"),
        How::Signal => format!("wait{s} for a signal of {what}"),
    };
    format!(
        "{} {waits}; {}",
        list(ids),
        obstacle(object, g, wait, class)
    )
}

fn obstacle(object: &Object, g: &Waiting, wait: &Wait, class: Class) -> String {
    let wakers = list(&wait.wakers);
    let nobody = wait.wakers.is_empty();
    match (&object.what, wait.how) {
        (What::NilChannel, _) => "a nil channel is never ready".to_string(),
        (What::Mutex(Some(holder)), _) => {
            let since = holder
                .place
                .as_ref()
                .map_or(String::new(), |place| format!(" since {}", at(place)));
            if holder.goroutine == g.id {
                format!("it holds it itself{since}")
            } else {
                format!("goroutine {} holds it{since}", holder.goroutine)
            }
        }
        (
            What::RwMutex {
                readers,
                holder,
                writer_waits,
            },
            _,
        ) => {
            let who = match holder {
                Some(holder) if holder.goroutine == g.id => "it".to_string(),
                Some(holder) => format!("goroutine {}", holder.goroutine),
                None if *readers > 0 && wait.wakers == [g.id] => "it".to_string(),
                None if *readers == 1 => "one reader".to_string(),
                None if *readers > 1 => format!("{readers} readers"),
                None => "a goroutine that has ended".to_string(),
            };
            let for_what = if *readers > 0 { " for reading" } else { "" };
            let behind = if class == Class::RecursiveReadLock
                || *writer_waits && wait.how == How::ReadLock
            {
                ", and new readers wait behind a writer that waits"
            } else {
                ""
            };
            let already = if who == "it" { " already" } else { "" };
            let verb = if who.ends_with('s') { "hold" } else { "holds" };
            format!("{who}{already} {verb} it{for_what}{behind}")
        }
        (What::Mutex(None), _) => "the goroutine that locked it has ended".to_string(),
        (What::Channel { .. }, How::Send) if nobody => {
            "nobody is left who could receive".to_string()
        }
        (What::Channel { .. }, How::Send) => format!("only {wakers} could receive"),
        (What::Channel { timer: true, .. }, _) => "its timer is not running".to_string(),
        (What::Channel { .. }, How::Range) if nobody => {
            "nobody is left who could send to it or close it".to_string()
        }
        (What::Channel { .. }, _) if nobody => "nobody is left who could send or close".to_string(),
        (What::Channel { .. }, _) => format!("only {wakers} could send or close"),
        (What::WaitGroup { counter }, _) if nobody => {
            format!("its counter is {counter}, and nobody is left who could call Done")
        }
        (What::WaitGroup { counter }, _) => {
            format!("its counter is {counter}, and only {wakers} could call Done")
        }
        (What::Cond, _) if nobody => {
            "nobody is left who could call Signal or Broadcast".to_string()
        }
        (What::Cond, _) => format!("only {wakers} could call Signal or Broadcast"),
    }
}

/// ``channel `ch` (made at main.mgo:9:8, cap 0)``
fn described(object: &Object) -> String {
    let kind = match &object.what {
        What::NilChannel => "nil channel",
        What::Channel { timer: true, .. } => "timer channel",
        What::Channel { .. } => "channel",
        What::Mutex(_) => "Mutex",
        What::RwMutex { .. } => "RWMutex",
        What::WaitGroup { .. } => "WaitGroup",
        What::Cond => "Cond",
    };
    let mut facts = Vec::new();
    if let Some(made) = &object.made {
        let verb = match object.what {
            What::Channel { .. } => "made",
            _ => "declared",
        };
        facts.push(format!("{verb} at {}", at(made)));
    }
    if let What::Channel {
        cap,
        len,
        timer: false,
    } = object.what
    {
        facts.push(format!("cap {cap}"));
        if len > 0 {
            facts.push(format!("{len} in it"));
        }
    }
    let name = match object.name.as_str() {
        "" => format!("a {kind}"),
        name => format!("{kind} `{name}`"),
    };
    match facts.is_empty() {
        true => name,
        false => format!("{name} ({})", facts.join(", ")),
    }
}

fn at(place: &Place) -> String {
    let name = place.file.rsplit('/').next().unwrap_or(&place.file);
    match place.column {
        0 => format!("{name}:{}", place.line),
        column => format!("{name}:{}:{column}", place.line),
    }
}

fn list(ids: &[u64]) -> String {
    let shown: Vec<String> = ids
        .iter()
        .take(MOST_GOROUTINES)
        .map(u64::to_string)
        .collect();
    let noun = if ids.len() == 1 {
        "goroutine"
    } else {
        "goroutines"
    };
    let more = ids.len().saturating_sub(MOST_GOROUTINES);
    let numbers = match (shown.split_last(), more) {
        (Some((last, rest)), 0) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        (_, 0) => shown.join(", "),
        _ => format!("{} and {more} more", shown.join(", ")),
    };
    format!("{noun} {numbers}")
}

/// The goroutines that are no cause: they wait for others.
fn followers(explanation: &Explanation) -> Vec<String> {
    let in_cause = |id: &u64| explanation.causes.iter().any(|c| c.goroutines.contains(id));
    let mut alike: Vec<(&Waiting, Vec<u64>)> = Vec::new();
    for g in explanation.goroutines.iter().filter(|g| !in_cause(&g.id)) {
        let same = |other: &Waiting| other.place == g.place && other.waits == g.waits;
        match alike.iter_mut().find(|(other, _)| same(other)) {
            Some((_, ids)) => ids.push(g.id),
            None => alike.push((g, vec![g.id])),
        }
    }
    let mut lines = Vec::new();
    for (g, ids) in alike.iter().take(MOST_GOROUTINES) {
        for wait in &g.waits {
            lines.push(sentence(explanation, g, ids, wait, Class::CircularWait));
        }
    }
    if alike.len() > MOST_GOROUTINES {
        lines.push("and so on".to_string());
    }
    lines
}

/// The lines of the source that a cause is about.
fn cited(explanation: &Explanation, cause: &Cause) -> Vec<Mention> {
    let mut cited = Vec::new();
    let mut cite = |place: &Place, message: String| {
        cited.push(Mention {
            file: place.file.clone(),
            line: place.line,
            column: place.column,
            message,
        });
    };
    for &id in cause.goroutines.iter().take(MOST_GOROUTINES) {
        let Some(g) = explanation.goroutine(id) else {
            continue;
        };
        if g.waits.len() != 1
            && let Some(place) = &g.place
        {
            cite(place, format!("goroutine {id} waits here"));
        }
        for wait in &g.waits {
            if let Some(place) = &wait.place {
                let message = match g.waits.len() {
                    1 => format!("goroutine {id} waits here"),
                    _ => "this case cannot happen".to_string(),
                };
                cite(place, message);
            }
            let object = &explanation.objects[wait.object];
            if let What::Mutex(Some(holder)) = &object.what
                && let Some(place) = &holder.place
            {
                let what = match object.name.as_str() {
                    "" => "it".to_string(),
                    name => format!("`{name}`"),
                };
                cite(
                    place,
                    format!("goroutine {} locked {what} here", holder.goroutine),
                );
            }
        }
    }
    for &index in &cause.objects {
        let object = &explanation.objects[index];
        if let Some(made) = &object.made {
            cite(made, made_here(object));
        }
    }
    cited
}

fn made_here(object: &Object) -> String {
    let verb = match object.what {
        What::Channel { .. } => "made",
        _ => "declared",
    };
    match object.name.as_str() {
        "" => format!("{verb} here"),
        name => format!("`{name}` is {verb} here"),
    }
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::LockCycle => "lock cycle",
        Class::SelfLock => "a goroutine waits for a lock that it holds",
        Class::RecursiveReadLock => "recursive read lock",
        Class::AbandonedLock => "a lock that nobody is left to unlock",
        Class::NilChannel => "nil channel",
        Class::SendWithoutReceiver => "send without a receiver",
        Class::ReceiveWithoutSender => "receive without a sender",
        Class::RangeNeverClosed => "range over a channel that is never closed",
        Class::WaitGroupNeverZero => "WaitGroup counter never reaches 0",
        Class::MissedSignal => "missed signal",
        Class::SelectDead => "no case of a select can happen",
        Class::SelectWithoutCases => "select without cases",
        Class::CircularWait => "goroutines wait for each other",
    }
}

fn help(class: Class) -> &'static str {
    match class {
        Class::LockCycle => "lock these in the same order everywhere",
        Class::SelfLock => "unlock before locking again; a sync.Mutex is not reentrant",
        Class::RecursiveReadLock => {
            "do not call RLock while holding RLock: a writer may come in between"
        }
        Class::AbandonedLock => "unlock with defer, so that no way out of the function forgets it",
        Class::NilChannel => "make the channel before it is used",
        Class::SendWithoutReceiver => {
            "receive in another goroutine, or make the channel with room for what is sent"
        }
        Class::ReceiveWithoutSender => "send or close in another goroutine before this waits",
        Class::RangeNeverClosed => "close the channel when the last value has been sent",
        Class::WaitGroupNeverZero => "call Add as often as Done, and Done with defer",
        Class::MissedSignal => {
            "a signal that comes before Wait is lost: check the condition in a loop, under the lock"
        }
        Class::SelectDead => "add a case that can happen, such as a timeout or <-ctx.Done()",
        Class::SelectWithoutCases => "let main wait for something that happens",
        Class::CircularWait => "let one of these go on without waiting for the other",
    }
}

// ---- graph -----------------------------------------------------------------------------------

fn dot(explanation: &Explanation) -> String {
    let mut out = String::from("digraph wait {\n");
    let in_cause = |id: u64| {
        explanation
            .causes
            .iter()
            .any(|c| c.goroutines.contains(&id))
    };
    for g in &explanation.goroutines {
        let color = if in_cause(g.id) { ", color=red" } else { "" };
        let place = g
            .place
            .as_ref()
            .map_or(String::new(), |p| format!("\\n{}", at(p)));
        let _ = writeln!(
            out,
            "\tg{} [label=\"goroutine {}\\n{}{place}\"{color}]",
            g.id, g.id, g.reason
        );
    }
    for (i, object) in explanation.objects.iter().enumerate() {
        let label = described(object).replace('\\', "\\\\").replace('"', "\\\"");
        let _ = writeln!(out, "\to{i} [shape=box, label=\"{label}\"]");
    }
    let mut drawn = std::collections::BTreeSet::new();
    for g in &explanation.goroutines {
        for wait in &g.waits {
            let how = how_name(wait.how);
            let _ = writeln!(out, "\tg{} -> o{} [label=\"{how}\"]", g.id, wait.object);
            for waker in &wait.wakers {
                if drawn.insert((wait.object, *waker)) {
                    let style = match explanation.objects[wait.object].what {
                        What::Mutex(_) | What::RwMutex { .. } => "label=\"held by\"",
                        _ => "style=dashed, label=\"could be helped by\"",
                    };
                    let _ = writeln!(out, "\to{} -> g{waker} [{style}]", wait.object);
                }
            }
        }
    }
    out.push_str("}\n");
    out
}

fn how_name(how: How) -> &'static str {
    match how {
        How::Send => "send",
        How::Receive => "receive",
        How::Range => "range",
        How::Lock => "lock",
        How::ReadLock => "read lock",
        How::Zero => "wait",
        How::Signal => "signal",
    }
}

// ---- JSON ------------------------------------------------------------------------------------

fn json(explanation: &Explanation) -> serde_json::Value {
    let place = |place: &Option<Place>| match place {
        Some(p) => json!({"file": p.file, "line": p.line, "column": p.column}),
        None => serde_json::Value::Null,
    };
    let objects: Vec<_> = explanation
        .objects
        .iter()
        .map(|object| {
            let mut value = json!({"name": object.name, "made": place(&object.made)});
            let (kind, facts) = match &object.what {
                What::NilChannel => ("nil channel", json!({})),
                What::Channel { cap, len, timer } => {
                    ("channel", json!({"cap": cap, "len": len, "timer": timer}))
                }
                What::Mutex(holder) => (
                    "mutex",
                    json!({"holder": holder.as_ref().map(|h| h.goroutine),
                           "locked": place(&holder.as_ref().and_then(|h| h.place.clone()))}),
                ),
                What::RwMutex {
                    readers,
                    holder,
                    writer_waits,
                } => (
                    "rwmutex",
                    json!({"readers": readers, "holder": holder.as_ref().map(|h| h.goroutine),
                           "writer_waits": writer_waits}),
                ),
                What::WaitGroup { counter } => ("waitgroup", json!({"counter": counter})),
                What::Cond => ("cond", json!({})),
            };
            value["kind"] = json!(kind);
            value["state"] = facts;
            value
        })
        .collect();
    let goroutines: Vec<_> = explanation
        .goroutines
        .iter()
        .map(|g| {
            let waits: Vec<_> = g
                .waits
                .iter()
                .map(|w| {
                    json!({"object": w.object, "how": how_name(w.how), "place": place(&w.place),
                           "wakers": w.wakers})
                })
                .collect();
            json!({"id": g.id, "reason": g.reason, "place": place(&g.place),
                   "created": place(&g.created), "waits": waits})
        })
        .collect();
    let causes: Vec<_> = explanation
        .causes
        .iter()
        .map(|c| {
            json!({"class": class_name(c.class), "goroutines": c.goroutines, "objects": c.objects})
        })
        .collect();
    json!({"causes": causes, "goroutines": goroutines, "objects": objects,
           "omitted": explanation.omitted})
}

// ---- leaks -----------------------------------------------------------------------------------

/// Leaked goroutines in words: those that wait at one place and were started at one are told together.
pub(crate) fn leaks(found: &Leaks, files: &[SourceFile], color: bool) -> String {
    let explanation = &found.leaked;
    let total = explanation.goroutines.len() + explanation.omitted;
    if total == 0 {
        return String::new();
    }
    let mut groups: Vec<(&Waiting, Vec<u64>)> = Vec::new();
    for g in &explanation.goroutines {
        let like = |other: &Waiting| {
            (other.reason, &other.place, &other.created) == (g.reason, &g.place, &g.created)
        };
        match groups.iter_mut().find(|(other, _)| like(other)) {
            Some((_, ids)) => ids.push(g.id),
            None => groups.push((g, vec![g.id])),
        }
    }
    groups.sort_by_key(|(_, ids)| std::cmp::Reverse(ids.len()));
    let s = if total == 1 { "" } else { "s" };
    let mut out = format!(
        "minigo: {total} goroutine{s} leaked (main returned, and nobody can ever wake them)\n"
    );
    for (g, ids) in &groups {
        let place = g
            .place
            .as_ref()
            .map_or(String::new(), |p| format!(" at {}", at(p)));
        let created = g
            .created
            .as_ref()
            .map_or(String::new(), |p| format!(", started at {}", at(p)));
        let _ = writeln!(
            out,
            "\n  {} × [{}]{place}{created}: {}",
            ids.len(),
            g.reason,
            list(ids)
        );
        for wait in &g.waits {
            let _ = writeln!(
                out,
                "    waiting for {}",
                described(&explanation.objects[wait.object])
            );
        }
        let mut cited = Vec::new();
        let mut cite = |place: &Option<Place>, message: &str| {
            if let Some(place) = place {
                cited.push(Mention {
                    file: place.file.clone(),
                    line: place.line,
                    column: place.column,
                    message: message.to_string(),
                });
            }
        };
        cite(&g.place, "waits here");
        cite(&g.created, "started here");
        for wait in &g.waits {
            let object = &explanation.objects[wait.object];
            cite(&object.made, &made_here(object));
        }
        out.push_str(&mentions(files, &cited, color));
        let _ = writeln!(out, "    help: {}", leak_help(g));
    }
    if explanation.omitted > 0 {
        let _ = writeln!(out, "\n  and {} more", explanation.omitted);
    }
    out.push_str(&leak_causes(explanation, files, color));
    if found.others > 0 {
        let s = if found.others == 1 { "" } else { "s" };
        let _ = writeln!(
            out,
            "\n  {} other goroutine{s} had not ended when main returned",
            found.others
        );
    }
    out
}

/// The causes that are more than the sum of what single goroutines wait for.
fn leak_causes(explanation: &Explanation, files: &[SourceFile], color: bool) -> String {
    let groups = groups(explanation);
    let told = groups.iter().filter(|group| {
        matches!(
            group[0].class,
            Class::LockCycle
                | Class::SelfLock
                | Class::RecursiveReadLock
                | Class::AbandonedLock
                | Class::CircularWait
        )
    });
    let mut out = String::new();
    for group in told.take(MOST_CAUSES) {
        let cause = group[0];
        let _ = writeln!(out, "\n  cause: {}", class_name(cause.class));
        for line in sentences(explanation, group) {
            let _ = writeln!(out, "    {line}");
        }
        out.push_str(&mentions(files, &cited(explanation, cause), color));
        let _ = writeln!(out, "    help: {}", help(cause.class));
    }
    out
}

fn leak_help(g: &Waiting) -> &'static str {
    let how = g.waits.first().map(|wait| wait.how);
    match how {
        None => "let the goroutine end: give it a channel to wait for",
        Some(_) if g.waits.len() > 1 => {
            "add a case that ends it, such as <-ctx.Done(), and see to it that it happens"
        }
        Some(How::Send) => {
            "give the channel room for the value (make(chan T, 1)), receive it, or select with <-ctx.Done()"
        }
        Some(How::Receive) => {
            "send or close the channel on every way out, or select with <-ctx.Done()"
        }
        Some(How::Range) => "close the channel when the last value has been sent",
        Some(How::Lock | How::ReadLock) => {
            "unlock on every way out (defer), and lock in the same order everywhere"
        }
        Some(How::Zero) => "call Done on every way out (defer)",
        Some(How::Signal) => "call Signal or Broadcast after the condition has changed",
    }
}
