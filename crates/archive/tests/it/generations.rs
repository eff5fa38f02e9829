//! The archives that Docker wrote over the years, and OCI's.

use std::path::Path;

use serde_json::json;
use testkit::image::{ArchiveForm, Built, Entry, Image, Index, Layer, write_docker_archive, write_layout};

use crate::forge::{Parts, ids, image, names, open, read};

fn digests(built: &[&Built]) -> Vec<spec::Digest> {
    built.iter().map(|built| built.id().0.clone()).collect()
}

fn check_docker(form: ArchiveForm) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tar");
    let (one, two, three) = (image("one"), image("two"), image("three"));
    let images: &[(&[&str], &_)] = &[
        (&["tu-demo:v1", "tu-demo:latest"], &one.images[0]),
        (&[], &two.images[0]),
        (&["127.0.0.1:5000/x/y:z"], &three.images[0]),
    ];
    write_docker_archive(&path, images, form).unwrap();
    let archive = open(&path).unwrap();
    assert_eq!(ids(&archive), digests(&[&one, &two, &three]));
    let none: &[&str] = &[];
    let found = names(&archive);
    // The layout beside the list has lone tags for names: they come from the list.
    assert_eq!(found, [&["tu-demo:v1", "tu-demo:latest"][..], none, &["127.0.0.1:5000/x/y:z"]]);
    let from_stream = read(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(names(&from_stream), found);
    assert_eq!(from_stream.images()[0].target, archive.images()[0].target);
}

#[test]
fn docker_until_24_has_folders() {
    check_docker(ArchiveForm::Folders);
}

#[test]
fn docker_since_25_has_a_layout_too() {
    check_docker(ArchiveForm::Blobs);
}

#[test]
fn the_manifest_that_is_made_is_always_the_same() {
    let parts = Parts::new();
    let archive = parts.tar().read().unwrap();
    let target = &archive.images()[0].target;
    let mut bytes = String::new();
    std::io::Read::read_to_string(&mut archive.blob(&target.digest).unwrap().unwrap(), &mut bytes).unwrap();
    assert_eq!(bytes, parts.manifest().to_string());
    assert_eq!(target.size, bytes.len() as u64);
}

#[test]
fn compressed_layers_stay_as_they_are() {
    let (gzip, zstd) = (image("x"), Image::new(vec![Layer::zstd(vec![Entry::file("a", "b")])]).build());
    for (built, media_type) in
        [(&gzip, spec::MediaType::OCI_LAYER_GZIP), (&zstd, spec::MediaType::OCI_LAYER_ZSTD)]
    {
        let inner = &built.images[0];
        let mut tar = crate::forge::Tar::default().file("c.json", &inner.config.bytes);
        let mut layers = Vec::new();
        for layer in &inner.layers {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut layer.blob().read_from(0).unwrap(), &mut bytes).unwrap();
            let name = format!("{}/layer.tar", layer.digest().hex());
            tar = tar.file(&name, bytes);
            layers.push(name);
        }
        let list = json!([{"Config": "c.json", "RepoTags": ["x:1"], "Layers": layers}]);
        let archive = tar.json("manifest.json", &list).read().unwrap();
        assert_eq!(ids(&archive), [built.id().0.clone()]);
        let contents = archive.contents(&archive.images()[0]).unwrap();
        let found: Vec<_> = contents.blobs[1..].iter().map(|blob| blob.digest.clone()).collect();
        let expect: Vec<_> = inner.layers.iter().map(|layer| layer.digest().clone()).collect();
        assert_eq!(found, expect);
        assert!(contents.blobs[1..].iter().all(|blob| blob.media_type.as_str() == media_type));
    }
}

