//! What a program declares outside of functions: types with methods, constants, variables, functions, and `main`.

use super::tree::{Node, item};
use super::types::{Field, Int, Method, Named, Ty};
use super::{Around, Effects, Function, Generator};

/// Calls that a program may make.
const FUEL: usize = 200;

impl Generator {
    pub(crate) fn program(&mut self) -> Vec<Node> {
        let mut nodes = vec![Node::Text(format!("var @fuel = {FUEL}\n"))];
        let methods = self.method_table();
        for _ in 0..self.random.range(1, 4) {
            nodes.push(self.named_type(&methods));
        }
        for _ in 0..self.random.below(2) {
            nodes.push(self.interface_type(&methods));
        }
        for _ in 0..self.random.below(3) {
            nodes.push(self.constants_declaration());
        }
        for _ in 0..self.random.below(3) {
            nodes.push(self.global());
        }
        let globals = self.scope.clone();
        for index in 0..self.types.len() {
            nodes.extend(self.method_bodies(index));
        }
        for _ in 0..self.random.range(1, 3) {
            nodes.push(self.function());
        }
        self.scope = globals;
        nodes.push(self.main());
        let generics = self.generics(&nodes);
        nodes.extend(generics);
        nodes
    }

    /// The methods that types of the program may have: the same name means the same signature.
    fn method_table(&mut self) -> Vec<Method> {
        (0..4)
            .map(|index| Method {
                name: format!("M{index}"),
                params: (0..self.random.below(3))
                    .map(|_| self.simple_type())
                    .collect(),
                result: self.simple_type(),
                on_pointer: false,
            })
            .collect()
    }

    fn named_type(&mut self, table: &[Method]) -> Node {
        let name = self.fresh("@T");
        let mut methods: Vec<Method> = Vec::new();
        let under = match self.random.below(10) {
            0 | 1 => self.simple_type(),
            2 => Ty::slice(self.any_type(1)),
            3 => Ty::map(self.key_type(), self.any_type(1)),
            4 => Ty::Array(self.random.range(1, 4), Box::new(self.any_type(1))),
            _ => {
                let fields = self.fields(&mut methods);
                Ty::Struct(fields)
            }
        };
        let under = under.under(&self.types).clone();
        let can_have_methods = !matches!(under, Ty::Any | Ty::Pointer(_));
        for method in table {
            let known = methods.iter().any(|known| known.name == method.name);
            if can_have_methods && !known && self.random.chance(25) {
                let mut method = method.clone();
                method.on_pointer = self.random.chance(35);
                methods.push(method);
            }
        }
        let text = under.text(&self.types);
        self.types.push(Named {
            name: name.clone(),
            under,
            methods,
            is_interface: false,
        });
        let text = text
            .strip_prefix("struct{ ")
            .map_or(text.clone(), |fields| {
                let fields = fields.trim_end_matches(" }").replace("; ", "\n");
                format!("struct {{\n{fields}\n}}")
            });
        item(&format!("type {name} {text}"), Vec::new())
    }

    /// The fields of a new struct; `promoted` becomes what methods come with embedded ones.
    fn fields(&mut self, promoted: &mut Vec<Method>) -> Vec<Field> {
        let mut fields: Vec<Field> = Vec::new();
        for _ in 0..self.random.range(1, 4) {
            let structs = self.named(|this, ty| matches!(ty.under(&this.types), Ty::Struct(_)));
            let embed = !structs.is_empty()
                && self.random.chance(25)
                && !fields.iter().any(|field| field.embedded);
            let field = if embed {
                let ty = self.random.pick(&structs).clone();
                let Ty::Named(index) = ty else {
                    panic!("{ty:?} is named")
                };
                promoted.extend(self.types[index].methods.iter().cloned());
                Field {
                    name: self.types[index].name.clone(),
                    ty,
                    embedded: true,
                }
            } else {
                Field {
                    name: self.fresh("f"),
                    ty: self.any_type(1),
                    embedded: false,
                }
            };
            fields.push(field);
        }
        fields
    }

