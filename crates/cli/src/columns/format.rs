//! What `--format` of a listing asks for.
use go_template::{Functions, Template};

use crate::Failure;

/// The form of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Columns under a header, from a template.
    Table(String),
    /// One JSON object a row.
    Json,
    /// A template for each row.
    Rows(String),
}

impl Format {
    /// Reads a format; `table` alone is the template of the default table. Anything that starts with `table` is
    /// a table, as Docker has it.
    pub(crate) fn parse(text: &str, default_table: &str) -> Self {
        match text.strip_prefix("table") {
            Some("") => Self::Table(default_table.to_owned()),
            Some(template) => Self::Table(unescape(template)),
            None if text == "json" => Self::Json,
            None => Self::Rows(unescape(text)),
        }
    }

    /// The parsed template, and whether it is a table's; nothing for JSON.
    ///
    /// # Errors
    /// When it is none, in Docker's words.
    pub(crate) fn template(&self) -> Result<Option<(Template, bool)>, Failure> {
        let (text, is_table) = match self {
            Self::Json => return Ok(None),
            Self::Table(text) => (text, true),
            Self::Rows(text) => (text, false),
        };
        let template = Template::parse(text, &Functions::docker());
        template.map(|template| Some((template, is_table))).map_err(|error| template_failure(&error))
    }
}

/// A template's failure in a listing.
pub(super) fn template_failure(error: &go_template::Error) -> Failure {
    let text = format!("template parsing error: {error}");
    Failure::new(crate::term::escape::layout(&text))
}

/// Two-character sequences stand for tabs and line breaks; blanks around the template do not count.
fn unescape(template: &str) -> String {
    template.trim_matches(' ').replace("\\t", "\t").replace("\\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_docker_reads_them() {
        let check = |text: &str, expect: Format| assert_eq!(Format::parse(text, "{{.ID}}"), expect, "{text}");
        check("table", Format::Table("{{.ID}}".into()));
        check("table {{.Tag}}\\t{{.ID}} ", Format::Table("{{.Tag}}\t{{.ID}}".into()));
        check("tableX{{.ID}}", Format::Table("X{{.ID}}".into()));
        check("json", Format::Json);
        check("json ", Format::Rows("json".into()));
        check(" {{.ID}}\\n", Format::Rows("{{.ID}}\n".into()));
        check("pretty", Format::Rows("pretty".into()));
    }
}
