//! A raw HTTP peer: the test says for each request which bytes go out, and when.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Request line and headers.
    pub(crate) head: String,
    /// As long as its length says.
    pub(crate) body: Vec<u8>,
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
}

impl Seen {
    /// Method and target.
    pub(crate) fn line(&self) -> String {
        let mut words = self.head.split(' ');
        format!("{} {}", words.next().unwrap_or_default(), words.next().unwrap_or_default())
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    /// Every value of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<String> {
        let value = |line: &str| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        };
        self.head.lines().skip(1).filter_map(value).collect()
    }
}

/// What the peer does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends one byte at a time, with pauses.
    Drip(Vec<u8>, Duration),
    /// Waits.
    Pause(Duration),
    /// Sends the same bytes until nobody takes them any more.
    Endless(Vec<u8>),
    /// Says nothing until the peer goes.
    Silence,
    /// Closes the connection.
    Close,
    /// Becomes a tunnel to this address.
    Tunnel(String),
}

/// The bytes of an answer.
pub(crate) fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len()).into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}

/// A whole answer.
pub(crate) fn reply(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<Act> {
    vec![Act::Send(answer(status, headers, body))]
}

/// A redirect.
pub(crate) fn redirect(location: &str) -> Vec<Act> {
    reply("307 Temporary Redirect", &[("Location", location)], "")
}

type Handler = dyn Fn(&Seen) -> Vec<Act> + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    sent: AtomicUsize,
    stop: AtomicBool,
}

/// The peer; it stops when it is dropped.
pub(crate) struct Peer {
    shared: Arc<Shared>,
    /// `127.0.0.1:port`.
    pub(crate) host: String,
}

impl Peer {
    /// Listens, and does for each request what `handler` says.
    pub(crate) fn new(handler: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Peer {
        Peer::at("127.0.0.1", handler)
    }

    /// As [`Peer::new`], on another address of this machine.
    pub(crate) fn at(address: &str, handler: impl Fn(&Seen) -> Vec<Act> + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            seen: Mutex::default(),
            connections: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        });
        let inner = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if inner.stop.load(Ordering::SeqCst) {
                    return;
                }
                let inner = inner.clone();
                std::thread::spawn(move || inner.serve(stream));
            }
        });
        Peer { shared, host }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Method and target of the requests so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }

    /// Bytes that the other side's system took.
    pub(crate) fn bytes_sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(&self.host);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let connection = self.connections.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        while let Some(seen) = read_request(&mut stream, connection) {
            self.seen.lock().unwrap().push(seen.clone());
            for act in (self.handler)(&seen) {
                if !self.perform(&mut stream, act) {
                    let _ = stream.shutdown(Shutdown::Both);
                    return;
                }
            }
        }
    }

    /// Whether the connection goes on.
    fn perform(&self, stream: &mut TcpStream, act: Act) -> bool {
        match act {
            Act::Send(bytes) => self.send(stream, &bytes),
            Act::Drip(bytes, pause) => bytes.iter().all(|byte| {
                std::thread::sleep(pause);
                !self.stop.load(Ordering::SeqCst) && self.send(stream, &[*byte])
            }),
            Act::Pause(pause) => {
                std::thread::sleep(pause);
                true
            }
            Act::Endless(bytes) => {
                while self.send(stream, &bytes) && !self.stop.load(Ordering::SeqCst) {
                    std::hint::spin_loop();
                }
                false
            }
            Act::Silence => {
                while !self.stop.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(20));
                }
                false
            }
            Act::Close => false,
            Act::Tunnel(address) => {
                tunnel(stream, &address);
                false
            }
        }
    }

    fn send(&self, stream: &mut TcpStream, bytes: &[u8]) -> bool {
        let sent = stream.write_all(bytes).is_ok();
        if sent {
            self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
        }
        sent
    }
}

fn read_request(stream: &mut TcpStream, connection: usize) -> Option<Seen> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        // TLS to a peer that does not speak it is answered as other servers do.
        if head.first() == Some(&0x16) {
            let _ = stream.write_all(&answer("400 Bad Request", &[], ""));
            return None;
        }
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let mut seen = Seen { head: String::from_utf8_lossy(&head).into_owned(), body: Vec::new(), connection };
    let length: usize = seen.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    if seen.header("expect").is_some() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    seen.body = vec![0; length];
    stream.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

fn tunnel(stream: &TcpStream, address: &str) {
    let Ok(target) = TcpStream::connect(address) else { return };
    let pump = |from: &TcpStream, to: &TcpStream| {
        let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return None };
        Some(std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        }))
    };
    let threads = [pump(stream, &target), pump(&target, stream)];
    for thread in threads.into_iter().flatten() {
        let _ = thread.join();
    }
}