    fn interface_type(&mut self, table: &[Method]) -> Node {
        let name = self.fresh("@I");
        let first = self.random.below(table.len());
        let mut methods = vec![table[first].clone()];
        if self.random.chance(25) {
            methods.push(table[(first + 1) % table.len()].clone());
        }
        let mut text = Vec::new();
        for method in &methods {
            text.push(self.signature(method, false));
        }
        self.types.push(Named {
            name: name.clone(),
            under: Ty::Any,
            methods,
            is_interface: true,
        });
        item(
            &format!("type {name} interface {{\n{}\n}}", text.join("\n")),
            Vec::new(),
        )
    }

    fn signature(&self, method: &Method, named: bool) -> String {
        let params: Vec<String> = method
            .params
            .iter()
            .enumerate()
            .map(|(index, param)| {
                let text = param.text(&self.types);
                if named {
                    format!("a{index} {text}")
                } else {
                    text
                }
            })
            .collect();
        format!(
            "{}({}) {}",
            method.name,
            params.join(", "),
            method.result.text(&self.types)
        )
    }

    /// The methods that a type declares itself.
    fn method_bodies(&mut self, index: usize) -> Vec<Node> {
        let named = &self.types[index];
        if named.is_interface {
            return Vec::new();
        }
        let inherited: Vec<String> = match &named.under {
            Ty::Struct(fields) => fields
                .iter()
                .filter(|field| field.embedded)
                .flat_map(|field| match field.ty {
                    Ty::Named(index) => self.types[index].methods.clone(),
                    _ => Vec::new(),
                })
                .map(|method| method.name)
                .collect(),
            _ => Vec::new(),
        };
        let methods = named.methods.clone();
        let mut nodes = Vec::new();
        for method in methods
            .iter()
            .filter(|method| !inherited.contains(&method.name))
        {
            nodes.push(self.method(index, method));
        }
        if self.random.chance(20) {
            nodes.push(self.stringer(index));
        }
        nodes
    }

    fn method(&mut self, index: usize, method: &Method) -> Node {
        let name = self.types[index].name.clone();
        let star = if method.on_pointer { "*" } else { "" };
        let mark = self.scope.len();
        // A pointer receiver may be nil only when it is called through a nil interface's pointer; it is looked at with care.
        if !method.on_pointer {
            self.declare("me", &Ty::Named(index), false);
        }
        for (index, param) in method.params.iter().enumerate() {
            self.declare(&format!("a{index}"), param, true);
        }
        let signature = self.signature(method, true);
        let mut body = Vec::new();
        if method.on_pointer {
            body.push(item(
                &format!("if me == nil {{\nfmt.Println(\"nil {}\")\n}}", method.name),
                Vec::new(),
            ));
        }
        body.extend(self.calm_body(&method.result, 3));
        self.scope.truncate(mark);
        let mut nodes = vec![Node::Text(format!(
            "func (me {star}{name}) {signature} {{\n"
        ))];
        nodes.extend(body);
        nodes.push(Node::Text("}".into()));
        Node::Item(nodes)
    }

    /// `String` or `Error`, which `fmt` calls. They do not print their receiver, which would never end.
    fn stringer(&mut self, index: usize) -> Node {
        let name = self.types[index].name.clone();
        let method = self.random.pick(&["String", "String", "Error"]);
        let shown = match &self.types[index].under {
            Ty::Struct(fields) => fields
                .iter()
                .find(|field| matches!(field.ty, Ty::Int(_) | Ty::Str | Ty::Bool))
                .map(|field| format!("me.{}", field.name)),
            Ty::Slice(_) | Ty::Map(..) | Ty::Array(..) => Some("len(me)".to_string()),
            Ty::Int(_) => Some("int64(me) + 1".to_string()),
            _ => None,
        };
        let shown = shown.unwrap_or_else(|| "\"?\"".to_string());
        item(
            &format!(
                "func (me {name}) {method}() string {{\nreturn fmt.Sprint(\"<\", {shown}, \">\")\n}}"
            ),
            Vec::new(),
        )
    }

