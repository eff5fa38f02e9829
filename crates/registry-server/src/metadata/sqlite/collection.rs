//! The queue, the trash, and what verification asks.

use rusqlite::{Connection, OptionalExtension, Row};
use spec::Digest;

use super::contents::{Unlinked, unlink};
use super::rows::{self, BLOB, MANIFEST, UNTAGGED};
use super::{Durability, SqliteMetadata, manifests, uploads};
use crate::blobs::{Answer, BlobKey};
use crate::metadata::{Blob, Collected, Collection, Grace, Page};
use crate::name::RepositoryName;

impl Collection for SqliteMetadata {
    fn collect(&self, grace: Grace, now: i64, limit: usize) -> Answer<'_, Collected> {
        Box::pin(async move {
            // Most often nothing is due, and then nothing needs to be written either.
            let due = self.read("look what is due", |connection| due(connection, grace, now, 1))?;
            if due.is_empty() {
                return Ok(Collected::default());
            }
            let step = move |connection: &Connection| collect(connection, grace, now, limit);
            self.change("collect", Durability::Synced, step).await
        })
    }

    fn trash(&self, limit: usize) -> Answer<'_, Vec<BlobKey>> {
        Box::pin(async move {
            self.read("look into the trash", |connection| {
                let mut statement = connection.prepare_cached("SELECT key FROM trash LIMIT ?1")?;
                let keys = statement.query_map([limit as i64], |row| {
                    BlobKey::parse(row.get_ref(0)?.as_str()?).ok_or_else(|| rows::broken(0))
                })?;
                keys.collect()
            })
        })
    }

    fn emptied(&self, keys: Vec<BlobKey>) -> Answer<'_, ()> {
        Box::pin(self.change("forget what was in the trash", Durability::Process, move |connection| {
            let mut delete = connection.prepare_cached("DELETE FROM trash WHERE key = ?1")?;
            keys.iter().try_for_each(|key| delete.execute([key.as_str()]).map(drop))
        }))
    }

    fn strangers(&self, keys: Vec<BlobKey>) -> Answer<'_, Vec<BlobKey>> {
        // In the thread that changes: what it has not written yet it would not see.
        Box::pin(self.change("look for keys nobody knows", Durability::Process, move |connection| {
            let mut known = connection.prepare_cached(
                "SELECT 1 WHERE EXISTS (SELECT 1 FROM blob WHERE key = ?1)
                 OR EXISTS (SELECT 1 FROM upload WHERE id = ?1 OR key = ?1)
                 OR EXISTS (SELECT 1 FROM trash WHERE key = ?1)",
            )?;
            let mut strangers = Vec::new();
            for key in keys {
                if !known.exists([key.as_str()])? {
                    strangers.push(key);
                }
            }
            Ok(strangers)
        }))
    }

    fn blobs<'a>(&'a self, page: Page<'a>) -> Answer<'a, Vec<Blob>> {
        Box::pin(async move {
            self.read("list blobs", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT digest, size, key, bytes FROM blob WHERE digest > ?1 ORDER BY digest LIMIT ?2",
                )?;
                statement.query_map((page.last, page.limit as i64), rows::blob)?.collect()
            })
        })
    }

    fn all_manifests(&self, after: i64, limit: usize) -> Answer<'_, Vec<(i64, RepositoryName, Digest)>> {
        Box::pin(async move {
            self.read("list manifests", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT m.id, r.name, m.digest FROM manifest m JOIN repository r ON r.id = m.repository
                     WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
                )?;
                let row = |row: &Row<'_>| Ok((row.get(0)?, rows::name(row, 1)?, rows::digest(row, 2)?));
                statement.query_map((after, limit as i64), row)?.collect()
            })
        })
    }

    fn begin_boot<'a>(&'a self, boot: &'a str) -> Answer<'a, bool> {
        let boot = boot.to_owned();
        Box::pin(self.change("note which boot this is", Durability::Synced, move |connection| {
            begin_boot(connection, &boot)
        }))
    }

    fn contradictions(&self, limit: usize) -> Answer<'_, Vec<String>> {
        Box::pin(async move {
            self.read("look for contradictions", |connection| contradictions(connection, limit))
        })
    }
}

struct Entry {
    repository: i64,
    kind: i64,
    digest: String,
}

/// Entries whose time is over. With no grace at all nothing has to wait, whatever a clock once said.
fn due(connection: &Connection, grace: Grace, now: i64, limit: usize) -> rusqlite::Result<Vec<Entry>> {
    let until = if grace.orphaned_before >= now { i64::MAX } else { grace.orphaned_before };
    let mut statement = connection.prepare_cached(
        "SELECT repository, kind, digest FROM queue WHERE kind = ?1 AND since <= ?2 ORDER BY since LIMIT ?3",
    )?;
    let mut entries = Vec::new();
    // Where untagged manifests stay for ever, their entries are dropped as they come.
    let untagged = grace.untagged_before.map_or(until, |before| before.min(until));
    for (kind, until) in [(MANIFEST, until), (BLOB, until), (UNTAGGED, untagged)] {
        let room = (limit - entries.len()) as i64;
        let found = statement.query_map((kind, until, room), |row| {
            Ok(Entry { repository: row.get(0)?, kind: row.get(1)?, digest: row.get(2)? })
        })?;
        for entry in found {
            entries.push(entry?);
        }
    }
    Ok(entries)
}

