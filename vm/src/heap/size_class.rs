//! Size classes of small objects: multiples of 16 bytes, dense where most objects are, at most
//! 25 % apart above, and chosen to divide a block almost evenly where only few fit.

/// Objects above this size get blocks of their own.
pub(crate) const MAX_SMALL: usize = 32 << 10;

/// Slot size of each class. Class 0 stands for zero-size objects and never has a free slot.
pub(crate) static SIZES: [u32; CLASSES] = SIZE_TABLE;

const SIZE_TABLE: [u32; CLASSES] = [
    16, 16, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768, 896,
    1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5456, 6544, 7280, 8192, 9360, 10912,
    13104, 16384, 21840, 32768,
];

/// Number of size classes.
pub(crate) const CLASSES: usize = 39;

/// Sizes up to this one are looked up in steps of 16 bytes, larger ones in steps of 128.
const FINE_LIMIT: usize = 1024;

static FINE: [u8; FINE_LIMIT / 16 + 1] = table(16);
static COARSE: [u8; MAX_SMALL / 128 + 1] = table(128);

const fn table<const N: usize>(step: usize) -> [u8; N] {
    let mut table = [0; N];
    let mut i = 1;
    let mut class = 1;
    while i < N {
        while (SIZE_TABLE[class] as usize) < i * step {
            class += 1;
        }
        table[i] = class as u8;
        i += 1;
    }
    table
}

/// The class of objects of `bytes` bytes, which is at most [`MAX_SMALL`].
#[inline(always)]
pub(crate) fn class_of(bytes: usize) -> usize {
    if bytes <= FINE_LIMIT {
        FINE[bytes.div_ceil(16)] as usize
    } else {
        COARSE[bytes.div_ceil(128)] as usize
    }
}

/// Factor that divides a block offset by `size`: `offset * reciprocal(size) >> 32`.
///
/// Exact for offsets below 64 KiB: the factor exceeds `2^32 / size` by less than 1, so the product
/// exceeds the true quotient by less than `2^16 / 2^32`, which is less than `1 / size`.
pub(crate) const fn reciprocal(size: u32) -> u32 {
    ((1u64 << 32).div_ceil(size as u64)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_fits_its_class_and_no_smaller_one() {
        assert_eq!(class_of(0), 0);
        for bytes in 1..=MAX_SMALL {
            let class = class_of(bytes);
            assert!(class >= 1 && SIZES[class] as usize >= bytes, "{bytes}");
            // Steps of 128 bytes may skip a class that would just have fitted.
            let rounded = if bytes <= FINE_LIMIT {
                bytes
            } else {
                bytes.next_multiple_of(128)
            };
            assert!(
                class == 1 || (SIZES[class - 1] as usize) < rounded,
                "{bytes}"
            );
        }
    }

    #[test]
    fn reciprocals_divide_exactly() {
        for &size in &SIZES {
            assert_eq!(size % 16, 0);
            for offset in 0..65536u64 {
                let slot = (offset * u64::from(reciprocal(size))) >> 32;
                assert_eq!(slot, offset / u64::from(size));
            }
        }
    }
}
