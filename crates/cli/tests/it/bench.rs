//! A store with a few images, made as users make them, and a world that stands still around it: the machine,
//! the time and the zone are fixed, so that what is shown can be written down.
use std::ffi::OsString;
use std::path::PathBuf;

use cli::{Context, Environment, Terminal, Ui};
use engine::HostInfo;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use spec::Platform;
use testkit::Registry;
use testkit::image::{ArchiveForm, Built, Entry, Image, Index, Layer, Step, tar};
use testkit::registry::SearchEntry;

use crate::Ran;
use crate::transcript::{answer, blocks};

/// Set to 1, it makes transcripts be rewritten instead of checked.
const UPDATE: &str = "STRATA_UPDATE";

/// A machine like any other.
fn host(home: Option<PathBuf>) -> HostInfo {
    HostInfo {
        platform: Platform::new("linux", "amd64", None),
        uid: 1000,
        home,
        kernel: "6.12.1".to_owned(),
        hostname: "box".to_owned(),
        os_name: "Debian GNU/Linux 13 (trixie)".to_owned(),
        cpus: 2,
        memory: 25_275_334_656,
        cgroup_version: 2,
        zone: TimeZone::UTC,
    }
}

/// Three minutes after the images were made.
pub(crate) fn clock() -> Timestamp {
    Timestamp::from_second(NOW).expect("a time")
}

/// 2026-11-23T07:05:00Z
const NOW: i64 = 1_795_417_500;

/// A folder with a store, and a registry that is the mirror of Docker Hub.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) registry: Registry,
}

impl Bench {
    /// An empty store, archives beside it, and images in the registry.
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::tempdir().expect("a folder"), registry: Registry::new() };
        let images = images();
        for (name, image) in &images {
            let (repository, tag) = name.rsplit_once(':').expect("a tag");
            image.push(&bench.registry, repository, &[tag]);
        }
        let archive = |file: &str, name: &str, names: &[&str]| {
            let image = &images.iter().find(|(known, _)| *known == name).expect("an image").1;
            let path = bench.folder.path().join(file);
            image.write_docker_archive(&path, names, ArchiveForm::Folders).expect("an archive");
        };
        archive("alpine.tar", "library/alpine:latest", &["alpine:latest"]);
        archive("nameless.tar", "library/dodge:challenger", &[]);
        let mut files = Vec::new();
        let content = tar(&[Entry::dir("bin"), Entry::file("bin/sh", "#!")]);
        std::io::copy(&mut content.read_from(0).expect("a tar"), &mut files).expect("memory");
        std::fs::write(bench.folder.path().join("files.tar"), files).expect("a file");
        bench.registry.serve_search(search_entries());
        std::fs::write(bench.folder.path().join("daemon.json"), "{}").expect("a file");
        std::fs::create_dir(bench.folder.path().join("docker")).expect("a folder");
        bench
    }

    /// The folder's path.
    pub(crate) fn path(&self) -> String {
        self.folder.path().display().to_string()
    }

    /// Writes Docker's `config.json`.
    pub(crate) fn docker_config(&self, text: &str) {
        std::fs::write(self.folder.path().join("docker/config.json"), text).expect("a file");
    }

    /// Runs the command in this process. `typed` is standard input.
    pub(crate) fn run(&self, args: &[&str], typed: &'static [u8], terminal: Terminal) -> Ran {
        let path = |name: &str| OsString::from(format!("{}/{name}", self.path()));
        let env = Environment::Fixed(vec![
            ("HOME", "/nonexistent".into()),
            ("STRATA_ROOT", path("root")),
            ("DOCKER_CONFIG", path("docker")),
        ]);
        let (ui, out, err) = Ui::captured(typed, terminal);
        let mut context = Context::new(ui, env);
        context.host = host;
        context.clock = clock;
        let mut all: Vec<OsString> = vec!["--daemon-config".into(), path("daemon.json")];
        all.extend(["--storage-driver", "vfs", "--registry-mirror", self.registry.url()].map(OsString::from));
        all.extend(args.iter().map(OsString::from));
        let exit = cli::run(&all, &mut context);
        Ran { exit, out: out.text(), err: err.text() }
    }

    /// Runs a transcript: `{DIR}` stands for the bench's folder, `{REGISTRY}` for the registry's address.
    pub(crate) fn check(&self, file: &str) {
        let path = format!("{}/tests/golden/store/{file}", env!("CARGO_MANIFEST_DIR"));
        let transcript = std::fs::read_to_string(&path).expect("a transcript");
        let (fill, name) = (|text: &str| self.fill(text), |text: &str| self.name(text));
        let mut found = String::new();
        let mut wrong = String::new();
        let heading: Vec<&str> = transcript.lines().take_while(|line| !line.starts_with("$ ")).collect();
        heading.iter().for_each(|line| found.push_str(&format!("{line}\n")));
        let blocks = blocks(&transcript);
        assert!(!blocks.is_empty(), "{file} was not read");
        for block in blocks {
            let args: Vec<String> = block.args.iter().map(|word| fill(word)).collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let got = name(&answer(&self.run(&args, b"", Terminal::default())));
            let fits = fits(&block.answer, &got);
            found.push_str(&format!("{}\n{}", block.command, if fits { &block.answer } else { &got }));
            if !fits {
                let command = &block.command;
                wrong.push_str(&format!("line {}: {command}\n{got}--- not\n{}\n", block.line, block.answer));
            }
        }
        if std::env::var_os(UPDATE).is_some_and(|value| value == "1") {
            return std::fs::write(&path, found).expect("the transcript");
        }
        assert!(wrong.is_empty(), "{file}\n{wrong}");
    }

    fn fill(&self, text: &str) -> String {
        text.replace("{DIR}", &self.path()).replace("{REGISTRY}", self.registry.host())
    }

    fn name(&self, text: &str) -> String {
        text.replace(&self.path(), "{DIR}").replace(self.registry.host(), "{REGISTRY}")
    }
}

