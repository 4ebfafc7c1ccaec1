//! Maps against a model, iteration while the map changes, and keys of every kind.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::testing::{
    ANY, BYTES, FLOAT, INT, INTS, MAPS, MIXED, POINT, SCALAR, STRING, heap, program,
};
use super::*;
use crate::heap::HeapConfig;
use crate::value::string;

struct World {
    heap: Heap,
    local: LocalHeap,
    maps: Maps,
}

fn world(config: &HeapConfig) -> World {
    let program = StdArc::new(Growable::new(program()));
    let mut heap = heap(&program, config);
    let maps = Maps::new(&mut heap, program, 0x1234_5678);
    let local = heap.local_heap();
    World { heap, local, maps }
}

impl World {
    fn make(&mut self, key: TypeId, hint: i64) -> u64 {
        self.maps
            .make(&self.heap, &mut self.local, TypeId(MAPS + key.0), hint)
            .expect("memory")
    }

    fn set(&mut self, map: u64, key: &[u64], value: u64) -> Result<(), MapError> {
        // SAFETY: tests pass maps and keys of their types.
        unsafe {
            let slot = self
                .maps
                .slot(&self.heap, &mut self.local, map, key.as_ptr())?;
            store(slot, value);
        }
        Ok(())
    }

    fn get(&self, map: u64, key: &[u64]) -> Result<Option<u64>, MapError> {
        // SAFETY: tests pass maps and keys of their types.
        unsafe { Ok(self.maps.get(map, key.as_ptr())?.map(|value| load(value))) }
    }

    fn delete(&mut self, map: u64, key: &[u64]) {
        // SAFETY: tests pass maps and keys of their types.
        unsafe { self.maps.delete(map, key.as_ptr()).expect("a good key") }
    }

    fn len(&self, map: u64) -> u64 {
        // SAFETY: tests pass maps.
        unsafe { Maps::len(map) }
    }

    fn iterate(&mut self, map: u64, random: u64) -> u64 {
        // SAFETY: tests pass maps.
        unsafe {
            self.maps
                .iterate(&self.heap, &mut self.local, map, random)
                .expect("memory")
        }
    }

    fn next(&self, iterator: u64) -> Option<(u64, u64)> {
        // SAFETY: tests pass iterators.
        unsafe {
            let more = self.maps.next(iterator).expect("no race");
            more.then(|| (load(Maps::key(iterator)), load(Maps::value(iterator))))
        }
    }

    fn all(&mut self, map: u64, random: u64) -> Vec<(u64, u64)> {
        let iterator = self.iterate(map, random);
        std::iter::from_fn(|| self.next(iterator)).collect()
    }

    fn string(&mut self, text: &str) -> [u64; 2] {
        let made = string::new(&self.heap, &mut self.local, SCALAR, text.as_bytes());
        let (data, len) = made.expect("memory");
        [data, len]
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16) % limit
    }
}

/// Random operations on a map whose key number `n` has the words `key(n)`, and on a model.
fn check_against_model(ty: TypeId, range: u64, key: impl Fn(&mut World, u64) -> Vec<u64>) {
    let mut world = world(&HeapConfig::default());
    let mut random = Random(range);
    for hint in [0, 5, 100] {
        let map = world.make(ty, hint);
        let mut model = BTreeMap::new();
        for step in 0..20_000 {
            let number = random.below(range);
            let words = key(&mut world, number);
            match random.below(100) {
                // Grow and shrink in turns.
                0..50 if step % 4000 < 2500 => {
                    world.set(map, &words, step).expect("a good key");
                    model.insert(number, step);
                }
                0..70 => {
                    world.delete(map, &words);
                    model.remove(&number);
                }
                70 if step % 1000 == 0 => {
                    // SAFETY: `map` is a map.
                    unsafe { Maps::clear(map).expect("no race") };
                    model.clear();
                }
                _ => assert_eq!(world.get(map, &words), Ok(model.get(&number).copied())),
            }
            assert_eq!(world.len(map), model.len() as u64);
            if step % 500 == 0 {
                let mut values: Vec<u64> = world.all(map, step).iter().map(|&(_, v)| v).collect();
                let mut expected: Vec<u64> = model.values().copied().collect();
                values.sort_unstable();
                expected.sort_unstable();
                assert_eq!(values, expected);
            }
        }
    }
}

