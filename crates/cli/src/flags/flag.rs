//! One flag, as data.
use std::ffi::OsString;

use crate::Environment;
use crate::options::Typed;

/// What a flag's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false; takes a value only as `--flag=value`.
    Bool,
    /// Text; the last one wins.
    Text,
    /// A file name: any bytes; the last one wins.
    Path,
    /// A 64-bit integer in any of Go's notations; the last one wins.
    Int,
    /// Text, repeatable; each use adds one.
    List,
    /// Comma separated text, repeatable; each use adds its parts.
    Strings,
    /// `key=value`, repeatable.
    Filter,
    /// `key=value` or a key alone, repeatable; each use adds one.
    Map,
    /// Text of a form that is checked at once, repeatable; each use adds one.
    Typed(Typed),
}

impl Kind {
    /// The value's name in help; empty for flags that need no value.
    pub const fn value_name(self) -> &'static str {
        match self {
            Self::Bool => "",
            Self::Text | Self::Path => "string",
            Self::Int => "int",
            Self::List => "list",
            Self::Strings => "strings",
            Self::Filter => "filter",
            Self::Map => "map",
            Self::Typed(typed) => typed.name(),
        }
    }
}

/// A flag's value when the command line does not give one.
#[derive(Debug, Clone, Copy)]
pub enum Preset {
    /// False, empty or 0; not shown in help.
    Zero,
    /// This text, parsed like a given value.
    Fixed(&'static str),
    /// Found in the environment when needed.
    Computed(fn(&Environment) -> Option<OsString>),
}

/// A flag of a command.
#[derive(Debug, Clone, Copy)]
pub struct Flag {
    /// The name after `--`.
    pub long: &'static str,
    /// The letter after `-`.
    pub short: Option<char>,
    /// What its value is.
    pub kind: Kind,
    /// Its value when not given.
    pub preset: Preset,
    /// The default that help shows, where it is not the preset; empty for none.
    pub shown: &'static str,
    /// Its help text; may hold line breaks.
    pub usage: &'static str,
    /// Accepted, but not shown in help and not completed.
    pub hidden: bool,
    /// The values it takes, for completion; empty when open.
    pub choices: &'static [&'static str],
}

impl Flag {
    const fn new(kind: Kind, long: &'static str, usage: &'static str) -> Self {
        Self { long, short: None, kind, preset: Preset::Zero, shown: "", usage, hidden: false, choices: &[] }
    }

    /// A flag that is on or off.
    pub const fn bool(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Bool, long, usage)
    }

    /// A flag with a text value.
    pub const fn text(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Text, long, usage)
    }

    /// A flag whose value is a file name.
    pub const fn path(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Path, long, usage)
    }

    /// A flag with an integer value.
    pub const fn int(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Int, long, usage)
    }

    /// A repeatable flag.
    pub const fn list(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::List, long, usage)
    }

    /// A repeatable flag with keys that have values.
    pub const fn map(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Map, long, usage)
    }

    /// A repeatable flag whose value may hold several, separated by commas.
    pub const fn strings(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Strings, long, usage)
    }

    /// A repeatable `key=value` flag.
    pub const fn filter(long: &'static str, usage: &'static str) -> Self {
        Self::new(Kind::Filter, long, usage)
    }

    /// A repeatable flag whose values have a form of their own.
    pub(crate) const fn typed(long: &'static str, typed: Typed, usage: &'static str) -> Self {
        Self::new(Kind::Typed(typed), long, usage)
    }

    /// The same flag with a default that only help shows.
    #[must_use]
    pub(crate) const fn shown(self, shown: &'static str) -> Self {
        Self { shown, ..self }
    }

    /// The same flag with a one-letter spelling.
    #[must_use]
    pub const fn short(self, letter: char) -> Self {
        Self { short: Some(letter), ..self }
    }

    /// The same flag with a fixed value for when it is not given.
    #[must_use]
    pub const fn preset(self, value: &'static str) -> Self {
        Self { preset: Preset::Fixed(value), ..self }
    }

    /// The same flag with a value from the environment for when it is not given.
    #[must_use]
    pub const fn computed(self, value: fn(&Environment) -> Option<OsString>) -> Self {
        Self { preset: Preset::Computed(value), ..self }
    }

    /// The same flag, accepted but not shown.
    #[must_use]
    pub const fn hidden(self) -> Self {
        Self { hidden: true, ..self }
    }

    /// The same flag with the values that completion offers.
    #[must_use]
    pub const fn choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }
}

/// Two lists of flags in one.
pub(crate) const fn joined<const A: usize, const B: usize, const N: usize>(
    a: &[Flag; A],
    b: &[Flag; B],
) -> [Flag; N] {
    assert!(A + B == N, "as many as there are");
    let mut all = [a[0]; N];
    let mut at = 0;
    while at < N {
        all[at] = if at < A { a[at] } else { b[at - A] };
        at += 1;
    }
    all
}
