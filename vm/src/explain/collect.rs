//! Collecting the facts: who waits for what, and who could do something about it.

use minigo_bytecode::{Op, SiteKind, WordKind};
use rustc_hash::{FxHashMap, FxHashSet};

use super::ability::{Abilities, Walk};
use super::names::{Frames, place, site_at};
use super::{Explanation, Holder, How, Object, Place, Wait, Waiting, What, cause};
use crate::Vm;
use crate::chan::{self, select};
use crate::goroutine::{Goroutine, Status, WaitReason};
use crate::interp::traceback;
use crate::sema;

/// Goroutines that are looked at; of more only how many there are is told.
const MOST_GOROUTINES: usize = 256;
/// The same with those that hold locks which others wait for.
const MOST_WITH_HOLDERS: usize = 2 * MOST_GOROUTINES;
/// Heap objects that are looked at to find out what one goroutine knows.
const MOST_OBJECTS: usize = 20_000;

/// Explains why goroutines wait, those that `wanted` picks. If they are too many, the one with the number `first` is not left out.
/// Only while nothing runs: the world is stopped, or the program is over.
pub fn explain(vm: &Vm, wanted: impl Fn(&Goroutine) -> bool, first: Option<u64>) -> Explanation {
    let mut ids = Vec::new();
    vm.sched().for_each_goroutine(|g| {
        if g.status() == Status::Waiting && wanted(g) {
            ids.push((g.id(), std::ptr::from_ref(g)));
        }
    });
    ids.sort_unstable_by_key(|&(id, _)| (Some(id) != first, id));
    let waiting = ids.len();
    ids.truncate(MOST_GOROUTINES);
    // SAFETY: cells of goroutines live as long as the scheduler.
    let mut goroutines: Vec<&Goroutine> = ids.iter().map(|&(_, g)| unsafe { &*g }).collect();
    let everyone = Everyone::of(vm);
    let mut chosen: FxHashSet<u64> = goroutines.iter().map(|g| g.id()).collect();
    let mut next = 0;
    while let Some(g) = goroutines.get(next)
        && goroutines.len() < MOST_WITH_HOLDERS
    {
        next += 1;
        if let Some(holder) = lock_of(g).and_then(|holder| everyone.find(holder))
            && holder.status() == Status::Waiting
            && wanted(holder)
            && chosen.insert(holder.id())
        {
            goroutines.push(holder);
        }
    }
    goroutines.sort_unstable_by_key(|g| g.id());
    let omitted = waiting - goroutines.len();
    let mut collector = Collector {
        vm,
        everyone: &everyone,
        // SAFETY: nothing runs, by the function's contract.
        frames: unsafe { Frames::of(vm, goroutines.iter().copied()) },
        goroutines: &goroutines,
        objects: Vec::new(),
        by_address: FxHashMap::default(),
    };
    let mut waiting: Vec<Waiting> = goroutines.iter().map(|g| collector.waiting(g)).collect();
    collector.find_wakers(&mut waiting);
    let objects = collector.objects.into_iter().map(|(object, _)| object);
    let mut explanation = Explanation {
        goroutines: waiting,
        objects: objects.collect(),
        causes: Vec::new(),
        omitted,
    };
    explanation.causes = cause::find(&explanation);
    explanation
}

/// All goroutines that have not ended, by what locks know of who holds them; none where that may mean several.
struct Everyone(FxHashMap<u64, Option<*const Goroutine>>);

impl Everyone {
    fn of(vm: &Vm) -> Everyone {
        let mut all = FxHashMap::default();
        vm.sched().for_each_goroutine(|g| {
            if !matches!(g.status(), Status::Idle | Status::Dead) {
                all.entry(sema::Holder::key_of(g.id()))
                    .and_modify(|entry| *entry = None)
                    .or_insert(Some(std::ptr::from_ref(g)));
            }
        });
        Everyone(all)
    }

