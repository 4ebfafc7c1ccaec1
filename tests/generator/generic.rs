//! Generic functions and types of the program, with bodies at random, and their uses.

use super::tree::{Node, item};
use super::types::{Int, Ty};
use super::{Around, Effects, Generator};

/// What a type parameter can stand for, and a type set that says so.
const CONSTRAINTS: &[(&str, &[&str])] = &[
    (
        "~int | ~int8 | ~uint16 | ~float64",
        &["int", "int8", "uint16", "float64"],
    ),
    (
        "~int | ~int64 | ~uint8 | ~float32",
        &["int", "int64", "uint8", "float32"],
    ),
    (
        "interface{ ~uint | ~uint32 | ~int32 }",
        &["uint", "uint32", "int32"],
    ),
];

/// Generic types and functions that programs use: what a text that uses one contains, and its declarations.
const DECLARATIONS: &[(&str, &[&str])] = &[
    (
        "Stack[",
        &[
            "type @Stack[E any] struct {\nitems []E\n}\n",
            "func (s *@Stack[E]) Push(e E) *@Stack[E] {\ns.items = append(s.items, e)\nreturn s\n}",
            "func (s *@Stack[E]) Pop() (e E, ok bool) {\nif len(s.items) == 0 {\nreturn\n}\ne = s.items[len(s.items)-1]\ns.items = s.items[:len(s.items)-1]\nreturn e, true\n}",
        ],
    ),
    (
        "Pair[",
        &[
            "type @Pair[A comparable, B any] struct {\nfirst A\nsecond B\n}",
            "func (p @Pair[A, B]) Same(a A) bool { return p.first == a }",
        ],
    ),
    (
        "mapped(",
        &[
            "func @mapped[E, R any](list []E, f func(E) R) []R {\nvar out []R\nfor _, e := range list {\nout = append(out, f(e))\n}\nreturn out\n}",
        ],
    ),
    (
        "folded(",
        &[
            "func @folded[E, R any](list []E, r R, f func(R, E) R) R {\nfor _, e := range list {\nr = f(r, e)\n}\nreturn r\n}",
        ],
    ),
    (
        "List[",
        &[
            "type @List[E any] struct {\nhead E\ntail *@List[E]\n}",
            "func (l *@List[E]) Len() int {\nif l == nil {\nreturn 0\n}\nreturn 1 + l.tail.Len()\n}",
        ],
    ),
    (
        "kind(",
        &[
            "func @kind[E any](e E) string {\nswitch any(e).(type) {\ncase int:\nreturn \"int\"\ncase string, []string:\nreturn \"string\"\ncase []E, map[string]E:\nreturn \"many\"\ncase fmt.Stringer:\nreturn \"stringer\"\n}\nreturn fmt.Sprintf(\"%T\", e)\n}",
        ],
    ),
];

impl Generator {
    /// The declarations that a program's use of generics needs.
    pub(crate) fn generics(&mut self, program: &[Node]) -> Vec<Node> {
        let text = super::tree::render(program, "");
        let mut nodes = Vec::new();
        for index in 0..CONSTRAINTS.len() {
            if text.contains(&format!("num{index}[")) {
                nodes.push(self.generic_function(index));
            }
        }
        for (name, declarations) in DECLARATIONS {
            if text.contains(name) {
                nodes.extend(declarations.iter().map(|text| item(text, Vec::new())));
            }
        }
        nodes
    }

    /// A function over a number type, computing at random.
    fn generic_function(&mut self, index: usize) -> Node {
        let (constraint, _) = CONSTRAINTS[index];
        let mark = self.scope.len();
        let scope = std::mem::take(&mut self.scope);
        let of = Ty::Param("N");
        self.declare("a", &of, true);
        self.declare("b", &of, true);
        self.declare("n", &Ty::Int(Int::Word), false);
        let around = std::mem::replace(
            &mut self.around,
            Around {
                generic: true,
                calm: true,
                isolated: true,
                ..Around::default()
            },
        );
        self.budget = 4;
        self.effects = Effects::None;
        let count = self.random.below(4);
        let mut nodes = vec![Node::Text(format!(
            "func @num{index}[N {constraint}](a, b N, n int) N {{\n"
        ))];
        nodes.extend(self.statements(count));
        self.effects = Effects::None;
        let first = self.expr(&of, 3);
        nodes.push(item("for range n & 3 {\na = $\n}", vec![first]));
        let value = self.expr(&of, 3);
        nodes.push(item("return $", vec![value]));
        nodes.push(Node::Text("}".into()));
        self.around = around;
        self.scope = scope;
        assert_eq!(self.scope.len(), mark, "the scope is as before");
        Node::Item(nodes)
    }

