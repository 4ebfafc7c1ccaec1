//! Runs a command to its end or to a time limit, and keeps all that it printed.

use std::io::Read;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;
use wait_timeout::ChildExt;

/// What a finished process left behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code, or the reason why there is none ("timed out", "signal: 11 (SIGSEGV)").
    pub(crate) exit: Result<i32, String>,
}

/// Runs `command` with no standard input and kills it after `limit`.
///
/// # Errors
/// When the command cannot be started at all.
pub(crate) fn run(command: &mut Command, limit: Duration) -> Result<Run, String> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let exit = match child.wait_timeout(limit) {
        Ok(Some(status)) => exit_of(status),
        Ok(None) => {
            // It may have ended by itself in between: then there is nothing left to kill.
            let _ = child.kill();
            let _ = child.wait();
            Err(format!("timed out after {} s", limit.as_secs()))
        }
        Err(error) => Err(format!("cannot wait: {error}")),
    };
    Ok(Run {
        stdout: collect(stdout),
        stderr: collect(stderr),
        exit,
    })
}

fn exit_of(status: ExitStatus) -> Result<i32, String> {
    status.code().ok_or_else(|| status.to_string())
}

/// Reads a pipe on a thread of its own, so that a full pipe never blocks the process.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read before an error is still worth showing.
            let _ = pipe.read_to_end(&mut bytes);
        }
        bytes
    })
}

fn collect(reader: thread::JoinHandle<Vec<u8>>) -> String {
    let bytes = reader.join().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
