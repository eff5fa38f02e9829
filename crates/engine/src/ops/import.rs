//! `import`: an archive of files into an image of one layer.

mod documents;
mod layer;
mod source;

use std::io::Read;
use std::path::PathBuf;

use content::Lease;
use dockerfile::Changes;
use images::{Entry, ImageStore};
use serde_json::Map;
use spec::{ImageId, Platform, Reference};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::ops::tag::check_name;
use documents::Documents;
pub(crate) use layer::TakenLayer;
use source::Opened;

/// Where the files of an import come from.
pub enum ImportSource<'a> {
    /// A file or FIFO.
    Path(PathBuf),
    /// An address that begins with `http://` or `https://`.
    Url(String),
    /// A stream.
    Stream(&'a mut (dyn Read + Send)),
}

impl<'a> ImportSource<'a> {
    /// What the user's text names: an address when it looks like one, else a file.
    pub fn named(text: &str) -> ImportSource<'a> {
        match ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)) {
            true => ImportSource::Url(text.to_owned()),
            false => ImportSource::Path(text.into()),
        }
    }
}

/// A request to import.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// The name that the image gets; without one it is dangling.
    pub reference: Option<String>,
    /// Instructions that change what the image runs.
    pub changes: Vec<String>,
    /// The remark in the image's history; empty for one that tells where it came from.
    pub message: String,
    /// What the files are for, if not for this machine.
    pub platform: Option<Platform>,
}

/// What one import works with.
pub(crate) struct Importing<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) store: &'a ImageStore,
    pub(crate) lease: &'a Lease,
    pub(crate) events: &'a dyn Events,
}

impl Engine {
    /// Makes an image of one layer from an archive of files, compressed or not.
    ///
    /// # Errors
    /// When the name or a change cannot be meant, the archive cannot be had, or it is none. Nothing has a new
    /// name then.
    pub fn import(&self, request: &Import, source: ImportSource<'_>, events: &dyn Events) -> Result<ImageId> {
        let reference = request.reference.as_deref().map(target).transpose()?;
        let mut run = Map::new();
        let changes = Changes::parse(&request.changes).map_err(Error::invalid)?;
        changes.apply(&mut run).map_err(Error::invalid)?;
        let opened = Opened::open(self, source, events)?;
        let platform = request.platform.clone().unwrap_or_else(|| self.host.platform.clone());
        let message = match request.message.as_str() {
            "" => format!("Imported from {}", opened.name),
            message => message.to_owned(),
        };
        let documents = Documents { platform, created: self.now(), message, run };
        documents.check()?;
        self.import_into(&self.store()?, reference, &documents, opened, events)
    }

    /// A blob has its name only after the driver has taken the layer in: a refusal leaves nothing behind.
    fn import_into(
        &self,
        store: &ImageStore,
        reference: Option<Reference>,
        documents: &Documents,
        opened: Opened<'_>,
        events: &dyn Events,
    ) -> Result<ImageId> {
        let lease = store.content().lease()?;
        let importing = Importing { engine: self, store, lease: &lease, events };
        let taken = importing.take(opened)?;
        let config = documents.config(&taken.facts.diff_id)?;
        let manifest = documents.manifest(&config, &taken.descriptor)?;
        let blobs = store.content().blobs();
        blobs.put(&lease, config.bytes())?;
        blobs.put(&lease, manifest.bytes())?;
        let entry = Entry {
            tagged: reference.is_some().then(|| self.now()),
            reference,
            target: manifest.descriptor(),
            image: config.id().clone(),
            manifests: vec![manifest.digest().clone()],
            platform: config.platform(),
            created: config.created(),
            size: taken.facts.size,
            parent: None,
        };
        store.publish(|index| {
            index.set(entry);
            Ok::<(), Error>(())
        })?;
        Ok(config.id().clone())
    }
}

/// The name that an image is to have.
fn target(text: &str) -> Result<Reference> {
    let reference = Reference::parse(text)?;
    if reference.digest().is_some() {
        return Err(Error::invalid("cannot import digest reference"));
    }
    check_name(&reference)?;
    Ok(reference.or_latest())
}
