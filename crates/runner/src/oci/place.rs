//! Places in a container's files where something is mounted or begins, made where they are missing.
//!
//! Paths come from images and users. Links in them are followed as the container would, and what is found is walked
//! to again without any link, by descriptors (TAR-6): nothing outside the root is ever made or opened (RUN-3).

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use disk::tree::{FileKind, Folder, Follow, Tree};

use super::OciError;
use crate::error::Result;

/// Links on the way to one place; the kernel's number.
const LINKS_MAX: usize = 40;
/// The kernel takes no longer path.
const PATH_BYTES_MAX: usize = 4096;
/// Of a path that is refused.
const SHOWN_CHARS_MAX: usize = 64;
/// Docker's mode of folders that it makes.
const DIR_MODE: u32 = 0o755;
/// Docker's mode of files that it makes to mount on.
const FILE_MODE: u32 = 0o755;

/// A container's files.
pub(super) struct Places {
    tree: Tree,
}

/// A way below the root without links: names only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Way(Vec<Vec<u8>>);

impl Way {
    /// As a path of the container.
    ///
    /// # Errors
    /// When a link has led to names that no document can hold.
    pub(super) fn path(&self) -> std::result::Result<String, OciError> {
        let names = self.0.iter().map(|name| std::str::from_utf8(name));
        let path = names.into_iter().try_fold(String::new(), |path, name| Ok(path + "/" + name?));
        path.map_err(|_: std::str::Utf8Error| OciError::Path(OsStr::from_bytes(&self.relative()).into()))
    }

    /// Whether it leads through `/<name>`, or ends there.
    pub(super) fn begins_with(&self, names: &[&str]) -> bool {
        self.0.len() >= names.len() && self.0.iter().zip(names).all(|(own, name)| own == name.as_bytes())
    }

    /// A name on the way.
    pub(super) fn name(&self, at: usize) -> Option<&[u8]> {
        self.0.get(at).map(Vec::as_slice)
    }

    fn relative(&self) -> Vec<u8> {
        self.0.join(&b'/')
    }

    /// The way to the folder, and the name in it; nothing for the root itself.
    fn split(mut self) -> Option<(Way, Vec<u8>)> {
        let name = self.0.pop()?;
        Some((self, name))
    }
}

impl Places {
    pub(super) fn open(rootfs: &Path) -> Result<Places> {
        Ok(Places { tree: Tree::open(rootfs)? })
    }

    /// Follows a path as far as there is something, the last link too.
    pub(super) fn resolve(&self, path: &str) -> Result<Way> {
        if path.len() >= PATH_BYTES_MAX {
            let shown = path.chars().take(SHOWN_CHARS_MAX).collect::<String>();
            let reason = format!("has {} bytes, the kernel takes fewer than {PATH_BYTES_MAX}", path.len());
            return Err(OciError::Place { path: shown, reason }.into());
        }
        let mut ahead: VecDeque<Vec<u8>> = names(path.as_bytes()).collect();
        let mut way = Way::default();
        let mut links = 0;
        while let Some(name) = ahead.pop_front() {
            if name == b".." {
                way.0.pop();
                continue;
            }
            match self.link(&way, &name)? {
                None => way.0.push(name),
                Some(target) => {
                    links += 1;
                    if links > LINKS_MAX {
                        return Err(refused(path, "leads through too many links").into());
                    }
                    if target.first() == Some(&b'/') {
                        way.0.clear();
                    }
                    names(&target).rev().for_each(|name| ahead.push_front(name));
                }
            }
        }
        Ok(way)
    }

    /// Where the link with this name points, if it is one.
    fn link(&self, way: &Way, name: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(folder) = self.folder(way)? else { return Ok(None) };
        let is_link = folder.stat(name)?.is_some_and(|stat| stat.kind == FileKind::Symlink);
        Ok(if is_link { Some(folder.read_link(name)?) } else { None })
    }

