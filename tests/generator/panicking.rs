//! Operations that panic for some operands, and statements that do.

use super::tree::{Node, item};
use super::types::{Int, Ty};
use super::{Effects, Generator};

impl Generator {
    /// An expression that may panic. It is the only one of its statement.
    pub(crate) fn panicking(&mut self, ty: &Ty) -> Option<Node> {
        self.effects = Effects::None;
        let text = ty.text(&self.types);
        let is_interface = ty.is_interface(&self.types);
        Some(match self.random.below(8) {
            0 | 1 => {
                let slice = self.expr(&Ty::slice(ty.clone()), 1);
                let index = self.variable(&Ty::INT, 1);
                self.make(ty, "$[$]", vec![slice, index])
            }
            2 => {
                let index = Ty::Int(self.int_type());
                let array = Ty::Array(self.random.range(1, 4), Box::new(ty.clone()));
                let array = self.place(&array)?;
                let index = self.variable(&index, 1);
                self.make(ty, "$[$]", vec![array, index])
            }
            3 if !is_interface => {
                let value = self.expr(&Ty::Any, 2);
                self.make(ty, &format!("$.({text})"), vec![value])
            }
            4 => {
                let pointer = self.expr(&Ty::pointer(ty.clone()), 1);
                self.make(ty, "*($)", vec![pointer])
            }
            5 => self.call(ty, 2)?,
            _ if is_interface => return None,
            _ => match ty.under(&self.types).clone() {
                Ty::Int(_) if self.random.chance(50) => {
                    let (a, b) = (self.expr(ty, 1), self.variable(ty, 1));
                    let op = self.random.pick(&["/", "%"]);
                    self.make(ty, &format!("($ {op} $)"), vec![a, b])
                }
                Ty::Int(_) => {
                    let (a, b) = (self.variable(ty, 1), self.variable(&Ty::Int(Int::Int8), 1));
                    let op = self.random.pick(&["<<", ">>"]);
                    self.make(ty, &format!("($ {op} $)"), vec![a, b])
                }
                Ty::Str | Ty::Slice(_) => {
                    let mut of = self.variable(ty, 1);
                    if let Ty::Slice(_) = ty.under(&self.types) {
                        // The panic would show the capacity.
                        of = self.make(ty, "full($)", vec![of]);
                    }
                    let (low, high) = (self.variable(&Ty::INT, 1), self.variable(&Ty::INT, 1));
                    match self.random.below(3) {
                        0 => self.make(ty, "$[$:]", vec![of, low]),
                        1 => self.make(ty, "$[:$]", vec![of, high]),
                        _ => self.make(ty, "$[$:$]", vec![of, low, high]),
                    }
                }
                Ty::Array(_, elem) => {
                    let slice = self.expr(&Ty::Slice(elem), 1);
                    self.make(ty, &format!("{text}($)"), vec![slice])
                }
                Ty::Bool => {
                    let (a, b) = (self.expr(&Ty::Any, 2), self.expr(&Ty::Any, 2));
                    self.make(ty, &format!("{text}($ == $)"), vec![a, b])
                }
                _ => return None,
            },
        })
    }

    /// A statement that panics, or may.
    pub(crate) fn panicking_statement(&mut self) -> Node {
        self.effects = Effects::None;
        match self.random.below(12) {
            0 => {
                let value = self.typed(&Ty::Str, 2);
                item("panic($)", vec![value])
            }
            1 => {
                let of = self.dynamic_type();
                let value = self.typed(&of, 1);
                item("panic($)", vec![value])
            }
            2 => {
                let value = self.expr(&Ty::Any, 2);
                item("panic(fmt.Errorf(\"wrapped %v\", $))", vec![value])
            }
            3 => {
                let key = self.key_type();
                let map = Ty::map(key.clone(), self.simple_type());
                let Ty::Map(_, value) = &map else {
                    panic!("{map:?} is a map")
                };
                let (name, text) = (self.fresh("m"), map.text(&self.types));
                let (key, value) = (self.expr(&key, 1), self.expr(value, 1));
                item(
                    &format!("var {name} {text}\n{name}[$] = $"),
                    vec![key, value],
                )
            }
            4 => {
                let name = self.fresh("ch");
                let what = match self.random.below(3) {
                    0 => format!("close({name})\nclose({name})"),
                    1 => format!("close({name})\n{name} <- 1"),
                    _ => format!("{name} = nil\nclose({name})"),
                };
                item(&format!("{name} := make(chan int, 1)\n{what}"), Vec::new())
            }
            5 => {
                let size = self.variable(&Ty::Int(Int::Int8), 2);
                item("_ = make([]int, $)", vec![size])
            }
            6 => {
                let (key, value) = (self.expr(&Ty::Any, 2), self.expr(&Ty::INT, 1));
                let name = self.fresh("m");
                item(
                    &format!("{name} := map[any]int{{}}\n{name}[$] = $\nfmt.Println(len({name}))"),
                    vec![key, value],
                )
            }
            7 => item("panic(nil)", Vec::new()),
            8 => {
                let named = self.named(|this, ty| matches!(ty.under(&this.types), Ty::Struct(_)));
                if named.is_empty() {
                    return item("panic(\"none\")", Vec::new());
                }
                let ty = self.random.pick(&named).clone();
                let Ty::Struct(fields) = ty.under(&self.types).clone() else {
                    panic!("{ty:?} is a struct");
                };
                let field = self.random.pick(&fields).clone();
                let (name, text) = (self.fresh("p"), ty.text(&self.types));
                let value = self.expr(&field.ty, 1);
                item(
                    &format!("var {name} *{text}\n{name}.{} = $", field.name),
                    vec![value],
                )
            }
            _ => {
                self.effects = Effects::Panics;
                let ty = self.printable_type();
                match self.panicking(&ty) {
                    Some(value) => item("fmt.Println($)", vec![value]),
                    None => item("panic(\"else\")", Vec::new()),
                }
            }
        }
    }
}
