//! `eq ne lt le gt ge`: basic kinds only, integers whatever their sign, anything against nil.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::buffer::Buffer;
use crate::go_type::Outcome;
use crate::{Operand, Value, fmt};

const BAD_TYPE: &str = "invalid type for comparison";
const INCOMPATIBLE: &str = "incompatible types for comparison";

/// A value of a kind that has an order, or at least equality.
#[derive(Clone, Copy)]
enum Basic<'v> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'v [u8]),
}

fn basic<'v>(value: &'v Value<'_>) -> Option<Basic<'v>> {
    Some(match value.underlying() {
        Value::Bool(flag) => Basic::Bool(*flag),
        Value::Int(_, number) => Basic::Int(*number),
        Value::Uint(_, number) => Basic::Uint(*number),
        Value::Float(number) => Basic::Float(*number),
        Value::String(text) => Basic::Text(text.as_bytes()),
        _ => return None,
    })
}

pub(super) fn eq<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    if args.len() < 2 {
        return Err("missing argument for comparison".to_owned());
    }
    for other in &args[1..] {
        if equal(&args[0].value, &other.value)? {
            return Ok(true.into());
        }
    }
    Ok(false.into())
}

pub(super) fn ne<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok((!equal(&args[0].value, &args[1].value)?).into())
}

pub(super) fn lt<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(less(&args[0].value, &args[1].value)?.into())
}

pub(super) fn le<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(less_or_equal(&args[0].value, &args[1].value)?.into())
}

pub(super) fn gt<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok((!less_or_equal(&args[0].value, &args[1].value)?).into())
}

pub(super) fn ge<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok((!less(&args[0].value, &args[1].value)?).into())
}

fn less_or_equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, String> {
    Ok(less(a, b)? || equal(a, b)?)
}

fn less(a: &Value<'_>, b: &Value<'_>) -> Result<bool, String> {
    let (Some(left), Some(right)) = (basic(a), basic(b)) else {
        return Err(BAD_TYPE.to_owned());
    };
    match (left, right) {
        (Basic::Bool(_), Basic::Bool(_)) => Err(BAD_TYPE.to_owned()),
        (Basic::Float(left), Basic::Float(right)) => Ok(left < right),
        (Basic::Text(left), Basic::Text(right)) => Ok(left < right),
        _ => compare_integers(left, right).map(Ordering::is_lt).ok_or_else(|| INCOMPATIBLE.to_owned()),
    }
}

fn equal(a: &Value<'_>, b: &Value<'_>) -> Result<bool, String> {
    match (basic(a), basic(b)) {
        (Some(Basic::Bool(left)), Some(Basic::Bool(right))) => Ok(left == right),
        (Some(Basic::Float(left)), Some(Basic::Float(right))) => Ok(left == right),
        (Some(Basic::Text(left)), Some(Basic::Text(right))) => Ok(left == right),
        (Some(left), Some(right)) => {
            compare_integers(left, right).map(Ordering::is_eq).ok_or_else(|| INCOMPATIBLE.to_owned())
        }
        (None, None) => equal_others(a, b),
        _ if matches!(a, Value::Nil) || matches!(b, Value::Nil) => Ok(false),
        _ => Err(INCOMPATIBLE.to_owned()),
    }
}

fn compare_integers(a: Basic<'_>, b: Basic<'_>) -> Option<Ordering> {
    let wide = |basic| match basic {
        Basic::Int(number) => Some(i128::from(number)),
        Basic::Uint(number) => Some(i128::from(number)),
        _ => None,
    };
    Some(wide(a)?.cmp(&wide(b)?))
}

/// Values of no basic kind: equal if both are nil, or the same pointer, or structs equal field by field.
fn equal_others(a: &Value<'_>, b: &Value<'_>) -> Result<bool, String> {
    let either_nil = matches!(a, Value::Nil) || matches!(b, Value::Nil);
    if !either_nil && std::mem::discriminant(a.underlying()) != std::mem::discriminant(b.underlying()) {
        return Err(format!(
            "non-comparable types {}: {}, {}: {}",
            as_string(a),
            a.type_name(),
            b.type_name(),
            fmt::to_text(b)
        ));
    }
    if a.is_nil() || b.is_nil() {
        return Ok(a.is_nil() == b.is_nil());
    }
    if !b.type_of().is_some_and(crate::go_type::Type::comparable) {
        return Err(format!("non-comparable type {}: {}", as_string(b), b.type_name()));
    }
    Ok(identical(a, b))
}

/// The value under `%s`, as Go's message has it, whatever its kind.
fn as_string(value: &Value<'_>) -> String {
    let mut out = Buffer::default();
    fmt::printf(&mut out, b"%s", &[value]);
    String::from_utf8_lossy(&out.bytes).into_owned()
}

/// Go's `==` on comparable values.
fn identical(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::Struct(left), Value::Struct(right)) => {
            left.ty.name == right.ty.name
                && left.fields.iter().zip(&right.fields).all(|(left, right)| identical(left, right))
        }
        (Value::Pointer(left), Value::Pointer(right)) => match (&left.target, &right.target) {
            (Some(left), Some(right)) => Rc::ptr_eq(left, right),
            (left, right) => left.is_none() && right.is_none(),
        },
        (Value::Opaque(left), Value::Opaque(right)) => {
            left.type_name == right.type_name && left.text == right.text
        }
        (Value::Object(left), Value::Object(right)) => std::ptr::addr_eq(*left, *right),
        (Value::Nil, Value::Nil) => true,
        _ => a.type_name() == b.type_name() && equal(a, b).unwrap_or(false),
    }
}
