//! Why goroutines wait: the wait-for graph of a program in which nothing runs, and its root causes, as data.
//!
//! The VM gives facts; whoever runs it turns them into words ([`Explain`]). A goroutine waits for objects (channels, locks, wait
//! groups, conditions), and an object waits for the goroutines that could do what is wanted: the holder of a lock is known, for
//! everything else it is who *knows* the object (it is reachable from its frames) and whose remaining code *can* do it
//! ([`ability`]). What both say errs on the side of too many, so "nobody" is certain and "somebody" is not.
//!
//! A root cause is a part of the graph that nothing leads out of. Cycles of locks are exact, since each lock has one holder, and
//! minimal, since each goroutine waits for one lock.

mod ability;
mod cause;
mod collect;
mod names;

use std::sync::Arc;

pub use collect::explain;

/// A place in the source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// The column in bytes from 1 on, or 0 if only the line is known.
    pub column: u32,
}

/// What goroutines wait for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// What it is, and how it stands.
    pub what: What,
    /// The variable that it was made for, or how it is spelled where it is waited for; may be empty.
    pub name: String,
    /// Where it was made or declared.
    pub made: Option<Place>,
}

/// The kinds of objects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// A nil channel.
    NilChannel,
    /// A channel.
    Channel {
        /// Its capacity, and how many values are in it.
        cap: usize,
        /// See `cap`.
        len: usize,
        /// It belongs to a timer or ticker.
        timer: bool,
    },
    /// A `sync.Mutex`, with who locked it.
    Mutex(Option<Holder>),
    /// A `sync.RWMutex`.
    RwMutex {
        /// How many hold it for reading.
        readers: u64,
        /// The writer that has it, or the last of the readers as far as known.
        holder: Option<Holder>,
        /// Whether a writer waits, so that new readers wait, too.
        writer_waits: bool,
    },
    /// A `sync.WaitGroup`.
    WaitGroup {
        /// Its counter.
        counter: i64,
    },
    /// A `sync.Cond`.
    Cond,
}

/// Who holds a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The goroutine's number.
    pub goroutine: u64,
    /// Where it locked it.
    pub place: Option<Place>,
}

/// How a goroutine waits for an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// To send to it.
    Send,
    /// To receive from it.
    Receive,
    /// To receive from it in a `range` loop.
    Range,
    /// To lock it.
    Lock,
    /// To lock it for reading.
    ReadLock,
    /// For its counter to become 0.
    Zero,
    /// For a signal.
    Signal,
}

/// One thing that a goroutine waits for; a `select` waits for several.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// Index into [`Explanation::objects`].
    pub object: usize,
    /// How.
    pub how: How,
    /// Where the source says so.
    pub place: Option<Place>,
    /// The goroutines that could end the wait if they ran, by number.
    pub wakers: Vec<u64>,
}

/// A goroutine that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// Its number.
    pub id: u64,
    /// Go's word for why it waits.
    pub reason: &'static str,
    /// Where it waits.
    pub place: Option<Place>,
    /// Where it was started; none for main.
    pub created: Option<Place>,
    /// What for: nothing at all in `select {}`.
    pub waits: Vec<Wait>,
}

/// The classes of root causes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Each of the goroutines holds the lock that the one before it waits for.
    LockCycle,
    /// A goroutine waits for a lock that it holds itself.
    SelfLock,
    /// A goroutine holds a lock for reading and wants it for reading again, behind a writer that waits.
    RecursiveReadLock,
    /// A lock is held by a goroutine that has ended.
    AbandonedLock,
    /// A channel is nil.
    NilChannel,
    /// Nobody is left to receive.
    SendWithoutReceiver,
    /// Nobody is left to send or close.
    ReceiveWithoutSender,
    /// A `range` loop over a channel that nobody closes.
    RangeNeverClosed,
    /// The counter of a wait group never becomes 0.
    WaitGroupNeverZero,
    /// Nobody is left to signal.
    MissedSignal,
    /// No case of a `select` can ever happen.
    SelectDead,
    /// `select {}`.
    SelectWithoutCases,
    /// Goroutines wait for each other, not only for locks.
    CircularWait,
}

/// A root cause: the goroutines that it is about. In a cycle each waits for the next one, and the last for the first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cause {
    /// What kind.
    pub class: Class,
    /// By number.
    pub goroutines: Vec<u64>,
    /// Indices into [`Explanation::objects`], in the order of the goroutines that wait for them.
    pub objects: Vec<usize>,
}

/// Who waits for what, and why that never ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Explanation {
    /// The goroutines that wait, by number.
    pub goroutines: Vec<Waiting>,
    /// What they wait for.
    pub objects: Vec<Object>,
    /// Why.
    pub causes: Vec<Cause>,
    /// How many more goroutines wait that were not looked at.
    pub omitted: usize,
}

impl Explanation {
    /// The goroutine of this number.
    pub fn goroutine(&self, id: u64) -> Option<&Waiting> {
        self.goroutines.iter().find(|g| g.id == id)
    }

    /// The part that this goroutine's wait hangs on: itself, those that could end its wait, those that could end theirs, and so on.
    pub fn about(mut self, id: u64) -> Explanation {
        let mut part = vec![id];
        let mut next = 0;
        while let Some(&id) = part.get(next) {
            next += 1;
            let waits = self.goroutine(id).map_or(&[][..], |g| &g.waits);
            for waker in waits.iter().flat_map(|wait| wait.wakers.clone()) {
                if !part.contains(&waker) {
                    part.push(waker);
                }
            }
        }
        self.goroutines.retain(|g| part.contains(&g.id));
        let inside = |cause: &Cause| cause.goroutines.iter().all(|id| part.contains(id));
        self.causes.retain(inside);
        self.omitted = 0;
        self
    }
}

/// Words for an explanation.
type Words = Arc<dyn Fn(&Explanation) -> String + Send + Sync>;

/// What is printed behind Go's reports: of a deadlock, and of a panic.
#[derive(Clone)]
pub struct Explain {
    words: Words,
    advice: fn(&str) -> Option<&'static str>,
}

impl Explain {
    /// With these words for deadlocks, and no advice about panics.
    pub fn new(words: impl Fn(&Explanation) -> String + Send + Sync + 'static) -> Explain {
        Explain {
            words: Arc::new(words),
            advice: |_| None,
        }
    }

    /// With advice about panics, which are given by their messages.
    pub fn with_advice(mut self, advice: fn(&str) -> Option<&'static str>) -> Explain {
        self.advice = advice;
        self
    }

    pub(crate) fn words(&self, explanation: &Explanation) -> String {
        (self.words)(explanation)
    }

    pub(crate) fn advice(&self, panic: &str) -> Option<&'static str> {
        (self.advice)(panic)
    }
}

impl std::fmt::Debug for Explain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Explain")
    }
}
