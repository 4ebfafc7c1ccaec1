//! From the wait-for graph to its root causes.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Cause, Class, Explanation, How, Waiting, What};
use crate::goroutine::WaitReason;

/// Finds the causes: first those that locks prove, then the parts of the rest that nothing leads out of.
pub(super) fn find(explanation: &Explanation) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut explained: FxHashSet<u64> = FxHashSet::default();
    for g in &explanation.goroutines {
        causes.extend(own_lock(explanation, g));
    }
    causes.extend(lock_cycles(explanation));
    for cause in &causes {
        explained.extend(&cause.goroutines);
    }
    spread(explanation, &mut explained);
    for part in components(explanation) {
        let leads_out = part.iter().any(|id| {
            let wakers = successors(explanation, *id);
            wakers.iter().any(|waker| !part.contains(waker))
        });
        // A frozen goroutine waits for whoever froze it.
        let stops = |id: &u64| {
            explained.contains(id)
                || explanation
                    .goroutine(*id)
                    .is_some_and(|g| g.reason == WaitReason::Frozen.text())
        };
        if !leads_out && !part.iter().any(stops) {
            causes.extend(classify(explanation, &part));
        }
    }
    // Readers are not told apart: one of those that were not looked at may hold it.
    let is_certain = |cause: &Cause| {
        let is_mutex = |&object: &usize| matches!(explanation.objects[object].what, What::Mutex(_));
        cause.class != Class::AbandonedLock
            || explanation.omitted == 0
            || cause.objects.iter().all(is_mutex)
    };
    causes.retain(is_certain);
    causes
}

/// Goroutines that wait for an explained one need no cause of their own.
fn spread(explanation: &Explanation, explained: &mut FxHashSet<u64>) {
    loop {
        let before = explained.len();
        for g in &explanation.goroutines {
            if g.waits
                .iter()
                .flat_map(|wait| &wait.wakers)
                .any(|id| explained.contains(id))
            {
                explained.insert(g.id);
            }
        }
        if explained.len() == before {
            return;
        }
    }
}

/// The one goroutine that holds the lock that `g` waits for.
fn lock_holder(explanation: &Explanation, g: &Waiting) -> Option<(u64, usize)> {
    let [wait] = &g.waits[..] else { return None };
    let holder = match &explanation.objects[wait.object].what {
        What::Mutex(holder) => holder.as_ref(),
        What::RwMutex {
            readers, holder, ..
        } if *readers <= 1 => holder.as_ref(),
        _ => None,
    };
    Some((holder?.goroutine, wait.object))
}

fn own_lock(explanation: &Explanation, g: &Waiting) -> Option<Cause> {
    let [wait] = &g.waits[..] else { return None };
    let class = match &explanation.objects[wait.object].what {
        What::Mutex(Some(holder)) if holder.goroutine == g.id => Class::SelfLock,
        What::RwMutex {
            readers,
            holder: Some(holder),
            ..
        } if holder.goroutine == g.id => {
            if wait.how == How::ReadLock && *readers > 0 {
                Class::RecursiveReadLock
            } else {
                Class::SelfLock
            }
        }
        What::RwMutex {
            readers: 1..,
            holder: None,
            ..
        } if wait.how == How::ReadLock && wait.wakers == [g.id] => Class::RecursiveReadLock,
        _ => return None,
    };
    Some(Cause {
        class,
        goroutines: vec![g.id],
        objects: vec![wait.object],
    })
}

/// Each goroutine waits for one lock at most and each lock has one holder, so cycles are found by following both, and
/// no part of one can be left out.
fn lock_cycles(explanation: &Explanation) -> Vec<Cause> {
    let next: FxHashMap<u64, (u64, usize)> = explanation
        .goroutines
        .iter()
        .filter_map(|g| Some((g.id, lock_holder(explanation, g)?)))
        .collect();
    let mut cycles = Vec::new();
    let mut seen: FxHashSet<u64> = FxHashSet::default();
    for g in &explanation.goroutines {
        let mut path: Vec<(u64, usize)> = Vec::new();
        let mut at = g.id;
        while seen.insert(at) {
            let Some(&(holder, object)) = next.get(&at) else {
                break;
            };
            path.push((at, object));
            at = holder;
            if let Some(start) = path.iter().position(|&(id, _)| id == at) {
                let cycle = &path[start..];
                if cycle.len() > 1 {
                    cycles.push(Cause {
                        class: Class::LockCycle,
                        goroutines: cycle.iter().map(|&(id, _)| id).collect(),
                        objects: cycle.iter().map(|&(_, object)| object).collect(),
                    });
                }
                break;
            }
        }
    }
    cycles
}

