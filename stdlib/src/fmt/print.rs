//! Values of any type to text, by the verbs of `Printf`.
//!
//! Where an operand's method must be called, the printer takes the result of the call from `results`, in the order in which
//! it meets the calls; when there is none yet, it puts the call on `pending` and leaves a gap. Go code then makes the calls and
//! prints again from the start, with the results: text is complete when nothing is pending.

use super::format::{Flags, Formatter};
use crate::unicode::utf8;
use minigo_bytecode::program::Field;
use minigo_bytecode::{RuntimeType, TypeId, TypeKind};
use minigo_vm::reflect::{Iface, Reflect};
use std::cmp::Ordering;

/// The methods that the printer looks for, numbered as in the package's source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    Format,
    GoString,
    Error,
    String,
}

/// How the result of a call is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// Shown as the verb says.
    AsString,
    /// Shown as it is.
    AsIs,
    /// The operand has no such method after all.
    NotThere,
}

/// A call that must be made first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) operand: Iface,
    pub(super) method: Method,
    pub(super) verb: char,
    pub(super) flags: Flags,
}

/// What kind of print.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Print,
    Println,
    Printf,
    /// `Printf` that knows `%w`.
    Errorf,
}

/// Whether methods of a value may be called, by the way that led to it; the rules of package reflect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Access {
    Open,
    /// It is an embedded field of an unexported type: only exported fields of it are open.
    Embedded,
    /// Behind an unexported field.
    Hidden,
}

impl Access {
    /// Of a field of a struct that has this access.
    fn of_field(self, field: &Field) -> Access {
        match self {
            Access::Hidden => Access::Hidden,
            _ if field.exported => Access::Open,
            _ if field.embedded => Access::Embedded,
            _ => Access::Hidden,
        }
    }

    /// Of what an array, slice, map or pointer with this access leads to.
    fn inside(self) -> Access {
        if self == Access::Open {
            Access::Open
        } else {
            Access::Hidden
        }
    }
}

/// Most text is not longer.
const USUAL_LENGTH: usize = 64;

/// How deep values may be nested; Go's stack has room for about as many levels.
const MAX_DEPTH: usize = 1_000_000;
/// When less than this is left of the machine's stack …
const RED_ZONE: usize = 64 << 10;
/// … it goes on in a piece of this size.
const STACK_PIECE: usize = 4 << 20;

/// A value with its static type where it can be nil: what reflection sees at one place.
#[derive(Clone, Copy)]
enum Value {
    /// A value of a type that is not an interface type.
    Of(Iface),
    /// A nil interface of that type.
    NilInterface(TypeId),
}

/// Prints the operands of one call.
pub(super) struct Printer<'a> {
    pub(super) f: Formatter,
    reflect: Reflect<'a>,
    /// Names of the methods a type has, by number of [`Method`].
    has_method: &'a dyn Fn(&RuntimeType, Method) -> bool,
    results: &'a [(Vec<u8>, Way)],
    calls: usize,
    pub(super) pending: Vec<Pending>,
    /// Operands of `%w`.
    pub(super) wrapped: Vec<usize>,
    mode: Mode,
    /// Inside `%!verb(…)`: methods are not called.
    erroring: bool,
    reordered: bool,
    good_arg_num: bool,
    /// A value was nested deeper than [`MAX_DEPTH`], in itself most likely: what Go's stack overflows of.
    pub(super) overflowed: bool,
}

