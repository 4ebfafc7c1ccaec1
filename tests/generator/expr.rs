//! Expressions of every type.
//!
//! What keeps them well-typed and their meaning certain: operations on constants only would be computed (and refused) by the
//! compiler, so one operand is always variable; and one statement has either calls that print or one operation that may
//! panic, since Go leaves open in which order those happen.

use super::tree::{Expr, Node, fill};
use super::types::{Field, Int, Ty};
use super::{Effects, Generator};

/// Strings that show what bytes, runes and quoting do.
const STRINGS: &[&str] = &[
    r#""""#,
    r#""a""#,
    r#""go""#,
    r#""hello""#,
    r#""héllo""#,
    r#""世界""#,
    r#""a\tb\n""#,
    r#""\xff\x80""#,
    r#""%d""#,
    r#""🙂!""#,
    r#""Zebra""#,
    r#""0""#,
    r#""\u00e9\x00z""#,
    "`raw\\n`",
];

const FLOATS: &[&str] = &[
    "0.0",
    "1.0",
    "0.5",
    "-1.5",
    "3.25",
    "1e10",
    "-2.5e-7",
    "0.1",
    "123456.75",
    "1e21",
    "-7.0",
    "0x1p-3",
    "16777217.0",
    "1e-30",
];

const KEY_STRINGS: &[&str] = &["\"k\"", "\"é\"", "\"\"", "\"zz\"", "\"a b\"", "\"K\""];

/// A generated expression.
pub(crate) struct Value {
    pub(crate) node: Node,
    /// The compiler computes it.
    pub(crate) constant: bool,
}

impl Generator {
    /// An expression of a type.
    pub(crate) fn expr(&mut self, ty: &Ty, depth: usize) -> Node {
        self.value(ty, depth).node
    }

    /// An expression that the compiler does not compute.
    pub(crate) fn variable(&mut self, ty: &Ty, depth: usize) -> Node {
        let value = self.value(ty, depth);
        if value.constant {
            self.make(ty, "opaque($)", vec![value.node])
        } else {
            value.node
        }
    }

    /// A node for an expression of a type, from a template with `$` for the parts.
    pub(crate) fn make(&self, ty: &Ty, template: &str, parts: Vec<Node>) -> Node {
        Node::Expr(Box::new(Expr {
            ty: ty.text(&self.types),
            simple: self.simple(ty),
            parts: fill(template, parts),
        }))
    }

    /// The simplest expression of a type.
    fn simple(&self, ty: &Ty) -> String {
        let text = ty.text(&self.types);
        if ty.is_interface(&self.types) {
            return format!("{text}(nil)");
        }
        match ty.under(&self.types) {
            Ty::Bool if *ty == Ty::Bool => "false".into(),
            Ty::Bool => format!("{text}(false)"),
            Ty::Str if *ty == Ty::Str => "\"\"".into(),
            Ty::Str => format!("{text}(\"\")"),
            Ty::Int(Int::Word) if *ty == Ty::INT => "0".into(),
            Ty::Slice(_) | Ty::Array(..) | Ty::Map(..) | Ty::Struct(_) => format!("{text}{{}}"),
            Ty::Pointer(_) | Ty::Func(..) => format!("({text})(nil)"),
            _ => format!("{text}(0)"),
        }
    }

