//! What the fuzz targets share: compiling text as the command does, and running bytecode where a crash can be seen.
//!
//! Programs run in a child process: a program may end its process, and whatever a virtual machine leaves behind goes with it.

use minigo_bytecode::Program;
use minigo_compiler::{Import, ImportError, Sources};
use minigo_grammar::source::SourceFile;
use minigo_vm::heap::HeapConfig;
use std::time::Duration;

/// Safepoints that a program may pass.
const MAX_STEPS: u64 = 20_000;

/// Bytes that its heap may take.
const MAX_HEAP: u64 = 64 << 20;

/// A program that runs longer has lost its way to a safepoint.
const LIMIT: Duration = Duration::from_secs(60);

/// Trees nest as deep as the grammar allows; only what is used of the stack is ever touched.
const COMPILER_STACK: usize = 512 << 20;

/// The library's packages; there are no others.
///
/// # Errors
/// The package does not exist.
pub fn library(import: &Import<'_>) -> Result<Sources, ImportError> {
    let Some(files) = minigo_stdlib::source(import.path) else {
        return Err(ImportError::at_import(format!(
            "not supported by minigo: package {}",
            import.path
        )));
    };
    let files = files
        .iter()
        .map(|(name, text)| SourceFile::new(*name, *text).with_package(import.path));
    Ok(Sources {
        files: files.collect(),
        library: true,
        init_key: import.path.to_string(),
    })
}

/// Runs `work` on a stack as large as the command's.
///
/// # Panics
/// When `work` does.
pub fn on_big_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(COMPILER_STACK)
            .spawn_scoped(scope, work)
            .expect("a thread");
        match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Verifies a program and runs it with limits in a child process, whose death by a signal or by an internal error is ours.
///
/// # Panics
/// When the child crashes or hangs.
pub fn run(program: Program) {
    if minigo_bytecode::verify::verify(&program).is_err() {
        return;
    }
    // SAFETY: the child only runs the program and ends; this process has no other threads at this time.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: plain system calls.
        unsafe {
            let null = libc::open(c"/dev/null".as_ptr(), libc::O_RDWR);
            libc::dup2(null, 0);
            libc::dup2(null, 1);
            libc::alarm(LIMIT.as_secs() as u32);
            // As Rust's own start-up does, which a fuzzer's has not.
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        }
        let result = minigo_vm::run(program, &minigo_stdlib::natives, config());
        // SAFETY: ends the process without the fuzzer's own handlers.
        unsafe { libc::_exit(result.unwrap_or(1) & 0x3f) };
    }
    let mut status = 0;
    // SAFETY: the child is ours and `status` is a place for its status.
    unsafe { libc::waitpid(child, &mut status, 0) };
    assert!(
        !libc::WIFSIGNALED(status),
        "the machine died of signal {}",
        libc::WTERMSIG(status)
    );
    assert_ne!(
        libc::WEXITSTATUS(status),
        77,
        "a sanitizer's or fuzzer's report"
    );
}

fn config() -> minigo_vm::Config {
    let mut config = minigo_vm::Config {
        heap: HeapConfig {
            max_heap: Some(MAX_HEAP),
            ..HeapConfig::default()
        },
        ..minigo_vm::Config::default()
    };
    config.sched.seed = Some(1);
    config.sched.max_steps = Some(MAX_STEPS);
    config.sched.max_goroutines = Some(1000);
    config
}
