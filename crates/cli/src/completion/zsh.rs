//! The script for zsh.
use std::fmt::Write;

use super::table::{Entry, takes_value};
use crate::flags::Kind;

const DRIVER: &str = r#"
_strata() {
    local -a commands flags valued files names
    local word skip='' trail='' operand='' i
    __strata_table ''
    for ((i = 2; i < CURRENT; i++)); do
        word=${words[i]}
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == -* ]]; then
            (( ${valued[(Ie)$word]} )) && skip=$word
        elif __strata_table "${trail:+$trail }$word"; then
            trail=${trail:+$trail }$word
        else
            __strata_table "$trail"
        fi
    done
    if [[ -n $skip ]]; then
        if (( ${files[(Ie)$skip]} )); then
            _files
        else
            __strata_choices "$trail:$skip"
            compadd -a names
        fi
    elif [[ $PREFIX == -* ]]; then
        _describe -o flag flags
    elif (( $#commands )); then
        _describe command commands
    elif [[ $operand == file ]]; then
        _files
    elif [[ -n $operand ]]; then
        names=(${(f)"$(${words[1]} __complete $operand "$PREFIX" 2>/dev/null)"})
        compadd -a names
    fi
}

compdef _strata strata
"#;

pub(super) fn script(entries: &[Entry], descriptions: bool) -> String {
    let mut out = String::from("#compdef strata\n# zsh completion for strata\n\n__strata_table() {\n");
    out.push_str(
        "    commands=() flags=('--help:Print usage') valued=() files=() operand=''\n    case $1 in\n",
    );
    for entry in entries {
        table_row(&mut out, entry, descriptions);
    }
    out.push_str("    *) return 1 ;;\n    esac\n}\n\n__strata_choices() {\n    names=()\n    case $1 in\n");
    for entry in entries {
        for flag in entry.flags.iter().filter(|flag| !flag.choices.is_empty()) {
            for spelling in entry.spellings(|f| f.long == flag.long) {
                let patterns = patterns(entry, &format!(":{spelling}"));
                let _ = writeln!(out, "    {patterns}) names=({}) ;;", flag.choices.join(" "));
            }
        }
    }
    out.push_str("    esac\n}\n");
    out + DRIVER
}

fn table_row(out: &mut String, entry: &Entry, descriptions: bool) {
    let described = |word: &str, text: &str| match descriptions {
        true => quoted(&format!("{}:{}", word.replace(':', "\\:"), text.lines().next().unwrap_or(""))),
        false => quoted(word),
    };
    let _ = writeln!(out, "    {})", patterns(entry, ""));
    let _ = writeln!(out, "        commands=(");
    for command in &entry.commands {
        let _ = writeln!(out, "            {}", described(command.name, command.short));
    }
    let _ = writeln!(out, "        )\n        flags+=(");
    for flag in &entry.flags {
        for spelling in entry.spellings(|f| f.long == flag.long) {
            let _ = writeln!(out, "            {}", described(&spelling, flag.usage));
        }
    }
    let operand = super::bash::operand(entry);
    let _ = writeln!(
        out,
        "        )\n        valued=({}) files=({}) operand='{operand}'\n        ;;",
        entry.spellings(takes_value).join(" "),
        entry.spellings(|flag| flag.kind == Kind::Path).join(" "),
    );
}

fn patterns(entry: &Entry, suffix: &str) -> String {
    entry.paths.iter().map(|path| format!("'{path}{suffix}'")).collect::<Vec<_>>().join(" | ")
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
