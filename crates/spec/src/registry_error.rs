//! Error codes of the registry protocol (OCI distribution specification, "Error Codes", and the older codes
//! that are still seen).

/// What a registry says is wrong, as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegistryErrorCode {
    /// The blob is not in this repository.
    BlobUnknown,
    /// The upload cannot go on.
    BlobUploadInvalid,
    /// There is no such upload.
    BlobUploadUnknown,
    /// The digest is malformed, unsupported or not that of the content.
    DigestInvalid,
    /// A manifest names content that is absent.
    ManifestBlobUnknown,
    /// Not a manifest that is taken.
    ManifestInvalid,
    /// No such manifest or tag.
    ManifestUnknown,
    /// A manifest's signature does not hold (schema 1).
    ManifestUnverified,
    /// The repository's name is malformed.
    NameInvalid,
    /// There is no such repository.
    NameUnknown,
    /// Lengths disagree.
    SizeInvalid,
    /// The tag is malformed or does not fit the manifest.
    TagInvalid,
    /// Who are you?
    Unauthorized,
    /// Not you.
    Denied,
    /// Not done here.
    Unsupported,
    /// Too much, too often.
    TooManyRequests,
    /// The range does not fit.
    RangeInvalid,
    /// The page size is none.
    PaginationNumberInvalid,
    /// The service is not there.
    Unavailable,
    /// Anything else.
    Unknown,
}

use RegistryErrorCode as Code;

/// Code, word, message and usual status.
const TABLE: &[(Code, &str, &str, u16)] = &[
    (Code::BlobUnknown, "BLOB_UNKNOWN", "blob unknown to registry", 404),
    (Code::BlobUploadInvalid, "BLOB_UPLOAD_INVALID", "blob upload invalid", 400),
    (Code::BlobUploadUnknown, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", 404),
    (Code::DigestInvalid, "DIGEST_INVALID", "provided digest did not match uploaded content", 400),
    (Code::ManifestBlobUnknown, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", 400),
    (Code::ManifestInvalid, "MANIFEST_INVALID", "manifest invalid", 400),
    (Code::ManifestUnknown, "MANIFEST_UNKNOWN", "manifest unknown", 404),
    (Code::ManifestUnverified, "MANIFEST_UNVERIFIED", "manifest failed signature verification", 400),
    (Code::NameInvalid, "NAME_INVALID", "invalid repository name", 400),
    (Code::NameUnknown, "NAME_UNKNOWN", "repository name not known to registry", 404),
    (Code::SizeInvalid, "SIZE_INVALID", "provided length did not match content length", 400),
    (Code::TagInvalid, "TAG_INVALID", "manifest tag did not match URI", 400),
    (Code::Unauthorized, "UNAUTHORIZED", "authentication required", 401),
    (Code::Denied, "DENIED", "requested access to the resource is denied", 403),
    (Code::Unsupported, "UNSUPPORTED", "The operation is unsupported.", 405),
    (Code::TooManyRequests, "TOOMANYREQUESTS", "too many requests", 429),
    (Code::RangeInvalid, "RANGE_INVALID", "invalid content range", 416),
    (Code::PaginationNumberInvalid, "PAGINATION_NUMBER_INVALID", "invalid number of results requested", 400),
    (Code::Unavailable, "UNAVAILABLE", "service unavailable", 503),
    (Code::Unknown, "UNKNOWN", "unknown error", 500),
];

impl RegistryErrorCode {
    /// Reads the word of an error answer; a word that is not known is none of these.
    pub fn parse(word: &str) -> Option<RegistryErrorCode> {
        TABLE.iter().find(|row| row.1 == word).map(|row| row.0)
    }

    /// The word that stands in an error answer: `MANIFEST_UNKNOWN`.
    pub fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The word as Docker prints it: `manifest unknown`.
    pub fn text(self) -> String {
        self.as_str().to_ascii_lowercase().replace('_', " ")
    }

    /// What is said when there is nothing more particular to say.
    pub fn message(self) -> &'static str {
        self.row().2
    }

    /// The HTTP status that usually goes with it.
    pub fn status(self) -> u16 {
        self.row().3
    }

    fn row(self) -> &'static (Code, &'static str, &'static str, u16) {
        TABLE.iter().find(|row| row.0 == self).unwrap_or(&TABLE[TABLE.len() - 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back() {
        for (code, word, message, status) in TABLE {
            assert_eq!(RegistryErrorCode::parse(word), Some(*code));
            assert_eq!((code.as_str(), code.message(), code.status()), (*word, *message, *status));
        }
        assert_eq!(RegistryErrorCode::parse("manifest_unknown"), None);
        assert_eq!(Code::ManifestUnknown.text(), "manifest unknown");
        assert_eq!(Code::TooManyRequests.text(), "toomanyrequests");
    }
}
