//! Questions about types.
//!
//! `is_…` looks at the underlying type and is false for type parameters; `all_…` asks every type in a type parameter's
//! type set, and is what decides whether an operation is allowed.

use super::ty::{Basic, Dir, Interface, Sig, Term, Ty, Type, Types};
use std::rc::Rc;

impl Basic {
    pub fn is_untyped(self) -> bool {
        self >= Basic::UntypedBool
    }

    pub fn is_boolean(self) -> bool {
        matches!(self, Basic::Bool | Basic::UntypedBool)
    }

    pub fn is_integer(self) -> bool {
        (Basic::Int..=Basic::Uintptr).contains(&self)
            || matches!(self, Basic::UntypedInt | Basic::UntypedRune)
    }

    pub fn is_unsigned(self) -> bool {
        (Basic::Uint..=Basic::Uintptr).contains(&self)
    }

    pub fn is_float(self) -> bool {
        matches!(self, Basic::Float32 | Basic::Float64 | Basic::UntypedFloat)
    }

    pub fn is_complex(self) -> bool {
        matches!(
            self,
            Basic::Complex64 | Basic::Complex128 | Basic::UntypedComplex
        )
    }

    pub fn is_string(self) -> bool {
        matches!(self, Basic::String | Basic::UntypedString)
    }

    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float() || self.is_complex()
    }

    pub fn is_ordered(self) -> bool {
        self.is_integer() || self.is_float() || self.is_string()
    }

    /// Constants can have this type.
    pub fn is_const_type(self) -> bool {
        self.is_boolean() || self.is_numeric() || self.is_string()
    }
}

macro_rules! predicates {
    ($($is:ident, $all:ident = $test:expr;)*) => {
        impl Types {
            $(
                /// See the module's description.
                pub fn $is(&self, ty: Ty) -> bool {
                    self.as_basic(ty).is_some_and($test)
                }

                /// See the module's description.
                pub fn $all(&self, ty: Ty) -> bool {
                    self.all(ty, $test)
                }
            )*
        }
    };
}

predicates! {
    is_boolean, all_boolean = Basic::is_boolean;
    is_integer, all_integer = Basic::is_integer;
    is_unsigned, all_unsigned = Basic::is_unsigned;
    is_float, all_float = Basic::is_float;
    is_complex, all_complex = Basic::is_complex;
    is_numeric, all_numeric = Basic::is_numeric;
    is_string, all_string = Basic::is_string;
    is_ordered, all_ordered = Basic::is_ordered;
    is_numeric_or_string, all_numeric_or_string = |b| b.is_numeric() || b.is_string();
    is_const_type, all_const_type = Basic::is_const_type;
}

impl Types {
    /// The basic type under a type.
    pub fn as_basic(&self, ty: Ty) -> Option<Basic> {
        match self.under(ty) {
            Type::Basic(basic) => Some(*basic),
            _ => None,
        }
    }

    /// Whether all types in the type set have a basic type of this sort under them.
    fn all(&self, ty: Ty, test: impl Fn(Basic) -> bool) -> bool {
        match self.get(ty) {
            Type::Param(_) => match self.type_set(ty) {
                Some(terms) => {
                    !terms.is_empty()
                        && terms
                            .iter()
                            .all(|term| self.as_basic(term.ty).is_some_and(&test))
                }
                None => false,
            },
            _ => self.as_basic(ty).is_some_and(test),
        }
    }

    /// An untyped constant's or nil's type.
    pub fn is_untyped(&self, ty: Ty) -> bool {
        matches!(self.get(ty), Type::Basic(basic) if basic.is_untyped())
    }

    /// `Type::Param`.
    pub fn is_type_param(&self, ty: Ty) -> bool {
        matches!(self.get(ty), Type::Param(_))
    }

    /// An interface, defined or not. Type parameters are none.
    pub fn is_interface(&self, ty: Ty) -> bool {
        matches!(self.under(ty), Type::Interface(_))
    }

    /// The interface under a type.
    pub fn as_interface(&self, ty: Ty) -> Option<&Interface> {
        match self.under(ty) {
            Type::Interface(interface) => Some(interface),
            _ => None,
        }
    }

    /// A type parameter's constraint as an interface.
    pub fn constraint(&self, ty: Ty) -> Option<&Interface> {
        match self.get(ty) {
            Type::Param(id) => self.as_interface(self.params[id.0 as usize].constraint),
            _ => None,
        }
    }

    /// The terms of a type parameter's type set; none if it has no specific types.
    pub fn type_set(&self, ty: Ty) -> Option<&[Term]> {
        self.constraint(ty)?.terms.as_deref()
    }

    /// The signature under a type.
    pub fn as_sig(&self, ty: Ty) -> Option<&Rc<Sig>> {
        match self.under(ty) {
            Type::Func(sig) => Some(sig),
            _ => None,
        }
    }

    /// What a pointer (defined or not) points to.
    pub fn pointer_elem(&self, ty: Ty) -> Option<Ty> {
        match self.under(ty) {
            Type::Pointer(elem) => Some(*elem),
            _ => None,
        }
    }

    /// A type with a name: basic, defined, type parameter.
    pub fn has_name(&self, ty: Ty) -> bool {
        matches!(
            self.get(ty),
            Type::Basic(_) | Type::Named(_) | Type::Param(_)
        )
    }

    /// nil is a value of the type.
    pub fn has_nil(&self, ty: Ty) -> bool {
        match self.under(ty) {
            Type::Basic(basic) => *basic == Basic::UnsafePointer,
            Type::Slice(_)
            | Type::Pointer(_)
            | Type::Func(_)
            | Type::Map { .. }
            | Type::Chan { .. }
            | Type::Interface(_) => true,
            Type::Param(_) => self
                .type_set(ty)
                .is_some_and(|terms| !terms.is_empty() && terms.iter().all(|t| self.has_nil(t.ty))),
            _ => false,
        }
    }

