//! `strata stats`: what containers use of the machine, again and again.
use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use engine::Engine;
use engine::ops::container::Sample;

use crate::columns::{Format, STATS_COLUMNS, UsedBy, listing};
use crate::commands::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Show all containers (default shows just running)").short('a'),
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("no-stream", "Disable streaming stats and only pull the first result"),
    Flag::bool("no-trunc", "Do not truncate output"),
];

/// `strata stats`
pub(in crate::commands) static STATS: Command = CONTAINER_STATS;
/// `strata container stats`
pub(in crate::commands) const CONTAINER_STATS: Command = Command {
    name: "stats",
    arguments: "[OPTIONS] [CONTAINER...]",
    short: "Display a live stream of container(s) resource usage statistics",
    spellings: &["container stats", "stats"],
    flags: FLAGS,
    rule: ArgRule::Any,
    operand: Operand::Container,
    action: Action::Run(stats),
    ..Command::USUAL
};

const TABLE: &str =
    "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}";
/// Time over which use is counted.
const INTERVAL: Duration = Duration::from_secs(1);
/// How soon the wish to stop is heard.
const HEARING: Duration = Duration::from_millis(50);

fn stats(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let configured = context.docker_config(matches).stats_format.clone();
    let text = matches.text_given("format").or(configured.as_deref()).unwrap_or("table");
    let format = Format::parse(text, TABLE);
    // One that is none is refused before anything is waited for.
    format.template()?;
    let streams = !matches.bool("no-stream");
    let redraws = streams && context.ui.terminal().output;
    let mut before = by_name(watched(matches, &engine)?);
    loop {
        // One look at what does not run needs no time.
        let needs_time = streams || before.values().any(|sample| sample.counters.is_some());
        if needs_time && !wait(&engine) {
            return Ok(());
        }
        let now = watched(matches, &engine)?;
        let rows: Vec<_> = now.iter().map(|watched| row(watched, &before, matches, &engine)).collect();
        let text = listing(&STATS_COLUMNS, &rows, &format)?;
        context.ui.print(&if redraws { redrawn(&text) } else { text });
        context.ui.flush();
        if !streams || context.ui.is_left() {
            return Ok(());
        }
        before = by_name(now);
    }
}

/// A container under the name it is watched by; nothing counted when it is gone.
type Watched = (String, Option<Sample>);

/// The containers that are named, else all that run.
fn watched(matches: &Matches, engine: &Engine) -> Result<Vec<Watched>, Failure> {
    if matches.operand_count() == 0 {
        let samples = engine.sample_containers(matches.bool("all")).map_err(|e| Failure::daemon(&e))?;
        return Ok(samples.into_iter().map(|sample| (sample.id.short().to_owned(), Some(sample))).collect());
    }
    let mut all: Vec<Watched> = Vec::new();
    let mut failures = Vec::new();
    for name in matches.operands() {
        if all.iter().any(|(known, _)| known == name) {
            continue;
        }
        match engine.sample_container(name) {
            Ok(sample) => all.push((name.to_owned(), Some(sample))),
            Err(error) => failures.extend(Failure::daemon(&error).message),
        }
    }
    if failures.is_empty() { Ok(all) } else { Err(Failure::new(failures.join("\n"))) }
}

fn by_name(watched: Vec<Watched>) -> HashMap<String, Sample> {
    watched.into_iter().filter_map(|(name, sample)| Some((name, sample?))).collect()
}

fn row(
    (named, sample): &Watched,
    before: &HashMap<String, Sample>,
    matches: &Matches,
    engine: &Engine,
) -> UsedBy {
    let then = before.get(named);
    let cpu_percent = match (sample, then) {
        (Some(now), Some(then)) => now.cpu_percent(then, engine.host.cpus),
        _ => 0.0,
    };
    UsedBy { named: named.clone(), sample: sample.clone(), cpu_percent, in_full: matches.bool("no-trunc") }
}

/// Waits until the next count is due; false when the user wants to stop.
fn wait(engine: &Engine) -> bool {
    let due = Instant::now() + INTERVAL;
    while !engine.cancel.is_cancelled() {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(HEARING));
    }
    false
}

/// Writes over what is on the screen, from its top; what was longer or lower before goes.
fn redrawn(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("{line}\x1b[K\n")).collect();
    format!("\x1b[H{lines}\x1b[J")
}
