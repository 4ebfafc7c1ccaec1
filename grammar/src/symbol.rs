//! Interned names.
//!
//! Every identifier of every file of a program is interned in one [`Symbols`], so that two names are equal
//! exactly when their numbers are. Numbers follow the order of first appearance and so are the same in every run.

use std::hash::Hasher;

use rustc_hash::FxHasher;

/// A name; cheap to copy and compare.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Symbol(u32);

impl Symbol {
    /// The blank identifier `_`.
    pub const BLANK: Symbol = Symbol(0);
    /// `init`.
    pub const INIT: Symbol = Symbol(1);
    /// `main`.
    pub const MAIN: Symbol = Symbol(2);

    /// The number of the name in its table, for use as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// Whether this is the blank identifier.
    pub fn is_blank(self) -> bool {
        self == Symbol::BLANK
    }
}

/// The table of all names.
#[derive(Clone, Debug)]
pub struct Symbols {
    /// All names, one after the other.
    text: String,
    /// Where each name ends in `text`; it starts where the one before ends.
    ends: Vec<u32>,
    /// Open-addressed hash table of numbers; its length is a power of two, and at most half of it is used.
    slots: Vec<Option<Symbol>>,
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols::new()
    }
}

impl Symbols {
    /// A table that holds the names with constants in [`Symbol`].
    pub fn new() -> Symbols {
        let mut symbols = Symbols {
            text: String::new(),
            ends: Vec::new(),
            slots: vec![None; 1024],
        };
        for name in ["_", "init", "main"] {
            symbols.intern(name);
        }
        symbols
    }

    /// The symbol of `name`, made if it is new.
    pub fn intern(&mut self, name: &str) -> Symbol {
        let slot = self.find_slot(name);
        if let Some(symbol) = self.slots[slot] {
            return symbol;
        }
        let symbol = Symbol(self.ends.len() as u32);
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        self.slots[slot] = Some(symbol);
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        symbol
    }

    /// The symbol of `name` if some file uses it.
    pub fn lookup(&self, name: &str) -> Option<Symbol> {
        self.slots[self.find_slot(name)]
    }

    /// The text of a name.
    pub fn name(&self, symbol: Symbol) -> &str {
        let index = symbol.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start as usize..self.ends[index] as usize]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Never true: the blank identifier is always there.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The slot that holds `name`, or the free one where it belongs.
    fn find_slot(&self, name: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut hasher = FxHasher::default();
        hasher.write(name.as_bytes());
        let mut slot = hasher.finish() as usize & mask;
        while let Some(symbol) = self.slots[slot] {
            if self.name(symbol) == name {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![None; self.slots.len() * 2];
        for index in 0..self.ends.len() {
            let symbol = Symbol(index as u32);
            let slot = self.find_slot(self.name(symbol));
            self.slots[slot] = Some(symbol);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_name_gives_the_same_symbol_after_growth() {
        let mut symbols = Symbols::new();
        let many: Vec<Symbol> = (0..5000)
            .map(|i| symbols.intern(&format!("name{i}")))
            .collect();
        for (i, &symbol) in many.iter().enumerate() {
            assert_eq!(symbols.lookup(&format!("name{i}")), Some(symbol));
            assert_eq!(symbols.name(symbol), format!("name{i}"));
        }
        assert_eq!(symbols.intern("_"), Symbol::BLANK);
        assert_eq!(symbols.name(Symbol::MAIN), "main");
        assert_eq!(symbols.lookup("absent"), None);
    }
}
