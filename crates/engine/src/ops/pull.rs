//! `pull`: an image from a registry into the store.

mod layers;
mod plan;

use content::Lease;
use images::{Entry, ImageStore};
use registry_client::{Client, Repository, Wanted};
use spec::{Descriptor, Digest, Document, ImageConfig, ImageId, Manifest, Platform, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Events, message};
use crate::ops::choose::{Chosen, choose, no_match};
use crate::ops::history::check_platform;
use crate::remote::{fetch_config, pass_on_warnings, wanted};
use plan::Plan;

/// A request to pull.
#[derive(Clone, Debug, Default)]
pub struct Pull {
    /// What the user typed.
    pub reference: String,
    /// The platform to choose instead of the machine's.
    pub platform: Option<Platform>,
    /// Every tag of the repository.
    pub all_tags: bool,
}

/// What a pull brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled {
    /// The name as Docker repeats it at the end: `docker.io/library/alpine:latest`.
    pub name: String,
    /// The images, one for each tag.
    pub images: Vec<PulledImage>,
}

/// One image of a pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PulledImage {
    /// The reference it has now.
    pub reference: Reference,
    /// The digest of what the reference stands for: an index or a manifest.
    pub digest: Digest,
    /// The image.
    pub image: ImageId,
    /// Whether anything is new here.
    pub newer: bool,
}

/// What one tag of a pull works with.
struct Pulling<'a> {
    engine: &'a Engine,
    store: &'a ImageStore,
    client: &'a Client,
    repository: &'a Repository<'a>,
    lease: &'a Lease,
    platform: Option<&'a Platform>,
    events: &'a dyn Events,
}

impl Engine {
    /// Pulls an image, or every tag of a repository.
    ///
    /// # Errors
    /// When the reference cannot be meant, the registry refuses or fails, no platform fits, the image does not
    /// fit on the disk, or anything that arrives is not what it has to be. Nothing has a new name then.
    pub fn pull(&self, request: &Pull, events: &dyn Events) -> Result<Pulled> {
        let typed = Reference::parse(&request.reference)?;
        if request.all_tags && !typed.is_name_only() {
            return Err(Error::invalid("tag can't be used with --all-tags/-a"));
        }
        if typed.familiar_name() == "scratch" {
            return Err(Error::new(ErrorKind::Denied, "'scratch' is a reserved name"));
        }
        let store = self.store()?;
        self.sweep_refused(&store, self.pull_into(&store, &typed, request, events))
    }

    fn pull_into(
        &self,
        store: &ImageStore,
        typed: &Reference,
        request: &Pull,
        events: &dyn Events,
    ) -> Result<Pulled> {
        let operation = self.cancel.child();
        let client = self.client(&operation)?;
        self.warn_of_readable_credentials(events);
        let result = self.pull_with(store, &client, typed, request, events);
        pass_on_warnings(&client, events);
        result
    }

    fn pull_with(
        &self,
        store: &ImageStore,
        client: &Client,
        typed: &Reference,
        request: &Pull,
        events: &dyn Events,
    ) -> Result<Pulled> {
        let repository = client.repository(typed).map_err(|error| self.registry_error(&error))?;
        let references = match request.all_tags {
            true => self.all_tags(&repository, typed)?,
            false => vec![typed.clone().digest_wins().or_latest()],
        };
        let mut images = Vec::with_capacity(references.len());
        for reference in references {
            let lease = store.content().lease()?;
            let pulling = Pulling {
                engine: self,
                store,
                client,
                repository: &repository,
                lease: &lease,
                platform: request.platform.as_ref(),
                events,
            };
            images.push(pulling.pull(reference)?);
        }
        let subject = if request.all_tags {
            typed.familiar_name()
        } else {
            typed.clone().digest_wins().or_latest().familiar()
        };
        let newer = images.iter().any(|image| image.newer);
        let status = if newer { "Downloaded newer image for" } else { "Image is up to date for" };
        message(events, None, format!("Status: {status} {subject}"));
        self.warn_of_platform(store, &images, request, events)?;
        let name = if request.all_tags { typed.name() } else { typed.clone().or_latest().to_string() };
        Ok(Pulled { name, images })
    }

    fn all_tags(&self, repository: &Repository<'_>, typed: &Reference) -> Result<Vec<Reference>> {
        let tags = repository.tags().map_err(|error| self.pull_error(&error, typed))?;
        tags.iter().map(|tag| typed.with_tag(tag).map_err(Error::from)).collect()
    }

    /// A registry without an index gives what it has, whatever was asked for: the user is told.
    fn warn_of_platform(
        &self,
        store: &ImageStore,
        images: &[PulledImage],
        request: &Pull,
        events: &dyn Events,
    ) -> Result<()> {
        let index = store.index()?;
        for image in images {
            let Some(entry) = index.get(&image.reference) else { continue };
            if let Err(warning) =
                check_platform(&image.reference.familiar(), &entry.platform, request.platform.as_ref())
            {
                message(events, None, format!("WARNING: {warning}"));
            }
        }
        Ok(())
    }
}

