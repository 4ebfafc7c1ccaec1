//! Goroutines whose output is certain: results by index, one ready case, everything waited for.
//!
//! What runs in other goroutines computes from variables that nobody changes meanwhile.

use super::tree::{Node, item};
use super::types::Ty;
use super::{Effects, Generator};

impl Generator {
    pub(crate) fn concurrent(&mut self) -> Node {
        if self.is_generic() {
            return self.declaration();
        }
        self.effects = Effects::None;
        let ty = self.printable_type();
        let text = ty.text(&self.types);
        let (ch, other, done, n) = (
            self.fresh("ch"),
            self.fresh("ch"),
            self.fresh("wg"),
            self.random.range(1, 4),
        );
        let isolated = std::mem::replace(&mut self.around.isolated, true);
        let node = match self.random.below(9) {
            0 => {
                // Each goroutine fills the place of its own.
                let mark = self.scope.len();
                self.declare("i", &Ty::INT, false);
                let value = self.expr(&ty, 3);
                self.scope.truncate(mark);
                item(
                    &format!(
                        "{ch} := make([]{text}, {n})\nvar {done} sync.WaitGroup\nfor i := range {n} {{\n{done}.Add(1)\ngo func() {{\ndefer {done}.Done()\n{ch}[i] = $\n}}()\n}}\n{done}.Wait()\nfmt.Println({ch})"
                    ),
                    vec![value],
                )
            }
            1 => {
                let size = self.random.pick(&["", ", 1", ", 3"]);
                let value = self.typed(&ty, 2);
                item(
                    &format!(
                        "{ch} := make(chan {text}{size})\ngo func(x {text}) {{\nfor range {n} {{\n{ch} <- x\n}}\nclose({ch})\n}}($)\nfor x := range {ch} {{\nfmt.Println(x)\n}}\nx, ok := <-{ch}\nfmt.Println(x, ok)"
                    ),
                    vec![value],
                )
                .wrapped()
            }
            2 => {
                let (a, b) = (self.typed(&ty, 2), self.expr(&ty, 2));
                item(
                    &format!(
                        "{ch}, {other} := make(chan {text}, 1), make(chan {text}, 1)\nif opaque({n}) > 2 {{\n{ch} <- $\n}} else {{\n{other} <- $\n}}\nselect {{\ncase x := <-{ch}:\nfmt.Println(\"first\", x)\ncase x, ok := <-{other}:\nfmt.Println(\"second\", x, ok)\n}}\nselect {{\ncase x := <-{ch}:\nfmt.Println(x)\ndefault:\nfmt.Println(\"empty\", len({ch}), cap({other}))\n}}"
                    ),
                    vec![a, b],
                )
            }
            3 => {
                // A pipeline.
                let int = Ty::Int(self.int_type());
                let text = int.text(&self.types);
                let mark = self.scope.len();
                self.declare("x", &int, false);
                let (first, second) = (self.expr(&int, 2), self.expr(&int, 2));
                self.scope.truncate(mark);
                item(
                    &format!(
                        "{ch}, {other} := make(chan {text}), make(chan {text})\ngo func() {{\ndefer close({ch})\nfor x := range {text}({n}) {{\n_ = x\n{ch} <- $\n}}\n}}()\ngo func() {{\ndefer close({other})\nfor x := range {ch} {{\n_ = x\n{other} <- $\n}}\n}}()\nfor x := range {other} {{\nfmt.Println(x)\n}}"
                    ),
                    vec![first, second],
                )
            }
            4 => {
                let int = Ty::Int(self.int_type());
                let text = int.text(&self.types);
                let value = self.typed(&int, 2);
                item(
                    &format!(
                        "var {ch} sync.Mutex\nvar {other} {text}\nvar {done} sync.WaitGroup\n{done}.Add({n})\nfor i := 0; i < {n}; i++ {{\ngo func(x {text}) {{\ndefer {done}.Done()\n{ch}.Lock()\ndefer {ch}.Unlock()\n{other} += x + {text}(i)\n}}($)\n}}\n{done}.Wait()\nfmt.Println({other})"
                    ),
                    vec![value],
                )
            }
            5 => {
                // A panic in a goroutine is recovered there.
                let value = self.typed(&ty, 2);
                item(
                    &format!(
                        "{ch} := make(chan any)\ngo func() {{\ndefer func() {{ {ch} <- recover() }}()\npanic($)\n}}()\nfmt.Println(<-{ch})"
                    ),
                    vec![value],
                )
            }
            6 => {
                let value = self.typed(&ty, 2);
                item(
                    &format!(
                        "{ch}, {other} := make(chan {text}), make(chan struct{{}})\ngo func() {{\nfor {{\nselect {{\ncase x := <-{ch}:\nfmt.Println(\"got\", x)\ncase <-{other}:\nfmt.Println(\"stop\")\nclose({ch})\nreturn\n}}\n}}\n}}()\nfor range {n} {{\n{ch} <- $\n}}\nclose({other})\n<-{ch}"
                    ),
                    vec![value],
                )
            }
            7 => {
                let value = self.typed(&ty, 2);
                item(
                    &format!(
                        "var {ch} sync.Once\nfor i := range {n} {{\n{ch}.Do(func() {{ fmt.Println(\"once\", i, $) }})\n}}"
                    ),
                    vec![value],
                )
            }
            _ => {
                // A chain of goroutines, each waiting for the one before.
                let value = self.typed(&ty, 2);
                item(
                    &format!(
                        "{ch} := make(chan {text}, 1)\n{ch} <- $\nfor range {n} {{\nnext := make(chan {text})\ngo func(in <-chan {text}, out chan<- {text}) {{ out <- <-in }}({ch}, next)\n{ch} = next\n}}\nfmt.Println(<-{ch})"
                    ),
                    vec![value],
                )
            }
        };
        self.around.isolated = isolated;
        node
    }
}

impl Node {
    /// The statement in a block of its own.
    fn wrapped(self) -> Node {
        Node::Item(vec![Node::Text("{\n".into()), self, Node::Text("}".into())])
    }
}
