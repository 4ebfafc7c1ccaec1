//! Which files belong to a package: Go's rules about names (`x_test`, `x_linux`, `x_windows_arm64`) and `//go:build` lines, for the system that
//! minigo's programs see, which is linux on amd64.

/// The newest Go whose programs run here.
const GO_MINOR: i32 = 27;

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

/// Whether a file of this name is part of a package at all: a source file, not hidden, no test, and not for another system.
pub(crate) fn name_matches(name: &str) -> bool {
    let Some(stem) = name
        .strip_suffix(".go")
        .or_else(|| name.strip_suffix(".mgo"))
    else {
        return false;
    };
    if name.starts_with(['_', '.']) || stem.ends_with("_test") {
        return false;
    }
    let stem = stem.split('.').next().unwrap_or(stem);
    let parts: Vec<&str> = stem.split('_').skip(1).collect();
    match parts.as_slice() {
        [.., system, architecture]
            if SYSTEMS.contains(system) && ARCHITECTURES.contains(architecture) =>
        {
            has_tag(system) && has_tag(architecture)
        }
        [.., last] if SYSTEMS.contains(last) || ARCHITECTURES.contains(last) => has_tag(last),
        _ => true,
    }
}

/// What a file's `//go:build` line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verdict {
    /// The file is part of its package.
    pub(crate) included: bool,
    /// The minor version of the Go that the file is written for, if the line names one.
    pub(crate) go_minor: Option<i32>,
}

/// Evaluates the `//go:build` line of a source text, if it has one.
///
/// # Errors
/// What is wrong with the line, in Go's words.
pub(crate) fn evaluate(source: &str) -> Result<Verdict, String> {
    let mut found = None;
    let mut in_comment = false;
    for line in source.lines() {
        let mut line = line.trim();
        if !in_comment && let Some(constraint) = line.strip_prefix("//go:build") {
            if constraint.is_empty() || constraint.starts_with([' ', '\t']) {
                if found.is_some() {
                    return Err("multiple //go:build comments".to_string());
                }
                found = Some(constraint);
            }
            continue;
        }
        // Whatever is neither blank nor comment ends the header.
        loop {
            if in_comment {
                match line.split_once("*/") {
                    Some((_, rest)) => (line, in_comment) = (rest.trim(), false),
                    None => break,
                }
            } else if let Some(rest) = line.strip_prefix("/*") {
                (line, in_comment) = (rest, true);
            } else {
                break;
            }
        }
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            break;
        }
    }
    let Some(text) = found else {
        return Ok(Verdict {
            included: true,
            go_minor: None,
        });
    };
    let mut parser = Parser { rest: text.trim() };
    let value = parser.or()?;
    if !parser.rest.is_empty() {
        return Err(format!("unexpected token {}", parser.rest));
    }
    Ok(Verdict {
        included: value.is_true,
        go_minor: (value.plain >= 0).then_some(value.plain),
    })
}

/// Whether a build tag is set.
fn has_tag(tag: &str) -> bool {
    match tag.strip_prefix("go1.") {
        Some(minor) => minor
            .parse()
            .is_ok_and(|minor: i32| (1..=GO_MINOR).contains(&minor)),
        None => matches!(tag, "linux" | "amd64" | "unix" | "gc"),
    }
}

/// The value of an expression, and the version of Go that it implies: as it is, and under a `!`. -1 is none.
#[derive(Clone, Copy)]
struct Value {
    is_true: bool,
    plain: i32,
    negated: i32,
}

/// A parser for `a && (b || !c)`.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn or(&mut self) -> Result<Value, String> {
        let mut left = self.and()?;
        while self.take("||") {
            let right = self.and()?;
            left = Value {
                is_true: left.is_true || right.is_true,
                plain: left.plain.min(right.plain),
                negated: left.negated.max(right.negated),
            };
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Value, String> {
        let mut left = self.not()?;
        while self.take("&&") {
            let right = self.not()?;
            left = Value {
                is_true: left.is_true && right.is_true,
                plain: left.plain.max(right.plain),
                negated: left.negated.min(right.negated),
            };
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Value, String> {
        let mut is_negated = false;
        while self.take("!") {
            if is_negated {
                return Err("double negation not allowed".to_string());
            }
            is_negated = true;
        }
        let value = self.atom()?;
        Ok(if is_negated {
            Value {
                is_true: !value.is_true,
                plain: value.negated,
                negated: value.plain,
            }
        } else {
            value
        })
    }

    fn atom(&mut self) -> Result<Value, String> {
        if self.take("(") {
            let value = self.or()?;
            return if self.take(")") {
                Ok(value)
            } else {
                Err("missing close paren".to_string())
            };
        }
        let end = self
            .rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'))
            .unwrap_or(self.rest.len());
        let (tag, rest) = self.rest.split_at(end);
        if tag.is_empty() {
            return Err(match rest.chars().next() {
                None => "unexpected end of expression".to_string(),
                Some(c) if "&|)".contains(c) => format!("unexpected token {c}"),
                Some(c) => format!("invalid syntax at {c}"),
            });
        }
        self.rest = rest.trim_start();
        let version = match tag.strip_prefix("go1") {
            Some("") => 0,
            Some(minor) => minor
                .strip_prefix('.')
                .and_then(|minor| minor.parse().ok())
                .unwrap_or(-1),
            None => -1,
        };
        Ok(Value {
            is_true: has_tag(tag),
            plain: version,
            negated: -1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{evaluate, name_matches};

    #[test]
    fn names_say_what_a_file_is_for() {
        for name in [
            "a.go",
            "a.mgo",
            "linux.go",
            "x_linux.go",
            "x_linux_amd64.mgo",
            "x_unix.go",
            "a_b.go",
        ] {
            assert!(name_matches(name), "{name}");
        }
        for name in [
            "a.txt",
            "_a.go",
            ".a.go",
            "a_test.go",
            "a_test.mgo",
            "x_windows.go",
            "x_linux_arm64.go",
            "x_arm.mgo",
            "x_windows_test.go",
        ] {
            assert!(!name_matches(name), "{name}");
        }
    }

    #[test]
    fn build_lines_are_evaluated() {
        let included = |line: &str| {
            evaluate(&format!(
                "// a\n\n/* b\n*/\n//go:build {line}\n\npackage p\n"
            ))
            .map(|verdict| (verdict.included, verdict.go_minor))
        };
        assert_eq!(included("linux && amd64"), Ok((true, None)));
        assert_eq!(included("!windows || arm"), Ok((true, None)));
        assert_eq!(included("!(linux||windows)"), Ok((false, None)));
        assert_eq!(included("ignore"), Ok((false, None)));
        assert_eq!(included("go1.21 && linux"), Ok((true, Some(21))));
        assert_eq!(included("!go1.28"), Ok((true, None)));
        assert_eq!(included("go1.99"), Ok((false, Some(99))));
        assert_eq!(
            included("!!a"),
            Err("double negation not allowed".to_string())
        );
        assert_eq!(included("(a"), Err("missing close paren".to_string()));
        let late = evaluate("package p\n//go:build ignore\n").map(|verdict| verdict.included);
        assert_eq!(late, Ok(true), "the line must be in the header");
    }
}
