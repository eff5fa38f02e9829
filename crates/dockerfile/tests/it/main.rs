//! Changes, from text to a run config.

#![allow(clippy::unwrap_used, reason = "tests")]

mod changes;
mod limits;
mod refusals;
mod robustness;
mod variables;

use dockerfile::Changes;
use serde_json::{Map, Value};

/// What changes make of a run config, or why not.
fn applied(lines: &[&str], run: Value) -> Result<Value, String> {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let mut run: Map<String, Value> = run.as_object().cloned().unwrap();
    let changes = Changes::parse(&lines).map_err(|error| error.to_string())?;
    changes.apply(&mut run).map_err(|error| error.to_string())?;
    Ok(Value::Object(run))
}
