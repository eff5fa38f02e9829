//! `strata commit`: an image from a container.
use engine::ops::container::CommitContainer;

use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata commit`
pub(in crate::commands) static COMMIT: Command = CONTAINER_COMMIT;
/// `strata container commit`
pub(in crate::commands) const CONTAINER_COMMIT: Command = Command {
    name: "commit",
    arguments: "[OPTIONS] CONTAINER [REPOSITORY[:TAG]]",
    short: "Create a new image from a container's changes",
    spellings: &["container commit", "commit"],
    flags: &[
        Flag::text("author", r#"Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")"#).short('a'),
        Flag::list("change", "Apply Dockerfile instruction to the created image").short('c'),
        Flag::text("message", "Commit message").short('m'),
        Flag::bool("pause", "Pause container during commit").short('p').preset("true"),
    ],
    rule: ArgRule::Between(1, 2),
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(commit),
    ..Command::USUAL
};

fn commit(matches: &Matches, context: &mut Context) -> Outcome {
    let reference = matches.operand(1).filter(|text| !text.is_empty());
    // What is no reference is refused by Docker's client, and hence bare.
    if let Some(text) = reference {
        spec::Reference::parse(text).map_err(|error| Failure::new(error.to_string()))?;
    }
    let engine = context.engine(matches)?;
    let request = CommitContainer {
        reference: reference.map(str::to_owned),
        author: matches.text("author").to_owned(),
        message: matches.text("message").to_owned(),
        changes: matches.list("change").map(str::to_owned).collect(),
        pause: matches.bool("pause"),
    };
    let name = matches.operand(0).unwrap_or_default();
    let image = engine.commit_container(name, &request).map_err(|error| Failure::daemon(&error))?;
    if request.pause && matches.given("pause") && !engine.can_pause() {
        context
            .ui
            .talk("WARNING: the container was not paused: containers of an ordinary user have no cgroup");
    }
    context.ui.line(&image.to_string());
    Ok(())
}
