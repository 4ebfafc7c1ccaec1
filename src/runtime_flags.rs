//! The flags of everything that runs a program, and the settings of the machine that follow from them and from the environment.

use crate::console::{When, note};
use crate::explanation;
use crate::panic_advice;
use clap::{Args, ValueEnum};
use minigo_grammar::source::SourceFile;
use minigo_vm::capability::{Capabilities, Capability};
use minigo_vm::explain::Explain;
use minigo_vm::heap::HeapConfig;
use minigo_vm::introspect::Traceback;
use minigo_vm::leaks::LeakCheck;
use minigo_vm::sched;
use std::io::IsTerminal;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Processors of a run with a seed, so that it is the same on all computers.
const SEEDED_PROCS: usize = 4;
/// When virtual time begins, as on Go's playground.
const VIRTUAL_START: &str = "2009-11-10T23:00:00Z";

/// How a program runs. A flag of the machine is declared here and nowhere else.
#[derive(Args)]
pub(crate) struct RuntimeFlags {
    /// Run deterministically: every choice of the scheduler comes from this seed
    #[arg(long, value_name = "N", env = "MINIGO_SEED")]
    seed: Option<u64>,
    /// Number of processors; GOMAXPROCS means the same [default: the CPUs that may be used]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    procs: Option<u16>,
    /// With a seed: how the next goroutine is chosen
    #[arg(
        long = "sched",
        value_name = "POLICY",
        default_value = "go",
        requires = "seed"
    )]
    policy: Policy,
    /// With a seed: print the hash of the schedule to standard error at the end
    #[arg(long, requires = "seed")]
    sched_hash: bool,
    /// Where a goroutine may lose its processor: nowhere, at calls, at calls and turns of loops
    #[arg(long, value_name = "WHERE", default_value = "loops")]
    preempt: Preempt,
    /// Length of a time slice in safepoints (calls and turns of loops), in place of 10 ms
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    quantum: Option<u32>,
    /// Whether processors without work take others'
    #[arg(long, value_name = "WHETHER", default_value = "on")]
    steal: Switch,
    /// The program's clock; the virtual one jumps to the next timer when nothing can run
    #[arg(long, value_name = "CLOCK", default_value = "real")]
    time: Clock,
    /// When virtual time begins
    #[arg(long, value_name = "TIME", default_value = VIRTUAL_START, value_parser = humantime::parse_rfc3339)]
    time_start: SystemTime,
    /// End the program after this time, such as 10s, with exit code 124
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// End the program after so many steps (calls and turns of loops), with exit code 125
    #[arg(long, value_name = "N")]
    max_steps: Option<u64>,
    /// End the program when it has more goroutines than this, with exit code 125
    #[arg(long, value_name = "N")]
    max_goroutines: Option<usize>,
    /// End the program when its heap needs more than this, such as 64M, with exit code 125
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    max_heap: Option<u64>,
    /// What the program may reach outside of itself [default: everything]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    allow: Option<Vec<Allow>>,
    /// How a deadlock is explained [default: text on a terminal, else off]
    #[arg(long, value_name = "FORMAT")]
    explain: Option<explanation::Format>,
    /// Look for goroutines that can never go on when main returns, and tell about them or fail with exit code 1
    #[arg(
        long,
        value_name = "HOW",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "warn"
    )]
    leaks: Option<Leaks>,
    /// Print a line about processors and queues so often, in milliseconds; GODEBUG=schedtrace=MS means the same
    #[arg(long, value_name = "MS")]
    schedtrace: Option<u64>,
    /// Print what the scheduler and the collector did to standard error at the end
    #[arg(long)]
    stats: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Policy {
    /// As Go's scheduler on several processors
    Go,
    /// Any runnable goroutine
    Random,
    /// The one that has been runnable for longest
    Fifo,
    /// The one with the highest of random priorities
    Pct,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preempt {
    Off,
    Calls,
    Loops,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clock {
    Real,
    Virtual,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Leaks {
    Warn,
    Fail,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Allow {
    /// Files
    Fs,
    /// The network
    Net,
    /// Environment variables
    Env,
    /// Nothing
    None,
}

impl RuntimeFlags {
    /// The machine for a program with these `os.Args`.
    pub(crate) fn config(&self, args: Vec<String>, files: Vec<SourceFile>) -> minigo_vm::Config {
        let stress = collection_stress();
        if self.time == Clock::Virtual {
            let start = humantime::format_rfc3339_seconds(self.time_start);
            note(&format!("virtual time from {start}"));
        }
        minigo_vm::Config {
            sched: self.sched(),
            heap: HeapConfig {
                gc_percent: gc_percent(),
                memory_limit: memory_limit(),
                max_heap: self.max_heap,
                stress,
                validate: stress.is_some(),
            },
            args,
            allow: self.allowed(),
            sched_hash: self.sched_hash,
            stats: self.stats,
            explain: self.explain(files.clone()),
            leaks: self.leaks(files),
            traceback: traceback(),
            signals: true,
            gc_trace: debug_setting("gctrace").is_some_and(|value| value != 0),
        }
    }

    /// What `--seed` says.
    pub(crate) fn seed(&self) -> Option<u64> {
        self.seed
    }

    pub(crate) fn set_seed(&mut self, seed: Option<u64>) {
        self.seed = seed;
    }

    /// What `--preempt` says.
    pub(crate) fn preempt(&self) -> String {
        let value = self.preempt.to_possible_value();
        value.map_or(String::new(), |value| value.get_name().to_string())
    }

    /// False: there is no such value.
    pub(crate) fn set_preempt(&mut self, value: &str) -> bool {
        match Preempt::from_str(value, false) {
            Ok(preempt) => self.preempt = preempt,
            Err(_) => return false,
        }
        true
    }

    /// How a blocked input is explained at a prompt.
    pub(crate) fn explanation(&self) -> explanation::Format {
        self.explain.unwrap_or(explanation::Format::Text)
    }

    /// How many processors the program begins with.
    pub(crate) fn processors(&self) -> usize {
        processors(self.procs, self.seed.is_some())
    }

    fn leaks(&self, files: Vec<SourceFile>) -> Option<LeakCheck> {
        let fail = self.leaks? == Leaks::Fail;
        let color = When::Auto.on_stderr();
        let words = move |found: &_| explanation::leaks(found, &files, color);
        Some(LeakCheck::new(fail, words))
    }

    fn explain(&self, files: Vec<SourceFile>) -> Option<Explain> {
        let terminal = std::io::stderr().is_terminal();
        let format = match self.explain {
            Some(format) => format,
            None if terminal => explanation::Format::Text,
            None => explanation::Format::Off,
        };
        let color = When::Auto.on_stderr();
        let words = move |found: &_| explanation::render(found, format, &files, color);
        match format {
            explanation::Format::Off => None,
            explanation::Format::Text => Some(Explain::new(words).with_advice(panic_advice::of)),
            _ => Some(Explain::new(words)),
        }
    }

    fn sched(&self) -> sched::Config {
        sched::Config {
            procs: self.processors(),
            seed: self.seed,
            policy: match self.policy {
                Policy::Go => sched::Policy::Go,
                Policy::Random => sched::Policy::Random,
                Policy::Fifo => sched::Policy::Fifo,
                Policy::Pct => sched::Policy::Pct,
            },
            time: match self.time {
                Clock::Real => sched::Time::Real,
                Clock::Virtual => sched::Time::Virtual {
                    start: nanoseconds_since_1970(self.time_start),
                },
            },
            preempt: match self.preempt {
                Preempt::Off => sched::Preempt::Off,
                Preempt::Calls => sched::Preempt::Calls,
                Preempt::Loops => sched::Preempt::Loops,
            },
            quantum: self.quantum,
            steal: self.steal == Switch::On,
            max_steps: self.max_steps,
            max_goroutines: self.max_goroutines,
            timeout: self.timeout,
            trace: self
                .schedtrace
                .or_else(|| debug_setting("schedtrace"))
                .filter(|&period| period > 0)
                .map(Duration::from_millis),
            trace_detail: debug_setting("scheddetail").is_some_and(|value| value != 0),
        }
    }

    fn allowed(&self) -> Capabilities {
        let Some(list) = &self.allow else {
            return Capabilities::ALL;
        };
        list.iter()
            .fold(Capabilities::NONE, |allowed, item| match item {
                Allow::Fs => allowed.with(Capability::Files),
                Allow::Net => allowed.with(Capability::Network),
                Allow::Env => allowed.with(Capability::Environment),
                Allow::None => allowed,
            })
    }
}

fn nanoseconds_since_1970(time: SystemTime) -> i64 {
    let nanoseconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
    nanoseconds.try_into().unwrap_or(i64::MAX)
}

/// A number of bytes: `1048576`, `64M`, `64MiB`.
fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        unit => return Err(format!("no unit is called {unit}; use K, M or G")),
    };
    let number: u64 = digits.parse().map_err(|_| "not a number".to_string())?;
    number
        .checked_shl(shift)
        .filter(|&bytes| bytes >> shift == number)
        .ok_or_else(|| "too many bytes".to_string())
}

/// `--procs`, else `GOMAXPROCS`, else the CPUs that this process may use.
fn processors(flag: Option<u16>, seeded: bool) -> usize {
    let from_environment = || {
        let text = std::env::var("GOMAXPROCS").ok()?;
        text.parse().ok().filter(|&procs: &u16| procs > 0)
    };
    match flag.or_else(from_environment) {
        Some(procs) => usize::from(procs),
        None if seeded => SEEDED_PROCS,
        None => thread::available_parallelism().map_or(1, |procs| procs.get()),
    }
}

/// A setting of `GODEBUG`.
fn debug_setting(name: &str) -> Option<u64> {
    let settings = std::env::var("GODEBUG").ok()?;
    let mut found = settings
        .split(',')
        .filter_map(|setting| setting.split_once('='));
    let (_, value) = found.rfind(|(known, _)| *known == name)?;
    value.parse().ok()
}

/// `GOTRACEBACK`.
fn traceback() -> Traceback {
    match std::env::var("GOTRACEBACK").as_deref() {
        Ok("none" | "0") => Traceback::None,
        Ok("all" | "1" | "system" | "2" | "crash") => Traceback::All,
        _ => Traceback::Single,
    }
}

/// `GOMEMLIMIT`.
fn memory_limit() -> Option<i64> {
    let text = std::env::var("GOMEMLIMIT").ok()?;
    bytes(&text).ok()?.try_into().ok()
}

/// `GOGC`: how many percent the heap may grow before it is collected again.
fn gc_percent() -> Option<u32> {
    let default = HeapConfig::default().gc_percent;
    match std::env::var("GOGC").as_deref() {
        Ok("off") => None,
        Ok(text) => text.parse().map_or(default, Some),
        Err(_) => default,
    }
}

/// `MINIGO_GCSTRESS=n`, for tests of minigo: collect at every n-th allocation, check each pointer met and poison what is freed.
fn collection_stress() -> Option<u64> {
    let text = std::env::var("MINIGO_GCSTRESS").ok()?;
    text.parse().ok().filter(|&every: &u64| every > 0)
}
