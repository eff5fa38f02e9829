//! What the flags of `run` and `create` ask for.
mod host;

use std::collections::BTreeMap;
use std::path::Path;

use engine::Engine;
use engine::ops::container::{CreateContainer, PullPolicy};
use engine::record::{Config, Healthcheck, HostConfig};

use self::host::host_config;
use super::connections;
use super::creating::Creation;
use crate::commands::platform;
use crate::flags::Matches;
use crate::options::{self, Bound};
use crate::{Context, Failure};

/// What the flags and operands ask for. Refusals are told as Docker's client tells them.
pub(super) fn creation(
    matches: &Matches,
    context: &mut Context,
    engine: &Engine,
) -> Result<Creation, Failure> {
    let connections = connections::connections(matches)?;
    let request = CreateContainer {
        name: matches.text_given("name").map(str::to_owned),
        image: matches.operand(0).unwrap_or_default().to_owned(),
        platform: platform::parse(matches, engine, "Error response from daemon: ")?,
        config: config(matches, context)?,
        host_config: HostConfig { network_mode: connections.mode, ..host_config(matches)? },
        networks: connections.networks,
    };
    check_image(&request.image)?;
    check_together(&request)?;
    let pull = match matches.text("pull") {
        "" | "missing" => PullPolicy::Missing,
        "always" => PullPolicy::Always,
        "never" => PullPolicy::Never,
        other => {
            let text = format!(
                "invalid pull option: '{other}': must be one of \"always\", \"missing\" or \"never\""
            );
            return Err(Failure::new(text));
        }
    };
    let cidfile = matches.path("cidfile").map(Path::to_owned);
    Ok(Creation { request, pull, quiet: matches.bool("quiet"), cidfile })
}

/// Refuses what there is on Windows alone, in Docker's words, and what wants a daemon.
///
/// # Errors
/// When such a flag is given.
pub(super) fn check_possible(matches: &Matches) -> Result<(), Failure> {
    const OF_WINDOWS: [&str; 4] = ["cpu-count", "cpu-percent", "io-maxbandwidth", "io-maxiops"];
    if let Some(flag) = OF_WINDOWS.iter().find(|flag| matches.given(flag)) {
        let text = format!(
            "\"--{flag}\" is only supported on a Docker daemon running on windows, but the Docker daemon is running \
             on linux"
        );
        return Err(Failure::with_exit(Failure::ERROR, text));
    }
    if matches.bool("use-api-socket") {
        let text = "--use-api-socket: there is no API socket, as there is no daemon";
        return Err(Failure::with_exit(Failure::FLAG, text));
    }
    Ok(())
}

/// What is no name is refused before anything is done; an id is one.
fn check_image(image: &str) -> Result<(), Failure> {
    spec::AnyReference::parse(image).map(drop).map_err(|error| Failure::new(error.to_string()))
}

fn check_together(request: &CreateContainer) -> Result<(), Failure> {
    let host = &request.host_config;
    if host.auto_remove && !matches!(host.restart_policy.name.as_str(), "" | "no") {
        return Err(Failure::new("conflicting options: cannot specify both --restart and --rm"));
    }
    Ok(())
}

fn config(matches: &Matches, context: &Context) -> Result<Config, Failure> {
    let streams = streams(matches)?;
    let mut operands = matches.operands().skip(1).map(str::to_owned);
    let cmd: Vec<String> = operands.by_ref().collect();
    let mut config = Config {
        hostname: matches.text("hostname").to_owned(),
        domainname: matches.text("domainname").to_owned(),
        user: matches.text("user").to_owned(),
        attach_stdin: streams.contains(&"stdin".to_owned()),
        attach_stdout: streams.contains(&"stdout".to_owned()),
        attach_stderr: streams.contains(&"stderr".to_owned()),
        tty: matches.bool("tty"),
        open_stdin: matches.bool("interactive"),
        env: env(matches, context)?,
        cmd: (!cmd.is_empty()).then_some(cmd),
        image: matches.operand(0).unwrap_or_default().to_owned(),
        working_dir: matches.text("workdir").to_owned(),
        entrypoint: matches.given("entrypoint").then(|| vec![matches.text("entrypoint").to_owned()]),
        labels: labels(matches)?,
        stop_signal: matches.text_given("stop-signal").map(str::to_owned),
        stop_timeout: matches.given("stop-timeout").then(|| matches.int("stop-timeout")),
        healthcheck: healthcheck(matches)?,
        ..Config::default()
    };
    for text in matches.list("expose") {
        config.exposed_ports.extend(options::expose(text).map_err(Failure::new)?);
    }
    for text in matches.list("publish") {
        config
            .exposed_ports
            .extend(options::publish(text).map_err(Failure::new)?.into_iter().map(|(port, _)| port));
    }
    for text in matches.list("volume") {
        if let Bound::Volume(target) = options::volume(text, absolute).map_err(Failure::new)? {
            config.volumes.insert(target);
        }
    }
    config.stdin_once = config.open_stdin && config.attach_stdin;
    Ok(config)
}

