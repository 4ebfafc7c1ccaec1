//! From labels to distances: jump threading, copies of short ends of loops and functions in place of jumps to them, and the long form of jumps
//! that a 16-bit distance cannot reach.

use super::func::Label;
use minigo_bytecode::{Op, Reg};

/// Code with its jumps resolved.
pub(super) struct Assembled {
    pub(super) code: Vec<Op>,
    /// Where each op of the input (and its end) starts in `code`.
    pub(super) starts: Vec<u32>,
    /// What stands in place of jumps.
    pub(super) copies: Vec<Copied>,
}

/// Ops that stand in place of a jump to them.
pub(super) struct Copied {
    /// The jump, in the input.
    pub(super) jump: u32,
    /// The first of the ops, in the input.
    pub(super) from: u32,
    pub(super) len: u32,
}

/// How many ops before a back-edge or return are copied with it.
const LONGEST_TAIL: usize = 2;
/// In longer functions nothing is copied: the copies' distances must fit into 16 bits, with up to four ops in place of each.
const LONGEST_CODE: usize = 8000;

/// Puts the prologue before the code and resolves its jumps, given as (index of the op, label); `targets` maps labels to
/// indices.
pub(super) fn assemble(
    prologue: Vec<Op>,
    code: &[Op],
    jumps: &[(u32, Label)],
    targets: &[u32],
) -> Assembled {
    let mut jump_of: Vec<Option<u32>> = vec![None; code.len()];
    for &(at, label) in jumps {
        jump_of[at as usize] = Some(targets[label.index()]);
    }
    for &(at, _) in jumps {
        jump_of[at as usize] = thread(code, &jump_of, at as usize);
    }
    let copies = copies(code, &jump_of, jumps);
    let mut copy_of: Vec<Option<&Copied>> = vec![None; code.len()];
    for copied in &copies {
        copy_of[copied.jump as usize] = Some(copied);
    }
    let mut long = vec![false; code.len()];
    let mut starts = layout(prologue.len(), code, &long, &copy_of);
    // Every round can only lengthen jumps, so this ends.
    loop {
        let mut changed = false;
        for &(at, _) in jumps {
            let at = at as usize;
            let Some(target) = jump_of[at] else { continue };
            let distance = starts[target as usize] as i64 - starts[at] as i64;
            // A margin of two: a long form is two ops longer at most.
            if !long[at] && is_short(&code[at]) && i16::try_from(distance.abs() + 2).is_err() {
                long[at] = true;
                changed = true;
            }
        }
        if !changed {
            break;
        }
        starts = layout(prologue.len(), code, &long, &copy_of);
    }
    let mut out = prologue;
    for (at, op) in code.iter().enumerate() {
        let Some(target) = jump_of[at] else {
            out.push(*op);
            continue;
        };
        if let Some(copied) = copy_of[at] {
            push_copy(&mut out, copied, code, &jump_of, &starts);
            continue;
        }
        let target = starts[target as usize] as i64;
        if long[at] {
            push_long(&mut out, *op, target);
        } else {
            let mut op = *op;
            let distance = target - out.len() as i64;
            set_distance(&mut op, distance as i32);
            out.push(op);
        }
    }
    Assembled {
        code: out,
        starts,
        copies,
    }
}

/// The unconditional jumps to a place from which a few simple ops lead to a back-edge or a return: a loop whose body ends in branches
/// takes one op less for each turn, and the interpreter predicts the ops behind a branch by it.
fn copies(code: &[Op], jump_of: &[Option<u32>], jumps: &[(u32, Label)]) -> Vec<Copied> {
    if code.len() > LONGEST_CODE {
        return Vec::new();
    }
    let candidates = jumps.iter().filter_map(|&(at, _)| {
        let Op::Jump { .. } = code[at as usize] else {
            return None;
        };
        let from = jump_of[at as usize]? as usize;
        if from <= at as usize || in_table(code, at as usize) {
            return None;
        }
        let simple = code[from..]
            .iter()
            .take(LONGEST_TAIL)
            .take_while(|op| is_simple(op))
            .count();
        let last = from + simple;
        let ends = match code.get(last)? {
            Op::Return0 { .. } | Op::Return1 { .. } => true,
            // Not for a jump from outside into the loop: there it would not go back.
            op if op.is_back_edge() => {
                let within = jump_of[last].is_some_and(|start| start <= at);
                // Behind a conditional one is a jump to where the loop is left.
                within && (op.is_terminator() || is_short(op) && last + 1 < code.len())
            }
            _ => false,
        };
        ends.then_some(Copied {
            jump: at,
            from: from as u32,
            len: (simple + 1) as u32,
        })
    });
    candidates.collect()
}

