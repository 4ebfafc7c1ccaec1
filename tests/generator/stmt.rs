//! Statements: printing, declaring, calling, deferring, recovering.

use super::tree::{Node, item};
use super::types::Ty;
use super::{Around, Effects, Generator};

impl Generator {
    /// A block's statements. What they declare is gone afterwards.
    pub(crate) fn statements(&mut self, count: usize) -> Vec<Node> {
        let mark = self.scope.len();
        let nodes = (0..count).map(|_| self.statement()).collect();
        self.scope.truncate(mark);
        nodes
    }

    /// A nested block of a few statements.
    pub(crate) fn block(&mut self) -> Vec<Node> {
        let labels = self.around.blocks;
        self.around.blocks += 1;
        let count = if self.around.blocks > 2 {
            1
        } else {
            self.random.range(1, 3)
        };
        let nodes = self.statements(count);
        self.around.blocks = labels;
        nodes
    }

    pub(crate) fn statement(&mut self) -> Node {
        self.budget -= 1;
        self.effects = match self.random.below(100) {
            _ if self.around.isolated => Effects::None,
            0..30 => Effects::Calls,
            30..42 if self.around.recovered => Effects::Panics,
            _ => Effects::None,
        };
        let deep = self.budget <= 0 || self.around.blocks > 3;
        let changing = !self.around.calm && !self.around.isolated;
        match self.random.below(100) {
            0..14 => self.print(),
            14..36 => self.declaration(),
            36..52 => self.assignment(),
            52..70 if !deep => self.control(),
            70..76 if changing => self.call_statement(),
            76..83 if !deep && !self.around.isolated => self.recovering(),
            83..86 if self.around.loops == 0 && !self.is_generic() => self.deferred(),
            86..88 => self.counter(),
            88 if !self.around.isolated && !self.is_generic() => self.late_operands(),
            89..93 if changing && self.around.loops == 0 => self.concurrent(),
            93..97 => self.jump(),
            97..100 if !self.is_generic() => self.use_generics(),
            _ => self.declaration(),
        }
    }

    fn print(&mut self) -> Node {
        let count = self.random.range(1, 3);
        let mut parts = Vec::new();
        for _ in 0..count {
            let ty = self.printable_type();
            parts.push(self.typed(&ty, 3));
        }
        let label = self.fresh("p");
        if self.random.chance(25) {
            let verbs: Vec<&str> = (0..count)
                .map(|_| *self.random.pick(&["%v", "%+v", "%T", "%#v", "%v"]))
                .collect();
            let format = format!("fmt.Printf(\"{label} {}\\n\"", verbs.join(" "));
            return item(&format!("{format}{})", ", $".repeat(count)), parts);
        }
        item(
            &format!("fmt.Println(\"{label}\"{})", ", $".repeat(count)),
            parts,
        )
    }

    /// A new variable.
    pub(crate) fn declaration(&mut self) -> Node {
        if self.effects == Effects::None && self.random.chance(12) && !self.around.isolated {
            return self.comma_ok();
        }
        let ty = self.any_type(2);
        let name = self.fresh("v");
        let text = ty.text(&self.types);
        let (template, parts) = match self.random.below(4) {
            0 => (format!("var {name} {text}"), Vec::new()),
            1 => (format!("var {name} {text} = $"), vec![self.expr(&ty, 3)]),
            _ => (format!("{name} := $"), vec![self.typed(&ty, 3)]),
        };
        self.declare(&name, &ty, true);
        item(&format!("{template}\n_ = {name}"), parts)
    }

    fn comma_ok(&mut self) -> Node {
        let (name, ok) = (self.fresh("v"), self.fresh("ok"));
        let ty = self.simple_or_named();
        let text = ty.text(&self.types);
        let (template, parts) = if self.random.chance(50) {
            let value = self.expr(&Ty::Any, 2);
            (format!("{name}, {ok} := $.({text})"), vec![value])
        } else {
            let key = if self.is_generic() {
                Ty::Str
            } else {
                self.key_type()
            };
            let map = self.expr(&Ty::map(key.clone(), ty.clone()), 2);
            let key = self.expr(&key, 2);
            (format!("{name}, {ok} := $[$]"), vec![map, key])
        };
        self.declare(&name, &ty, true);
        self.declare(&ok, &Ty::Bool, true);
        item(&format!("{template}\n_, _ = {name}, {ok}"), parts)
    }

    fn simple_or_named(&mut self) -> Ty {
        self.type_that(|ty, types| !ty.is_interface(types))
    }

    /// A call of a function with effects.
    fn call_statement(&mut self) -> Node {
        if self.functions.is_empty() {
            return self.declaration();
        }
        self.effects = Effects::None;
        let functions = self.functions.clone();
        let function = self.random.pick(&functions);
        let (arguments, parts) = self.arguments(&function.params, function.variadic, 2);
        let call = format!("{}({arguments})", function.name);
        if function.results.is_empty() || self.random.chance(15) {
            return item(&call, parts);
        }
        let names: Vec<String> = function.results.iter().map(|_| self.fresh("v")).collect();
        for (name, ty) in names.iter().zip(&function.results) {
            self.declare(name, ty, true);
        }
        let blanks = vec!["_"; names.len()].join(", ");
        let names = names.join(", ");
        item(&format!("{names} := {call}\n{blanks} = {names}"), parts)
    }

