//! `strata rm`: containers go.
use engine::ErrorKind;
use engine::ops::container::RemoveContainer;

use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata rm`
pub(in crate::commands) static RM: Command = Command { other_names: &[], ..CONTAINER_RM };
/// `strata container rm`
pub(in crate::commands) const CONTAINER_RM: Command = Command {
    name: "rm",
    other_names: &["remove"],
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Remove one or more containers",
    spellings: &["container rm", "container remove", "rm"],
    flags: &[
        Flag::bool("force", "Force the removal of a running container (uses SIGKILL)").short('f'),
        Flag::bool("link", "Remove the specified link").short('l'),
        Flag::bool("volumes", "Remove anonymous volumes associated with the container").short('v'),
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(rm),
    ..Command::USUAL
};

fn rm(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let request = RemoveContainer { force: matches.bool("force"), volumes: matches.bool("volumes") };
    let (mut failures, mut only_missing) = (Vec::new(), true);
    for name in matches.operands() {
        if matches.bool("link") {
            failures.push(format!(
                "Error response from daemon: cannot get parent / for name /{name}: links are not kept"
            ));
            only_missing = false;
            continue;
        }
        match engine.remove_container(name, &request) {
            Ok(_) => context.ui.line(name),
            Err(error) => {
                only_missing &= error.kind() == ErrorKind::NotFound;
                failures.extend(Failure::daemon(&error).message);
            }
        }
        context.ui.flush();
    }
    if failures.is_empty() {
        return Ok(());
    }
    let text = failures.join("\n");
    // What is to be gone by force and is gone already is said, and is no failure.
    if request.force && only_missing {
        context.ui.talk(&text);
        return Ok(());
    }
    Err(Failure::new(text))
}