    fn value(&mut self, ty: &Ty, depth: usize) -> Value {
        if depth == 0 || self.random.chance(15) {
            return self.leaf(ty);
        }
        let general = self.random.below(100);
        if general < 20
            && let Some(node) = self.place(ty)
        {
            return Value {
                node,
                constant: false,
            };
        }
        let node = match general {
            20..26 => {
                let condition = self.expr(&Ty::Bool, depth - 1);
                let parts = vec![
                    condition,
                    self.expr(ty, depth - 1),
                    self.expr(ty, depth - 1),
                ];
                let template = format!("pick[{}]($, $, $)", ty.text(&self.types));
                self.make(ty, &template, parts)
            }
            26..29 => {
                let result = self.expr(ty, depth - 1);
                let template = format!("func() {} {{ return $ }}()", ty.text(&self.types));
                self.make(ty, &template, vec![result])
            }
            29..31 if !ty.is_interface(&self.types) && !self.is_generic() => {
                let text = ty.text(&self.types);
                let inner = self.typed(ty, depth - 1);
                self.make(ty, &format!("any($).({text})"), vec![inner])
            }
            31..44 => match self.call(ty, depth) {
                Some(node) => node,
                None => return self.by_kind(ty, depth),
            },
            44..48 if !self.is_generic() => {
                let elem = self.slice_of(ty, depth - 1);
                let index = self.expr(&Ty::INT, depth - 1);
                self.make(ty, "at($, $)", vec![elem, index])
            }
            48..50 if !self.is_generic() => {
                let key = if self.random.chance(50) {
                    Ty::Str
                } else {
                    Ty::INT
                };
                let map = self.expr(&Ty::map(key.clone(), ty.clone()), depth - 1);
                let key = self.expr(&key, depth - 1);
                self.make(ty, "$[$]", vec![map, key])
            }
            50..53 if self.effects == Effects::Panics => match self.panicking(ty) {
                Some(node) => node,
                None => return self.by_kind(ty, depth),
            },
            _ => return self.by_kind(ty, depth),
        };
        Value {
            node,
            constant: false,
        }
    }

    fn slice_of(&mut self, elem: &Ty, depth: usize) -> Node {
        self.expr(&Ty::slice(elem.clone()), depth)
    }

    /// An expression whose type is this one also where there is no context: constants are converted.
    pub(crate) fn typed(&mut self, ty: &Ty, depth: usize) -> Node {
        let value = self.value(ty, depth);
        if value.constant && !matches!(ty, Ty::Int(Int::Word) | Ty::Float64 | Ty::Str | Ty::Bool) {
            let template = format!("{}($)", ty.text(&self.types));
            return self.make(ty, &template, vec![value.node]);
        }
        value.node
    }

    /// A variable, a constant or a literal.
    fn leaf(&mut self, ty: &Ty) -> Value {
        if self.random.chance(70)
            && let Some(node) = self.place(ty)
        {
            return Value {
                node,
                constant: false,
            };
        }
        self.literal(ty, 0)
    }

    /// A literal; composite ones with elements of a depth.
    fn literal(&mut self, ty: &Ty, depth: usize) -> Value {
        let text = ty.text(&self.types);
        if ty.is_interface(&self.types) {
            return Value {
                node: self.interface(ty, depth),
                constant: false,
            };
        }
        let under = ty.under(&self.types).clone();
        let (literal, constant) = match &under {
            Ty::Bool => (self.random.pick(&["true", "false"]).to_string(), true),
            Ty::Int(int) => {
                if self.random.chance(15)
                    && let Some(name) = self.constant_of(ty)
                {
                    (name, true)
                } else {
                    (self.integer(*int), true)
                }
            }
            Ty::Float32 | Ty::Float64 => (self.random.pick(FLOATS).to_string(), true),
            Ty::Complex64 | Ty::Complex128 => {
                let real = self.random.pick(FLOATS);
                let imaginary = self.random.pick(&["0i", "1i", "2.5i", "-0.5i", "1e3i"]);
                let sign = if imaginary.starts_with('-') { "" } else { "+" };
                (format!("({real}{sign}{imaginary})"), true)
            }
            Ty::Str => (self.random.pick(STRINGS).to_string(), true),
            Ty::Param(name) => (format!("{name}({})", self.random.below(20)), false),
            _ => {
                return Value {
                    node: self.composite(ty, depth),
                    constant: false,
                };
            }
        };
        let is_default = matches!(
            ty,
            Ty::Int(Int::Word) | Ty::Str | Ty::Bool | Ty::Float64 | Ty::Param(_)
        );
        let is_default = is_default && !literal.starts_with('\'');
        let literal = if is_default {
            literal
        } else {
            format!("{text}({literal})")
        };
        Value {
            node: self.make(ty, &literal, Vec::new()),
            constant,
        }
    }

