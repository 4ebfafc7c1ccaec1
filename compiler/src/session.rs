//! A program that is entered piece by piece: what a prompt compiles.
//!
//! A [`Session`] keeps what the checker and the code generator know. [`Session::begin`] gives the program that the machine starts with;
//! each [`Session::input`] gives an [`Extension`] of it, or diagnostics. An input with errors changes nothing that can be seen.

use crate::diagnostics::code;
use crate::escape::Escapes;
use crate::load::{self, Importer};
use crate::types::check::Loaded;
use crate::types::check::session::{self as check, SHOW_PACKAGE};
use crate::types::ty::{FileIndex, PackageId};
use crate::{codegen, codegen::session as generate, order};
use minigo_bytecode::{Extension, Program};
use minigo_grammar::diagnostic::Diagnostic;
use minigo_grammar::source::SourceFile;
use minigo_grammar::symbol::Symbols;
use std::rc::Rc;

pub use crate::types::check::session::{Declared, DeclaredKind};

/// What a session's program consists of so far, for the next input to add to.
pub struct Session {
    symbols: Symbols,
    loaded: Loaded,
    main: PackageId,
    escapes: Escapes,
    /// None only while an input is compiled.
    states: Option<(check::State, generate::State)>,
    common: Vec<&'static str>,
}

/// What became of an input.
pub struct Compiled {
    /// None if a diagnostic is an error.
    pub extension: Option<Extension>,
    /// Names that it declares again, and what they were before.
    pub hidden: Vec<(Rc<str>, &'static str)>,
    /// In the order in which they were found.
    pub diagnostics: Vec<(FileIndex, Diagnostic)>,
}

impl Session {
    /// Starts a session; gives also the program to start the machine with, whose entry function calls `Serve` of the package
    /// that shows values (`minigo/repl`, which the importer has to know). `common` are import paths of packages that can be used
    /// without being imported.
    ///
    /// Panics if the library does not compile.
    pub fn begin(importer: Importer<'_>, common: Vec<&'static str>) -> (Session, Program) {
        let mut symbols = Symbols::new();
        let state = check::State::new(&mut symbols);
        let (mut loaded, main) = load::load_session(importer, &mut symbols, &[SHOW_PACKAGE]);
        loaded.files.push(SourceFile::new("repl", ""));
        let (ast, _) =
            minigo_grammar::parse_repl(&loaded.files[loaded.files.len() - 1], &mut symbols);
        loaded.asts.push(ast);
        loaded.file_packages.push(main);
        let input = check::Input {
            file: FileIndex(loaded.files.len() as u32 - 1),
            imports: Vec::new(),
            name: "main.main".into(),
            then: Some("Serve"),
            look: None,
        };
        let (mut state, checked) = check::check_input(&loaded, &symbols, state, main, input);
        let mut escapes = Escapes::of_session();
        let mut module = state.take_module();
        escapes.extend(&module, &checked.bodies);
        order::order_funcs(&mut module, &mut escapes, &checked.bodies);
        let run = checked.run.unwrap_or_default();
        let begun = generate::begin(&module, &escapes, &loaded.files, &run);
        let Ok((program, generator, types)) = begun else {
            panic!(
                "internal error: the prompt's own package does not compile: {:?}",
                checked.diagnostics
            );
        };
        state.put_back(module, types);
        let session = Session {
            symbols,
            loaded,
            main,
            escapes,
            states: Some((state, generator)),
            common,
        };
        (session, program)
    }

    /// Compiles an input. The name of the file is what positions in it are printed with.
    pub fn input(&mut self, source: SourceFile, importer: Importer<'_>) -> Compiled {
        self.compile(source, importer, None)
    }

    /// Compiles an expression whose value goes to a function of the package that shows values, `func name(any)`, and nowhere else.
    pub fn look(
        &mut self,
        source: SourceFile,
        importer: Importer<'_>,
        name: &'static str,
    ) -> Compiled {
        self.compile(source, importer, Some(name))
    }

