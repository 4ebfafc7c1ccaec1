//! Slices: how `append` grows them. `cap` is visible to programs, so the rule is Go's to the last
//! bit, its allocator's size classes included, although our allocator has other ones.

/// Go 1.27's size classes for small objects.
const GO_CLASSES: [u16; 68] = [
    0, 8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320,
    352, 384, 416, 448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792,
    2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728,
    10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672,
    32768,
];

/// Objects with pointers above this size carry a header of [`GO_HEADER`] bytes in Go.
const GO_HEADER_ABOVE: u64 = 512;
const GO_HEADER: u64 = 8;
const GO_PAGE: u64 = 8192;
/// Go's largest allocation.
const GO_MAX_ALLOC: u64 = 1 << 48;

/// Length and capacity are 32 bits wide.
pub const MAX_LEN: u64 = u32::MAX as u64;

/// Packs a slice's length and capacity into its second word.
#[inline(always)]
pub fn pack(len: u64, cap: u64) -> u64 {
    len | cap << 32
}

/// Length of a slice, from its second word.
#[inline(always)]
pub fn len(word: u64) -> u64 {
    word & MAX_LEN
}

/// Capacity of a slice, from its second word.
#[inline(always)]
pub fn cap(word: u64) -> u64 {
    word >> 32
}

/// Bytes that Go allocates for an object of `size` bytes; `scalar` if it holds no pointers.
pub fn go_round_up(size: u64, scalar: bool) -> u64 {
    if size <= 32768 - GO_HEADER {
        let header = if !scalar && size > GO_HEADER_ABOVE {
            GO_HEADER
        } else {
            0
        };
        let class = GO_CLASSES.partition_point(|&class| u64::from(class) < size + header);
        return u64::from(GO_CLASSES[class]) - header;
    }
    size.checked_next_multiple_of(GO_PAGE).unwrap_or(size)
}

/// The capacity that `append` gives a slice of capacity `old_cap` which must hold `new_len` elements
/// of `go_elem_size` bytes (the size Go gives the type); `scalar` if they hold no pointers.
/// `None`: Go's panic `growslice: len out of range`, or beyond what a slice can hold here.
pub fn grown_cap(old_cap: u64, new_len: u64, go_elem_size: u64, scalar: bool) -> Option<u64> {
    if new_len > MAX_LEN {
        return None;
    }
    if go_elem_size == 0 {
        return Some(new_len);
    }
    let wanted = next_cap(old_cap, new_len);
    let bytes = go_round_up(wanted.checked_mul(go_elem_size)?, scalar);
    if bytes > GO_MAX_ALLOC {
        return None;
    }
    let cap = bytes / go_elem_size;
    // A larger capacity than ours can be is cut; the length still fits.
    Some(cap.min(MAX_LEN))
}

fn next_cap(old_cap: u64, new_len: u64) -> u64 {
    const THRESHOLD: u64 = 256;
    if new_len > old_cap * 2 {
        return new_len;
    }
    if old_cap < THRESHOLD {
        return old_cap * 2;
    }
    // From doubling small slices to a quarter more for large ones, smoothly.
    let mut cap = old_cap;
    loop {
        cap += (cap + 3 * THRESHOLD) / 4;
        if cap >= new_len {
            return cap;
        }
    }
}

/// The capacity of `[]byte(s)`.
pub fn bytes_cap(len: u64) -> u64 {
    go_round_up(len, true).min(MAX_LEN)
}

/// The capacity of `[]rune(s)`.
pub fn runes_cap(len: u64) -> u64 {
    (go_round_up(len.saturating_mul(4), true) / 4).min(MAX_LEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(go_elem_size: u64, scalar: bool, expected: &[u64]) {
        let (mut cap, mut caps) = (0, Vec::new());
        let mut len = 0;
        while caps.len() < expected.len() {
            len += 1;
            if len > cap {
                cap = grown_cap(cap, len, go_elem_size, scalar).expect("small");
                caps.push(cap);
            }
        }
        assert_eq!(caps, expected);
    }

    #[test]
    fn capacities_are_those_of_go() {
        // What Go 1.27 prints for `s = append(s, x)` in a loop, if `s` escapes.
        check(
            8,
            true,
            &[
                1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 848, 1280, 1792, 2560, 3408, 5120,
            ],
        );
        check(
            4,
            true,
            &[
                2, 4, 8, 16, 32, 64, 128, 256, 512, 864, 1344, 2048, 3072, 4096, 5440,
            ],
        );
        check(
            1,
            true,
            &[
                8, 16, 32, 64, 128, 256, 512, 896, 1408, 2048, 3072, 4096, 5376, 6912,
            ],
        );
        check(
            16,
            false,
            &[
                1, 2, 4, 8, 16, 32, 71, 143, 303, 591, 1023, 1535, 2560, 3584,
            ],
        );
        check(
            24,
            false,
            &[1, 2, 4, 8, 16, 37, 74, 170, 341, 682, 1135, 1706],
        );
    }

    #[test]
    fn growth_fails_where_lengths_end() {
        assert_eq!(grown_cap(0, MAX_LEN + 1, 1, true), None);
        assert_eq!(grown_cap(10, 11, 0, true), Some(11));
        assert_eq!(grown_cap(MAX_LEN, MAX_LEN, 1, true), Some(MAX_LEN));
    }
}
