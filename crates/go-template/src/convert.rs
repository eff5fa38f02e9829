//! JSON documents as Go sees them when it decodes into `interface{}`: maps, slices, and numbers either as
//! `float64` or, for inspect's second pass, as `json.Number`.

use crate::go_type::{Method, NamedType, Outcome, Type};
use crate::{Operand, Value, quote};

/// What becomes of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// `json.Number`: a string that knows it is a number.
    Json,
    /// `float64`
    Float,
}

/// Go's `json.Number`.
pub static JSON_NUMBER: NamedType = NamedType {
    name: "json.Number",
    underlying: Type::String,
    methods: &[
        Method { name: "Float64", params: &[], call: number_float },
        Method { name: "Int64", params: &[], call: number_int },
        Method { name: "String", params: &[], call: number_text },
    ],
    raw_json: true,
};

impl<'a> Value<'a> {
    /// A `json.Number`.
    pub fn json_number(text: impl Into<crate::Str<'a>>) -> Self {
        Value::named(&JSON_NUMBER, Value::String(text.into()))
    }

    /// A decoded JSON document.
    pub fn from_json(json: &'a serde_json::Value, numbers: Numbers) -> Self {
        match json {
            serde_json::Value::Null => Value::Nil,
            serde_json::Value::Bool(flag) => Value::Bool(*flag),
            serde_json::Value::Number(number) => match numbers {
                Numbers::Json => Value::json_number(number.to_string()),
                Numbers::Float => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => text.into(),
            serde_json::Value::Array(items) => {
                Value::list(&Type::Any, items.iter().map(|item| Value::from_json(item, numbers)))
            }
            serde_json::Value::Object(entries) => Value::map(
                &Type::Any,
                entries.iter().map(|(key, value)| (key, Value::from_json(value, numbers))),
            ),
        }
    }
}

fn number_float<'a>(receiver: &Value<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    let text = digits(receiver);
    match text.parse::<f64>() {
        Ok(number) => Ok(number.into()),
        Err(_) => {
            Err(format!("strconv.ParseFloat: parsing {}: {}", quote::quoted(&text), quote::INVALID_SYNTAX))
        }
    }
}

fn number_int<'a>(receiver: &Value<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    let text = digits(receiver);
    text.parse::<i64>().map(|number| Value::int64(number).into()).map_err(|error| {
        let reason = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => "value out of range",
            _ => quote::INVALID_SYNTAX,
        };
        format!("strconv.ParseInt: parsing {}: {reason}", quote::quoted(&text))
    })
}

fn number_text<'a>(receiver: &Value<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    Ok(receiver.as_str().cloned().unwrap_or_else(|| "".into()).into())
}

fn digits(receiver: &Value<'_>) -> String {
    receiver.as_str().map(|text| text.to_text().into_owned()).unwrap_or_default()
}
