//! `HEALTHCHECK`: how a container's health is found out, as an instruction and as a config has it.

use serde_json::{Map, Value};

use crate::duration;
use crate::error::{Error, Result};
use crate::flags;
use crate::json_form;
use crate::quote::quote;
use crate::source::Instruction;

/// How a container's health is found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheck {
    /// `NONE`, or `CMD` or `CMD-SHELL` and what to run.
    pub test: Vec<String>,
    /// Nanoseconds from check to check; 0 for the default.
    pub interval: i64,
    /// Nanoseconds that a check may take; 0 for the default.
    pub timeout: i64,
    /// Nanoseconds at the start during which failures do not count; 0 for none.
    pub start_period: i64,
    /// Nanoseconds from check to check during that time; 0 for the default.
    pub start_interval: i64,
    /// Failures in a row that make a container unhealthy; 0 for the default.
    pub retries: u32,
}

const FLAGS: [&str; 5] = ["interval", "timeout", "start-period", "start-interval", "retries"];

/// Docker refuses shorter times than this.
const NANOSECONDS_MIN: i64 = 1_000_000;

impl HealthCheck {
    pub(crate) fn parse(instruction: &Instruction) -> Result<HealthCheck> {
        let text = instruction.arguments.as_str();
        let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        match kind.to_uppercase().as_str() {
            "" => Err(Error::Arguments { instruction: "HEALTHCHECK", wants: "at least one argument" }),
            "NONE" if rest.trim().is_empty() => {
                Ok(HealthCheck { test: vec!["NONE".to_owned()], ..HealthCheck::default() })
            }
            "NONE" => Err(Error::invalid("HEALTHCHECK NONE takes no arguments")),
            "CMD" => HealthCheck::of_command(rest.trim(), &instruction.flags),
            other => Err(Error::Invalid(format!("Unknown type {} in HEALTHCHECK (try CMD)", quote(other)))),
        }
    }

    fn of_command(command: &str, given: &[String]) -> Result<HealthCheck> {
        let [interval, timeout, start_period, start_interval, retries] = flags::values(given, FLAGS)?;
        let test = match json_form::parse(command)? {
            Some(words) if !words.is_empty() => [vec!["CMD".to_owned()], words].concat(),
            None if !command.is_empty() => vec!["CMD-SHELL".to_owned(), command.to_owned()],
            _ => return Err(Error::invalid("Missing command after HEALTHCHECK CMD")),
        };
        Ok(HealthCheck {
            test,
            interval: nanoseconds(FLAGS[0], interval)?,
            timeout: nanoseconds(FLAGS[1], timeout)?,
            start_period: nanoseconds(FLAGS[2], start_period)?,
            start_interval: nanoseconds(FLAGS[3], start_interval)?,
            retries: count(retries)?,
        })
    }

    /// As it stands in a config.
    pub(crate) fn to_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("Test".to_owned(), self.test.clone().into());
        let times = [
            ("Interval", self.interval),
            ("Timeout", self.timeout),
            ("StartPeriod", self.start_period),
            ("StartInterval", self.start_interval),
            ("Retries", i64::from(self.retries)),
        ];
        let given = times.into_iter().filter(|(_, value)| *value != 0);
        json.extend(given.map(|(name, value)| (name.to_owned(), value.into())));
        Value::Object(json)
    }
}

fn nanoseconds(flag: &str, value: Option<String>) -> Result<i64> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(0) };
    match duration::parse(&text).map_err(Error::Invalid)? {
        time if time != 0 && time < NANOSECONDS_MIN => {
            Err(Error::Invalid(format!("Interval {} cannot be less than 1ms", quote(flag))))
        }
        time => Ok(time),
    }
}

fn count(value: Option<String>) -> Result<u32> {
    let Some(text) = value.filter(|text| !text.is_empty()) else { return Ok(0) };
    let failed = |what: &str| Error::Invalid(format!("strconv.ParseInt: parsing {}: {what}", quote(&text)));
    let number: i64 = match text.parse() {
        Ok(number) => number,
        Err(_) => return Err(failed("invalid syntax")),
    };
    if number < 0 {
        return Err(Error::Invalid(format!("--retries cannot be negative ({number})")));
    }
    match i32::try_from(number) {
        Ok(number) => Ok(number.unsigned_abs()),
        Err(_) => Err(failed("value out of range")),
    }
}
