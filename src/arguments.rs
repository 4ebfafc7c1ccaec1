//! The command line with Go's liberties taken out: one dash or two, `minigo FILE` for `minigo run FILE`, flags of ours only before the program, and
//! flags from `MINIGO_FLAGS`.
//!
//! What the flags of a command are, and which take values, is asked of clap, so that a flag is declared in one place.

use crate::console::misuse;
use clap::{Arg, Command};
use std::path::Path;

/// Commands that minigo will have.
const LATER_COMMANDS: &[&str] = &[
    "build", "vet", "fmt", "test", "bench", "explore", "replay", "step", "cost", "learn", "lsp",
    "kernel",
];

/// Flags that `run` will have.
const LATER_FLAGS: &[&str] = &["race", "race-format", "record", "trace", "report"];

/// The name of the argument that holds the program and its arguments.
const PROGRAM: &str = "words";

/// The arguments as clap wants them, and the flags among them that come from the environment.
pub(crate) struct Arguments {
    /// For clap.
    pub(crate) words: Vec<String>,
    /// Long names of the flags that `MINIGO_FLAGS` gave.
    pub(crate) from_environment: Vec<String>,
}

/// Takes Go's liberties out of a command line; `flags` is the value of `MINIGO_FLAGS`. Ends minigo where the line makes no sense.
pub(crate) fn go_style(cli: &Command, mut args: Vec<String>, flags: &str) -> Arguments {
    let mut words: Vec<String> = args.drain(..args.len().min(1)).collect();
    let mut rest = args.into_iter().peekable();
    let first = rest.peek().cloned().unwrap_or_default();
    let is_flag = first.starts_with('-') && first != "-";
    let about_minigo = matches!(
        first.trim_start_matches('-'),
        "h" | "help" | "V" | "version"
    );
    let name = if first.is_empty() || is_flag && about_minigo {
        words.extend(rest.map(|arg| long_form(&arg)));
        return Arguments {
            words,
            from_environment: Vec::new(),
        };
    } else if cli
        .get_subcommands()
        .any(|command| command.get_name() == first)
    {
        rest.next();
        first
    } else if is_flag || !is_plain_word(&first) {
        "run".to_string()
    } else {
        unknown_command(cli, &first)
    };
    words.push(name.clone());
    let Some(command) = cli.find_subcommand(&name) else {
        words.extend(rest);
        return Arguments {
            words,
            from_environment: Vec::new(),
        };
    };
    let at = words.len();
    let takes_program = find(command, PROGRAM).is_some();
    while let Some(arg) = rest.peek() {
        if !arg.starts_with('-') || arg == "-" || arg == "--" {
            if takes_program {
                break;
            }
            words.extend(rest.next());
            continue;
        }
        let arg = long_form(arg);
        rest.next();
        let (flag, value) = match arg.split_once('=') {
            Some((flag, _)) => (flag.to_string(), true),
            None => (arg.clone(), false),
        };
        words.push(arg);
        match find(command, flag.trim_start_matches('-')) {
            Some(known) if known.get_short() == Some('e') => {
                // The code takes the place of the file: what follows is the program's.
                if !value {
                    words.extend(rest.next());
                }
                break;
            }
            Some(known)
                if !value
                    && known.get_action().takes_values()
                    && !known.is_require_equals_set() =>
            {
                words.extend(rest.next());
            }
            None if LATER_FLAGS.contains(&flag.trim_start_matches('-')) => {
                misuse(&format!("minigo {name}: {flag}: not yet"));
            }
            _ => {}
        }
    }
    let from_environment = add_flags(cli, command, flags, &mut words, at);
    if takes_program {
        if rest.peek().is_some_and(|word| word == "--") {
            rest.next();
        }
        words.push("--".to_string());
        words.extend(rest);
    }
    Arguments {
        words,
        from_environment,
    }
}

