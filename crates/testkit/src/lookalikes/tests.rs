use super::*;
use crate::image::read_tar;
use spec::Digest;

fn published() -> (Registry, Lookalikes) {
    let registry = Registry::new();
    let lookalikes = Lookalikes::publish(&registry, "2026-11-25T00:00:00Z".parse().unwrap());
    (registry, lookalikes)
}

fn layer_digests<'a>(lookalikes: &'a Lookalikes, name: &str) -> Vec<&'a Digest> {
    lookalikes.image(name, None).unwrap().layers.iter().map(|layer| layer.digest()).collect()
}

#[test]
fn have_the_layers_and_sizes_of_the_guide() {
    let (_registry, lookalikes) = published();
    let check = |name: &str, layers: usize, size: usize| {
        let image = lookalikes.image(name, None).unwrap();
        let files = |layer: &crate::image::Layer| {
            read_tar(&layer.tar().to_vec().unwrap()[..])
                .unwrap()
                .iter()
                .map(|(_, bytes)| bytes.len())
                .sum::<usize>()
        };
        assert_eq!(image.layers.len(), layers, "{name}");
        let total: usize = image.layers.iter().map(files).sum();
        assert_eq!(total, size, "{name}");
    };
    check("alpine", 1, 7_730);
    check("busybox", 1, 3_720);
    check("redis", 6, 111_000);
    check("ubuntu", 5, 77_042);
    check("ubuntu:22.04", 1, 77_800);
    check("portainer/portainer-ce", 1, 265_000);
    check("nigelpoulton/tu-demo", 3, 104_000);
    check("gcr.io/google-containers/git-sync:v3.1.5", 5, 44_633);
    check("mcr.microsoft.com/powershell", 11, 495_000);
}

#[test]
fn tu_demo_shares_all_but_the_top() {
    let (registry, lookalikes) = published();
    let tags = ["latest", "v1", "v2"].map(|tag| registry.resolve("nigelpoulton/tu-demo", tag).unwrap());
    assert_eq!(tags[0], tags[2]);
    assert_ne!(tags[0], tags[1]);
    let new = layer_digests(&lookalikes, "nigelpoulton/tu-demo");
    let old = layer_digests(&lookalikes, "nigelpoulton/tu-demo:v1");
    assert_eq!(new[..2], old[..2]);
    assert_ne!(new[2], old[2]);
    assert_eq!(registry.tags("nigelpoulton/tu-demo"), ["latest", "v1", "v2"]);
}

#[test]
fn golang_is_for_the_platforms_of_the_guide() {
    let (registry, lookalikes) = published();
    let golang = lookalikes.get("golang").unwrap();
    let platforms: Vec<String> = golang.images.iter().map(|image| image.platform.to_string()).collect();
    let expect = "linux/amd64 linux/arm/v7 linux/arm64/v8 linux/386 linux/mips64le linux/ppc64le linux/s390x \
                  windows/amd64 windows/amd64";
    assert_eq!(platforms.join(" "), expect);
    let text = String::from_utf8(golang.root.bytes.clone()).unwrap();
    for build in [windows::SERVER_2022, windows::SERVER_2019] {
        assert!(text.contains(&format!("\"os.version\": \"{build}\"")), "{text}");
    }
    let windows = golang.for_platform("windows/amd64").unwrap();
    assert_eq!(windows.layers[0].urls().len(), 1);
    let foreign = windows.layers[0].digest();
    assert!(registry.blob("library/golang", foreign).is_some());
    registry.remove_blob(foreign);
    assert!(registry.blob("library/golang", foreign).is_none());
}

#[test]
fn every_image_can_be_pulled_whole() {
    let (registry, lookalikes) = published();
    assert!(lookalikes.names().count() >= 14);
    for name in lookalikes.names() {
        let (repository, tag) = location(name);
        let built = lookalikes.get(name).unwrap();
        assert_eq!(registry.resolve(&repository, tag).as_ref(), Some(built.digest()), "{name}");
        assert!(
            built.manifests().iter().all(|m| registry.manifest(&repository, m.digest().as_str()).is_some())
        );
        assert!(built.blobs().iter().all(|(digest, _)| registry.blob(&repository, digest).is_some()));
    }
    assert_eq!(location("gcr.io/google-containers/git-sync:v3.1.5").0, "google-containers/git-sync");
}

#[test]
fn ages_are_those_of_the_guide() {
    let now: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
    let (_registry, lookalikes) = published();
    let check = |name: &str, hours: i64| {
        let config = spec::ImageConfig::parse(&lookalikes.image(name, None).unwrap().config.bytes).unwrap();
        let age = now.duration_since(config.created().unwrap());
        assert_eq!(age.as_hours(), hours, "{name}");
    };
    check("busybox", 7 * 24 + 1);
    check("alpine", 9 * 24 + 1);
    check("redis", 14 * 24 + 1);
    check("mcr.microsoft.com/powershell", 2 * 24 + 1);
}
