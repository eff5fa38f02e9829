//! `push`: an image from the store into a registry, byte for byte as it was received or made.

mod closure;
mod mounts;
mod upload;

use content::Lease;
use images::{Entry, ImageStore};
use registry_client::{Client, Repository, Wanted};
use spec::{Digest, Document, ImageId, Platform, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Events, message};
use crate::remote::pass_on_warnings;
use closure::Closure;

/// A request to push.
#[derive(Clone, Debug, Default)]
pub struct Push {
    /// What the user typed; without a tag it stands for `latest`.
    pub reference: String,
    /// Every tag of the repository.
    pub all_tags: bool,
    /// Of an index only the image of this platform, as an image of its own.
    pub platform: Option<Platform>,
}

/// What was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedImages {
    /// The name in full, as Docker repeats it with `--quiet`: `docker.io/joe/app:1.0`.
    pub name: String,
    /// One for each tag, in the order of their names.
    pub images: Vec<PushedImage>,
}

/// One tag that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushedImage {
    /// The tag.
    pub reference: Reference,
    /// What it stands for in the registry now.
    pub digest: Digest,
    /// Bytes of that document.
    pub size: u64,
    /// The index that it was taken out of, when only one platform was asked for or is here.
    pub out_of: Option<Digest>,
}

/// What one tag of a push works with.
struct Pushing<'a> {
    engine: &'a Engine,
    store: &'a ImageStore,
    client: &'a Client,
    repository: &'a Repository<'a>,
    lease: &'a Lease,
    /// The tag.
    reference: &'a Reference,
    events: &'a dyn Events,
}

impl Engine {
    /// Pushes an image, or every tag of a repository.
    ///
    /// # Errors
    /// When the reference cannot be meant, there is no such tag, something of the image is missing or damaged, or
    /// the registry refuses or fails, in Docker's words. The tag in the registry is as it was then: it is set last.
    pub fn push(&self, request: &Push, events: &dyn Events) -> Result<PushedImages> {
        let typed = Reference::parse(&request.reference)?;
        if request.all_tags && !typed.is_name_only() {
            return Err(Error::invalid("tag can't be used with --all-tags/-a"));
        }
        let typed = if request.all_tags { typed } else { typed.or_latest() };
        message(events, None, format!("The push refers to repository [{}]", typed.name()));
        if typed.digest().is_some() {
            return Err(Error::invalid("cannot push a digest reference"));
        }
        let store = self.existing_store()?.ok_or_else(|| no_image(&typed))?;
        let tags = tags(&store, &typed)?;
        self.warn_of_readable_credentials(events);
        let operation = self.cancel.child();
        let client = self.client(&operation)?;
        let result = self.push_tags(&store, &client, &tags, request, events);
        pass_on_warnings(&client, events);
        Ok(PushedImages { name: typed.to_string(), images: result? })
    }

    fn push_tags(
        &self,
        store: &ImageStore,
        client: &Client,
        tags: &[Reference],
        request: &Push,
        events: &dyn Events,
    ) -> Result<Vec<PushedImage>> {
        let push = |reference: &Reference| {
            let repository = client.repository(reference).map_err(|error| self.registry_error(&error))?;
            let lease = store.content().lease()?;
            let pushing = Pushing {
                engine: self,
                store,
                client,
                repository: &repository,
                lease: &lease,
                reference,
                events,
            };
            pushing.push(request.platform.as_ref())
        };
        tags.iter().map(push).collect()
    }
}

/// The tags to push, in the order of their names.
fn tags(store: &ImageStore, typed: &Reference) -> Result<Vec<Reference>> {
    let index = store.index()?;
    let name = typed.name_only();
    let references = index.entries().iter().filter_map(|entry| entry.reference.as_ref());
    let known: Vec<&Reference> = references.filter(|reference| reference.name_only() == name).collect();
    if known.is_empty() {
        return Err(no_image(typed));
    }
    if !typed.is_name_only() {
        let found = known.contains(&typed);
        return if found { Ok(vec![typed.clone()]) } else { Err(no_tag(typed)) };
    }
    let mut tags: Vec<Reference> = known.into_iter().filter(|known| known.tag().is_some()).cloned().collect();
    tags.sort_by_cached_key(Reference::to_string);
    match tags.is_empty() {
        true => {
            let text = format!("no tags to push for {}", typed.familiar_name());
            Err(Error::new(ErrorKind::NotFound, text))
        }
        false => Ok(tags),
    }
}

fn no_image(typed: &Reference) -> Error {
    let name = typed.familiar_name();
    Error::new(ErrorKind::NotFound, format!("An image does not exist locally with the tag: {name}"))
}

fn no_tag(reference: &Reference) -> Error {
    Error::new(ErrorKind::NotFound, format!("tag does not exist: {}", reference.familiar()))
}

