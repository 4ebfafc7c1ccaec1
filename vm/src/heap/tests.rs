//! Random object graphs against a model, and the heap's promises one by one.

use std::collections::{HashMap, HashSet};

use minigo_bytecode::program::{Shape, ShapeId, WordKind};

use super::*;
use crate::value::word;

use WordKind::{Data, Int, Ptr, Type};

/// A small generator, so that failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16
    }

    fn below(&mut self, limit: usize) -> usize {
        self.next() as usize % limit
    }
}

const SCALAR: ShapeId = ShapeId(0);
const POINTERS: ShapeId = ShapeId(1);
const MIXED: ShapeId = ShapeId(2);
const INTERFACE: ShapeId = ShapeId(3);

fn shapes() -> Vec<Shape> {
    [vec![Int], vec![Ptr], vec![Ptr, Int, Int], vec![Type, Data]]
        .into_iter()
        .map(|kinds| Shape { kinds })
        .collect()
}

fn heap(config: HeapConfig) -> Heap {
    // Type 1 holds its data word itself, type 2 a pointer.
    Heap::new(&config, &shapes(), vec![false, false, true]).expect("memory for a test")
}

fn checked() -> HeapConfig {
    HeapConfig {
        validate: true,
        ..HeapConfig::default()
    }
}

fn collect(heap: &Heap, roots: &[u64], threads: usize) {
    heap.start_collection();
    std::thread::scope(|scope| {
        for part in 0..threads {
            scope.spawn(move || {
                let mut marker = heap.marker();
                for root in roots.iter().skip(part).step_by(threads) {
                    marker.mark_word(Ptr, *root);
                }
                marker.drain();
            });
        }
    });
    heap.finish_collection(0, 0);
}

fn read(address: u64, index: usize) -> u64 {
    // SAFETY: tests read inside objects they hold.
    unsafe { word::load((address as *const u64).add(index)) }
}

fn write(address: u64, index: usize, value: u64) {
    // SAFETY: tests write inside objects they hold.
    unsafe { word::store((address as *mut u64).add(index), value) }
}

fn alloc(heap: &Heap, local: &mut LocalHeap, shape: ShapeId, bytes: usize) -> u64 {
    heap.alloc(local, shape, bytes)
        .expect("memory for a test")
        .as_ptr() as u64
}

#[test]
fn objects_are_zeroed_aligned_and_apart() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let mut random = Random(7);
    let mut taken: Vec<(u64, usize)> = Vec::new();
    for _ in 0..3000 {
        let bytes = match random.below(50) {
            0 => 1 + random.below(300_000),
            1..5 => 1 + random.below(40_000),
            _ => 1 + random.below(400),
        };
        let at = alloc(&heap, &mut local, ShapeId(random.below(4) as u32), bytes);
        assert_eq!(at % 16, 0);
        for i in 0..bytes.div_ceil(8) {
            assert_eq!(read(at, i), 0);
            write(at, i, u64::MAX);
        }
        taken.push((at, bytes));
    }
    taken.sort_unstable();
    for pair in taken.windows(2) {
        assert!(pair[0].0 + pair[0].1 as u64 <= pair[1].0);
    }
}

#[test]
fn interior_pointers_find_their_object() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    for bytes in [
        1,
        16,
        24,
        100,
        1000,
        5000,
        32768,
        32769,
        70_000,
        1 << 20,
        70 << 20,
    ] {
        let at = alloc(&heap, &mut local, SCALAR, bytes);
        for offset in [0, 1, bytes / 2, bytes - 1] {
            let extent = heap
                .object_extent(at + offset as u64)
                .expect("inside an object");
            assert_eq!(extent.base, at, "{bytes} + {offset}");
            assert!(extent.size >= bytes);
        }
    }
    assert_eq!(heap.object_extent(0), None);
    assert_eq!(heap.object_extent(u64::MAX), None);
    assert!(!heap.is_heap_address(&heap as *const Heap as u64));
}

#[test]
fn zero_size_objects_are_one() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let first = alloc(&heap, &mut local, SCALAR, 0);
    assert_eq!(first, alloc(&heap, &mut local, POINTERS, 0));
    assert_eq!(first, heap.zero_size().as_ptr() as u64);
    collect(&heap, &[first], 1);
}

