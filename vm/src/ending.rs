//! How a run ends: what is said about it, and the exit status.

use crate::Vm;
use crate::explain;
use crate::sched::Finish;
use std::fmt::Write;

/// Writes what there is to say about the end of the program, and returns its exit status.
pub(crate) fn report(vm: &Vm, finish: Finish) -> i32 {
    vm.flush_stdout();
    let status = match finish {
        Finish::Returned => 0,
        Finish::Exit(status) => status,
        Finish::Deadlock(deadlock) => {
            let mut text = deadlock.text();
            if let Some(explain) = &vm.config().explain {
                let words = explain.words(&explain::explain(vm, |_| true, None));
                if !words.is_empty() {
                    text.push('\n');
                    text.push_str(&words);
                }
            }
            vm.write_stderr(text.as_bytes());
            2
        }
        Finish::Limit(limit, running) => {
            let mut text = format!("{limit}\n");
            if let Some(goroutine) = running {
                text.push('\n');
                text.push_str(&goroutine.text());
            }
            vm.write_stderr(text.as_bytes());
            limit.status()
        }
    };
    let mut text = String::new();
    let mut status = status;
    if let (Some(check), Some(leaks)) = (&vm.config().leaks, vm.leaks.lock().take()) {
        text.push_str(&check.words(&leaks));
        if check.fail && status == 0 && !leaks.leaked.goroutines.is_empty() {
            status = 1;
        }
    }
    if vm.config().stats {
        text.push_str(&vm.sched().stats().to_string());
        text.push_str(&vm.heap().stats().to_string());
    }
    if vm.config().sched_hash {
        let (hash, steps) = vm.sched().schedule_hash();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "schedule hash {hash:016x} after {steps} steps");
    }
    if !text.is_empty() {
        vm.write_stderr(text.as_bytes());
    }
    status
}
