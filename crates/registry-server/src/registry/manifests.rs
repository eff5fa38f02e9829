//! Manifests and tags: what a push is checked for, in the order that makes the answer helpful.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Bytes;
use serde_json::json;
use spec::{Descriptor, Digest, Document, DocumentError, RegistryErrorCode as Code};

use super::{Registry, Switch};
use crate::metadata::{Condition, NewManifest, Put, Selector, StoredManifest, TagMoves};
use crate::name::{RepositoryName, Tag};
use crate::refusal::{Answered, Refusal};

/// A manifest to be pushed.
pub(crate) struct Push {
    /// Where to.
    pub repository: RepositoryName,
    /// The tag or digest in the path.
    pub selector: Selector,
    /// Tags besides.
    pub tags: Vec<Tag>,
    /// What must hold of the tag.
    pub condition: Condition,
    /// Whether the caller may move a tag that exists.
    pub tag_moves: TagMoves,
    /// The media type that was said.
    pub content_type: Option<String>,
    /// The bytes.
    pub bytes: Bytes,
}

/// What a push has done.
pub(crate) struct Pushed {
    /// The manifest's digest, in the algorithm that was asked for.
    pub digest: Digest,
    /// What it is about.
    pub subject: Option<Digest>,
    /// What it names and this repository does not hold.
    pub absent: Vec<Digest>,
}

impl Registry {
    /// A manifest of a repository.
    pub(crate) async fn manifest(
        &self,
        repository: &RepositoryName,
        selector: &Selector,
    ) -> Answered<StoredManifest> {
        let found = self.metadata.manifest(repository, selector).await?;
        found.ok_or_else(|| unknown(repository, selector))
    }

    /// Takes a manifest in.
    pub(crate) async fn push_manifest(&self, push: Push) -> Answered<Pushed> {
        self.check_writes()?;
        let document = Document::parse(&push.bytes, push.content_type.as_deref()).map_err(invalid)?;
        let digest = match &push.selector {
            Selector::Digest(digest) if digest.matches(&push.bytes) => digest.clone(),
            Selector::Digest(digest) => {
                let detail = format!("the manifest's bytes do not have the digest {digest}");
                return Err(Refusal::new(Code::DigestInvalid, detail));
            }
            Selector::Tag(_) => document.digest().clone(),
        };
        let new = self.new_manifest(&document, digest.clone(), &push)?;
        let subject = new.subject.clone();
        match self.metadata.put_manifest(&push.repository, new, self.clock.now()).await? {
            Put::Stored { absent } => Ok(Pushed { digest, subject, absent }),
            Put::Missing(digests) => Err(missing(&push.repository, &digests)),
            Put::ConditionFailed => {
                let detail = "the tag is not where If-Match or If-None-Match says; look again and retry";
                Err(Refusal::new(Code::Denied, detail).with_status(412))
            }
            Put::TagExists(tag) => {
                let detail = format!("tag {tag} exists, and you may not move tags in {}", push.repository);
                Err(Refusal::new(Code::Denied, detail))
            }
        }
    }

    fn new_manifest(&self, document: &Document, digest: Digest, push: &Push) -> Answered<NewManifest> {
        let mut new = NewManifest {
            manifest: StoredManifest {
                digest,
                media_type: document.media_type().to_string(),
                bytes: push.bytes.clone(),
            },
            artifact_type: artifact_type(document),
            annotations: json!(annotations(document)).to_string(),
            subject: subject(document).map(|subject| subject.digest.clone()),
            blobs: Vec::new(),
            blobs_required: self.policy.sparse_images == Switch::Off,
            optional_blobs: Vec::new(),
            children: Vec::new(),
            children_required: self.policy.sparse_indexes == Switch::Off,
            tags: tags(push),
            condition: push.condition.clone(),
            tag_moves: push.tag_moves,
        };
        for child in document.children() {
            place(&mut new, child, matches!(document, Document::Index(_)))?;
        }
        Ok(new)
    }

    /// Takes a tag away, or a manifest with all its tags.
    pub(crate) async fn delete_manifest(
        &self,
        repository: &RepositoryName,
        selector: &Selector,
    ) -> Answered<()> {
        self.check_deletes()?;
        let now = self.clock.now();
        let deleted = match selector {
            Selector::Tag(tag) => self.metadata.delete_tag(repository, tag, now).await?,
            Selector::Digest(digest) => self.metadata.delete_manifest(repository, digest, now).await?,
        };
        if deleted { Ok(()) } else { Err(unknown(repository, selector)) }
    }
}