/// Whether an op only moves or adds words: it cannot fail, and nobody asks for its line.
fn is_simple(op: &Op) -> bool {
    matches!(
        op,
        Op::Move { .. } | Op::ConstInt { .. } | Op::AddInt { .. } | Op::AddIntImm { .. }
    )
}

/// Whether the jump at `at` is an entry of a `Switch`'s table.
pub(super) fn in_table(code: &[Op], at: usize) -> bool {
    let mut first = at;
    while first > 0 && matches!(code[first - 1], Op::Jump { .. }) {
        first -= 1;
    }
    first >= 2
        && matches!(code[first - 1], Op::Extra { .. })
        && matches!(code[first - 2], Op::Switch { .. })
}

/// Writes the copy of ops in place of a jump to them, and a jump to what follows them if control gets there.
fn push_copy(
    out: &mut Vec<Op>,
    copied: &Copied,
    code: &[Op],
    jump_of: &[Option<u32>],
    starts: &[u32],
) {
    let end = copied.from + copied.len;
    let distance = |out: &[Op], target: u32| starts[target as usize] as i32 - out.len() as i32;
    for at in copied.from..end {
        let mut op = code[at as usize];
        if let Some(target) = jump_of[at as usize] {
            set_distance(&mut op, distance(out, target));
        }
        out.push(op);
    }
    if !code[end as usize - 1].is_terminator() {
        let to = distance(out, end);
        out.push(Op::Jump { to });
    }
}

/// The target of the jump at `at`, followed through unconditional jumps.
fn thread(code: &[Op], jump_of: &[Option<u32>], at: usize) -> Option<u32> {
    let mut target = jump_of[at]?;
    if code[at].is_back_edge() {
        return Some(target);
    }
    while let Some(Op::Jump { .. }) = code.get(target as usize) {
        match jump_of[target as usize] {
            Some(next) => target = next,
            None => break,
        }
    }
    Some(target)
}

fn layout(prologue: usize, code: &[Op], long: &[bool], copy_of: &[Option<&Copied>]) -> Vec<u32> {
    let mut starts = Vec::with_capacity(code.len() + 1);
    let mut at = prologue as u32;
    for ((op, long), copied) in code.iter().zip(long).zip(copy_of) {
        starts.push(at);
        at += match (long, op) {
            (false, _) => copied.map_or(1, |copied| {
                let last = &code[(copied.from + copied.len - 1) as usize];
                copied.len + u32::from(!last.is_terminator())
            }),
            (true, Op::LoopIncLtInt { .. }) => 3,
            (true, _) => 2,
        };
    }
    starts.push(at);
    starts
}

/// Writes the jump operand of an op that has one.
fn set_distance(op: &mut Op, distance: i32) {
    use Op::*;
    let short = distance as i16;
    match op {
        Jump { to }
        | JumpIf { to, .. }
        | JumpIfNot { to, .. }
        | JumpNil { to, .. }
        | JumpNotNil { to, .. }
        | MapNext { to, .. }
        | Loop { to }
        | LoopIf { to, .. }
        | LoopIfNot { to, .. } => *to = distance,
        JumpEqInt { to, .. }
        | JumpNeInt { to, .. }
        | JumpLtInt { to, .. }
        | JumpLeInt { to, .. }
        | JumpLtUint { to, .. }
        | JumpLeUint { to, .. }
        | JumpEqIntImm { to, .. }
        | JumpNeIntImm { to, .. }
        | JumpLtIntImm { to, .. }
        | JumpLeIntImm { to, .. }
        | JumpGtIntImm { to, .. }
        | JumpGeIntImm { to, .. }
        | JumpNoBits { to, .. }
        | JumpAnyBits { to, .. }
        | JumpEqFloat { to, .. }
        | JumpNeFloat { to, .. }
        | JumpLtFloat { to, .. }
        | JumpNotLtFloat { to, .. }
        | JumpLeFloat { to, .. }
        | JumpNotLeFloat { to, .. }
        | LoopNeInt { to, .. }
        | LoopLtInt { to, .. }
        | LoopLeInt { to, .. }
        | LoopNeIntImm { to, .. }
        | LoopLtIntImm { to, .. }
        | LoopLeIntImm { to, .. }
        | LoopGtIntImm { to, .. }
        | LoopGeIntImm { to, .. }
        | LoopLtFloat { to, .. }
        | LoopLeFloat { to, .. }
        | LoopIncLtInt { to, .. } => *to = short,
        _ => {}
    }
}

