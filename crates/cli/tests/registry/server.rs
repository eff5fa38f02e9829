//! A server that a test starts, and what tests ask of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use testkit::Scratch;
use testkit::image::{ArchiveForm, Codec, Image, Layer};

/// The server has to have ended by then.
const END: Duration = Duration::from_secs(30);

/// `strata registry serve` on a free port; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// What stands in names: address and port.
    pub(crate) host: String,
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts one on the scratch's folder `registry`, with options in the words of a line.
    pub(crate) fn start(scratch: &Scratch, options: &str) -> Server {
        Server::start_at(scratch, "127.0.0.1:0", options)
    }

    /// The same at an address and port.
    pub(crate) fn start_at(scratch: &Scratch, listen: &str, options: &str) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["registry", "serve", "--listen", listen, "--root"])
            .arg(scratch.path("registry"))
            .args(testkit::scratch::split(options))
            .env_clear()
            .env("HOME", scratch.home())
            .current_dir(scratch.work())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut err = child.stderr.take().unwrap();
        let log = std::thread::spawn(move || {
            let mut text = String::new();
            drop(err.read_to_string(&mut text));
            text
        });
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").and_then(|url| url.split_once("://"));
        let (_, host) = url.unwrap_or_else(|| panic!("it said {line:?}"));
        Server { child, host: host.to_owned(), log: Some(log) }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Sends a signal, waits for the end; how it ended, what it logged, and how long that took.
    pub(crate) fn end(mut self, signal: Signal) -> (ExitStatus, String, Duration) {
        let begun = Instant::now();
        self.signal(signal);
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < END, "{signal:?} did not end it");
            std::thread::sleep(Duration::from_millis(5));
        }
        let taken = begun.elapsed();
        (self.child.wait().unwrap(), self.log.take().unwrap().join().unwrap(), taken)
    }

    /// Asks for something; status line, headers and body.
    pub(crate) fn ask(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let host = &self.host;
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n"
        );
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A header of an answer.
pub(crate) fn header(answer: &str, name: &str) -> String {
    let lines = answer.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(": "));
    let mut found =
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned());
    found.next().unwrap_or_else(|| panic!("no {name} in {answer}"))
}

pub(crate) fn scratch() -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_strata"))
}

/// Pushes an image with a layer of that seed; its digest.
pub(crate) fn push(scratch: &Scratch, server: &Server, name: &str, seed: u64) -> String {
    let image = Image::new(vec![Layer::noise("noise", seed, 50_000, Codec::None)]).build();
    let name = format!("{}/{name}", server.host);
    let archive = scratch.work().join("image.tar");
    image.write_docker_archive(&archive, &[&name], ArchiveForm::Blobs).unwrap();
    scratch.run("load -q -i image.tar").expect_success();
    let pushed = scratch.run(&format!("push {name}"));
    let words: Vec<&str> = pushed.expect_success().stdout.split_whitespace().collect();
    words[words.len() - 3].to_owned()
}
