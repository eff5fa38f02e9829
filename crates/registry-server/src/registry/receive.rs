//! Bytes of an upload on their way to where they stay: hashed as they come, written in pieces.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use hyper::header::{HeaderName, LOCATION, RANGE};
use spec::{Digest, Digester, RegistryErrorCode as Code};

use super::Registry;
use super::uploads::{Position, mismatch};
use crate::blobs::{BlobKey, BlobWriter};
use crate::http::body::RequestBody;
use crate::http::render;
use crate::metadata::{Blob, NewBlob, Place, Upload};
use crate::name::RepositoryName;
use crate::refusal::{Answered, Refusal};

/// How far an upload has come is kept this often, so that a killed server loses little of a long chunk.
const KEEP_BYTES: u64 = 64 << 20;
/// Bytes gathered before they are written: fewer are not worth a call. What comes in larger pieces is written piece
/// by piece, so that its memory serves the next one.
const GATHER_BYTES: usize = 64 << 10;
/// Bytes of a stored upload that are hashed again at once.
const READ_BYTES: usize = 1 << 20;

/// An upload that this request alone is writing to.
pub(super) struct Receiving<'r> {
    registry: &'r Registry,
    upload: Upload,
    /// The offset that is kept.
    kept: u64,
    digester: Digester,
    writer: Option<Box<dyn BlobWriter>>,
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    _alone: Alone,
}

