//! Random Go programs that Go accepts and whose output is certain, from a seed.
//!
//! A program declares types, constants, variables, functions and methods at random, and its `main` prints what becomes of them.
//! It is well-typed by construction: an expression is generated for the type it must have. It ends: loops are counted, and a
//! program has fuel for a number of calls. Its output is certain: what Go leaves open (the order of operands' panics and effects
//! outside of `late`, the capacity that `append` gives, the order of maps, which goroutine is first) never shows.
//!
//! | file | subject |
//! |---|---|
//! | `random` | choices from a seed |
//! | `tree` | programs as trees of text, for shrinking |
//! | `types` | types |
//! | `declare` | package-level declarations |
//! | `expr`, `call`, `panicking` | expressions; those that call; those that may panic |
//! | `stmt`, `flow`, `assign` | statements; control flow; assignments |
//! | `concurrency` | goroutines, channels, `select`, `sync` |
//! | `generic` | generic functions and types |
//! | `late` | expressions with calls that change the other operands |
//! | `prelude` | what programs use without declaring it, and putting them into files |
//! | `shrink` | smaller programs that still show a difference |
//! | `compare` | running many programs with minigo and with real Go |

mod assign;
mod call;
pub(crate) mod compare;
mod concurrency;
mod declare;
mod expr;
mod flow;
mod generic;
mod late;
mod panicking;
mod prelude;
mod random;
mod shrink;
mod stmt;
mod tree;
mod types;

use random::Random;
use tree::Node;
use types::{Int, Named, Ty};

/// A generated program: its package-level declarations.
#[derive(Clone)]
pub(crate) struct Program {
    nodes: Vec<Node>,
}

/// What the statement at hand may do besides computing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effects {
    None,
    /// Call what prints.
    Calls,
    /// Panic, once.
    Panics,
}

/// A variable that can be used.
#[derive(Clone)]
struct Variable {
    name: String,
    ty: Ty,
    /// It and what it refers to may change.
    assignable: bool,
    /// A function or pointer that is never nil.
    present: bool,
}

/// A function of the program that has been declared.
#[derive(Clone)]
struct Function {
    name: String,
    params: Vec<Ty>,
    results: Vec<Ty>,
    variadic: bool,
    /// It changes nothing that its caller can see, so it can be called within expressions.
    calm: bool,
}

struct Generator {
    random: Random,
    types: Vec<Named>,
    functions: Vec<Function>,
    constants: Vec<(String, Ty)>,
    scope: Vec<Variable>,
    /// Names that were given.
    names: usize,
    /// Statements that may still be generated.
    budget: isize,
    effects: Effects,
    /// What is around the statement at hand.
    around: Around,
}

/// What is around a statement.
#[derive(Clone, Default)]
struct Around {
    /// A panic is recovered and printed.
    recovered: bool,
    /// Other goroutines run here, or the function can be called in any expression: nothing is called that prints, nothing outside is changed.
    isolated: bool,
    /// The function changes nothing of its caller.
    calm: bool,
    loops: usize,
    blocks: usize,
    /// Labels of the loops around, if they have one, the innermost last.
    labels: Vec<Option<String>>,
    /// `break` would leave a loop or a switch.
    breakable: bool,
    /// What the function returns, if `return` is possible.
    results: Option<Vec<Ty>>,
    /// Those have names, so `return` may stand alone.
    named_results: bool,
    generic: bool,
}

/// The program of a seed.
pub(crate) fn generate(seed: u64) -> Program {
    let mut generator = Generator {
        random: Random::new(seed),
        types: Vec::new(),
        functions: Vec::new(),
        constants: Vec::new(),
        scope: Vec::new(),
        names: 0,
        budget: 0,
        effects: Effects::None,
        around: Around::default(),
    };
    Program {
        nodes: generator.program(),
    }
}

/// The program of a seed as a file.
pub(crate) fn text(seed: u64) -> String {
    prelude::file(&generate(seed))
}

