//! `--platform`, as several commands take it.
use engine::Engine;
use spec::Platform;

use crate::Failure;
use crate::flags::Matches;
use crate::term::escape;

/// The platform that the command line or the environment asks for, what is left out filled in from the machine.
///
/// # Errors
/// When it is none; `prefix` is what the command puts before the reason.
pub(super) fn parse(matches: &Matches, engine: &Engine, prefix: &str) -> Result<Option<Platform>, Failure> {
    let Some(text) = matches.text_given("platform") else { return Ok(None) };
    let platform = Platform::parse(text, &engine.host.platform);
    platform.map(Some).map_err(|e| Failure::new(format!("{prefix}{}", escape::line(&e.to_string()))))
}
