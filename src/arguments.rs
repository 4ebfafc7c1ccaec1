//! The command line with Go's liberties taken out: one dash or two, and `minigo FILE` for `minigo run FILE`. What follows the file belongs
//! to the program.

use std::path::Path;

const COMMANDS: &[&str] = &["run", "check", "explain", "help"];

/// The arguments as clap wants them.
pub(crate) fn go_style(args: Vec<String>) -> Vec<String> {
    let mut out = Vec::with_capacity(args.len() + 1);
    let mut args = args.into_iter();
    out.extend(args.next());
    let mut is_first = true;
    let mut rest: Vec<String> = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "-" || !arg.starts_with('-') {
            if is_first && COMMANDS.contains(&arg.as_str()) {
                out.push(arg);
                is_first = false;
                continue;
            }
            rest.push(arg);
            rest.extend(args);
            break;
        }
        let is_short = !arg.starts_with("--") && arg.len() > 2;
        let arg = if is_short { format!("-{arg}") } else { arg };
        if is_first && !matches!(arg.as_str(), "-h" | "--help" | "-V" | "--version") {
            out.push("run".to_string());
        }
        is_first = false;
        out.push(arg);
    }
    if is_first && rest.first().is_some_and(|name| !is_plain_word(name)) {
        out.push("run".to_string());
    }
    out.extend(rest);
    out
}

/// Whether a name can only be meant for a command: it looks like no path, and there is no such file.
fn is_plain_word(name: &str) -> bool {
    !name.contains(['/', '.']) && name != "-" && !Path::new(name).exists()
}

#[cfg(test)]
mod tests {
    use super::go_style;

    fn check(line: &str, expected: &str) {
        let args = line.split(' ').map(str::to_string).collect();
        assert_eq!(go_style(args).join(" "), expected);
    }

    #[test]
    fn flags_before_the_file_are_ours_and_those_after_it_the_programs() {
        check("minigo x.mgo -v", "minigo run x.mgo -v");
        check("minigo run x.mgo -seed=1", "minigo run x.mgo -seed=1");
        check("minigo -seed=1 x.mgo", "minigo run --seed=1 x.mgo");
        check("minigo run -seed=1 x.mgo", "minigo run --seed=1 x.mgo");
        check("minigo check x.mgo", "minigo check x.mgo");
        check("minigo - a", "minigo run - a");
        check("minigo --help", "minigo --help");
        check("minigo run", "minigo run");
    }
}
