//! `index`, `slice` and `len`.

use crate::go_type::{Outcome, Type, UintType};
use crate::value::{List, Map};
use crate::{Operand, Value};

pub(super) fn index<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let mut item = args[0].clone();
    if matches!(item.value, Value::Nil) {
        return Err("index of untyped nil".to_owned());
    }
    for at in &args[1..] {
        let target = match item.value.indirect() {
            None | Some(Value::Nil) => return Err("index of nil pointer".to_owned()),
            Some(target) => target,
        };
        item = match target.underlying() {
            Value::String(text) => {
                let at = position(&at.value, text.len())?;
                let byte = text.as_bytes().get(at).ok_or("reflect: string index out of range")?;
                Value::Uint(UintType::Uint8, u64::from(*byte)).into()
            }
            Value::List(list) => {
                let at = position(&at.value, list.items().len())?;
                let value = list.items().get(at).ok_or("reflect: slice index out of range")?;
                Operand::held(value.clone(), *list.elem)
            }
            Value::Map(map) => entry(map, &at.value)?,
            _ => return Err(format!("can't index item of type {}", target.target_type_name())),
        };
    }
    Ok(item)
}

/// The entry of a map, or the zero value of its elements.
fn entry<'a>(map: &Map<'a>, key: &Value<'a>) -> Outcome<'a> {
    let Some(ty) = key.type_of() else {
        return Err(format!("value is nil; should be of type {}", map.key));
    };
    let fits = ty.assignable_to(*map.key);
    let Some(text) = key.as_str().filter(|_| fits) else {
        return Err(format!("value has type {ty}; should be {}", map.key));
    };
    let value = map.get(text.as_bytes()).cloned().unwrap_or_else(|| map.elem.zero());
    Ok(Operand::held(value, *map.elem))
}

/// An index in the range from 0 to `limit`, both included.
fn position(index: &Value<'_>, limit: usize) -> Result<usize, String> {
    let number = match index.underlying() {
        Value::Int(_, number) => *number,
        // Go takes the bits of a large unsigned number for a negative one.
        Value::Uint(_, number) => *number as i64,
        Value::Nil => return Err("cannot index slice/array with nil".to_owned()),
        _ => return Err(format!("cannot index slice/array with type {}", index.type_name())),
    };
    match usize::try_from(number) {
        Ok(at) if at <= limit => Ok(at),
        _ => Err(format!("index out of range: {number}")),
    }
}

pub(super) fn slice<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let (item, indexes) = (&args[0].value, &args[1..]);
    if matches!(item, Value::Nil) {
        return Err("slice of untyped nil".to_owned());
    }
    let Some(target) = item.indirect() else {
        return Err("slice of nil pointer".to_owned());
    };
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()));
    }
    match target.underlying() {
        Value::String(_) if indexes.len() == 3 => Err("cannot 3-index slice a string".to_owned()),
        Value::String(text) => {
            let (start, end) = bounds(indexes, text.len())?;
            Ok(rewrapped(target, Value::String(text.slice(start, end))).into())
        }
        Value::List(list) => {
            let (start, end) = bounds(indexes, list.items().len())?;
            Ok(rewrapped(target, part(list, start, end)).into())
        }
        _ => Err(format!("can't slice item of type {}", target.target_type_name())),
    }
}

/// A slice of a value of a defined type has that type.
fn rewrapped<'a>(original: &Value<'a>, part: Value<'a>) -> Value<'a> {
    match original {
        Value::Named(named) => Value::named(named.ty, part),
        _ => part,
    }
}

fn part<'a>(list: &List<'a>, start: usize, end: usize) -> Value<'a> {
    match &list.items {
        Some(items) => Value::list(list.elem, items[start..end].iter().cloned()),
        None => Value::nil_list(list.elem),
    }
}

/// Start and end, checked against the length and each other. A third index would only bound capacity.
fn bounds(indexes: &[Operand<'_>], len: usize) -> Result<(usize, usize), String> {
    let mut at = [0, len, len];
    for (slot, index) in at.iter_mut().zip(indexes) {
        if index.interface {
            // Unlike `index`, Go's `slice` does not look into interfaces.
            return Err(format!("cannot index slice/array with type {}", Type::Any));
        }
        *slot = position(&index.value, len)?;
    }
    let [start, end, capacity] = at;
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    if indexes.len() == 3 && end > capacity {
        return Err(format!("invalid slice index: {end} > {capacity}"));
    }
    Ok((start, end))
}

pub(super) fn len<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    if args[0].is_invalid() {
        return Err("reflect: call of reflect.Value.Type on zero Value".to_owned());
    }
    let target = match args[0].value.indirect() {
        None | Some(Value::Nil) => return Err("len of nil pointer".to_owned()),
        Some(target) => target,
    };
    let len = match target.underlying() {
        Value::String(text) => text.len(),
        Value::List(list) => list.items().len(),
        Value::Map(map) => map.entries().len(),
        _ => return Err(format!("len of type {}", target.target_type_name())),
    };
    Ok(Value::int(i64::try_from(len).unwrap_or(i64::MAX)).into())
}
