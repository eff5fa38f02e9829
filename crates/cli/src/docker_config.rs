//! The parts of Docker's `config.json` that say how commands behave. Credentials in it are the engine's.
use std::io::Read;
use std::path::Path;

use serde_json::Value;

/// A `config.json` with many credentials has some kilobytes; anything much larger is not one.
const CONFIG_BYTES_MAX: u64 = 1 << 20;

/// What `config.json` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DockerConfig {
    /// `imagesFormat`: the format of `images` when none is given.
    pub images_format: Option<String>,
    /// `psFormat`: the format of `ps` when none is given.
    pub ps_format: Option<String>,
    /// `volumesFormat`: the format of `volume ls` when none is given.
    pub volumes_format: Option<String>,
    /// `networksFormat`: the format of `network ls` when none is given.
    pub networks_format: Option<String>,
    /// `statsFormat`: the format of `stats` when none is given.
    pub stats_format: Option<String>,
    /// `pruneFilters`: filters, as `key=value`, that `prune` adds to those given.
    pub prune_filters: Vec<String>,
}

impl DockerConfig {
    /// Reads `config.json` of a folder; one that is not there says nothing.
    ///
    /// # Errors
    /// Docker's warning, when there is one that is not what it should be.
    pub(crate) fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join("config.json");
        let warning = |reason: String| {
            let path = crate::term::escape::line(&path.to_string_lossy()).into_owned();
            format!("WARNING: Error parsing config file ({path}): {reason}")
        };
        let mut text = String::new();
        let opened = std::fs::File::open(&path);
        let read = opened.and_then(|file| file.take(CONFIG_BYTES_MAX + 1).read_to_string(&mut text));
        match read {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(warning(crate::ui::reason(&error))),
            Ok(_) if text.len() as u64 > CONFIG_BYTES_MAX => {
                return Err(warning(format!("more than CONFIG_BYTES_MAX ({CONFIG_BYTES_MAX}) bytes")));
            }
            Ok(_) => {}
        }
        let value = spec::json::parse_strict(text.as_bytes()).map_err(|e| warning(e.to_string()))?;
        Self::parse(&value).map_err(warning)
    }

    fn parse(value: &Value) -> Result<Self, String> {
        if !value.is_object() {
            return Err("not a JSON object".to_owned());
        }
        let format = |name: &str| match value.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(format)) => Ok(Some(format.clone()).filter(|format| !format.is_empty())),
            Some(_) => Err(format!("{name} is not a string")),
        };
        let (images_format, ps_format) = (format("imagesFormat")?, format("psFormat")?);
        let stats_format = format("statsFormat")?;
        let (volumes_format, networks_format) = (format("volumesFormat")?, format("networksFormat")?);
        let filters = match value.get("pruneFilters") {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        let prune_filters = filters.ok_or("pruneFilters is not a list of strings")?;
        Ok(Self { images_format, ps_format, volumes_format, networks_format, stats_format, prune_filters })
    }

    /// The filters of a prune: those given, and those of the file that do not contradict them.
    pub(crate) fn with_prune_filters<'a>(
        &'a self,
        given: Vec<(&'a str, &'a str)>,
    ) -> Vec<(&'a str, &'a str)> {
        let mut filters = given.clone();
        for (key, value) in self.prune_filters.iter().filter_map(|filter| filter.split_once('=')) {
            let contrary = match key {
                "label" => "label!",
                "label!" => "label",
                _ => "",
            };
            if !given.contains(&(contrary, value)) {
                filters.push((key, value));
            }
        }
        filters
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_concerns_commands_is_read() {
        let check = |value: Value, expect: Result<(Option<&str>, &[&str]), &str>| {
            let found = DockerConfig::parse(&value);
            let expect = expect.map(|(format, filters)| DockerConfig {
                images_format: format.map(str::to_owned),
                prune_filters: filters.iter().map(|f| (*f).to_owned()).collect(),
                ..DockerConfig::default()
            });
            assert_eq!(found, expect.map_err(str::to_owned), "{value}");
        };
        check(json!({}), Ok((None, &[])));
        check(json!({"auths": {}, "imagesFormat": "", "pruneFilters": null}), Ok((None, &[])));
        check(
            json!({"imagesFormat": "{{.ID}}", "pruneFilters": ["until=1h"]}),
            Ok((Some("{{.ID}}"), &["until=1h"])),
        );
        check(json!({"imagesFormat": 5}), Err("imagesFormat is not a string"));
        check(json!({"pruneFilters": [5]}), Err("pruneFilters is not a list of strings"));
        check(json!([]), Err("not a JSON object"));
    }

    #[test]
    fn given_filters_beat_those_of_the_file() {
        let filters = ["label=a", "until=1h", "label!=b", "bad"].map(str::to_owned).to_vec();
        let config = DockerConfig { prune_filters: filters, ..DockerConfig::default() };
        let merged = config.with_prune_filters(vec![("label!", "a"), ("label", "c")]);
        assert_eq!(merged, [("label!", "a"), ("label", "c"), ("until", "1h"), ("label!", "b")]);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests lay out their own files")]
    fn a_missing_file_says_nothing_and_a_broken_one_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(DockerConfig::read(folder.path()), Ok(DockerConfig::default()));
        std::fs::write(folder.path().join("config.json"), "{bad").expect("a file");
        let warning = DockerConfig::read(folder.path()).expect_err("broken");
        let start = format!("WARNING: Error parsing config file ({}/config.json): ", folder.path().display());
        assert!(warning.starts_with(&start), "{warning}");
    }
}
