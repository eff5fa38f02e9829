//! Each bound refuses what lies beyond it, in words that name it, and lets its harmless twin pass.

use go_template::limits::{DEPTH_MAX, LIST_ITEMS_MAX, NESTING_MAX, OUTPUT_BYTES_MAX, STEPS_MAX};
use go_template::{Error, Functions, Template, Value};

/// Half of what a thread gets, so that the bounds on depth hold with room to spare.
const STACK: usize = 1 << 20;

fn run(text: &str) -> Result<String, Error> {
    let mut out = String::new();
    Template::parse(text, &Functions::docker())?.execute(Value::from("data"), &mut out)?;
    Ok(out)
}

fn run_on_small_stack(text: String) -> Result<String, Error> {
    std::thread::Builder::new().stack_size(STACK).spawn(move || run(&text)).unwrap().join().unwrap()
}

#[track_caller]
fn refuses(text: String, reason: &str) {
    let error = run_on_small_stack(text).unwrap_err();
    assert!(error.text().contains(reason), "{error}");
}

#[test]
fn nesting_is_bounded() {
    let parentheses = |depth| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(run_on_small_stack(parentheses(NESTING_MAX)).unwrap(), "1");
    refuses(parentheses(NESTING_MAX + 1), "max expression depth exceeded");
    refuses(parentheses(1_000_000), "max expression depth exceeded");

    let calls = |depth| format!("{{{{{}1{}}}}}", "(print ".repeat(depth), ")".repeat(depth));
    assert_eq!(run_on_small_stack(calls(NESTING_MAX)).unwrap(), "1");
    refuses(calls(NESTING_MAX + 1), "max expression depth exceeded");

    let chains = |depth| format!("{{{{{}1{}}}}}", "(".repeat(depth), ").A".repeat(depth));
    refuses(chains(NESTING_MAX), "can't evaluate field A in type int");
    refuses(chains(NESTING_MAX + 1), "max expression depth exceeded");

    let blocks = |open: &str, depth| {
        let opened: String = (0..depth).map(|level| open.replace('N', &level.to_string())).collect();
        format!("{opened}x{}", "{{end}}".repeat(depth))
    };
    for open in ["{{if true}}", "{{with .}}", "{{range 1}}", "{{block \"N\" .}}"] {
        assert_eq!(run_on_small_stack(blocks(open, NESTING_MAX)).unwrap(), "x");
        refuses(blocks(open, NESTING_MAX + 1), "max expression depth exceeded");
        refuses(blocks(open, 100_000), "max expression depth exceeded");
    }

    let chain = |length| format!("{{{{if false}}}}{}z{{{{end}}}}", "{{else if false}}".repeat(length));
    assert_eq!(run_on_small_stack(chain(NESTING_MAX - 1)).unwrap(), "");
    refuses(chain(NESTING_MAX), "max expression depth exceeded");
}

#[test]
fn template_recursion_is_bounded() {
    let reason = format!("exceeded maximum template depth ({DEPTH_MAX})");
    for body in [
        "{{template \"r\" .}}",
        "{{with .}}{{if .}}{{template \"r\" .}}{{end}}{{end}}",
        "{{range 1}}{{template \"r\" (print (print (print .)))}}{{end}}",
    ] {
        refuses(format!("{{{{define \"r\"}}}}{body}{{{{end}}}}{{{{template \"r\" .}}}}"), &reason);
    }
    let countdown =
        "{{define \"r\"}}{{with slice . 1}}.{{template \"r\" .}}{{end}}{{end}}{{template \"r\" .}}";
    assert_eq!(run_on_small_stack(countdown.to_owned()).unwrap(), "...");
}

#[test]
fn output_is_bounded() {
    let reason = format!("output exceeds the limit of {OUTPUT_BYTES_MAX} bytes");
    refuses(format!("{{{{range 100000}}}}{}{{{{end}}}}", "x".repeat(1000)), &reason);
    refuses("{{$x := `0123456789`}}{{range 60}}{{$x = print $x $x}}{{end}}".to_owned(), &reason);
    refuses("{{range 100}}{{printf `%1000000d` 1}}{{end}}".to_owned(), &reason);
    refuses(format!("{{{{printf `{}` 1 | len}}}}", "%1000000[1]d".repeat(70)), &reason);
    refuses("{{pad `x` 9000000000 0}}".to_owned(), &reason);
    refuses("{{$x := pad `x` 60000000 0}}{{html $x $x}}".to_owned(), &reason);
    assert_eq!(run("{{len (pad `x` 1000000 0)}}").unwrap(), "1000001");
}

#[test]
fn lists_are_bounded() {
    let reason = format!("list exceeds the limit of {LIST_ITEMS_MAX} items");
    for separator in ["", " "] {
        refuses(format!("{{{{len (split (pad `x` {LIST_ITEMS_MAX} 0) `{separator}`)}}}}"), &reason);
    }
    assert_eq!(run("{{len (split (pad `x` 1000 0) ` `)}}").unwrap(), "1001");
}

#[test]
fn steps_are_bounded() {
    let reason = format!("execution exceeds the limit of {STEPS_MAX} steps");
    refuses("{{range 9000000000000000000}}{{end}}".to_owned(), &reason);
    refuses(
        "{{define `r`}}{{template `r`}}{{end}}{{range 9000000000}}{{if 0}}{{template `r`}}{{end}}{{end}}"
            .to_owned(),
        &reason,
    );
    refuses("{{$x := pad `x` 1000000 0}}{{range 9000000000}}{{$y := print $x}}{{end}}".to_owned(), &reason);
    assert_eq!(run("{{range 100000}}{{end}}").unwrap(), "");
}
