//! Layers: a tar, compressed or not, and its two digests.

use std::io::{self, Write};

use spec::{DiffId, Digest, MediaType};

use super::config::Format;
use super::entry::Entry;
use super::tar::tar;
use crate::registry::Content;

/// Layers above this many bytes are compressed into a file instead of memory.
const MEMORY_BYTES_MAX: u64 = 16 << 20;

/// How a layer is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// A finished layer. Cloning is cheap; two images with clones of one layer share it.
#[derive(Clone, Debug)]
pub struct Layer {
    tar: Content,
    blob: Content,
    diff_id: DiffId,
    digest: Digest,
    codec: Codec,
    urls: Vec<String>,
    media_type: Option<MediaType>,
}

impl Layer {
    /// A gzip layer.
    pub fn gzip(entries: Vec<Entry>) -> Layer {
        Layer::of_tar(tar(&entries), Codec::Gzip)
    }

    /// A Zstandard layer.
    pub fn zstd(entries: Vec<Entry>) -> Layer {
        Layer::of_tar(tar(&entries), Codec::Zstd)
    }

    /// A layer that is a plain tar.
    pub fn plain(entries: Vec<Entry>) -> Layer {
        Layer::of_tar(tar(&entries), Codec::None)
    }

    /// A layer with one file that does not compress; made without holding it in memory.
    pub fn noise(path: &str, seed: u64, len: u64, codec: Codec) -> Layer {
        Layer::of_tar(tar(&[Entry::noise(path, seed, len)]), codec)
    }

    /// A layer of any bytes, tar or not.
    ///
    /// # Panics
    /// When a file cannot be read or written.
    pub fn of_tar(tar: Content, codec: Codec) -> Layer {
        let blob = compress(&tar, codec).expect("the layer can be compressed");
        let digest = |content: &Content| content.digest().expect("the content can be read");
        let diff_id = digest(&tar);
        let digest = if codec == Codec::None { diff_id.clone() } else { digest(&blob) };
        Layer { tar, blob, diff_id: DiffId(diff_id), digest, codec, urls: Vec::new(), media_type: None }
    }

    /// Makes it a layer that registries do not carry, to be had from these URLs (Windows base layers).
    pub fn foreign(mut self, urls: &[&str]) -> Layer {
        self.urls = urls.iter().map(|url| (*url).to_owned()).collect();
        self
    }

    /// Says something else about it than what it is.
    pub fn called(mut self, media_type: &'static str) -> Layer {
        self.media_type = Some(MediaType::known(media_type));
        self
    }

    /// The tar.
    pub fn tar(&self) -> &Content {
        &self.tar
    }

    /// The bytes as a registry has them.
    pub fn blob(&self) -> &Content {
        &self.blob
    }

    /// Digest of the tar.
    pub fn diff_id(&self) -> &DiffId {
        &self.diff_id
    }

    /// Digest of the bytes as a registry has them.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// How it is compressed.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// Where it can be had, when registries do not carry it.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What a manifest of that format calls it. Docker's has no word for Zstandard, and takes OCI's.
    pub fn media_type(&self, format: Format) -> MediaType {
        if let Some(media_type) = &self.media_type {
            return media_type.clone();
        }
        let foreign = !self.urls.is_empty();
        MediaType::known(match (format, self.codec, foreign) {
            (Format::Docker, Codec::Gzip, false) => MediaType::DOCKER_LAYER_GZIP,
            (Format::Docker, Codec::Gzip, true) => MediaType::DOCKER_FOREIGN_LAYER_GZIP,
            (Format::Docker, Codec::None, _) => "application/vnd.docker.image.rootfs.diff.tar",
            (Format::Oci, Codec::Gzip, false) => MediaType::OCI_LAYER_GZIP,
            (Format::Oci, Codec::Gzip, true) => {
                "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
            }
            (Format::Oci, Codec::None, _) => MediaType::OCI_LAYER,
            (_, Codec::Zstd, _) => MediaType::OCI_LAYER_ZSTD,
        })
    }
}

fn compress(tar: &Content, codec: Codec) -> io::Result<Content> {
    if codec == Codec::None {
        return Ok(tar.clone());
    }
    if tar.len() <= MEMORY_BYTES_MAX {
        return Ok(encode(tar, codec, Vec::new())?.into());
    }
    Content::temporary(encode(tar, codec, tempfile::NamedTempFile::new()?)?)
}

fn encode<W: Write>(tar: &Content, codec: Codec, out: W) -> io::Result<W> {
    let mut reader = tar.read_from(0)?;
    if codec == Codec::Zstd {
        let mut encoder = zstd::Encoder::new(out, 3)?;
        io::copy(&mut reader, &mut encoder)?;
        return encoder.finish();
    }
    // What is large here is noise, which does not get smaller, however hard one tries.
    let level = if tar.len() > MEMORY_BYTES_MAX { flate2::Compression::none() } else { Default::default() };
    let mut encoder = flate2::write::GzEncoder::new(out, level);
    io::copy(&mut reader, &mut encoder)?;
    encoder.finish()
}
