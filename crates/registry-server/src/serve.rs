//! The listener: connections, their limits, and an end that lets requests finish.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::http::answer;
use crate::http::connection::{BODY_PIECE_BYTES, Bodies, Patience, Watch, Watched};
use crate::http::service::{self, Ends, Server};
use crate::limits::{HEADER_COUNT_MAX, REQUEST_HEAD_TIMEOUT};
use crate::log::Log;
use crate::metrics::Metrics;
use crate::registry::Registry;
use crate::registry::collect::Swept;
use crate::store::Root;
use crate::tls::Tls;

/// How long requests may take to end when the server stops; pushes are told to stop at once.
const STOP_TIME: Duration = Duration::from_secs(10);
/// A pause after the system refused a connection, for want of descriptors most often.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A server that runs until this is stopped or dropped.
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    connections: Arc<Connections>,
    runtime: Option<Runtime>,
    root: Root,
}

/// Starts a server; it serves when this returns.
///
/// # Errors
/// When the configuration does not fit, the root cannot be used, or the address cannot be listened on.
pub fn serve(config: Config) -> Result<Running> {
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_name("registry")
        .enable_io()
        .enable_time()
        .build()
        .map_err(Error::Threads)?;
    let root = Root::open_to_serve(&config.root)?;
    let tls = config.tls.clone().map(Tls::open).transpose()?.map(Arc::new);
    let (stop, stopped) = watch::channel(false);
    let server = Arc::new(assemble(&config, &root, stopped)?);
    let patience = Patience { stall_window: config.limits.stall_window, ..Patience::default() };
    let connections = Arc::new(Connections::new(&config, tls.clone(), patience));
    let listen = |source| Error::Listen { address: config.listen, source };
    let listener = runtime.block_on(TcpListener::bind(config.listen)).map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    // Whoever uploads from here on is known before a byte of it is written.
    let repair_before = runtime.block_on(root.begin_boot())?.then(|| config.clock.now());
    runtime.spawn(accept(Arc::clone(&server), Arc::clone(&connections), listener));
    runtime.spawn(collect(Arc::clone(&server), config.collect.interval, repair_before));
    let scheme = if tls.is_some() { "https" } else { "http" };
    let runtime = Some(runtime);
    Ok(Running { address, scheme, server, stop, connections, runtime, root })
}

fn assemble(config: &Config, root: &Root, stop: watch::Receiver<bool>) -> Result<Server> {
    let (metadata, blobs) = (root.metadata(), root.blobs());
    Ok(Server {
        registry: Registry::new(metadata, blobs, config.clock.clone(), config.policy()),
        access: config.open_access(root.dir())?,
        log: Log::new(config.log.clone(), config.clock.clone())?,
        metrics: Metrics::default(),
        stop,
        stall_window: config.limits.stall_window,
        pulls: Arc::new(AtomicUsize::new(0)),
        warning: config.warning.as_deref().and_then(answer::warning),
    })
}

impl Running {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://HOST:PORT`, or `https`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Collects now what is due with this grace; the server goes on serving.
    ///
    /// # Errors
    /// When metadata or blobs fail.
    pub fn collect(&self, grace: Duration) -> Result<Swept> {
        match &self.runtime {
            Some(runtime) => runtime.block_on(self.server.registry.collect(grace)),
            None => Err(Error::Stopping),
        }
    }

    /// How many transactions were synced since the start: what acknowledged changes have cost the disk.
    pub fn synced_transactions(&self) -> u64 {
        self.root.commits().0
    }

    /// How many times the metadata was asked for something since the start, changes apart.
    pub fn look_ups(&self) -> u64 {
        self.root.looks()
    }

    /// Stops: no new connections, requests end, uploads under way are kept for later.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(runtime) = self.runtime.take() else { return };
        self.stop.send_replace(true);
        runtime.block_on(async {
            let _ = tokio::time::timeout(STOP_TIME, self.connections.all_ended()).await;
        });
        runtime.shutdown_timeout(Duration::from_secs(1));
        self.server.log.note("stopped", json!({}));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Connections and their limits.
struct Connections {
    places: Arc<Semaphore>,
    max: u32,
    per_address_max: usize,
    addresses: Mutex<HashMap<IpAddr, usize>>,
    tls: Option<Arc<Tls>>,
    patience: Patience,
    bodies: Bodies,
}

/// A place among the connections.
struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Connections {
    fn new(config: &Config, tls: Option<Arc<Tls>>, patience: Patience) -> Connections {
        let max = u32::try_from(config.limits.connections).unwrap_or(u32::MAX);
        Connections {
            places: Arc::new(Semaphore::new(config.limits.connections.min(Semaphore::MAX_PERMITS))),
            max,
            per_address_max: config.limits.connections_per_address,
            addresses: Mutex::default(),
            tls,
            patience,
            bodies: Bodies::default(),
        }
    }

    /// A place, if there is one.
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_default();
        if *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        drop(addresses);
        Some(Place { connections: Arc::clone(self), address, _permit: permit })
    }

