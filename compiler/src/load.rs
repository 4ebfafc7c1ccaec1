//! From source files to a program that can be checked: parsing, and finding what is imported.
//!
//! Packages are numbered so that each comes after those that it imports; this is also the order of their
//! initialisation. What cannot be parsed or found ends the compilation here, as with Go's own tools.

use crate::diagnostics::code;
use crate::types::check::{Loaded, LoadedPackage};
use crate::types::constant::{ConstValue, parse_literal};
use crate::types::print::Spelling;
use crate::types::ty::{FileIndex, PackageId};
use minigo_grammar::ast::{Ast, Decl, Expr, ExprId};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::parse_file;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::Symbols;
use rustc_hash::FxHashMap;
use std::rc::Rc;

/// Finds the sources of a package by its import path.
pub type Importer<'a> = &'a dyn Fn(&str) -> Option<Vec<SourceFile>>;

/// A package that every program has: its types are those of run-time errors.
const RUNTIME: &str = "runtime";

/// Parses the program's files and everything that they import. Gives also whether it makes no sense to go on.
pub(crate) fn load(
    files: Vec<SourceFile>,
    importer: Importer<'_>,
    symbols: &mut Symbols,
) -> (bool, Loaded, Vec<(FileIndex, Diagnostic)>) {
    let mut loader = Loader {
        importer,
        symbols,
        loaded: Loaded {
            files: Vec::new(),
            asts: Vec::new(),
            file_packages: Vec::new(),
            packages: Vec::new(),
            imports: FxHashMap::default(),
            spelling: Spelling::default(),
        },
        diagnostics: Vec::new(),
        loading: Vec::new(),
        failed: false,
    };
    let first = loader.parse_all(files);
    loader.loaded.spelling = loader.spelling();
    if loader.has_syntax_errors() {
        return (true, loader.loaded, loader.diagnostics);
    }
    loader.import(RUNTIME);
    for &file in &first {
        loader.import_all(file);
    }
    loader.add_package("main", false, first);
    loader.failed |= loader.has_syntax_errors();
    (loader.failed, loader.loaded, loader.diagnostics)
}

struct Loader<'a> {
    importer: Importer<'a>,
    symbols: &'a mut Symbols,
    loaded: Loaded,
    diagnostics: Vec<(FileIndex, Diagnostic)>,
    /// The packages whose imports are being loaded.
    loading: Vec<Rc<str>>,
    /// A package is missing or the program is no program: there is no point in checking it.
    failed: bool,
}

impl Loader<'_> {
    /// Such errors leave holes in the trees; others of the lexer and parser do not.
    fn has_syntax_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|(_, d)| d.message.starts_with("syntax error"))
    }

    fn parse_all(&mut self, files: Vec<SourceFile>) -> Vec<FileIndex> {
        let mut indices = Vec::with_capacity(files.len());
        for file in files {
            let index = FileIndex(self.loaded.files.len() as u32);
            let (ast, diagnostics) = parse_file(&file, self.symbols);
            self.diagnostics
                .extend(diagnostics.into_iter().map(|d| (index, d)));
            self.loaded.files.push(file);
            self.loaded.asts.push(ast);
            self.loaded.file_packages.push(PackageId(0));
            indices.push(index);
        }
        indices
    }

    /// How the program's own files spell the types with two names; asked before anything else is parsed.
    fn spelling(&self) -> Spelling {
        let written = |name: &str| self.symbols.lookup(name).is_some();
        let empty_interface = self
            .loaded
            .files
            .iter()
            .any(|file| file.text().contains("interface{}"));
        Spelling {
            uint8: written("uint8"),
            byte: written("byte"),
            int32: written("int32") && !written("rune"),
            empty_interface: empty_interface && !written("any"),
        }
    }

    fn add_package(&mut self, path: &str, library: bool, files: Vec<FileIndex>) {
        let id = PackageId(self.loaded.packages.len() as u32 + 1);
        for file in &files {
            self.loaded.file_packages[file.0 as usize] = id;
        }
        let name = files
            .first()
            .map_or("", |file| {
                let package = self.loaded.asts[file.0 as usize].package;
                self.symbols.name(package.name)
            })
            .into();
        let path: Rc<str> = path.into();
        if library {
            self.loaded.imports.insert(path.clone(), id);
        }
        self.loaded.packages.push(LoadedPackage {
            path,
            name,
            library,
            files,
        });
    }

    /// Loads what a file imports.
    fn import_all(&mut self, file: FileIndex) {
        for (path, span) in self.import_paths(file) {
            let problem = match path {
                None => "invalid import path".to_string(),
                Some(path) if path.is_empty() => "invalid import path (empty string)".to_string(),
                Some(path) if self.import(&path) => continue,
                Some(path) => format!("not supported by minigo: package {path}"),
            };
            let diagnostic = Diagnostic::error(code::BAD_IMPORT, span, problem);
            self.diagnostics.push((file, diagnostic));
            self.failed = true;
        }
    }

    fn import_paths(&self, file: FileIndex) -> Vec<(Option<String>, Span)> {
        let ast = &self.loaded.asts[file.0 as usize];
        let source = &self.loaded.files[file.0 as usize];
        let mut paths = Vec::new();
        for &decl in ast.decl_list(ast.decls) {
            if let Decl::Import(import) = ast.decl(decl) {
                let path = literal_text(ast, source, import.path);
                paths.push((path, ast.expr_span(import.path)));
            }
        }
        paths
    }

    /// Loads a package unless it is there; false if there is none.
    fn import(&mut self, path: &str) -> bool {
        if self.loaded.imports.contains_key(path) || self.loading.iter().any(|p| &**p == path) {
            return true;
        }
        let Some(files) = (self.importer)(path) else {
            return false;
        };
        self.loading.push(path.into());
        let files = self.parse_all(files);
        for &file in &files {
            self.import_all(file);
        }
        self.add_package(path, true, files);
        self.loading.pop();
        true
    }
}

fn literal_text(ast: &Ast, source: &SourceFile, id: ExprId) -> Option<String> {
    let Expr::BasicLit(kind) = ast.expr(id) else {
        return None;
    };
    match parse_literal(kind, source.slice(ast.expr_span(id)))? {
        ConstValue::String(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        _ => None,
    }
}
