//! Pieces of answers. Values are relative, so that they hold behind any proxy (SRV-12).

use spec::Digest;

use crate::name::RepositoryName;

/// Where an upload goes on.
pub(crate) fn upload_location(repository: &RepositoryName, id: &str) -> String {
    format!("/v2/{repository}/blobs/uploads/{id}")
}

/// How far an upload has come; nothing looks like one byte, as in Docker's registry.
pub(crate) fn upload_range(offset: u64) -> String {
    format!("0-{}", offset.saturating_sub(1))
}

/// Where a blob is.
pub(crate) fn blob_location(repository: &RepositoryName, digest: &Digest) -> String {
    format!("/v2/{repository}/blobs/{digest}")
}

/// Where a manifest is.
pub(crate) fn manifest_location(repository: &RepositoryName, digest: &Digest) -> String {
    format!("/v2/{repository}/manifests/{digest}")
}