#[test]
fn maps_of_every_key_kind_behave_like_the_model() {
    for range in [6, 40, 3000] {
        check_against_model(INT, range, |_, n| vec![n.wrapping_mul(1009)]);
        check_against_model(STRING, range, |w, n| w.string(&format!("key{n}")).to_vec());
        check_against_model(POINT, range, |_, n| vec![n / 7, n % 7]);
        check_against_model(FLOAT, range, |_, n| vec![(n as f64 / 8.0).to_bits()]);
        check_against_model(ANY, range, |w, n| match n % 3 {
            0 => vec![u64::from(INT.0), n],
            1 => vec![u64::from(FLOAT.0), (n as f64).to_bits()],
            _ => {
                let text = w.string(&format!("{n}"));
                let boxed = w
                    .heap
                    .alloc(&mut w.local, SCALAR, 16)
                    .expect("memory")
                    .as_ptr();
                // SAFETY: the box was allocated just now.
                unsafe { crate::value::word::store_pair(boxed, text[0], text[1]) };
                vec![u64::from(STRING.0), boxed as u64]
            }
        });
        check_against_model(MIXED, range, |w, n| {
            let text = w.string(&format!("{}", n / 2));
            vec![((n % 2) as f64).to_bits(), 0, text[0], text[1]]
        });
        check_against_model(BYTES, range, |w, n| {
            let memory = w
                .heap
                .alloc(&mut w.local, SCALAR, 8)
                .expect("memory")
                .as_ptr();
            // SAFETY: the memory was allocated just now.
            unsafe { store(memory, n) };
            vec![memory as u64]
        });
    }
}

#[test]
fn iteration_is_in_insertion_order_from_the_start_chosen() {
    let mut world = world(&HeapConfig::default());
    let map = world.make(INT, 0);
    for key in 0..100 {
        world.set(map, &[key * 77 % 100], key).expect("a good key");
    }
    for random in [0, 1, 99, 100, 12345] {
        let values: Vec<u64> = world
            .all(map, random)
            .iter()
            .map(|&(_, value)| value)
            .collect();
        let expected: Vec<u64> = (0..100).map(|i| (i + random) % 100).collect();
        assert_eq!(values, expected);
    }
}

#[test]
fn iteration_keeps_its_promises_while_the_map_changes() {
    for seed in 1..60 {
        let mut world = world(&HeapConfig::default());
        let mut random = Random(seed);
        let map = world.make(INT, 0);
        let size = 1 + random.below(300);
        let mut model: HashMap<u64, u64> = HashMap::new();
        for key in 0..size {
            world.set(map, &[key], key).expect("a good key");
            model.insert(key, key);
        }
        let at_start: HashSet<u64> = model.keys().copied().collect();
        let (mut shown, mut ever_deleted) = (HashSet::new(), HashSet::new());
        let iterator = world.iterate(map, random.below(1 << 40));
        while let Some((key, value)) = world.next(iterator) {
            assert_eq!(
                model.get(&key),
                Some(&value),
                "shown with its present value"
            );
            assert!(
                shown.insert(key) || ever_deleted.contains(&key),
                "shown once"
            );
            for _ in 0..random.below(6) {
                let key = random.below(size * 3);
                if random.below(3) == 0 {
                    world.delete(map, &[key]);
                    model.remove(&key);
                    ever_deleted.insert(key);
                } else {
                    let value = random.below(1000);
                    world.set(map, &[key], value).expect("a good key");
                    model.insert(key, value);
                }
            }
        }
        for key in at_start.difference(&ever_deleted) {
            assert!(
                shown.contains(key),
                "seed {seed}: {key} was there all the time"
            );
        }
    }
}

