//! Packages on disk: the module that `go.mod` names, the folders below it, and what Go says where something is missing.

use crate::arguments::closest;
use crate::build_constraint;
use crate::console::{fail, fail_plain, reason};
use crate::program::read_file;
use minigo_compiler::{Import, ImportError, Layout, Sources};
use minigo_grammar::source::SourceFile;
use minigo_stdlib::catalog;
use std::path::{Component, Path, PathBuf};

/// Go before this version gives loops one variable for all rounds.
const OLDEST_GO: u32 = 22;
/// The version of Go that minigo is.
const NEWEST_GO: u32 = 27;

const DIRECTIVES: &[&str] = &[
    "module",
    "go",
    "toolchain",
    "godebug",
    "require",
    "exclude",
    "replace",
    "retract",
    "tool",
    "ignore",
];

/// Where the packages of a program come from: the library, and the module around the program.
pub(crate) struct Packages {
    module: Option<Module>,
    /// The import path of the folder that the program is in.
    own_path: String,
}

/// A module as its `go.mod` describes it.
struct Module {
    path: String,
    /// Absolute.
    folder: PathBuf,
    /// Paths of the modules that it requires.
    requires: Vec<String>,
}

impl Packages {
    /// The packages for a program in this folder.
    pub(crate) fn around(folder: &Path) -> Packages {
        let folder = absolute(folder);
        let module = Module::find(&folder);
        let own_path = module
            .as_ref()
            .and_then(|module| module.path_of(&folder))
            .unwrap_or_else(|| "command-line-arguments".to_string());
        Packages { module, own_path }
    }

    /// The import path of the folder that the program is in, if there is a module around it.
    pub(crate) fn own_path(&self) -> Option<&str> {
        self.module.as_ref().map(|_| self.own_path.as_str())
    }

    /// The sources of a package, as the compiler asks for them.
    pub(crate) fn find(&self, import: &Import<'_>) -> Result<Sources, ImportError> {
        let path = import.path;
        if let Some(files) = minigo_stdlib::source(path) {
            let files = files
                .iter()
                .map(|(name, text)| SourceFile::of_library(*name, text).with_package(path));
            return Ok(Sources {
                files: files.collect(),
                library: true,
                init_key: catalog::key(path).unwrap_or(path).to_string(),
            });
        }
        if path == "C" {
            return Err(ImportError::at_import("not supported by minigo: cgo"));
        }
        if path.starts_with("./") || path.starts_with("../") || path == "." || path == ".." {
            return Err(ImportError::at_import(format!(
                "{path:?} is relative, but relative import paths are not supported in module mode"
            )));
        }
        if path.starts_with('/') {
            return Err(ImportError::at_import("cannot import absolute path"));
        }
        if catalog::is_in_go(path) {
            return Err(ImportError::at_import(format!(
                "not supported by minigo: package {path}"
            )));
        }
        let importer = match import.importer {
            "main" => &self.own_path,
            importer => importer,
        };
        if let Some(parent) = internal_parent(path)
            && !(importer == parent || is_below(importer, parent))
            && self.own_module(path).is_none_or(|module| module.has(path))
        {
            return Err(ImportError::at_import(format!(
                "use of internal package {path} not allowed"
            ))
            .with_layout(Layout::ChainPlace));
        }
        match self.own_module(path) {
            Some(module) => module.sources(path),
            None => Err(self.missing(path)),
        }
    }

    fn own_module(&self, path: &str) -> Option<&Module> {
        self.module
            .as_ref()
            .filter(|module| path == module.path || is_below(path, &module.path))
    }

    /// What Go says of a package that is nowhere.
    fn missing(&self, path: &str) -> ImportError {
        let first = path.split('/').next().unwrap_or(path);
        if !first.contains('.') {
            let error = ImportError::at_import(format!("package {path} is not in std"));
            return match closest(path, minigo_stdlib::paths()) {
                Some(other) => error.with_help(format!("did you mean {other}?")),
                None => error,
            };
        }
        let Some(module) = &self.module else {
            return ImportError::at_import(format!(
                "no required module provides package {path}: go.mod file not found in current directory or any parent directory; see 'go help modules'"
            ));
        };
        if let Some(other) = module
            .requires
            .iter()
            .find(|other| path == other.as_str() || is_below(path, other))
        {
            return ImportError::at_import(format!(
                "not supported by minigo: package {path} of another module ({other})"
            ));
        }
        ImportError::at_import(format!("no required module provides package {path}"))
            .with_help("minigo knows its library and the packages below the module of go.mod")
    }
}

