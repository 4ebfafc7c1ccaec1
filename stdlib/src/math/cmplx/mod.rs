//! Natives of `math/cmplx`.

use super::trigonometry::reduce_pi;
use crate::package::Natives;

pub(crate) const NATIVES: Natives = &[("reducePi", |call| super::one(call, reduce_pi))];