    fn find(&self, holder: sema::Holder) -> Option<&Goroutine> {
        // SAFETY: cells of goroutines live as long as the scheduler.
        let g = unsafe { &*(*self.0.get(&holder.key())?)? };
        holder.is(g.id()).then_some(g)
    }
}

/// Who holds the lock that a goroutine waits for, as far as the lock knows.
fn lock_of(g: &Goroutine) -> Option<sema::Holder> {
    let reason = g.reason();
    if !matches!(
        reason,
        WaitReason::MutexLock | WaitReason::RWMutexLock | WaitReason::RWMutexRLock
    ) {
        return None;
    }
    // SAFETY: the goroutine's waiter keeps the word alive; nothing runs.
    let state = unsafe { *g.waiter.ok.get() };
    match reason {
        WaitReason::MutexLock => sema::mutex_holder(state),
        _ => sema::rw_state(state).holder,
    }
}

struct Collector<'a> {
    vm: &'a Vm,
    everyone: &'a Everyone,
    frames: Frames,
    goroutines: &'a [&'a Goroutine],
    /// With their addresses; 0 for nil.
    objects: Vec<(Object, u64)>,
    by_address: FxHashMap<u64, usize>,
}

impl Collector<'_> {
    fn waiting(&mut self, g: &Goroutine) -> Waiting {
        let (mut at, spelled_at) = self.place_of(g);
        let waits = match g.reason() {
            WaitReason::ChanReceive | WaitReason::ChanReceiveNil => {
                let range = site_at(self.vm, g.pc().wrapping_sub(1))
                    .is_some_and(|site| site.kind == SiteKind::Range);
                let how = if range { How::Range } else { How::Receive };
                let chan = if g.reason() == WaitReason::ChanReceive {
                    g.waiter.chan.get()
                } else {
                    std::ptr::null_mut()
                };
                vec![self.wait_at_channel(chan, how, at.clone(), spelled_at)]
            }
            WaitReason::ChanSend => {
                let chan = g.waiter.chan.get();
                vec![self.wait_at_channel(chan, How::Send, at.clone(), spelled_at)]
            }
            WaitReason::ChanSendNil => {
                vec![self.wait_at_channel(std::ptr::null_mut(), How::Send, at.clone(), spelled_at)]
            }
            WaitReason::Select => {
                let (waits, select) = self.select_waits(g);
                // The statement, not its last case.
                let position = self.vm.image().position_at(select);
                at = position
                    .and_then(|p| place(self.vm, minigo_bytecode::Position { column: 0, ..p }));
                waits
            }
            WaitReason::MutexLock => self.wait_at_word(g, How::Lock, at.clone(), spelled_at),
            WaitReason::RWMutexLock => self.wait_at_word(g, How::Lock, at.clone(), spelled_at),
            WaitReason::RWMutexRLock => self.wait_at_word(g, How::ReadLock, at.clone(), spelled_at),
            WaitReason::WaitGroupWait => self.wait_at_word(g, How::Zero, at.clone(), spelled_at),
            WaitReason::CondWait => self.wait_at_word(g, How::Signal, at.clone(), spelled_at),
            WaitReason::None
            | WaitReason::SelectNoCases
            | WaitReason::Sleep
            | WaitReason::Semacquire
            | WaitReason::IoWait
            | WaitReason::Frozen => Vec::new(),
        };
        let created = (!g.created_at().is_null())
            .then(|| traceback::symbol(self.vm, g.created_at()))
            .flatten()
            .map(|symbol| Place {
                file: symbol.file,
                line: symbol.line,
                column: 0,
            });
        Waiting {
            id: g.id(),
            reason: g.reason().text(),
            place: at,
            created,
            waits,
        }
    }

    /// Where the program's own code waits, and the op that does.
    fn place_of(&self, g: &Goroutine) -> (Option<Place>, *const Op) {
        let program = self.vm.program();
        // SAFETY: nothing runs.
        let frames = unsafe { traceback::frames(self.vm, g) };
        let mut pcs = frames.map(|frame| frame.pc).filter(|&pc| {
            let func = self.vm.image().func_at(pc);
            func.is_some_and(|id| !program.funcs[id.index()].wrapper && id != program.entry)
        });
        let own = |&pc: &*const Op| {
            let func = self.vm.image().func_at(pc);
            func.is_some_and(|id| program.is_own(id))
        };
        let innermost = pcs.next();
        let pc = innermost
            .filter(own)
            .or_else(|| pcs.find(own))
            .or(innermost);
        let Some(pc) = pc else {
            return (None, std::ptr::null());
        };
        let at = pc.wrapping_sub(1);
        let position = site_at(self.vm, at)
            .map(|site| site.position)
            .filter(|position| position.line > 0)
            .or_else(|| {
                let position = self.vm.image().position_at(at)?;
                Some(minigo_bytecode::Position {
                    column: 0,
                    ..position
                })
            });
        (position.and_then(|p| place(self.vm, p)), at)
    }

    fn wait_at_channel(
        &mut self,
        chan: *mut u64,
        how: How,
        place: Option<Place>,
        at: *const Op,
    ) -> Wait {
        let spelled = self.spelled(at);
        let object = if chan.is_null() {
            self.objects.push((
                Object {
                    what: What::NilChannel,
                    name: spelled,
                    made: None,
                },
                0,
            ));
            self.objects.len() - 1
        } else {
            self.object(chan as u64, |this| this.channel(chan, spelled))
        };
        Wait {
            object,
            how,
            place,
            wakers: Vec::new(),
        }
    }

    fn spelled(&self, at: *const Op) -> String {
        if at.is_null() {
            return String::new();
        }
        site_at(self.vm, at).map_or(String::new(), |site| site.name.clone())
    }

    fn object(&mut self, address: u64, make: impl FnOnce(&mut Self) -> Object) -> usize {
        if let Some(&index) = self.by_address.get(&address) {
            return index;
        }
        let object = make(self);
        let index = self.objects.len();
        self.objects.push((object, address));
        self.by_address.insert(address, index);
        index
    }

    fn channel(&mut self, chan: *mut u64, spelled: String) -> Object {
        // SAFETY: a waiter's channel, kept alive by its goroutine; nothing runs.
        let state = unsafe { chan::state(chan) };
        let site = (!state.made_at.is_null())
            .then(|| site_at(self.vm, state.made_at))
            .flatten();
        let made = site.and_then(|site| place(self.vm, site.position));
        let made_for = site.map(|site| site.name.clone());
        let name = made_for
            .filter(|name| !name.is_empty())
            .or_else(|| Some(self.frames.name_of_value(self.vm, chan as u64)?.0))
            .unwrap_or(spelled);
        Object {
            what: What::Channel {
                cap: if state.timer { 0 } else { state.cap },
                len: if state.timer { 0 } else { state.len },
                timer: state.timer,
            },
            name,
            made,
        }
    }

    fn wait_at_word(
        &mut self,
        g: &Goroutine,
        how: How,
        place: Option<Place>,
        at: *const Op,
    ) -> Vec<Wait> {
        let address = g.waiter.ok.get();
        let reason = g.reason();
        let spelled = self.spelled(at);
        let object = self.object(address as u64, |this| {
            // SAFETY: the goroutine's waiter keeps the word alive; nothing runs.
            let state = unsafe { *address };
            let what = match reason {
                WaitReason::MutexLock => {
                    What::Mutex(sema::mutex_holder(state).and_then(|h| this.holder(h)))
                }
                WaitReason::WaitGroupWait => What::WaitGroup {
                    counter: i64::from((state >> 32) as i32),
                },
                WaitReason::CondWait => What::Cond,
                _ => {
                    let state = sema::rw_state(state);
                    What::RwMutex {
                        readers: state.readers,
                        holder: state.holder.and_then(|h| this.holder(h)),
                        writer_waits: state.writers_wait && !state.writer,
                    }
                }
            };
            let named = this.frames.name_of_address(this.vm, address as u64);
            let (name, made) = named.unwrap_or_else(|| {
                let made = this
                    .frames
                    .pointer_called(this.vm, &spelled, address as u64);
                (spelled, made)
            });
            Object { what, name, made }
        });
        vec![Wait {
            object,
            how,
            place,
            wakers: Vec::new(),
        }]
    }

    /// The goroutine that holds a lock, if it is still there and no other has a number like it.
    fn holder(&self, holder: sema::Holder) -> Option<Holder> {
        let g = self.everyone.find(holder)?;
        let place = self
            .vm
            .image()
            .op_with_low_half(holder.pc)
            .and_then(|pc| {
                let at = pc.wrapping_sub(1);
                let site = site_at(self.vm, at).map(|site| site.position);
                site.or_else(|| self.vm.image().position_at(at))
            })
            .and_then(|position| place(self.vm, position));
        Some(Holder {
            goroutine: g.id(),
            place,
        })
    }

    /// The cases of the select that it waits in, and the select's op.
    fn select_waits(&mut self, g: &Goroutine) -> (Vec<Wait>, *const Op) {
        let end = g.pc();
        let mut first = end;
        loop {
            let before = first.wrapping_sub(1);
            // SAFETY: a goroutine that waits in a select goes on behind its cases, and the `Select` op lies before them.
            match unsafe { *before } {
                Op::SelectSend { .. } | Op::SelectRecv { .. } => first = before,
                _ => break,
            }
        }
        // SAFETY: as above; both lie in the same code.
        let count = unsafe { end.offset_from(first) } as usize;
        // SAFETY: the goroutine waits, and nothing runs.
        let waiting = unsafe { select::waiting_cases(g) };
        let waits = (0..count)
            .map(|case| {
                let at = first.wrapping_add(case);
                // SAFETY: one of the case ops found above.
                let how = match unsafe { *at } {
                    Op::SelectSend { .. } => How::Send,
                    _ => How::Receive,
                };
                let chan = waiting
                    .iter()
                    .find(|&&(index, _)| usize::from(index) == case)
                    .map_or(std::ptr::null_mut(), |&(_, chan)| chan);
                let position = site_at(self.vm, at).map(|site| site.position);
                let place = position.and_then(|position| place(self.vm, position));
                self.wait_at_channel(chan, how, place, at)
            })
            .collect();
        (waits, first.wrapping_sub(1))
    }

    // ---- who could end a wait ------------------------------------------------------------

    fn find_wakers(&mut self, waiting: &mut [Waiting]) {
        let known: Vec<(FxHashSet<u64>, Abilities)> = self
            .goroutines
            .iter()
            .map(|g| (self.known(g), self.abilities(g)))
            .collect();
        let global = self.reachable(self.globals());
        let facts: Vec<(u64, Vec<(usize, How)>)> = waiting
            .iter()
            .map(|g| (g.id, g.waits.iter().map(|w| (w.object, w.how)).collect()))
            .collect();
        for g in waiting {
            let id = g.id;
            for wait in &mut g.waits {
                let base = self.base_of(self.objects[wait.object].1);
                let knows =
                    |known: &FxHashSet<u64>| known.contains(&base) || global.contains(&base);
                wait.wakers = match &self.objects[wait.object].0.what {
                    What::NilChannel => Vec::new(),
                    // Readers are not told apart: anybody who may still unlock it, the one that waits included.
                    What::RwMutex {
                        holder: None,
                        readers: 1..,
                        ..
                    } => facts
                        .iter()
                        .zip(&known)
                        .filter(|(_, (known, can))| can.has(Abilities::READ_UNLOCK) && knows(known))
                        .map(|((other, _), _)| *other)
                        .collect(),
                    What::Mutex(holder) | What::RwMutex { holder, .. } => {
                        holder.iter().map(|h| h.goroutine).collect()
                    }
                    What::Channel { .. } | What::WaitGroup { .. } | What::Cond => {
                        let wanted = match wait.how {
                            How::Send => Abilities::RECEIVE,
                            How::Receive | How::Range => Abilities::SEND | Abilities::CLOSE,
                            How::Zero => Abilities::DONE,
                            _ => Abilities::SIGNAL,
                        };
                        let candidates = facts.iter().zip(&known).filter(|((other, waits), k)| {
                            // Who waits for the very same thing is of no help, even if it could do more after that.
                            let same = waits.len() == 1
                                && waits[0].0 == wait.object
                                && is_same_side(waits[0].1, wait.how);
                            let (known, can) = k;
                            *other != id && !same && can.has(wanted) && knows(known)
                        });
                        candidates.map(|((other, _), _)| *other).collect()
                    }
                };
            }
        }
    }

    fn base_of(&self, address: u64) -> u64 {
        let extent = self.vm.heap().object_extent(address);
        extent.map_or(address, |extent| extent.base)
    }

    fn globals(&self) -> Vec<u64> {
        let mut words = Vec::new();
        let kinds = &self.vm.program().globals;
        let start = self.vm.globals();
        // SAFETY: the block of the package-level variables has a word for each kind; nothing runs.
        let values = unsafe { std::slice::from_raw_parts(start, kinds.len()) };
        self.pointers(kinds, values, &mut words);
        // The variables themselves.
        words.extend((0..kinds.len() as u64).map(|i| start as u64 + i * 8));
        words
    }

    fn pointers(&self, kinds: &[WordKind], values: &[u64], found: &mut Vec<u64>) {
        self.vm
            .heap()
            .pointers_among(kinds, values, |word| found.push(word));
    }

    /// What a goroutine's frames lead to: bases of heap objects.
    fn known(&self, g: &Goroutine) -> FxHashSet<u64> {
        let mut words = Vec::new();
        // SAFETY: nothing runs.
        for frame in unsafe { traceback::frames(self.vm, g) } {
            let Some(func) = self.vm.image().func_at(frame.pc) else {
                continue;
            };
            let kinds = self.vm.live_registers(func, frame.pc);
            // SAFETY: a frame has all its function's registers; nothing runs.
            let values = unsafe { std::slice::from_raw_parts(frame.base, kinds.len()) };
            self.pointers(kinds, values, &mut words);
        }
        // SAFETY: nothing runs.
        if let Some(unwind) = unsafe { g.unwind() } {
            unwind.visit_roots(|word| words.push(word), |_| ());
        }
        self.reachable(words)
    }

    fn reachable(&self, mut open: Vec<u64>) -> FxHashSet<u64> {
        let mut seen = FxHashSet::default();
        while let Some(word) = open.pop() {
            let base = self.base_of(word);
            if word == 0 || !seen.insert(base) {
                continue;
            }
            if seen.len() > MOST_OBJECTS {
                break;
            }
            self.vm.heap().pointers_of(base, |word| open.push(word));
        }
        seen
    }

    fn abilities(&self, g: &Goroutine) -> Abilities {
        let mut walk = Walk::new(self.vm);
        // SAFETY: nothing runs.
        for frame in unsafe { traceback::frames(self.vm, g) } {
            let image = self.vm.image();
            if let (Some(func), Some(offset)) = (image.func_at(frame.pc), image.offset_at(frame.pc))
                && func != self.vm.program().entry
            {
                walk.start_at(func, offset);
            }
        }
        // SAFETY: nothing runs.
        if let Some(unwind) = unsafe { g.unwind() } {
            unwind.visit_roots(
                |closure| {
                    if closure != 0 {
                        // SAFETY: a deferred closure's object; its first word is its function's id.
                        let func = unsafe { *(closure as *const u64) } as u32;
                        if (func as usize) < self.vm.program().funcs.len() {
                            walk.start_at(minigo_bytecode::FuncId(func), 0);
                        }
                    }
                },
                |_| (),
            );
        }
        walk.finish()
    }
}

fn is_same_side(a: How, b: How) -> bool {
    let receives = |how| matches!(how, How::Receive | How::Range);
    a == b || receives(a) && receives(b)
}
