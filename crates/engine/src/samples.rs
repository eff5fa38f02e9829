//! Small images made on the spot, for the demonstration: the names, tags, layers and platforms that people know
//! from tutorials, with a few kilobytes behind them.

mod build;
mod program;
mod publish;
mod workshop;

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::{SignedDuration, Timestamp};
use layer::tar::{Header, Kind, Writer};
use serde_json::{Value, json};
use spec::{Descriptor, Digest, MediaType, Platform};

use build::{Built, build};

pub use publish::write_daemon_config;
pub use workshop::Workshop;

/// One step of a sample's history; without files it makes no layer.
struct Step {
    created_by: &'static str,
    files: &'static [(&'static str, &'static str)],
}

/// An image to be made.
struct Sample {
    /// Its names, canonical.
    names: &'static [&'static str],
    platforms: &'static [(&'static str, &'static str, Option<&'static str>)],
    days_old: i64,
    labels: &'static [(&'static str, &'static str)],
    command: &'static [&'static str],
    steps: &'static [Step],
}

/// What a registry's search says about a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleFacts {
    /// The repository, without `library/`.
    pub repository: &'static str,
    /// One line.
    pub description: &'static str,
    /// How many people like it.
    pub stars: u32,
    /// Whether it is one of the official ones.
    pub official: bool,
}

/// The facts of every sample repository.
pub const FACTS: &[SampleFacts] = &[
    SampleFacts {
        repository: "alpine",
        description: "A minimal Docker image based on Alpine Linux with a complete package index",
        stars: 9962,
        official: true,
    },
    SampleFacts { repository: "busybox", description: "Busybox base image", stars: 3100, official: true },
    SampleFacts {
        repository: "golang",
        description: "The Go programming language",
        stars: 4600,
        official: true,
    },
    SampleFacts {
        repository: "redis",
        description: "An in-memory data store",
        stars: 12_000,
        official: true,
    },
    SampleFacts {
        repository: "ubuntu",
        description: "A Debian-based Linux system",
        stars: 15_900,
        official: true,
    },
    SampleFacts { repository: "nigelpoulton/tu-demo", description: "", stars: 12, official: false },
];

const LINUX: &[(&str, &str, Option<&str>)] = &[("linux", "amd64", None), ("linux", "arm64", None)];

const ALPINE: Step = Step {
    created_by: "ADD alpine-minirootfs.tar.gz / # buildkit",
    files: &[
        ("bin/sh", "a shell\n"),
        ("etc/alpine-release", "3.18.0\n"),
        ("etc/os-release", "NAME=\"Alpine Linux\"\n"),
    ],
};
const SHELL: Step = Step { created_by: "CMD [\"/bin/sh\"]", files: &[] };

const SAMPLES: &[Sample] = &[
    Sample {
        names: &["docker.io/library/alpine:latest"],
        platforms: LINUX,
        days_old: 9,
        labels: &[],
        command: &["/bin/sh"],
        steps: &[ALPINE, SHELL],
    },
    Sample {
        names: &["docker.io/library/busybox:latest"],
        platforms: LINUX,
        days_old: 7,
        labels: &[],
        command: &["sh"],
        steps: &[
            Step {
                created_by: "ADD busybox.tar.xz / # buildkit",
                files: &[
                    ("bin/busybox", "many tools in one\n"),
                    ("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
                ],
            },
            SHELL,
        ],
    },
    Sample {
        names: &["docker.io/library/busybox:glibc"],
        platforms: LINUX,
        days_old: 7,
        labels: &[],
        command: &["sh"],
        steps: &[
            Step {
                created_by: "ADD busybox-glibc.tar.xz / # buildkit",
                files: &[("bin/busybox", "many tools in one\n"), ("lib/libc.so.6", "the GNU C library\n")],
            },
            SHELL,
        ],
    },
    Sample {
        names: &["docker.io/library/redis:latest"],
        platforms: LINUX,
        days_old: 14,
        labels: &[("maintainer", "redis@example.com"), ("stage", "prod")],
        command: &["redis-server"],
        steps: &[
            ALPINE,
            Step {
                created_by: "RUN /bin/sh -c addgroup redis # buildkit",
                files: &[("etc/group", "redis:x:999:\n")],
            },
            Step { created_by: "ENV REDIS_VERSION=7.0.11", files: &[] },
            Step {
                created_by: "RUN /bin/sh -c make install # buildkit",
                files: &[
                    ("usr/local/bin/redis-server", "a server\n"),
                    ("usr/local/bin/redis-cli", "a client\n"),
                ],
            },
            Step { created_by: "RUN /bin/sh -c mkdir /data # buildkit", files: &[("data/.keep", "")] },
            Step {
                created_by: "COPY docker-entrypoint.sh /usr/local/bin/ # buildkit",
                files: &[("usr/local/bin/docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n")],
            },
            Step { created_by: "CMD [\"redis-server\"]", files: &[] },
        ],
    },
    Sample {
        names: &["docker.io/library/ubuntu:latest"],
        platforms: LINUX,
        days_old: 21,
        labels: &[
            ("org.opencontainers.image.ref.name", "ubuntu"),
            ("org.opencontainers.image.version", "22.04"),
        ],
        command: &["/bin/bash"],
        steps: &[
            Step {
                created_by: "ADD ubuntu-rootfs.tar.gz / # buildkit",
                files: &[("bin/bash", "a shell\n"), ("etc/os-release", "NAME=\"Ubuntu\"\n")],
            },
            Step { created_by: "CMD [\"/bin/bash\"]", files: &[] },
        ],
    },
    Sample {
        names: &["docker.io/library/golang:latest"],
        platforms: &[
            ("linux", "amd64", None),
            ("linux", "arm", Some("v7")),
            ("linux", "arm64", None),
            ("linux", "386", None),
            ("linux", "ppc64le", None),
            ("linux", "s390x", None),
            ("windows", "amd64", None),
        ],
        days_old: 18,
        labels: &[],
        command: &["bash"],
        steps: &[
            Step { created_by: "ADD rootfs.tar.xz / # buildkit", files: &[("bin/bash", "a shell\n")] },
            Step {
                created_by: "RUN /bin/sh -c install go # buildkit",
                files: &[("usr/local/go/VERSION", "go1.20.4\n"), ("usr/local/go/bin/go", "a compiler\n")],
            },
        ],
    },
    Sample {
        names: &["docker.io/nigelpoulton/tu-demo:latest", "docker.io/nigelpoulton/tu-demo:v2"],
        platforms: LINUX,
        days_old: 15,
        labels: &[],
        command: &["python", "main.py"],
        steps: &[
            ALPINE,
            PYTHON,
            Step { created_by: "COPY . /src # buildkit", files: &[("src/main.py", "print(\"v2\")\n")] },
        ],
    },
    Sample {
        names: &["docker.io/nigelpoulton/tu-demo:v1"],
        platforms: LINUX,
        days_old: 16,
        labels: &[],
        command: &["python", "main.py"],
        steps: &[
            ALPINE,
            PYTHON,
            Step { created_by: "COPY . /src # buildkit", files: &[("src/main.py", "print(\"v1\")\n")] },
        ],
    },
];

const PYTHON: Step = Step {
    created_by: "RUN /bin/sh -c apk add python3 # buildkit",
    files: &[("usr/bin/python3", "an interpreter\n"), ("usr/lib/python3/os.py", "import sys\n")],
};

/// The names of all samples, canonical.
pub fn names() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().flat_map(|sample| sample.names).copied()
}

