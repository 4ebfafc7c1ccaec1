//! What begins with a colon.

use super::engine::{Engine, Next};
use minigo_compiler::session::DeclaredKind;
use std::fmt::Write;
use std::time::Duration;

/// A command: its names, what follows it, and what it does.
pub(crate) struct Command {
    pub(crate) names: &'static [&'static str],
    arguments: &'static str,
    help: &'static str,
    run: fn(&mut Engine, &str) -> Answer,
}

/// What came of a command.
enum Answer {
    Text(String),
    Nothing,
    Mistake(String),
    Then(Next),
}

use Answer::{Mistake, Nothing, Text, Then};

/// All commands, in the order of `:help`.
pub(crate) const COMMANDS: &[Command] = &[
    Command {
        names: &["help", "h"],
        arguments: "[command]",
        help: "what there is",
        run: help,
    },
    Command {
        names: &["quit", "q", "exit"],
        arguments: "",
        help: "leave; also Ctrl-D",
        run: |_, _| Then(Next::Quit),
    },
    Command {
        names: &["type", "t"],
        arguments: "expression",
        help: "the type of an expression, which is not evaluated",
        run: type_of,
    },
    Command {
        names: &["doc"],
        arguments: "name",
        help: "what the library says about a package or a name in it, such as strings.Split",
        run: doc,
    },
    Command {
        names: &["vars"],
        arguments: "",
        help: "the variables and constants that you have declared",
        run: |engine, _| {
            Text(list(
                engine,
                &[DeclaredKind::Variable, DeclaredKind::Constant],
            ))
        },
    },
    Command {
        names: &["funcs"],
        arguments: "",
        help: "the functions, types and imports that you have declared",
        run: |engine, _| {
            let kinds = [
                DeclaredKind::Function,
                DeclaredKind::Type,
                DeclaredKind::Package,
            ];
            Text(list(engine, &kinds))
        },
    },
    Command {
        names: &["load"],
        arguments: "file",
        help: "enter a file: declarations and statements, or a program (then call main())",
        run: load,
    },
    Command {
        names: &["save"],
        arguments: "file",
        help: "write what you have entered as a program",
        run: save,
    },
    Command {
        names: &["reset"],
        arguments: "",
        help: "forget everything and end all goroutines",
        run: |engine, _| match engine.reset() {
            Ok(()) => Nothing,
            Err(error) => Mistake(error.to_string()),
        },
    },
    Command {
        names: &["clear"],
        arguments: "",
        help: "clear the screen",
        run: |engine, _| {
            if engine.screen.is_terminal() {
                engine.screen.output(b"\x1b[H\x1b[2J");
            }
            Nothing
        },
    },
    Command {
        names: &["history"],
        arguments: "[n]",
        help: "the last inputs of this session",
        run: history,
    },
    Command {
        names: &["time"],
        arguments: "input",
        help: "how long an input takes",
        run: time,
    },
    Command {
        names: &["dis"],
        arguments: "function",
        help: "the instructions of a function",
        run: dis,
    },
    Command {
        names: &["set"],
        arguments: "[strict|time on|off]",
        help: "strict: a panic ends the session, as in Go; time: say how long every input takes",
        run: set,
    },
    Command {
        names: &["strict"],
        arguments: "[on|off]",
        help: "the same as :set strict",
        run: |engine, rest| {
            set(
                engine,
                &format!("strict {}", if rest.is_empty() { "on" } else { rest }),
            )
        },
    },
    Command {
        names: &["edit", "e"],
        arguments: "",
        help: "edit the last input with $EDITOR and enter it again",
        run: edit,
    },
    Command {
        names: &["go", "ps"],
        arguments: "",
        help: "all goroutines: state, what they wait for, where they are, where they were created",
        run: |engine, _| Text(engine.list_goroutines()),
    },
    Command {
        names: &["stack"],
        arguments: "n",
        help: "the stack of a goroutine",
        run: |engine, rest| match number(rest)
            .and_then(|id| engine.stack(id).ok_or_else(|| none(id)))
        {
            Ok(text) => Text(text),
            Err(why) => Mistake(why),
        },
    },
    Command {
        names: &["kill"],
        arguments: "n|new|all",
        help: "end a goroutine as runtime.Goexit does; new: those that the last input has started",
        run: kill,
    },
    Command {
        names: &["freeze"],
        arguments: "n",
        help: "keep a goroutine from running",
        run: |engine, rest| match number(rest) {
            Ok(id) if engine.machine.freeze(id) => Nothing,
            Ok(id) => Mistake(none(id)),
            Err(why) => Mistake(why),
        },
    },
    Command {
        names: &["resume"],
        arguments: "n",
        help: "let a frozen goroutine go on",
        run: |engine, rest| match number(rest) {
            Ok(id) if engine.machine.resume(id) => Nothing,
            Ok(id) => Mistake(format!("goroutine {id} is not frozen")),
            Err(why) => Mistake(why),
        },
    },
    Command {
        names: &["wait"],
        arguments: "",
        help: "wait until nothing runs and no timer is armed, or Ctrl-C",
        run: wait,
    },
    Command {
        names: &["chan"],
        arguments: "variable",
        help: "a channel: how much it holds and what, who waits at it",
        run: |engine, rest| match engine.show_channel(rest) {
            Ok(()) => Nothing,
            Err(why) => Mistake(why),
        },
    },
    Command {
        names: &["lock"],
        arguments: "variable",
        help: "a sync.Mutex, RWMutex or WaitGroup: its state, who waits for it",
        run: |engine, rest| match engine.describe_lock(rest) {
            Ok(text) => Text(text),
            Err(why) => Mistake(why),
        },
    },
    Command {
        names: &["graph"],
        arguments: "[dot]",
        help: "which goroutine waits for what, as text or for Graphviz",
        run: |engine, rest| match rest {
            "" => Text(engine.graph(false)),
            "dot" => Text(engine.graph(true)),
            other => Mistake(format!("{other}: want dot or nothing")),
        },
    },
    Command {
        names: &["procs"],
        arguments: "[n]",
        help: "the number of processors; changes it",
        run: procs,
    },
    Command {
        names: &["gc"],
        arguments: "",
        help: "collect garbage, and say how much is left",
        run: |engine, _| {
            let before = engine.machine.heap_stats().in_use_bytes;
            engine.machine.collect();
            let after = engine.machine.heap_stats().in_use_bytes;
            Text(format!(
                "{} in use, {} freed\n",
                size(after),
                size(before.saturating_sub(after))
            ))
        },
    },
    Command {
        names: &["stats"],
        arguments: "",
        help: "what the scheduler and the heap have done",
        run: |engine, _| Text(engine.machine.stats_text()),
    },
    Command {
        names: &["bg"],
        arguments: "[on|off]",
        help: "off: goroutines run only while an input does",
        run: background,
    },
    Command {
        names: &["seed"],
        arguments: "[n|off]",
        help: "begin a new session that this seed schedules, or one in real time",
        run: seed,
    },
    Command {
        names: &["preempt"],
        arguments: "[off|calls|loops]",
        help: "begin a new session in which a goroutine may lose its processor there only",
        run: preempt,
    },
    Command {
        names: &[
            "advance", "step", "trace", "race", "leaks", "explore", "watch",
        ],
        arguments: "",
        help: "not yet",
        run: |_, _| Mistake("not yet".to_string()),
    },
];