impl Pushing<'_> {
    fn push(&self, platform: Option<&Platform>) -> Result<PushedImage> {
        let entry = self.entry()?;
        let closure = self.closure(&entry, platform).map_err(|error| self.why_missing(error))?;
        self.upload(&closure)?;
        self.engine.check_cancelled()?;
        self.push_documents(&closure)?;
        let target = closure.target();
        let (tag, size) = (self.reference.tag().unwrap_or_default(), target.bytes().len());
        message(self.events, Some(tag), format!("digest: {} size: {size}", target.digest()));
        self.remember(&entry, target)?;
        Ok(PushedImage {
            reference: self.reference.clone(),
            digest: target.digest().clone(),
            size: size as u64,
            out_of: Some(entry.target.digest).filter(|digest| digest != target.digest()),
        })
    }

    /// What is sent. An index of which neither the store nor the registry has all would be a broken image there:
    /// then the one image that is here is pushed by itself, as Docker does.
    fn closure(&self, entry: &Entry, platform: Option<&Platform>) -> Result<Closure> {
        let closure = Closure::new(self, entry, platform)?;
        for missing in &closure.missing {
            match self.repository.resolve(Wanted::Digest(&missing.digest)) {
                Ok(_) => {}
                Err(error) if error.kind() == registry_client::ErrorKind::NotFound => {
                    return Closure::new(self, entry, Some(&entry.platform));
                }
                Err(error) => return Err(self.engine.push_error(&error, self.reference)),
            }
        }
        Ok(closure)
    }

    fn entry(&self) -> Result<Entry> {
        let entry = self.store.index()?.get(self.reference).cloned();
        entry.ok_or_else(|| no_tag(self.reference))
    }

    /// Something is not there: was the tag removed in the meantime?
    fn why_missing(&self, error: Error) -> Error {
        match self.entry() {
            Err(gone) if error.kind() == ErrorKind::Corrupt => gone,
            _ => error,
        }
    }

    /// Everything by its digest, children first; last the one document that the tag names, which makes all of it
    /// visible at once.
    fn push_documents(&self, closure: &Closure) -> Result<()> {
        let tag = self.reference.tag().unwrap_or(spec::DEFAULT_TAG);
        let target = closure.target();
        for document in &closure.documents {
            let wanted = match document.digest() == target.digest() {
                true => Wanted::Tag(tag),
                false => Wanted::Digest(document.digest()),
            };
            let pushed = self.repository.push_document(document.bytes(), document.media_type(), wanted);
            pushed.map_err(|error| self.document_error(&error, document, closure))?;
        }
        Ok(())
    }

    /// A registry need not take an index without all that it lists.
    fn document_error(
        &self,
        error: &registry_client::Error,
        document: &Document,
        closure: &Closure,
    ) -> Error {
        let failed = self.engine.push_error(error, self.reference);
        let refused = error.refusal().is_some_and(|refusal| matches!(refusal.status, 400 | 404 | 422));
        if !refused || closure.missing.is_empty() || !matches!(document, Document::Index(_)) {
            return failed;
        }
        let missing: Vec<String> = closure
            .missing
            .iter()
            .map(|entry| match &entry.platform {
                Some(platform) => format!("{platform} ({})", entry.digest),
                None => entry.digest.to_string(),
            })
            .collect();
        let name = self.reference.familiar();
        let text = format!(
            "the registry does not take the index of {name} without everything it lists ({failed}); not here: {}",
            missing.join(", ")
        );
        closure.platforms().iter().fold(Error::new(ErrorKind::NotFound, text), |error, platform| {
            error.with_hint(format!(
                "`strata push --platform {platform} {name}` pushes the image that is here by itself"
            ))
        })
    }

    /// From now on the image has a digest in the repository.
    fn remember(&self, pushed: &Entry, target: &Document) -> Result<()> {
        let repo_digest = self.reference.with_digest(target.digest().clone());
        let image = match target {
            Document::Manifest(manifest) => ImageId(manifest.config.digest.clone()),
            Document::Index(_) => pushed.image.clone(),
        };
        self.store.publish(|index| {
            // An image that was removed meanwhile stays removed; a digest that stands for another one too.
            let free = index.get(&repo_digest).is_none_or(|known| known.image == image);
            let known = index.of_image(&image).next().filter(|_| free).cloned();
            if let Some(known) = known {
                let manifests = match target {
                    Document::Manifest(manifest) => vec![manifest.digest().clone()],
                    Document::Index(_) => pushed.manifests.clone(),
                };
                let entry = Entry { target: target.descriptor(), manifests, ..known.named(repo_digest) };
                index.set(entry);
            }
            Ok::<(), Error>(())
        })
    }
}
