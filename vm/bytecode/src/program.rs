//! A program as the VM takes it: functions, constants, types, and where things came from.
//!
//! Everything is an index into a table of `Program`; nothing points anywhere. The conventions
//! (words, layout, calls) are in the crate's README.

use crate::op::{Op, Reg};

macro_rules! index {
    ($(#[$doc:meta])* $name:ident($int:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
        pub struct $name(pub $int);
        impl $name {
            /// The index as a `usize`.
            #[inline(always)]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(/// Index into [`Program::funcs`].
    FuncId(u32));
index!(/// Index into [`Program::types`]. `TypeId(0)` is reserved: the type word of a nil interface.
    TypeId(u32));
index!(/// Index into [`Program::natives`].
    NativeId(u32));
index!(/// Index into [`Program::strings`].
    StringId(u32));
index!(/// Index into [`Program::words`].
    ConstId(u32));
index!(/// Index into [`Program::shapes`].
    ShapeId(u32));
index!(/// Index into [`Program::selectors`]: a method name (with its package for unexported ones).
    SelectorId(u16));
index!(/// Index into [`Program::files`].
    FileId(u32));

/// What a word holds; see the crate's README.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum WordKind {
    /// An integer, bool, length: never a pointer.
    Int,
    /// The bits of an `f64`.
    Float,
    /// Nil or an address of or into a heap object.
    Ptr,
    /// The type word of an interface.
    Type,
    /// The data word of an interface, directly after its type word.
    Data,
}

/// Words of a flat struct above which it is held indirectly.
pub const MAX_FLAT_WORDS: usize = 16;
/// Words between the end of a function's registers and its out area.
pub const FRAME_WORDS: usize = 2;

/// Where the pointers of a heap object are: `period` words repeated to the end of the object.
/// `kinds.len() == period`; an all-scalar shape has `period` 1 and kind `Int`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Shape {
    /// Kinds of one period of words.
    pub kinds: Vec<WordKind>,
}

impl Shape {
    /// True if no word of the object is ever a pointer.
    pub fn is_scalar(&self) -> bool {
        self.kinds
            .iter()
            .all(|k| matches!(k, WordKind::Int | WordKind::Float))
    }
}

/// The shapes that every program starts with.
impl ShapeId {
    /// No pointers at all.
    pub const SCALAR: ShapeId = ShapeId(0);
    /// All words are pointers.
    pub const PTR: ShapeId = ShapeId(1);
    /// Strings or slices, one after the other.
    pub const STRING: ShapeId = ShapeId(2);
    /// Interfaces, one after the other.
    pub const IFACE: ShapeId = ShapeId(3);
}

impl Shape {
    /// What [`Program::shapes`] starts with, in the order of the constants of [`ShapeId`].
    pub fn first() -> Vec<Shape> {
        use WordKind::{Data, Int, Ptr, Type};
        [vec![Int], vec![Ptr], vec![Ptr, Int], vec![Type, Data]]
            .map(|kinds| Shape { kinds })
            .into()
    }
}

/// How an element is laid out in an array, a slice or behind a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ElemRepr {
    /// Packed unsigned integer or bool of 1, 2 or 4 bytes.
    Uint(u8),
    /// Packed signed integer of 1, 2 or 4 bytes.
    Sint(u8),
    /// Packed float32: 4 bytes, converted on access.
    Float32,
    /// One scalar word.
    Word,
    /// One pointer word.
    Ptr,
    /// A 16-byte aligned two-word value.
    Pair,
    /// That many words, a flat struct or complex.
    Words(u8),
    /// An indirect type: the register form is a pointer to a copy of the memory.
    Indirect,
}

/// What kind of Go type a [`RuntimeType`] is; `reflect.Kind`'s distinctions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TypeKind {
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Complex64,
    Complex128,
    String,
    UnsafePointer,
    Pointer {
        elem: TypeId,
    },
    Slice {
        elem: TypeId,
    },
    Array {
        elem: TypeId,
        len: u64,
    },
    Map {
        key: TypeId,
        value: TypeId,
    },
    Chan {
        elem: TypeId,
        dir: ChanDir,
    },
    Func {
        params: Vec<TypeId>,
        results: Vec<TypeId>,
        variadic: bool,
    },
    /// Methods sorted by selector.
    Interface {
        methods: Vec<SelectorId>,
    },
    Struct {
        fields: Vec<Field>,
    },
}

/// Direction of a channel type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChanDir {
    Both,
    Send,
    Recv,
}

/// A field of a struct type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Field {
    pub name: String,
    pub ty: TypeId,
    /// Byte offset in memory layout (for a flat struct, 8 times the register offset).
    pub offset: u32,
    pub embedded: bool,
    pub exported: bool,
    pub tag: String,
}

