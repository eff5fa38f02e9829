//! Lists: one parsed template, many rows.

use std::cell::Cell;

use go_template::{Functions, HtmlEscape, Member, Object, Template, Value, to_json};

use crate::shapes::ImageRow;

const ROW: ImageRow = ImageRow { repository: "<none>", tag: "a&b", id: "b0e7dc4060f0", size: "2.37MB" };

#[test]
fn json_of_a_row_escapes_for_html_and_json_of_a_member_does_not() {
    let template = Template::parse("{{json .}} {{json .Repository}}", &Functions::docker()).unwrap();
    let mut out = String::new();
    template.execute(Value::Object(&ROW), &mut out).unwrap();
    let row = "{\"Digest\":\"\\u003cnone\\u003e\",\"ID\":\"b0e7dc4060f0\",\"Repository\":\"\\u003cnone\\u003e\",\
               \"Size\":\"2.37MB\",\"Tag\":\"a\\u0026b\"}";
    assert_eq!(out, format!("{row} \"<none>\""));
    assert_eq!(to_json(&Value::Object(&ROW), HtmlEscape::On).unwrap(), row);
    assert_eq!(to_json(&Value::from("<&>"), HtmlEscape::On).unwrap(), "\"\\u003c\\u0026\\u003e\"");
}

#[test]
fn only_the_members_asked_for_are_worked_out() {
    struct Counting(Cell<usize>);
    impl Object for Counting {
        fn type_name(&self) -> &'static str {
            "*formatter.counting"
        }
        fn member(&self, name: &str) -> Option<Member<'_>> {
            self.0.set(self.0.get() + 1);
            (name == "A").then(|| Member::getter("a"))
        }
    }
    let row = Counting(Cell::new(0));
    let template =
        Template::parse("{{.A}} {{if false}}{{.A}}{{end}}{{or .A .A}}", &Functions::docker()).unwrap();
    let mut out = String::new();
    template.execute(Value::Object(&row), &mut out).unwrap();
    assert_eq!((out.as_str(), row.0.get()), ("a a", 2));
}

#[test]
fn what_was_written_before_an_error_stays() {
    let template = Template::parse("before {{.Nope}}", &Functions::docker()).unwrap();
    let mut out = String::from("kept ");
    let error = template.execute(Value::Object(&ROW), &mut out).unwrap_err();
    assert_eq!(out, "kept before ");
    assert!(matches!(error, go_template::Error::Execute(_)));
    assert_eq!(
        error.text(),
        ":1:9: executing \"\" at <.Nope>: can't evaluate field Nope in type *formatter.imageContext"
    );
}
