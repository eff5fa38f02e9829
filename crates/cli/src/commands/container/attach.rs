//! `strata attach`: to a container that runs.
use super::detach_keys::DetachKeys;
use super::start::{DETACH_KEYS, finish};
use super::streams::{Attachment, End, SignalsGo, check_terminal, wants};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand};
use crate::{Context, Failure, Outcome};

/// `strata attach`
pub(in crate::commands) static ATTACH: Command = CONTAINER_ATTACH;
/// `strata container attach`
pub(in crate::commands) const CONTAINER_ATTACH: Command = Command {
    name: "attach",
    arguments: "[OPTIONS] CONTAINER",
    short: "Attach local standard input, output, and error streams to a running container",
    spellings: &["container attach", "attach"],
    flags: &[
        DETACH_KEYS,
        Flag::bool("no-stdin", "Do not attach STDIN"),
        Flag::bool("sig-proxy", "Proxy all received signals to the process").preset("true"),
    ],
    rule: ArgRule::Exactly(1),
    operand: Operand::Container,
    action: Action::Run(attach),
    ..Command::USUAL
};

fn attach(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let name = matches.operand(0).unwrap_or_default();
    let found = engine.container(name).map_err(|e| Failure::daemon(&e))?;
    let config = &found.container.config;
    let bare = |text: &str| Failure::new(text.to_owned());
    match found.state.status.as_str() {
        "running" => {}
        "paused" => return Err(bare("cannot attach to a paused container, unpause it first")),
        "restarting" => {
            return Err(bare("cannot attach to a restarting container, wait until it is running"));
        }
        _ => return Err(bare("cannot attach to a stopped container, start it first")),
    }
    let stdin = !matches.bool("no-stdin") && config.open_stdin;
    check_terminal(context, stdin, config.tty)?;
    let keys = DetachKeys::parse(matches.text("detach-keys"))?;
    let sig_proxy = matches.bool("sig-proxy");
    let attachment = Attachment { stdin, tty: config.tty, signals: SignalsGo::proxied(sig_proxy), keys };
    let connection = engine.attach_container(name, wants(stdin, true, true, config.tty));
    let connection = connection.map_err(|e| Failure::daemon(&e))?;
    match super::streams::attach(context, connection, &attachment)? {
        End::Left => Err(bare("read escape sequence")),
        end => finish(end),
    }
}