    /// The folder at the end of a way; nothing when there is none or something else is.
    fn folder(&self, way: &Way) -> Result<Option<Folder>> {
        match self.tree.folder(&way.relative(), Follow::Never) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.is_not_found() || error.kind() == std::io::ErrorKind::NotADirectory => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a regular file; nothing when there is none.
    pub(super) fn open_file(&self, path: &str) -> Result<Option<File>> {
        let Some((way, name)) = self.resolve(path)?.split() else { return Ok(None) };
        let Some(folder) = self.folder(&way)? else { return Ok(None) };
        match folder.open_file(&name) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder and those above it, where they are missing.
    pub(super) fn make_dir(&self, path: &str) -> Result<Way> {
        let way = self.resolve(path)?;
        self.make_way(&way, path)?;
        Ok(way)
    }

    /// Makes all folders of a way, where they are missing.
    fn make_way(&self, way: &Way, path: &str) -> Result<Folder> {
        let mut folder = self.tree.folder(b"", Follow::Never)?;
        for name in &way.0 {
            folder = match folder.stat(name)?.map(|stat| stat.kind) {
                None => made(&folder, name)?,
                // Something may be mounted there by us already.
                Some(FileKind::Dir) => folder.tree()?.folder(name, Follow::Never)?,
                Some(_) => return Err(OciError::NotDirectory(path.to_owned()).into()),
            };
        }
        Ok(folder)
    }

    /// Makes the folders above a path, where they are missing; the folder at its end is made by somebody else.
    pub(super) fn make_above(&self, path: &str) -> Result<Way> {
        let way = self.resolve(path)?;
        let Some((above, name)) = way.clone().split() else { return Ok(way) };
        let found = self.make_way(&above, path)?.stat(&name)?;
        match found.is_some_and(|stat| stat.kind != FileKind::Dir) {
            true => Err(OciError::NotDirectory(path.to_owned()).into()),
            false => Ok(way),
        }
    }

    /// Makes an empty file and the folders above it, where they are missing.
    pub(super) fn make_file(&self, path: &str) -> Result<Way> {
        let way = self.resolve(path)?;
        let is_dir = || OciError::Directory(path.to_owned());
        let (above, name) = way.clone().split().ok_or_else(is_dir)?;
        let folder = self.make_way(&above, path)?;
        match folder.stat(&name)?.map(|stat| stat.kind) {
            None => folder.create(&name, FILE_MODE)?.set_mode(FILE_MODE)?,
            Some(FileKind::Dir) => return Err(is_dir().into()),
            Some(_) => {}
        }
        Ok(way)
    }

    /// Makes a link where there is nothing.
    pub(super) fn make_link(&self, folder: &str, name: &str, target: &str) -> Result<()> {
        let folder = self.make_way(&self.resolve(folder)?, folder)?;
        if folder.stat(name.as_bytes())?.is_none() {
            folder.symlink(target.as_bytes(), name.as_bytes())?;
        }
        Ok(())
    }

    /// Makes one of the folders that only the kernel fills; a link there would lead its files elsewhere (RUN-2).
    pub(super) fn make_kernel_dir(&self, name: &str) -> Result<()> {
        let folder = self.tree.folder(b"", Follow::Never)?;
        match folder.stat(name.as_bytes())?.map(|stat| stat.kind) {
            None => made(&folder, name.as_bytes()).map(drop),
            Some(FileKind::Dir) => Ok(()),
            Some(FileKind::Symlink) => Err(refused(&format!("/{name}"), "is a symbolic link").into()),
            Some(_) => Err(refused(&format!("/{name}"), "is not a directory").into()),
        }
    }
}

/// Whether a path of a container is a folder; links are its own.
pub(crate) fn is_dir(rootfs: &Path, path: &str) -> bool {
    let found = Places::open(rootfs).and_then(|places| {
        let way = places.resolve(path)?;
        places.folder(&way)
    });
    found.is_ok_and(|folder| folder.is_some())
}

/// The mode is what it should be whatever the umask is.
fn made(folder: &Folder, name: &[u8]) -> Result<Folder> {
    folder.make_dir(name, DIR_MODE)?;
    let made = folder.folder(name)?;
    made.set_mode(DIR_MODE)?;
    Ok(made)
}

fn refused(path: &str, reason: &str) -> OciError {
    OciError::Place { path: path.to_owned(), reason: reason.to_owned() }
}

fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|&byte| byte == b'/').filter(|name| !matches!(*name, b"" | b".")).map(<[u8]>::to_vec)
}

