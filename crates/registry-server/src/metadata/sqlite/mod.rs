//! Metadata in an embedded SQLite database.
//!
//! One thread changes, in groups: what has arrived while the last group was synced goes into the next, each
//! change in a savepoint of its own, and one sync is for all of them. Reading goes on beside it, on
//! connections of its own, in the thread that asks: an answer comes from memory within microseconds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::error::{Error, Result};

mod collection;
mod contents;
mod listings;
mod manifests;
mod outline;
mod rows;
mod schema;
mod uploads;
mod writer;

use writer::{Durability, Writer};

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// For changes; made when it is not there.
    Write,
    /// It must be there.
    Existing,
}

/// The database.
pub struct SqliteMetadata {
    path: PathBuf,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    looks: AtomicU64,
}

/// Connections kept for reading: more than there are threads is no use.
const READERS: usize = 16;

impl SqliteMetadata {
    /// Opens the database of a path.
    ///
    /// # Errors
    /// When it is damaged, newer, or cannot be made: the message says what to do.
    pub fn open(path: &Path, mode: OpenMode) -> Result<SqliteMetadata> {
        if mode == OpenMode::Existing {
            schema::open_reading(path)?;
        }
        let writer = Writer::start(schema::open_writing(path)?)?;
        Ok(SqliteMetadata {
            path: path.to_owned(),
            writer,
            readers: Mutex::default(),
            looks: AtomicU64::new(0),
        })
    }

    /// How many transactions were synced, and how many changes were made in them.
    pub fn commits(&self) -> (u64, u64) {
        self.writer.commits()
    }

    /// How many times something was looked up.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Reads, on a connection of the pool.
    fn read<T>(
        &self,
        doing: &'static str,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => schema::open_reading(&self.path)?,
        };
        let result = query(&connection).map_err(|e| failed(doing, e));
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }

    /// Changes something, in the next group.
    async fn change<T: Send + 'static>(
        &self,
        doing: &'static str,
        durability: Durability,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.change(doing, durability, change).await
    }
}

/// Says what was being done when the database failed.
fn failed(doing: &'static str, error: rusqlite::Error) -> Error {
    Error::Metadata { doing, full: is_full(&error), source: Box::new(error) }
}

fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)
}

#[cfg(test)]
mod tests;
