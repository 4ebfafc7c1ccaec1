//! Natives of `syscall`.

use crate::package::Natives;
use minigo_vm::capability::Capability;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("errorText", error_text), ("kill", kill)];

/// `func errorText(n int) string`: the C library's text without the capital letter that begins it.
fn error_text(call: &mut Call<'_>) -> Outcome {
    let n = call.int(0);
    let text = match i32::try_from(n) {
        Ok(number @ 1..=132) => {
            let text = std::io::Error::from_raw_os_error(number).to_string();
            let text = text
                .rsplit_once(" (os error")
                .map_or(text.as_str(), |parts| parts.0);
            if text.starts_with("Unknown error") {
                format!("errno {n}")
            } else {
                uncapitalized(text)
            }
        }
        _ => format!("errno {n}"),
    };
    call.set_str(0, text.as_bytes());
    Outcome::Done
}

/// `RFS specific error` keeps its capitals.
fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_ascii_lowercase() => {
            let mut lower = String::from(first.to_ascii_lowercase());
            lower.push_str(&text[first.len_utf8()..]);
            lower
        }
        _ => text.to_owned(),
    }
}

/// `func kill(pid, sig int) (errno int)`
fn kill(call: &mut Call<'_>) -> Outcome {
    use rustix::io::Errno;
    use rustix::process::{self, Pid, Signal};
    if call.int(0) != i64::from(std::process::id())
        && let Err(denied) = call.require(Capability::Processes)
    {
        return denied;
    }
    let (pid, number) = (call.int(0), call.int(1));
    // What the program printed comes before what the signal does.
    call.vm.flush_stdout();
    let target = i32::try_from(pid).map_err(|_| Errno::SRCH);
    let result = target.and_then(|target| {
        let process = Pid::from_raw(target.saturating_abs());
        match (
            process,
            i32::try_from(number).ok().and_then(Signal::from_named_raw),
        ) {
            (Some(process), None) if number == 0 && target > 0 => {
                process::test_kill_process(process)
            }
            (_, None) => Err(Errno::INVAL),
            (None, Some(signal)) => process::kill_current_process_group(signal),
            (Some(process), Some(signal)) if target > 0 => process::kill_process(process, signal),
            (Some(process), Some(signal)) => process::kill_process_group(process, signal),
        }
    });
    call.set_int(0, result.err().map_or(0, |e| i64::from(e.raw_os_error())));
    Outcome::Done
}
