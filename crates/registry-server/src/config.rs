//! The configuration: defaults that run, a TOML file, environment variables over it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use self::said::Said;
use crate::access::{Access, Action, Issuer, Passwords, Rule, Rules, Tokens, Who, may_match};
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::limits::{
    CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX, INLINE_BYTES_MAX, STALL_WINDOW, UPLOAD_IDLE_MAX,
    UPLOADS_OPEN_MAX,
};
use crate::log::LogSink;
use crate::registry::{Policy, Switch};

mod said;

/// Variables over the file begin with this: `STRATA_REGISTRY_ACCESS__HTPASSWD` is `htpasswd` in `[access]`.
pub const ENVIRONMENT_PREFIX: &str = "STRATA_REGISTRY_";
/// How long content stays that nothing refers to yet: the longest push takes less.
const GRACE: Duration = Duration::from_secs(86_400);
/// How often the queue of the collection is looked at.
const INTERVAL: Duration = Duration::from_secs(30);
/// Bytes of the warning that clients are sent: what the specification allows, less its frame and what the answer
/// to a push may warn of besides.
const WARNING_BYTES_MAX: usize = 3_500;

/// What a server is made of.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Where it keeps everything.
    pub root: PathBuf,
    /// How clients reach it, when they do so by another name.
    pub url: Option<String>,
    /// Whether anything may be changed.
    pub writes: Switch,
    /// Whether anything may be deleted.
    pub deletes: Switch,
    /// Whether an index may list manifests that are not here.
    pub sparse_indexes: Switch,
    /// Whether an image may name blobs that are not here.
    pub sparse_images: Switch,
    /// Whether anybody may write though no users are configured and the address is not this machine's own.
    pub anonymous_writes: Switch,
    /// What clients are to show their users.
    pub warning: Option<String>,
    /// TLS.
    pub tls: Option<TlsFiles>,
    /// Who may do what; everybody everything when there is none.
    pub access: Option<AccessConfig>,
    /// Limits.
    pub limits: Limits,
    /// The collection.
    pub collect: Collect,
    /// Where the log goes.
    pub log: LogSink,
    /// The time.
    pub clock: Clock,
}

/// Certificate and key, as PEM.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate and those that vouch for it.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Users, rules and tokens.
#[derive(Clone, Debug, Default)]
pub struct AccessConfig {
    /// Users and bcrypt hashes.
    pub htpasswd: Option<PathBuf>,
    /// Who may do what; users everything when there are none.
    pub rules: Vec<Rule>,
    /// Our own tokens.
    pub tokens: Option<TokensConfig>,
    /// Whose tokens are trusted.
    pub issuers: Vec<IssuerConfig>,
}

/// Our own tokens.
#[derive(Clone, Debug)]
pub struct TokensConfig {
    /// Our name in them.
    pub service: String,
}

/// Somebody whose tokens are trusted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// Its name in `iss`.
    pub issuer: String,
    /// Our name in `aud`.
    pub audience: String,
    /// Where clients get its tokens.
    pub realm: String,
    /// A file with its JWK set.
    pub keys: PathBuf,
}

/// Limits that can be changed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Connections from one address at once.
    pub connections_per_address: usize,
    /// Uploads that one subject may have open.
    pub uploads_open: u64,
    /// How long an upload may rest.
    pub upload_idle: Duration,
    /// The window in which a body has to make progress.
    pub stall_window: Duration,
    /// Bytes up to which a blob stays beside the metadata.
    pub inline_bytes: u64,
}

/// The collection.
#[derive(Clone, Copy, Debug)]
pub struct Collect {
    /// How often it looks.
    pub interval: Duration,
    /// How long content stays that nothing refers to yet.
    pub grace: Duration,
    /// How long manifests without a name stay; for ever when there is none.
    pub untagged: Option<Duration>,
}