/// The model's idea of an object: its address, shape, and words that matter.
struct Model {
    shape: ShapeId,
    words: usize,
    /// Word index and target.
    links: HashMap<usize, u64>,
    tag: u64,
}

/// Where links may be, and where a tag that must survive may be.
fn slots(shape: ShapeId, words: usize) -> (Vec<usize>, Option<usize>) {
    match shape {
        SCALAR => (vec![], Some(words - 1)),
        POINTERS => ((0..words).collect(), None),
        MIXED => ((0..words).step_by(3).collect(), (words > 1).then_some(1)),
        _ => ((1..words).step_by(2).collect(), None),
    }
}

fn check_random_graph(seed: u64, threads: usize, stress: Option<u64>) {
    let heap = heap(HeapConfig {
        stress,
        ..checked()
    });
    let mut locals = [heap.local_heap(), heap.local_heap()];
    let mut random = Random(seed);
    let mut objects: HashMap<u64, Model> = HashMap::new();
    let mut order: Vec<u64> = Vec::new();
    for round in 0..12 {
        for _ in 0..2000 {
            let shape = ShapeId(random.below(4) as u32);
            let words = match random.below(200) {
                0 => 2 * (1 + random.below(20_000)),
                1..10 => 2 * (1 + random.below(600)),
                _ => 2 * (1 + random.below(12)),
            };
            let local = &mut locals[random.below(2)];
            let at = alloc(&heap, local, shape, words * 8);
            assert!(
                (0..words).all(|i| read(at, i) == 0),
                "recycled memory is zeroed"
            );
            let (places, tag_place) = slots(shape, words);
            let tag = random.next();
            if let Some(place) = tag_place {
                write(at, place, tag);
            }
            let mut links = HashMap::new();
            if !places.is_empty() && !order.is_empty() {
                for _ in 0..1 + random.below(3) {
                    let place = places[random.below(places.len())];
                    let target = order[random.below(order.len())];
                    // Some links are interior.
                    let inside = random.below(objects[&target].words) as u64 * 8;
                    if shape == INTERFACE {
                        write(at, place - 1, 2);
                    }
                    write(at, place, target + inside);
                    links.insert(place, target + inside);
                }
            }
            assert!(
                objects
                    .insert(
                        at,
                        Model {
                            shape,
                            words,
                            links,
                            tag
                        }
                    )
                    .is_none()
            );
            order.push(at);
        }
        let roots: Vec<u64> = (0..40).map(|_| order[random.below(order.len())]).collect();
        collect(&heap, &roots, threads);
        // The oracle: everything reachable keeps its contents, the rest is forgotten.
        let mut alive = HashSet::new();
        let mut todo = roots.clone();
        while let Some(pointer) = todo.pop() {
            let base = heap.object_extent(pointer).expect("a live object").base;
            if alive.insert(base) {
                let model = &objects[&base];
                for (&place, &target) in &model.links {
                    assert_eq!(read(base, place), target, "round {round}");
                    todo.push(target);
                }
                if let (_, Some(place)) = slots(model.shape, model.words) {
                    assert_eq!(read(base, place), model.tag);
                }
            }
        }
        assert_eq!(heap.stats().live_objects, alive.len() as u64);
        objects.retain(|address, _| alive.contains(address));
        order.retain(|address| alive.contains(address));
        // Locals may come and go.
        if round % 5 == 4 {
            heap.retire(&mut locals[0]);
        }
    }
}

#[test]
fn what_is_reachable_survives() {
    for seed in 1..6 {
        check_random_graph(seed, 1, None);
    }
}

#[test]
fn what_is_reachable_survives_with_one_object_pieces() {
    check_random_graph(11, 1, Some(1));
}

#[test]
fn data_words_of_direct_types_are_not_followed() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let holder = alloc(&heap, &mut local, INTERFACE, 16);
    write(holder, 0, 1);
    write(holder, 1, 0xDEAD_BEEF);
    collect(&heap, &[holder], 1);
    assert_eq!(heap.stats().live_objects, 1);
}

