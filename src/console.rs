//! Writing to the user: standard output, colors, and failures in one line.

use clap::ValueEnum;
use std::io::{IsTerminal, Write};
use std::process::exit;

/// Whether to use colors.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless `NO_COLOR` is set; elsewhere if `CLICOLOR_FORCE` is
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl When {
    /// Whether standard error gets colors.
    pub(crate) fn on_stderr(self) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            When::Always => true,
            When::Never => false,
            When::Auto if set("NO_COLOR") => false,
            When::Auto => {
                let forced = std::env::var_os("CLICOLOR_FORCE")
                    .is_some_and(|value| !value.is_empty() && value != "0");
                forced || std::io::stderr().is_terminal()
            }
        }
    }
}

/// Writes to standard output; a reader that went away is no error.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says something about the run on standard error.
pub(crate) fn note(message: &str) {
    let _ = writeln!(std::io::stderr(), "minigo: {message}");
}

/// Ends minigo with exit code 1 and a line that says why.
pub(crate) fn fail(message: &str) -> ! {
    fail_plain(&format!("minigo: {message}"))
}

/// Ends minigo with exit code 1 and a message that names its place itself.
pub(crate) fn fail_plain(message: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{message}");
    exit(1)
}

/// Ends minigo with exit code 2: the command line makes no sense.
pub(crate) fn misuse(message: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{message}");
    exit(2)
}

/// What the system says about a failure, as Go words it.
pub(crate) fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "no such file or directory".to_string(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_string(),
        std::io::ErrorKind::NotADirectory => "not a directory".to_string(),
        _ => error.to_string(),
    }
}
