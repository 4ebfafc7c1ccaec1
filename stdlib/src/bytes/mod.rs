//! Natives of `bytes`.

use crate::package::Natives;
use crate::strings::search;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("fields", fields)];

/// `func fields(s []byte) []int`
fn fields(call: &mut Call<'_>) -> Outcome {
    let bounds: Vec<u64> = search::fields(&call.bytes(0))
        .into_iter()
        .flat_map(|(start, end)| [start as u64, end as u64])
        .collect();
    call.set_words(0, &bounds);
    Outcome::Done
}
