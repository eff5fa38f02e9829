//! `strata version`: what this program is.
use super::usage;
use crate::columns::{VersionFacts, object_text, parse_object_template};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::{Context, Failure, Outcome};

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
pub(super) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The Docker Engine API version whose behaviour the commands follow.
pub(super) const API_VERSION: &str = "1.51";
/// The oldest one whose clients can follow.
const API_VERSION_MIN: &str = "1.24";

/// The commit the program was built from, where the build says so.
pub(super) const COMMIT: &str = match option_env!("STRATA_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};

/// The line that `strata --version` prints.
pub fn version_line() -> String {
    format!("Strata version {NUMBER}, build {COMMIT}")
}

fn version(matches: &Matches, context: &mut Context) -> Outcome {
    let host = (context.host)(context.env.path("HOME"));
    let facts = VersionFacts {
        number: NUMBER,
        api_version: API_VERSION,
        api_version_min: API_VERSION_MIN,
        commit: COMMIT,
        architecture: host.platform.architecture,
        kernel: host.kernel,
    };
    let Some(format) = matches.text_given("format") else {
        context.ui.print(&text(&facts));
        return Ok(());
    };
    let named = |failure: Failure| Failure { message: failure.message.map(|m| name_template(&m)), ..failure };
    let template = parse_object_template(format).map_err(named)?;
    let (out, failure) = object_text(&template, &facts.object());
    context.ui.print(&out);
    failure.map_or(Ok(()), |failure| Err(named(failure)))
}

/// In this one command Docker's template has a name, which errors show.
fn name_template(message: &str) -> String {
    message.replacen("template: :", "template: version:", 1).replacen(
        "executing \"\"",
        "executing \"version\"",
        1,
    )
}

/// There is no daemon: what would be the server's part is this program, too.
fn text(facts: &VersionFacts) -> String {
    let platform = format!("{}/{}", std::env::consts::OS, facts.architecture);
    format!(
        "Client:
 Version:           {NUMBER}
 API version:       {API_VERSION}
 Git commit:        {COMMIT}
 OS/Arch:           {platform}
 Context:           default

Server:
 Engine:
  Version:          {NUMBER}
  API version:      {API_VERSION} (minimum version {API_VERSION_MIN})
  Git commit:       {COMMIT}
  OS/Arch:          {platform}
  Experimental:     false
"
    )
}
