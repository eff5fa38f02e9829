//! Archives made entry by entry, and what tests do with them.

use std::io::Read;
use std::path::Path;

use archive::{Archive, ArchivedImage, Error, SavedImage, Writer};
use content::{Access, Store};
use disk::Dir;
use layer::tar::{Header, Kind, Writer as TarWriter};
use serde_json::{Value, json};
use spec::{Digest, Platform, PlatformMatcher};
use tempfile::TempDir;
use testkit::image::{Built, Entry, Image, Layer};

/// An archive being forged.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<(Header, Vec<u8>)>);

impl Tar {
    pub(crate) fn file(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Tar {
        let mut header = Header::new(name, Kind::File);
        header.size = bytes.as_ref().len() as u64;
        self.0.push((header, bytes.as_ref().to_vec()));
        self
    }

    pub(crate) fn json(self, name: &str, value: &Value) -> Tar {
        self.file(name, value.to_string())
    }

    pub(crate) fn other(mut self, name: &str, kind: Kind, link: &str) -> Tar {
        let mut header = Header::new(name, kind);
        header.link = link.into();
        self.0.push((header, Vec::new()));
        self
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Tar {
        self.other(name, Kind::Symlink, target)
    }

    /// Leaves out the entries of a name.
    pub(crate) fn without(mut self, name: &str) -> Tar {
        self.0.retain(|(header, _)| header.name != name.as_bytes());
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut tar = TarWriter::new(Vec::new());
        for (header, bytes) in &self.0 {
            tar.append(header, bytes.as_slice()).unwrap();
        }
        tar.finish().unwrap()
    }

    pub(crate) fn read(&self) -> Result<Archive, Error> {
        read(&self.bytes())
    }

    /// The message of the refusal, causes included.
    pub(crate) fn refusal(&self) -> String {
        text(&self.read().expect_err("the archive is refused"))
    }
}

/// A folder for scratch files that must stay empty.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        Scratch(tempfile::tempdir().unwrap())
    }

    pub(crate) fn dir(&self) -> Dir {
        Dir::open(self.0.path()).unwrap()
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(std::fs::read_dir(self.0.path()).unwrap().count(), 0, "something was left behind");
        }
    }
}

pub(crate) fn read(bytes: &[u8]) -> Result<Archive, Error> {
    Archive::read(bytes, &Scratch::new().dir())
}

pub(crate) fn open(path: &Path) -> Result<Archive, Error> {
    Archive::open(path, &Scratch::new().dir())
}

/// An error with its causes.
pub(crate) fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

/// The names of the images as listings show them.
pub(crate) fn names(archive: &Archive) -> Vec<Vec<String>> {
    let names = |image: &ArchivedImage| image.names.iter().map(|name| name.familiar()).collect();
    archive.images().iter().map(names).collect()
}

/// The IDs of all images, each read and proven to its last layer.
pub(crate) fn ids(archive: &Archive) -> Vec<Digest> {
    archive.images().iter().flat_map(|image| prove(archive, image)).collect()
}

/// Reads all that an image is made of; the digests of its configs.
pub(crate) fn prove(archive: &Archive, image: &ArchivedImage) -> Vec<Digest> {
    let contents = archive.contents(image).unwrap();
    for descriptor in contents.bottom_up() {
        let mut bytes = Vec::new();
        let mut blob = archive.blob(&descriptor.digest).unwrap().unwrap();
        assert_eq!(blob.size(), descriptor.size);
        blob.read_to_end(&mut bytes).unwrap();
        assert!(descriptor.digest.matches(&bytes), "{}", descriptor.digest);
    }
    let configs = contents.blobs.iter().filter(|blob| blob.media_type.is_config());
    configs.map(|config| config.digest.clone()).collect()
}

/// A small image of two layers; `name` makes it different from others.
pub(crate) fn image(name: &str) -> Built {
    let base = Layer::gzip(vec![Entry::dir("bin"), Entry::file("bin/sh", "#!").mode(0o755)]);
    let top = Layer::gzip(vec![Entry::file("name", name)]);
    Image::new(vec![base, top]).command(&["/bin/sh"]).build()
}

/// Config and layers of an image of one plain layer, for archives made by hand.
pub(crate) struct Parts {
    pub(crate) config: Vec<u8>,
    pub(crate) layer: Vec<u8>,
}

impl Parts {
    pub(crate) fn new() -> Parts {
        let layer = Tar::default().file("hello", "world").bytes();
        let config = json!({
            "architecture": "amd64", "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [Digest::of(&layer)]},
        });
        Parts { config: config.to_string().into_bytes(), layer }
    }

    pub(crate) fn id(&self) -> Digest {
        Digest::of(&self.config)
    }

    /// `manifest.json`, as Docker wrote it until 24.
    pub(crate) fn list(&self) -> Value {
        json!([{"Config": "c.json", "RepoTags": ["t:1"], "Layers": ["l/layer.tar"]}])
    }

