//! xz, read only: for archives that people hand us.

use std::io::{self, Read};

use super::input::Input;

/// Memory of one block's decoder: `xz -9` needs 65 MiB.
const XZ_MEMORY_KIB_MAX: u32 = 128 << 10;

pub(super) fn decode(input: Input<'_>) -> io::Result<Box<dyn Read + Send + '_>> {
    Ok(Box::new(lzma_rust2::XzReader::new_mem_limit(input, true, XZ_MEMORY_KIB_MAX)))
}
