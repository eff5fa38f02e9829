//! `strata top`: the processes of a container.
use crate::flags::{Action, ArgRule, Command, Matches, Operand};
use crate::term::escape;
use crate::term::table::Table;
use crate::{Context, Failure, Outcome};

/// Narrowest column of this table.
const COLUMN_MIN: usize = 20;

/// `strata top`
pub(in crate::commands) static TOP: Command = CONTAINER_TOP;
/// `strata container top`
pub(in crate::commands) const CONTAINER_TOP: Command = Command {
    name: "top",
    arguments: "CONTAINER [ps OPTIONS]",
    short: "Display the running processes of a container",
    spellings: &["container top", "top"],
    rule: ArgRule::AtLeast(1),
    interspersed: false,
    operand: Operand::Container,
    action: Action::Run(top),
    ..Command::USUAL
};

fn top(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    // Each operand may hold several options.
    let options = matches.operands().skip(1).collect::<Vec<_>>().join(" ");
    let options: Vec<&str> = options.split(' ').filter(|option| !option.is_empty()).collect();
    let container = matches.operand(0).unwrap_or_default();
    let listing = engine.container_processes(container, &options).map_err(|e| Failure::daemon(&e))?;
    let mut table = Table::with_column_min(COLUMN_MIN);
    for line in std::iter::once(&listing.titles).chain(&listing.processes) {
        let cells: Vec<_> = line.iter().map(|cell| escape::cell(cell)).collect();
        table.text(&cells.join("\t"));
        table.text("\n");
    }
    context.ui.print(&table.render());
    Ok(())
}
