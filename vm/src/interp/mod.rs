//! The interpreter: one `match` over the ops, in the order of `op.rs`.
//!
//! `run` executes one goroutine until it parks, has to give way, or ends. `pc` and the frame's base live in
//! locals; they are saved into the goroutine before anything that may look at it (park, preempt, collect, panic, traceback).
//! Whatever is not short is a call into a neighbouring file. Go calls push a frame on the goroutine's own stack and never recurse here.
//!
//! Safety: registers, jump targets, frame sizes and operand kinds were proved by `minigo_bytecode::verify`
//! before the program was loaded. A frame's registers lie within the goroutine's stack because every call compares the callee's frame end with
//! the stack limit. `Ptr` registers hold 0 or an address in a live heap object: the collector sees them at every safepoint, and ops between
//! safepoints cannot free anything. Heap memory is accessed through `value::word` (relaxed atomics), so racing programs are defined.

mod arith;
pub(crate) mod call;
mod conc;
mod iface;
mod mem;
mod slice;
mod string;
mod table;
pub(crate) mod traceback;
pub(crate) mod unwind;

use crate::Vm;
use crate::chan;
use crate::error::RuntimeError;
use crate::goroutine::{Exit, Goroutine};
use crate::image::{FuncEntry, MARKER_EXIT};
use crate::native::{Call, Outcome};
use crate::reflect::Iface;
use crate::sched::{Machine, Safepoint};
use crate::sync::atomic::Ordering;
use crate::value::word;
use minigo_bytecode::op::Operand;
use minigo_bytecode::{Op, Reg, ShapeId};

/// What an op needs beyond its operands: where it runs.
pub(crate) struct Ctx<'a> {
    pub(crate) vm: &'a Vm,
    pub(crate) m: &'a mut Machine,
    pub(crate) g: &'a Goroutine,
    /// Why the loop was left.
    pub(crate) trap: Trap,
    /// Belongs to [`Trap::Stop`].
    pub(crate) stopped: Option<Box<Stop>>,
}

impl Ctx<'_> {
    /// Notes why the loop is left. Not inlined, so that the reasons do not become values that the loop keeps ready.
    #[cold]
    #[inline(never)]
    fn note(&mut self, trap: Trap) {
        self.trap = trap;
    }
}

/// Why an op does not simply go on.
pub(crate) enum Stop {
    /// A run-time panic at this op.
    Error(RuntimeError),
    /// A panic with a value at this op.
    Value(Iface),
    /// A fatal error at this op (text without `fatal error: `).
    Fatal(String),
    /// The heap's limit allows no object more: the op is executed again after a collection. It has done nothing yet.
    Memory,
}

/// Boxed, so that the loop hands on one word.
pub(crate) type OpResult<T> = Result<T, Box<Stop>>;

impl From<RuntimeError> for Box<Stop> {
    fn from(error: RuntimeError) -> Box<Stop> {
        Box::new(Stop::Error(error))
    }
}

/// Why the loop was left at an op: what is rare is done outside of it. It carries no data, so that the loop has none to keep in
/// registers; operands are read again from the op at pc, and a `Stop` waits in the context.
#[derive(Clone, Copy)]
pub(crate) enum Trap {
    NilDereference,
    Divide,
    Shift,
    /// The op's index is out of range.
    Index,
    Stop,
    /// A collection is due; then the op is executed.
    Collect,
    /// The loop's back-edge was taken: somebody wants the goroutine at a safepoint.
    Safepoint,
    /// A call whose frame does not fit, or that is wanted at a safepoint.
    Enter,
    RunDefers,
    Goexit,
    Marker,
    NoMethod,
    Unreachable,
}

/// Where to go on, or why not at all: what the unwinder decides.
pub(crate) enum Next {
    Go { pc: *const Op, base: *mut u64 },
    Leave(Exit),
}

