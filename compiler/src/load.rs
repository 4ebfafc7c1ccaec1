//! From source files to a program that can be checked: parsing, and finding what is imported.
//!
//! Packages are numbered so that each comes after those that it imports. What cannot be parsed or found ends the compilation here, as with Go's own tools.

use crate::diagnostics::code;
use crate::types::check::{Loaded, LoadedPackage};
use crate::types::constant::{ConstValue, parse_literal};
use crate::types::print::Spelling;
use crate::types::ty::{FileIndex, PackageId};
use minigo_grammar::ast::{Ast, Decl, Expr, ExprId, ImportDecl, Stmt};
use minigo_grammar::deferred::parse_library_file;
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::{SourceFile, Span};
use minigo_grammar::symbol::{Symbol, Symbols};
use minigo_grammar::token::Token;
use minigo_grammar::{parse_file, parse_repl};
use std::rc::Rc;

/// Finds the sources of a package.
pub type Importer<'a> = &'a dyn Fn(&Import<'_>) -> Result<Sources, ImportError>;

/// A package that is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The import path as the program writes it.
    pub path: &'a str,
    /// The import path of the package that wants it; "main" is the program itself.
    pub importer: &'a str,
}

/// The sources of a package.
#[derive(Default)]
pub struct Sources {
    /// In the order of their names, unless somebody wants another one.
    pub files: Vec<SourceFile>,
    /// Part of the library: functions may lack bodies, and only what is reached is checked.
    pub library: bool,
    /// Stands for the path where Go sorts packages to initialise them: what the package itself waits for can come late.
    pub init_key: String,
}

/// Why a package cannot be imported.
#[derive(Clone, Debug)]
pub struct ImportError {
    /// In Go's words.
    pub message: String,
    /// Lines that follow the message.
    pub continuation: Vec<String>,
    /// What can be done about it.
    pub help: Option<String>,
    /// How Go's short form shows it.
    pub layout: Layout,
}

/// How Go's short form shows that a package cannot be imported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// `file:line:col: message`
    Place,
    /// A chain of packages that ends in `imports wanted: message`
    Chain,
    /// A chain of packages, then `file:line:col: message`
    ChainPlace,
}

impl ImportError {
    /// An error that Go shows at the import.
    pub fn at_import(message: impl Into<String>) -> ImportError {
        ImportError {
            message: message.into(),
            continuation: Vec::new(),
            help: None,
            layout: Layout::Place,
        }
    }

    /// With another layout of the short form.
    pub fn with_layout(mut self, layout: Layout) -> ImportError {
        self.layout = layout;
        self
    }

    /// With advice.
    pub fn with_help(mut self, help: impl Into<String>) -> ImportError {
        self.help = Some(help.into());
        self
    }
}

/// A package that every program has: its types are those of run-time errors.
const RUNTIME: &str = "runtime";

const IMPORT_CYCLE: &str = "import cycle not allowed";

/// Parses the program's files and everything that they import. Gives also whether it makes no sense to go on.
pub(crate) fn load(
    files: Vec<SourceFile>,
    importer: Importer<'_>,
    symbols: &mut Symbols,
) -> (bool, Loaded, Vec<(FileIndex, Diagnostic)>) {
    let mut loader = Loader::new(importer, symbols, Loaded::default());
    let first = loader.parse_all(files, false);
    loader.loaded.spelling = loader.spelling();
    if loader.has_syntax_errors() {
        return (true, loader.loaded, loader.diagnostics);
    }
    let own_path = first
        .first()
        .and_then(|file| loader.loaded.files[file.0 as usize].package())
        .unwrap_or("command-line-arguments");
    loader.loading.push(Loading {
        path: own_path.into(),
        from: String::new(),
    });
    if let Some((_, message)) = loader.mixed_packages(&first) {
        let span = loader.loaded.asts[first[0].0 as usize].package.span;
        let diagnostic =
            Diagnostic::error(code::BAD_IMPORT, span, message.clone()).with_short(message);
        loader.diagnostics.push((first[0], diagnostic));
        return (true, loader.loaded, loader.diagnostics);
    }
    let runtime = loader.import(RUNTIME, "main", "");
    let mut imports: Vec<PackageId> = runtime.ok().flatten().into_iter().collect();
    loader.import_all(&first, "main", &mut imports);
    loader.add_package("main", first, imports, &Sources::default());
    loader.failed |= loader.has_syntax_errors();
    (loader.failed, loader.loaded, loader.diagnostics)
}

