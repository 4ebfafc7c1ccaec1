//! `minigo env`: the settings that a run would have, and where each comes from.

use crate::cli::Parsed;
use crate::console::{fail, print};
use crate::report::ReportFlags;
use crate::runtime_flags::RuntimeFlags;
use clap::parser::ValueSource;
use clap::{Args, CommandFactory};
use std::fmt::Write;

/// Shown at the end of the command's help; the tests run each line.
pub(crate) const EXAMPLES: &str = "\
EXAMPLES:
  minigo env
  minigo env procs
  GOMAXPROCS=3 minigo env --seed=7";

/// Environment variables that are not the other name of a flag.
const VARIABLES: &[(&str, &str)] = &[
    ("GOGC", "100"),
    ("MINIGO_FLAGS", ""),
    ("NO_COLOR", ""),
    ("CLICOLOR_FORCE", ""),
];

#[derive(Args)]
pub(crate) struct EnvArgs {
    #[command(flatten)]
    runtime: RuntimeFlags,
    #[command(flatten)]
    report: ReportFlags,
    /// Print only the values of these settings
    names: Vec<String>,
}

/// A setting: its name, its value, and who set it.
struct Setting {
    name: String,
    value: String,
    source: String,
}

/// Prints the settings and gives the exit status.
pub(crate) fn env(args: &EnvArgs, parsed: &Parsed) -> i32 {
    let settings = settings(args, parsed);
    let mut text = String::new();
    if args.names.is_empty() {
        for setting in settings {
            let Setting {
                name,
                value,
                source,
            } = setting;
            let _ = writeln!(text, "{name}='{value}' # {source}");
        }
    }
    for name in &args.names {
        let name = name.trim_start_matches('-');
        let settings = self::settings(args, parsed);
        match settings.into_iter().find(|setting| setting.name == name) {
            Some(setting) => text.push_str(&(setting.value + "\n")),
            None => fail(&format!("there is no setting {name}")),
        }
    }
    print(&text);
    0
}

fn settings(args: &EnvArgs, parsed: &Parsed) -> Vec<Setting> {
    let cli = crate::cli::Cli::command();
    let Some(command) = cli.find_subcommand("env") else {
        return Vec::new();
    };
    let mut settings = Vec::new();
    for arg in command.get_arguments().filter(|arg| !arg.is_positional()) {
        let (id, Some(name)) = (arg.get_id().as_str(), arg.get_long()) else {
            continue;
        };
        if name == "help" {
            continue;
        }
        let raw = parsed.matches.try_get_raw(id).ok().flatten();
        let mut value = raw.map_or(String::new(), |values| {
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        let mut source = match parsed.matches.value_source(id) {
            Some(ValueSource::CommandLine) if parsed.from_environment.iter().any(|n| n == name) => {
                "MINIGO_FLAGS".to_string()
            }
            Some(ValueSource::CommandLine) => "flag".to_string(),
            Some(ValueSource::EnvVariable) => {
                let variable = arg.get_env().unwrap_or_default();
                format!("environment: {}", variable.to_string_lossy())
            }
            _ => "default".to_string(),
        };
        if name == "procs" {
            if value.is_empty() && std::env::var_os("GOMAXPROCS").is_some() {
                source = "environment: GOMAXPROCS".to_string();
            }
            value = args.runtime.processors().to_string();
        }
        settings.push(Setting {
            name: name.to_string(),
            value,
            source,
        });
    }
    for &(name, default) in VARIABLES {
        let (value, source) = match std::env::var(name) {
            Ok(value) => (value, "environment"),
            Err(_) => (default.to_string(), "default"),
        };
        settings.push(Setting {
            name: name.to_string(),
            value,
            source: source.to_string(),
        });
    }
    settings
}
