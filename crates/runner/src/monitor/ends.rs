//! Both ends of a program's streams: pipes, or a terminal that the runtime makes.

#![expect(clippy::disallowed_methods, reason = "opens /dev/null for programs")]

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use disk::Dir;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::error::{Error, Result};
use crate::logs::Stream;
use crate::runtime::Stdio3;
use crate::runtime::console::ConsoleSocket;

/// The streams of a program that is about to start.
pub(super) struct Ends {
    console: Option<ConsoleSocket>,
    stdin: Option<OwnedFd>,
    outputs: Vec<(OwnedFd, Stream)>,
}

/// The streams of a program that runs, from outside.
pub(super) struct Connected {
    /// Where its standard input comes from.
    pub(super) stdin: Option<OwnedFd>,
    /// Its terminal, which is also its only output.
    pub(super) terminal: Option<OwnedFd>,
    /// What it writes.
    pub(super) outputs: Vec<(OwnedFd, Stream)>,
}

impl Ends {
    /// Makes them, with standard input only where it is wanted; `name` is free in `folder` for a socket.
    pub(super) fn make(folder: &Dir, name: &str, tty: bool, stdin: bool) -> Result<(Ends, Stdio3)> {
        if tty {
            let console = ConsoleSocket::bind(folder, name).map_err(failed)?;
            let theirs = Stdio3 { stdin: null()?, stdout: null()?, stderr: null()? };
            return Ok((Ends { console: Some(console), stdin: None, outputs: Vec::new() }, theirs));
        }
        let (their_stdin, our_stdin) = match stdin {
            true => pipe().map(|(read, write)| (read, Some(write)))?,
            false => (null()?, None),
        };
        let (stdout, their_stdout) = pipe()?;
        let (stderr, their_stderr) = pipe()?;
        let outputs = vec![(stdout, Stream::Stdout), (stderr, Stream::Stderr)];
        let theirs = Stdio3 { stdin: their_stdin, stdout: their_stdout, stderr: their_stderr };
        Ok((Ends { console: None, stdin: our_stdin, outputs }, theirs))
    }

    /// Where the runtime hands the terminal over.
    pub(super) fn console_socket(&self) -> Option<PathBuf> {
        self.console.as_ref().map(ConsoleSocket::path)
    }

    /// Takes the terminal that the runtime handed over.
    pub(super) fn connected(self) -> Result<Connected> {
        let Some(console) = self.console else {
            return Ok(Connected { stdin: self.stdin, terminal: None, outputs: self.outputs });
        };
        let terminal = console.receive().map_err(failed)?;
        let twice = || terminal.try_clone().map_err(failed);
        let connected = Connected {
            stdin: Some(twice()?),
            outputs: vec![(twice()?, Stream::Stdout)],
            terminal: Some(terminal),
        };
        Ok(connected)
    }
}

fn pipe() -> Result<(OwnedFd, OwnedFd)> {
    pipe_with(PipeFlags::CLOEXEC).map_err(|errno| failed(errno.into()))
}

fn null() -> Result<OwnedFd> {
    let file = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null");
    file.map(OwnedFd::from).map_err(failed)
}

fn failed(source: io::Error) -> Error {
    Error::Process { doing: "connect the program's streams", source }
}