/// Puts the flags of `MINIGO_FLAGS` that the command has before those of the command line, unless the latter has them, too.
fn add_flags(
    cli: &Command,
    command: &Command,
    flags: &str,
    words: &mut Vec<String>,
    at: usize,
) -> Vec<String> {
    let mut names = Vec::new();
    for flag in flags.split_whitespace() {
        if !flag.starts_with('-') || flag.trim_matches('-').is_empty() {
            misuse(&format!("minigo: parsing $MINIGO_FLAGS: non-flag {flag:?}"));
        }
        let flag = long_form(flag);
        let name = flag.trim_start_matches('-').split('=').next().unwrap_or("");
        if find(command, name).is_none() {
            if !cli
                .get_subcommands()
                .any(|other| find(other, name).is_some())
            {
                misuse(&format!(
                    "minigo: parsing $MINIGO_FLAGS: unknown flag -{name}"
                ));
            }
            continue;
        }
        let long = format!("--{name}");
        let is_given = words[at..]
            .iter()
            .any(|word| word.split('=').next() == Some(long.as_str()));
        if !is_given {
            names.push(name.to_string());
            words.insert(at, flag);
        }
    }
    names
}

/// `-seed=1` as `--seed=1`; flags of one letter stay.
fn long_form(arg: &str) -> String {
    let name = arg.split('=').next().unwrap_or(arg);
    if !arg.starts_with('-') || arg.starts_with("--") || name.chars().count() <= 2 {
        arg.to_string()
    } else {
        format!("-{arg}")
    }
}

/// The flag of a command, or its argument, of this name.
fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| {
        arg.get_long() == Some(name)
            || name.len() == 1 && arg.get_short() == name.chars().next()
            || arg.is_positional() && arg.get_id() == name
    })
}

/// Whether a name can only be meant for a command: it looks like no path, and there is no such file.
fn is_plain_word(name: &str) -> bool {
    !name.contains(['/', '.']) && name != "-" && !Path::new(name).exists()
}

fn unknown_command(cli: &Command, name: &str) -> ! {
    if LATER_COMMANDS.contains(&name) {
        misuse(&format!("minigo {name}: not yet"));
    }
    let names = cli.get_subcommands().map(Command::get_name);
    let hint = match closest(name, names) {
        Some(known) => format!("Did you mean 'minigo {known}'?\n"),
        None => String::new(),
    };
    misuse(&format!(
        "minigo {name}: unknown command\n{hint}Run 'minigo help' for usage."
    ))
}

/// The name that is most like a misspelled one, if one is alike.
pub(crate) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len() / 3 + 1 && *distance < known.len())
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::go_style;
    use crate::cli::Cli;
    use clap::CommandFactory;

    fn check(line: &str, expected: &str) {
        check_with_flags(line, "", expected);
    }

    fn check_with_flags(line: &str, flags: &str, expected: &str) {
        let args = line.split(' ').map(str::to_string).collect();
        let mut cli = Cli::command();
        cli.build();
        assert_eq!(go_style(&cli, args, flags).words.join(" "), expected);
    }

    #[test]
    fn flags_before_the_file_are_ours_and_those_after_it_the_programs() {
        check("minigo x.mgo -v", "minigo run -- x.mgo -v");
        check("minigo run x.mgo -seed=1", "minigo run -- x.mgo -seed=1");
        check("minigo -seed=1 x.mgo", "minigo run --seed=1 -- x.mgo");
        check(
            "minigo run -seed 1 -- x.mgo",
            "minigo run --seed 1 -- x.mgo",
        );
        check("minigo run x.mgo -- -v", "minigo run -- x.mgo -- -v");
        check("minigo check x.mgo", "minigo check -- x.mgo");
        check("minigo - a", "minigo run -- - a");
        check("minigo -e 1 -v", "minigo run -e 1 -- -v");
        check("minigo -help", "minigo --help");
        check("minigo run", "minigo run --");
        check("minigo explain E0104 -h", "minigo explain E0104 -h");
    }

    #[test]
    fn flags_of_the_environment_come_first_and_those_of_other_commands_are_left_out() {
        check_with_flags("minigo x.mgo", "-seed=3", "minigo run --seed=3 -- x.mgo");
        check_with_flags("minigo check x.mgo", "-seed=3", "minigo check -- x.mgo");
        check_with_flags(
            "minigo -seed=1 x.mgo",
            "--seed=3",
            "minigo run --seed=1 -- x.mgo",
        );
    }
}
