use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use proptest::prelude::*;

use super::scan::{Reach, scan};
use super::value::values;
use super::{Flag, Kind, Matches, Parsed, Value, comma_list, parse, quote};
use crate::{Environment, commands};

fn matches(args: &[&str], env: &Environment) -> Matches {
    let args: Vec<_> = args.iter().map(OsString::from).collect();
    match parse(commands::root(), &args, env) {
        Ok(Parsed::Run(matches)) => matches,
        other => panic!("{args:?} gave {other:?}"),
    }
}

fn bare(args: &[&str]) -> Matches {
    matches(args, &Environment::Fixed(Vec::new()))
}

#[test]
fn every_command_keeps_the_rules_of_the_table() {
    let mut waiting = vec![commands::root()];
    while let Some(command) = waiting.pop() {
        let flags: Vec<_> = command.flags.iter().chain(commands::root().flags).collect();
        for (index, flag) in flags.iter().enumerate() {
            let twin = flags[index + 1..].iter().find(|f| f.long == flag.long && !std::ptr::eq(*f, flag));
            // A registry has a root and a configuration of its own, and refuses the program's (`place.rs`).
            let hides = matches!(flag.long, "root" | "config") && index < command.flags.len();
            let may = command.name == "strata" || (hides && twin.is_some_and(|twin| twin.kind == flag.kind));
            assert!(twin.is_none() || may, "{}: --{}", command.name, flag.long);
            let own = command.flags.iter().filter(|f| f.short.is_some() && f.short == flag.short);
            assert!(own.count() <= 1, "{}: {:?}", command.name, flag.short);
            // Docker's `-h` of these is the name of the container's machine.
            let names_machine = flag.long == "hostname";
            assert!(flag.long != "help" && (flag.short != Some('h') || names_machine), "{}", command.name);
        }
        let children = command.children();
        for child in children {
            let words = || std::iter::once(child.name).chain(child.other_names.iter().copied());
            let owners = |w| children.iter().filter(|c| c.name == w || c.other_names.contains(&w)).count();
            assert!(words().all(|word| owners(word) == 1), "{} {}", command.name, child.name);
            assert!(!child.short.is_empty() && !child.name.is_empty());
            waiting.push(child);
        }
    }
}

#[test]
fn a_command_s_own_flag_hides_the_program_s() {
    let env = Environment::Fixed(vec![("STRATA_ROOT", "/store".into()), ("HOME", "/root".into())]);
    let check = |args: &[&str], root: Option<&str>, before| {
        let m = matches(args, &env);
        assert_eq!(m.path("root"), root.map(std::path::Path::new), "{args:?}");
        assert_eq!(m.given_before("root"), before, "{args:?}");
    };
    check(&["registry", "ls"], None, false);
    check(&["registry", "ls", "--root", "/a"], Some("/a"), false);
    check(&["--root", "/b", "registry", "ls"], None, true);
    check(&["--root", "/b", "registry", "ls", "--root", "/a"], Some("/a"), true);
    check(&["images"], Some("/store"), false);
    check(&["--root", "/b", "images"], Some("/b"), true);
}

#[test]
fn flags_are_read_in_all_their_spellings() {
    let check = |args: &[&str], all, quiet, format: &str, filters: &[(&str, &str)], operands: &[&str]| {
        let m = bare(&[&["images"], args].concat());
        assert_eq!((m.bool("all"), m.bool("quiet"), m.text("format")), (all, quiet, format), "{args:?}");
        assert_eq!(m.filters("filter").collect::<Vec<_>>(), filters, "{args:?}");
        assert_eq!(m.operands().collect::<Vec<_>>(), operands, "{args:?}");
    };
    check(&[], false, false, "", &[], &[]);
    check(&["-qa"], true, true, "", &[], &[]);
    check(&["-q", "--all=true", "-q=false"], true, false, "", &[], &[]);
    check(&["-q=0", "--quiet=T"], false, true, "", &[], &[]);
    check(&["--format", "json", "x"], false, false, "json", &[], &["x"]);
    check(&["--format=json", "--format="], false, false, "", &[], &[]);
    check(&["--format", "-q"], false, false, "-q", &[], &[]);
    check(
        &["-f", "A = b ", "-f=c=d=e", "-fg="],
        false,
        false,
        "",
        &[("a", "b"), ("c", "d=e"), ("g", "")],
        &[],
    );
    check(&["-af", "x=1"], true, false, "", &[("x", "1")], &[]);
    check(&["--filter="], false, false, "", &[], &[]);
    check(&["x", "-q"], false, true, "", &[], &["x"]);
    check(&["--", "-q"], false, false, "", &[], &["-q"]);
    check(&["-a", "-"], true, false, "", &[], &["-"]);
    check(&[""], false, false, "", &[], &[""]);
}

