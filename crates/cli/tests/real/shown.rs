//! What is shown of containers and removed with them, by Docker's engine and by this program, line by line.
//!
//! Debian's engine is older than the one that is followed here: what it says in other words by now stands in
//! [`NEWER`].

use std::process::{Command, Output};

use testkit::peers::Docker;
use testkit::skip;

/// Containers of every state; `$X` is the program.
const SETUP: &str = r#"
tar -c -C "$FILES" . | $X import -c 'CMD ["/bin/sh"]' -c 'EXPOSE 80/tcp' - bb
$X run -d --network host --name h1 -l stage=prod bb sleep 1000
$X run -d --network none --name n1 -l a=b -v /data -v /tmp:/x:ro --tmpfs /t:size=1m --health-cmd true --health-interval 1s bb sleep 1000
$X create --name c1 --network none bb
$X run --network none --name e1 bb sh -c 'exit 3' || true
$X run --network none --name e2 bb sh -c 'head -c 10240 /dev/zero > /big'
$X run -d --network none --name p1 bb sleep 1000
$X pause p1
$X run -d --network none --name k1 bb sleep 1000
$X kill k1
sleep 3
"#;

const COMMANDS: &str = r#"
$X ps
$X ps -a
$X ps -aq | wc -l
$X ps -as --format '{{.Names}} {{.Size}}'
$X ps -a --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Status}}|{{.Ports}}|{{.Labels}}|{{.LocalVolumes}}|{{.Networks}}'
$X ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.Command}}'
$X ps -a --format 'table {{.Names}}\t{{.Label "stage"}}'
$X ps -n 2 --format '{{.Names}}'
$X ps -l --format '{{.Names}}'
$X ps -l -n 3 --format '{{.Names}}'
$X ps --format '{{.Nope}}'
$X ps -f status=exited --format '{{.Names}}'
$X ps -f status=paused -f status=created --format '{{.Names}}'
$X ps -a -f exited=3 --format '{{.Names}}'
$X ps -a -f exited=137 --format '{{.Names}}'
$X ps -a -f exited=0 --format '{{.Names}}'
$X ps -a -f name=1 --format '{{.Names}}'
$X ps -a -f name=^/h1$ --format '{{.Names}}'
$X ps -a -f name=[ --format '{{.Names}}'
$X ps -a -f before=e1 --format '{{.Names}}'
$X ps -a -f since=e1 --format '{{.Names}}'
$X ps -f since=e1 --format '{{.Names}}'
$X ps -a -f id=$($X ps -aq -f name=e1) --format '{{.Names}}'
$X ps -a -f label=stage --format '{{.Names}}'
$X ps -a -f label=stage=x --format '{{.Names}}'
$X ps -a -f volume=/data --format '{{.Names}}'
$X ps -a -f volume=/tmp --format '{{.Names}}'
$X ps -a -f network=none --format '{{.Names}}'
$X ps -a -f network=host --format '{{.Names}}'
$X ps -a -f health=healthy --format '{{.Names}}'
$X ps -a -f health=none --format '{{.Names}}'
$X ps -a -f ancestor=bb --format '{{.Names}}'
$X ps -a -f ancestor=nosuch --format '{{.Names}}'
$X ps -a -f is-task=true --format '{{.Names}}'
$X ps -a -f is-task=maybe --format '{{.Names}}'
$X ps -a -f expose=80 --format '{{.Names}}'
$X ps -a -f publish=80 --format '{{.Names}}'
$X ps -a -f publish=x --format '{{.Names}}'
$X ps -a -f publish=80-x --format '{{.Names}}'
$X ps -a -f expose=80/foo --format '{{.Names}}'
$X ps -a -f expose=70000 --format '{{.Names}}'
$X ps -a -f before=nosuch --format '{{.Names}}'
$X ps -a -f nosuch=1
$X ps -a -f exited=x
$X inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}' h1 n1 c1 e1 e2 p1 k1
$X inspect -f '{{json .Mounts}}' h1
$X inspect -f '{{range .Mounts}}{{if eq .Type "bind"}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}} {{.Driver}}{{end}}{{end}}' n1
$X inspect -f '{{range .Mounts}}{{if eq .Type "volume"}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}} {{.Driver}}{{end}}{{end}}' n1
$X inspect -f '{{json .Config}}' n1 c1 h1
$X inspect -f '{{json .HostConfig.RestartPolicy}} {{json .HostConfig.Tmpfs}} {{json .HostConfig.Binds}} {{.HostConfig.NetworkMode}}' n1
$X inspect -f '{{json .NetworkSettings}}' c1
$X inspect -f '{{json .NetworkSettings.Networks}}' e1 n1
$X inspect -f '{{.ResolvConfPath}} {{.LogPath}}' c1
$X inspect -f '{{.Path}} {{.Args}} {{.Name}} {{.RestartCount}} {{.Platform}}' h1 n1 c1 e1
$X inspect -s -f '{{.SizeRw}}' e1 e2
$X inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' n1
$X inspect -f '{{.State.Health.Status}}' h1
$X inspect -f '{{.Nope}}' h1
$X inspect nosuch
$X inspect h1 nosuch -f '{{.Name}}'
$X inspect --type container bb
$X inspect --type image h1
$X container inspect nosuch
$X container inspect -f '{{' h1
$X top h1 -o pid,cmd | wc -l
$X top n1 | cut -d' ' -f1
$X top nosuch
$X top p1 -o pid | wc -l
$X top h1 -o ppid
$X top h1 -o ppid=PID
$X top h1 --foo
$X port h1
$X port c1
$X port n1 80
$X port nosuch
$X stats --no-stream --format '{{.Name}} {{.PIDs}}' h1 p1
$X stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' e1
$X stats --no-stream nosuch
$X system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'
$X system df -v --format '{{range .Containers}}{{.Names}} {{.Size}}{{println}}{{end}}'
$X rmi bb
$X tag bb two
$X rmi two
$X rmi $($X images -q bb)
$X rmi -f $($X images -q bb)
$X rm -f h1 n1 p1
$X rmi bb
$X rmi $($X images -q bb)
$X image prune -af
$X rmi -f $($X images -q bb)
$X ps -a --format '{{.Names}} {{.Image}}'
$X images -a
$X container prune -f --filter label=x
$X container prune -f --filter until=10h
$X container prune -f --filter foo=1
$X container prune -f --filter until=x
$X container prune -f
$X container prune -f
$X ps -aq
$X system prune -f
$X system prune -f --filter until=1h --volumes
"#;

