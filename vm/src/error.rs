//! Run-time panics and fatal errors in Go's words.

use std::fmt;

/// What kind of value a run-time panic carries; decides what `recover` gets and what `Error` prints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// `runtime error: …`, a `runtime.Error`.
    Runtime,
    /// The same for what is out of range, a type of its own.
    Bounds,
    /// A `runtime.Error` without that prefix (`close of nil channel`).
    Plain,
    /// A `*runtime.TypeAssertionError`.
    TypeAssertion,
    /// A `*runtime.PanicNilError`.
    PanicNil,
}

/// A run-time panic: what the VM raises itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuntimeError {
    /// Decides the value's type.
    pub kind: ErrorKind,
    /// The text without the `runtime error: ` that some kinds begin with.
    pub text: String,
}

impl RuntimeError {
    /// `runtime error: text`.
    pub fn new(text: impl Into<String>) -> RuntimeError {
        RuntimeError {
            kind: ErrorKind::Runtime,
            text: text.into(),
        }
    }

    /// `runtime error: text` of an index, a bound or a length.
    pub fn bounds(text: impl Into<String>) -> RuntimeError {
        RuntimeError {
            kind: ErrorKind::Bounds,
            text: text.into(),
        }
    }

    /// `text` alone.
    pub fn plain(text: impl Into<String>) -> RuntimeError {
        RuntimeError {
            kind: ErrorKind::Plain,
            text: text.into(),
        }
    }

    /// A failed type assertion.
    pub fn type_assertion(text: impl Into<String>) -> RuntimeError {
        RuntimeError {
            kind: ErrorKind::TypeAssertion,
            text: text.into(),
        }
    }

    /// A nil pointer was dereferenced.
    pub fn nil_dereference() -> RuntimeError {
        RuntimeError::new("invalid memory address or nil pointer dereference")
    }

    /// An index outside a slice, array or string.
    pub fn index(index: i64, len: usize) -> RuntimeError {
        if index < 0 {
            RuntimeError::bounds(format!("index out of range [{index}]"))
        } else {
            RuntimeError::bounds(format!("index out of range [{index}] with length {len}"))
        }
    }

    /// Integer division by zero.
    pub fn divide() -> RuntimeError {
        RuntimeError::new("integer divide by zero")
    }
}

impl fmt::Display for RuntimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.kind, ErrorKind::Runtime | ErrorKind::Bounds) {
            f.write_str("runtime error: ")?;
        }
        f.write_str(&self.text)
    }
}
