//! Finalizers and cleanups: functions that are called when the collector has found that nothing refers to an object any more.
//!
//! A table outside of the heap has an entry for each, in the order of their making; it does not keep the objects alive. Where it is empty,
//! a collection asks that and nothing else of it. Otherwise a collection
//!
//! 1. takes as roots the functions, and what objects with finalizers refer to (but not these objects themselves): a finalizer finds all that
//!    its object refers to as it was, and of two objects of which one refers to the other the first is finalized first, as in Go;
//! 2. when all is marked, looks for entries whose objects are not. Objects with finalizers are marked then, since the call brings them back
//!    to life; whether the others have cleanups due is only seen after that;
//! 3. starts a goroutine that calls what is due, one after the other, and ends. Between collections there is none: nothing that
//!    counts goroutines or looks for deadlocks has to know of it.
//!
//! Rejected: a bit in the mark bytes or an object header (a cost for all objects); a goroutine that waits (a special case in all reports).

use std::collections::{BTreeMap, HashMap, VecDeque};

use minigo_bytecode::{TypeId, TypeKind, WordKind};

use crate::Vm;
use crate::goroutine::FINALIZER;
use crate::goroutine::table::deref;
use crate::heap::{Heap, Marker};
use crate::native::{Call, Outcome};
use crate::reflect::Iface;
use crate::sched::Machine;
use crate::sync::Mutex;

/// What is to be called with what, for the goroutine that does it. Words that do not apply are 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// A closure that takes a pointer.
    pub of_pointer: u64,
    /// A closure that takes an interface.
    pub of_interface: u64,
    /// A closure that takes nothing.
    pub cleanup: u64,
    /// The object.
    pub object: Iface,
}

impl Due {
    /// No function for an object.
    fn none(object: Iface) -> Due {
        Due {
            of_pointer: 0,
            of_interface: 0,
            cleanup: 0,
            object,
        }
    }

    fn closures(&self) -> [u64; 3] {
        [self.of_pointer, self.of_interface, self.cleanup]
    }
}

#[derive(Default)]
struct Table {
    /// By number, in the order of their making. The object of a cleanup is some address in it.
    entries: BTreeMap<u64, Due>,
    last: u64,
    /// The entry of an object's finalizer by the object's address.
    finalizers: HashMap<u64, u64>,
    /// What has been found unreachable and waits to be called.
    due: VecDeque<Due>,
    /// The closure that the goroutine runs.
    caller: u64,
    /// There is such a goroutine.
    running: bool,
}

/// The finalizers and cleanups of one VM.
#[derive(Default)]
pub(crate) struct Finalizers {
    table: Mutex<Table>,
}

impl Finalizers {
    /// Marks what has to stay alive for the sake of finalizers; with `objects` the objects as well.
    pub(crate) fn mark_roots(&self, marker: &mut Marker<'_>, objects: bool) {
        let table = self.table.lock();
        marker.mark_word(WordKind::Ptr, table.caller);
        for entry in table.entries.values() {
            for closure in entry.closures() {
                marker.mark_word(WordKind::Ptr, closure);
            }
            if objects {
                marker.mark_word(WordKind::Ptr, entry.object.data);
            } else if entry.cleanup == 0 {
                marker.mark_contents(entry.object.data);
            }
        }
        for due in &table.due {
            for word in due.closures().into_iter().chain([due.object.data]) {
                marker.mark_word(WordKind::Ptr, word);
            }
        }
    }

    /// Everything reachable is marked: finds out what is due, and marks what that needs.
    pub(crate) fn find_due(&self, heap: &Heap) {
        let mut guard = self.table.lock();
        let table = &mut *guard;
        for is_cleanup in [false, true] {
            let mut marker = heap.marker();
            table.entries.retain(|_, entry| {
                if (entry.cleanup != 0) != is_cleanup || heap.is_marked(entry.object.data) {
                    return true;
                }
                let mut due = *entry;
                if is_cleanup {
                    // The object is gone.
                    due.object.data = 0;
                } else {
                    table.finalizers.remove(&due.object.data);
                    marker.mark_word(WordKind::Ptr, due.object.data);
                }
                table.due.push_back(due);
                false
            });
            marker.drain();
        }
    }

    /// Starts the goroutine that calls what is due, if there is something and no such goroutine yet.
    pub(crate) fn start(&self, vm: &Vm, m: &mut Machine) {
        let caller = {
            let mut table = self.table.lock();
            if table.due.is_empty() || table.running {
                return;
            }
            table.running = true;
            table.caller
        };
        let g = m.spawn_closure(caller);
        deref(g).flags.set(FINALIZER);
        vm.sched().start_monitor();
        m.ready(g);
    }

    /// There is nothing to do for a collection.
    pub(crate) fn is_empty(&self) -> bool {
        let table = self.table.lock();
        table.entries.is_empty() && table.due.is_empty()
    }
}