impl Pulling<'_> {
    fn pull(&self, reference: Reference) -> Result<PulledImage> {
        let failed = |error: registry_client::Error| self.engine.pull_error(&error, &reference);
        let target = self.target(&reference).map_err(failed)?;
        let tag = reference.tag().map_or_else(|| reference.to_string(), str::to_owned);
        message(self.events, Some(&tag), format!("Pulling from {}", reference.path()));
        let Chosen { manifest, stated } = self.choose(&target)?;
        // What can be refused without any content is refused before it is asked for (DOC-8).
        plan::check(self, &manifest)?;
        let config = self.config(&manifest)?;
        self.check_stated(&stated, &config);
        let plan = Plan::new(self, &manifest, &config)?;
        let brought = self.layers(&plan)?;
        let size = self.put_documents(&target, &manifest, &plan)?;
        let entry = Entry {
            reference: Some(reference.clone()),
            target: target.descriptor(),
            image: config.id().clone(),
            manifests: vec![manifest.digest().clone()],
            platform: stated.unwrap_or_else(|| config.platform()),
            created: config.created(),
            size,
            tagged: None,
            parent: None,
        };
        let named = self.publish(entry)?;
        message(self.events, None, format!("Digest: {}", target.digest()));
        let image = config.id().clone();
        Ok(PulledImage { reference, digest: target.digest().clone(), image, newer: brought || named })
    }

    /// What the reference stands for: asked for by its head, and fetched only when it is not here already, so
    /// that looking whether anything is new costs nothing of a pull limit.
    fn target(&self, reference: &Reference) -> std::result::Result<Document, registry_client::Error> {
        let resolved = self.repository.resolve(wanted(reference))?;
        if let Some(document) = resolved.document {
            return Ok(document);
        }
        let digest = &resolved.descriptor.digest;
        let present = self.lease.pin_blob(self.store.content().blobs(), digest).unwrap_or_default();
        if present && let Ok(document) = self.store.document(digest) {
            return Ok(document);
        }
        Ok(self.repository.fetch_document(Wanted::Digest(digest))?.document)
    }

    /// The manifest for the platform, out of an index and of indexes inside it.
    fn choose(&self, target: &Document) -> Result<Chosen> {
        let host = &self.engine.host.platform;
        let chosen = choose(target, self.platform, host, |chosen| {
            let document = self.document(chosen)?;
            self.engine.check_cancelled()?;
            Ok(document)
        })?;
        chosen.ok_or_else(|| no_match(target, self.platform.unwrap_or(host)))
    }

    /// A document of the image, from the store when it is there already.
    fn document(&self, descriptor: &Descriptor) -> Result<Document> {
        if self.lease.pin_blob(self.store.content().blobs(), &descriptor.digest)?
            && let Ok(document) = self.store.document(&descriptor.digest)
        {
            return Ok(document);
        }
        let fetched = self.repository.fetch_child(descriptor);
        fetched.map(|fetched| fetched.document).map_err(|error| self.engine.registry_error(&error))
    }

    fn config(&self, manifest: &Manifest) -> Result<ImageConfig> {
        if !manifest.is_image() {
            let media_type = &manifest.config.media_type;
            let text = format!("Encountered remote {:?}(unknown) when fetching", media_type.as_str());
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let digest = &manifest.config.digest;
        let present = self.lease.pin_blob(self.store.content().blobs(), digest)?;
        if present && let Ok(config) = self.store.config(digest) {
            return Ok(config);
        }
        fetch_config(self.engine, self.client, self.repository, &manifest.config)
    }

    /// An index that promises another platform than the config names is reported, and its word kept (DOC-5).
    fn check_stated(&self, stated: &Option<Platform>, config: &ImageConfig) {
        let found = config.platform();
        if let Some(stated) = stated
            && (stated.os.to_lowercase() != found.os.to_lowercase()
                || stated.normalised().architecture != found.normalised().architecture)
        {
            let text = format!("the index says {stated}, the image itself says {found}");
            self.events.emit(Event::Warning(text));
        }
    }

    /// Stores the documents as they were received; bytes of the image's files.
    fn put_documents(&self, target: &Document, manifest: &Manifest, plan: &Plan) -> Result<u64> {
        let blobs = self.store.content().blobs();
        blobs.put(self.lease, plan.config.bytes())?;
        blobs.put(self.lease, manifest.bytes())?;
        blobs.put(self.lease, target.bytes())?;
        let mut size: u64 = 0;
        for at in 0..plan.config.diff_ids().len() {
            let facts = self.store.driver().facts(&plan.config.diff_ids()[..=at])?;
            let facts = facts
                .ok_or_else(|| Error::new(ErrorKind::Internal, "a layer vanished while it was pulled"))?;
            size = size.saturating_add(facts.size);
        }
        Ok(size)
    }

    /// Gives the image its names; says whether the reference is new or stood for another image.
    fn publish(&self, entry: Entry) -> Result<bool> {
        let Some(reference) = entry.reference.clone() else { return Ok(false) };
        let repo_digest = reference.with_digest(entry.target.digest.clone());
        self.store.publish(|index| {
            let moved = index.get(&reference).is_none_or(|before| before.image != entry.image);
            // A digest that stands for an image of another platform stays with it.
            if index.get(&repo_digest).is_none_or(|before| before.image == entry.image) {
                index.set_known(entry.named(repo_digest.clone()));
            }
            index.set_known(entry);
            Ok(moved)
        })
    }
}
