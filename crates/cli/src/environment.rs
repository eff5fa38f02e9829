//! Environment variables, read through one door so that tests never touch the process's own.
use std::ffi::OsString;
use std::path::PathBuf;

/// Where environment variables come from.
#[derive(Debug, Clone)]
pub enum Environment {
    /// The variables of this process.
    Process,
    /// Exactly these variables.
    Fixed(Vec<(&'static str, OsString)>),
}

impl Environment {
    /// The variable's value; `None` when unset. An empty value is `Some`.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub fn var(&self, name: &str) -> Option<OsString> {
        match self {
            Self::Process => std::env::var_os(name),
            Self::Fixed(vars) => vars.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()),
        }
    }

    /// All variables whose name begins so, with their values.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub fn beginning_with(&self, prefix: &str) -> Vec<(String, OsString)> {
        let variables: Vec<(OsString, OsString)> = match self {
            Self::Process => std::env::vars_os().collect(),
            Self::Fixed(vars) => vars.iter().map(|(name, value)| ((*name).into(), value.clone())).collect(),
        };
        let named = variables.into_iter().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        named.filter(|(name, _)| name.starts_with(prefix)).collect()
    }

    /// The variable's value when it is set, not empty and valid UTF-8.
    pub fn text(&self, name: &str) -> Option<String> {
        self.var(name)?.into_string().ok().filter(|value| !value.is_empty())
    }

    /// The variable's value as a path, when set and not empty.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.var(name).filter(|value| !value.is_empty()).map(PathBuf::from)
    }
}