    /// A statement that uses what [`Generator::generics`] declares.
    pub(crate) fn use_generics(&mut self) -> Node {
        self.effects = Effects::None;
        let ty = self.printable_type();
        let text = ty.text(&self.types);
        let name = self.fresh("v");
        match self.random.below(8) {
            0..3 => {
                let index = self.random.below(CONSTRAINTS.len());
                let wanted = *self.random.pick(CONSTRAINTS[index].1);
                let of = self.basic(wanted);
                let named = self.named(|this, ty| *ty.under(&this.types) == of);
                let of = if named.is_empty() || self.random.chance(50) {
                    of
                } else {
                    self.random.pick(&named).clone()
                };
                let text = of.text(&self.types);
                let parts = vec![self.expr(&of, 2), self.expr(&of, 2), self.expr(&Ty::INT, 2)];
                item(&format!("fmt.Println(@num{index}[{text}]($, $, $))"), parts)
            }
            3 => {
                let (a, b) = (self.expr(&ty, 2), self.expr(&ty, 2));
                item(
                    &format!(
                        "{name} := &@Stack[{text}]{{}}\n{name}.Push($).Push($)\nfor e, ok := {name}.Pop(); ok; e, ok = {name}.Pop() {{\nfmt.Println(e)\n}}\nfmt.Printf(\"%T %v\\n\", {name}, *{name})"
                    ),
                    vec![a, b],
                )
            }
            4 => {
                let key = self.simple_type();
                let parts = vec![self.expr(&key, 2), self.expr(&ty, 2), self.expr(&key, 2)];
                let key = key.text(&self.types);
                item(
                    &format!(
                        "{name} := @Pair[{key}, {text}]{{$, $}}\nfmt.Printf(\"%v %+v %T\\n\", {name}, {name}.Same($), {name})"
                    ),
                    parts,
                )
            }
            5 => {
                let elem = self.simple_type();
                let list = self.expr(&Ty::slice(elem.clone()), 2);
                let mark = self.scope.len();
                self.declare("e", &elem, true);
                let result = self.expr(&ty, 2);
                self.scope.truncate(mark);
                let elem = elem.text(&self.types);
                item(
                    &format!("fmt.Println(@mapped($, func(e {elem}) {text} {{ return $ }}))"),
                    vec![list, result],
                )
            }
            6 => {
                let elem = self.simple_type();
                let list = self.expr(&Ty::slice(elem.clone()), 2);
                let start = self.typed(&ty, 2);
                let mark = self.scope.len();
                self.declare("e", &elem, true);
                self.declare("r", &ty, true);
                let result = self.expr(&ty, 2);
                self.scope.truncate(mark);
                let elem = elem.text(&self.types);
                item(
                    &format!(
                        "fmt.Println(@folded(few($), $, func(r {text}, e {elem}) {text} {{ return $ }}))"
                    ),
                    vec![list, start, result],
                )
            }
            _ => {
                let (a, b) = (self.typed(&ty, 2), self.expr(&ty, 2));
                item(
                    &format!(
                        "{name} := &@List[{text}]{{head: $}}\n{name} = &@List[{text}]{{$, {name}}}\nfmt.Println({name}.Len(), {name}.head, {name}.tail.head, @kind({name}.head), @kind({name}))"
                    ),
                    vec![a, b],
                )
            }
        }
    }

    fn basic(&self, name: &str) -> Ty {
        match name {
            "float64" => Ty::Float64,
            "float32" => Ty::Float32,
            _ => Int::ALL
                .into_iter()
                .find(|int| int.name() == name)
                .map_or(Ty::INT, Ty::Int),
        }
    }
}
