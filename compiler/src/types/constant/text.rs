//! Constant strings.

use std::cell::OnceCell;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

/// Shorter concatenations are put together at once.
const LARGE: usize = 1 << 16;

/// A constant string. A large concatenation keeps its two halves until somebody asks for the bytes, so that a program of a few lines
/// that doubles a string again and again takes memory only for what it uses.
#[derive(Clone, Debug)]
pub struct ConstString(Rc<Text>);

#[derive(Debug)]
struct Text {
    len: usize,
    bytes: OnceCell<Box<[u8]>>,
    halves: Option<(ConstString, ConstString)>,
}

impl ConstString {
    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The concatenation of both.
    pub fn concat(&self, other: &ConstString) -> ConstString {
        let len = self.len() + other.len();
        if len < LARGE {
            return [&**self, &**other].concat().into();
        }
        ConstString(Rc::new(Text {
            len,
            bytes: OnceCell::new(),
            halves: Some((self.clone(), other.clone())),
        }))
    }

    fn put_together(&self) -> Box<[u8]> {
        let mut bytes = Vec::with_capacity(self.len());
        let mut left = vec![self];
        while let Some(part) = left.pop() {
            match (part.0.bytes.get(), &part.0.halves) {
                (None, Some((first, second))) => left.extend([second, first]),
                (known, _) => bytes.extend_from_slice(known.map_or(&[], |known| known)),
            }
        }
        bytes.into()
    }
}

impl Deref for ConstString {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0.bytes.get_or_init(|| self.put_together())
    }
}

impl<B: Into<Box<[u8]>>> From<B> for ConstString {
    fn from(bytes: B) -> ConstString {
        let bytes = bytes.into();
        ConstString(Rc::new(Text {
            len: bytes.len(),
            bytes: bytes.into(),
            halves: None,
        }))
    }
}

impl PartialEq for ConstString {
    fn eq(&self, other: &ConstString) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || (self.len() == other.len() && **self == **other)
    }
}

impl Eq for ConstString {}

impl Hash for ConstString {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::ConstString;

    #[test]
    fn halves_give_what_joining_at_once_gives() {
        let a = ConstString::from(vec![b'a'; 40_000]);
        let b = ConstString::from(vec![b'b'; 40_000]);
        let joined = a.concat(&b).concat(&ConstString::from(*b"c"));
        let expected = [&*a, &*b, b"c"].concat();
        assert_eq!(joined.len(), 80_001);
        assert_eq!(*joined, *expected);
        assert_eq!(joined, ConstString::from(expected));
    }

    #[test]
    fn doubling_takes_no_memory_until_the_bytes_are_asked_for() {
        let mut text = ConstString::from(vec![b'x'; 1 << 17]);
        for _ in 0..40 {
            text = text.concat(&text.clone());
        }
        assert_eq!(text.len(), 1 << 57);
    }
}
