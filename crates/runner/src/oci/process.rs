//! The program that is started.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::mount::INIT;
use super::place::Places;
use super::security::SecurityOptions;
use super::user::{self, User};
use super::{Bundle, ExecAsked, IdMap, IdMaps, OciError, Space, capability, env, gpu, resources};
use crate::error::{Error, Result as RunnerResult};
use crate::record::Container;

/// What is decided about a program before it is written down.
struct Process<'p> {
    container: &'p Container,
    user: User,
    args: Vec<&'p str>,
    env: Vec<String>,
    cwd: String,
    tty: bool,
    console_size: [u16; 2],
    capabilities: Vec<&'static str>,
    no_new_privileges: bool,
    apparmor: Option<&'p str>,
    maps: Option<IdMaps>,
}

/// The container's own program.
pub(super) fn of(
    bundle: &Bundle<'_>,
    security: &SecurityOptions,
    capabilities: &[&'static str],
    places: &Places,
) -> RunnerResult<Value> {
    let container = bundle.container;
    let config = &container.config;
    let user = user::look_up(bundle.rootfs, &config.user, &container.host_config.group_add)?;
    let mut args: Vec<&str> = container.argv.iter().map(String::as_str).collect();
    if bundle.init.is_some() && bundle.pid == Space::Own {
        args.splice(0..0, [INIT, "--"]);
    }
    let mut env = env::environment(config, bundle.hostname, config.tty, bundle.variables, &[])?;
    for told in gpu::variables(&container.host_config, bundle.gpu_hook)? {
        env.retain(|variable| variable.split('=').next() != told.split('=').next());
        env.push(told);
    }
    env::set_home(&mut env, &user.home);
    let process = Process {
        container,
        user,
        args,
        env,
        cwd: make_workdir(places, &config.working_dir)?,
        tty: config.tty,
        console_size: container.host_config.console_size,
        capabilities: capabilities.to_vec(),
        no_new_privileges: security.no_new_privileges,
        apparmor: security.apparmor.as_deref().filter(|_| has_apparmor()),
        maps: bundle.rootless.cloned(),
    };
    process.value()
}

/// Another program in a container that runs; `told` are variables that tell it of other containers.
///
/// # Errors
/// When the user is unknown in the container, or a variable cannot be had.
pub fn exec_process(
    asked: &ExecAsked,
    container: &Container,
    told: &[String],
    rootfs: &Path,
) -> RunnerResult<Value> {
    let config = &container.config;
    let security = super::security::options(&container.host_config.security_opt)?;
    let asked_user = asked.user.as_deref().filter(|user| !user.is_empty());
    let user = user::look_up(rootfs, asked_user.unwrap_or(&config.user), &container.host_config.group_add)?;
    let mut env = env::environment(config, &config.hostname, asked.tty, told, &asked.env)?;
    env::set_home(&mut env, &user.home);
    let workdir = asked.workdir.as_deref().filter(|workdir| !workdir.is_empty());
    if workdir.is_some_and(|workdir| !workdir.starts_with('/')) {
        return Err(OciError::RelativeWorkdir.into());
    }
    let cwd = absolute(workdir.unwrap_or(&config.working_dir));
    let process = Process {
        container,
        user,
        args: asked.argv.iter().map(String::as_str).collect(),
        env,
        cwd: checked_workdir(&Places::open(rootfs)?, &cwd)?,
        tty: asked.tty,
        // Whoever asked says it when the program runs.
        console_size: [0, 0],
        capabilities: match asked.privileged {
            true => capability::available().to_vec(),
            false => capability::of(&container.host_config)?,
        },
        no_new_privileges: security.no_new_privileges,
        apparmor: security.apparmor.as_deref().filter(|_| has_apparmor()),
        maps: crate::user_namespace::maps(),
    };
    process.value()
}

impl Process<'_> {
    fn value(&self) -> RunnerResult<Value> {
        self.check_maps()?;
        let host = &self.container.host_config;
        let mut process = Map::new();
        let mut set = |name: &str, value: Value| drop(process.insert(name.to_owned(), value));
        set("terminal", json!(self.tty));
        if self.tty && self.console_size != [0, 0] {
            let [height, width] = self.console_size;
            set("consoleSize", json!({"height": height, "width": width}));
        }
        let mut user = json!({"uid": self.user.uid, "gid": self.user.gid});
        if self.maps.as_ref().is_none_or(has_groups) {
            user["additionalGids"] = json!(self.user.groups);
        }
        set("user", user);
        set("args", json!(self.args));
        set("env", json!(self.env));
        set("cwd", json!(self.cwd));
        set("capabilities", self.capabilities());
        if self.maps.is_some() {
            resources::check_own_limits(&host.ulimits)?;
        }
        let rlimits = resources::rlimits(&host.ulimits)?;
        if !rlimits.is_empty() {
            set("rlimits", Value::Array(rlimits));
        }
        set("noNewPrivileges", json!(self.no_new_privileges));
        // An ordinary user cannot lower it, and may have a higher one already.
        if self.maps.is_none() || host.oom_score_adj > 0 {
            set("oomScoreAdj", json!(host.oom_score_adj));
        }
        if let Some(profile) = self.apparmor {
            set("apparmorProfile", json!(profile));
        }
        Ok(Value::Object(process))
    }

    /// The runtime would only say that an argument is invalid.
    fn check_maps(&self) -> Result<(), OciError> {
        let Some(maps) = &self.maps else { return Ok(()) };
        let has = |maps: &[IdMap], id: u32| {
            maps.iter().any(|map| id.checked_sub(map.inside).is_some_and(|distance| distance < map.count))
        };
        if !has(&maps.uids, self.user.uid) {
            return Err(OciError::Unmapped { what: "user", id: self.user.uid, file: "/etc/subuid" });
        }
        let groups: &[u32] = if has_groups(maps) { &self.user.groups } else { &[] };
        match groups.iter().chain([&self.user.gid]).find(|gid| !has(&maps.gids, **gid)) {
            Some(gid) => Err(OciError::Unmapped { what: "group", id: *gid, file: "/etc/subgid" }),
            None => Ok(()),
        }
    }

    /// Users other than root have capabilities only through files that bring them. None are inherited (RUN-5).
    fn capabilities(&self) -> Value {
        let held: &[&str] = if self.user.uid == 0 { &self.capabilities } else { &[] };
        json!({"bounding": self.capabilities, "effective": held, "permitted": held, "inheritable": [], "ambient": []})
    }
}