impl Config {
    /// What runs without any configuration, with this root.
    pub fn new(root: impl Into<PathBuf>) -> Config {
        Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 5000)),
            root: root.into(),
            url: None,
            writes: Switch::On,
            deletes: Switch::On,
            sparse_indexes: Switch::On,
            sparse_images: Switch::On,
            anonymous_writes: Switch::Off,
            warning: None,
            tls: None,
            access: None,
            limits: Limits {
                connections: CONNECTIONS_MAX,
                connections_per_address: CONNECTIONS_PER_ADDRESS_MAX,
                uploads_open: UPLOADS_OPEN_MAX,
                upload_idle: UPLOAD_IDLE_MAX,
                stall_window: STALL_WINDOW,
                inline_bytes: INLINE_BYTES_MAX,
            },
            collect: Collect { interval: INTERVAL, grace: GRACE, untagged: None },
            log: LogSink::none(),
            clock: Clock::system(),
        }
    }

    /// Reads a file, if there is one, and variables over it; others than the registry's are passed over.
    ///
    /// # Errors
    /// Names what does not fit.
    pub fn load(
        root: impl Into<PathBuf>,
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config> {
        let said = Said::read(file, variables)?;
        let default = Config::new(root);
        Config::of(said.together()?, default.clone()).map_err(|error| said.blame(error, &default))
    }

    /// What a table says over a default.
    fn of(table: toml::Table, default: Config) -> Result<Config> {
        let form: Form = table.try_into().map_err(|e| Error::Config(e.to_string().trim_end().to_owned()))?;
        form.into_config(default)
    }

    /// Looks at everything that starting would look at, and changes nothing.
    ///
    /// # Errors
    /// Names what does not fit.
    pub fn check(&self) -> Result<()> {
        let open = self.access.is_none() && self.anonymous_writes == Switch::Off;
        if open && self.writes == Switch::On && !self.listen.ip().is_loopback() {
            return Err(Error::Config(format!(
                "on {} anybody could write: configure users in [access], or say read_only = true, or \
                 anonymous_writes = true if that is meant",
                self.listen
            )));
        }
        if self.warning.as_ref().is_some_and(|text| text.len() > WARNING_BYTES_MAX) {
            let reason = format!("the warning has more than WARNING_BYTES_MAX ({WARNING_BYTES_MAX}) bytes");
            return Err(Error::Config(reason));
        }
        if let Some(tls) = &self.tls {
            crate::tls::load(tls)?;
        }
        if let Some(access) = &self.access {
            access.open_files()?;
        }
        Ok(())
    }

    pub(crate) fn policy(&self) -> Policy {
        Policy {
            writes: self.writes,
            deletes: self.deletes,
            sparse_indexes: self.sparse_indexes,
            sparse_images: self.sparse_images,
            inline_bytes_max: self.limits.inline_bytes,
            uploads_open_max: self.limits.uploads_open,
            upload_idle: self.limits.upload_idle,
            grace: self.collect.grace,
            untagged: self.collect.untagged,
        }
    }

    /// The rules that hold; none where everybody may do everything.
    pub fn rules(&self) -> Option<Vec<Rule>> {
        let access = self.access.as_ref()?;
        if access.rules.is_empty() { Some(Rules::for_users().0) } else { Some(access.rules.clone()) }
    }

    pub(crate) fn open_access(&self, root: &disk::Dir) -> Result<Access> {
        let Some(config) = &self.access else { return Ok(Access::open()) };
        let (passwords, issuers) = config.open_files()?;
        let tls = self.tls.is_some();
        let tokens = config.tokens.as_ref();
        let tokens = tokens.map(|tokens| Tokens::open(root, tokens.service.clone(), self.url.clone(), tls));
        Ok(Access {
            rules: self.rules().map(Rules),
            passwords: passwords.map(std::sync::Arc::new),
            tokens: tokens.transpose()?,
            issuers,
        })
    }
}

impl AccessConfig {
    fn open_files(&self) -> Result<(Option<Passwords>, Vec<Issuer>)> {
        let passwords = self.htpasswd.as_deref().map(Passwords::open).transpose()?;
        let issuer = |config: &IssuerConfig| {
            let IssuerConfig { issuer, audience, realm, keys } = config.clone();
            Issuer::open(issuer, audience, realm, &keys)
        };
        Ok((passwords, self.issuers.iter().map(issuer).collect::<Result<_>>()?))
    }
}

