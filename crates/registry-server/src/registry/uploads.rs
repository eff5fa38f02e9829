//! Uploads: one state machine for all ways to push a blob (`spec` section "Pushing Blobs").
//!
//! A refusal leaves an upload where it was: how far it has come is kept last, after the bytes are written.

use hyper::body::Bytes;
use spec::{Algorithm, Digest, Digester, RegistryErrorCode as Code};

use super::Registry;
use super::receive::Receiving;
use crate::blobs::BlobKey;
use crate::http::body::RequestBody;
use crate::metadata::{Begun, Blob, NewBlob, Place, Upload};
use crate::name::RepositoryName;
use crate::random;
use crate::refusal::{Answered, Refusal};

/// Who uploads: what an upload is bound to, and whose uploads are counted together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject(pub String);

/// Where a chunk says that it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// At the end, however long it is.
    End,
    /// From the first to the last of these bytes.
    Range { first: u64, last: u64 },
}

impl Registry {
    /// Begins an upload.
    pub(crate) async fn begin_upload(
        &self,
        repository: &RepositoryName,
        subject: &Subject,
        algorithm: Algorithm,
    ) -> Answered<Upload> {
        self.check_writes()?;
        let upload = Upload {
            id: random::id()?,
            repository: repository.clone(),
            subject: subject.0.clone(),
            algorithm,
            offset: 0,
            digester: Digester::new(algorithm).save(),
            place: Place::Inline(Bytes::new()),
            kept: Vec::new(),
        };
        let open_max = self.policy.uploads_open_max;
        match self.metadata.begin(&upload, open_max, self.clock.now()).await? {
            Begun::Yes => Ok(upload),
            Begun::TooMany => {
                let detail =
                    format!("more uploads are open than UPLOADS_OPEN_MAX ({open_max}) for one subject");
                Err(Refusal::new(Code::TooManyRequests, detail).with_header(hyper::header::RETRY_AFTER, "60"))
            }
        }
    }

    /// An upload of this repository and subject; to all others it does not exist (SRV-7).
    pub(crate) async fn upload(
        &self,
        repository: &RepositoryName,
        id: &str,
        subject: &Subject,
    ) -> Answered<Upload> {
        let known = BlobKey::parse(id).is_some();
        let found = if known { self.metadata.upload(id).await? } else { None };
        found
            .filter(|upload| upload.repository == *repository && same_subject(&upload.subject, &subject.0))
            .ok_or_else(|| unknown(repository))
    }

    /// Adds a chunk. Returns the upload as it is then.
    pub(crate) async fn append(
        &self,
        repository: &RepositoryName,
        id: &str,
        subject: &Subject,
        position: Position,
        body: &mut RequestBody,
    ) -> Answered<Upload> {
        self.check_writes()?;
        let upload = self.upload(repository, id, subject).await?;
        let mut receiving = Receiving::start(self, upload)?;
        receiving.check(position, body)?;
        // What arrived before a connection broke is kept, so that the client can go on from there.
        let result = receiving.receive(position, body).await;
        match result {
            Ok(()) => {}
            Err(refusal) if refusal.code == Code::SizeInvalid => return Err(refusal),
            Err(refusal) => {
                receiving.keep().await?;
                return Err(refusal);
            }
        }
        receiving.keep().await
    }

    /// Adds the last chunk and makes the upload a blob, if it has the digest.
    pub(crate) async fn finish(
        &self,
        repository: &RepositoryName,
        (id, digest): (&str, &Digest),
        subject: &Subject,
        position: Position,
        body: &mut RequestBody,
    ) -> Answered<()> {
        self.check_writes()?;
        let upload = match self.upload(repository, id, subject).await {
            Ok(upload) => upload,
            // The answer to the same request got lost.
            Err(refusal) => {
                let there = self.metadata.blob(repository, digest).await?.is_some();
                return if there { Ok(()) } else { Err(refusal) };
            }
        };
        let mut receiving = Receiving::start(self, upload)?;
        receiving.check(position, body)?;
        receiving.receive(position, body).await?;
        receiving.finish(repository, digest).await
    }

    /// Takes a whole blob in one request.
    pub(crate) async fn upload_whole(
        &self,
        repository: &RepositoryName,
        subject: &Subject,
        digest: &Digest,
        body: &mut RequestBody,
    ) -> Answered<()> {
        self.check_writes()?;
        if body.length().is_some_and(|length| length <= self.policy.inline_bytes_max) {
            let bytes = body.read_whole(self.policy.inline_bytes_max).await?;
            if !digest.matches(&bytes) {
                return Err(mismatch(digest));
            }
            return self.add_inline(repository, digest, bytes).await;
        }
        let upload = self.begin_upload(repository, subject, digest.algorithm()).await?;
        let id = upload.id.clone();
        let mut receiving = Receiving::start(self, upload)?;
        let result = async {
            receiving.check(Position::End, body)?;
            receiving.receive(Position::End, body).await?;
            receiving.finish(repository, digest).await
        };
        let result = result.await;
        if result.is_err() {
            self.metadata.cancel(&id, self.clock.now()).await?;
        }
        result
    }

    async fn add_inline(&self, repository: &RepositoryName, digest: &Digest, bytes: Bytes) -> Answered<()> {
        let blob = Blob { digest: digest.clone(), size: bytes.len() as u64, place: Place::Inline(bytes) };
        let new = NewBlob { blob, upload: None };
        Ok(self.metadata.add_blob(repository, new, self.clock.now()).await?)
    }

    /// Ends an upload without a blob.
    pub(crate) async fn cancel(
        &self,
        repository: &RepositoryName,
        id: &str,
        subject: &Subject,
    ) -> Answered<()> {
        self.check_writes()?;
        let upload = self.upload(repository, id, subject).await?;
        match self.metadata.cancel(&upload.id, self.clock.now()).await? {
            true => Ok(()),
            false => Err(unknown(repository)),
        }
    }

    /// Makes a blob of another repository part of this one; false when that one does not hold it.
    pub(crate) async fn mount(
        &self,
        repository: &RepositoryName,
        from: &RepositoryName,
        digest: &Digest,
    ) -> Answered<bool> {
        self.check_writes()?;
        Ok(self.metadata.mount(repository, from, digest, self.clock.now()).await?)
    }
}

/// Anonymous callers may come from another address for the next chunk: the id is secret enough. They are told
/// apart by address for counting alone.
fn same_subject(one: &str, other: &str) -> bool {
    let anonymous = |subject: &str| subject.starts_with(ANONYMOUS);
    one == other || (anonymous(one) && anonymous(other))
}

/// What the subjects of callers without a user's name begin with; those of users begin otherwise.
pub(crate) const ANONYMOUS: &str = "anonymous ";

pub(super) fn mismatch(digest: &Digest) -> Refusal {
    Refusal::new(Code::DigestInvalid, format!("the uploaded bytes do not have the digest {digest}"))
}

fn unknown(repository: &RepositoryName) -> Refusal {
    let detail = format!("repository {repository} has no such upload; it may have expired, begin another");
    Refusal::new(Code::BlobUploadUnknown, detail)
}