/// Whether an answer is as written; `[..]` stands for any text within a line.
fn fits(expect: &str, got: &str) -> bool {
    let fits_line = |(expect, got): (&str, &str)| {
        let mut parts = expect.split("[..]");
        let Some(mut rest) = got.strip_prefix(parts.next().unwrap_or_default()) else { return false };
        let mut last = "";
        for part in parts {
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
            last = part;
        }
        rest.is_empty() || (expect.contains("[..]") && (last.is_empty() || rest.ends_with(last)))
    };
    let (expect, got): (Vec<&str>, Vec<&str>) = (expect.split('\n').collect(), got.split('\n').collect());
    expect.len() == got.len() && expect.into_iter().zip(got).all(fits_line)
}

#[test]
fn answers_fit_what_is_written() {
    let check = |expect, got, fit| assert_eq!(fits(expect, got), fit, "{expect}");
    check("a\nb\n", "a\nb\n", true);
    check("a\n", "a\nb\n", false);
    check("a[..]c\n", "abc\n", true);
    check("a[..]c\n", "abcd\n", false);
    check("a[..]\n", "ab\n", true);
    check("[..]B ([..] bytes)\n", "1kB (1000 bytes)\n", true);
    check("[..]B ([..] bytes)\n", "1kB (1000 words)\n", false);
}

/// Images like those in Docker's own transcripts, their layers not compressed so that their digests depend on
/// no compressor.
fn images() -> Vec<(&'static str, Built)> {
    let root =
        || Layer::plain(vec![Entry::dir("bin"), Entry::noise("bin/busybox", 1, 2_063_594).mode(0o755)]);
    let image = |steps: Vec<Step>, seconds: i64| {
        let created = Timestamp::new(NOW - seconds, 496_880_906).expect("a time");
        Image::of_steps(steps).created(created)
    };
    let add = |text: &str, layer: Layer| Step::layer(text, layer);
    let base = || vec![add("ADD rootfs / # buildkit", root()), Step::empty("CMD [\"/bin/sh\"]")];
    let with = |more: Vec<Step>| base().into_iter().chain(more).collect::<Vec<_>>();
    let file = |path: &str, len: u64| Layer::plain(vec![Entry::noise(path, len, len)]);
    let long = "RUN /bin/sh -c echo one > /one && dd if=/dev/urandom of=/big bs=1k count=300";
    let redis = with(vec![
        Step::empty("LABEL maintainer=res@example.com stage=prod"),
        add(long, file("big", 307_200)),
        add("COPY entry.sh /usr/local/bin/ # buildkit", file("entry.sh", 45)),
    ]);
    let alpine = image(base(), 203).member("Cmd", json!(["/bin/sh"]));
    let redis = image(redis, 151)
        .member("Entrypoint", json!(["entry.sh"]))
        .member("Cmd", json!(["redis-server"]))
        .member("ExposedPorts", json!({"6379/tcp": {}}))
        .member("Volumes", json!({"/data": {}}))
        .member("WorkingDir", json!("/data"))
        .member("ArgsEscaped", json!(true))
        .member("Healthcheck", json!({"Test": ["CMD-SHELL", "true"], "Interval": 30_000_000_000_i64}))
        .member("Labels", labels());
    let demo = |words: &str, seconds| {
        image(with(vec![add("COPY app /app", file("app", words.len() as u64))]), seconds)
    };
    let arm = image(base(), 203).platform("linux/arm64/v8");
    vec![
        ("library/alpine:latest", alpine.build()),
        ("library/redis:latest", redis.build()),
        ("nigelpoulton/tu-demo:v1", demo("one", 145).build()),
        ("nigelpoulton/tu-demo:v2", demo("number two", 140).build()),
        ("nigelpoulton/tu-demo:latest", demo("number two", 140).build()),
        ("library/dodge:challenger", demo("challenger!", 1).build()),
        ("library/golang:latest", Index::new(vec![demo("golang", 120).build(), arm.build()]).oci().build()),
    ]
}

fn search_entries() -> Vec<SearchEntry> {
    let entry = |name: &str, description: &str, stars, official| SearchEntry {
        name: name.to_owned(),
        description: description.to_owned(),
        stars,
        official,
        automated: false,
    };
    vec![
        entry(
            "alpine",
            "A minimal Docker image based on Alpine Linux with a complete package index",
            9962,
            true,
        ),
        entry("rancher/alpine-git", "", 1, false),
        entry("grafana/alpine", "Alpine Linux with ca-certificates package installed\nand more", 4, false),
    ]
}

fn labels() -> Value {
    json!({"stage": "prod", "maintainer": "res@example.com", "note": "a <b> & c"})
}
