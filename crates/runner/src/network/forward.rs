//! Passing connections on by hand, where no rule of the kernel leads to a container: from IPv6, and from wherever
//! else a rule does not reach. As long as it is there, it holds the published ports.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ports::Held;

/// Connections at a time that are passed on for one container; more are turned away, as each has two threads.
const CONNECTIONS_MAX: usize = 1024;
/// How long a container may take to say whether it listens.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// The copying itself is the kernel's.
const STACK_BYTES: usize = 64 << 10;
/// Between two tries to accept when nothing is left to accept with.
const PAUSE: Duration = Duration::from_millis(100);

/// Holds ports and passes connections on, until it is dropped.
#[derive(Debug)]
pub(super) struct Forward {
    shared: Arc<Shared>,
    listeners: Vec<TcpListener>,
    /// Ports of which connections are not passed on.
    others: Vec<OwnedFd>,
}

#[derive(Debug, Default)]
struct Shared {
    now: Mutex<Now>,
}

#[derive(Debug, Default)]
struct Now {
    is_over: bool,
    next: u64,
    connections: BTreeMap<u64, [TcpStream; 2]>,
}

impl Shared {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Forward {
    /// Begins to pass connections on to a container.
    ///
    /// # Errors
    /// When there is no thread left.
    pub(super) fn begin(held: Vec<Held>, container: Ipv4Addr) -> io::Result<Forward> {
        let mut forward = Forward { shared: Arc::default(), listeners: Vec::new(), others: Vec::new() };
        for held in held {
            let port = held.tcp_port();
            match (held.socket, port) {
                (Some(socket), Some(port)) => {
                    forward.listen(socket.into(), SocketAddr::from((container, port)))?
                }
                (Some(socket), None) => forward.others.push(socket),
                (None, _) => {}
            }
        }
        Ok(forward)
    }

    fn listen(&mut self, listener: TcpListener, to: SocketAddr) -> io::Result<()> {
        self.listeners.push(listener.try_clone()?);
        let shared = Arc::clone(&self.shared);
        spawn(move || accept(&shared, &listener, to))
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let mut now = self.shared.now();
        now.is_over = true;
        for stream in now.connections.values().flatten() {
            // One that is closed already is what is wanted.
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(now);
        for listener in &self.listeners {
            // Wakes the thread that waits for connections.
            let _ = rustix::net::shutdown(listener.as_fd(), rustix::net::Shutdown::Both);
        }
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work).map(drop)
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener, to: SocketAddr) {
    loop {
        let accepted = listener.accept();
        if shared.now().is_over {
            return;
        }
        match accepted {
            Ok((client, _)) => {
                let shared = Arc::clone(shared);
                // Without a thread for it the connection is closed, as it is when the container does not listen.
                let _ = spawn(move || drop(pass_on(&shared, client, to)));
            }
            Err(_) => std::thread::sleep(PAUSE),
        }
    }
}

/// Copies in both directions until both are at their end.
#[expect(clippy::disallowed_methods, reason = "published ports lead to the container")]
fn pass_on(shared: &Shared, client: TcpStream, to: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect_timeout(&to, CONNECT_PATIENCE)?;
    let number = {
        let mut now = shared.now();
        if now.is_over || now.connections.len() >= CONNECTIONS_MAX {
            return Ok(());
        }
        now.next += 1;
        let number = now.next;
        now.connections.insert(number, [client.try_clone()?, server.try_clone()?]);
        number
    };
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    let result =
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || copy(from_server, to_client));
    if let Ok(back) = result {
        copy(client, server);
        let _ = back.join();
    }
    shared.now().connections.remove(&number);
    Ok(())
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    // However it ends, the other side learns that nothing more comes.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;
    use crate::network::ports::ContainerPort;

    /// A listener at any port, and where it is.
    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let at = listener.local_addr().unwrap();
        (listener, at)
    }

    /// Passes one address on to another one.
    fn forward(to: SocketAddr) -> (Forward, SocketAddr) {
        let (held, at) = listener();
        let port = ContainerPort::parse(&format!("{}/tcp", to.port())).unwrap();
        let held = Held { at, port, socket: Some(held.into()) };
        (Forward::begin(vec![held], Ipv4Addr::LOCALHOST).unwrap(), at)
    }

    #[test]
    fn both_sides_hear_each_other_to_the_end() {
        let (server, to) = listener();
        let (_forward, at) = forward(to);
        let answering = std::thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let mut asked = String::new();
            stream.read_to_string(&mut asked).unwrap();
            stream.write_all(asked.to_uppercase().as_bytes()).unwrap();
        });
        let mut client = TcpStream::connect(at).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "HELLO");
        answering.join().unwrap();
    }

    #[test]
    fn where_nobody_listens_the_connection_ends() {
        let (server, to) = listener();
        let (_forward, at) = forward(to);
        drop(server);
        let mut client = TcpStream::connect(at).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    }

    #[test]
    fn dropping_it_ends_everything() {
        let (server, to) = listener();
        let (forward, at) = forward(to);
        let mut client = TcpStream::connect(at).unwrap();
        let (mut stream, _) = server.accept().unwrap();
        stream.write_all(b"x").unwrap();
        client.read_exact(&mut [0]).unwrap();
        drop(forward);
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
        let end = std::time::Instant::now() + Duration::from_secs(10);
        while TcpListener::bind(at).is_err() {
            assert!(std::time::Instant::now() < end, "the port is not free again");
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
