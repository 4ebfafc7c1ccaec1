//! Natives of `os`. What the system answers is a number of an error, 0 for none; Go code makes errors of it.

mod directory;
mod files;
pub(crate) mod signal;
mod transfer;

use crate::package::Natives;
use files::Descriptor;
use minigo_vm::capability::Capability;
use minigo_vm::native::{Call, NativeFn, Outcome};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, Timestamps};
use rustix::io::Errno;
use std::sync::Arc;

pub(crate) const NATIVES: Natives = &[
    ("Exit", |call| Outcome::Exit(call.int(0) as i32)),
    ("hostname", hostname),
    ("args", args),
    ("environ", environ),
    ("identity", identity),
    ("groups", groups),
    ("random", random),
    ("open", |call| with_files(call, open)),
    ("closeFile", close_file),
    ("pipe", pipe),
    ("read", transfer::read),
    ("readAt", transfer::read_at),
    ("writeBytes", transfer::write_bytes),
    ("writeString", transfer::write_string),
    ("writeAt", transfer::write_at),
    ("seek", transfer::seek),
    ("fsync", |call| {
        on_file(call, |file| rustix::fs::fsync(file))
    }),
    ("truncate", truncate),
    ("readDirectory", directory::read),
    ("statPath", |call| with_files(call, stat_path)),
    ("statFile", stat_file),
    ("mkdir", |call| with_files(call, mkdir)),
    ("unlink", |call| {
        on_path(call, |path| rustix::fs::unlink(path))
    }),
    ("rmdir", |call| {
        on_path(call, |path| rustix::fs::rmdir(path))
    }),
    ("chdir", |call| {
        on_path(call, |path| rustix::process::chdir(path))
    }),
    ("chdirFile", |call| {
        on_file(call, |file| rustix::process::fchdir(file))
    }),
    ("rename", |call| {
        on_paths(call, |old, new| rustix::fs::rename(old, new))
    }),
    ("link", |call| {
        on_paths(call, |old, new| rustix::fs::link(old, new))
    }),
    ("symlink", |call| {
        on_paths(call, |old, new| rustix::fs::symlink(old, new))
    }),
    ("readlink", |call| with_files(call, readlink)),
    ("chmod", |call| with_files(call, chmod)),
    ("chmodFile", chmod_file),
    ("chown", |call| with_files(call, chown)),
    ("chownFile", chown_file),
    ("utimes", |call| with_files(call, utimes)),
    ("getwd", |call| with_files(call, getwd)),
];

/// The system's number for an error.
fn number<T>(result: Result<T, Errno>) -> i64 {
    result.err().map_or(0, |e| i64::from(e.raw_os_error()))
}

