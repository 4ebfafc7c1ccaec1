//! The list of packages.

use minigo_vm::native::NativeFn;

/// The natives of a package: names as in its source (`Itoa`, `(*Mutex).Lock`) and functions.
pub(crate) type Natives = &'static [(&'static str, NativeFn)];

/// A package of the library.
struct Package {
    path: &'static str,
    files: &'static [(&'static str, &'static str)],
    natives: Natives,
}

macro_rules! packages {
    ($($path:literal: $($file:literal)+, $natives:expr;)*) => {
        const PACKAGES: &[Package] = &[$(Package {
            path: $path,
            files: &[$(($file, include_str!($file))),+],
            natives: $natives,
        }),*];
    };
}

packages! {
    "bufio": "bufio/bufio.mgo" "bufio/scan.mgo", crate::bufio::NATIVES;
    "bytes": "bytes/bytes.mgo" "bytes/buffer.mgo" "bytes/iter.mgo" "bytes/reader.mgo", crate::bytes::NATIVES;
    "cmp": "cmp/cmp.mgo", &[];
    "container/heap": "container/heap/heap.mgo", &[];
    "container/list": "container/list/list.mgo", &[];
    "container/ring": "container/ring/ring.mgo", &[];
    "context": "context/context.mgo", crate::context::NATIVES;
    "encoding": "encoding/encoding.mgo", &[];
    "errors": "errors/errors.mgo", crate::errors::NATIVES;
    "flag": "flag/flag.mgo" "flag/value.mgo" "flag/command_line.mgo", crate::flag::NATIVES;
    "fmt": "fmt/fmt.mgo" "fmt/scan.mgo" "fmt/scan_value.mgo", crate::fmt::NATIVES;
    "iter": "iter/iter.mgo", &[];
    "log": "log/log.mgo" "log/standard.mgo", &[];
    "maps": "maps/maps.mgo", &[];
    "io": "io/io.mgo" "io/section.mgo" "io/pipe.mgo", &[];
    "math": "math/math.mgo", crate::math::NATIVES;
    "math/bits": "math/bits/bits.mgo", crate::math::bits::NATIVES;
    "math/cmplx": "math/cmplx/cmplx.mgo", crate::math::cmplx::NATIVES;
    "math/rand": "math/rand/rand.mgo", crate::math::rand::NATIVES;
    "math/rand/v2": "math/rand/v2/rand.mgo", crate::math::rand::NATIVES_V2;
    "io/fs": "io/fs/fs.mgo" "io/fs/walk.mgo", &[];
    "os": "os/os.mgo" "os/file.mgo" "os/stat.mgo" "os/dir.mgo" "os/process.mgo", crate::os::NATIVES;
    "os/signal": "os/signal/signal.mgo" "os/signal/context.mgo", crate::os::signal::NATIVES;
    "path": "path/path.mgo", crate::path::NATIVES;
    "path/filepath": "path/filepath/filepath.mgo", crate::path::filepath::NATIVES;
    "net": "net/conn.mgo" "net/address.mgo" "net/dial.mgo" "net/ip.mgo" "net/pipe.mgo" "net/socket.mgo" "net/tcp.mgo" "net/udp.mgo"
        "net/unix.mgo", crate::net::NATIVES;
    "runtime": "runtime/runtime.mgo", crate::runtime::NATIVES;
    "runtime/debug": "runtime/debug/debug.mgo", crate::runtime::debug::NATIVES;
    "slices": "slices/slices.mgo" "slices/sort.mgo", crate::slices::NATIVES;
    "sort": "sort/sort.mgo", crate::sort::NATIVES;
    "strconv": "strconv/strconv.mgo", crate::strconv::NATIVES;
    "strings": "strings/strings.mgo" "strings/builder.mgo" "strings/iter.mgo" "strings/reader.mgo" "strings/replacer.mgo", crate::strings::NATIVES;
    "sync": "sync/sync.mgo", crate::sync::NATIVES;
    "sync/atomic": "sync/atomic/atomic.mgo", crate::sync::atomic::NATIVES;
    "syscall": "syscall/syscall.mgo", crate::syscall::NATIVES;
    "unicode/utf16": "unicode/utf16/utf16.mgo", &[];
    "text/tabwriter": "text/tabwriter/tabwriter.mgo", &[];
    "time": "time/time.mgo" "time/format.mgo" "time/zone.mgo", crate::time::NATIVES;
    "unicode": "unicode/unicode.mgo" "unicode/tables.mgo", crate::unicode::NATIVES;
    "unicode/utf8": "unicode/utf8/utf8.mgo", crate::unicode::utf8::NATIVES;
}

/// The import paths of all packages.
pub fn paths() -> impl Iterator<Item = &'static str> {
    PACKAGES.iter().map(|package| package.path)
}

/// The source files of a package, each with its name; None if the library has no such package.
pub fn source(path: &str) -> Option<&'static [(&'static str, &'static str)]> {
    PACKAGES
        .iter()
        .find(|package| package.path == path)
        .map(|package| package.files)
}

/// The native of this name: `strconv.Itoa`, `sync.(*Mutex).Lock`, `math/bits.Len64`.
pub fn natives(name: &str) -> Option<NativeFn> {
    // The package path ends at the first dot behind the last slash.
    let start = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = start + name[start..].find('.')?;
    let package = PACKAGES
        .iter()
        .find(|package| package.path == &name[..dot])?;
    package
        .natives
        .iter()
        .find(|native| native.0 == &name[dot + 1..])
        .map(|native| native.1)
}

#[cfg(test)]
mod tests {
    use super::PACKAGES;

    /// The names of the functions without body in a source, as natives are named.
    fn bodyless(source: &str) -> Vec<String> {
        let mut names = Vec::new();
        for line in source
            .lines()
            .filter(|line| line.starts_with("func ") && !line.contains('{'))
        {
            let declaration = &line["func ".len()..];
            let Some(method) = declaration.strip_prefix('(') else {
                names.extend(declaration.split('(').next().map(str::to_owned));
                continue;
            };
            let (receiver, rest) = method.split_once(") ").expect("a receiver ends");
            let (_, receiver_type) = receiver.split_once(' ').expect("receivers are named");
            let name = rest.split('(').next().expect("a method has a name");
            names.push(if receiver_type.starts_with('*') {
                format!("({receiver_type}).{name}")
            } else {
                format!("{receiver_type}.{name}")
            });
        }
        names.sort();
        names
    }

    #[test]
    fn functions_without_body_are_the_natives() {
        for package in PACKAGES {
            let mut declared: Vec<String> = package
                .files
                .iter()
                .flat_map(|(_, text)| bodyless(text))
                .collect();
            declared.sort();
            let mut natives: Vec<String> = package
                .natives
                .iter()
                .map(|native| native.0.to_owned())
                .collect();
            natives.sort();
            assert_eq!(declared, natives, "package {}", package.path);
        }
    }

    #[test]
    fn natives_are_found_by_path_and_name() {
        assert!(super::natives("strconv.Itoa").is_some());
        assert!(super::natives("math/bits.Len64").is_some());
        assert!(super::natives("sync.(*Mutex).Lock").is_some());
        assert!(super::natives("strconv.Itoa2").is_none());
        assert!(super::natives("nowhere.Itoa").is_none());
    }
}
