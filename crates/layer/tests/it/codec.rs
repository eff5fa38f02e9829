//! Codecs: TAR-19, TAR-20.

use std::io::{Read, Write};

use layer::codec::{Accept, Codec, Decoder, encoder};
use layer::{Error, InflateFault, Limits};
use testkit::forge::Archive;

use crate::scene::{chain, scan};

fn archive() -> Vec<u8> {
    (0..40).fold(Archive::new(), |archive, i| archive.file(format!("f{i}"), vec![b'a' + i; 3000])).end()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn skippable(bytes: usize) -> Vec<u8> {
    let len = u32::try_from(bytes).unwrap().to_le_bytes();
    [&[0x5a, 0x2a, 0x4d, 0x18][..], &len, &vec![0xff; bytes]].concat()
}

fn inflate(blob: &[u8], accept: Accept) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    Decoder::open(blob, accept, Limits::default())?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[track_caller]
fn refused(blob: &[u8], expect: &str) {
    let error = scan(blob).unwrap_err();
    assert!(chain(&error).contains(expect), "{}", chain(&error));
    assert!(matches!(error, Error::Inflate(_)) && error.is_content(), "{error:?}");
}

#[test]
fn tar_19_the_magic_decides() {
    let plain = archive();
    for (blob, codec) in
        [(plain.clone(), Codec::Plain), (gzip(&plain), Codec::Gzip), (zstd(&plain), Codec::Zstd)]
    {
        let decoder = Decoder::open(&blob[..], Accept::Layer, Limits::default()).unwrap();
        assert_eq!(decoder.codec(), codec);
        assert_eq!(inflate(&blob, Accept::Layer).unwrap(), plain);
        assert_eq!(scan(&blob).unwrap().diff_id.0, spec::Digest::of(&plain));
    }
    let named = Archive::new().file("BZh91AY", "not compressed at all").end();
    assert_eq!(Codec::detect(&named), Codec::Plain);
    assert_eq!(inflate(&named, Accept::Archive).unwrap(), named);
}

#[test]
fn tar_19_members_and_frames_are_one_stream() {
    let plain = archive();
    let (head, tail) = plain.split_at(5000);
    let members = [gzip(head), gzip(b""), gzip(b""), gzip(tail), gzip(b"")].concat();
    assert_eq!(inflate(&members, Accept::Layer).unwrap(), plain);
    let frames = [skippable(0), zstd(head), skippable(100_000), zstd(b""), zstd(tail), skippable(7)].concat();
    assert_eq!(inflate(&frames, Accept::Layer).unwrap(), plain);
    // Members of nothing are a loop, not a recursion.
    let many = [gzip(b"").repeat(200_000), gzip(&plain)].concat();
    assert_eq!(inflate(&many, Accept::Layer).unwrap(), plain);
    let many = [skippable(0).repeat(200_000), zstd(b"").repeat(1000), zstd(&plain)].concat();
    assert_eq!(inflate(&many, Accept::Layer).unwrap(), plain);
}

#[test]
fn tar_19_garbage_behind_the_end_is_refused() {
    for garbage in
        [&b"x"[..], b"\0", &[0; 512], b"\x1f", b"\x1f\x8b", b"\x28\xb5\x2f", b"garbage garbage garbage"]
    {
        refused(&[&gzip(&archive())[..], garbage].concat(), "TAR-19");
        refused(&[&zstd(&archive())[..], garbage].concat(), "TAR-19");
    }
    refused(&[&gzip(&archive())[..], &zstd(b"x")].concat(), "garbage after the end of the gzip stream");
    refused(&[&zstd(&archive())[..], &gzip(b"x")].concat(), "garbage after the end of the zstd stream");
}

#[test]
fn tar_19_damage_is_refused() {
    refused(b"", "the blob is empty");
    for (name, blob) in [("gzip", gzip(&archive())), ("zstd", zstd(&archive()))] {
        for len in (5..blob.len()).step_by(7).chain([blob.len() - 1]) {
            refused(&blob[..len], &format!("{name} stream is cut short"));
        }
        // The check sum at the end, alone.
        let mut wrong = blob.clone();
        let at = wrong.len() - if name == "gzip" { 8 } else { 4 };
        wrong[at] ^= 1;
        refused(&wrong, &format!("{name} stream is damaged"));
    }
    let mut lying = gzip(&archive());
    let at = lying.len() - 1;
    lying[at] ^= 1;
    refused(&lying, "gzip stream is damaged");
    // A content size that is not true, with and without a check sum.
    let frame = |size: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0x20, size][..], &[0x19, 0, 0], b"abc"].concat();
    assert_eq!(inflate(&frame(3), Accept::Layer).unwrap(), b"abc");
    refused(&frame(4), "zstd stream is damaged");
    refused(&frame(2), "zstd stream is damaged");
    // A dictionary that nobody has.
    refused(&[0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 3, 0x19, 0, 0, b'a', b'b', b'c'], "zstd stream is damaged");
}

