//! `strata info`: the store, the host and the configuration in force.
use std::fmt::{Display, Write};

use engine::Setting;

use super::usage;
use super::version::{API_VERSION, COMMIT, NUMBER};
use crate::columns::{InfoFacts, LOG_DRIVERS, VOLUME_DRIVERS, object_text, parse_object_template};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::text("format", usage::FORMAT_OBJECT).short('f')];

/// `strata info`
pub(super) static INFO: Command = Command { section: Section::Common(11), ..SYSTEM_INFO };

/// `strata system info`
pub(super) const SYSTEM_INFO: Command = Command {
    name: "info",
    arguments: "[OPTIONS]",
    short: "Display system-wide information",
    spellings: &["system info", "info"],
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(info),
    ..Command::USUAL
};

fn info(matches: &Matches, context: &mut Context) -> Outcome {
    let template = matches.text_given("format").map(parse_object_template).transpose()?;
    let engine = context.engine(matches)?;
    let debug = matches.bool("debug");
    let info = match engine.info() {
        Ok(info) => info,
        Err(error) => {
            if template.is_none() {
                context.ui.print(&format!("{}\nServer:\n", client(debug)));
            }
            return Err(Failure::daemon(&error));
        }
    };
    let facts = InfoFacts {
        info,
        now: engine.now(),
        settings: engine.settings,
        machine: machine(&engine.host.platform.architecture).to_owned(),
        host: engine.host,
        version: NUMBER,
        api_version: API_VERSION,
        commit: COMMIT,
        debug,
    };
    if let Some(template) = template {
        let (out, failure) = object_text(&template, &facts.object());
        context.ui.print(&out);
        return failure.map_or(Ok(()), Err);
    }
    let text = format!("{}\n{}{}{}\n", client(debug), server(&facts), in_force(&facts), needed(&facts));
    context.ui.print(&escape::layout(&text));
    Ok(())
}

/// An architecture under the kernel's name.
fn machine(architecture: &str) -> &str {
    match architecture {
        "amd64" => "x86_64",
        "386" => "i686",
        "arm64" => "aarch64",
        "loong64" => "loongarch64",
        other => other,
    }
}

fn client(debug: bool) -> String {
    format!("Client:\n Version:    {NUMBER}\n Context:    default\n Debug Mode: {debug}\n")
}

fn server(facts: &InfoFacts) -> String {
    let InfoFacts { info, host, .. } = facts;
    let mut out = String::from("Server:\n");
    let mut line = |name: &str, value: &dyn Display| _ = writeln!(out, " {name}: {value}");
    let containers = info.containers;
    line("Containers", &containers.all());
    line(" Running", &containers.running);
    line(" Paused", &containers.paused);
    line(" Stopped", &containers.stopped);
    line("Images", &info.images);
    line("Server Version", &NUMBER);
    line("Storage Driver", &info.driver.as_deref().unwrap_or("chosen when the store is made"));
    info.driver_status.iter().for_each(|(name, value)| line(&format!(" {name}"), value));
    line("Logging Driver", &LOG_DRIVERS[0]);
    line("Cgroup Driver", &facts.cgroup_driver());
    line("Cgroup Version", &host.cgroup_version);
    out.push_str(" Plugins:\n");
    let networks = facts.network_drivers();
    for (kind, names) in [("Volume", VOLUME_DRIVERS), ("Network", networks), ("Log", LOG_DRIVERS)] {
        let _ = writeln!(out, "  {kind}: {}", names.join(" "));
    }
    out + &programs(facts) + &machine_lines(facts)
}

/// What starts containers, and what keeps them apart.
fn programs(facts: &InfoFacts) -> String {
    let runtimes = facts.info.programs.runtimes.iter().map(|runtime| runtime.name.as_str());
    let mut out = String::from(" Swarm: inactive\n");
    let mut line = |name: &str, value: &dyn Display| _ = writeln!(out, " {name}: {value}");
    line("Runtimes", &runtimes.collect::<Vec<_>>().join(" "));
    line("Default Runtime", &facts.default_runtime().unwrap_or_default());
    line("Init Binary", &facts.init());
    out.push_str(" Security Options:\n  seccomp\n   Profile: builtin\n");
    match (facts.is_ordinary_user(), facts.host.cgroup_version) {
        (true, _) => out.push_str("  rootless\n"),
        (false, 2) => out.push_str("  cgroupns\n"),
        (false, _) => {}
    }
    out
}