fn is_short(op: &Op) -> bool {
    inverted(op).is_some()
}

/// The forward jump taken exactly when a short jump is not.
fn inverted(op: &Op) -> Option<Op> {
    use Op::*;
    let to = 2;
    Some(match *op {
        JumpEqInt { lhs, rhs, .. } => JumpNeInt { lhs, rhs, to },
        JumpNeInt { lhs, rhs, .. } | LoopNeInt { lhs, rhs, .. } => JumpEqInt { lhs, rhs, to },
        JumpLtInt { lhs, rhs, .. } | LoopLtInt { lhs, rhs, .. } => JumpLeInt {
            lhs: rhs,
            rhs: lhs,
            to,
        },
        JumpLeInt { lhs, rhs, .. } | LoopLeInt { lhs, rhs, .. } => JumpLtInt {
            lhs: rhs,
            rhs: lhs,
            to,
        },
        JumpLtUint { lhs, rhs, .. } => JumpLeUint {
            lhs: rhs,
            rhs: lhs,
            to,
        },
        JumpLeUint { lhs, rhs, .. } => JumpLtUint {
            lhs: rhs,
            rhs: lhs,
            to,
        },
        JumpEqIntImm { lhs, imm, .. } => JumpNeIntImm { lhs, imm, to },
        JumpNeIntImm { lhs, imm, .. } | LoopNeIntImm { lhs, imm, .. } => {
            JumpEqIntImm { lhs, imm, to }
        }
        JumpLtIntImm { lhs, imm, .. } | LoopLtIntImm { lhs, imm, .. } => {
            JumpGeIntImm { lhs, imm, to }
        }
        JumpLeIntImm { lhs, imm, .. } | LoopLeIntImm { lhs, imm, .. } => {
            JumpGtIntImm { lhs, imm, to }
        }
        JumpGtIntImm { lhs, imm, .. } | LoopGtIntImm { lhs, imm, .. } => {
            JumpLeIntImm { lhs, imm, to }
        }
        JumpGeIntImm { lhs, imm, .. } | LoopGeIntImm { lhs, imm, .. } => {
            JumpLtIntImm { lhs, imm, to }
        }
        JumpNoBits { lhs, mask, .. } => JumpAnyBits { lhs, mask, to },
        JumpAnyBits { lhs, mask, .. } => JumpNoBits { lhs, mask, to },
        JumpEqFloat { lhs, rhs, .. } => JumpNeFloat { lhs, rhs, to },
        JumpNeFloat { lhs, rhs, .. } => JumpEqFloat { lhs, rhs, to },
        JumpLtFloat { lhs, rhs, .. } | LoopLtFloat { lhs, rhs, .. } => {
            JumpNotLtFloat { lhs, rhs, to }
        }
        JumpNotLtFloat { lhs, rhs, .. } => JumpLtFloat { lhs, rhs, to },
        JumpLeFloat { lhs, rhs, .. } | LoopLeFloat { lhs, rhs, .. } => {
            JumpNotLeFloat { lhs, rhs, to }
        }
        JumpNotLeFloat { lhs, rhs, .. } => JumpLeFloat { lhs, rhs, to },
        LoopIncLtInt { i, limit, .. } => JumpLeInt {
            lhs: limit,
            rhs: i,
            to,
        },
        _ => return None,
    })
}

