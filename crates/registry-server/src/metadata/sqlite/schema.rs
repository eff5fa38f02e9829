//! The tables, their version, and how a database is taken into use.
//!
//! `docs/registry.md` describes what is in them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Error, Result};

/// The version of the tables that this program reads and writes.
pub(super) const VERSION: i64 = 2;
/// How long a statement waits for another process, `strata registry gc` for instance.
const PATIENCE: Duration = Duration::from_secs(10);
/// Statements that a connection keeps prepared: all that there are.
const STATEMENTS: usize = 128;

const TABLES: &str = "
CREATE TABLE schema_version (version INTEGER NOT NULL, program TEXT NOT NULL) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE repository (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
    description TEXT NOT NULL DEFAULT '', stars INTEGER NOT NULL DEFAULT 0,
    official INTEGER NOT NULL DEFAULT 0, automated INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE blob (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
    key TEXT UNIQUE, bytes BLOB, created INTEGER NOT NULL) STRICT;
CREATE TABLE link (
    repository INTEGER NOT NULL, blob INTEGER NOT NULL, added INTEGER NOT NULL,
    PRIMARY KEY (repository, blob)) STRICT, WITHOUT ROWID;
CREATE INDEX link_blob ON link (blob);
CREATE TABLE manifest (
    id INTEGER PRIMARY KEY AUTOINCREMENT, repository INTEGER NOT NULL, digest TEXT NOT NULL,
    media_type TEXT NOT NULL, size INTEGER NOT NULL, artifact_type TEXT, subject TEXT,
    annotations TEXT NOT NULL, pushed INTEGER NOT NULL, bytes BLOB NOT NULL,
    UNIQUE (repository, digest)) STRICT;
CREATE INDEX manifest_subject ON manifest (repository, subject, id) WHERE subject IS NOT NULL;
CREATE TABLE tag (
    repository INTEGER NOT NULL, name TEXT NOT NULL, manifest INTEGER NOT NULL, moved INTEGER NOT NULL,
    PRIMARY KEY (repository, name)) STRICT, WITHOUT ROWID;
CREATE INDEX tag_manifest ON tag (manifest);
CREATE TABLE reference (
    manifest INTEGER NOT NULL, kind INTEGER NOT NULL, digest TEXT NOT NULL, repository INTEGER NOT NULL,
    PRIMARY KEY (manifest, kind, digest)) STRICT, WITHOUT ROWID;
CREATE INDEX reference_target ON reference (repository, kind, digest);
CREATE TABLE upload (
    id TEXT PRIMARY KEY, repository TEXT NOT NULL, subject TEXT NOT NULL, algorithm TEXT NOT NULL,
    offset INTEGER NOT NULL, digester BLOB NOT NULL, key TEXT UNIQUE, bytes BLOB, kept BLOB NOT NULL,
    touched INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX upload_subject ON upload (subject);
CREATE INDEX upload_touched ON upload (touched);
CREATE TABLE queue (
    repository INTEGER NOT NULL, kind INTEGER NOT NULL, digest TEXT NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY (repository, kind, digest)) STRICT, WITHOUT ROWID;
CREATE INDEX queue_since ON queue (kind, since);
CREATE TABLE trash (key TEXT PRIMARY KEY, thrown INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE total (
    manifests INTEGER NOT NULL, tags INTEGER NOT NULL, blobs INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO total VALUES (0, 0, 0, 0);
CREATE TRIGGER manifest_added AFTER INSERT ON manifest BEGIN
    UPDATE total SET manifests = manifests + 1, bytes = bytes + new.size; END;
CREATE TRIGGER manifest_removed AFTER DELETE ON manifest BEGIN
    UPDATE total SET manifests = manifests - 1, bytes = bytes - old.size; END;
CREATE TRIGGER tag_added AFTER INSERT ON tag BEGIN UPDATE total SET tags = tags + 1; END;
CREATE TRIGGER tag_removed AFTER DELETE ON tag BEGIN UPDATE total SET tags = tags - 1; END;
CREATE TRIGGER blob_added AFTER INSERT ON blob BEGIN
    UPDATE total SET blobs = blobs + 1, bytes = bytes + new.size; END;
CREATE TRIGGER blob_removed AFTER DELETE ON blob BEGIN
    UPDATE total SET blobs = blobs - 1, bytes = bytes - old.size; END;
";

/// Opens a connection that changes things, making the tables when there are none.
pub(super) fn open_writing(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = open(path, flags)?;
    let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2000;
        PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16000;";
    connection.execute_batch(settings).map_err(|e| unusable(path, &e))?;
    match version(&connection).map_err(|e| unusable(path, &e))? {
        Some(VERSION) => {}
        Some(other) => return Err(other_version(path, other)),
        None => make_tables(&connection).map_err(|e| unusable(path, &e))?,
    }
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reading(path: &Path) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let connection = open(path, flags)?;
    let settings = "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;
        PRAGMA cache_size = -4000;";
    connection.execute_batch(settings).map_err(|e| unusable(path, &e))?;
    match version(&connection).map_err(|e| unusable(path, &e))? {
        Some(VERSION) => Ok(connection),
        Some(other) => Err(other_version(path, other)),
        None => Err(Error::Unusable {
            path: path.to_owned(),
            reason: "the database has no tables; name the root that the registry was served from".to_owned(),
        }),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let connection = Connection::open_with_flags(path, flags).map_err(|e| unusable(path, &e))?;
    connection.busy_timeout(PATIENCE).map_err(|e| unusable(path, &e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans do not depend on bound values: otherwise most statements are prepared anew each time they are run.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(|e| unusable(path, &e))?;
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let tables: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'",
        [],
        |row| row.get(0),
    )?;
    if tables == 0 {
        return Ok(None);
    }
    connection.query_row("SELECT max(version) FROM schema_version", [], |row| row.get(0)).map(Some)
}

fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    // Another process may have been faster.
    if version(connection)?.is_none() {
        connection.execute_batch(TABLES)?;
        let program = concat!("strata ", env!("CARGO_PKG_VERSION"));
        connection
            .execute("INSERT INTO schema_version (version, program) VALUES (?1, ?2)", (VERSION, program))?;
    }
    connection.execute_batch("COMMIT")
}

fn other_version(path: &Path, found: i64) -> Error {
    let way_out = if found > VERSION {
        "use the program that wrote it, or a newer one"
    } else {
        "no program that was published wrote it; restore it from a copy"
    };
    let reason = format!("its tables have version {found}, this program knows version {VERSION}; {way_out}");
    Error::Unusable { path: path.to_owned(), reason }
}

fn unusable(path: &Path, error: &rusqlite::Error) -> Error {
    let damaged = matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseCorrupt | rusqlite::ErrorCode::NotADatabase)
    );
    let reason = if damaged {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        format!(
            "the database is damaged ({error}); restore {name} from a copy, or move it and its -wal and -shm \
             files away to begin with an empty registry"
        )
    } else {
        format!("the database cannot be opened ({error}); see that its folder is there and may be written")
    };
    Error::Unusable { path: PathBuf::from(path), reason }
}