/// Does what a line (without the colon) says.
pub(crate) fn execute(engine: &mut Engine, line: &str) -> Next {
    let line = line.trim();
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let answer = match find(name) {
        Some(command) => (command.run)(engine, rest.trim()),
        None => Mistake(match nearest(name) {
            Some(other) => format!("there is no command :{name}; did you mean :{other}?"),
            None => format!("there is no command :{name}; :help lists them"),
        }),
    };
    match answer {
        Text(text) => {
            engine.print(&text);
            Next::Done
        }
        Nothing => Next::Done,
        Mistake(why) => {
            engine.note(&why);
            Next::Failed(1)
        }
        Then(next) => next,
    }
}

fn find(name: &str) -> Option<&'static Command> {
    COMMANDS
        .iter()
        .find(|command| command.names.contains(&name))
}

fn nearest(name: &str) -> Option<&'static str> {
    let all = COMMANDS.iter().flat_map(|command| command.names).copied();
    let begins = |other: &&str| !name.is_empty() && other.starts_with(name);
    all.clone().find(begins).or_else(|| {
        all.filter(|other| other.len() > 2)
            .find(|other| one_edit_apart(name, other))
    })
}

/// One letter more, less or different, or two letters exchanged.
fn one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same_before = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same_before..], &b[same_before..]);
    let tail = |list: &'_ [char], n: usize| list.get(n..).map(<[char]>::to_vec);
    a.is_empty() && b.len() <= 1
        || tail(a, 1).as_deref() == Some(b)
        || tail(b, 1).as_deref() == Some(a)
        || tail(a, 1).is_some() && tail(a, 1) == tail(b, 1)
        || a.len() >= 2 && b.len() >= 2 && a[0] == b[1] && a[1] == b[0] && a[2..] == b[2..]
}

