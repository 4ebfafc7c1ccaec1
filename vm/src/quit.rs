//! `SIGQUIT`: all goroutines are printed, and the process ends with exit code 2, as Go's do.
//!
//! The signal is blocked in all threads and taken by one that waits for it, so that nothing happens in a signal handler.

use crate::Vm;
use crate::sync::thread;

/// Bytes of the waiting thread's stack.
const STACK: usize = 256 << 10;

/// Starts to wait. To be called before other threads are started: they inherit that the signal is blocked.
///
/// A shell that starts a program in the background without job control has it ignore the signal, and an ignored signal is not waited
/// for; Go's programs take it all the same.
pub(crate) fn watch(vm: &'static Vm) {
    if action(libc::SIGQUIT) == libc::SIG_IGN {
        // SAFETY: the default action needs nothing of us.
        unsafe { libc::signal(libc::SIGQUIT, libc::SIG_DFL) };
    }
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is initialised by `sigemptyset` before it is used; it changes only which signals this thread takes.
    let signals = unsafe {
        libc::sigemptyset(signals.as_mut_ptr());
        let mut signals = signals.assume_init();
        libc::sigaddset(&raw mut signals, libc::SIGQUIT);
        libc::pthread_sigmask(libc::SIG_BLOCK, &raw const signals, std::ptr::null_mut());
        signals
    };
    let waiter = move || {
        let mut signal = 0;
        loop {
            // SAFETY: both point to values that live here.
            if unsafe { libc::sigwait(&raw const signals, &raw mut signal) } == 0
                && !given_to_program(&signals)
            {
                break;
            }
        }
        let mut text = String::from("SIGQUIT: quit\n");
        for dump in vm.sched().halt() {
            text.push('\n');
            text.push_str(&dump.text());
        }
        vm.write_stderr(text.as_bytes());
        std::process::exit(2);
    };
    // Without the thread the signal is lost; there is nothing better to do about it.
    let _ = thread::Builder::new()
        .name("signals".to_string())
        .stack_size(STACK)
        .spawn(waiter);
}

/// The handler of a signal, `SIG_DFL` or `SIG_IGN`.
fn action(signal: libc::c_int) -> libc::sighandler_t {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: asking changes nothing, and the result is a valid value even if it is not written.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr());
        action.assume_init().sa_sigaction
    }
}

/// A program that asked for the signal gets it, one that ignores it does not hear of it.
fn given_to_program(signals: &libc::sigset_t) -> bool {
    let action = action(libc::SIGQUIT);
    if action == libc::SIG_DFL {
        return false;
    }
    // SAFETY: the handler runs in this thread, at once, while the signal is not blocked here.
    unsafe {
        libc::pthread_sigmask(libc::SIG_UNBLOCK, signals, std::ptr::null_mut());
        if action != libc::SIG_IGN {
            libc::raise(libc::SIGQUIT);
        }
        libc::pthread_sigmask(libc::SIG_BLOCK, signals, std::ptr::null_mut());
    }
    true
}