/// What a prompt's input is, parsed, with the packages that it needs.
pub(crate) struct LoadedInput {
    pub(crate) loaded: Loaded,
    pub(crate) file: FileIndex,
    /// Packages that it uses without importing them.
    pub(crate) imports: Vec<(Symbol, PackageId)>,
    /// There is no point in checking it.
    pub(crate) failed: bool,
    pub(crate) diagnostics: Vec<(FileIndex, Diagnostic)>,
}

/// The packages that every session has, and the empty package `main` (the result).
pub(crate) fn load_session(
    importer: Importer<'_>,
    symbols: &mut Symbols,
    packages: &[&str],
) -> (Loaded, PackageId) {
    let mut loader = Loader::new(importer, symbols, Loaded::default());
    for path in std::iter::once(&RUNTIME).chain(packages) {
        // What is missing is reported when it is needed.
        let _ = loader.import(path, "main", "");
    }
    let main = loader.add_package("main", Vec::new(), Vec::new(), &Sources::default());
    loader.loaded.packages[main.0 as usize - 1].name = "main".into();
    (loader.loaded, main)
}

/// Parses an input and loads what it imports, and those of `common` (import paths) that it uses by a name that is not known to be
/// anything else.
pub(crate) fn load_input(
    loaded: Loaded,
    main: PackageId,
    source: SourceFile,
    importer: Importer<'_>,
    symbols: &mut Symbols,
    common: &[&str],
    is_known: &dyn Fn(Symbol) -> bool,
) -> LoadedInput {
    let used = used_packages(&source, common);
    let mut loader = Loader::new(importer, symbols, loaded);
    loader.loading.push(Loading {
        path: "main".into(),
        from: String::new(),
    });
    let file = FileIndex(loader.loaded.files.len() as u32);
    let (ast, diagnostics) = parse_repl(&source, loader.symbols);
    loader.diagnostics = diagnostics.into_iter().map(|d| (file, d)).collect();
    let failed = loader.diagnostics.iter().any(|(_, d)| d.is_error());
    loader.loaded.files.push(source);
    loader.loaded.asts.push(ast);
    loader.loaded.file_packages.push(main);
    let mut imports = Vec::new();
    if !failed {
        loader.import_all(&[file], "main", &mut Vec::new());
        for path in used {
            let name = path.rsplit('/').next().unwrap_or(path);
            let symbol = loader.symbols.intern(name);
            if is_known(symbol) || loader.declares_import(file, name) {
                continue;
            }
            if let Ok(Some(id)) = loader.import(path, "main", "") {
                imports.push((symbol, id));
            }
        }
    }
    LoadedInput {
        failed: failed || loader.failed,
        diagnostics: loader.diagnostics,
        loaded: loader.loaded,
        file,
        imports,
    }
}

/// Those of `common` whose names stand before a dot.
fn used_packages<'c>(source: &SourceFile, common: &[&'c str]) -> Vec<&'c str> {
    let lexed = minigo_grammar::lexer::tokenize(source);
    let mut used = Vec::new();
    for pair in lexed.tokens.windows(2) {
        if pair[0].token != Token::Ident || pair[1].token != Token::Dot {
            continue;
        }
        let text = source.slice(pair[0].span);
        // Where several packages have the name, the first one is meant.
        let path = common
            .iter()
            .find(|path| path.rsplit('/').next() == Some(text));
        if let Some(path) = path
            && !used.contains(path)
        {
            used.push(*path);
        }
    }
    used
}

/// A package whose imports are being loaded.
struct Loading {
    path: Rc<str>,
    /// The name of the file that imports it, without folder.
    from: String,
}

struct Loader<'a> {
    importer: Importer<'a>,
    symbols: &'a mut Symbols,
    loaded: Loaded,
    diagnostics: Vec<(FileIndex, Diagnostic)>,
    /// The packages whose imports are being loaded, the program first.
    loading: Vec<Loading>,
    /// A package is missing or the program is no program: there is no point in checking it.
    failed: bool,
}

