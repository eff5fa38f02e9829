//! Sparse files: TAR-15.

use std::os::unix::fs::MetadataExt;

use testkit::forge::{Archive, Block, Magic};

use crate::scene::{Scene, check, entries};

/// A map as the old GNU form has it, four regions in the header and the rest in blocks behind it.
fn old_gnu(archive: Archive, regions: &[(u64, u64)], size: u64, data: &str) -> Archive {
    let octal = |n: u64| format!("{n:011o}\0").into_bytes();
    let fields = |regions: &[(u64, u64)]| -> Vec<u8> {
        regions.iter().flat_map(|(offset, len)| [octal(*offset), octal(*len)].concat()).collect()
    };
    let (head, mut rest) = regions.split_at(regions.len().min(4));
    let block = Block::new(b'S', "sparse")
        .magic(Magic::Gnu)
        .size(data.len() as u64)
        .field(386..482, &fields(head))
        .field(482..483, &[u8::from(!rest.is_empty())])
        .field(483..495, &octal(size));
    let mut archive = archive.header(block);
    while !rest.is_empty() {
        let (here, after) = rest.split_at(rest.len().min(21));
        let mut block = fields(here);
        block.resize(504, 0);
        block.push(u8::from(!after.is_empty()));
        archive = archive.data(block);
        rest = after;
    }
    archive.data(data)
}

fn text(regions: &[(u64, u64)], separator: &str) -> String {
    let numbers: Vec<String> =
        regions.iter().map(|(offset, len)| format!("{offset}{separator}{len}")).collect();
    numbers.join(separator)
}

fn pax_0_0(archive: Archive, regions: &[(u64, u64)], size: u64, data: &str) -> Archive {
    let mut records =
        vec![("GNU.sparse.size", size.to_string()), ("GNU.sparse.numblocks", regions.len().to_string())];
    for (offset, len) in regions {
        records.push(("GNU.sparse.offset", offset.to_string()));
        records.push(("GNU.sparse.numbytes", len.to_string()));
    }
    archive.pax(&records).file("sparse", data)
}

fn pax_0_1(archive: Archive, regions: &[(u64, u64)], size: u64, data: &str) -> Archive {
    let records = [
        ("GNU.sparse.size", size.to_string()),
        ("GNU.sparse.numblocks", regions.len().to_string()),
        ("GNU.sparse.name", "sparse".into()),
        ("GNU.sparse.map", text(regions, ",")),
    ];
    archive.pax(&records).file("GNUSparseFile.0/sparse", data)
}

fn pax_1_0(archive: Archive, regions: &[(u64, u64)], size: u64, data: &str) -> Archive {
    let records = [
        ("GNU.sparse.major", "1".into()),
        ("GNU.sparse.minor", "0".into()),
        ("GNU.sparse.name", "sparse".into()),
        ("GNU.sparse.realsize", size.to_string()),
    ];
    let mut map = format!("{}\n{}\n", regions.len(), text(regions, "\n")).into_bytes();
    if regions.is_empty() {
        map = b"0\n".to_vec();
    }
    map.resize(map.len().next_multiple_of(512), 0);
    map.extend_from_slice(data.as_bytes());
    archive.pax(&records).file("GNUSparseFile.0/sparse", map)
}

type Regions = &'static [(u64, u64)];
type Form = fn(Archive, &[(u64, u64)], u64, &str) -> Archive;
const FORMS: [(&str, Form); 4] =
    [("old GNU", old_gnu), ("PAX 0.0", pax_0_0), ("PAX 0.1", pax_0_1), ("PAX 1.0", pax_1_0)];

