//! What the registry knows besides the bytes of blobs: the one source of membership.
//!
//! Every listing, count and decision of the collection is a query here, never a walk over blobs. Each method
//! is one transaction; those that acknowledge a push return when it is durable. The implementations are held
//! to [`conformance`].

use hyper::body::Bytes;
use spec::{Algorithm, Digest};

use crate::blobs::{Answer, BlobKey};
use crate::name::{RepositoryName, Tag};

pub mod conformance;
mod sqlite;

pub use sqlite::{OpenMode, SqliteMetadata};

/// Everything the registry keeps besides blobs.
pub trait Metadata: Contents + Listings + Uploads + Collection {}

impl<T: Contents + Listings + Uploads + Collection> Metadata for T {}

/// Where a blob's bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Here: it is small.
    Inline(Bytes),
    /// In the blob backend.
    Stored(BlobKey),
}

/// A blob of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// Where it is.
    pub place: Place,
}

/// How a manifest is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// By tag.
    Tag(Tag),
    /// By digest.
    Digest(Digest),
}

/// A manifest of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// The digest that it was pushed under.
    pub digest: Digest,
    /// The media type that it was pushed with.
    pub media_type: String,
    /// The bytes as received.
    pub bytes: Bytes,
}

/// Something of a repository that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A blob.
    Blob(Digest),
    /// A manifest.
    Manifest(Selector),
}

/// What something is, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The media type, of a manifest.
    pub media_type: Option<String>,
    /// Since when it waits for the collection because nothing may refer to it any more.
    pub orphaned_since: Option<i64>,
    /// Since when a manifest waits for the collection because it may have no tag any more.
    pub untagged_since: Option<i64>,
}

/// Until when the collection is to leave something alone, in its own terms: as if it had waited since these times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// For [`Outline::orphaned_since`].
    pub orphaned_since: i64,
    /// For [`Outline::untagged_since`].
    pub untagged_since: i64,
}

/// A manifest to be kept.
#[derive(Clone, Debug)]
pub struct NewManifest {
    /// What is kept.
    pub manifest: StoredManifest,
    /// The kind of artifact that it is listed as among referrers.
    pub artifact_type: Option<String>,
    /// Its annotations as a JSON object.
    pub annotations: String,
    /// What it is about.
    pub subject: Option<Digest>,
    /// Blobs that it refers to and that belong here.
    pub blobs: Vec<Digest>,
    /// Whether those must be there.
    pub blobs_required: bool,
    /// Blobs that it refers to and that need not be there: foreign layers, inlined content.
    pub optional_blobs: Vec<Digest>,
    /// Manifests that it refers to.
    pub children: Vec<Digest>,
    /// Whether those must be there.
    pub children_required: bool,
    /// Tags that are to point at it.
    pub tags: Vec<Tag>,
    /// What must hold of the first tag.
    pub condition: Condition,
    /// Whether tags that point elsewhere may be moved.
    pub tag_moves: TagMoves,
}

/// Whether a push may move tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagMoves {
    /// It may.
    Allowed,
    /// New tags alone.
    Refused,
}

/// What a conditional push asks of the tag it moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    None,
    /// That there is none yet.
    Absent,
    /// That it points at one of these; none of them for "at anything".
    Among(Vec<Digest>),
}

/// What came of a push of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there, durably.
    Stored {
        /// What it refers to and what need not be there, and is not.
        absent: Vec<Digest>,
    },
    /// It refers to what is not in the repository.
    Missing(Vec<Digest>),
    /// The condition does not hold.
    ConditionFailed,
    /// A tag is there already and may not be moved.
    TagExists(Tag),
}

/// A blob that is complete.
#[derive(Clone, Debug)]
pub struct NewBlob {
    /// Blob and place.
    pub blob: Blob,
    /// The upload that it came by, which ends now.
    pub upload: Option<String>,
}

/// Who holds what.
pub trait Contents: Send + Sync {
    /// A blob, if this repository holds it (SRV-4).
    ///
    /// # Errors
    /// When the database fails; so everywhere here.
    fn blob<'a>(&'a self, repository: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, Option<Blob>>;

