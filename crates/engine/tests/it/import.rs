//! Archives of files into images.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use engine::ops::{Import, ImportSource};
use engine::{Error, ErrorKind, Event, LayerState, Recorded, Silent};
use serde_json::Value;
use spec::{DiffId, Digest, ImageId, Platform};
use testkit::image::{Entry, Layer, tar};
use testkit::registry::Content;
use testkit::{Registry, skip};

use crate::shelf::{Shelf, drivers};
use crate::world::lines;

fn files() -> Content {
    tar(&[Entry::dir("bin"), Entry::file("bin/sh", "#!").mode(0o755), Entry::symlink("sh", "bin/sh")])
}

fn import(shelf: &Shelf, request: &Import, bytes: &[u8]) -> Result<ImageId, Error> {
    shelf.engine.import(request, ImportSource::Stream(&mut &*bytes), &Silent)
}

fn named(name: &str) -> Import {
    Import { reference: Some(name.to_owned()), ..Import::default() }
}

/// The config of an image as it stands in the store, and its layer: media type and hexadecimal digest.
fn documents(shelf: &Shelf, image: &ImageId) -> (String, String, String) {
    let config = String::from_utf8(shelf.blob(image.0.hex())).unwrap();
    let inspected = shelf.engine.inspect_image(image.0.as_str(), None).unwrap();
    let manifest: Value = serde_json::from_slice(&shelf.blob(inspected.target.digest.hex())).unwrap();
    let text = |name: &str| manifest["layers"][0][name].as_str().unwrap().to_owned();
    (config, text("mediaType"), text("digest").replace("sha256:", ""))
}

#[test]
fn the_documents_are_docker_s() {
    let shelf = Shelf::new();
    let bytes = files().to_vec().unwrap();
    let request = Import {
        changes: vec!["CMD [\"/bin/sh\"]".to_owned(), "ENV A=b".to_owned()],
        message: "my message".to_owned(),
        ..named("imported:2")
    };
    let image = import(&shelf, &request, &bytes).unwrap();
    let (config, ..) = documents(&shelf, &image);
    let expect = format!(
        "{{\"architecture\":\"amd64\",\"comment\":\"my message\",\
         \"config\":{{\"Env\":[\"A=b\"],\"Cmd\":[\"/bin/sh\"]}},\"created\":\"2026-11-23T12:00:00Z\",\
         \"docker_version\":\"0.1.0\",\
         \"history\":[{{\"created\":\"2026-11-23T12:00:00Z\",\"comment\":\"my message\"}}],\"os\":\"linux\",\
         \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[\"{}\"]}}}}",
        Digest::of(&bytes)
    );
    assert_eq!(config, expect);
    assert_eq!(image.0, Digest::of(config.as_bytes()));
    assert_eq!(shelf.names(), ["imported:2"]);
}

#[test]
fn an_image_without_a_name_is_dangling_and_says_where_it_came_from() {
    let shelf = Shelf::new();
    let bytes = files().to_vec().unwrap();
    let platform = Platform::new("linux", "arm", Some("v7"));
    let request = Import { platform: Some(platform), ..Import::default() };
    let image = import(&shelf, &request, &bytes).unwrap();
    assert_eq!(shelf.names(), ["<none>"]);
    let config: Value = serde_json::from_str(&documents(&shelf, &image).0).unwrap();
    assert_eq!(config["comment"], "Imported from -");
    assert_eq!(config["config"], serde_json::json!({}));
    assert_eq!((&config["architecture"], &config["variant"]), (&"arm".into(), &"v7".into()));
}

#[test]
fn a_name_is_taken_over() {
    let shelf = Shelf::new();
    let old = import(&shelf, &named("x"), &files().to_vec().unwrap()).unwrap();
    let new = import(&shelf, &named("x:latest"), &tar(&[Entry::file("a", "b")]).to_vec().unwrap()).unwrap();
    assert_ne!(old, new);
    assert_eq!(shelf.names(), ["<none>", "x:latest"]);
    assert_eq!(shelf.engine.inspect_image("x", None).unwrap().config.id(), &new);
}

