//! Expressions that name or call something: variables and what they hold, functions, methods, values of function types.

use super::tree::Node;
use super::types::{Method, Ty};
use super::{Effects, Generator};

impl Generator {
    /// A variable, field or element of a type that can be read without panicking.
    pub(crate) fn place(&mut self, ty: &Ty) -> Option<Node> {
        let mut found = Vec::new();
        // Newer variables are more interesting, and looking at all costs time.
        for variable in self.scope.iter().rev().take(24) {
            self.places(&variable.name, &variable.ty, ty, 2, &mut found);
        }
        if found.is_empty() {
            return None;
        }
        let name = self.random.pick(&found).clone();
        Some(self.make(ty, &name, Vec::new()))
    }

    /// What can be assigned to of a type.
    pub(crate) fn assignable(&mut self, ty: &Ty) -> Option<Node> {
        let mut found = Vec::new();
        for variable in self
            .scope
            .iter()
            .rev()
            .take(24)
            .filter(|variable| variable.assignable)
        {
            self.places(&variable.name, &variable.ty, ty, 2, &mut found);
        }
        if found.is_empty() {
            return None;
        }
        let name = self.random.pick(&found).clone();
        Some(super::tree::group(super::tree::fill(&name, Vec::new())))
    }

    fn places(&self, path: &str, of: &Ty, wanted: &Ty, depth: usize, found: &mut Vec<String>) {
        if of == wanted {
            found.push(path.to_string());
        }
        if depth == 0 || of.is_interface(&self.types) {
            return;
        }
        match of.under(&self.types) {
            Ty::Struct(fields) => {
                for field in fields {
                    let path = format!("{path}.{}", field.name);
                    self.places(&path, &field.ty, wanted, depth - 1, found);
                    if field.embedded
                        && let Ty::Struct(promoted) = field.ty.under(&self.types)
                    {
                        // Fields have names of their own, so each promoted one can be named without the embedded one.
                        let outer = path.trim_end_matches(&field.name);
                        for field in promoted.iter().filter(|field| field.ty == *wanted) {
                            found.push(format!("{outer}{}", field.name));
                        }
                    }
                }
            }
            Ty::Array(len, elem) => {
                for index in 0..*len {
                    self.places(&format!("{path}[{index}]"), elem, wanted, depth - 1, found);
                }
            }
            _ => {}
        }
    }

    /// A call with a result of this type.
    pub(crate) fn call(&mut self, ty: &Ty, depth: usize) -> Option<Node> {
        let calls = self.effects == Effects::Calls;
        match self.random.below(5) {
            0 => self.call_value(ty, depth),
            1 if calls => self.call_method(ty, depth),
            2 if calls && ty.is_printable(&self.types) && !self.is_generic() => {
                let label = self.fresh("t");
                let value = self.typed(ty, depth - 1);
                Some(self.make(ty, &format!("trace(\"{label}\", $)"), vec![value]))
            }
            _ if calls => self.call_function(ty, depth),
            _ => None,
        }
    }

    fn call_function(&mut self, ty: &Ty, depth: usize) -> Option<Node> {
        let fitting = |function: &&super::Function| {
            function.calm && function.results.len() == 1 && function.results[0] == *ty
        };
        let found: Vec<_> = self.functions.iter().filter(fitting).cloned().collect();
        if found.is_empty() {
            return None;
        }
        let function = self.random.pick(&found).clone();
        let (template, parts) = self.arguments(&function.params, function.variadic, depth - 1);
        Some(self.make(ty, &format!("{}({template})", function.name), parts))
    }

    /// Arguments for parameters, of which the last may stand for many.
    pub(crate) fn arguments(
        &mut self,
        params: &[Ty],
        variadic: bool,
        depth: usize,
    ) -> (String, Vec<Node>) {
        let mut parts = Vec::new();
        let mut template = Vec::new();
        for (index, param) in params.iter().enumerate() {
            let is_last = index + 1 == params.len();
            if variadic && is_last {
                if self.random.chance(35) {
                    parts.push(self.expr(&Ty::slice(param.clone()), depth));
                    template.push("$...");
                } else {
                    for _ in 0..self.random.below(4) {
                        parts.push(self.expr(param, depth));
                        template.push("$");
                    }
                }
            } else {
                parts.push(self.expr(param, depth));
                template.push("$");
            }
        }
        (template.join(", "), parts)
    }

    /// A call of a variable that holds a function.
    fn call_value(&mut self, ty: &Ty, depth: usize) -> Option<Node> {
        let may_be_nil = self.effects == Effects::Panics;
        let mut found = Vec::new();
        for variable in self.scope.iter().rev().take(24) {
            if let Ty::Func(params, result) = variable.ty.under(&self.types)
                && **result == *ty
                && (variable.present || may_be_nil)
            {
                found.push((variable.name.clone(), params.clone(), variable.present));
            }
        }
        if found.is_empty() {
            return None;
        }
        let (name, params, present) = self.random.pick(&found).clone();
        if !present {
            self.effects = Effects::None;
        }
        let (template, parts) = self.arguments(&params, false, depth - 1);
        Some(self.make(ty, &format!("{name}({template})"), parts))
    }

    /// A call of a method: on a value, a variable, through a method expression or a method value.
    fn call_method(&mut self, ty: &Ty, depth: usize) -> Option<Node> {
        let mut found: Vec<(usize, Method)> = Vec::new();
        for (index, named) in self.types.iter().enumerate() {
            if named.is_interface {
                continue;
            }
            for method in named.methods.iter().filter(|method| method.result == *ty) {
                found.push((index, method.clone()));
            }
        }
        if found.is_empty() {
            return None;
        }
        let (index, method) = self.random.pick(&found).clone();
        let of = Ty::Named(index);
        let (arguments, mut parts) = self.arguments(&method.params, false, depth - 1);
        let name = &method.name;
        if method.on_pointer {
            let receiver = self.scope.iter().rev().find(|variable| variable.ty == of)?;
            let receiver = receiver.name.clone();
            let template = match self.random.below(3) {
                0 => format!("(&{receiver}).{name}({arguments})"),
                1 => format!(
                    "(*{}).{name}(&{receiver}{}{arguments})",
                    self.types[index].name,
                    if method.params.is_empty() { "" } else { ", " }
                ),
                _ => format!("{receiver}.{name}({arguments})"),
            };
            return Some(self.make(ty, &template, parts));
        }
        let value = self.typed(&of, depth - 1);
        parts.insert(0, value);
        let template = match self.random.below(4) {
            0 => format!("{}.{name}($, {arguments})", self.types[index].name).replace(", )", ")"),
            1 => format!(
                "func(f func({}) {}) {} {{ return f({arguments}) }}($.{name})",
                super::types::texts(&method.params, &self.types),
                ty.text(&self.types),
                ty.text(&self.types)
            ),
            _ => format!("($).{name}({arguments})"),
        };
        if template.starts_with("func(f") {
            // Here the receiver is evaluated last.
            let receiver = parts.remove(0);
            parts.push(receiver);
        }
        Some(self.make(ty, &template, parts))
    }
}
