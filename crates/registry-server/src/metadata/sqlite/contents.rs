//! Blobs of repositories, and the trait's methods on manifests.

use rusqlite::{Connection, OptionalExtension};
use spec::Digest;

use super::rows::{self, BLOB};
use super::{Durability, SqliteMetadata, manifests, outline};
use crate::blobs::Answer;
use crate::metadata::{
    Blob, Contents, Item, NewBlob, NewManifest, Outline, Put, Renewal, Selector, StoredManifest,
};
use crate::name::{RepositoryName, Tag};

impl Contents for SqliteMetadata {
    fn blob<'a>(&'a self, repository: &'a RepositoryName, digest: &'a Digest) -> Answer<'a, Option<Blob>> {
        Box::pin(async { self.read("look for a blob", |connection| find(connection, repository, digest)) })
    }

    fn manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        selector: &'a Selector,
    ) -> Answer<'a, Option<StoredManifest>> {
        Box::pin(async {
            self.read("look for a manifest", |connection| manifests::find(connection, repository, selector))
        })
    }

    fn outline<'a>(&'a self, repository: &'a RepositoryName, item: &'a Item) -> Answer<'a, Option<Outline>> {
        Box::pin(async {
            self.read("look what something is", |connection| outline::find(connection, repository, item))
        })
    }

    fn renew<'a>(
        &'a self,
        repository: &'a RepositoryName,
        item: &'a Item,
        renewal: Renewal,
    ) -> Answer<'a, bool> {
        let (repository, item) = (repository.clone(), item.clone());
        Box::pin(self.change("let something wait anew", Durability::Process, move |connection| {
            outline::renew(connection, &repository, &item, renewal)
        }))
    }

    fn add_blob<'a>(&'a self, repository: &'a RepositoryName, new: NewBlob, now: i64) -> Answer<'a, ()> {
        let repository = repository.clone();
        Box::pin(self.change("add a blob", Durability::Synced, move |connection| {
            add(connection, &repository, &new, now)
        }))
    }

    fn mount<'a>(
        &'a self,
        repository: &'a RepositoryName,
        from: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool> {
        let (repository, from, digest) = (repository.clone(), from.clone(), digest.clone());
        Box::pin(self.change("mount a blob", Durability::Synced, move |connection| {
            mount(connection, &repository, &from, &digest, now)
        }))
    }

    fn put_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        new: NewManifest,
        now: i64,
    ) -> Answer<'a, Put> {
        let repository = repository.clone();
        Box::pin(self.change("keep a manifest", Durability::Synced, move |connection| {
            manifests::put(connection, &repository, &new, now)
        }))
    }

    fn delete_tag<'a>(&'a self, repository: &'a RepositoryName, tag: &'a Tag, now: i64) -> Answer<'a, bool> {
        let (repository, tag) = (repository.clone(), tag.clone());
        Box::pin(self.change("delete a tag", Durability::Synced, move |connection| {
            manifests::delete_tag(connection, &repository, &tag, now)
        }))
    }

    fn delete_manifest<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool> {
        let (repository, digest) = (repository.clone(), digest.clone());
        Box::pin(self.change("delete a manifest", Durability::Synced, move |connection| {
            let Some(repository) = rows::repository(connection, &repository)? else { return Ok(false) };
            manifests::delete(connection, repository, digest.as_str(), now)
        }))
    }

    fn delete_blob<'a>(
        &'a self,
        repository: &'a RepositoryName,
        digest: &'a Digest,
        now: i64,
    ) -> Answer<'a, bool> {
        let (repository, digest) = (repository.clone(), digest.clone());
        Box::pin(self.change("delete a blob", Durability::Synced, move |connection| {
            let Some(repository) = rows::repository(connection, &repository)? else { return Ok(false) };
            Ok(unlink(connection, repository, digest.as_str(), now)?.is_some())
        }))
    }
}