/// A place in the set of uploads being written to.
struct Alone {
    writing: Arc<Mutex<HashSet<String>>>,
    id: String,
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl<'r> Receiving<'r> {
    /// Begins, unless another request is writing.
    pub(super) fn start(registry: &'r Registry, upload: Upload) -> Answered<Receiving<'r>> {
        let mut writing = registry.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if !writing.insert(upload.id.clone()) {
            return Err(out_of_order(&upload, "another request is writing to this upload".to_owned()));
        }
        drop(writing);
        let alone = Alone { writing: Arc::clone(&registry.writing), id: upload.id.clone() };
        let digester = Digester::restore(upload.algorithm, &upload.digester);
        let digester = digester.filter(|digester| digester.bytes() == upload.offset).ok_or_else(|| {
            Refusal::new(Code::BlobUploadInvalid, "the state of this upload is damaged; begin another")
        })?;
        Ok(Receiving {
            registry,
            kept: upload.offset,
            upload,
            digester,
            writer: None,
            gathered: Vec::new(),
            gathered_bytes: 0,
            _alone: alone,
        })
    }

    /// Refuses a chunk that does not go on where the upload is, before a byte of it is read.
    pub(super) fn check(&self, position: Position, body: &RequestBody) -> Answered<()> {
        let Position::Range { first, last } = position else { return Ok(()) };
        let at = self.upload.offset;
        if first != at {
            let detail = format!("the chunk begins at byte {first}, the upload goes on at byte {at}");
            return Err(out_of_order(&self.upload, detail));
        }
        let length = last.checked_sub(first).and_then(|length| length.checked_add(1));
        match (length, body.length()) {
            (None, _) => Err(out_of_order(&self.upload, format!("the range {first}-{last} is none"))),
            (Some(length), Some(stated)) if stated != length => {
                let detail = format!("the range {first}-{last} has {length} bytes, the request has {stated}");
                Err(out_of_order(&self.upload, detail))
            }
            _ => Ok(()),
        }
    }

    /// Takes the whole body in.
    pub(super) async fn receive(&mut self, position: Position, body: &mut RequestBody) -> Answered<()> {
        self.check_room(body.length().unwrap_or(0)).await?;
        let end = match position {
            Position::End => u64::MAX,
            Position::Range { last, .. } => last.saturating_add(1),
        };
        while let Some(chunk) = body.next().await? {
            if self.digester.bytes() + chunk.len() as u64 > end {
                return Err(wrong_size(&self.upload, end));
            }
            self.digester.update(&chunk);
            self.gathered_bytes += chunk.len();
            self.gathered.push(chunk);
            if self.gathered_bytes >= GATHER_BYTES {
                self.write().await?;
            }
        }
        if end != u64::MAX && self.digester.bytes() != end {
            return Err(wrong_size(&self.upload, end));
        }
        self.write().await
    }

    async fn check_room(&self, bytes: u64) -> Answered<()> {
        if bytes <= self.registry.policy.inline_bytes_max || self.registry.blobs.has_room(bytes).await? {
            return Ok(());
        }
        let detail = format!("the registry's disk has no room for {bytes} bytes more");
        Err(Refusal::new(Code::Unavailable, detail).with_status(507))
    }

    /// Writes what was gathered; as long as all of it is small, it stays in memory.
    async fn write(&mut self) -> Answered<()> {
        let gathered = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        if gathered.is_empty() {
            return Ok(());
        }
        if let Place::Inline(bytes) = &self.upload.place {
            let mut all = Vec::with_capacity(bytes.len());
            all.extend_from_slice(bytes);
            if self.digester.bytes() <= self.registry.policy.inline_bytes_max {
                gathered.iter().for_each(|chunk| all.extend_from_slice(chunk));
                self.upload.place = Place::Inline(all.into());
                return Ok(());
            }
            self.move_out(all.into()).await?;
        }
        self.writer().await?.append(gathered).await?;
        if self.digester.bytes() - self.kept >= KEEP_BYTES {
            self.pause().await?;
        }
        Ok(())
    }

    /// Moves what was small to the blob backend.
    async fn move_out(&mut self, bytes: Bytes) -> Answered<()> {
        let key = BlobKey::parse(&self.upload.id).ok_or_else(lost)?;
        let mut writer = self.registry.blobs.write(&key, 0, &[]).await?;
        writer.append(vec![bytes]).await?;
        self.writer = Some(writer);
        self.upload.place = Place::Stored(key);
        Ok(())
    }

    async fn writer(&mut self) -> Answered<&mut Box<dyn BlobWriter>> {
        if self.writer.is_none() {
            let Place::Stored(key) = &self.upload.place else { return Err(lost()) };
            let writer = self.registry.blobs.write(key, self.upload.offset, &self.upload.kept).await?;
            self.writer = Some(writer);
        }
        self.writer.as_mut().ok_or_else(lost)
    }

    /// Writes the rest and keeps how far it has come.
    async fn pause(&mut self) -> Answered<()> {
        if let Some(writer) = self.writer.take() {
            self.upload.kept = writer.pause().await?;
        }
        self.upload.offset = self.digester.bytes();
        self.upload.digester = self.digester.save();
        let now = self.registry.clock.now();
        if !self.registry.metadata.advance(&self.upload, self.kept, now).await? {
            return Err(out_of_order(&self.upload, "another request was faster".to_owned()));
        }
        self.kept = self.upload.offset;
        Ok(())
    }

    /// Ends this chunk.
    pub(super) async fn keep(mut self) -> Answered<Upload> {
        self.write().await?;
        self.pause().await?;
        Ok(self.upload)
    }

    /// Makes the upload a blob of the repository: its digest is known already.
    pub(super) async fn finish(mut self, repository: &RepositoryName, digest: &Digest) -> Answered<()> {
        let found = match digest.algorithm() == self.upload.algorithm {
            true => self.digester.clone().finish(),
            false => self.digest_again(digest).await?,
        };
        if found != *digest {
            return Err(mismatch(digest));
        }
        if let Place::Stored(_) = self.upload.place {
            self.writer().await?;
        }
        if let Some(writer) = self.writer.take() {
            writer.seal().await?;
        }
        let size = self.digester.bytes();
        let blob = Blob { digest: digest.clone(), size, place: self.upload.place.clone() };
        let new = NewBlob { blob, upload: Some(self.upload.id.clone()) };
        Ok(self.registry.metadata.add_blob(repository, new, self.registry.clock.now()).await?)
    }

    /// The upload was begun without saying that it would be of this algorithm: the one case in which bytes are
    /// read again.
    async fn digest_again(&mut self, digest: &Digest) -> Answered<Digest> {
        let mut digester = Digester::new(digest.algorithm());
        match &self.upload.place {
            Place::Inline(bytes) => digester.update(bytes),
            Place::Stored(key) => {
                let reader = self.registry.blobs.open(key).await?.ok_or_else(lost)?;
                while digester.bytes() < self.digester.bytes() {
                    let bytes = reader.read(digester.bytes(), READ_BYTES).await?;
                    if bytes.is_empty() {
                        return Err(lost());
                    }
                    digester.update(&bytes);
                }
            }
        }
        Ok(digester.finish())
    }
}

fn wrong_size(upload: &Upload, end: u64) -> Refusal {
    let bytes = end.saturating_sub(upload.offset);
    let detail = format!("the request's body does not have the {bytes} bytes that Content-Range announces");
    Refusal::new(Code::SizeInvalid, detail)
}

fn lost() -> Refusal {
    Refusal::new(Code::BlobUploadInvalid, "the bytes of this upload are gone; begin another")
}

/// The chunk is refused, the upload is as it was, and the client learns where that is.
fn out_of_order(upload: &Upload, detail: String) -> Refusal {
    let refusal = Refusal::new(Code::RangeInvalid, detail);
    refusal
        .with_header(LOCATION, &render::upload_location(&upload.repository, &upload.id))
        .with_header(RANGE, &render::upload_range(upload.offset))
        .with_header(HeaderName::from_static("docker-upload-uuid"), &upload.id)
}