/// The streams to attach to: those that are named, else output, and input where it is kept open.
fn streams(matches: &Matches) -> Result<Vec<String>, Failure> {
    let mut streams: Vec<String> = Vec::new();
    for text in matches.list("attach") {
        streams.push(options::attach(text).map_err(Failure::new)?);
    }
    let detached = matches.command.flags.iter().any(|flag| flag.long == "detach") && matches.bool("detach");
    if detached && !streams.is_empty() {
        return Err(Failure::new("conflicting options: cannot specify both --attach and --detach"));
    }
    if streams.is_empty() && !detached {
        streams.extend(["stdout".to_owned(), "stderr".to_owned()]);
        if matches.bool("interactive") {
            streams.push("stdin".to_owned());
        }
    }
    Ok(streams)
}

/// Files first, so that single variables stand above them.
pub(super) fn env(matches: &Matches, context: &Context) -> Result<Vec<String>, Failure> {
    let mut variables = Vec::new();
    for file in matches.list("env-file") {
        variables.extend(options::env_file(Path::new(file), &context.env)?);
    }
    variables.extend(matches.list("env").map(|text| options::with_environment(text, &context.env)));
    Ok(variables)
}

fn labels(matches: &Matches) -> Result<BTreeMap<String, String>, Failure> {
    let mut labels = Vec::new();
    for file in matches.list("label-file") {
        labels.extend(options::label_file(Path::new(file))?);
    }
    labels.extend(matches.list("label").map(str::to_owned));
    Ok(pairs(labels.iter().map(String::as_str)))
}

fn pairs<'t>(texts: impl Iterator<Item = &'t str>) -> BTreeMap<String, String> {
    let pair = |text: &'t str| text.split_once('=').unwrap_or((text, ""));
    texts.map(pair).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A path of the working folder; where there is none it stays as it is, and is refused later.
fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.display().to_string())
}

fn healthcheck(matches: &Matches) -> Result<Option<Healthcheck>, Failure> {
    const FLAGS: [&str; 6] = [
        "health-cmd",
        "health-interval",
        "health-timeout",
        "health-start-period",
        "health-start-interval",
        "health-retries",
    ];
    let wanted = FLAGS.iter().any(|flag| matches.given(flag));
    if matches.bool("no-healthcheck") {
        if wanted {
            return Err(Failure::new("--no-healthcheck conflicts with --health-* options"));
        }
        return Ok(Some(Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() }));
    }
    if !wanted {
        return Ok(None);
    }
    let time = |flag: &str| match options::duration(matches.text_given(flag).unwrap_or("0")) {
        Ok(time) if time < 0 => Err(Failure::new(format!("--{flag} cannot be negative"))),
        time => time.map_err(Failure::new),
    };
    let retries = matches.int("health-retries");
    if retries < 0 {
        return Err(Failure::new("--health-retries cannot be negative"));
    }
    let test = matches.text_given("health-cmd").map(|line| vec!["CMD-SHELL".to_owned(), line.to_owned()]);
    Ok(Some(Healthcheck {
        test: test.unwrap_or_default(),
        interval: time("health-interval")?,
        timeout: time("health-timeout")?,
        start_period: time("health-start-period")?,
        start_interval: time("health-start-interval")?,
        retries,
    }))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::folder as files_of_options;