#[test]
fn layers_stay_as_they_are_compressed_or_become_gzip() {
    let shelf = Shelf::new();
    let layers = [
        (Layer::gzip(vec![Entry::file("a", "b")]), "application/vnd.oci.image.layer.v1.tar+gzip"),
        (Layer::zstd(vec![Entry::file("a", "b")]), "application/vnd.oci.image.layer.v1.tar+zstd"),
    ];
    for (layer, media_type) in layers {
        let blob = layer.blob().to_vec().unwrap();
        // Or it would be the image that is there.
        let message = media_type.to_owned();
        let image = import(&shelf, &Import { message, ..Import::default() }, &blob).unwrap();
        let (_, kind, hex) = documents(&shelf, &image);
        assert_eq!((kind.as_str(), shelf.blob(&hex) == blob), (media_type, true));
    }
    let plain = tar(&[Entry::file("a", "b"), Entry::noise("big", 1, 5 << 20)]).to_vec().unwrap();
    let check = |bytes: &[u8]| {
        let image = import(&shelf, &Import::default(), bytes).unwrap();
        let (config, kind, hex) = documents(&shelf, &image);
        assert_eq!(kind, "application/vnd.oci.image.layer.v1.tar+gzip");
        assert!(config.contains(&Digest::of(&plain).to_string()));
        hex
    };
    let hex = check(&plain);
    let gunzipped = filtered("gzip", &["-dc"], &shelf.blob(&hex));
    assert!(gunzipped.is_none_or(|gunzipped| gunzipped == plain));
    for program in ["bzip2", "xz"] {
        if let Some(compressed) = filtered(program, &["-1c"], &plain) {
            assert_eq!(check(&compressed), hex, "{program}");
        }
    }
}

/// What a program makes of some bytes, where there is one.
fn filtered(program: &str, arguments: &[&str], bytes: &[u8]) -> Option<Vec<u8>> {
    if !skip::installed(program) {
        return None;
    }
    let mut child =
        Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes).unwrap());
        child.wait_with_output().unwrap()
    });
    assert!(output.status.success());
    Some(output.stdout)
}

#[test]
fn every_driver_has_the_files_afterwards() {
    for driver in drivers() {
        let shelf = Shelf::with(driver);
        let bytes = files().to_vec().unwrap();
        let image = import(&shelf, &named("x"), &bytes).unwrap();
        let diff_id = DiffId(Digest::of(&bytes));
        let folder = shelf.root().join("layers").join(driver).join(diff_id.0.hex());
        assert!(folder.join("meta.json").exists(), "{driver}");
        let summary = &shelf.images()[0];
        assert_eq!((&summary.id, summary.size), (&image, 2), "{driver}");
        // The next one finds the layer there.
        import(&shelf, &Import { message: "again".to_owned(), ..named("y") }, &bytes).unwrap();
        assert_eq!(std::fs::read_dir(shelf.root().join("leases")).unwrap().count(), 0);
    }
}

#[test]
fn files_are_read_and_what_is_none_is_said_in_docker_s_words() {
    let shelf = Shelf::new();
    let path = shelf.path("root.tar");
    std::fs::write(&path, files().to_vec().unwrap()).unwrap();
    let text = path.to_str().unwrap();
    shelf.engine.import(&named("x"), ImportSource::named(text), &Silent).unwrap();
    let check = |request: &Import, path: &str, kind: ErrorKind, expect: &str| {
        let error = shelf.engine.import(request, ImportSource::named(path), &Silent).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (kind, expect));
    };
    let none = shelf.path("nofile");
    let expect = format!("open {}: no such file or directory", none.display());
    check(&named("x"), none.to_str().unwrap(), ErrorKind::Internal, &expect);
    let folder = shelf.path("");
    let expect = format!("read {}: is a directory", folder.display());
    check(&named("x"), folder.to_str().unwrap(), ErrorKind::Internal, &expect);
    let invalid = ErrorKind::InvalidArgument;
    let bad = "invalid reference format: repository name (library/Bad) must be lowercase";
    check(&named("Bad"), text, invalid, bad);
    check(&named(&format!("x@{}", Digest::of(b""))), text, invalid, "cannot import digest reference");
    let ambiguous = "refusing to create an ambiguous tag using digest algorithm as name";
    check(&named("sha256"), text, invalid, ambiguous);
    let run = Import { changes: vec!["RUN foo".to_owned()], ..named("x") };
    check(&run, text, invalid, "RUN is not a valid change command");
    let port = Import { changes: vec!["EXPOSE x".to_owned()], ..named("x") };
    check(&port, text, invalid, "invalid containerPort: x");
    assert_eq!(shelf.names(), ["x:latest"]);
}