#[test]
fn both_spellings_of_a_command_are_one_command() {
    for (args, path) in [
        (&["images"][..], "strata images"),
        (&["image", "list"], "strata image ls"),
        (&["image", "rmi", "x"], "strata image rm"),
        (&["-D", "image", "rm", "x"], "strata image rm"),
    ] {
        assert_eq!(bare(args).called_as(), path);
    }
}

#[test]
fn global_flags_stand_before_the_command_and_reach_it() {
    let m = bare(&[
        "--root",
        "/srv",
        "--registry-mirror=a",
        "--registry-mirror",
        "b,c",
        "history",
        "-H=false",
        "x",
    ]);
    assert_eq!(m.path("root").map(|p| p.as_os_str()), Some(OsStr::new("/srv")));
    assert_eq!(m.list("registry-mirror").collect::<Vec<_>>(), ["a", "b,c"]);
    assert!(!m.bool("human"));
    assert!(m.given("root") && m.given("human") && !m.given("storage-driver"));
}

#[test]
fn flags_that_are_not_given_have_their_presets() {
    let env = Environment::Fixed(vec![
        ("DOCKER_DEFAULT_PLATFORM", "linux/arm64".into()),
        ("STRATA_ROOT", OsStr::from_bytes(b"/srv/\xff").to_owned()),
        ("DOCKER_CONFIG", "/c".into()),
    ]);
    let m = matches(&["pull", "x"], &env);
    assert_eq!(m.text("platform"), "linux/arm64");
    assert!(m.bool("disable-content-trust") && !m.given("platform"));
    assert_eq!(m.path("root").map(|p| p.as_os_str().as_bytes()), Some(&b"/srv/\xff"[..]));
    assert_eq!(m.path("config").map(|p| p.as_os_str()), Some(OsStr::new("/c")));
    assert_eq!(m.text("log-level"), "info");
    assert_eq!(matches(&["pull", "--platform=", "x"], &env).text_given("platform"), None);
    assert_eq!(matches(&["push", "x"], &env).text_given("platform"), None);
    assert!(bare(&["history", "x"]).bool("human"));
}

#[test]
fn file_names_may_be_any_bytes_and_nothing_else_may() {
    let odd = OsStr::from_bytes(b"\xff").to_owned();
    let parsed = |args: &[&OsStr]| {
        let args: Vec<_> = args.iter().map(|a| (*a).to_owned()).collect();
        parse(commands::root(), &args, &Environment::Fixed(Vec::new()))
    };
    let word = OsStr::new;
    let Ok(Parsed::Run(m)) = parsed(&[word("save"), word("-o"), &odd, word("x")]) else { panic!("refused") };
    assert_eq!(m.path("output").map(|p| p.as_os_str()), Some(&*odd));
    let Ok(Parsed::Run(m)) = parsed(&[word("import"), &odd]) else { panic!("refused") };
    assert_eq!(m.path_operand(0), Some(&*odd));
    let refused = |args: &[&OsStr]| parsed(args).expect_err("accepted").message.unwrap_or_default();
    assert_eq!(refused(&[word("pull"), &odd]), "invalid argument \"\\xff\": not valid UTF-8");
    assert!(
        refused(&[word("images"), word("--format"), &odd])
            .starts_with("invalid argument \"\\xff\" for \"--format\" flag: not valid UTF-8\n")
    );
}

