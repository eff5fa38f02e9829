//! What a driver does with layers besides merging them.

use std::io::Read;

use layer::tar::Kind;
use spec::{DiffId, Digest};

use crate::conformance::bench::{Bench, tar};
use crate::conformance::items::{dir, file, gone, link};
use crate::conformance::model::Item;
use crate::{Incoming, Key, Scratch, StoredKind};

fn sample() -> Vec<Item> {
    vec![dir("d").mode(0o750), file("d/f", "12345"), link("d/g", "d/f"), file("e", "678"), gone("x")]
}

/// Names of what is in the store's folder, apart from the bench's own.
fn names(bench: &Bench, folder: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(bench.path().join(folder)) else { return Vec::new() };
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

pub(crate) fn facts_are_those_of_the_whole_stream(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    let mut bytes = tar(&sample());
    bytes.extend(b"whatever stands behind the end counts too");
    let staged = bench.ingest(&bytes).unwrap();
    let diff_id = DiffId(Digest::of(&bytes));
    let stack = [diff_id.clone()];
    assert_eq!(bench.driver.facts(&stack).unwrap(), None, "visible before it was published");
    let facts = staged.facts.clone();
    assert_eq!((&facts.diff_id, facts.size, facts.entries), (&diff_id, 8, 5));
    assert_eq!(facts.tar_bytes, bytes.len() as u64);
    assert!(facts.ready);
    bench.driver.publish(staged).unwrap();
    assert_eq!(bench.driver.facts(&stack).unwrap(), Some(facts));
    let upper = [DiffId(Digest::of(b"other")), diff_id];
    assert!(bench.driver.facts(&upper).unwrap().is_some(), "the topmost layer counts");
    assert_eq!(bench.driver.facts(&[]).unwrap(), None);
    assert_eq!(bench.driver.facts(&[DiffId(Digest::of(b"other"))]).unwrap(), None);
}

pub(crate) fn publishing_twice_is_fine(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    let diff_id = bench.store(&sample()).unwrap();
    let before = bench.root.dir("layers").unwrap().dir(driver).unwrap();
    let id = before.file_id(diff_id.0.hex()).unwrap();
    assert_eq!(bench.store(&sample()).unwrap(), diff_id);
    assert_eq!(before.file_id(diff_id.0.hex()).unwrap(), id, "the first one stays");
    assert!(bench.scratch.is_empty().unwrap());
    assert_eq!(bench.driver.walk().unwrap().len(), 1);
}

pub(crate) fn disk_6_a_layer_that_is_not_published_leaves_nothing(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    drop(bench.ingest(&tar(&sample())).unwrap());
    assert!(bench.scratch.is_empty().unwrap());
    assert!(names(&bench, "layers").is_empty());
}

/// Fails as a connection does.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(std::io::ErrorKind::ConnectionReset.into()),
            n => Ok(n),
        }
    }
}

pub(crate) fn disk_6_a_stream_that_breaks_off_leaves_nothing(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    let bytes = tar(&sample());
    for cut in (0..bytes.len()).step_by(256) {
        let error = bench
            .driver
            .ingest(Incoming {
                tar: &mut Broken(&bytes[..cut]),
                parents: &[],
                scratch: bench.scratch(),
                limits: layer::Limits::default(),
            })
            .unwrap_err();
        assert!(!error.is_content(), "the layer is not to blame: {error}");
        assert!(bench.scratch.is_empty().unwrap(), "{cut}");
    }
    // An archive that ends inside an entry is malformed, however the stream ends.
    let error = bench.ingest(&bytes[..700]).unwrap_err();
    assert!(error.is_content(), "{error}");
    assert!(bench.scratch.is_empty().unwrap());
    assert!(names(&bench, "layers").is_empty());
    bench.store(&sample()).unwrap();
}

/// Layers of one image come in at once, and the same one may come in twice.
pub(crate) fn layers_come_in_in_parallel(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    let layers: Vec<Vec<Item>> = (0..8)
        .map(|n| (0..20).map(|m| file(&format!("d{n}/f{m}"), &"x".repeat(m * 100))).collect())
        .collect();
    let store = |scratch: String, layer: &[Item]| {
        let bytes = tar(layer);
        let staged = bench.driver.ingest(Incoming {
            tar: &mut &bytes[..],
            parents: &[],
            scratch: Scratch { dir: &bench.scratch, name: &scratch },
            limits: layer::Limits::default(),
        });
        bench.driver.publish(staged.unwrap()).unwrap();
    };
    std::thread::scope(|scope| {
        for (n, layer) in layers.iter().chain(&layers).enumerate() {
            scope.spawn(move || store(format!("work-{n}"), layer));
        }
    });
    assert_eq!(bench.driver.walk().unwrap().len(), 8);
    assert!(bench.scratch.is_empty().unwrap());
    if bench.driver.about().has_trees {
        bench.check(&layers);
    }
}

/// Pretends that everything was stored before the machine was started anew.
fn restart(bench: &Bench, driver: &str) {
    let mut queue = vec![bench.path().join("layers").join(driver)];
    while let Some(folder) = queue.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let meta = entry.path().join("meta.json");
            if entry.file_name() == "stacks" {
                queue.push(entry.path());
            } else if let Ok(text) = std::fs::read_to_string(&meta) {
                std::fs::write(&meta, text.replace(&disk::boot_id(), "another")).unwrap();
            }
        }
    }
}