impl Module {
    /// The module whose `go.mod` is in this folder or the nearest one above it.
    fn find(folder: &Path) -> Option<Module> {
        for folder in folder.ancestors() {
            let file = folder.join("go.mod");
            if let Ok(text) = std::fs::read_to_string(&file) {
                return Some(Module::parse(folder, &text));
            }
        }
        None
    }

    fn parse(folder: &Path, text: &str) -> Module {
        let file = shown(&folder.join("go.mod"));
        let mut module = Module {
            path: String::new(),
            folder: folder.to_path_buf(),
            requires: Vec::new(),
        };
        let mut version = None;
        let mut block: Option<String> = None;
        for (index, line) in text.lines().enumerate() {
            let line = line.split("//").next().unwrap_or("").trim();
            let wrong = |message: String| -> ! {
                fail_plain(&format!(
                    "go: errors parsing {file}:\n{file}:{}: {message}",
                    index + 1
                ))
            };
            if line.is_empty() {
                continue;
            }
            if line == ")" && block.take().is_some() {
                continue;
            }
            let mut words = line.split_whitespace();
            let directive = match &block {
                Some(directive) => directive.clone(),
                None => words.next().unwrap_or("").to_string(),
            };
            if !DIRECTIVES.contains(&directive.as_str()) {
                wrong(format!("unknown directive: {directive}"));
            }
            let rest: Vec<&str> = words.map(|word| word.trim_matches(['"', '`'])).collect();
            if rest == ["("] {
                block = Some(directive);
                continue;
            }
            match (directive.as_str(), rest.as_slice()) {
                ("module", [path]) => module.path = (*path).to_string(),
                ("module", _) => wrong("usage: module module/path".to_string()),
                ("go", [number]) => match minor_version(number) {
                    Some(minor) => version = Some((index + 1, minor, (*number).to_string())),
                    None => wrong(format!(
                        "invalid go version '{number}': must match format 1.23.0"
                    )),
                },
                ("require", [path, ..]) => module.requires.push((*path).to_string()),
                ("godebug", _) => {
                    fail_plain(&format!(
                        "{file}:{}: not supported by minigo: godebug in go.mod",
                        index + 1
                    ));
                }
                _ => {}
            }
        }
        match version {
            Some((_, minor, number)) if minor > NEWEST_GO => fail(&format!(
                "{file} requires go >= {number} (minigo is go 1.{NEWEST_GO})"
            )),
            Some((line, minor, number)) if minor < OLDEST_GO => fail_plain(&format!(
                "{file}:{line}: not supported by minigo: go {number}, where a loop has one variable for all rounds; minigo needs go 1.{OLDEST_GO} or newer"
            )),
            Some(_) => {}
            None => fail_plain(&format!(
                "{file}: not supported by minigo: no go line, which means go 1.16; add \"go 1.{NEWEST_GO}\""
            )),
        }
        module
    }

    /// The import path of a folder.
    fn path_of(&self, folder: &Path) -> Option<String> {
        let below = folder.strip_prefix(&self.folder).ok()?;
        let mut path = self.path.clone();
        for part in below {
            path.push('/');
            path.push_str(&part.to_string_lossy());
        }
        Some(path)
    }

    /// The folder of a package of this module.
    fn folder_of(&self, path: &str) -> PathBuf {
        match path.strip_prefix(&self.path) {
            Some(below) => self.folder.join(below.trim_start_matches('/')),
            None => self.folder.clone(),
        }
    }

    fn has(&self, path: &str) -> bool {
        let folder = self.folder_of(path);
        matches!(files_in(&folder), Ok(names) if !names.is_empty())
    }

    fn sources(&self, path: &str) -> Result<Sources, ImportError> {
        let folder = self.folder_of(path);
        let names = files_in(&folder).unwrap_or_default();
        if names.is_empty() {
            let first = path.split('/').next().unwrap_or(path);
            let message = if first.contains('.') {
                format!("no required module provides package {path}")
            } else {
                format!("package {path} is not in std")
            };
            return Err(ImportError::at_import(message).with_help(format!(
                "module {} is in {}; there are no Go files in {}",
                self.path,
                shown(&self.folder),
                shown(&folder)
            )));
        }
        let files = package_files(&folder, &names);
        if files.is_empty() {
            return Err(ImportError::at_import(format!(
                "build constraints exclude all Go files in {}",
                folder.display()
            ))
            .with_layout(Layout::Chain));
        }
        Ok(Sources {
            files: files
                .into_iter()
                .map(|file| file.with_package(path))
                .collect(),
            library: false,
            init_key: String::new(),
        })
    }
}

