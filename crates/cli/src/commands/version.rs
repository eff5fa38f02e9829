//! `strata version`: what this program is.
use super::unplugged::unplugged;
use super::usage;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::{Context, Outcome};

static FLAGS: &[Flag] = &[Flag::text("format", usage::FORMAT_OBJECT).short('f')];

/// `strata version`
pub(super) static VERSION: Command = Command {
    name: "version",
    arguments: "[OPTIONS]",
    short: "Show the Strata version information",
    section: Section::Common(10),
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(version),
    ..Command::USUAL
};

/// The program's version.
const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The Docker Engine API version whose behaviour the commands follow.
const API_VERSION: &str = "1.51";

/// The commit the program was built from, where the build says so.
const COMMIT: &str = match option_env!("STRATA_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The line that `strata --version` prints.
pub fn version_line() -> String {
    format!("Strata version {NUMBER}, build {COMMIT}")
}

fn version(matches: &Matches, context: &mut Context) -> Outcome {
    if matches.text_given("format").is_some() {
        return unplugged(matches, context);
    }
    let platform = format!("{}/{}", std::env::consts::OS, architecture(std::env::consts::ARCH));
    context.ui.print(&format!(
        "Client:
 Version:           {NUMBER}
 API version:       {API_VERSION}
 Git commit:        {COMMIT}
 OS/Arch:           {platform}
 Context:           default
"
    ));
    Ok(())
}

/// An architecture under the name that images use.
fn architecture(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "x86" => "386",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        "loongarch64" => "loong64",
        other => other,
    }
}
