//! The programs people use, where they are installed.

use std::path::Path;
use std::process::{Command, Output};

use spec::Digest;
use testkit::skip::installed;

use crate::client::{World, noise};

fn run(program: &str, arguments: &[&str], home: &Path) -> Output {
    let output =
        Command::new(program).args(arguments).env("HOME", home).env("XDG_RUNTIME_DIR", home).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

#[test]
fn skopeo_copies_there_and_back() {
    if !installed("skopeo") {
        return;
    }
    let world = World::new();
    let digest = world.push_image("a/b", "v1", &tar());
    let home = tempfile::tempdir().unwrap();
    let registry = format!("docker://{}", world.address());
    let layout = format!("oci:{}:x", home.path().join("layout").display());
    run("skopeo", &["copy", "--src-tls-verify=false", &format!("{registry}/a/b:v1"), &layout], home.path());
    run("skopeo", &["copy", "--dest-tls-verify=false", &layout, &format!("{registry}/c/d:v2")], home.path());
    let arguments =
        ["inspect", "--tls-verify=false", "--format", "{{.Digest}}", &format!("{registry}/c/d:v2")];
    let output = run("skopeo", &arguments, home.path());
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), digest.as_str());
    let output = run("skopeo", &["list-tags", "--tls-verify=false", &format!("{registry}/c/d")], home.path());
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"v2\""));
    run("skopeo", &["delete", "--tls-verify=false", &format!("{registry}/c/d:v2")], home.path());
    assert_eq!(world.get("/v2/c/d/manifests/v2").status, 404);
    world.assert_sound();
}

#[test]
fn podman_searches() {
    if !installed("podman") {
        return;
    }
    let world = World::new();
    world.push_image("library/alpine", "latest", &tar());
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("storage");
    let (root, term) = (root.display().to_string(), format!("{}/alpine", world.address()));
    let arguments = ["--root", &root, "search", "--tls-verify=false", "--format", "{{.Name}}", &term];
    let output = run("podman", &arguments, home.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains(&format!("{}/alpine", world.address())), "{text}");
}

/// An empty tar: two blocks of zeros, and something that makes it a layer of its own.
fn tar() -> Vec<u8> {
    let bytes = noise(1, 100);
    let digest = Digest::of(&bytes);
    let mut header = vec![0; 512];
    header[..20].copy_from_slice(&digest.hex().as_bytes()[..20]);
    header[100..107].copy_from_slice(b"0000644");
    header[108..115].copy_from_slice(b"0000000");
    header[116..123].copy_from_slice(b"0000000");
    header[124..135].copy_from_slice(b"00000000000");
    header[136..147].copy_from_slice(b"00000000000");
    header[156] = b'0';
    header[257..263].copy_from_slice(b"ustar\0");
    header[263..265].copy_from_slice(b"00");
    header[148..156].copy_from_slice(b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header.extend([0; 1_024]);
    header
}
