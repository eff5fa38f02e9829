//! Archives of any bytes: an answer, never a panic, and never a byte from outside the archive.

use std::io::{Read, Seek, SeekFrom};

use proptest::prelude::*;
use serde_json::json;

use crate::forge::{Parts, read};

/// Whatever was opened can be walked and read.
fn exercise(bytes: &[u8]) {
    let Ok(archive) = read(bytes) else { return };
    for image in archive.images() {
        let Ok(contents) = archive.contents(image) else { continue };
        for descriptor in contents.bottom_up() {
            let mut blob = archive.blob(&descriptor.digest).unwrap().unwrap();
            let mut out = Vec::new();
            blob.read_to_end(&mut out).unwrap();
            assert_eq!(out.len() as u64, descriptor.size);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
        exercise(&bytes);
    }

    #[test]
    fn a_good_archive_with_some_bytes_changed(
        kind in 0..3,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let parts = Parts::new();
        let tar = match kind {
            0 => parts.tar(),
            1 => parts.layout(&[parts.entry(json!({"io.containerd.image.name": "a:1"}))]),
            _ => parts.layout(&[parts.entry(json!(null))]).file("manifest.json", "[]"),
        };
        let mut bytes = tar.bytes();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        exercise(&bytes);
    }

    #[test]
    fn lists_of_any_text(manifest in "[\\[\\]{}\":,a-zA-Z0-9/. ]{0,64}", index in "\\PC{0,64}") {
        let parts = Parts::new();
        let tar = parts.tar().without("manifest.json").file("manifest.json", manifest);
        exercise(&tar.bytes());
        let tar = parts.layout(&[]).without("index.json").file("index.json", index);
        exercise(&tar.bytes());
    }

    #[test]
    fn a_blob_is_read_from_any_place(at in 0u64..2000, len in 0usize..2000) {
        let parts = Parts::new();
        let archive = parts.tar().read().unwrap();
        let mut blob = archive.blob(&spec::Digest::of(&parts.layer)).unwrap().unwrap();
        blob.seek(SeekFrom::Start(at)).unwrap();
        let mut out = vec![0; len];
        let n = blob.read(&mut out).unwrap();
        let start = usize::try_from(at).unwrap().min(parts.layer.len());
        prop_assert_eq!(&out[..n], &parts.layer[start..(start + len).min(parts.layer.len())]);
        prop_assert_eq!(blob.seek(SeekFrom::End(0)).unwrap(), parts.layer.len() as u64);
        prop_assert!(blob.seek(SeekFrom::Current(-(i64::try_from(parts.layer.len()).unwrap()) - 1)).is_err());
    }
}
