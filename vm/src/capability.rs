//! What a program may reach outside of itself: files, the network, the environment.
//!
//! Natives ask before they do it ([`crate::native::Call::require`]). Standard streams and arguments need no leave.

/// The exit code of a program that did what it may not.
pub(crate) const DENIED: i32 = 125;

/// One thing outside of the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capability {
    /// Reading and writing files and directories.
    Files,
    /// Connections to elsewhere.
    Network,
    /// Environment variables.
    Environment,
    /// Signals to other processes. No list of things allows that by name: only who may do everything may do it.
    Processes,
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Capability::Files => "use files (--allow=fs)",
            Capability::Network => "use the network (--allow=net)",
            Capability::Environment => "use the environment (--allow=env)",
            Capability::Processes => "send signals to other processes (no --allow)",
        })
    }
}

/// A set of capabilities.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capabilities(u8);

impl Capabilities {
    /// Nothing.
    pub const NONE: Capabilities = Capabilities(0);
    /// Everything.
    pub const ALL: Capabilities = Capabilities(15);

    /// The set with one more in it.
    #[must_use]
    pub fn with(self, what: Capability) -> Capabilities {
        Capabilities(self.0 | 1 << what as u8)
    }

    /// Whether it is in the set.
    pub fn has(self, what: Capability) -> bool {
        self.0 & 1 << what as u8 != 0
    }
}
