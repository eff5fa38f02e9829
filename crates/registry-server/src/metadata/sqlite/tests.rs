use super::*;
use crate::metadata::conformance;

fn open(folder: &tempfile::TempDir) -> Result<SqliteMetadata> {
    SqliteMetadata::open(&folder.path().join("metadata.db"), OpenMode::Write)
}

#[test]
fn keeps_the_contract() {
    conformance::run(|| {
        let temporary = tempfile::tempdir().unwrap();
        (open(&temporary).unwrap(), temporary)
    });
}

#[test]
fn a_newer_database_is_refused_with_the_way_out() {
    let temporary = tempfile::tempdir().unwrap();
    drop(open(&temporary).unwrap());
    let path = temporary.path().join("metadata.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute("INSERT INTO schema_version VALUES (7, 'strata 9')", []).unwrap();
    drop(connection);
    let text = open(&temporary).err().unwrap().to_string();
    assert!(text.contains("its tables have version 7, this program knows version 1"), "{text}");
    assert!(text.contains("use the program that wrote it, or a newer one"), "{text}");
}

#[test]
fn a_damaged_database_is_refused_with_the_way_out() {
    let temporary = tempfile::tempdir().unwrap();
    drop(open(&temporary).unwrap());
    let path = temporary.path().join("metadata.db");
    std::fs::write(&path, "no database at all, but long enough to be looked at as one".repeat(100)).unwrap();
    let text = open(&temporary).err().unwrap().to_string();
    assert!(text.contains("the database is damaged"), "{text}");
    assert!(text.contains("restore metadata.db from a copy, or move it"), "{text}");
}

#[test]
fn what_is_not_there_is_not_made_by_a_look() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("metadata.db");
    assert!(SqliteMetadata::open(&path, OpenMode::Existing).is_err());
    assert!(!path.exists());
}
