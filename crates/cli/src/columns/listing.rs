//! Rows of one kind as a table, as JSON, or by a template.
use std::collections::BTreeMap;

use go_template::{Functions, HtmlEscape, Member, Object, Operand, Param, Type, Value, to_json};

use super::Format;
use super::format::template_failure;
use crate::Failure;
use crate::term::table::Table;
use crate::term::{escape, json};

/// Something that can be seen of a row.
pub(crate) struct Column<R> {
    /// Its name in templates and JSON.
    pub(crate) name: &'static str,
    /// Its heading.
    pub(crate) header: &'static str,
    /// Its value, as it is.
    pub(crate) value: fn(&R) -> String,
}

/// All that can be seen of rows of one kind.
pub(crate) struct Columns<R: 'static> {
    /// The Go type that errors name.
    pub(crate) type_name: &'static str,
    /// The columns, by name.
    pub(crate) columns: &'static [Column<R>],
    /// Those that Docker once had: only templates that name them see them.
    pub(crate) bygone: &'static [Column<R>],
    /// What else there is.
    pub(crate) extras: &'static [Extra<R>],
}

/// Something of a row that is no text.
pub(crate) enum Extra<R> {
    /// A pointer that is always nil, in JSON, too.
    Nil {
        /// Its name.
        name: &'static str,
        /// Its heading.
        header: &'static str,
        /// What it would point at.
        to: &'static Type,
    },
    /// Labels, of which templates ask for one: `.Label "stage"`.
    Label(fn(&R) -> &BTreeMap<String, String>),
}

impl<R> Columns<R> {
    /// One row as templates see it.
    pub(crate) fn row<'r>(&'static self, row: &'r R, in_table: bool) -> Row<'r, R> {
        Row { columns: self, row, in_table, names: self.names() }
    }

    /// A member of a row that has nothing to say.
    pub(crate) fn blank<'m>(&self, name: &str) -> Option<Member<'m>> {
        if self.all().any(|column| column.name == name) {
            return Some(Member::getter(""));
        }
        self.extras.iter().find_map(|extra| match extra {
            Extra::Nil { name: known, to, .. } if *known == name => {
                Some(Member::Getter(Value::nil_pointer(to)))
            }
            Extra::Label(_) if name == LABEL => {
                Some(Member::method(&[Param::Of(Type::String)], |_| Ok("".into())))
            }
            Extra::Nil { .. } | Extra::Label(_) => None,
        })
    }

    /// The members of a row's JSON, by name.
    fn names(&self) -> Vec<&'static str> {
        let nil = self.extras.iter().filter_map(|extra| match extra {
            Extra::Nil { name, .. } => Some(*name),
            Extra::Label(_) => None,
        });
        let mut names: Vec<_> = self.columns.iter().map(|column| column.name).chain(nil).collect();
        names.sort_unstable();
        names
    }

    fn all(&self) -> impl Iterator<Item = &'static Column<R>> {
        self.columns.iter().chain(self.bygone)
    }
}

/// A row with its columns.
pub(crate) struct Row<'r, R: 'static> {
    columns: &'static Columns<R>,
    row: &'r R,
    in_table: bool,
    names: Vec<&'static str>,
}

impl<R> Object for Row<'_, R> {
    fn type_name(&self) -> &'static str {
        self.columns.type_name
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        let Some(column) = self.columns.all().find(|column| column.name == name) else {
            return self.extra(name);
        };
        let text = (column.value)(self.row);
        // In a table a stranger's tab or line break would shift the columns.
        let text = if self.in_table { escape::cell(&text).into_owned() } else { text };
        Some(Member::getter(text))
    }

    fn names(&self) -> &[&'static str] {
        &self.names
    }
}

impl<R> Row<'_, R> {
    fn extra(&self, wanted: &str) -> Option<Member<'_>> {
        self.columns.extras.iter().find_map(|extra| match extra {
            Extra::Nil { name, to, .. } if *name == wanted => Some(Member::Getter(Value::nil_pointer(to))),
            Extra::Label(labels) if wanted == LABEL => {
                let labels = labels(self.row);
                Some(Member::method(&[Param::Of(Type::String)], move |args| {
                    Ok(labels.get(&text(args)).cloned().unwrap_or_default().into())
                }))
            }
            Extra::Nil { .. } | Extra::Label(_) => None,
        })
    }
}

/// The text that a method was given.
fn text(args: &[Operand<'_>]) -> String {
    let text = args.first().and_then(|arg| arg.value.as_str());
    text.map(|text| text.to_text().into_owned()).unwrap_or_default()
}

/// The method that gives one label.
const LABEL: &str = "Label";

/// The headings, in place of a row. A name that there is not has none.
struct Headings<R: 'static>(&'static Columns<R>);