#[test]
fn deleting_and_inserting_the_current_key_ends() {
    let mut world = world(&HeapConfig::default());
    let map = world.make(INT, 0);
    for key in 0..10 {
        world.set(map, &[key], key).expect("a good key");
    }
    let iterator = world.iterate(map, 3);
    let mut steps = 0;
    while let Some((key, _)) = world.next(iterator) {
        world.delete(map, &[key]);
        world.set(map, &[key], key).expect("a good key");
        steps += 1;
        assert!(steps <= 100);
    }
    assert_eq!(world.len(map), 10);
}

#[test]
fn nan_keys_are_all_different_and_zeroes_are_one() {
    let mut world = world(&HeapConfig::default());
    let map = world.make(FLOAT, 0);
    for value in 0..1000 {
        world
            .set(map, &[f64::NAN.to_bits()], value)
            .expect("a good key");
    }
    assert_eq!(world.len(map), 1000);
    assert_eq!(world.get(map, &[f64::NAN.to_bits()]), Ok(None));
    world.set(map, &[0.0f64.to_bits()], 7).expect("a good key");
    assert_eq!(world.get(map, &[(-0.0f64).to_bits()]), Ok(Some(7)));
    // While it grows, an iteration still shows each.
    let iterator = world.iterate(map, 0);
    let mut shown = 0;
    while world.next(iterator).is_some() {
        if shown == 10 {
            for key in 0..3000 {
                world
                    .set(map, &[(key as f64 + 0.5).to_bits()], 0)
                    .expect("a good key");
            }
        }
        shown += 1;
    }
    assert_eq!(shown, 1001);
    // SAFETY: `map` is a map.
    unsafe { Maps::clear(map).expect("no race") };
    assert_eq!(world.all(map, 0), []);
}

#[test]
fn unhashable_keys_and_nil_maps_are_refused() {
    let mut world = world(&HeapConfig::default());
    let map = world.make(ANY, 0);
    let key = [u64::from(INTS.0), world.heap.zero_size().as_ptr() as u64];
    let refused = MapError::Unhashable(Uncomparable { ty: INTS });
    assert_eq!(world.set(map, &key, 1), Err(refused));
    let in_empty = MapError::UnhashableInEmpty(Uncomparable { ty: INTS });
    assert_eq!(world.get(map, &key), Err(in_empty));
    let text = Uncomparable { ty: INTS }.hashing(&program().types);
    assert_eq!(text, "hash of unhashable type []int");
    assert_eq!(world.set(0, &[1], 1), Err(MapError::NilMap));
    assert_eq!(world.get(0, &[1]), Ok(None));
    assert_eq!(world.all(0, 0), []);
    assert_eq!(world.len(0), 0);
}

#[test]
fn a_failed_allocation_changes_nothing() {
    let mut world = world(&HeapConfig {
        max_heap: Some(1 << 20),
        ..HeapConfig::default()
    });
    let map = world.make(INT, 0);
    let mut key = 0;
    while world.set(map, &[key], key).is_ok() {
        key += 1;
        assert!(key < 100_000);
    }
    assert_eq!(world.set(map, &[key], key), Err(MapError::OutOfMemory));
    assert_eq!(world.len(map), key);
    assert!((0..key).all(|key| world.get(map, &[key]) == Ok(Some(key))));
    assert_eq!(world.get(map, &[key]), Ok(None));
}

