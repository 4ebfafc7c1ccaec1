//! Interned names.
//!
//! Every identifier of every file of a program is interned in one [`Symbols`], so that two names are equal
//! exactly when their numbers are. Numbers follow the order of first appearance and so are the same in every run.
//!
//! Functions of the library are parsed while the program is checked (see [`crate::deferred`]), when everybody holds names. Their
//! new names are *late*: they lie where they do not move, and the table takes them over when it is owned alone again.

use std::cell::{OnceCell, RefCell};
use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};

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
    /// Names that came while the table was shared; their numbers follow those of the table.
    late: LateNames,
}

/// A name once it is there.
type Name = OnceCell<Box<str>>;

/// Names in an order that can be added to while others hold them: chunk `n` has room for `64 << n`.
#[derive(Clone, Debug, Default)]
struct LateNames {
    chunks: [OnceCell<Box<[Name]>>; LateNames::CHUNKS],
    numbers: RefCell<FxHashMap<Box<str>, u32>>,
}

impl LateNames {
    const CHUNKS: usize = 20;

    /// The chunk of the name with this number, and its place there.
    fn place(number: u32) -> (usize, usize) {
        let chunk = (number / 64 + 1).ilog2();
        (chunk as usize, (number - 64 * ((1 << chunk) - 1)) as usize)
    }

    fn name(&self, number: u32) -> &str {
        let (chunk, at) = LateNames::place(number);
        let name = self.chunks[chunk].get().and_then(|chunk| chunk[at].get());
        name.map_or("", |name| name)
    }

    /// The number of a name, made if it is new.
    fn intern(&self, name: &str) -> u32 {
        let mut numbers = self.numbers.borrow_mut();
        if let Some(&number) = numbers.get(name) {
            return number;
        }
        let number = numbers.len() as u32;
        numbers.insert(name.into(), number);
        let (chunk, at) = LateNames::place(number);
        let cells = self.chunks[chunk].get_or_init(|| vec![OnceCell::new(); 64 << chunk].into());
        cells[at].get_or_init(|| name.into());
        number
    }
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
            late: LateNames::default(),
        };
        for name in ["_", "init", "main"] {
            symbols.intern(name);
        }
        symbols
    }

    /// The symbol of `name`, made if it is new.
    pub fn intern(&mut self, name: &str) -> Symbol {
        if !self.late.numbers.get_mut().is_empty() {
            self.take_over();
        }
        self.insert(name)
    }

    /// As [`Symbols::intern`], while others hold names of the table.
    pub fn intern_late(&self, name: &str) -> Symbol {
        let slot = self.slots[self.find_slot(name, hash(name))];
        match slot.symbol {
            u32::MAX => Symbol(self.ends.len() as u32 + self.late.intern(name)),
            symbol => Symbol(symbol),
        }
    }

    /// Late names become names like all others, with the numbers that they have.
    fn take_over(&mut self) {
        let late = std::mem::take(&mut self.late);
        for number in 0..late.numbers.borrow().len() as u32 {
            self.insert(late.name(number));
        }
    }

    #[inline]
    fn insert(&mut self, name: &str) -> Symbol {
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
        if slot.symbol != u32::MAX {
            return Some(Symbol(slot.symbol));
        }
        let late = self.late.numbers.borrow().get(name).copied();
        late.map(|number| Symbol(self.ends.len() as u32 + number))
    }

    /// The text of a name.
    pub fn name(&self, symbol: Symbol) -> &str {
        match symbol.index().checked_sub(self.ends.len()) {
            None => &self.text[self.range(symbol)],
            Some(late) => self.late.name(late as u32),
        }
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
        self.ends.len() + self.late.numbers.borrow().len()
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

    #[test]
    fn late_names_keep_their_symbols() {
        let mut symbols = Symbols::new();
        let early = symbols.intern("early");
        let name = |i: usize| format!("name{i}");
        let late: Vec<Symbol> = (0..1000).map(|i| symbols.intern_late(&name(i))).collect();
        let check = |symbols: &Symbols| {
            assert_eq!(symbols.intern_late("early"), early);
            assert_eq!(symbols.name(early), "early");
            for (i, &symbol) in late.iter().enumerate() {
                assert_eq!(symbols.intern_late(&name(i)), symbol);
                assert_eq!(symbols.lookup(&name(i)), Some(symbol));
                assert_eq!(symbols.name(symbol), name(i));
            }
        };
        check(&symbols);
        assert_eq!(symbols.len(), 1004);
        let next = symbols.intern("next");
        assert_eq!((next.index(), symbols.name(next)), (1004, "next"));
        check(&symbols);
    }
}