    /// The one underlying type of all types in a type set, or of the type itself; channels may differ in direction
    /// (then the restricted one).
    pub fn common_under(&self, ty: Ty) -> Option<Ty> {
        if !self.is_type_param(ty) {
            return Some(self.underlying(ty));
        }
        self.common_under_of(self.type_set(ty)?)
    }

    /// As [`Types::common_under`], for the terms of a type set.
    pub fn common_under_of(&self, terms: &[Term]) -> Option<Ty> {
        let mut common: Option<Ty> = None;
        for term in terms {
            let under = self.underlying(term.ty);
            common = match common {
                None => Some(under),
                Some(known) if known == under => Some(known),
                Some(known) => match (self.get(known), self.get(under)) {
                    (Type::Chan { elem: a, dir: x }, Type::Chan { elem: b, dir: y }) if a == b => {
                        match (x, y) {
                            (Dir::Both, _) => Some(under),
                            (_, Dir::Both) => Some(known),
                            _ => return None,
                        }
                    }
                    _ => return None,
                },
            };
        }
        common
    }

    /// Values can be compared with `==`. With `dynamic`, ordinary interfaces can (it may panic).
    pub fn comparable(&self, ty: Ty, dynamic: bool) -> bool {
        self.why_incomparable(ty, dynamic, &mut Vec::new(), super::ty::PackageId(0))
            .is_none()
    }

    /// Why values cannot be compared: empty if that goes without saying; None if they can.
    pub fn incomparable_cause(
        &self,
        ty: Ty,
        dynamic: bool,
        from: super::ty::PackageId,
    ) -> Option<String> {
        self.why_incomparable(ty, dynamic, &mut Vec::new(), from)
    }

    fn why_incomparable(
        &self,
        ty: Ty,
        dynamic: bool,
        seen: &mut Vec<Ty>,
        from: super::ty::PackageId,
    ) -> Option<String> {
        if seen.contains(&ty) {
            return None;
        }
        match self.under(ty) {
            Type::Basic(Basic::UntypedNil) => Some(String::new()),
            Type::Basic(_) | Type::Pointer(_) | Type::Chan { .. } => None,
            Type::Struct(fields) => {
                seen.push(ty);
                let wrong = fields.iter().find(|field| {
                    self.why_incomparable(field.ty, dynamic, seen, from)
                        .is_some()
                })?;
                Some(format!(
                    "struct containing {} cannot be compared",
                    self.type_string(wrong.ty, from)
                ))
            }
            Type::Array { elem, .. } => {
                seen.push(ty);
                self.why_incomparable(*elem, dynamic, seen, from)?;
                Some(format!("{} cannot be compared", self.type_string(ty, from)))
            }
            Type::Interface(_) if dynamic => None,
            Type::Interface(interface) => self.incomparable_interface(interface, seen, from),
            Type::Param(_) => {
                let interface = self.constraint(ty)?;
                self.incomparable_interface(interface, seen, from)
            }
            _ => Some(String::new()),
        }
    }

    fn incomparable_interface(
        &self,
        interface: &Interface,
        seen: &mut Vec<Ty>,
        from: super::ty::PackageId,
    ) -> Option<String> {
        let cause = match &interface.terms {
            _ if interface.comparable => return None,
            Some(terms) if terms.is_empty() => "empty type set",
            Some(terms)
                if terms
                    .iter()
                    .all(|term| self.why_incomparable(term.ty, false, seen, from).is_none()) =>
            {
                return None;
            }
            _ => "incomparable types in type set",
        };
        Some(cause.to_string())
    }

    /// The default type of an untyped type (spec "Constants"); others are their own.
    pub fn default_type(&self, ty: Ty) -> Ty {
        match ty {
            Ty::UNTYPED_BOOL => Ty::BOOL,
            Ty::UNTYPED_INT => Ty::INT,
            Ty::UNTYPED_RUNE => Ty::INT32,
            Ty::UNTYPED_FLOAT => Ty::FLOAT64,
            Ty::UNTYPED_COMPLEX => Ty::COMPLEX128,
            Ty::UNTYPED_STRING => Ty::STRING,
            _ => ty,
        }
    }
}

impl Types {
    /// A pointer, defined or not.
    pub fn is_pointer(&self, ty: Ty) -> bool {
        matches!(self.under(ty), Type::Pointer(_))
    }

    /// The kind of a composite type, for messages; empty for basic types.
    pub fn composite_kind(&self, ty: Ty) -> &'static str {
        match self.under(ty) {
            Type::Basic(_) | Type::Named(_) => "",
            Type::Array { .. } => "array",
            Type::Slice(_) => "slice",
            Type::Struct(_) => "struct",
            Type::Pointer(_) => "pointer",
            Type::Func(_) => "func",
            Type::Interface(_) => "interface",
            Type::Map { .. } => "map",
            Type::Chan { .. } => "chan",
            Type::Tuple(_) => "tuple",
            Type::Param(_) => "type parameter",
        }
    }

    /// The types that an operand's type stands for: itself, or the terms of a type parameter's constraint
    /// (`[None]` if that has no specific types).
    pub fn type_terms(&self, ty: Ty) -> Vec<Option<Term>> {
        if !self.is_type_param(ty) {
            return vec![Some(Term { tilde: false, ty })];
        }
        match self.type_set(ty) {
            Some(terms) => terms.iter().copied().map(Some).collect(),
            None => vec![None],
        }
    }
}