fn machine_lines(facts: &InfoFacts) -> String {
    let host = &facts.host;
    let mut out = String::new();
    let mut line = |name: &str, value: &dyn Display| _ = writeln!(out, " {name}: {value}");
    line("Kernel Version", &host.kernel);
    line("Operating System", &host.os_name);
    line("OSType", &host.platform.os);
    line("Architecture", &facts.machine);
    line("CPUs", &host.cpus);
    line("Total Memory", &size::binary(host.memory));
    line("Name", &host.hostname);
    line("Docker Root Dir", &facts.root());
    line("Debug Mode", &facts.debug);
    line("Experimental", &false);
    let (hosts, networks) = facts.insecure();
    list(&mut out, "Insecure Registries", hosts.into_iter().chain(networks).map(str::to_owned));
    let others = facts.other_mirrors().into_iter().map(|(registry, url)| format!("{url} (for {registry})"));
    list(&mut out, "Registry Mirrors", facts.hub_mirrors().into_iter().chain(others));
    out.push_str(" Live Restore Enabled: false\n");
    out
}

/// The programs that containers need: where they are, or the way to have them.
fn needed(facts: &InfoFacts) -> String {
    let programs = &facts.info.programs;
    let mut out = String::from(" Programs for containers:\n");
    let mut line = |what: &str, found: String| _ = writeln!(out, "  {what}: {found}");
    let place = |found: &Result<std::path::PathBuf, String>| match found {
        Ok(path) => path.display().to_string(),
        Err(missing) => missing.clone(),
    };
    let runtime = programs
        .runtimes
        .first()
        .map(|runtime| format!("{} {} ({})", runtime.name, runtime.version, runtime.path.display()));
    line("runtime", programs.no_runtime.clone().or(runtime).unwrap_or_default());
    line("network", place(&programs.network));
    line("init", place(&programs.init));
    if facts.is_ordinary_user() {
        let all = || "root, and those in the ranges of /etc/subuid and /etc/subgid".to_owned();
        let users = facts.info.root_alone.as_ref().map_or_else(all, |why| format!("root alone: {why}"));
        line("users", facts.info.no_namespace.clone().unwrap_or(users));
    }
    out
}

fn list(out: &mut String, name: &str, values: impl Iterator<Item = String>) {
    for (at, value) in values.enumerate() {
        if at == 0 {
            let _ = writeln!(out, " {name}:");
        }
        let _ = writeln!(out, "  {value}");
    }
}

/// Every setting, its value and where that came from, under the names that `daemon.json` has for them.
fn in_force(facts: &InfoFacts) -> String {
    let mut out = String::from(" Settings:\n");
    let settings = &facts.settings;
    let none = || "none".to_owned();
    let mut row = |name: &str, value: String, origin: &dyn Display| {
        let _ = writeln!(out, "  {name}: {value} ({origin})");
    };
    let lines = |setting: &Setting<Vec<String>>| match setting.value.is_empty() {
        true => none(),
        false => setting.value.join(", "),
    };
    row("data-root", facts.root(), &settings.root.origin);
    let driver = settings.storage_driver.value.clone().unwrap_or_else(|| "what suits the machine".to_owned());
    row("storage-driver", driver, &settings.storage_driver.origin);
    row("registry-mirrors", lines(&settings.registry_mirrors), &settings.registry_mirrors.origin);
    row("insecure-registries", lines(&settings.insecure_registries), &settings.insecure_registries.origin);
    for (name, setting) in [
        ("max-concurrent-downloads", &settings.max_concurrent_downloads),
        ("max-concurrent-uploads", &settings.max_concurrent_uploads),
        ("max-download-attempts", &settings.max_download_attempts),
    ] {
        row(name, setting.value.to_string(), &setting.origin);
    }
    let config =
        settings.docker_config.as_ref().map(|folder| folder.join("config.json").display().to_string());
    let _ = writeln!(out, "  credentials: {}", config.unwrap_or_else(none));
    out
}
