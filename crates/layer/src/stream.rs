//! A layer's bytes on their way to the tar reader: read ahead (and inflated) on one thread, hashed on a second
//! one, so that a layer takes as long as its slowest part.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use spec::{Algorithm, DiffId, Digester};

use crate::error::Error;

/// Bytes that travel from thread to thread at a time: large enough to be few, small enough to stay cached.
const PIECE_BYTES: usize = 128 << 10;

/// Pieces between two threads: bounds memory, and lets the one side run ahead while the other waits for the
/// disk.
const PIECES: usize = 6;

type Piece = io::Result<Vec<u8>>;

/// The inflated bytes of a layer, as [`BufRead`].
#[derive(Debug)]
pub struct Stream {
    pieces: Receiver<Piece>,
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    start: usize,
    is_ended: bool,
}

/// What was hashed on the way.
#[derive(Debug)]
pub(crate) struct Digested {
    pub(crate) diff_id: DiffId,
    pub(crate) bytes: u64,
}

/// Runs `consume` over a stream that is read (and inflated, when it is a decoder) and hashed meanwhile. What
/// `consume` leaves unread is read and hashed too: the diff ID is that of the whole stream (REF-8).
pub(crate) fn digested<T>(
    source: impl Read + Send,
    consume: impl FnOnce(&mut Stream) -> Result<T, Error>,
) -> Result<(T, Digested), Error> {
    thread::scope(|scope| {
        let (send_read, take_read) = mpsc::sync_channel(PIECES);
        let (send_hashed, pieces) = mpsc::sync_channel(PIECES);
        let (used, take_used) = mpsc::channel();
        scope.spawn(move || read_ahead(source, &send_read, &take_used));
        let hashing = scope.spawn(move || hash(&take_read, &send_hashed));
        let mut stream = Stream { pieces, used, piece: Vec::new(), start: 0, is_ended: false };
        let value = consume(&mut stream)?;
        stream.drain()?;
        // Its end was seen, so that it has ended well.
        let digested = hashing.join().map_err(|_| Error::Read(died()))?;
        Ok((value, digested))
    })
}

/// Ends with the stream, with its first error, or when nobody takes pieces any more.
fn read_ahead(mut source: impl Read, pieces: &SyncSender<Piece>, used: &Receiver<Vec<u8>>) {
    loop {
        let mut piece = used.try_recv().unwrap_or_default();
        piece.resize(PIECE_BYTES, 0);
        let outcome = fill(&mut source, &mut piece);
        let is_last = !matches!(&outcome, Ok(n) if *n > 0);
        let sent = pieces.send(outcome.map(|n| {
            piece.truncate(n);
            piece
        }));
        if is_last || sent.is_err() {
            return;
        }
    }
}

/// Hashes pieces and passes them on, until there are no more or nobody takes them.
fn hash(pieces: &Receiver<Piece>, hashed: &SyncSender<Piece>) -> Digested {
    let mut digester = Digester::new(Algorithm::Sha256);
    for piece in pieces {
        if let Ok(bytes) = &piece {
            digester.update(bytes);
        }
        if hashed.send(piece).is_err() {
            break;
        }
    }
    Digested { bytes: digester.bytes(), diff_id: DiffId(digester.finish()) }
}

fn died() -> io::Error {
    io::Error::other("a thread that reads the layer died")
}

/// Reads until the buffer is full or the stream ends. An error after some bytes comes again at the next call.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

impl Stream {
    fn next_piece(&mut self) -> io::Result<()> {
        if self.is_ended {
            return Ok(());
        }
        let piece = self.pieces.recv().map_err(|_| died())?;
        let piece = piece.inspect_err(|_| self.is_ended = true)?;
        self.is_ended = piece.is_empty();
        // Nobody takes it back any more once the reading thread is done.
        let _ = self.used.send(std::mem::replace(&mut self.piece, piece));
        self.start = 0;
        Ok(())
    }

    fn drain(&mut self) -> Result<(), Error> {
        while !self.is_ended {
            self.next_piece()?;
        }
        Ok(())
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.piece.len() {
            self.next_piece()?;
        }
        Ok(&self.piece[self.start..])
    }

    fn consume(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.piece.len());
    }
}

impl Read for Stream {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let piece = self.fill_buf()?;
        let n = piece.len().min(out.len());
        out[..n].copy_from_slice(&piece[..n]);
        self.consume(n);
        Ok(n)
    }
}