impl<R> Object for Headings<R> {
    fn type_name(&self) -> &'static str {
        "formatter.SubHeaderContext"
    }

    fn member(&self, name: &str) -> Option<Member<'_>> {
        let column = self.0.all().find(|column| column.name == name).map(|column| column.header);
        let extra = || {
            self.0.extras.iter().find_map(|extra| match extra {
                Extra::Nil { name: known, header, .. } if *known == name => Some(*header),
                _ => None,
            })
        };
        match column.or_else(extra) {
            Some(header) => Some(Member::Field(header.into())),
            None if name == LABEL => {
                Some(Member::method(&[Param::Of(Type::String)], |args| Ok(label_heading(&text(args)).into())))
            }
            None => Some(Member::Field(Value::Nil)),
        }
    }
}

/// The last part of a label's name, without its dashes.
fn label_heading(label: &str) -> String {
    label.rsplit('.').next().unwrap_or_default().replace(['-', '_'], " ")
}

/// The rows in a format. Nothing comes out of a template that fails at any row.
///
/// # Errors
/// When the template cannot be parsed or does not fit, in Docker's words.
pub(crate) fn listing<R>(
    columns: &'static Columns<R>,
    rows: &[R],
    format: &Format,
) -> Result<String, Failure> {
    let Some((template, is_table)) = format.template()? else { return json_lines(columns, rows) };
    let mut out = String::new();
    for row in rows {
        let row = columns.row(row, is_table);
        template.execute(Value::Object(&row), &mut out).map_err(|error| template_failure(&error))?;
        out.push('\n');
    }
    if !is_table {
        return Ok(escape::layout(&out).into_owned());
    }
    let mut heading = String::new();
    // Docker does not mind what goes wrong in the heading: the rows tell.
    let _ = template
        .with_functions(&Functions::docker_headings())
        .execute(Value::Object(&Headings(columns)), &mut heading);
    let mut table = Table::new();
    table.text(&escape::layout(&heading));
    table.text("\n");
    table.text(&escape::layout(&out));
    Ok(table.render())
}

fn json_lines<R>(columns: &'static Columns<R>, rows: &[R]) -> Result<String, Failure> {
    let mut out = String::new();
    for row in rows {
        let row = columns.row(row, false);
        let text = to_json(&Value::Object(&row), HtmlEscape::On).map_err(Failure::new)?;
        out.push_str(&json::compact(&text));
        out.push('\n');
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    static COLUMNS: Columns<&str> = Columns {
        type_name: "*formatter.testContext",
        columns: &[
            Column { name: "ID", header: "IMAGE ID", value: |row| (*row).to_owned() },
            Column { name: "Size", header: "SIZE", value: |row| format!("{}B", row.len()) },
        ],
        bygone: &[Column { name: "Weight", header: "WEIGHT", value: |_| "heavy".to_owned() }],
        extras: &[],
    };

    fn check(rows: &[&'static str], format: &str, expect: Result<&str, &str>) {
        let found = listing(&COLUMNS, rows, &Format::parse(format, "{{.ID}}\t{{.Size}}"));
        let expect = expect.map(str::to_owned).map_err(Failure::new);
        assert_eq!(found, expect, "{format}");
    }

    #[test]
    fn rows_come_in_every_format() {
        check(&["abc"], "table", Ok("IMAGE ID   SIZE\nabc        3B\n"));
        check(&[], "table", Ok("IMAGE ID   SIZE\n"));
        check(&["abc"], "table {{upper .ID}}|{{json .Size}}", Ok("IMAGE ID|SIZE\nABC|\"3B\"\n"));
        check(&["abc"], "table {{.ID}}\\t{{.Weight}}", Ok("IMAGE ID   WEIGHT\nabc        heavy\n"));
        check(&["a<b"], "json", Ok("{\"ID\":\"a\\u003cb\",\"Size\":\"3B\"}\n"));
        check(&["a", "b"], "{{.ID}}\\t{{.Size}}", Ok("a\t1B\nb\t1B\n"));
        check(&[], "pretty", Ok(""));
    }

    #[test]
    fn failures_leave_nothing_behind() {
        check(&["a"], "{{", Err("template parsing error: template: :1: unclosed action"));
        let wrong = "template parsing error: template: :1:8: executing \"\" at <.Nope>: can't evaluate field Nope \
                     in type *formatter.testContext";
        check(&["a"], "{{.ID}}{{.Nope}}", Err(&wrong.replace(":1:8:", ":1:9:")));
        check(&[], "{{.Nope}}", Ok(""));
    }

    #[test]
    fn what_could_drive_a_terminal_is_shown_instead() {
        check(&["a\tb\x1b"], "table", Ok("IMAGE ID   SIZE\na\\tb\\x1b   4B\n"));
        check(&["a\tb\x1b"], "{{.ID}}", Ok("a\tb\\x1b\n"));
        check(&["\u{9b}"], "json", Ok("{\"ID\":\"\\u009b\",\"Size\":\"2B\"}\n"));
    }
}