    /// A manifest, in one look-up.
    ///
    /// # Errors
    /// When the database fails.
    fn manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        selector: &'a Selector,
    ) -> Answer<'a, Option<StoredManifest>>;

    /// What something is, in one look-up that reads no bytes of it.
    ///
    /// # Errors
    /// When the database fails.
    fn outline<'a>(&'a self, repository: &'a RepositoryName, item: &'a Item) -> Answer<'a, Option<Outline>>;

    /// Lets something wait anew that waits for the collection; false when it is not there any more.
    ///
    /// # Errors
    /// When the database fails.
    fn renew<'a>(
        &'a self,
        repository: &'a RepositoryName,
        item: &'a Item,
        renewal: Renewal,
    ) -> Answer<'a, bool>;

    /// Makes a complete blob part of a repository, ends its upload. When the registry has the blob already, the
    /// older bytes stay and the key of the newer is put into the trash. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn add_blob<'a>(&'a self, repository: &'a RepositoryName, blob: NewBlob, now: i64) -> Answer<'a, ()>;

    /// Makes a blob of one repository part of another; false when that one does not hold it. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn mount<'a>(
        &'a self,
        repository: &'a RepositoryName,
        from: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool>;

    /// Keeps a manifest, moves tags. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn put_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        new: NewManifest,
        now: i64,
    ) -> Answer<'a, Put>;

    /// Takes a tag away; false when there is none. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn delete_tag<'a>(&'a self, repository: &'a RepositoryName, tag: &'a Tag, now: i64) -> Answer<'a, bool>;

    /// Takes a manifest and all tags on it away; false when there is none. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn delete_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool>;

    /// Takes a blob out of a repository; false when it is not there. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn delete_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool>;
}

/// A manifest that is about another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Where it stands in the order of the list.
    pub position: i64,
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The kind of artifact.
    pub artifact_type: Option<String>,
    /// Its annotations, a JSON object.
    pub annotations: String,
}

/// What people are told about a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// One line or a few.
    pub description: String,
    /// How much it is liked.
    pub stars: u64,
    /// Whether the registry's owner stands behind it.
    pub official: bool,
    /// Whether it is built by a machine.
    pub automated: bool,
}

/// A repository that a search found, or in a list of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name.
    pub name: RepositoryName,
    /// What is said about it.
    pub facts: Facts,
}

/// What a repository holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Manifests.
    pub manifests: u64,
    /// Tags.
    pub tags: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of its blobs and manifests, each counted once within the repository.
    pub bytes: u64,
    /// Bytes of blobs that no other repository holds: what comes back when it goes.
    pub own_bytes: u64,
}

/// A page of a list: what comes after `last`, at most `limit`.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The last item of the page before, which need not exist.
    pub last: &'a str,
    /// Items at most.
    pub limit: usize,
}

/// Lists.
pub trait Listings: Send + Sync {
    /// The tags of a repository in the order of their bytes; nothing when there is no such repository.
    ///
    /// # Errors
    /// When the database fails; so everywhere here.
    fn tags<'a>(&'a self, repository: &'a RepositoryName, page: Page<'a>) -> Answer<'a, Option<Vec<String>>>;

    /// Repositories that hold a manifest, in the order of their bytes.
    ///
    /// # Errors
    /// When the database fails.
    fn repositories<'a>(&'a self, page: Page<'a>) -> Answer<'a, Vec<RepositoryName>>;

    /// Manifests about a subject, in the order they came, after a position.
    ///
    /// # Errors
    /// When the database fails.
    fn referrers<'a>(
        &'a self,
        repository: &'a RepositoryName,
        subject: &'a Digest,
        artifact_type: Option<&'a str>,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<Referrer>>;

    /// Repositories whose name or description contains a text, official ones first, then by stars and name.
    ///
    /// # Errors
    /// When the database fails.
    fn search<'a>(&'a self, text: &'a str, skip: usize, limit: usize) -> Answer<'a, Vec<Found>>;

    /// What is said about a repository; nothing when there is none.
    ///
    /// # Errors
    /// When the database fails.
    fn facts<'a>(&'a self, repository: &'a RepositoryName) -> Answer<'a, Option<Facts>>;

    /// Says something about a repository, which need not hold anything yet. Durable.
    ///
    /// # Errors
    /// When the database fails.
    fn describe<'a>(&'a self, repository: &'a RepositoryName, facts: Facts, now: i64) -> Answer<'a, ()>;

    /// Repositories that hold a blob.
    ///
    /// # Errors
    /// When the database fails.
    fn holders<'a>(&'a self, digest: &'a Digest, limit: usize) -> Answer<'a, Vec<RepositoryName>>;

    /// What a repository holds; nothing when there is none.
    ///
    /// # Errors
    /// When the database fails.
    fn usage<'a>(&'a self, repository: &'a RepositoryName) -> Answer<'a, Option<Usage>>;

    /// What all hold together; bytes of blobs count once. Costs the same however much there is.
    ///
    /// # Errors
    /// When the database fails.
    fn total(&self) -> Answer<'_, Usage>;
}

