//! The script for fish.
use std::fmt::Write;

use super::table::{Entry, takes_value};
use crate::flags::{Flag, Kind, Operand};

const DRIVER: &str = r#"# fish completion for strata

function __strata_path
    set -l trail ''
    set -l skip ''
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip ''
        else if string match -q -- '-*' $word
            contains -- "$trail:$word" $__strata_valued
            and set skip yes
        else if contains -- (string trim "$trail $word") $__strata_paths
            set trail (string trim "$trail $word")
        end
    end
    echo $trail
end

function __strata_at
    contains -- (__strata_path) $argv
end

function __strata_names
    strata __complete $argv[1] (commandline -ct) 2>/dev/null
end

complete -c strata -f
"#;

pub(super) fn script(entries: &[Entry], descriptions: bool) -> String {
    let mut out = String::from(DRIVER);
    let paths: Vec<_> = entries.iter().flat_map(|e| &e.paths).map(|path| quoted(path)).collect();
    let valued: Vec<_> = entries.iter().flat_map(valued).collect();
    let _ = writeln!(out, "set -g __strata_paths {}", paths.join(" "));
    let _ = writeln!(out, "set -g __strata_valued {}", valued.join(" "));
    for entry in entries {
        rows(&mut out, entry, descriptions);
    }
    out
}

fn valued(entry: &Entry) -> Vec<String> {
    let spellings = entry.spellings(takes_value);
    let with = |path: &String| spellings.iter().map(|s| quoted(&format!("{path}:{s}"))).collect::<Vec<_>>();
    entry.paths.iter().flat_map(with).collect()
}

fn rows(out: &mut String, entry: &Entry, descriptions: bool) {
    let paths: Vec<_> = entry.paths.iter().map(|path| format!("\"{path}\"")).collect();
    let start = format!("complete -c strata -n '__strata_at {}'", paths.join(" "));
    let describe = |text: &str| match descriptions {
        true => format!(" -d {}", quoted(text.lines().next().unwrap_or(""))),
        false => String::new(),
    };
    for command in &entry.commands {
        let _ = writeln!(out, "{start} -a {}{}", command.name, describe(command.short));
    }
    if entry.operand == Operand::File {
        let _ = writeln!(out, "{start} -F");
    } else if let Some(kind) = entry.operand.asked_as() {
        let _ = writeln!(out, "{start} -a '(__strata_names {kind})'");
    }
    for flag in &entry.flags {
        let short = flag.short.map(|letter| format!(" -s {letter}")).unwrap_or_default();
        let _ = writeln!(out, "{start} -l {}{short}{}{}", flag.long, value(flag), describe(flag.usage));
    }
}

fn value(flag: &Flag) -> String {
    match flag.kind {
        Kind::Bool => String::new(),
        Kind::Path => " -r -F".to_owned(),
        _ if flag.choices.is_empty() => " -x".to_owned(),
        _ => format!(" -x -a {}", quoted(&flag.choices.join(" "))),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