#[test]
fn tar_15_all_forms_say_the_same() {
    let regions = [(2, 3), (10, 2)];
    for (form, forge) in FORMS {
        let archive = forge(Archive::new(), &regions, 15, "abcde").file("next", "!").end();
        check(&archive, &[("sparse", "\0\0abc\0\0\0\0\0de\0\0\0"), ("next", "!")]);
        let found = entries(&archive).unwrap();
        assert_eq!((found[0].0.size, found[0].0.stored_bytes), (15, 5), "{form}");
        let at = usize::try_from(found[0].0.data_offset).unwrap();
        assert_eq!(&archive[at..at + 5], b"abcde", "{form}");
    }
    // Many regions: with blocks behind the header, over several blocks of a map.
    let regions: Vec<(u64, u64)> = (0..200).map(|i| (i * 10, 1)).collect();
    for (form, forge) in FORMS {
        let archive = forge(Archive::new(), &regions, 2000, &"x".repeat(200)).file("next", "!").end();
        let found = entries(&archive).unwrap();
        assert_eq!(found[0].1.iter().filter(|byte| **byte == b'x').count(), 200, "{form}");
        assert_eq!((found[0].1.len(), found[1].1.len()), (2000, 1), "{form}");
    }
}

#[test]
fn tar_15_maps_that_do_not_fit_are_refused() {
    let scene = Scene::new();
    for (_, forge) in FORMS {
        let bad: [(Regions, u64, &str); 8] = [
            (&[(10, 2), (2, 3)], 15, "abcde"),
            (&[(2, 3), (4, 2)], 15, "abcde"),
            (&[(2, 3), (2, 2)], 15, "abcde"),
            (&[(2, 3), (14, 2)], 15, "abcde"),
            (&[(2, 3), (10, 2)], 15, "abcd"),
            (&[(2, 3), (10, 2)], 15, "abcdef"),
            (&[(16, 0)], 15, ""),
            (&[(2, 3)], 4, "abc"),
        ];
        for (regions, size, data) in bad {
            scene.pair(
                "TAR-15",
                |archive| forge(archive, regions, size, data),
                |archive| forge(archive, &[(2, 3), (10, 0), (15, 0)], 15, "abc"),
            );
        }
    }
}

#[test]
fn tar_15_numbers_are_checked() {
    let scene = Scene::new();
    let map = |archive: Archive, map: &str, count: &str, size: &str| {
        let records = [("GNU.sparse.map", map), ("GNU.sparse.numblocks", count), ("GNU.sparse.size", size)];
        archive.pax(&records).file("s", "ab")
    };
    let twin = |archive: Archive| map(archive, "1,1,3,1", "2", "9");
    for (bad, count, size) in [
        ("1,1,3", "2", "9"),
        ("1,1,3,1", "1", "9"),
        ("1,1,3,1", "3", "9"),
        ("1,1,3,x", "2", "9"),
        ("1,1,-3,1", "2", "9"),
        ("1,1,,3,1", "2", "9"),
        ("1,1,3,1", "", "9"),
        ("1,1,3,1", "x", "9"),
        ("1,1,3,1", "2", "-1"),
        ("1,1,3,1", "2", "x"),
        ("1,1,9223372036854775807,1", "2", "9223372036854775807"),
        ("1,1,18446744073709551615,1", "2", "9"),
    ] {
        scene.pair("TAR-15", |archive| map(archive, bad, count, size), twin);
    }
}

#[test]
fn tar_15_only_known_versions_are_read() {
    let scene = Scene::new();
    let versions = |archive: Archive, major: &str, minor: &str| {
        let records =
            [("GNU.sparse.major", major), ("GNU.sparse.minor", minor), ("GNU.sparse.realsize", "0")];
        archive.pax(&records).file("s", [&b"0\n"[..], &[0; 510]].concat())
    };
    for (major, minor) in [("2", "0"), ("1", "1"), ("0", "2"), ("x", "0"), ("1", "")] {
        scene.pair(
            "TAR-15",
            |archive| versions(archive, major, minor),
            |archive| versions(archive, "1", "0"),
        );
    }
    scene.pair(
        "TAR-15",
        |archive| archive.pax(&[("GNU.sparse.size", "5")]).file("s", ""),
        |archive| archive.pax(&[("SCHILY.realsize", "5")]).file("s", ""),
    );
    let twin = |archive: Archive| archive.file("s", "ab");
    scene.pair(
        "TAR-2",
        |archive| archive.pax(&[("GNU.sparse.numbytes", "1"), ("GNU.sparse.offset", "1")]).file("s", ""),
        twin,
    );
}