/// An upload under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// 128 random bits.
    pub id: String,
    /// The repository it was begun in.
    pub repository: RepositoryName,
    /// Who began it: a user, or an address when anonymous.
    pub subject: String,
    /// The algorithm that its digester runs.
    pub algorithm: Algorithm,
    /// Bytes that have arrived.
    pub offset: u64,
    /// The digester's state at that offset.
    pub digester: Vec<u8>,
    /// Where the bytes are.
    pub place: Place,
    /// What the blob backend needs to go on.
    pub kept: Vec<u8>,
}

/// What came of beginning an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It may go on.
    Yes,
    /// The subject has as many open as it may.
    TooMany,
}

/// Uploads under way. They survive the death of the server, but need not survive that of the machine.
pub trait Uploads: Send + Sync {
    /// Begins one, unless its subject has `open_max` open.
    ///
    /// # Errors
    /// When the database fails; so everywhere here.
    fn begin<'a>(&'a self, upload: &'a Upload, open_max: u64, now: i64) -> Answer<'a, Begun>;

    /// An upload.
    ///
    /// # Errors
    /// When the database fails.
    fn upload<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Upload>>;

    /// Keeps how far it has come, if it was at `from` until now; false when somebody else was faster.
    ///
    /// # Errors
    /// When the database fails.
    fn advance<'a>(&'a self, upload: &'a Upload, from: u64, now: i64) -> Answer<'a, bool>;

    /// Ends it and puts its bytes into the trash; false when there is none.
    ///
    /// # Errors
    /// When the database fails.
    fn cancel<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, bool>;

    /// Ends those that have rested since `before`, at most `limit`; how many.
    ///
    /// # Errors
    /// When the database fails.
    fn expire(&self, before: i64, limit: usize, now: i64) -> Answer<'_, u64>;
}

/// When unreferenced content goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Content that was uploaded or mounted after this, or that something referred to after it, stays: whoever
    /// has seen it here may be about to push what refers to it.
    pub orphaned_before: i64,
    /// Manifests without tag, parent and subject go when they were left so before this as well; none for never.
    pub untagged_before: Option<i64>,
}

/// What a step of the collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Entries of the queue that were looked at.
    pub examined: u64,
    /// Manifests that went.
    pub manifests: u64,
    /// Blobs that left a repository.
    pub unlinked: u64,
    /// Blobs that no repository holds any more.
    pub blobs: u64,
    /// Bytes of those.
    pub bytes: u64,
}

/// The collection of what nothing refers to.
///
/// What may have become garbage is put into a queue by the change that made it so; the collection looks at the
/// queue alone, so that its cost follows what was deleted. It decides within one transaction that also takes
/// the content away, so that no push can come between.
pub trait Collection: Send + Sync {
    /// Looks at entries of the queue whose grace is over at `now`, at most `limit`. Durable.
    ///
    /// # Errors
    /// When the database fails; so everywhere here.
    fn collect(&self, grace: Grace, now: i64, limit: usize) -> Answer<'_, Collected>;

    /// Keys whose bytes nothing refers to, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    fn trash(&self, limit: usize) -> Answer<'_, Vec<BlobKey>>;

    /// Forgets keys whose bytes are gone.
    ///
    /// # Errors
    /// When the database fails.
    fn emptied(&self, keys: Vec<BlobKey>) -> Answer<'_, ()>;

    /// Those of some keys that are known neither as a blob, nor as an upload, nor as trash.
    ///
    /// # Errors
    /// When the database fails.
    fn strangers(&self, keys: Vec<BlobKey>) -> Answer<'_, Vec<BlobKey>>;

    /// All blobs in the order of their digests, after one.
    ///
    /// # Errors
    /// When the database fails.
    fn blobs<'a>(&'a self, page: Page<'a>) -> Answer<'a, Vec<Blob>>;

    /// All manifests in the order they came, after a position: position, repository, digest.
    ///
    /// # Errors
    /// When the database fails.
    fn all_manifests(&self, after: i64, limit: usize) -> Answer<'_, Vec<(i64, RepositoryName, Digest)>>;

    /// Whether the server before this one may have lost rows that were not synced: the machine went down.
    /// Remembers the boot that is running now.
    ///
    /// # Errors
    /// When the database fails.
    fn begin_boot<'a>(&'a self, boot: &'a str) -> Answer<'a, bool>;

    /// What does not fit: sentences about rows that contradict each other, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    fn contradictions(&self, limit: usize) -> Answer<'_, Vec<String>>;
}
