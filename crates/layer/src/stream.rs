//! A layer's bytes on their way to the tar reader: read ahead on a second thread, hashed as they pass.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use spec::{Algorithm, DiffId, Digester};

use crate::error::Error;

/// Bytes that travel from thread to thread at a time: large enough to be few, small enough to stay cached.
const PIECE_BYTES: usize = 128 << 10;

/// Pieces on their way: bounds memory, and lets the one side run ahead while the other waits for the disk.
const PIECES: usize = 8;

type Piece = io::Result<Vec<u8>>;

/// The inflated bytes of a layer, as [`BufRead`].
pub struct Stream {
    pieces: Receiver<Piece>,
    used: Sender<Vec<u8>>,
    piece: Vec<u8>,
    start: usize,
    digester: Digester,
    is_ended: bool,
}

/// What was hashed on the way.
#[derive(Debug)]
pub(crate) struct Digested {
    pub(crate) diff_id: DiffId,
    pub(crate) bytes: u64,
}

/// Runs `consume` over a stream that is read (and inflated, when it is a decoder) on a thread of its own.
/// What `consume` leaves unread is read and hashed too: the diff ID is that of the whole stream (REF-8).
pub(crate) fn digested<T>(
    source: impl Read + Send,
    consume: impl FnOnce(&mut Stream) -> Result<T, Error>,
) -> Result<(T, Digested), Error> {
    thread::scope(|scope| {
        let (send_piece, pieces) = mpsc::sync_channel(PIECES);
        let (used, take_used) = mpsc::channel();
        scope.spawn(move || read_ahead(source, &send_piece, &take_used));
        let mut stream = Stream {
            pieces,
            used,
            piece: Vec::new(),
            start: 0,
            digester: Digester::new(Algorithm::Sha256),
            is_ended: false,
        };
        let value = consume(&mut stream)?;
        let digested = stream.finish()?;
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
        let piece = self.pieces.recv().map_err(|_| io::Error::other("the reading thread died"))?;
        let piece = piece.inspect_err(|_| self.is_ended = true)?;
        self.is_ended = piece.is_empty();
        self.digester.update(&piece);
        // Nobody takes it back any more once the reading thread is done.
        let _ = self.used.send(std::mem::replace(&mut self.piece, piece));
        self.start = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Digested, Error> {
        while !self.is_ended {
            self.next_piece()?;
        }
        Ok(Digested { bytes: self.digester.bytes(), diff_id: DiffId(self.digester.finish()) })
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("bytes", &self.digester.bytes()).finish_non_exhaustive()
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
