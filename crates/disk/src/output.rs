//! A file that the user asked for: complete under its name, or not there at all (ARC-8).

use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use rustix::fs::FileType;

use crate::dir::{Dir, random_name};
use crate::error::Error;
use crate::file::File;

/// Permission bits of an output file: what an image holds is nobody else's business.
const OUTPUT_MODE: u32 = 0o600;

/// Why an output file could not be made; reads after `failed to save image: `, in Docker's words.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The directory it would be in.
    #[error("invalid output path: {0}")]
    Directory(#[source] Error),
    /// Something has the name that is not to be replaced.
    #[error("cannot write to a {0}")]
    Target(&'static str),
    /// The disk said no.
    #[error(transparent)]
    Write(#[from] Error),
}

/// A file being written beside its target; vanishes when dropped before [`Output::commit`].
#[derive(Debug)]
pub struct Output {
    dir: Dir,
    temporary: String,
    name: PathBuf,
    file: File,
    done: bool,
}

impl Output {
    /// Begins a file that will stand at `path`, mode 0600, replacing a regular file that stands there.
    ///
    /// # Errors
    /// When the directory is not there or cannot be written, or something else than a file has the name.
    pub fn create(path: &Path) -> Result<Output, OutputError> {
        let Some(Component::Normal(name)) = path.components().next_back() else {
            return Err(OutputError::Target("directory"));
        };
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let dir = open_parent(parent)?;
        match dir.file_type(name)? {
            None | Some(FileType::RegularFile) => {}
            Some(other) => return Err(OutputError::Target(noun(other))),
        }
        let temporary = random_name();
        let file = dir.create(&temporary, OUTPUT_MODE)?;
        Ok(Output { dir, temporary, name: name.into(), file, done: false })
    }

    /// Makes the bytes durable and gives the file its name.
    ///
    /// # Errors
    /// When the system does; nothing remains then.
    pub fn commit(mut self) -> Result<(), OutputError> {
        self.file.sync()?;
        self.dir.rename(&self.temporary, &self.dir, &self.name)?;
        self.done = true;
        Ok(self.dir.sync()?)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.done {
            let _ = self.dir.remove_file(&self.temporary);
        }
    }
}

/// Opens the directory of a path; that it is not there is said of looking for it, as Docker does.
fn open_parent(parent: &Path) -> Result<Dir, OutputError> {
    Dir::open(parent).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            OutputError::Directory(error.during("stat"))
        }
        _ => OutputError::Write(error),
    })
}

fn noun(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link directly",
        FileType::Fifo => "named pipe (FIFO)",
        FileType::Socket => "socket",
        FileType::CharacterDevice => "character device file",
        FileType::BlockDevice => "block device file",
        _ => "file of unknown kind",
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn arc_8_a_file_appears_whole_and_private_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tar");
        let mut output = Output::create(&path).unwrap();
        output.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(output);
        assert!(names(folder.path()).is_empty());

        let mut output = Output::create(&path).unwrap();
        output.write_all(b"whole").unwrap();
        output.commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"whole");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(names(folder.path()), ["out.tar"]);
    }

    #[test]
    fn arc_8_the_old_file_stands_until_the_new_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.tar");
        std::fs::write(&path, "old").unwrap();
        drop(Output::create(&path).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        Output::create(&path).unwrap().commit().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"");
    }

    /// As `docker save -o` of version 28 answers.
    #[test]
    fn arc_8_what_is_no_file_is_not_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "").unwrap();
        std::fs::create_dir(at("dir")).unwrap();
        symlink("file", at("link")).unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), FileType::Fifo, 0o600.into(), 0).unwrap();
        let check = |path: &Path, expect: &str| {
            assert_eq!(Output::create(path).unwrap_err().to_string(), expect, "{}", path.display());
        };
        let stat =
            |name: &str, text: &str| format!("invalid output path: stat {}: {text}", at(name).display());
        check(&at("no/x"), &stat("no", "no such file or directory"));
        check(&at("file/x"), &stat("file", "not a directory"));
        check(&at("dir"), "cannot write to a directory");
        check(&at("dir/.."), "cannot write to a directory");
        check(&at("link"), "cannot write to a symbolic link directly");
        check(&at("dangling"), "cannot write to a symbolic link directly");
        check(&at("fifo"), "cannot write to a named pipe (FIFO)");
        check(Path::new("/dev/null"), "cannot write to a character device file");
        check(Path::new("."), "cannot write to a directory");
    }
}
