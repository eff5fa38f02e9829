//! Lists: each a walk along an index, as far as the page goes.

use rusqlite::{Connection, OptionalExtension, Row};
use spec::Digest;

use super::{Durability, SqliteMetadata, rows};
use crate::blobs::Answer;
use crate::metadata::{Facts, Found, Listings, Page, Referrer, Usage};
use crate::name::RepositoryName;

impl Listings for SqliteMetadata {
    fn tags<'a>(&'a self, repository: &'a RepositoryName, page: Page<'a>) -> Answer<'a, Option<Vec<String>>> {
        Box::pin(async move { self.read("list tags", |connection| tags(connection, repository, page)) })
    }

    fn repositories<'a>(&'a self, page: Page<'a>) -> Answer<'a, Vec<RepositoryName>> {
        Box::pin(async move { self.read("list repositories", |connection| repositories(connection, page)) })
    }

    fn referrers<'a>(
        &'a self,
        repository: &'a RepositoryName,
        subject: &'a Digest,
        artifact_type: Option<&'a str>,
        after: i64,
        limit: usize,
    ) -> Answer<'a, Vec<Referrer>> {
        Box::pin(async move {
            self.read("list referrers", |connection| {
                let mut statement = connection.prepare_cached(REFERRERS)?;
                let key = (repository.as_str(), subject.as_str(), after, artifact_type, limit as i64);
                statement.query_map(key, referrer)?.collect()
            })
        })
    }

    fn search<'a>(&'a self, text: &'a str, skip: usize, limit: usize) -> Answer<'a, Vec<Found>> {
        Box::pin(async move { self.read("search", |connection| search(connection, text, skip, limit)) })
    }

    fn facts<'a>(&'a self, repository: &'a RepositoryName) -> Answer<'a, Option<Facts>> {
        Box::pin(async {
            self.read("read what is said about a repository", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT name, description, stars, official OR name LIKE 'library/%', automated
                     FROM repository WHERE name = ?1",
                )?;
                Ok(statement.query_row([repository.as_str()], found).optional()?.map(|found| found.facts))
            })
        })
    }

    fn describe<'a>(&'a self, repository: &'a RepositoryName, facts: Facts, now: i64) -> Answer<'a, ()> {
        let repository = repository.clone();
        Box::pin(self.change("describe a repository", Durability::Synced, move |connection| {
            let id = rows::ensure_repository(connection, &repository, now)?;
            let mut update = connection.prepare_cached(
                "UPDATE repository SET description = ?2, stars = ?3, official = ?4, automated = ?5
                 WHERE id = ?1",
            )?;
            let stars = i64::try_from(facts.stars).unwrap_or(i64::MAX);
            update.execute((id, &facts.description, stars, facts.official, facts.automated)).map(drop)
        }))
    }

    fn holders<'a>(&'a self, digest: &'a Digest, limit: usize) -> Answer<'a, Vec<RepositoryName>> {
        Box::pin(async move {
            self.read("look who holds a blob", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT r.name FROM blob b JOIN link l ON l.blob = b.id
                     JOIN repository r ON r.id = l.repository WHERE b.digest = ?1 LIMIT ?2",
                )?;
                statement.query_map((digest.as_str(), limit as i64), |row| rows::name(row, 0))?.collect()
            })
        })
    }

    fn usage<'a>(&'a self, repository: &'a RepositoryName) -> Answer<'a, Option<Usage>> {
        Box::pin(async { self.read("add up a repository", |connection| usage(connection, repository)) })
    }

    fn total(&self) -> Answer<'_, Usage> {
        Box::pin(async {
            self.read("add up everything", |connection| connection.prepare_cached(TOTAL)?.query_row([], sums))
        })
    }
}

/// A page of the referrers of a subject.
pub(super) const REFERRERS: &str =
    "SELECT m.id, m.media_type, m.digest, m.size, m.artifact_type, m.annotations
     FROM repository r JOIN manifest m ON m.repository = r.id AND m.subject = ?2 AND m.id > ?3
     WHERE r.name = ?1 AND (?4 IS NULL OR m.artifact_type = ?4) ORDER BY m.id LIMIT ?5";
