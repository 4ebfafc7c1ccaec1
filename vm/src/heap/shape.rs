//! Shapes as the collector uses them: which words of an object to follow.
//!
//! Program shapes that mean the same to the collector (all scalar ones, for instance) share one
//! *plan*, and so share blocks.

use minigo_bytecode::program::{Shape, WordKind};

/// Index of a plan: the row of a `LocalHeap`'s table, and what a block's entry names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PlanId(pub(crate) u32);

/// Where the pointers of an object are.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Plan {
    /// Nowhere.
    Scalar,
    /// Every word is one.
    Pointers,
    /// Only the first word is one.
    First,
    /// `period` words, repeated: pointers at `pointers`, the type words of interfaces at
    /// `interfaces` (their data words follow).
    Words {
        period: u32,
        pointers: Box<[u32]>,
        interfaces: Box<[u32]>,
    },
}

impl Plan {
    /// The plan of a program's shape, in its shortest form.
    pub(crate) fn of(shape: &Shape) -> Plan {
        let mut kinds: Vec<WordKind> = shape.kinds.clone();
        for kind in &mut kinds {
            if *kind == WordKind::Float {
                *kind = WordKind::Int;
            }
        }
        if kinds.iter().all(|&kind| kind == WordKind::Int) {
            return Plan::Scalar;
        }
        if kinds.iter().all(|&kind| kind == WordKind::Ptr) {
            return Plan::Pointers;
        }
        let length = kinds.len();
        let period = (1..=length)
            .find(|&p| length.is_multiple_of(p) && (p..length).all(|i| kinds[i] == kinds[i - p]))
            .unwrap_or(length);
        let at = |wanted: WordKind| -> Box<[u32]> {
            (0..period)
                .filter(|&i| kinds[i] == wanted)
                .map(|i| i as u32)
                .collect()
        };
        let interfaces = at(WordKind::Type);
        for &i in &interfaces {
            assert!(
                kinds.get(i as usize + 1) == Some(&WordKind::Data),
                "internal error: a shape has a type word without data word"
            );
        }
        Plan::Words {
            period: period as u32,
            pointers: at(WordKind::Ptr),
            interfaces,
        }
    }
}

/// All plans, each once, and which one each shape uses.
#[derive(Debug)]
pub(crate) struct Plans {
    plans: Vec<Plan>,
    of_shape: Vec<PlanId>,
}

impl Plans {
    /// The scalar plan, which always exists.
    pub(crate) const SCALAR: PlanId = PlanId(0);

    /// Plans for a program's shapes.
    pub(crate) fn new(shapes: &[Shape]) -> Plans {
        let mut plans = Plans {
            plans: vec![Plan::Scalar],
            of_shape: Vec::new(),
        };
        for shape in shapes {
            plans.add(Plan::of(shape));
        }
        plans
    }

    /// Adds a shape with this plan; returns the shape's index.
    pub(crate) fn add(&mut self, plan: Plan) -> usize {
        let id = match self.plans.iter().position(|known| *known == plan) {
            Some(id) => id,
            None => {
                self.plans.push(plan);
                self.plans.len() - 1
            }
        };
        self.of_shape.push(PlanId(id as u32));
        self.of_shape.len() - 1
    }

    /// Makes room for shapes that a program adds later, scalar for now.
    pub(crate) fn reserve(&mut self, shapes: usize) {
        let len = self.of_shape.len().max(shapes);
        self.of_shape.resize(len, Plans::SCALAR);
    }

    /// Says what a shape for which there is room is.
    pub(crate) fn set(&mut self, shape: usize, plan: Plan) {
        let last = self.add(plan);
        if let Some(id) = self.of_shape.pop() {
            debug_assert!(shape < last);
            self.of_shape[shape] = id;
        }
    }

    /// Number of distinct plans.
    pub(crate) fn len(&self) -> usize {
        self.plans.len()
    }

    #[inline(always)]
    pub(crate) fn of_shape(&self, shape: usize) -> PlanId {
        self.of_shape[shape]
    }

    #[inline(always)]
    pub(crate) fn get(&self, id: PlanId) -> &Plan {
        &self.plans[id.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use WordKind::{Data, Float, Int, Ptr, Type};

    fn check(kinds: &[WordKind], expected: Plan) {
        assert_eq!(
            Plan::of(&Shape {
                kinds: kinds.to_vec()
            }),
            expected
        );
    }

    #[test]
    fn shapes_become_the_shortest_plan() {
        check(&[Int], Plan::Scalar);
        check(&[Float, Int], Plan::Scalar);
        check(&[Ptr, Ptr], Plan::Pointers);
        let words = |period, pointers: &[u32], interfaces: &[u32]| Plan::Words {
            period,
            pointers: pointers.into(),
            interfaces: interfaces.into(),
        };
        check(&[Ptr, Int, Ptr, Float], words(2, &[0], &[]));
        check(&[Type, Data], words(2, &[], &[0]));
        check(&[Int, Ptr, Type, Data], words(4, &[1], &[2]));
    }
}
