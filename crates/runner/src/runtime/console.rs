//! The terminal that a runtime hands over.

use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use disk::Dir;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::socket;

/// Where a runtime hands a terminal over.
#[derive(Debug)]
pub struct ConsoleSocket {
    listener: UnixListener,
    folder: Dir,
    name: String,
}

impl ConsoleSocket {
    /// Listens under a name in a folder; what has the name is removed.
    ///
    /// # Errors
    /// When the folder cannot be written.
    #[expect(clippy::disallowed_methods, reason = "the runtime connects to hand a terminal over")]
    pub fn bind(folder: &Dir, name: &str) -> io::Result<ConsoleSocket> {
        let failed = |error: disk::Error| io::Error::new(error.kind(), error);
        let folder = folder.try_clone().map_err(failed)?;
        folder.remove_file(name).map_err(failed)?;
        let listener = UnixListener::bind(socket::short_path(&folder, name))?;
        Ok(ConsoleSocket { listener, folder, name: name.to_owned() })
    }

    /// What the runtime is told, for as long as this is there.
    pub fn path(&self) -> PathBuf {
        socket::short_path(&self.folder, &self.name)
    }

    /// Takes the terminal from the runtime that connects.
    ///
    /// # Errors
    /// When it connects without one.
    pub fn receive(self) -> io::Result<OwnedFd> {
        receive(&self.listener)
    }
}

impl Drop for ConsoleSocket {
    fn drop(&mut self) {
        // One that stays goes with the container's folder.
        let _ = self.folder.remove_file(&self.name);
    }
}

fn receive(listener: &UnixListener) -> io::Result<OwnedFd> {
    let (stream, _) = listener.accept()?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut name = [0; 4096];
    recvmsg(&stream, &mut [IoSliceMut::new(&mut name)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let terminal = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    terminal.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the runtime handed over no terminal"))
}

/// Sets a terminal's size.
///
/// # Errors
/// When nobody has it open any more.
pub fn resize(terminal: impl AsFd, rows: u16, columns: u16) -> io::Result<()> {
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    Ok(tcsetwinsize(terminal, size)?)
}