pub(crate) fn what_was_not_synced_is_dropped_after_another_boot(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let layers = [sample(), vec![file("d/new", "")]];
    let stack = bench.store_all(&layers).unwrap();
    let tree = bench.tree(&stack).unwrap();
    let key = Key::parse("kept").unwrap();
    bench.driver.prepare(&key, &stack, &bench.scratch()).unwrap();
    restart(&bench, driver);
    assert!(bench.driver.walk().unwrap().iter().all(|stored| !stored.ready));
    let facts = bench.driver.facts(&stack[..1]).unwrap().unwrap();
    assert_eq!((facts.size, facts.ready), (8, false), "facts outlive the files");
    let error = bench.tree(&stack).unwrap_err();
    assert_eq!(error.missing_layer(), Some(&stack[0]));
    // A whole tree of its own needs the layers no more.
    if let Err(error) = bench.driver.mounts(&key, &bench.scratch()) {
        assert_eq!(error.missing_layer(), Some(&stack[0]));
    }
    assert!(!error.is_content());
    assert_eq!(bench.store_all(&layers).unwrap(), stack);
    assert!(bench.driver.facts(&stack[..1]).unwrap().unwrap().ready);
    assert_eq!(bench.tree(&stack).unwrap().len(), tree.len());
    bench.driver.mounts(&key, &bench.scratch()).unwrap();
    assert!(bench.driver.walk().unwrap().iter().all(|stored| stored.ready));
}

pub(crate) fn what_was_synced_is_kept_after_another_boot(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let stack = bench.store_all(&[sample(), vec![file("d/new", "")]]).unwrap();
    let tree = bench.tree(&stack).unwrap();
    let count = bench.driver.walk().unwrap().len();
    assert_eq!(crate::sync(&*bench.driver).unwrap(), count);
    assert_eq!(crate::sync(&*bench.driver).unwrap(), 0, "once is enough");
    restart(&bench, driver);
    assert!(bench.driver.walk().unwrap().iter().all(|stored| stored.ready));
    assert_eq!(bench.tree(&stack).unwrap().len(), tree.len());
}

pub(crate) fn a_torn_record_is_no_layer(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    let diff_id = bench.store(&sample()).unwrap();
    let path = bench.path().join("layers").join(driver).join(diff_id.0.hex());
    let stack = [diff_id.clone()];
    for record in [&b""[..], b"\0\0\0\0", b"{\"digest\":"] {
        std::fs::write(path.join("meta.json"), record).unwrap();
        assert_eq!(bench.driver.facts(&stack).unwrap(), None);
        assert!(!bench.driver.walk().unwrap()[0].ready);
        bench.store(&sample()).unwrap();
        assert!(bench.driver.facts(&stack).unwrap().is_some());
    }
}

pub(crate) fn a_walk_finds_all_and_nothing_else(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    assert!(bench.driver.walk().unwrap().is_empty());
    assert!(names(&bench, "layers").is_empty(), "looking writes nothing");
    let layers = [sample(), vec![file("d/new", "")]];
    let stack = bench.store_all(&layers).unwrap();
    if bench.driver.about().has_trees {
        bench.tree(&stack).unwrap();
    }
    std::fs::create_dir(bench.path().join("layers").join(driver).join("not a digest")).unwrap();
    let walked = bench.driver.walk().unwrap();
    let layers: Vec<_> = walked.iter().filter(|stored| matches!(stored.kind, StoredKind::Layer(_))).collect();
    assert_eq!(layers.len(), 2);
    let chain_id = spec::ChainId::of(&stack).unwrap();
    for stored in &walked {
        match &stored.kind {
            StoredKind::Layer(diff_id) => assert!(stack.contains(diff_id)),
            StoredKind::Stack(found) => assert_eq!(*found, chain_id),
        }
        assert!(stored.discard(&bench.trash()).unwrap());
        assert!(!stored.discard(&bench.trash()).unwrap());
    }
    assert!(bench.driver.walk().unwrap().is_empty());
    assert_eq!(bench.driver.facts(&stack).unwrap(), None);
}

/// A driver without files says so, and what to do.
pub(crate) fn a_driver_without_files_names_the_way_out(driver: &str) {
    let Some(bench) = Bench::new(driver) else { return };
    if bench.driver.about().has_trees {
        return;
    }
    let diff_id = bench.store(&sample()).unwrap();
    let key = Key::parse("k").unwrap();
    let text = bench.driver.view(&key, &[diff_id], &bench.scratch()).unwrap_err().to_string();
    assert!(text.contains("--storage-driver vfs") && text.contains("run as root"), "{text}");
}

/// The same archive, with entries of a type that means nothing here between.
pub(crate) fn tar_11_unknown_types_are_skipped(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let mut bytes = tar(&[file("a", "1"), file("b", "22"), file("c", "333")]);
    let header = &mut bytes[1024..1536];
    header[156] = b'M';
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|b| u32::from(*b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let staged = bench.ingest(&bytes).unwrap();
    let diff_id = staged.facts.diff_id.clone();
    bench.driver.publish(staged).unwrap();
    let tree = bench.tree(&[diff_id]).unwrap();
    let names: Vec<&[u8]> = tree.keys().map(|path| &path[..]).collect();
    assert_eq!(names, [&b""[..], b"a", b"c"]);
    assert!(tree.values().all(|node| node.kind != Kind::Other(b'M')));
}
