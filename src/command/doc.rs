//! `minigo doc`: documentation of builtins and of the library.

use crate::console::{fail, print};
use crate::documentation;
use clap::Args;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo doc strings
  minigo doc strings.Split
  minigo doc sync.WaitGroup.Add
  minigo doc append";

#[derive(Args)]
pub(crate) struct DocArgs {
    /// A package, a name in a package, or a builtin; without one, the packages are listed
    name: Option<String>,
}

/// Prints the documentation and gives the exit status.
pub(crate) fn doc(args: &DocArgs) -> i32 {
    let Some(name) = &args.name else {
        let list: String = minigo_stdlib::paths()
            .map(|path| format!("{path}\n"))
            .collect();
        print(&list);
        return 0;
    };
    match documentation::of(name) {
        Ok(text) => {
            print(&text);
            0
        }
        Err(message) => fail(&message),
    }
}