#[test]
fn tar_19_other_compression_is_for_archives_only() {
    let plain = archive();
    let bzip2 = |bytes: &[u8]| {
        let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let xz = xz_of_stored(&plain);
    for (name, blob) in [("bzip2", bzip2(&plain)), ("xz", xz.clone())] {
        refused(&blob, &format!("compressed with {name}"));
        assert_eq!(inflate(&blob, Accept::Archive).unwrap(), plain, "{name}");
        assert_eq!(inflate(&blob.repeat(2), Accept::Archive).unwrap(), plain.repeat(2), "{name}");
        for bad in [&blob[..blob.len() - 1], &blob[..blob.len() / 2], &[&blob[..], b"garbage!"].concat()] {
            assert!(inflate(bad, Accept::Archive).is_err(), "{name}");
        }
        let mut wrong = blob.clone();
        let at = wrong.len() / 2;
        wrong[at] ^= 0x10;
        assert!(inflate(&wrong, Accept::Archive).is_err(), "{name}");
    }
}

/// A stream in xz's container whose chunks are stored as they are (xz file format 1.1.0, LZMA2).
fn xz_of_stored(bytes: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        crc.sum().to_le_bytes()
    };
    let number = |mut n: u64| {
        let mut out = Vec::new();
        while n >= 0x80 {
            out.push((n & 0x7f) as u8 | 0x80);
            n >>= 7;
        }
        out.push(n as u8);
        out
    };
    let flags = [0, 1];
    let header = [&[0xfd, b'7', b'z', b'X', b'Z', 0][..], &flags, &crc(&flags)].concat();
    let block_header = [2, 0, 0x21, 1, 12, 0, 0, 0];
    let mut block = [&block_header[..], &crc(&block_header)].concat();
    for (i, chunk) in bytes.chunks(1 << 16).enumerate() {
        let len = u16::try_from(chunk.len() - 1).unwrap().to_be_bytes();
        block.extend_from_slice(&[if i == 0 { 1 } else { 2 }]);
        block.extend_from_slice(&len);
        block.extend_from_slice(chunk);
    }
    block.push(0);
    let unpadded = block.len() as u64 + 4;
    block.resize(block.len().next_multiple_of(4), 0);
    block.extend_from_slice(&crc(bytes));
    let mut index = [&[0, 1][..], &number(unpadded), &number(bytes.len() as u64)].concat();
    index.resize(index.len().next_multiple_of(4), 0);
    let index = [&index[..], &crc(&index)].concat();
    let backward = u32::try_from(index.len() / 4 - 1).unwrap().to_le_bytes();
    let tail = [&backward[..], &flags].concat();
    let footer = [&crc(&tail)[..], &tail, b"YZ"].concat();
    [header, block, index, footer].concat()
}

#[test]
fn tar_20_output_is_counted_against_the_limit() {
    let plain = archive();
    let limits = |unpacked_bytes| Limits { unpacked_bytes, ..Limits::default() };
    for blob in [plain.clone(), gzip(&plain), zstd(&plain)] {
        let read = |limits: Limits| {
            let mut decoder = Decoder::open(&blob[..], Accept::Layer, limits).unwrap();
            let mut count = 0;
            let mut buffer = [0; 4096];
            loop {
                match decoder.read(&mut buffer) {
                    Ok(0) => return (count, None),
                    Ok(n) => count += n as u64,
                    Err(error) => return (count, Some(Error::from(error))),
                }
            }
        };
        let size = plain.len() as u64;
        assert!(read(limits(size)).1.is_none());
        let (count, error) = read(limits(10_000));
        assert!(count <= 10_000);
        assert!(chain(&error.unwrap()).contains("LAYER_UNPACKED_BYTES_MAX = 10000"));
    }
}

#[test]
fn tar_20_bombs_stop_at_the_ratio() {
    let bomb = |bytes: u64| {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        std::io::copy(&mut std::io::repeat(0).take(bytes), &mut encoder).unwrap();
        encoder.finish().unwrap()
    };
    let grace = layer::limits::RATIO_GRACE_BYTES;
    let blob = bomb(grace + (3 << 20));
    let mut decoder = Decoder::open(&blob[..], Accept::Layer, Limits::default()).unwrap();
    let mut counted = Counted(0);
    let error = std::io::copy(&mut decoder, &mut counted).unwrap_err();
    assert!(chain(&Error::from(error)).contains("RATIO_MAX"));
    assert!(counted.0 <= grace + (1 << 20));
    // Within the grace a bomb is only a large file of zeros.
    let blob = bomb(64 << 20);
    let mut decoder = Decoder::open(&blob[..], Accept::Layer, Limits::default()).unwrap();
    assert_eq!(std::io::copy(&mut decoder, &mut std::io::sink()).unwrap(), 64 << 20);
}