impl Call<'_> {
    /// `runtime.SetFinalizer` with the object in argument words 0 and 1 and the function in 2 and 3; `caller` is the closure of the
    /// goroutine that will call it.
    pub fn set_finalizer(&mut self, caller: u64) -> Outcome {
        match self.finalizer_entry() {
            Ok(entry) => {
                let mut table = self.vm.finalizers.table.lock();
                table.caller = caller;
                let (object, removes) = (entry.object.data, entry.closures() == [0; 3]);
                if removes {
                    if let Some(number) = table.finalizers.remove(&object) {
                        table.entries.remove(&number);
                    }
                } else if object != 0 {
                    if table.finalizers.contains_key(&object) {
                        return Outcome::Fatal(
                            "runtime.SetFinalizer: finalizer already set".into(),
                        );
                    }
                    let number = table.add(entry);
                    table.finalizers.insert(object, number);
                }
                Outcome::Done
            }
            Err(what) => Outcome::Fatal(format!("runtime.SetFinalizer: {what}")),
        }
    }

    /// The entry for the table. Its object is 0 where it is none of the heap's, and it has no closure where the finalizer is nil.
    fn finalizer_entry(&self) -> Result<Due, String> {
        let (mut object, finalizer) = (self.iface(0), self.iface(2));
        if object.ty.0 == 0 {
            return Err("first argument is nil".into());
        }
        let info = self.type_info(object.ty);
        let TypeKind::Pointer { elem } = info.kind else {
            return Err(format!("first argument is {}, not pointer", info.name));
        };
        match self.vm.heap().object_extent(object.data) {
            Some(extent) if extent.base != object.data => {
                return Err("pointer not at beginning of allocated block".into());
            }
            Some(_) => {}
            None if object.data == 0 => return Err("pointer not in allocated block".into()),
            None => object.data = 0,
        }
        let mut entry = Due::none(object);
        if finalizer.ty.0 == 0 {
            return Ok(entry);
        }
        let function = self.type_info(finalizer.ty);
        let TypeKind::Func {
            params, variadic, ..
        } = &function.kind
        else {
            return Err(format!(
                "second argument is {}, not a function",
                function.name
            ));
        };
        let refused = format!("cannot pass {} to finalizer {}", info.name, function.name);
        if *variadic {
            return Err(refused + " because dotdotdot");
        }
        let &[param] = params.as_slice() else {
            return Err(refused);
        };
        let target = self.type_info(param);
        match target.kind {
            TypeKind::Interface { .. } if self.reflect().assignable(object, param) => {
                entry.of_interface = finalizer.data;
            }
            TypeKind::Pointer { elem: other }
                if param == object.ty || other == elem && !(target.named && info.named) =>
            {
                entry.of_pointer = finalizer.data;
            }
            _ => return Err(refused),
        }
        Ok(entry)
    }

    /// `runtime.AddCleanup` for the object that `pointer` leads into: `cleanup` is a closure without parameters, `function` the program's, `arg`
    /// its argument, `caller` as in [`Call::set_finalizer`]. Returns the number to stop it with, 0 for what is never freed.
    pub fn add_cleanup(
        &mut self,
        pointer: u64,
        cleanup: u64,
        function: u64,
        arg: Iface,
        caller: u64,
    ) -> Result<u64, &'static str> {
        let heap = self.vm.heap();
        if pointer == 0 {
            return Err("ptr is nil");
        }
        let arg_is_pointer = matches!(
            self.type_info(arg.ty).kind,
            TypeKind::Pointer { .. } | TypeKind::UnsafePointer
        );
        if arg_is_pointer && arg.data == pointer {
            return Err("ptr is equal to arg, cleanup will never run");
        }
        let Some(extent) = heap.object_extent(pointer) else {
            return Ok(0);
        };
        let inside = |word: u64| (extent.base..extent.base + extent.size as u64).contains(&word);
        if arg_is_pointer && inside(arg.data) {
            return Err("ptr is within arg, cleanup will never run");
        }
        let mut closes_over = false;
        heap.pointers_of(function, |word| closes_over |= inside(word));
        if closes_over {
            return Err("cleanup function closes over ptr, cleanup will never run");
        }
        let mut table = self.vm.finalizers.table.lock();
        table.caller = caller;
        let object = Iface {
            ty: TypeId(0),
            data: pointer,
        };
        Ok(table.add(Due {
            cleanup,
            ..Due::none(object)
        }))
    }

    /// `Cleanup.Stop`: forgets the cleanup of this number unless it is due already.
    pub fn stop_cleanup(&mut self, number: u64) {
        self.vm.finalizers.table.lock().entries.remove(&number);
    }

    /// The next function to call; without one the goroutine that asks has to end.
    pub fn next_due(&mut self) -> Option<Due> {
        let mut table = self.vm.finalizers.table.lock();
        let due = table.due.pop_front();
        table.running = due.is_some();
        due
    }

    /// The goroutine that calls what is due ends before it has called everything.
    pub fn leave_due(&mut self) {
        self.vm.finalizers.table.lock().running = false;
        self.vm.finalizers.start(self.vm, self.m);
    }
}

impl Table {
    fn add(&mut self, entry: Due) -> u64 {
        self.last += 1;
        self.entries.insert(self.last, entry);
        self.last
    }
}