fn find(
    connection: &Connection,
    repository: &RepositoryName,
    digest: &Digest,
) -> rusqlite::Result<Option<Blob>> {
    let mut statement = connection.prepare_cached(
        "SELECT b.digest, b.size, b.key, b.bytes FROM repository r
         JOIN blob b ON b.digest = ?2 JOIN link l ON l.repository = r.id AND l.blob = b.id
         WHERE r.name = ?1",
    )?;
    statement.query_row((repository.as_str(), digest.as_str()), rows::blob).optional()
}

fn add(
    connection: &Connection,
    repository: &RepositoryName,
    new: &NewBlob,
    now: i64,
) -> rusqlite::Result<()> {
    if let Some(upload) = &new.upload {
        connection.prepare_cached("DELETE FROM upload WHERE id = ?1")?.execute([upload])?;
    }
    let digest = new.blob.digest.as_str();
    let (key, bytes) = rows::columns(&new.blob.place);
    let blob = match blob_id(connection, digest)? {
        Some(blob) => {
            // The same bytes came twice: those that are there stay.
            key.map(|key| rows::throw(connection, key, now)).transpose()?;
            blob
        }
        None => connection
            .prepare_cached(
                "INSERT INTO blob (digest, size, key, bytes, created) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .insert((digest, new.blob.size.cast_signed(), key, bytes, now))?,
    };
    let repository = rows::ensure_repository(connection, repository, now)?;
    link(connection, repository, blob, digest, now)
}

fn blob_id(connection: &Connection, digest: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached("SELECT id FROM blob WHERE digest = ?1")?;
    statement.query_row([digest], |row| row.get(0)).optional()
}

/// A blob without a manifest is looked at later: the manifest may never come.
fn link(connection: &Connection, repository: i64, blob: i64, digest: &str, now: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO link (repository, blob, added) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET added = max(added, excluded.added)",
    )?;
    insert.execute((repository, blob, now))?;
    rows::enqueue(connection, repository, BLOB, digest, now)
}

fn mount(
    connection: &Connection,
    repository: &RepositoryName,
    from: &RepositoryName,
    digest: &Digest,
    now: i64,
) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT l.blob FROM repository r JOIN blob b ON b.digest = ?2
         JOIN link l ON l.repository = r.id AND l.blob = b.id WHERE r.name = ?1",
    )?;
    let blob = statement.query_row((from.as_str(), digest.as_str()), |row| row.get(0)).optional()?;
    let Some(blob) = blob else { return Ok(false) };
    let repository = rows::ensure_repository(connection, repository, now)?;
    link(connection, repository, blob, digest.as_str(), now)?;
    Ok(true)
}

/// Takes a blob out of a repository, and out of the registry when that was the last: its size then.
///
/// Nothing when the repository does not hold it.
pub(super) fn unlink(
    connection: &Connection,
    repository: i64,
    digest: &str,
    now: i64,
) -> rusqlite::Result<Option<Unlinked>> {
    let Some(blob) = blob_id(connection, digest)? else { return Ok(None) };
    let mut delete = connection.prepare_cached("DELETE FROM link WHERE repository = ?1 AND blob = ?2")?;
    if delete.execute((repository, blob))? == 0 {
        return Ok(None);
    }
    let mut others = connection.prepare_cached("SELECT 1 FROM link WHERE blob = ?1 LIMIT 1")?;
    if others.exists([blob])? {
        return Ok(Some(Unlinked::Elsewhere));
    }
    let mut delete = connection.prepare_cached("DELETE FROM blob WHERE id = ?1 RETURNING size, key")?;
    let (size, key): (i64, Option<String>) =
        delete.query_row([blob], |row| Ok((row.get(0)?, row.get(1)?)))?;
    key.map(|key| rows::throw(connection, &key, now)).transpose()?;
    Ok(Some(Unlinked::Gone { bytes: size.unsigned_abs() }))
}

/// What became of a blob that left a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unlinked {
    /// Others hold it.
    Elsewhere,
    /// Nobody does.
    Gone {
        /// Its size.
        bytes: u64,
    },
}
