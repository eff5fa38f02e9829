//! The image of many platforms.

use jiff::Timestamp;

use super::days_ago;
use super::rootfs::{distribution, layer};
use super::windows::{SERVER_2019, SERVER_2022, base};
use crate::image::{Built, Entry, Image, Index, Layer, Step, Then, program};

/// Architecture and variant of the Linux ones, in the order of the original's index.
const LINUX: &[(&str, Option<&str>)] = &[
    ("amd64", None),
    ("arm", Some("v7")),
    ("arm64", Some("v8")),
    ("386", None),
    ("mips64le", None),
    ("ppc64le", None),
    ("s390x", None),
];

pub(super) fn images(now: Timestamp) -> Vec<(&'static str, Built)> {
    let created = days_ago(now, 6);
    let linux = LINUX.iter().zip(100..).map(|((architecture, variant), seed)| {
        let mut image = for_linux(architecture, seed);
        image.platform.architecture = (*architecture).to_owned();
        image.platform.variant = variant.map(str::to_owned);
        image.created(created).build()
    });
    let windows = [SERVER_2022, SERVER_2019].map(|build| for_windows(build).created(created).build());
    vec![("golang:latest", Index::new(linux.chain(windows).collect()).build())]
}

/// A `go` that says its version, which is all that anybody asks of it here.
fn tool(architecture: &str) -> Entry {
    let line = format!("go version go1.20.4 linux/{architecture}\n");
    let script = format!("#!/bin/sh\necho {line}");
    let bytes = program(architecture, &line, Then::Ends).unwrap_or(script.into_bytes());
    Entry::file("usr/local/go/bin/go", bytes).mode(0o755)
}

fn for_linux(architecture: &str, seed: u64) -> Image {
    let go = vec![Entry::dir("usr/local/go"), tool(architecture)];
    Image::of_steps(vec![
        Step::layer(
            "ADD rootfs.tar.xz / # buildkit",
            layer(distribution("Debian", "11"), "bin/busybox", seed, 124_000),
        ),
        Step::empty("CMD [\"bash\"]"),
        Step::layer("RUN /bin/sh -c apt-get install -y git", layer(vec![], "usr/bin/git", seed + 20, 70_000)),
        Step::layer(
            "RUN /bin/sh -c apt-get install -y g++ make",
            layer(vec![], "usr/bin/g++", seed + 40, 190_000),
        ),
        Step::empty("ENV GOLANG_VERSION=1.20.4"),
        Step::layer(
            "RUN /bin/sh -c tar -C /usr/local -xzf go.tgz",
            layer(go, "usr/local/go/bin/gofmt", seed + 60, 260_000),
        ),
        Step::layer(
            "RUN /bin/sh -c mkdir -p /go/src /go/bin && chmod -R 1777 /go",
            Layer::gzip(vec![
                Entry::dir("go").mode(0o1777),
                Entry::dir("go/bin").mode(0o1777),
                Entry::dir("go/src").mode(0o1777),
            ]),
        ),
        Step::empty("WORKDIR /go"),
    ])
    .member("WorkingDir", "/go".into())
    .env("GOPATH", "/go")
    .env("PATH", "/go/bin:/usr/local/go/bin:/usr/sbin:/usr/bin:/sbin:/bin")
}

fn for_windows(build: &str) -> Image {
    let go = vec![
        Entry::dir("Files"),
        Entry::dir("Hives"),
        Entry::file("Files/Program Files/Go/VERSION", "go1.20.4"),
    ];
    Image::of_steps(vec![
        Step::layer("Apply image 10.0", base(build)),
        Step::empty("SHELL [powershell -Command $ErrorActionPreference = 'Stop';]"),
        Step::layer(
            "RUN powershell Expand-Archive go.zip",
            layer(go, "Files/Program Files/Go/bin/go.exe", 150, 300_000),
        ),
    ])
    .platform("windows/amd64")
    .os_version(build)
    .member("WorkingDir", "C:\\go".into())
    .command(&["c:\\windows\\system32\\cmd.exe"])
}
