//! The public face: parse once, execute often.

use std::sync::Arc;

use crate::ast::Nodes;
use crate::exec::Exec;
use crate::parse::{self, MAIN, Trees};
use crate::{Error, Functions, Value};

/// What a missing map key gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value, which prints `<no value>` (Go's `missingkey=default`).
    #[default]
    NoValue,
    /// The zero value of the map's elements (`missingkey=zero`).
    Zero,
    /// An error (`missingkey=error`), as in the second pass of inspect.
    Error,
}

/// A parsed template. Cloning is cheap; one may be executed any number of times, by several threads.
#[derive(Clone, Debug)]
pub struct Template {
    trees: Arc<Trees>,
    source: Arc<str>,
    functions: Arc<Functions>,
    missing_key: MissingKey,
}

impl Template {
    /// Parses a template that may call `functions`.
    ///
    /// # Errors
    /// [`Error::Parse`] with Go's words.
    pub fn parse(text: &str, functions: &Functions) -> Result<Template, Error> {
        let trees = parse::parse(text, functions)?;
        Ok(Template {
            trees: Arc::new(trees),
            source: text.into(),
            functions: Arc::new(functions.clone()),
            missing_key: MissingKey::default(),
        })
    }

    /// The same template with other functions of the same names, such as
    /// [`Functions::docker_headings`] for the heading of a table.
    #[must_use]
    pub fn with_functions(&self, functions: &Functions) -> Template {
        Template { functions: Arc::new(functions.clone()), ..self.clone() }
    }

    /// The same template with another answer to missing map keys.
    #[must_use]
    pub fn with_missing_key(&self, missing_key: MissingKey) -> Template {
        Template { missing_key, ..self.clone() }
    }

    /// Executes the template on `data` and appends what it writes to `out`, also what it had written
    /// before an error. Bytes that are not UTF-8 come out as U+FFFD.
    ///
    /// # Errors
    /// [`Error::Execute`] with Go's words.
    pub fn execute<'a>(&'a self, data: impl Into<Value<'a>>, out: &mut String) -> Result<(), Error> {
        let mut exec = Exec::new(self, data.into());
        let done = exec.run();
        out.push_str(&String::from_utf8_lossy(exec.written()));
        done
    }

    pub(crate) fn tree(&self, name: &str) -> Option<&Nodes> {
        self.trees.get(name)
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.functions
    }

    pub(crate) fn missing_key(&self) -> MissingKey {
        self.missing_key
    }

    /// `name:line:byte` of a place in the text.
    pub(crate) fn location(&self, position: usize) -> String {
        let before = &self.source[..position];
        let line = 1 + before.matches('\n').count();
        let byte = before.rfind('\n').map_or(position, |newline| position - newline - 1);
        format!("{MAIN}:{line}:{byte}")
    }
}
