//! What tests of archives share: stores without a registry, archives in memory, stores as they were.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use engine::ops::{ImageSummary, ListImages, LoadSource, Loaded, Save};
use engine::{Engine, Error, Silent};
use testkit::image::{Entry, Image, Layer};
use testkit::skip;

use crate::world::engine_at;

/// A store of its own.
pub(crate) struct Shelf {
    pub engine: Engine,
    folder: tempfile::TempDir,
}

impl Shelf {
    pub(crate) fn new() -> Shelf {
        Shelf::with("cold")
    }

    pub(crate) fn with(driver: &str) -> Shelf {
        let folder = tempfile::tempdir().unwrap();
        Shelf { engine: engine_at(&folder.path().join("root"), Some(driver)), folder }
    }

    /// A path beside the store.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }

    pub(crate) fn save(&self, images: &[&str]) -> Result<Vec<u8>, Error> {
        let images = images.iter().map(|image| (*image).to_owned()).collect();
        let mut bytes = Vec::new();
        self.engine.save(&Save { images, platform: None }, &mut bytes).map(|()| bytes)
    }

    pub(crate) fn load(&self, bytes: &[u8]) -> Result<Loaded, Error> {
        self.engine.load(LoadSource::Stream(&mut &*bytes), None, &Silent)
    }

    pub(crate) fn load_path(&self, path: &Path) -> Result<Loaded, Error> {
        self.engine.load(LoadSource::Path(path.to_owned()), None, &Silent)
    }

    pub(crate) fn images(&self) -> Vec<ImageSummary> {
        self.engine.images(&ListImages { all: true, ..ListImages::default() }).unwrap()
    }

    /// Familiar names, sorted; dangling images as `<none>`.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for image in self.images() {
            names.extend(image.tags.iter().chain(&image.digests).map(spec::Reference::familiar));
            if image.tags.is_empty() && image.digests.is_empty() {
                names.push("<none>".to_owned());
            }
        }
        names.sort();
        names
    }

    /// The blob of this hexadecimal digest, as the store has it.
    pub(crate) fn blob(&self, hex: &str) -> Vec<u8> {
        std::fs::read(self.root().join("content/blobs/sha256").join(hex)).unwrap()
    }

    /// Everything that must be the same after a refusal: blobs, `index.json`, layers, leases, trash.
    pub(crate) fn state(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files = Vec::new();
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                match path.is_dir() && !path.is_symlink() {
                    true => folders.push(path),
                    false => files.push((path.clone(), std::fs::read(&path).unwrap_or_default())),
                }
            }
        }
        // Who holds a lock signs it.
        files.retain(|(path, _)| path.parent().is_some_and(|parent| !parent.ends_with("locks")));
        files.sort();
        files
    }

    /// Which files are not as they were.
    pub(crate) fn changes(&self, before: &[(PathBuf, Vec<u8>)]) -> Vec<PathBuf> {
        let now = self.state();
        let other = |file: &&(PathBuf, Vec<u8>)| !before.contains(file) || !now.contains(file);
        before.iter().chain(&now).filter(other).map(|(path, _)| path.clone()).collect()
    }
}

/// The drivers that work here.
pub(crate) fn drivers() -> Vec<&'static str> {
    let mut drivers = vec!["cold", "vfs"];
    if skip::root() {
        drivers.push("overlay2");
    }
    drivers
}

/// An image of two layers, compressed and not.
pub(crate) fn image(word: &str) -> Image {
    let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/base", "base\n")]);
    let top = Layer::plain(vec![Entry::file("word", word.to_owned())]);
    Image::new(vec![base, top]).oci().command(&["sh"])
}

/// Runs a program that has to succeed; what it printed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{error}");
    out.into_owned()
}