/// A page of a repository's tags.
pub(super) const TAGS: &str =
    "SELECT name FROM tag WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
/// Kept by triggers: whoever looks at the numbers must not count all rows.
pub(super) const TOTAL: &str = "SELECT manifests, tags, blobs, bytes, bytes FROM total";

fn tags(
    connection: &Connection,
    repository: &RepositoryName,
    page: Page<'_>,
) -> rusqlite::Result<Option<Vec<String>>> {
    let Some(repository) = rows::repository(connection, repository)? else { return Ok(None) };
    let mut statement = connection.prepare_cached(TAGS)?;
    let tags = statement.query_map((repository, page.last, page.limit as i64), |row| row.get(0))?;
    tags.collect::<rusqlite::Result<Vec<String>>>().map(Some)
}

fn repositories(connection: &Connection, page: Page<'_>) -> rusqlite::Result<Vec<RepositoryName>> {
    let mut statement = connection.prepare_cached(
        "SELECT r.name FROM repository r WHERE r.name > ?1
         AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository = r.id) ORDER BY r.name LIMIT ?2",
    )?;
    statement.query_map((page.last, page.limit as i64), |row| rows::name(row, 0))?.collect()
}

fn referrer(row: &Row<'_>) -> rusqlite::Result<Referrer> {
    Ok(Referrer {
        position: row.get(0)?,
        media_type: row.get(1)?,
        digest: rows::digest(row, 2)?,
        size: row.get::<_, i64>(3)?.unsigned_abs(),
        artifact_type: row.get(4)?,
        annotations: row.get(5)?,
    })
}

/// What is typed is looked for literally: the pattern's own characters are escaped (SRV-9).
fn search(connection: &Connection, text: &str, skip: usize, limit: usize) -> rusqlite::Result<Vec<Found>> {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    let mut statement = connection.prepare_cached(
        "SELECT name, description, stars, official OR name LIKE 'library/%', automated FROM repository r
         WHERE (name LIKE ?1 ESCAPE '\\' OR description LIKE ?1 ESCAPE '\\')
         AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository = r.id)
         ORDER BY 4 DESC, stars DESC, name LIMIT ?2 OFFSET ?3",
    )?;
    statement.query_map((pattern, limit as i64, skip as i64), found)?.collect()
}

fn found(row: &Row<'_>) -> rusqlite::Result<Found> {
    let facts = Facts {
        description: row.get(1)?,
        stars: row.get::<_, i64>(2)?.unsigned_abs(),
        official: row.get(3)?,
        automated: row.get(4)?,
    };
    Ok(Found { name: rows::name(row, 0)?, facts })
}

fn usage(connection: &Connection, repository: &RepositoryName) -> rusqlite::Result<Option<Usage>> {
    let Some(repository) = rows::repository(connection, repository)? else { return Ok(None) };
    let mut statement = connection.prepare_cached(
        "WITH held AS (
             SELECT b.size, NOT EXISTS (SELECT 1 FROM link o WHERE o.blob = l.blob AND o.repository <> ?1) AS own
             FROM link l JOIN blob b ON b.id = l.blob WHERE l.repository = ?1),
         listed AS (SELECT count(*) AS manifests, coalesce(sum(size), 0) AS bytes FROM manifest WHERE repository = ?1)
         SELECT listed.manifests, (SELECT count(*) FROM tag WHERE repository = ?1), count(held.size),
             listed.bytes + coalesce(sum(held.size), 0), listed.bytes + coalesce(sum(held.size * held.own), 0)
         FROM listed LEFT JOIN held",
    )?;
    statement.query_row([repository], sums).map(Some)
}

/// Manifests, tags, blobs, bytes, bytes of its own.
fn sums(row: &Row<'_>) -> rusqlite::Result<Usage> {
    let number = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Usage {
        manifests: number(0)?,
        tags: number(1)?,
        blobs: number(2)?,
        bytes: number(3)?,
        own_bytes: number(4)?,
    })
}
