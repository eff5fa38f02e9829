//! Which registry a command is about: its root and its configuration.
use std::path::PathBuf;

use engine::HostInfo;
use registry_server::{Config, ENVIRONMENT_PREFIX, RepositoryName, listen_address};

use super::failed::failed;
use crate::flags::{Flag, Matches, quote};
use crate::{Context, Failure};

/// `--root`
pub(super) const ROOT: Flag = Flag::path(
    "root",
    "Directory of the registry (default /var/lib/strata-registry; for users but root $XDG_DATA_HOME/strata-registry)",
);
/// `--config`
pub(super) const CONFIG: Flag = Flag::path("config", "Configuration file (TOML)");
/// `--listen`
pub(super) const LISTEN: Flag =
    Flag::text("listen", "Address and port to listen on; port 0 picks a free one").preset("127.0.0.1:5000");

/// The variable that names the configuration file; the others stand for what is in it.
const CONFIG_VARIABLE: &str = "STRATA_REGISTRY_CONFIG";

/// The configuration that flags, variables and file make, in this order.
///
/// # Errors
/// Names what does not fit.
pub(super) fn load(matches: &Matches, context: &Context) -> Result<Config, Failure> {
    refuse_misplaced(matches)?;
    let file = matches.path("config").map(PathBuf::from).or_else(|| context.env.path(CONFIG_VARIABLE));
    let host = (context.host)(context.env.path("HOME"));
    let default = default_root(context.env.path("XDG_DATA_HOME"), &host);
    let config = Config::load(default, file.as_deref(), variables(context)?);
    let mut config = config.map_err(|e| failed(&e))?;
    if let Some(root) = matches.path("root") {
        config.root = root.to_owned();
    }
    // What is said about it holds in every working directory.
    config.root = std::path::absolute(&config.root).unwrap_or(config.root);
    Ok(config)
}

/// As [`load`], for commands with `--listen`.
///
/// # Errors
/// As [`load`], and when the address is none.
pub(super) fn load_to_serve(matches: &Matches, context: &Context) -> Result<Config, Failure> {
    let mut config = load(matches, context)?;
    if matches.given("listen") {
        let listen = matches.text("listen");
        config.listen = listen_address(listen).ok_or_else(|| {
            let typed = quote(listen.as_bytes());
            Failure::new(format!("--listen {typed} is not address:port, such as 127.0.0.1:5000"))
        })?;
    }
    Ok(config)
}

/// The repository that an operand names.
///
/// # Errors
/// When no repository can have that name.
pub(super) fn repository(text: &str) -> Result<RepositoryName, Failure> {
    RepositoryName::parse(text).ok_or_else(|| {
        let typed = quote(text.as_bytes());
        Failure::new(format!(
            "{typed} is no name of a repository, such as library/alpine, without host and tag"
        ))
    })
}

/// Before the command `--root` and `--config` are about the image store and the client: who puts them there may
/// mean the registry's, and must not get the default in their place.
fn refuse_misplaced(matches: &Matches) -> Result<(), Failure> {
    for (long, what) in [("root", "the image store's"), ("config", "the client's")] {
        if matches.given_before(long) && matches.path(long).is_none() {
            let called = matches.called_as();
            let message =
                format!("--{long} before the command is {what}; the registry's goes after '{called}'");
            return Err(Failure::new(message));
        }
    }
    Ok(())
}

/// The variables that stand over the file.
fn variables(context: &Context) -> Result<Vec<(String, String)>, Failure> {
    let variables = context.env.beginning_with(ENVIRONMENT_PREFIX).into_iter();
    let variables = variables.filter(|(name, _)| name != CONFIG_VARIABLE);
    let text = |(name, value): (String, std::ffi::OsString)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(Failure::new(format!("the value of {name} is not UTF-8"))),
    };
    variables.map(text).collect()
}

/// Where the store has its root, under the registry's own name.
fn default_root(data_home: Option<PathBuf>, host: &HostInfo) -> PathBuf {
    if host.uid == 0 {
        return "/var/lib/strata-registry".into();
    }
    let data_home = data_home.or_else(|| host.home.as_ref().map(|home| home.join(".local/share")));
    match data_home {
        Some(folder) => folder.join("strata-registry"),
        None => format!("/var/tmp/strata-registry-{}", host.uid).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_root() {
        let check = |uid, data_home: Option<&str>, home: Option<&str>, expect: &str| {
            let mut host = HostInfo::detect(None);
            (host.uid, host.home) = (uid, home.map(PathBuf::from));
            assert_eq!(default_root(data_home.map(PathBuf::from), &host), PathBuf::from(expect));
        };
        check(0, Some("/data"), Some("/root"), "/var/lib/strata-registry");
        check(7, Some("/data"), Some("/homes/ann"), "/data/strata-registry");
        check(7, None, Some("/homes/ann"), "/homes/ann/.local/share/strata-registry");
        check(7, None, None, "/var/tmp/strata-registry-7");
    }
}
