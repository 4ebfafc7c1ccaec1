//! The garbage-collected heap of a VM: non-moving, precise, without object headers.
//!
//! * **Typed blocks.** A 64 KiB block (or a span of four) holds objects of one size class and one pointer map, so an
//!   object is nothing but its words and allocation writes nothing but zeroes. Large objects have
//!   blocks (or arenas) of their own. What a block holds is in a side table ([`arena`]).
//! * **Allocation never collects.** It raises [`Heap::wants_collection`]; the interpreter looks at
//!   that at safepoints, where every live pointer is in a frame or in the heap. Each P allocates
//!   from its own [`LocalHeap`] ([`local`]).
//! * **Collection** stops the world, marks in parallel ([`mark`]), frees whole blocks at once and
//!   leaves the slots of the others to be found when someone allocates ([`space`]).
//! * **Pacing** is Go's: the next collection is due when the heap has grown by `GOGC` percent of
//!   what was alive (and of the roots), but not below 4 MiB ([`pace`]).
//!
//! Rejected: object headers (a torn or racing access could reach them, and 8 bytes an object);
//! reserving all address space at once (`ulimit -v`); one heap for all sizes and shapes with type
//! words (the mark loop would touch every scalar object); MMTk (twice as slow here, one VM a
//! process).

mod arena;
mod local;
mod mark;
mod os;
mod pace;
mod reach;
mod shape;
mod size_class;
mod space;
mod stats;
#[cfg(test)]
mod tests;

use std::ptr::NonNull;

use minigo_bytecode::program::{RuntimeType, Shape, ShapeId, TypeKind};

pub use local::LocalHeap;
pub use mark::Marker;
pub use stats::HeapStats;

use crate::sync::Mutex;
use crate::sync::raw::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed};
use arena::{Arena, BLOCK_SIZE, GRANULE, Place, locate};
use mark::Marking;
use pace::Pace;
use shape::{Plan, PlanId, Plans};
use space::Space;

/// The address of a heap object: a valid `Ptr` word that is not nil.
pub type Address = NonNull<u64>;

/// Below this the heap grows without collections, at GOGC=100 (as in Go).
const MIN_HEAP: u64 = 4 << 20;

/// Marking so much takes some milliseconds.
const MUCH: u64 = 16 << 20;

/// How a heap is to behave.
#[derive(Clone, Debug)]
pub struct HeapConfig {
    /// `GOGC`: growth in percent before the next collection; `None` is `off`.
    pub gc_percent: Option<u32>,
    /// `GOMEMLIMIT`.
    pub memory_limit: Option<i64>,
    /// Bytes that the heap may take at most; allocation fails above.
    pub max_heap: Option<u64>,
    /// Ask for a collection at every n-th allocation (for tests).
    pub stress: Option<u64>,
    /// Check every pointer that the collector meets, and poison what it frees (for tests).
    pub validate: bool,
}

impl Default for HeapConfig {
    fn default() -> HeapConfig {
        HeapConfig {
            gc_percent: Some(100),
            memory_limit: None,
            max_heap: None,
            stress: None,
            validate: false,
        }
    }
}

/// Memory that is never freed: string constants, static closures, globals.
#[derive(Debug, Default)]
struct Permanent {
    next: usize,
    end: usize,
    /// Objects that hold pointers: address, bytes, plan. Roots of every collection.
    roots: Vec<(usize, usize, PlanId)>,
    bytes: u64,
}

/// The heap of one VM.
#[derive(Debug)]
pub struct Heap {
    plans: Plans,
    /// By `TypeId`: an interface of this dynamic type holds a pointer in its data word.
    data_is_pointer: Vec<bool>,
    /// The mark of live objects: the number of the last collection, 1 to 255.
    epoch: AtomicU8,
    pace: Pace,
    /// Allocations between collections, or 0; and allocations so far.
    stress: u64,
    stressed: AtomicU64,
    validate: bool,
    zero_size: AtomicU64,
    total_bytes: AtomicU64,
    total_objects: AtomicU64,
    marking: Marking,
    /// Free blocks that stay resident because the program is expected to need them before the next collection.
    spare: AtomicUsize,
    /// There are more of them than that.
    left_over: AtomicBool,
    space: Mutex<Space>,
    permanent: Mutex<Permanent>,
    stats: Mutex<HeapStats>,
}

