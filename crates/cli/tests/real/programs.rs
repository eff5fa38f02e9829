//! What people run: Debian's own tools, a shell on a terminal, Python, a web server behind a published port, a database
//! whose data outlives its container, and an image made of a container that travels through a registry.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use testkit::scratch::Terminal;
use testkit::{Scratch, skip, until};

use crate::debian;

const PATIENCE: Duration = Duration::from_secs(20);
/// A store with the image `debian:12`; nothing where containers do not run or Debian is not to be had.
fn debian() -> Option<Scratch> {
    if !skip::root() || !skip::installed("runc") {
        return None;
    }
    let tar = debian::tar();
    let listing = Command::new("tar").arg("-tf").arg(&tar).output().unwrap();
    if !String::from_utf8_lossy(&listing.stdout).contains("./usr/bin/apt-get\n") {
        skip::skip("needs a root of Debian's, which debootstrap makes");
        return None;
    }
    let scratch = crate::scratch();
    let words = ["import", "-c", "CMD [\"bash\"]", &tar.display().to_string(), "debian:12"];
    scratch.run_args(&words.map(str::to_owned)).expect_success();
    Some(scratch)
}

/// Removes the scratch's containers, however a test ends.
struct Cleared<'s>(&'s Scratch);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        self.0.shell("for id in $(strata ps -aq); do strata rm -fv $id; done");
    }
}

#[track_caller]
fn says(scratch: &Scratch, line: &str, expect: &str) {
    let outcome = scratch.shell(line);
    outcome.expect_success();
    assert!(outcome.stdout.contains(expect), "{expect:?} is not in {outcome}");
}

/// One after the other: putting Debian into a store takes longer than the rest.
#[test]
fn debians_programs_run_in_containers() {
    let Some(scratch) = debian() else { return };
    packages_are_removed_built_and_installed(&scratch);
    python_has_what_it_needs(&scratch);
    a_shell_on_a_terminal_has_jobs_sizes_and_a_way_out(&scratch);
    a_web_server_is_reached_through_its_port(&scratch);
    a_database_finds_its_data_in_the_next_container(&scratch);
    a_container_becomes_an_image_that_runs_elsewhere(&scratch);
}

fn packages_are_removed_built_and_installed(scratch: &Scratch) {
    let _cleared = Cleared(scratch);
    scratch
        .shell("strata run --rm --network none debian:12 sh -c 'dpkg --audit && apt-get -q check'")
        .expect_success();
    let script = r"set -e
        mkdir -p x/DEBIAN x/usr/bin
        printf 'Package: greet\nVersion: 1\nArchitecture: all\nMaintainer: m <m@localhost>\nDescription: d\n' > x/DEBIAN/control
        printf '#!/bin/sh\necho greetings\n' > x/usr/bin/greet
        chmod 755 x/usr/bin/greet
        dpkg-deb --build x greet.deb
        apt-get install -qq -y ./greet.deb
        apt-get purge -qq -y perl
        useradd --create-home --home-dir /srv/joe joe
        su joe -c 'greet; id -un; echo mine > ~/mine'";
    scratch.write("script", script);
    let ran = scratch.shell("strata run --name c1 --network none debian:12 sh -c \"$(cat script)\"");
    ran.expect_success();
    assert!(ran.stdout.ends_with("greetings\njoe\n"), "{ran}");
    let changed = scratch.run("diff c1").stdout;
    for line in ["A /usr/bin/greet", "A /srv/joe/mine", "D /usr/bin/pod2text", "C /etc/passwd"] {
        assert!(changed.lines().any(|it| it == line), "{line:?} is not in {changed}");
    }
    scratch.shell("strata commit -c 'USER joe' -c 'WORKDIR /srv/joe' c1 mine:1").expect_success();
    says(
        scratch,
        "strata run --rm --network none mine:1 sh -c 'id -un; cat mine; greet'",
        "joe\nmine\ngreetings\n",
    );
    scratch.run("run --rm --network none mine:1 pod2text").expect_exit(127);
    scratch.run("rm c1").expect_success();
}

fn python_has_what_it_needs(scratch: &Scratch) {
    let script = "import multiprocessing, os, socket, sqlite3, ssl, tempfile, time, zoneinfo\n\
                  with multiprocessing.Pool(3) as pool: print(sum(pool.map(abs, range(-9, 0))))\n\
                  sqlite3.connect('/tmp/db').execute('create table t (a)')\n\
                  print(socket.gethostname(), os.getpid(), len(os.urandom(4)), time.tzname[0])\n";
    scratch.write("script.py", script);
    let run = "strata run --rm -i --network none --hostname snake debian:12 python3 - < script.py";
    says(scratch, run, "45\nsnake 1 4 UTC\n");
    scratch.run("run --rm --network none debian:12 python3 -c 'import sys; sys.exit(9)'").expect_exit(9);
}

/// Types a line, and waits until the terminal shows something.
#[track_caller]
fn types(terminal: &mut Terminal, keys: &str, expect: &str) {
    terminal.type_keys(keys);
    let seen = terminal.wait_for(expect, PATIENCE);
    assert!(seen, "no {expect:?} after {keys:?} in\n{}", terminal.output());
}

