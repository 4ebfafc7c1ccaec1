//! Natives of `os`.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};
use std::io::{self, Read};

pub(crate) const NATIVES: Natives = &[
    ("Exit", exit),
    ("LookupEnv", lookup_env),
    ("Getpid", getpid),
    ("hostname", hostname),
    ("args", args),
    ("writeBytes", write_bytes),
    ("writeString", write_string),
    ("read", read),
];

fn exit(call: &mut Call<'_>) -> Outcome {
    Outcome::Exit(call.int(0) as i32)
}

fn lookup_env(call: &mut Call<'_>) -> Outcome {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    let key = std::ffi::OsStr::from_bytes(call.str(0));
    // A name with "=" or NUL is in no environment.
    let valid = !key.is_empty() && !key.as_bytes().iter().any(|&c| c == b'=' || c == 0);
    let value = if valid { std::env::var_os(key) } else { None };
    call.set_bool(2, value.is_some());
    call.set_str(0, &value.map_or(Vec::new(), OsStringExt::into_vec));
    Outcome::Done
}

fn getpid(call: &mut Call<'_>) -> Outcome {
    call.set_int(0, i64::from(std::process::id()));
    Outcome::Done
}

fn hostname(call: &mut Call<'_>) -> Outcome {
    let name = std::fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    call.set_str(0, name.trim_ascii());
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

/// Writes to one of the two files that can be written; other numbers are closed files.
fn write(call: &mut Call<'_>, bytes: &[u8]) -> Outcome {
    let (n, message): (usize, &[u8]) = match call.int(0) {
        1 => {
            call.write_stdout(bytes);
            (bytes.len(), b"")
        }
        2 => {
            call.write_stderr(bytes);
            (bytes.len(), b"")
        }
        _ => (0, b"bad file descriptor"),
    };
    call.set_str(1, message);
    call.set_int(0, n as i64);
    Outcome::Done
}

fn write_bytes(call: &mut Call<'_>) -> Outcome {
    let bytes = call.bytes(1);
    write(call, &bytes)
}

fn write_string(call: &mut Call<'_>) -> Outcome {
    let bytes = call.str(1);
    write(call, bytes)
}

/// `func read(fd int, b []byte) (n int, msg string)`
fn read(call: &mut Call<'_>) -> Outcome {
    if call.int(0) != 0 {
        call.set_str(1, b"bad file descriptor");
        call.set_int(0, 0);
        return Outcome::Done;
    }
    call.vm.flush_stdout();
    let mut buffer = vec![0; call.slice_len(1)];
    let result = loop {
        match io::stdin().lock().read(&mut buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            result => break result,
        }
    };
    match result {
        Ok(n) => {
            call.write_bytes(1, &buffer[..n]);
            call.set_str(1, b"");
            call.set_int(0, n as i64);
        }
        Err(e) => {
            call.set_str(1, e.kind().to_string().as_bytes());
            call.set_int(0, 0);
        }
    }
    Outcome::Done
}