#[test]
fn more_than_a_config_may_have_is_refused_before_anything_is_stored() {
    let shelf = Shelf::new();
    let bytes = files().to_vec().unwrap();
    let request = |bytes: usize| Import { message: "m".repeat(bytes), ..named("x") };
    let error = import(&shelf, &request(4 << 20), &bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("CONFIG_BYTES_MAX (8388608)"), "{error}");
    assert!(!shelf.root().exists());
    import(&shelf, &request(3 << 20), &bytes).unwrap();
}

#[test]
fn disk_6_what_is_no_archive_leaves_nothing_behind() {
    for driver in drivers() {
        let shelf = Shelf::with(driver);
        import(&shelf, &named("before"), &files().to_vec().unwrap()).unwrap();
        let before = shelf.state();
        let check = |bytes: &[u8], part: &str| {
            let error = import(&shelf, &named("x"), bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(shelf.changes(&before), Vec::<PathBuf>::new(), "{driver}: {error}");
        };
        check(b"", "the blob is empty (TAR-19)");
        check(b"junk", "(TAR-18)");
        let outside = tar(&[Entry::file("../x", "y")]).to_vec().unwrap();
        check(&outside, "TAR-5");
        let layer = Layer::gzip(vec![Entry::noise("a", 1, 1 << 20)]).blob().to_vec().unwrap();
        check(&layer[..layer.len() / 2], "gzip stream is cut short (TAR-19)");
        check(
            &[&layer[..], b"more than a header has"].concat(),
            "garbage after the end of the gzip stream (TAR-19)",
        );
        let mut damaged = layer.clone();
        let end = damaged.len();
        damaged[end - 6] ^= 1;
        check(&damaged, "gzip stream is damaged");
        let plain = files().to_vec().unwrap();
        check(&plain[..600], "(TAR-18)");
        import(&shelf, &named("x"), &layer).unwrap();
    }
}

#[test]
fn a_source_that_breaks_off_is_named_and_leaves_nothing() {
    struct Broken(usize);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = buffer.len().min(self.0);
            self.0 -= n;
            if n == 0 { Err(std::io::Error::other("the cable is cut")) } else { Ok(n) }
        }
    }
    for bytes in [100, 100 << 10] {
        let shelf = Shelf::new();
        let mut source = Broken(bytes);
        let error = shelf.engine.import(&named("x"), ImportSource::Stream(&mut source), &Silent).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.to_string(), "read archive: the cable is cut");
        assert!(shelf.names().is_empty());
        assert_eq!(std::fs::read_dir(shelf.root().join("content/blobs/sha256")).unwrap().count(), 0);
    }
}

#[test]
fn a_cancelled_import_ends() {
    let shelf = Shelf::new();
    shelf.engine.cancel.cancel();
    let error = import(&shelf, &named("x"), &files().to_vec().unwrap()).unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Cancelled, "context canceled"));
}

#[test]
fn addresses_are_fetched() {
    let shelf = Shelf::new();
    let registry = Registry::new();
    let bytes = files().to_vec().unwrap();
    let digest = registry.put_blob("files", bytes.as_slice());
    let url = format!("{}/v2/files/blobs/{digest}", registry.url());
    let events = Recorded::default();
    let source = ImportSource::named(&format!("{url}?signature=secret"));
    let image = shelf.engine.import(&named("x"), source, &events).unwrap();
    let events = events.take();
    let done = events.iter().rev().find_map(|event| match event {
        Event::Layer { id, state: LayerState::Importing(bytes) } if id.is_empty() => Some(*bytes),
        _ => None,
    });
    assert_eq!(
        done.map(|bytes| (bytes.current, bytes.total)),
        Some((bytes.len() as u64, bytes.len() as u64))
    );
    assert_eq!(lines(events), [format!("Downloading from {url}")]);
    let config: Value = serde_json::from_str(&documents(&shelf, &image).0).unwrap();
    assert_eq!(config["comment"], format!("Imported from {url}"));
    let none = format!("{}/nosuch.tar", registry.url());
    let error = shelf.engine.import(&named("y"), ImportSource::named(&none), &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let expect = format!("failed to GET {none} with status 404 Not Found: ");
    assert!(error.to_string().starts_with(&expect), "{error}");
    let user = ImportSource::named("http://joe:secret@127.0.0.1/x");
    let error = shelf.engine.import(&named("y"), user, &Silent).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(!error.to_string().contains("secret"), "{error}");
}
