//! Numbers in headers: TAR-2, TAR-14.

use layer::tar::{Kind, Time};
use testkit::forge::{Archive, Block, Magic};

use crate::scene::{Scene, entries};

fn file() -> Block {
    Block::new(b'0', "f").magic(Magic::Gnu)
}

#[test]
fn tar_2_a_wrong_check_sum_is_refused() {
    let scene = Scene::new();
    let sum = |archive: Archive, field: &[u8]| archive.header(Block::new(b'0', "f").checksum(field));
    for field in [&b"000000\0 "[..], b"", b"7777777\0", b"xxxxxx\0 ", b"-00001\0 "] {
        scene.pair("TAR-2", |archive| sum(archive, field), |archive| archive.header(Block::new(b'0', "f")));
    }
    // Old systems added the bytes up with their signs.
    let signed = |name: &[u8]| {
        let mut block = Block::new(b'0', name).bytes();
        block[148..156].fill(b' ');
        let sum: i64 = block.iter().map(|byte| i64::from(byte.cast_signed())).sum();
        Block::new(b'0', name).checksum(format!("{sum:06o}\0 ").as_bytes())
    };
    let found = entries(&Archive::new().header(signed(b"\xe9")).end()).unwrap();
    assert_eq!(found[0].0.name, b"\xe9");
}

#[test]
fn tar_2_numbers_that_are_none_are_refused() {
    let scene = Scene::new();
    let fields = [100..108, 108..116, 116..124, 124..136, 136..148, 329..337, 337..345];
    for field in fields {
        for bad in [&b"12x"[..], b"9", b"-1", b"0x1", b"1 1", b"+7", b"\xff\x00", b"1e3"] {
            // The one that is negative in base-256 is a time like any other.
            if bad[0] == 0xff && (field == (136..148) || field.start >= 329) {
                continue;
            }
            scene.pair(
                if bad[0] == 0xff && (108..124).contains(&field.start) { "TAR-14" } else { "TAR-2" },
                |archive| archive.header(file().field(field.clone(), bad)),
                |archive| archive.header(file().field(field.clone(), b" 0\0")),
            );
        }
    }
}

#[test]
fn tar_2_sizes_that_are_negative_or_overflow_are_refused() {
    let scene = Scene::new();
    for size in [-1, -512, i128::from(i64::MIN), i128::from(i64::MAX) + 1, i128::from(u64::MAX), 1 << 80] {
        for flag in [b'0', b'5', b'2', b'x', b'L', b'Z'] {
            let header = || Block::new(flag, "f").link("t").magic(Magic::Gnu);
            scene.pair(
                "TAR-2",
                |archive| archive.header(header().base_256(124..136, size)),
                |archive| archive.header(file().base_256(124..136, 0)),
            );
        }
    }
    for size in ["-1", "-512", "9223372036854775808", "99999999999999999999", "x", "1.5", "0x10", " 1", "1 "]
    {
        scene.pair(
            "TAR-2",
            |archive| archive.pax(&[("size", size)]).file("f", ""),
            |archive| archive.pax(&[("size", "0")]).file("f", ""),
        );
    }
}

#[test]
fn tar_4_sizes_are_refused_before_anything_is_made() {
    let scene = Scene::new();
    for size in [1u64 << 40, i64::MAX.unsigned_abs()] {
        scene.pair(
            "LAYER_UNPACKED_BYTES_MAX",
            |archive| archive.header(file().base_256(124..136, i128::from(size))),
            |archive| archive.header(file().base_256(124..136, 0)),
        );
        let map = [("GNU.sparse.map", "0,0"), ("GNU.sparse.numblocks", "1")];
        let sparse = |archive: Archive, size: u64| {
            let size = size.to_string();
            archive.pax(&[map[0], map[1], ("GNU.sparse.size", &size)]).file("s", "")
        };
        scene.pair(
            "LAYER_UNPACKED_BYTES_MAX",
            |archive| sparse(archive, size),
            |archive| sparse(archive, 1 << 20),
        );
    }
}

