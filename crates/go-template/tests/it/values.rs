//! What the recorded answers do not reach: kinds and types of values that no image has.

use go_template::{
    Field, Function, Functions, HtmlEscape, IntType, Member, Method, MissingKey, NamedType, Numbers, Object,
    Operand, Outcome, Param, StructType, Template, Type, UintType, Value, to_json,
};

#[track_caller]
fn check(text: &str, data: Value<'_>, expect: &str) {
    assert_eq!(run(&parse(text), data), Ok(expect.to_owned()), "{text}");
}

/// `expect` is the end of the message, after the place.
#[track_caller]
fn fails(text: &str, data: Value<'_>, expect: &str) {
    let error = run(&parse(text), data).unwrap_err();
    assert!(error.ends_with(&format!(": {expect}")), "{text}\n{error}");
}

fn parse(text: &str) -> Template {
    Template::parse(text, &Functions::docker().with(TAKES)).unwrap()
}

fn run<'a>(template: &'a Template, data: Value<'a>) -> Result<String, String> {
    let mut out = String::new();
    template.execute(data, &mut out).map_err(|error| error.to_string())?;
    Ok(out)
}

/// Functions that take each kind of argument.
const TAKES: &[(&str, Function)] = &[
    ("takesBool", Function { params: &[Param::Of(Type::Bool)], variadic: None, call: first }),
    ("takesUint", Function { params: &[Param::Of(Type::Uint(UintType::Uint))], variadic: None, call: first }),
    ("takesFloat", Function { params: &[Param::Of(Type::Float)], variadic: None, call: first }),
    ("takesDigest", Function { params: &[Param::Of(Type::Named(&DIGEST))], variadic: None, call: first }),
    (
        "takesMany",
        Function { params: &[Param::Of(Type::INT)], variadic: Some(Param::Of(Type::STRINGS)), call: count },
    ),
];

fn first<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(args[0].clone())
}

fn count<'a>(args: &[Operand<'a>]) -> Outcome<'a> {
    Ok(Value::int(i64::try_from(args.len()).unwrap()).into())
}

static DIGEST: NamedType = NamedType {
    name: "digest.Digest",
    underlying: Type::String,
    methods: &[Method { name: "Encoded", params: &[], call: encoded }],
    raw_json: false,
};

fn encoded<'a>(receiver: &Value<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    let text = receiver.as_str().unwrap().to_text().into_owned();
    text.split_once(':').map(|(_, hex)| hex.to_owned().into()).ok_or_else(|| "no `:` in digest".to_owned())
}

static DURATION: NamedType = NamedType {
    name: "time.Duration",
    underlying: Type::INT64,
    methods: &[
        Method { name: "String", params: &[], call: duration_text },
        Method { name: "Plus", params: &[Param::Of(Type::INT64)], call: duration_plus },
    ],
    raw_json: false,
};

