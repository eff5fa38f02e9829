//! Functions that templates may call: Go's own, and Docker's on top.

mod builtin;
mod compare;
mod docker;
mod escape;
mod index;

use std::collections::HashMap;

use crate::Operand;
use crate::go_type::{Outcome, Param, Type};

/// A function: what it takes and what it does.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Parameters, without the variadic one.
    pub params: &'static [Param],
    /// Kind of any number of further arguments.
    pub variadic: Option<Param>,
    /// The function. It gets as many arguments as it takes, each of its kind.
    pub call: for<'a> fn(&[Operand<'a>]) -> Outcome<'a>,
}

/// Functions by name.
#[derive(Clone, Debug)]
pub struct Functions {
    by_name: HashMap<&'static str, Function>,
}

/// `interface{}`
const ANY: Param = Param::Of(Type::Any);
const STRING: Param = Param::Of(Type::String);
const INT: Param = Param::Of(Type::INT);

impl Functions {
    /// Go's own functions.
    pub fn builtin() -> Functions {
        Functions { by_name: builtin::FUNCTIONS.iter().copied().collect() }
    }

    /// Go's functions and Docker's: `json split join title lower upper pad truncate`.
    pub fn docker() -> Functions {
        Functions::builtin().with(docker::FUNCTIONS)
    }

    /// Docker's functions as the heading of a table sees them: those on strings leave them alone.
    pub fn docker_headings() -> Functions {
        Functions::docker().with(docker::HEADING_FUNCTIONS)
    }

    /// These functions with others added or put in their place.
    #[must_use]
    pub fn with(mut self, functions: &[(&'static str, Function)]) -> Functions {
        self.by_name.extend(functions.iter().copied());
        self
    }

    pub(crate) fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Function> {
        self.by_name.get(name)
    }
}
