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

/// A place of the hash table: a number with the hash of its name, so that few names need to be compared.
#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    symbol: u32,
}

impl Slot {
    const FREE: Slot = Slot {
        hash: 0,
        symbol: u32::MAX,
    };
}

/// The table of all names.
#[derive(Clone, Debug)]
pub struct Symbols {
    /// All names, one after the other.
    text: String,
    /// Where each name ends in `text`; it starts where the one before ends.
    ends: Vec<u32>,
    /// Open-addressed hash table; its length is a power of two, and at most half of it is used.
    slots: Vec<Slot>,
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
            slots: vec![Slot::FREE; 1024],
        };
        for name in ["_", "init", "main"] {
            symbols.intern(name);
        }
        symbols
    }

    /// The symbol of `name`, made if it is new.
    pub fn intern(&mut self, name: &str) -> Symbol {
        let hash = hash(name);
        let slot = self.find_slot(name, hash);
        if self.slots[slot].symbol != u32::MAX {
            return Symbol(self.slots[slot].symbol);
        }
        let symbol = self.ends.len() as u32;
        self.text.push_str(name);
        self.ends.push(self.text.len() as u32);
        self.slots[slot] = Slot { hash, symbol };
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        Symbol(symbol)
    }

    /// The symbol of `name` if some file uses it.
    pub fn lookup(&self, name: &str) -> Option<Symbol> {
        let slot = self.slots[self.find_slot(name, hash(name))];
        (slot.symbol != u32::MAX).then_some(Symbol(slot.symbol))
    }

    /// The text of a name.
    pub fn name(&self, symbol: Symbol) -> &str {
        &self.text[self.range(symbol)]
    }

    fn bytes(&self, symbol: Symbol) -> &[u8] {
        &self.text.as_bytes()[self.range(symbol)]
    }

    /// Where the name is in `text`.
    fn range(&self, symbol: Symbol) -> std::ops::Range<usize> {
        let index = symbol.index();
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        start as usize..self.ends[index] as usize
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
    fn find_slot(&self, name: &str, hash: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            let free = slot.symbol == u32::MAX;
            if free || slot.hash == hash && self.bytes(Symbol(slot.symbol)) == name.as_bytes() {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let len = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![Slot::FREE; len]);
        for slot in old.into_iter().filter(|slot| slot.symbol != u32::MAX) {
            let mut at = slot.hash as usize & (len - 1);
            while self.slots[at].symbol != u32::MAX {
                at = (at + 1) & (len - 1);
            }
            self.slots[at] = slot;
        }
    }
}

fn hash(name: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(name.as_bytes());
    hasher.finish() as u32
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
