//! What every command gets besides its arguments.
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use engine::{Cancel, Clock, Engine, HostInfo, Inputs, Settings};
use jiff::Timestamp;

use crate::docker_config::DockerConfig;
use crate::flags::Matches;
use crate::interrupt::Patience;
use crate::term::raw::Restore;
use crate::{Environment, Failure, Ui};

/// The outside world of one invocation: the streams, the environment, the machine, the time and the user's
/// wish to stop.
pub struct Context {
    /// The standard streams.
    pub ui: Ui,
    /// The environment variables.
    pub env: Environment,
    /// Finds out where this runs, given the user's home.
    pub host: fn(Option<PathBuf>) -> HostInfo,
    /// Tells the time.
    pub clock: Clock,
    /// Set when the user wants to stop.
    pub cancel: Cancel,
    /// Gives the terminal back that a program in a container has.
    pub(crate) restore: Restore,
    /// How long the command may take to stop.
    pub(crate) patience: Patience,
    config: Option<DockerConfig>,
}

impl Context {
    /// A world with these streams and variables, on this machine, now.
    pub fn new(ui: Ui, env: Environment) -> Self {
        let (host, clock) = (HostInfo::detect as fn(_) -> _, Timestamp::now as Clock);
        Self {
            ui,
            env,
            host,
            clock,
            cancel: Cancel::new(),
            restore: Restore::default(),
            patience: Patience::default(),
            config: None,
        }
    }

    /// The engine with the settings that flags, variables and files ask for. Nothing of the store is opened.
    ///
    /// # Errors
    /// When a configuration file cannot be used.
    pub fn engine(&mut self, matches: &Matches) -> Result<Engine, Failure> {
        self.arm_fault()?;
        self.docker_config(matches);
        let mut host = (self.host)(self.env.path("HOME"));
        if let Some(uid) = self.uid_outside() {
            host.uid = uid;
        }
        if self.env.text("TZ").is_some() {
            host.zone = jiff::tz::TimeZone::system();
        }
        let settings = Settings::resolve(self.inputs(matches), &host).map_err(|e| Failure::client(&e))?;
        let mut engine = Engine::new(settings, host, self.clock, self.cancel.clone());
        engine.monitor_command = monitor_command(matches, &engine.settings);
        Ok(engine)
    }

    /// What the user's `config.json` says about commands. One that cannot be read is warned of, once.
    pub(crate) fn docker_config(&mut self, matches: &Matches) -> &DockerConfig {
        let Self { ui, config, .. } = self;
        config.get_or_insert_with(|| {
            let found =
                matches.path("config").map_or_else(|| Ok(DockerConfig::default()), DockerConfig::read);
            found.unwrap_or_else(|warning| {
                ui.talk(&warning);
                DockerConfig::default()
            })
        })
    }

    fn inputs(&self, matches: &Matches) -> Inputs {
        let given = |flag: &str| matches.given(flag).then(|| matches.path(flag)).flatten();
        let list = |flag: &str| matches.list(flag).map(str::to_owned).collect();
        // Of the two spellings of a proxy's variable Go's programs take the upper case one first.
        let proxy = |name: &str| self.env.text(name).or_else(|| self.env.text(&name.to_lowercase()));
        Inputs {
            root: given("root").map(PathBuf::from),
            root_variable: self.env.path("STRATA_ROOT"),
            data_home: self.env.path("XDG_DATA_HOME"),
            runtime_dir: self.env.path("XDG_RUNTIME_DIR"),
            storage_driver: matches.text_given("storage-driver").map(str::to_owned),
            registry_mirrors: list("registry-mirror"),
            insecure_registries: list("insecure-registry"),
            daemon_config: matches.path("daemon-config").map(PathBuf::from),
            docker_config: matches.path("config").map(PathBuf::from),
            auth_config: self.env.text("DOCKER_AUTH_CONFIG").map(engine::Secret::new),
            http_proxy: proxy("HTTP_PROXY"),
            https_proxy: proxy("HTTPS_PROXY"),
            all_proxy: proxy("ALL_PROXY"),
            no_proxy: proxy("NO_PROXY"),
            path: self.env.var("PATH").filter(|path: &OsString| !path.is_empty()),
        }
    }

    /// Who the user is outside the user namespace that this program made for them.
    fn uid_outside(&self) -> Option<u32> {
        let said = self.env.text(engine::user_namespace::VARIABLE)?;
        said.parse().ok().filter(|_| engine::user_namespace::is_inside())
    }

    /// Fault tests hand the fault to the program in a variable (`docs/crash-safety.md`).
    fn arm_fault(&self) -> Result<(), Failure> {
        match self.env.text("STRATA_FAULT") {
            Some(text) if !engine::fault::arm(&text) => {
                Err(Failure::new("STRATA_FAULT is neither kill:N, fail:N:ERRNO nor fail-from:N:ERRNO"))
            }
            _ => Ok(()),
        }
    }
}

/// This program as a container's monitor, with what of the command line decides where containers are.
fn monitor_command(matches: &Matches, settings: &Settings) -> Vec<OsString> {
    let mut command: Vec<OsString> = vec!["/proc/self/exe".into(), "--root".into()];
    command.push(settings.root.value.clone().into_os_string());
    if let Some(driver) = matches.text_given("storage-driver") {
        command.extend(["--storage-driver".into(), driver.into()]);
    }
    if let Some(file) = matches.path("daemon-config") {
        command.extend(["--daemon-config".into(), file.into()]);
    }
    command.push("__monitor".into());
    command
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("ui", &self.ui).field("env", &self.env).finish_non_exhaustive()
    }
}
