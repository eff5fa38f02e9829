//! A value together with whether it was reached through an interface. Go's errors name the static type
//! (`interface {}`) of what came out of a `map[string]interface{}`, and a nil interface is not nothing.

use crate::Value;
use crate::go_type::Type;

/// A value as an action, a function or a method meets it.
#[derive(Clone, Debug)]
pub struct Operand<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Whether its static type is `interface {}`.
    pub interface: bool,
}

impl<'a> Operand<'a> {
    /// No value at all.
    pub(crate) const INVALID: Operand<'static> = Operand { value: Value::Nil, interface: false };

    /// A value held where the static type is `ty`.
    pub(crate) fn held(value: Value<'a>, ty: Type) -> Self {
        Operand { value, interface: matches!(ty, Type::Any) }
    }

    /// Whether there is nothing, not even a nil interface.
    pub(crate) fn is_invalid(&self) -> bool {
        !self.interface && matches!(self.value, Value::Nil)
    }

    /// The value in the interface, as Go's pipelines take it.
    pub(crate) fn unboxed(self) -> Self {
        Operand { value: self.value, interface: false }
    }

    /// Name of the static type.
    pub(crate) fn type_name(&self) -> String {
        if self.interface { Type::Any.to_string() } else { self.value.type_name() }
    }
}

impl<'a, T: Into<Value<'a>>> From<T> for Operand<'a> {
    fn from(value: T) -> Self {
        Operand { value: value.into(), interface: false }
    }
}
