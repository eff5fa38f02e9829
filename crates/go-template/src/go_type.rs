//! Go types as far as templates can see them: names for error texts, element types for zero values,
//! struct fields with their JSON keys, method tables. All are static data written down by the caller.

use std::fmt;

use crate::{Operand, Value};

/// Widths of Go's signed integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntType {
    /// `int`, 64 bits here.
    Int,
    /// `int8`
    Int8,
    /// `int16`
    Int16,
    /// `int32`
    Int32,
    /// `int64`
    Int64,
}

/// Widths of Go's unsigned integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UintType {
    /// `uint`, 64 bits here.
    Uint,
    /// `uint8`
    Uint8,
    /// `uint16`
    Uint16,
    /// `uint32`
    Uint32,
    /// `uint64`
    Uint64,
}

/// A Go type. `Display` writes it as Go's `%T` does.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// `bool`
    Bool,
    /// A signed integer.
    Int(IntType),
    /// An unsigned integer.
    Uint(UintType),
    /// `float64`
    Float,
    /// `string`
    String,
    /// `interface {}`
    Any,
    /// `[]T`
    Slice(&'static Type),
    /// `map[K]V`; keys are strings or defined over string.
    Map(&'static Type, &'static Type),
    /// `*T`
    Pointer(&'static Type),
    /// A struct.
    Struct(&'static StructType),
    /// A defined type over anything that is not a struct.
    Named(&'static NamedType),
    /// Something the caller answers for by an [`Object`](crate::Object); the name it gives itself.
    Object(&'static str),
}

impl Type {
    /// `int`
    pub const INT: Type = Type::Int(IntType::Int);
    /// `int64`
    pub const INT64: Type = Type::Int(IntType::Int64);
    /// `[]string`
    pub const STRINGS: Type = Type::Slice(&Type::String);
    /// `[]interface {}`
    pub const ANY_LIST: Type = Type::Slice(&Type::Any);
    /// `map[string]string`
    pub const STRING_MAP: Type = Type::Map(&Type::String, &Type::String);

    /// The type below any defined name.
    pub(crate) fn underlying(self) -> Type {
        match self {
            Type::Named(named) => named.underlying.underlying(),
            other => other,
        }
    }

    /// Whether an untyped nil fits.
    pub(crate) fn can_be_nil(self) -> bool {
        matches!(self.underlying(), Type::Any | Type::Slice(_) | Type::Map(..) | Type::Pointer(_))
    }

    /// Go's zero value of this type.
    pub fn zero<'a>(self) -> Value<'a> {
        match self {
            Type::Bool => Value::Bool(false),
            Type::Int(ty) => Value::Int(ty, 0),
            Type::Uint(ty) => Value::Uint(ty, 0),
            Type::Float => Value::Float(0.0),
            Type::String => Value::from(""),
            Type::Any | Type::Object(_) => Value::Nil,
            Type::Slice(elem) => Value::nil_list(elem),
            Type::Map(key, elem) => Value::nil_map(key, elem),
            Type::Pointer(elem) => Value::nil_pointer(elem),
            Type::Struct(ty) => Value::structure(ty, ty.fields.iter().map(|field| field.ty.zero()).collect()),
            Type::Named(ty) => Value::named(ty, ty.underlying.zero()),
        }
    }

    /// Whether a value of this type may be passed where `target` is asked for.
    pub(crate) fn assignable_to(self, target: Type) -> bool {
        match (self, target) {
            (_, Type::Any) => true,
            (Type::Named(a), Type::Named(b)) => a.name == b.name,
            // An unnamed type and a defined one match if they are made of the same thing.
            (Type::Named(named), other) | (other, Type::Named(named)) => {
                other.is_unnamed() && named.underlying.same(other)
            }
            (a, b) => a.same(b),
        }
    }

    fn is_unnamed(self) -> bool {
        matches!(self, Type::Slice(_) | Type::Map(..) | Type::Pointer(_))
    }

    /// Whether both are the same type.
    pub(crate) fn same(self, other: Type) -> bool {
        match (self, other) {
            (Type::Bool, Type::Bool)
            | (Type::Float, Type::Float)
            | (Type::String, Type::String)
            | (Type::Any, Type::Any) => true,
            (Type::Int(a), Type::Int(b)) => a == b,
            (Type::Uint(a), Type::Uint(b)) => a == b,
            (Type::Slice(a), Type::Slice(b)) | (Type::Pointer(a), Type::Pointer(b)) => a.same(*b),
            (Type::Map(k1, v1), Type::Map(k2, v2)) => k1.same(*k2) && v1.same(*v2),
            (Type::Struct(a), Type::Struct(b)) => a.name == b.name,
            (Type::Named(a), Type::Named(b)) => a.name == b.name,
            (Type::Object(a), Type::Object(b)) => a == b,
            _ => false,
        }
    }

    /// Whether Go's `==` is defined on values of this type.
    pub(crate) fn comparable(self) -> bool {
        match self {
            Type::Slice(_) | Type::Map(..) => false,
            Type::Named(named) => named.underlying.comparable(),
            Type::Struct(ty) => ty.fields.iter().all(|field| field.ty.comparable()),
            _ => true,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Int(ty) => f.write_str(ty.name()),
            Type::Uint(ty) => f.write_str(ty.name()),
            Type::Float => f.write_str("float64"),
            Type::String => f.write_str("string"),
            Type::Any => f.write_str("interface {}"),
            Type::Slice(elem) => write!(f, "[]{elem}"),
            Type::Map(key, elem) => write!(f, "map[{key}]{elem}"),
            Type::Pointer(elem) => write!(f, "*{elem}"),
            Type::Struct(ty) => f.write_str(ty.name),
            Type::Named(ty) => f.write_str(ty.name),
            Type::Object(name) => f.write_str(name),
        }
    }
}

impl IntType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            IntType::Int => "int",
            IntType::Int8 => "int8",
            IntType::Int16 => "int16",
            IntType::Int32 => "int32",
            IntType::Int64 => "int64",
        }
    }
}

impl UintType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            UintType::Uint => "uint",
            UintType::Uint8 => "uint8",
            UintType::Uint16 => "uint16",
            UintType::Uint32 => "uint32",
            UintType::Uint64 => "uint64",
        }
    }
}

