//! `strata history`: how an image came to be.
use super::platform;
use super::usage;
use crate::columns::{Format, HISTORY_COLUMNS, HistoryLine, listing};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("human", "Print sizes and dates in human readable format").short('H').preset("true"),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::text(
        "platform",
        r#"Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
    Flag::bool("quiet", "Only show image IDs").short('q'),
];

/// `strata history`
pub(super) static HISTORY: Command = IMAGE_HISTORY;

/// `strata image history`
pub(super) const IMAGE_HISTORY: Command = Command {
    name: "history",
    arguments: "[OPTIONS] IMAGE",
    short: "Show the history of an image",
    spellings: &["image history", "history"],
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    operand: Operand::Image,
    action: Action::Run(history),
    ..Command::USUAL
};

const TABLE: &str = "{{.ID}}\t{{.CreatedSince}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";
const PLAIN_TABLE: &str = "{{.ID}}\t{{.CreatedAt}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}";

fn history(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let platform = platform::parse(matches, &engine, "invalid platform: ")?;
    let image = matches.operand(0).unwrap_or_default();
    let rows = engine.history(image, platform.as_ref()).map_err(|e| Failure::daemon(&e))?;
    let human = matches.bool("human");
    let line = |row| HistoryLine {
        row,
        now: engine.now(),
        zone: engine.host.zone.clone(),
        truncated: !matches.bool("no-trunc"),
        human,
    };
    let lines: Vec<_> = rows.into_iter().map(line).collect();
    let format = match (matches.text_given("format").unwrap_or("table"), matches.bool("quiet")) {
        ("table", true) => Format::Rows("{{.ID}}".to_owned()),
        (format, _) => Format::parse(format, if human { TABLE } else { PLAIN_TABLE }),
    };
    context.ui.print(&listing(&HISTORY_COLUMNS, &lines, &format)?);
    Ok(())
}