impl<'a> Printer<'a> {
    pub(super) fn new(
        mode: Mode,
        reflect: Reflect<'a>,
        has_method: &'a dyn Fn(&RuntimeType, Method) -> bool,
        results: &'a [(Vec<u8>, Way)],
    ) -> Printer<'a> {
        Printer {
            f: Formatter {
                out: Vec::with_capacity(USUAL_LENGTH),
                flags: Flags::default(),
            },
            reflect,
            has_method,
            results,
            calls: 0,
            pending: Vec::new(),
            wrapped: Vec::new(),
            mode,
            erroring: false,
            reordered: false,
            good_arg_num: true,
            overflowed: false,
        }
    }

    /// Prints `args` in the printer's mode.
    pub(super) fn print(&mut self, format: &[u8], args: &[Iface]) {
        match self.mode {
            Mode::Print => {
                let mut after_string = false;
                for (i, &arg) in args.iter().enumerate() {
                    let is_string =
                        !arg.is_nil() && matches!(self.info(arg).kind, TypeKind::String);
                    if i > 0 && !is_string && !after_string {
                        self.f.out.push(b' ');
                    }
                    self.arg(arg, 'v');
                    after_string = is_string;
                }
            }
            Mode::Println => {
                for (i, &arg) in args.iter().enumerate() {
                    if i > 0 {
                        self.f.out.push(b' ');
                    }
                    self.arg(arg, 'v');
                }
                self.f.out.push(b'\n');
            }
            Mode::Printf | Mode::Errorf => self.printf(format, args),
        }
    }

    fn info(&self, v: Iface) -> &'a RuntimeType {
        self.reflect.type_info(v.ty())
    }

    fn push_char(&mut self, c: char) {
        utf8::append(&mut self.f.out, c as u32);
    }

    fn printf(&mut self, format: &[u8], args: &[Iface]) {
        let mut i = 0;
        let mut arg_num = 0;
        while i < format.len() {
            self.good_arg_num = true;
            let text = format[i..]
                .iter()
                .position(|&c| c == b'%')
                .map_or(format.len(), |n| i + n);
            self.f.out.extend_from_slice(&format[i..text]);
            if text == format.len() {
                break;
            }
            i = text + 1;
            self.f.flags = Flags::default();
            while let Some(&c) = format.get(i) {
                match c {
                    b'#' => self.f.flags.sharp = true,
                    b'0' => self.f.flags.zero = true,
                    b'+' => self.f.flags.plus = true,
                    b'-' => self.f.flags.minus = true,
                    b' ' => self.f.flags.space = true,
                    _ => break,
                }
                i += 1;
            }
            let mut after_index;
            (arg_num, i, after_index) = self.arg_number(arg_num, format, i, args.len());
            if format.get(i) == Some(&b'*') {
                i += 1;
                let width;
                (width, arg_num) = self.int_arg(args, arg_num);
                match width {
                    None => self.f.push_str("%!(BADWIDTH)"),
                    Some(w) => {
                        if w < 0 {
                            self.f.flags.minus = true;
                            self.f.flags.zero = false;
                        }
                        self.f.flags.width = Some(w.unsigned_abs() as usize);
                    }
                }
                after_index = false;
            } else {
                (self.f.flags.width, i) = number(format, i, format.len());
                if after_index && self.f.flags.width.is_some() {
                    self.good_arg_num = false;
                }
            }
            if i + 1 < format.len() && format[i] == b'.' {
                i += 1;
                if after_index {
                    self.good_arg_num = false;
                }
                (arg_num, i, after_index) = self.arg_number(arg_num, format, i, args.len());
                if format.get(i) == Some(&b'*') {
                    i += 1;
                    let precision;
                    (precision, arg_num) = self.int_arg(args, arg_num);
                    self.f.flags.precision = precision.and_then(|p| usize::try_from(p).ok());
                    if self.f.flags.precision.is_none() {
                        self.f.push_str("%!(BADPREC)");
                    }
                    after_index = false;
                } else {
                    let precision;
                    (precision, i) = number(format, i, format.len());
                    self.f.flags.precision = Some(precision.unwrap_or(0));
                }
            }
            if !after_index {
                (arg_num, i, _) = self.arg_number(arg_num, format, i, args.len());
            }
            if i >= format.len() {
                self.f.push_str("%!(NOVERB)");
                break;
            }
            let verb = if format[i].is_ascii() {
                i += 1;
                char::from(format[i - 1])
            } else {
                let (verb, size) = utf8::decode(&format[i..]);
                i += size;
                char::from_u32(verb).unwrap_or('\u{fffd}')
            };
            if verb == '%' {
                self.f.out.push(b'%');
            } else if !self.good_arg_num {
                self.complain(verb, "(BADINDEX)");
            } else if arg_num >= args.len() {
                self.complain(verb, "(MISSING)");
            } else {
                if verb == 'w' {
                    self.wrapped.push(arg_num);
                }
                if verb == 'v' || verb == 'w' {
                    let flags = &mut self.f.flags;
                    flags.sharp_v = std::mem::take(&mut flags.sharp);
                    flags.plus_v = std::mem::take(&mut flags.plus);
                }
                self.arg(args[arg_num], verb);
                arg_num += 1;
            }
        }
        if !self.reordered && arg_num < args.len() {
            self.f.flags = Flags::default();
            self.f.push_str("%!(EXTRA ");
            for (k, &arg) in args[arg_num..].iter().enumerate() {
                if k > 0 {
                    self.f.push_str(", ");
                }
                if arg.is_nil() {
                    self.f.push_str("<nil>");
                } else {
                    self.f.push_str(&self.info(arg).name);
                    self.f.out.push(b'=');
                    self.arg(arg, 'v');
                }
            }
            self.f.out.push(b')');
        }
    }

    fn complain(&mut self, verb: char, what: &str) {
        self.f.push_str("%!");
        self.push_char(verb);
        self.f.push_str(what);
    }

    /// An explicit operand index `[n]` at `i`: next operand, next position, whether there was one.
    fn arg_number(
        &mut self,
        arg_num: usize,
        format: &[u8],
        i: usize,
        args: usize,
    ) -> (usize, usize, bool) {
        if format.get(i) != Some(&b'[') {
            return (arg_num, i, false);
        }
        self.reordered = true;
        let (index, size, ok) = bracketed(&format[i..]);
        if let Some(index) = index.filter(|&n| ok && n < args) {
            return (index, i + size, true);
        }
        self.good_arg_num = false;
        (arg_num, i + size, ok)
    }

    /// Operand `arg_num` as width or precision, and the next operand.
    fn int_arg(&self, args: &[Iface], arg_num: usize) -> (Option<i64>, usize) {
        let Some(&arg) = args.get(arg_num) else {
            return (None, arg_num);
        };
        let n = if arg.is_nil() {
            None
        } else {
            match class(&self.info(arg).kind) {
                Class::Int => Some(arg.bits() as i64),
                Class::Uint => i64::try_from(arg.bits()).ok(),
                _ => None,
            }
        };
        (n.filter(|n| n.unsigned_abs() <= TOO_LARGE), arg_num + 1)
    }

    fn bad_verb(&mut self, v: Option<Value>, verb: char) {
        self.erroring = true;
        self.f.push_str("%!");
        self.push_char(verb);
        self.f.out.push(b'(');
        match v {
            Some(v) => {
                let name = &self.reflect.type_info(type_of(v)).name;
                self.f.push_str(name);
                self.f.out.push(b'=');
                self.value(v, 'v', 0, Access::Open);
            }
            None => self.f.push_str("<nil>"),
        }
        self.f.out.push(b')');
        self.erroring = false;
    }

    /// Prints one operand.
    fn arg(&mut self, arg: Iface, verb: char) {
        if arg.is_nil() {
            match verb {
                'T' | 'v' => self.f.pad(b"<nil>"),
                _ => self.bad_verb(None, verb),
            }
            return;
        }
        let info = self.info(arg);
        match verb {
            'T' => self.f.string(info.name.as_bytes()),
            'p' => self.pointer(arg, 'p'),
            _ => {
                let basic = !info.named && !matches!(class(&info.kind), Class::Other);
                let bytes = !info.named
                    && matches!(info.kind, TypeKind::Slice { elem } if self.is_byte(elem) && !self.reflect.type_info(elem).named);
                if bytes {
                    self.bytes(arg, verb, "[]byte");
                } else if basic && verb != 'w' {
                    self.value_here(Value::Of(arg), verb, 0, Access::Open);
                } else if !self.methods(arg, verb) {
                    self.value(Value::Of(arg), verb, 0, Access::Open);
                }
            }
        }
    }

    /// Lets a method of the operand show it, if it has a fitting one.
    fn methods(&mut self, arg: Iface, verb: char) -> bool {
        if self.erroring {
            return false;
        }
        let info = self.info(arg);
        let mut verb = verb;
        if verb == 'w' {
            if self.mode != Mode::Errorf || !(self.has_method)(info, Method::Error) {
                self.bad_verb(Some(Value::Of(arg)), verb);
                return true;
            }
            verb = 'v';
        }
        if info.methods.is_empty() {
            return false;
        }
        if self.called(arg, info, Method::Format, verb) {
            return true;
        }
        if self.f.flags.sharp_v {
            return self.called(arg, info, Method::GoString, verb);
        }
        matches!(verb, 'v' | 's' | 'x' | 'X' | 'q')
            && (self.called(arg, info, Method::Error, verb)
                || self.called(arg, info, Method::String, verb))
    }

    fn called(&mut self, operand: Iface, info: &RuntimeType, method: Method, verb: char) -> bool {
        if !(self.has_method)(info, method) {
            return false;
        }
        let results = self.results;
        let number = self.calls;
        self.calls += 1;
        let Some((text, way)) = results.get(number) else {
            let flags = self.f.flags;
            self.pending.push(Pending {
                operand,
                method,
                verb,
                flags,
            });
            return true;
        };
        match way {
            Way::NotThere => return false,
            Way::AsIs => self.f.out.extend_from_slice(text),
            Way::AsString if method == Method::GoString => self.f.string(text),
            Way::AsString => self.string(Value::Of(operand), text, verb),
        }
        true
    }

    fn is_byte(&self, elem: TypeId) -> bool {
        matches!(self.reflect.type_info(elem).kind, TypeKind::Uint8)
    }

    fn string(&mut self, v: Value, s: &[u8], verb: char) {
        match verb {
            'v' if self.f.flags.sharp_v => self.f.quoted(s),
            'v' | 's' => self.f.string(s),
            'x' => self.f.hex(s, false),
            'X' => self.f.hex(s, true),
            'q' => self.f.quoted(s),
            _ => self.bad_verb(Some(v), verb),
        }
    }

    fn hex_0x(&mut self, u: u64, leading: bool) {
        let sharp = std::mem::replace(&mut self.f.flags.sharp, leading);
        self.f.integer(u, 16, false, 'v', false);
        self.f.flags.sharp = sharp;
    }

    fn integer(&mut self, v: Value, u: u64, signed: bool, verb: char) {
        match verb {
            'v' if self.f.flags.sharp_v && !signed => self.hex_0x(u, true),
            'v' | 'd' => self.f.integer(u, 10, signed, verb, false),
            'b' => self.f.integer(u, 2, signed, verb, false),
            'o' | 'O' => self.f.integer(u, 8, signed, verb, false),
            'x' => self.f.integer(u, 16, signed, verb, false),
            'X' => self.f.integer(u, 16, signed, verb, true),
            'c' => self.f.character(u),
            'q' => self.f.quoted_character(u),
            'U' => self.f.unicode(u),
            _ => self.bad_verb(Some(v), verb),
        }
    }

    fn float(&mut self, v: Value, x: f64, float32: bool, verb: char) {
        match verb {
            'v' => self.f.float(x, float32, b'g', -1),
            'b' | 'g' | 'G' | 'x' | 'X' => self.f.float(x, float32, verb as u8, -1),
            'f' | 'e' | 'E' => self.f.float(x, float32, verb as u8, 6),
            'F' => self.f.float(x, float32, b'f', 6),
            _ => self.bad_verb(Some(v), verb),
        }
    }

    fn complex(&mut self, v: Value, (re, im): (f64, f64), float32: bool, verb: char) {
        if !matches!(
            verb,
            'v' | 'b' | 'g' | 'G' | 'x' | 'X' | 'f' | 'F' | 'e' | 'E'
        ) {
            self.bad_verb(Some(v), verb);
            return;
        }
        let plus = self.f.flags.plus;
        self.f.out.push(b'(');
        self.float(v, re, float32, verb);
        self.f.flags.plus = true;
        self.float(v, im, float32, verb);
        self.f.push_str("i)");
        self.f.flags.plus = plus;
    }

    /// A byte slice or byte array.
    fn bytes(&mut self, v: Iface, verb: char, type_name: &str) {
        match verb {
            'v' | 'd' => {
                let sharp_v = self.f.flags.sharp_v;
                if sharp_v {
                    self.f.push_str(type_name);
                    if self.reflect.is_nil(v) {
                        self.f.push_str("(nil)");
                        return;
                    }
                }
                self.f.out.push(if sharp_v { b'{' } else { b'[' });
                for (i, c) in self.reflect.bytes(v).into_iter().enumerate() {
                    if i > 0 {
                        self.f.push_str(if sharp_v { ", " } else { " " });
                    }
                    if sharp_v {
                        self.hex_0x(u64::from(c), true);
                    } else {
                        self.f.integer(u64::from(c), 10, false, verb, false);
                    }
                }
                self.f.out.push(if sharp_v { b'}' } else { b']' });
            }
            's' => self.f.string(&self.reflect.bytes(v)),
            'x' => self.f.hex(&self.reflect.bytes(v), false),
            'X' => self.f.hex(&self.reflect.bytes(v), true),
            'q' => self.f.quoted(&self.reflect.bytes(v)),
            _ => self.value(Value::Of(v), verb, 0, Access::Open),
        }
    }

    fn pointer(&mut self, v: Iface, verb: char) {
        let info = self.info(v);
        let u = match info.kind {
            TypeKind::Pointer { .. }
            | TypeKind::Map { .. }
            | TypeKind::Chan { .. }
            | TypeKind::Func { .. }
            | TypeKind::UnsafePointer => v.bits(),
            TypeKind::Slice { .. } => self.reflect.data_address(v),
            _ => return self.bad_verb(Some(Value::Of(v)), verb),
        };
        match verb {
            'v' if self.f.flags.sharp_v => {
                self.f.out.push(b'(');
                self.f.push_str(&info.name);
                self.f.push_str(")(");
                if u == 0 {
                    self.f.push_str("nil")
                } else {
                    self.hex_0x(u, true)
                }
                self.f.out.push(b')');
            }
            'v' if u == 0 => self.f.pad(b"<nil>"),
            'v' | 'p' => self.hex_0x(u, !self.f.flags.sharp),
            'b' | 'o' | 'd' | 'x' | 'X' => self.integer(Value::Of(v), u, false, verb),
            _ => self.bad_verb(Some(Value::Of(v)), verb),
        }
    }

    /// A value found in a place of type `ty`.
    fn place(&self, ty: TypeId, found: Iface) -> Value {
        if found.is_nil() {
            Value::NilInterface(ty)
        } else {
            Value::Of(found)
        }
    }

    /// Prints a value.
    fn value(&mut self, v: Value, verb: char, depth: usize, access: Access) {
        stacker::maybe_grow(RED_ZONE, STACK_PIECE, || {
            self.value_here(v, verb, depth, access)
        });
    }

    fn value_here(&mut self, v: Value, verb: char, depth: usize, access: Access) {
        let v = match v {
            Value::Of(v) => v,
            Value::NilInterface(ty) => {
                if self.f.flags.sharp_v {
                    self.f.push_str(&self.reflect.type_info(ty).name);
                    self.f.push_str("(nil)");
                } else {
                    self.f.push_str("<nil>");
                }
                return;
            }
        };
        self.overflowed |= depth > MAX_DEPTH;
        if self.overflowed || depth > 0 && access == Access::Open && self.methods(v, verb) {
            return;
        }
        let info = self.info(v);
        let place = Value::Of(v);
        match &info.kind {
            TypeKind::Bool => match verb {
                't' | 'v' => self.f.boolean(v.bits() != 0),
                _ => self.bad_verb(Some(place), verb),
            },
            TypeKind::Float32 => self.float(place, f64::from_bits(v.bits()), true, verb),
            TypeKind::Float64 => self.float(place, f64::from_bits(v.bits()), false, verb),
            TypeKind::Complex64 => self.complex(place, self.reflect.complex(v), true, verb),
            TypeKind::Complex128 => self.complex(place, self.reflect.complex(v), false, verb),
            TypeKind::String => self.string(place, self.reflect.str_bytes(v), verb),
            TypeKind::Map { key, value } => self.map(v, *key, *value, verb, depth, access),
            TypeKind::Struct { fields } => {
                let sharp_v = self.f.flags.sharp_v;
                if sharp_v {
                    self.f.push_str(&info.name);
                }
                self.f.out.push(b'{');
                for (i, field) in fields.iter().enumerate() {
                    if i > 0 {
                        self.f.push_str(if sharp_v { ", " } else { " " });
                    }
                    if sharp_v || self.f.flags.plus_v {
                        self.f.push_str(&field.name);
                        self.f.out.push(b':');
                    }
                    let value = self.place(field.ty, self.reflect.field(v, i));
                    self.value(value, verb, depth + 1, access.of_field(field));
                }
                self.f.out.push(b'}');
            }
            TypeKind::Slice { elem } | TypeKind::Array { elem, .. } => {
                if matches!(verb, 's' | 'q' | 'x' | 'X') && self.is_byte(*elem) {
                    self.bytes(v, verb, &info.name);
                    return;
                }
                let sharp_v = self.f.flags.sharp_v;
                if sharp_v {
                    self.f.push_str(&info.name);
                    if self.reflect.is_nil(v) {
                        self.f.push_str("(nil)");
                        return;
                    }
                }
                self.f.out.push(if sharp_v { b'{' } else { b'[' });
                for i in 0..self.reflect.len(v) {
                    if i > 0 {
                        self.f.push_str(if sharp_v { ", " } else { " " });
                    }
                    let value = self.place(*elem, self.reflect.index(v, i));
                    self.value(value, verb, depth + 1, access.inside());
                }
                self.f.out.push(if sharp_v { b'}' } else { b']' });
            }
            TypeKind::Pointer { elem } => {
                let shown = matches!(
                    self.reflect.type_info(*elem).kind,
                    TypeKind::Array { .. }
                        | TypeKind::Slice { .. }
                        | TypeKind::Struct { .. }
                        | TypeKind::Map { .. }
                );
                if depth == 0 && v.bits() != 0 && shown {
                    self.f.out.push(b'&');
                    self.value(
                        Value::Of(self.reflect.elem(v)),
                        verb,
                        depth + 1,
                        access.inside(),
                    );
                } else {
                    self.pointer(v, verb);
                }
            }
            TypeKind::Chan { .. } | TypeKind::Func { .. } | TypeKind::UnsafePointer => {
                self.pointer(v, verb)
            }
            // The dynamic type of a value is never an interface type.
            TypeKind::Interface { .. } => {}
            kind => self.integer(place, v.bits(), matches!(class(kind), Class::Int), verb),
        }
    }

    fn map(
        &mut self,
        v: Iface,
        key: TypeId,
        value: TypeId,
        verb: char,
        depth: usize,
        access: Access,
    ) {
        let sharp_v = self.f.flags.sharp_v;
        if sharp_v {
            self.f.push_str(&self.info(v).name);
            if self.reflect.is_nil(v) {
                self.f.push_str("(nil)");
                return;
            }
            self.f.out.push(b'{');
        } else {
            self.f.push_str("map[");
        }
        let mut entries = self.reflect.map_entries(v);
        entries.sort_by(|a, b| compare(self.reflect, a.0, b.0));
        for (i, (k, val)) in entries.into_iter().enumerate() {
            if i > 0 {
                self.f.push_str(if sharp_v { ", " } else { " " });
            }
            let k = self.place(key, k);
            self.value(k, verb, depth + 1, access.inside());
            self.f.out.push(b':');
            let val = self.place(value, val);
            self.value(val, verb, depth + 1, access.inside());
        }
        self.f.out.push(if sharp_v { b'}' } else { b']' });
    }
}