struct Counted(u64);

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn tar_20_windows_of_zstd_are_bounded() {
    let frame = |window: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, window][..], &[0x19, 0, 0], b"abc"].concat();
    assert_eq!(inflate(&frame(0x88), Accept::Layer).unwrap(), b"abc");
    for window in [0x89, 0x90, 0xff] {
        refused(&frame(window), "ZSTD_WINDOW_BYTES_MAX");
    }
    // In a later frame too, and one whose content is its window.
    refused(&[zstd(b"x"), frame(0x89)].concat(), "ZSTD_WINDOW_BYTES_MAX");
    let single =
        [&[0x28, 0xb5, 0x2f, 0xfd, 0xe0][..], &(1u64 << 40).to_le_bytes(), &[0x19, 0, 0], b"abc"].concat();
    refused(&single, "ZSTD_WINDOW_BYTES_MAX");
}

#[test]
fn tar_20_large_windows_wait_for_each_other() {
    let blob = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(25).unwrap();
        encoder.include_contentsize(false).unwrap();
        encoder.write_all(&archive()).unwrap();
        encoder.finish().unwrap()
    };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(inflate(&blob, Accept::Layer).unwrap(), archive()));
        }
    });
}

#[test]
fn errors_of_the_stream_are_not_the_codecs() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            match self.0.read(out) {
                Ok(0) => Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "the line is dead")),
                other => other,
            }
        }
    }
    let plain = archive();
    for blob in [plain.clone(), gzip(&plain), zstd(&plain)] {
        let limits = Limits::default();
        let decoder = Decoder::open(Broken(&blob[..blob.len() / 2]), Accept::Layer, limits);
        let error = decoder.and_then(|decoder| layer::scan(decoder, &limits)).unwrap_err();
        assert!(matches!(error, Error::Read(_)) && !error.is_content(), "{error:?}");
        assert!(chain(&error).contains("the line is dead"));
    }
}

#[test]
fn encoders_write_the_same_on_any_number_of_threads() {
    let big: Vec<u8> = (0..3_500_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
    for plain in [&big[..], b"", b"x", &big[..1 << 20], &big[..(1 << 20) + 1]] {
        for codec in [Codec::Plain, Codec::Gzip, Codec::Zstd] {
            let encode = |threads| {
                let mut out = Vec::new();
                let mut encoder = encoder(codec, threads, &mut out).unwrap();
                for piece in plain.chunks(777_777) {
                    encoder.write_all(piece).unwrap();
                    encoder.flush().unwrap();
                }
                encoder.finish().unwrap();
                out
            };
            let blob = encode(1);
            assert_eq!(blob, encode(4), "{codec:?}");
            if plain.is_empty() && codec == Codec::Plain {
                continue;
            }
            assert_eq!(inflate(&blob, Accept::Layer).unwrap(), plain, "{codec:?}");
            assert_eq!(Codec::detect(&blob), codec);
        }
    }
    let error = encoder(Codec::Xz, 1, Vec::new()).err().unwrap();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn gzip_is_one_member_that_other_programs_read() {
    if !testkit::skip::installed("gzip") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let plain: Vec<u8> = (0..2_000_000u32).flat_map(|i| (i / 3).to_le_bytes()).collect();
    let mut out = Vec::new();
    let mut encoder = encoder(Codec::Gzip, 3, &mut out).unwrap();
    encoder.write_all(&plain).unwrap();
    encoder.finish().unwrap();
    let path = folder.path().join("a.gz");
    std::fs::write(&path, &out).unwrap();
    let output = std::process::Command::new("gzip").arg("-dc").arg(&path).output().unwrap();
    assert!(output.status.success() && output.stdout == plain);
    let mut single = flate2::bufread::GzDecoder::new(&out[..]);
    let mut bytes = Vec::new();
    single.read_to_end(&mut bytes).unwrap();
    assert!(bytes == plain && single.into_inner().is_empty());
}

#[test]
fn faults_say_which_limit() {
    let fault = InflateFault::Limit { limit: "RATIO_MAX", max: 500, found: 900 };
    assert_eq!(fault.to_string(), "900 is over the limit RATIO_MAX = 500 (TAR-20)");
}
