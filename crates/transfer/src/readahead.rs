//! Reading on a thread of its own, so that inflating and unpacking use a processor each.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

/// Bytes of one buffer: large enough that handing it over costs nothing.
const BUFFER_BYTES: usize = 256 << 10;
/// Buffers on the way: with the two at the ends some 1.5 MB a layer.
const BUFFERS: usize = 4;

/// What another thread reads, in order.
pub(crate) struct ReadAhead {
    filled: Receiver<io::Result<Vec<u8>>>,
    empty: SyncSender<Vec<u8>>,
    current: Vec<u8>,
    at: usize,
    ended: bool,
}

impl ReadAhead {
    /// Reads `source` on a thread of the scope. When this is dropped the thread ends after its next buffer.
    pub(crate) fn spawn<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        source: impl Read + Send + 'scope,
    ) -> ReadAhead {
        let (send, filled) = sync_channel(BUFFERS);
        let (empty, reuse) = sync_channel(BUFFERS + 2);
        scope.spawn(move || pump(source, &send, &reuse));
        ReadAhead { filled, empty, current: Vec::new(), at: 0, ended: false }
    }

    fn next(&mut self) -> io::Result<()> {
        let used = std::mem::take(&mut self.current);
        self.at = 0;
        if used.capacity() > 0 {
            // A full channel only means that enough buffers are on their way.
            let _ = self.empty.try_send(used);
        }
        match self.filled.recv() {
            Ok(Ok(buffer)) => self.current = buffer,
            Ok(Err(error)) => return Err(error),
            Err(_) => self.ended = true,
        }
        Ok(())
    }
}

fn pump(mut source: impl Read, send: &SyncSender<io::Result<Vec<u8>>>, reuse: &Receiver<Vec<u8>>) {
    loop {
        let mut buffer = reuse.try_recv().unwrap_or_default();
        buffer.clear();
        let result = (&mut source).take(BUFFER_BYTES as u64).read_to_end(&mut buffer);
        let message = match result {
            Ok(0) => return,
            Ok(_) => Ok(buffer),
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if send.send(message).is_err() || failed {
            return;
        }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.current.len() && !self.ended {
            self.next()?;
        }
        let n = (self.current.len() - self.at).min(buffer.len());
        buffer[..n].copy_from_slice(&self.current[self.at..self.at + n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_and_passes_errors_on() {
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
        let mut read = Vec::new();
        std::thread::scope(|scope| ReadAhead::spawn(scope, &bytes[..]).read_to_end(&mut read)).unwrap();
        assert!(read == bytes);
        let broken = (&bytes[..1000]).chain(Broken);
        let mut read = Vec::new();
        let error = std::thread::scope(|scope| ReadAhead::spawn(scope, broken).read_to_end(&mut read));
        assert_eq!(error.unwrap_err().to_string(), "broken");
    }

    #[test]
    fn a_reader_that_stops_does_not_hang_the_scope() {
        std::thread::scope(|scope| {
            let mut ahead = ReadAhead::spawn(scope, io::repeat(1));
            ahead.read_exact(&mut [0; 10]).unwrap();
        });
    }

    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
}