fn successors(explanation: &Explanation, id: u64) -> Vec<u64> {
    explanation.goroutine(id).map_or(Vec::new(), |g| {
        g.waits
            .iter()
            .flat_map(|w| w.wakers.iter().copied())
            .collect()
    })
}

/// The parts in which each goroutine may wait for each other one (Tarjan's algorithm, without recursion).
fn components(explanation: &Explanation) -> Vec<Vec<u64>> {
    let ids: Vec<u64> = explanation.goroutines.iter().map(|g| g.id).collect();
    let index_of: FxHashMap<u64, usize> = ids.iter().enumerate().map(|(i, &id)| (id, i)).collect();
    let edges: Vec<Vec<usize>> = ids
        .iter()
        .map(|&id| {
            let successors = successors(explanation, id);
            successors
                .iter()
                .filter_map(|id| index_of.get(id).copied())
                .collect()
        })
        .collect();
    let mut order = vec![usize::MAX; ids.len()];
    let mut low = vec![0; ids.len()];
    let mut on_stack = vec![false; ids.len()];
    let (mut stack, mut count, mut parts) = (Vec::new(), 0, Vec::new());
    for root in 0..ids.len() {
        if order[root] != usize::MAX {
            continue;
        }
        let mut work = vec![(root, 0)];
        while let Some(&mut (node, ref mut edge)) = work.last_mut() {
            if *edge == 0 && order[node] == usize::MAX {
                order[node] = count;
                low[node] = count;
                count += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&to) = edges[node].get(*edge) {
                *edge += 1;
                if order[to] == usize::MAX {
                    work.push((to, 0));
                } else if on_stack[to] {
                    low[node] = low[node].min(order[to]);
                }
                continue;
            }
            work.pop();
            if let Some(&(parent, _)) = work.last() {
                low[parent] = low[parent].min(low[node]);
            }
            if low[node] == order[node] {
                let mut part = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    part.push(ids[member]);
                    if member == node {
                        break;
                    }
                }
                part.sort_unstable();
                parts.push(part);
            }
        }
    }
    parts.sort();
    parts
}

fn classify(explanation: &Explanation, part: &[u64]) -> Vec<Cause> {
    if let &[id] = part
        && let Some(g) = explanation.goroutine(id)
    {
        return vec![Cause {
            class: class_of(explanation, g),
            goroutines: vec![id],
            objects: g.waits.iter().map(|wait| wait.object).collect(),
        }];
    }
    let cycle = shortest_cycle(explanation, part);
    let objects = cycle
        .iter()
        .zip(cycle.iter().cycle().skip(1))
        .filter_map(|(&id, waker)| {
            let g = explanation.goroutine(id)?;
            let wait = g.waits.iter().find(|wait| wait.wakers.contains(waker))?;
            Some(wait.object)
        })
        .collect();
    vec![Cause {
        class: Class::CircularWait,
        goroutines: cycle,
        objects,
    }]
}

/// A cycle of the part through its first goroutine, with as few others as possible.
fn shortest_cycle(explanation: &Explanation, part: &[u64]) -> Vec<u64> {
    let start = part[0];
    let mut from: FxHashMap<u64, u64> = FxHashMap::default();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(id) = queue.pop_front() {
        for next in successors(explanation, id) {
            if next == start {
                let mut cycle = vec![id];
                let mut at = id;
                while let Some(&before) = from.get(&at) {
                    cycle.push(before);
                    at = before;
                }
                cycle.reverse();
                return cycle;
            }
            if part.contains(&next) && !from.contains_key(&next) {
                from.insert(next, id);
                queue.push_back(next);
            }
        }
    }
    part.to_vec()
}

fn class_of(explanation: &Explanation, g: &Waiting) -> Class {
    let [wait] = &g.waits[..] else {
        return if g.waits.is_empty() {
            Class::SelectWithoutCases
        } else {
            Class::SelectDead
        };
    };
    if g.reason.starts_with("select") {
        return Class::SelectDead;
    }
    if explanation.objects[wait.object].what == What::NilChannel {
        return Class::NilChannel;
    }
    match wait.how {
        How::Send => Class::SendWithoutReceiver,
        How::Receive => Class::ReceiveWithoutSender,
        How::Range => Class::RangeNeverClosed,
        How::Lock | How::ReadLock => Class::AbandonedLock,
        How::Zero => Class::WaitGroupNeverZero,
        How::Signal => Class::MissedSignal,
    }
}