    /// A value that an integer type has, often at its ends.
    pub(crate) fn integer(&mut self, int: Int) -> String {
        let value = match self.random.below(10) {
            0 => int.min(),
            1 => int.max(),
            2 => int.max() - self.random.below(3) as i128,
            3 if int.is_signed() => -1 - self.random.below(9) as i128,
            4 => i128::from(self.random.next()) & int.max(),
            5 => 1 << self.random.below(int.bits() as usize - 1),
            _ => self.random.below(20) as i128,
        };
        match self.random.below(12) {
            0 if value >= 0 => format!("{value:#x}"),
            1 if value >= 0 => format!("{value:#b}"),
            2 if (32..127).contains(&value) && value != 36 && value != 64 => {
                let c = value as u8 as char;
                if matches!(c, '\'' | '\\') {
                    format!("'\\{c}'")
                } else {
                    format!("'{c}'")
                }
            }
            _ => value.to_string(),
        }
    }

    fn composite(&mut self, ty: &Ty, depth: usize) -> Node {
        let text = ty.text(&self.types);
        let inner = depth.saturating_sub(1);
        match ty.under(&self.types).clone() {
            Ty::Slice(elem) => {
                let count = self.random.below(4);
                if count == 0 && self.random.chance(40) {
                    return self.make(ty, &format!("{text}(nil)"), Vec::new());
                }
                let parts: Vec<Node> = (0..count).map(|_| self.expr(&elem, inner)).collect();
                if self.random.chance(10) && count == 2 {
                    return self.make(ty, &format!("{text}{{2: $, 0: $}}"), parts);
                }
                self.make(ty, &format!("{text}{{{}}}", list(count)), parts)
            }
            Ty::Array(len, elem) => {
                let count = self.random.range(0, len);
                let parts: Vec<Node> = (0..count).map(|_| self.expr(&elem, inner)).collect();
                self.make(ty, &format!("{text}{{{}}}", list(count)), parts)
            }
            Ty::Map(key, value) => {
                let keys = self.distinct(&key);
                let mut template = Vec::new();
                let mut parts = Vec::new();
                for key in keys {
                    template.push(format!("{key}: $"));
                    parts.push(self.expr(&value, inner));
                }
                self.make(ty, &format!("{text}{{{}}}", template.join(", ")), parts)
            }
            Ty::Pointer(to) => self.pointer(ty, &to, depth),
            Ty::Func(params, result) => self.closure(ty, &params, &result, inner),
            Ty::Struct(fields) => self.structure(ty, &text, &fields, inner),
            under => panic!("{under:?} is not composite"),
        }
    }

    fn structure(&mut self, ty: &Ty, text: &str, fields: &[Field], depth: usize) -> Node {
        let named = self.random.chance(60);
        let mut template = Vec::new();
        let mut parts = Vec::new();
        for field in fields {
            if named && self.random.chance(25) {
                continue;
            }
            template.push(if named {
                format!("{}: $", field.name)
            } else {
                "$".to_string()
            });
            parts.push(self.expr(&field.ty, depth));
        }
        self.make(ty, &format!("{text}{{{}}}", template.join(", ")), parts)
    }

    fn pointer(&mut self, ty: &Ty, to: &Ty, depth: usize) -> Node {
        let text = to.text(&self.types);
        let inner = depth.saturating_sub(1);
        let is_composite = matches!(to.under(&self.types), Ty::Struct(_) | Ty::Array(..))
            && !to.is_interface(&self.types);
        match self.random.below(10) {
            0 => self.make(ty, &format!("(*{text})(nil)"), Vec::new()),
            1..4 => self.make(ty, &format!("new({text})"), Vec::new()),
            4..8 if is_composite => {
                let Value { node, .. } = self.composite_only(to, inner);
                self.make(ty, "&$", vec![node])
            }
            _ => {
                let value = self.typed(to, inner);
                let template = format!("func() *{text} {{ p := new({text}); *p = $; return p }}()");
                self.make(ty, &template, vec![value])
            }
        }
    }

