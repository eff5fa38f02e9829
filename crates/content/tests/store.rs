//! Blobs, leases and the sweep, seen from outside.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests lay out their own files")]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use content::{Access, Error, Pin, Store};
use spec::{DiffId, Digest};

fn store() -> (tempfile::TempDir, Store) {
    let temporary = tempfile::tempdir().unwrap();
    let store = Store::open(&temporary.path().join("root"), Access::Create).unwrap();
    (temporary, store)
}

#[test]
fn a_store_is_an_oci_image_layout() {
    let (temporary, store) = store();
    let layout = std::fs::read(temporary.path().join("root/content/oci-layout")).unwrap();
    assert_eq!(layout, b"{\"imageLayoutVersion\":\"1.0.0\"}");
    let lease = store.lease().unwrap();
    let digest = store.blobs().put(&lease, b"hello").unwrap();
    let path = temporary.path().join("root/content/blobs/sha256").join(digest.hex());
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o400);
    assert_eq!(store.blobs().walk().unwrap(), [digest]);
}

#[test]
fn of_many_that_meet_at_a_new_store_one_makes_it() {
    for _ in 0..20 {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join("root");
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let store = Store::open(&root, Access::Create).unwrap();
                    let lease = store.lease().unwrap();
                    store.blobs().put(&lease, b"hello").unwrap();
                });
            }
        });
        let store = Store::open(&root, Access::Existing).unwrap();
        assert_eq!(store.blobs().walk().unwrap(), [Digest::of(b"hello")]);
    }
}

#[test]
fn ref_5_a_blob_gets_its_name_only_when_its_bytes_fit() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let digest = Digest::of(b"hello");
    let write = |bytes: &[u8], size: u64| {
        let mut writer = store.blobs().writer(&lease, &digest, size).unwrap();
        writer.write_all(bytes).map_err(|e| e.to_string())?;
        writer.commit().map_err(|e| e.to_string())
    };
    assert!(write(b"hellO", 5).is_err());
    assert!(write(b"hell", 5).is_err());
    assert!(write(b"hello!", 5).is_err());
    assert!(write(b"hello", 4).is_err());
    assert_eq!(store.blobs().size(&digest).unwrap(), None);
    assert!(lease.scratch().is_empty().unwrap());
    assert!(write(b"hello", 5).is_ok());
    assert!(write(b"hello", 5).is_ok());
}

#[test]
fn a_damaged_blob_is_replaced_by_one_that_is_written_again() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let digest = store.blobs().put(&lease, b"hello").unwrap();
    let path = store.blobs().path(&digest);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, b"damaged").unwrap();
    let write = |bytes: &[u8]| {
        let mut writer = store.blobs().writer(&lease, &digest, 5).unwrap();
        writer.write_all(bytes).unwrap();
        writer.commit()
    };
    assert!(write(b"hellO").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"damaged");
    write(b"hello").unwrap();
    assert_eq!(store.blobs().read(&digest, 5).unwrap(), b"hello");
    let damage = || {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"jello").unwrap();
    };
    damage();
    store.blobs().put(&lease, b"hello").unwrap();
    assert_eq!(store.blobs().read(&digest, 5).unwrap(), b"hello");
    damage();
    let mut collector = store.blobs().collect(&lease).unwrap();
    collector.write_all(b"hello").unwrap();
    collector.finish().unwrap();
    assert_eq!(store.blobs().read(&digest, 5).unwrap(), b"hello");
}

#[test]
fn a_blob_of_unknown_digest_is_named_when_it_is_complete() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let mut collector = store.blobs().collect(&lease).unwrap();
    collector.write_all(b"hel").unwrap();
    assert!(store.blobs().walk().unwrap().is_empty());
    collector.write_all(b"lo").unwrap();
    let (digest, bytes) = collector.finish().unwrap();
    assert_eq!((&digest, bytes), (&Digest::of(b"hello"), 5));
    let mode = std::fs::metadata(store.blobs().path(&digest)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
    // The same again is the same blob; what is dropped was never there.
    let mut again = store.blobs().collect(&lease).unwrap();
    again.write_all(b"hello").unwrap();
    assert_eq!(again.finish().unwrap(), (digest.clone(), 5));
    let mut dropped = store.blobs().collect(&lease).unwrap();
    dropped.write_all(b"other").unwrap();
    drop(dropped);
    assert_eq!(store.blobs().walk().unwrap(), [digest]);
    assert!(lease.scratch().is_empty().unwrap());
}

#[test]
fn a_collected_blob_is_pinned_before_it_has_its_name() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let mut collector = store.blobs().collect(&lease).unwrap();
    collector.write_all(b"hello").unwrap();
    let (digest, _) = collector.finish().unwrap();
    let sweep = store.sweep().unwrap();
    assert!(sweep.is_pinned(&Pin::Blob(digest.clone())));
    sweep.finish().unwrap();
    drop(lease);
    assert!(!store.sweep().unwrap().is_pinned(&Pin::Blob(digest)));
}

