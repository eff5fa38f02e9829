//! Single objects that answer to templates: their parts in one table each.
use go_template::{Functions, Member, Template, Value};

use crate::Failure;
use crate::term::escape;

/// Something that can be seen of an object.
pub(crate) struct Part<F> {
    /// Its name in templates.
    pub(crate) name: &'static str,
    /// Its name in JSON; empty for one that JSON leaves out.
    pub(crate) key: &'static str,
    /// Its value.
    pub(crate) value: for<'f> fn(&'f F) -> Value<'f>,
}

impl<F> Part<F> {
    /// A part that templates and JSON call the same.
    pub(crate) const fn new(name: &'static str, value: for<'f> fn(&'f F) -> Value<'f>) -> Self {
        Self { name, key: name, value }
    }
}

/// Facts with the table of what can be seen of them.
pub(crate) struct Object<F: 'static> {
    type_name: &'static str,
    parts: &'static [Part<F>],
    keys: Vec<&'static str>,
    facts: F,
}

impl<F> Object<F> {
    /// An object under its Go type's name.
    pub(crate) fn new(type_name: &'static str, parts: &'static [Part<F>], facts: F) -> Self {
        let keys = parts.iter().map(|part| part.key).filter(|key| !key.is_empty()).collect();
        Self { type_name, parts, keys, facts }
    }
}

impl<F> go_template::Object for Object<F> {
    fn type_name(&self) -> &'static str {
        self.type_name
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        let part = self.parts.iter().find(|part| part.name == name || part.key == name)?;
        Some(Member::Field((part.value)(&self.facts)))
    }

    fn names(&self) -> &[&'static str] {
        &self.keys
    }
}

/// Parses the template of a command that shows objects; `json` stands for the whole object.
///
/// # Errors
/// When it is none, with the exit code that Docker has for it.
pub(crate) fn parse_object_template(format: &str) -> Result<Template, Failure> {
    let text = if format == "json" { "{{json .}}" } else { format };
    Template::parse(text, &Functions::docker()).map_err(|error| {
        let text = format!("template parsing error: {error}");
        Failure::with_exit(Failure::TEMPLATE, escape::layout(&text))
    })
}

/// What a template makes of an object, as a line. What was written before an error is part of the answer.
pub(crate) fn object_text(
    template: &Template,
    object: &dyn go_template::Object,
) -> (String, Option<Failure>) {
    let mut out = String::new();
    let failure = template.execute(Value::Object(object), &mut out).err();
    out.push('\n');
    let failure = failure.map(|error| Failure::new(escape::layout(&error.to_string())));
    (escape::layout(&out).into_owned(), failure)
}