impl Generator {
    fn fresh(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn declare(&mut self, name: &str, ty: &Ty, assignable: bool) {
        self.scope.push(Variable {
            name: name.to_string(),
            ty: ty.clone(),
            assignable,
            present: false,
        });
    }

    fn is_generic(&self) -> bool {
        self.around.generic
    }

    /// An integer type, often a small one.
    fn int_type(&mut self) -> Int {
        if self.random.chance(35) {
            Int::Word
        } else {
            *self.random.pick(&Int::ALL)
        }
    }

    /// A basic type.
    fn simple_type(&mut self) -> Ty {
        match self.random.below(20) {
            0..9 => Ty::Int(self.int_type()),
            9..13 => Ty::Str,
            13 | 14 => Ty::Bool,
            15 | 16 => Ty::Float64,
            17 => Ty::Float32,
            18 => Ty::Complex128,
            _ => Ty::Complex64,
        }
    }

    fn number_type(&mut self) -> Ty {
        let named: Vec<Ty> = self.named(|this, ty| {
            matches!(
                ty.under(&this.types),
                Ty::Int(_) | Ty::Float32 | Ty::Float64
            )
        });
        match self.random.below(10) {
            0 if !named.is_empty() => self.random.pick(&named).clone(),
            1 => Ty::Float32,
            2 | 3 => Ty::Float64,
            _ => Ty::Int(self.int_type()),
        }
    }

    fn ordered_type(&mut self) -> Ty {
        if self.random.chance(25) {
            Ty::Str
        } else {
            self.number_type()
        }
    }

    fn key_type(&mut self) -> Ty {
        let named: Vec<Ty> = self.named(|this, ty| {
            let simple = |ty: &Ty| matches!(ty.under(&this.types), Ty::Int(_) | Ty::Str | Ty::Bool);
            match ty.under(&this.types) {
                Ty::Struct(fields) => fields.iter().all(|field| simple(&field.ty)),
                Ty::Array(_, elem) => simple(elem),
                _ => simple(ty),
            }
        });
        match self.random.below(10) {
            0..3 if !named.is_empty() => self.random.pick(&named).clone(),
            3 => Ty::Array(2, Box::new(Ty::Int(self.int_type()))),
            4..7 => Ty::Str,
            7 => Ty::Bool,
            _ => Ty::Int(self.int_type()),
        }
    }

    /// The program's own types that fit.
    fn named(&self, fits: impl Fn(&Generator, &Ty) -> bool) -> Vec<Ty> {
        (0..self.types.len())
            .map(Ty::Named)
            .filter(|ty| !ty.is_interface(&self.types) && fits(self, ty))
            .collect()
    }

    /// Any type, nested as deep as this.
    fn any_type(&mut self, depth: usize) -> Ty {
        if self.is_generic() {
            return self.simple_type();
        }
        match self.random.below(if depth == 0 { 12 } else { 24 }) {
            0..8 => self.simple_type(),
            8..12 if !self.types.is_empty() => Ty::Named(self.random.below(self.types.len())),
            8..12 => self.simple_type(),
            12..15 => Ty::slice(self.any_type(depth - 1)),
            15 | 16 => Ty::Array(self.random.range(1, 4), Box::new(self.any_type(depth - 1))),
            17 | 18 => Ty::map(self.key_type(), self.any_type(depth - 1)),
            19 => Ty::pointer(self.any_type(depth - 1)),
            20 => {
                let params = (0..self.random.below(3))
                    .map(|_| self.any_type(0))
                    .collect();
                Ty::Func(params, Box::new(self.any_type(depth - 1)))
            }
            21 => Ty::Any,
            _ => {
                let structs = self.named(|this, ty| matches!(ty.under(&this.types), Ty::Struct(_)));
                if structs.is_empty() {
                    Ty::INT
                } else {
                    self.random.pick(&structs).clone()
                }
            }
        }
    }

    fn printable_type(&mut self) -> Ty {
        self.type_that(Ty::is_printable)
    }

    fn comparable_type(&mut self) -> Ty {
        self.type_that(Ty::is_comparable)
    }

    fn type_that(&mut self, fits: impl Fn(&Ty, &[Named]) -> bool) -> Ty {
        for _ in 0..8 {
            let ty = self.any_type(1);
            if fits(&ty, &self.types) {
                return ty;
            }
        }
        self.simple_type()
    }

    /// A type that an `any` holds.
    fn dynamic_type(&mut self) -> Ty {
        if self.is_generic() {
            return self.simple_type();
        }
        self.type_that(|ty, types| ty.is_printable(types) && !ty.is_interface(types))
    }

    /// A type that has the methods of an interface.
    fn implementation_of(&mut self, interface: usize) -> Option<Ty> {
        let wanted = self.types[interface].methods.clone();
        let mut found = Vec::new();
        for (index, named) in self.types.iter().enumerate() {
            if named.is_interface {
                continue;
            }
            let has = |pointers: bool| {
                wanted.iter().all(|method| {
                    named
                        .methods
                        .iter()
                        .any(|own| own.name == method.name && (pointers || !own.on_pointer))
                })
            };
            if has(false) {
                found.push(Ty::Named(index));
            } else if has(true) {
                found.push(Ty::pointer(Ty::Named(index)));
            }
        }
        if found.is_empty() {
            None
        } else {
            Some(self.random.pick(&found).clone())
        }
    }

    fn constant_of(&mut self, ty: &Ty) -> Option<String> {
        let found: Vec<&String> = self
            .constants
            .iter()
            .filter(|(_, of)| of == ty)
            .map(|(name, _)| name)
            .collect();
        if found.is_empty() {
            return None;
        }
        Some(found[self.random.below(found.len())].clone())
    }
}
