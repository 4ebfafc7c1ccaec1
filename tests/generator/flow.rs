//! Control flow: conditions, loops of all forms, switches, labels and goto. Loops are counted.

use super::tree::{Node, item};
use super::types::{Int, Ty};
use super::{Effects, Generator};

impl Generator {
    pub(crate) fn control(&mut self) -> Node {
        match self.random.below(20) {
            0..6 => self.condition(),
            6..13 if self.around.loops < 2 => self.counted_loop(),
            13..16 => self.value_switch(),
            16 => self.condition_switch(),
            17 | 18 if !self.is_generic() => self.type_switch(),
            _ => {
                let mut nodes = vec![Node::Text("{\n".into())];
                nodes.extend(self.block());
                nodes.push(Node::Text("}".into()));
                Node::Item(nodes)
            }
        }
    }

    fn condition(&mut self) -> Node {
        let mut nodes = vec![Node::Text("if ".into())];
        let mark = self.scope.len();
        if self.random.chance(25) {
            let ty = self.simple_type();
            let name = self.fresh("v");
            nodes.push(Node::Text(format!("{name} := ")));
            nodes.push(self.parenthesized(&ty, 2));
            self.declare(&name, &ty, true);
            nodes.push(Node::Text(format!("; opaque({name}) == {name} && ")));
        }
        nodes.push(self.parenthesized(&Ty::Bool, 2));
        nodes.push(Node::Text(" {\n".into()));
        nodes.extend(self.block());
        if self.random.chance(25) {
            self.effects = Effects::None;
            nodes.push(Node::Text("} else if ".into()));
            nodes.push(self.parenthesized(&Ty::Bool, 2));
            nodes.push(Node::Text(" {\n".into()));
            nodes.extend(self.block());
        }
        if self.random.chance(50) {
            nodes.push(Node::Text("} else {\n".into()));
            nodes.extend(self.block());
        }
        nodes.push(Node::Text("}".into()));
        self.scope.truncate(mark);
        Node::Item(nodes)
    }

    /// An expression that can stand before a block.
    fn parenthesized(&mut self, ty: &Ty, depth: usize) -> Node {
        let node = self.typed(ty, depth);
        self.make(ty, "($)", vec![node])
    }

    fn counted_loop(&mut self) -> Node {
        let mark = self.scope.len();
        self.effects = Effects::None;
        let label = self.random.chance(30).then(|| self.fresh("L"));
        let mut nodes = self.loop_header();
        self.around.loops += 1;
        self.around.labels.push(label.clone());
        let breakable = std::mem::replace(&mut self.around.breakable, true);
        nodes.extend(self.block());
        if let Some(label) = label {
            let condition = self.parenthesized(&Ty::Bool, 1);
            let jump = self.random.pick(&["break", "continue"]);
            nodes.push(Node::Text("if ".into()));
            nodes.push(condition);
            nodes.push(Node::Text(format!(" {{\n{jump} {label}\n}}\n")));
            nodes.insert(0, Node::Text(format!("{label}:\n")));
        }
        self.around.breakable = breakable;
        self.around.labels.pop();
        self.around.loops -= 1;
        nodes.push(Node::Text("}".into()));
        self.scope.truncate(mark);
        Node::Item(nodes)
    }

