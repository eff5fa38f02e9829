//! What is bounded (BLD-7), each with a harmless twin.

use std::time::{Duration, Instant};

use dockerfile::limits::{
    DOCKERFILE_BYTES_MAX, EXPANDED_WORD_BYTES_MAX, EXPOSED_PORTS_MAX, LINE_BYTES_MAX, SUBSTITUTION_DEPTH_MAX,
};
use serde_json::json;

use crate::applied;

fn check(lines: &[&str], expect: Result<(), &str>) {
    let begun = Instant::now();
    let result = applied(lines, json!({})).map(drop);
    match (&result, expect) {
        (Err(text), Err(part)) if text.contains(part) => {}
        (Ok(()), Ok(())) => {}
        _ => panic!("{result:?}, not {expect:?}"),
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn bld_7_text_and_lines_are_bounded() {
    let line = format!("USER {}", "u".repeat(LINE_BYTES_MAX - 5));
    check(&[&line], Ok(()));
    check(&[&format!("{line}u")], Err("dockerfile line greater than max allowed size of 65535"));
    let comments = "#\n".repeat(DOCKERFILE_BYTES_MAX / 2 - 3);
    check(&[&comments, "USER"], Err("USER requires"));
    check(&[&comments, "USER u"], Err("DOCKERFILE_BYTES_MAX = 4194304"));
}

#[test]
fn bld_7_variables_cannot_grow_without_end() {
    let mut lines = vec!["ENV A=0123456789abcdef".to_owned()];
    lines.extend((0..16).map(|_| "ENV A=$A$A".to_owned()));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(16 << 16, EXPANDED_WORD_BYTES_MAX);
    check(&lines, Ok(()));
    let more = [&lines[..], &["ENV A=$A$A"]].concat();
    check(&more, Err("EXPANDED_WORD_BYTES_MAX = 1048576"));
    let many = [&lines[..], &["ENV B=$A"; 5]].concat();
    check(&many, Ok(()));
    let many = [&lines[..], &["ENV B=$A"; 6]].concat();
    check(&many, Err("EXPANDED_BYTES_MAX = 8388608"));
}

#[test]
fn bld_7_depth_is_bounded() {
    let nested = |depth: usize| format!("USER {}u{}", "${x:-".repeat(depth), "}".repeat(depth));
    check(&[&nested(SUBSTITUTION_DEPTH_MAX)], Ok(()));
    check(&[&nested(SUBSTITUTION_DEPTH_MAX + 1)], Err("SUBSTITUTION_DEPTH_MAX = 32"));
    check(&[&nested(10_000)], Err("SUBSTITUTION_DEPTH_MAX"));
}

#[test]
fn bld_7_ports_are_counted() {
    let all = ["EXPOSE 0-65535", "EXPOSE 0-65535/udp", "EXPOSE 0-65535/sctp"];
    assert_eq!(EXPOSED_PORTS_MAX, 3 << 16);
    check(&all, Ok(()));
    check(&[&all[..], &["EXPOSE 1"]].concat(), Err("EXPOSED_PORTS_MAX = 196608"));
}

#[test]
fn bld_7_many_variables_take_no_longer_than_few() {
    let lines: Vec<String> = (0..100_000).map(|n| format!("ENV v{n}=$v{}", n / 2)).collect();
    check(&lines.iter().map(String::as_str).collect::<Vec<_>>(), Ok(()));
}
