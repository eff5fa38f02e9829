//! What something is without its bytes, and how long it has to stay.

use rusqlite::{Connection, OptionalExtension, Row};

use super::rows::{self, BLOB, MANIFEST, UNTAGGED};
use crate::metadata::{Item, Outline, Renewal, Selector};
use crate::name::RepositoryName;

pub(super) const BLOB_BY_DIGEST: &str = "SELECT b.digest, b.size, NULL,
         (SELECT since FROM queue q WHERE q.repository = r.id AND q.kind = 0 AND q.digest = b.digest), NULL
     FROM repository r JOIN blob b ON b.digest = ?2 JOIN link l ON l.repository = r.id AND l.blob = b.id
     WHERE r.name = ?1";
pub(super) const MANIFEST_BY_TAG: &str = "SELECT m.digest, m.size, m.media_type,
         (SELECT since FROM queue q WHERE q.repository = r.id AND q.kind = 1 AND q.digest = m.digest),
         (SELECT since FROM queue q WHERE q.repository = r.id AND q.kind = 2 AND q.digest = m.digest)
     FROM repository r JOIN tag t ON t.repository = r.id AND t.name = ?2 JOIN manifest m ON m.id = t.manifest
     WHERE r.name = ?1";
pub(super) const MANIFEST_BY_DIGEST: &str = "SELECT m.digest, m.size, m.media_type,
         (SELECT since FROM queue q WHERE q.repository = r.id AND q.kind = 1 AND q.digest = m.digest),
         (SELECT since FROM queue q WHERE q.repository = r.id AND q.kind = 2 AND q.digest = m.digest)
     FROM repository r JOIN manifest m ON m.repository = r.id AND m.digest = ?2 WHERE r.name = ?1";

pub(super) fn find(
    connection: &Connection,
    repository: &RepositoryName,
    item: &Item,
) -> rusqlite::Result<Option<Outline>> {
    let (statement, key) = match item {
        Item::Blob(digest) => (BLOB_BY_DIGEST, digest.as_str()),
        Item::Manifest(Selector::Tag(tag)) => (MANIFEST_BY_TAG, tag.as_str()),
        Item::Manifest(Selector::Digest(digest)) => (MANIFEST_BY_DIGEST, digest.as_str()),
    };
    connection.prepare_cached(statement)?.query_row((repository.as_str(), key), outline).optional()
}

fn outline(row: &Row<'_>) -> rusqlite::Result<Outline> {
    Ok(Outline {
        digest: rows::digest(row, 0)?,
        size: row.get::<_, i64>(1)?.unsigned_abs(),
        media_type: row.get(2)?,
        orphaned_since: row.get(3)?,
        untagged_since: row.get(4)?,
    })
}

/// Only what waits: who renews what is held by something leaves no row behind.
pub(super) fn renew(
    connection: &Connection,
    repository: &RepositoryName,
    item: &Item,
    renewal: Renewal,
) -> rusqlite::Result<bool> {
    let Some(outline) = find(connection, repository, item)? else { return Ok(false) };
    let Some(repository) = rows::repository(connection, repository)? else { return Ok(false) };
    let mut update = connection.prepare_cached(
        "UPDATE queue SET since = max(since, ?4) WHERE repository = ?1 AND kind = ?2 AND digest = ?3",
    )?;
    let orphaned = if let Item::Blob(_) = item { BLOB } else { MANIFEST };
    for (kind, since) in [(orphaned, renewal.orphaned_since), (UNTAGGED, renewal.untagged_since)] {
        update.execute((repository, kind, outline.digest.as_str(), since))?;
    }
    Ok(true)
}