    /// The head of a loop up to its opening brace; its variables are in scope.
    fn loop_header(&mut self) -> Vec<Node> {
        let (i, v) = (self.fresh("i"), self.fresh("e"));
        let rounds = self.random.range(1, 5);
        let text = |text: String| Node::Text(text);
        match self.random.below(12) {
            0 | 1 => {
                self.declare(&i, &Ty::INT, false);
                vec![text(format!("for {i} := 0; {i} < {rounds}; {i}++ {{\n"))]
            }
            2 => {
                let int = *self.random.pick(&Int::ALL);
                self.declare(&i, &Ty::Int(int), false);
                let name = int.name();
                vec![text(format!(
                    "for {i} := {name}({}); {i} > 2; {i} -= 2 {{\n",
                    rounds * 2 + 1
                ))]
            }
            3 => {
                let ty = Ty::Int(*self.random.pick(&Int::ALL));
                let count = ty.text(&self.types);
                self.declare(&i, &ty, false);
                vec![text(format!(
                    "for {i} := range {count}({rounds}) {{\n_ = {i}\n"
                ))]
            }
            4 => vec![text(format!("for {i} := {rounds}; {i} > 0; {{\n{i}--\n"))],
            5 => {
                let string = self.parenthesized(&Ty::Str, 2);
                self.declare(&i, &Ty::INT, false);
                self.declare(&v, &Ty::Int(Int::Int32), true);
                vec![
                    text(format!("for {i}, {v} := range few([]rune(")),
                    string,
                    text(format!(")) {{\n_, _ = {i}, {v}\n")),
                ]
            }
            6 => {
                let string = self.parenthesized(&Ty::Str, 2);
                self.declare(&i, &Ty::INT, false);
                self.declare(&v, &Ty::Int(Int::Int32), true);
                vec![
                    text(format!("for {i}, {v} := range short(")),
                    string,
                    text(format!(") {{\n_, _ = {i}, {v}\n")),
                ]
            }
            7 if !self.is_generic() => {
                let elem = self.any_type(0);
                let array = Ty::Array(self.random.range(1, 4), Box::new(elem.clone()));
                let array = self.parenthesized(&array, 2);
                self.declare(&i, &Ty::INT, false);
                self.declare(&v, &elem, true);
                vec![
                    text(format!("for {i}, {v} := range ")),
                    array,
                    text(format!(" {{\n_, _ = {i}, {v}\n")),
                ]
            }
            8 if !self.is_generic() => self.map_header(&i, &v),
            9 | 10 if !self.is_generic() => self.function_header(&i, &v),
            _ => {
                let elem = if self.is_generic() {
                    self.simple_type()
                } else {
                    self.any_type(0)
                };
                let slice = self.parenthesized(&Ty::slice(elem.clone()), 2);
                self.declare(&i, &Ty::INT, false);
                self.declare(&v, &elem, true);
                vec![
                    text(format!("for {i}, {v} := range few(")),
                    slice,
                    text(format!(") {{\n_, _ = {i}, {v}\n")),
                ]
            }
        }
    }

    /// Over a map, in the order of sorted keys, or once when there is one key.
    fn map_header(&mut self, i: &str, v: &str) -> Vec<Node> {
        let key = if self.random.chance(50) {
            Ty::Str
        } else {
            Ty::Int(self.int_type())
        };
        let value = self.any_type(0);
        let map = self.parenthesized(&Ty::map(key.clone(), value.clone()), 2);
        self.declare(i, &key, true);
        self.declare(v, &value, true);
        vec![
            Node::Text("for _, pair := range sorted(".into()),
            map,
            Node::Text(format!(
                ") {{\n{i}, {v} := pair.key, pair.value\n_, _ = {i}, {v}\n"
            )),
        ]
    }

    /// Over a function.
    fn function_header(&mut self, i: &str, v: &str) -> Vec<Node> {
        let rounds = self.random.range(1, 4);
        let elem = self.simple_type();
        let values = self.parenthesized(&Ty::slice(elem.clone()), 2);
        let head = match self.random.below(3) {
            0 => {
                self.declare(i, &Ty::INT, false);
                return vec![Node::Text(format!(
                    "for {i} := range count({rounds}) {{\n_ = {i}\n"
                ))];
            }
            1 => {
                self.declare(v, &elem, true);
                format!("for {v} := range each(")
            }
            _ => {
                self.declare(i, &Ty::INT, false);
                self.declare(v, &elem, true);
                format!("for {i}, {v} := range backward(")
            }
        };
        let uses = if head.contains(", ") {
            format!("_, _ = {i}, {v}\n")
        } else {
            format!("_ = {v}\n")
        };
        vec![
            Node::Text(head),
            values,
            Node::Text(format!(") {{\n{uses}")),
        ]
    }

    fn value_switch(&mut self) -> Node {
        let ty = if self.random.chance(70) {
            Ty::Int(self.int_type())
        } else {
            Ty::Str
        };
        let mut nodes = vec![Node::Text("switch ".into())];
        let value = self.typed(&ty, 2);
        nodes.push(if self.random.chance(40) && matches!(ty, Ty::Int(_)) {
            self.make(&ty, "opaque($) % 5", vec![value])
        } else {
            self.make(&ty, "opaque($)", vec![value])
        });
        nodes.push(Node::Text(" {\n".into()));
        let count = self.random.range(1, 4);
        let default = self.random.below(count + 2);
        let breakable = std::mem::replace(&mut self.around.breakable, true);
        for index in 0..count {
            let constant = |n: usize| match &ty {
                Ty::Str => super::prelude::WORDS[n % super::prelude::WORDS.len()].to_string(),
                _ => n.to_string(),
            };
            let head = if index == default {
                "default:\n".to_string()
            } else if self.random.chance(30) {
                format!(
                    "case {}, {}:\n",
                    constant(2 * index),
                    constant(2 * index + 1)
                )
            } else {
                format!("case {}:\n", constant(2 * index))
            };
            nodes.push(Node::Text(head));
            self.effects = Effects::None;
            nodes.extend(self.block());
            if index + 1 < count && self.random.chance(25) {
                nodes.push(Node::Text("fallthrough\n".into()));
            }
        }
        self.around.breakable = breakable;
        nodes.push(Node::Text("}".into()));
        Node::Item(nodes)
    }

