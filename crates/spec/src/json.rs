//! Strict JSON for documents that have a digest (DOC-2): what two readers could read differently is refused.
//!
//! One UTF-8 value without byte order mark and nothing after it, bounded depth, no member name twice in one
//! object. Go's decoder folds the case of member names and keeps the last one, others do neither; so a
//! member that differs from a known one only by the case of its letters is refused as well.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::limits::JSON_DEPTH_MAX;

/// Why some bytes are not the JSON that is wanted: a sentence that names the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(String);

impl JsonError {
    /// An error with this sentence.
    pub fn new(text: impl Into<String>) -> JsonError {
        JsonError(text.into())
    }
}

/// Parses bytes strictly; integers of any size keep their digits as far as 64 bits carry them.
///
/// # Errors
/// Says what is wrong and where.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::new("a byte order mark before the JSON value"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth: 0 }.deserialize(&mut deserializer).map_err(|e| JsonError(e.to_string()))?;
    deserializer.end().map_err(|e| JsonError(e.to_string()))?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Strict, E> {
        if self.depth == JSON_DEPTH_MAX {
            return Err(E::custom(format_args!("nested deeper than JSON_DEPTH_MAX ({JSON_DEPTH_MAX})")));
        }
        Ok(Strict { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::from(v))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(deeper)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(deeper)?;
            if members.contains_key(&name) {
                return Err(de::Error::custom(format_args!("member {name:?} stands twice in one object")));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

/// An object being read, with the path to it for error texts.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    members: &'a Map<String, Value>,
    path: Path<'a>,
}

#[derive(Clone, Copy)]
enum Path<'a> {
    Root(&'a str),
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root(name) => f.write_str(name),
            Path::Member(parent, name) => write!(f, "{parent}.{name}"),
            Path::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

impl<'a> Object<'a> {
    /// Takes a value that has to be an object; `name` stands for it in error texts.
    ///
    /// # Errors
    /// When it is none.
    pub fn root(value: &'a Value, name: &'a str) -> Result<Object<'a>, JsonError> {
        let members = value
            .as_object()
            .ok_or_else(|| JsonError(format!("{name} is {}, not an object", kind(value))))?;
        Ok(Object { members, path: Path::Root(name) })
    }

    /// The members.
    pub fn members(&self) -> &'a Map<String, Value> {
        self.members
    }

    /// Whether a member stands there, be it null.
    pub fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// Refuses members whose name is one of `known` but for the case of its letters.
    ///
    /// # Errors
    /// Names the member.
    pub fn refuse_case_variants(&self, known: &[&str]) -> Result<(), JsonError> {
        for name in self.members.keys() {
            let variant = |k: &&&str| k.eq_ignore_ascii_case(name) && **k != name.as_str();
            if let Some(known) = known.iter().find(variant) {
                return Err(JsonError(format!("{}: member {name:?} could be read as {known:?}", self.path)));
            }
        }
        Ok(())
    }

    /// A member that may be absent or null.
    pub fn optional(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text that may be absent or null.
    ///
    /// # Errors
    /// When it is something else.
    pub fn optional_str(&self, name: &str) -> Result<Option<&'a str>, JsonError> {
        let Some(value) = self.optional(name) else { return Ok(None) };
        value.as_str().map(Some).ok_or_else(|| self.wrong(name, value, "a string"))
    }

    /// A text that has to be there.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn str(&self, name: &str) -> Result<&'a str, JsonError> {
        self.optional_str(name)?.ok_or_else(|| self.missing(name))
    }

    /// A size in bytes that has to be there: an integer from 0 to 2^63-1.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn size(&self, name: &str) -> Result<u64, JsonError> {
        let value = self.optional(name).ok_or_else(|| self.missing(name))?;
        value
            .as_u64()
            .filter(|size| i64::try_from(*size).is_ok())
            .ok_or_else(|| self.wrong(name, value, "a size (an integer from 0 to 2^63-1)"))
    }

    /// A list that has to be there.
    ///
    /// # Errors
    /// When it is missing, null or something else.
    pub fn list(&self, name: &str) -> Result<&'a [Value], JsonError> {
        let value = self.members.get(name).ok_or_else(|| self.missing(name))?;
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.wrong(name, value, "a list"))
    }

    /// A list that may be absent or null: then it is empty.
    ///
    /// # Errors
    /// When it is something else.
    pub fn optional_list(&self, name: &str) -> Result<&'a [Value], JsonError> {
        if self.optional(name).is_none() { Ok(&[]) } else { self.list(name) }
    }

    /// Reads a member object with `read`.
    ///
    /// # Errors
    /// When it is missing or no object, or as `read` says.
    pub fn object<T>(
        &self,
        name: &str,
        read: impl FnOnce(Object<'_>) -> Result<T, JsonError>,
    ) -> Result<T, JsonError> {
        let value = self.members.get(name).ok_or_else(|| self.missing(name))?;
        let members = value.as_object().ok_or_else(|| self.wrong(name, value, "an object"))?;
        read(Object { members, path: Path::Member(&self.path, name) })
    }

    /// Reads every item of a list of objects with `read`.
    ///
    /// # Errors
    /// When an item is no object, or as `read` says.
    pub fn objects<T>(
        &self,
        name: &str,
        list: &[Value],
        mut read: impl FnMut(Object<'_>) -> Result<T, JsonError>,
    ) -> Result<Vec<T>, JsonError> {
        let parent = Path::Member(&self.path, name);
        let item = |(at, value): (usize, &Value)| {
            let path = Path::Item(&parent, at);
            let members = value
                .as_object()
                .ok_or_else(|| JsonError(format!("{path} is {}, not an object", kind(value))))?;
            read(Object { members, path })
        };
        list.iter().enumerate().map(item).collect()
    }

    /// An error about this object.
    pub fn error(&self, text: impl fmt::Display) -> JsonError {
        JsonError(format!("{}: {text}", self.path))
    }

    /// An error about one member of it.
    pub fn member_error(&self, name: &str, text: impl fmt::Display) -> JsonError {
        JsonError(format!("{}.{name}: {text}", self.path))
    }

    fn missing(&self, name: &str) -> JsonError {
        JsonError(format!("{} has no {name:?}", self.path))
    }

    fn wrong(&self, name: &str, value: &Value, wanted: &str) -> JsonError {
        JsonError(format!("{}.{name} is {}, not {wanted}", self.path, kind(value)))
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Reads a typed value from our own files with the strictness that foreign ones get (DISK-9).
///
/// # Errors
/// Says what is wrong and where.
pub fn from_slice_strict<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, JsonError> {
    let value = parse_strict(bytes)?;
    T::deserialize(value).map_err(|e| JsonError(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_2_refuses_what_two_readers_could_read_differently() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        for good in ["{}", "[1,2.5,\"x\",null,true]", " {\"a\":{\"a\":1}} \n", &deep(64)] {
            assert!(parse_strict(good.as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            "",
            "{",
            "{} {}",
            "{}x",
            "{\"a\":1,\"a\":1}",
            "{\"x\":{\"a\":1,\"a\":2}}",
            "\u{feff}{}",
            &deep(65),
            &deep(100_000),
            "{'a':1}",
            "[1,]",
            "nul",
            "{\"a\":01}",
        ] {
            assert!(parse_strict(bad.as_bytes()).is_err(), "{}", &bad[..bad.len().min(40)]);
        }
        assert!(parse_strict(b"\"\xff\"").is_err());
        assert!(parse_strict(b"\"\\ud800\"").is_err());
    }

    #[test]
    fn doc_2_refuses_case_variants_of_known_members() {
        let value = parse_strict(b"{\"Layers\":1,\"other\":2}").unwrap();
        let object = Object::root(&value, "manifest").unwrap();
        let error = object.refuse_case_variants(&["layers"]).unwrap_err();
        assert_eq!(error.to_string(), "manifest: member \"Layers\" could be read as \"layers\"");
        assert!(object.refuse_case_variants(&["Layers", "config"]).is_ok());
    }

    #[test]
    fn errors_name_the_place() {
        let value = parse_strict(b"{\"a\":[{\"size\":-1}]}").unwrap();
        let root = Object::root(&value, "index").unwrap();
        let error = root.objects("a", root.list("a").unwrap(), |o| o.size("size")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "index.a[0].size is a number, not a size (an integer from 0 to 2^63-1)"
        );
    }
}