/// Where the program starts, made where it is missing.
fn make_workdir(places: &Places, asked: &str) -> RunnerResult<String> {
    let cwd = checked_workdir(places, &absolute(asked))?;
    if !asked.is_empty() {
        // What will be mounted over it is made by the runtime, from inside.
        places.make_dir(&cwd).map_err(|error| match error {
            Error::Oci(OciError::NotDirectory(_)) => OciError::WorkdirNotDirectory(asked.to_owned()).into(),
            error => error,
        })?;
    }
    Ok(cwd)
}

/// Refuses folders that are doors to other places: what `/proc` has of open files and of roots (RUN-1).
fn checked_workdir(places: &Places, cwd: &str) -> RunnerResult<String> {
    let way = places.resolve(cwd)?;
    let is_process = way.begins_with(&["proc"])
        && way.name(1).is_some_and(|name| {
            matches!(name, b"self" | b"thread-self") || name.iter().all(u8::is_ascii_digit)
        });
    if is_process || way.begins_with(&["dev", "fd"]) {
        let reason = "leads out of the container".to_owned();
        return Err(OciError::Place { path: cwd.to_owned(), reason }.into());
    }
    Ok(cwd.to_owned())
}

fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// Who has a single group cannot choose any.
fn has_groups(maps: &IdMaps) -> bool {
    maps.gids.iter().any(|map| map.count > 1)
}

/// Whether the kernel has AppArmor to apply a profile with.
fn has_apparmor() -> bool {
    let enabled = disk::read_named(Path::new("/sys/module/apparmor/parameters/enabled"), 16);
    enabled.is_ok_and(|text| text.starts_with(b"Y"))
}
