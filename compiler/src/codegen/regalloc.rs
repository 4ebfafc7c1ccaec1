//! Registers of a function while it is being generated, and their final numbers.
//!
//! Values take *groups* of adjacent registers with fixed kinds; a freed group is reused for values of the same kinds only, so
//! each register keeps one kind for the whole function. Ops are generated with virtual numbers. At the end the groups
//! are put in order: parameters (and the closure pointer), then every group with a pointer in it, then the scalars; so one
//! `Zero` at entry clears all pointers. Virtual numbers from [`OUT`] on stand for the out area, which lies above all registers.

use super::layout::Kinds;
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
}

/// The virtual registers of one function.
#[derive(Debug, Default)]
pub(super) struct Registers {
    kinds: Vec<WordKind>,
    groups: Vec<Group>,
    /// Group by its first register.
    group_at: FxHashMap<u16, u32>,
    free: FxHashMap<Kinds, Vec<Reg>>,
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

impl Registers {
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
        if let Some(reg) = self.free.get_mut(kinds).and_then(Vec::pop) {
            if let Some(&group) = self.group_at.get(&reg.0) {
                self.groups[group as usize].free = false;
            }
            return reg;
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
        self.group_at.insert(start as u16, self.groups.len() as u32);
        self.groups.push(Group {
            start: start as u16,
            len: kinds.len() as u16,
            free: false,
        });
        Reg(start as u16)
    }

    /// Gives back a group (by its first register); anything else is ignored.
    pub(super) fn free(&mut self, reg: Reg) {
        let Some(&index) = self.group_at.get(&reg.0) else {
            return;
        };
        let group = &mut self.groups[index as usize];
        if group.free {
            return;
        }
        group.free = true;
        let range = group.start as usize..(group.start + group.len) as usize;
        let kinds = &self.kinds[range];
        if let Some(list) = self.free.get_mut(kinds) {
            list.push(reg);
        } else {
            self.free.insert(kinds.into(), vec![reg]);
        }
    }

    /// Notes that a call uses so many words of the out area.
    pub(super) fn need_out(&mut self, words: usize) {
        self.out_words = self.out_words.max(words);
    }

    /// Puts the groups in their final order. None: more registers than an op can name.
    pub(super) fn number(&self) -> Option<Numbering> {
        let mut map: Vec<u16> = (0..self.kinds.len() as u16).collect();
        let mut kinds: Vec<WordKind> = self.kinds[..self.fixed].to_vec();
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
