//! `strata registry gc`: remove what nothing refers to.
use registry_server::{duration, operate};

use super::failed::failed_at;
use super::{count, place};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, quote};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    place::ROOT,
    place::CONFIG,
    Flag::text(
        "grace",
        "How long content stays that nothing refers to, such as 90s, 15m, 24h (default what the configuration says, or 24h)",
    ),
];

/// `strata registry gc`
pub(super) static GC: Command = Command {
    name: "gc",
    arguments: "[OPTIONS]",
    short: "Remove what nothing in a registry refers to",
    long: "Remove what nothing in a registry refers to.

A server does that by itself, all the time; this does it now, with a server
running or without one. Content that was just pushed and that no manifest refers
to yet stays for a grace. Less than a push takes, such as --grace 0s, is for a
server that is stopped: pushes under way would have to begin again.",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(gc),
    ..Command::USUAL
};

fn gc(matches: &Matches, context: &mut Context) -> Outcome {
    let config = place::load(matches, context)?;
    let grace = match matches.text_given("grace") {
        Some(text) => duration(text).map_err(|_| {
            let typed = quote(text.as_bytes());
            Failure::new(format!("--grace {typed} is no duration such as 90s, 15m, 24h, 30d"))
        })?,
        None => config.collect.grace,
    };
    if grace < config.collect.grace && operate::is_served(&config.root).map_err(failed_at(&config.root))? {
        let root = config.root.to_string_lossy();
        let root = escape::line(&root);
        context.ui.talk(&format!(
            "WARNING: a server is running on {root}: pushes under way for longer than the grace lose what they have uploaded"
        ));
    }
    let swept = operate::gc(&config, grace).map_err(failed_at(&config.root))?;
    let collected = swept.collected;
    context.ui.line(&format!(
        "removed {}, {}, {}: {}",
        count(collected.manifests, "manifest", "manifests"),
        count(collected.blobs, "blob", "blobs"),
        count(swept.uploads, "unfinished upload", "unfinished uploads"),
        size::long(collected.bytes)
    ));
    Ok(())
}
