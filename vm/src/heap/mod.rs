//! The garbage-collected heap of a VM: non-moving, precise, without object headers.
//!
//! * **Typed blocks.** A 64 KiB block holds objects of one size class and one pointer map, so an
//!   object is nothing but its words and allocation writes nothing but zeroes. Large objects have
//!   blocks (or arenas) of their own. What a block holds is in a side table ([`arena`]).
//! * **Allocation never collects.** It raises [`Heap::wants_collection`]; the interpreter looks at
//!   that at safepoints, where every live pointer is in a frame or in the heap. Each P allocates
//!   from its own [`LocalHeap`] ([`local`]).
//! * **Collection** stops the world, marks in parallel ([`mark`]), frees whole blocks at once and
//!   leaves the slots of the others to be found when someone allocates ([`space`]).
//! * **Pacing** is Go's: the next collection is due when the heap has grown by `GOGC` percent of
//!   what was alive (and of the roots), but not below 4 MiB.
//!
//! Rejected: object headers (a torn or racing access could reach them, and 8 bytes an object);
//! reserving all address space at once (`ulimit -v`); one heap for all sizes and shapes with type
//! words (the mark loop would touch every scalar object); MMTk (twice as slow here, one VM a
//! process).

mod arena;
mod local;
mod mark;
mod os;
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
use crate::sync::raw::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use arena::{Arena, BLOCK_SIZE, GRANULE, Place, locate};
use mark::Marking;
use shape::{Plan, PlanId, Plans};
use space::Space;

/// The address of a heap object: a valid `Ptr` word that is not nil.
pub type Address = NonNull<u64>;

/// Below this the heap grows without collections, at GOGC=100 (as in Go).
const MIN_HEAP: u64 = 4 << 20;

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
    wants_collection: AtomicBool,
    /// Bytes allocated since the last collection, and from how many on the next one is due.
    allocated: AtomicU64,
    trigger: AtomicU64,
    /// `GOGC`, or -1 for off.
    gc_percent: AtomicI64,
    max_heap: Option<u64>,
    /// `GOMEMLIMIT`: the heap is collected more often rather than growing beyond it.
    memory_limit: AtomicI64,
    /// Allocations between collections, or 0; and allocations so far.
    stress: u64,
    stressed: AtomicU64,
    validate: bool,
    zero_size: AtomicU64,
    total_bytes: AtomicU64,
    total_objects: AtomicU64,
    marking: Marking,
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
        let space = Space::new(plans.len(), config.max_heap);
        let heap = Heap {
            plans,
            data_is_pointer,
            epoch: AtomicU8::new(1),
            wants_collection: AtomicBool::new(false),
            allocated: AtomicU64::new(0),
            trigger: AtomicU64::new(0),
            gc_percent: AtomicI64::new(config.gc_percent.map_or(-1, i64::from)),
            max_heap: config.max_heap,
            memory_limit: AtomicI64::new(config.memory_limit.unwrap_or(i64::MAX)),
            stress: config.stress.unwrap_or(0),
            stressed: AtomicU64::new(0),
            validate: config.validate,
            zero_size: AtomicU64::new(0),
            total_bytes: AtomicU64::new(0),
            total_objects: AtomicU64::new(0),
            marking: Marking::default(),
            space: Mutex::new(space),
            permanent: Mutex::new(Permanent::default()),
            stats: Mutex::new(HeapStats::default()),
        };
        heap.stats.lock().goal_bytes = heap.set_pace(0, 0);
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
            if !fresh.zeroed {
                // SAFETY: the blocks were handed out just now and nobody knows them.
                unsafe { local::zero(fresh.address, bytes) };
            }
            fresh.address
        } else {
            if permanent.end - permanent.next < bytes {
                let fresh = self.space.lock().take_block()?;
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
        // Relaxed: a hint; the stop-the-world protocol orders everything else.
        self.wants_collection.load(Relaxed)
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
        let old = self.gc_percent.swap(percent.map_or(-1, i64::from), Relaxed);
        let live = self.stats.lock().live_bytes;
        let goal = self.set_pace_since(live, 0, self.allocated.load(Relaxed));
        self.stats.lock().goal_bytes = goal;
        u32::try_from(old).ok()
    }

    /// `debug.SetMemoryLimit`: sets `GOMEMLIMIT` unless it is negative, and returns the former one.
    pub fn set_memory_limit(&self, limit: i64) -> i64 {
        if limit < 0 {
            return self.memory_limit.load(Relaxed);
        }
        let old = self.memory_limit.swap(limit, Relaxed);
        let live = self.stats.lock().live_bytes;
        let goal = self.set_pace_since(live, 0, self.allocated.load(Relaxed));
        self.stats.lock().goal_bytes = goal;
        old
    }

    /// The counters now. Local heaps add theirs every 64 KiB.
    pub fn stats(&self) -> HeapStats {
        let mut stats = *self.stats.lock();
        stats.allocated_bytes = self.total_bytes.load(Relaxed);
        stats.allocated_objects = self.total_objects.load(Relaxed);
        let space = self.space.lock();
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

    /// Sets the trigger for a heap of which `live` bytes are alive; returns the goal.
    fn set_pace(&self, live: u64, root_bytes: u64) -> u64 {
        self.allocated.store(0, Relaxed);
        self.set_pace_since(live, root_bytes, 0)
    }

    fn set_pace_since(&self, live: u64, root_bytes: u64, allocated: u64) -> u64 {
        let percent = self.gc_percent.load(Relaxed);
        let mut goal = match u64::try_from(percent) {
            Ok(percent) => {
                let growth = (live + root_bytes).saturating_mul(percent) / 100;
                live.saturating_add(growth).max(MIN_HEAP * percent / 100)
            }
            Err(_) => u64::MAX,
        };
        let limit = self.memory_limit.load(Relaxed);
        if limit != i64::MAX {
            // As with GOGC, never at every allocation: what is alive may be more than the limit.
            goal = goal.min(limit as u64).max(live.saturating_add(live / 8));
        }
        if let Some(max) = self.max_heap {
            // Collect before the limit is hit, but not at every allocation near it.
            goal = goal.min(max - max / 16).max(live.saturating_add(max / 64));
        }
        let trigger = goal.saturating_sub(live).max(64 << 10);
        self.trigger.store(trigger, Relaxed);
        if allocated >= trigger {
            self.wants_collection.store(true, Relaxed);
        }
        goal
    }

    fn count_allocated(&self, bytes: u64, objects: u64) {
        self.total_bytes.fetch_add(bytes, Relaxed);
        self.total_objects.fetch_add(objects, Relaxed);
        let allocated = self.allocated.fetch_add(bytes, Relaxed) + bytes;
        if allocated >= self.trigger.load(Relaxed) {
            self.wants_collection.store(true, Relaxed);
        }
    }

    fn count_for_stress(&self) {
        if self
            .stressed
            .fetch_add(1, Relaxed)
            .is_multiple_of(self.stress)
        {
            self.wants_collection.store(true, Relaxed);
        }
    }
}
