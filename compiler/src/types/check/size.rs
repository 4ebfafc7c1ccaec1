//! Types that are too large: Go's compiler refuses them when it lays out memory, so only in programs that are otherwise right.
//!
//! Sizes are those of Go's compiler on 64-bit machines; what minigo itself needs for a value does not matter here.

use super::Checker;
use crate::diagnostics::code;
use crate::types::ty::{Basic, Loc, Ty, Type};
use rustc_hash::FxHashMap;

/// A word of Go's machines.
const WORD: u64 = 8;

/// No type is larger.
const MAX_WIDTH: u64 = 1 << 50;

/// The elements of a channel must be smaller.
const MAX_CHAN_ELEM: u64 = 1 << 16;

/// Keys and values of a map must be smaller.
const MAX_MAP_ELEM: u64 = 1 << 31;

/// The arguments and results of a function must be smaller.
const MAX_FRAME: u64 = 1 << 30;

/// Size and alignment.
#[derive(Clone, Copy)]
struct Width {
    size: u64,
    align: u64,
}

/// What is known of sizes; a problem is reported for each place once.
#[derive(Default)]
struct Widths {
    known: FxHashMap<Ty, Option<Width>>,
    problems: FxHashMap<Ty, String>,
}

impl Checker<'_> {
    /// Reports what is too large in the packages of the program.
    pub(super) fn check_sizes(&mut self) {
        let mut widths = Widths::default();
        for (ty, loc) in self.declared_types() {
            let problem = self.too_large(ty, &mut widths, &mut Vec::new());
            if let Some(message) = problem {
                self.error_at(code::TOO_LARGE, loc, message);
            }
        }
        // Types are laid out before functions.
        if !self.diagnostics.is_empty() {
            return;
        }
        for index in 0..self.funcs.len() {
            let func = &self.funcs[index];
            if self.packages[func.package.0 as usize].library {
                continue;
            }
            let loc = func.loc;
            let Type::Func(sig) = self.types.get(func.code.sig).clone() else {
                continue;
            };
            let mut args = 0u64;
            for &ty in sig.params.iter().chain(&sig.results) {
                let Some(width) = self.width(ty, &mut widths) else {
                    continue;
                };
                args = round_up(args, width.align).saturating_add(width.size);
            }
            if args >= MAX_FRAME {
                let message = format!(
                    "stack frame too large (>1GB): 0 MB locals + {} MB args",
                    args >> 20
                );
                self.error_at(code::TOO_LARGE, loc, message);
            }
        }
    }

    /// The types of all declared types and variables of the program's own packages, with their places.
    fn declared_types(&self) -> Vec<(Ty, Loc)> {
        let mut list = Vec::new();
        for named in &self.types.named {
            let own = !self.packages[named.package.0 as usize].library && named.package.0 != 0;
            if own && named.origin.is_none() && named.type_params.is_empty() && !named.alias {
                list.push((named.underlying, named.loc));
            }
        }
        for global in &self.globals {
            let package = self.file_packages[global.loc.file.0 as usize];
            if !self.packages[package.0 as usize].library {
                list.push((global.ty, global.loc));
            }
        }
        for func in &self.funcs {
            if !self.packages[func.package.0 as usize].library {
                list.extend(func.vars.iter().map(|var| (var.ty, var.loc)));
            }
        }
        list
    }

    /// What is too large in a type, looking through all but other declared types.
    fn too_large(&self, ty: Ty, widths: &mut Widths, open: &mut Vec<Ty>) -> Option<String> {
        if let Some(problem) = widths.problems.get(&ty) {
            return (!problem.is_empty()).then(|| problem.clone());
        }
        if open.len() > 1000 {
            return None;
        }
        open.push(ty);
        let mut problem = None;
        match self.types.get(ty).clone() {
            Type::Array { elem, len } => {
                problem = self.too_large(elem, widths, open);
                if problem.is_none()
                    && let Some(width) = self.width(elem, widths)
                    && width.size > 0
                    && len > (MAX_WIDTH - 1) / width.size
                {
                    let text = self.types.type_string(ty, self.cx.package);
                    problem = Some(format!("type {text} larger than address space"));
                }
            }
            Type::Struct(fields) => {
                problem = fields
                    .iter()
                    .find_map(|field| self.too_large(field.ty, widths, open));
                if problem.is_none()
                    && self
                        .width(ty, widths)
                        .is_some_and(|width| width.size >= MAX_WIDTH)
                {
                    let text = self.types.type_string(ty, self.cx.package);
                    problem = Some(format!("type {text} too large"));
                }
            }
            Type::Pointer(elem) | Type::Slice(elem) => {
                problem = self.too_large(elem, widths, open);
            }
            Type::Chan { elem, .. } => {
                problem = self.too_large(elem, widths, open);
                if problem.is_none()
                    && self
                        .width(elem, widths)
                        .is_some_and(|width| width.size >= MAX_CHAN_ELEM)
                {
                    problem = Some("channel element type too large (>64kB)".to_string());
                }
            }
            Type::Map { key, value } => {
                for (what, ty) in [("element", value), ("key", key)] {
                    if problem.is_none()
                        && self
                            .width(ty, widths)
                            .is_some_and(|width| width.size >= MAX_MAP_ELEM)
                    {
                        problem = Some(format!("map {what} type too large"));
                    }
                }
            }
            _ => {}
        }
        open.pop();
        let text = problem.clone().unwrap_or_default();
        widths.problems.insert(ty, text);
        problem
    }

    /// The size of a type; None where it depends on a type parameter.
    fn width(&self, ty: Ty, widths: &mut Widths) -> Option<Width> {
        if let Some(&known) = widths.known.get(&ty) {
            return known;
        }
        let words = |count: u64| {
            Some(Width {
                size: count * WORD,
                align: WORD,
            })
        };
        let width = match self.types.get(ty).clone() {
            Type::Basic(basic) => basic_width(basic),
            Type::Named(id) => self.width(self.types.named[id.0 as usize].underlying, widths),
            Type::Pointer(_) | Type::Map { .. } | Type::Chan { .. } | Type::Func(_) => words(1),
            Type::Slice(_) => words(3),
            Type::Interface(_) => words(2),
            Type::Array { elem, len } => self.width(elem, widths).map(|elem| Width {
                size: elem.size.saturating_mul(len),
                align: elem.align,
            }),
            Type::Struct(fields) => {
                let mut all = Some(Width { size: 0, align: 1 });
                let mut last = 1;
                for field in fields.iter() {
                    let field = self.width(field.ty, widths);
                    all = all.zip(field).map(|(all, field)| Width {
                        size: round_up(all.size, field.align).saturating_add(field.size),
                        align: all.align.max(field.align),
                    });
                    last = field.map_or(1, |field| field.size);
                }
                all.map(|all| {
                    // A field of no size at the end gets a byte, so that its address stays inside.
                    let padding = u64::from(last == 0 && all.size > 0);
                    Width {
                        size: round_up(all.size.saturating_add(padding), all.align),
                        align: all.align,
                    }
                })
            }
            Type::Tuple(_) | Type::Param(_) => None,
        };
        widths.known.insert(ty, width);
        width
    }
}

fn basic_width(basic: Basic) -> Option<Width> {
    let (size, align) = match basic {
        Basic::Bool | Basic::Int8 | Basic::Uint8 => (1, 1),
        Basic::Int16 | Basic::Uint16 => (2, 2),
        Basic::Int32 | Basic::Uint32 | Basic::Float32 => (4, 4),
        Basic::Complex64 => (8, 4),
        Basic::Complex128 | Basic::String => (16, 8),
        Basic::Invalid => return None,
        _ => (8, 8),
    };
    Some(Width { size, align })
}

fn round_up(size: u64, align: u64) -> u64 {
    size.checked_next_multiple_of(align.max(1))
        .unwrap_or(u64::MAX)
}