/// A struct type. The value keeps its fields in this order.
#[derive(Debug)]
pub struct StructType {
    /// Name as Go prints it, such as `image.RootFS`, or `struct {}`.
    pub name: &'static str,
    /// The fields in their order.
    pub fields: &'static [Field],
    /// Exported methods of the type.
    pub methods: &'static [Method],
}

impl StructType {
    /// The empty anonymous struct, the element of Go's sets.
    pub const EMPTY: StructType = StructType { name: "struct {}", fields: &[], methods: &[] };
}

/// One field of a struct.
#[derive(Debug)]
pub struct Field {
    /// Go's name of the field, or the embedded type's name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// What JSON makes of it.
    pub json: JsonKey,
    /// Whether the field is an embedded struct (or pointer to one), whose fields count as the outer ones'.
    pub embedded: bool,
}

impl Field {
    /// A field that JSON always writes, under `key`.
    pub const fn new(name: &'static str, key: &'static str, ty: Type) -> Field {
        Field { name, ty, json: JsonKey::Always(key), embedded: false }
    }

    /// A field that JSON leaves out when it is empty (`omitempty`).
    pub const fn omit_empty(name: &'static str, key: &'static str, ty: Type) -> Field {
        Field { name, ty, json: JsonKey::OmitEmpty(key), embedded: false }
    }

    /// A field that JSON leaves out always.
    pub const fn hidden(name: &'static str, ty: Type) -> Field {
        Field { name, ty, json: JsonKey::Hidden, embedded: false }
    }

    /// An embedded struct, or pointer to one.
    pub const fn embedded(name: &'static str, ty: Type) -> Field {
        Field { name, ty, json: JsonKey::Always(name), embedded: true }
    }
}

/// How JSON names a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonKey {
    /// Always written.
    Always(&'static str),
    /// Written unless false, zero, nil or of no length.
    OmitEmpty(&'static str),
    /// Never written.
    Hidden,
}

/// A defined type that is not a struct, such as `json.Number`.
#[derive(Debug)]
pub struct NamedType {
    /// Name as Go prints it.
    pub name: &'static str,
    /// What it is made of.
    pub underlying: Type,
    /// Exported methods. One called `String` without parameters also decides how the value prints.
    pub methods: &'static [Method],
    /// Whether JSON takes the (string) value as it is, for numbers kept as text.
    pub raw_json: bool,
}

/// The kind of argument a function or method takes.
#[derive(Clone, Copy, Debug)]
pub enum Param {
    /// Anything, as it is (Go's `reflect.Value`).
    Reflect,
    /// A value of this type.
    Of(Type),
}

/// What a method or function makes of its arguments; the error is the text after `error calling NAME: `.
pub type Outcome<'a> = Result<Operand<'a>, String>;

/// A method of a [`StructType`] or [`NamedType`].
#[derive(Debug)]
pub struct Method {
    /// Exported name.
    pub name: &'static str,
    /// Parameters.
    pub params: &'static [Param],
    /// The method: receiver, arguments (as many as `params`, already checked).
    pub call: for<'a> fn(&Value<'a>, &[Operand<'a>]) -> Outcome<'a>,
}