fn help(_: &mut Engine, rest: &str) -> Answer {
    let name = rest.trim_start_matches(':');
    if !name.is_empty() {
        return match find(name) {
            Some(command) => Text(format!("{}\n  {}\n", usage(command), command.help)),
            None => Mistake(format!("there is no command :{name}")),
        };
    }
    let mut text = String::from(
        "Enter Go: declarations, statements, expressions. Goroutines go on while you type.\n\
         _ is the last value. Common packages need no import. Ctrl-C stops an evaluation, Ctrl-D leaves.\n\n",
    );
    for command in COMMANDS {
        let _ = writeln!(text, "  {:<28} {}", usage(command), command.help);
    }
    Text(text)
}

fn usage(command: &Command) -> String {
    let names: Vec<String> = command
        .names
        .iter()
        .map(|name| format!(":{name}"))
        .collect();
    format!("{} {}", names.join(" "), command.arguments)
        .trim_end()
        .to_string()
}

fn none(id: u64) -> String {
    format!("there is no goroutine {id}; :go lists them")
}

fn number(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("want the number of a goroutine, not {text:?}; :go lists them"))
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

fn list(engine: &Engine, kinds: &[DeclaredKind]) -> String {
    let mut text = String::new();
    for object in engine.compiler.borrow().declared() {
        if !kinds.contains(&object.kind) {
            continue;
        }
        let _ = match object.kind {
            DeclaredKind::Variable => writeln!(text, "var {} {}", object.name, object.ty),
            DeclaredKind::Constant => writeln!(text, "const {} {}", object.name, object.ty),
            DeclaredKind::Type => writeln!(text, "type {} {}", object.name, object.ty),
            DeclaredKind::Package => writeln!(text, "import {} {:?}", object.name, object.ty),
            DeclaredKind::Function => {
                let sig = object.ty.strip_prefix("func").unwrap_or(&object.ty);
                writeln!(text, "func {}{sig}", object.name)
            }
        };
    }
    if text.is_empty() {
        text.push_str("none\n");
    }
    text
}

fn type_of(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Mistake("want an expression".to_string());
    }
    match engine.type_of(rest) {
        Ok(text) => Text(format!("{text}\n")),
        Err(next) => Then(next),
    }
}

fn doc(_: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Mistake("want a name, such as strings or strings.Split".to_string());
    }
    match crate::documentation::of(rest) {
        Ok(text) => Text(text),
        Err(why) => Mistake(why),
    }
}

fn load(engine: &mut Engine, rest: &str) -> Answer {
    let text = match std::fs::read_to_string(rest) {
        Ok(text) => text,
        Err(error) => return Mistake(format!("open {rest}: {}", crate::console::reason(&error))),
    };
    Then(engine.evaluate(rest, &super::save::without_package_clause(&text), false))
}

fn save(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Mistake("want the name of a file".to_string());
    }
    let inputs: Vec<&str> = engine
        .entered
        .iter()
        .map(|input| input.text.as_str())
        .collect();
    let text = super::save::program(&inputs, &engine.compiler.borrow());
    match std::fs::write(rest, text) {
        Ok(()) => Nothing,
        Err(error) => Mistake(format!("write {rest}: {}", crate::console::reason(&error))),
    }
}

fn history(engine: &mut Engine, rest: &str) -> Answer {
    let count = match rest {
        "" => 50,
        _ => match rest.parse() {
            Ok(count) => count,
            Err(_) => return Mistake(format!("{rest}: want a number")),
        },
    };
    let inputs = &engine.entered;
    let mut text = String::new();
    for input in &inputs[inputs.len().saturating_sub(count)..] {
        text.push_str(input.text.trim_end());
        text.push('\n');
    }
    Text(text)
}

fn time(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Mistake("want an input".to_string());
    }
    if rest == "virtual" && !engine.is_declared(rest) {
        return Mistake("not yet: minigo repl --time=virtual begins a session so".to_string());
    }
    Then(engine.evaluate("repl[time]", rest, true))
}

fn dis(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Mistake("want a function".to_string());
    }
    let mut found = engine.machine.disassemble(rest);
    if found.is_empty() {
        // Only what something uses is translated.
        match engine.look(rest, "Use") {
            Next::Done => found = engine.machine.disassemble(rest),
            failed => return Then(failed),
        }
    }
    match found.first() {
        Some(text) => Text(text.clone()),
        None => Mistake(format!("{rest} is no function with code of its own")),
    }
}

fn set(engine: &mut Engine, rest: &str) -> Answer {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let on_off = |on: bool| if on { "on" } else { "off" };
    match words[..] {
        [] => Text(format!(
            "strict {}\ntime {}\n",
            on_off(engine.strict),
            on_off(engine.time_all)
        )),
        [name, value @ ("on" | "off")] => {
            let on = value == "on";
            match name {
                "strict" => {
                    engine.strict = on;
                    engine.machine.set_strict(on);
                }
                "time" => engine.time_all = on,
                _ => {
                    return Mistake(format!(
                        "there is no setting {name}; there are strict and time"
                    ));
                }
            }
            Nothing
        }
        _ => Mistake("want strict or time, and on or off".to_string()),
    }
}

