//! How entries follow one another: TAR-1, TAR-3, TAR-18.

use testkit::forge::{Archive, Block, Magic, record};

use crate::scene::{Scene, check, entries};

/// A whole archive with one file, to be hidden in data.
fn hidden() -> Vec<u8> {
    Archive::new().file("hidden", "evil").bytes()
}

#[test]
fn tar_1_the_pax_size_decides_where_the_next_header_is() {
    let inner = hidden();
    let size = inner.len().to_string();
    let stated = |header: u64, pax: &str| {
        Archive::new()
            .pax(&[("size", pax)])
            .header(Block::new(b'0', "outer").size(header))
            .data(&inner)
            .file("last", "")
            .end()
    };
    let outer = String::from_utf8_lossy(&inner).into_owned();
    check(&stated(0, &size), &[("outer", &outer), ("last", "")]);
    check(&stated(7, &size), &[("outer", &outer), ("last", "")]);
    check(&stated(inner.len() as u64, "0"), &[("outer", ""), ("hidden", "evil"), ("last", "")]);
    // Without a value the record says nothing.
    check(&stated(inner.len() as u64, ""), &[("outer", &outer), ("last", "")]);
}

#[test]
fn tar_1_an_extended_header_goes_through_long_names_to_the_next_entry() {
    let inner = hidden();
    let archive = Archive::new()
        .pax(&[("size", inner.len().to_string()), ("path", "from-pax".into())])
        .long_name("from-gnu")
        .header(Block::new(b'0', "short").magic(Magic::Gnu).size(0))
        .data(&inner)
        .file("last", "1")
        .end();
    let outer = String::from_utf8_lossy(&inner).into_owned();
    check(&archive, &[("from-gnu", &outer), ("last", "1")]);
    let other_order =
        Archive::new().long_name("from-gnu").pax(&[("path", "from-pax")]).file("short", "1").end();
    check(&other_order, &[("from-gnu", "1")]);
    let links =
        Archive::new().pax(&[("linkpath", "p")]).long_link("k").symlink("a", "h").symlink("b", "h").end();
    let links = entries(&links).unwrap();
    assert_eq!((&links[0].0.link[..], &links[1].0.link[..]), (&b"k"[..], &b"h"[..]));
}

#[test]
fn tar_1_headers_for_other_headers_use_their_own_size() {
    // The size record is about the file, not about the long name between.
    let archive = Archive::new()
        .pax(&[("size", "3")])
        .long_name("n".repeat(600))
        .header(Block::new(b'0', "x").size(0))
        .data("abc")
        .end();
    let found = entries(&archive).unwrap_err();
    assert!(found.contains("NAME_BYTES_MAX"), "{found}");
    let archive = Archive::new()
        .pax(&[("size", "3")])
        .long_name("d/".repeat(300))
        .header(Block::new(b'0', "x").size(0))
        .data("abc")
        .end();
    check(&archive, &[("d/".repeat(300).trim_end_matches('/'), "abc")]);
}

#[test]
fn tar_1_the_last_of_several_extended_headers_counts() {
    let archive =
        Archive::new().pax(&[("path", "a"), ("mtime", "5")]).pax(&[("path", "b")]).file("c", "").end();
    let found = entries(&archive).unwrap();
    assert_eq!((&found[0].0.name[..], found[0].0.mtime.seconds), (&b"b"[..], 0));
    check(&Archive::new().long_name("a").long_name("b").file("c", "").end(), &[("b", "")]);
}

#[test]
fn tar_1_an_extended_header_needs_an_entry() {
    for archive in [
        Archive::new().file("a", "").pax(&[("path", "b")]).end(),
        Archive::new().pax(&[("path", "b")]).bytes(),
        Archive::new().long_name("b").end(),
        Archive::new().long_link("b").bytes(),
    ] {
        assert!(entries(&archive).unwrap_err().contains("TAR-1"));
    }
}

