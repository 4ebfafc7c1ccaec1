//! Reading directories.

use super::{file, number};
use minigo_vm::native::{Call, Outcome};
use rustix::fs::{Dir, FileType};
use rustix::io::Errno;

/// `func readDirectory(fd int) (names []string, types []int, errno int)`: what is in it but "." and "..", and the bits of
/// syscall.Stat_t's Mode that say what kind of file each is, -1 where the directory does not know.
pub(super) fn read(call: &mut Call<'_>) -> Outcome {
    let result = match file(call) {
        Ok(file) => call.block(|| entries(Dir::read_from(&file)?)),
        Err(e) => Err(e),
    };
    let (names, types) = match &result {
        Ok(list) => list
            .iter()
            .map(|(name, kind)| (call.new_str(name), *kind as u64))
            .unzip(),
        Err(_) => (Vec::new(), Vec::new()),
    };
    call.set_strs(0, &names);
    call.set_words(2, &types);
    call.set_int(4, number(result));
    Outcome::Done
}

fn entries(mut dir: Dir) -> Result<Vec<(Vec<u8>, i64)>, Errno> {
    let mut list = Vec::new();
    while let Some(entry) = dir.read() {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if name != b"." && name != b".." {
            let kind = match entry.file_type() {
                FileType::Unknown => -1,
                known => i64::from(known.as_raw_mode()),
            };
            list.push((name.to_vec(), kind));
        }
    }
    Ok(list)
}