/// A type as the VM needs it: layout, equality, printing, method lookup.
#[derive(Clone, Debug)]
pub struct RuntimeType {
    /// As `%T` and panics print it: `main.T`, `[]int`, `map[string]*main.T`.
    pub name: String,
    pub kind: TypeKind,
    /// True for defined (named) types, whose `name` is their own.
    pub named: bool,
    /// Words of the register form and their kinds (1 × Ptr for indirect types).
    pub words: Vec<WordKind>,
    /// Register form is a pointer to memory.
    pub indirect: bool,
    /// Bytes of the memory form (multiple of 8; 16 where it holds two-word values).
    pub size: u64,
    /// Bytes an element of this type takes in an array or slice.
    pub elem_size: u64,
    /// The size real Go gives the type; `append` grows as Go does by it.
    pub go_size: u64,
    /// How to load and store it as an element.
    pub repr: ElemRepr,
    /// Shape of a heap object holding one value.
    pub shape: ShapeId,
    /// Shape of the backing array of a slice of this type.
    pub elem_shape: ShapeId,
    /// Held in an interface's data word itself.
    pub direct: bool,
    /// Values can be compared with `==` (interfaces inside may still panic).
    pub comparable: bool,
    /// The method set, sorted by selector. The functions take the interface's data word as their
    /// first parameter (codegen makes wrappers where the method wants something else).
    pub methods: Vec<(SelectorId, FuncId)>,
    /// For a defined pointer-less lookup: the type `*T` if the program has it.
    pub pointer_to: Option<TypeId>,
}

/// A method name; unexported names carry their package path.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Selector {
    pub name: String,
    pub package: Option<String>,
}

/// A source position: file and 1-based line and column (bytes).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Position {
    pub file: FileId,
    pub line: u32,
    pub column: u32,
}

/// One entry of a function's line table: ops from `pc` on (up to the next entry) come from `position`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LineEntry {
    /// Index into the function's own code.
    pub pc: u32,
    pub position: Position,
}

/// What reports call the operand of an op.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Site {
    /// Index into the function's own code.
    pub pc: u32,
    pub kind: SiteKind,
    /// As the source spells it: `ch`, `s.mu`, `done[i]`; empty for what has no short name. For a channel that is made, the
    /// variable or field that it is made for.
    pub name: String,
    pub position: Position,
}

/// What an op with a [`Site`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SiteKind {
    /// Makes a channel.
    Make,
    /// Uses a channel, or calls a method of `sync`.
    Use,
    /// Receives for a `range` over a channel.
    Range,
}

/// A variable that something can be reached from, for reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    pub name: String,
    /// Where it was declared.
    pub position: Position,
    pub reg: Reg,
    /// The variable lies in memory that the register points to, and has this type; none if the register holds its value, a
    /// pointer or a channel.
    pub ty: Option<TypeId>,
    /// The register is this variable's from this op of the function on, up to that one.
    pub from: u32,
    pub to: u32,
}

/// A package-level variable, for reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    pub name: String,
    /// Word in the block of all package-level variables.
    pub offset: u32,
    pub position: Position,
    /// The type of variables that hold memory; none for other types than structs, channels and pointers.
    pub ty: Option<TypeId>,
    /// The word is a pointer to the variable's memory.
    pub indirect: bool,
}

/// A function: code, registers, and what tracebacks and the collector need.
#[derive(Clone, Debug)]
pub struct Func {
    /// As tracebacks print it: `main.main`, `main.(*T).M`, `main.main.func1`.
    pub name: String,
    /// Kinds of the parameter words (a method's receiver first).
    pub params: Vec<WordKind>,
    /// Kinds of the result words.
    pub results: Vec<WordKind>,
    /// Kinds of all registers: parameters, closure pointer (if `is_closure`), locals, temporaries.
    pub registers: Vec<WordKind>,
    /// Words from the base to the end of the largest out area.
    pub frame_size: u32,
    pub code: Vec<Op>,
    pub lines: Vec<LineEntry>,
    /// By `pc`.
    pub sites: Vec<Site>,
    pub variables: Vec<Variable>,
    /// Takes the closure pointer in `R[params.len()]`.
    pub is_closure: bool,
    /// Kinds of the captured words: closure object word `1 + i` has kind `captures[i]`.
    /// Pairs need no alignment here: captures are written before the closure is shared.
    pub captures: Vec<WordKind>,
    /// Shape of the closure object (word 0 is the function's id).
    pub closure_shape: ShapeId,
    /// Where execution goes on after a deferred call of this frame recovered a panic.
    pub recover_pc: Option<u32>,
    /// The ops whose index is of an unsigned type, in ascending order: panics print it as such.
    pub unsigned_indices: Vec<u32>,
    /// Made by the compiler around a call: `recover` looks through it, tracebacks skip it.
    pub wrapper: bool,
    /// Where it was declared.
    pub position: Position,
}

