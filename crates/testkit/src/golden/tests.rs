use super::*;

/// Golden transcripts of a shell script in place of the program.
fn golden(script: &str) -> Golden {
    let mut golden = Golden::new("/bin/sh");
    golden.scratch = Scratch::new("/bin/sh").globals(&["-c", script, "strata"]);
    golden
}

/// Runs one block; gives the report.
fn report(golden: &mut Golden, block: &str) -> String {
    golden.run(&format!("# Title\n\n```console\n{block}\n```\n\nText\n")).report
}

#[track_caller]
fn check(golden: &mut Golden, block: &str, fits: bool) {
    let report = report(golden, block);
    assert_eq!(report.is_empty(), fits, "{block}\n---\n{report}");
}

const SAYS: &str = "case $1 in
    lines) printf 'one\\ntwo  \\nthree\\n';;
    both) echo out; echo err >&2; echo >&2; exit 3;;
    bare) printf 'no end';;
    empty) ;;
    odd) printf '$ x\\n2> y\\n[exit 9]\\n1> z\\n';;
    id) echo id=1234abcd end;;
    same) echo 1234abcd;;
    echo) shift; echo \"$@\";;
esac";

#[test]
fn compares_streams_and_status() {
    let mut golden = golden(SAYS);
    check(&mut golden, "$ strata lines\none\ntwo  \nthree", true);
    check(&mut golden, "$ strata lines\none\ntwo\nthree", false);
    check(&mut golden, "$ strata lines\none\ntwo  ", false);
    check(&mut golden, "$ strata lines\none\ntwo  \nthree\nfour", false);
    check(&mut golden, "$ strata empty", true);
    check(&mut golden, "$ strata empty\n", false);
    check(&mut golden, "$ strata both\nout\n2> err\n2> \n[exit 3]", true);
    check(&mut golden, "$ strata both\n2> err\n2>\nout\n[exit 3]", true);
    check(&mut golden, "$ strata both\nout\n2> err\n2> ", false);
    check(&mut golden, "$ strata both\nerr\n2> out\n2> \n[exit 3]", false);
    check(&mut golden, "$ strata bare\nno end<no newline at end>", true);
    check(&mut golden, "$ strata bare\nno end", false);
    check(&mut golden, "$ strata odd\n1> $ x\n1> 2> y\n1> [exit 9]\n1> 1> z", true);
}

#[test]
fn commands_go_through_the_shell() {
    let mut golden = golden(SAYS);
    check(&mut golden, "$ strata lines | grep -c o\n2", true);
    check(&mut golden, "$ strata echo $(strata same) 'a  b'\n1234abcd a  b", true);
    check(&mut golden, "$ strata echo one \\\n> two\none two", true);
    check(&mut golden, "$ X=5; strata echo ${X}6\n56", true);
    check(&mut golden, "$ false\n[exit 1]\n$ true", true);
}

#[test]
fn wildcards_stand_for_text_and_lines() {
    let mut golden = golden(SAYS);
    check(&mut golden, "$ strata lines\no[..]\n[..]\nt[..]e", true);
    check(&mut golden, "$ strata lines\no[..]\n[..]\nt[..]x", false);
    check(&mut golden, "$ strata lines\n...", true);
    check(&mut golden, "$ strata lines\n...\nthree", true);
    check(&mut golden, "$ strata lines\n...\ntwo  ", false);
    check(&mut golden, "$ strata lines\none\n...", true);
    check(&mut golden, "$ strata lines\n...\ntwo  \n...", true);
    check(&mut golden, "$ strata lines\n...\nnine\n...", false);
    check(&mut golden, "$ strata lines\none\n...\ntwo  \nthree\n...", true);
    check(&mut golden, "$ strata empty\n...", true);
}

