//! Media types of the documents and layers that images are made of.

/// What a descriptor says its content is.
///
/// The text is kept as received; the predicates say what it means here. Parameters are not part of a
/// descriptor's media type and make it unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType(Box<str>);

/// How a layer's media type says it is compressed; the bytes decide in the end (TAR-19).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerCompression {
    /// A plain tar.
    None,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

const DOCKER: &str = "application/vnd.docker.";
const OCI: &str = "application/vnd.oci.image.";

impl MediaType {
    /// OCI image manifest.
    pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    /// OCI image index.
    pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
    /// OCI image config.
    pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    /// OCI layer, uncompressed tar.
    pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
    /// OCI layer, gzip.
    pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
    /// OCI layer, Zstandard.
    pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
    /// OCI's empty JSON document.
    pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
    /// Docker image manifest, version 2, schema 2.
    pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
    /// Docker manifest list.
    pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker image config.
    pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
    /// Docker layer, gzip.
    pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    /// Docker layer that registries do not carry.
    pub const DOCKER_FOREIGN_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";

    /// Takes a media type as it stands in a document, if its grammar is that of RFC 6838.
    pub fn new(text: &str) -> Option<MediaType> {
        is_media_type(text).then(|| MediaType(text.into()))
    }

    /// One of the constants above.
    pub fn known(text: &'static str) -> MediaType {
        MediaType(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is an image manifest, OCI's or Docker's.
    pub fn is_manifest(&self) -> bool {
        matches!(&*self.0, Self::OCI_MANIFEST | Self::DOCKER_MANIFEST)
    }

    /// Whether this is an index or manifest list.
    pub fn is_index(&self) -> bool {
        matches!(&*self.0, Self::OCI_INDEX | Self::DOCKER_INDEX)
    }

    /// Whether this is Docker's withdrawn schema 1.
    pub fn is_schema_1(&self) -> bool {
        matches!(
            &*self.0,
            "application/vnd.docker.distribution.manifest.v1+json"
                | "application/vnd.docker.distribution.manifest.v1+prettyjws"
        )
    }

    /// Whether this is an image's config.
    pub fn is_config(&self) -> bool {
        matches!(&*self.0, Self::OCI_CONFIG | Self::DOCKER_CONFIG)
    }

    /// Whether this is a layer that some registries are not allowed to carry (Windows base layers).
    pub fn is_foreign_layer(&self) -> bool {
        self.0.starts_with("application/vnd.oci.image.layer.nondistributable.v1.tar")
            || self.0.starts_with("application/vnd.docker.image.rootfs.foreign.diff.tar")
    }

    /// The compression of a filesystem layer; nothing when this is no layer that can be unpacked.
    pub fn layer_compression(&self) -> Option<LayerCompression> {
        let rest = self
            .0
            .strip_prefix(OCI)
            .and_then(|rest| {
                rest.strip_prefix("layer.v1.tar").or(rest.strip_prefix("layer.nondistributable.v1.tar"))
            })
            .or_else(|| {
                self.0.strip_prefix(DOCKER).and_then(|rest| {
                    rest.strip_prefix("image.rootfs.diff.tar")
                        .or(rest.strip_prefix("image.rootfs.foreign.diff.tar"))
                        .or(rest.strip_prefix("container.image.rootfs.diff.tar"))
                })
            })?;
        match rest {
            "" => Some(LayerCompression::None),
            "+gzip" | ".gzip" => Some(LayerCompression::Gzip),
            "+zstd" | ".zstd" => Some(LayerCompression::Zstd),
            _ => None,
        }
    }
}

impl std::fmt::Display for MediaType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl serde::Serialize for MediaType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Whether a text has the grammar of a media type without parameters (RFC 6838 section 4.2): it may then be
/// stored and echoed.
pub fn is_media_type(text: &str) -> bool {
    let name = |part: &str| {
        (1..=127).contains(&part.len())
            && part.as_bytes()[0].is_ascii_alphanumeric()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, subtype)| name(kind) && name(subtype))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_tell_their_compression() {
        let check = |text: &str, expect| {
            assert_eq!(MediaType::new(text).unwrap().layer_compression(), expect, "{text}");
        };
        check(MediaType::OCI_LAYER, Some(LayerCompression::None));
        check(MediaType::OCI_LAYER_GZIP, Some(LayerCompression::Gzip));
        check(MediaType::OCI_LAYER_ZSTD, Some(LayerCompression::Zstd));
        check(MediaType::DOCKER_LAYER_GZIP, Some(LayerCompression::Gzip));
        check(MediaType::DOCKER_FOREIGN_LAYER_GZIP, Some(LayerCompression::Gzip));
        check("application/vnd.docker.image.rootfs.diff.tar.zstd", Some(LayerCompression::Zstd));
        check("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", Some(LayerCompression::Gzip));
        check("application/vnd.oci.image.layer.v1.tar+encrypted", None);
        check("text/plain", None);
    }

    #[test]
    fn doc_3_media_types_have_a_grammar() {
        for good in ["a/b", "application/vnd.x.y+json", "text/x-1"] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in ["", "a", "/", "a/", "/b", "a/b/c", "a/b; q=1", "a/b\r\nX: y", "a/b c", "é/b", "-a/b"] {
            assert!(!is_media_type(bad), "{bad:?}");
        }
    }
}
