//! The script for bash. It needs no other package.
use std::fmt::Write;

use super::table::{Entry, takes_value};
use crate::flags::{Kind, Operand};

const DRIVER: &str = r#"
__strata_reply() {
    local cur=$1
    shift
    mapfile -t COMPREPLY < <(compgen "$@" -- "$cur")
    # Readline completes only what stands behind the last word break.
    local kept=${cur%"${cur##*[:=]}"}
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

_strata() {
    local line=${COMP_LINE:0:COMP_POINT} cur word path='' skip='' last='' i
    local words flags valued files operand
    cur=${line##*[[:space:]]}
    local -a parts
    read -ra parts <<< "${line%"$cur"}"
    __strata_table ''
    for ((i = 1; i < ${#parts[@]}; i++)); do
        word=${parts[i]}
        if [[ -n $skip ]]; then
            skip=''
        elif [[ $word == -* ]]; then
            [[ " $valued " == *" $word "* ]] && skip=$word
        elif __strata_table "${path:+$path }$word"; then
            path=${path:+$path }$word
        else
            __strata_table "$path"
        fi
    done
    COMPREPLY=()
    if [[ -n $skip ]]; then
        if [[ " $files " == *" $skip "* ]]; then
            compopt -o filenames
            __strata_reply "$cur" -f
        else
            __strata_reply "$cur" -W "$(__strata_choices "$path:$skip")"
        fi
    elif [[ $cur == -* ]]; then
        __strata_reply "$cur" -W "$flags"
    elif [[ -n $words ]]; then
        __strata_reply "$cur" -W "$words"
    elif [[ $operand == file ]]; then
        compopt -o filenames
        __strata_reply "$cur" -f
    elif [[ -n $operand ]]; then
        __strata_reply "$cur" -W "$("${parts[0]}" __complete "$operand" "$cur" 2>/dev/null)"
    fi
}

complete -F _strata strata
"#;

pub(super) fn script(entries: &[Entry]) -> String {
    let mut out = String::from("# bash completion for strata\n\n__strata_table() {\n");
    out.push_str("    words='' flags='--help' valued='' files='' operand=''\n    case $1 in\n");
    for entry in entries {
        let commands: Vec<_> = entry.commands.iter().map(|c| c.name).collect();
        let _ = write!(
            out,
            "    {})\n        words='{}' flags='{}'\n        valued='{}' files='{}' operand='{}'\n        ;;\n",
            patterns(entry, ""),
            commands.join(" "),
            entry.spellings(|_| true).into_iter().chain(["--help".to_owned()]).collect::<Vec<_>>().join(" "),
            entry.spellings(takes_value).join(" "),
            entry.spellings(|flag| flag.kind == Kind::Path).join(" "),
            operand(entry),
        );
    }
    out.push_str("    *) return 1 ;;\n    esac\n}\n\n__strata_choices() {\n    case $1 in\n");
    for entry in entries {
        for flag in entry.flags.iter().filter(|flag| !flag.choices.is_empty()) {
            for spelling in entry.spellings(|f| f.long == flag.long) {
                let _ = writeln!(
                    out,
                    "    {}) echo '{}' ;;",
                    patterns(entry, &format!(":{spelling}")),
                    flag.choices.join(" ")
                );
            }
        }
    }
    out.push_str("    esac\n}\n");
    out + DRIVER
}

fn patterns(entry: &Entry, suffix: &str) -> String {
    entry.paths.iter().map(|path| format!("'{path}{suffix}'")).collect::<Vec<_>>().join(" | ")
}

/// What the script knows the operands by: the word that asks for their names, or `file`.
pub(super) fn operand(entry: &Entry) -> &'static str {
    match entry.operand {
        Operand::File => "file",
        other => other.asked_as().unwrap_or_default(),
    }
}
