//! The same command lines with Docker's engine and with this program: what they say must be the same.

use std::process::{Command, Output};

use testkit::peers::Docker;
use testkit::skip;

const BUSYBOX: &str = "/bin/busybox";

/// Words of Debian's engine and client, which are older than what is followed here, and what today's say instead.
pub(crate) type Newer = [(&'static str, &'static str)];

/// Docker's engine and this program, each with a store of its own.
pub(crate) struct Alike {
    theirs: String,
    ours: String,
    folder: tempfile::TempDir,
    _docker: Docker,
}

impl Alike {
    /// Both, after a script of `sh` in which `$X` is the program and `$FILES` a folder with a busybox for images;
    /// nothing where one of them does not run.
    pub(crate) fn start(applets: &str, setup: &str) -> Option<Alike> {
        if !std::path::Path::new(BUSYBOX).exists() {
            skip::skip("busybox is not installed");
            return None;
        }
        let docker = Docker::start()?;
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("files/bin");
        std::fs::create_dir_all(&bin).unwrap();
        std::fs::copy(BUSYBOX, bin.join("busybox")).unwrap();
        for name in applets.split(' ') {
            std::os::unix::fs::symlink("busybox", bin.join(name)).unwrap();
        }
        let root = folder.path().join("root").display().to_string();
        let ours = format!("{} --root {root} --storage-driver overlay2", env!("CARGO_BIN_EXE_strata"));
        let alike = Alike { theirs: docker.line("").trim().to_owned(), ours, folder, _docker: docker };
        let files = alike.folder.path().join("files").display().to_string();
        for program in [&alike.theirs, &alike.ours] {
            let setup = alike.run(program, &format!("set -e\nFILES={files}\n{setup}"));
            assert!(setup.status.success(), "{}", said(&setup));
        }
        Some(alike)
    }

    /// Runs each line with both, in this order, and compares what is said and the status. What stands in `today`
    /// for a line is said by today's Docker: Debian's is not asked.
    #[track_caller]
    pub(crate) fn compare(&self, lines: &str, newer: &Newer, today: &Newer) {
        let mut different = Vec::new();
        for line in lines.trim().lines() {
            let theirs = said(&self.run(&self.theirs, line));
            let theirs = newer.iter().fold(theirs, |text, (old, new)| text.replace(old, new));
            let expect =
                today.iter().find(|(its, _)| *its == line).map_or(theirs, |(_, said)| (*said).to_owned());
            let found = said(&self.run(&self.ours, line));
            if found != expect {
                different.push(format!("$ {line}\n{found}\n--- not\n{expect}\n"));
            }
        }
        assert!(different.is_empty(), "{}", different.join("\n"));
        let unknown: Vec<_> =
            today.iter().filter(|(its, _)| !lines.lines().any(|line| line == *its)).collect();
        assert!(unknown.is_empty(), "no lines of the test: {unknown:?}");
    }

    /// Runs a line with a program in place of `$X`, in a folder that each has for itself.
    fn run(&self, program: &str, line: &str) -> Output {
        let work = self.folder.path().join(if program == self.ours { "ours" } else { "theirs" });
        std::fs::create_dir_all(&work).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", line]).env("X", program).env_remove("DOCKER_HOST").current_dir(work);
        command.output().unwrap()
    }
}

/// Leaves no container behind, also when a test fails; Docker's go with its engine.
impl Drop for Alike {
    fn drop(&mut self) {
        self.run(&self.ours, "for id in $($X ps -aq); do $X rm -fv $id; done");
    }
}

/// What was said, without what differs each time, and without what clients of different years say after a failure.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let out = out.lines().map(plain);
    let err = err.lines().filter(|line| !is_advice(line)).map(|line| plain(line.trim_end_matches('.')));
    let all =
        out.chain(err.map(|line| format!("2> {line}"))).chain([format!("[{:?}]", output.status.code())]);
    all.collect::<Vec<_>>().join("\n")
}

fn is_advice(line: &str) -> bool {
    let starts = ["See '", "Run '", "Usage:", "hint: ", "time=\""];
    line.is_empty() || starts.iter().any(|start| line.starts_with(start))
}

fn plain(line: &str) -> String {
    let hex = |word: &str| matches!(word.len(), 12 | 64) && word.bytes().all(|b| b.is_ascii_hexdigit());
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        out.push_str(if hex(&word) { "ID" } else { &word });
        word.clear();
        // How wide a column is depends on the words in it.
        if c != '\n' && !(c == ' ' && out.ends_with(' ')) {
            out.push(c);
        }
    }
    let ages = ["Less than a second", "About a minute", "1 second"].map(str::to_owned).into_iter();
    let counted =
        ["seconds", "minutes"].into_iter().flat_map(|unit| (1..60).rev().map(move |n| format!("{n} {unit}")));
    ages.chain(counted).fold(out, |text, age| text.replace(&age, "AGE")).replace("docker", "strata")
}