/// An object's place, as [`Heap::object_extent`] finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Address of its first word.
    pub base: u64,
    /// Bytes from there to its end (the size class's, for a small object).
    pub size: usize,
}

/// For each type whether an interface's data word is a pointer when this is the dynamic type.
pub fn data_pointers(types: &[RuntimeType]) -> Vec<bool> {
    let is_pointer = |ty: &RuntimeType| {
        !ty.direct
            || matches!(
                ty.kind,
                TypeKind::Pointer { .. }
                    | TypeKind::Map { .. }
                    | TypeKind::Chan { .. }
                    | TypeKind::Func { .. }
                    | TypeKind::UnsafePointer
            )
    };
    // Type 0 is the nil interface.
    types
        .iter()
        .enumerate()
        .map(|(i, ty)| i > 0 && is_pointer(ty))
        .collect()
}

impl Heap {
    /// An empty heap for objects of these shapes; `data_is_pointer` as [`data_pointers`] makes it.
    /// `None` if the system has no memory at all.
    pub fn new(config: &HeapConfig, shapes: &[Shape], data_is_pointer: Vec<bool>) -> Option<Heap> {
        let plans = Plans::new(shapes);
        let space = Space::new(plans.len());
        let heap = Heap {
            plans,
            data_is_pointer,
            epoch: AtomicU8::new(1),
            pace: Pace::new(config.gc_percent, config.memory_limit, config.max_heap),
            stress: config.stress.unwrap_or(0),
            stressed: AtomicU64::new(0),
            validate: config.validate,
            zero_size: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
            total_objects: AtomicU64::new(0),
            marking: Marking::default(),
            spare: AtomicUsize::new(0),
            left_over: AtomicBool::new(false),
            space: Mutex::new(space),
            permanent: Mutex::new(Permanent::default()),
            stats: Mutex::new(HeapStats::default()),
        };
        heap.stats.lock().goal_bytes = heap.pace.set();
        let zero_size = heap.alloc_permanent_plan(Plans::SCALAR, GRANULE)?;
        heap.zero_size
            .store(zero_size.as_ptr().expose_provenance() as u64, Relaxed);
        Some(heap)
    }

    /// Adds a shape of the VM's own to the program's. Before the first local heap is made.
    pub fn add_shape(&mut self, shape: &Shape) -> ShapeId {
        self.add_plan(Plan::of(shape))
    }

    /// Makes room for as many program shapes in all. Before [`Heap::add_shape`].
    pub fn reserve_shapes(&mut self, shapes: usize) {
        self.plans.reserve(shapes);
    }

    /// Adds shapes and types of a program that has grown; `first` is the first new shape's number, `data_is_pointer` speaks of all
    /// types. The world is stopped; afterwards each local heap has to [`LocalHeap::grow`].
    pub fn extend(&mut self, first: usize, shapes: &[Shape], data_is_pointer: Vec<bool>) {
        for (i, shape) in shapes.iter().enumerate() {
            self.plans.set(first + i, Plan::of(shape));
        }
        self.space.lock().add_plan_rows(self.plans.len());
        self.data_is_pointer = data_is_pointer;
    }

    /// Makes room in a local heap for all plans that there are.
    pub fn grow_local(&self, local: &mut LocalHeap) {
        local.grow(self.plans.len());
    }

    /// Adds the shape of objects of any length whose first word is a pointer and the rest scalar.
    pub fn add_first_pointer_shape(&mut self) -> ShapeId {
        self.add_plan(Plan::First)
    }

    fn add_plan(&mut self, plan: Plan) -> ShapeId {
        let shape = self.plans.add(plan);
        self.space.lock().add_plan_rows(self.plans.len());
        ShapeId(shape as u32)
    }

    /// A local heap for one P.
    pub fn local_heap(&self) -> LocalHeap {
        LocalHeap::new(self.plans.len())
    }

    /// The address of all objects of size 0.
    #[inline]
    pub fn zero_size(&self) -> Address {
        let at = std::ptr::with_exposed_provenance_mut(self.zero_size.load(Relaxed) as usize);
        NonNull::new(at).expect("set when the heap was made")
    }

    /// Allocates a zeroed object that is never freed. What it points to stays alive.
    pub fn alloc_permanent(&self, shape: ShapeId, bytes: usize) -> Option<Address> {
        if bytes == 0 {
            return Some(self.zero_size());
        }
        self.alloc_permanent_plan(self.plans.of_shape(shape.index()), bytes)
    }