/// All samples in one OCI archive, as if made before `now`. The same moment gives the same bytes.
///
/// # Errors
/// Never for want of anything outside: only what writing to memory can say.
pub fn archive(now: Timestamp) -> io::Result<Vec<u8>> {
    let mut content: BTreeMap<Digest, Vec<u8>> = BTreeMap::new();
    let mut entries = Vec::new();
    for sample in SAMPLES {
        let created = now - SignedDuration::from_hours(sample.days_old * 24 + 1);
        let index = index_of(sample, created, &mut content)?;
        for name in sample.names {
            entries.push(entry(&index, name));
        }
    }
    let index = json!({"schemaVersion": 2, "manifests": entries});
    write_archive(&content, &index)
}

/// Builds a sample for each of its platforms; the descriptor of the index over them.
fn index_of(
    sample: &Sample,
    created: Timestamp,
    content: &mut BTreeMap<Digest, Vec<u8>>,
) -> io::Result<Descriptor> {
    let mut manifests = Vec::new();
    for (os, architecture, variant) in sample.platforms {
        let platform = Platform::new(os, architecture, *variant);
        let Built { manifest, blobs } = build(sample, &platform, created)?;
        let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_MANIFEST), &manifest);
        content.insert(descriptor.digest.clone(), manifest);
        content.extend(blobs);
        manifests.push(Descriptor { platform: Some(platform), ..descriptor });
    }
    let index =
        json!({"schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": manifests}).to_string();
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_INDEX), index.as_bytes());
    content.insert(descriptor.digest.clone(), index.into_bytes());
    Ok(descriptor)
}

fn entry(index: &Descriptor, name: &str) -> Value {
    json!({
        "mediaType": index.media_type,
        "digest": index.digest,
        "size": index.size,
        "annotations": {"io.containerd.image.name": name},
    })
}

fn write_archive(content: &BTreeMap<Digest, Vec<u8>>, index: &Value) -> io::Result<Vec<u8>> {
    let mut tar = Writer::new(Vec::new());
    for folder in ["blobs", "blobs/sha256"] {
        tar.start(&Header::new(folder, Kind::Directory))?;
    }
    let blobs =
        content.iter().map(|(digest, bytes)| (format!("blobs/sha256/{}", digest.hex()), bytes.clone()));
    let lists = [
        ("index.json".to_owned(), index.to_string().into_bytes()),
        ("oci-layout".to_owned(), b"{\"imageLayoutVersion\":\"1.0.0\"}".to_vec()),
    ];
    for (name, bytes) in blobs.chain(lists) {
        let mut header = Header::new(name.as_str(), Kind::File);
        header.size = bytes.len() as u64;
        tar.start(&header)?;
        tar.write_all(&bytes)?;
    }
    tar.finish()
}
