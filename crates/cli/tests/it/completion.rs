//! The completion scripts, run by their shells where these are installed.
use std::io::Write;
use std::process::{Command, Stdio};

use crate::strata_piped;

/// Runs a script in a shell; `None` when the shell is not there.
fn shell(program: &str, args: &[&str], script: &str) -> Option<String> {
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_strata")).parent()?.display().to_string();
    let path = format!("{binary}:{}", std::env::var("PATH").unwrap_or_default());
    let mut child = Command::new(program)
        .args(args)
        .env("PATH", path)
        .env("HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let ran = child.wait_with_output().ok()?;
    assert_eq!(String::from_utf8_lossy(&ran.stderr), "", "{program} complained");
    Some(String::from_utf8_lossy(&ran.stdout).into_owned())
}

/// What a shell must offer for a line.
const OFFERS: &[(&str, &[&str])] = &[
    ("strata pu", &["pull", "push"]),
    ("strata image r", &["rm"]),
    ("strata --root /tmp image pr", &["prune"]),
    ("strata image list --d", &["--digests"]),
    ("strata images --sort ", &["created", "name", "size"]),
    ("strata -l e", &["error"]),
    ("strata images -f x --no", &["--no-trunc"]),
    ("strata completion z", &["zsh"]),
    ("strata pull --disable", &[]),
    ("strata __", &[]),
];

#[test]
fn bash_completes_commands_flags_and_choices() {
    for (line, expect) in OFFERS {
        let script = format!(
            "{}\ncompopt() {{ :; }}\nCOMP_LINE='{line}' COMP_POINT={}\n_strata\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
            strata_piped(&["completion", "bash"]).out,
            line.len()
        );
        let Some(out) = shell("bash", &["--norc"], &script) else { return eprintln!("skipped: no bash") };
        let mut got: Vec<_> = out.split_whitespace().collect();
        got.sort_unstable();
        assert_eq!(&got, expect, "{line}");
    }
}

#[test]
fn bash_completes_names_of_images_behind_a_colon() {
    let script = format!(
        "strata() {{ echo \"$*\" >&3; printf 'alpine:3.20\\nalpine:latest\\nredis:7\\n'; }}\n{}\n\
         COMP_LINE='strata rmi alpine:l' COMP_POINT=19\n_strata 3>/dev/null\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n",
        strata_piped(&["completion", "bash"]).out
    );
    let Some(out) = shell("bash", &["--norc"], &script) else { return eprintln!("skipped: no bash") };
    assert_eq!(out, "latest\n");
}

#[test]
fn zsh_completes_commands_flags_and_choices() {
    // What zsh's own functions would get to choose from, printed instead.
    const STUBS: &str = "compdef() { :; }\n_describe() { print -rl -- ${(P)@[-1]}; }\n\
                         compadd() { print -rl -- ${(P)@[-1]}; }\n";
    for (line, expect) in OFFERS {
        let last = line.rsplit(' ').next().unwrap_or_default();
        let script = format!(
            "{STUBS}{}\nwords=({line} '') PREFIX='{last}' CURRENT={}\n_strata\n",
            strata_piped(&["completion", "zsh"]).out,
            line.split(' ').count()
        );
        let Some(out) = shell("zsh", &["-f"], &script) else { return eprintln!("skipped: no zsh") };
        let offered = out.lines().filter_map(|l| l.split(':').next());
        let mut got: Vec<_> = offered.filter(|word| !word.is_empty() && word.starts_with(last)).collect();
        got.sort_unstable();
        assert_eq!(&got, expect, "{line}");
    }
}

#[test]
fn fish_completes_commands_flags_and_choices() {
    for (line, expect) in OFFERS {
        let script = format!("{}\ncomplete -C '{line}'\n", strata_piped(&["completion", "fish"]).out);
        let Some(out) = shell("fish", &["--no-config"], &script) else {
            return eprintln!("skipped: no fish");
        };
        let mut got: Vec<_> = out.lines().filter_map(|l| l.split('\t').next()).collect();
        got.sort_unstable();
        assert_eq!(&got, expect, "{line}");
    }
}

#[test]
fn descriptions_can_be_left_out() {
    for name in ["zsh", "fish", "powershell"] {
        let with = strata_piped(&["completion", name]).out;
        let without = strata_piped(&["completion", name, "--no-descriptions"]).out;
        assert!(with.contains("Remove one or more images"), "{name}");
        assert!(!without.contains("Remove one or more images"), "{name}");
        assert!(without.contains("rmi"), "{name}");
    }
}