    fn compile(
        &mut self,
        source: SourceFile,
        importer: Importer<'_>,
        look: Option<&'static str>,
    ) -> Compiled {
        let Some((state, generator)) = self.states.take() else {
            panic!("internal error: an input of a session failed half-way");
        };
        let known = |symbol| state.is_declared(symbol);
        let loaded = load::load_input(
            std::mem::take(&mut self.loaded),
            self.main,
            source,
            importer,
            &mut self.symbols,
            &self.common,
            &known,
        );
        self.loaded = loaded.loaded;
        let mut compiled = Compiled {
            extension: None,
            hidden: Vec::new(),
            diagnostics: loaded.diagnostics,
        };
        if loaded.failed {
            self.states = Some((state, generator));
            return compiled;
        }
        let input = check::Input {
            file: loaded.file,
            imports: loaded.imports,
            name: "main.repl".into(),
            then: None,
            look,
        };
        let (mut state, checked) =
            check::check_input(&self.loaded, &self.symbols, state, self.main, input);
        compiled.diagnostics.extend(checked.diagnostics);
        let mut module = state.take_module();
        self.escapes.extend(&module, &checked.bodies);
        order::order_funcs(&mut module, &mut self.escapes, &checked.bodies);
        let Some(run) = checked.run else {
            let types = module.types.clone();
            state.put_back(module, types);
            self.states = Some((state, generator));
            return compiled;
        };
        let (generator, types, extension) = generate::extend(
            &module,
            &self.escapes,
            &self.loaded.files,
            generator,
            &run,
            checked.new_methods,
        );
        state.put_back(module, types);
        match extension {
            Ok(extension) => {
                compiled.extension = Some(extension);
                compiled.hidden = checked.hidden;
            }
            Err(refusals) => {
                state.forget(checked.added);
                compiled
                    .diagnostics
                    .extend(refusals.into_iter().map(refused));
            }
        }
        self.states = Some((state, generator));
        compiled
    }

    /// The type of an expression, which is not kept and not evaluated; or what is wrong with it.
    pub fn type_of(
        &mut self,
        source: SourceFile,
        importer: Importer<'_>,
    ) -> Result<String, Vec<(FileIndex, Diagnostic)>> {
        let Some((state, generator)) = self.states.take() else {
            panic!("internal error: an input of a session failed half-way");
        };
        let known = |symbol| state.is_declared(symbol);
        let loaded = load::load_input(
            std::mem::take(&mut self.loaded),
            self.main,
            source,
            importer,
            &mut self.symbols,
            &self.common,
            &known,
        );
        self.loaded = loaded.loaded;
        if loaded.failed {
            self.states = Some((state, generator));
            return Err(loaded.diagnostics);
        }
        let input = check::Input {
            file: loaded.file,
            imports: loaded.imports,
            name: "main.repl".into(),
            then: None,
            look: None,
        };
        let (mut state, found) =
            check::type_of(&self.loaded, &self.symbols, state, self.main, input);
        let mut module = state.take_module();
        self.escapes.extend(&module, &found.bodies);
        order::order_funcs(&mut module, &mut self.escapes, &found.bodies);
        let types = module.types.clone();
        state.put_back(module, types);
        self.states = Some((state, generator));
        found.ty.ok_or(found.diagnostics)
    }

    /// What may follow a text: where the name that is being typed begins, and what it may become.
    pub fn complete(&self, text: &str) -> (usize, Vec<String>) {
        match &self.states {
            Some((state, _)) => state.complete(text, &self.symbols, self.main, &self.common),
            None => (text.len(), Vec::new()),
        }
    }

    /// All files, for rendering diagnostics.
    pub fn files(&self) -> &[SourceFile] {
        &self.loaded.files
    }

    /// What is declared, by name.
    pub fn declared(&self) -> Vec<Declared> {
        match &self.states {
            Some((state, _)) => state.declared(&self.symbols, self.main),
            None => Vec::new(),
        }
    }