    fn composite_only(&mut self, ty: &Ty, depth: usize) -> Value {
        // The node's own alternatives would not be addressable: it is no expression of its own.
        let Node::Expr(expr) = self.composite(ty, depth) else {
            panic!("a literal is an expression");
        };
        Value {
            node: super::tree::group(expr.parts),
            constant: false,
        }
    }

    /// A function literal that computes its result from its parameters and what is around.
    fn closure(&mut self, ty: &Ty, params: &[Ty], result: &Ty, depth: usize) -> Node {
        let mark = self.scope.len();
        let mut names = Vec::new();
        for param in params {
            let name = self.fresh("c");
            names.push(format!("{name} {}", param.text(&self.types)));
            self.declare(&name, param, false);
        }
        // It runs whenever it is called, which may be in a statement that must not print or panic.
        let effects = std::mem::replace(&mut self.effects, Effects::None);
        let value = self.expr(result, depth.max(1));
        self.effects = effects;
        self.scope.truncate(mark);
        let template = format!(
            "func({}) {} {{ return $ }}",
            names.join(", "),
            result.text(&self.types)
        );
        self.make(ty, &template, vec![value])
    }

    /// Constant keys that differ.
    fn distinct(&mut self, key: &Ty) -> Vec<String> {
        let text = key.text(&self.types);
        let count = self.random.below(4);
        let start = self.random.below(5);
        (start..start + count)
            .map(|n| match key.under(&self.types) {
                Ty::Str => KEY_STRINGS[n % KEY_STRINGS.len()].to_string(),
                Ty::Int(_) | Ty::Float32 | Ty::Float64 => format!("{}", n * 7 % 100),
                Ty::Bool => format!("{text}({})", n % 2 == 0),
                Ty::Array(..) | Ty::Struct(_) => {
                    let mut simple = self.simple(key);
                    if let Some(first) = self.first_number(key) {
                        simple = simple.replace("{}", &format!("{{{first}: {n}}}"));
                    }
                    simple
                }
                _ => self.simple(key),
            })
            .scan(Vec::new(), |seen: &mut Vec<String>, text| {
                let known = seen.contains(&text);
                seen.push(text.clone());
                Some((!known).then_some(text))
            })
            .flatten()
            .collect()
    }

    /// How a literal names the first element or field, if that is a number.
    fn first_number(&self, ty: &Ty) -> Option<String> {
        let (name, ty) = match ty.under(&self.types) {
            Ty::Array(_, elem) => ("0".to_string(), (**elem).clone()),
            Ty::Struct(fields) => (fields[0].name.clone(), fields[0].ty.clone()),
            _ => return None,
        };
        ty.is_number(&self.types).then_some(name)
    }

    /// A value of an interface type.
    fn interface(&mut self, ty: &Ty, depth: usize) -> Node {
        let text = ty.text(&self.types);
        // At the bottom nothing that holds interfaces again, or some values would never end.
        let dynamic = match ty {
            Ty::Named(_) if depth == 0 => None,
            _ if depth == 0 => Some(self.simple_type()),
            Ty::Named(index) => self.implementation_of(*index),
            _ => Some(self.dynamic_type()),
        };
        match dynamic {
            Some(dynamic) if self.random.chance(90) => {
                let value = self.typed(&dynamic, depth.saturating_sub(1));
                self.make(ty, &format!("{text}($)"), vec![value])
            }
            _ => self.make(ty, &format!("{text}(nil)"), Vec::new()),
        }
    }