fn edit(engine: &mut Engine, _: &str) -> Answer {
    if !engine.screen.is_terminal() {
        return Mistake("there is no terminal to edit on".to_string());
    }
    let editor = std::env::var("VISUAL")
        .or_else(|_| std::env::var("EDITOR"))
        .unwrap_or_else(|_| "vi".to_string());
    let path = std::env::temp_dir().join(format!("minigo-{}.mgo", std::process::id()));
    let before = engine
        .entered
        .last()
        .map_or(String::new(), |input| input.text.clone());
    let edited = std::fs::write(&path, &before)
        .and_then(|()| {
            // As git does: the variable may hold arguments.
            std::process::Command::new("sh")
                .arg("-c")
                .arg(format!("{editor} \"$1\""))
                .arg("sh")
                .arg(&path)
                .status()
        })
        .and_then(|_| std::fs::read_to_string(&path));
    let _ = std::fs::remove_file(&path);
    match edited {
        Ok(text) if text.trim().is_empty() => Nothing,
        Ok(text) => {
            engine.print(text.trim_end());
            Then(engine.enter(&text))
        }
        Err(error) => Mistake(format!("{editor}: {}", crate::console::reason(&error))),
    }
}

fn kill(engine: &mut Engine, rest: &str) -> Answer {
    let ids = match rest {
        "new" => engine.started_by(engine.latest),
        "all" => engine.machine.parents().iter().map(|g| g.0).collect(),
        _ => match number(rest) {
            Ok(id) if engine.machine.interrupt(id, false) => return Nothing,
            Ok(id) => return Mistake(none(id)),
            Err(why) => return Mistake(why),
        },
    };
    engine.machine.interrupt_all(ids, false);
    Nothing
}

fn background(engine: &mut Engine, rest: &str) -> Answer {
    match rest {
        "" => {
            return Text(format!(
                "{}\n",
                if engine.background { "on" } else { "off" }
            ));
        }
        "on" => {
            engine.background = true;
            engine.release();
        }
        "off" => {
            engine.background = false;
            engine.hold();
        }
        other => return Mistake(format!("{other}: want on or off")),
    }
    Nothing
}

fn seed(engine: &mut Engine, rest: &str) -> Answer {
    let seed = match (rest, rest.parse()) {
        ("", _) => {
            let seed = engine.flags.seed();
            return Text(seed.map_or("off\n".to_string(), |seed| format!("{seed}\n")));
        }
        ("off", _) => None,
        (_, Ok(seed)) => Some(seed),
        _ => return Mistake(format!("{rest}: want a number or off")),
    };
    engine.flags.set_seed(seed);
    restart(engine)
}

fn preempt(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Text(format!("{}\n", engine.flags.preempt()));
    }
    if !engine.flags.set_preempt(rest) {
        return Mistake(format!("{rest}: want off, calls or loops"));
    }
    restart(engine)
}

/// Schedules are chosen when a machine begins.
fn restart(engine: &mut Engine) -> Answer {
    if let Err(error) = engine.reset() {
        return Mistake(error.to_string());
    }
    engine.note(&format!(
        "a new session, {}, preemption {}: what was declared is forgotten",
        engine.mode(),
        engine.flags.preempt()
    ));
    Nothing
}

fn wait(engine: &mut Engine, _: &str) -> Answer {
    engine.release();
    while !engine.machine.is_stuck() {
        if engine.take_interrupt() {
            engine.hold();
            return Mistake("stopped waiting".to_string());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    engine.hold();
    engine.machine.flush();
    let left = engine.machine.num_goroutine();
    match left {
        0 => Nothing,
        1 => Text("1 goroutine waits\n".to_string()),
        n => Text(format!("{n} goroutines wait\n")),
    }
}

fn procs(engine: &mut Engine, rest: &str) -> Answer {
    if rest.is_empty() {
        return Text(format!("{}\n", engine.machine.set_procs(0)));
    }
    match rest.parse::<usize>() {
        Ok(n @ 1..=1024) => {
            engine.machine.set_procs(n);
            Nothing
        }
        _ => Mistake(format!("{rest}: want a number from 1 to 1024")),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_mistyped_command_has_a_neighbour() {
        for (wrong, right) in [
            ("hlep", "help"),
            ("sta", "stack"),
            ("typ", "type"),
            ("chann", "chan"),
            ("rest", "reset"),
        ] {
            assert_eq!(nearest(wrong), Some(right), "{wrong}");
        }
        assert_eq!(nearest("nothing"), None);
    }
}
