//! What is in force, and where each value came from: an option, the environment, a file, or the default.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use registry_client::Secret;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::host::HostInfo;

/// A daemon.json is a few hundred bytes; anything much larger is a mistake.
const DAEMON_JSON_BYTES_MAX: u64 = 1 << 20;
/// Our own configuration file.
const OWN_FILE: &str = "/etc/strata/daemon.json";
/// Docker's, read for what concerns registries when there is none of our own.
const DOCKER_FILE: &str = "/etc/docker/daemon.json";

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A command line option.
    Option(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// A configuration file.
    File(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::Option(name) => write!(f, "option {name}"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

/// What the user said, before anything was read.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// `--root`.
    pub root: Option<PathBuf>,
    /// `STRATA_ROOT`.
    pub root_variable: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub data_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `--storage-driver`.
    pub storage_driver: Option<String>,
    /// `--registry-mirror`, in order.
    pub registry_mirrors: Vec<String>,
    /// `--insecure-registry`.
    pub insecure_registries: Vec<String>,
    /// `--daemon-config`.
    pub daemon_config: Option<PathBuf>,
    /// The folder of `config.json`: `--config`, `DOCKER_CONFIG`, else `~/.docker`.
    pub docker_config: Option<PathBuf>,
    /// `DOCKER_AUTH_CONFIG`.
    pub auth_config: Option<Secret>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http_proxy: Option<String>,
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https_proxy: Option<String>,
    /// `ALL_PROXY` or `all_proxy`.
    pub all_proxy: Option<String>,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: Option<String>,
    /// `PATH`, where credential helpers are looked for.
    pub path: Option<std::ffi::OsString>,
}

/// Everything that is in force.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The store's root folder.
    pub root: Setting<PathBuf>,
    /// Where the run folders of stores are: what a restart of the machine takes.
    pub run: PathBuf,
    /// The storage driver, when one was named.
    pub storage_driver: Setting<Option<String>>,
    /// Mirrors: `URL` for Docker Hub, `HOST=URL` for another registry.
    pub registry_mirrors: Setting<Vec<String>>,
    /// Registries spoken to without TLS or without checking it: host, host:port or CIDR.
    pub insecure_registries: Setting<Vec<String>>,
    /// Layers downloaded at once.
    pub max_concurrent_downloads: Setting<usize>,
    /// Layers uploaded at once.
    pub max_concurrent_uploads: Setting<usize>,
    /// Tries of one download.
    pub max_download_attempts: Setting<usize>,
    /// Where Docker keeps certificates of registries, looked at in this order.
    pub certificate_folders: Vec<PathBuf>,
    /// The folder of `config.json`, if one is known.
    pub docker_config: Option<PathBuf>,
    /// What the user said, for the parts that need the rest of it.
    pub inputs: Inputs,
}

impl Settings {
    /// Puts together what is in force.
    ///
    /// # Errors
    /// When a configuration file that was named is missing, or one cannot be read or understood.
    pub fn resolve(inputs: Inputs, host: &HostInfo) -> Result<Settings> {
        let file = DaemonFile::find(&inputs)?;
        let root = root(&inputs, &file, host)?;
        let storage_driver = pick(inputs.storage_driver.clone(), "--storage-driver")
            .or(file.own_text("storage-driver")?)
            .map_or(Setting { value: None, origin: Origin::Default }, |s| Setting {
                value: Some(s.value),
                origin: s.origin,
            });
        let mirrors = list(&inputs.registry_mirrors, "--registry-mirror", &file, "registry-mirrors")?;
        let insecure =
            list(&inputs.insecure_registries, "--insecure-registry", &file, "insecure-registries")?;
        let docker_config =
            inputs.docker_config.clone().or_else(|| host.home.as_ref().map(|home| home.join(".docker")));
        Ok(Settings {
            run: run(&inputs, &root.value, host),
            root,
            storage_driver,
            registry_mirrors: mirrors,
            insecure_registries: insecure,
            max_concurrent_downloads: file.number("max-concurrent-downloads", 3)?,
            max_concurrent_uploads: file.number("max-concurrent-uploads", 5)?,
            max_download_attempts: file.number("max-download-attempts", 5)?,
            certificate_folders: certificate_folders(host),
            docker_config,
            inputs,
        })
    }
}

/// Docker's folders for certificates, ours first; an ordinary user's own come before the machine's.
fn certificate_folders(host: &HostInfo) -> Vec<PathBuf> {
    let own = host.home.iter().filter(|_| host.uid != 0).map(|home| home.join(".config/docker/certs.d"));
    own.chain(["/etc/strata/certs.d".into(), "/etc/docker/certs.d".into()]).collect()
}

fn pick<T>(value: Option<T>, option: &'static str) -> Option<Setting<T>> {
    value.map(|value| Setting { value, origin: Origin::Option(option) })
}

fn root(inputs: &Inputs, file: &DaemonFile, host: &HostInfo) -> Result<Setting<PathBuf>> {
    let variable = inputs
        .root_variable
        .clone()
        .map(|value| Setting { value, origin: Origin::Environment("STRATA_ROOT") });
    let named = file.own_text("data-root")?;
    let named = named.map(|setting| Setting { value: PathBuf::from(setting.value), origin: setting.origin });
    let chosen = pick(inputs.root.clone(), "--root").or(variable).or(named);
    let Setting { value, origin } = chosen.unwrap_or_else(|| Setting {
        value: default_root(inputs.data_home.as_deref(), host),
        origin: Origin::Default,
    });
    // What is printed of it and recorded in it holds in every working directory. Without one it stays as it is.
    Ok(Setting { value: std::path::absolute(&value).unwrap_or(value), origin })
}

/// `/run/strata` for root; for others a folder of the session's, or of the store's where there is no session, or only
/// somebody else's: `su` leaves that behind.
fn run(inputs: &Inputs, root: &Path, host: &HostInfo) -> PathBuf {
    match &inputs.runtime_dir {
        _ if host.uid == 0 => "/run/strata".into(),
        Some(session) if is_own_folder(session) => session.join("strata"),
        _ => root.join("run"),
    }
}

fn is_own_folder(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    path.metadata().is_ok_and(|found| found.is_dir() && found.uid() == own)
}

/// `/var/lib/strata` for root; for others the first of their data folders that can be used, and a folder of
/// their own under `/var/tmp` where they have none (no home, or a read-only one).
fn default_root(data_home: Option<&Path>, host: &HostInfo) -> PathBuf {
    if host.uid == 0 {
        return "/var/lib/strata".into();
    }
    let homes = data_home.map(Path::to_owned).into_iter();
    let homes = homes.chain(host.home.as_ref().map(|home| home.join(".local/share")));
    let usable = homes.map(|home| home.join("strata")).find(|root| can_write_at(root));
    usable.unwrap_or_else(|| PathBuf::from(format!("/var/tmp/strata-{}", host.uid)))
}

/// Whether a folder could be written, or made: the nearest folder on the way that exists decides.
fn can_write_at(path: &Path) -> bool {
    let nearest = path.ancestors().find(|ancestor| ancestor.exists());
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    nearest.is_some_and(|nearest| rustix::fs::access(nearest, access).is_ok())
}

fn list(
    options: &[String],
    option: &'static str,
    file: &DaemonFile,
    key: &str,
) -> Result<Setting<Vec<String>>> {
    if !options.is_empty() {
        return Ok(Setting { value: options.to_vec(), origin: Origin::Option(option) });
    }
    file.list(key)
}

/// A parsed configuration file.
struct DaemonFile {
    path: PathBuf,
    value: Value,
    /// Whether it was written for us: Docker's own says nothing about where our store is.
    own: bool,
}

impl DaemonFile {
    fn find(inputs: &Inputs) -> Result<DaemonFile> {
        if let Some(path) = &inputs.daemon_config {
            let missing = || {
                Error::new(ErrorKind::NotFound, format!("open {}: no such file or directory", path.display()))
            };
            return Self::read(path, true)?.ok_or_else(missing);
        }
        let found = Self::read(Path::new(OWN_FILE), true)?;
        let found = found.map_or_else(|| Self::read(Path::new(DOCKER_FILE), false), |file| Ok(Some(file)))?;
        Ok(found.unwrap_or(DaemonFile { path: PathBuf::new(), value: Value::Null, own: true }))
    }

    fn read(path: &Path, own: bool) -> Result<Option<DaemonFile>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Ok(None) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let folder = match disk::Dir::open(folder) {
            Err(error) if error.is_not_found() => return Ok(None),
            // Docker's file may be closed to ordinary users: then it says nothing to them.
            Err(error) if !own && error.is_read_only() => return Ok(None),
            result => result?,
        };
        let bytes = match folder.read(name, DAEMON_JSON_BYTES_MAX) {
            Err(error) if !own && error.is_read_only() => return Ok(None),
            result => result?,
        };
        let Some(bytes) = bytes else { return Ok(None) };
        let invalid = |text: String| Error::invalid(format!("{}: {text}", path.display()));
        let value = spec::json::parse_strict(&bytes).map_err(|e| invalid(e.to_string()))?;
        if !value.is_object() {
            return Err(invalid("is not a JSON object".to_owned()));
        }
        Ok(Some(DaemonFile { path: path.to_owned(), value, own }))
    }

    fn get(&self, key: &str) -> Option<&Value> {
        self.value.get(key).filter(|value| !value.is_null())
    }

    fn setting<T>(&self, value: T) -> Setting<T> {
        Setting { value, origin: Origin::File(self.path.clone()) }
    }

    fn wrong(&self, key: &str, wanted: &str) -> Error {
        Error::invalid(format!("{}: {key} is not {wanted}", self.path.display()))
    }

    fn own_text(&self, key: &str) -> Result<Option<Setting<String>>> {
        let Some(value) = self.get(key).filter(|_| self.own) else { return Ok(None) };
        let text = value.as_str().ok_or_else(|| self.wrong(key, "a string"))?;
        Ok(Some(self.setting(text.to_owned())))
    }

    fn list(&self, key: &str) -> Result<Setting<Vec<String>>> {
        let Some(value) = self.get(key) else {
            return Ok(Setting { value: Vec::new(), origin: Origin::Default });
        };
        let wrong = || self.wrong(key, "a list of strings");
        let items = value.as_array().ok_or_else(wrong)?.iter().map(|item| item.as_str().map(str::to_owned));
        Ok(self.setting(items.collect::<Option<Vec<String>>>().ok_or_else(wrong)?))
    }

    fn number(&self, key: &str, default: usize) -> Result<Setting<usize>> {
        let Some(value) = self.get(key) else {
            return Ok(Setting { value: default, origin: Origin::Default });
        };
        let number = value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| (1..=64).contains(number));
        Ok(self.setting(number.ok_or_else(|| self.wrong(key, "a number from 1 to 64"))?))
    }
}

#[cfg(test)]
mod tests;
