//! `strata wait`: exit codes, when they are known.
use crate::flags::{Action, ArgRule, Command, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata wait`
pub(in crate::commands) static WAIT: Command = CONTAINER_WAIT;
/// `strata container wait`
pub(in crate::commands) const CONTAINER_WAIT: Command = Command {
    name: "wait",
    arguments: "CONTAINER [CONTAINER...]",
    short: "Block until one or more containers stop, then print their exit codes",
    spellings: &["container wait", "wait"],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Container,
    action: Action::Run(wait),
    ..Command::USUAL
};

fn wait(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let mut failures = Vec::new();
    for name in matches.operands() {
        match engine.wait_container(name) {
            Ok(exit_code) => context.ui.line(&exit_code.to_string()),
            Err(error) => failures.extend(Failure::daemon(&error).message),
        }
        context.ui.flush();
    }
    if failures.is_empty() { Ok(()) } else { Err(Failure::new(failures.join("\n"))) }
}
