//! Natives of `bufio`.

use crate::package::Natives;
use crate::unicode::{is_space, utf8};
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("indexByte", index_byte), ("word", word)];

/// Bytes that are copied and searched at a time, so that a token near the beginning of a long buffer is found soon.
const STEP: usize = 512;

fn index_byte(call: &mut Call<'_>) -> Outcome {
    let (len, c) = (call.slice_len(0), call.int(2) as u8);
    let mut found = None;
    let mut at = 0;
    let mut buffer = [0; STEP];
    // Lines are mostly short, so the first look is at little.
    let mut step = STEP / 4;
    while at < len && found.is_none() {
        let end = len.min(at + step);
        let part = &mut buffer[..end - at];
        call.read_bytes(0, at, part);
        found = memchr::memchr(c, part).map(|i| at + i);
        at = end;
        step = STEP;
    }
    call.set_int(0, found.map_or(-1, |i| i as i64));
    Outcome::Done
}

fn word(call: &mut Call<'_>) -> Outcome {
    let len = call.slice_len(0);
    let mut size = STEP;
    // A look at the beginning is enough unless the word reaches its end.
    let result = loop {
        let end = len.min(size);
        let found = first_word(&call.bytes_part(0, 0, end));
        if end == len || found.1 + 4 < end {
            break found;
        }
        size *= 8;
    };
    call.set_int(0, result.0 as i64);
    call.set_int(1, result.1 as i64);
    call.set_int(2, result.2 as i64);
    Outcome::Done
}

/// Where the first word begins and ends, and what is behind the space that ends it.
fn first_word(data: &[u8]) -> (usize, usize, usize) {
    let mut runes = utf8::runes(data).skip_while(|&(_, r, _)| is_space(r));
    let Some((start, _, _)) = runes.next() else {
        return (data.len(), data.len(), data.len());
    };
    match runes.find(|&(_, r, _)| is_space(r)) {
        Some((end, _, width)) => (start, end, end + width),
        None => (start, data.len(), data.len()),
    }
}