    /// A function literal that is called at once and prints what it recovers from.
    fn recovering(&mut self) -> Node {
        let mark = self.scope.len();
        let around = self.around.clone();
        self.around = Around {
            recovered: true,
            calm: around.calm,
            blocks: around.blocks + 1,
            loops: around.loops,
            results: Some(Vec::new()),
            generic: around.generic,
            ..Around::default()
        };
        let mut nodes = vec![Node::Text("func() {\n".into()), self.deferred_recover()];
        let count = self.random.below(3);
        for _ in 0..count {
            nodes.push(self.statement());
        }
        if !self.is_generic() {
            nodes.push(self.panicking_statement());
        }
        nodes.push(item("fmt.Println(\"not reached?\")", Vec::new()));
        nodes.push(Node::Text("}()".into()));
        self.around = around;
        self.scope.truncate(mark);
        Node::Item(nodes)
    }

    pub(crate) fn deferred_recover(&mut self) -> Node {
        let label = self.fresh("r");
        let mut template = format!(
            "defer func() {{\nif r := recover(); r != nil {{\nfmt.Println(\"{label}\", r)\n"
        );
        match self.random.below(5) {
            0 => template
                .push_str("if e, ok := r.(error); ok {\nfmt.Println(\"error\", e.Error())\n}\n"),
            1 => template
                .push_str("if e, ok := r.(runtime.Error); ok {\nfmt.Println(\"runtime\", e)\n}\n"),
            2 => template.push_str("fmt.Printf(\"%T\\n\", r)\n"),
            _ => {}
        }
        template.push_str("}\n");
        let mut parts = Vec::new();
        // A deferred function can change named results.
        if self.around.named_results && self.random.chance(60) {
            let results = self.around.results.clone().unwrap_or_default();
            let index = self.random.below(results.len());
            self.effects = Effects::None;
            parts.push(self.expr(&results[index], 2));
            template.push_str(&format!("z{index} = $\n"));
        }
        template.push_str("}()");
        item(&template, parts)
    }

    fn deferred(&mut self) -> Node {
        self.effects = Effects::None;
        let ty = self.printable_type();
        let label = self.fresh("d");
        let value = self.typed(&ty, 2);
        match self.random.below(3) {
            0 => item(&format!("defer fmt.Println(\"{label}\", $)"), vec![value]),
            1 => item(
                &format!("defer func() {{ fmt.Println(\"{label}\", $) }}()"),
                vec![value],
            ),
            _ => {
                let text = ty.text(&self.types);
                item(
                    &format!(
                        "for i := 0; i < 2; i++ {{\ndefer func(x {text}) {{ fmt.Println(\"{label}\", i, x) }}($)\n}}"
                    ),
                    vec![value],
                )
            }
        }
    }

    /// A closure that changes what it captured.
    fn counter(&mut self) -> Node {
        self.effects = Effects::None;
        let of = self.simple_type();
        let (state, step, count) = (self.fresh("v"), self.fresh("inc"), self.random.range(1, 3));
        let start = self.typed(&of, 1);
        let text = of.text(&self.types);
        let mark = self.scope.len();
        self.declare(&state, &of, true);
        let next = self.expr(&of, 2);
        self.scope.truncate(mark);
        self.declare(&state, &of, true);
        let calls = format!("fmt.Println({step}(), {state})\n").repeat(count);
        item(
            &format!(
                "{state} := $\n{step} := func() {text} {{\nold := {state}\n{state} = $\nreturn old\n}}\n{calls}"
            ),
            vec![start, next],
        )
    }

    /// `return` with values.
    pub(crate) fn return_statement(&mut self) -> Node {
        self.effects = if self.random.chance(40) && !self.around.isolated {
            Effects::Calls
        } else {
            Effects::None
        };
        let results = self.around.results.clone().unwrap_or_default();
        if results.is_empty() || (self.around.named_results && self.random.chance(50)) {
            return item("return", Vec::new());
        }
        let parts: Vec<Node> = results.iter().map(|ty| self.expr(ty, 2)).collect();
        item(
            &format!("return {}", vec!["$"; parts.len()].join(", ")),
            parts,
        )
    }

    /// Prints the newest variables.
    pub(crate) fn show_some(&mut self, count: usize) -> Vec<Node> {
        let newest: Vec<_> = self.scope.iter().rev().take(count).cloned().collect();
        newest
            .iter()
            .map(|variable| {
                let name = &variable.name;
                if variable.ty.is_printable(&self.types) {
                    return item(&format!("fmt.Println(\"{name}\", {name})"), Vec::new());
                }
                match variable.ty.under(&self.types) {
                    Ty::Pointer(to) if to.is_printable(&self.types) => item(
                        &format!("if {name} != nil {{\nfmt.Println(\"{name}\", *{name})\n}}"),
                        Vec::new(),
                    ),
                    Ty::Slice(_) | Ty::Map(..) => item(
                        &format!("fmt.Println(\"{name}\", len({name}), {name} == nil)"),
                        Vec::new(),
                    ),
                    Ty::Func(..) | Ty::Any | Ty::Pointer(_) => item(
                        &format!("fmt.Println(\"{name}\", {name} == nil)"),
                        Vec::new(),
                    ),
                    _ => item(&format!("fmt.Printf(\"%T\\n\", {name})"), Vec::new()),
                }
            })
            .collect()
    }
}
