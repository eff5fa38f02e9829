//! Manifests and tags.

use hyper::body::Bytes;
use rusqlite::{Connection, OptionalExtension, Row};
use spec::Digest;

use super::rows::{self, BLOB, MANIFEST, UNTAGGED};
use crate::metadata::{Condition, NewManifest, Put, Selector, StoredManifest, TagMoves};
use crate::name::{RepositoryName, Tag};

/// A manifest by repository and tag.
pub(super) const BY_TAG: &str = "SELECT m.digest, m.media_type, m.bytes FROM repository r
     JOIN tag t ON t.repository = r.id AND t.name = ?2 JOIN manifest m ON m.id = t.manifest WHERE r.name = ?1";
/// A manifest by repository and digest.
pub(super) const BY_DIGEST: &str = "SELECT m.digest, m.media_type, m.bytes FROM repository r
     JOIN manifest m ON m.repository = r.id AND m.digest = ?2 WHERE r.name = ?1";

/// One look-up, by an index from the name to the bytes.
pub(super) fn find(
    connection: &Connection,
    repository: &RepositoryName,
    selector: &Selector,
) -> rusqlite::Result<Option<StoredManifest>> {
    let (statement, key) = match selector {
        Selector::Tag(tag) => (BY_TAG, tag.as_str()),
        Selector::Digest(digest) => (BY_DIGEST, digest.as_str()),
    };
    connection.prepare_cached(statement)?.query_row((repository.as_str(), key), stored).optional()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredManifest> {
    let bytes = Bytes::copy_from_slice(row.get_ref(2)?.as_blob()?);
    Ok(StoredManifest { digest: rows::digest(row, 0)?, media_type: row.get(1)?, bytes })
}

pub(super) fn put(
    connection: &Connection,
    name: &RepositoryName,
    new: &NewManifest,
    now: i64,
) -> rusqlite::Result<Put> {
    let known = rows::repository(connection, name)?;
    if !condition_holds(connection, known, new)? {
        return Ok(Put::ConditionFailed);
    }
    if let Some(tag) = refused_move(connection, known, new)? {
        return Ok(Put::TagExists(tag));
    }
    let Absent { required, other } = absent(connection, known, new)?;
    if !required.is_empty() {
        return Ok(Put::Missing(required));
    }
    let repository = rows::ensure_repository(connection, name, now)?;
    let manifest = insert(connection, repository, new, now)?;
    for tag in &new.tags {
        point(connection, repository, tag, manifest, now)?;
    }
    // Whoever pushes it now wants it kept, whatever became of an index that listed it.
    rows::dequeue(connection, repository, MANIFEST, new.manifest.digest.as_str())?;
    if new.tags.is_empty() {
        rows::enqueue(connection, repository, UNTAGGED, new.manifest.digest.as_str(), now)?;
    }
    Ok(Put::Stored { absent: other })
}

fn condition_holds(
    connection: &Connection,
    repository: Option<i64>,
    new: &NewManifest,
) -> rusqlite::Result<bool> {
    let (Condition::Absent | Condition::Among(_)) = &new.condition else { return Ok(true) };
    let current = match (repository, new.tags.first()) {
        (Some(repository), Some(tag)) => tagged(connection, repository, tag)?,
        (Some(repository), None) => {
            let digest = new.manifest.digest.as_str();
            manifest_id(connection, repository, digest)?.map(|_| digest.to_owned())
        }
        (None, _) => None,
    };
    Ok(match (&new.condition, current) {
        (Condition::None, _) | (Condition::Absent, None) => true,
        (Condition::Among(digests), Some(current)) => {
            digests.is_empty() || digests.iter().any(|digest| digest.as_str() == current)
        }
        (Condition::Absent, Some(_)) | (Condition::Among(_), None) => false,
    })
}

/// A tag that points at another manifest and may not be moved.
fn refused_move(
    connection: &Connection,
    repository: Option<i64>,
    new: &NewManifest,
) -> rusqlite::Result<Option<Tag>> {
    let (Some(repository), TagMoves::Refused) = (repository, new.tag_moves) else { return Ok(None) };
    for tag in &new.tags {
        let current = tagged(connection, repository, tag)?;
        if current.is_some_and(|current| current != new.manifest.digest.as_str()) {
            return Ok(Some(tag.clone()));
        }
    }
    Ok(None)
}

fn tagged(connection: &Connection, repository: i64, tag: &Tag) -> rusqlite::Result<Option<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.digest FROM tag t JOIN manifest m ON m.id = t.manifest
         WHERE t.repository = ?1 AND t.name = ?2",
    )?;
    statement.query_row((repository, tag.as_str()), |row| row.get(0)).optional()
}

fn manifest_id(connection: &Connection, repository: i64, digest: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM manifest WHERE repository = ?1 AND digest = ?2")?;
    statement.query_row((repository, digest), |row| row.get(0)).optional()
}