/// A path of this machine for a document.
pub(super) fn text(path: &Path) -> std::result::Result<&str, OciError> {
    path.to_str().ok_or_else(|| OciError::Path(OsStr::from_bytes(path.as_os_str().as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn root() -> (tempfile::TempDir, Places) {
        let tmp = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tmp.path().join("root/srv/data")).unwrap();
        std::fs::create_dir(tmp.path().join("outside")).unwrap();
        let places = Places::open(&tmp.path().join("root")).unwrap();
        (tmp, places)
    }

    #[test]
    fn run_3_links_lead_nowhere_out_of_the_root() {
        let (tmp, places) = root();
        let at = tmp.path().join("root");
        let outside = tmp.path().join("outside");
        symlink(&outside, at.join("absolute")).unwrap();
        symlink("../../../../../../outside", at.join("srv/up")).unwrap();
        symlink("/srv/data", at.join("inside")).unwrap();
        symlink("loop", at.join("loop")).unwrap();
        let check = |path: &str, expect: &str| {
            assert_eq!(places.make_dir(path).unwrap().path().unwrap(), expect, "{path}");
            assert!(at.join(&expect[1..]).is_dir(), "{path}");
        };
        check("/inside/new", "/srv/data/new");
        check("/../../x/../new", "/new");
        check("/srv/up/new", "/outside/new");
        let absolute = outside.to_str().unwrap();
        check("/absolute/new", &format!("{absolute}/new"));
        symlink("/srv", at.join("chain40")).unwrap();
        for number in 0..40 {
            symlink(format!("chain{}", number + 1), at.join(format!("chain{number}"))).unwrap();
        }
        check("/chain1", "/srv");
        assert!(places.make_dir("/chain0").unwrap_err().to_string().contains("too many links"));
        assert!(places.make_dir("/loop/new").unwrap_err().to_string().contains("too many links"));
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "nothing was made outside");
        let file = places.make_file("/srv/up/deep/file").unwrap();
        assert_eq!(file.path().unwrap(), "/outside/deep/file");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "nothing was made outside");
    }

    #[expect(unsafe_code, reason = "a thread leaves the file system state of its process")]
    fn make_with_umask(places: &Places) -> Result<Way> {
        // SAFETY: the thread ends with this function, and relies on nothing that is shared.
        unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::FS) }.unwrap();
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        places.make_file("/a/b/file")
    }

    #[test]
    fn run_3_paths_that_no_container_can_have_are_refused() {
        let (tmp, places) = root();
        let long = format!("/{}", "a/".repeat(2048));
        let error = places.make_dir(&long).unwrap_err().to_string();
        assert!(error.ends_with(": has 4097 bytes, the kernel takes fewer than 4096"), "{error}");
        let odd = std::ffi::OsStr::from_bytes(b"/odd\xff");
        symlink(odd, tmp.path().join("root/link")).unwrap();
        let error = places.make_dir("/link").unwrap().path().unwrap_err().to_string();
        assert!(error.ends_with("is not UTF-8"), "{error}");
        assert!(!tmp.path().join("outside/odd").exists());
    }

    #[test]
    fn places_are_made_once_and_open_to_all() {
        let (tmp, places) = root();
        let at = tmp.path().join("root");
        // In a thread that shares no umask with the others.
        let made = std::thread::scope(|scope| scope.spawn(|| make_with_umask(&places)).join().unwrap());
        made.unwrap();
        let mode = |path: &str| std::fs::metadata(at.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("a"), mode("a/b"), mode("a/b/file")), (0o755, 0o755, 0o755));
        std::fs::write(at.join("a/b/file"), "kept").unwrap();
        places.make_file("/a/b/file").unwrap();
        assert_eq!(std::fs::read(at.join("a/b/file")).unwrap(), b"kept");
        let refused = |result: Result<Way>| result.unwrap_err().to_string();
        assert_eq!(refused(places.make_dir("/a/b/file/c")), "mount point /a/b/file/c: is not a directory");
        assert_eq!(refused(places.make_file("/a/b")), "mount point /a/b: is a directory");
    }

    #[test]
    fn run_2_a_link_is_no_place_for_the_kernels_files() {
        let (tmp, places) = root();
        let at = tmp.path().join("root");
        places.make_kernel_dir("proc").unwrap();
        places.make_kernel_dir("proc").unwrap();
        symlink("srv", at.join("sys")).unwrap();
        std::fs::write(at.join("dev"), "").unwrap();
        let refused = |name: &str| places.make_kernel_dir(name).unwrap_err().to_string();
        assert_eq!(refused("sys"), "mount point /sys: is a symbolic link");
        assert_eq!(refused("dev"), "mount point /dev: is not a directory");
    }
}
