//! `strata logs`: what a container wrote.
use engine::Engine;
use engine::logs::{Entry, Selection, Stream};
use engine::ops::container::ReadLogs;
use jiff::Timestamp;

use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

const SINCE: &str =
    r#"Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)"#;
const UNTIL: &str =
    r#"Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)"#;

/// `strata logs`
pub(in crate::commands) static LOGS: Command = CONTAINER_LOGS;
/// `strata container logs`
pub(in crate::commands) const CONTAINER_LOGS: Command = Command {
    name: "logs",
    arguments: "[OPTIONS] CONTAINER",
    short: "Fetch the logs of a container",
    spellings: &["container logs", "logs"],
    flags: &[
        Flag::bool("details", "Show extra details provided to logs"),
        Flag::bool("follow", "Follow log output").short('f'),
        Flag::text("since", SINCE),
        Flag::text("tail", "Number of lines to show from the end of the logs").short('n').preset("all"),
        Flag::bool("timestamps", "Show timestamps").short('t'),
        Flag::text("until", UNTIL),
    ],
    rule: ArgRule::Exactly(1),
    operand: Operand::Container,
    action: Action::Run(logs),
    ..Command::USUAL
};

fn logs(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let found = engine.container(matches.operand(0).unwrap_or_default()).map_err(|e| Failure::daemon(&e))?;
    let selection = Selection {
        tail: matches.text("tail").parse().ok(),
        since: time(&engine, matches, "since")?,
        until: time(&engine, matches, "until")?,
    };
    let request = ReadLogs { selection, follow: matches.bool("follow") };
    let (stamped, detailed) = (matches.bool("timestamps"), matches.bool("details"));
    let ui = &mut context.ui;
    let take = |entry: Entry| {
        let mut line = Vec::new();
        if stamped {
            line.extend_from_slice(stamp(entry.time).as_bytes());
            line.push(b' ');
        }
        if detailed {
            let details: Vec<String> =
                entry.attrs.iter().map(|(name, value)| format!("{name}={value}")).collect();
            line.extend_from_slice(escape::cell(&details.join(",")).as_bytes());
            line.push(b' ');
        }
        // A program's own output is shown as it is: it was meant for a terminal or a pipe.
        line.extend_from_slice(entry.log.as_bytes());
        match entry.stream {
            Stream::Stdout => ui.write_output(&line),
            Stream::Stderr => {
                ui.write_error(&line);
                true
            }
        }
    };
    engine.container_logs(&found, &request, take).map_err(|e| Failure::daemon(&e))?;
    // Who follows ends it with a signal.
    if context.cancel.is_cancelled() { Err(Failure::silent(Failure::INTERRUPTED)) } else { Ok(()) }
}

/// With all nine digits, as Docker writes times of logs.
fn stamp(time: Timestamp) -> String {
    format!("{time:.9}")
}

fn time(engine: &Engine, matches: &Matches, flag: &str) -> Result<Option<Timestamp>, Failure> {
    let moment = matches.text_given(flag).map(|text| engine.moment(text)).transpose();
    moment.map_err(|error| Failure::new(format!("invalid value for \"{flag}\": {error}")))
}
