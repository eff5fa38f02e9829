//! The two ends of a conversation.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::frame;
use super::{Answer, Ask, Input, Output};

/// A conversation with a monitor, from the command's side.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
}

/// The half of a conversation that speaks.
#[derive(Debug)]
pub struct Sender {
    stream: UnixStream,
}

/// The half of a conversation that listens.
#[derive(Debug)]
pub struct Receiver {
    stream: UnixStream,
}

impl Connection {
    /// Asks the monitor that listens at `socket`.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn ask(socket: &Path, ask: &Ask) -> io::Result<Connection> {
        Connection::over(crate::socket::connect(socket)?, ask)
    }

    /// Asks over a stream that is there already.
    pub(crate) fn over(mut stream: UnixStream, ask: &Ask) -> io::Result<Connection> {
        frame::write(&mut stream, frame::ASK, &serde_json::to_vec(ask)?)?;
        Ok(Connection { stream })
    }

    /// Both halves, for two threads.
    ///
    /// # Errors
    /// When the process has no more descriptors.
    pub fn split(self) -> io::Result<(Sender, Receiver)> {
        Ok((Sender { stream: self.stream.try_clone()? }, Receiver { stream: self.stream }))
    }

    /// Waits for the answer; streams in between are dropped.
    ///
    /// # Errors
    /// When the monitor is gone.
    pub fn answer(self) -> io::Result<Answer> {
        let mut receiver = Receiver { stream: self.stream };
        loop {
            if let Output::Answer(answer) = receiver.next()? {
                return Ok(answer);
            }
        }
    }

    /// Waits until the program runs, or it is known that it does not.
    ///
    /// # Errors
    /// When the monitor is gone.
    pub fn begun(&mut self) -> io::Result<Option<Answer>> {
        let mut receiver = Receiver { stream: self.stream.try_clone()? };
        match receiver.next()? {
            Output::Answer(answer) => Ok(Some(answer)),
            _ => Ok(None),
        }
    }
}

impl Sender {
    /// Sends.
    ///
    /// # Errors
    /// When the monitor is gone.
    pub fn send(&mut self, input: &Input) -> io::Result<()> {
        let out = &mut self.stream;
        match input {
            Input::Stdin(bytes) => frame::write(out, frame::STDIN, bytes),
            Input::StdinEnd => frame::write(out, frame::STDIN_END, &[]),
            Input::Resize(rows, columns) => {
                let [a, b] = rows.to_be_bytes();
                let [c, d] = columns.to_be_bytes();
                frame::write(out, frame::RESIZE, &[a, b, c, d])
            }
            Input::Signal(signal) => frame::write(out, frame::SIGNAL, &signal.to_be_bytes()),
        }
    }

    /// Ends the conversation: whoever listens hears that the monitor is gone.
    pub fn hang_up(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

impl Receiver {
    /// Waits for what comes next.
    ///
    /// # Errors
    /// When the monitor is gone or says what cannot be understood.
    #[expect(clippy::should_implement_trait, reason = "it fails, and has no end but the answer")]
    pub fn next(&mut self) -> io::Result<Output> {
        let Some((kind, payload)) = frame::read(&mut self.stream)? else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the container's monitor is gone"));
        };
        match kind {
            frame::BEGUN => Ok(Output::Begun),
            frame::STDOUT => Ok(Output::Stdout(payload)),
            frame::STDERR => Ok(Output::Stderr(payload)),
            frame::ANSWER => Ok(Output::Answer(serde_json::from_slice(&payload)?)),
            _ => Err(not_understood()),
        }
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The monitor's side of a conversation: what it writes.
#[derive(Debug)]
pub(crate) struct Listener {
    stream: UnixStream,
}

impl Listener {
    pub(crate) fn new(stream: UnixStream) -> Listener {
        Listener { stream }
    }

    pub(crate) fn from_fd(fd: OwnedFd) -> Listener {
        Listener { stream: UnixStream::from(fd) }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Listener> {
        Ok(Listener { stream: self.stream.try_clone()? })
    }

    /// Reads the question; nothing from somebody who hung up without one.
    pub(crate) fn ask(&mut self) -> io::Result<Option<Ask>> {
        match frame::read(&mut self.stream)? {
            None => Ok(None),
            Some((frame::ASK, payload)) => Ok(Some(serde_json::from_slice(&payload)?)),
            Some(_) => Err(not_understood()),
        }
    }

    /// Reads what comes after the question; nothing when the command hung up.
    pub(crate) fn input(&mut self) -> io::Result<Option<Input>> {
        let Some((kind, payload)) = frame::read(&mut self.stream)? else { return Ok(None) };
        match (kind, &payload[..]) {
            (frame::STDIN, _) => Ok(Some(Input::Stdin(payload))),
            (frame::STDIN_END, _) => Ok(Some(Input::StdinEnd)),
            (frame::RESIZE, &[a, b, c, d]) => {
                Ok(Some(Input::Resize(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))))
            }
            (frame::SIGNAL, &[a, b, c, d]) => Ok(Some(Input::Signal(i32::from_be_bytes([a, b, c, d])))),
            _ => Err(not_understood()),
        }
    }

    pub(crate) fn begun(&mut self) -> io::Result<()> {
        frame::write(&mut self.stream, frame::BEGUN, &[])
    }

    pub(crate) fn stdout(&mut self, bytes: &[u8]) -> io::Result<()> {
        frame::write(&mut self.stream, frame::STDOUT, bytes)
    }

    pub(crate) fn stderr(&mut self, bytes: &[u8]) -> io::Result<()> {
        frame::write(&mut self.stream, frame::STDERR, bytes)
    }

    pub(crate) fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        frame::write(&mut self.stream, frame::ANSWER, &serde_json::to_vec(answer)?)
    }

    /// Ends the conversation from here.
    pub(crate) fn hang_up(&self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn not_understood() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame that is not part of the conversation")
}