impl<'a> Loader<'a> {
    fn new(importer: Importer<'a>, symbols: &'a mut Symbols, loaded: Loaded) -> Loader<'a> {
        Loader {
            importer,
            symbols,
            loaded,
            diagnostics: Vec::new(),
            loading: Vec::new(),
            failed: false,
        }
    }

    /// An import declaration of the file names a package so.
    fn declares_import(&self, file: FileIndex, name: &str) -> bool {
        let paths = self.import_paths(file);
        self.import_decls(file)
            .iter()
            .zip(paths)
            .any(|(decl, (path, _))| match decl.name {
                Some(ident) => self.symbols.name(ident.name) == name,
                None => path.is_some_and(|path| path.rsplit('/').next() == Some(name)),
            })
    }

    /// Such errors leave holes in the trees; others of the lexer and parser do not.
    fn has_syntax_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|(_, d)| d.message.starts_with("syntax error"))
    }

    fn parse_all(&mut self, files: Vec<SourceFile>, library: bool) -> Vec<FileIndex> {
        let parse = if library {
            parse_library_file
        } else {
            parse_file
        };
        let mut indices = Vec::with_capacity(files.len());
        for file in files {
            let index = FileIndex(self.loaded.files.len() as u32);
            let (ast, diagnostics) = parse(&file, self.symbols);
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

    /// The first file that belongs to another package than the first of all does, and Go's message about it.
    fn mixed_packages(&self, files: &[FileIndex]) -> Option<(FileIndex, String)> {
        let package = |file: FileIndex| self.loaded.asts[file.0 as usize].package.name;
        let first = *files.first()?;
        let other = *files
            .iter()
            .find(|&&file| package(file) != package(first))?;
        let text = |file: FileIndex| {
            format!(
                "{} ({})",
                self.symbols.name(package(file)),
                base_name(self.loaded.files[file.0 as usize].name())
            )
        };
        let folder = self.loaded.files[first.0 as usize].folder();
        let message = format!(
            "found packages {} and {} in {folder}",
            text(first),
            text(other)
        );
        Some((other, message))
    }

    fn add_package(
        &mut self,
        path: &str,
        files: Vec<FileIndex>,
        imports: Vec<PackageId>,
        sources: &Sources,
    ) -> PackageId {
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
        if &*path != "main" {
            self.loaded.imports.insert(path.clone(), id);
        }
        self.loaded.packages.push(LoadedPackage {
            path,
            name,
            library: sources.library,
            files,
            imports,
            init_key: sources.init_key.as_str().into(),
        });
        id
    }

    /// Loads what the files of a package import, in the order of the paths, and adds it to the package's imports.
    fn import_all(&mut self, files: &[FileIndex], importer: &str, imports: &mut Vec<PackageId>) {
        let mut wanted: Vec<(Option<String>, FileIndex, Span)> = Vec::new();
        for &file in files {
            for (path, span) in self.import_paths(file) {
                if path.is_none() || wanted.iter().all(|(known, ..)| *known != path) {
                    wanted.push((path, file, span));
                }
            }
        }
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, file, span) in wanted {
            let from = base_name(self.loaded.files[file.0 as usize].name()).to_string();
            let (path, error) = match path {
                None => (String::new(), ImportError::at_import("invalid import path")),
                Some(path) if path.is_empty() => {
                    let error = ImportError::at_import("invalid import path (empty string)");
                    (path, error)
                }
                Some(path) => match self.import(&path, importer, &from) {
                    Ok(id) => {
                        imports.extend(id);
                        continue;
                    }
                    Err(error) => (path, error),
                },
            };
            self.report(file, span, &path, &from, error);
            self.failed = true;
        }
    }

    /// Says why an import failed, as Go does.
    fn report(&mut self, file: FileIndex, span: Span, path: &str, from: &str, error: ImportError) {
        let source = &self.loaded.files[file.0 as usize];
        let name = source.name();
        let name = name.strip_prefix("./").unwrap_or(name);
        let place = format!("{name}:{}", source.line_col(span.start));
        let is_cycle = error.message == IMPORT_CYCLE;
        let mut chain = String::new();
        for (index, package) in self.loading.iter().enumerate() {
            let verb = if index == 0 { "package" } else { "\n\timports" };
            chain.push_str(&format!("{verb} {}", package.path));
            if is_cycle && index > 0 {
                chain.push_str(&format!(" from {}", package.from));
            }
        }
        let message = &error.message;
        let short = match error.layout {
            Layout::Place => format!("{place}: {message}"),
            Layout::Chain if is_cycle => {
                format!("{chain}\n\timports {path} from {from}: {message}")
            }
            Layout::Chain => format!("{chain}\n\timports {path}: {message}"),
            Layout::ChainPlace => format!("{chain}\n\t{place}: {message}"),
        };
        let short = error
            .continuation
            .iter()
            .fold(short, |text, line| text + "\n\t" + line);
        let code = if error.message.starts_with("not supported by minigo") {
            code::UNSUPPORTED
        } else {
            code::BAD_IMPORT
        };
        let mut diagnostic = Diagnostic::error(code, span, error.message);
        diagnostic.short = Some(short);
        diagnostic.continuation = error.continuation;
        if is_cycle {
            // The pretty form shows the way round, too.
            let start = self.loading.iter().position(|p| *p.path == *path);
            let around = &self.loading[start.unwrap_or(0)..];
            diagnostic.continuation = around
                .iter()
                .zip(around.iter().skip(1).map(|p| &p.path))
                .map(|(package, imported)| format!("{} imports {imported}", package.path))
                .collect();
            if let Some(last) = around.last() {
                diagnostic
                    .continuation
                    .push(format!("{} imports {path}", last.path));
            }
        }
        diagnostic.help.extend(error.help);
        self.diagnostics.push((file, diagnostic));
    }

    /// The import declarations of a file or an input.
    fn import_decls(&self, file: FileIndex) -> Vec<&ImportDecl> {
        let ast = &self.loaded.asts[file.0 as usize];
        let typed = ast
            .stmt_list(ast.input)
            .iter()
            .filter_map(|&stmt| match ast.stmt(stmt) {
                Stmt::Decl(list) => Some(ast.decl_list(list)),
                _ => None,
            });
        std::iter::once(ast.decl_list(ast.decls))
            .chain(typed)
            .flatten()
            .filter_map(|&decl| match ast.decl(decl) {
                Decl::Import(import) => Some(import),
                _ => None,
            })
            .collect()
    }

    fn import_paths(&self, file: FileIndex) -> Vec<(Option<String>, Span)> {
        let ast = &self.loaded.asts[file.0 as usize];
        let source = &self.loaded.files[file.0 as usize];
        self.import_decls(file)
            .iter()
            .map(|import| {
                let path = literal_text(ast, source, import.path);
                (path, ast.expr_span(import.path))
            })
            .collect()
    }

    /// Loads a package unless it is there. None if it could be found but not be read, which is reported already.
    fn import(
        &mut self,
        path: &str,
        importer: &str,
        from: &str,
    ) -> Result<Option<PackageId>, ImportError> {
        let known = self.loaded.imports.get(path).copied();
        if self.loading.iter().any(|loading| &*loading.path == path) {
            return Err(ImportError::at_import(IMPORT_CYCLE).with_layout(Layout::Chain));
        }
        if let Some(id) = known
            && self.loaded.packages[id.0 as usize - 1].library
        {
            return Ok(known);
        }
        // Who may import another one depends on who asks.
        let mut sources = (self.importer)(&Import { path, importer })?;
        if known.is_some() {
            return Ok(known);
        }
        self.loading.push(Loading {
            path: path.into(),
            from: from.to_string(),
        });
        let files = self.parse_all(std::mem::take(&mut sources.files), sources.library);
        let mut problem = None;
        if !sources.library {
            let is_main = files
                .first()
                .is_some_and(|file| self.loaded.asts[file.0 as usize].package.name == Symbol::MAIN);
            problem = match self.mixed_packages(&files) {
                Some((_, message)) => Some(message),
                None if is_main => Some(format!(
                    "import \"{path}\" is a program, not an importable package"
                )),
                None => None,
            };
        }
        if let Some(message) = problem {
            self.loading.pop();
            return Err(ImportError::at_import(message));
        }
        let mut imports = Vec::new();
        self.import_all(&files, path, &mut imports);
        let id = self.add_package(path, files, imports, &sources);
        self.loading.pop();
        Ok(Some(id))
    }
}

/// A file's name without its folders.
fn base_name(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
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