    /// Where a package-level variable lies among the machine's, in words, if any code uses it.
    pub fn offset_of(&self, global: u32) -> Option<u32> {
        self.states
            .as_ref()
            .and_then(|(_, generator)| generator.offset_of(global))
    }
}

fn refused(refusal: codegen::Refusal) -> (FileIndex, Diagnostic) {
    let diagnostic = Diagnostic::error(code::UNSUPPORTED, refusal.loc.span, refusal.message);
    (refusal.loc.file, diagnostic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Import, ImportError, Sources};

    const SHOW: &str =
        "package repl\nfunc Show(value any, typ string) { print(typ) }\nfunc Serve() {}\n";

    fn importer(import: &Import<'_>) -> Result<Sources, ImportError> {
        let text = match import.path {
            "runtime" => {
                "package runtime\ntype errorString string\nfunc (e errorString) Error() string { return string(e) }\n"
            }
            SHOW_PACKAGE => SHOW,
            "lib" => {
                "package lib\nvar V = f()\nfunc f() int { return 3 }\nfunc Double(x int) int { return 2 * x }\n"
            }
            path => return Err(ImportError::at_import(format!("no package {path}"))),
        };
        Ok(Sources {
            files: vec![SourceFile::new(import.path, text)],
            library: true,
            init_key: import.path.to_string(),
        })
    }

    /// Enters inputs; each must give the messages that follow it, or compile to what the verifier accepts.
    fn check(inputs: &[(&str, &str)]) {
        let (mut session, mut program) = Session::begin(&importer, vec!["lib"]);
        minigo_bytecode::verify::verify(&program).expect("the first program");
        for (number, (input, expected)) in inputs.iter().enumerate() {
            let source = SourceFile::new(format!("repl[{}]", number + 1), *input);
            let compiled = session.input(source, &importer);
            let messages: Vec<String> = compiled
                .diagnostics
                .iter()
                .map(|(_, d)| d.message.clone())
                .collect();
            assert_eq!(messages.join("; "), *expected, "of {input}");
            if let Some(extension) = compiled.extension {
                let first = program.funcs.len();
                program.extend(extension);
                minigo_bytecode::verify::verify_from(&program, first)
                    .unwrap_or_else(|error| panic!("{input}: {error}"));
            }
        }
    }

    #[test]
    fn inputs_see_what_earlier_ones_declared() {
        check(&[
            ("x := 1", ""),
            ("x + 1", ""),
            ("y, z := x, \"s\"", ""),
            ("func f(a int) int { return a + x }", ""),
            ("f(y) + _", ""),
            ("type T struct { a int; b [100]int }; var t T", ""),
            ("func (t *T) Sum() int { return t.a + len(t.b) }", ""),
            ("t.Sum()", ""),
            ("var s interface{ Sum() int } = &t; s.Sum()", ""),
            (
                "type L[E any] []E; func (l L[E]) Len() int { return len(l) }",
                "",
            ),
            ("L[int]{1, 2}.Len()", ""),
            ("lib.Double(lib.V)", ""),
            ("for i := range 3 { x += i }; defer f(1); go f(2)", ""),
            ("", ""),
        ]);
    }

    #[test]
    fn names_can_be_declared_again_but_not_twice_in_one_input() {
        check(&[
            ("x := 1", ""),
            ("g := func() int { return x }", ""),
            ("x := \"now a string\"", ""),
            ("x + \"!\"; g() + 1", ""),
            ("x, n := \"old\", 1", ""),
            (
                "x, m := 1, 1",
                "cannot use 1 (untyped int constant) as string value in multiple assignment",
            ),
            ("a := 1; a := 2", "no new variables on left side of :="),
            ("func x() {}", ""),
            ("x()", ""),
            ("type x int; var v x = 1", ""),
        ]);
    }

    #[test]
    fn an_input_with_errors_leaves_nothing_behind() {
        check(&[
            ("y := undefined1", "undefined: undefined1"),
            ("y", "undefined: y"),
            ("type P struct{ n nothing }; var p P", "undefined: nothing"),
            ("p", "undefined: p"),
            (
                "func h() int { return \"s\" }",
                "cannot use \"s\" (untyped string constant) as int value in return statement",
            ),
            ("h()", "undefined: h"),
            ("int", "int (type) is not an expression"),
            (
                "lib.V.x",
                "lib.V.x undefined (type int has no field or method x)",
            ),
            ("lib.V", ""),
            ("import l \"lib\"", ""),
            ("l.Double(2)", ""),
            ("import \"nowhere\"", "no package nowhere"),
        ]);
    }
}
