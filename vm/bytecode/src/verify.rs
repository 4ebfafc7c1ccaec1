//! The verifier: what it accepts, the interpreter can run without checking again.
//!
//! It proves, for every function: operands lie in the frame, and registers hold the kind of word that the op wants; jumps stay
//! in the function, go the way their op says and never land inside an op; every index is in its table; calls pass the
//! kinds of words that the callee takes; pointer registers are zero or set before the first safepoint; nothing in the out area
//! has to survive a safepoint; control never runs off the end.
//!
//! It does not prove what only types could: that a field's offset lies in its object, that an element's width is its type's,
//! that a map op is given a map, that an interface's method takes what is passed. Those are code generation's duty.

use crate::op::{Op, Operand, OperandKind, Reg};
use crate::program::{FRAME_WORDS, Func, FuncId, Program, WordKind};
use std::fmt;

/// Why a program was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyError {
    /// Name of the function.
    pub func: String,
    /// Index of the op in it, if it is about one.
    pub pc: Option<usize>,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pc {
            Some(pc) => write!(f, "{} at {pc:04}: {}", self.func, self.reason),
            None => write!(f, "{}: {}", self.func, self.reason),
        }
    }
}

impl std::error::Error for VerifyError {}

/// Verifies a whole program.
pub fn verify(program: &Program) -> Result<(), VerifyError> {
    let whole = |reason: &str| VerifyError {
        func: "program".into(),
        pc: None,
        reason: reason.into(),
    };
    let entry = program
        .funcs
        .get(program.entry.index())
        .ok_or_else(|| whole("the entry function does not exist"))?;
    if !entry.params.is_empty() || !entry.results.is_empty() || entry.is_closure {
        return Err(whole("the entry function takes or gives something"));
    }
    if program.shapes.iter().any(|shape| shape.kinds.is_empty()) {
        return Err(whole("a shape without words"));
    }
    verify_from(program, 0)
}

/// Verifies the functions from `first` on of a program that has grown.
pub fn verify_from(program: &Program, first: usize) -> Result<(), VerifyError> {
    let funcs = &program.funcs[first..];
    let Some(func) = funcs.first() else {
        return Ok(());
    };
    let mut verifier = Verifier {
        program,
        func,
        starts: Vec::new(),
        targets: Vec::new(),
        open: Vec::new(),
        out: Vec::new(),
        generation: 1,
        any_from: 0,
        defs: Vec::new(),
    };
    for func in funcs {
        verifier.func = func;
        verifier.verify().map_err(|(pc, reason)| VerifyError {
            func: func.name.clone(),
            pc,
            reason,
        })?;
    }
    Ok(())
}

type Refusal = (Option<usize>, String);

/// What is known of a word of the out area.
#[derive(Clone, Copy)]
struct OutWord {
    generation: u32,
    /// None: a word of a kind that only types tell; it counts as whatever is asked for.
    kind: Option<WordKind>,
}

/// The state of verifying one function; the next one uses its vectors again.
struct Verifier<'a> {
    program: &'a Program,
    func: &'a Func,
    /// Where ops start.
    starts: Vec<bool>,
    /// Ops that a jump lands on.
    targets: Vec<bool>,
    /// Registers with pointers that nothing has set yet.
    open: Vec<bool>,
    /// Words of the out area; one counts if its generation is the current one.
    out: Vec<OutWord>,
    generation: u32,
    /// Generation in which everything in the out area counts, of any kind: after calls whose results are not known here.
    any_from: u32,
    /// Words of the out area that the op at hand writes, and their kinds if they are known.
    defs: Vec<(Reg, Option<WordKind>)>,
}

