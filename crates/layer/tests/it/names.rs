//! Names: TAR-4, TAR-5, and where entries stand: TAR-16.

use testkit::forge::{Archive, Block, Magic};

use crate::scene::{Scene, check, entries};

#[test]
fn tar_5_names_that_lead_out_are_refused() {
    let scene = Scene::new();
    let twin = |archive: Archive| archive.file("./a//b/./c", "x").file("/absolute", "x").file("..a/b..", "x");
    let canary = scene.canary().to_str().unwrap().to_owned();
    let up = format!("{}{canary}/file", "../".repeat(20));
    for name in ["..", "../canary/file", "a/../../canary/file", "/../canary/file", "./..", "a/..", &up] {
        scene.pair("TAR-5", |archive| archive.pax(&[("path", name)]).file("x", "evil"), twin);
        scene.pair("TAR-5", |archive| archive.long_name(name).file("x", "evil"), twin);
        if name.len() <= 100 {
            scene.pair("TAR-5", |archive| archive.file(name, "evil"), twin);
            scene.pair("TAR-5", |archive| archive.dir(name), twin);
            scene.pair("TAR-5", |archive| archive.symlink(name, "evil"), twin);
            scene.pair("TAR-5", |archive| archive.header(Block::new(b'6', name)), twin);
            scene.pair("TAR-5", |archive| archive.file("a", "").hardlink("b", name), twin);
        }
    }
    scene.pair(
        "TAR-5",
        |archive| archive.entry(Block::new(b'0', "canary/file").prefix(".."), "evil"),
        |archive| archive.entry(Block::new(b'0', "canary/file").prefix("..."), "fine"),
    );
}

#[test]
fn tar_5_absolute_names_stay_inside() {
    let scene = Scene::new();
    let target = scene.canary().join("file");
    let (root, _) = scene
        .run(&Archive::new().pax(&[("path", target.to_str().unwrap())]).file("x", "evil").end())
        .unwrap();
    let inside = root.join(target.strip_prefix("/").unwrap());
    assert_eq!(std::fs::read(inside).unwrap(), b"evil");
}

#[test]
fn tar_5_a_file_needs_a_name() {
    let scene = Scene::new();
    for name in ["", ".", "/", "./", "//", "././."] {
        scene.pair("TAR-5", |archive| archive.file(name, "x"), |archive| archive.dir(name));
        scene.pair("TAR-5", |archive| archive.symlink(name, "x"), |archive| archive.dir(name));
    }
}

#[test]
fn tar_5_names_are_bytes() {
    let scene = Scene::new();
    let names: [&[u8]; 8] = [
        b"a\\..\\b",
        b"\xff\xfe",
        b"case",
        b"CASE",
        "e\u{301}".as_bytes(),
        "\u{e9}".as_bytes(),
        b"new\nline",
        b" ",
    ];
    let layer = names.iter().fold(Archive::new(), |archive, name| archive.file(name, name)).end();
    let (root, _) = scene.run(&layer).unwrap();
    for name in names {
        let path = root.join(std::os::unix::ffi::OsStrExt::from_bytes(name) as &std::ffi::OsStr);
        assert_eq!(std::fs::read(path).unwrap(), name);
    }
}

#[test]
fn tar_4_long_names_are_refused_and_longest_ones_work() {
    let scene = Scene::new();
    let long = |archive: Archive, name: String| archive.long_name(name).file("x", "1");
    let limit = |what: &str, over: String, at: String| {
        scene.pair(what, |archive| long(archive, over.clone()), |archive| long(archive, at.clone()));
        scene.pair(
            what,
            |archive| archive.pax(&[("path", &over)]).file("x", "1"),
            |archive| archive.pax(&[("path", &at)]).file("x", "1"),
        );
    };
    limit("NAME_BYTES_MAX", "n".repeat(256), "n".repeat(255));
    let path = |len: usize| format!("{}{}", "d".repeat(200).add("/").repeat(20), "e".repeat(len - 20 * 201));
    limit("PATH_BYTES_MAX", path(4096), path(4095));
    limit("PATH_DEPTH_MAX", "d/".repeat(1024) + "f", "d/".repeat(1023) + "f");
    scene.pair(
        "PATH_BYTES_MAX",
        |archive| archive.long_link("t".repeat(4096)).symlink("l", ""),
        |archive| archive.long_link("t".repeat(4095)).symlink("l", ""),
    );
}

trait Add {
    fn add(self, tail: &str) -> String;
}

impl Add for String {
    fn add(self, tail: &str) -> String {
        self + tail
    }
}