/// The path's tag first: conditions are about it.
fn tags(push: &Push) -> Vec<Tag> {
    let own = match &push.selector {
        Selector::Tag(tag) => Some(tag.clone()),
        Selector::Digest(_) => None,
    };
    own.into_iter().chain(push.tags.iter().cloned()).collect()
}

/// Decides what a descriptor asks of the repository.
fn place(new: &mut NewManifest, child: &Descriptor, in_index: bool) -> Answered<()> {
    let is_document = child.media_type.is_manifest() || child.media_type.is_index();
    if in_index && is_document {
        new.children.push(child.digest.clone());
    } else if in_index || child.media_type.is_foreign_layer() || !child.urls.is_empty() || inlined(child)? {
        // Build caches list layers in an index; foreign layers are never pushed; what is inlined is here.
        new.optional_blobs.push(child.digest.clone());
    } else {
        new.blobs.push(child.digest.clone());
    }
    Ok(())
}

/// Whether the descriptor brings its content, which then has to fit (REF-7).
fn inlined(descriptor: &Descriptor) -> Answered<bool> {
    let Some(data) = &descriptor.data else { return Ok(false) };
    let fits = STANDARD
        .decode(data)
        .is_ok_and(|bytes| bytes.len() as u64 == descriptor.size && descriptor.digest.matches(&bytes));
    if fits {
        return Ok(true);
    }
    let detail = format!("the data of descriptor {} does not have its size and digest", descriptor.digest);
    Err(Refusal::new(Code::ManifestInvalid, detail))
}

/// What the manifest is listed as: its own word, else its config's type.
fn artifact_type(document: &Document) -> Option<String> {
    match document {
        Document::Manifest(manifest) => {
            let own = manifest.artifact_type.clone().filter(|own| !own.is_empty());
            own.or_else(|| Some(manifest.config.media_type.to_string()))
        }
        Document::Index(index) => index.artifact_type.clone().filter(|own| !own.is_empty()),
    }
}

fn annotations(document: &Document) -> &std::collections::BTreeMap<String, String> {
    match document {
        Document::Manifest(manifest) => &manifest.annotations,
        Document::Index(index) => &index.annotations,
    }
}

fn subject(document: &Document) -> Option<&Descriptor> {
    match document {
        Document::Manifest(manifest) => manifest.subject.as_ref(),
        Document::Index(index) => index.subject.as_ref(),
    }
}

fn invalid(error: DocumentError) -> Refusal {
    let status = if matches!(error, DocumentError::TooLarge(_)) { 413 } else { 400 };
    let mut detail = error.to_string();
    if let DocumentError::Schema1 = error {
        detail.push_str("; push the image with a client of this decade");
    }
    Refusal::new(Code::ManifestInvalid, detail).with_status(status)
}

/// One entry for each digest, as clients expect it.
fn missing(repository: &RepositoryName, digests: &[Digest]) -> Refusal {
    let detail =
        |digest: &Digest| json!({ "digest": digest, "reason": format!("not in repository {repository}") });
    let details = digests.iter().map(detail).collect();
    Refusal { details, ..Refusal::new(Code::ManifestBlobUnknown, "") }
}

pub(super) fn unknown(repository: &RepositoryName, selector: &Selector) -> Refusal {
    let detail = match selector {
        Selector::Tag(tag) => format!("repository {repository} has no tag {tag}"),
        Selector::Digest(digest) => format!("repository {repository} holds no manifest {digest}"),
    };
    Refusal::new(Code::ManifestUnknown, detail)
}

#[cfg(test)]
mod tests {
    use spec::MediaType;

    use super::*;

    #[test]
    fn ref_7_inlined_content_has_to_fit() {
        let check = |data: Option<&str>, size: u64, expect: Result<bool, ()>| {
            let mut descriptor = Descriptor::of(MediaType::known(MediaType::OCI_EMPTY), b"{}");
            descriptor.data = data.map(str::to_owned);
            descriptor.size = size;
            assert_eq!(inlined(&descriptor).map_err(drop), expect, "{data:?}");
        };
        check(None, 2, Ok(false));
        check(Some("e30="), 2, Ok(true));
        check(Some("e30="), 3, Err(()));
        check(Some("e31="), 2, Err(()));
        check(Some("?"), 2, Err(()));
    }
}
