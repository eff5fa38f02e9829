//! Documents in Docker's types: what a template sees of an object before it sees plain JSON.
use go_template::{Field, JsonKey, Numbers, Opaque, Type, Value as Typed};
use jiff::Timestamp;
use serde_json::Value;

/// Go's zero time, which stands for never.
pub(crate) const NEVER: &str = "0001-01-01T00:00:00Z";
/// The same in seconds since 1970.
const NEVER_SECONDS: i64 = -62_135_596_800;

/// A document as a value of a type; members that are missing or of another form are zero.
pub(crate) fn typed(ty: Type, document: &Value) -> Typed<'_> {
    match ty {
        Type::Bool => document.as_bool().unwrap_or_default().into(),
        Type::Int(width) => Typed::Int(width, document.as_i64().unwrap_or_default()),
        Type::Uint(width) => Typed::Uint(width, document.as_u64().unwrap_or_default()),
        Type::Float => Typed::Float(document.as_f64().unwrap_or_default()),
        Type::String => document.as_str().unwrap_or_default().into(),
        Type::Any => Typed::from_json(document, Numbers::Json),
        Type::Slice(elem) => match document.as_array() {
            Some(items) => Typed::list(elem, items.iter().map(|item| typed(*elem, item))),
            None => Typed::nil_list(elem),
        },
        Type::Map(key, elem) => match document.as_object() {
            Some(members) => {
                let members = members.iter().map(|(name, value)| (name.as_str(), typed(*elem, value)));
                Typed::map_of(key, elem, members)
            }
            None => Typed::nil_map(key, elem),
        },
        Type::Pointer(_) if document.is_null() => ty.zero(),
        Type::Pointer(elem) => Typed::pointer(elem, typed(*elem, document)),
        Type::Struct(of) => Typed::structure(of, of.fields.iter().map(|f| field(f, document)).collect()),
        Type::Named(of) => Typed::named(of, typed(of.underlying, document)),
        Type::Object(_) => moment(document.as_str().unwrap_or(NEVER)),
    }
}

fn field<'d>(field: &Field, document: &'d Value) -> Typed<'d> {
    match field.json {
        // The fields of an embedded struct stand among the others.
        _ if field.embedded => typed(field.ty, document),
        JsonKey::Always(key) | JsonKey::OmitEmpty(key) => typed(field.ty, &document[key]),
        JsonKey::Hidden => field.ty.zero(),
    }
}

/// A `time.Time`.
fn moment(text: &str) -> Typed<'static> {
    let then = text.parse::<Timestamp>().ok().filter(|then| then.as_second() != NEVER_SECONDS);
    Typed::opaque(Opaque {
        type_name: "time.Time",
        text: format!("{} +0000 UTC", text.trim_end_matches('Z').replace('T', " ")),
        json: format!("\"{text}\""),
        getters: vec![
            ("IsZero", then.is_none().into()),
            ("Unix", Typed::int64(then.map_or(NEVER_SECONDS, Timestamp::as_second))),
            ("Year", Typed::int(text.get(..4).and_then(|year| year.parse().ok()).unwrap_or(1))),
        ],
    })
}

#[cfg(test)]
mod tests {
    use go_template::{Functions, StructType, Template};
    use serde_json::json;

    use super::*;

    static INNER: StructType = StructType {
        name: "test.Inner",
        fields: &[Field::omit_empty("Deep", "deep", Type::INT64)],
        methods: &[],
    };
    static OUTER: StructType = StructType {
        name: "test.Outer",
        fields: &[
            Field::embedded("Inner", Type::Pointer(&Type::Struct(&INNER))),
            Field::new("ID", "Id", Type::String),
            Field::new("List", "List", Type::STRINGS),
            Field::new("Map", "Map", Type::STRING_MAP),
            Field::new("Then", "Then", Type::Object("time.Time")),
            Field::new("None", "None", Type::Pointer(&Type::Bool)),
        ],
        methods: &[],
    };

    #[test]
    fn documents_become_values_of_a_type() {
        let check = |document: Value, template: &str, expect: &str| {
            let template = Template::parse(template, &Functions::docker()).unwrap();
            let mut out = String::new();
            template.execute(typed(Type::Struct(&OUTER), &document), &mut out).unwrap();
            assert_eq!(out, expect);
        };
        let all =
            json!({"deep": 5, "Id": "x", "List": ["a"], "Map": {"k": "v"}, "Then": "2026-11-23T07:05:00Z"});
        check(
            all,
            "{{.Deep}} {{.ID}} {{.List}} {{.Map.k}} {{.Then}} {{.Then.Unix}} {{.None}}",
            "5 x [a] v 2026-11-23 07:05:00 +0000 UTC 1795417500 <nil>",
        );
        check(
            json!({"List": "no list"}),
            "{{.Deep}}|{{.ID}}|{{len .List}}|{{.Map}}|{{.Then.IsZero}}",
            "0||0|map[]|true",
        );
        check(
            json!({"Id": "x", "List": []}),
            "{{json .}}",
            r#"{"Id":"x","List":[],"Map":null,"Then":"0001-01-01T00:00:00Z","None":null}"#,
        );
    }
}