#[test]
fn numbers_are_read_in_gos_notations() {
    let check = |typed: &str, expect: Result<i64, &str>| {
        let failed = |what| format!("strconv.ParseInt: parsing {}: {what}", quote(typed.as_bytes()));
        let expect = expect.map(|n| vec![Value::Int(n)]).map_err(failed);
        assert_eq!(values(Kind::Int, OsStr::new(typed)), expect, "{typed}");
    };
    for (typed, number) in [
        ("0", 0),
        ("25", 25),
        ("-1", -1),
        ("+7", 7),
        ("0x1F", 31),
        ("0X_f", 15),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("0_17", 15),
        ("1_000", 1000),
        ("-0x10", -16),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ] {
        check(typed, Ok(number));
    }
    for typed in ["", "-", "+", "x", "1.0", " 1", "08", "0x", "0b2", "1__0", "_1", "1_", "0x_", "--1", "é"] {
        check(typed, Err("invalid syntax"));
    }
    for typed in ["9223372036854775808", "-9223372036854775809", "99999999999999999999999"] {
        check(typed, Err("value out of range"));
    }
}

#[test]
fn comma_lists_are_split_as_gos_reader_does() {
    let check = |line: &str, expect: Result<&[&str], &str>| {
        let expect = expect.map(|parts| parts.iter().map(|p| (*p).to_owned()).collect());
        assert_eq!(comma_list::split(line), expect.map_err(str::to_owned), "{line}");
    };
    check("", Ok(&[]));
    check("a", Ok(&["a"]));
    check("a,b", Ok(&["a", "b"]));
    check(",", Ok(&["", ""]));
    check(r#""a,b",c"#, Ok(&["a,b", "c"]));
    check(r#""a""b""#, Ok(&[r#"a"b"#]));
    check(r#"a"b"#, Err(r#"parse error on line 1, column 2: bare " in non-quoted-field"#));
    check(r#""a"#, Err(r#"parse error on line 1, column 3: extraneous or missing " in quoted-field"#));
    check(r#""a"b"#, Err(r#"parse error on line 1, column 3: extraneous or missing " in quoted-field"#));
}

#[test]
fn quoting_shows_everything() {
    let check = |bytes: &[u8], expect: &str| assert_eq!(quote(bytes), expect);
    check(b"foo", "\"foo\"");
    check(b"a\"b\\c", r#""a\"b\\c""#);
    check(b"\x07\n\t\x1b\x7f", r#""\a\n\t\x1b\x7f""#);
    check("é\u{202e}\u{85}".as_bytes(), "\"é\\u202e\\u0085\"");
    check(b"a\xffb", r#""a\xffb""#);
}

static ANY_FLAGS: &[Flag] = &[
    Flag::bool("bool", "").short('b'),
    Flag::text("text", "").short('t'),
    Flag::int("int", "").short('i'),
    Flag::strings("strings", "").short('s'),
    Flag::filter("filter", "").short('f'),
    Flag::path("path", "").short('p'),
];

proptest! {
    #[test]
    fn no_command_line_panics(args in prop::collection::vec("(-{0,3}[btisfphx=]{0,4}[\"',=\\\\ \u{80}é]{0,2}|images?|ls|--(bool|text|int|filter)(=.{0,3})?)", 0..6)) {
        let args: Vec<_> = args.iter().map(OsString::from).collect();
        let _ = scan(&args, ANY_FLAGS, Reach::Everywhere);
        let _ = parse(commands::root(), &args, &Environment::Fixed(Vec::new()));
    }

    #[test]
    fn no_bytes_panic(args in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..6), 0..4)) {
        let args: Vec<_> = args.iter().map(|a| OsStr::from_bytes(a).to_owned()).collect();
        let _ = parse(commands::root(), &args, &Environment::Fixed(Vec::new()));
    }

    #[test]
    fn operands_after_the_dashes_are_left_alone(operands in prop::collection::vec(".{0,5}", 0..4)) {
        let mut args = vec![OsString::from("--")];
        args.extend(operands.iter().map(OsString::from));
        let scanned = scan(&args, ANY_FLAGS, Reach::Everywhere).expect("no flags");
        prop_assert_eq!(scanned.operands, &args[1..]);
    }

    #[test]
    fn a_quoted_comma_list_is_its_parts(parts in prop::collection::vec("[^\n\r]{1,6}", 1..4)) {
        let line: Vec<_> = parts.iter().map(|p| format!("\"{}\"", p.replace('"', "\"\""))).collect();
        prop_assert_eq!(comma_list::split(&line.join(",")), Ok(parts));
    }
}