#[test]
fn tar_15_maps_in_data_and_in_blocks_are_checked() {
    let scene = Scene::new();
    let inner = |archive: Archive, map: &str| {
        let records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")];
        let mut data = map.as_bytes().to_vec();
        data.resize(512, 0);
        archive.pax(&records).file("s", data)
    };
    let long = "1".repeat(400);
    for bad in ["", "x\n", "1\n1\n", "-1\n", "\n", &long, "1\n1\n99999999999999999999\n"] {
        scene.pair("TAR-15", |archive| inner(archive, bad), |archive| inner(archive, "1\n1\n0\n"));
    }
    let star =
        |archive: Archive, magic| archive.header(Block::new(b'S', "s").magic(magic).field(483..495, b"0"));
    scene.pair("TAR-15", |archive| star(archive, Magic::Ustar), |archive| star(archive, Magic::Gnu));
    let endless = |archive: Archive, more: u8| {
        let block = Block::new(b'S', "s").magic(Magic::Gnu).field(482..483, &[1]).field(483..495, b"0");
        let mut empty = [0; 512];
        empty[504] = more;
        archive.header(block).raw(empty).raw([0; 512])
    };
    scene.pair(
        "TAR-15",
        |archive| endless(archive, 1),
        |archive| {
            let block = Block::new(b'S', "s").magic(Magic::Gnu).field(482..483, &[1]).field(483..495, b"0");
            archive.header(block).raw([0; 512])
        },
    );
}

#[test]
fn tar_4_regions_are_counted() {
    let scene = Scene::new();
    let count = |archive: Archive, count: u64| {
        let records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "0")];
        let mut data = format!("{count}\n").into_bytes();
        data.extend_from_slice(&b"0\n0\n".repeat(usize::try_from(count.min(65_536)).unwrap()));
        data.resize(data.len().next_multiple_of(512), 0);
        archive.pax(&records).file("s", data)
    };
    for too_many in [65_537, u64::MAX >> 1] {
        scene.pair(
            "SPARSE_REGIONS_MAX",
            |archive| count(archive, too_many),
            |archive| count(archive, 65_536),
        );
    }
    let old: Vec<(u64, u64)> = (0..65_537).map(|i| (i, 1)).collect();
    let forge = |n: usize| old_gnu(Archive::new(), &old[..n], 70_000, &"x".repeat(n)).end();
    assert!(entries(&forge(65_536)).is_ok());
    assert!(entries(&forge(65_537)).unwrap_err().contains("SPARSE_REGIONS_MAX"));
}

#[test]
fn tar_15_holes_stay_holes_and_count_as_bytes() {
    let scene = Scene::new();
    let size = 64 << 20;
    for (form, forge) in FORMS {
        let archive = forge(Archive::new(), &[(1 << 20, 4), (size, 0)], size, "data").end();
        let (root, applied) = scene.run(&archive).unwrap();
        assert_eq!(applied.facts.bytes, size, "{form}");
        assert!(applied.facts.disk_bytes < 1 << 20, "{form}");
        let metadata = std::fs::metadata(root.join("sparse")).unwrap();
        assert_eq!(metadata.len(), size);
        assert!(metadata.blocks() * 512 < 1 << 20, "{form}: {} blocks", metadata.blocks());
        let content = std::fs::read(root.join("sparse")).unwrap();
        assert_eq!(&content[1 << 20..(1 << 20) + 5], b"data\0");
    }
}
