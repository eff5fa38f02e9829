//! The Windows images, whose base is a layer that registries need not carry.

use jiff::Timestamp;

use super::days_ago;
use super::rootfs::layer;
use crate::image::{Built, Entry, Image, Layer, Step};

/// Build of the first Windows that the look-alikes are for.
pub(super) const SERVER_2022: &str = "10.0.20348.1726";
/// Build of the second.
pub(super) const SERVER_2019: &str = "10.0.17763.4377";

pub(super) fn images(now: Timestamp) -> Vec<(&'static str, Built)> {
    vec![("mcr.microsoft.com/powershell:latest", powershell(now))]
}

/// The foreign layer of a build: its manifest entry says where it can be had.
pub(super) fn base(build: &str) -> Layer {
    let seed = build.bytes().map(u64::from).sum();
    let entries = vec![Entry::dir("Files"), Entry::dir("Hives"), Entry::file("Files/Windows/version", build)];
    let layer = layer(entries, "Files/Windows/System32/ntoskrnl.exe", seed, 120_000);
    let url = format!("https://mcr.microsoft.com/v2/windows/servercore/blobs/{}", layer.digest());
    layer.foreign(&[&url])
}

/// Eleven layers, 495kB.
fn powershell(now: Timestamp) -> Built {
    let mut steps = vec![Step::layer("Apply image 10.0", base(SERVER_2022))];
    for at in 1..=10 {
        let path = format!("Files/Program Files/PowerShell/{at}.dll");
        let entries = vec![Entry::dir("Files"), Entry::dir("Hives")];
        steps.push(Step::layer(&format!("RUN cmd /S /C step {at}"), layer(entries, &path, 160 + at, 37_500)));
    }
    Image::of_steps(steps)
        .platform("windows/amd64")
        .os_version(SERVER_2022)
        .created(days_ago(now, 2))
        .command(&["pwsh.exe"])
        .build()
}