/// Repeats what a signal interrupted.
fn retry<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    loop {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

/// Does something that only a program which may use files can do.
fn with_files(call: &mut Call<'_>, native: NativeFn) -> Outcome {
    match call.require(Capability::Files) {
        Ok(()) => native(call),
        Err(denied) => denied,
    }
}

/// Does something with the path in argument words 0 and 1; the result is the number of an error.
fn on_path(call: &mut Call<'_>, operation: fn(&[u8]) -> Result<(), Errno>) -> Outcome {
    if let Err(denied) = call.require(Capability::Files) {
        return denied;
    }
    let path = call.str(0);
    let result = retry(|| operation(path));
    call.set_int(0, number(result));
    Outcome::Done
}

/// Does something with the paths in argument words 0 to 3.
fn on_paths(call: &mut Call<'_>, operation: fn(&[u8], &[u8]) -> Result<(), Errno>) -> Outcome {
    if let Err(denied) = call.require(Capability::Files) {
        return denied;
    }
    let (old, new) = (call.str(0), call.str(2));
    let result = retry(|| operation(old, new));
    call.set_int(0, number(result));
    Outcome::Done
}

/// The file in argument word 0.
fn file(call: &Call<'_>) -> Result<Arc<Descriptor>, Errno> {
    files::get(call.int(0)).ok_or(Errno::BADF)
}

/// Does something with the file in argument word 0, which may take its time.
fn on_file(call: &mut Call<'_>, operation: fn(&Descriptor) -> Result<(), Errno>) -> Outcome {
    let result = match file(call) {
        Ok(file) => call.block(|| retry(|| operation(&file))),
        Err(e) => Err(e),
    };
    call.set_int(0, number(result));
    Outcome::Done
}

fn hostname(call: &mut Call<'_>) -> Outcome {
    let name = rustix::system::uname();
    call.set_str(0, name.nodename().to_bytes());
    Outcome::Done
}

fn args(call: &mut Call<'_>) -> Outcome {
    let args: Vec<Vec<u8>> = call
        .vm
        .config()
        .args
        .iter()
        .map(|arg| arg.clone().into_bytes())
        .collect();
    let strs: Vec<_> = args.iter().map(|arg| call.new_str(arg)).collect();
    call.set_strs(0, &strs);
    Outcome::Done
}

fn environ(call: &mut Call<'_>) -> Outcome {
    use std::os::unix::ffi::OsStringExt;
    if let Err(denied) = call.require(Capability::Environment) {
        return denied;
    }
    let strs: Vec<_> = std::env::vars_os()
        .map(|(name, value)| {
            let mut variable = name.into_vec();
            variable.push(b'=');
            variable.extend(value.into_vec());
            call.new_str(&variable)
        })
        .collect();
    call.set_strs(0, &strs);
    Outcome::Done
}

fn identity(call: &mut Call<'_>) -> Outcome {
    use rustix::process;
    let value = match call.int(0) {
        0 => i64::from(std::process::id()),
        1 => process::getppid().map_or(0, |pid| i64::from(pid.as_raw_nonzero().get())),
        2 => process::getuid().as_raw().into(),
        3 => process::geteuid().as_raw().into(),
        4 => process::getgid().as_raw().into(),
        5 => process::getegid().as_raw().into(),
        _ => rustix::param::page_size() as i64,
    };
    call.set_int(0, value);
    Outcome::Done
}

fn groups(call: &mut Call<'_>) -> Outcome {
    let result = rustix::process::getgroups();
    let list: Vec<u64> = result
        .iter()
        .flatten()
        .map(|gid| gid.as_raw().into())
        .collect();
    call.set_words(0, &list);
    call.set_int(2, number(result));
    Outcome::Done
}

/// `func random() uint32`: nobody else's names come out.
fn random(call: &mut Call<'_>) -> Outcome {
    use std::hash::{BuildHasher, RandomState};
    let (wall, _) = call.clock();
    call.set_int(0, i64::from(RandomState::new().hash_one(wall) as u32));
    Outcome::Done
}

/// `func open(name string, flag, perm int) (fd, errno int)`
fn open(call: &mut Call<'_>) -> Outcome {
    let path = call.str(0).to_vec();
    let flags = OFlags::from_bits_retain(call.int(2) as u32) | OFlags::CLOEXEC;
    let mode = Mode::from_bits_retain(call.int(3) as u32);
    let result = call.block(|| retry(|| rustix::fs::open(path.as_slice(), flags, mode)));
    set_file(call, result.map(files::add));
    Outcome::Done
}

fn set_file(call: &mut Call<'_>, result: Result<i32, Errno>) {
    call.set_int(0, result.map_or(-1, i64::from));
    call.set_int(1, number(result));
}

/// `func closeFile(fd int) (errno int)`
fn close_file(call: &mut Call<'_>) -> Outcome {
    call.vm.flush_stdout();
    let known = files::get(call.int(0)).is_some() && files::close(call.int(0));
    call.set_int(
        0,
        if known {
            0
        } else {
            number::<()>(Err(Errno::BADF))
        },
    );
    Outcome::Done
}

/// `func pipe() (r, w, errno int)`
fn pipe(call: &mut Call<'_>) -> Outcome {
    let result = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
    call.set_int(2, number(result.as_ref().map_err(|&e| e)));
    let (r, w) = result.map_or((-1, -1), |(r, w)| (files::add(r), files::add(w)));
    call.set_int(0, r.into());
    call.set_int(1, w.into());
    Outcome::Done
}

/// `func truncate(fd, size int) (errno int)`
fn truncate(call: &mut Call<'_>) -> Outcome {
    let size = call.int(1);
    let result = match u64::try_from(size) {
        Ok(size) => {
            file(call).and_then(|file| call.block(|| retry(|| rustix::fs::ftruncate(&file, size))))
        }
        Err(_) => Err(Errno::INVAL),
    };
    call.set_int(0, number(result));
    Outcome::Done
}

/// Sets results to the figures of a file, in the order of syscall.Stat_t's fields, and the number of an error.
fn set_stat(call: &mut Call<'_>, result: Result<Stat, Errno>) -> Outcome {
    let figures = match &result {
        Ok(s) => vec![
            s.st_dev,
            s.st_ino,
            s.st_nlink,
            u64::from(s.st_mode),
            u64::from(s.st_uid),
            u64::from(s.st_gid),
            s.st_rdev,
            s.st_size as u64,
            s.st_blksize as u64,
            s.st_blocks as u64,
            s.st_atime as u64,
            s.st_atime_nsec,
            s.st_mtime as u64,
            s.st_mtime_nsec,
            s.st_ctime as u64,
            s.st_ctime_nsec,
        ],
        Err(_) => Vec::new(),
    };
    call.set_words(0, &figures);
    call.set_int(2, number(result));
    Outcome::Done
}

/// `func statPath(name string, follow bool) (figures []int, errno int)`
fn stat_path(call: &mut Call<'_>) -> Outcome {
    let (path, follow) = (call.str(0), call.bool(2));
    let result = retry(|| {
        if follow {
            rustix::fs::stat(path)
        } else {
            rustix::fs::lstat(path)
        }
    });
    set_stat(call, result)
}

/// `func statFile(fd int) (figures []int, errno int)`
fn stat_file(call: &mut Call<'_>) -> Outcome {
    let result = file(call).and_then(|file| retry(|| rustix::fs::fstat(&file)));
    set_stat(call, result)
}

/// `func mkdir(name string, perm int) (errno int)`
fn mkdir(call: &mut Call<'_>) -> Outcome {
    let (path, mode) = (call.str(0), Mode::from_bits_retain(call.int(2) as u32));
    let result = retry(|| rustix::fs::mkdir(path, mode));
    call.set_int(0, number(result));
    Outcome::Done
}

/// `func readlink(name string) (target string, errno int)`
fn readlink(call: &mut Call<'_>) -> Outcome {
    let path = call.str(0);
    let result = retry(|| rustix::fs::readlink(path, Vec::new()));
    call.set_str(0, result.as_ref().map_or(b"".as_slice(), |s| s.to_bytes()));
    call.set_int(2, number(result));
    Outcome::Done
}

/// `func chmod(name string, perm int) (errno int)`
fn chmod(call: &mut Call<'_>) -> Outcome {
    let (path, mode) = (call.str(0), Mode::from_bits_retain(call.int(2) as u32));
    let result = retry(|| rustix::fs::chmod(path, mode));
    call.set_int(0, number(result));
    Outcome::Done
}

/// `func chmodFile(fd, perm int) (errno int)`
fn chmod_file(call: &mut Call<'_>) -> Outcome {
    let mode = Mode::from_bits_retain(call.int(1) as u32);
    let result = file(call).and_then(|file| retry(|| rustix::fs::fchmod(&file, mode)));
    call.set_int(0, number(result));
    Outcome::Done
}

/// User and group; -1 leaves what is.
fn owner(user: i64, group: i64) -> (Option<rustix::fs::Uid>, Option<rustix::fs::Gid>) {
    let number = |n: i64| u32::try_from(n).ok().filter(|&n| n != u32::MAX);
    (
        number(user).map(rustix::fs::Uid::from_raw),
        number(group).map(rustix::fs::Gid::from_raw),
    )
}

/// `func chown(name string, uid, gid int, follow bool) (errno int)`
fn chown(call: &mut Call<'_>) -> Outcome {
    let path = call.str(0);
    let (user, group) = owner(call.int(2), call.int(3));
    let flags = if call.bool(4) {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    let result = retry(|| rustix::fs::chownat(CWD, path, user, group, flags));
    call.set_int(0, number(result));
    Outcome::Done
}

/// `func chownFile(fd, uid, gid int) (errno int)`
fn chown_file(call: &mut Call<'_>) -> Outcome {
    let (user, group) = owner(call.int(1), call.int(2));
    let result = file(call).and_then(|file| retry(|| rustix::fs::fchown(&file, user, group)));
    call.set_int(0, number(result));
    Outcome::Done
}

/// `func utimes(name string, times []int) (errno int)`: access and modification, each as seconds, nanoseconds and 1 to leave what is.
fn utimes(call: &mut Call<'_>) -> Outcome {
    let path = call.str(0);
    let time = |at: usize| rustix::fs::Timespec {
        tv_sec: call.word_element(2, at) as i64,
        tv_nsec: if call.word_element(2, at + 2) == 1 {
            rustix::fs::UTIME_OMIT
        } else {
            call.word_element(2, at + 1) as i64
        },
    };
    let times = Timestamps {
        last_access: time(0),
        last_modification: time(3),
    };
    let result = retry(|| rustix::fs::utimensat(CWD, path, &times, AtFlags::empty()));
    call.set_int(0, number(result));
    Outcome::Done
}

/// `func getwd() (dir string, errno int)`
fn getwd(call: &mut Call<'_>) -> Outcome {
    let result = retry(|| rustix::process::getcwd(Vec::new()));
    call.set_str(0, result.as_ref().map_or(b"".as_slice(), |s| s.to_bytes()));
    call.set_int(2, number(result));
    Outcome::Done
}