fn duration_text<'a>(receiver: &Value<'a>, _: &[Operand<'a>]) -> Outcome<'a> {
    Ok(format!("{}ns", receiver.as_int().unwrap()).into())
}

fn duration_plus<'a>(receiver: &Value<'a>, args: &[Operand<'a>]) -> Outcome<'a> {
    let sum = receiver.as_int().unwrap() + args[0].value.as_int().unwrap();
    Ok(Value::named(&DURATION, Value::int64(sum)).into())
}

static INNER: StructType = StructType {
    name: "test.Inner",
    fields: &[Field::omit_empty("Depth", "depth", Type::INT), Field::hidden("Secret", Type::String)],
    methods: &[],
};
static INNER_TYPE: Type = Type::Struct(&INNER);
static OUTER: StructType = StructType {
    name: "test.Outer",
    fields: &[
        Field::new("Name", "name", Type::String),
        Field::embedded("Inner", Type::Pointer(&INNER_TYPE)),
        Field::new("small", "small", Type::Int(IntType::Int8)),
    ],
    methods: &[Method { name: "Shout", params: &[Param::Of(Type::String)], call: shout }],
};
static OUTER_TYPE: Type = Type::Struct(&OUTER);

fn shout<'a>(receiver: &Value<'a>, args: &[Operand<'a>]) -> Outcome<'a> {
    let Value::Struct(_) = receiver else { return Err("receiver is no struct".to_owned()) };
    Ok(format!("{}!", args[0].value.as_str().unwrap().to_text()).into())
}

fn outer<'a>(inner: Value<'a>) -> Value<'a> {
    Value::structure(&OUTER, vec!["n".into(), inner])
}

fn inner<'a>() -> Value<'a> {
    Value::pointer(&INNER_TYPE, Value::structure(&INNER, vec![Value::int(7), "s".into()]))
}

#[test]
fn defined_types_print_by_their_own_string_method() {
    let duration = || Value::named(&DURATION, Value::int64(5));
    check(
        "{{.}} {{printf `%v %s %d %x %T` . . . . .}} {{json .}}",
        duration(),
        "5ns 5ns 5ns 5 356e73 time.Duration 5",
    );
    check("{{.}} {{printf `%v %s %d %T` . . . .}} {{json .}}", duration(), "5ns 5ns 5ns 5 time.Duration 5");
    check(
        "{{.Plus 3}} {{.Plus 3 | printf `%d`}} {{(.Plus 1).String}} {{gt . 4}}",
        duration(),
        "8ns 8 6ns true",
    );
    fails("{{.Plus}}", duration(), "wrong number of args for Plus: want 1 got 0");
    fails("{{.Plus `x`}}", duration(), "expected integer; found `x`");
    fails("{{.Nope}}", duration(), "can't evaluate field Nope in type time.Duration");
}

#[test]
fn defined_strings_are_strings_but_not_assignable() {
    let digest = || Value::named(&DIGEST, "sha256:ab".into());
    check(
        "{{.}} {{len .}} {{slice . 0 6 | printf `%T`}} {{slice . 0 6}} {{eq . `sha256:ab`}}",
        digest(),
        "sha256:ab 9 digest.Digest sha256 true",
    );
    check(
        "{{.Encoded}} {{printf `%d` .}} {{json .}}",
        digest(),
        "ab %!d(digest.Digest=sha256:ab) \"sha256:ab\"",
    );
    check(
        "{{takesDigest . | printf `%T`}} {{takesDigest `x` | printf `%T`}}",
        digest(),
        "digest.Digest digest.Digest",
    );
    fails("{{upper .}}", digest(), "wrong type for value; expected string; got digest.Digest");
    fails("{{slice . 6 | .Encoded}}", digest(), "wrong number of args for Encoded: want 0 got 1");
    fails("{{(slice . 0 3).Encoded}}", digest(), "error calling Encoded: no `:` in digest");
    fails("{{takesDigest .}}", "plain".into(), "wrong type for value; expected digest.Digest; got string");
}

#[test]
fn literals_take_the_type_of_the_parameter() {
    check(
        "{{takesBool true}} {{takesUint 3}} {{takesUint 3 | printf `%T`}} {{takesFloat 3 | printf `%T`}} {{takesFloat 3}} {{takesFloat 'a'}}",
        Value::Nil,
        "true 3 uint float64 3 97",
    );
    check("{{takesMany 1}} {{takesMany 1 nil nil}}", Value::Nil, "1 3");
    fails("{{takesBool 1}}", Value::Nil, "expected bool; found 1");
    fails("{{takesUint -3}}", Value::Nil, "expected unsigned integer; found -3");
    fails("{{takesFloat `x`}}", Value::Nil, "expected float; found `x`");
    fails("{{takesMany}}", Value::Nil, "wrong number of args for takesMany: want at least 1 got 0");
    fails("{{takesMany 1 `x`}}", Value::Nil, "can't handle `x` for arg of type []string");
    fails("{{takesMany nil}}", Value::Nil, "cannot assign nil to int");
    fails("{{takesBool .}}", Value::Nil, "invalid value; expected bool");
}

#[test]
fn embedded_structs_lend_their_fields() {
    check(
        "{{.Name}} {{.Depth}} {{.Inner.Depth}} {{json .}}",
        outer(inner()),
        "n 7 7 {\"name\":\"n\",\"depth\":7,\"small\":0}",
    );
    check(
        "{{.Shout .Name}} {{printf `%+v` .Inner}} {{.Inner}}",
        outer(inner()),
        "n! &{Depth:7 Secret:s} {7 s}",
    );
    let nil = || outer(Value::nil_pointer(&INNER_TYPE));
    check(
        "{{json .}} {{printf `%v %+v` . .}}",
        nil(),
        "{\"name\":\"n\",\"small\":0} {n <nil> 0} {Name:n Inner:<nil> small:0}",
    );
    fails("{{.Depth}}", nil(), "reflect: indirection through nil pointer to embedded struct field Inner");
    fails("{{.Inner.Depth}}", nil(), "nil pointer evaluating *test.Inner.Depth");
    fails("{{.Inner.Nope}}", nil(), "can't evaluate field Nope in type *test.Inner");
    fails("{{.small}}", nil(), "small is an unexported field of struct type test.Outer");
}

#[test]
fn pointers_are_followed() {
    let pointer = || Value::pointer(&OUTER_TYPE, outer(inner()));
    check(
        "{{.Name}} {{.Depth}} {{.Shout `x`}} {{if .}}y{{end}} {{printf `%T` .}}",
        pointer(),
        "n 7 x! y *test.Outer",
    );
    check(
        "{{.}} {{printf `%v %d` . .Inner}}",
        pointer(),
        "{n 0xc000000000 0} &{n 0xc000000000 0} &{7 %!d(string=s)}",
    );
    check("{{eq .Inner .Inner}} {{ne .Inner nil}} {{eq . nil}}", pointer(), "true true false");
    let list = Value::pointer(&Type::STRINGS, Value::strings(["a", "b"]));
    check(
        "{{len .}} {{index . 1}} {{range .}}{{.}};{{end}} {{slice . 1}} {{join . `+`}} {{.}}",
        list,
        "2 b a;b; [b] a+b [a b]",
    );
    let nil = || Value::nil_pointer(&Type::STRINGS);
    check("{{.}} {{json .}} {{if .}}y{{else}}n{{end}} {{html .}}", nil(), "<nil> null n &lt;nil&gt;");
    fails("{{len .}}", nil(), "error calling len: len of nil pointer");
    fails("{{index . 0}}", nil(), "error calling index: index of nil pointer");
    fails("{{slice . 0}}", nil(), "error calling slice: slice of nil pointer");
    fails("{{join . `+`}}", nil(), "dereference of nil pointer of type []string");
    fails("{{range .}}{{end}}", nil(), "range can't iterate over <nil>");
    fails("{{call .}}", Value::int(1), "error calling call: non-function . of type int");
}

#[test]
fn missing_keys_are_nothing_or_zero_or_an_error() {
    let data = || Value::string_map([("a", "1")]);
    let template = parse("{{.a}}{{.b}}|");
    assert_eq!(run(&template, data()).unwrap(), "1<no value>|");
    assert_eq!(run(&template.with_missing_key(MissingKey::Zero), data()).unwrap(), "1|");
    let error = run(&template.with_missing_key(MissingKey::Error), data()).unwrap_err();
    assert_eq!(error, "template: :1:8: executing \"\" at <.b>: map has no entry for key \"b\"");
    let nested = parse("{{.b.c.d}}");
    assert_eq!(run(&nested, data()).unwrap(), "<no value>");
    let error = run(&nested.with_missing_key(MissingKey::Error), Value::Nil).unwrap_err();
    assert_eq!(error, "template: :1:4: executing \"\" at <.b.c.d>: nil data; no entry for key \"b\"");
}

#[test]
fn maps_keep_the_last_of_equal_keys_in_order() {
    let data = Value::map(&Type::Any, [("b", Value::int(1)), ("a", Value::Nil), ("b", Value::from("two"))]);
    check(
        "{{.}} {{json .}} {{range $k, $v := .}}{{$k}}={{$v}};{{end}}",
        data,
        "map[a:<nil> b:two] {\"a\":null,\"b\":\"two\"} a=<no value>;b=two;",
    );
    static KEY: Type = Type::Named(&DIGEST);
    let data = || Value::map_of(&KEY, &Type::INT, [("sha256:ab", Value::int(1))]);
    check(
        "{{range $k, $v := .}}{{printf `%T` $k}} {{$k.Encoded}} {{index $ $k}}{{end}}",
        data(),
        "digest.Digest ab 1",
    );
    fails("{{index . `x`}}", data(), "error calling index: value has type string; should be digest.Digest");
    fails("{{.x}}", data(), "can't evaluate field x in type map[digest.Digest]int");
}

#[test]
fn integers_compare_whatever_their_width_and_sign() {
    let uint = |number| Value::Uint(UintType::Uint64, number);
    check(
        "{{eq . 5}} {{lt 4 .}} {{gt -1 .}} {{le . .}} {{range .}}{{.}}{{end}}",
        uint(5),
        "true true false true 01234",
    );
    check("{{lt -1 .}} {{eq -1 .}} {{gt . 9223372036854775807}}", uint(u64::MAX), "true false true");
    check("{{printf `%#v %v %d %x` . . . .}} {{json .}}", uint(255), "0xff 255 255 ff 255");
    check(
        "{{printf `%s %x %v %T` . . . .}}",
        Value::list(
            &Type::Uint(UintType::Uint8),
            [Value::Uint(UintType::Uint8, 104), Value::Uint(UintType::Uint8, 105)],
        ),
        "hi 6869 [104 105] []uint8",
    );
}

#[test]
fn documents_decode_as_in_go() {
    let json = serde_json::json!({"int": 5, "float": 1.5, "list": [1, null, {"k": true}], "none": null});
    let numbers = || Value::from_json(&json, Numbers::Json);
    check("{{.}}", numbers(), "map[float:1.5 int:5 list:[1 <nil> map[k:true]] none:<nil>]");
    check(
        "{{json .}} {{printf `%T %T` .int .list}}",
        numbers(),
        "{\"float\":1.5,\"int\":5,\"list\":[1,null,{\"k\":true}],\"none\":null} json.Number []interface {}",
    );
    check(
        "{{printf `%T %v` .int .int}} {{eq .int 5.0}}",
        Value::from_json(&json, Numbers::Float),
        "float64 5 true",
    );
    check("{{(index .list 1).x}} {{(index .list 2).k}}", numbers(), "<no value> true");
}

#[test]
fn json_numbers_are_checked_when_written() {
    for (text, expect) in [
        ("1.5e3", Ok("1.5e3")),
        ("-0", Ok("-0")),
        ("", Ok("0")),
        ("01", Err(())),
        ("1.", Err(())),
        ("nan", Err(())),
        ("1e", Err(())),
    ] {
        let written = to_json(&Value::json_number(text), HtmlEscape::Off);
        match expect {
            Ok(expect) => assert_eq!(written, Ok(expect.to_owned())),
            Err(()) => assert_eq!(written, Err(format!("json: invalid number literal \"{text}\""))),
        }
    }
    fails("{{json .}}", Value::Float(f64::NAN), "error calling json: json: unsupported value: NaN");
    check("{{.}} {{printf `%5.1f|%+f` . .}}", Value::Float(f64::INFINITY), "+Inf  +Inf|+Inf");
    check("{{.}} {{printf `%5.1f|%+f` . .}}", Value::Float(f64::NAN), "NaN   NaN|+NaN");
}

#[test]
fn objects_hold_objects() {
    struct Leaf;
    impl Object for Leaf {
        fn type_name(&self) -> &'static str {
            "test.leaf"
        }
        fn member(&self, name: &str) -> Option<Member<'_>> {
            match name {
                "String" => Some(Member::getter("leaf text")),
                "Field" => Some(Member::Field(Value::int(1))),
                _ => None,
            }
        }
        fn names(&self) -> &[&'static str] {
            &["Field"]
        }
    }
    struct Root(Leaf);
    impl Object for Root {
        fn type_name(&self) -> &'static str {
            "*test.root"
        }
        fn member(&self, name: &str) -> Option<Member<'_>> {
            (name == "Leaf").then(|| Member::Field(Value::Object(&self.0)))
        }
        fn names(&self) -> &[&'static str] {
            &["Leaf"]
        }
    }
    let root = Root(Leaf);
    check(
        "{{.Leaf.Field}} {{.Leaf}} {{printf `%q` .Leaf}} {{json .}} {{.}}",
        Value::Object(&root),
        "1 leaf text \"leaf text\" {\"Leaf\":{\"Field\":1}} {leaf text}",
    );
    check("{{printf `%v` .}} {{print .}}", Value::Object(&root), "&{leaf text} &{leaf text}");
    fails("{{.Leaf.Field 1}}", Value::Object(&root), "Field has arguments but cannot be invoked as function");
    fails("{{.Leaf.String 1}}", Value::Object(&root), "wrong number of args for String: want 0 got 1");
    fails("{{len .}}", Value::Object(&root), "error calling len: len of type test.root");
}

#[test]
fn a_function_may_take_the_name_of_a_loop_keyword() {
    let functions =
        Functions::builtin().with(&[("break", Function { params: &[], variadic: None, call: count })]);
    let template = Template::parse("{{range 2}}{{break}}{{end}}", &functions).unwrap();
    assert_eq!(run(&template, Value::Nil).unwrap(), "00");
    assert_eq!(
        Template::parse("{{json 1}}", &functions).unwrap_err().to_string(),
        "template: :1: function \"json\" not defined"
    );
}

#[test]
fn one_template_serves_several_threads() {
    let template = parse("{{upper .}}");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(run(&template, "x".into()).unwrap(), "X"));
        }
    });
}