#[test]
fn layouts_of_several_platforms_with_attestations() {
    let folder = tempfile::tempdir().unwrap();
    let platform =
        |name: &str| Image::new(vec![Layer::gzip(vec![Entry::file("p", name)])]).platform(name).oci().build();
    let all = ["linux/amd64", "linux/arm64", "linux/arm/v7"].map(platform);
    let index = Index::new(all.to_vec()).oci().attested().build();
    let single = image("single");
    write_layout(folder.path(), &[("docker.io/library/many:1", &index), ("", &single)]).unwrap();
    let archive = open(folder.path()).unwrap();
    assert_eq!(names(&archive), [vec!["many:1".to_owned()], vec![]]);
    let many = &archive.images()[0];
    assert_eq!(many.target.digest, *index.digest());
    let contents = archive.contents(many).unwrap();
    assert_eq!((contents.indexes.len(), contents.manifests.len()), (1, 6));
    assert_eq!(contents.manifests.iter().filter(|entry| entry.is_attestation()).count(), 3);
    assert_eq!(crate::forge::prove(&archive, many).len(), 6);
    let platforms: Vec<_> = contents
        .manifests
        .iter()
        .step_by(2)
        .map(|entry| entry.platform.clone().unwrap().to_string())
        .collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64", "linux/arm/v7"]);
}

#[test]
fn platforms_whose_content_is_not_there_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let platform =
        |name: &str| Image::new(vec![Layer::gzip(vec![Entry::file("p", name)])]).platform(name).oci().build();
    let all = ["linux/amd64", "linux/arm64", "linux/s390x"].map(platform);
    let index = Index::new(all.to_vec()).oci().build();
    write_layout(folder.path(), &[("x:1", &index)]).unwrap();
    let path = |digest: &spec::Digest| folder.path().join("blobs/sha256").join(digest.hex());
    std::fs::remove_file(path(all[0].digest())).unwrap();
    std::fs::remove_file(path(all[1].images[0].layers[0].digest())).unwrap();
    let archive = open(folder.path()).unwrap();
    let contents = archive.contents(&archive.images()[0]).unwrap();
    assert_eq!(contents.manifests.len(), 1);
    assert_eq!(contents.manifests[0].digest, *all[2].digest());
    assert_eq!(ids(&archive), [all[2].id().0.clone()]);
    std::fs::remove_file(path(all[2].id().digest())).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert_eq!(error.to_string(), format!("index {} has no platform with all its content", index.digest()));
}

#[test]
fn layers_that_are_had_elsewhere_may_be_missing() {
    let layer = Layer::gzip(vec![Entry::file("Files/x", "")]).foreign(&["https://example.com/l"]);
    let windows = Image::new(vec![layer.clone()]).platform("windows/amd64").build();
    let folder = tempfile::tempdir().unwrap();
    windows.write_layout(folder.path(), "win:1").unwrap();
    let archive = open(folder.path()).unwrap();
    let contents = archive.contents(&archive.images()[0]).unwrap();
    assert_eq!(contents.blobs.len(), 1);
    // The same in Docker's form.
    let inner = &windows.images[0];
    let source = json!({
        "mediaType": spec::MediaType::DOCKER_FOREIGN_LAYER_GZIP, "digest": layer.digest(),
        "size": layer.blob().len(), "urls": layer.urls(),
    });
    let list = json!([{
        "Config": "c.json", "RepoTags": ["win:1"], "Layers": ["l/layer.tar"],
        "LayerSources": {layer.diff_id().to_string(): source},
    }]);
    let tar = crate::forge::Tar::default().file("c.json", &inner.config.bytes).json("manifest.json", &list);
    let archive = tar.read().unwrap();
    let manifest = archive.document(&archive.images()[0].target).unwrap();
    assert_eq!(manifest.children()[1].urls, layer.urls());
    assert_eq!(archive.contents(&archive.images()[0]).unwrap().blobs.len(), 1);
}

#[test]
fn what_is_not_there_is_said_in_dockers_words() {
    let scratch = crate::forge::Scratch::new();
    let path = Path::new("/nonexistent/nofile.tar");
    let error = archive::Archive::open(path, &scratch.dir()).unwrap_err();
    assert_eq!(error.to_string(), "open /nonexistent/nofile.tar: no such file or directory");
    let lacks = "invalid archive: does not contain a manifest.json or index.json";
    assert_eq!(read(b"").unwrap_err().to_string(), lacks);
    let empty = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(open(empty.path()).unwrap_err().to_string(), lacks);
    assert_eq!(open(tempfile::tempdir().unwrap().path()).unwrap_err().to_string(), lacks);
    // An archive that says it has nothing is none too many.
    let nothing = crate::forge::Tar::default().file("manifest.json", "[]");
    assert!(nothing.read().unwrap().images().is_empty());
}