/// The file as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Form {
    listen: Option<String>,
    root: Option<PathBuf>,
    url: Option<String>,
    read_only: bool,
    delete: Option<bool>,
    sparse_indexes: Option<bool>,
    sparse_images: Option<bool>,
    anonymous_writes: bool,
    warning: Option<String>,
    tls: Option<TlsFiles>,
    access: Option<AccessForm>,
    limits: LimitsForm,
    collect: CollectForm,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct AccessForm {
    htpasswd: Option<PathBuf>,
    tokens: bool,
    service: Option<String>,
    rule: Vec<RuleForm>,
    issuer: Vec<IssuerConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleForm {
    users: Users,
    repositories: String,
    actions: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Users {
    Word(String),
    List(Vec<String>),
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct LimitsForm {
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    uploads_open: Option<u64>,
    upload_idle: Option<String>,
    stall_window: Option<String>,
    inline_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CollectForm {
    interval: Option<String>,
    grace: Option<String>,
    untagged: Option<String>,
}

impl Form {
    fn into_config(self, mut config: Config) -> Result<Config> {
        if let Some(listen) = &self.listen {
            config.listen = listen_address(listen).ok_or_else(|| {
                Error::Config(format!("listen = {listen:?} is not address:port, such as 127.0.0.1:5000"))
            })?;
        }
        let switch = |on: bool| if on { Switch::On } else { Switch::Off };
        config.root = self.root.unwrap_or(config.root);
        config.url = self.url.map(checked_url).transpose()?;
        config.writes = switch(!self.read_only);
        config.deletes = switch(self.delete.unwrap_or(true));
        config.sparse_indexes = switch(self.sparse_indexes.unwrap_or(true));
        config.sparse_images = switch(self.sparse_images.unwrap_or(true));
        config.anonymous_writes = switch(self.anonymous_writes);
        config.warning = self.warning;
        config.tls = self.tls;
        config.access = self.access.map(AccessForm::into_config).transpose()?;
        self.limits.apply(&mut config.limits)?;
        self.collect.apply(&mut config.collect)?;
        Ok(config)
    }
}

/// It stands in a header: plain letters, no quotes.
fn checked_url(url: String) -> Result<String> {
    let plain = |b: u8| b.is_ascii_graphic() && !b"\"\\<>".contains(&b);
    let known = url.starts_with("http://") || url.starts_with("https://");
    match known && url.bytes().all(plain) {
        true => Ok(url),
        false => Err(Error::Config(format!("url = {url:?} is not http:// or https:// and a name"))),
    }
}

impl AccessForm {
    fn into_config(self) -> Result<AccessConfig> {
        if self.htpasswd.is_none() && self.issuer.is_empty() && self.rule.is_empty() {
            let reason = "[access] names neither htpasswd nor issuer nor rule: nobody could do anything";
            return Err(Error::Config(reason.to_owned()));
        }
        let service = self.service.unwrap_or_else(|| "strata".to_owned());
        if !service.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:/".contains(&b)) {
            return Err(Error::Config(format!(
                "service = {service:?} has other letters than a-z 0-9 . - _ : /"
            )));
        }
        Ok(AccessConfig {
            htpasswd: self.htpasswd,
            rules: self.rule.into_iter().map(RuleForm::into_rule).collect::<Result<_>>()?,
            tokens: self.tokens.then_some(TokensConfig { service }),
            issuers: self.issuer,
        })
    }
}

impl RuleForm {
    fn into_rule(self) -> Result<Rule> {
        let who = match self.users {
            Users::Word(word) if word == "anonymous" => Who::Anyone,
            Users::Word(word) if word == "authenticated" => Who::Authenticated,
            Users::Word(word) => {
                let reason = format!(
                    "users = {word:?} is neither \"anonymous\" nor \"authenticated\"; names stand in a list, such as [{word:?}]"
                );
                return Err(Error::Config(reason));
            }
            Users::List(users) => Who::Users(users),
        };
        let repositories = self.repositories;
        if !may_match(&repositories) {
            let reason =
                format!("repositories = {repositories:?} fits no name: they are made of a-z 0-9 . _ - and /");
            return Err(Error::Config(reason));
        }
        let mut actions = Vec::new();
        for word in &self.actions {
            actions.extend_from_slice(match word.as_str() {
                "pull" => &[Action::Pull],
                "push" => &[Action::Push, Action::Overwrite],
                // New tags alone.
                "create" => &[Action::Push],
                "delete" => &[Action::Delete],
                _ => {
                    let reason = format!("action {word:?} is not one of pull, push, create, delete");
                    return Err(Error::Config(reason));
                }
            });
        }
        Ok(Rule { who, repositories, actions })
    }
}

impl LimitsForm {
    fn apply(self, limits: &mut Limits) -> Result<()> {
        limits.connections = self.connections.unwrap_or(limits.connections).max(1);
        limits.connections_per_address =
            self.connections_per_address.unwrap_or(limits.connections_per_address).max(1);
        limits.uploads_open = self.uploads_open.unwrap_or(limits.uploads_open);
        limits.inline_bytes = self.inline_bytes.unwrap_or(limits.inline_bytes);
        read("limits.upload_idle", &mut limits.upload_idle, self.upload_idle)?;
        read("limits.stall_window", &mut limits.stall_window, self.stall_window)
    }
}

impl CollectForm {
    fn apply(self, collect: &mut Collect) -> Result<()> {
        read("collect.interval", &mut collect.interval, self.interval)?;
        read("collect.grace", &mut collect.grace, self.grace)?;
        let mut untagged = Duration::ZERO;
        let is_said = self.untagged.is_some();
        read("collect.untagged", &mut untagged, self.untagged)?;
        collect.untagged = is_said.then_some(untagged);
        Ok(())
    }
}

fn read(key: &str, place: &mut Duration, text: Option<String>) -> Result<()> {
    if let Some(text) = text {
        *place = parse_duration(&text).map_err(|reason| Error::Config(format!("{key}: {reason}")))?;
    }
    Ok(())
}

/// Reads an address and a port; `localhost` is 127.0.0.1.
pub fn listen_address(text: &str) -> Option<SocketAddr> {
    let local = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    local.map(|port: u16| SocketAddr::from(([127, 0, 0, 1], port))).or_else(|| text.parse().ok())
}

/// Reads `90s`, `15m`, `24h` or `30d`.
///
/// # Errors
/// When it is none of them.
pub fn duration(text: &str) -> Result<Duration> {
    parse_duration(text).map_err(Error::Config)
}

fn parse_duration(text: &str) -> std::result::Result<Duration, String> {
    let refuse = || format!("{text:?} is no duration such as 90s, 15m, 24h, 30d");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| refuse())?;
    let seconds = match &text[digits.len()..] {
        "s" => Some(number),
        "m" => number.checked_mul(60),
        "h" => number.checked_mul(3_600),
        "d" => number.checked_mul(86_400),
        "ms" => return Ok(Duration::from_millis(number)),
        _ => None,
    };
    seconds.map(Duration::from_secs).ok_or_else(refuse)
}

#[cfg(test)]
mod tests;