/// The files of the package in a folder, sorted by name, or the message why there is none.
pub(crate) fn folder_files(folder: &Path, packages: &Packages) -> Result<Vec<SourceFile>, String> {
    let names = files_in(folder).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            format!("stat {}: directory not found", absolute(folder).display())
        }
        _ => format!("open {}: {}", folder.display(), reason(&error)),
    })?;
    let place = absolute(folder);
    if names.is_empty() {
        return Err(format!("no Go files in {}", place.display()));
    }
    let files = package_files(folder, &names);
    if files.is_empty() {
        return Err(format!(
            "package {}: build constraints exclude all Go files in {}",
            packages.own_path().unwrap_or("."),
            place.display()
        ));
    }
    Ok(files)
}

/// Names of the source files in a folder, whether they are for this system or not, but without tests.
fn files_in(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_source = name.ends_with(".go") || name.ends_with(".mgo");
        let is_hidden = name.starts_with(['_', '.']);
        let is_test = name.ends_with("_test.go") || name.ends_with("_test.mgo");
        if is_source && !is_hidden && !is_test && !entry.path().is_dir() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads those of the named files that belong to the package on this system.
fn package_files(folder: &Path, names: &[String]) -> Vec<SourceFile> {
    let mut files = Vec::new();
    for name in names
        .iter()
        .filter(|name| build_constraint::name_matches(name))
    {
        let file = read_file(&shown_below(folder, name), &folder.join(name));
        if check_constraint(&file) {
            files.push(file.with_folder(absolute(folder).display().to_string()));
        }
    }
    files
}

/// Whether a file's `//go:build` line lets it take part. One that asks for the loops of old versions of Go ends minigo.
pub(crate) fn check_constraint(file: &SourceFile) -> bool {
    let name = file.name();
    let verdict = match build_constraint::evaluate(file.text()) {
        Ok(verdict) => verdict,
        Err(message) => fail_plain(&format!("{name}: parsing //go:build line: {message}")),
    };
    if let Some(minor) = verdict.go_minor
        && verdict.included
        && minor < OLDEST_GO as i32
    {
        fail_plain(&format!(
            "{name}: not supported by minigo: the //go:build line asks for Go 1.{minor}, where a loop has one variable for all rounds"
        ));
    }
    verdict.included
}

/// `1.27`, `1.27.3`, `1.27rc1`: 27.
fn minor_version(text: &str) -> Option<u32> {
    let minor = text.strip_prefix("1.")?;
    let end = minor
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(minor.len());
    minor[..end].parse().ok()
}

/// The path before the element `internal`, below which alone such a package may be imported.
fn internal_parent(path: &str) -> Option<&str> {
    if let Some(parent) = path.strip_suffix("/internal") {
        return Some(parent);
    }
    match path.rfind("/internal/") {
        Some(index) => Some(&path[..index]),
        None if path == "internal" || path.starts_with("internal/") => Some(""),
        None => None,
    }
}

fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// A path from the root, without `.` and `..`.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// A path as messages show it: seen from the current folder, unless it is shorter from the root.
fn shown(path: &Path) -> String {
    let path = absolute(path);
    let Ok(here) = std::env::current_dir() else {
        return path.display().to_string();
    };
    let common = path
        .components()
        .zip(here.components())
        .take_while(|(a, b)| a == b)
        .count();
    let mut relative = PathBuf::new();
    for _ in here.components().skip(common) {
        relative.push("..");
    }
    relative.extend(path.components().skip(common));
    let relative = relative.display().to_string();
    let absolute = path.display().to_string();
    if relative.is_empty() {
        ".".to_string()
    } else if relative.len() < absolute.len() {
        relative
    } else {
        absolute
    }
}

/// A file as Go's compiler shows it: `./a.go` in the current folder, `b/a.go` elsewhere.
fn shown_below(folder: &Path, name: &str) -> String {
    match shown(folder).as_str() {
        "." => format!("./{name}"),
        folder => format!("{folder}/{name}"),
    }
}
