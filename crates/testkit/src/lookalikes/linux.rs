//! The Linux images.

use jiff::Timestamp;

use super::days_ago;
use super::rootfs::{binary, distribution, layer};
use crate::image::{Built, Entry, Image, Index, Layer, Step, Then, program};

/// Architectures of the official ones, with a number that makes their contents differ.
const ARCHITECTURES: &[(&str, u64)] = &[("amd64", 1), ("arm64", 2)];

/// All of them, by the name that people write.
pub(super) fn images(now: Timestamp) -> Vec<(&'static str, Built)> {
    let [newest, v1] = tu_demo(now);
    vec![
        ("alpine:latest", alpine(now)),
        ("busybox:latest", busybox(now, "musl", 3_720, 7)),
        ("busybox:glibc", busybox(now, "glibc", 4_860, 8)),
        ("gcr.io/google-containers/git-sync:v3.1.5", git_sync(now)),
        ("mongo:4.2.24", mongo(now)),
        ("nigelpoulton/tu-demo:latest", newest.clone()),
        ("nigelpoulton/tu-demo:v1", v1),
        ("nigelpoulton/tu-demo:v2", newest),
        ("portainer/portainer-ce:latest", portainer(now)),
        ("redis:latest", redis(now)),
        ("ubuntu:22.04", ubuntu_of_one_layer(now)),
        ("ubuntu:latest", ubuntu(now)),
    ]
}

/// An index with an image for each platform.
fn official(make: impl Fn(&str, u64) -> Image) -> Built {
    let image = |(architecture, seed): &(&str, u64)| {
        make(architecture, *seed).platform(&format!("linux/{architecture}")).build()
    };
    Index::new(ARCHITECTURES.iter().map(image).collect()).build()
}

/// One of its programs is real: `sleep`, which sleeps whatever it is told.
fn alpine(now: Timestamp) -> Built {
    official(|architecture, seed| {
        let sleep = program(architecture, "", Then::Sleeps);
        let sleep = sleep.map(|bytes| Entry::file("bin/sleep", bytes).mode(0o755));
        let entries = distribution("Alpine", "3.18").into_iter().chain(sleep).collect();
        let base = layer(entries, "bin/busybox", seed, 7_730);
        Image::of_steps(vec![Step::layer("ADD alpine-minirootfs.tar.gz / # buildkit", base)])
            .created(days_ago(now, 9))
            .command(&["/bin/sh"])
    })
}

fn busybox(now: Timestamp, libc: &str, size: u64, days: i64) -> Built {
    official(|_, seed| {
        let entries =
            vec![Entry::dir("bin"), Entry::symlink("bin/sh", "busybox"), Entry::file("etc/libc", libc)];
        let base = layer(entries, "bin/busybox", 10 + seed, size);
        Image::of_steps(vec![Step::layer("BusyBox 1.36.1, Debian 12", base)])
            .created(days_ago(now, days))
            .command(&["sh"])
    })
}

fn debian(seed: u64, size: u64) -> Layer {
    layer(distribution("Debian", "11"), "bin/busybox", 20 + seed, size)
}

/// Six layers, 111kB.
fn redis(now: Timestamp) -> Built {
    official(|_, seed| {
        let user =
            vec![Entry::dir("etc"), Entry::file("etc/gshadow", "redis:!::\n").mode(0o640).owner(0, 42)];
        let script =
            Entry::file("usr/local/bin/docker-entrypoint.sh", "#!/bin/sh\nexec \"$@\"\n").mode(0o755);
        let run = |text: &str| format!("RUN /bin/sh -c {text} # buildkit");
        Image::of_steps(vec![
            Step::layer("ADD rootfs.tar.xz / # buildkit", debian(seed, 80_500)),
            Step::empty("CMD [\"bash\"]"),
            Step::layer(
                &run("groupadd -r -g 999 redis && useradd -r -g redis -u 999 redis"),
                Layer::gzip(user),
            ),
            Step::layer(
                &run("apt-get install -y gosu"),
                layer(vec![], "usr/local/bin/gosu", 30 + seed, 2_900),
            ),
            Step::empty("ENV REDIS_VERSION=7.0.11"),
            Step::layer(&run("make install"), layer(vec![], "usr/local/bin/redis-server", 31 + seed, 27_570)),
            Step::layer(
                &run("mkdir /data && chown redis:redis /data"),
                Layer::gzip(vec![Entry::dir("data").owner(999, 999)]),
            ),
            Step::empty("VOLUME [/data]"),
            Step::empty("WORKDIR /data"),
            Step::layer("COPY docker-entrypoint.sh /usr/local/bin/ # buildkit", Layer::gzip(vec![script])),
            Step::empty("EXPOSE map[6379/tcp:{}]"),
        ])
        .created(days_ago(now, 14))
        .member("ExposedPorts", serde_json::json!({"6379/tcp": {}}))
        .member("Volumes", serde_json::json!({"/data": {}}))
        .member("WorkingDir", "/data".into())
        .entrypoint(&["docker-entrypoint.sh"])
        .command(&["redis-server"])
    })
}

