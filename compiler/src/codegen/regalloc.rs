//! Registers of a function while it is being generated, and their final numbers.
//!
//! Values take *groups* of adjacent registers with fixed kinds; a freed group is reused for values of the same kinds only, so
//! each register keeps one kind for the whole function. Ops are generated with virtual numbers. At the end the groups
//! are put in order: parameters (and the closure pointer), then every group with a pointer in it, then the scalars; so one
//! `Zero` at entry clears all pointers. Virtual numbers from [`OUT`] on stand for the out area, which lies above all registers.

use minigo_bytecode::{FRAME_WORDS, Reg, WordKind};
use rustc_hash::FxHashMap;

/// Virtual number of the first word of the out area.
pub(super) const OUT: u16 = 0xC000;
/// The "register" of a value without words.
pub(super) const NOWHERE: Reg = Reg(OUT - 1);

/// Word `index` of the out area.
pub(super) fn out(index: usize) -> Reg {
    Reg(OUT.saturating_add(index.min(u16::MAX as usize) as u16))
}

/// Whether a virtual register is in the out area.
pub(super) fn is_out(reg: Reg) -> bool {
    reg.0 >= OUT
}

#[derive(Debug)]
struct Group {
    start: u16,
    len: u16,
    free: bool,
    /// The next free group of the same kinds.
    next: Option<GroupId>,
}

/// Index of a group, plus one.
type GroupId = std::num::NonZeroU32;

/// Number of lists of one or two kinds.
const SHORT: usize = KINDS * (KINDS + 1);
const KINDS: usize = WordKind::Data as usize + 1;

/// Which list is that of one or two kinds.
fn short(kinds: &[WordKind]) -> Option<usize> {
    match *kinds {
        [kind] => Some(kind as usize),
        [first, second] => Some(KINDS * (first as usize + 1) + second as usize),
        _ => None,
    }
}

/// The virtual registers of one function.
#[derive(Debug)]
pub(super) struct Registers {
    kinds: Vec<WordKind>,
    groups: Vec<Group>,
    /// By register: the group that starts there.
    group_at: Vec<Option<GroupId>>,
    /// The free group to be taken first, by kinds: lists of one or two kinds, and the others.
    free: [Option<GroupId>; SHORT],
    free_long: FxHashMap<Box<[WordKind]>, Option<GroupId>>,
    /// Leading registers that keep their numbers.
    fixed: usize,
    /// Words of the out area in use by the largest call.
    out_words: usize,
    overflow: bool,
}

/// Final numbers.
pub(super) struct Numbering {
    /// Kinds of all registers.
    pub(super) kinds: Vec<WordKind>,
    map: Vec<u16>,
    /// The registers that must be zeroed at entry: first and count.
    pub(super) zero: (Reg, u16),
    /// First register of the out area.
    pub(super) window: u16,
    /// Words from the base to the end of the out area.
    pub(super) frame_size: u32,
}

impl Numbering {
    /// The final number of a virtual register.
    pub(super) fn of(&self, reg: Reg) -> Reg {
        if is_out(reg) {
            Reg(self.window + (reg.0 - OUT))
        } else if reg == NOWHERE {
            Reg(0)
        } else {
            Reg(self.map[reg.index()])
        }
    }
}

impl Default for Registers {
    fn default() -> Self {
        Registers {
            kinds: Vec::new(),
            groups: Vec::new(),
            group_at: Vec::new(),
            free: [None; SHORT],
            free_long: FxHashMap::default(),
            fixed: 0,
            out_words: 0,
            overflow: false,
        }
    }
}

impl Registers {
    /// Forgets all registers.
    pub(super) fn clear(&mut self) {
        self.kinds.clear();
        self.groups.clear();
        self.group_at.clear();
        self.free.fill(None);
        self.free_long = FxHashMap::default();
        self.fixed = 0;
        self.out_words = 0;
        self.overflow = false;
    }

    /// Appends registers that keep their numbers: parameters, then the closure pointer.
    pub(super) fn add_fixed(&mut self, kinds: &[WordKind]) -> Reg {
        let start = self.kinds.len() as u16;
        self.kinds.extend_from_slice(kinds);
        self.fixed = self.kinds.len();
        Reg(start)
    }

    /// A group of registers of these kinds, with any content.
    pub(super) fn alloc(&mut self, kinds: &[WordKind]) -> Reg {
        if kinds.is_empty() {
            return NOWHERE;
        }
        let first = match short(kinds) {
            Some(list) => Some(&mut self.free[list]),
            None => self.free_long.get_mut(kinds),
        };
        if let Some(first) = first
            && let Some(id) = *first
        {
            let group = &mut self.groups[id.get() as usize - 1];
            group.free = false;
            *first = group.next;
            return Reg(group.start);
        }
        self.alloc_fresh(kinds)
    }

