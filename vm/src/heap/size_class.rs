//! Size classes of small objects: multiples of 16 bytes, at most an eighth apart above 128, and chosen to divide a block almost
//! evenly where only few fit. Objects of more than 8 KiB share a *span* of several blocks, of which a single one would hold too few of
//! them to be divided well.

use super::arena::BLOCK_SIZE;

/// Objects above this size get blocks of their own.
pub(crate) const MAX_SMALL: usize = 32 << 10;
/// Objects above this size share a span of `WIDE_BLOCKS` blocks.
const MAX_IN_BLOCK: u32 = 8 << 10;
const WIDE_BLOCKS: usize = 4;
/// Of [`reciprocal`].
pub(crate) const RECIPROCAL_SHIFT: u32 = 34;

/// Slot size of each class. Class 0 stands for zero-size objects and never has a free slot.
pub(crate) static SIZES: [u32; CLASSES] = SIZE_TABLE;

const SIZE_TABLE: [u32; CLASSES] = [
    16, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352,
    384, 416, 448, 480, 512, 576, 640, 704, 768, 832, 896, 960, 1024, 1152, 1280, 1408, 1536, 1664,
    1792, 1920, 2048, 2304, 2560, 2816, 3072, 3328, 3584, 3840, 4096, 4368, 4672, 5040, 5456, 5952,
    6544, 7280, 8192, 9360, 10480, 10912, 12480, 13792, 14560, 16384, 18720, 20160, 21840, 23824,
    26208, 29120, 32768,
];

/// Number of size classes.
pub(crate) const CLASSES: usize = 71;

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

/// Blocks of a span of this class.
#[inline(always)]
pub(crate) fn span_blocks(class: usize) -> usize {
    if SIZES[class] > MAX_IN_BLOCK {
        WIDE_BLOCKS
    } else {
        1
    }
}

/// Bytes of a span of this class that have slots.
#[inline(always)]
pub(crate) fn span_limit(class: usize) -> usize {
    let size = SIZES[class] as usize;
    span_blocks(class) * BLOCK_SIZE / size * size
}

/// Factor that divides an offset in a span by `size`: `offset * reciprocal(size) >> RECIPROCAL_SHIFT`.
///
/// Exact for offsets below 256 KiB: the factor exceeds `2^34 / size` by less than 1, so the product
/// exceeds the true quotient by less than `2^18 / 2^34`, which is less than `1 / size`.
pub(crate) const fn reciprocal(size: u32) -> u32 {
    (1u64 << RECIPROCAL_SHIFT).div_ceil(size as u64) as u32
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
            let class = class_of(size as usize);
            for offset in 0..(span_blocks(class) * BLOCK_SIZE) as u64 {
                let slot = (offset * u64::from(reciprocal(size))) >> RECIPROCAL_SHIFT;
                assert_eq!(slot, offset / u64::from(size));
            }
        }
    }
}
