//! The same archives through GNU tar and Python: the same trees, the same entries.

use std::path::Path;
use std::process::Command;

use testkit::forge::{Archive, Block, Magic};
use testkit::skip;
use testkit::store_check::{Aspects, Tree};

use crate::scene::{Scene, entries, privileges};

/// Makes archives of a varied tree with GNU tar, in each of its formats.
fn source(root: &Path) {
    let script = r#"
        set -e
        cd "$1"
        mkdir -p a/b/c empty readonly "$(printf 'd%.0s' $(seq 150))/$(printf 'e%.0s' $(seq 150))"
        echo content > a/file
        head -c 100000 /dev/urandom > a/b/random
        : > a/b/c/nothing
        ln a/file a/b/hard
        ln -s ../nowhere a/link
        ln -s /etc/passwd a/absolute
        ln -s "$(printf 't/%.0s' $(seq 200))x" a/long
        ln a/link a/hardlink-of-link
        mkfifo a/fifo
        echo x > "$(printf 'd%.0s' $(seq 150))/$(printf 'e%.0s' $(seq 150))/$(printf 'f%.0s' $(seq 200))"
        printf 'x' > 'white space'
        printf 'x' > "$(printf '\303\251')"
        truncate -s 5M a/sparse
        printf 'middle' | dd of=a/sparse bs=1 seek=1000000 conv=notrunc status=none
        echo y > readonly/file
        chmod 4755 a/file
        chmod 1777 empty
        touch -d '2001-02-03 04:05:06.789' a/b/random
        touch -d '1960-01-01 00:00:00' a/b/c/nothing
        if [ "$(id -u)" = 0 ]; then
            chown 1000:50 a/b/random
            chown -h 12:13 a/link
            mknod a/null c 1 3
            mknod a/loop b 7 0
            setfattr -n user.test -v value a/file 2>/dev/null || true
        fi
        touch -d '2011-11-11 11:11:11' a/b/c a/b a empty
        chmod 0555 readonly
        touch -d '2012-12-12 12:12:12' readonly .
    "#;
    let status = Command::new("sh").args(["-c", script, "sh"]).arg(root).status().unwrap();
    assert!(status.success());
}

fn tar(arguments: &[&str], archive: &Path, root: &Path) {
    let output = Command::new("tar")
        .args(arguments)
        .args(["--numeric-owner", "--xattrs", "--xattrs-include=*"])
        .arg("-f")
        .arg(archive)
        .arg("-C")
        .arg(root)
        .args(if arguments.contains(&"-c") { &["."][..] } else { &[] })
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn trees_are_those_of_gnu_tar() {
    if !skip::installed("tar") {
        return;
    }
    let scene = Scene::new();
    let root = scene.root();
    source(&root);
    let original = Tree::read(&root).unwrap();
    for format in ["gnu", "pax", "oldgnu"] {
        for sparse in [&[][..], &["-S"], &["-S", "--sparse-version=0.0"], &["-S", "--sparse-version=0.1"]] {
            if sparse.len() > 1 && format != "pax" {
                continue;
            }
            let archive = scene.root().join("a.tar");
            let format_option = format!("--format={format}");
            tar(&[&["-c", &format_option], sparse].concat(), &archive, &root);
            let bytes = std::fs::read(&archive).unwrap();
            let theirs = scene.root();
            tar(&["-x", "-p", "--delay-directory-restore"], &archive, &theirs);
            let ours = scene.tree(&bytes);
            let mut aspects = Aspects { root: true, ..Aspects::all() };
            if privileges() == layer::Privileges::None {
                aspects.owners = false;
            }
            Tree::read(&theirs).unwrap().expect_same(&ours, &aspects);
            // Only PAX carries fractions of seconds.
            aspects.whole_seconds = format != "pax";
            aspects.xattrs = format == "pax";
            original.expect_same(&ours, &aspects);
        }
    }
}

/// What Python says about an archive: a line for each entry, in the form of [`ours`].
const PYTHON: &str = r"
import sys, tarfile, hashlib
with tarfile.open(sys.argv[1], errorlevel=2, encoding='utf-8', errors='surrogateescape') as archive:
    for m in archive:
        data = b''
        if m.isreg():
            data = archive.extractfile(m).read()
        name = m.name.strip('/')
        while name.startswith('./'):
            name = name[2:]
        name = '' if name == '.' else name
        fields = [name, m.type.decode() if m.type != b'S' else '0', oct(m.mode & 0o7777), m.uid, m.gid,
            int(m.mtime // 1), m.linkname if m.issym() else '', hashlib.sha256(data).hexdigest()]
        line = '|'.join(str(field) for field in fields)
        sys.stdout.buffer.write(line.encode('utf-8', 'surrogateescape') + b'\n')
";

fn ours(archive: &[u8]) -> String {
    use layer::tar::Kind;
    let mut text = String::new();
    for (entry, data) in entries(archive).unwrap() {
        let flag = match entry.kind {
            Kind::File => '0',
            Kind::HardLink => '1',
            Kind::Symlink => '2',
            Kind::CharDevice => '3',
            Kind::BlockDevice => '4',
            Kind::Directory => '5',
            Kind::Fifo => '6',
            Kind::Other(_) => continue,
        };
        let link = if entry.kind == Kind::Symlink { String::from_utf8_lossy(&entry.link) } else { "".into() };
        let data = spec::Digest::of(&data);
        let (name, seconds) = (String::from_utf8_lossy(&entry.name), entry.mtime.seconds);
        text += &format!(
            "{name}|{flag}|0o{:o}|{}|{}|{seconds}|{link}|{}\n",
            entry.mode,
            entry.uid,
            entry.gid,
            data.hex()
        );
    }
    text
}

#[test]
fn entries_are_those_of_python() {
    if !skip::installed("python3") || !skip::installed("tar") {
        return;
    }
    let scene = Scene::new();
    let root = scene.root();
    source(&root);
    let mut archives = Vec::new();
    for format in ["gnu", "pax", "oldgnu"] {
        let archive = scene.root().join("a.tar");
        let format = format!("--format={format}");
        tar(&["-c", &format, "-S"], &archive, &root);
        archives.push(std::fs::read(&archive).unwrap());
    }
    let file = |name: &str| Block::new(b'0', name);
    archives.push(
        Archive::new()
            .entry(file("v7").magic(Magic::V7), "1")
            .entry(file("name").prefix("some/prefix"), "2")
            .entry(file("uid").magic(Magic::Gnu).base_256(108..116, 4_000_000_000), "3")
            .entry(file("old").magic(Magic::Gnu).base_256(136..148, -86_400), "4")
            .pax(&[("path", "p/\u{e9}"), ("uid", "7"), ("mtime", "-1.5"), ("size", "5")])
            .header(file("x").size(0))
            .data("12345")
            .long_name("l/".repeat(100))
            .dir("x")
            .long_link("t/".repeat(100) + "t")
            .symlink("s", "x")
            .global(&[("comment", "nothing")])
            .file("last", vec![b'z'; 513])
            .end(),
    );
    for archive in archives {
        let path = scene.root().join("a.tar");
        std::fs::write(&path, &archive).unwrap();
        let output = Command::new("python3").args(["-c", PYTHON]).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(ours(&archive), String::from_utf8_lossy(&output.stdout));
    }
}