    async fn all_ended(&self) {
        let _ = self.places.acquire_many(self.max).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut addresses = self.connections.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

async fn accept(server: Arc<Server>, connections: Arc<Connections>, listener: TcpListener) {
    let mut stopped = pin!(service::stopped(server.stop.clone()));
    loop {
        let accepted = either(listener.accept(), stopped.as_mut()).await;
        let (stream, peer) = match accepted {
            None => return,
            Some(Ok(accepted)) => accepted,
            Some(Err(_)) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(place) = connections.enter(peer.ip()) else {
            server.metrics.refused_connections.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        tokio::spawn(connection(Arc::clone(&server), place, stream, peer));
    }
}

/// The first, unless the second comes before it.
async fn either<T>(first: impl Future<Output = T>, second: impl Future) -> Option<T> {
    let (mut first, mut second) = (pin!(first), pin!(second));
    poll_fn(|context| {
        if second.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        first.as_mut().poll(context).map(Some)
    })
    .await
}

async fn connection(server: Arc<Server>, place: Place, stream: TcpStream, peer: SocketAddr) {
    let Ok(local) = stream.local_addr() else { return };
    let _ = stream.set_nodelay(true);
    let ends = Ends { peer, local };
    let shared = (place.connections.patience, place.connections.bodies.clone());
    match &place.connections.tls {
        None => requests(server, ends, stream, shared).await,
        Some(tls) => {
            let handshake = tokio_rustls::TlsAcceptor::from(tls.current()).accept(stream);
            let handshake = tokio::time::timeout(REQUEST_HEAD_TIMEOUT, handshake);
            if let Some(Ok(Ok(stream))) = either(handshake, service::stopped(server.stop.clone())).await {
                requests(server, ends, stream, shared).await;
            }
        }
    }
    drop(place);
}

async fn requests<S>(server: Arc<Server>, ends: Ends, stream: S, (patience, bodies): (Patience, Bodies))
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let watch = Arc::new(Watch::default());
    let stop = server.stop.clone();
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&watch), bodies, patience));
    let service = service_fn({
        let watch = Arc::clone(&watch);
        move |request| {
            let answer = service::serve(Arc::clone(&server), ends, Arc::clone(&watch), request);
            async { Ok::<_, Infallible>(answer.await) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(BODY_PIECE_BYTES.1)
        .max_headers(HEADER_COUNT_MAX)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    let mut stopping = pin!(service::stopped(stop));
    let mut ending = false;
    // How a connection ends is the client's affair; what was asked on it has been logged.
    let _ = poll_fn(|context| {
        if !ending && stopping.as_mut().poll(context).is_ready() {
            ending = true;
            connection.as_mut().graceful_shutdown();
        }
        match connection.as_mut().poll(context) {
            // A request that has not come as a whole would be waited for.
            Poll::Pending if ending && watch.is_quiet() => Poll::Ready(Ok(())),
            ended => ended,
        }
    })
    .await;
}

async fn collect(server: Arc<Server>, interval: Duration, repair_before: Option<i64>) {
    let mut stopped = pin!(service::stopped(server.stop.clone()));
    if let Some(written_before) = repair_before {
        match server.registry.remove_strangers(written_before).await {
            Ok(removed) => server.log.note("removed files that nobody knows", json!({ "files": removed })),
            Err(error) => server.log.note("repair failed", json!({ "cause": error.to_string() })),
        }
    }
    loop {
        let pause = tokio::time::sleep(interval.max(Duration::from_millis(1)));
        if either(pause, stopped.as_mut()).await.is_none() {
            return;
        }
        match server.registry.collect(server.registry.policy.grace).await {
            Ok(swept) => note(&server, swept),
            Err(error) => server.log.note("collection failed", json!({ "cause": error.to_string() })),
        }
    }
}

fn note(server: &Server, swept: Swept) {
    let collected = swept.collected;
    server.metrics.collected_blobs.fetch_add(collected.blobs, Ordering::Relaxed);
    server.metrics.collected_bytes.fetch_add(collected.bytes, Ordering::Relaxed);
    if swept.uploads + swept.keys + collected.manifests + collected.unlinked > 0 {
        let details = json!({
            "uploads": swept.uploads, "manifests": collected.manifests, "blobs": collected.blobs,
            "bytes": collected.bytes,
        });
        server.log.note("collected", details);
    }
}
