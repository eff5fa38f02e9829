//! Changes applied to what an image runs.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::change::{Change, CommandLine};
use crate::error::{Error, Result};
use crate::expand::Expander;
use crate::ports::Ports;
use crate::signal::is_signal;

/// The members that changes touch, in the order in which Docker writes them; others keep their place behind.
const ORDER: [&str; 12] = [
    "User",
    "ExposedPorts",
    "Env",
    "Cmd",
    "Healthcheck",
    "Volumes",
    "WorkingDir",
    "Entrypoint",
    "OnBuild",
    "Labels",
    "StopSignal",
    "Shell",
];

/// What runs command lines in shell form unless `SHELL` says otherwise.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// A run config being changed.
pub(crate) struct RunConfig {
    members: Map<String, Value>,
    env: Environment,
    ports: Ports,
    labels: BTreeMap<String, String>,
    volumes: BTreeMap<String, Value>,
    expander: Expander,
    /// Whether a change has set the command: then a new entry point leaves it alone.
    command_set: bool,
}

impl RunConfig {
    /// What an image says; members that are not what they should be count as not there.
    pub(crate) fn of(run: &Map<String, Value>, escape: char) -> RunConfig {
        let object = |name: &str| run.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        let label = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
        let mut ports = Ports::default();
        ports.exposed.extend(object("ExposedPorts").into_iter().map(|(port, _)| port));
        RunConfig {
            env: Environment::of(run.get("Env")),
            ports,
            labels: object("Labels").into_iter().filter_map(label).collect(),
            volumes: object("Volumes").into_iter().collect(),
            members: run.clone(),
            expander: Expander::new(escape),
            command_set: false,
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::Cmd(line) => self.command(line),
            Change::Entrypoint(line) => self.entrypoint(line),
            Change::Env(pairs) => self.variables(pairs)?,
            Change::Expose(ports) => self.expose(ports)?,
            Change::HealthCheck(check) => self.set("Healthcheck", check.to_json()),
            Change::Label(pairs) => {
                for (name, value) in self.expand_pairs(pairs)? {
                    self.labels.insert(name, value);
                }
            }
            Change::OnBuild(instruction) => self.on_build(instruction),
            Change::Shell(words) => self.set("Shell", json!(words)),
            Change::StopSignal(signal) => self.stop_signal(signal)?,
            Change::User(user) => {
                let user = self.expand(user)?;
                self.set("User", user.into());
            }
            Change::Volume(volumes) => self.volumes(volumes)?,
            Change::Workdir(folder) => self.workdir(folder)?,
        }
        Ok(())
    }

    fn set(&mut self, member: &str, value: Value) {
        self.members.insert(member.to_owned(), value);
    }

    fn expand(&mut self, word: &str) -> Result<String> {
        self.expander.word(word, &|name| self.env.get(name))
    }

    /// All of an instruction's pairs see the variables from before it.
    fn expand_pairs(&mut self, pairs: &[(String, String)]) -> Result<Vec<(String, String)>> {
        pairs.iter().map(|(name, value)| Ok((self.expand(name)?, self.expand(value)?))).collect()
    }

    fn command(&mut self, line: &CommandLine) {
        let words = self.words(line);
        self.set("Cmd", words.into());
        self.command_set |= !matches!(line, CommandLine::Exec(words) if words.is_empty())
            && !matches!(line, CommandLine::Shell(text) if text.is_empty());
    }

    fn entrypoint(&mut self, line: &CommandLine) {
        let words = match line {
            CommandLine::Shell(text) if text.is_empty() => Vec::new(),
            line => self.words(line),
        };
        self.set("Entrypoint", if words.is_empty() { Value::Null } else { words.into() });
        if !self.command_set {
            self.set("Cmd", Value::Null);
        }
    }

    fn words(&self, line: &CommandLine) -> Vec<String> {
        let text = match line {
            CommandLine::Exec(words) => return words.clone(),
            CommandLine::Shell(text) => text,
        };
        let set = self.members.get("Shell").and_then(Value::as_array).filter(|words| !words.is_empty());
        let mut words: Vec<String> = match set {
            Some(words) => words.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            None => SHELL.map(str::to_owned).to_vec(),
        };
        if !text.is_empty() {
            words.push(text.clone());
        }
        words
    }

