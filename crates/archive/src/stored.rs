//! Layers as docker archives store them, and the manifest that such an image does not have.

use std::collections::HashMap;
use std::io::{self, Read, Seek};
use std::sync::Arc;

use disk::Dir;
use layer::codec::Codec;
use serde::Serialize;
use spec::{Algorithm, Descriptor, DiffId, Digest, Digester, MediaType};

use crate::blob::Blob;
use crate::error::{Error, Result};
use crate::shelf::{Found, Shelf};
use crate::spool::{copy, decoded, scratch_file};

/// Layers that were looked at: each file is hashed once, whatever names lead to it.
#[derive(Debug)]
pub(crate) struct Layers<'a> {
    scratch: &'a Dir,
    known: HashMap<Vec<u8>, Layer>,
}

/// A layer in the form in which it can be kept.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(crate) descriptor: Descriptor,
    /// What it unpacks to, when it was unpacked.
    diff_id: Option<DiffId>,
}

impl<'a> Layers<'a> {
    pub(crate) fn new(scratch: &'a Dir) -> Layers<'a> {
        Layers { scratch, known: HashMap::new() }
    }

    /// The layer in a file, of which a config says that it unpacks to `diff_id`: a plain one is not read here,
    /// that it has that digest is proven by who takes it in.
    pub(crate) fn with_diff_id(
        &mut self,
        shelf: &mut Shelf,
        file: Found,
        diff_id: &DiffId,
    ) -> Result<Descriptor> {
        match codec(&file.blob)? {
            Codec::Plain => {
                let media_type = MediaType::known(MediaType::OCI_LAYER);
                let descriptor = Descriptor::new(media_type, diff_id.0.clone(), file.blob.size());
                shelf.place(&descriptor.digest, file)?;
                Ok(descriptor)
            }
            codec => Ok(self.compressed(shelf, file, codec, false)?.descriptor),
        }
    }

    /// The layer in a file of which nothing is known.
    pub(crate) fn unpacked(&mut self, shelf: &mut Shelf, file: Found) -> Result<(Descriptor, DiffId)> {
        let layer = match codec(&file.blob)? {
            Codec::Plain => self.plain(shelf, file)?,
            codec => self.compressed(shelf, file, codec, true)?,
        };
        let diff_id = layer.diff_id.unwrap_or_else(|| DiffId(layer.descriptor.digest.clone()));
        Ok((layer.descriptor, diff_id))
    }

    fn plain(&mut self, shelf: &mut Shelf, file: Found) -> Result<Layer> {
        if let Some(layer) = self.known.get(&file.name) {
            return Ok(layer.clone());
        }
        let digest = hash(&mut file.blob.clone())?;
        let media_type = MediaType::known(MediaType::OCI_LAYER);
        let descriptor = Descriptor::new(media_type, digest.clone(), file.blob.size());
        let layer = Layer { descriptor, diff_id: Some(DiffId(digest.clone())) };
        self.known.insert(file.name.clone(), layer.clone());
        shelf.place(&digest, file)?;
        Ok(layer)
    }

    fn compressed(&mut self, shelf: &mut Shelf, file: Found, codec: Codec, unpack: bool) -> Result<Layer> {
        if let Some(layer) = self.known.get(&file.name).filter(|layer| !unpack || layer.diff_id.is_some()) {
            return Ok(layer.clone());
        }
        let media_type = match codec {
            Codec::Gzip => MediaType::OCI_LAYER_GZIP,
            Codec::Zstd => MediaType::OCI_LAYER_ZSTD,
            Codec::Bzip2 | Codec::Xz | Codec::Plain => return self.inflated(shelf, file),
        };
        let digest = hash(&mut file.blob.clone())?;
        let diff_id = if unpack { Some(DiffId(hash(&mut decoded(file.blob.clone())?)?)) } else { None };
        let descriptor = Descriptor::new(MediaType::known(media_type), digest.clone(), file.blob.size());
        let layer = Layer { descriptor, diff_id };
        self.known.insert(file.name.clone(), layer.clone());
        shelf.place(&digest, file)?;
        Ok(layer)
    }

    /// A layer in a form that no manifest can speak of is kept plain.
    fn inflated(&mut self, shelf: &mut Shelf, file: Found) -> Result<Layer> {
        let mut plain = scratch_file(self.scratch)?;
        let size = copy(&mut decoded(file.blob)?, &mut plain, self.scratch)?;
        let blob = Blob::part(&Arc::new(plain), 0, size);
        let digest = hash(&mut blob.clone())?;
        shelf.add(&digest, blob);
        let descriptor = Descriptor::new(MediaType::known(MediaType::OCI_LAYER), digest.clone(), size);
        let layer = Layer { descriptor, diff_id: Some(DiffId(digest)) };
        self.known.insert(file.name, layer.clone());
        Ok(layer)
    }
}

/// The codec of a layer, by its first bytes.
fn codec(blob: &Blob) -> Result<Codec> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    let mut blob = blob.clone();
    blob.rewind()
        .and_then(|()| blob.take(HEAD_BYTES as u64).read_to_end(&mut head))
        .map_err(Error::from_stream)?;
    Ok(Codec::detect(&head))
}

/// What [`Codec::detect`] wants to see.
pub(crate) const HEAD_BYTES: usize = 512;

fn hash(from: &mut impl Read) -> Result<Digest> {
    let mut digester = Digester::new(Algorithm::Sha256);
    io::copy(from, &mut digester).map_err(Error::from_stream)?;
    Ok(digester.finish())
}

/// The manifest of an image that has none, the same bytes for the same config and layers everywhere.
pub(crate) fn manifest(shelf: &mut Shelf, config: Descriptor, layers: Vec<Descriptor>) -> Result<Descriptor> {
    let manifest = Manifest { schema_version: 2, media_type: MediaType::OCI_MANIFEST, config, layers };
    let bytes = serde_json::to_vec(&manifest).map_err(|error| Error::Read(error.into()))?;
    Ok(shelf.add_document(MediaType::OCI_MANIFEST, bytes))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    schema_version: u32,
    media_type: &'static str,
    config: Descriptor,
    layers: Vec<Descriptor>,
}