#[test]
fn collections_keep_what_maps_hold() {
    let mut world = world(&HeapConfig {
        validate: true,
        ..HeapConfig::default()
    });
    let map = world.make(STRING, 0);
    for round in 0..20u64 {
        for i in 0..200 {
            let key = world.string(&format!("round {round} key {i}"));
            world.set(map, &key, round * 1000 + i).expect("a good key");
        }
        world.heap.start_collection();
        let mut marker = world.heap.marker();
        marker.mark_word(WordKind::Ptr, map);
        marker.drain();
        drop(marker);
        world.heap.finish_collection(0, 0);
        for old in 0..=round {
            for i in 0..200 {
                let key = world.string(&format!("round {old} key {i}"));
                assert_eq!(world.get(map, &key), Ok(Some(old * 1000 + i)));
            }
        }
    }
}

#[test]
fn racing_writers_do_no_harm() {
    let mut world = world(&HeapConfig::default());
    let map = world.make(INT, 0);
    let (heap, maps) = (&world.heap, &world.maps);
    std::thread::scope(|scope| {
        for thread in 0..3u64 {
            scope.spawn(move || {
                let mut local = heap.local_heap();
                let mut random = Random(thread + 1);
                for _ in 0..100_000 {
                    let key = [random.below(2000)];
                    // SAFETY: `map` is a map with int keys. Races are what is tested.
                    unsafe {
                        match random.below(4) {
                            0 => drop(maps.delete(map, key.as_ptr())),
                            1 => drop(maps.get(map, key.as_ptr())),
                            _ => {
                                if let Ok(slot) = maps.slot(heap, &mut local, map, key.as_ptr()) {
                                    store(slot, key[0]);
                                }
                            }
                        }
                    }
                }
            });
        }
    });
}

/// `cargo test -p minigo-vm --release speed -- --ignored --nocapture --test-threads=1`
#[test]
#[ignore = "a measurement"]
fn speed_of_maps() {
    use std::time::Instant;
    const N: u64 = 500_000;
    const PRIME: u64 = 1_000_003;
    let report = |what: &str, count: u64, at: Instant| {
        println!(
            "{what}: {:.1} ns",
            at.elapsed().as_nanos() as f64 / count as f64
        );
    };
    let mut world = world(&HeapConfig::default());
    // The loops of bench/cpu/mapint.
    let map = world.make(INT, 0);
    let at = Instant::now();
    for i in 0..N {
        world
            .set(map, &[i * 7919 % PRIME * 1009], i)
            .expect("memory");
    }
    report("int insert", N, at);
    let at = Instant::now();
    for i in 0..N {
        world
            .set(map, &[i * 7919 % PRIME * 1009], i)
            .expect("memory");
    }
    report("int update", N, at);
    let at = Instant::now();
    let found = (0..PRIME).filter(|i| world.get(map, &[i * 1009]).is_ok_and(|v| v.is_some()));
    assert_eq!(found.count() as u64, N);
    report("int get, half of it missing", PRIME, at);
    let at = Instant::now();
    for i in (0..N).step_by(2) {
        world.delete(map, &[i * 7919 % PRIME * 1009]);
    }
    report("int delete", N / 2, at);
    let at = Instant::now();
    assert_eq!(world.all(map, 5).len() as u64, N / 2);
    report("int iterate", N / 2, at);
    // And of bench/cpu/mapstr.
    let map = world.make(STRING, 0);
    let mut seed = 42u64;
    let mut text = Vec::new();
    for _ in 0..400_000 {
        seed = seed * 16807 % 2_147_483_647;
        text.push(world.string(&format!("word{}", seed % 20_000)));
    }
    let at = Instant::now();
    for _ in 0..5 {
        for word in &text {
            world.set(map, word, 1).expect("memory");
        }
    }
    report("string update", 2_000_000, at);
    let small = world.make(INT, 0);
    for i in 0..8 {
        world.set(small, &[i], i).expect("memory");
    }
    let at = Instant::now();
    let mut sum = 0;
    for i in 0..10_000_000u64 {
        sum += world
            .get(small, &[i & 7])
            .ok()
            .flatten()
            .unwrap_or_default();
    }
    assert!(sum > 0);
    report("int get of 8", 10_000_000, at);
}
