//! Natives of `syscall`.

use crate::package::Natives;
use minigo_vm::native::{Call, Outcome};

pub(crate) const NATIVES: Natives = &[("errorText", error_text)];

/// `func errorText(n int) string`: the C library's text without the capital letter that begins it.
fn error_text(call: &mut Call<'_>) -> Outcome {
    let n = call.int(0);
    let text = match i32::try_from(n) {
        Ok(number @ 1..=133) => {
            let text = std::io::Error::from_raw_os_error(number).to_string();
            let text = text
                .rsplit_once(" (os error")
                .map_or(text.as_str(), |parts| parts.0);
            uncapitalized(text)
        }
        _ => format!("errno {n}"),
    };
    call.set_str(0, text.as_bytes());
    Outcome::Done
}

/// `RFS specific error` keeps its capitals.
fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if second.is_ascii_lowercase() => {
            let mut lower = String::from(first.to_ascii_lowercase());
            lower.push_str(&text[first.len_utf8()..]);
            lower
        }
        _ => text.to_owned(),
    }
}