    /// The same, never used before in this function.
    pub(super) fn alloc_fresh(&mut self, kinds: &[WordKind]) -> Reg {
        if kinds.is_empty() {
            return NOWHERE;
        }
        let start = self.kinds.len();
        if start + kinds.len() >= NOWHERE.index() {
            self.overflow = true;
            return Reg(start.saturating_sub(kinds.len()) as u16);
        }
        self.kinds.extend_from_slice(kinds);
        self.groups.push(Group {
            start: start as u16,
            len: kinds.len() as u16,
            free: false,
            next: None,
        });
        self.group_at.resize(self.kinds.len(), None);
        self.group_at[start] = GroupId::new(self.groups.len() as u32);
        Reg(start as u16)
    }

    /// Gives back a group (by its first register); anything else is ignored.
    pub(super) fn free(&mut self, reg: Reg) {
        let Some(&Some(id)) = self.group_at.get(reg.index()) else {
            return;
        };
        let group = &mut self.groups[id.get() as usize - 1];
        if group.free {
            return;
        }
        group.free = true;
        let kinds = &self.kinds[group.start as usize..(group.start + group.len) as usize];
        group.next = match short(kinds) {
            Some(list) => self.free[list].replace(id),
            None => match self.free_long.get_mut(kinds) {
                Some(first) => first.replace(id),
                None => self.free_long.insert(kinds.into(), Some(id)).flatten(),
            },
        };
    }

    /// Notes that a call uses so many words of the out area.
    pub(super) fn need_out(&mut self, words: usize) {
        self.out_words = self.out_words.max(words);
    }

    /// Puts the groups in their final order. None: more registers than an op can name.
    pub(super) fn number(&self) -> Option<Numbering> {
        let mut map: Vec<u16> = (0..self.kinds.len() as u16).collect();
        let mut kinds: Vec<WordKind> = Vec::with_capacity(self.kinds.len());
        kinds.extend_from_slice(&self.kinds[..self.fixed]);
        let pointers = |group: &Group| {
            self.kinds[group.start as usize..(group.start + group.len) as usize]
                .iter()
                .any(|k| matches!(k, WordKind::Ptr | WordKind::Type | WordKind::Data))
        };
        let mut place = |group: &Group, kinds: &mut Vec<WordKind>| {
            for word in group.start..group.start + group.len {
                map[word as usize] = kinds.len() as u16;
                kinds.push(self.kinds[word as usize]);
            }
        };
        for group in self.groups.iter().filter(|g| pointers(g)) {
            place(group, &mut kinds);
        }
        let zero = (kinds.len() - self.fixed) as u16;
        for group in self.groups.iter().filter(|g| !pointers(g)) {
            place(group, &mut kinds);
        }
        let window = kinds.len() + FRAME_WORDS;
        if self.overflow
            || window + self.out_words > u16::MAX as usize - 1
            || self.out_words >= (u16::MAX - OUT) as usize
        {
            return None;
        }
        Some(Numbering {
            map,
            zero: (Reg(self.fixed as u16), zero),
            window: window as u16,
            frame_size: (window + self.out_words) as u32,
            kinds,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use WordKind::{Int, Ptr};

    #[test]
    fn groups_with_pointers_come_right_after_the_parameters() {
        let mut registers = Registers::default();
        registers.add_fixed(&[Int]);
        let scalar = registers.alloc(&[Int]);
        let slice = registers.alloc(&[Ptr, Int]);
        let other = registers.alloc(&[Int]);
        registers.need_out(3);
        let numbers = registers.number().expect("few registers");
        assert_eq!(numbers.kinds, [Int, Ptr, Int, Int, Int]);
        assert_eq!(numbers.zero, (Reg(1), 2));
        assert_eq!([scalar, slice, other].map(|r| numbers.of(r).0), [3, 1, 4]);
        assert_eq!(numbers.of(out(2)), Reg(5 + FRAME_WORDS as u16 + 2));
        assert_eq!(numbers.frame_size, 5 + FRAME_WORDS as u32 + 3);
    }

    #[test]
    fn freed_groups_serve_values_of_the_same_kinds_only() {
        let mut registers = Registers::default();
        let a = registers.alloc(&[Int]);
        registers.free(a);
        registers.free(a);
        assert_ne!(registers.alloc(&[Ptr]), a);
        assert_eq!(registers.alloc(&[Int]), a);
        assert_ne!(registers.alloc(&[Int]), a);
    }
}