impl Verifier<'_> {
    fn verify(&mut self) -> Result<(), Refusal> {
        self.generation = 1;
        self.any_from = 0;
        self.check_header().map_err(|reason| (None, reason))?;
        self.check_shape_of_code()?;
        self.check_zeroing()?;
        let filler = OutWord {
            generation: 0,
            kind: None,
        };
        let out = (self.func.frame_size as usize).saturating_sub(self.window());
        self.out.clear();
        self.out.resize(out, filler);
        let mut pc = 0;
        while pc < self.func.code.len() {
            let op = self.func.code[pc];
            if self.targets[pc] {
                self.forget();
            }
            self.check_op(pc, &op)
                .map_err(|reason| (Some(pc), format!("{}: {reason}", op.mnemonic())))?;
            pc += 1 + op.extras();
        }
        Ok(())
    }

    fn window(&self) -> usize {
        self.func.registers.len() + FRAME_WORDS
    }

    fn forget(&mut self) {
        self.generation += 1;
    }

    fn check_header(&self) -> Result<(), String> {
        let func = self.func;
        let registers = &func.registers;
        if registers.get(..func.params.len()) != Some(&func.params[..]) {
            return Err("the first registers are not the parameters".into());
        }
        if func.is_closure && registers.get(func.params.len()) != Some(&WordKind::Ptr) {
            return Err("there is no register for the closure".into());
        }
        if (func.frame_size as usize)
            < self
                .window()
                .max(func.params.len() + 1)
                .max(func.results.len())
        {
            return Err("the frame is smaller than its registers".into());
        }
        if func.frame_size > u32::from(u16::MAX) {
            return Err("the frame is too large".into());
        }
        for (i, kind) in registers.iter().enumerate() {
            let paired = match kind {
                WordKind::Type => registers.get(i + 1) == Some(&WordKind::Data),
                WordKind::Data => i > 0 && registers[i - 1] == WordKind::Type,
                _ => true,
            };
            if !paired {
                return Err(format!("register {i} is half of an interface"));
            }
        }
        if func.closure_shape.index() >= self.program.shapes.len() {
            return Err("the closure's shape does not exist".into());
        }
        if func
            .recover_pc
            .is_some_and(|pc| pc as usize >= func.code.len())
        {
            return Err("the way out after a recovered panic lies outside the code".into());
        }
        Ok(())
    }

    /// Extras where they belong, jumps onto ops in the right direction, an end that control cannot run over.
    fn check_shape_of_code(&mut self) -> Result<(), Refusal> {
        let code = &self.func.code;
        let (starts, targets) = (&mut self.starts, &mut self.targets);
        for marks in [&mut *starts, &mut *targets] {
            marks.clear();
            marks.resize(code.len(), false);
        }
        let mut pc = 0;
        let mut ended = false;
        while pc < code.len() {
            starts[pc] = true;
            let op = &code[pc];
            if matches!(op, Op::Extra { .. } | Op::Extra2 { .. }) {
                return Err((Some(pc), "data without an op".into()));
            }
            let extras = op.extras();
            let first = extras < 1 || matches!(code.get(pc + 1), Some(Op::Extra { .. }));
            let second = extras < 2 || matches!(code.get(pc + 2), Some(Op::Extra2 { .. }));
            if !first || !second {
                return Err((Some(pc), format!("{} lacks its data", op.mnemonic())));
            }
            ended = op.is_terminator();
            pc += 1 + extras;
        }
        if !ended {
            return Err((Some(code.len()), "control runs off the end".into()));
        }
        for (pc, op) in code.iter().enumerate().filter(|&(pc, _)| starts[pc]) {
            if let Some(distance) = op.jump_distance() {
                let target = pc as i64 + i64::from(distance);
                let backward = op.is_back_edge();
                if backward && distance > 0 || !backward && distance <= 0 {
                    return Err((Some(pc), "a jump in the wrong direction".into()));
                }
                let ok = usize::try_from(target)
                    .ok()
                    .filter(|&t| starts.get(t) == Some(&true));
                targets[ok.ok_or_else(|| (Some(pc), format!("a jump to {target}")))?] = true;
            }
            match *op {
                Op::Switch { count, .. } => {
                    let table = pc + 2..pc + 2 + count as usize;
                    if table.end >= code.len()
                        || !code[table.clone()]
                            .iter()
                            .all(|op| matches!(op, Op::Jump { .. }))
                    {
                        return Err((Some(pc), "a switch without its jumps".into()));
                    }
                    targets[table.start..=table.end].fill(true);
                }
                Op::Select { count, .. } => {
                    let cases = pc + 1..pc + 1 + count as usize;
                    let all = cases.end < code.len()
                        && code[cases.clone()]
                            .iter()
                            .all(|op| matches!(op, Op::SelectSend { .. } | Op::SelectRecv { .. }));
                    if !all {
                        return Err((Some(pc), "a select without its cases".into()));
                    }
                    targets[cases.end] = true;
                }
                _ => {}
            }
        }
        if let Some(resume) = self.func.recover_pc {
            if !starts[resume as usize] {
                return Err((
                    Some(resume as usize),
                    "the way out after a recovered panic lands inside an op".into(),
                ));
            }
            targets[resume as usize] = true;
        }
        Ok(())
    }

    /// Registers that the collector looks at are zero or set before the first safepoint.
    fn check_zeroing(&mut self) -> Result<(), Refusal> {
        let func = self.func;
        let given = func.params.len() + usize::from(func.is_closure);
        let open = &mut self.open;
        open.clear();
        open.extend(func.registers.iter().enumerate().map(|(i, kind)| {
            i >= given && matches!(kind, WordKind::Ptr | WordKind::Type | WordKind::Data)
        }));
        let mut pc = 0;
        // A function that never comes to a safepoint may leave them as they are.
        let safepoints = func.code.iter().any(Op::is_safepoint);
        while safepoints && pc < func.code.len() {
            let op = &func.code[pc];
            if let Op::Zero { dst, count } = *op {
                for reg in dst.index()..(dst.index() + count as usize).min(open.len()) {
                    open[reg] = false;
                }
            } else if op.is_safepoint()
                || op.jump_distance().is_some()
                || op.is_terminator()
                || matches!(op, Op::Switch { .. })
                || self.targets[pc]
            {
                break;
            } else {
                op.for_each_operand(|_, operand| {
                    if let Operand::Def(reg, kind) = operand {
                        let width = match kind {
                            OperandKind::Str
                            | OperandKind::Slice
                            | OperandKind::Iface
                            | OperandKind::Pair => 2,
                            _ => 1,
                        };
                        for reg in reg.index()..(reg.index() + width).min(open.len()) {
                            open[reg] = false;
                        }
                    }
                });
            }
            pc += 1 + op.extras();
        }
        match open.iter().position(|&open| open) {
            Some(reg) if safepoints => Err((
                Some(pc),
                format!("register {reg} holds a pointer and is not set before a safepoint"),
            )),
            _ => Ok(()),
        }
    }

    fn check_op(&mut self, pc: usize, op: &Op) -> Result<(), String> {
        self.check_constants(pc, op)?;
        // A collection may come first: what the op reads must be where the collector finds it. Calls take over the out area.
        let call = matches!(
            op,
            Op::Call { .. }
                | Op::CallClosure { .. }
                | Op::CallIface { .. }
                | Op::CallNative { .. }
                | Op::Go { .. }
                | Op::GoClosure { .. }
        );
        let collects = op.is_safepoint() && !call;
        self.defs.clear();
        op.try_each_operand(|name, operand| match operand {
            Operand::Use(reg, kind) => {
                if collects
                    && reg.index() >= self.window()
                    && !matches!(op, Op::Panic { .. } | Op::Return { .. })
                {
                    return Err(format!("{name} lies in the out area at a safepoint"));
                }
                self.check_use(op, name, reg, kind)
            }
            Operand::Def(reg, _) if reg.index() >= self.window() && op.completed_by_waker() => Err(
                format!("{name} lies in the out area while the goroutine is parked"),
            ),
            Operand::Def(reg, kind) => self.check_def(op, name, reg, kind),
            index => self.check_index(name, index),
        })?;
        match *op {
            Op::LoopIncLtInt { i, .. } => self.check_use(op, "i", i, OperandKind::Int)?,
            Op::MoveN { dst, src, count } => {
                for i in 0..count as usize {
                    let kind = self.kind(src.plus(i))?;
                    match self.declared(dst.plus(i))? {
                        Some(_) if self.is_any(src.plus(i)) => {}
                        Some(_) => self.expect_def(dst.plus(i), kind)?,
                        None => {
                            let kind = (!self.is_any(src.plus(i))).then_some(kind);
                            self.defs.push((dst.plus(i), kind));
                        }
                    }
                }
            }
            Op::Zero { dst, count } => {
                for i in 0..count as usize {
                    // Zero is a word of every kind.
                    match self.declared(dst.plus(i))? {
                        Some(kind) => self.expect_def(dst.plus(i), kind)?,
                        None => self.define_any(dst.plus(i))?,
                    }
                }
            }
            Op::Return { src, count } => self.check_return(src, count as usize)?,
            Op::Return1 { src } => self.check_return(src, 1)?,
            Op::Return0 {} => self.check_return(Reg(0), 0)?,
            Op::DecodeRune { dst, .. } => {
                self.expect_def(dst, WordKind::Int)?;
                self.expect_def(dst.plus(1), WordKind::Int)?;
            }
            Op::DivComplex { dst, lhs, rhs } => {
                for i in 0..2 {
                    for (name, src) in [("lhs", lhs), ("rhs", rhs)] {
                        let part = src.plus(i);
                        self.check_use(op, name, part, OperandKind::Float)?;
                    }
                    self.expect_def(dst.plus(i), WordKind::Float)?;
                }
            }
            Op::LoadN { count, dst, .. }
            | Op::IndexN { count, dst, .. }
            | Op::MapGet { count, dst, .. }
            | Op::MapGetOk { count, dst, .. } => {
                for i in 0..count as usize {
                    self.define_any(dst.plus(i))?;
                }
            }
            Op::StoreN { count, src, .. } | Op::SetIndexN { count, src, .. } => {
                for i in 0..count as usize {
                    self.kind(src.plus(i))?;
                }
            }
            Op::Call { window, func } => {
                let callee = &self.program.funcs[func.index()];
                return self.check_call(window, &callee.params, &callee.results, callee.is_closure);
            }
            Op::CallNative { window, native } => {
                let callee = &self.program.natives[native.index()];
                return self.check_call(window, &callee.params, &callee.results, false);
            }
            Op::CallClosure { window, .. } | Op::CallIface { window, .. } => {
                self.check_window(window)?;
                self.forget();
                // Results of a kind that only types tell.
                self.any_from = self.generation;
                return Ok(());
            }
            Op::RunDefers { window } => self.check_window(window)?,
            Op::Go { func } => {
                let callee = &self.program.funcs[func.index()];
                if callee.is_closure {
                    return Err("a closure is started without its object".into());
                }
                let window = self.window() as u16;
                return self.check_call(window, &callee.params, &[], false);
            }
            Op::GoClosure { count, .. } => {
                self.in_frame(Reg((self.window() + count as usize) as u16))?;
                self.forget();
                return Ok(());
            }
            _ => {}
        }
        if op.is_safepoint() {
            self.forget();
        }
        for i in 0..self.defs.len() {
            let (reg, kind) = self.defs[i];
            self.define(reg, kind);
        }
        Ok(())
    }

    fn check_window(&self, window: u16) -> Result<(), String> {
        if window as usize != self.window() {
            return Err(format!(
                "the out area starts at {}, not {window}",
                self.window()
            ));
        }
        self.in_frame(Reg(window))
    }

    fn check_call(
        &mut self,
        window: u16,
        params: &[WordKind],
        results: &[WordKind],
        is_closure: bool,
    ) -> Result<(), String> {
        if is_closure {
            return Err("a closure is called without its object".into());
        }
        self.check_window(window)?;
        for (i, &want) in params.iter().enumerate() {
            let have = self
                .kind(Reg(window).plus(i))
                .map_err(|e| format!("argument word {i}: {e}"))?;
            if have != want && !self.is_any(Reg(window).plus(i)) {
                return Err(format!("argument word {i} is {have:?}, not {want:?}"));
            }
        }
        if !results.is_empty() {
            self.in_frame(Reg(window).plus(results.len() - 1))?;
        }
        self.forget();
        for (i, &kind) in results.iter().enumerate() {
            self.define(Reg(window).plus(i), Some(kind));
        }
        Ok(())
    }

    fn check_return(&self, src: Reg, count: usize) -> Result<(), String> {
        if count != self.func.results.len() {
            return Err(format!(
                "{count} result words, not {}",
                self.func.results.len()
            ));
        }
        for (i, &want) in self.func.results.iter().enumerate() {
            let have = self.kind(src.plus(i))?;
            if have != want && !self.is_any(src.plus(i)) {
                return Err(format!("result word {i} is {have:?}, not {want:?}"));
            }
        }
        Ok(())
    }

    fn in_frame(&self, reg: Reg) -> Result<(), String> {
        let index = reg.index();
        if index >= self.func.frame_size as usize {
            return Err(format!("r{index} lies outside the frame"));
        }
        if index >= self.func.registers.len() && index < self.window() {
            return Err(format!("r{index} is a word of the callee's frame"));
        }
        Ok(())
    }

    /// The kind a register is declared with; none in the out area.
    fn declared(&self, reg: Reg) -> Result<Option<WordKind>, String> {
        self.in_frame(reg)?;
        Ok(self.func.registers.get(reg.index()).copied())
    }

    fn is_any(&self, reg: Reg) -> bool {
        let Some(word) = reg
            .index()
            .checked_sub(self.window())
            .and_then(|i| self.out.get(i))
        else {
            return false;
        };
        if word.generation == self.generation {
            word.kind.is_none()
        } else {
            self.any_from == self.generation
        }
    }

    /// The kind of word that a register holds when read.
    fn kind(&self, reg: Reg) -> Result<WordKind, String> {
        if let Some(kind) = self.declared(reg)? {
            return Ok(kind);
        }
        let word = self.out[reg.index() - self.window()];
        if word.generation == self.generation || self.any_from == self.generation {
            return Ok(word.kind.unwrap_or(WordKind::Int));
        }
        Err(format!("r{} in the out area holds nothing", reg.index()))
    }

    fn matches(&self, reg: Reg, want: WordKind) -> Result<bool, String> {
        if let Some(&kind) = self.func.registers.get(reg.index()) {
            return Ok(kind == want);
        }
        Ok(self.kind(reg)? == want || self.is_any(reg))
    }

    fn check_use(&self, op: &Op, name: &str, reg: Reg, kind: OperandKind) -> Result<(), String> {
        use WordKind::{Data, Float, Int, Ptr, Type};
        let ok = match kind {
            OperandKind::Int => self.matches(reg, Int)?,
            OperandKind::Float => self.matches(reg, Float)?,
            OperandKind::Ptr => self.matches(reg, Ptr)?,
            OperandKind::Scalar => self.matches(reg, Int)? || self.matches(reg, Float)?,
            OperandKind::Str | OperandKind::Slice => {
                self.matches(reg, Ptr)? && self.matches(reg.plus(1), Int)?
            }
            OperandKind::Iface => self.matches(reg, Type)? && self.matches(reg.plus(1), Data)?,
            OperandKind::Word => {
                let have = self.kind(reg)?;
                // The data word of an interface moves alone only through IfaceData and as a callee's argument.
                matches!(op, Op::Return1 { .. }) || !matches!(have, Type | Data) || self.is_any(reg)
            }
            OperandKind::Pair => {
                self.kind(reg)?;
                self.kind(reg.plus(1))?;
                true
            }
            OperandKind::Words => {
                self.in_frame(reg)?;
                true
            }
        };
        if ok {
            Ok(())
        } else {
            Err(format!(
                "{name} (r{}) is {:?}, not {kind:?}",
                reg.index(),
                self.kind(reg)?
            ))
        }
    }

    fn check_def(
        &mut self,
        op: &Op,
        name: &str,
        reg: Reg,
        kind: OperandKind,
    ) -> Result<(), String> {
        use WordKind::{Data, Float, Int, Ptr, Type};
        if let (OperandKind::Scalar | OperandKind::Word | OperandKind::Pair, None) =
            (kind, self.declared(reg)?)
        {
            return self.check_out_def(op, name, reg, kind);
        }
        let (first, second) = match kind {
            OperandKind::Int => (Int, None),
            OperandKind::Float => (Float, None),
            OperandKind::Ptr => (Ptr, None),
            OperandKind::Str | OperandKind::Slice => (Ptr, Some(Int)),
            OperandKind::Iface => (Type, Some(Data)),
            OperandKind::Scalar => match self.declared(reg)? {
                Some(kind @ (Int | Float)) => (kind, None),
                None => (Int, None),
                Some(other) => {
                    return Err(format!(
                        "{name} (r{}) is {other:?}, not a scalar",
                        reg.index()
                    ));
                }
            },
            OperandKind::Word => {
                // Definitions come first in a declaration: look at the op's sources for the kind.
                let kind = match source(op, kind) {
                    Some(src) if self.is_any(src) => self.declared(reg)?.unwrap_or(Int),
                    Some(src) => self.kind(src)?,
                    None => self.declared(reg)?.unwrap_or(Ptr),
                };
                (kind, None)
            }
            OperandKind::Pair => {
                let declared = (self.declared(reg)?, self.declared(reg.plus(1))?);
                match source(op, kind) {
                    Some(src) if !self.is_any(src) => {
                        (self.kind(src)?, Some(self.kind(src.plus(1))?))
                    }
                    _ => (declared.0.unwrap_or(Ptr), declared.1.or(Some(Int))),
                }
            }
            OperandKind::Words => return self.in_frame(reg).map_err(|e| format!("{name}: {e}")),
        };
        self.expect_def(reg, first)
            .and_then(|()| second.map_or(Ok(()), |kind| self.expect_def(reg.plus(1), kind)))
            .map_err(|e| format!("{name}: {e}"))
    }

    /// Words of a kind that the op leaves open are written to the out area: of that of its source, if it has one and that is known.
    fn check_out_def(
        &mut self,
        op: &Op,
        name: &str,
        reg: Reg,
        kind: OperandKind,
    ) -> Result<(), String> {
        let source = source(op, kind);
        let words = if kind == OperandKind::Pair { 2 } else { 1 };
        for i in 0..words {
            self.in_frame(reg.plus(i))
                .map_err(|e| format!("{name}: {e}"))?;
            let have = match source {
                Some(src) if !self.is_any(src.plus(i)) => Some(self.kind(src.plus(i))?),
                _ => None,
            };
            self.defs.push((reg.plus(i), have));
        }
        Ok(())
    }

    /// A word of this kind is written to the register.
    fn expect_def(&mut self, reg: Reg, kind: WordKind) -> Result<(), String> {
        match self.declared(reg)? {
            Some(declared) if declared != kind => {
                Err(format!("r{} is {declared:?}, not {kind:?}", reg.index()))
            }
            Some(_) => Ok(()),
            None => {
                self.defs.push((reg, Some(kind)));
                Ok(())
            }
        }
    }

    /// Words of kinds that only types tell are written: in the out area they count as whatever is asked for.
    fn define_any(&mut self, reg: Reg) -> Result<(), String> {
        if self.declared(reg)?.is_none() {
            self.define(reg, None);
        }
        Ok(())
    }

    fn define(&mut self, reg: Reg, kind: Option<WordKind>) {
        if let Some(i) = reg.index().checked_sub(self.window()) {
            self.out[i] = OutWord {
                generation: self.generation,
                kind,
            };
        }
    }

    fn check_index(&self, name: &str, operand: Operand) -> Result<(), String> {
        let program = self.program;
        let fine = match operand {
            Operand::Const(id) => id.index() < program.words.len(),
            Operand::String(id) => id.index() < program.strings.len(),
            Operand::Func(id) => id.index() < program.funcs.len(),
            Operand::Native(id) => id.index() < program.natives.len(),
            Operand::Type(id) => id.index() < program.types.len(),
            Operand::Selector(id) => id.index() < program.selectors.len(),
            Operand::Use(..) | Operand::Def(..) | Operand::Imm(_) | Operand::Jump(_) => true,
        };
        match fine {
            true => Ok(()),
            false => Err(format!("{name} is in no table")),
        }
    }

    /// Constant operands, and what stands in the op's extras.
    fn check_constants(&self, pc: usize, op: &Op) -> Result<(), String> {
        let program = self.program;
        let global =
            |off: u32, words: usize| (off as usize + words <= program.globals.len()).then_some(());
        let fine = match *op {
            Op::LoadGlobal { off, .. }
            | Op::LoadGlobalPtr { off, .. }
            | Op::StoreGlobal { off, .. }
            | Op::StoreGlobalPtr { off, .. } => global(off, 1),
            Op::LoadGlobal2 { off, .. } | Op::StoreGlobal2 { off, .. } => {
                global(off, 2).filter(|()| off % 2 == 0)
            }
            Op::GlobalAddr { off, .. } => global(off, 0),
            Op::DivIntImm { imm: 0, .. } | Op::RemIntImm { imm: 0, .. } => None,
            Op::DivIntPow2 { shift, .. } | Op::RemIntPow2 { shift, .. } => {
                (1..63).contains(&shift).then_some(())
            }
            Op::ShlImm { imm, .. } | Op::ShrIntImm { imm, .. } | Op::ShrUintImm { imm, .. } => {
                (0..64).contains(&imm).then_some(())
            }
            Op::MakeClosure { func, .. } | Op::ConstFunc { func, .. } => {
                self.check_closure(op, func)
            }
            _ => Some(()),
        };
        if fine.is_none() {
            return Err("a constant operand is out of range".into());
        }
        // Extras that name types.
        let types = op.extra_types();
        for i in 1..=types {
            if let Op::Extra { index, .. } | Op::Extra2 { index, .. } = self.func.code[pc + i]
                && index as usize >= program.types.len()
            {
                return Err("an extra type is in no table".into());
            }
        }
        if op.has_extra_register()
            && let Some(Op::Extra { reg, .. }) = self.func.code.get(pc + 1)
        {
            let want = match op {
                Op::MapGetOk { .. } => WordKind::Int,
                _ => WordKind::Float,
            };
            if !self.matches(Reg(*reg), want)? {
                return Err(format!("the extra register is not {want:?}"));
            }
        }
        Ok(())
    }

    fn check_closure(&self, op: &Op, func: FuncId) -> Option<()> {
        let callee = self.program.funcs.get(func.index())?;
        (matches!(op, Op::MakeClosure { .. }) || callee.captures.is_empty()).then_some(())
    }
}

/// The register that the op reads a value of this kind from, if it reads one.
fn source(op: &Op, kind: OperandKind) -> Option<Reg> {
    let mut source = None;
    op.for_each_operand(|_, operand| match operand {
        Operand::Use(reg, used) if used == kind && source.is_none() => source = Some(reg),
        _ => {}
    });
    source
}