/// The jump around a long jump, and the long jump.
fn push_long(out: &mut Vec<Op>, op: Op, target: i64) {
    if let Op::LoopIncLtInt { i, .. } = op {
        let (dst, lhs): (Reg, Reg) = (i, i);
        out.push(Op::AddIntImm { dst, lhs, imm: 1 });
    }
    if let Some(around) = inverted(&op) {
        out.push(around);
    }
    let to = (target - out.len() as i64) as i32;
    out.push(if op.is_back_edge() {
        Op::Loop { to }
    } else {
        Op::Jump { to }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: Reg = Reg(0);

    fn filler(count: usize) -> Vec<Op> {
        vec![Op::ConstInt { dst: R, imm: 0 }; count]
    }

    #[test]
    fn jumps_to_jumps_go_on_to_the_end() {
        let code = vec![
            Op::JumpIf { cond: R, to: 0 },
            Op::Return0 {},
            Op::Jump { to: 0 },
            Op::Return0 {},
            Op::Unreachable {},
        ];
        let jumps = [(0, Label::test(0)), (2, Label::test(1))];
        let out = assemble(filler(1), &code, &jumps, &[2, 4]);
        assert_eq!(out.code[1], Op::JumpIf { cond: R, to: 4 });
        assert_eq!(out.code[3], Op::Jump { to: 2 });
        assert_eq!(out.starts, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn short_ends_stand_in_place_of_jumps_to_them() {
        let add = Op::AddIntImm {
            dst: R,
            lhs: R,
            imm: 1,
        };
        let back = |to| Op::LoopNeIntImm { lhs: R, imm: 1, to };
        let code = vec![
            Op::JumpIf { cond: R, to: 0 },
            Op::Jump { to: 0 },
            Op::Unreachable {},
            add,
            back(0),
            Op::Return1 { src: R },
        ];
        let jumps = [
            (0, Label::test(2)),
            (1, Label::test(0)),
            (4, Label::test(1)),
        ];
        let out = assemble(Vec::new(), &code, &jumps, &[3, 0, 2]);
        let expected = [
            Op::JumpIf { cond: R, to: 4 },
            add,
            back(-2),
            Op::Jump { to: 4 },
            Op::Unreachable {},
            add,
            back(-6),
            Op::Return1 { src: R },
        ];
        assert_eq!(out.code, expected);
        assert_eq!(out.starts, [0, 1, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_loop_is_entered_at_its_end_by_a_jump() {
        let back = |to| Op::LoopNeIntImm { lhs: R, imm: 1, to };
        let add = Op::AddIntImm {
            dst: R,
            lhs: R,
            imm: 1,
        };
        let code = vec![Op::Jump { to: 0 }, add, back(0), Op::Return0 {}];
        let jumps = [(0, Label::test(1)), (2, Label::test(0))];
        let out = assemble(Vec::new(), &code, &jumps, &[1, 2]);
        let expected = [Op::Jump { to: 2 }, add, back(-1), Op::Return0 {}];
        assert_eq!(out.code, expected);
    }

    #[test]
    fn what_a_short_jump_cannot_reach_is_jumped_around() {
        let mut code = vec![Op::JumpLtInt {
            lhs: R,
            rhs: Reg(1),
            to: 0,
        }];
        code.extend(filler(40_000));
        code.push(Op::LoopIncLtInt {
            i: R,
            limit: Reg(1),
            to: 0,
        });
        code.push(Op::Return0 {});
        let jumps = [(0, Label::test(0)), (40_001, Label::test(1))];
        let out = assemble(Vec::new(), &code, &jumps, &[40_002, 1]);
        let around = Op::JumpLeInt {
            lhs: Reg(1),
            rhs: R,
            to: 2,
        };
        assert_eq!(out.code[..2], [around, Op::Jump { to: 40_004 }]);
        let inc = Op::AddIntImm {
            dst: R,
            lhs: R,
            imm: 1,
        };
        assert_eq!(
            out.code[40_002..40_005],
            [inc, around, Op::Loop { to: -40_002 }]
        );
        assert_eq!(out.code[40_005], Op::Return0 {});
    }
}
