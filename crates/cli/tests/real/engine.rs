//! Docker's own engine: it loads what is saved here, and what it saves is loaded here.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use testkit::image::{Codec, Entry, Image, Layer};
use testkit::{Registry, skip};

use crate::peers::{installed, run, try_run};
use crate::scratch;

/// A Docker engine with a data root of its own, which ends with the test.
struct Engine {
    child: Child,
    folder: tempfile::TempDir,
}

impl Engine {
    /// Nothing where it cannot run.
    fn start() -> Option<Engine> {
        if !skip::root() || !installed(&["dockerd", "docker"]) {
            return None;
        }
        let folder = tempfile::Builder::new().prefix("dockerd").tempdir_in("/var/tmp").unwrap();
        let at = folder.path().display();
        let mut command = Command::new("dockerd");
        command.args([
            "--storage-driver",
            "overlay2",
            "--bridge=none",
            "--iptables=false",
            "--ip6tables=false",
        ]);
        for (option, name) in [
            ("--data-root", "data"),
            ("--exec-root", "exec"),
            ("--pidfile", "pid"),
            ("--config-file", "none.json"),
        ] {
            command.arg(option).arg(folder.path().join(name));
        }
        std::fs::write(folder.path().join("none.json"), "{}").unwrap();
        command.arg(format!("--host=unix://{at}/sock")).stdout(Stdio::null()).stderr(Stdio::null());
        let mut engine = Engine { child: command.spawn().unwrap(), folder };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !engine.answers() {
            let ended = engine.child.try_wait().unwrap().is_some();
            if ended || Instant::now() > deadline {
                skip::skip("dockerd does not run here");
                return None;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Some(engine)
    }

    fn command(&self, line: &str) -> String {
        format!("docker --host unix://{}/sock {line}", self.folder.path().display())
    }

    fn answers(&self) -> bool {
        try_run(&self.command("version")).status.success()
    }

    /// Runs a command of Docker's client against it.
    #[track_caller]
    fn docker(&self, line: &str) -> String {
        run(&self.command(line))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // It unmounts and ends its containerd when it is asked to end.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        drop(self.child.wait());
    }
}

#[test]
fn dockers_engine_and_this_program_load_what_the_other_saves() {
    let Some(engine) = Engine::start() else { return };
    let registry = Registry::new();
    let base = Layer::gzip(vec![
        Entry::dir("etc"),
        Entry::file("etc/gone", "gone"),
        Entry::file("etc/kept", "kept"),
    ]);
    let top = Layer::gzip(vec![Entry::whiteout("etc/gone"), Entry::symlink("etc/link", "kept")]);
    let noise = Layer::noise("noise", 4, 200_000, Codec::Gzip);
    let image = Image::new(vec![base, noise, top]).command(&["/bin/sh"]).label("stage", "prod").build();
    image.push(&registry, "library/demo", &["latest", "v1"]);

    let scratch = scratch().mirror(&registry);
    scratch.run("pull -q -a demo").expect_success();
    let ours = engine.file("ours.tar").display().to_string();
    scratch.run(&format!("save -o {ours} demo")).expect_success();
    let loaded = engine.docker(&format!("load --quiet --input {ours}"));
    assert_eq!(loaded, "Loaded image: demo:latest\nLoaded image: demo:v1\n");
    assert_eq!(engine.docker("images --quiet --no-trunc demo:v1").trim(), image.id().to_string());
    let layers = "{{json .RootFS.Layers}} {{json .Config.Cmd}} {{json .Config.Labels}}";
    let expect = scratch.run(&format!("inspect -f '{layers}' demo"));
    assert_eq!(engine.docker(&format!("inspect --format '{layers}' demo")), expect.stdout);

    let theirs = engine.file("theirs.tar").display().to_string();
    engine.docker("tag demo other:2");
    engine.docker(&format!("save --output {theirs} demo:latest other:2"));
    let fresh = crate::scratch();
    let loaded = fresh.run(&format!("load -i {theirs}"));
    loaded.expect_success();
    let mut names: Vec<&str> = loaded.stdout.lines().collect();
    names.sort_unstable();
    assert_eq!(names, ["Loaded image: demo:latest", "Loaded image: other:2"], "{loaded}");
    assert_eq!(fresh.run("images -q --no-trunc other").stdout.trim(), image.id().to_string());
    assert_eq!(fresh.run(&format!("inspect -f '{layers}' other:2")).stdout, expect.stdout);
    fresh.run("fsck").expect_success();

    let host = registry.host();
    engine.docker(&format!("pull --quiet {host}/library/demo:v1"));
    assert_eq!(
        engine.docker(&format!("images --quiet --no-trunc {host}/library/demo")).trim(),
        image.id().to_string()
    );
}
