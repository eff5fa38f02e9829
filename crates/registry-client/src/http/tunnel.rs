//! A way through a proxy to the target: HTTP `CONNECT`, and SOCKS 5 (RFC 1928, RFC 1929).

use std::io::{Read, Write};

use ureq::unversioned::transport::TransportAdapter;

use super::error::TransportError;
use super::proxy::Proxy;
use crate::limits::HEADER_BYTES_MAX;
use crate::url::{Host, Origin};

/// Asks an HTTP proxy for a tunnel to the target.
pub(crate) fn connect(
    stream: &mut TransportAdapter,
    target: &Origin,
    proxy: &Proxy,
    user_agent: &str,
) -> Result<(), TransportError> {
    let name = format!("{}:{}", target.host, target.port);
    let mut request = format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\nUser-Agent: {user_agent}\r\n");
    let authorization = proxy.authorization();
    if let Some(authorization) = &authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization.expose());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let request = zeroize::Zeroizing::new(request);
    stream.write_all(request.as_bytes()).map_err(TransportError::from_io)?;
    let head = read_head(stream)?;
    let mut words = head.split(|b| *b == b' ' || *b == b'\r');
    let http = words.next().is_some_and(|version| version.starts_with(b"HTTP/1."));
    match words.next() {
        Some([b'2', _, _]) if http => Ok(()),
        Some(b"407") => Err(TransportError::Proxy("Proxy Authentication Required".to_owned())),
        Some(status) if http && status.iter().all(u8::is_ascii_digit) => {
            let status = String::from_utf8_lossy(status);
            Err(TransportError::Proxy(format!("the proxy answers CONNECT with status {status}")))
        }
        _ => Err(TransportError::Proxy("the proxy does not answer in HTTP".to_owned())),
    }
}

/// Reads up to the empty line and not a byte further: what follows belongs to the target.
fn read_head(stream: &mut TransportAdapter) -> Result<Vec<u8>, TransportError> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() == HEADER_BYTES_MAX {
            return Err(TransportError::HeadTooLarge);
        }
        stream.read_exact(&mut byte).map_err(TransportError::from_io)?;
        head.push(byte[0]);
    }
    Ok(head)
}

/// Asks a SOCKS 5 proxy for a connection to the target, by name.
pub(crate) fn socks5(
    stream: &mut TransportAdapter,
    target: &Origin,
    proxy: &Proxy,
) -> Result<(), TransportError> {
    let failed = |what: &str| TransportError::Proxy(format!("socks: {what}"));
    let greeting: &[u8] = if proxy.user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    stream.write_all(greeting).map_err(TransportError::from_io)?;
    match (read_bytes::<2>(stream)?, &proxy.user) {
        ([5, 0], _) => {}
        ([5, 2], Some((name, password))) => {
            let request = zeroize::Zeroizing::new(
                user_request(name, password.expose())
                    .ok_or_else(|| failed("user name and password must not be longer than 255 bytes"))?,
            );
            stream.write_all(&request).map_err(TransportError::from_io)?;
            if read_bytes::<2>(stream)?[1] != 0 {
                return Err(failed("user name or password refused"));
            }
        }
        _ => return Err(failed("no acceptable authentication method")),
    }
    let mut request = vec![5, 1, 0];
    push_address(&mut request, &target.host);
    request.extend_from_slice(&target.port.to_be_bytes());
    stream.write_all(&request).map_err(TransportError::from_io)?;
    let [_, reply, _, kind] = read_bytes::<4>(stream)?;
    if reply != 0 {
        return Err(failed(reply_text(reply)));
    }
    let rest = match kind {
        1 => 4,
        4 => 16,
        3 => usize::from(read_bytes::<1>(stream)?[0]),
        _ => return Err(failed("malformed reply")),
    };
    let mut bound = vec![0; rest + 2];
    stream.read_exact(&mut bound).map_err(TransportError::from_io)
}

fn read_bytes<const N: usize>(stream: &mut TransportAdapter) -> Result<[u8; N], TransportError> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).map_err(TransportError::from_io)?;
    Ok(bytes)
}

fn user_request(name: &str, password: &str) -> Option<Vec<u8>> {
    let mut request = vec![1, u8::try_from(name.len()).ok()?];
    request.extend_from_slice(name.as_bytes());
    request.push(u8::try_from(password.len()).ok()?);
    request.extend_from_slice(password.as_bytes());
    Some(request)
}

fn push_address(request: &mut Vec<u8>, host: &Host) {
    match host {
        Host::Address(std::net::IpAddr::V4(address)) => {
            request.push(1);
            request.extend_from_slice(&address.octets());
        }
        Host::Address(std::net::IpAddr::V6(address)) => {
            request.push(4);
            request.extend_from_slice(&address.octets());
        }
        Host::Name(name) => {
            // Hosts are checked to be at most 253 bytes plus a dot.
            request.push(3);
            request.push(name.len() as u8);
            request.extend_from_slice(name.as_bytes());
        }
    }
}

fn reply_text(reply: u8) -> &'static str {
    match reply {
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "general SOCKS server failure",
    }
}