#[test]
fn tar_4_headers_for_headers_are_refused_by_their_stated_size() {
    /// Ends the test when it is asked for more than the header.
    #[derive(Debug)]
    struct Nothing;
    impl std::io::Read for Nothing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("read on after a header that states too much");
        }
    }
    for flag in [b'x', b'g', b'L', b'K'] {
        for size in [(1 << 20) + 1, 1 << 33, i128::from(i64::MAX)] {
            let header = Archive::new()
                .header(Block::new(flag, "x").base_256(124..136, size).magic(Magic::Gnu))
                .bytes();
            let stream = std::io::BufReader::with_capacity(512, std::io::Read::chain(&header[..], Nothing));
            let error = layer::tar::Reader::new(stream).next_entry().unwrap_err();
            assert!(crate::scene::chain(&error).contains("PAX_BYTES_MAX"));
        }
    }
    let value = "v".repeat((1 << 20) - "1048576 comment=\n".len());
    let archive = Archive::new().pax(&[("comment", value)]).file("a", "1").end();
    check(&archive, &[("a", "1")]);
}

#[test]
fn tar_4_entries_are_counted() {
    let layer = (0..20).fold(Archive::new(), |archive, i| archive.file(format!("f{i}"), "")).end();
    let scan = |entries| layer::scan(&layer[..], &layer::Limits { entries, ..layer::Limits::default() });
    let error = scan(19).unwrap_err();
    assert!(crate::scene::chain(&error).contains("20 is over the limit ENTRIES_PER_LAYER_MAX = 19"));
    assert_eq!(scan(20).unwrap().entries, 20);
}

#[test]
fn tar_2_a_nul_in_a_name_is_refused() {
    let scene = Scene::new();
    scene.pair(
        "TAR-2",
        |archive| archive.pax(&[("path", "a\0b")]).file("x", ""),
        |archive| archive.pax(&[("path", "ab")]).file("x", ""),
    );
    scene.pair(
        "TAR-2",
        |archive| archive.pax(&[("linkpath", "a\0b")]).symlink("x", ""),
        |archive| archive.pax(&[("linkpath", "ab")]).symlink("x", ""),
    );
    scene.pair(
        "TAR-2",
        |archive| archive.long_name("a\0b").file("x", ""),
        |archive| archive.long_name("ab\0\0\0").file("x", ""),
    );
    // Behind the NUL of a header field some writers leave what was there before.
    check(&Archive::new().file("a\0rubbish", "").end(), &[("a", "")]);
}

#[test]
fn tar_16_an_entry_below_something_that_is_no_directory_is_refused() {
    let scene = Scene::new();
    let canary = scene.canary().to_str().unwrap().to_owned();
    let up = "../canary";
    let others: [&dyn Fn(Archive) -> Archive; 5] = [
        &|archive| archive.file("a", "x"),
        &|archive| archive.pax(&[("linkpath", &canary)]).symlink("a", ""),
        &|archive| archive.symlink("a", up),
        &|archive| archive.header(Block::new(b'6', "a")),
        &|archive| archive.file("b", "x").hardlink("a", "b"),
    ];
    for other in others {
        let dir = |archive: Archive| archive.dir("a");
        let below: [&dyn Fn(Archive) -> Archive; 5] = [
            &|archive| archive.file("a/file", "evil"),
            &|archive| archive.dir("a/dir/below"),
            &|archive| archive.symlink("a/new", "x"),
            &|archive| archive.file("a/.wh.file", ""),
            &|archive| archive.file("a/.wh..wh..opq", ""),
        ];
        for below in below {
            scene.pair("TAR-16", |archive| below(other(archive)), |archive| below(dir(archive)));
        }
    }
}

#[test]
fn tar_16_the_last_of_the_same_name_wins() {
    let scene = Scene::new();
    let kinds: [(&str, &dyn Fn(Archive) -> Archive); 5] = [
        ("file", &|archive| archive.file("a", "content")),
        ("symlink", &|archive| archive.symlink("a", "../canary/file")),
        ("dir", &|archive| archive.dir("a")),
        ("fifo", &|archive| archive.header(Block::new(b'6', "a"))),
        ("link", &|archive| archive.file("other", "o").hardlink("a", "other")),
    ];
    for (first_name, first) in &kinds {
        for (last_name, last) in &kinds {
            let layer = last(first(Archive::new())).end();
            let alone = scene.tree(&last(Archive::new()).end());
            let both = scene.tree(&layer);
            let key = std::path::Path::new("a");
            assert_eq!(both.nodes[key].kind, alone.nodes[key].kind, "{first_name} then {last_name}");
        }
    }
    // A directory that is replaced takes along what was in it.
    let layer = Archive::new().file("a/b/c", "x").file("a", "y").dir("a").file("a/d", "z").end();
    let tree = scene.tree(&layer);
    let names: Vec<&str> = tree.nodes.keys().map(|path| path.to_str().unwrap()).collect();
    assert_eq!(names, ["", "a", "a/d"]);
}

#[test]
fn directories_of_old_archives_have_a_slash() {
    let found = entries(
        &Archive::new()
            .header(Block::new(0, "dir/").magic(Magic::V7).size(5))
            .entry(Block::new(0, "file").magic(Magic::V7), "x")
            .entry(Block::new(b'7', "contiguous"), "y")
            .end(),
    )
    .unwrap();
    let kinds: Vec<_> = found.iter().map(|(entry, _)| entry.kind).collect();
    assert_eq!(kinds, [layer::tar::Kind::Directory, layer::tar::Kind::File, layer::tar::Kind::File]);
}
