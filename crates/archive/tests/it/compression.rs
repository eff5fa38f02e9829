//! Archives and layers in every compression that people use.

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use layer::codec::{Codec, encoder};
use serde_json::json;
use testkit::skip;

use crate::forge::{Parts, Scratch, Tar, ids, open, read, text};

fn ours(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = encoder(codec, 1, &mut out).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
    out
}

/// Compresses with a program, if it is there.
fn theirs(program: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if !skip::installed(program) {
        return None;
    }
    let mut child =
        Command::new(program).arg("-c").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Some(output.stdout)
}

fn all(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("gzip", ours(Codec::Gzip, bytes)), ("zstd", ours(Codec::Zstd, bytes))];
    for program in ["bzip2", "xz"] {
        all.extend(theirs(program, bytes).map(|bytes| (program, bytes)));
    }
    all
}

#[test]
fn archives_in_every_compression_from_streams_and_files() {
    let parts = Parts::new();
    for (name, bytes) in all(&parts.tar().bytes()) {
        assert_eq!(ids(&read(&bytes).unwrap()), [parts.id()], "{name}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        assert_eq!(ids(&open(file.path()).unwrap()), [parts.id()], "{name}");
        let cut = read(&bytes[..bytes.len() - 5]).unwrap_err();
        assert!(text(&cut).contains("EOF") || text(&cut).contains("damaged"), "{name}: {}", text(&cut));
        let mut damaged = bytes.clone();
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x55;
        assert!(read(&damaged).is_err(), "{name}");
    }
}

#[test]
fn a_fifo_is_read_to_its_end() {
    let parts = Parts::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let writer = {
        let (path, bytes) = (path.clone(), ours(Codec::Gzip, &parts.tar().bytes()));
        std::thread::spawn(move || std::fs::write(path, bytes).unwrap())
    };
    assert_eq!(ids(&open(&path).unwrap()), [parts.id()]);
    writer.join().unwrap();
}

#[test]
fn layers_that_no_manifest_can_speak_of_are_kept_plain() {
    let parts = Parts::new();
    for (name, bytes) in all(&parts.layer) {
        let archive = parts.tar().file("l/layer.tar", &bytes).read().unwrap();
        assert_eq!(ids(&archive), [parts.id()], "{name}");
        let contents = archive.contents(&archive.images()[0]).unwrap();
        let kept = matches!(name, "gzip" | "zstd");
        assert_eq!(contents.blobs[1].digest == spec::Digest::of(&parts.layer), !kept, "{name}");
    }
}

#[test]
fn what_import_takes_in_is_decoded() {
    let layer = Parts::new().layer;
    let mut streams = all(&layer);
    streams.push(("plain", layer.clone()));
    for (name, bytes) in streams {
        let mut out = Vec::new();
        archive::decoded(&bytes[..]).unwrap().read_to_end(&mut out).unwrap();
        assert_eq!(out, layer, "{name}");
    }
    assert!(archive::decoded(&b""[..]).is_err());
}

#[test]
fn a_stream_that_breaks_off_is_not_the_archives_fault() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the line is dead"))
        }
    }
    let bytes = Parts::new().tar().bytes();
    let scratch = Scratch::new();
    let error = archive::Archive::read(bytes[..600].chain(Broken), &scratch.dir()).unwrap_err();
    assert_eq!(text(&error), "read archive: the line is dead");
    assert!(!error.is_content());
    assert!(scratch.path().exists());
    assert!(Tar::default().json("manifest.json", &json!({})).read().unwrap_err().is_content());
}
