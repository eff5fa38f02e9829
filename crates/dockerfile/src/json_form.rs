//! Arguments as a JSON array of strings.

use serde_json::Value;

use crate::error::{Error, Result};

/// The strings of an array; nothing when the text is no array at all, which makes it the shell form.
///
/// # Errors
/// When it is an array of other things.
pub(crate) fn parse(text: &str) -> Result<Option<Vec<String>>> {
    if !text.trim_start().starts_with('[') {
        return Ok(None);
    }
    let Ok(items) = serde_json::from_str::<Vec<Value>>(text) else { return Ok(None) };
    let string = |item: Value| match item {
        Value::String(text) => Ok(text),
        _ => Err(Error::NotStrings),
    };
    items.into_iter().map(string).collect::<Result<Vec<String>>>().map(Some)
}