/// What Debian's engine says, and what the newer one says instead.
const NEWER: &[(&str, &str)] = &[
    ("Invalid filter 'is-task=[maybe]'", "invalid filter 'is-task=[maybe]'"),
    ("no such container nosuch", "No such container: nosuch"),
    ("no such image: h1: No such image", "No such image"),
    ("Invalid filter 'nosuch'", "invalid filter 'nosuch'"),
    ("Invalid filter 'foo'", "invalid filter 'foo'"),
    ("strconv.Atoi: parsing", "invalid filter 'exited=x': strconv.Atoi: parsing"),
];

/// Runs a line with a program in place of `$X`.
fn run(program: &str, line: &str) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("X", program).env_remove("DOCKER_HOST");
    command.output().unwrap()
}

/// Leaves no container behind, also when a test fails; Docker's go with its engine.
struct Cleared<'p>(&'p str);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        run(self.0, "for id in $($X ps -aq); do $X rm -fv $id; done");
    }
}

/// What was said, without what differs each time.
fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = format!("{}2> {}[{:?}]", text(&output.stdout), text(&output.stderr), output.status.code());
    let lines: Vec<String> = all.lines().map(plain).collect();
    lines.join("\n")
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

/// What its client prints is of the version that is followed here, other than what its engine says.
fn has_todays_client() -> bool {
    let version = Command::new("docker").arg("--version").output();
    version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("version 28."))
}

#[test]
fn containers_are_shown_as_dockers_engine_shows_them() {
    const BUSYBOX: &str = "/bin/busybox";
    if !std::path::Path::new(BUSYBOX).exists() {
        return skip::skip("busybox is not installed");
    }
    if !has_todays_client() {
        return skip::skip("no Docker client of version 28 is installed");
    }
    let Some(docker) = Docker::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("files/bin")).unwrap();
    std::fs::copy(BUSYBOX, folder.path().join("files/bin/busybox")).unwrap();
    for name in ["sh", "sleep", "true", "head"] {
        std::os::unix::fs::symlink("busybox", folder.path().join("files/bin").join(name)).unwrap();
    }
    let files = folder.path().join("files").display().to_string();
    let root = folder.path().join("root").display().to_string();
    let ours = format!("{} --root {root} --storage-driver overlay2", env!("CARGO_BIN_EXE_strata"));
    let line = docker.line("");
    let theirs = format!("docker {}", line.trim().split_once(' ').unwrap().1);
    let _cleared = Cleared(&ours);
    for program in [&theirs, &ours] {
        let setup = run(program, &format!("set -e\nFILES={files}\n{SETUP}"));
        assert!(setup.status.success(), "{}", said(&setup));
    }
    let mut different = Vec::new();
    for line in COMMANDS.trim().lines() {
        let expect = NEWER.iter().fold(said(&run(&theirs, line)), |text, (old, new)| text.replace(old, new));
        let found = said(&run(&ours, line));
        if found != expect {
            different.push(format!("$ {line}\n{found}\n--- not\n{expect}\n"));
        }
    }
    assert!(
        different.is_empty(),
        "{}",
        different.join(
            "
"
        )
    );
}
