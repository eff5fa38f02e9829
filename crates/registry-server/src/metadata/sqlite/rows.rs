//! Rows to values, and rows that many changes share.

use hyper::body::Bytes;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};
use spec::Digest;

use crate::blobs::BlobKey;
use crate::metadata::{Blob, Place};
use crate::name::RepositoryName;

/// What a reference or an entry of the queue is about.
pub(super) const BLOB: i64 = 0;
pub(super) const MANIFEST: i64 = 1;
/// In the queue alone: a manifest that was left without a tag, or pushed without one. A matter of policy.
pub(super) const UNTAGGED: i64 = 2;

/// A repository's number, if it is known.
pub(super) fn repository(connection: &Connection, name: &RepositoryName) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM repository WHERE name = ?1")?;
    statement.query_row([name.as_str()], |row| row.get(0)).optional()
}

/// A repository's number; it is known from now on.
pub(super) fn ensure_repository(
    connection: &Connection,
    name: &RepositoryName,
    now: i64,
) -> rusqlite::Result<i64> {
    if let Some(id) = repository(connection, name)? {
        return Ok(id);
    }
    let mut insert = connection.prepare_cached("INSERT INTO repository (name, created) VALUES (?1, ?2)")?;
    insert.insert((name.as_str(), now))
}

/// Puts something into the queue that nothing may refer to since a time; the later one counts when it is there
/// already.
pub(super) fn enqueue(
    connection: &Connection,
    repository: i64,
    kind: i64,
    digest: &str,
    since: i64,
) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO queue (repository, kind, digest, since) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET since = max(since, excluded.since)",
    )?;
    insert.execute((repository, kind, digest, since)).map(drop)
}

/// Takes something out of the queue.
pub(super) fn dequeue(
    connection: &Connection,
    repository: i64,
    kind: i64,
    digest: &str,
) -> rusqlite::Result<()> {
    let mut delete =
        connection.prepare_cached("DELETE FROM queue WHERE repository = ?1 AND kind = ?2 AND digest = ?3")?;
    delete.execute((repository, kind, digest)).map(drop)
}

/// Puts the bytes of a key into the trash.
pub(super) fn throw(connection: &Connection, key: &str, now: i64) -> rusqlite::Result<()> {
    let mut insert =
        connection.prepare_cached("INSERT OR IGNORE INTO trash (key, thrown) VALUES (?1, ?2)")?;
    insert.execute((key, now)).map(drop)
}

/// A blob out of the columns digest, size, key, bytes.
pub(super) fn blob(row: &Row<'_>) -> rusqlite::Result<Blob> {
    let digest = digest(row, 0)?;
    Ok(Blob { digest, size: row.get::<_, i64>(1)?.unsigned_abs(), place: place(row, 2, 3)? })
}

/// A place out of the columns of key and bytes.
pub(super) fn place(row: &Row<'_>, key: usize, bytes: usize) -> rusqlite::Result<Place> {
    match row.get_ref(key)?.as_str_or_null()? {
        Some(text) => BlobKey::parse(text).map(Place::Stored).ok_or_else(|| broken(key)),
        None => Ok(Place::Inline(Bytes::copy_from_slice(row.get_ref(bytes)?.as_blob()?))),
    }
}

/// The columns of a place.
pub(super) fn columns(place: &Place) -> (Option<&str>, Option<&[u8]>) {
    match place {
        Place::Inline(bytes) => (None, Some(bytes)),
        Place::Stored(key) => (Some(key.as_str()), None),
    }
}

/// A digest in a column.
pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    Digest::parse(row.get_ref(column)?.as_str()?).map_err(|_| broken(column))
}

/// A repository's name in a column.
pub(super) fn name(row: &Row<'_>, column: usize) -> rusqlite::Result<RepositoryName> {
    RepositoryName::parse(row.get_ref(column)?.as_str()?).ok_or_else(|| broken(column))
}

/// A column that holds what was never put there.
pub(super) fn broken(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Text,
        "the value is none that is kept here".into(),
    )
}
