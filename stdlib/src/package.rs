//! The list of packages.

/// A package of the library.
struct Package {
    path: &'static str,
    files: &'static [(&'static str, &'static str)],
}

macro_rules! packages {
    ($($path:literal: $file:literal;)*) => {
        const PACKAGES: &[Package] = &[$(Package {
            path: $path,
            files: &[($file, include_str!($file))],
        }),*];
    };
}

packages! {
    "errors": "errors/errors.mgo";
    "fmt": "fmt/fmt.mgo";
    "io": "io/io.mgo";
    "math": "math/math.mgo";
    "math/bits": "math/bits/bits.mgo";
    "os": "os/os.mgo";
    "runtime": "runtime/runtime.mgo";
    "sort": "sort/sort.mgo";
    "strconv": "strconv/strconv.mgo";
    "strings": "strings/strings.mgo";
    "sync": "sync/sync.mgo";
    "sync/atomic": "sync/atomic/atomic.mgo";
    "time": "time/time.mgo";
    "unicode": "unicode/unicode.mgo";
    "unicode/utf8": "unicode/utf8/utf8.mgo";
}

/// The source files of a package, each with its name; None if the library has no such package.
pub fn source(path: &str) -> Option<&'static [(&'static str, &'static str)]> {
    PACKAGES.iter().find(|package| package.path == path).map(|package| package.files)
}
