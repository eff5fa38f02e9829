//! Registries, as the operations need them: the client that settings make, blobs as downloads want them, and
//! failures in Docker's words.

mod blob;

use std::sync::Arc;
use std::time::Duration;

use registry_client::{
    BlobRange, Cancel, Client, ClientOptions, InsecureRegistries, Mirrors, NoProxy, Proxies, Proxy,
    Repository, Retry as Tries, SystemClock, Wanted, parse_mirror,
};
use spec::limits::CONFIG_BYTES_MAX;
use spec::{ConfigError, DEFAULT_DOMAIN, Descriptor, ImageConfig, Reference};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Events};
use crate::settings::Inputs;

pub(crate) use blob::RemoteBlob;

impl Engine {
    /// A client for one operation, which ends when the engine or the operation is cancelled.
    pub(crate) fn client(&self, operation: &Cancel) -> Result<Client> {
        self.client_for(operation, None)
    }

    /// The same, with one more registry that may be spoken to insecurely.
    pub(crate) fn client_for(&self, operation: &Cancel, insecure: Option<&str>) -> Result<Client> {
        let insecure = self.settings.insecure_registries.value.iter().map(String::as_str).chain(insecure);
        let options = ClientOptions {
            proxies: proxies(&self.settings.inputs)?,
            certificate_folders: self.settings.certificate_folders.clone(),
            insecure: InsecureRegistries::parse(insecure)
                .map_err(|e| Error::invalid(format_args!("insecure registry: {e}")))?,
            mirrors: mirrors(&self.settings.registry_mirrors.value)?,
            keychain: Arc::new(self.keychain()),
            pins: self.realm_pins(),
            clock: Arc::new(SystemClock),
            ..ClientOptions::default()
        };
        Ok(Client::new(options, operation.clone()))
    }

    /// A registry's failure on a pull of `reference`, in Docker's words.
    pub(crate) fn pull_error(&self, error: &registry_client::Error, reference: &Reference) -> Error {
        let text = match schema_1(error) {
            true => schema_1_text(reference),
            false => error.pull_text(reference),
        };
        self.with_hints(Error::new(kind_of(error), text), error, reference)
    }

    /// A registry's failure on a push to the repository of `reference`: its own words, as Docker prints them.
    pub(crate) fn push_error(&self, error: &registry_client::Error, reference: &Reference) -> Error {
        self.with_hints(Error::new(kind_of(error), error.to_string()), error, reference)
    }

    /// A registry's failure in its own words.
    pub(crate) fn registry_error(&self, error: &registry_client::Error) -> Error {
        let failed = Error::new(kind_of(error), error.to_string());
        match self.limit_hint(error) {
            Some(hint) => failed.with_hint(hint),
            None => failed,
        }
    }

    pub(crate) fn with_hints(
        &self,
        failed: Error,
        error: &registry_client::Error,
        reference: &Reference,
    ) -> Error {
        if let Some(hint) = self.limit_hint(error) {
            return failed.with_hint(hint);
        }
        match error.kind() {
            registry_client::ErrorKind::Unauthorized | registry_client::ErrorKind::Denied
                if error.refusal().is_some() =>
            {
                let server = if reference.domain() == DEFAULT_DOMAIN {
                    String::new()
                } else {
                    format!(" {}", reference.domain())
                };
                failed.with_hint(format!("log in with `strata login{server}`"))
            }
            _ => failed,
        }
    }

