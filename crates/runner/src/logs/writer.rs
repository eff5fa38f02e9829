//! Writing a log.

use std::collections::BTreeMap;

use disk::{Dir, File};
use jiff::Timestamp;

use super::{Entry, Stream, older};
use crate::error::{Error, Result};
use crate::record::{Config, LogConfig};

/// What the log options of a container ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Bytes of one file; nothing is no limit.
    pub size_max: Option<u64>,
    /// How many files are kept.
    pub files_max: u32,
    /// What each entry carries.
    pub attrs: BTreeMap<String, String>,
}

impl LogOptions {
    /// Reads the options of a container.
    ///
    /// # Errors
    /// [`Error::LogOption`] in Docker's words.
    pub fn of(asked: &LogConfig, config: &Config) -> Result<LogOptions> {
        let refuse = |text: String| Err(Error::LogOption(text));
        if !matches!(asked.kind.as_str(), "" | "json-file" | "none") {
            return refuse(format!("logger: no log driver named '{}' is registered", asked.kind));
        }
        let mut options = LogOptions { size_max: None, files_max: 1, attrs: BTreeMap::new() };
        for (name, value) in &asked.config {
            match name.as_str() {
                _ if asked.kind == "none" => {}
                "max-size" if value == "-1" => {}
                "max-size" => match spec_size(value) {
                    Some(0) | None => return refuse(format!("invalid value for max-size: {value}")),
                    size => options.size_max = size,
                },
                "max-file" => match value.parse() {
                    Ok(files @ 1..) => options.files_max = files,
                    _ => return refuse("max-file cannot be less than 1".to_owned()),
                },
                "labels" => options.attrs.extend(chosen(value, |name| config.labels.get(name).cloned())),
                "env" => options.attrs.extend(chosen(value, |name| variable(config, name))),
                "compress" | "labels-regex" | "env-regex" | "tag" | "mode" | "max-buffer-size" => {}
                _ => return refuse(format!("unknown log opt '{name}' for json-file log driver")),
            }
        }
        if options.files_max > 1 && options.size_max.is_none() {
            return refuse("max-size must be set when max-file is set".to_owned());
        }
        Ok(options)
    }
}

fn chosen(names: &str, find: impl Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    names.split(',').filter_map(|name| Some((name.to_owned(), find(name)?))).collect()
}

fn variable(config: &Config, name: &str) -> Option<String> {
    let variables = config.env.iter().filter_map(|variable| variable.split_once('='));
    variables.filter(|(found, _)| *found == name).map(|(_, value)| value.to_owned()).next_back()
}

/// `10m`: a number with a unit of 1024, as Docker reads sizes of memory.
fn spec_size(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let number = lower.trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim();
    let shift = match lower.trim_start_matches(|c: char| !c.is_ascii_alphabetic()) {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Writes the log of one container.
#[derive(Debug)]
pub struct Writer {
    dir: Dir,
    name: String,
    options: LogOptions,
    file: File,
    length: u64,
}

impl Writer {
    /// Opens the log `name` in `dir`, to go on at its end.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: Dir, name: String, options: LogOptions) -> Result<Writer> {
        let file = dir.file_mut(&name, 0o640)?;
        let length = file.len()?;
        Ok(Writer { dir, name, options, file, length })
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When the disk is full: the entry is lost, later ones may not be.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], time: Timestamp) -> Result<()> {
        let log = String::from_utf8_lossy(bytes).into_owned();
        let entry = Entry { log, stream, time, attrs: self.options.attrs.clone() };
        let mut line = serde_json::to_vec(&entry)
            .map_err(|error| Error::Record { path: self.dir.join(&self.name), reason: error.to_string() })?;
        line.push(b'\n');
        if self.options.size_max.is_some_and(|max| self.length > 0 && self.length + line.len() as u64 > max) {
            self.rotate()?;
        }
        self.file.write_all_at(&line, self.length)?;
        self.length += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> Result<()> {
        for age in (1..self.options.files_max).rev() {
            let (younger, name) = (older(&self.name, age - 1), older(&self.name, age));
            if self.dir.file_len(&younger)?.is_some() {
                self.dir.rename(&younger, &self.dir, &name)?;
            }
        }
        self.dir.remove_file(&self.name)?;
        self.file = self.dir.file_mut(&self.name, 0o640)?;
        self.length = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Selection, read};
    use super::*;

    fn options(pairs: &[(&str, &str)]) -> Result<LogOptions> {
        let config = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        LogOptions::of(&LogConfig { kind: "json-file".to_owned(), config }, &Config::default())
    }

    #[test]
    fn options_are_read_or_refused() {
        assert_eq!(options(&[("max-size", "10m"), ("max-file", "3")]).unwrap().size_max, Some(10 << 20));
        let check = |pairs: &[(&str, &str)], expect: &str| {
            assert_eq!(options(pairs).unwrap_err().to_string(), expect);
        };
        check(&[("max-file", "3")], "max-size must be set when max-file is set");
        check(&[("max-file", "0")], "max-file cannot be less than 1");
        check(&[("max-size", "x")], "invalid value for max-size: x");
        check(&[("nope", "1")], "unknown log opt 'nope' for json-file log driver");
    }

    #[test]
    fn full_files_make_room() {
        let temporary = tempfile::tempdir().unwrap();
        let dir = Dir::open(temporary.path()).unwrap();
        let options = options(&[("max-size", "300"), ("max-file", "2")]).unwrap();
        let mut writer = Writer::open(dir.try_clone().unwrap(), "log".to_owned(), options).unwrap();
        for n in 0..10 {
            writer.write(Stream::Stdout, format!("{n}\n").as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        }
        assert!(dir.file_len("log").unwrap().unwrap() <= 300);
        assert!(dir.file_len("log.1").unwrap().is_some());
        assert!(dir.file_len("log.2").unwrap().is_none());
        let entries = read(&dir, "log", &Selection::default()).unwrap();
        let kept: String = entries.iter().map(|entry| entry.log.trim()).collect();
        assert!("0123456789".ends_with(&kept) && kept.len() > 4, "{kept}");
    }
}