#[test]
fn permanent_objects_stay_and_keep_what_they_point_to() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let globals = heap.alloc_permanent(MIXED, 48).expect("memory").as_ptr() as u64;
    let big = heap
        .alloc_permanent(POINTERS, 100_000)
        .expect("memory")
        .as_ptr() as u64;
    let (first, second) = (
        alloc(&heap, &mut local, SCALAR, 64),
        alloc(&heap, &mut local, SCALAR, 64),
    );
    write(globals, 3, first);
    write(big, 12_000, second);
    write(first, 0, 42);
    write(second, 0, 43);
    for _ in 0..3 {
        collect(&heap, &[globals, big], 1);
        assert!(heap.stats().live_objects >= 2);
        assert_eq!((read(first, 0), read(second, 0)), (42, 43));
    }
}

#[test]
fn memory_is_found_again_and_returned_after_a_peak() {
    let heap = heap(HeapConfig::default());
    let mut local = heap.local_heap();
    for _ in 0..4 {
        for _ in 0..100_000 {
            alloc(&heap, &mut local, POINTERS, 64);
            alloc(&heap, &mut local, SCALAR, 100);
        }
        alloc(&heap, &mut local, SCALAR, 100 << 20);
        assert!(heap.wants_collection());
        collect(&heap, &[], 1);
        assert!(!heap.wants_collection());
    }
    let stats = heap.stats();
    assert!(stats.in_use_bytes < 1 << 20, "{stats:?}");
    assert!(stats.reserved_bytes <= 64 << 20, "{stats:?}");
    assert!(stats.released_bytes > 8 << 20, "{stats:?}");
    assert_eq!(stats.collections, 4);
}

#[test]
fn the_epoch_may_wrap_around() {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let root = alloc(&heap, &mut local, POINTERS, 128);
    for round in 0..600u64 {
        let at = alloc(&heap, &mut local, SCALAR, 48);
        write(at, 0, round);
        write(root, (round % 16) as usize, at);
        for _ in 0..50 {
            alloc(&heap, &mut local, SCALAR, 48);
        }
        collect(&heap, &[root], 1);
        for back in 0..round.min(15) {
            let kept = round - back;
            assert_eq!(read(read(root, (kept % 16) as usize), 0), kept);
        }
    }
}

#[test]
fn the_limit_holds() {
    let heap = heap(HeapConfig {
        max_heap: Some(8 << 20),
        ..HeapConfig::default()
    });
    let mut local = heap.local_heap();
    assert!(heap.alloc(&mut local, SCALAR, 9 << 20).is_none());
    let mut count = 0;
    while heap.alloc(&mut local, SCALAR, 1024).is_some() {
        count += 1;
        assert!(count < 9000);
    }
    assert!(heap.wants_collection());
    collect(&heap, &[], 1);
    assert!(heap.alloc(&mut local, SCALAR, 1 << 20).is_some());
}

#[test]
fn pacing_follows_gogc() {
    let heap = heap(HeapConfig::default());
    assert_eq!(heap.stats().goal_bytes, 4 << 20);
    let mut local = heap.local_heap();
    let root = alloc(&heap, &mut local, SCALAR, 16 << 20);
    collect(&heap, &[root], 1);
    assert_eq!(heap.stats().goal_bytes, 32 << 20);
    assert_eq!(heap.set_gc_percent(Some(50)), Some(100));
    assert_eq!(heap.stats().goal_bytes, 24 << 20);
    assert_eq!(heap.set_gc_percent(None), Some(50));
    assert_eq!(heap.stats().goal_bytes, u64::MAX);
}

#[test]
fn markers_share_work() {
    for seed in 20..24 {
        check_random_graph_parallel(seed);
    }
}

