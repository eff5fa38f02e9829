//! `strata help`: a command's help, for those who ask for it this way round.
use super::root;
use crate::flags::{self, Action, ArgRule, Command, Matches, Section};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

/// `strata help`
pub(super) static HELP: Command = Command {
    name: "help",
    arguments: "[command]",
    short: "Help about any command",
    section: Section::Hidden,
    rule: ArgRule::Any,
    action: Action::Run(help),
    ..Command::USUAL
};

fn help(matches: &Matches, context: &mut Context) -> Outcome {
    let mut command = root();
    let mut path = vec![command.name];
    let mut words = matches.operands().peekable();
    while let Some(child) = words.peek().and_then(|word| command.child(word)) {
        command = child;
        path.push(child.name);
        words.next();
    }
    let topic = words.collect::<Vec<_>>().join(" ");
    if !topic.is_empty() {
        return Err(Failure::new(format!("unknown help topic: {}", escape::line(&topic))));
    }
    let text = flags::help(command, &path, context.ui.help_columns(), &context.env);
    context.ui.print(&text);
    Ok(())
}