#[test]
fn disk_5_documents_are_hashed_on_every_read() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let digest = store.blobs().put(&lease, b"hello").unwrap();
    assert_eq!(store.blobs().read(&digest, 5).unwrap(), b"hello");
    assert!(matches!(store.blobs().read(&digest, 4), Err(Error::TooLarge { .. })));
    let path = store.blobs().path(&digest);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&path, b"jello").unwrap();
    assert!(matches!(store.blobs().read(&digest, 5), Err(Error::Corrupt { .. })));
    assert!(matches!(store.blobs().open(&digest).unwrap().finish(), Err(Error::Corrupt { .. })));
    let mut bytes = Vec::new();
    assert!(store.blobs().open(&digest).unwrap().read_to_end(&mut bytes).is_err());
}

#[test]
fn disk_2_a_link_is_no_blob() {
    let (temporary, store) = store();
    let secret = temporary.path().join("secret");
    std::fs::write(&secret, b"hello").unwrap();
    let digest = Digest::of(b"hello");
    std::os::unix::fs::symlink(&secret, store.blobs().path(&digest)).unwrap();
    assert!(store.blobs().size(&digest).is_err());
    assert!(store.blobs().read(&digest, 10).is_err());
}

#[test]
fn the_sweep_spares_what_a_lease_pins() {
    let (_temporary, store) = store();
    let lease = store.lease().unwrap();
    let kept = store.blobs().put(&lease, b"kept").unwrap();
    let layer = DiffId(Digest::of(b"layer"));
    lease.pin([Pin::Layer(layer.clone())]).unwrap();
    let other = store.lease().unwrap();
    let gone = store.blobs().put(&other, b"gone").unwrap();
    drop(other);
    let sweep = store.sweep().unwrap();
    assert!(sweep.is_pinned(&Pin::Blob(kept.clone())));
    assert!(sweep.is_pinned(&Pin::Layer(layer)));
    assert!(!sweep.is_pinned(&Pin::Blob(gone.clone())));
    assert_eq!(sweep.discard_blob(&gone).unwrap(), 4);
    assert_eq!(sweep.discard_blob(&gone).unwrap(), 0);
    sweep.finish().unwrap();
    assert_eq!(store.blobs().walk().unwrap(), [kept]);
}

#[test]
fn disk_7_a_lease_lives_by_its_lock_and_not_by_a_number() {
    let (temporary, store) = store();
    let lease = store.lease().unwrap();
    let leases = temporary.path().join("root/leases");
    let dead = leases.join("1-0-0");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("lock"), "").unwrap();
    std::fs::write(dead.join("pins"), format!("blob {}\nblob sha2", Digest::of(b"x"))).unwrap();
    let sweep = store.sweep().unwrap();
    assert!(!sweep.is_pinned(&Pin::Blob(Digest::of(b"x"))));
    sweep.finish().unwrap();
    assert_eq!(std::fs::read_dir(&leases).unwrap().count(), 1);
    drop(lease);
    assert_eq!(std::fs::read_dir(&leases).unwrap().count(), 0);
}

#[test]
fn strange_files_do_not_stop_a_sweep() {
    let (temporary, store) = store();
    for folder in ["leases", "partial"] {
        let file = store.folder(folder).unwrap().path().join("note.txt");
        std::fs::write(&file, "").unwrap();
        store.sweep().unwrap().finish().unwrap();
        assert_eq!(store.partial_bytes().unwrap(), 0);
        assert!(file.exists());
    }
    drop(temporary);
}

#[test]
fn strange_roots_are_refused_with_the_way_out() {
    let (temporary, store) = store();
    drop(store);
    let root = temporary.path().join("root");
    let refuse = |superblock: &str, expect: &str| {
        std::fs::write(root.join("store.json"), superblock).unwrap();
        let error = Store::open(&root, Access::Existing).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    refuse("{\"format\":2}", "use a newer strata");
    refuse("{\"format\":1,\"features\":{\"incompatible\":[\"x\"]}}", "the feature \"x\"");
    refuse("{\"format\":1", "store.json is damaged");
    std::fs::write(root.join("store.json"), "{\"format\":1,\"features\":{\"compatible\":[\"x\"]}}").unwrap();
    assert!(Store::open(&root, Access::Existing).is_ok());
    let other = temporary.path().join("other");
    assert!(matches!(Store::open(&other, Access::Existing), Err(Error::Absent(_))));
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("thesis.txt"), "").unwrap();
    let error = Store::open(&other, Access::Create).unwrap_err().to_string();
    assert!(error.contains("thesis.txt"), "{error}");
}
