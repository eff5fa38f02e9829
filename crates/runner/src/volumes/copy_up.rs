//! The first use of a volume: it takes over what the image has where it is mounted.

use std::collections::HashMap;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use disk::tree::{FileKind, Folder, Follow, Step, Tree, Walk, copy_entry, copy_metadata};
use disk::{Dir, LockMode};

use super::{DATA, VolumeError, Volumes};
use crate::error::Result;

/// There from the first file until the last one is copied.
const COPYING: &str = "copying";
/// Held while a volume is filled.
const LOCK: &str = "copy.lock";
/// A large image on a slow disk.
const PATIENCE: Duration = Duration::from_secs(600);

impl Volumes {
    /// Copies what an image has at `path` into a volume that is empty, with owners, modes, times, attributes and
    /// hard links; the volume's own root becomes like the image's folder. Whether there was something to copy.
    ///
    /// Links on the way to `path` are followed as the container would, those below it are copied. A copy that was cut
    /// off is begun again.
    ///
    /// # Errors
    /// When a file is where the volume is to be mounted, or something cannot be read or made.
    pub fn copy_up(&self, name: &str, image: &Tree, path: &Path) -> Result<bool> {
        let dir = self.dir_of(name)?;
        let Some(from) = find(image, path)? else { return Ok(false) };
        let _lock = dir.lock(LOCK, LockMode::Exclusive, PATIENCE)?;
        let data = dir.dir(DATA)?;
        let was_cut_off = dir.file_len(COPYING)?.is_some();
        if was_cut_off {
            empty(&data)?;
        } else if !data.is_empty()? {
            return Ok(false);
        }
        dir.replace(COPYING, b"", 0o600)?;
        copy_tree(&from, &Tree::at(&data)?)?;
        dir.remove_file(COPYING)?;
        Ok(true)
    }
}

/// The folder of the image; nothing when there is nothing.
fn find(image: &Tree, path: &Path) -> Result<Option<Tree>> {
    let inside = path.strip_prefix("/").unwrap_or(path).as_os_str().as_bytes();
    match image.folder(inside, Follow::InRoot) {
        Ok(folder) => Ok(Some(folder.tree()?)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NOTDIR.raw_os_error()) => {
            Err(VolumeError::OverFile(path.to_owned()).into())
        }
        Err(error) => Err(error.into()),
    }
}

fn empty(data: &Dir) -> Result<()> {
    for entry in data.entries()? {
        data.remove_all(&entry.name)?;
    }
    Ok(())
}

/// Copies a whole tree into another one that is empty, hard links included.
fn copy_tree(from: &Tree, to: &Tree) -> Result<()> {
    let mut first_names: HashMap<(u64, u64), Vec<u8>> = HashMap::new();
    let mut target = to.folder(b"", Follow::Never)?;
    let mut walk = Walk::new(from)?;
    while let Some(step) = walk.next()? {
        match step {
            Step::Enter { path: [], .. } => {}
            Step::Enter { path, .. } => {
                target.make_dir(last_component(path), 0o700)?;
                target = target.folder(last_component(path))?;
            }
            Step::Leave { folder, path, .. } => {
                copy_metadata(folder, &target)?;
                let parent = path.len().saturating_sub(last_component(path).len() + 1);
                target = to.folder(&path[..parent], Follow::Never)?;
            }
            // Belongs to a process; there is nothing to copy.
            Step::Entry { stat, .. } if stat.kind == FileKind::Socket => {}
            Step::Entry { folder, path, name, stat } => {
                match first_names.get(&stat.id).filter(|_| stat.links > 1) {
                    Some(first) => link_to(to, first, &target, name)?,
                    None => copy_entry(folder, name, &target, name)?,
                }
                if stat.links > 1 {
                    first_names.entry(stat.id).or_insert_with(|| path.to_vec());
                }
            }
        }
    }
    Ok(())
}

fn link_to(to: &Tree, first: &[u8], target: &Folder, name: &[u8]) -> Result<()> {
    let first_name = last_component(first);
    let parent = first.len().saturating_sub(first_name.len() + 1);
    Ok(target.link(&to.folder(&first[..parent], Follow::Never)?, first_name, name)?)
}

