//! What runtimes said of themselves, kept until the program's file changes or the machine restarts: to ask one takes
//! a tenth of a container's start.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use disk::Dir;
use spec::Digest;

/// A path, some numbers and a line.
const KNOWN_BYTES_MAX: u64 = 16 << 10;

/// What the runtime at `path` said, if it is still the same file.
pub(super) fn recall(path: &Path, state: &Path) -> Option<String> {
    let bytes = disk::read_named(&state.join(name_of(path)), KNOWN_BYTES_MAX).ok()?;
    let (file, said) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
    (file == file_of(path)?).then(|| said.to_owned())
}

/// Keeps it, where there is a place for it: nothing depends on that.
pub(super) fn keep(path: &Path, state: &Path, said: &str) {
    if let (Some(file), Ok(state)) = (file_of(path), Dir::open(state)) {
        let _ = state.replace(name_of(path), format!("{file}\n{said}").as_bytes(), 0o600);
    }
}

fn name_of(path: &Path) -> String {
    format!(".version-{}", Digest::of(path.as_os_str().as_encoded_bytes()).short())
}

/// Which file it is, and which content it has: nobody can change that without changing one of these.
fn file_of(path: &Path) -> Option<String> {
    let about = path.metadata().ok()?;
    let (device, inode, bytes) = (about.dev(), about.ino(), about.size());
    let [changed, written] = [(about.ctime(), about.ctime_nsec()), (about.mtime(), about.mtime_nsec())];
    Some(format!("{device} {inode} {bytes} {changed:?} {written:?}"))
}
