//! The agents of the HTTP library: one for each origin, address policy and TLS identity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use super::HttpOptions;
use super::address::{AddressPolicy, Nearness, nearness};
use super::connector::{NoResolver, Route};
use super::error::TransportError;
use super::proxy::ProxyKind;
use super::request::Behalf;
use super::trust::{Identity, Trust};
use crate::cancel::{Cancel, Interrupt};
use crate::limits::HEADER_BYTES_MAX;
use crate::url::{Host, Origin, Scheme, Url};

/// A large buffer saves a fifth of the CPU time of a fast transfer.
const INPUT_BUFFER_BYTES: usize = 512 << 10;
/// How long a server is given to refuse a body before it is sent.
const AWAIT_CONTINUE: Duration = Duration::from_secs(1);
/// Idle connections kept, in all and of one origin: parallel layers and ranges come back for theirs.
const IDLE_MAX: usize = 64;
pub(crate) const IDLE_PER_ORIGIN_MAX: usize = 16;

/// How near the servers turned out to be that were connected to.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<HashMap<Origin, Nearness>>);

impl Contacts {
    pub(crate) fn note(&self, origin: &Origin, nearness: Nearness) {
        let mut contacts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A name may have several addresses: the farthest one counts.
        let known = contacts.entry(origin.clone()).or_insert(nearness);
        *known = (*known).min(nearness);
    }

    fn nearness(&self, origin: &Origin) -> Nearness {
        let contacts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        contacts.get(origin).copied().unwrap_or(match &origin.host {
            Host::Address(address) => nearness(*address).unwrap_or(Nearness::Private),
            Host::Name(_) => Nearness::Public,
        })
    }
}

/// What an agent is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    origin: Origin,
    policy: AddressPolicy,
    identity: Option<Identity>,
}

#[derive(Debug, Default)]
struct Pool(Mutex<HashMap<Way, ureq::Agent>>);

impl Interrupt for Pool {
    fn interrupt(&self) {
        let agents = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for agent in agents.into_values() {
            agent.shutdown();
        }
    }
}

/// Makes agents and keeps them; cancelling shuts all of them down.
#[derive(Debug)]
pub(crate) struct Agents {
    trust: Trust,
    pool: Arc<Pool>,
    contacts: Arc<Contacts>,
    cancel: Cancel,
}

impl Agents {
    pub(crate) fn new(options: &HttpOptions, cancel: Cancel) -> Agents {
        let pool = Arc::new(Pool::default());
        let weak: Weak<Pool> = Arc::downgrade(&pool);
        cancel.on_cancel(weak);
        let trust = Trust::new(options.certificate_folders.clone());
        Agents { trust, pool, contacts: Arc::default(), cancel }
    }

    /// The agent for a URL, made when there is none yet.
    pub(crate) fn agent(
        &self,
        url: &Url,
        behalf: &Behalf,
        trusted: bool,
        options: &HttpOptions,
    ) -> Result<ureq::Agent, TransportError> {
        let origin = url.origin();
        let identity = (origin.scheme == Scheme::Https).then(|| Identity {
            server: url.authority(),
            registry: authority(&behalf.registry),
            verify: !options.insecure.contains(&origin.host, origin.port),
            with_certificate: trusted,
        });
        let way = Way { origin: origin.clone(), policy: self.policy(origin, behalf, options), identity };
        let mut agents = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Under the lock: an agent made after cancelling would not be shut down.
        if self.cancel.is_cancelled() {
            return Err(TransportError::Cancelled);
        }
        if let Some(agent) = agents.get(&way) {
            return Ok(agent.clone());
        }
        let agent = self.make(&way, options)?;
        agents.insert(way, agent.clone());
        Ok(agent)
    }

    fn policy(&self, origin: &Origin, behalf: &Behalf, options: &HttpOptions) -> AddressPolicy {
        if origin != &behalf.registry {
            let registry = || self.contacts.nearness(&behalf.registry);
            let nearest = if options.allow_near { Nearness::Loopback } else { registry() };
            return AddressPolicy::NoNearerThan(nearest);
        }
        let plain_localhost = origin.scheme == Scheme::Http
            && matches!(&origin.host, Host::Name(name) if &**name == "localhost")
            && !options.insecure.contains_listed(&origin.host, origin.port);
        if plain_localhost { AddressPolicy::LoopbackOnly } else { AddressPolicy::Any }
    }

    fn make(&self, way: &Way, options: &HttpOptions) -> Result<ureq::Agent, TransportError> {
        let proxy = options.proxies.of(&way.origin).cloned();
        let proxy_tls = match &proxy {
            Some(proxy) if proxy.kind == ProxyKind::Https => {
                let server = format!("{}:{}", proxy.host, proxy.port);
                let registry = server.clone();
                let identity = Identity { server, registry, verify: true, with_certificate: true };
                Some(self.trust.config(&identity)?)
            }
            _ => None,
        };
        let route = Route {
            origin: way.origin.clone(),
            policy: way.policy,
            proxy,
            tls: way.identity.as_ref().map(|identity| self.trust.config(identity)).transpose()?,
            proxy_tls,
            user_agent: options.user_agent.clone(),
            connect_timeout: options.timeouts.connect,
            cancel: self.cancel.clone(),
            contacts: self.contacts.clone(),
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(&options.user_agent)
            .accept_encoding("identity")
            .max_response_header_size(HEADER_BYTES_MAX)
            .input_buffer_size(INPUT_BUFFER_BYTES)
            .max_idle_connections(IDLE_MAX)
            .max_idle_connections_per_host(IDLE_PER_ORIGIN_MAX)
            .timeout_connect(Some(options.timeouts.connect))
            .timeout_await_100(Some(AWAIT_CONTINUE))
            .build();
        Ok(ureq::Agent::with_parts(config, route, NoResolver))
    }
}

/// `host` or `host:port` of an origin, as folders of certificates are named.
fn authority(origin: &Origin) -> String {
    let text = origin.to_string();
    text.split_once("://").map_or_else(String::new, |(_, authority)| authority.to_owned())
}
