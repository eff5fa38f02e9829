//! A command line that has been understood.
use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::{Command, Flag, Preset, Value, value};
use crate::Environment;

/// What the command line asks of one command: its flags, the program's own flags and its operands.
#[derive(Debug)]
pub struct Matches {
    /// The command to run.
    pub command: &'static Command,
    /// The words that called it: `["strata", "image", "ls"]`.
    pub(super) called: Vec<&'static str>,
    pub(super) settings: Vec<Setting>,
    pub(super) operands: Vec<OsString>,
}

/// One value that a flag got.
#[derive(Debug)]
pub(super) struct Setting {
    pub flag: &'static Flag,
    pub value: Value,
    /// Given on the command line, not by the table or the environment.
    pub given: bool,
}

impl Matches {
    /// Whether a boolean flag is on.
    pub fn bool(&self, long: &str) -> bool {
        matches!(self.last(long), Some(Value::Bool(true)))
    }

    /// The number of an integer flag; 0 when not given.
    pub fn int(&self, long: &str) -> i64 {
        match self.last(long) {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }

    /// The text of a flag; empty when not given.
    pub fn text(&self, long: &str) -> &str {
        match self.last(long) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// The text of a flag unless it is empty, which Docker treats as not given.
    pub fn text_given(&self, long: &str) -> Option<&str> {
        Some(self.text(long)).filter(|text| !text.is_empty())
    }

    /// The file name of a flag unless it is empty.
    pub fn path(&self, long: &str) -> Option<&Path> {
        match self.last(long) {
            Some(Value::Path(path)) if !path.is_empty() => Some(Path::new(path)),
            _ => None,
        }
    }

    /// All texts of a repeatable flag, in order.
    pub fn list(&self, long: &str) -> impl Iterator<Item = &str> {
        self.all(long).filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// All keys and values of a filter flag, in order.
    pub fn filters(&self, long: &str) -> impl Iterator<Item = (&str, &str)> {
        self.all(long).filter_map(|value| match value {
            Value::Filter(key, value) => Some((key.as_str(), value.as_str())),
            _ => None,
        })
    }

    /// Whether the command line itself gave this flag a value.
    pub fn given(&self, long: &str) -> bool {
        self.settings.iter().any(|s| s.given && s.flag.long == long)
    }

    /// Whether the command line gave the program's own flag of this name a value, before the command.
    pub fn given_before(&self, long: &str) -> bool {
        self.settings.iter().any(|s| s.given && s.flag.long == long && is_global(s.flag))
    }

    /// How many operands there are.
    pub fn operand_count(&self) -> usize {
        self.operands.len()
    }

    /// The operand at this place; `None` past the end.
    pub fn operand(&self, index: usize) -> Option<&str> {
        self.operands.get(index).and_then(|o| o.to_str())
    }

    /// All operands, in order.
    pub fn operands(&self) -> impl Iterator<Item = &str> {
        self.operands.iter().filter_map(|o| o.to_str())
    }

    /// The operand at this place as a file name, for commands with `path_operands`.
    pub fn path_operand(&self, index: usize) -> Option<&OsStr> {
        self.operands.get(index).map(OsString::as_os_str)
    }

    /// How the command was called, as messages show it: `strata image ls`.
    pub fn called_as(&self) -> String {
        self.called.join(" ")
    }

    fn all<'a>(&'a self, long: &str) -> impl Iterator<Item = &'a Value> {
        // A name that no flag has is a slip in a command file, which its first test run must show.
        debug_assert!(self.declares(long), "`{}` has no flag --{long}", self.called_as());
        let long = long.to_owned();
        let own = self.is_own(&long);
        let means = move |s: &&Setting| s.flag.long == long && !(own && is_global(s.flag));
        self.settings.iter().filter(means).map(|s| &s.value)
    }

    /// Whether the command has a flag of this name itself, which then hides the program's.
    fn is_own(&self, long: &str) -> bool {
        self.command.flags.iter().any(|flag| flag.long == long)
    }

    fn last(&self, long: &str) -> Option<&Value> {
        self.all(long).last()
    }

    fn declares(&self, long: &str) -> bool {
        let globals = crate::commands::root().flags;
        self.command.flags.iter().chain(globals).any(|flag| flag.long == long)
    }
}

fn is_global(flag: &Flag) -> bool {
    crate::commands::root().flags.iter().any(|global| std::ptr::eq(global, flag))
}

/// Adds the values of flags that the command line does not give.
pub(super) fn add_presets(settings: &mut Vec<Setting>, flags: &'static [Flag], env: &Environment) {
    for flag in flags {
        if settings.iter().any(|s| std::ptr::eq(s.flag, flag)) {
            continue;
        }
        if let Some(preset) = preset_text(flag, env) {
            let values = value::values(flag.kind, &preset).unwrap_or_default();
            settings.extend(values.into_iter().map(|value| Setting { flag, value, given: false }));
        }
    }
}

/// A flag's preset as it would be typed.
pub(super) fn preset_text(flag: &Flag, env: &Environment) -> Option<Cow<'static, OsStr>> {
    match flag.preset {
        Preset::Zero => None,
        Preset::Fixed(text) => Some(Cow::Borrowed(OsStr::new(text))),
        Preset::Computed(find) => find(env).map(Cow::Owned),
    }
}
