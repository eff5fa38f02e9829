//! Listening: one thread that accepts, one for each connection, all gone when the listener is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// What serves a connection until it ends.
type Serve = dyn Fn(TcpStream) + Send + Sync;

/// A listener and its connections.
pub(crate) struct Listener {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    /// The sockets in use, so that they can be shut from outside.
    sockets: Mutex<HashMap<u64, TcpStream>>,
}

impl Listener {
    /// Listens on a free port of `host`; the handler learns the address before the first connection.
    pub(crate) fn start<H>(host: &str, handler: impl FnOnce(SocketAddr) -> H) -> io::Result<Listener>
    where
        H: Fn(TcpStream) + Send + Sync + 'static,
    {
        let listener = TcpListener::bind((host, 0))?;
        let address = listener.local_addr()?;
        let handler = handler(address);
        let shared = Arc::new(Shared::default());
        let accepting = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.accept(&listener, &handler)
        });
        Ok(Listener { address, shared, accepting: Some(accepting) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting thread, which then sees that it is to stop.
        drop(TcpStream::connect(self.address));
        self.shared.shut_all();
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

/// A connection's place among the sockets; given up also when its handler panics, or the client would wait
/// for ever.
struct Entry<'a> {
    shared: &'a Shared,
    number: u64,
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        self.shared.sockets.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl Shared {
    fn accept(&self, listener: &TcpListener, handler: &Serve) {
        thread::scope(|scope| {
            for (socket, number) in listener.incoming().zip(0..) {
                if self.stop.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(socket) = socket else { continue };
                if let Ok(handle) = socket.try_clone() {
                    self.sockets.lock().unwrap_or_else(PoisonError::into_inner).insert(number, handle);
                }
                scope.spawn(move || {
                    let _entry = Entry { shared: self, number };
                    handler(socket);
                });
            }
            self.shut_all();
        });
    }

    fn shut_all(&self) {
        for socket in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            drop(socket.shutdown(Shutdown::Both));
        }
    }
}
