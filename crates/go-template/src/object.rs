//! Things that answer for themselves: rows of a list and other data that should not be turned into a
//! tree of values before the template asks for one of their members.

use std::fmt;

use crate::go_type::{Outcome, Param};
use crate::{Operand, Value};

/// A Go struct, or pointer to one, whose members are worked out when a template asks for them.
///
/// ```
/// use go_template::{Functions, Member, Object, Template, Value};
///
/// struct Row {
///     tag: String,
/// }
///
/// impl Object for Row {
///     fn type_name(&self) -> &'static str {
///         "*formatter.imageContext"
///     }
///
///     fn member(&self, name: &str) -> Option<Member<'_>> {
///         match name {
///             "Tag" => Some(Member::getter(&self.tag)),
///             _ => None,
///         }
///     }
/// }
///
/// let template = Template::parse("{{upper .Tag}} {{.Nope}}", &Functions::docker())?;
/// let mut out = String::new();
/// let error = template.execute(Value::Object(&Row { tag: "v1".into() }), &mut out).unwrap_err();
/// assert_eq!(out, "V1 ");
/// assert!(error.text().ends_with("can't evaluate field Nope in type *formatter.imageContext"));
/// # Ok::<(), go_template::Error>(())
/// ```
pub trait Object {
    /// Go type name, such as `*formatter.imageContext`.
    fn type_name(&self) -> &'static str;

    /// The field or method of that name, if there is one.
    fn member(&self, name: &str) -> Option<Member<'_>>;

    /// Members that make up the JSON form and the printed form, in their order. JSON of an object escapes
    /// `<`, `>` and `&` always, as rows of Docker's lists do.
    fn names(&self) -> &[&'static str] {
        &[]
    }
}

/// What an [`Object`] has under a name.
pub enum Member<'a> {
    /// A struct field.
    Field(Value<'a>),
    /// The result of a method without parameters.
    Getter(Value<'a>),
    /// A method with parameters.
    Method(MethodCall<'a>),
    /// A field that exists but that templates may not see.
    Unexported,
}

/// A method bound to its receiver.
pub struct MethodCall<'a> {
    pub(crate) params: &'static [Param],
    pub(crate) call: Box<BoundMethod<'a>>,
}

type BoundMethod<'a> = dyn Fn(&[Operand<'a>]) -> Outcome<'a> + 'a;

impl<'a> Member<'a> {
    /// The result of a method without parameters.
    pub fn getter(value: impl Into<Value<'a>>) -> Member<'a> {
        Member::Getter(value.into())
    }

    /// A method with parameters; it is called with as many arguments, of those types.
    pub fn method(params: &'static [Param], call: impl Fn(&[Operand<'a>]) -> Outcome<'a> + 'a) -> Member<'a> {
        Member::Method(MethodCall { params, call: Box::new(call) })
    }
}

impl fmt::Debug for Member<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Member::Field(value) => write!(f, "Field({value:?})"),
            Member::Getter(value) => write!(f, "Getter({value:?})"),
            Member::Method(method) => write!(f, "Method({:?})", method.params),
            Member::Unexported => f.write_str("Unexported"),
        }
    }
}
