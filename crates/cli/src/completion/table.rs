//! The command table, flattened for the scripts.
use super::{bash, fish, powershell, zsh};
use crate::flags::{Command, Flag, Kind, Operand, Section};

/// A shell that has a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// GNU bash, 4 or later.
    Bash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// PowerShell.
    PowerShell,
}

impl Shell {
    /// The script that completes the commands below `root`. Descriptions are shown where the shell can.
    pub fn script(self, root: &'static Command, descriptions: bool) -> String {
        let entries = entries(root);
        match self {
            Self::Bash => bash::script(&entries),
            Self::Zsh => zsh::script(&entries, descriptions),
            Self::Fish => fish::script(&entries, descriptions),
            Self::PowerShell => powershell::script(&entries, descriptions),
        }
    }
}

/// What may follow one command.
pub(super) struct Entry {
    /// The words that lead here, without the program's name; several where the last has other names.
    pub paths: Vec<String>,
    /// The commands that may come next.
    pub commands: Vec<&'static Command>,
    /// The flags that may come next.
    pub flags: Vec<&'static Flag>,
    /// What the operands name.
    pub operand: Operand,
}

impl Entry {
    /// Every spelling of the flags that `belongs` picks.
    pub(super) fn spellings(&self, belongs: impl Fn(&Flag) -> bool) -> Vec<String> {
        let flags = self.flags.iter().filter(|flag| belongs(flag));
        flags
            .flat_map(|flag| {
                let short = flag.short.map(|letter| format!("-{letter}"));
                std::iter::once(format!("--{}", flag.long)).chain(short)
            })
            .collect()
    }
}

/// Whether the next word is this flag's value.
pub(super) fn takes_value(flag: &Flag) -> bool {
    flag.kind != Kind::Bool
}

fn entries(root: &'static Command) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut waiting = vec![(vec![String::new()], root)];
    while let Some((paths, command)) = waiting.pop() {
        let commands: Vec<_> =
            command.children().iter().filter(|c| c.section != Section::Hidden).copied().collect();
        for child in commands.iter().rev() {
            waiting.push((below(&paths, child), child));
        }
        let flags = command.flags.iter().filter(|flag| !flag.hidden).collect();
        entries.push(Entry { paths, commands, flags, operand: command.operand });
    }
    entries
}

fn below(paths: &[String], child: &Command) -> Vec<String> {
    let names = || std::iter::once(child.name).chain(child.other_names.iter().copied());
    let join = |path: &String, name: &str| format!("{path} {name}").trim_start().to_owned();
    paths.iter().flat_map(|path| names().map(move |name| join(path, name))).collect()
}
