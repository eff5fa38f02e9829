//! Makes connections for one agent: dial, proxy, TLS, checks.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use rustls::ClientConfig;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, Transport, TransportAdapter};

use super::address::{AddressPolicy, Nearness, nearness};
use super::agents::Contacts;
use super::checked::{Checked, ForwardProxy};
use super::dial::{self, Target};
use super::error::TransportError;
use super::proxy::{Proxy, ProxyKind};
use super::tcp::{READ_BYTES, Tcp};
use super::tls::Tls;
use super::tunnel;
use crate::cancel::Cancel;
use crate::url::{Host, Origin, Scheme};

/// How to reach one origin.
pub(crate) struct Route {
    pub(crate) origin: Origin,
    pub(crate) policy: AddressPolicy,
    pub(crate) proxy: Option<Proxy>,
    /// For the target; there when its scheme is https.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    /// For a proxy that speaks TLS itself.
    pub(crate) proxy_tls: Option<Arc<ClientConfig>>,
    pub(crate) user_agent: String,
    pub(crate) connect_timeout: Duration,
    pub(crate) cancel: Cancel,
    /// Where it is noted how near the address turned out to be.
    pub(crate) contacts: Arc<Contacts>,
}

impl Connector<()> for Route {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Box<dyn Transport>>, ureq::Error> {
        self.establish(details)
            .map(Some)
            .map_err(|error| TransportError::from_ureq(error).unestablished().into())
    }
}

/// What the kernel may hold for us of a server on this machine. There the default, made for far-away servers,
/// only means megabytes that are sent and not read when a download is killed.
const LOOPBACK_BUFFER_BYTES: usize = 128 << 10;

impl Route {
    fn establish(&self, details: &ConnectionDetails<'_>) -> Result<Box<dyn Transport>, ureq::Error> {
        let read_limit = Arc::new(AtomicUsize::new(READ_BYTES));
        let stream = dial::connect(self.first_hop()?, self.connect_timeout, &self.cancel)?;
        let peer = stream.peer_addr().ok().map(|address| address.ip());
        if peer.is_some_and(|peer| peer.is_loopback()) {
            // Only advice: what a kernel makes of it is fine.
            let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&stream, LOOPBACK_BUFFER_BYTES);
        }
        let mut transport: Box<dyn Transport> = Box::new(Tcp::new(stream, details, read_limit.clone())?);
        if self.proxy.is_none()
            && let Some(peer) = peer
        {
            self.contacts.note(&self.origin, nearness(peer).unwrap_or(Nearness::Private));
        }
        let mut forward = None;
        if let Some(proxy) = &self.proxy {
            (transport, forward) = self.through(proxy, transport, details)?;
        }
        if let Some(config) = &self.tls {
            transport = Box::new(Tls::connect(transport, &self.origin.host, config.clone(), details)?);
        }
        Ok(Box::new(Checked::new(transport, forward, read_limit)))
    }

    /// What is dialled: the proxy, which the user chose, or the target under its policy.
    fn first_hop(&self) -> Result<Target, TransportError> {
        let Some(proxy) = &self.proxy else {
            let Origin { host, port, .. } = self.origin.clone();
            return Ok(Target { host, port, policy: self.policy });
        };
        // Names are looked up by the proxy, so that only literals can be judged.
        if let Host::Address(address) = self.origin.host {
            let host = self.origin.host.to_string();
            self.policy.judge(address).map_err(|reason| TransportError::Address { host, reason })?;
        }
        Ok(Target { host: proxy.host.clone(), port: proxy.port, policy: AddressPolicy::Any })
    }

    fn through(
        &self,
        proxy: &Proxy,
        transport: Box<dyn Transport>,
        details: &ConnectionDetails<'_>,
    ) -> Result<(Box<dyn Transport>, Option<ForwardProxy>), ureq::Error> {
        let mut transport = transport;
        if let (ProxyKind::Https, Some(config)) = (proxy.kind, &self.proxy_tls) {
            transport = Box::new(Tls::connect(transport, &proxy.host, config.clone(), details)?);
        }
        if self.origin.scheme == Scheme::Http && proxy.kind != ProxyKind::Socks5 {
            let forward =
                ForwardProxy { prefix: self.origin.to_string(), authorization: proxy.authorization() };
            return Ok((transport, Some(forward)));
        }
        let mut stream = TransportAdapter::new(transport, details.current_time.clone());
        stream.set_timeout(details.timeout);
        match proxy.kind {
            ProxyKind::Socks5 => tunnel::socks5(&mut stream, &self.origin, proxy)?,
            _ => tunnel::connect(&mut stream, &self.origin, proxy, &self.user_agent)?,
        }
        Ok((stream.into_inner(), None))
    }
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Route").field(&self.origin).finish()
    }
}

/// Leaves the look-up to the connector, which judges the addresses.
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(
        &self,
        _: &ureq::http::Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}