/// Runs the goroutine from its saved state.
///
/// # Safety
/// `g` is a live goroutine that the calling machine owns (status Running), made for this VM's image.
#[allow(
    clippy::neg_cmp_op_on_partial_ord,
    reason = "JumpNotLtFloat jumps if a comparison with NaN is false, too"
)]
pub(crate) unsafe fn run(vm: &Vm, m: &mut Machine, g: &Goroutine) -> Exit {
    // SAFETY: see the module's introduction; every access below relies on the verifier's proof and on the goroutine being ours.
    unsafe {
        let image = vm.image();
        let funcs = image.funcs.as_ptr();
        let words = image.program.words.as_ptr();
        let globals = vm.globals();
        let heap = vm.heap();
        let limit = g.limit();
        let mut pc: *const Op = g.pc();
        let mut base: *mut u64 = g.base();
        let mut cx = Ctx {
            vm,
            m,
            g,
            trap: Trap::Unreachable,
            stopped: None,
        };

        macro_rules! r {
            ($reg:expr) => {
                *base.add($reg.0 as usize)
            };
        }
        macro_rules! int {
            ($reg:expr) => {
                (r!($reg) as i64)
            };
        }
        macro_rules! float {
            ($reg:expr) => {
                f64::from_bits(r!($reg))
            };
        }
        macro_rules! next {
            () => {{
                pc = pc.add(1);
                continue;
            }};
        }
        // An op followed by one Extra: its index.
        macro_rules! extra {
            () => {{
                match *pc.add(1) {
                    Op::Extra { index, .. } => index,
                    _ => std::hint::unreachable_unchecked(),
                }
            }};
        }
        // The same: its register.
        macro_rules! extra_reg {
            () => {{
                match *pc.add(1) {
                    Op::Extra { reg, .. } => Reg(reg),
                    _ => std::hint::unreachable_unchecked(),
                }
            }};
        }
        macro_rules! next2 {
            () => {{
                pc = pc.add(2);
                continue;
            }};
        }
        macro_rules! set {
            ($dst:expr, $value:expr) => {{
                r!($dst) = $value;
                next!()
            }};
        }
        macro_rules! setf {
            ($dst:expr, $value:expr) => {{
                let value: f64 = $value;
                r!($dst) = value.to_bits();
                next!()
            }};
        }
        macro_rules! jump {
            ($cond:expr, $to:expr) => {{
                pc = if $cond {
                    pc.offset($to as isize)
                } else {
                    pc.add(1)
                };
                continue;
            }};
        }
        macro_rules! save {
            ($at:expr) => {{
                g.set_pc($at);
                g.set_base(base);
            }};
        }
        macro_rules! trap {
            ($trap:expr) => {{
                cx.note($trap);
                break;
            }};
        }
        macro_rules! stop {
            ($stop:expr) => {{
                cx.stopped = Some($stop);
                trap!(Trap::Stop)
            }};
        }
        macro_rules! check {
            ($result:expr) => {
                match $result {
                    Ok(value) => value,
                    Err(stop) => stop!(stop),
                }
            };
        }
        macro_rules! back_edge {
            ($cond:expr, $to:expr) => {{
                if $cond {
                    pc = pc.offset($to as isize);
                    // Relaxed: only a hint; what is wanted is read under its own ordering.
                    if limit.load(Ordering::Relaxed) == 0 {
                        trap!(Trap::Safepoint);
                    }
                } else {
                    pc = pc.add(1);
                }
                continue;
            }};
        }
        // Before an op that allocates: a collection that is due happens first.
        macro_rules! gc_point {
            () => {{
                if heap.wants_collection() {
                    trap!(Trap::Collect);
                }
            }};
        }
        macro_rules! mem {
            ($ptr:expr, $off:expr) => {{
                let at = r!($ptr);
                if at == 0 {
                    trap!(Trap::NilDereference);
                }
                (at as *mut u64).add($off as usize)
            }};
        }
        // Address of element `index` of a slice register, elements of `$size` bytes.
        macro_rules! elem {
            ($slice:expr, $index:expr, $ty:ty, $count:expr) => {{
                let index = r!($index);
                let len = r!($slice.plus(1)) as u32 as u64;
                if index >= len {
                    trap!(Trap::Index);
                }
                (r!($slice) as *mut $ty).add(index as usize * $count)
            }};
        }
        macro_rules! enter {
            ($func:expr, $window:expr, $closure:expr) => {{
                let callee: *const FuncEntry = $func;
                let frame = base.add($window as usize);
                let end = frame.add((*callee).frame_size as usize) as usize;
                // Relaxed: as at back-edges.
                if end > limit.load(Ordering::Relaxed) {
                    trap!(Trap::Enter);
                }
                if $closure != 0 {
                    *frame.add((*callee).params as usize) = $closure;
                }
                *frame.sub(2) = pc.add(1) as u64;
                *frame.sub(1) = $window as u64;
                base = frame;
                pc = (*callee).code;
                continue;
            }};
        }
        macro_rules! leave {
            () => {{
                let to = *base.sub(2) as *const Op;
                base = base.sub(*base.sub(1) as usize);
                pc = to;
                continue;
            }};
        }
        // After an op that may have parked the goroutine: `(*g).pc` was saved as the op behind.
        macro_rules! conc {
            ($outcome:expr, $after:expr) => {{
                match $outcome {
                    conc::Done::Go => {
                        pc = $after;
                        continue;
                    }
                    conc::Done::Parked => return Exit::Parked,
                    conc::Done::Stop(stop) => stop!(stop),
                }
            }};
        }

        if g.take_send_on_closed() {
            g.set_pc(pc.sub(1));
            let error = RuntimeError::plain(chan::SEND_ON_CLOSED);
            match unwind::stop(&mut cx, Stop::Error(error)) {
                Next::Go { pc: p, base: b } => {
                    pc = p;
                    base = b;
                }
                Next::Leave(exit) => return exit,
            }
        }
        loop {
            loop {
                match *pc {
                    // ---- moves and constants -----------------------------------------------------
                    Op::Move { dst, src } => set!(dst, r!(src)),
                    Op::Move2 { dst, src } => {
                        let (a, b) = (r!(src), r!(src.plus(1)));
                        r!(dst) = a;
                        r!(dst.plus(1)) = b;
                        next!()
                    }
                    Op::MoveN { dst, src, count } => {
                        std::ptr::copy(
                            base.add(src.index()),
                            base.add(dst.index()),
                            count as usize,
                        );
                        next!()
                    }
                    Op::Zero { dst, count } => {
                        let mut at = base.add(dst.index());
                        let end = at.add(count as usize);
                        while at < end {
                            *at = 0;
                            at = at.add(1);
                        }
                        next!()
                    }
                    Op::ConstInt { dst, imm } => set!(dst, imm as i64 as u64),
                    Op::ConstWord { dst, k } => set!(dst, *words.add(k.index())),
                    Op::ConstFloat { dst, k } => set!(dst, *words.add(k.index())),
                    Op::ConstString { dst, k } => {
                        let (ptr, len) = *image.strings.get_unchecked(k.index());
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::ConstFunc { dst, func } => {
                        set!(dst, *image.static_closures.get_unchecked(func.index()))
                    }

                    // ---- integers ----------------------------------------------------------------
                    Op::AddInt { dst, lhs, rhs } => set!(dst, r!(lhs).wrapping_add(r!(rhs))),
                    Op::SubInt { dst, lhs, rhs } => set!(dst, r!(lhs).wrapping_sub(r!(rhs))),
                    Op::MulInt { dst, lhs, rhs } => set!(dst, r!(lhs).wrapping_mul(r!(rhs))),
                    Op::DivInt { dst, lhs, rhs } => {
                        let by = int!(rhs);
                        if by == 0 {
                            trap!(Trap::Divide);
                        }
                        set!(dst, int!(lhs).wrapping_div(by) as u64)
                    }
                    Op::RemInt { dst, lhs, rhs } => {
                        let by = int!(rhs);
                        if by == 0 {
                            trap!(Trap::Divide);
                        }
                        set!(dst, int!(lhs).wrapping_rem(by) as u64)
                    }
                    Op::DivUint { dst, lhs, rhs } => {
                        let by = r!(rhs);
                        if by == 0 {
                            trap!(Trap::Divide);
                        }
                        set!(dst, r!(lhs) / by)
                    }
                    Op::RemUint { dst, lhs, rhs } => {
                        let by = r!(rhs);
                        if by == 0 {
                            trap!(Trap::Divide);
                        }
                        set!(dst, r!(lhs) % by)
                    }
                    Op::And { dst, lhs, rhs } => set!(dst, r!(lhs) & r!(rhs)),
                    Op::Or { dst, lhs, rhs } => set!(dst, r!(lhs) | r!(rhs)),
                    Op::Xor { dst, lhs, rhs } => set!(dst, r!(lhs) ^ r!(rhs)),
                    Op::AndNot { dst, lhs, rhs } => set!(dst, r!(lhs) & !r!(rhs)),
                    Op::Shl { dst, lhs, rhs } => {
                        let count = r!(rhs);
                        set!(dst, if count < 64 { r!(lhs) << count } else { 0 })
                    }
                    Op::ShrInt { dst, lhs, rhs } => {
                        set!(dst, (int!(lhs) >> r!(rhs).min(63)) as u64)
                    }
                    Op::ShrUint { dst, lhs, rhs } => {
                        let count = r!(rhs);
                        set!(dst, if count < 64 { r!(lhs) >> count } else { 0 })
                    }
                    Op::CheckShift { src } => {
                        if int!(src) < 0 {
                            trap!(Trap::Shift);
                        }
                        next!()
                    }
                    Op::NegInt { dst, src } => set!(dst, r!(src).wrapping_neg()),
                    Op::NotInt { dst, src } => set!(dst, !r!(src)),
                    Op::AddIntImm { dst, lhs, imm } => {
                        set!(dst, r!(lhs).wrapping_add(imm as i64 as u64))
                    }
                    Op::MulIntImm { dst, lhs, imm } => {
                        set!(dst, r!(lhs).wrapping_mul(imm as i64 as u64))
                    }
                    Op::DivIntImm { dst, lhs, imm } => {
                        set!(dst, int!(lhs).wrapping_div(imm as i64) as u64)
                    }
                    Op::RemIntImm { dst, lhs, imm } => {
                        set!(dst, int!(lhs).wrapping_rem(imm as i64) as u64)
                    }
                    // Rounding towards zero: a negative dividend is moved up first.
                    Op::DivIntPow2 { dst, lhs, shift } => {
                        let up = ((int!(lhs) >> 63) as u64) >> (-shift & 63);
                        set!(
                            dst,
                            (r!(lhs).wrapping_add(up) as i64 >> (shift & 63)) as u64
                        )
                    }
                    Op::RemIntPow2 { dst, lhs, shift } => {
                        let up = ((int!(lhs) >> 63) as u64) >> (-shift & 63);
                        let low = (1u64 << (shift & 63)) - 1;
                        set!(dst, (r!(lhs).wrapping_add(up) & low).wrapping_sub(up))
                    }
                    Op::AndImm { dst, lhs, imm } => set!(dst, r!(lhs) & imm as i64 as u64),
                    Op::ShlImm { dst, lhs, imm } => set!(dst, r!(lhs) << (imm & 63)),
                    Op::ShrIntImm { dst, lhs, imm } => set!(dst, (int!(lhs) >> (imm & 63)) as u64),
                    Op::ShrUintImm { dst, lhs, imm } => set!(dst, r!(lhs) >> (imm & 63)),
                    Op::Sext8 { dst, src } => set!(dst, r!(src) as i8 as i64 as u64),
                    Op::Sext16 { dst, src } => set!(dst, r!(src) as i16 as i64 as u64),
                    Op::Sext32 { dst, src } => set!(dst, r!(src) as i32 as i64 as u64),
                    Op::Zext8 { dst, src } => set!(dst, r!(src) as u8 as u64),
                    Op::Zext16 { dst, src } => set!(dst, r!(src) as u16 as u64),
                    Op::Zext32 { dst, src } => set!(dst, r!(src) as u32 as u64),

                    // ---- floats ------------------------------------------------------------------
                    Op::AddFloat { dst, lhs, rhs } => setf!(dst, float!(lhs) + float!(rhs)),
                    Op::SubFloat { dst, lhs, rhs } => setf!(dst, float!(lhs) - float!(rhs)),
                    Op::MulFloat { dst, lhs, rhs } => setf!(dst, float!(lhs) * float!(rhs)),
                    Op::DivFloat { dst, lhs, rhs } => setf!(dst, float!(lhs) / float!(rhs)),
                    Op::MulAddFloat { dst, lhs, rhs } => {
                        let addend = extra_reg!();
                        r!(dst) = (float!(addend) + float!(lhs) * float!(rhs)).to_bits();
                        next2!()
                    }
                    Op::MulSubFloat { dst, lhs, rhs } => {
                        let minuend = extra_reg!();
                        r!(dst) = (float!(minuend) - float!(lhs) * float!(rhs)).to_bits();
                        next2!()
                    }
                    Op::NegFloat { dst, src } => setf!(dst, -float!(src)),
                    Op::SqrtFloat { dst, src } => setf!(dst, float!(src).sqrt()),
                    Op::RoundFloat32 { dst, src } => setf!(dst, f64::from(float!(src) as f32)),
                    Op::DivComplex { dst, lhs, rhs } => {
                        let (re, im) = arith::div_complex(
                            (float!(lhs), float!(lhs.plus(1))),
                            (float!(rhs), float!(rhs.plus(1))),
                        );
                        r!(dst) = re.to_bits();
                        r!(dst.plus(1)) = im.to_bits();
                        next!()
                    }
                    Op::IntToFloat { dst, src } => setf!(dst, int!(src) as f64),
                    Op::UintToFloat { dst, src } => setf!(dst, r!(src) as f64),
                    Op::IntToFloat32 { dst, src } => setf!(dst, f64::from(int!(src) as f32)),
                    Op::UintToFloat32 { dst, src } => setf!(dst, f64::from(r!(src) as f32)),
                    Op::FloatToInt { dst, src } => {
                        set!(dst, arith::float_to_int(float!(src)) as u64)
                    }
                    Op::FloatToUint { dst, src } => set!(dst, arith::float_to_uint(float!(src))),
                    Op::FloatBits { dst, src } => set!(dst, r!(src)),
                    Op::FloatFromBits { dst, src } => set!(dst, r!(src)),

                    // ---- comparisons to bool -----------------------------------------------------
                    Op::EqInt { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) == r!(rhs))),
                    Op::NeInt { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) != r!(rhs))),
                    Op::LtInt { dst, lhs, rhs } => set!(dst, u64::from(int!(lhs) < int!(rhs))),
                    Op::LeInt { dst, lhs, rhs } => set!(dst, u64::from(int!(lhs) <= int!(rhs))),
                    Op::LtUint { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) < r!(rhs))),
                    Op::LeUint { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) <= r!(rhs))),
                    Op::EqFloat { dst, lhs, rhs } => {
                        set!(dst, u64::from(float!(lhs) == float!(rhs)))
                    }
                    Op::NeFloat { dst, lhs, rhs } => {
                        set!(dst, u64::from(float!(lhs) != float!(rhs)))
                    }
                    Op::LtFloat { dst, lhs, rhs } => {
                        set!(dst, u64::from(float!(lhs) < float!(rhs)))
                    }
                    Op::LeFloat { dst, lhs, rhs } => {
                        set!(dst, u64::from(float!(lhs) <= float!(rhs)))
                    }
                    Op::EqPtr { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) == r!(rhs))),
                    Op::NePtr { dst, lhs, rhs } => set!(dst, u64::from(r!(lhs) != r!(rhs))),
                    Op::EqStr { dst, lhs, rhs } => set!(
                        dst,
                        u64::from(string::str_at(base, lhs) == string::str_at(base, rhs))
                    ),
                    Op::LtStr { dst, lhs, rhs } => set!(
                        dst,
                        u64::from(string::str_at(base, lhs) < string::str_at(base, rhs))
                    ),
                    Op::LeStr { dst, lhs, rhs } => set!(
                        dst,
                        u64::from(string::str_at(base, lhs) <= string::str_at(base, rhs))
                    ),
                    Op::EqIface { dst, lhs, rhs } => {
                        let equal =
                            check!(iface::equal(vm, iface::at(base, lhs), iface::at(base, rhs)));
                        set!(dst, u64::from(equal))
                    }
                    Op::EqMem { dst, lhs, rhs } => {
                        let ty = extra!();
                        let equal = check!(iface::equal_memory(vm, ty, r!(lhs), r!(rhs)));
                        r!(dst) = u64::from(equal);
                        next2!()
                    }
                    Op::Not { dst, src } => set!(dst, r!(src) ^ 1),

                    // ---- jumps -------------------------------------------------------------------
                    Op::Jump { to } => jump!(true, to),
                    Op::JumpIf { cond, to } => jump!(r!(cond) != 0, to),
                    Op::JumpIfNot { cond, to } => jump!(r!(cond) == 0, to),
                    Op::JumpNil { ptr, to } => jump!(r!(ptr) == 0, to),
                    Op::JumpNotNil { ptr, to } => jump!(r!(ptr) != 0, to),
                    Op::JumpEqInt { lhs, rhs, to } => jump!(r!(lhs) == r!(rhs), to),
                    Op::JumpNeInt { lhs, rhs, to } => jump!(r!(lhs) != r!(rhs), to),
                    Op::JumpLtInt { lhs, rhs, to } => jump!(int!(lhs) < int!(rhs), to),
                    Op::JumpLeInt { lhs, rhs, to } => jump!(int!(lhs) <= int!(rhs), to),
                    Op::JumpLtUint { lhs, rhs, to } => jump!(r!(lhs) < r!(rhs), to),
                    Op::JumpLeUint { lhs, rhs, to } => jump!(r!(lhs) <= r!(rhs), to),
                    Op::JumpEqIntImm { lhs, imm, to } => jump!(int!(lhs) == imm as i64, to),
                    Op::JumpNeIntImm { lhs, imm, to } => jump!(int!(lhs) != imm as i64, to),
                    Op::JumpLtIntImm { lhs, imm, to } => jump!(int!(lhs) < imm as i64, to),
                    Op::JumpLeIntImm { lhs, imm, to } => jump!(int!(lhs) <= imm as i64, to),
                    Op::JumpGtIntImm { lhs, imm, to } => jump!(int!(lhs) > imm as i64, to),
                    Op::JumpGeIntImm { lhs, imm, to } => jump!(int!(lhs) >= imm as i64, to),
                    Op::JumpNoBits { lhs, mask, to } => {
                        jump!(r!(lhs) & mask as i64 as u64 == 0, to)
                    }
                    Op::JumpAnyBits { lhs, mask, to } => {
                        jump!(r!(lhs) & mask as i64 as u64 != 0, to)
                    }
                    Op::JumpEqFloat { lhs, rhs, to } => jump!(float!(lhs) == float!(rhs), to),
                    Op::JumpNeFloat { lhs, rhs, to } => jump!(float!(lhs) != float!(rhs), to),
                    Op::JumpLtFloat { lhs, rhs, to } => jump!(float!(lhs) < float!(rhs), to),
                    Op::JumpNotLtFloat { lhs, rhs, to } => jump!(!(float!(lhs) < float!(rhs)), to),
                    Op::JumpLeFloat { lhs, rhs, to } => jump!(float!(lhs) <= float!(rhs), to),
                    Op::JumpNotLeFloat { lhs, rhs, to } => jump!(!(float!(lhs) <= float!(rhs)), to),
                    Op::Switch { src, count } => {
                        let case = r!(src).wrapping_sub(extra!() as i32 as i64 as u64);
                        pc = pc.add(2 + case.min(u64::from(count)) as usize);
                        continue;
                    }

                    // ---- back-edges --------------------------------------------------------------
                    Op::Loop { to } => back_edge!(true, to),
                    Op::LoopIf { cond, to } => back_edge!(r!(cond) != 0, to),
                    Op::LoopIfNot { cond, to } => back_edge!(r!(cond) == 0, to),
                    Op::LoopNeInt { lhs, rhs, to } => back_edge!(r!(lhs) != r!(rhs), to),
                    Op::LoopLtInt { lhs, rhs, to } => back_edge!(int!(lhs) < int!(rhs), to),
                    Op::LoopLeInt { lhs, rhs, to } => back_edge!(int!(lhs) <= int!(rhs), to),
                    Op::LoopNeIntImm { lhs, imm, to } => back_edge!(int!(lhs) != imm as i64, to),
                    Op::LoopLtIntImm { lhs, imm, to } => back_edge!(int!(lhs) < imm as i64, to),
                    Op::LoopLeIntImm { lhs, imm, to } => back_edge!(int!(lhs) <= imm as i64, to),
                    Op::LoopGtIntImm { lhs, imm, to } => back_edge!(int!(lhs) > imm as i64, to),
                    Op::LoopGeIntImm { lhs, imm, to } => back_edge!(int!(lhs) >= imm as i64, to),
                    Op::LoopLtFloat { lhs, rhs, to } => back_edge!(float!(lhs) < float!(rhs), to),
                    Op::LoopLeFloat { lhs, rhs, to } => back_edge!(float!(lhs) <= float!(rhs), to),
                    Op::LoopIncLtInt { i, limit: end, to } => {
                        let value = int!(i).wrapping_add(1);
                        r!(i) = value as u64;
                        back_edge!(value < int!(end), to)
                    }

                    // ---- memory ------------------------------------------------------------------
                    Op::New { dst, ty } => {
                        gc_point!();
                        let info = image.program.types.get_unchecked(ty.index());
                        let object = check!(object(&mut cx, info.shape, info.size as usize));
                        set!(dst, object as u64)
                    }
                    Op::NilCheck { ptr } => {
                        if r!(ptr) == 0 {
                            trap!(Trap::NilDereference);
                        }
                        next!()
                    }
                    Op::FieldAddr { dst, ptr, off } => set!(dst, mem!(ptr, off) as u64),
                    Op::Load { dst, ptr, off } => set!(dst, word::load(mem!(ptr, off))),
                    Op::LoadPtr { dst, ptr, off } => set!(dst, word::load(mem!(ptr, off))),
                    Op::Load2 { dst, ptr, off } => {
                        let (a, b) = word::load_pair(mem!(ptr, off));
                        r!(dst) = a;
                        r!(dst.plus(1)) = b;
                        next!()
                    }
                    Op::LoadN {
                        count,
                        dst,
                        ptr,
                        off,
                    } => {
                        word::load_words(mem!(ptr, off), base.add(dst.index()), count as usize);
                        next!()
                    }
                    Op::Store { ptr, off, src } => {
                        word::store(mem!(ptr, off), r!(src));
                        next!()
                    }
                    Op::StorePtr { ptr, off, src } => {
                        word::store(mem!(ptr, off), r!(src));
                        next!()
                    }
                    Op::Store2 { ptr, off, src } => {
                        word::store_pair(mem!(ptr, off), r!(src), r!(src.plus(1)));
                        next!()
                    }
                    Op::StoreN {
                        count,
                        ptr,
                        off,
                        src,
                    } => {
                        word::store_words(base.add(src.index()), mem!(ptr, off), count as usize);
                        next!()
                    }
                    Op::CopyMem { dst, src } => {
                        let size = image.program.types.get_unchecked(extra!() as usize).size;
                        let (to, from) = (mem!(dst, 0), mem!(src, 0));
                        word::copy_mem(to, from, size as usize);
                        next2!()
                    }
                    Op::ZeroMem { ptr, ty } => {
                        let at = mem!(ptr, 0);
                        mem::zero(
                            at,
                            image.program.types.get_unchecked(ty.index()).size as usize,
                        );
                        next!()
                    }
                    Op::LoadGlobal { dst, off } => set!(dst, word::load(globals.add(off as usize))),
                    Op::LoadGlobalPtr { dst, off } => {
                        set!(dst, word::load(globals.add(off as usize)))
                    }
                    Op::LoadGlobal2 { dst, off } => {
                        let (a, b) = word::load_pair(globals.add(off as usize));
                        r!(dst) = a;
                        r!(dst.plus(1)) = b;
                        next!()
                    }
                    Op::StoreGlobal { src, off } => {
                        word::store(globals.add(off as usize), r!(src));
                        next!()
                    }
                    Op::StoreGlobalPtr { src, off } => {
                        word::store(globals.add(off as usize), r!(src));
                        next!()
                    }
                    Op::StoreGlobal2 { src, off } => {
                        word::store_pair(globals.add(off as usize), r!(src), r!(src.plus(1)));
                        next!()
                    }
                    Op::GlobalAddr { dst, off } => set!(dst, globals.add(off as usize) as u64),

                    // ---- slices and arrays -------------------------------------------------------
                    Op::ArrayView { dst, ptr } => {
                        let len = u64::from(extra!());
                        let at = r!(ptr);
                        if at == 0 && len != 0 {
                            trap!(Trap::NilDereference);
                        }
                        r!(dst) = at;
                        r!(dst.plus(1)) = len | len << 32;
                        next2!()
                    }
                    Op::SliceLen { dst, slice } => set!(dst, r!(slice.plus(1)) as u32 as u64),
                    Op::SliceCap { dst, slice } => set!(dst, r!(slice.plus(1)) >> 32),
                    Op::IndexU8 { dst, slice, index } => {
                        set!(dst, u64::from(word::load_u8(elem!(slice, index, u8, 1))))
                    }
                    Op::IndexI8 { dst, slice, index } => set!(
                        dst,
                        word::load_u8(elem!(slice, index, u8, 1)) as i8 as i64 as u64
                    ),
                    Op::IndexU16 { dst, slice, index } => {
                        set!(dst, u64::from(word::load_u16(elem!(slice, index, u16, 1))))
                    }
                    Op::IndexI16 { dst, slice, index } => set!(
                        dst,
                        word::load_u16(elem!(slice, index, u16, 1)) as i16 as i64 as u64
                    ),
                    Op::IndexU32 { dst, slice, index } => {
                        set!(dst, u64::from(word::load_u32(elem!(slice, index, u32, 1))))
                    }
                    Op::IndexI32 { dst, slice, index } => set!(
                        dst,
                        word::load_u32(elem!(slice, index, u32, 1)) as i32 as i64 as u64
                    ),
                    Op::IndexF32 { dst, slice, index } => setf!(
                        dst,
                        f64::from(f32::from_bits(word::load_u32(elem!(slice, index, u32, 1))))
                    ),
                    Op::Index { dst, slice, index } => {
                        set!(dst, word::load(elem!(slice, index, u64, 1)))
                    }
                    Op::IndexPtr { dst, slice, index } => {
                        set!(dst, word::load(elem!(slice, index, u64, 1)))
                    }
                    Op::Index2 { dst, slice, index } => {
                        let (a, b) = word::load_pair(elem!(slice, index, u64, 2));
                        r!(dst) = a;
                        r!(dst.plus(1)) = b;
                        next!()
                    }
                    Op::IndexN {
                        count,
                        dst,
                        slice,
                        index,
                    } => {
                        word::load_words(
                            elem!(slice, index, u64, count as usize),
                            base.add(dst.index()),
                            count as usize,
                        );
                        next!()
                    }
                    Op::SetIndex8 { slice, index, src } => {
                        word::store_u8(elem!(slice, index, u8, 1), r!(src) as u8);
                        next!()
                    }
                    Op::SetIndex16 { slice, index, src } => {
                        word::store_u16(elem!(slice, index, u16, 1), r!(src) as u16);
                        next!()
                    }
                    Op::SetIndex32 { slice, index, src } => {
                        word::store_u32(elem!(slice, index, u32, 1), r!(src) as u32);
                        next!()
                    }
                    Op::SetIndexF32 { slice, index, src } => {
                        word::store_u32(
                            elem!(slice, index, u32, 1),
                            (float!(src) as f32).to_bits(),
                        );
                        next!()
                    }
                    Op::SetIndex { slice, index, src } => {
                        word::store(elem!(slice, index, u64, 1), r!(src));
                        next!()
                    }
                    Op::SetIndexPtr { slice, index, src } => {
                        word::store(elem!(slice, index, u64, 1), r!(src));
                        next!()
                    }
                    Op::SetIndex2 { slice, index, src } => {
                        word::store_pair(elem!(slice, index, u64, 2), r!(src), r!(src.plus(1)));
                        next!()
                    }
                    Op::SetIndexN {
                        count,
                        slice,
                        index,
                        src,
                    } => {
                        word::store_words(
                            base.add(src.index()),
                            elem!(slice, index, u64, count as usize),
                            count as usize,
                        );
                        next!()
                    }
                    Op::IndexAddr { dst, slice, index } => {
                        let size = extra!() as usize;
                        r!(dst) = elem!(slice, index, u8, size) as u64;
                        next2!()
                    }
                    Op::IndexStr { dst, str, index } => {
                        let (i, len) = (r!(index), r!(str.plus(1)));
                        if i >= len {
                            trap!(Trap::Index);
                        }
                        set!(dst, u64::from(*(r!(str) as *const u8).add(i as usize)))
                    }
                    Op::CheckIndex { index, len } => {
                        let (i, len) = (r!(index), r!(len));
                        if i >= len {
                            trap!(Trap::Index);
                        }
                        next!()
                    }
                    Op::SliceSlice {
                        given,
                        dst,
                        slice,
                        bounds,
                    } => {
                        let size = u64::from(extra!());
                        let header = (r!(slice), r!(slice.plus(1)));
                        let bounds = slice::Bounds::read(base, bounds, given);
                        let (ptr, len_cap) = check!(slice::reslice(header, bounds, size));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next2!()
                    }
                    Op::SliceStr {
                        given,
                        dst,
                        str,
                        bounds,
                    } => {
                        let header = (r!(str), r!(str.plus(1)));
                        let bounds = slice::Bounds::read(base, bounds, given);
                        let (ptr, len) = check!(slice::substring(header, bounds));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::MakeSlice { dst, len, cap } => {
                        gc_point!();
                        let (ptr, len_cap) =
                            check!(slice::make(&mut cx, extra!(), int!(len), int!(cap)));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next2!()
                    }
                    Op::Append {
                        count,
                        dst,
                        slice,
                        vals,
                    } => {
                        gc_point!();
                        let header = (r!(slice), r!(slice.plus(1)));
                        let (ptr, len_cap) = check!(slice::append(
                            &mut cx,
                            extra!(),
                            header,
                            base.add(vals.index()),
                            count as usize
                        ));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next2!()
                    }
                    Op::AppendSlice { dst, slice, tail } => {
                        gc_point!();
                        let header = (r!(slice), r!(slice.plus(1)));
                        let tail = (r!(tail), r!(tail.plus(1)) as u32 as usize);
                        let (ptr, len_cap) =
                            check!(slice::append_slice(&mut cx, extra!(), header, tail));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next2!()
                    }
                    Op::AppendStr { dst, slice, tail } => {
                        gc_point!();
                        let header = (r!(slice), r!(slice.plus(1)));
                        let (ptr, len_cap) = check!(slice::append_str(
                            &mut cx,
                            header,
                            string::str_at(base, tail)
                        ));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next!()
                    }
                    Op::Copy { dst, to, from } => {
                        let n = slice::copy(
                            vm,
                            extra!(),
                            (r!(to), r!(to.plus(1))),
                            (r!(from), r!(from.plus(1))),
                        );
                        r!(dst) = n;
                        next2!()
                    }
                    Op::CopyStr { dst, to, from } => {
                        let n =
                            slice::copy_str((r!(to), r!(to.plus(1))), string::str_at(base, from));
                        set!(dst, n)
                    }
                    Op::ClearSlice { slice, ty } => {
                        slice::clear(vm, ty, (r!(slice), r!(slice.plus(1))));
                        next!()
                    }
                    Op::SliceToArray { dst, slice } => {
                        let want = u64::from(extra!());
                        let len = r!(slice.plus(1)) as u32 as u64;
                        if len < want {
                            stop!(slice::conversion_error(len, want));
                        }
                        r!(dst) = r!(slice);
                        next2!()
                    }

                    // ---- strings -----------------------------------------------------------------
                    Op::Concat { dst, src, count } => {
                        gc_point!();
                        let (ptr, len) =
                            string::concat(&mut cx, base.add(src.index()), count as usize);
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::StrFromRune { dst, src } => {
                        gc_point!();
                        let (ptr, len) = string::from_rune(&mut cx, int!(src));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::StrFromBytes { dst, src } => {
                        gc_point!();
                        let (ptr, len) = string::from_bytes(&mut cx, (r!(src), r!(src.plus(1))));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::StrFromRunes { dst, src } => {
                        gc_point!();
                        let (ptr, len) = string::from_runes(&mut cx, (r!(src), r!(src.plus(1))));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len;
                        next!()
                    }
                    Op::BytesFromStr { dst, src } => {
                        gc_point!();
                        let (ptr, len_cap) = string::to_bytes(&mut cx, string::str_at(base, src));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next!()
                    }
                    Op::RunesFromStr { dst, src } => {
                        gc_point!();
                        let (ptr, len_cap) = string::to_runes(&mut cx, string::str_at(base, src));
                        r!(dst) = ptr;
                        r!(dst.plus(1)) = len_cap;
                        next!()
                    }
                    Op::DecodeRune { dst, str, index } => {
                        let at = r!(index) as usize;
                        let text = string::str_at(base, str);
                        let first = *text.get_unchecked(at);
                        let (rune, width) = if first < 0x80 {
                            (u32::from(first), 1)
                        } else {
                            string::decode_rune(&text[at..])
                        };
                        r!(dst) = u64::from(rune);
                        r!(dst.plus(1)) = (at + width) as u64;
                        next!()
                    }

                    // ---- interfaces --------------------------------------------------------------
                    Op::MakeIface { dst, src } => {
                        let data = r!(src);
                        r!(dst) = u64::from(extra!());
                        r!(dst.plus(1)) = data;
                        next2!()
                    }
                    Op::BoxIface { dst, src } => {
                        gc_point!();
                        let ty = extra!();
                        let data = iface::box_words(&mut cx, ty, base.add(src.index()));
                        r!(dst) = u64::from(ty);
                        r!(dst.plus(1)) = data;
                        next2!()
                    }
                    Op::BoxIfaceMem { dst, src } => {
                        gc_point!();
                        let ty = extra!();
                        let data = iface::box_memory(&mut cx, ty, mem!(src, 0));
                        r!(dst) = u64::from(ty);
                        r!(dst.plus(1)) = data;
                        next2!()
                    }
                    Op::IsType { dst, iface } => {
                        r!(dst) = u64::from(r!(iface) == u64::from(extra!()));
                        next2!()
                    }
                    Op::AssertType { iface } => {
                        if r!(iface) != u64::from(extra!()) {
                            stop!(iface::assertion_error(vm, pc, r!(iface) as u32).into());
                        }
                        pc = pc.add(3);
                        continue;
                    }
                    Op::Implements { dst, iface } => {
                        r!(dst) = u64::from(iface::implements(vm, r!(iface) as u32, extra!()));
                        next2!()
                    }
                    Op::AssertIface { iface } => {
                        if !iface::implements(vm, r!(iface) as u32, extra!()) {
                            stop!(iface::assertion_error(vm, pc, r!(iface) as u32).into());
                        }
                        pc = pc.add(3);
                        continue;
                    }
                    Op::IfaceData { dst, iface } => set!(dst, r!(iface.plus(1))),
                    Op::IfaceIsNil { dst, iface } => set!(dst, u64::from(r!(iface) == 0)),

                    // ---- maps --------------------------------------------------------------------
                    Op::MakeMap { dst, hint } => {
                        gc_point!();
                        r!(dst) = check!(table::make(&mut cx, extra!(), int!(hint)));
                        next2!()
                    }
                    Op::MapGet {
                        count,
                        dst,
                        map,
                        key,
                    } => {
                        let slot = check!(table::get(&mut cx, r!(map), base.add(key.index())));
                        table::read_slot(slot, base.add(dst.index()), count as usize);
                        next!()
                    }
                    Op::MapGetOk {
                        count,
                        dst,
                        map,
                        key,
                    } => {
                        let ok = extra_reg!();
                        let slot = check!(table::get(&mut cx, r!(map), base.add(key.index())));
                        table::read_slot(slot, base.add(dst.index()), count as usize);
                        r!(ok) = u64::from(!slot.is_null());
                        next2!()
                    }
                    Op::MapSet { map, key, val } => {
                        gc_point!();
                        check!(table::set(
                            &mut cx,
                            r!(map),
                            base.add(key.index()),
                            base.add(val.index())
                        ));
                        next!()
                    }
                    Op::MapSlot { dst, map, key } => {
                        gc_point!();
                        let slot = check!(table::slot(&mut cx, r!(map), base.add(key.index())));
                        set!(dst, slot as u64)
                    }
                    Op::MapDelete { map, key } => {
                        check!(table::delete(&mut cx, r!(map), base.add(key.index())));
                        next!()
                    }
                    Op::MapLen { dst, map } => set!(dst, table::len(r!(map))),
                    Op::MapClear { map } => {
                        check!(table::clear(&mut cx, r!(map)));
                        next!()
                    }
                    Op::MapIter { dst, map } => {
                        gc_point!();
                        set!(dst, check!(table::iter(&mut cx, r!(map))))
                    }
                    Op::MapNext { iter, to } => {
                        let more = check!(table::next(&mut cx, r!(iter)));
                        jump!(!more, to)
                    }
                    Op::MapKey { dst, iter } => {
                        table::key(vm, r!(iter), base.add(dst.index()));
                        next!()
                    }
                    Op::MapValue { dst, iter } => {
                        table::value(vm, r!(iter), base.add(dst.index()));
                        next!()
                    }

                    // ---- channels and goroutines -------------------------------------------------
                    Op::MakeChan { dst, size } => {
                        gc_point!();
                        r!(dst) = check!(conc::make_chan(&mut cx, extra!(), int!(size), pc));
                        next2!()
                    }
                    Op::Send { chan, val } => {
                        let after = pc.add(1);
                        save!(after);
                        conc!(conc::send(&mut cx, r!(chan), base.add(val.index())), after)
                    }
                    Op::Recv { dst, chan } => {
                        let after = pc.add(1);
                        save!(after);
                        conc!(
                            conc::recv(&mut cx, r!(chan), base.add(dst.index()), None),
                            after
                        )
                    }
                    Op::RecvOk { dst, chan, ok } => {
                        let after = pc.add(1);
                        save!(after);
                        conc!(
                            conc::recv(
                                &mut cx,
                                r!(chan),
                                base.add(dst.index()),
                                Some(base.add(ok.index()))
                            ),
                            after
                        )
                    }
                    Op::CloseChan { chan } => {
                        check!(conc::close(&mut cx, r!(chan)));
                        next!()
                    }
                    Op::ChanLen { dst, chan } => set!(dst, conc::chan_len(r!(chan))),
                    Op::ChanCap { dst, chan } => set!(dst, conc::chan_cap(r!(chan))),
                    Op::Select {
                        has_default,
                        dst,
                        count,
                    } => {
                        let after = pc.add(1 + count as usize);
                        save!(after);
                        conc!(
                            conc::select(
                                &mut cx,
                                base,
                                pc.add(1),
                                count as usize,
                                has_default != 0,
                                base.add(dst.index())
                            ),
                            after
                        )
                    }
                    Op::SelectSend { .. } | Op::SelectRecv { .. } => {
                        trap!(Trap::Unreachable)
                    }
                    Op::Go { func } => {
                        gc_point!();
                        save!(pc);
                        let window = conc::window(vm, pc);
                        conc::go(&mut cx, func, base.add(window));
                        next!()
                    }
                    Op::GoClosure { closure, count } => {
                        gc_point!();
                        save!(pc);
                        let window = conc::window(vm, pc);
                        check!(conc::go_closure(
                            &mut cx,
                            r!(closure),
                            base.add(window),
                            count as usize
                        ));
                        next!()
                    }

                    // ---- calls -------------------------------------------------------------------
                    Op::Call { window, func } => enter!(funcs.add(func.index()), window, 0),
                    Op::CallClosure { closure, window } => {
                        let object = r!(closure);
                        if object == 0 {
                            trap!(Trap::NilDereference);
                        }
                        let callee = funcs.add(*(object as *const u64) as usize);
                        enter!(callee, window, object)
                    }
                    Op::CallIface {
                        iface,
                        window,
                        selector,
                    } => {
                        let ty = r!(iface) as u32;
                        if ty == 0 {
                            trap!(Trap::NilDereference);
                        }
                        let Some(func) = image.method(selector.0, ty) else {
                            trap!(Trap::NoMethod);
                        };
                        *base.add(window as usize) = r!(iface.plus(1));
                        enter!(funcs.add(func as usize), window, 0)
                    }
                    Op::CallNative { window, native } => {
                        gc_point!();
                        let native = *image.natives.get_unchecked(native.index());
                        let after = pc.add(1);
                        save!(after);
                        let mut native_call = Call {
                            vm,
                            m: &mut *cx.m,
                            g,
                            window: base.add(window as usize),
                            params: native.params as usize,
                            results: native.results as usize,
                        };
                        match (native.run)(&mut native_call) {
                            Outcome::Done => {
                                pc = after;
                                continue;
                            }
                            Outcome::Parked => return Exit::Parked,
                            Outcome::Yield => return Exit::Yielded,
                            Outcome::Exit(status) => return Exit::Exit(status),
                            Outcome::Panic(error) => {
                                stop!(Box::new(Stop::Error(error)))
                            }
                            Outcome::PanicValue(value) => {
                                stop!(Box::new(Stop::Value(value)))
                            }
                            Outcome::Fatal(text) => stop!(Box::new(Stop::Fatal(text))),
                            Outcome::Goexit => trap!(Trap::Goexit),
                        }
                    }
                    Op::Return0 {} => leave!(),
                    Op::Return1 { src } => {
                        *base = r!(src);
                        leave!()
                    }
                    Op::Return { src, count } => {
                        std::ptr::copy(base.add(src.index()), base, count as usize);
                        leave!()
                    }
                    Op::MakeClosure { dst, func } => {
                        gc_point!();
                        let info = image.program.funcs.get_unchecked(func.index());
                        let bytes = 8 * (1 + info.captures.len());
                        let object = check!(object(&mut cx, info.closure_shape, bytes));
                        word::store(object, u64::from(func.0));
                        set!(dst, object as u64)
                    }
                    Op::Defer { closure } => {
                        save!(pc);
                        unwind::push_defer(&mut cx, r!(closure));
                        next!()
                    }
                    Op::DeferList { list } => {
                        save!(pc);
                        unwind::push_defer_list(&mut cx, r!(list));
                        next!()
                    }
                    Op::RunDefers { .. } => trap!(Trap::RunDefers),
                    Op::Recover { dst } => {
                        save!(pc);
                        let value = unwind::recover(&mut cx);
                        r!(dst) = u64::from(value.ty.0);
                        r!(dst.plus(1)) = value.data;
                        next!()
                    }
                    Op::Panic { value } => {
                        stop!(Box::new(Stop::Value(iface::at(base, value))))
                    }
                    Op::Extra { reg, .. } | Op::Extra2 { reg, .. } => {
                        if reg == MARKER_EXIT {
                            save!(pc);
                            return Exit::Ended;
                        }
                        trap!(Trap::Marker);
                    }
                    Op::Unreachable {} => {
                        trap!(Trap::Unreachable)
                    }
                }
            }
            save!(pc);
            match trapped(&mut cx) {
                Next::Go { pc: p, base: b } => {
                    pc = p;
                    base = b;
                }
                Next::Leave(exit) => return exit,
            }
        }
    }
}

