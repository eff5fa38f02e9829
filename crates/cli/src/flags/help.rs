//! A command's help, in the layout of Docker's.
use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;

use super::matches::preset_text;
use super::scan::HELP;
use super::wrap::wrap;
use super::{Command, Flag, Kind, Section, quote};
use crate::Environment;

/// Columns that a command's name fills at least, before one blank and its short help.
const NAME_COLUMNS: usize = 11;

/// What asks for help unless a command has it for something else.
const HELP_LETTER: Option<char> = Some('h');

/// The help of a command that is called by `path`, for lines of `columns`, with a final newline.
pub fn help(command: &Command, path: &[&str], columns: usize, env: &Environment) -> String {
    let mut out = String::new();
    let called_as = path.join(" ");
    usage(&mut out, command, &called_as);
    let text = if command.long.is_empty() { command.short } else { command.long };
    let _ = writeln!(out, "\n{}", text.trim());
    if command.spellings.len() > 1 {
        let spelled = command.spellings.iter().map(|s| format!("{} {s}", path[0])).collect::<Vec<_>>();
        let _ = writeln!(out, "\nAliases:\n  {}", spelled.join(", "));
    }
    let is_root = path.len() == 1;
    let options = options(command.flags, columns, env);
    if !is_root && !options.is_empty() {
        let _ = writeln!(out, "\nOptions:\n{options}");
    }
    subcommands(&mut out, command);
    if is_root && !options.is_empty() {
        let _ = writeln!(out, "\nGlobal Options:\n{options}");
    }
    if !command.children().is_empty() {
        let _ = writeln!(out, "\nRun '{called_as} COMMAND --help' for more information on a command.");
    }
    out
}

fn usage(out: &mut String, command: &Command, called_as: &str) {
    let _ = if command.children().is_empty() {
        writeln!(out, "{}", format!("Usage:  {called_as} {}", command.arguments).trim_end())
    } else {
        let options = if command.flags.iter().any(|f| !f.hidden) { " [OPTIONS]" } else { "" };
        writeln!(out, "Usage:  {called_as}{options} COMMAND")
    };
}

fn subcommands(out: &mut String, command: &Command) {
    let children = command.children();
    let width = children.iter().map(|c| c.name.len()).max().unwrap_or(0).max(NAME_COLUMNS);
    let mut show = |title: &str, belongs: fn(&Section) -> bool| {
        let mut shown: Vec<_> = children.iter().filter(|c| belongs(&c.section)).collect();
        shown.sort_by_key(|c| match c.section {
            Section::Common(place) => (place, c.name),
            _ => (0, c.name),
        });
        if !shown.is_empty() {
            let _ = writeln!(out, "\n{title}:");
        }
        for child in shown {
            let _ = writeln!(out, "  {:width$} {}", child.name, child.short);
        }
    };
    show("Common Commands", |s| matches!(s, Section::Common(_)));
    show("Management Commands", |s| *s == Section::Management);
    show("Commands", |s| *s == Section::Operation);
}

/// The flags by name, their help beside them, without a final newline.
fn options(flags: &[Flag], columns: usize, env: &Environment) -> String {
    // Where its letter means something else, the flag that asks for this text is told like the others.
    let tells_help = flags.iter().any(|flag| flag.short == HELP_LETTER);
    let shown = flags.iter().filter(|f| !f.hidden).chain(tells_help.then_some(&HELP));
    let mut shown: Vec<_> = shown.map(|f| (f, heading(f))).collect();
    shown.sort_by_key(|(flag, _)| flag.long);
    let width = shown.iter().map(|(_, heading)| heading.len()).max().unwrap_or(0);
    let mut out = String::new();
    for (flag, heading) in shown {
        // pflag leaves the last column of the terminal free.
        let text = wrap(width + 3, columns.saturating_sub(1), &explanation(flag, env));
        let _ = writeln!(out, "{heading:width$}   {text}");
    }
    out.truncate(out.trim_end().len());
    out
}

fn heading(flag: &Flag) -> String {
    let letter = flag.short.map_or("    ".to_owned(), |short| format!("-{short}, "));
    format!("  {letter}--{} {}", flag.long, flag.kind.value_name()).trim_end().to_owned()
}

fn explanation(flag: &Flag, env: &Environment) -> String {
    if !flag.shown.is_empty() {
        return format!("{} (default {})", flag.usage, flag.shown);
    }
    let preset = preset_text(flag, env).unwrap_or_default();
    let shown = match (preset.as_bytes(), flag.kind) {
        // Docker's client shows an empty map.
        (b"", Kind::Map) => "map[]".to_owned(),
        (b"" | b"false" | b"0", _) => return flag.usage.to_owned(),
        (preset, Kind::Text | Kind::Path) => quote(preset),
        (preset, _) => String::from_utf8_lossy(preset).into_owned(),
    };
    format!("{} (default {shown})", flag.usage)
}
