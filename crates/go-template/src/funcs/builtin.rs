//! Go's own functions, but for those with a file of their own.

use super::{ANY, Function, STRING, compare, escape, index};
use crate::buffer::Buffer;
use crate::go_type::{Outcome, Param};
use crate::{Operand, Value, fmt};

const ONE: &[Param] = &[Param::Reflect];
const TWO: &[Param] = &[Param::Reflect, Param::Reflect];
const MORE: Option<Param> = Some(Param::Reflect);

pub(super) const FUNCTIONS: &[(&str, Function)] = &[
    // The executor works these three out itself: two need not evaluate all arguments, one needs a name.
    ("and", Function { params: ONE, variadic: MORE, call: last }),
    ("or", Function { params: ONE, variadic: MORE, call: last }),
    ("call", Function { params: ONE, variadic: MORE, call: last }),
    ("eq", Function { params: ONE, variadic: MORE, call: compare::eq }),
    ("ne", Function { params: TWO, variadic: None, call: compare::ne }),
    ("lt", Function { params: TWO, variadic: None, call: compare::lt }),
    ("le", Function { params: TWO, variadic: None, call: compare::le }),
    ("gt", Function { params: TWO, variadic: None, call: compare::gt }),
    ("ge", Function { params: TWO, variadic: None, call: compare::ge }),
    ("html", Function { params: &[], variadic: Some(ANY), call: escape::html }),
    ("js", Function { params: &[], variadic: Some(ANY), call: escape::js }),
    ("urlquery", Function { params: &[], variadic: Some(ANY), call: escape::urlquery }),
    ("index", Function { params: ONE, variadic: MORE, call: index::index }),
    ("slice", Function { params: ONE, variadic: MORE, call: index::slice }),
    ("len", Function { params: ONE, variadic: None, call: index::len }),
    ("not", Function { params: ONE, variadic: None, call: not }),
    ("print", Function { params: &[], variadic: Some(ANY), call: print }),
    ("println", Function { params: &[], variadic: Some(ANY), call: println }),
    ("printf", Function { params: &[STRING], variadic: Some(ANY), call: printf }),
];

fn last<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(args.last().cloned().unwrap_or(Operand::INVALID))
}

fn not<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok((!args[0].value.is_true()).into())
}

fn print<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let mut out = Buffer::default();
    fmt::print(&mut out, args.iter().map(|arg| &arg.value));
    text(out)
}

fn println<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let mut out = Buffer::default();
    fmt::println(&mut out, args.iter().map(|arg| &arg.value));
    text(out)
}

fn printf<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    let mut out = Buffer::default();
    let values: Vec<&Value<'_>> = args[1..].iter().map(|arg| &arg.value).collect();
    if let Some(format) = args[0].value.as_str() {
        fmt::printf(&mut out, format.as_bytes(), &values);
    }
    text(out)
}

/// What was built, as a string value.
pub(super) fn text<'a>(out: Buffer) -> Outcome<'a> {
    Ok(Value::String(out.into_bytes()?.into()).into())
}
