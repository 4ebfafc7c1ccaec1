//! The files that programs have open, by their numbers. A call that waits for a file keeps it open although another goroutine closes it.

use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use rustix::io::Errno;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// What a read or write of a file that was closed meanwhile gives: no number of the system's.
pub(super) const CLOSED: i64 = -1;

/// An open file.
pub(super) struct Descriptor {
    fd: OwnedFd,
    /// Of a file that may have to be waited for: readable from when it is closed on.
    wake: Option<OwnedFd>,
    closed: AtomicBool,
}

/// What came of waiting for a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Waited {
    /// It may be read (or written).
    Ready,
    /// It was closed.
    Closed,
    /// Somebody wants the goroutine to stop.
    Stopped,
}

type Table = HashMap<i32, Arc<Descriptor>>;

/// Numbers are the process's, so one table is right for all programs in it.
fn table() -> MutexGuard<'static, Table> {
    static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();
    TABLE
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// Takes a file into the table; the result is its number.
pub(super) fn add(fd: OwnedFd) -> i32 {
    let number = fd.as_raw_fd();
    let waits = fstat(&fd).is_ok_and(|stat| {
        !matches!(
            FileType::from_raw_mode(stat.st_mode),
            FileType::RegularFile | FileType::Directory
        )
    });
    let wake = waits
        .then(|| eventfd(0, EventfdFlags::CLOEXEC))
        .and_then(Result::ok);
    if wake.is_some() {
        // Who may have to wait does it in `wait`.
        let flags = fcntl_getfl(&fd).map(|flags| flags | OFlags::NONBLOCK);
        let _ = flags.and_then(|flags| fcntl_setfl(&fd, flags));
    }
    let descriptor = Descriptor {
        fd,
        wake,
        closed: AtomicBool::new(false),
    };
    table().insert(number, Arc::new(descriptor));
    number
}

/// The file of a number. The standard files are there from the beginning.
pub(super) fn get(number: i64) -> Option<Arc<Descriptor>> {
    let number = i32::try_from(number).ok()?;
    if let Some(descriptor) = table().get(&number) {
        return Some(descriptor.clone());
    }
    let fd = match number {
        0 => std::io::stdin().as_fd().try_clone_to_owned(),
        1 => std::io::stdout().as_fd().try_clone_to_owned(),
        2 => std::io::stderr().as_fd().try_clone_to_owned(),
        _ => return None,
    };
    let descriptor = Arc::new(Descriptor {
        fd: fd.ok()?,
        wake: None,
        closed: AtomicBool::new(false),
    });
    Some(table().entry(number).or_insert(descriptor).clone())
}

/// Closes a file: those who wait for it are told.
pub(super) fn close(number: i64) -> bool {
    let removed = i32::try_from(number)
        .ok()
        .and_then(|number| table().remove(&number));
    let Some(descriptor) = removed else {
        return false;
    };
    // Release: pairs with the Acquire in `wait`.
    descriptor.closed.store(true, Ordering::Release);
    if let Some(wake) = &descriptor.wake {
        // The counter can hold one more of the only kind of write there is.
        let _ = rustix::io::write(wake, &1u64.to_ne_bytes());
    }
    true
}

impl Descriptor {
    /// Waits until the file can be read (or written), fails or is closed, or until `stop` can be read.
    pub(super) fn wait(&self, write: bool, stop: Option<BorrowedFd<'_>>) -> Waited {
        if self.wake.is_none() && stop.is_none() {
            return Waited::Ready;
        }
        let events = if write { PollFlags::OUT } else { PollFlags::IN };
        loop {
            let others = self.wake.as_ref().map(AsFd::as_fd).into_iter().chain(stop);
            let mut fds = vec![PollFd::from_borrowed_fd(self.as_fd(), events)];
            fds.extend(others.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
            let result = poll(&mut fds, None);
            // Acquire: pairs with the Release in `close`.
            if self.closed.load(Ordering::Acquire) {
                return Waited::Closed;
            }
            match result {
                Err(Errno::INTR) => {}
                // What is wrong shows when the file is read.
                _ if result.is_err() || !fds[0].revents().is_empty() => return Waited::Ready,
                _ if stop.is_some() && fds.last().is_some_and(|fd| !fd.revents().is_empty()) => {
                    return Waited::Stopped;
                }
                _ => {}
            }
        }
    }

    /// Whether a read (or write) would return at once.
    pub(super) fn is_ready(&self, write: bool) -> bool {
        let events = if write { PollFlags::OUT } else { PollFlags::IN };
        let now = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let mut fds = [PollFd::new(&self.fd, events)];
        !matches!(poll(&mut fds, Some(&now)), Ok(0))
    }
}

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
