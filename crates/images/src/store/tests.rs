use spec::{Descriptor, ImageId, MediaType, Platform};

use super::*;
use crate::check::Finding;

fn store() -> (tempfile::TempDir, ImageStore) {
    let temporary = tempfile::tempdir().unwrap();
    let store = ImageStore::open(&temporary.path().join("root"), Access::Create, Some("cold")).unwrap();
    (temporary, store)
}

/// An image of one blob, its manifest.
fn entry(manifest: &[u8]) -> Entry {
    let target = Descriptor::of(MediaType::known(MediaType::OCI_MANIFEST), manifest);
    Entry {
        reference: None,
        manifests: vec![target.digest.clone()],
        image: ImageId(target.digest.clone()),
        target,
        platform: Platform::new("linux", "amd64", None),
        created: None,
        size: 0,
        tagged: None,
        parent: None,
    }
}

fn set(store: &ImageStore, entry: Entry) -> Result<()> {
    store.update(|index| {
        index.set(entry);
        Ok(())
    })
}

#[test]
fn a_list_that_could_not_be_read_again_is_not_written() {
    let (_temporary, store) = store();
    set(&store, entry(b"a")).unwrap();
    let mut large = entry(b"b");
    large.platform.os = "x".repeat(usize::try_from(INDEX_BYTES_MAX).unwrap());
    let error = set(&store, large).unwrap_err().to_string();
    assert!(error.contains("more than INDEX_BYTES_MAX (67108864)"), "{error}");
    assert_eq!(store.index().unwrap().entries(), [entry(b"a")]);
}

#[test]
fn what_others_remove_during_a_check_is_not_missing() {
    let (_temporary, store) = store();
    set(&store, entry(b"not here")).unwrap();
    let checked = store.check(|_| ()).unwrap();
    assert!(matches!(checked.findings[..], [Finding::Missing { .. }]), "{checked:?}");
    // The list changes while the blobs are looked at.
    let remove = |_| {
        let removed = store.update(|index| {
            *index = Index::default();
            Ok::<(), Error>(())
        });
        removed.unwrap();
    };
    assert_eq!(store.check(remove).unwrap().findings, []);
}