    /// Expressions that this kind of type is known for.
    fn by_kind(&mut self, ty: &Ty, depth: usize) -> Value {
        let d = depth - 1;
        let node = if ty.is_interface(&self.types) {
            self.interface(ty, depth)
        } else {
            match ty.under(&self.types).clone() {
                Ty::Bool => self.boolean(ty, d),
                Ty::Int(int) => self.integral(ty, int, d),
                Ty::Float32 | Ty::Float64 => self.float(ty, d),
                Ty::Complex64 | Ty::Complex128 => self.complex(ty, d),
                Ty::Str => self.string(ty, d),
                Ty::Slice(elem) => self.slice(ty, &elem, d),
                Ty::Param(name) => {
                    let (a, b) = self.pair(ty, d);
                    match self.random.below(6) {
                        0 => self.make(ty, "max($, $)", vec![a, b]),
                        1 => {
                            let from = self.variable(&Ty::INT, d);
                            self.make(ty, &format!("{name}($ & 0xf)"), vec![from])
                        }
                        n => {
                            let op = ["+", "-", "*", "+"][n - 2];
                            self.make(ty, &format!("($ {op} $)"), vec![a, b])
                        }
                    }
                }
                Ty::Struct(_) | Ty::Array(..) | Ty::Map(..) | Ty::Pointer(_) | Ty::Func(..) => {
                    self.composite(ty, depth)
                }
                Ty::Any | Ty::Named(_) => panic!("{ty:?} is an interface"),
            }
        };
        Value {
            node,
            constant: false,
        }
    }

    /// Two operands, not both constant.
    fn pair(&mut self, ty: &Ty, depth: usize) -> (Node, Node) {
        let left = self.value(ty, depth);
        let right = self.value(ty, depth);
        if left.constant && right.constant {
            (self.make(ty, "opaque($)", vec![left.node]), right.node)
        } else {
            (left.node, right.node)
        }
    }

    fn boolean(&mut self, ty: &Ty, d: usize) -> Node {
        let text = ty.text(&self.types);
        let node = match self.random.below(10) {
            0..3 => {
                let (a, b) = (self.expr(&Ty::Bool, d), self.expr(&Ty::Bool, d));
                let op = self.random.pick(&["&&", "||"]);
                self.make(&Ty::Bool, &format!("($ {op} $)"), vec![a, b])
            }
            3 => {
                let operand = self.expr(&Ty::Bool, d);
                self.make(&Ty::Bool, "!$", vec![operand])
            }
            4..8 => {
                let of = self.ordered_type();
                let (a, b) = self.pair(&of, d);
                let op = self.random.pick(&["<", "<=", ">", ">=", "==", "!="]);
                self.make(&Ty::Bool, &format!("($ {op} $)"), vec![a, b])
            }
            8 => {
                let of = self.comparable_type();
                let (a, b) = self.pair(&of, d);
                let op = self.random.pick(&["==", "!="]);
                self.make(&Ty::Bool, &format!("(($) {op} ($))"), vec![a, b])
            }
            _ if self.is_generic() => self.make(&Ty::Bool, "opaque(true)", Vec::new()),
            _ => {
                let value = self.expr(&Ty::Any, d);
                let of = self
                    .random
                    .pick(&["int(3)", "\"go\"", "true", "uint8(0)", "nil", "1.5"]);
                self.make(&Ty::Bool, &format!("($ == any({of}))"), vec![value])
            }
        };
        if *ty == Ty::Bool {
            node
        } else {
            self.make(ty, &format!("{text}($)"), vec![node])
        }
    }