fn last_component(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;
    use crate::volumes::VolumeAsked;

    struct Fixture {
        _tmp: tempfile::TempDir,
        image: std::path::PathBuf,
        volumes: Volumes,
    }

    impl Fixture {
        fn new() -> Fixture {
            let tmp = tempfile::tempdir().unwrap();
            let image = tmp.path().join("image");
            std::fs::create_dir_all(image.join("srv/data/sub")).unwrap();
            std::fs::write(image.join("srv/data/sub/file"), "content").unwrap();
            std::fs::set_permissions(image.join("srv/data"), std::fs::Permissions::from_mode(0o2770))
                .unwrap();
            let volumes = Volumes::open(&Dir::open(tmp.path()).unwrap()).unwrap();
            volumes
                .create(
                    &VolumeAsked { name: "data".to_owned(), ..VolumeAsked::default() },
                    jiff::Timestamp::UNIX_EPOCH,
                )
                .unwrap();
            Fixture { _tmp: tmp, image, volumes }
        }

        fn copy_up(&self, path: &str) -> Result<bool> {
            self.volumes.copy_up("data", &Tree::open(&self.image).unwrap(), Path::new(path))
        }

        fn data(&self) -> std::path::PathBuf {
            self.volumes.data_path("data")
        }
    }

    #[test]
    fn an_empty_volume_takes_over_what_the_image_has() {
        let fixture = Fixture::new();
        let source = fixture.image.join("srv/data");
        std::fs::hard_link(source.join("sub/file"), source.join("same")).unwrap();
        symlink("/etc/passwd", source.join("link")).unwrap();
        let long_ago = std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(77);
        let times = std::fs::FileTimes::new().set_modified(long_ago);
        std::fs::File::open(&source).unwrap().set_times(times).unwrap();
        assert!(fixture.copy_up("/srv/data").unwrap());
        let data = fixture.data();
        let metadata = std::fs::metadata(&data).unwrap();
        assert_eq!((metadata.mode() & 0o7777, metadata.mtime()), (0o2770, 77));
        assert_eq!(std::fs::read_to_string(data.join("sub/file")).unwrap(), "content");
        assert_eq!(std::fs::read_link(data.join("link")).unwrap(), Path::new("/etc/passwd"));
        let inode = |name: &str| std::fs::metadata(data.join(name)).unwrap().ino();
        assert_eq!(inode("same"), inode("sub/file"));
        assert!(!fixture.copy_up("/srv/data").unwrap(), "it is not empty any more");
        assert!(!data.with_file_name(COPYING).exists());
    }

    #[test]
    fn a_volume_with_files_stays_as_it_is() {
        let fixture = Fixture::new();
        std::fs::write(fixture.data().join("own"), "").unwrap();
        assert!(!fixture.copy_up("/srv/data").unwrap());
        assert!(!fixture.data().join("sub").exists());
    }

    #[test]
    fn a_copy_that_was_cut_off_is_begun_again() {
        let fixture = Fixture::new();
        std::fs::write(fixture.data().join("half"), "").unwrap();
        std::fs::write(fixture.data().with_file_name(COPYING), "").unwrap();
        assert!(fixture.copy_up("/srv/data").unwrap());
        assert!(!fixture.data().join("half").exists() && fixture.data().join("sub/file").exists());
    }

    #[test]
    fn run_3_links_of_the_image_lead_nowhere_else() {
        let fixture = Fixture::new();
        assert!(!fixture.copy_up("/not/there").unwrap());
        // What exists on this machine but not in the image is not there.
        symlink("/proc/self", fixture.image.join("out")).unwrap();
        symlink("../../../../../../../../proc/self", fixture.image.join("up")).unwrap();
        assert!(!fixture.copy_up("/out").unwrap() && !fixture.copy_up("/up").unwrap());
        // Inside the image they are followed.
        symlink("/srv/data", fixture.image.join("in")).unwrap();
        assert!(fixture.copy_up("/in").unwrap());
        assert!(fixture.data().join("sub/file").exists());
    }

    #[test]
    fn a_file_is_no_place_for_a_volume() {
        let fixture = Fixture::new();
        let refused = fixture.copy_up("/srv/data/sub/file").unwrap_err().to_string();
        assert_eq!(refused, "cannot mount volume over existing file, file exists /srv/data/sub/file");
    }
}
