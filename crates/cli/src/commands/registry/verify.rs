//! `strata registry verify`: is a registry what it should be?
use registry_server::operate::{self, Depth, Finding};

use super::failed::failed_at;
use super::{count, place};
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    place::ROOT,
    place::CONFIG,
    Flag::bool("sizes", "Look whether all is there with its size, and do not read it"),
    Flag::bool("remove-unknown", "Remove files that nothing in the registry knows"),
];

/// `strata registry verify`
pub(super) static VERIFY: Command = Command {
    name: "verify",
    arguments: "[OPTIONS]",
    short: "Check a registry and all of its content (exit code 1 if something is wrong)",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(verify),
    ..Command::USUAL
};

fn verify(matches: &Matches, context: &mut Context) -> Outcome {
    let root = place::load(matches, context)?.root;
    let depth = if matches.bool("sizes") { Depth::Sizes } else { Depth::Bytes };
    let findings = operate::verify(&root, depth).map_err(failed_at(&root))?;
    for finding in &findings {
        context.ui.line(&escape::cell(&said(finding)));
    }
    let unknown = findings.iter().filter(|finding| matches!(finding, Finding::Stranger(_))).count();
    let problems = findings.len() - unknown;
    let summary = match problems {
        0 => "no problems".to_owned(),
        problems => count(problems as u64, "problem", "problems"),
    };
    let harmless = if unknown > 0 {
        format!(", {} (harmless)", count(unknown as u64, "unknown file", "unknown files"))
    } else {
        String::new()
    };
    context.ui.line(&format!("{summary}{harmless}"));
    if matches.bool("remove-unknown") {
        let removed = operate::remove_strangers(&root).map_err(failed_at(&root))?;
        context.ui.line(&format!("removed {}", count(removed, "unknown file", "unknown files")));
    }
    if problems == 0 { Ok(()) } else { Err(Failure::silent(Failure::ERROR)) }
}

fn said(finding: &Finding) -> String {
    match finding {
        Finding::Contradiction(what) => format!("contradiction: {what}"),
        Finding::Missing(digest) => format!("missing: {digest}"),
        Finding::Damaged { digest, found } => format!("damaged: {digest}: {found}"),
        Finding::Stranger(key) => format!("unknown file: {key}"),
    }
}