/// A native function that the program calls, by name; the VM binds it at load time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Native {
    /// `strconv.Itoa`, `sync.(*Mutex).Lock`: package path, then the function's name.
    pub name: String,
    pub params: Vec<WordKind>,
    pub results: Vec<WordKind>,
}

/// Types and functions of the library that the VM itself uses.
#[derive(Clone, Debug, Default)]
pub struct WellKnown {
    /// `runtime.errorString`-like type whose underlying type is string and whose `Error` gives
    /// `"runtime error: " + s`; raised for nil dereference, divide … (package runtime).
    pub runtime_error: TypeId,
    /// `runtime.boundsError`: the same for an index, a bound or a length.
    pub bounds_error: TypeId,
    /// `runtime.plainError`: like it, but without the prefix (`close of nil channel` …).
    pub plain_error: TypeId,
    /// `*runtime.TypeAssertionError`: a pointer to a struct of a string.
    pub type_assertion_error: TypeId,
    /// `*runtime.PanicNilError`: the same.
    pub panic_nil_error: TypeId,
    /// `string`, `int`, `error` … used by natives that make interfaces.
    pub string: TypeId,
    pub int: TypeId,
    /// `runtime.printPanicValue(v any) string`: the text of a panic value when it ends the program.
    pub panic_text: FuncId,
    /// Method selectors `Error` and `String`.
    pub error_method: Option<SelectorId>,
    pub string_method: Option<SelectorId>,
}

/// A source file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// As positions print it.
    pub name: String,
    /// It is part of the library, not of the program.
    pub library: bool,
}

/// A whole program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub funcs: Vec<Func>,
    /// Index 0 is unused (the nil interface).
    pub types: Vec<RuntimeType>,
    pub shapes: Vec<Shape>,
    /// 64-bit constants: integers, and floats by their bits.
    pub words: Vec<u64>,
    /// String constants (any bytes).
    pub strings: Vec<Vec<u8>>,
    pub natives: Vec<Native>,
    pub selectors: Vec<Selector>,
    /// Kinds of the words of all package-level variables, one after the other, two-word values at even offsets.
    pub globals: Vec<WordKind>,
    /// Package-level variables, for reports.
    pub global_names: Vec<Global>,
    pub files: Vec<File>,
    /// Runs package initialisation and then `main.main`; no parameters, no results.
    pub entry: FuncId,
    pub well_known: WellKnown,
}

/// What an input of a session adds to a program: each list continues the program's, so that all that has an index keeps it.
#[derive(Clone, Debug, Default)]
pub struct Extension {
    pub funcs: Vec<Func>,
    pub types: Vec<RuntimeType>,
    /// Earlier types of which something has changed.
    pub updates: Vec<TypeUpdate>,
    pub shapes: Vec<Shape>,
    pub words: Vec<u64>,
    pub strings: Vec<Vec<u8>>,
    pub natives: Vec<Native>,
    pub selectors: Vec<Selector>,
    pub globals: Vec<WordKind>,
    pub global_names: Vec<Global>,
    pub files: Vec<File>,
    /// Runs the input; no parameters, no results.
    pub entry: FuncId,
}

impl Program {
    /// Whether a function was written by the program's author, and is not part of the library.
    pub fn is_own(&self, func: FuncId) -> bool {
        let file = self.funcs[func.index()].position.file;
        self.files
            .get(file.index())
            .is_some_and(|file| !file.library)
    }

    /// Adds what an input brought. What is new still has to be verified.
    pub fn extend(&mut self, extension: Extension) {
        self.funcs.extend(extension.funcs);
        self.types.extend(extension.types);
        for update in extension.updates {
            let ty = &mut self.types[update.ty.index()];
            ty.methods = update.methods;
            ty.pointer_to = update.pointer_to;
        }
        self.shapes.extend(extension.shapes);
        self.words.extend(extension.words);
        self.strings.extend(extension.strings);
        self.natives.extend(extension.natives);
        self.selectors.extend(extension.selectors);
        self.globals.extend(extension.globals);
        self.global_names.extend(extension.global_names);
        self.files.extend(extension.files);
        self.entry = extension.entry;
    }
}

/// What can change of a type while a program grows.
#[derive(Clone, Debug)]
pub struct TypeUpdate {
    pub ty: TypeId,
    /// The whole method table, as in [`RuntimeType::methods`].
    pub methods: Vec<(SelectorId, FuncId)>,
    /// As in [`RuntimeType::pointer_to`].
    pub pointer_to: Option<TypeId>,
}

/// The first register of a call's out area in a function with these registers.
pub fn window_of(registers: usize) -> Reg {
    Reg((registers + FRAME_WORDS) as u16)
}