#[test]
fn tar_14_owners_out_of_range_are_refused() {
    let scene = Scene::new();
    for id in [-1, i128::from(u32::MAX), i128::from(u32::MAX) + 1, 1 << 40, i128::from(i64::MIN)] {
        for field in [108..116, 116..124] {
            let Some(at) = (-(1 << 55)..1 << 55).contains(&id).then_some(id) else { continue };
            scene.pair(
                "TAR-14",
                |archive| archive.header(file().base_256(field.clone(), at)),
                |archive| archive.header(file().base_256(field.clone(), 1000)),
            );
        }
        for key in ["uid", "gid"] {
            scene.pair(
                "TAR-14",
                |archive| archive.pax(&[(key, id.to_string())]).file("f", ""),
                |archive| archive.pax(&[(key, "4294967294")]).file("f", ""),
            );
        }
    }
    let found =
        entries(&Archive::new().pax(&[("uid", "4294967294"), ("gid", "65536")]).file("f", "").end()).unwrap();
    assert_eq!((found[0].0.uid, found[0].0.gid), (4_294_967_294, 65_536));
}

#[test]
fn tar_2_times_before_1970_are_fine() {
    let check = |archive: Archive, seconds, nanoseconds| {
        let found = entries(&archive.end()).unwrap();
        assert_eq!(found[0].0.mtime, Time { seconds, nanoseconds });
    };
    check(Archive::new().header(file().base_256(136..148, -5)), -5, 0);
    check(Archive::new().pax(&[("mtime", "-5")]).file("f", ""), -5, 0);
    check(Archive::new().pax(&[("mtime", "-5.25")]).file("f", ""), -6, 750_000_000);
    check(Archive::new().pax(&[("mtime", "1700000000.123456789")]).file("f", ""), 1_700_000_000, 123_456_789);
    let scene = Scene::new();
    for key in ["mtime", "atime", "ctime"] {
        for bad in ["x", "1.x", "1.2.3", "--1", "1e9", ".5", "99999999999999999999"] {
            scene.pair(
                "TAR-2",
                |archive| archive.pax(&[(key, bad)]).file("f", ""),
                |archive| archive.pax(&[(key, "-1.5")]).file("f", ""),
            );
        }
    }
}

#[test]
fn tar_14_times_are_clamped_to_what_the_file_system_holds() {
    let scene = Scene::new();
    for time in ["9223372036854775807", "-9223372036854775808", "99999999999", "-99999999999"] {
        let (root, _) = scene.run(&Archive::new().pax(&[("mtime", time)]).file("f", "").end()).unwrap();
        let seconds = std::os::unix::fs::MetadataExt::mtime(&std::fs::metadata(root.join("f")).unwrap());
        assert_eq!(seconds < 0, time.starts_with('-'), "{time} became {seconds}");
    }
}

#[test]
fn tar_2_device_numbers_out_of_range_are_refused() {
    let scene = Scene::new();
    let device = |archive: Archive, flag, major, minor| {
        let block = Block::new(flag, "d").magic(Magic::Gnu);
        archive.header(block.base_256(329..337, major).base_256(337..345, minor))
    };
    for flag in [b'3', b'4'] {
        for (major, minor) in [(-1, 0), (0, -1), (4096, 0), (1, 1 << 20), (1 << 40, 0)] {
            scene.pair(
                "TAR-2",
                |archive| device(archive, flag, major, minor),
                // On what is no device the number means nothing.
                |archive| device(archive, b'6', major, minor),
            );
        }
    }
    let found = entries(&device(Archive::new(), b'3', 4095, (1 << 20) - 1).end()).unwrap();
    assert_eq!(
        (found[0].0.kind, found[0].0.device.major, found[0].0.device.minor),
        (Kind::CharDevice, 4095, 1_048_575)
    );
}

#[test]
fn modes_lose_the_bits_of_the_type() {
    let found = entries(&Archive::new().header(file().mode(0o104_755)).end()).unwrap();
    assert_eq!(found[0].0.mode, 0o4755);
}