/// What a manifest refers to and the repository does not hold.
#[derive(Default)]
struct Absent {
    /// What has to be there.
    required: Vec<Digest>,
    /// What need not.
    other: Vec<Digest>,
}

fn absent(connection: &Connection, repository: Option<i64>, new: &NewManifest) -> rusqlite::Result<Absent> {
    // No repository has this number: without one everything is absent.
    let repository = repository.unwrap_or(-1);
    let mut absent = Absent::default();
    let mut linked = connection.prepare_cached(
        "SELECT 1 FROM blob b JOIN link l ON l.repository = ?1 AND l.blob = b.id WHERE b.digest = ?2",
    )?;
    let blobs = if new.blobs_required { &mut absent.required } else { &mut absent.other };
    for digest in &new.blobs {
        if !linked.exists((repository, digest.as_str()))? {
            blobs.push(digest.clone());
        }
    }
    let children = if new.children_required { &mut absent.required } else { &mut absent.other };
    for digest in &new.children {
        if manifest_id(connection, repository, digest.as_str())?.is_none() {
            children.push(digest.clone());
        }
    }
    Ok(absent)
}

fn insert(connection: &Connection, repository: i64, new: &NewManifest, now: i64) -> rusqlite::Result<i64> {
    let digest = new.manifest.digest.as_str();
    if let Some(id) = manifest_id(connection, repository, digest)? {
        // The same bytes; the type may have been said differently, and the last word counts.
        let mut update =
            connection.prepare_cached("UPDATE manifest SET pushed = ?2, media_type = ?3 WHERE id = ?1")?;
        update.execute((id, now, &new.manifest.media_type))?;
        return Ok(id);
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO manifest (repository, digest, media_type, size, artifact_type, subject, annotations,
             pushed, bytes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    let manifest = insert.insert((
        repository,
        digest,
        &new.manifest.media_type,
        new.manifest.bytes.len() as i64,
        &new.artifact_type,
        new.subject.as_ref().map(Digest::as_str),
        &new.annotations,
        now,
        &new.manifest.bytes[..],
    ))?;
    let mut refer = connection.prepare_cached(
        "INSERT OR IGNORE INTO reference (manifest, kind, digest, repository) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let blobs = new.blobs.iter().chain(&new.optional_blobs).map(|digest| (BLOB, digest));
    for (kind, digest) in blobs.chain(new.children.iter().map(|digest| (MANIFEST, digest))) {
        refer.execute((manifest, kind, digest.as_str(), repository))?;
    }
    Ok(manifest)
}

/// Points a tag at a manifest. The one it pointed at may have lost its last name.
fn point(
    connection: &Connection,
    repository: i64,
    tag: &Tag,
    manifest: i64,
    now: i64,
) -> rusqlite::Result<()> {
    let before = tagged(connection, repository, tag)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO tag (repository, name, manifest, moved) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET manifest = excluded.manifest, moved = excluded.moved",
    )?;
    insert.execute((repository, tag.as_str(), manifest, now))?;
    before.map_or(Ok(()), |digest| rows::enqueue(connection, repository, UNTAGGED, &digest, now))
}

pub(super) fn delete_tag(
    connection: &Connection,
    repository: &RepositoryName,
    tag: &Tag,
    now: i64,
) -> rusqlite::Result<bool> {
    let Some(repository) = rows::repository(connection, repository)? else { return Ok(false) };
    let Some(digest) = tagged(connection, repository, tag)? else { return Ok(false) };
    let mut delete = connection.prepare_cached("DELETE FROM tag WHERE repository = ?1 AND name = ?2")?;
    delete.execute((repository, tag.as_str()))?;
    rows::enqueue(connection, repository, UNTAGGED, &digest, now)?;
    Ok(true)
}

/// Takes a manifest and its tags away, and has everything looked at that it held.
pub(super) fn delete(
    connection: &Connection,
    repository: i64,
    digest: &str,
    now: i64,
) -> rusqlite::Result<bool> {
    let Some(manifest) = manifest_id(connection, repository, digest)? else { return Ok(false) };
    connection.prepare_cached("DELETE FROM tag WHERE manifest = ?1")?.execute([manifest])?;
    let mut held = connection.prepare_cached(
        "INSERT INTO queue (repository, kind, digest, since)
         SELECT repository, kind, digest, ?2 FROM reference WHERE manifest = ?1
         UNION SELECT repository, ?3, digest, ?2 FROM manifest WHERE repository = ?4 AND subject = ?5
         ON CONFLICT DO UPDATE SET since = max(since, excluded.since)",
    )?;
    held.execute((manifest, now, MANIFEST, repository, digest))?;
    connection.prepare_cached("DELETE FROM reference WHERE manifest = ?1")?.execute([manifest])?;
    connection.prepare_cached("DELETE FROM manifest WHERE id = ?1")?.execute([manifest])?;
    Ok(true)
}
