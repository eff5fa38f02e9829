//! `strata run` and `strata create`.
use super::asked::{check_possible, creation};
use super::detach_keys::DetachKeys;
use super::running::{Run, with_advice};
use super::shared_flags::SHARED;
use super::start::DETACH_KEYS;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand, Section, joined};
use crate::{Context, Failure, Outcome};

const OF_RUN: [Flag; 4] = [
    Flag::bool("detach", "Run container in background and print container ID").short('d'),
    DETACH_KEYS,
    Flag::text("pull", r#"Pull image before running ("always", "missing", "never")"#)
        .preset("missing")
        .choices(&["always", "missing", "never"]),
    Flag::bool("sig-proxy", "Proxy received signals to the process").preset("true"),
];
const OF_CREATE: [Flag; 1] =
    [Flag::text("pull", r#"Pull image before creating ("always", "|missing", "never")"#)
        .preset("missing")
        .choices(&["always", "missing", "never"])];
static RUN_FLAGS: [Flag; SHARED.len() + OF_RUN.len()] = joined(&SHARED, &OF_RUN);
static CREATE_FLAGS: [Flag; SHARED.len() + OF_CREATE.len()] = joined(&SHARED, &OF_CREATE);

/// `strata run`
pub(in crate::commands) static RUN: Command = Command { section: Section::Common(0), ..CONTAINER_RUN };
/// `strata container run`
pub(in crate::commands) const CONTAINER_RUN: Command = Command {
    name: "run",
    arguments: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    short: "Create and run a new container from an image",
    spellings: &["container run", "run"],
    flags: &RUN_FLAGS,
    rule: ArgRule::AtLeast(1),
    interspersed: false,
    operand: Operand::Image,
    files: Files::Always,
    action: Action::Run(run),
    ..Command::USUAL
};

/// `strata create`
pub(in crate::commands) static CREATE: Command = CONTAINER_CREATE;
/// `strata container create`
pub(in crate::commands) const CONTAINER_CREATE: Command = Command {
    name: "create",
    arguments: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
    short: "Create a new container",
    spellings: &["container create", "create"],
    flags: &CREATE_FLAGS,
    rule: ArgRule::AtLeast(1),
    interspersed: false,
    operand: Operand::Image,
    files: Files::Always,
    action: Action::Run(create),
    ..Command::USUAL
};

fn run(matches: &Matches, context: &mut Context) -> Outcome {
    check_possible(matches)?;
    let engine = context.engine(matches)?;
    let advised = |failure: Failure| with_advice("run", failure, Failure::FLAG);
    let creation = creation(matches, context, &engine).map_err(advised)?;
    let detach = matches.bool("detach");
    // Nobody leaves what nobody is attached to.
    let keys = if detach { "" } else { matches.text("detach-keys") };
    let keys = DetachKeys::parse(keys).map_err(advised)?;
    let run = Run { creation, detach, sig_proxy: matches.bool("sig-proxy"), keys };
    run.run(context, &engine)
}

fn create(matches: &Matches, context: &mut Context) -> Outcome {
    check_possible(matches)?;
    let engine = context.engine(matches)?;
    let creation =
        creation(matches, context, &engine).map_err(|f| with_advice("create", f, Failure::FLAG))?;
    // Unlike `run`, Docker's `create` gives no advice once the options are understood, and its exit code is 1.
    let created = creation.create(context, &engine)?;
    context.ui.line(created.id.as_str());
    Ok(())
}