#[test]
fn tar_3_global_headers_apply_to_nothing() {
    let archive = Archive::new()
        .global(&[("path", "global"), ("size", "512"), ("linkpath", "x"), ("uid", "7"), ("mtime", "9")])
        .global(&[("SCHILY.xattr.user.a", "b"), ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")])
        .file("a", "1")
        .symlink("l", "target")
        .end();
    check(&archive, &[("a", "1"), ("l", "")]);
    let found = entries(&archive).unwrap();
    assert_eq!((found[0].0.uid, found[0].0.mtime.seconds, found[0].0.xattrs.len()), (0, 0, 0));
    assert_eq!(found[1].0.link, b"target");
}

#[test]
fn tar_3_a_global_header_between_an_extended_header_and_its_entry_is_refused() {
    let scene = Scene::new();
    let global = |archive: Archive| archive.global(&[("comment", "x")]);
    scene.pair(
        "TAR-3",
        |archive| global(archive.pax(&[("path", "a")])).file("b", ""),
        |archive| global(archive).pax(&[("path", "a")]).file("b", ""),
    );
    scene.pair(
        "TAR-3",
        |archive| global(archive.long_name("a")).file("b", ""),
        |archive| global(archive).file("b", ""),
    );
}

#[test]
fn tar_3_a_malformed_global_header_is_refused() {
    let scene = Scene::new();
    let global = |archive: Archive, data: &[u8]| archive.entry(Block::new(b'g', "g"), data).file("a", "");
    scene.pair(
        "TAR-2",
        |archive| global(archive, b"9 path=a"),
        |archive| global(archive, &record("path", "a")),
    );
}

#[test]
fn tar_18_the_archive_ends_at_its_end_mark_or_with_the_stream() {
    let archive = Archive::new().file("a", "1");
    let hidden = hidden();
    check(&archive.clone().end(), &[("a", "1")]);
    check(&archive.clone().bytes(), &[("a", "1")]);
    check(&archive.clone().raw([0; 512]).bytes(), &[("a", "1")]);
    check(&archive.clone().raw([0; 1024]).raw(&hidden).bytes(), &[("a", "1")]);
    check(&archive.clone().raw([0; 10240]).raw("any bytes").bytes(), &[("a", "1")]);
    // Go's reader takes an archive whose last padding is missing.
    check(&archive.clone().bytes()[..513], &[("a", "1")]);
    check(&archive.clone().bytes()[..700], &[("a", "1")]);
    check(&[], &[]);
}

#[test]
fn tar_18_an_end_inside_an_entry_is_refused() {
    let archive = Archive::new().pax(&[("mtime", "1")]).file("a", "1".repeat(1000)).bytes();
    for len in 1..archive.len() {
        // At 1024 there is an extended header without its entry; from 2536 on only padding is missing.
        let outcome = entries(&archive[..len]);
        assert_eq!(outcome.is_ok(), len >= 1536 + 1000, "{len}");
    }
    let lone = Archive::new().file("a", "").raw([0; 512]).file("b", "").end();
    assert!(entries(&lone).unwrap_err().contains("TAR-18"));
    let part = Archive::new().file("a", "").raw([0; 600]).bytes();
    assert!(entries(&part).unwrap_err().contains("TAR-18"));
}

#[test]
fn tar_18_bytes_behind_the_end_count_for_the_diff_id_and_are_not_unpacked() {
    let scene = Scene::new();
    let layer = Archive::new().file("a", "1").raw([0; 1024]).file("b", "2").bytes();
    let (root, applied) = scene.run(&layer).unwrap();
    assert_eq!(applied.facts.diff_id.0, spec::Digest::of(&layer));
    assert_eq!(applied.facts.stream_bytes, layer.len() as u64);
    assert_eq!(applied.facts.entries, 1);
    assert!(root.join("a").exists() && !root.join("b").exists());
}

#[test]
fn tar_22_offsets_lie_where_the_data_is() {
    let archive = Archive::new()
        .global(&[("comment", "x")])
        .pax(&[("mtime", "1")])
        .long_name("name")
        .file("short", "some data")
        .file("next", "more")
        .end();
    for (entry, data) in entries(&archive).unwrap() {
        let at = usize::try_from(entry.data_offset).unwrap();
        assert_eq!(&archive[at..at + data.len()], data);
        assert_eq!(entry.data_offset, entry.header_offset + 512);
        assert!(entry.start_offset <= entry.header_offset);
    }
    let found = entries(&archive).unwrap();
    assert_eq!((found[0].0.start_offset, found[0].0.header_offset), (1024, 1024 + 1024 + 1024));
    assert_eq!(found[1].0.start_offset, found[1].0.header_offset);
}
