//! What was said where: in the file, in each variable. Who is told that it does not fit has to know where to look.

use std::path::{Path, PathBuf};

use super::{Config, ENVIRONMENT_PREFIX, Form};
use crate::error::{Error, Result};
use crate::limits::CONFIG_FILE_BYTES_MAX;

/// A file and variables over it.
pub(super) struct Said {
    file: Option<(PathBuf, String)>,
    variables: Vec<(String, String)>,
}

impl Said {
    /// Reads the file; variables that are not the registry's are passed over.
    pub(super) fn read(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Said> {
        let read = |path: &Path| -> Result<(PathBuf, String)> {
            let bytes = disk::read_named(path, CONFIG_FILE_BYTES_MAX)?;
            let text = String::from_utf8(bytes);
            let text = text.map_err(|_| Error::Config(format!("{} is not UTF-8", path.display())))?;
            Ok((path.to_owned(), text))
        };
        let ours = |(name, _): &(String, String)| name.starts_with(ENVIRONMENT_PREFIX);
        let variables = variables.into_iter().filter(ours).collect();
        Ok(Said { file: file.map(read).transpose()?, variables })
    }

    /// All of it in one table.
    pub(super) fn together(&self) -> Result<toml::Table> {
        let mut table = match &self.file {
            Some((path, text)) => in_file(path, text.parse::<toml::Table>())?,
            None => toml::Table::new(),
        };
        self.variables.iter().try_for_each(|(name, value)| set(&mut table, name, value))?;
        Ok(table)
    }

    /// Finds out what makes an error when it stands alone, and names it.
    pub(super) fn blame(&self, error: Error, default: &Config) -> Error {
        let Error::Config(reason) = &error else { return error };
        let is_same = |table: toml::Table| matches!(Config::of(table, default.clone()), Err(Error::Config(other)) if other == *reason);
        if let Some((path, text)) = &self.file
            && text.parse().is_ok_and(is_same)
        {
            // Where the form is wrong, the line can be shown as well.
            let shown = in_file(path, toml::from_str::<Form>(text)).map(drop);
            return shown.err().unwrap_or_else(|| Error::Config(format!("{}: {reason}", path.display())));
        }
        for (name, value) in &self.variables {
            let mut alone = toml::Table::new();
            if set(&mut alone, name, value).is_ok() && is_same(alone) {
                return Error::Config(format!("{name}: {reason}"));
            }
        }
        error
    }
}

fn in_file<T>(path: &Path, result: std::result::Result<T, toml::de::Error>) -> Result<T> {
    result.map_err(|e| Error::Config(format!("{}: {}", path.display(), e.to_string().trim_end())))
}

/// Puts a variable's value where its name says: two underscores lead into a table.
fn set(table: &mut toml::Table, name: &str, value: &str) -> Result<()> {
    let lower = name.trim_start_matches(ENVIRONMENT_PREFIX).to_ascii_lowercase();
    let mut parts: Vec<&str> = lower.split("__").collect();
    let last = parts.pop().unwrap_or_default();
    let mut at = table;
    for part in parts {
        let next = at.entry(part).or_insert_with(|| toml::Value::Table(toml::Table::new()));
        at = next
            .as_table_mut()
            .ok_or_else(|| Error::Config(format!("{name} goes into {part:?}, which is no table")))?;
    }
    let value = match (value.parse::<bool>(), value.parse::<i64>()) {
        (Ok(word), _) => toml::Value::Boolean(word),
        (_, Ok(number)) => toml::Value::Integer(number),
        _ => toml::Value::String(value.to_owned()),
    };
    at.insert(last.to_owned(), value);
    Ok(())
}
