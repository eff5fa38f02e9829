//! Go's `text/template` language, as Docker's `--format` options use it.
//!
//! A [`Template`] is parsed once and executed on any number of [`Value`]s. Values know their Go types, so
//! that what is printed, what counts as true and what an error says are the same as in Go. Data comes in
//! three shapes: trees of [`Value`] with static [`StructType`]s for typed objects, documents by
//! [`Value::from_json`], and [`Object`]s that answer for their members one by one, for rows of lists.
//!
//! The crate does no I/O, reads no clock and no environment. What a template may cost is bounded
//! ([`limits`]).
//!
//! ```
//! use go_template::{Functions, Template, Value};
//!
//! let template = Template::parse("{{.Repository}}:{{upper .Tag}}", &Functions::docker())?;
//! let row = Value::string_map([("Repository", "redis"), ("Tag", "latest")]);
//! let mut out = String::new();
//! template.execute(row, &mut out)?;
//! assert_eq!(out, "redis:LATEST");
//! # Ok::<(), go_template::Error>(())
//! ```

mod ast;
mod buffer;
mod call;
mod convert;
mod error;
mod eval;
mod exec;
mod fmt;
mod funcs;
mod go_type;
mod json;
mod lex;
pub mod limits;
mod number;
mod object;
mod operand;
mod parse;
mod quote;
mod template;
mod text;
mod value;

pub use convert::{JSON_NUMBER, Numbers};
pub use error::Error;
pub use funcs::{Function, Functions};
pub use go_type::{Field, IntType, JsonKey, Method, NamedType, Outcome, Param, StructType, Type, UintType};
pub use json::{HtmlEscape, to_json};
pub use object::{Member, MethodCall, Object};
pub use operand::Operand;
pub use template::{MissingKey, Template};
pub use text::Str;
pub use value::{List, Map, Named, Opaque, Pointer, Struct, Value};
