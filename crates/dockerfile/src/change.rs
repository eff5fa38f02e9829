//! Instructions that change a config, as values.

use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::flags;
use crate::health::HealthCheck;
use crate::json_form;
use crate::run_config::RunConfig;
use crate::source::{Instruction, Source};
use crate::words;

/// One change. Words are as they were typed: variables are replaced when the change is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `CMD`: what is run, or the arguments of the entry point.
    Cmd(CommandLine),
    /// `ENTRYPOINT`: what is always run.
    Entrypoint(CommandLine),
    /// `ENV`: variables, name and value.
    Env(Vec<(String, String)>),
    /// `EXPOSE`: ports that the image listens on.
    Expose(Vec<String>),
    /// `HEALTHCHECK`.
    HealthCheck(HealthCheck),
    /// `LABEL`: labels, name and value.
    Label(Vec<(String, String)>),
    /// `ONBUILD`: an instruction for builds that start from the image.
    OnBuild(String),
    /// `SHELL`: what runs command lines in shell form.
    Shell(Vec<String>),
    /// `STOPSIGNAL`: what a container is asked to stop by.
    StopSignal(String),
    /// `USER`: as whom it is run.
    User(String),
    /// `VOLUME`: directories with a life of their own.
    Volume(Vec<String>),
    /// `WORKDIR`: where it is run.
    Workdir(String),
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandLine {
    /// A program and its arguments.
    Exec(Vec<String>),
    /// A line for the shell; may be empty.
    Shell(String),
}

/// The changes of one text, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// The changes.
    pub list: Vec<Change>,
    escape: char,
}

impl Changes {
    /// Reads changes as Docker reads its `--change` options: one text, each option a line of it.
    ///
    /// # Errors
    /// In Docker's words: what is no change, and what is wrong with one.
    pub fn parse(lines: &[String]) -> Result<Changes> {
        if lines.is_empty() {
            return Ok(Changes { list: Vec::new(), escape: '\\' });
        }
        let source = Source::parse(&lines.join("\n"))?;
        let known = |instruction: &&Instruction| PARSERS.iter().all(|(name, _)| !instruction.is(name));
        if let Some(other) = source.instructions.iter().find(known) {
            return Err(Error::NotAChange(other.name.chars().take(NAME_CHARS_MAX).collect()));
        }
        let change = |instruction| Change::parse(instruction, source.escape);
        Ok(Changes {
            list: source.instructions.iter().map(change).collect::<Result<_>>()?,
            escape: source.escape,
        })
    }

    /// Applies the changes to what an image runs, the members of its config's `config`. The members end up in
    /// the order in which Docker writes them.
    ///
    /// # Errors
    /// When variables of a word cannot be replaced, or what comes out is no port, signal or folder; `run` is as
    /// before then.
    pub fn apply(&self, run: &mut Map<String, Value>) -> Result<()> {
        let mut changed = RunConfig::of(run, self.escape);
        self.list.iter().try_for_each(|change| changed.apply(change))?;
        *run = changed.finish();
        Ok(())
    }
}

/// The longest instruction has eleven; more is quoted of none.
const NAME_CHARS_MAX: usize = 200;

type Parser = fn(&Instruction, char) -> Result<Change>;

const PARSERS: [(&str, Parser); 12] = [
    ("CMD", |instruction, _| CommandLine::parse(instruction).map(Change::Cmd)),
    ("ENTRYPOINT", |instruction, _| CommandLine::parse(instruction).map(Change::Entrypoint)),
    ("ENV", |instruction, escape| pairs(instruction, "ENV", escape).map(Change::Env)),
    ("EXPOSE", |instruction, _| expose(instruction).map(Change::Expose)),
    ("HEALTHCHECK", |instruction, _| HealthCheck::parse(instruction).map(Change::HealthCheck)),
    ("LABEL", |instruction, escape| pairs(instruction, "LABEL", escape).map(Change::Label)),
    ("ONBUILD", |instruction, _| on_build(instruction).map(Change::OnBuild)),
    ("SHELL", |instruction, _| shell(instruction).map(Change::Shell)),
    ("STOPSIGNAL", |instruction, _| one(instruction, "STOPSIGNAL").map(Change::StopSignal)),
    ("USER", |instruction, _| unflagged(instruction, "USER").map(Change::User)),
    ("VOLUME", |instruction, _| volume(instruction).map(Change::Volume)),
    ("WORKDIR", |instruction, _| unflagged(instruction, "WORKDIR").map(Change::Workdir)),
];

