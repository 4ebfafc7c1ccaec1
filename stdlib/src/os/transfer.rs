//! Reading and writing. Both may wait, for a pipe's other end or for a disk, so both give up the processor first.

use super::files::{self, CLOSED, Descriptor, Waited};
use super::{file, number, retry};
use crate::buffer::with_buffer;
use minigo_vm::native::{Call, Outcome};
use rustix::fd::BorrowedFd;
use rustix::io::Errno;
use std::sync::Arc;

/// Bytes that one read or write moves at most, as in Go.
const MOST: usize = 1 << 30;

/// What the program is told when it must try again: the system never says so of a file that waits.
const TRY_AGAIN: i64 = -2;

/// With a seed nobody goes on while a call waits, so it is made only when it does not wait.
fn must_try_again(call: &Call<'_>, file: &Descriptor, write: bool) -> bool {
    call.is_seeded() && !file.is_ready(write)
}

/// `func read(fd int, b []byte) (n, errno int)`
pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    call.vm.flush_stdout();
    let len = call.slice_len(1).min(MOST);
    match file(call) {
        Err(e) => set_result(call, Err(e)),
        Ok(file) if must_try_again(call, &file, false) => set_failure(call, TRY_AGAIN),
        Ok(file) => with_buffer(len, |buffer| {
            let seeded = call.is_seeded();
            let result = call.block_for_file(|stop| {
                loop {
                    match file.wait(false, stop) {
                        Waited::Ready => {}
                        other => return Err(other),
                    }
                    let result = retry(|| rustix::io::read(&file, &mut *buffer));
                    // Somebody else may have read what there was.
                    if seeded || result != Err(Errno::AGAIN) {
                        return Ok(result);
                    }
                }
            });
            match result {
                None | Some(Err(Waited::Stopped)) => Outcome::Yield,
                Some(Err(_)) => set_failure(call, CLOSED),
                Some(Ok(Err(Errno::AGAIN))) if seeded => set_failure(call, TRY_AGAIN),
                Some(Ok(result)) => {
                    if let Ok(n) = result {
                        call.write_bytes(1, &buffer[..n]);
                    }
                    set_result(call, result)
                }
            }
        }),
    }
}

/// `func readAt(fd int, b []byte, off int) (n, errno int)`
pub(super) fn read_at(call: &mut Call<'_>) -> Outcome {
    let (len, offset) = (call.slice_len(1).min(MOST), call.int(3) as u64);
    match file(call) {
        Err(e) => set_result(call, Err(e)),
        Ok(file) => with_buffer(len, |buffer| {
            let result = call.block(|| retry(|| rustix::io::pread(&file, &mut *buffer, offset)));
            if let Ok(n) = result {
                call.write_bytes(1, &buffer[..n]);
            }
            set_result(call, result)
        }),
    }
}

/// `func writeBytes(fd int, b []byte) (n, errno int)`
pub(super) fn write_bytes(call: &mut Call<'_>) -> Outcome {
    let bytes = call.bytes(1);
    write(call, &bytes)
}

/// `func writeString(fd int, s string) (n, errno int)`
pub(super) fn write_string(call: &mut Call<'_>) -> Outcome {
    // Nobody changes a string, and as an argument it stays alive while the write lasts.
    write(call, call.str(1))
}

fn write(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let number = call.int(0);
    match file(call) {
        Err(e) => set_result(call, Err(e)),
        Ok(_) if number == 1 => {
            call.write_stdout(bytes);
            set_result(call, Ok(bytes.len()))
        }
        Ok(_) if number == 2 => {
            call.write_stderr(bytes);
            set_result(call, Ok(bytes.len()))
        }
        Ok(file) if must_try_again(call, &file, true) => set_failure(call, TRY_AGAIN),
        Ok(file) => {
            call.vm.flush_stdout();
            let seeded = call.is_seeded();
            let result = call.block_for_file(|stop| write_all(&file, bytes, seeded, stop));
            let Some(Some((written, errno))) = result else {
                return Outcome::Yield;
            };
            call.set_int(0, written as i64);
            call.set_int(1, errno);
            Outcome::Done
        }
    }
}

/// Writes until all is written or it fails; with a seed also until it would wait. Bytes written, and the number of the error; None if
/// it was told to stop.
fn write_all(
    file: &Arc<Descriptor>,
    bytes: &[u8],
    seeded: bool,
    stop: Option<BorrowedFd<'_>>,
) -> Option<(usize, i64)> {
    let mut written = 0;
    while written < bytes.len() {
        if seeded && !file.is_ready(true) {
            return Some((written, TRY_AGAIN));
        }
        match file.wait(true, stop) {
            Waited::Ready => {}
            Waited::Closed => return Some((written, CLOSED)),
            Waited::Stopped => return None,
        }
        let end = bytes.len().min(written + MOST);
        match retry(|| rustix::io::write(file, &bytes[written..end])) {
            Ok(n) => written += n,
            Err(Errno::AGAIN) => {}
            Err(e) => return Some((written, number::<()>(Err(e)))),
        }
    }
    Some((written, 0))
}

/// `func writeAt(fd int, b []byte, off int) (n, errno int)`
pub(super) fn write_at(call: &mut Call<'_>) -> Outcome {
    let (bytes, offset) = (call.bytes(1), call.int(3) as u64);
    match file(call) {
        Err(e) => set_result(call, Err(e)),
        Ok(file) => {
            let result = call.block(|| retry(|| rustix::io::pwrite(&file, &bytes, offset)));
            set_result(call, result)
        }
    }
}

/// `func seek(fd, offset, whence int) (pos, errno int)`
pub(super) fn seek(call: &mut Call<'_>) -> Outcome {
    use rustix::fs::SeekFrom;
    let offset = call.int(1);
    let from = match call.int(2) {
        0 => u64::try_from(offset).ok().map(SeekFrom::Start),
        1 => Some(SeekFrom::Current(offset)),
        2 => Some(SeekFrom::End(offset)),
        _ => None,
    };
    let result = match (files::get(call.int(0)), from) {
        (None, _) => Err(Errno::BADF),
        (_, None) => Err(Errno::INVAL),
        (Some(file), Some(from)) => rustix::fs::seek(&file, from),
    };
    set_result(call, result.map(|n| n as usize))
}

fn set_result(call: &mut Call<'_>, result: Result<usize, Errno>) -> Outcome {
    call.set_int(0, result.map_or(0, |n| n as i64));
    call.set_int(1, number(result));
    Outcome::Done
}

fn set_failure(call: &mut Call<'_>, code: i64) -> Outcome {
    call.set_int(0, 0);
    call.set_int(1, code);
    Outcome::Done
}