fn type_of(v: Value) -> TypeId {
    match v {
        Value::Of(v) => v.ty(),
        Value::NilInterface(ty) => ty,
    }
}

/// Kinds that are printed alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Int,
    Uint,
    /// Bool, float, complex, string.
    Basic,
    Other,
}

fn class(kind: &TypeKind) -> Class {
    match kind {
        TypeKind::Int | TypeKind::Int8 | TypeKind::Int16 | TypeKind::Int32 | TypeKind::Int64 => {
            Class::Int
        }
        TypeKind::Uint
        | TypeKind::Uint8
        | TypeKind::Uint16
        | TypeKind::Uint32
        | TypeKind::Uint64
        | TypeKind::Uintptr => Class::Uint,
        TypeKind::Bool
        | TypeKind::Float32
        | TypeKind::Float64
        | TypeKind::Complex64
        | TypeKind::Complex128
        | TypeKind::String => Class::Basic,
        _ => Class::Other,
    }
}

/// The order in which keys of a map are printed.
fn compare(r: Reflect<'_>, a: Iface, b: Iface) -> Ordering {
    if a.is_nil() || b.is_nil() {
        return b.is_nil().cmp(&a.is_nil());
    }
    if a.ty() != b.ty() {
        return a.ty().cmp(&b.ty());
    }
    let float = |x: f64, y: f64| {
        x.partial_cmp(&y)
            .unwrap_or_else(|| y.is_nan().cmp(&x.is_nan()))
    };
    match &r.type_info(a.ty()).kind {
        TypeKind::Float32 | TypeKind::Float64 => {
            float(f64::from_bits(a.bits()), f64::from_bits(b.bits()))
        }
        TypeKind::Complex64 | TypeKind::Complex128 => {
            let ((ar, ai), (br, bi)) = (r.complex(a), r.complex(b));
            float(ar, br).then(float(ai, bi))
        }
        TypeKind::String => r.str_bytes(a).cmp(r.str_bytes(b)),
        TypeKind::Struct { fields } => (0..fields.len())
            .map(|i| compare(r, r.field(a, i), r.field(b, i)))
            .find(|&o| o != Ordering::Equal)
            .unwrap_or(Ordering::Equal),
        TypeKind::Array { len, .. } => (0..*len as usize)
            .map(|i| compare(r, r.index(a, i), r.index(b, i)))
            .find(|&o| o != Ordering::Equal)
            .unwrap_or(Ordering::Equal),
        kind if class(kind) == Class::Int => (a.bits() as i64).cmp(&(b.bits() as i64)),
        _ => a.bits().cmp(&b.bits()),
    }
}

/// Greatest width or precision.
const TOO_LARGE: u64 = 1_000_000;

/// The decimal number at `i`, if there is one, and where it ends.
fn number(s: &[u8], mut i: usize, end: usize) -> (Option<usize>, usize) {
    if i >= end {
        return (None, end);
    }
    let mut value = None;
    while i < end && s[i].is_ascii_digit() {
        let so_far = value.unwrap_or(0);
        if so_far as u64 > TOO_LARGE {
            return (None, end);
        }
        value = Some(so_far * 10 + usize::from(s[i] - b'0'));
        i += 1;
    }
    (value, i)
}

/// `[n]` at the beginning: the index from 0, bytes to skip, whether it is well formed.
fn bracketed(s: &[u8]) -> (Option<usize>, usize, bool) {
    if s.len() < 3 {
        return (None, 1, false);
    }
    let Some(close) = s.iter().position(|&c| c == b']') else {
        return (None, 1, false);
    };
    match number(s, 1, close) {
        // Index 0 is well formed but names no operand.
        (Some(n), end) if end == close => (n.checked_sub(1), close + 1, true),
        _ => (None, close + 1, false),
    }
}
