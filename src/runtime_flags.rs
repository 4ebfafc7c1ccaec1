//! The flags of everything that runs a program, and the settings of the machine that follow from them and from the environment.

use clap::Args;
use minigo_vm::heap::HeapConfig;
use std::thread;

/// How a program runs. A flag of the machine is declared here and nowhere else.
#[derive(Args)]
pub(crate) struct RuntimeFlags {
    /// Run deterministically: every choice of the scheduler comes from this seed
    #[arg(long, value_name = "N", env = "MINIGO_SEED")]
    seed: Option<u64>,
    /// Number of processors; GOMAXPROCS means the same [default: the CPUs that may be used]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    procs: Option<u16>,
}

impl RuntimeFlags {
    /// The machine for a program with these `os.Args`.
    pub(crate) fn config(&self, args: Vec<String>) -> minigo_vm::Config {
        let stress = collection_stress();
        minigo_vm::Config {
            procs: processors(self.procs),
            seed: self.seed,
            heap: HeapConfig {
                gc_percent: gc_percent(),
                stress,
                validate: stress.is_some(),
                ..HeapConfig::default()
            },
            args,
        }
    }
}

/// `--procs`, else `GOMAXPROCS`, else the CPUs that this process may use.
fn processors(flag: Option<u16>) -> usize {
    let from_environment = || {
        let text = std::env::var("GOMAXPROCS").ok()?;
        text.parse().ok().filter(|&procs: &u16| procs > 0)
    };
    match flag.or_else(from_environment) {
        Some(procs) => usize::from(procs),
        None => thread::available_parallelism().map_or(1, |procs| procs.get()),
    }
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