    /// What a registry that has had enough of us says about its limit.
    fn limit_hint(&self, error: &registry_client::Error) -> Option<String> {
        let refusal = error.refusal().filter(|refusal| refusal.status == TOO_MANY_REQUESTS)?;
        let mut parts = Vec::new();
        let mut again = refusal.retry_after.map(|wait| (wait, "the registry asks to come back"));
        if let Some(limit) = &refusal.rate_limit {
            let window = limit.window.map(|window| format!(" in {}", span(window))).unwrap_or_default();
            let source = limit.source.as_ref().map(|source| format!(" for {source}")).unwrap_or_default();
            parts.push(format!("{} of {} pulls{window} are left{source}", limit.remaining, limit.limit));
            again = limit.reset.map(|wait| (wait, "the limit is full again")).or(again);
        }
        if let Some((wait, what)) = again {
            let at = self.now().checked_add(jiff::SignedDuration::try_from(wait).ok()?).ok()?;
            let at = at.to_zoned_datetime(self.host.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z");
            parts.push(format!("{what} in {}, at {at}", span(wait)));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// HTTP's status for it.
const TOO_MANY_REQUESTS: u16 = 429;

/// A time in the largest unit of which there are two or more, rounded up: who comes back then is not too early.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// Which document of its repository a reference names; the digest decides where there is one.
pub(crate) fn wanted(reference: &Reference) -> Wanted<'_> {
    match (reference.digest(), reference.tag()) {
        (Some(digest), _) => Wanted::Digest(digest),
        (None, tag) => Wanted::Tag(tag.unwrap_or(spec::DEFAULT_TAG)),
    }
}

/// Tells the user what servers said in passing, each thing once.
pub(crate) fn pass_on_warnings(client: &Client, events: &dyn Events) {
    for warning in client.take_warnings() {
        events.emit(Event::Warning(warning));
    }
}

fn schema_1(error: &registry_client::Error) -> bool {
    matches!(error, registry_client::Error::Document(spec::DocumentError::Schema1))
}

fn schema_1_text(reference: &Reference) -> String {
    format!(
        "Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the author of {} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/",
        reference
    )
}

/// The engine's kind for a registry's failure.
pub(crate) fn kind_of(error: &registry_client::Error) -> ErrorKind {
    match error.kind() {
        registry_client::ErrorKind::NotFound => ErrorKind::NotFound,
        registry_client::ErrorKind::Unauthorized => ErrorKind::Unauthorized,
        registry_client::ErrorKind::Denied => ErrorKind::Denied,
        registry_client::ErrorKind::Unavailable => ErrorKind::Unavailable,
        registry_client::ErrorKind::Corrupt => ErrorKind::Corrupt,
        registry_client::ErrorKind::InvalidArgument => ErrorKind::InvalidArgument,
        registry_client::ErrorKind::Unsupported => ErrorKind::Unsupported,
        registry_client::ErrorKind::Cancelled => ErrorKind::Cancelled,
    }
}

/// `URL` is a mirror of Docker Hub, `HOST=URL` one of another registry.
fn mirrors(settings: &[String]) -> Result<Mirrors> {
    let mut mirrors = Mirrors::default();
    for setting in settings {
        let (domain, address) = match setting.split_once('=') {
            Some((domain, address)) if !domain.contains('/') => (domain, address),
            _ => (DEFAULT_DOMAIN, setting.as_str()),
        };
        let url = parse_mirror(address).map_err(Error::invalid)?;
        match domain {
            DEFAULT_DOMAIN => mirrors.hub.push(url),
            other => mirrors.others.entry(other.to_owned()).or_default().push(url),
        }
    }
    Ok(mirrors)
}

fn proxies(inputs: &Inputs) -> Result<Proxies> {
    let parse = |name: &str, text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => Proxy::parse(text).map(Some).map_err(|e| Error::invalid(format_args!("{name}: {e}"))),
    };
    let all = parse("ALL_PROXY", &inputs.all_proxy)?;
    Ok(Proxies {
        http: parse("HTTP_PROXY", &inputs.http_proxy)?.or_else(|| all.clone()),
        https: parse("HTTPS_PROXY", &inputs.https_proxy)?.or(all),
        none_for: NoProxy::parse(inputs.no_proxy.as_deref().unwrap_or_default()),
    })
}

/// Fetches an image's config, proven and parsed.
pub(crate) fn fetch_config(
    engine: &Engine,
    client: &Client,
    repository: &Repository<'_>,
    descriptor: &Descriptor,
) -> Result<ImageConfig> {
    let digest = &descriptor.digest;
    let corrupt =
        |error: ConfigError| Error::new(ErrorKind::Corrupt, format!("image config {digest}: {error}"));
    if descriptor.size > CONFIG_BYTES_MAX {
        return Err(corrupt(ConfigError::TooLarge(descriptor.size)));
    }
    let clock = SystemClock;
    let mut tries = Tries::new(registry_client::RetryPolicy::default());
    loop {
        tries.begin(std::time::Instant::now());
        let error = match read_whole(repository, descriptor) {
            Ok(bytes) if digest.matches(&bytes) => return ImageConfig::parse(&bytes).map_err(corrupt),
            Ok(_) => {
                let text = format!("image config verification failed for digest {digest}");
                return Err(Error::new(ErrorKind::Corrupt, text));
            }
            Err(error) => error,
        };
        let pause = tries.after(error, &clock).map_err(|error| engine.registry_error(&error))?;
        if client.cancel().sleep(pause) {
            return Err(Error::new(ErrorKind::Cancelled, "context canceled"));
        }
    }
}

fn read_whole(
    repository: &Repository<'_>,
    descriptor: &Descriptor,
) -> std::result::Result<Vec<u8>, registry_client::Error> {
    let mut body = repository.fetch_blob(descriptor, BlobRange::whole(descriptor), &[])?;
    let mut bytes = vec![0; usize::try_from(descriptor.size).unwrap_or(0)];
    let mut filled = 0;
    while filled < bytes.len() {
        match body.read_some(&mut bytes[filled..])? {
            0 => break,
            n => filled += n,
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
