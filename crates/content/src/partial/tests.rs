use super::*;
use crate::store::{Access, Store};

fn store() -> (tempfile::TempDir, Store) {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(&temporary.path().join("root"), Access::Create).unwrap();
    (temporary, store)
}

fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

#[test]
fn pieces_out_of_order_read_in_order_become_a_blob() {
    let (_temporary, store) = store();
    let content = bytes(1000);
    let digest = Digest::of(&content);
    let partial = store.partial(&digest, 1000).unwrap().unwrap();
    let mut read = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for start in [500, 0, 750, 250] {
                partial.write(start as u64, &content[start..start + 250]).unwrap();
            }
        });
        partial.reader().read_to_end(&mut read).unwrap();
    });
    assert_eq!(read, content);
    partial.publish(store.blobs()).unwrap();
    assert_eq!(store.blobs().read(&digest, 1000).unwrap(), content);
    assert!(store.folder("partial").unwrap().is_empty().unwrap());
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let (_temporary, store) = store();
    let digest = Digest::of(b"x");
    let partial = store.partial(&digest, 100).unwrap().unwrap();
    assert_eq!(partial.claim(30), Some(0..30));
    assert_eq!(partial.claim(30), Some(30..60));
    partial.write(30, &[1; 30]).unwrap();
    partial.release(&(0..30));
    assert_eq!(partial.claim(10), Some(0..10));
    drop(partial);
    let partial = store.partial(&digest, 100).unwrap().unwrap();
    assert_eq!(partial.present(), 30);
    assert_eq!(partial.claim(100), Some(0..30));
    assert_eq!(partial.claim(100), Some(60..100));
    assert_eq!(partial.claim(100), None);
    drop(partial);
    assert_eq!(store.partial(&digest, 99).unwrap().unwrap().present(), 0);
}

#[test]
fn a_download_that_goes_on_is_vouched_for_anew() {
    let (_temporary, store) = store();
    let digest = Digest::of(b"x");
    let map = || {
        let key = format!("sha256-{}", digest.hex());
        let folder = store.folder("partial").unwrap().dir(key).unwrap();
        String::from_utf8(folder.read("map", 1000).unwrap().unwrap()).unwrap()
    };
    let partial = store.partial(&digest, 100).unwrap().unwrap();
    partial.write(0, &[1; 30]).unwrap();
    assert_eq!(parse_map(&map(), 100, 100, "another").bytes(), 0);
    drop(partial);
    let partial = store.partial(&digest, 100).unwrap().unwrap();
    assert_eq!(parse_map(&map(), 100, 100, "another").bytes(), 30);
    partial.write(30, &[1; 30]).unwrap();
    assert_eq!(parse_map(&map(), 100, 100, "another").bytes(), 30);
    partial.sync().unwrap();
    assert_eq!(parse_map(&map(), 100, 100, "another").bytes(), 60);
}

#[test]
fn one_process_downloads_a_blob() {
    let (_temporary, store) = store();
    let digest = Digest::of(b"x");
    let partial = store.partial(&digest, 1).unwrap().unwrap();
    assert!(store.partial(&digest, 1).unwrap().is_none());
    partial.discard().unwrap();
    assert!(store.partial(&digest, 1).unwrap().is_some());
}

#[test]
fn an_end_reaches_the_reader_and_more_than_announced_is_refused() {
    let (_temporary, store) = store();
    let partial = store.partial(&Digest::of(b"x"), 10).unwrap().unwrap();
    assert!(partial.write(5, &[0; 6]).is_err());
    partial.write(0, &[7; 4]).unwrap();
    partial.end("the server went away");
    let mut reader = partial.reader();
    let mut buffer = [0; 10];
    assert_eq!(reader.read(&mut buffer).unwrap(), 4);
    assert_eq!(reader.read(&mut buffer).unwrap_err().to_string(), "the server went away");
    partial.restart().unwrap();
    assert_eq!(partial.present(), 0);
}

#[test]
fn after_another_boot_only_synced_pieces_count() {
    let map = "size 100\nboot a\n0 10\nsynced 21\n10 10\n";
    let check = |text: &str, boot: &str, expect: u64| {
        assert_eq!(parse_map(text, 100, 100, boot).bytes(), expect, "{text:?}");
    };
    check(map, "a", 20);
    check(map, "b", 10);
    check("size 100\nboot a\n0 10\n10 1", "a", 10);
    check("size 99\nboot a\n0 10\n", "a", 0);
    check("size 100\nboot a\n0 10\nsynced 21\n5 200\n", "a", 10);
    // The second piece was written while the fsync went on.
    check("size 100\nboot a\n0 10\n10 10\nsynced 21\n", "b", 10);
    check("size 100\nboot a\n0 10\n10 10\nsynced 21\n", "a", 20);
    check("size 100\nboot a\n0 10\n10 10\nsynced 27\n", "b", 20);
    check("size 100\nboot a\nsynced 99\n0 10\n", "b", 0);
    check("size 100\nboot a\n0 10\nx\n", "a", 0);
    check("size 100\nboot a\n18446744073709551615 2\n", "a", 0);
    check("", "a", 0);
}