/// As [`check_random_graph`], with several marking threads; counts of live objects may then be too
/// high by objects that two threads marked at once, so a tree is checked instead.
fn check_random_graph_parallel(seed: u64) {
    let heap = heap(checked());
    let mut local = heap.local_heap();
    let mut random = Random(seed);
    let mut nodes = vec![alloc(&heap, &mut local, MIXED, 48)];
    for i in 1..30_000u64 {
        let at = alloc(&heap, &mut local, MIXED, 48);
        write(at, 1, i);
        // Each node has two children: words 0 and 3.
        let parent = nodes[(i as usize - 1) / 2];
        write(parent, if i % 2 == 1 { 0 } else { 3 }, at);
        nodes.push(at);
        alloc(&heap, &mut local, MIXED, 48);
    }
    let long = alloc(&heap, &mut local, POINTERS, 100_000 * 8);
    for i in 0..100_000 {
        write(long, i, nodes[random.below(nodes.len())]);
    }
    collect(&heap, &[nodes[0], long], 4);
    for _ in 0..60_000 {
        alloc(&heap, &mut local, MIXED, 48);
    }
    for (i, &node) in nodes.iter().enumerate() {
        assert_eq!(read(node, 1), i as u64);
    }
}

#[test]
fn several_threads_allocate_apart() {
    let heap = heap(checked());
    let mut locals: Vec<LocalHeap> = (0..4).map(|_| heap.local_heap()).collect();
    let mut kept: Vec<u64> = Vec::new();
    for round in 0..5u64 {
        let lists: Vec<Vec<u64>> = std::thread::scope(|scope| {
            let handles: Vec<_> = locals
                .iter_mut()
                .enumerate()
                .map(|(thread, local)| {
                    let heap = &heap;
                    scope.spawn(move || {
                        let mut random = Random(round * 4 + thread as u64 + 1);
                        let tagged = |i: usize| {
                            let bytes = 16 * (1 + random.below(40)) + (i % 97 / 96) * 40_000;
                            let at = alloc(heap, local, SCALAR, bytes);
                            assert_eq!((read(at, 0), read(at, bytes / 8 - 1)), (0, 0));
                            write(at, bytes / 8 - 1, u64::MAX);
                            write(at, 0, at ^ round);
                            at
                        };
                        (0..20_000).map(tagged).collect()
                    })
                })
                .collect();
            handles
                .into_iter()
                .map(|handle| handle.join().expect("a good thread"))
                .collect()
        });
        for &at in &kept {
            assert_eq!(read(at, 0), at, "what was kept is not overwritten");
        }
        for at in lists.into_iter().flatten() {
            assert_eq!(
                read(at, 0),
                at ^ round,
                "no two threads got the same memory"
            );
            if at % 112 == 0 {
                write(at, 0, at);
                kept.push(at);
            }
        }
        collect(&heap, &kept, 3);
    }
}

/// `cargo test -p minigo-vm --release speed -- --ignored --nocapture --test-threads=1`
#[test]
#[ignore = "a measurement"]
fn speed_of_the_heap() {
    use std::time::Instant;
    let heap = heap(HeapConfig::default());
    let mut local = heap.local_heap();
    let report = |what: &str, count: u64, at: Instant| {
        println!(
            "{what}: {:.1} ns",
            at.elapsed().as_nanos() as f64 / count as f64
        );
    };
    for round in 0..3 {
        let at = Instant::now();
        for i in 0..20_000_000u64 {
            std::hint::black_box(heap.alloc(&mut local, MIXED, 24 + (i as usize & 8)));
            if heap.wants_collection() {
                collect(&heap, &[], 1);
            }
        }
        report(
            &format!("garbage of 24 and 32 bytes, round {round}"),
            20_000_000,
            at,
        );
    }
    // A binary tree of 2^22 nodes, and garbage beside it.
    let mut nodes: Vec<u64> = Vec::new();
    let at = Instant::now();
    for i in 0..1u64 << 22 {
        let node = alloc(&heap, &mut local, POINTERS, 16);
        if i > 0 {
            write(nodes[(i as usize - 1) / 2], 1 - (i as usize & 1), node);
        }
        nodes.push(node);
        alloc(&heap, &mut local, POINTERS, 16);
    }
    report("a node", 1 << 22, at);
    for threads in [1, 2] {
        let at = Instant::now();
        collect(&heap, &nodes[..1], threads);
        report(&format!("to mark a node, {threads} threads"), 1 << 22, at);
        println!("{:?}", heap.stats());
    }
    let at = Instant::now();
    for _ in 0..1 << 22 {
        alloc(&heap, &mut local, POINTERS, 16);
    }
    report("a slot between live ones", 1 << 22, at);
}