    /// Statements and a `return` of a function without effects but printing.
    fn calm_body(&mut self, result: &Ty, budget: isize) -> Vec<Node> {
        let zero = self.make(result, "$", vec![self.zero(result)]);
        let mut body = vec![item("if @fuel--; @fuel < 0 {\nreturn $\n}", vec![zero])];
        let around = std::mem::replace(
            &mut self.around,
            Around {
                calm: true,
                results: Some(vec![result.clone()]),
                ..Around::default()
            },
        );
        self.budget = budget;
        let statements = self.random.below(4);
        body.extend(self.statements(statements));
        self.effects = if self.random.chance(50) {
            Effects::Calls
        } else {
            Effects::None
        };
        let value = self.expr(result, 3);
        body.push(item("return $", vec![value]));
        self.around = around;
        body
    }

    /// A constant-free expression for a type's zero value.
    pub(crate) fn zero(&self, ty: &Ty) -> Node {
        self.make(ty, &format!("*new({})", ty.text(&self.types)), Vec::new())
    }

    fn constants_declaration(&mut self) -> Node {
        if self.random.chance(50) {
            let int = self.int_type();
            let ty = Ty::Int(int);
            let name = self.fresh("@c");
            let (text, _) = self.constant(int, 3);
            self.constants.push((name.clone(), ty));
            return item(&format!("const {name} {} = {text}", int.name()), Vec::new());
        }
        let int = self.int_type();
        let names: Vec<String> = (0..3).map(|_| self.fresh("@c")).collect();
        let formula = self.random.pick(&[
            "iota",
            "1 << iota",
            "iota * 10 + 1",
            "7 - iota",
            "iota*iota",
        ]);
        for name in &names {
            self.constants.push((name.clone(), Ty::Int(int)));
        }
        item(
            &format!(
                "const (\n{} {} = {formula}\n{}\n_\n{}\n)",
                names[0],
                int.name(),
                names[1],
                names[2]
            ),
            Vec::new(),
        )
    }

    /// A constant expression with its value, which the type has.
    fn constant(&mut self, int: Int, depth: usize) -> (String, i128) {
        if depth == 0 {
            let value = self.random.below(120) as i128;
            return (value.to_string(), value);
        }
        let (a, x) = self.constant(int, depth - 1);
        let (b, y) = self.constant(int, depth - 1);
        let shift = self.random.below(100);
        let candidates = [
            (format!("({a} + {b})"), Some(x + y)),
            (format!("({a} - {b})"), Some(x - y)),
            (format!("({a} * {b})"), x.checked_mul(y)),
            (format!("({a} ^ {b})"), Some(x ^ y)),
            (format!("({a} &^ {b})"), Some(x & !y)),
            (format!("({a} / {b})"), x.checked_div(y)),
            (format!("({a} % {b})"), x.checked_rem(y)),
            (format!("({a} << {shift} >> {shift})"), Some(x)),
            (format!("min({a}, {b}, 100)"), Some(x.min(y).min(100))),
            (format!("('c' - {a})"), Some(99 - x)),
        ];
        let (text, value) = &candidates[self.random.below(candidates.len())];
        match value {
            Some(value) if (int.min()..=int.max()).contains(value) => (text.clone(), *value),
            _ => (a, x),
        }
    }

    fn global(&mut self) -> Node {
        let ty = self.any_type(2);
        let name = self.fresh("@g");
        let text = ty.text(&self.types);
        let node = if self.random.chance(30) {
            item(&format!("var {name} {text}"), Vec::new())
        } else {
            self.effects = Effects::None;
            let value = self.expr(&ty, 3);
            item(&format!("var {name} {text} = $"), vec![value])
        };
        self.declare(&name, &ty, true);
        node
    }

