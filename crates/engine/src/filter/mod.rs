//! `--filter key=value`: which keys a listing takes and what their values mean.

mod glob;
mod moment;
mod port;

pub use glob::{BadPattern, Pattern};
pub(crate) use port::parse_port_range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::error::{Error, Result};
pub(crate) use moment::parse_moment;

/// Filters as they were typed, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters(Vec<(String, String)>);

impl Filters {
    /// Takes pairs of key and value; keys lose case and surrounding space, values surrounding space.
    pub fn new<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Filters {
        let pair = |(key, value): (&str, &str)| (key.trim().to_lowercase(), value.trim().to_owned());
        Filters(pairs.into_iter().map(pair).collect())
    }

    /// The same with one more pair.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Filters {
        self.0.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Refuses keys that a listing does not take.
    ///
    /// # Errors
    /// Docker's words.
    pub fn allow(&self, keys: &[&str]) -> Result<()> {
        match self.0.iter().find(|(key, _)| !keys.contains(&key.as_str())) {
            Some((key, _)) => Err(Error::invalid(format_args!("invalid filter '{key}'"))),
            None => Ok(()),
        }
    }

    /// The values of a key.
    pub fn values<'f>(&'f self, key: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// Whether a key was given.
    pub fn has(&self, key: &str) -> bool {
        self.values(key).next().is_some()
    }

    /// A truth value that may be given once, or twice alike.
    ///
    /// # Errors
    /// When it is neither, in Docker's words.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        let mut values: Vec<&str> = self.values(key).collect();
        values.sort_unstable();
        values.dedup();
        let truth = |value: &str| match value {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        };
        match values[..] {
            [] => Ok(None),
            [value] if truth(value).is_some() => Ok(truth(value)),
            _ => Err(Error::invalid(format_args!("invalid filter '{key}=[{}]'", values.join(" ")))),
        }
    }

    /// The earliest moment that `until` names.
    ///
    /// # Errors
    /// When one of them is none, in Docker's words.
    pub fn until(&self, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>> {
        let moments = self.values("until").map(|text| parse_moment(text, now, zone));
        Ok(moments.collect::<Result<Vec<_>>>()?.into_iter().min())
    }

    /// Whether labels satisfy every `label=key` and `label=key=value`.
    pub fn labels_match<'l>(&self, labels: impl Iterator<Item = (&'l str, &'l str)> + Clone) -> bool {
        self.values("label").all(|wanted| has_label(labels.clone(), wanted))
    }

    /// Whether labels have everything that `label!` excludes.
    pub fn labels_excluded<'l>(&self, labels: impl Iterator<Item = (&'l str, &'l str)> + Clone) -> bool {
        self.has("label!") && self.values("label!").all(|wanted| has_label(labels.clone(), wanted))
    }
}

fn has_label<'l>(mut labels: impl Iterator<Item = (&'l str, &'l str)>, wanted: &str) -> bool {
    match wanted.split_once('=') {
        Some((key, value)) => labels.any(|label| label == (key, value)),
        None => labels.any(|(key, _)| key == wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_take_one_truth() {
        let check = |values: &[&str], expect: std::result::Result<Option<bool>, &str>| {
            let filters = Filters::new(values.iter().map(|value| ("dangling", *value)));
            let found = filters.flag("dangling").map_err(|e| e.to_string());
            assert_eq!(found, expect.map_err(str::to_owned));
        };
        check(&[], Ok(None));
        check(&["true", "true"], Ok(Some(true)));
        check(&["0"], Ok(Some(false)));
        check(&["maybe"], Err("invalid filter 'dangling=[maybe]'"));
        check(&["true", "false"], Err("invalid filter 'dangling=[false true]'"));
    }

    #[test]
    fn labels_by_key_or_by_value() {
        let labels = [("stage", "prod"), ("empty", "")];
        let check = |wanted: &str, expect: bool| {
            assert_eq!(
                Filters::new([("label", wanted)]).labels_match(labels.into_iter()),
                expect,
                "{wanted}"
            );
        };
        check("stage", true);
        check("stage=prod", true);
        check("stage=test", false);
        check("empty=", true);
        check("none", false);
        let not = Filters::new([("label!", "stage"), ("label!", "none")]);
        assert!(!not.labels_excluded(labels.into_iter()));
        assert!(Filters::new([("label!", "stage")]).labels_excluded(labels.into_iter()));
        assert!(!Filters::default().labels_excluded(labels.into_iter()));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let filters = Filters::new([("FOO ", "bar")]);
        assert_eq!(filters.allow(&["label"]).unwrap_err().to_string(), "invalid filter 'foo'");
        assert!(filters.allow(&["foo"]).is_ok());
    }
}
