//! Giving out blobs.

use std::sync::Arc;

use hyper::body::Bytes;
use spec::{Digest, RegistryErrorCode as Code};

use super::Registry;
use crate::blobs::BlobReader;
use crate::metadata::{Blob, Place};
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};

/// Times that a blob is looked for whose bytes went while it was being opened.
const LOOKS: usize = 3;

/// A blob's bytes.
pub(crate) enum Content {
    /// In memory.
    Bytes(Bytes),
    /// To be read as they are sent.
    Reader(Arc<dyn BlobReader>),
}

impl Registry {
    /// A blob of a repository.
    pub(crate) async fn blob(&self, repository: &RepositoryName, digest: &Digest) -> Answered<Blob> {
        self.metadata.blob(repository, digest).await?.ok_or_else(|| unknown(repository, digest))
    }

    /// A blob with its bytes.
    pub(crate) async fn open(
        &self,
        repository: &RepositoryName,
        digest: &Digest,
    ) -> Answered<(Blob, Content)> {
        for _ in 0..LOOKS {
            let blob = self.blob(repository, digest).await?;
            match &blob.place {
                Place::Inline(bytes) => {
                    let bytes = bytes.clone();
                    return Ok((blob, Content::Bytes(bytes)));
                }
                Place::Stored(key) => {
                    // Collected and pushed again between the two look-ups: it has another key now.
                    let Some(reader) = self.blobs.open(key).await? else { continue };
                    if reader.size() != blob.size {
                        return Err(damaged(digest, blob.size, reader.size()));
                    }
                    return Ok((blob, Content::Reader(Arc::from(reader))));
                }
            }
        }
        let refusal = Refusal::new(Code::Unknown, "the registry lost the bytes of this blob; push it again");
        Err(Refusal { cause: Some(format!("the bytes of {digest} are not in the blob store")), ..refusal })
    }

    /// Takes a blob out of a repository.
    pub(crate) async fn delete_blob(&self, repository: &RepositoryName, digest: &Digest) -> Answered<()> {
        self.check_deletes()?;
        match self.metadata.delete_blob(repository, digest, self.clock.now()).await? {
            true => Ok(()),
            false => Err(unknown(repository, digest)),
        }
    }
}

fn damaged(digest: &Digest, expected: u64, found: u64) -> Refusal {
    let refusal = Refusal::new(Code::Unknown, "the registry's copy of this blob is damaged; push it again");
    let cause = format!("{digest} has {found} bytes on disk, expected {expected}");
    Refusal { cause: Some(cause), ..refusal }
}

pub(super) fn unknown(repository: &RepositoryName, digest: &Digest) -> Refusal {
    Refusal::new(Code::BlobUnknown, format!("repository {repository} holds no blob {digest}"))
}