#[test]
fn captures_have_to_agree() {
    let mut golden = golden(SAYS);
    check(
        &mut golden,
        "$ strata id\nid=${=id} end\n$ strata same\n${=id}\n$ strata echo ${=id}\n1234abcd",
        true,
    );
    check(&mut golden, "$ strata echo 5678\n${=id}", false);
    check(&mut golden, "$ strata echo a b a\n${=x} ${=y} ${=x}", true);
    check(&mut golden, "$ strata echo c d e\n${=u} ${=v} ${=u}", false);
    let unknown = report(&mut golden, "$ strata echo ${=nothing}");
    assert!(unknown.contains("nothing was captured as ${=nothing}"), "{unknown}");
}

#[test]
fn values_are_those_of_the_lookalikes() {
    let mut golden = golden(SAYS);
    let image = golden.lookalikes.image("redis", None).unwrap();
    let id = image.id.digest().short().to_owned();
    let layer = image.layers[1].digest().short().to_owned();
    let host = golden.registry.host().to_owned();
    golden.values = Values::of(&golden.lookalikes);
    golden.values.set("REGISTRY", host.clone());
    let here = if std::env::consts::ARCH == "x86_64" { "" } else { "@linux/amd64" };
    let block = format!("$ strata echo {id} {layer}\n${{ID:redis{here}}} ${{LAYER:redis:latest{here}#2}}");
    check(&mut golden, &block, true);
    check(&mut golden, &format!("$ strata echo ${{REGISTRY}}\n{host}"), true);
    check(&mut golden, &format!("$ strata echo {id}\n${{ID:alpine}}"), false);
    let unknown = report(&mut golden, "$ strata echo ${ID:nosuch}");
    assert!(unknown.contains("nothing is known as ${ID:nosuch}"), "{unknown}");
    for sign in ["DIGEST:golang", "MANIFEST:golang@linux/arm/v7", "CHAIN:ubuntu#5", "CREATED:alpine"] {
        assert!(golden.values.get(sign).is_some_and(|value| !value.is_empty()), "{sign}");
    }
}

#[test]
fn marks_keep_blocks_from_running() {
    let mut golden = golden(SAYS);
    let text = "```console skip\n$ false\n```\n```sh\n$ false\n```\n```console\n$ true\n```\n";
    let run = golden.run(text);
    assert_eq!((run.report.as_str(), run.text.as_str()), ("", text));
}

#[test]
fn updating_keeps_what_fits_and_puts_signs_back() {
    let mut golden = golden(SAYS);
    let digest = golden.lookalikes.get("alpine").unwrap().digest().to_string();
    let before = format!(
        "Intro\n```console\n$ strata lines\no[..]\nTWO\nthree\n$ strata both\n$ strata odd\n\
         $ strata echo {digest}\nwrong\n$ strata lines\n...\n```\nEnd\n"
    );
    let after = "Intro\n```console\n$ strata lines\no[..]\ntwo  \nthree\n$ strata both\nout\n2> err\n2> \n\
         [exit 3]\n$ strata odd\n1> $ x\n1> 2> y\n1> [exit 9]\n1> 1> z\n"
        .to_owned()
        + &format!("$ strata echo {digest}\n${{DIGEST:alpine}}\n$ strata lines\n...\n```\nEnd\n");
    let run = golden.run(&before);
    assert_eq!(run.text, after);
    let again = golden.run(&run.text);
    assert_eq!((again.report.as_str(), again.text.as_str()), ("", after.as_str()));
}

#[test]
fn terminals_show_what_is_left_in_the_end() {
    if !crate::skip::installed("setsid") {
        return;
    }
    let mut golden =
        golden("test -t 1 && printf 'a: 1\\na: 2 \\n\\033[1A\\033[2K\\ra: done \\n'; echo oops >&2; exit 2");
    let block = |lines: &str| format!("```console tty\n$ strata\n{lines}\n```\n");
    assert_eq!(golden.run(&block("a: 1\na: done\noops\n[exit 2]")).report, "");
    assert_ne!(golden.run(&block("a: 1\na: 2\na: done\noops\n[exit 2]")).report, "");
}