    fn alloc_permanent_plan(&self, plan: PlanId, bytes: usize) -> Option<Address> {
        let bytes = bytes.checked_next_multiple_of(GRANULE)?;
        let mut permanent = self.permanent.lock();
        let address = if bytes > size_class::MAX_SMALL {
            // New arenas and blocks are handed out with contents only after a collection.
            let fresh = self.space.lock().take_large(bytes, plan, true)?;
            self.pace.touch(space::large_touched(bytes));
            if !fresh.zeroed {
                // SAFETY: the blocks were handed out just now and nobody knows them.
                unsafe { local::zero(fresh.address, bytes) };
            }
            fresh.address
        } else {
            if permanent.end - permanent.next < bytes {
                let fresh = self.space.lock().take_block()?;
                self.pace.touch(BLOCK_SIZE as u64);
                let (arena, block) = Arena::of_block(fresh.address);
                arena.entry(block).set_permanent();
                if !fresh.zeroed {
                    // SAFETY: the block was handed out just now and nobody knows it.
                    unsafe { local::zero(fresh.address, BLOCK_SIZE) };
                }
                permanent.next = fresh.address;
                permanent.end = fresh.address + BLOCK_SIZE;
            }
            let address = permanent.next;
            permanent.next += bytes;
            address
        };
        permanent.bytes += bytes as u64;
        if *self.plans.get(plan) != Plan::Scalar {
            permanent.roots.push((address, bytes, plan));
        }
        NonNull::new(std::ptr::with_exposed_provenance_mut(address))
    }

    /// True when a collection is due; the interpreter asks at safepoints.
    #[inline(always)]
    pub fn wants_collection(&self) -> bool {
        // A hint; the stop-the-world protocol orders everything else.
        self.pace.wants_collection()
    }

    /// The object that a pointer word points to or into; `None` for nil, permanent small objects
    /// and anything that is no heap address.
    pub fn object_extent(&self, pointer: u64) -> Option<Extent> {
        match locate(pointer as usize) {
            Place::Object(object) => Some(Extent {
                base: object.base as u64,
                size: object.size,
            }),
            Place::Nowhere | Place::Permanent => None,
        }
    }

    /// True if the word is an address inside memory in use of some heap of this process.
    pub fn is_heap_address(&self, word: u64) -> bool {
        !matches!(locate(word as usize), Place::Nowhere)
    }

    /// `debug.SetGCPercent`: sets `GOGC` (`None` is off) and returns the old setting.
    pub fn set_gc_percent(&self, percent: Option<u32>) -> Option<u32> {
        let old = self.pace.set_gc_percent(percent);
        self.stats.lock().goal_bytes = self.pace.set();
        old
    }

    /// `debug.SetMemoryLimit`: sets `GOMEMLIMIT` unless it is negative, and returns the former one.
    pub fn set_memory_limit(&self, limit: i64) -> i64 {
        if limit < 0 {
            return self.pace.memory_limit();
        }
        let old = self.pace.set_memory_limit(limit);
        self.stats.lock().goal_bytes = self.pace.set();
        old
    }

    /// Whether a collection is worth the start of a thread.
    pub fn has_much(&self) -> bool {
        self.pace.in_use() >= MUCH
    }

    /// The counters now. Local heaps add theirs every 64 KiB.
    pub fn stats(&self) -> HeapStats {
        let mut stats = *self.stats.lock();
        stats.allocated_bytes = self.total_bytes.load(Relaxed);
        stats.allocated_objects = self.total_objects.load(Relaxed);
        let space = self.space.lock();
        stats.object_bytes = self.pace.in_use();
        stats.in_use_bytes = (space.blocks_in_use() * BLOCK_SIZE) as u64;
        stats.reserved_bytes = space.reserved();
        stats.idle_bytes = (space.dirty_free() * BLOCK_SIZE) as u64;
        stats.released_bytes = space.released_blocks() * BLOCK_SIZE as u64;
        stats
    }

    #[inline(always)]
    fn data_is_pointer(&self, type_word: u64) -> bool {
        self.data_is_pointer
            .get(type_word as usize)
            .copied()
            .unwrap_or(false)
    }

    fn count_for_stress(&self) {
        if self
            .stressed
            .fetch_add(1, Relaxed)
            .is_multiple_of(self.stress)
        {
            self.pace.want_collection();
        }
    }
}
