//! Statements that change variables: assignments of all forms, and what changes slices and maps.

use super::tree::{Node, item};
use super::types::{Int, Ty};
use super::{Effects, Generator};

impl Generator {
    pub(crate) fn assignment(&mut self) -> Node {
        match self.random.below(20) {
            0..8 => self.simple_assignment(),
            8..11 => self.operation(),
            11..14 => self.parallel(),
            14..16 => self.element_assignment(),
            16 | 17 => self.map_change(),
            18 => self.slice_change(),
            _ => self.increment(),
        }
    }

    /// A variable that can change, and its type.
    fn target(&mut self, fits: impl Fn(&Ty, &Generator) -> bool) -> Option<(String, Ty)> {
        let found: Vec<(String, Ty)> = self
            .scope
            .iter()
            .rev()
            .take(24)
            .filter(|variable| self.may_change(variable) && fits(&variable.ty, self))
            .map(|variable| (variable.name.clone(), variable.ty.clone()))
            .collect();
        if found.is_empty() {
            None
        } else {
            Some(self.random.pick(&found).clone())
        }
    }

    fn may_change(&self, variable: &super::Variable) -> bool {
        let outside = variable.name.starts_with('@') && (self.around.calm || self.around.isolated);
        variable.assignable && !outside
    }

    fn simple_assignment(&mut self) -> Node {
        let Some((name, ty)) = self.target(|_, _| true) else {
            return self.declaration();
        };
        // Half of the time to a part of a variable of such a type.
        let value_type = match ty.under(&self.types) {
            Ty::Struct(fields) if self.random.chance(60) => self.random.pick(fields).ty.clone(),
            _ => ty,
        };
        let value = self.expr(&value_type, 3);
        if value_type.text(&self.types) == self.type_of(&name) {
            return item(&format!("{name} = $"), vec![value]);
        }
        match self.assignable(&value_type) {
            Some(target) if !self.around.calm && !self.around.isolated => {
                item("$ = $", vec![target, value])
            }
            _ => self.increment(),
        }
    }

    fn type_of(&self, name: &str) -> String {
        self.scope
            .iter()
            .find(|variable| variable.name == name)
            .map_or(String::new(), |variable| variable.ty.text(&self.types))
    }

    fn increment(&mut self) -> Node {
        match self.target(|ty, this| ty.is_number(&this.types)) {
            Some((name, _)) => {
                let op = self.random.pick(&["++", "--"]);
                item(&format!("{name}{op}"), Vec::new())
            }
            None => self.declaration(),
        }
    }

    /// `x op= y`.
    fn operation(&mut self) -> Node {
        let Some((name, ty)) =
            self.target(|ty, this| ty.is_number(&this.types) || *ty.under(&this.types) == Ty::Str)
        else {
            return self.declaration();
        };
        match ty.under(&self.types).clone() {
            Ty::Str => {
                let value = self.expr(&ty, 2);
                item(&format!("{name} += $\n{name} = clip({name})"), vec![value])
            }
            Ty::Int(_) => match self.random.below(10) {
                0 | 1 => {
                    let by = self.variable(&Ty::Int(Int::Uint8), 2);
                    let op = self.random.pick(&["<<=", ">>="]);
                    item(&format!("{name} {op} $ % 70"), vec![by])
                }
                2 => {
                    let by = self.variable(&ty, 2);
                    let op = self.random.pick(&["/=", "%="]);
                    item(&format!("{name} {op} $ | 1"), vec![by])
                }
                _ => {
                    let value = self.expr(&ty, 2);
                    let op = self
                        .random
                        .pick(&["+=", "-=", "*=", "&=", "|=", "^=", "&^="]);
                    item(&format!("{name} {op} $"), vec![value])
                }
            },
            _ => {
                let value = self.variable(&ty, 2);
                let op = self.random.pick(&["+=", "-=", "*=", "/="]);
                item(&format!("{name} {op} $"), vec![value])
            }
        }
    }

    /// Swaps, rotations and other assignments at once.
    fn parallel(&mut self) -> Node {
        let Some((first, ty)) = self.target(|_, _| true) else {
            return self.declaration();
        };
        let same: Vec<String> = self
            .scope
            .iter()
            .filter(|variable| {
                variable.ty == ty && variable.name != first && self.may_change(variable)
            })
            .map(|variable| variable.name.clone())
            .collect();
        if let Ty::Slice(_) = ty.under(&self.types)
            && !self.around.calm
        {
            return item(
                &format!(
                    "if len({first}) > 1 {{\ni := len({first}) / 2\n{first}[0], {first}[i], i = {first}[i], {first}[0], 0\n}}"
                ),
                Vec::new(),
            );
        }
        if same.is_empty() || self.random.chance(30) {
            let name = self.fresh("v");
            let (a, b) = (self.typed(&ty, 2), self.expr(&ty, 2));
            let node = item(&format!("{name}, {first} := $, $\n_ = {name}"), vec![a, b]);
            // `first` may be of an outer block: then it would be a new one, which must be used.
            let second = item(
                &format!("{first}, {first} = {first}, $"),
                vec![self.expr(&ty, 1)],
            );
            if self.random.chance(50) {
                return second;
            }
            let Node::Item(mut nodes) = node else {
                panic!("a statement")
            };
            nodes.insert(0, Node::Text("{\n".into()));
            nodes.push(Node::Text(format!("\n_ = {first}\n}}")));
            return Node::Item(nodes);
        }
        let second = self.random.pick(&same).clone();
        if self.random.chance(50) {
            item(
                &format!("{first}, {second} = {second}, {first}"),
                Vec::new(),
            )
        } else {
            let value = self.expr(&ty, 2);
            item(&format!("{first}, {second} = $, {first}"), vec![value])
        }
    }

