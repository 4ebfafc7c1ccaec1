//! Ignoring signals of the process, for package os/signal: what the system does not deliver cannot arrive late.

use crate::sync::raw::Mutex;

/// Numbers of signals are less than this.
const SIGNALS: usize = 65;

/// What was done about signals before they were ignored. Signals are the process's, so there is one of these.
static BEFORE: Mutex<[Option<libc::sigaction>; SIGNALS]> = Mutex::new([None; SIGNALS]);

/// What is done about a signal now.
fn action(signal: i32) -> Option<libc::sigaction> {
    // SAFETY: all zeros is a value of this plain struct.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: it writes to a struct of ours, and changes nothing.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) };
    (result == 0).then_some(action)
}

/// Whether the system drops a signal.
pub fn is_ignored(signal: i32) -> bool {
    action(signal).is_some_and(|action| action.sa_sigaction == libc::SIG_IGN)
}

/// Makes the system drop a signal, if it can be dropped.
pub fn ignore(signal: i32) {
    let Some(place) = usize::try_from(signal).ok().filter(|&i| i < SIGNALS) else {
        return;
    };
    let mut before = BEFORE.lock();
    if before[place].is_none() && !is_ignored(signal) {
        before[place] = action(signal);
    }
    // SAFETY: SIG_IGN runs no code.
    unsafe { libc::signal(signal, libc::SIG_IGN) };
}

/// Ends what [`ignore`] did; a signal that was ignored from the beginning does what it does by itself.
pub fn heed(signal: i32) {
    let Some(place) = usize::try_from(signal).ok().filter(|&i| i < SIGNALS) else {
        return;
    };
    let mut before = BEFORE.lock();
    match before[place].take() {
        // SAFETY: an action that was in force before, whose handler stays where it is.
        Some(action) => unsafe {
            libc::sigaction(signal, &action, std::ptr::null_mut());
        },
        None if is_ignored(signal) => {
            // SAFETY: SIG_DFL runs no code of this process.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        None => {}
    }
}
