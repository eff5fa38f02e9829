//! Uploads under way.

use rusqlite::{Connection, OptionalExtension, Row};
use spec::Algorithm;

use super::{Durability, SqliteMetadata, rows};
use crate::blobs::Answer;
use crate::metadata::{Begun, Upload, Uploads};

impl Uploads for SqliteMetadata {
    fn begin<'a>(&'a self, upload: &'a Upload, open_max: u64, now: i64) -> Answer<'a, Begun> {
        let upload = upload.clone();
        Box::pin(self.change("begin an upload", Durability::Process, move |connection| {
            let mut count = connection.prepare_cached("SELECT count(*) FROM upload WHERE subject = ?1")?;
            let open: i64 = count.query_row([&upload.subject], |row| row.get(0))?;
            if open.unsigned_abs() >= open_max {
                return Ok(Begun::TooMany);
            }
            insert(connection, &upload, now)?;
            Ok(Begun::Yes)
        }))
    }

    fn upload<'a>(&'a self, id: &'a str) -> Answer<'a, Option<Upload>> {
        Box::pin(async move {
            self.read("look for an upload", |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT id, repository, subject, algorithm, offset, digester, key, bytes, kept
                     FROM upload WHERE id = ?1",
                )?;
                statement.query_row([id], upload).optional()
            })
        })
    }

    fn advance<'a>(&'a self, upload: &'a Upload, from: u64, now: i64) -> Answer<'a, bool> {
        let upload = upload.clone();
        Box::pin(self.change("keep how far an upload has come", Durability::Process, move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE upload SET offset = ?3, digester = ?4, key = ?5, bytes = ?6, kept = ?7, touched = ?8
                 WHERE id = ?1 AND offset = ?2",
            )?;
            let (key, bytes) = rows::columns(&upload.place);
            let (from, offset) = (from.cast_signed(), upload.offset.cast_signed());
            let row = (&upload.id, from, offset, &upload.digester, key, bytes, &upload.kept, now);
            Ok(update.execute(row)? == 1)
        }))
    }

    fn cancel<'a>(&'a self, id: &'a str, now: i64) -> Answer<'a, bool> {
        let id = id.to_owned();
        Box::pin(
            self.change("cancel an upload", Durability::Process, move |connection| {
                cancel(connection, &id, now)
            }),
        )
    }

    fn expire(&self, before: i64, limit: usize, now: i64) -> Answer<'_, u64> {
        Box::pin(self.change("end old uploads", Durability::Process, move |connection| {
            expire(connection, before, limit, now)
        }))
    }
}

fn insert(connection: &Connection, upload: &Upload, now: i64) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO upload (id, repository, subject, algorithm, offset, digester, key, bytes, kept, touched)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let (key, bytes) = rows::columns(&upload.place);
    insert
        .execute((
            &upload.id,
            upload.repository.as_str(),
            &upload.subject,
            upload.algorithm.as_str(),
            upload.offset.cast_signed(),
            &upload.digester,
            key,
            bytes,
            &upload.kept,
            now,
        ))
        .map(drop)
}

fn upload(row: &Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        repository: rows::name(row, 1)?,
        subject: row.get(2)?,
        algorithm: Algorithm::from_name(row.get_ref(3)?.as_str()?).ok_or_else(|| rows::broken(3))?,
        offset: row.get::<_, i64>(4)?.unsigned_abs(),
        digester: row.get(5)?,
        place: rows::place(row, 6, 7)?,
        kept: row.get(8)?,
    })
}

/// Ends an upload. Its key is its id: a file may be there that no row has told of yet.
fn cancel(connection: &Connection, id: &str, now: i64) -> rusqlite::Result<bool> {
    let mut delete = connection.prepare_cached("DELETE FROM upload WHERE id = ?1")?;
    if delete.execute([id])? == 0 {
        return Ok(false);
    }
    rows::throw(connection, id, now)?;
    Ok(true)
}

pub(super) fn expire(connection: &Connection, before: i64, limit: usize, now: i64) -> rusqlite::Result<u64> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM upload WHERE touched <= ?1 ORDER BY touched LIMIT ?2")?;
    let old: Vec<String> =
        statement.query_map((before, limit as i64), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for id in &old {
        cancel(connection, id, now)?;
    }
    Ok(old.len() as u64)
}