/// A zeroed object.
#[inline(always)]
pub(crate) fn object(cx: &mut Ctx<'_>, shape: ShapeId, bytes: usize) -> OpResult<*mut u64> {
    match cx.vm.alloc(cx.m, shape, bytes) {
        Some(object) => Ok(object),
        None => no_room(),
    }
}

#[cold]
fn no_room<T>() -> OpResult<T> {
    Err(Box::new(Stop::Memory))
}

/// Ends the goroutine from its saved state as `runtime.Goexit` does.
///
/// # Safety
/// As for [`run`].
pub(crate) unsafe fn goexit(vm: &Vm, m: &mut Machine, g: &Goroutine) -> Exit {
    let mut cx = Ctx {
        vm,
        m,
        g,
        trap: Trap::Goexit,
        stopped: None,
    };
    match unwind::goexit(&mut cx) {
        Next::Leave(exit) => exit,
        Next::Go { pc, base } => {
            g.set_pc(pc);
            g.set_base(base);
            // SAFETY: by the function's contract.
            unsafe { run(vm, cx.m, g) }
        }
    }
}

/// What is rare: errors, collections, safepoints, growing the stack, deferred calls. pc and base are saved.
///
/// # Safety
/// As for [`run`]; the trap was raised by the op at the saved pc.
#[cold]
#[inline(never)]
unsafe fn trapped(cx: &mut Ctx<'_>) -> Next {
    let here = |cx: &Ctx<'_>| Next::Go {
        pc: cx.g.pc(),
        base: cx.g.base(),
    };
    let pc = cx.g.pc();
    let stop = match cx.trap {
        Trap::NilDereference => Stop::Error(RuntimeError::nil_dereference()),
        Trap::Divide => Stop::Error(RuntimeError::divide()),
        Trap::Shift => Stop::Error(RuntimeError::new("negative shift amount")),
        // SAFETY: by the function's contract.
        Trap::Index => Stop::Error(unsafe { index_error(cx.vm, pc, cx.g.base()) }),
        Trap::Stop => match cx.stopped.take() {
            Some(stop) if matches!(*stop, Stop::Memory) => {
                cx.vm.make_room(cx.m);
                return here(cx);
            }
            Some(stop) => *stop,
            None => cx.vm.internal_error("an op stopped without a reason", pc),
        },
        Trap::Collect => {
            cx.vm.collect(cx.m);
            return here(cx);
        }
        Trap::Safepoint => {
            return if cx.m.back_edge(cx.g) == Safepoint::Yield {
                Next::Leave(Exit::Preempted)
            } else {
                here(cx)
            };
        }
        // SAFETY: by the function's contract.
        Trap::Enter => return unsafe { call::enter_callee(cx) },
        // SAFETY: by the function's contract.
        Trap::RunDefers => return unsafe { call::run_defers(cx) },
        Trap::Goexit => return unwind::goexit(cx),
        Trap::Marker => {
            return if pc == cx.vm.image().panic_return_pc {
                unwind::deferred_returned(cx)
            } else {
                unwind::text_returned(cx)
            };
        }
        Trap::NoMethod => cx
            .vm
            .internal_error("an interface value lacks a method", pc),
        Trap::Unreachable => cx
            .vm
            .internal_error("control reached an unreachable op", pc),
    };
    unwind::stop(cx, stop)
}

