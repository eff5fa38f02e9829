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
    assert!(text.contains("its tables have version 7, this program knows version 2"), "{text}");
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

/// Steps of SQLite's machine that the last run of a statement took: what it touched, not how long.
fn steps(connection: &Connection, query: &str, key: impl rusqlite::Params) -> i32 {
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map(key, |row| row.get::<_, rusqlite::types::Value>(0)).unwrap().count();
    assert!(rows > 0);
    statement.get_status(rusqlite::StatementStatus::VmStep)
}

/// A database with a repository of that many tags on one manifest, and one tag on another.
fn tagged(tags: u32) -> (tempfile::TempDir, SqliteMetadata) {
    let temporary = tempfile::tempdir().unwrap();
    let metadata = open(&temporary).unwrap();
    let connection = schema::open_writing(&temporary.path().join("metadata.db")).unwrap();
    connection
        .execute_batch(&format!(
            "INSERT INTO repository (id, name, created) VALUES (1, 'r', 0);
             INSERT INTO manifest (id, repository, digest, media_type, size, annotations, pushed, bytes)
             VALUES (1, 1, '{}', 'a/b', 1, '{{}}', 0, x'00'), (2, 1, '{}', 'a/b', 1, '{{}}', 0, x'00');
             WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {tags})
             INSERT INTO tag SELECT 1, printf('t%07d', i), 1, 0 FROM n;
             INSERT INTO tag VALUES (1, 'z', 2, 0)",
            spec::Digest::of(b"1"),
            spec::Digest::of(b"2"),
        ))
        .unwrap();
    (temporary, metadata)
}

#[test]
fn a_page_a_look_up_and_the_numbers_cost_what_they_touch() {
    let cost = |tags: u32| {
        let (temporary, _metadata) = tagged(tags);
        let connection = schema::open_reading(&temporary.path().join("metadata.db")).unwrap();
        [
            steps(&connection, listings::TAGS, (1, "t0000500", 100)),
            steps(&connection, manifests::BY_TAG, ("r", "t0000500")),
            steps(&connection, manifests::BY_DIGEST, ("r", spec::Digest::of(b"2").as_str())),
            steps(&connection, listings::TOTAL, ()),
        ]
    };
    let (few, many) = (cost(1_000), cost(1_000_000));
    assert_eq!(few, many);
    assert!(many[0] < 1_000 && many[1] < 50 && many[2] < 50 && many[3] < 20, "{many:?}");
}

/// A statement that is kept is not prepared again when other values are bound to it.
#[test]
fn statements_are_prepared_once() {
    let (temporary, _metadata) = tagged(100);
    let path = temporary.path().join("metadata.db");
    for connection in [schema::open_reading(&path).unwrap(), schema::open_writing(&path).unwrap()] {
        let mut statement = connection.prepare(manifests::BY_TAG).unwrap();
        for n in 0..20 {
            assert!(statement.exists(("r", format!("t{n:07}"))).unwrap());
        }
        assert_eq!(statement.get_status(rusqlite::StatementStatus::RePrepare), 0);
    }
}

/// What requests look up is found by indexes, whatever the planner takes for granted.
#[test]
fn look_ups_scan_and_sort_nothing() {
    let (temporary, _metadata) = tagged(100);
    let connection = schema::open_reading(&temporary.path().join("metadata.db")).unwrap();
    for query in [
        manifests::BY_TAG,
        manifests::BY_DIGEST,
        outline::BLOB_BY_DIGEST,
        outline::MANIFEST_BY_TAG,
        outline::MANIFEST_BY_DIGEST,
        listings::TAGS,
        listings::REFERRERS,
    ] {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {query}")).unwrap();
        let steps = statement.raw_query().mapped(|row| row.get::<_, String>("detail"));
        for step in steps {
            let step = step.unwrap();
            assert!(!step.contains("SCAN") && !step.contains("TEMP B-TREE"), "{step}: {query}");
        }
    }
}

/// Steps of SQLite's machine that some work on a connection takes, all its statements together.
fn steps_of(mut connection: Connection, work: impl FnOnce(&Connection)) -> u64 {
    let count = std::sync::Arc::new(AtomicU64::new(0));
    let counter = std::sync::Arc::clone(&count);
    let count_one = move || {
        counter.fetch_add(1, Ordering::Relaxed);
        false
    };
    connection.progress_handler(1, Some(count_one)).unwrap();
    work(&connection);
    connection.progress_handler(0, None::<fn() -> bool>).unwrap();
    count.load(Ordering::Relaxed)
}

/// A manifest with ten thousand tags goes as fast among a million tags as alone, and one with a single tag does
/// not pay for the others at all.
#[test]
fn a_deletion_costs_what_it_takes_away() {
    let cost = |others: u32, digest: &[u8]| {
        let (temporary, _metadata) = tagged(10_000);
        let connection = schema::open_writing(&temporary.path().join("metadata.db")).unwrap();
        connection
            .execute_batch(&format!(
                "INSERT INTO repository (id, name, created) VALUES (2, 's', 0);
                 INSERT INTO manifest (id, repository, digest, media_type, size, annotations, pushed, bytes)
                 VALUES (3, 2, 'sha256:3', 'a/b', 1, '{{}}', 0, x'00'), (4, 1, 'sha256:4', 'a/b', 1, '{{}}', 0, x'00');
                 WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {others})
                 INSERT INTO tag SELECT 1 + i % 2, printf('o%07d', i), 4 - i % 2, 0 FROM n",
            ))
            .unwrap();
        steps_of(connection, |connection| {
            assert!(manifests::delete(connection, 1, spec::Digest::of(digest).as_str(), 0).unwrap());
        })
    };
    let (alone, among) = (cost(1, b"1"), cost(1_000_000, b"1"));
    assert!(among < alone + 100, "{alone} steps alone, {among} among others");
    // A few for each tag: off the table and its index, and the total.
    assert!(alone < 10_000 * 50, "{alone}");
    let single = cost(100_000, b"2");
    assert!(single < 1_000, "{single}");
}

#[test]
fn deleting_a_manifest_leaves_the_tags_of_others_alone() {
    let (_temporary, metadata) = tagged(10_000);
    let name = crate::name::RepositoryName::parse("r").unwrap();
    let delete = |bytes: &[u8]| {
        let digest = spec::Digest::of(bytes);
        conformance::wait(crate::metadata::Contents::delete_manifest(&metadata, &name, &digest, 0))
    };
    let left = || {
        let page = crate::metadata::Page { last: "", limit: 20_000 };
        conformance::wait(crate::metadata::Listings::tags(&metadata, &name, page)).unwrap().len()
    };
    let (synced, _) = metadata.commits();
    assert!(delete(b"1"));
    assert_eq!((left(), metadata.commits().0 - synced), (1, 1));
    assert!(delete(b"2"));
    assert_eq!(left(), 0);
}

#[test]
fn totals_that_are_wrong_are_found() {
    let (temporary, metadata) = tagged(3);
    let contradictions = || conformance::wait(crate::metadata::Collection::contradictions(&metadata, 10));
    assert_eq!(contradictions(), Vec::<String>::new());
    let connection = Connection::open(temporary.path().join("metadata.db")).unwrap();
    connection.execute("UPDATE total SET tags = tags + 1", []).unwrap();
    assert_eq!(
        contradictions(),
        ["the totals are not those of the rows: 2 manifests, 5 tags, 0 blobs, 2 bytes"]
    );
}