    fn element_assignment(&mut self) -> Node {
        let Some((name, ty)) = self.target(|ty, this| {
            matches!(ty.under(&this.types), Ty::Array(..))
                || (matches!(ty.under(&this.types), Ty::Slice(_) | Ty::Pointer(_))
                    && !this.around.calm
                    && !this.around.isolated)
        }) else {
            return self.simple_assignment();
        };
        match ty.under(&self.types).clone() {
            Ty::Array(len, elem) => {
                let index = self.variable(&Ty::Int(Int::Uint16), 2);
                let value = self.expr(&elem, 2);
                item(&format!("{name}[$ % {len}] = $"), vec![index, value])
            }
            Ty::Slice(elem) => {
                let value = self.expr(&elem, 2);
                if self.effects == Effects::Panics {
                    let index = self.variable(&Ty::INT, 1);
                    return item(&format!("{name}[$] = $"), vec![index, value]);
                }
                let last = self.random.pick(&["0", "1", "2"]);
                item(
                    &format!("if len({name}) > {last} {{\n{name}[{last}] = $\n}}"),
                    vec![value],
                )
            }
            Ty::Pointer(to) => {
                let value = self.expr(&to, 2);
                item(
                    &format!("if {name} != nil {{\n*{name} = $\n}}"),
                    vec![value],
                )
            }
            under => panic!("{under:?} has no elements"),
        }
    }

    fn map_change(&mut self) -> Node {
        if self.around.calm || self.around.isolated {
            return self.increment();
        }
        let Some((name, ty)) = self.target(|ty, this| matches!(ty.under(&this.types), Ty::Map(..)))
        else {
            return self.declaration();
        };
        let Ty::Map(key, value) = ty.under(&self.types).clone() else {
            panic!("{ty:?} is a map");
        };
        let key_node = self.expr(&key, 2);
        match self.random.below(5) {
            0 => item(&format!("delete({name}, $)"), vec![key_node]),
            1 if value.is_number(&self.types) => item(
                &format!("if {name} != nil {{\n{name}[$]++\n}}"),
                vec![key_node],
            ),
            2 if self.random.chance(40) => item(&format!("clear({name})"), Vec::new()),
            _ => {
                let value = self.expr(&value, 2);
                let text = ty.text(&self.types);
                item(
                    &format!("if {name} == nil {{\n{name} = {text}{{}}\n}}\n{name}[$] = $"),
                    vec![key_node, value],
                )
            }
        }
    }

    fn slice_change(&mut self) -> Node {
        if self.around.calm || self.around.isolated {
            return self.increment();
        }
        let Some((name, ty)) =
            self.target(|ty, this| matches!(ty.under(&this.types), Ty::Slice(_)))
        else {
            return self.declaration();
        };
        let Ty::Slice(elem) = ty.under(&self.types).clone() else {
            panic!("{ty:?} is a slice");
        };
        let text = ty.text(&self.types);
        match self.random.below(4) {
            0 => {
                let from = self.expr(&ty, 2);
                item(&format!("fmt.Println(copy({name}, $))"), vec![from])
            }
            1 => item(&format!("clear(few({name}))"), Vec::new()),
            // Where the capacity is known, it is known who shares memory.
            2 => {
                let (a, b) = (self.fresh("v"), self.fresh("v"));
                let (x, y) = (self.expr(&elem, 1), self.expr(&elem, 1));
                let (low, max) = (self.random.below(2), self.random.range(3, 5));
                let node = item(
                    &format!(
                        "{a} := make({text}, 2, {max})\n{b} := append({a}[{low}:], $)\n{a} = append({a}, $)\nfmt.Println(len({a}), cap({a}), len({b}), cap({b}))"
                    ),
                    vec![x, y],
                );
                self.declare(&a, &ty, true);
                self.declare(&b, &ty, true);
                node
            }
            _ => {
                let value = self.expr(&elem, 2);
                item(
                    &format!("if len({name}) < 8 {{\n{name} = append(full({name}), $)\n}}"),
                    vec![value],
                )
            }
        }
    }
}