/// The error of the op at `pc`, whose index is out of range.
///
/// # Safety
/// `base` is the base of the frame that executes the op.
unsafe fn index_error(vm: &Vm, pc: *const Op, base: *const u64) -> RuntimeError {
    // SAFETY: by the function's contract.
    let op = unsafe { *pc };
    let mut index = 0;
    let mut len = 0;
    op.for_each_operand(|name, operand| {
        let Operand::Use(reg, _) = operand else {
            return;
        };
        // SAFETY: by the function's contract, and slices and strings have two registers.
        let word = |i: usize| unsafe { *base.add(reg.index() + i) };
        match name {
            "index" => index = word(0) as i64,
            "slice" => len = word(1) as u32 as usize,
            "str" => len = word(1) as usize,
            "len" => len = word(0) as usize,
            _ => {}
        }
    });
    let image = vm.image();
    let unsigned = image.func_at(pc).is_some_and(|func| {
        let at = (pc as usize - image.funcs[func.index()].code as usize) / size_of::<Op>();
        let list = &vm.program().funcs[func.index()].unsigned_indices;
        list.binary_search(&(at as u32)).is_ok()
    });
    if unsigned {
        return RuntimeError::new(format!(
            "index out of range [{}] with length {len}",
            index as u64
        ));
    }
    RuntimeError::index(index, len)
}
