//! Names to addresses to connected sockets, within a time limit and interruptible.

use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::address::AddressPolicy;
use super::error::{NO_SUCH_HOST, TransportError};
use crate::cancel::Cancel;
use crate::url::Host;

/// How often a wait looks at the cancel flag.
const CANCEL_CHECK: Duration = Duration::from_millis(100);
/// The least time one of several addresses gets.
const ADDRESS_TIME_MIN: Duration = Duration::from_millis(500);

/// Where to connect, and under which conditions.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: Host,
    pub(crate) port: u16,
    pub(crate) policy: AddressPolicy,
}

/// Connects; the address that was judged is the one that is dialled (NET-3).
///
/// Neither name look-up nor connecting can be interrupted, so both happen on a thread that is left behind
/// when the operation is cancelled; it ends by itself.
pub(crate) fn connect(target: Target, time: Duration, cancel: &Cancel) -> Result<TcpStream, TransportError> {
    let deadline = Instant::now() + time;
    let name = address_text(&target.host, target.port);
    let work = move || connect_by(&target, deadline);
    wait(work, deadline, cancel)?.unwrap_or(Err(TransportError::ConnectTimeout(name)))
}

/// Looks a host's addresses up.
pub(crate) fn lookup(host: &Host, time: Duration, cancel: &Cancel) -> Result<Vec<IpAddr>, TransportError> {
    let deadline = Instant::now() + time;
    let owned = host.clone();
    let found = wait(move || resolve(&owned, 0), deadline, cancel)?;
    let timeout = || Err(TransportError::Lookup { host: host.to_string(), reason: "i/o timeout".to_owned() });
    Ok(found.unwrap_or_else(timeout)?.iter().map(SocketAddr::ip).collect())
}

/// Runs `work` on a thread; nothing when the time is over.
fn wait<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    deadline: Instant,
    cancel: &Cancel,
) -> Result<Option<T>, TransportError> {
    let (sender, receiver) = mpsc::sync_channel(1);
    let thread = move || {
        // The receiver is gone when nobody waits any more.
        let _ = sender.send(work());
    };
    std::thread::Builder::new().name("dial".to_owned()).spawn(thread).map_err(TransportError::io)?;
    loop {
        if cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match receiver.recv_timeout(left.min(CANCEL_CHECK)) {
            Ok(done) => return Ok(Some(done)),
            Err(RecvTimeoutError::Timeout) if !left.is_zero() => {}
            Err(_) => return Ok(None),
        }
    }
}

fn connect_by(target: &Target, deadline: Instant) -> Result<TcpStream, TransportError> {
    let addresses = resolve(&target.host, target.port)?;
    let mut refusal = None;
    let mut allowed = Vec::new();
    for address in addresses {
        match target.policy.judge(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(reason) => refusal = Some(reason),
        }
    }
    let mut last = match refusal {
        Some(reason) => TransportError::Address { host: target.host.to_string(), reason },
        None => no_such_host(&target.host),
    };
    for (at, address) in allowed.iter().enumerate() {
        let share = deadline.saturating_duration_since(Instant::now()) / (allowed.len() - at) as u32;
        match TcpStream::connect_timeout(address, share.max(ADDRESS_TIME_MIN)) {
            Ok(stream) => return Ok(stream),
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                last = TransportError::ConnectTimeout(address.to_string());
            }
            Err(error) => {
                last = TransportError::Connect { address: address.to_string(), source: error.into() };
            }
        }
    }
    Err(last)
}

fn resolve(host: &Host, port: u16) -> Result<Vec<SocketAddr>, TransportError> {
    let name = match host {
        Host::Address(address) => return Ok(vec![SocketAddr::new(*address, port)]),
        Host::Name(name) => &**name,
    };
    match (name, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => {
            // The resolver's error has no kind; "try again" is the one that may pass.
            let text = error.to_string();
            let passing = text.contains("Temporary failure") || text.contains("Try again");
            let reason = if passing { "server misbehaving" } else { NO_SUCH_HOST };
            Err(TransportError::Lookup { host: name.to_owned(), reason: reason.to_owned() })
        }
    }
}

fn no_such_host(host: &Host) -> TransportError {
    TransportError::Lookup { host: host.to_string(), reason: NO_SUCH_HOST.to_owned() }
}

fn address_text(host: &Host, port: u16) -> String {
    match host {
        Host::Address(address) => SocketAddr::new(*address, port).to_string(),
        Host::Name(name) => format!("{name}:{port}"),
    }
}
