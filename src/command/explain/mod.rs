//! `minigo explain`: the long text of an error code, or of what goes wrong with goroutines. Each has a wrong and a right program, which the tests run.

use crate::arguments::closest;
use crate::console::{fail, print};
use clap::Args;
use minigo_compiler::diagnostics::code;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo explain
  minigo explain E0104
  minigo explain deadlock";

/// What is explained besides codes.
const TOPICS: &[(&str, &str)] = &[
    ("deadlock", include_str!("deadlock.md")),
    ("leak", include_str!("leak.md")),
    ("race", include_str!("race.md")),
];

#[derive(Args)]
pub(crate) struct ExplainArgs {
    /// A code such as E0104, or deadlock, race or leak; without one, all are listed
    topic: Option<String>,
}

/// Prints the explanation and gives the exit status.
pub(crate) fn explain(args: &ExplainArgs) -> i32 {
    let Some(topic) = &args.topic else {
        let codes = code::TABLE.iter();
        let mut list: String = codes
            .map(|line| format!("{}  {}\n", line.code, line.summary))
            .collect();
        for (topic, _) in TOPICS {
            list.push_str(&format!("{topic}\n"));
        }
        print(&list);
        return 0;
    };
    let text = match code::find(topic) {
        Some(line) => Some((line.code, line.explanation)),
        None => TOPICS.iter().find(|(name, _)| name == topic).copied(),
    };
    match text {
        Some((name, text)) => {
            print(&format!("{name}\n\n{text}"));
            0
        }
        None => {
            let names = code::TABLE.iter().map(|line| line.code);
            let names = names.chain(TOPICS.iter().map(|(name, _)| *name));
            let hint = match closest(topic, names) {
                Some(name) => format!("; did you mean {name}?"),
                None => String::new(),
            };
            fail(&format!("there is no error code {topic}{hint}"))
        }
    }
}
