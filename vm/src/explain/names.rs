//! What an object is called: the variable that its memory belongs to.

use minigo_bytecode::{FuncId, Op, Position, Site, TypeId, TypeKind, Variable};

use super::Place;
use crate::Vm;
use crate::goroutine::Goroutine;
use crate::goroutine::frame::Frame;

/// A name and where it was declared.
pub(super) type Named = (String, Option<Place>);

pub(super) fn place(vm: &Vm, position: Position) -> Option<Place> {
    let file = vm.program().files.get(position.file.index())?;
    Some(Place {
        file: file.name.clone(),
        line: position.line,
        column: position.column,
    })
}

/// The site of an op.
pub(super) fn site_at(vm: &Vm, at: *const Op) -> Option<&Site> {
    let func = vm.image().func_at(at)?;
    let offset = vm.image().offset_at(at)?;
    let sites = &vm.program().funcs[func.index()].sites;
    sites.iter().find(|site| site.pc == offset)
}

/// The frames of goroutines that variables are looked for in: function, op it goes on at, base.
pub(super) struct Frames {
    pub(super) frames: Vec<(FuncId, u32, *mut u64)>,
}

impl Frames {
    /// # Safety
    /// The goroutines stay at their safepoints while the result is used.
    pub(super) unsafe fn of<'g>(
        vm: &Vm,
        goroutines: impl Iterator<Item = &'g Goroutine>,
    ) -> Frames {
        let mut frames = Vec::new();
        for g in goroutines {
            // SAFETY: by the function's contract.
            for Frame { pc, base } in unsafe { crate::interp::traceback::frames(vm, g) } {
                if let (Some(func), Some(offset)) =
                    (vm.image().func_at(pc), vm.image().offset_at(pc))
                {
                    frames.push((func, offset, base));
                }
            }
        }
        Frames { frames }
    }

    /// Variables with what their registers hold.
    fn variables<'v>(&'v self, vm: &'v Vm) -> impl Iterator<Item = (&'v Variable, u64)> {
        self.frames.iter().flat_map(move |&(func, pc, base)| {
            let variables = &vm.program().funcs[func.index()].variables;
            variables
                .iter()
                .filter(move |v| v.from <= pc && pc <= v.to)
                // SAFETY: the frame is a parked goroutine's, and has all registers of its function.
                .map(move |v| (v, unsafe { *base.add(v.reg.index()) }))
        })
    }

    /// The variable whose memory the address lies in, with the fields that lead there.
    pub(super) fn name_of_address(&self, vm: &Vm, address: u64) -> Option<Named> {
        if let Some(named) = name_in_globals(vm, address) {
            return Some(named);
        }
        let base = vm.heap().object_extent(address)?.base;
        let in_object = |word: u64| {
            vm.heap()
                .object_extent(word)
                .is_some_and(|e| e.base == base)
        };
        let (variable, start, ty) = self
            .variables(vm)
            .filter_map(|(variable, word)| Some((variable, word, variable.ty?)))
            .find(|&(_, word, _)| in_object(word))?;
        let path = field_path(vm, ty, address.wrapping_sub(start));
        Some((
            format!("{}{path}", variable.name),
            place(vm, variable.position),
        ))
    }

    /// Where the variable of this name was declared that points to the object which the address lies in.
    pub(super) fn pointer_called(&self, vm: &Vm, name: &str, address: u64) -> Option<Place> {
        let base = vm.heap().object_extent(address)?.base;
        let in_object = |word: u64| {
            vm.heap()
                .object_extent(word)
                .is_some_and(|e| e.base == base)
        };
        let (variable, _) = self
            .variables(vm)
            .find(|&(v, word)| v.ty.is_none() && v.name == name && in_object(word))?;
        place(vm, variable.position)
    }

    /// A variable that holds this value.
    pub(super) fn name_of_value(&self, vm: &Vm, value: u64) -> Option<Named> {
        self.variables(vm)
            .find(|&(variable, word)| variable.ty.is_none() && word == value)
            .map(|(variable, _)| (variable.name.clone(), place(vm, variable.position)))
    }
}

fn name_in_globals(vm: &Vm, address: u64) -> Option<Named> {
    let start = vm.globals() as u64;
    let words = vm.program().globals.len() as u64;
    for global in &vm.program().global_names {
        let at = start + u64::from(global.offset) * 8;
        let memory = if global.indirect {
            // SAFETY: a word among the package-level variables; nothing runs.
            unsafe { *(at as *const u64) }
        } else {
            at
        };
        let size = match global.ty {
            Some(ty) => vm.program().types[ty.index()].size,
            None => 8,
        };
        let inside = (memory..memory + size.max(8)).contains(&address);
        if inside && (global.indirect || (start..start + words * 8).contains(&address)) {
            let path = global
                .ty
                .map_or(String::new(), |ty| field_path(vm, ty, address - memory));
            let name = global.name.strip_prefix("main.").unwrap_or(&global.name);
            return Some((format!("{name}{path}"), place(vm, global.position)));
        }
    }
    None
}

/// The fields from a value of this type to the byte in it: `.mu`.
fn field_path(vm: &Vm, ty: TypeId, offset: u64) -> String {
    let info = &vm.program().types[ty.index()];
    // What is inside of the library's types is nobody's business.
    if info.named && info.name.starts_with("sync.") {
        return String::new();
    }
    match &info.kind {
        TypeKind::Struct { fields } => {
            let field = fields
                .iter()
                .rfind(|field| u64::from(field.offset) <= offset);
            match field {
                Some(field) => {
                    let rest = field_path(vm, field.ty, offset - u64::from(field.offset));
                    format!(".{}{rest}", field.name)
                }
                None => String::new(),
            }
        }
        TypeKind::Array { elem, .. } => {
            let size = vm.program().types[elem.index()].elem_size.max(1);
            let rest = field_path(vm, *elem, offset % size);
            format!("[{}]{rest}", offset / size)
        }
        _ => String::new(),
    }
}