fn collect(connection: &Connection, grace: Grace, now: i64, limit: usize) -> rusqlite::Result<Collected> {
    let mut collected = Collected::default();
    for entry in due(connection, grace, now, limit)? {
        collected.examined += 1;
        rows::dequeue(connection, entry.repository, entry.kind, &entry.digest)?;
        match entry.kind {
            BLOB => collect_blob(connection, &entry, now, &mut collected)?,
            UNTAGGED if grace.untagged_before.is_none() => {}
            _ => collected.manifests += u64::from(collect_manifest(connection, &entry, now)?),
        }
        forget_empty(connection, entry.repository)?;
    }
    Ok(collected)
}

/// A blob leaves the repository when none of its manifests refers to it.
fn collect_blob(
    connection: &Connection,
    entry: &Entry,
    now: i64,
    collected: &mut Collected,
) -> rusqlite::Result<()> {
    if is_referred_to(connection, entry, BLOB)? {
        return Ok(());
    }
    match unlink(connection, entry.repository, &entry.digest, now)? {
        Some(Unlinked::Gone { bytes }) => {
            collected.unlinked += 1;
            collected.blobs += 1;
            collected.bytes += bytes;
        }
        Some(Unlinked::Elsewhere) => collected.unlinked += 1,
        None => {}
    }
    Ok(())
}

/// A manifest goes when it has neither tag nor parent, and is about nothing that is there.
fn collect_manifest(connection: &Connection, entry: &Entry, now: i64) -> rusqlite::Result<bool> {
    if is_referred_to(connection, entry, MANIFEST)? {
        return Ok(false);
    }
    let mut kept = connection.prepare_cached(
        "SELECT 1 FROM manifest m WHERE m.repository = ?1 AND m.digest = ?2
         AND (EXISTS (SELECT 1 FROM tag t WHERE t.manifest = m.id)
             OR EXISTS (SELECT 1 FROM manifest s WHERE s.repository = ?1 AND s.digest = m.subject))",
    )?;
    if kept.exists((entry.repository, &entry.digest))? {
        return Ok(false);
    }
    manifests::delete(connection, entry.repository, &entry.digest, now)
}

fn is_referred_to(connection: &Connection, entry: &Entry, kind: i64) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM reference WHERE repository = ?1 AND kind = ?2 AND digest = ?3 LIMIT 1",
    )?;
    statement.exists((entry.repository, kind, &entry.digest))
}

/// A repository that holds nothing and of which nothing is said was only a name.
fn forget_empty(connection: &Connection, repository: i64) -> rusqlite::Result<()> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM repository WHERE id = ?1 AND description = '' AND stars = 0 AND official = 0
         AND automated = 0 AND NOT EXISTS (SELECT 1 FROM manifest WHERE repository = ?1)
         AND NOT EXISTS (SELECT 1 FROM link WHERE repository = ?1)
         AND NOT EXISTS (SELECT 1 FROM queue WHERE repository = ?1)",
    )?;
    delete.execute([repository]).map(drop)
}

/// After the machine went down, files of uploads may lack what their rows say was written: they are over.
fn begin_boot(connection: &Connection, boot: &str) -> rusqlite::Result<bool> {
    let mut before = connection.prepare_cached("SELECT value FROM setting WHERE name = 'boot'")?;
    let before: Option<String> = before.query_row([], |row| row.get(0)).optional()?;
    let another = before.is_some_and(|before| before != boot);
    if another {
        while uploads::expire(connection, i64::MAX, 1_000, 0)? > 0 {}
    }
    let mut keep =
        connection.prepare_cached("INSERT OR REPLACE INTO setting (name, value) VALUES ('boot', ?1)")?;
    keep.execute([boot])?;
    Ok(another)
}

/// What must never be, and the words for it.
const CONTRADICTIONS: [(&str, &str); 7] = [
    (
        "SELECT name FROM tag t WHERE NOT EXISTS (SELECT 1 FROM manifest m WHERE m.id = t.manifest)",
        "tag points at no manifest",
    ),
    (
        "SELECT digest FROM manifest m WHERE NOT EXISTS (SELECT 1 FROM repository r WHERE r.id = m.repository)",
        "manifest belongs to no repository",
    ),
    (
        "SELECT l.blob FROM link l WHERE NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = l.blob)",
        "repository holds a blob that is not there",
    ),
    (
        "SELECT l.blob FROM link l WHERE NOT EXISTS (SELECT 1 FROM repository r WHERE r.id = l.repository)",
        "blob belongs to a repository that is not there",
    ),
    (
        "SELECT digest FROM blob b WHERE NOT EXISTS (SELECT 1 FROM link l WHERE l.blob = b.id)",
        "blob belongs to no repository",
    ),
    ("SELECT b.digest FROM blob b JOIN trash t ON t.key = b.key", "blob is in the trash"),
    (
        "SELECT manifests || ' manifests, ' || tags || ' tags, ' || blobs || ' blobs, ' || bytes || ' bytes' FROM total
         WHERE manifests <> (SELECT count(*) FROM manifest) OR tags <> (SELECT count(*) FROM tag)
         OR blobs <> (SELECT count(*) FROM blob)
         OR bytes <> (SELECT coalesce(sum(size), 0) FROM blob) + (SELECT coalesce(sum(size), 0) FROM manifest)",
        "the totals are not those of the rows",
    ),
];

fn contradictions(connection: &Connection, limit: usize) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut check = connection.prepare("PRAGMA quick_check(10)")?;
    for text in check.query_map([], |row| row.get::<_, String>(0))? {
        let text = text?;
        if text != "ok" {
            found.push(format!("database: {text}"));
        }
    }
    for (query, words) in CONTRADICTIONS {
        let mut statement = connection.prepare(&format!("{query} LIMIT {limit}"))?;
        let rows = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0))?;
        for row in rows {
            let what = match row? {
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            };
            found.push(format!("{words}: {what}"));
        }
    }
    found.truncate(limit);
    Ok(found)
}
