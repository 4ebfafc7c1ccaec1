//! Natives of `sync`: the machine's semaphores, by the address of the receiver's state word.

pub(crate) mod atomic;

use crate::package::Natives;
use minigo_vm::services::LockOp;

pub(crate) const NATIVES: Natives = &[
    ("(*Mutex).Lock", |call| call.lock_mutex()),
    ("(*Mutex).TryLock", |call| {
        call.lock_op(LockOp::MutexTryLock, 0)
    }),
    ("(*Mutex).Unlock", |call| call.unlock_mutex()),
    ("(*RWMutex).Lock", |call| call.lock_op(LockOp::RwLock, 0)),
    ("(*RWMutex).TryLock", |call| {
        call.lock_op(LockOp::RwTryLock, 0)
    }),
    ("(*RWMutex).Unlock", |call| {
        call.lock_op(LockOp::RwUnlock, 0)
    }),
    ("(*RWMutex).RLock", |call| call.lock_op(LockOp::RwRLock, 0)),
    ("(*RWMutex).TryRLock", |call| {
        call.lock_op(LockOp::RwTryRLock, 0)
    }),
    ("(*RWMutex).RUnlock", |call| {
        call.lock_op(LockOp::RwRUnlock, 0)
    }),
    ("(*WaitGroup).Add", |call| {
        call.lock_op(LockOp::WaitGroupAdd(call.int(1)), 0)
    }),
    ("(*WaitGroup).Done", |call| {
        call.lock_op(LockOp::WaitGroupAdd(-1), 0)
    }),
    ("(*WaitGroup).Wait", |call| {
        call.lock_op(LockOp::WaitGroupWait, 0)
    }),
    // A Cond's state follows its lock: two words.
    ("(*Cond).signal", |call| call.lock_op(LockOp::CondSignal, 2)),
    ("(*Cond).broadcast", |call| {
        call.lock_op(LockOp::CondBroadcast, 2)
    }),
    ("(*Cond).enter", |call| call.lock_op(LockOp::CondEnter, 2)),
    ("(*Cond).sleep", |call| {
        call.lock_op(LockOp::CondSleep(call.int(1) as u32), 2)
    }),
];
