//! Processes of a container as `ps` shows them.

#![expect(clippy::disallowed_methods, reason = "starts ps")]

use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use crate::runtime::program;

/// A table of processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The headings.
    pub titles: Vec<String>,
    /// The processes: as many cells as there are headings.
    pub processes: Vec<Vec<String>>,
}

/// Runs the machine's `ps` with these options and keeps what belongs to the processes of `pids`.
///
/// # Errors
/// What is wrong with the options or the output, in Docker's words.
pub fn list_processes(options: &[&str], pids: &[i32], path: Option<&OsStr>) -> Result<Listing, String> {
    let options = if options.is_empty() { &["-ef"] } else { options };
    check(&options.join(" "))?;
    let program = program("ps", path).ok_or("ps: it was not found: install the package `procps`")?;
    let run = |options: &[&str]| {
        let mut command = Command::new(&program);
        command.args(options).stdin(Stdio::null()).output().map_err(|error| format!("ps: {error}"))
    };
    let chosen: Vec<String> = pids.iter().map(ToString::to_string).collect();
    let chosen = format!("-q{}", chosen.join(","));
    let mut output = run(&[options, &[&*chosen]].concat())?;
    if !output.status.success() {
        // Some options, and some programs of this name, do not go with a choice of processes.
        output = run(options)?;
    }
    if !output.status.success() {
        return Err(format!("ps: {}", complaint(&output)));
    }
    parse(&String::from_utf8_lossy(&output.stdout), pids)
}

fn complaint(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() { output.status.to_string() } else { line.to_owned() }
}

/// Refuses options that give another column the heading by which processes are known.
fn check(options: &str) -> Result<(), String> {
    for word in options.split_ascii_whitespace() {
        for column in word.trim_start_matches(['-', 'o']).split(',') {
            if let Some((name, heading)) = column.split_once('=')
                && heading.starts_with("PID")
                && name != "pid"
            {
                return Err(format!("specifying \"{name}={heading}\" is not allowed"));
            }
        }
    }
    Ok(())
}

fn parse(text: &str, pids: &[i32]) -> Result<Listing, String> {
    let mut lines = text.lines();
    let words = |line: &str| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let titles = words(lines.next().unwrap_or_default());
    let at = titles.iter().position(|title| title == "PID").ok_or("Couldn't find PID field in ps output")?;
    let mut listing = Listing { titles, processes: Vec::new() };
    let mut belongs = false;
    for line in lines.filter(|line| !line.is_empty()) {
        let fields = words(line);
        let Some(field) = fields.get(at) else { continue };
        // Lines of threads follow the one of their process.
        if field != "-" {
            let pid: i32 = field.parse().map_err(|_| {
                format!("Unexpected pid '{field}': strconv.Atoi: parsing {field:?}: invalid syntax")
            })?;
            belongs = pids.contains(&pid);
        }
        if belongs {
            listing.processes.push(merged(fields, listing.titles.len()));
        }
    }
    Ok(listing)
}

/// As many fields as there are headings: the last one takes the rest.
fn merged(mut fields: Vec<String>, columns: usize) -> Vec<String> {
    if fields.len() > columns && columns > 0 {
        let rest = fields.split_off(columns - 1);
        fields.push(rest.join(" "));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_of_others_are_left_out() {
        let text = "UID   PID  CMD\nroot    1  init\nroot   22  sleep 10  20\n\nroot    -  thread\nroot   33  other\nroot    -  thread\n";
        let listing = parse(text, &[22]).unwrap();
        assert_eq!(listing.titles, ["UID", "PID", "CMD"]);
        assert_eq!(listing.processes, [["root", "22", "sleep 10 20"], ["root", "-", "thread"]]);
        assert_eq!(parse("CMD\nx\n", &[1]).unwrap_err(), "Couldn't find PID field in ps output");
        assert_eq!(parse("", &[1]).unwrap_err(), "Couldn't find PID field in ps output");
        let wrong = parse("PID\nx1\n", &[1]).unwrap_err();
        assert_eq!(wrong, "Unexpected pid 'x1': strconv.Atoi: parsing \"x1\": invalid syntax");
    }

    #[test]
    fn the_heading_of_process_ids_is_not_given_to_others() {
        let check = |options: &str, expect: Result<(), &str>| {
            assert_eq!(check(options), expect.map_err(str::to_owned), "{options}");
        };
        check("-ef", Ok(()));
        check("-o pid,cmd", Ok(()));
        check("-o pid=PID,cmd=CMD", Ok(()));
        check("-o ppid=PID", Err("specifying \"ppid=PID\" is not allowed"));
        check("-o cmd,uid=PIDX", Err("specifying \"uid=PIDX\" is not allowed"));
    }

    #[test]
    fn this_process_is_found() {
        let Ok(own) = i32::try_from(std::process::id()) else { return };
        if program("ps", None).is_none() {
            return eprintln!("skipped: no ps");
        }
        let listing = list_processes(&["-o", "pid,ppid"], &[own], None).unwrap();
        assert_eq!((listing.titles.len(), listing.processes.len()), (2, 1));
        assert_eq!(listing.processes[0][0], own.to_string());
        let error = list_processes(&["--no-such-option"], &[own], None).unwrap_err();
        assert!(error.starts_with("ps: "), "{error}");
    }
}