    fn variables(&mut self, pairs: &[(String, String)]) -> Result<()> {
        for (name, value) in self.expand_pairs(pairs)? {
            self.env.set(&name, &value);
        }
        Ok(())
    }

    fn expose(&mut self, ports: &[String]) -> Result<()> {
        for word in ports {
            let ports = self.expander.words(word, &|name| self.env.get(name))?;
            ports.iter().try_for_each(|port| self.ports.expose(port))?;
        }
        Ok(())
    }

    fn on_build(&mut self, instruction: &str) {
        let list = self.members.entry("OnBuild").or_insert_with(|| json!([]));
        match list.as_array_mut() {
            Some(list) => list.push(instruction.into()),
            None => *list = json!([instruction]),
        }
    }

    fn stop_signal(&mut self, signal: &str) -> Result<()> {
        let signal = self.expand(signal)?;
        if !is_signal(&signal) {
            return Err(Error::Invalid(format!("invalid signal: {signal}")));
        }
        self.set("StopSignal", signal.into());
        Ok(())
    }

    fn volumes(&mut self, volumes: &[String]) -> Result<()> {
        for volume in volumes {
            match self.expand(volume)? {
                volume if volume.is_empty() => {
                    return Err(Error::invalid("VOLUME specified can not be an empty string"));
                }
                volume => self.volumes.insert(volume, json!({})),
            };
        }
        Ok(())
    }

    /// A relative folder goes on from the one before.
    fn workdir(&mut self, folder: &str) -> Result<()> {
        let folder = self.expand(folder)?;
        if folder.is_empty() {
            return Err(Error::invalid("cannot normalize nothing"));
        }
        let before = self.members.get("WorkingDir").and_then(Value::as_str).unwrap_or_default();
        let folder = if folder.starts_with('/') { folder } else { joined(before, &folder) };
        self.set("WorkingDir", folder.into());
        Ok(())
    }

    /// The members in Docker's order, those left out that say nothing.
    pub(crate) fn finish(mut self) -> Map<String, Value> {
        let ports = self.ports.exposed.into_iter().map(|port| (port, json!({})));
        self.members.insert("ExposedPorts".to_owned(), Value::Object(ports.collect()));
        self.members.insert("Env".to_owned(), self.env.entries.into());
        self.members.insert("Labels".to_owned(), json!(self.labels));
        self.members.insert("Volumes".to_owned(), Value::Object(self.volumes.into_iter().collect()));
        let mut ordered = Map::new();
        for name in ORDER {
            if let Some(value) = self.members.remove(name) {
                ordered.insert(name.to_owned(), value);
            }
        }
        ordered.extend(self.members);
        // An empty command is one; without the member it would be that of whatever comes before.
        let says = |name: &str, value: &Value| (name == "Cmd" && value.is_array()) || !is_void(value);
        ordered.into_iter().filter(|(name, value)| says(name, value)).collect()
    }
}

fn is_void(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Joins folders as Go's `filepath.Join` does below the root.
fn joined(before: &str, folder: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in before.split('/').chain(folder.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Variables in the order in which they were set.
struct Environment {
    entries: Vec<String>,
    places: HashMap<String, usize>,
}

impl Environment {
    fn of(env: Option<&Value>) -> Environment {
        let mut environment = Environment { entries: Vec::new(), places: HashMap::new() };
        let entries = env.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for entry in entries {
            let name = entry.split_once('=').map_or(entry, |(name, _)| name);
            environment.places.entry(name.to_owned()).or_insert(environment.entries.len());
            environment.entries.push(entry.to_owned());
        }
        environment
    }

    fn get(&self, name: &str) -> Option<&str> {
        let entry = self.entries.get(*self.places.get(name)?)?;
        Some(entry.split_once('=').map_or("", |(_, value)| value))
    }

    /// Replaces a variable where it stands, or adds it.
    fn set(&mut self, name: &str, value: &str) {
        let entry = format!("{name}={value}");
        match self.places.get(name) {
            Some(&at) => self.entries[at] = entry,
            None => {
                self.places.insert(name.to_owned(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }
}