    /// The archive of that generation.
    pub(crate) fn tar(&self) -> Tar {
        let files = Tar::default().file("c.json", &self.config).file("l/layer.tar", &self.layer);
        files.json("manifest.json", &self.list())
    }

    /// The manifest, with the layer as it is.
    pub(crate) fn manifest(&self) -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": spec::MediaType::OCI_MANIFEST,
            "config": {
                "mediaType": spec::MediaType::OCI_CONFIG, "digest": self.id(), "size": self.config.len(),
            },
            "layers": [{
                "mediaType": spec::MediaType::OCI_LAYER,
                "digest": Digest::of(&self.layer),
                "size": self.layer.len(),
            }],
        })
    }

    /// An entry of `index.json` for the manifest.
    pub(crate) fn entry(&self, annotations: Value) -> Value {
        let manifest = self.manifest().to_string();
        let mut entry = json!({
            "mediaType": spec::MediaType::OCI_MANIFEST,
            "digest": Digest::of(manifest.as_bytes()),
            "size": manifest.len(),
        });
        if !annotations.is_null() {
            entry["annotations"] = annotations;
        }
        entry
    }

    /// The archive as an OCI layout, with these entries.
    pub(crate) fn layout(&self, entries: &[Value]) -> Tar {
        let manifest = self.manifest().to_string();
        let index = json!({"schemaVersion": 2, "manifests": entries});
        Tar::default()
            .json("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}))
            .json("index.json", &index)
            .file(&blob(manifest.as_bytes()), &manifest)
            .file(&blob(&self.config), &self.config)
            .file(&blob(&self.layer), &self.layer)
    }
}

/// Where a layout has these bytes.
pub(crate) fn blob(bytes: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(bytes).hex())
}

/// A store in a folder of its own.
pub(crate) struct Depot {
    pub(crate) store: Store,
    _folder: TempDir,
}

impl Depot {
    pub(crate) fn new() -> Depot {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("root"), Access::Create).unwrap();
        Depot { store, _folder: folder }
    }

    pub(crate) fn put(&self, built: &Built) {
        let lease = self.store.lease().unwrap();
        for (_, content) in built.blobs() {
            let mut bytes = Vec::new();
            content.read_from(0).unwrap().read_to_end(&mut bytes).unwrap();
            self.store.blobs().put(&lease, &bytes).unwrap();
        }
        for manifest in built.manifests() {
            self.store.blobs().put(&lease, &manifest.bytes).unwrap();
        }
    }

    /// Takes an archive in, as `load` does; what could be saved again.
    pub(crate) fn load(&self, archive: &Archive) -> Vec<SavedImage> {
        let lease = self.store.lease().unwrap();
        for image in archive.images() {
            for descriptor in archive.contents(image).unwrap().bottom_up() {
                if self.store.blobs().size(&descriptor.digest).unwrap().is_some() {
                    continue;
                }
                let mut from = archive.blob(&descriptor.digest).unwrap().unwrap();
                let mut to = self.store.blobs().writer(&lease, &descriptor.digest, descriptor.size).unwrap();
                std::io::copy(&mut from, &mut to).unwrap();
                to.commit().unwrap();
            }
        }
        let saved =
            |image: &ArchivedImage| SavedImage { target: image.target.clone(), names: image.names.clone() };
        archive.images().iter().map(saved).collect()
    }

    pub(crate) fn save(&self, images: &[SavedImage]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.writer(images).unwrap().write(&mut bytes).unwrap();
        bytes
    }

    pub(crate) fn writer(&self, images: &[SavedImage]) -> Result<Writer<'_>, Error> {
        let host = Platform::new("linux", "amd64", None);
        Writer::new(self.store.blobs(), images, &PlatformMatcher::runnable_on(&host))
    }
}

/// What to save an image as.
pub(crate) fn saved(built: &Built, names: &[&str]) -> SavedImage {
    let names = names.iter().map(|name| spec::Reference::parse(name).unwrap()).collect();
    SavedImage { target: built.root.descriptor.clone(), names }
}

/// The entries of a tar: name, mode and bytes.
pub(crate) fn entries(tar: &[u8]) -> Vec<(String, u32, Vec<u8>)> {
    let mut reader = layer::tar::Reader::new(tar);
    let mut entries = Vec::new();
    while let Some(mut member) = reader.next_entry().unwrap() {
        let entry = member.entry();
        assert_eq!((entry.uid, entry.gid, entry.mtime.seconds), (0, 0, 0));
        let (name, mode) = (String::from_utf8(entry.name.clone()).unwrap(), entry.mode);
        let mut bytes = Vec::new();
        member.read_to_end(&mut bytes).unwrap();
        entries.push((name, mode, bytes));
    }
    entries
}
