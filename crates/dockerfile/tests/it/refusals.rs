//! What is refused, in Docker's words.

use serde_json::json;

use crate::applied;

fn check(lines: &[&str], expect: &str) {
    assert_eq!(applied(lines, json!({})), Err(expect.to_owned()), "{lines:?}");
}

#[test]
fn only_instructions_that_change_a_config_are_taken() {
    check(&["RUN foo"], "RUN is not a valid change command");
    check(&["CMD x", "from a"], "from is not a valid change command");
    check(&["FOO"], "FOO is not a valid change command");
    check(&["CMD"; 0].iter().chain(&[""]).copied().collect::<Vec<_>>(), "file with no instructions");
    check(&["# nothing"], "file with no instructions");
    check(&["ONBUILD onbuild RUN x"], "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    check(&["ONBUILD from x"], "FROM isn't allowed as an ONBUILD trigger");
}

#[test]
fn arguments_are_counted() {
    for instruction in ["ENV", "LABEL", "EXPOSE", "VOLUME", "HEALTHCHECK", "ONBUILD", "SHELL"] {
        check(&[instruction], &format!("{instruction} requires at least one argument"));
    }
    for instruction in ["USER", "WORKDIR", "STOPSIGNAL"] {
        check(&[instruction], &format!("{instruction} requires exactly one argument"));
    }
    check(&["ENV A"], "ENV must have two arguments");
    check(&["ENV A=1 b"], "Syntax error - can't find = in \"b\". Must be of the form: name=value");
    check(&["LABEL =x"], "LABEL names can not be blank");
    check(&["SHELL []"], "SHELL requires at least one argument");
    check(&["SHELL sh -c"], "SHELL requires the arguments to be in JSON form");
    check(&["VOLUME [\"\"]"], "VOLUME specified can not be an empty string");
    check(&["CMD [\"a\", 1]"], "when using JSON array syntax, arrays must be comprised of strings only");
}

#[test]
fn values_have_to_make_sense() {
    check(&["EXPOSE x"], "invalid containerPort: x");
    check(&["EXPOSE 65536"], "invalid containerPort: 65536");
    check(&["EXPOSE 9-8"], "invalid containerPort: 9-8");
    check(&["EXPOSE +80"], "invalid containerPort: +80");
    check(&["EXPOSE 80/icmp"], "invalid proto: icmp");
    check(&["EXPOSE /tcp"], "no port specified: /tcp<empty>");
    check(&["EXPOSE x:80"], "invalid hostPort: x");
    check(&["EXPOSE h:1:80"], "invalid IP address: h");
    check(&["STOPSIGNAL FOO"], "invalid signal: FOO");
    check(&["STOPSIGNAL 0"], "invalid signal: 0");
    check(&["WORKDIR $NONE"], "cannot normalize nothing");
    check(&["VOLUME $NONE"], "VOLUME specified can not be an empty string");
    check(&["HEALTHCHECK NONE x"], "HEALTHCHECK NONE takes no arguments");
    check(&["HEALTHCHECK CMD"], "Missing command after HEALTHCHECK CMD");
    check(&["HEALTHCHECK foo x"], "Unknown type \"FOO\" in HEALTHCHECK (try CMD)");
    check(&["HEALTHCHECK --interval=1us CMD x"], "Interval \"interval\" cannot be less than 1ms");
    check(&["HEALTHCHECK --retries=-1 CMD x"], "--retries cannot be negative (-1)");
    check(&["HEALTHCHECK --retries=x CMD x"], "strconv.ParseInt: parsing \"x\": invalid syntax");
    check(&["HEALTHCHECK --timeout=1y CMD x"], "time: unknown unit \"y\" in duration \"1y\"");
}

#[test]
fn flags_and_directives_are_known_ones() {
    check(&["CMD --x a"], "unknown flag: --x");
    check(&["HEALTHCHECK --interval CMD x"], "missing a value on flag: --interval");
    check(&["HEALTHCHECK --interval=1s --interval=2s CMD x"], "duplicate flag specified: --interval");
    check(&["# escape=x", "USER u"], "invalid escape token 'x' does not match ` or \\");
    check(&["# escape=`", "# Escape = `", "USER u"], "only one escape parser directive can be used");
}

#[test]
fn a_refusal_changes_nothing() {
    let mut run = json!({"User": "u"}).as_object().cloned().unwrap();
    let before = run.clone();
    let changes = dockerfile::Changes::parse(&["USER v".to_owned(), "EXPOSE x".to_owned()]).unwrap();
    assert!(changes.apply(&mut run).is_err());
    assert_eq!(run, before);
}
