//! The writer, read by ourselves, GNU tar and Python.

use std::process::{Command, Stdio};

use layer::tar::{Device, Header, Kind, Time, Writer, Xattr};
use proptest::prelude::*;

use crate::scene::entries;

fn write(headers: &[(Header, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (header, data) in headers {
        writer.append(header, &data[..]).unwrap();
    }
    writer.finish().unwrap()
}

/// What comes back from our own reader.
#[track_caller]
fn round_trip(headers: &[(Header, Vec<u8>)]) {
    let archive = write(headers);
    assert_eq!(archive, write(headers));
    let read = entries(&archive).unwrap();
    assert_eq!(read.len(), headers.len());
    for ((entry, data), (header, expect)) in read.iter().zip(headers) {
        let mut xattrs = header.xattrs.clone();
        xattrs.sort_by(|a, b| a.name.cmp(&b.name));
        let back = Header {
            name: entry.name.clone(),
            kind: entry.kind,
            link: entry.link.clone(),
            mode: entry.mode,
            uid: entry.uid,
            gid: entry.gid,
            mtime: entry.mtime,
            xattrs: entry.xattrs.clone(),
            size: entry.size,
            device: entry.device,
        };
        assert_eq!(back, Header { xattrs, ..header.clone() });
        assert_eq!(data, expect);
    }
}

fn file(name: impl Into<Vec<u8>>, data: &[u8]) -> (Header, Vec<u8>) {
    (Header { size: data.len() as u64, ..Header::new(name, Kind::File) }, data.to_vec())
}

fn samples() -> Vec<(Header, Vec<u8>)> {
    let mut samples = vec![file("plain", b"data"), file("empty", b""), file("block", &[b'x'; 512])];
    for len in [99, 100, 101, 155, 156, 200, 254, 255] {
        samples.push(file("n".repeat(len), b"1"));
        samples.push(file(format!("{}/{}", "d".repeat(len), "f".repeat(90)), b"2"));
        samples.push((Header::new(format!("{}/dir", "e".repeat(len)), Kind::Directory), Vec::new()));
        let link = "t/".repeat(len) + "x";
        samples.push((
            Header { link: link.into(), ..Header::new(format!("l{len}"), Kind::Symlink) },
            Vec::new(),
        ));
    }
    samples.push(file("é/\u{1f980}", b"3"));
    samples.push(file(b"\xff\xfe".to_vec(), b"4"));
    samples.push((Header { link: b"plain".to_vec(), ..Header::new("hard", Kind::HardLink) }, Vec::new()));
    samples.push((Header::new("fifo", Kind::Fifo), Vec::new()));
    let device = Device { major: 4095, minor: 1_048_575 };
    samples.push((Header { device, ..Header::new("null", Kind::CharDevice) }, Vec::new()));
    let (header, data) = file("owned", b"5");
    samples.push((Header { uid: 4_000_000_000, gid: 2_097_152, mode: 0o6755, ..header }, data));
    for (seconds, nanoseconds) in
        [(-5, 0), (-6, 750_000_000), (1, 500_000_000), (0o777_7777_7777, 0), (1 << 40, 1)]
    {
        let (header, data) = file(format!("t{seconds}.{nanoseconds}"), b"");
        samples.push((Header { mtime: Time { seconds, nanoseconds }, ..header }, data));
    }
    let xattr = |name: &str, value: &[u8]| Xattr { name: name.into(), value: value.to_vec() };
    let (header, data) = file("attributes", b"6");
    let xattrs =
        vec![xattr("user.z", b"\0\n=\xff"), xattr("user.a", &[b'v'; 3000]), xattr("user.empty", b"")];
    samples.push((Header { xattrs, ..header }, data));
    samples
}

#[test]
fn what_is_written_is_read_back() {
    round_trip(&samples());
    for sample in samples() {
        round_trip(&[sample]);
    }
}

#[test]
fn small_entries_are_plain_ustar() {
    let archive = write(&[file("name", b"data")]);
    assert_eq!(archive.len(), 512 + 512 + 1024);
    assert_eq!(&archive[257..265], b"ustar\x0000");
}

#[test]
fn gnu_tar_reads_it() {
    if !testkit::skip::installed("tar") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    std::fs::write(&path, write(&samples())).unwrap();
    let mut command = Command::new("tar");
    command.env("LC_ALL", "C.UTF-8").args(["tf"]).arg(&path).arg("--quoting-style=literal");
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    let names: Vec<&[u8]> = output.stdout.split(|b| *b == b'\n').filter(|name| !name.is_empty()).collect();
    let expect: Vec<Vec<u8>> = samples()
        .into_iter()
        .map(|(header, _)| match header.kind {
            Kind::Directory => [header.name, b"/".to_vec()].concat(),
            _ => header.name,
        })
        .collect();
    assert_eq!(names.len(), expect.len());
    for (name, expect) in names.iter().zip(&expect) {
        assert!(name == expect || expect[0] == 0xff, "{:?}", String::from_utf8_lossy(name));
    }
}

#[test]
fn misuse_is_an_error() {
    let mut writer = Writer::new(Vec::new());
    let header = Header { size: 5, ..Header::new("a", Kind::File) };
    assert!(writer.append(&header, &b"abc"[..]).is_err());
    let mut writer = Writer::new(Vec::new());
    writer.start(&header).unwrap();
    std::io::Write::write_all(&mut writer, b"abcde").unwrap();
    assert!(std::io::Write::write_all(&mut writer, b"f").is_err());
    for header in [
        Header::new("a\0b", Kind::File),
        Header { size: 1, ..Header::new("a", Kind::Fifo) },
        Header::new("a", Kind::Other(b'Z')),
        Header { link: b"\0".to_vec(), ..Header::new("a", Kind::Symlink) },
        Header {
            xattrs: vec![Xattr { name: b"a=b".to_vec(), value: Vec::new() }],
            ..Header::new("a", Kind::File)
        },
    ] {
        assert!(Writer::new(Vec::new()).start(&header).is_err(), "{header:?}");
    }
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let component = prop::collection::vec(any::<u8>().prop_filter("", |b| *b != 0 && *b != b'/'), 1..120)
        .prop_filter("", |name| name != b"." && name != b"..");
    prop::collection::vec(component, 1..4).prop_map(|components| components.join(&b'/'))
}

fn header() -> impl Strategy<Value = (Header, Vec<u8>)> {
    let kinds = prop_oneof![
        Just(Kind::File),
        Just(Kind::Directory),
        Just(Kind::Symlink),
        Just(Kind::HardLink),
        Just(Kind::Fifo),
        Just(Kind::CharDevice)
    ];
    let numbers = (0..0o10000u32, 0..u32::MAX, 0..u32::MAX, any::<i64>(), 0..1_000_000_000u32);
    let xattrs =
        prop::collection::btree_map("user\\.[a-z]{1,20}", prop::collection::vec(any::<u8>(), 0..300), 0..4);
    (name(), kinds, name(), numbers, xattrs, prop::collection::vec(any::<u8>(), 0..1500)).prop_map(
        |(name, kind, link, (mode, uid, gid, seconds, nanoseconds), xattrs, data)| {
            let data = if kind == Kind::File { data } else { Vec::new() };
            let is_link = matches!(kind, Kind::Symlink | Kind::HardLink);
            let device =
                if kind == Kind::CharDevice { Device { major: 5, minor: mode } } else { Device::default() };
            let xattrs = xattrs.into_iter().map(|(name, value)| Xattr { name: name.into(), value }).collect();
            let header = Header {
                name,
                kind,
                link: if is_link { link } else { Vec::new() },
                mode,
                uid,
                gid,
                mtime: Time { seconds: seconds.saturating_add(1), nanoseconds },
                xattrs,
                size: data.len() as u64,
                device,
            };
            (header, data)
        },
    )
}

proptest! {
    #[test]
    fn anything_is_read_back(headers in prop::collection::vec(header(), 0..6)) {
        round_trip(&headers);
    }
}