    fn condition_switch(&mut self) -> Node {
        let mut nodes = vec![Node::Text("switch {\n".into())];
        let breakable = std::mem::replace(&mut self.around.breakable, true);
        for _ in 0..self.random.range(1, 3) {
            nodes.push(Node::Text("case ".into()));
            nodes.push(self.variable(&Ty::Bool, 2));
            nodes.push(Node::Text(":\n".into()));
            nodes.extend(self.block());
            self.effects = Effects::None;
        }
        nodes.push(Node::Text("default:\n".into()));
        nodes.extend(self.block());
        self.around.breakable = breakable;
        nodes.push(Node::Text("}".into()));
        Node::Item(nodes)
    }

    fn type_switch(&mut self) -> Node {
        let name = self.fresh("v");
        let value = self.expr(&Ty::Any, 3);
        let mut nodes = vec![
            Node::Text(format!("switch {name} := ")),
            value,
            Node::Text(".(type) {\n".into()),
        ];
        let breakable = std::mem::replace(&mut self.around.breakable, true);
        let mut seen: Vec<Ty> = Vec::new();
        for _ in 0..self.random.range(1, 4) {
            let ty = if self.random.chance(15) && !self.types.is_empty() {
                Ty::Named(self.random.below(self.types.len()))
            } else {
                self.dynamic_type()
            };
            if seen.contains(&ty) {
                continue;
            }
            seen.push(ty.clone());
            let other = self.dynamic_type();
            let mark = self.scope.len();
            if self.random.chance(25) && !seen.contains(&other) {
                nodes.push(Node::Text(format!(
                    "case {}, {}:\n_ = {name}\n",
                    ty.text(&self.types),
                    other.text(&self.types)
                )));
                seen.push(other);
                self.declare(&name, &Ty::Any, false);
            } else {
                nodes.push(Node::Text(format!(
                    "case {}:\n_ = {name}\n",
                    ty.text(&self.types)
                )));
                self.declare(&name, &ty, false);
            }
            self.effects = Effects::None;
            nodes.extend(self.block());
            self.scope.truncate(mark);
        }
        if self.random.chance(50) {
            nodes.push(Node::Text(format!(
                "case nil:\nfmt.Println(\"nil\", {name})\n"
            )));
        }
        nodes.push(Node::Text(format!(
            "default:\nfmt.Printf(\"%T\\n\", {name})\n}}"
        )));
        self.around.breakable = breakable;
        Node::Item(nodes)
    }

    /// `break`, `continue`, `return` or `goto`, where they are possible.
    pub(crate) fn jump(&mut self) -> Node {
        let condition = self.parenthesized(&Ty::Bool, 2);
        let inner = self.around.labels.last().cloned();
        match self.random.below(6) {
            0 | 1 if inner.is_some() => {
                let labels: Vec<String> = self.around.labels.iter().flatten().cloned().collect();
                let word = self.random.pick(&["break", "continue"]);
                let label = if labels.is_empty() || self.random.chance(40) {
                    String::new()
                } else {
                    format!(" {}", self.random.pick(&labels))
                };
                item(&format!("if $ {{\n{word}{label}\n}}"), vec![condition])
            }
            2 if self.around.results.is_some() => {
                let Node::Item(back) = self.return_statement() else {
                    panic!("a statement")
                };
                item("if $ {\n$\n}", vec![condition, super::tree::group(back)])
            }
            3 if !self.around.isolated => self.goto_loop(),
            4 if self.around.breakable && inner.is_none() => {
                item("if $ {\nbreak\n}", vec![condition])
            }
            _ => self.assignment(),
        }
    }

    /// A loop made of `goto`.
    fn goto_loop(&mut self) -> Node {
        let (label, i) = (self.fresh("G"), self.fresh("i"));
        let rounds = self.random.range(1, 4);
        let ty = self.simple_type();
        self.effects = Effects::None;
        let value = self.typed(&ty, 2);
        item(
            &format!(
                "{{\n{i} := 0\n{label}:\nfmt.Println(\"{label}\", {i}, $)\n{i}++\nif {i} < {rounds} {{\ngoto {label}\n}}\n}}"
            ),
            vec![value],
        )
    }
}