fn a_shell_on_a_terminal_has_jobs_sizes_and_a_way_out(scratch: &Scratch) {
    let _cleared = Cleared(scratch);
    let line = "run -it --name c1 --network none -e PS1=ready> debian:12 bash --norc --noprofile";
    let mut terminal = scratch.on_terminal(line, 80, 24);
    types(&mut terminal, "", "ready>");
    types(&mut terminal, "stty size\r", "24 80");
    terminal.resize(101, 31);
    until("the new size arrives", || {
        terminal.type_keys("stty size\r");
        terminal.wait_for("31 101", Duration::from_millis(200))
    });
    types(&mut terminal, "sleep 98\r", "sleep 98");
    // The shell has to have given it the terminal.
    std::thread::sleep(Duration::from_millis(300));
    types(&mut terminal, "\x1a", "Stopped");
    types(&mut terminal, "jobs -r; bg; jobs -r | tr S s\r", "Running");
    types(&mut terminal, "fg; echo status $?\r", "fg");
    std::thread::sleep(Duration::from_millis(300));
    types(&mut terminal, "\x03echo and $?\r", "and 130");
    // Detached by keys, it runs on.
    terminal.type_keys("\x10\x11");
    terminal.wait().expect_success();
    assert_eq!(scratch.run("ps --format {{.Names}}").stdout, "c1\n");
    let mut terminal = scratch.on_terminal("attach c1", 70, 20);
    until("the attached answers", || {
        terminal.type_keys("stty size\r");
        terminal.wait_for("20 70", Duration::from_millis(200))
    });
    types(&mut terminal, "exit 3\r", "exit");
    terminal.wait().expect_exit(3);
    assert_eq!(scratch.run("inspect -f {{.State.ExitCode}} c1").stdout, "3\n");
}

fn a_web_server_is_reached_through_its_port(scratch: &Scratch) {
    if !skip::bridge() {
        return;
    }
    let _cleared = Cleared(scratch);
    std::fs::create_dir(scratch.path("work/site")).unwrap();
    scratch.write("site/index.html", "a page\n");
    let run = "strata run -d --name web -p 127.0.0.1::80 -v \"$PWD/site:/var/www/html:ro\" debian:12 \
               nginx -g 'daemon off;'";
    scratch.shell(run).expect_success();
    let told = scratch.run("port web 80/tcp").stdout;
    let mut page = String::new();
    until("nginx answers", || {
        page = TcpStream::connect(told.trim()).and_then(|mut stream| get(&mut stream)).unwrap_or_default();
        !page.is_empty()
    });
    assert!(page.starts_with("HTTP/1.1 200 OK") && page.ends_with("\r\n\r\na page\n"), "{page}");
    says(scratch, "strata exec web cat /var/log/nginx/access.log", "\"GET / HTTP/1.0\" 200");
    says(scratch, "strata top web", "nginx: worker process");
    scratch.run("stop web").expect_success();
    assert_eq!(scratch.run("inspect -f {{.State.ExitCode}} web").stdout, "0\n");
    assert!(TcpStream::connect(told.trim()).is_err(), "the port is still open");
}

fn get(stream: &mut TcpStream) -> std::io::Result<String> {
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn a_database_finds_its_data_in_the_next_container(scratch: &Scratch) {
    let _cleared = Cleared(scratch);
    let start = |name: &str| {
        let run = format!(
            "run -d --name {name} --network none -v data:/data -w /data debian:12 redis-server --save 900 1"
        );
        scratch.run(&run).expect_success();
        until("redis answers", || scratch.run(&format!("exec {name} redis-cli ping")).stdout == "PONG\n");
    };
    start("one");
    says(scratch, "strata exec one redis-cli set kept yes", "OK\n");
    scratch.run("stop one").expect_success();
    says(scratch, "strata logs one", "DB saved on disk");
    scratch.run("rm -v one").expect_success();
    start("two");
    says(scratch, "strata exec two redis-cli get kept", "yes\n");
    scratch.run("volume rm data").expect_exit(1);
    scratch.run("rm -f two").expect_success();
    scratch.run("volume rm data").expect_success();
    assert_eq!(scratch.run("volume ls -q").stdout, "");
}

/// `strata registry serve` on a free port, and what stands in names for it.
fn registry(scratch: &Scratch) -> (Killed, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["registry", "serve", "--listen", "127.0.0.1:0", "--root"])
        .arg(scratch.path("registry"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let host = line.trim_end().rsplit('/').next().unwrap().to_owned();
    (Killed(child), host)
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn a_container_becomes_an_image_that_runs_elsewhere(scratch: &Scratch) {
    let _cleared = Cleared(scratch);
    let (_server, host) = registry(scratch);
    let script = "mkdir /app; echo 'print(\"from afar\")' > /app/main.py; rm -r /usr/share/doc; ln /app/main.py /app/twin";
    let words = ["run", "--name", "c1", "--network", "none", "debian:12", "sh", "-c", script];
    scratch.run_args(&words.map(str::to_owned)).expect_success();
    let commit = "strata commit -a 'A Person' -m made -c 'CMD [\"python3\", \"/app/twin\"]'";
    scratch.shell(&format!("{commit} c1 {host}/team/app:1")).expect_success();
    scratch.run(&format!("push -q {host}/team/app:1")).expect_success();
    let other = crate::scratch();
    let _others = Cleared(&other);
    says(&other, &format!("strata run -q --rm --network none {host}/team/app:1"), "from afar\n");
    let ls = format!(
        "strata run --rm --network none {host}/team/app:1 sh -c 'stat -c %h /app/twin; ls /usr/share/doc'"
    );
    let gone = other.shell(&ls);
    gone.expect_exit(2).expect_stdout("2\n");
    other.run("fsck").expect_success();
    says(&other, &format!("strata history --format '{{{{.Comment}}}}' {host}/team/app:1"), "made\n");
}