    fn integral(&mut self, ty: &Ty, int: Int, d: usize) -> Node {
        let text = ty.text(&self.types);
        match self.random.below(20) {
            0..9 => {
                let (a, b) = self.pair(ty, d);
                let op = self
                    .random
                    .pick(&["+", "-", "*", "&", "|", "^", "&^", "+", "-"]);
                self.make(ty, &format!("($ {op} $)"), vec![a, b])
            }
            9 | 10 => {
                let (a, b) = (self.expr(ty, d), self.variable(ty, d));
                let op = self.random.pick(&["/", "%"]);
                self.make(ty, &format!("($ {op} ($ | 1))"), vec![a, b])
            }
            11 => {
                let a = self.variable(ty, d);
                let by = 1 + self.random.below(16);
                let minus = if int.is_signed() && self.random.chance(30) {
                    "-"
                } else {
                    ""
                };
                let op = self.random.pick(&["/", "%"]);
                self.make(ty, &format!("($ {op} {minus}{by})"), vec![a])
            }
            12 | 13 => {
                let a = self.variable(ty, d);
                let by = *self.random.pick(&Int::UNSIGNED);
                let op = self.random.pick(&["<<", ">>"]);
                let count = match self.random.below(3) {
                    0 => {
                        let count = self.random.below(70);
                        return self.make(ty, &format!("($ {op} {count})"), vec![a]);
                    }
                    1 => {
                        let by = self.variable(&Ty::INT, d);
                        return self.make(ty, &format!("($ {op} ($ & 0x3f))"), vec![a, by]);
                    }
                    _ => self.variable(&Ty::Int(by), d),
                };
                self.make(ty, &format!("($ {op} ($ % 67))"), vec![a, count])
            }
            14 => {
                let a = self.variable(ty, d);
                let op = self.random.pick(&["-", "^"]);
                self.make(ty, &format!("{op}($)"), vec![a])
            }
            15 | 16 => {
                let from = self.number_type();
                match from {
                    Ty::Float32 | Ty::Float64 => {
                        let value = self.variable(&from, d);
                        self.make(
                            ty,
                            &format!("{text}(int64(bound(float64($))))"),
                            vec![value],
                        )
                    }
                    from => {
                        let value = self.variable(&from, d);
                        self.make(ty, &format!("{text}($)"), vec![value])
                    }
                }
            }
            17 => {
                let of = match self.random.below(3) {
                    0 => Ty::Str,
                    1 => Ty::slice(self.simple_type()),
                    _ => Ty::map(Ty::Str, self.simple_type()),
                };
                let of = if self.is_generic() { Ty::Str } else { of };
                let value = self.variable(&of, d);
                self.make(ty, &format!("{text}(len($))"), vec![value])
            }
            18 => {
                let (a, b) = self.pair(ty, d);
                let name = self.random.pick(&["min", "max"]);
                self.make(ty, &format!("{name}($, $)"), vec![a, b])
            }
            _ => {
                let string = self.variable(&Ty::Str, d);
                let index = self.expr(&Ty::INT, d);
                self.make(
                    ty,
                    &format!("{text}(at([]byte($), $))"),
                    vec![string, index],
                )
            }
        }
    }

    fn float(&mut self, ty: &Ty, d: usize) -> Node {
        let text = ty.text(&self.types);
        match self.random.below(12) {
            0..6 => {
                // A constant divisor could be zero, and the compiler would refuse it.
                let op = *self.random.pick(&["+", "-", "*", "/"]);
                let (a, b) = if op == "/" {
                    (self.expr(ty, d), self.variable(ty, d))
                } else {
                    self.pair(ty, d)
                };
                self.make(ty, &format!("($ {op} $)"), vec![a, b])
            }
            6 | 7 => {
                let from = self.number_type();
                let value = self.variable(&from, d);
                self.make(ty, &format!("{text}($)"), vec![value])
            }
            8 => {
                let a = self.variable(ty, d);
                self.make(ty, "-($)", vec![a])
            }
            9 => {
                let of = if *ty.under(&self.types) == Ty::Float32 {
                    Ty::Complex64
                } else {
                    Ty::Complex128
                };
                let value = self.variable(&of, d);
                let name = self.random.pick(&["real", "imag"]);
                self.make(ty, &format!("{text}({name}($))"), vec![value])
            }
            10 => {
                let value = self.variable(&Ty::Float64, d);
                let name = self.random.pick(&["Sqrt", "Floor", "Ceil", "Abs", "Trunc"]);
                self.make(ty, &format!("{text}(math.{name}($))"), vec![value])
            }
            _ => {
                let (a, b) = self.pair(ty, d);
                let name = self.random.pick(&["min", "max"]);
                self.make(ty, &format!("{name}($, $)"), vec![a, b])
            }
        }
    }

