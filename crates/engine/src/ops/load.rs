//! `load`: the images of an archive into the store, all of them or none.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use archive::{Archive, ArchivedImage, Contents};
use content::{BlobWriter, Lease};
use images::{Entry, ImageStore};
use layer::Limits;
use spec::{Descriptor, Document, ImageId, Manifest, Platform, PlatformMatcher, Reference};
use transfer::{Unpack, unpack};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Bytes, Events, LayerState, Pace, layer};
use crate::ops::ready::check_layers;

/// Where an archive comes from.
pub enum LoadSource<'a> {
    /// A file, a folder that is an OCI layout, or a FIFO.
    Path(PathBuf),
    /// A stream.
    Stream(&'a mut (dyn Read + Send)),
}

/// What a load did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// In the archive's order.
    pub images: Vec<LoadedImage>,
}

/// One image of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedImage {
    /// Its ID.
    pub image: ImageId,
    /// The names it has now.
    pub names: Vec<Reference>,
    /// Names that stood for another image before, and which.
    pub taken: Vec<(Reference, ImageId)>,
}

/// What one load works with.
struct Loading<'a> {
    engine: &'a Engine,
    store: &'a ImageStore,
    lease: &'a Lease,
    archive: &'a Archive,
    platform: Option<&'a Platform>,
    events: &'a dyn Events,
}

/// An image of the archive whose content is in the store.
struct Taken {
    names: Vec<Reference>,
    entry: Entry,
}

impl Engine {
    /// Takes in every image of an archive; nothing has a name before all of it is here and proven.
    ///
    /// # Errors
    /// When the archive cannot be read, is none, or anything in it is not what it has to be.
    pub fn load(
        &self,
        source: LoadSource<'_>,
        platform: Option<&Platform>,
        events: &dyn Events,
    ) -> Result<Loaded> {
        let store = self.store()?;
        self.sweep_refused(&store, self.load_into(&store, source, platform, events))
    }

    fn load_into(
        &self,
        store: &ImageStore,
        source: LoadSource<'_>,
        platform: Option<&Platform>,
        events: &dyn Events,
    ) -> Result<Loaded> {
        let lease = store.content().lease()?;
        let archive = match source {
            LoadSource::Path(path) => Archive::open(&path, lease.scratch())?,
            LoadSource::Stream(stream) => Archive::read(stream, lease.scratch())?,
        };
        let loading = Loading { engine: self, store, lease: &lease, archive: &archive, platform, events };
        let mut taken = Vec::new();
        for image in archive.images() {
            taken.extend(loading.take(image)?);
        }
        loading.publish(taken)
    }
}

