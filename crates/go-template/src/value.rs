//! Values a template works on. A value knows its Go type, so that printing, comparing and failing go as
//! in Go: a nil slice is not a nil pointer, a struct is not a map, `int64` is not `int`.

use std::fmt;
use std::rc::Rc;

use crate::go_type::{IntType, NamedType, StructType, Type, UintType};
use crate::{Object, Str};

/// A Go value.
#[derive(Clone)]
pub enum Value<'a> {
    /// Untyped nil, a nil interface, or no value at all (prints `<no value>`).
    Nil,
    /// `bool`
    Bool(bool),
    /// A signed integer.
    Int(IntType, i64),
    /// An unsigned integer.
    Uint(UintType, u64),
    /// `float64`
    Float(f64),
    /// `string`
    String(Str<'a>),
    /// A slice.
    List(List<'a>),
    /// A map with string keys.
    Map(Map<'a>),
    /// A struct by value.
    Struct(Rc<Struct<'a>>),
    /// A pointer.
    Pointer(Pointer<'a>),
    /// A value of a defined type that is not a struct.
    Named(Rc<Named<'a>>),
    /// A struct known by what its methods return, such as `time.Time`.
    Opaque(Rc<Opaque>),
    /// A thing that answers for itself, such as a row of a list.
    Object(&'a dyn Object),
}

/// A slice: `None` is nil.
#[derive(Clone)]
pub struct List<'a> {
    pub(crate) elem: &'static Type,
    pub(crate) items: Option<Rc<[Value<'a>]>>,
}

/// A map: `None` is nil; entries are sorted by key, each key once.
#[derive(Clone)]
pub struct Map<'a> {
    pub(crate) key: &'static Type,
    pub(crate) elem: &'static Type,
    pub(crate) entries: Option<Rc<[(Str<'a>, Value<'a>)]>>,
}

/// A struct and its fields' values in the type's order.
pub struct Struct<'a> {
    pub(crate) ty: &'static StructType,
    pub(crate) fields: Vec<Value<'a>>,
}

/// A pointer: `None` is nil.
#[derive(Clone)]
pub struct Pointer<'a> {
    pub(crate) elem: &'static Type,
    pub(crate) target: Option<Rc<Value<'a>>>,
}

/// A value under a defined name.
pub struct Named<'a> {
    pub(crate) ty: &'static NamedType,
    pub(crate) value: Value<'a>,
}

/// A struct with nothing to see but its text.
#[derive(Debug)]
pub struct Opaque {
    /// Go type name, such as `time.Time`.
    pub type_name: &'static str,
    /// What its `String` method returns.
    pub text: String,
    /// Its JSON, complete (a string has its quotes).
    pub json: String,
    /// Other methods without parameters, and their results.
    pub getters: Vec<(&'static str, Value<'static>)>,
}

impl<'a> Value<'a> {
    /// An `int`.
    pub fn int(number: i64) -> Self {
        Value::Int(IntType::Int, number)
    }

    /// An `int64`.
    pub fn int64(number: i64) -> Self {
        Value::Int(IntType::Int64, number)
    }

    /// A slice of `elem`.
    pub fn list(elem: &'static Type, items: impl IntoIterator<Item = Value<'a>>) -> Self {
        Value::List(List { elem, items: Some(items.into_iter().collect()) })
    }

    /// A `[]string`.
    pub fn strings<S: Into<Str<'a>>>(items: impl IntoIterator<Item = S>) -> Self {
        Value::list(&Type::String, items.into_iter().map(|item| Value::String(item.into())))
    }

    /// The nil slice of `elem`: no items, `null` in JSON, prints `[]`.
    pub fn nil_list(elem: &'static Type) -> Self {
        Value::List(List { elem, items: None })
    }

    /// A `map[string]elem`. Of entries with the same key the last one counts.
    pub fn map<K: Into<Str<'a>>>(
        elem: &'static Type,
        entries: impl IntoIterator<Item = (K, Value<'a>)>,
    ) -> Self {
        Value::map_of(&Type::String, elem, entries)
    }

    /// A map whose keys have the type `key`, which is string or defined over it.
    pub fn map_of<K: Into<Str<'a>>>(
        key: &'static Type,
        elem: &'static Type,
        entries: impl IntoIterator<Item = (K, Value<'a>)>,
    ) -> Self {
        let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        // The sort is stable: of equal keys the last given comes last, and is the one to keep.
        entries.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        Value::Map(Map { key, elem, entries: Some(entries.into()) })
    }

    /// A `map[string]string`.
    pub fn string_map<K: Into<Str<'a>>, V: Into<Str<'a>>>(entries: impl IntoIterator<Item = (K, V)>) -> Self {
        Value::map(&Type::String, entries.into_iter().map(|(key, value)| (key, Value::String(value.into()))))
    }

    /// The nil map.
    pub fn nil_map(key: &'static Type, elem: &'static Type) -> Self {
        Value::Map(Map { key, elem, entries: None })
    }

    /// A struct by value. `fields` belong to the type's fields in order; missing ones are zero.
    pub fn structure(ty: &'static StructType, mut fields: Vec<Value<'a>>) -> Self {
        fields.truncate(ty.fields.len());
        for field in &ty.fields[fields.len()..] {
            fields.push(field.ty.zero());
        }
        Value::Struct(Rc::new(Struct { ty, fields }))
    }

    /// A pointer to `target`, which is of type `elem`.
    pub fn pointer(elem: &'static Type, target: Value<'a>) -> Self {
        Value::Pointer(Pointer { elem, target: Some(Rc::new(target)) })
    }

    /// The nil pointer to `elem`.
    pub fn nil_pointer(elem: &'static Type) -> Self {
        Value::Pointer(Pointer { elem, target: None })
    }

    /// A value of a defined type.
    pub fn named(ty: &'static NamedType, value: Value<'a>) -> Self {
        Value::Named(Rc::new(Named { ty, value }))
    }

    /// A struct of which only text and methods are known, such as `time.Time`.
    pub fn opaque(opaque: Opaque) -> Self {
        Value::Opaque(Rc::new(opaque))
    }

    /// The dynamic type; nil has none.
    pub fn type_of(&self) -> Option<Type> {
        Some(match self {
            Value::Nil => return None,
            Value::Bool(_) => Type::Bool,
            Value::Int(ty, _) => Type::Int(*ty),
            Value::Uint(ty, _) => Type::Uint(*ty),
            Value::Float(_) => Type::Float,
            Value::String(_) => Type::String,
            Value::List(list) => Type::Slice(list.elem),
            Value::Map(map) => Type::Map(map.key, map.elem),
            Value::Struct(value) => Type::Struct(value.ty),
            Value::Pointer(pointer) => Type::Pointer(pointer.elem),
            Value::Named(named) => Type::Named(named.ty),
            Value::Opaque(opaque) => Type::Object(opaque.type_name),
            Value::Object(object) => Type::Object(object.type_name()),
        })
    }

    /// The type's name, `<nil>` for nil.
    pub(crate) fn type_name(&self) -> String {
        self.type_of().map_or_else(|| "<nil>".to_owned(), |ty| ty.to_string())
    }

    /// The type's name at the end of any pointers.
    pub(crate) fn target_type_name(&self) -> String {
        match self.type_of() {
            Some(Type::Object(name)) => name.trim_start_matches('*').to_owned(),
            _ => self.type_name(),
        }
    }

    /// The value below any defined name.
    pub(crate) fn underlying(&self) -> &Value<'a> {
        match self {
            Value::Named(named) => named.value.underlying(),
            other => other,
        }
    }

    /// The bytes, if the kind is string.
    pub fn as_str(&self) -> Option<&Str<'a>> {
        match self.underlying() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if the kind is a signed integer.
    pub fn as_int(&self) -> Option<i64> {
        match self.underlying() {
            Value::Int(_, number) => Some(*number),
            _ => None,
        }
    }

    /// Whether the value counts as true: not the zero of its type, except that structs always are.
    pub fn is_true(&self) -> bool {
        match self.underlying() {
            Value::Nil => false,
            Value::Bool(value) => *value,
            Value::Int(_, number) => *number != 0,
            Value::Uint(_, number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::List(list) => !list.items().is_empty(),
            Value::Map(map) => !map.entries().is_empty(),
            Value::Pointer(pointer) => pointer.target.is_some(),
            Value::Struct(_) | Value::Opaque(_) | Value::Object(_) | Value::Named(_) => true,
        }
    }

    /// Whether it is nil, typed or not.
    pub(crate) fn is_nil(&self) -> bool {
        match self.underlying() {
            Value::Nil => true,
            Value::List(list) => list.items.is_none(),
            Value::Map(map) => map.entries.is_none(),
            Value::Pointer(pointer) => pointer.target.is_none(),
            _ => false,
        }
    }

    /// What stands at the end of a chain of pointers; `None` if one of them is nil.
    pub(crate) fn indirect(&self) -> Option<&Value<'a>> {
        let mut value = self;
        while let Value::Pointer(pointer) = value {
            value = pointer.target.as_deref()?;
        }
        Some(value)
    }
}