    fn complex(&mut self, ty: &Ty, d: usize) -> Node {
        let text = ty.text(&self.types);
        let is_small = *ty.under(&self.types) == Ty::Complex64;
        match self.random.below(8) {
            0..5 => {
                let op = *self.random.pick(&["+", "-", "*", "/"]);
                let (a, b) = if op == "/" {
                    (self.expr(ty, d), self.variable(ty, d))
                } else {
                    self.pair(ty, d)
                };
                self.make(ty, &format!("($ {op} $)"), vec![a, b])
            }
            5 => {
                let of = if is_small {
                    Ty::Complex128
                } else {
                    Ty::Complex64
                };
                let value = self.variable(&of, d);
                self.make(ty, &format!("{text}($)"), vec![value])
            }
            _ => {
                let of = if is_small { Ty::Float32 } else { Ty::Float64 };
                let (a, b) = (self.variable(&of, d), self.variable(&of, d));
                self.make(ty, &format!("{text}(complex($, $))"), vec![a, b])
            }
        }
    }

    fn string(&mut self, ty: &Ty, d: usize) -> Node {
        let text = ty.text(&self.types);
        let node = match self.random.below(12) {
            0..4 => {
                let (a, b) = self.pair(&Ty::Str, d);
                self.make(&Ty::Str, "clip($ + $)", vec![a, b])
            }
            4 => {
                let value = self.variable(&Ty::Int(Int::Int32), d);
                self.make(&Ty::Str, "string(rune($))", vec![value])
            }
            5 | 6 => {
                let value = self.expr(&Ty::Str, d);
                let (low, high) = (self.expr(&Ty::INT, d), self.expr(&Ty::INT, d));
                self.make(
                    &Ty::Str,
                    "string(cut([]byte($), $, $))",
                    vec![value, low, high],
                )
            }
            7 => {
                let value = self.expr(&Ty::Str, d);
                let index = self.expr(&Ty::INT, d);
                self.make(&Ty::Str, "string(at([]rune($), $))", vec![value, index])
            }
            8 => {
                let value = self.variable(&Ty::INT, d);
                self.make(&Ty::Str, "strconv.Itoa($)", vec![value])
            }
            9 if !self.is_generic() => {
                let of = self.printable_type();
                let value = self.typed(&of, d);
                let verb = self.random.pick(&["%v", "%+v", "%T", "%#v", "%v|%%"]);
                self.make(
                    &Ty::Str,
                    &format!("clip(fmt.Sprintf(\"{verb}\", $))"),
                    vec![value],
                )
            }
            10 => {
                let value = self.expr(&Ty::slice(Ty::Int(Int::Uint8)), d);
                self.make(&Ty::Str, "clip(string($))", vec![value])
            }
            _ => {
                let (a, b) = self.pair(&Ty::Str, d);
                let name = self.random.pick(&["min", "max"]);
                self.make(&Ty::Str, &format!("{name}($, $)"), vec![a, b])
            }
        };
        if *ty == Ty::Str {
            node
        } else {
            self.make(ty, &format!("{text}($)"), vec![node])
        }
    }

    fn slice(&mut self, ty: &Ty, elem: &Ty, d: usize) -> Node {
        let text = ty.text(&self.types);
        match self.random.below(10) {
            0..3 => {
                let slice = self.expr(ty, d);
                let value = self.expr(elem, d);
                // The capacity that append gives is not specified, so it never depends on it what shares memory.
                self.make(ty, "append(full($), $)", vec![slice, value])
            }
            3 => {
                let (a, b) = (self.expr(ty, d), self.expr(ty, d));
                self.make(ty, "append(full(few($)), few($)...)", vec![a, b])
            }
            4 | 5 => {
                let slice = self.expr(ty, d);
                let (low, high) = (self.expr(&Ty::INT, d), self.expr(&Ty::INT, d));
                self.make(ty, "cut($, $, $)", vec![slice, low, high])
            }
            6 => {
                let count = self.random.below(4);
                self.make(ty, &format!("make({text}, {count})"), Vec::new())
            }
            7 if *elem == Ty::Int(Int::Uint8) => {
                let value = self.expr(&Ty::Str, d);
                self.make(ty, &format!("{text}($)"), vec![value])
            }
            7 if *elem == Ty::Int(Int::Int32) => {
                let value = self.expr(&Ty::Str, d);
                self.make(ty, &format!("{text}($)"), vec![value])
            }
            _ => self.composite(ty, d + 1),
        }
    }
}

/// `n` places for parts.
fn list(n: usize) -> String {
    vec!["$"; n].join(", ")
}
