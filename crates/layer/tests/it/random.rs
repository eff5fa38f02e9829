//! Random and mutated input: nothing panics, nothing loops, and what is accepted means the same to all.

use std::io::Read;

use layer::codec::{Accept, Decoder};
use layer::tar::Reader;
use proptest::prelude::*;
use testkit::forge::{Archive, Block, Magic};

use crate::scene::Scene;

/// Entries, as forged pieces.
fn piece() -> impl Strategy<Value = Piece> {
    let name = prop_oneof![
        Just("a".to_owned()),
        Just("a/b".to_owned()),
        Just("a/b/c".to_owned()),
        Just("d".to_owned()),
        Just("./".to_owned()),
        Just(".wh.a".to_owned()),
        Just("a/.wh.b".to_owned()),
        Just("a/.wh..wh..opq".to_owned()),
        Just(".wh..wh.plnk/1".to_owned()),
        "[a-d]/[a-d]",
        "\\PC{0,12}",
    ];
    let target =
        prop_oneof![Just("a".to_owned()), Just("a/b".to_owned()), Just("d".to_owned()), "[a-d]/[a-d]"];
    let flag = prop_oneof![
        8 => prop::sample::select(&b"01255"[..]),
        1 => any::<u8>(),
    ];
    (0..9u8, flag, name, target, prop::collection::vec(any::<u8>(), 0..700), any::<u16>())
        .prop_map(|(form, flag, name, target, data, number)| Piece { form, flag, name, target, data, number })
}

#[derive(Clone, Debug)]
struct Piece {
    form: u8,
    flag: u8,
    name: String,
    target: String,
    data: Vec<u8>,
    number: u16,
}

impl Piece {
    fn add(&self, archive: Archive) -> Archive {
        let block = Block::new(self.flag, &self.name).link(&self.target).mode(u64::from(self.number));
        let with_data = |archive: Archive, block: Block| match self.flag {
            b'1'..=b'6' => archive.header(block),
            _ => archive.entry(block, &self.data),
        };
        let key = match self.number % 9 {
            0 => "path",
            1 => "linkpath",
            2 => "size",
            3 => "mtime",
            4 => "GNU.sparse.map",
            5 => "GNU.sparse.numblocks",
            6 => "GNU.sparse.size",
            7 => "SCHILY.xattr.user.a",
            _ => "uid",
        };
        match self.form {
            0 => with_data(archive.pax(&[(key, &self.target)]), block),
            1 => with_data(archive.pax(&[(key, self.number.to_string())]), block),
            2 => with_data(archive.long_name(&self.name), block.magic(Magic::Gnu)),
            3 => with_data(archive.long_link(&self.target), block),
            4 => with_data(archive.global(&[(key, &self.target)]), block),
            5 => with_data(archive, block.magic(Magic::Gnu).base_256(136..148, -i128::from(self.number))),
            _ => with_data(archive, block),
        }
    }
}

fn archive(pieces: &[Piece]) -> Vec<u8> {
    pieces.iter().fold(Archive::new(), |archive, piece| piece.add(archive)).end()
}

/// Reads everything there is; the number of steps is bounded by the input.
fn read_all(bytes: &[u8]) -> Result<usize, layer::Error> {
    let mut reader = Reader::new(bytes);
    let mut entries = 0;
    while let Some(mut member) = reader.next_entry()? {
        entries += 1;
        assert!(entries <= bytes.len() / 512 + 1, "no progress");
        assert!(member.entry().data_offset <= bytes.len() as u64);
        let mut buffer = [0; 333];
        let mut left = 1 << 20;
        while left > 0 {
            match member.read(&mut buffer)? {
                0 => break,
                n => left -= n.min(left),
            }
        }
    }
    reader.finish()?;
    Ok(entries)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let _ = read_all(&bytes);
        let mut out = Vec::new();
        if let Ok(decoder) = Decoder::open(&bytes[..], Accept::Archive, layer::Limits::default()) {
            let _ = decoder.take(1 << 20).read_to_end(&mut out);
        }
    }

    #[test]
    fn mutated_archives_do_no_harm(
        pieces in prop::collection::vec(piece(), 1..8),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 0..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = archive(&pieces);
        for (at, byte, keep_sum) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            // A wrong check sum would stop most mutations at the gate.
            if keep_sum {
                let block = at / 512 * 512;
                if let Some(header) = bytes.get_mut(block..block + 512) {
                    header[148..156].fill(b' ');
                    let sum: u64 = header.iter().map(|byte| u64::from(*byte)).sum();
                    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
                }
            }
        }
        let whole = read_all(&bytes);
        let cut = cut.index(bytes.len() + 1);
        let part = read_all(&bytes[..cut]);
        if let (Ok(whole), Ok(part)) = (whole, part) {
            assert!(part <= whole);
        }
    }

    #[test]
    fn compressed_streams_that_are_mutated_do_no_harm(
        pieces in prop::collection::vec(piece(), 1..6),
        zstd in any::<bool>(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let codec = if zstd { layer::codec::Codec::Zstd } else { layer::codec::Codec::Gzip };
        let mut bytes = Vec::new();
        let mut encoder = layer::codec::encoder(codec, 1, &mut bytes).unwrap();
        std::io::Write::write_all(&mut encoder, &archive(&pieces)).unwrap();
        encoder.finish().unwrap();
        for (at, byte) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = crate::scene::scan(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Scanning and applying agree, alone and upon another layer, and nothing leaves the directory.
    #[test]
    fn tar_23_all_ways_of_reading_agree(
        lower in prop::collection::vec(piece(), 0..10),
        upper in prop::collection::vec(piece(), 1..10),
    ) {
        let scene = Scene::new();
        let (lower, upper) = (archive(&lower), archive(&upper));
        let alone = scene.run(&upper);
        if scene.run(&lower).is_ok() {
            match scene.stack(&[lower, upper]) {
                Ok(_) => assert!(alone.is_ok()),
                Err(error) => assert!(alone.is_err() || crate::scene::chain(&error).contains("TAR-8")),
            }
        }
    }
}