impl Loading<'_> {
    /// Puts an image's content into the store; nothing when it is not of the wanted platform.
    fn take(&self, image: &ArchivedImage) -> Result<Option<Taken>> {
        let contents = self.archive.contents(image)?;
        let Some((chosen, stated)) = self.choose(&contents)? else { return Ok(None) };
        let mut size = 0;
        for descriptor in &contents.manifests {
            let Document::Manifest(manifest) = self.archive.document(descriptor)? else { continue };
            let own = manifest.digest() == chosen.digest();
            let taken = self.take_manifest(&manifest, own)?;
            size = if own { taken } else { size };
        }
        for descriptor in &contents.indexes {
            self.store.content().blobs().put(self.lease, self.archive.document(descriptor)?.bytes())?;
        }
        let config = self.archive.config(&chosen.config)?;
        let others = contents.manifests.iter().map(|other| other.digest.clone());
        let own = chosen.digest().clone();
        let entry = Entry {
            reference: None,
            target: image.target.clone(),
            image: config.id().clone(),
            manifests: std::iter::once(own.clone()).chain(others.filter(|other| *other != own)).collect(),
            platform: stated.unwrap_or_else(|| config.platform()),
            created: config.created(),
            size,
            tagged: None,
            parent: None,
        };
        Ok(Some(Taken { names: image.names.clone(), entry }))
    }

    /// The manifest that stands for the image: the wanted or the machine's platform, else the first image.
    fn choose(&self, contents: &Contents) -> Result<Option<(Manifest, Option<Platform>)>> {
        let matcher = match self.platform {
            Some(platform) => PlatformMatcher::exactly(platform),
            None => PlatformMatcher::runnable_on(&self.engine.host.platform),
        };
        let mut best: Option<(usize, Manifest, Option<Platform>)> = None;
        for descriptor in &contents.manifests {
            let Document::Manifest(manifest) = self.archive.document(descriptor)? else { continue };
            if !manifest.is_image() || descriptor.is_attestation() {
                continue;
            }
            let platform = match &descriptor.platform {
                Some(platform) => platform.clone(),
                None => self.archive.config(&manifest.config)?.platform(),
            };
            let rank = matcher.rank(&platform);
            let rank = if self.platform.is_some() { rank } else { Some(rank.unwrap_or(usize::MAX)) };
            if let Some(rank) = rank
                && best.as_ref().is_none_or(|(other, ..)| rank < *other)
            {
                best = Some((rank, manifest, descriptor.platform.clone()));
            }
        }
        Ok(best.map(|(_, manifest, platform)| (manifest, platform)))
    }

    /// Takes in a manifest and what it points at; bytes of its files. Only the image that stands for the whole
    /// is unpacked, the others are proven and stay as they are.
    fn take_manifest(&self, manifest: &Manifest, unpacked: bool) -> Result<u64> {
        let mut size: u64 = 0;
        match manifest.is_image() {
            true => {
                let config = self.archive.config(&manifest.config)?;
                self.store.content().blobs().put(self.lease, config.bytes())?;
                check_layers(manifest, &config)?;
                for (at, descriptor) in manifest.layers.iter().enumerate() {
                    size = size.saturating_add(self.take_layer(
                        descriptor,
                        &config.diff_ids()[..=at],
                        unpacked,
                    )?);
                }
            }
            false => {
                for descriptor in std::iter::once(&manifest.config).chain(&manifest.layers) {
                    self.copy(descriptor)?;
                }
            }
        }
        self.store.content().blobs().put(self.lease, manifest.bytes())?;
        Ok(size)
    }

    fn take_layer(&self, descriptor: &Descriptor, stack: &[spec::DiffId], unpacked: bool) -> Result<u64> {
        self.engine.check_cancelled()?;
        if descriptor.media_type.layer_compression().is_none() {
            self.copy(descriptor)?;
            return Ok(0);
        }
        let Some((diff_id, parents)) = stack.split_last() else { return Ok(0) };
        let present = self.lease.pin_blob(self.store.content().blobs(), &descriptor.digest)?;
        self.lease.pin([content::Pin::Layer(diff_id.clone())])?;
        let known = self.store.driver().facts(stack)?;
        if present && let Some(facts) = known.filter(|facts| facts.ready || !unpacked) {
            return Ok(facts.size);
        }
        let driver = self.store.driver();
        let job = Unpack {
            layer: descriptor,
            diff_id,
            parents,
            driver,
            lease: self.lease,
            limits: Limits::default(),
        };
        let mut tee = self.tee(descriptor, diff_id, present)?;
        let bytes = match unpacked {
            true => unpack(&mut tee, &job)?.size,
            false => transfer::prove(&mut tee, &job)?.bytes,
        };
        tee.finish()?;
        Ok(bytes)
    }

    /// A blob of the archive that is written into the store while it is read, unless it is there.
    fn tee<'t>(&'t self, descriptor: &Descriptor, diff_id: &spec::DiffId, present: bool) -> Result<Tee<'t>> {
        let blob = self.blob(descriptor)?;
        let blobs = self.store.content().blobs();
        let writer = match present {
            true => None,
            false => Some(blobs.writer(self.lease, &descriptor.digest, descriptor.size)?),
        };
        Ok(Tee {
            blob,
            writer,
            read: 0,
            total: descriptor.size,
            id: diff_id.0.short().to_owned(),
            pace: Pace::new(),
            loading: self,
        })
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<archive::Blob> {
        let lacking = || Error::new(ErrorKind::Corrupt, format!("the archive lacks {}", descriptor.digest));
        self.archive.blob(&descriptor.digest)?.ok_or_else(lacking)
    }

    /// Takes in a blob that is no layer.
    fn copy(&self, descriptor: &Descriptor) -> Result<()> {
        if self.lease.pin_blob(self.store.content().blobs(), &descriptor.digest)? {
            return Ok(());
        }
        let mut blob = self.blob(descriptor)?;
        let mut writer =
            self.store.content().blobs().writer(self.lease, &descriptor.digest, descriptor.size)?;
        io::copy(&mut blob, &mut writer).map_err(|e| Error::new(ErrorKind::Corrupt, e.to_string()))?;
        Ok(writer.commit()?)
    }

    /// Names everything in one step.
    fn publish(&self, taken: Vec<Taken>) -> Result<Loaded> {
        if taken.is_empty() {
            return Ok(Loaded::default());
        }
        self.store.publish(|index| {
            let mut loaded = Loaded::default();
            for Taken { names, entry } in taken {
                let mut replaced = Vec::new();
                for name in &names {
                    let before = index.get(name).filter(|before| before.image != entry.image);
                    replaced.extend(before.map(|before| (name.clone(), before.image.clone())));
                    index.set_known(entry.named(name.clone()));
                }
                if names.is_empty() {
                    index.set_known(entry.clone());
                }
                loaded.images.push(LoadedImage { image: entry.image, names, taken: replaced });
            }
            Ok(loaded)
        })
    }
}

/// Bytes of an archive on their way into the store and to whoever reads them.
struct Tee<'t> {
    blob: archive::Blob,
    writer: Option<BlobWriter<'t>>,
    read: u64,
    total: u64,
    id: String,
    pace: Pace,
    loading: &'t Loading<'t>,
}

impl Tee<'_> {
    fn finish(self) -> Result<()> {
        match self.writer {
            Some(writer) => Ok(writer.commit()?),
            None => Ok(()),
        }
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.loading.engine.cancel.is_cancelled() {
            return Err(io::Error::other("context canceled"));
        }
        let n = self.blob.read(buffer)?;
        if let Some(writer) = &mut self.writer {
            writer.write_all(&buffer[..n])?;
        }
        self.read += n as u64;
        // The last report is that everything is there.
        if (n > 0 && self.read == self.total) || self.pace.is_due() {
            let bytes = Bytes { current: self.read, total: self.total };
            layer(self.loading.events, &self.id, LayerState::Loading(bytes));
        }
        Ok(n)
    }
}