impl Opaque {
    /// The result of the method of that name.
    pub(crate) fn getter(&self, name: &str) -> Option<Value<'static>> {
        if name == "String" {
            return Some(self.text.clone().into());
        }
        self.getters.iter().find(|(getter, _)| *getter == name).map(|(_, value)| value.clone())
    }
}

impl<'a> List<'a> {
    /// The items; none if nil.
    pub fn items(&self) -> &[Value<'a>] {
        self.items.as_deref().unwrap_or_default()
    }
}

impl<'a> Map<'a> {
    /// The entries, sorted by key; none if nil.
    pub fn entries(&self) -> &[(Str<'a>, Value<'a>)] {
        self.entries.as_deref().unwrap_or_default()
    }

    /// The entry of that key.
    pub fn get(&self, key: &[u8]) -> Option<&Value<'a>> {
        let entries = self.entries();
        let at = entries.binary_search_by(|(candidate, _)| candidate.as_bytes().cmp(key)).ok()?;
        Some(&entries[at].1)
    }
}

impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.type_name(), crate::fmt::to_text(self))
    }
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl From<f64> for Value<'_> {
    fn from(value: f64) -> Self {
        Value::Float(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(text.into())
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::String(text.into())
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::String(text.into())
    }
}

impl<'a> From<Str<'a>> for Value<'a> {
    fn from(text: Str<'a>) -> Self {
        Value::String(text)
    }
}

impl<'a> From<&'a dyn Object> for Value<'a> {
    fn from(object: &'a dyn Object) -> Self {
        Value::Object(object)
    }
}