/// Five layers, as the guide's picture of them has it.
fn ubuntu(now: Timestamp) -> Built {
    official(|_, seed| {
        let lists = vec![Entry::dir("var/lib/apt/lists"), Entry::opaque("var/lib/apt/lists")];
        let policy = Entry::file("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n").mode(0o755);
        let marker = Entry::file("etc/dpkg/dpkg.cfg.d/docker-apt-speedup", "force-unsafe-io\n");
        let systemd = Entry::file("run/systemd/container", "docker\n");
        Image::of_steps(vec![
            Step::layer(
                "ADD rootfs.tar.gz / # buildkit",
                layer(distribution("Ubuntu", "22.04"), "bin/busybox", 40 + seed, 77_000),
            ),
            Step::layer("RUN /bin/sh -c echo 'exit 101' > /usr/sbin/policy-rc.d", Layer::gzip(vec![policy])),
            Step::layer("RUN /bin/sh -c rm -rf /var/lib/apt/lists/*", Layer::gzip(lists)),
            Step::layer(
                "RUN /bin/sh -c echo force-unsafe-io > /etc/dpkg/dpkg.cfg.d/docker-apt-speedup",
                Layer::gzip(vec![marker]),
            ),
            Step::layer(
                "RUN /bin/sh -c mkdir -p /run/systemd && echo docker > /run/systemd/container",
                Layer::gzip(vec![systemd]),
            ),
        ])
        .created(days_ago(now, 21))
        .command(&["/bin/bash"])
    })
}

/// The variant that has everything in one layer, as today's.
fn ubuntu_of_one_layer(now: Timestamp) -> Built {
    official(|_, seed| {
        let base = layer(distribution("Ubuntu", "22.04"), "bin/busybox", 50 + seed, 77_800);
        Image::of_steps(vec![Step::layer("ADD rootfs.tar.gz / # buildkit", base)])
            .created(days_ago(now, 20))
            .label("org.opencontainers.image.version", "22.04")
            .command(&["/bin/bash"])
    })
}

fn mongo(now: Timestamp) -> Built {
    official(|_, seed| {
        let base = layer(distribution("Ubuntu", "18.04"), "bin/busybox", 60 + seed, 63_200);
        Image::of_steps(vec![
            Step::layer("ADD rootfs.tar.gz / # buildkit", base),
            Step::layer(
                "RUN /bin/sh -c apt-get install -y jq numactl",
                layer(vec![], "usr/bin/jq", 61 + seed, 9_800),
            ),
            Step::empty("ENV MONGO_VERSION=4.2.24"),
            Step::layer(
                "RUN /bin/sh -c apt-get install -y mongodb-org",
                layer(vec![], "usr/bin/mongod", 62 + seed, 315_000),
            ),
            Step::empty("VOLUME [/data/db /data/configdb]"),
            Step::empty("EXPOSE map[27017/tcp:{}]"),
        ])
        .created(days_ago(now, 30))
        .member("Volumes", serde_json::json!({"/data/db": {}, "/data/configdb": {}}))
        .command(&["mongod"])
    })
}

/// The image that `latest` and `v2` name, and the one that `v1` names: they differ in the top layer.
fn tu_demo(now: Timestamp) -> [Built; 2] {
    let base = layer(distribution("Alpine", "3.18"), "bin/busybox", 70, 9_200);
    let python = layer(vec![Entry::dir("usr/lib/python3")], "usr/bin/python3", 71, 94_000);
    [("v2", days_ago(now, 16)), ("v1", days_ago(now, 17))].map(|(version, created)| {
        let app =
            vec![Entry::dir("app"), Entry::file("app/index.html", format!("<h1>tu-demo {version}</h1>\n"))];
        Image::of_steps(vec![
            Step::layer("ADD alpine-minirootfs.tar.gz / # buildkit", base.clone()),
            Step::layer("RUN /bin/sh -c apk add --no-cache python3", python.clone()),
            Step::layer("COPY . /app # buildkit", layer(app, "app/logo.png", 72, 800)),
            Step::empty("WORKDIR /app"),
        ])
        .created(created)
        .member("WorkingDir", "/app".into())
        .label("maintainer", "nigelpoulton")
        .command(&["python3", "-m", "http.server"])
        .build()
    })
}

fn portainer(now: Timestamp) -> Built {
    let files = vec![Entry::dir("data"), Entry::dir("public"), binary("docker", 80, 45_000)];
    Image::of_steps(vec![
        Step::layer("COPY /dist / # buildkit", layer(files, "portainer", 81, 265_000)),
        Step::empty("VOLUME [/data]"),
        Step::empty("EXPOSE map[8000/tcp:{} 9000/tcp:{} 9443/tcp:{}]"),
    ])
    .created(days_ago(now, 15))
    .member("ExposedPorts", serde_json::json!({"8000/tcp": {}, "9000/tcp": {}, "9443/tcp": {}}))
    .member("Volumes", serde_json::json!({"/data": {}}))
    .entrypoint(&["/portainer"])
    .build()
}

/// Five layers, of another registry.
fn git_sync(now: Timestamp) -> Built {
    let run = |text: &str| format!("RUN /bin/sh -c {text}");
    let user =
        vec![Entry::dir("etc"), Entry::file("etc/passwd", "git-sync:x:65533:65533::/tmp:/sbin/nologin\n")];
    Image::of_steps(vec![
        Step::layer(
            "ADD rootfs / # buildkit",
            layer(distribution("Alpine", "3.11"), "bin/busybox", 90, 5_590),
        ),
        Step::layer("COPY git-sync /git-sync # buildkit", layer(vec![], "git-sync", 91, 12_000)),
        Step::layer(&run("apk add git openssh"), layer(vec![], "usr/bin/git", 92, 27_000)),
        Step::layer(&run("adduser -D -u 65533 git-sync"), Layer::gzip(user)),
        Step::layer(&run("chmod 01777 /tmp"), Layer::gzip(vec![Entry::dir("tmp").mode(0o1777)])),
    ])
    .created(days_ago(now, 1_200))
    .member("User", "65533:65533".into())
    .entrypoint(&["/git-sync"])
    .build()
}
