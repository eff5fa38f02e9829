//! Listening: one thread that accepts, one for each connection, all gone when the server is dropped.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Origin, Shared, connection};

/// The sockets in use, so that they can be shut from outside.
type Sockets = Arc<Mutex<HashMap<u64, TcpStream>>>;

/// A listener and its connections.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    sockets: Sockets,
}

impl Server {
    /// Listens on a free port of `host`.
    pub(crate) fn start(shared: &Arc<Shared>, host: &str, gated: bool) -> io::Result<(Server, Origin)> {
        let listener = TcpListener::bind((host, 0))?;
        let address = listener.local_addr()?;
        let scheme = if shared.tls.is_some() { "https" } else { "http" };
        let origin = Origin { url: format!("{scheme}://{address}"), gated };
        let sockets = Sockets::default();
        let accepting = thread::spawn({
            let (shared, origin, sockets) = (Arc::clone(shared), origin.clone(), Arc::clone(&sockets));
            move || accept(&shared, &origin, &listener, &sockets)
        });
        Ok((Server { address, shared: Arc::clone(shared), accepting: Some(accepting), sockets }, origin))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.end();
        drop(TcpStream::connect(self.address));
        for socket in self.sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            drop(socket.shutdown(Shutdown::Both));
        }
        if let Some(accepting) = self.accepting.take() {
            drop(accepting.join());
        }
    }
}

fn accept(shared: &Arc<Shared>, origin: &Origin, listener: &TcpListener, sockets: &Sockets) {
    thread::scope(|scope| {
        for socket in listener.incoming() {
            if shared.stopped() {
                break;
            }
            let Ok(socket) = socket else { continue };
            let number = shared.connections.fetch_add(1, Ordering::Relaxed);
            if let Ok(handle) = socket.try_clone() {
                sockets.lock().unwrap_or_else(PoisonError::into_inner).insert(number, handle);
            }
            scope.spawn(move || {
                if let Ok(stream) = shared.greet(socket) {
                    connection::serve(shared, origin, stream, number);
                }
                sockets.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
            });
        }
        for socket in sockets.lock().unwrap_or_else(PoisonError::into_inner).values() {
            drop(socket.shutdown(Shutdown::Both));
        }
    });
}