    fn function(&mut self) -> Node {
        let calm = self.random.chance(50);
        let name = self.fresh("@f");
        let variadic = self.random.chance(25);
        let mut params: Vec<Ty> = (0..self.random.below(4))
            .map(|_| {
                if calm {
                    self.simple_or_struct()
                } else {
                    self.any_type(1)
                }
            })
            .collect();
        if variadic {
            params.push(self.simple_type());
        }
        let count = if calm { 1 } else { self.random.below(4) };
        let results: Vec<Ty> = (0..count).map(|_| self.any_type(1)).collect();
        let mark = self.scope.len();
        let mut list = Vec::new();
        for (index, param) in params.iter().enumerate() {
            let last = variadic && index + 1 == params.len();
            let text = param.text(&self.types);
            list.push(format!("a{index} {}{text}", if last { "..." } else { "" }));
            let ty = if last {
                Ty::slice(param.clone())
            } else {
                param.clone()
            };
            self.declare(&format!("a{index}"), &ty, !(calm && last));
        }
        let mut nodes = Vec::new();
        let named = !calm && count > 0 && self.random.chance(50);
        let result_list: Vec<String> = results
            .iter()
            .enumerate()
            .map(|(index, ty)| {
                let text = ty.text(&self.types);
                if named {
                    format!("z{index} {text}")
                } else {
                    text
                }
            })
            .collect();
        nodes.push(Node::Text(format!(
            "func {name}({}) ({}) {{\n",
            list.join(", "),
            result_list.join(", ")
        )));
        if calm {
            nodes.extend(self.calm_body(&results[0], 6));
        } else {
            nodes.extend(self.body(&results, named));
        }
        nodes.push(Node::Text("}".into()));
        self.scope.truncate(mark);
        self.functions.push(Function {
            name,
            params,
            results,
            variadic,
            calm,
        });
        Node::Item(nodes)
    }

    /// A type that holds no reference: changing a value of it changes nothing else.
    fn simple_or_struct(&mut self) -> Ty {
        self.type_that(holds_no_reference)
    }

    /// The body of a function that may do anything.
    fn body(&mut self, results: &[Ty], named: bool) -> Vec<Node> {
        let mut body = vec![if results.is_empty() || named {
            item("if @fuel--; @fuel < 0 {\nreturn\n}", Vec::new())
        } else {
            let zeros: Vec<Node> = results.iter().map(|ty| self.zero(ty)).collect();
            let places = vec!["$"; zeros.len()].join(", ");
            item(
                &format!("if @fuel--; @fuel < 0 {{\nreturn {places}\n}}"),
                zeros,
            )
        }];
        if named {
            for (index, ty) in results.iter().enumerate() {
                self.declare(&format!("z{index}"), ty, true);
            }
        }
        self.around = Around {
            results: Some(results.to_vec()),
            named_results: named,
            ..Around::default()
        };
        if self.random.chance(40) {
            body.push(self.deferred_recover());
            self.around.recovered = true;
        }
        self.budget = 10;
        let statements = self.random.range(1, 6);
        body.extend(self.statements(statements));
        if self.around.recovered && self.random.chance(30) {
            body.push(self.panicking_statement());
        }
        body.push(self.return_statement());
        self.around = Around::default();
        body
    }

    fn main(&mut self) -> Node {
        let mut nodes = vec![Node::Text("func @main() {\n".into())];
        self.around = Around::default();
        let count = self.random.range(3, 9);
        for _ in 0..count {
            self.budget = 7;
            let before = self.scope.len();
            nodes.push(self.statement());
            if self.scope.len() > before && self.random.chance(30) {
                nodes.extend(self.show_some(1));
            }
        }
        nodes.extend(self.show_some(12));
        nodes.push(Node::Text("}".into()));
        Node::Item(nodes)
    }
}

/// Changing a value of the type changes nothing else.
fn holds_no_reference(ty: &Ty, types: &[Named]) -> bool {
    if ty.is_interface(types) {
        return false;
    }
    match ty.under(types) {
        Ty::Slice(_) | Ty::Map(..) | Ty::Pointer(_) | Ty::Func(..) | Ty::Any => false,
        Ty::Array(_, elem) => holds_no_reference(elem, types),
        Ty::Struct(fields) => fields
            .iter()
            .all(|field| holds_no_reference(&field.ty, types)),
        _ => true,
    }
}