impl Instruction {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Change {
    fn parse(instruction: &Instruction, escape: char) -> Result<Change> {
        match PARSERS.iter().find(|(name, _)| instruction.is(name)) {
            Some((_, parse)) => parse(instruction, escape),
            None => Err(Error::NotAChange(instruction.name.clone())),
        }
    }
}

impl CommandLine {
    fn parse(instruction: &Instruction) -> Result<CommandLine> {
        flags::none(&instruction.flags)?;
        let text = &instruction.arguments;
        Ok(json_form::parse(text)?.map_or_else(|| CommandLine::Shell(text.clone()), CommandLine::Exec))
    }
}

fn at_least_one(instruction: &'static str) -> Error {
    Error::Arguments { instruction, wants: "at least one argument" }
}

/// The arguments as one word.
fn one(instruction: &Instruction, name: &'static str) -> Result<String> {
    match instruction.arguments.as_str() {
        "" => Err(Error::Arguments { instruction: name, wants: "exactly one argument" }),
        word => Ok(word.to_owned()),
    }
}

fn unflagged(instruction: &Instruction, name: &'static str) -> Result<String> {
    let word = one(instruction, name)?;
    flags::none(&instruction.flags)?;
    Ok(word)
}

fn pairs(instruction: &Instruction, name: &'static str, escape: char) -> Result<Vec<(String, String)>> {
    flags::none(&instruction.flags)?;
    words::pairs(&instruction.arguments, name, escape)
}

fn expose(instruction: &Instruction) -> Result<Vec<String>> {
    let ports = words::plain(&instruction.arguments);
    if ports.is_empty() {
        return Err(at_least_one("EXPOSE"));
    }
    flags::none(&instruction.flags)?;
    Ok(ports)
}

fn volume(instruction: &Instruction) -> Result<Vec<String>> {
    let text = &instruction.arguments;
    let volumes = json_form::parse(text)?.unwrap_or_else(|| words::plain(text));
    if volumes.is_empty() {
        return Err(at_least_one("VOLUME"));
    }
    flags::none(&instruction.flags)?;
    let trimmed = volumes.iter().map(|volume| match volume.trim() {
        "" => Err(Error::invalid("VOLUME specified can not be an empty string")),
        volume => Ok(volume.to_owned()),
    });
    trimmed.collect()
}

fn shell(instruction: &Instruction) -> Result<Vec<String>> {
    flags::none(&instruction.flags)?;
    match json_form::parse(&instruction.arguments)? {
        Some(words) if !words.is_empty() => Ok(words),
        None if !instruction.arguments.is_empty() => Err(Error::NotJson { instruction: "SHELL" }),
        _ => Err(at_least_one("SHELL")),
    }
}

/// The instruction that is left for later, as it was typed.
fn on_build(instruction: &Instruction) -> Result<String> {
    if instruction.arguments.is_empty() {
        return Err(at_least_one("ONBUILD"));
    }
    flags::none(&instruction.flags)?;
    let trigger = instruction.arguments.split_whitespace().next().unwrap_or_default().to_uppercase();
    match trigger.as_str() {
        "ONBUILD" => Err(Error::invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")),
        "MAINTAINER" | "FROM" => {
            Err(Error::Invalid(format!("{trigger} isn't allowed as an ONBUILD trigger")))
        }
        _ => {
            let line = instruction.line.trim_start();
            Ok(line.get(instruction.name.len()..).unwrap_or_default().trim_start().to_owned())
        }
    }
}
