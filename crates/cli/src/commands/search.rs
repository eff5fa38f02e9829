//! `strata search`: search a registry for images.
use engine::filter::Filters;
use engine::ops::Search;

use crate::columns::{Format, FoundRepository, SEARCH_COLUMNS, listing};
use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::{Context, Outcome};

static FLAGS: &[Flag] = &[
    Flag::filter("filter", "Filter output based on conditions provided").short('f'),
    Flag::text("format", "Pretty-print search using a Go template"),
    Flag::int("limit", "Max number of search results"),
    Flag::bool("no-trunc", "Don't truncate output"),
];

/// `strata search`
pub(super) static SEARCH: Command = Command {
    name: "search",
    arguments: "[OPTIONS] TERM",
    short: "Search Docker Hub for images",
    section: Section::Common(9),
    flags: FLAGS,
    rule: ArgRule::Exactly(1),
    action: Action::Run(search),
    ..Command::USUAL
};

const TABLE: &str = "{{.Name}}\t{{.Description}}\t{{.StarCount}}\t{{.IsOfficial}}";

fn search(matches: &Matches, context: &mut Context) -> Outcome {
    if matches.filters("filter").any(|(key, _)| key == "is-automated") {
        context.ui.talk(
            "WARNING: the \"is-automated\" filter is deprecated, and searching for \"is-automated=true\" will not \
             yield any results in future.",
        );
    }
    let engine = context.engine(matches)?;
    let request = Search {
        term: matches.operand(0).unwrap_or_default().to_owned(),
        // Docker's client sends no limit below 1.
        limit: u32::try_from(matches.int("limit").max(0)).unwrap_or(u32::MAX),
        filters: Filters::new(matches.filters("filter")),
    };
    let display = Display::new(&mut context.ui, true);
    let result = engine.search(&request, &display);
    let found = display.settle(result)?;
    let format = Format::parse(matches.text_given("format").unwrap_or("table"), TABLE);
    let (truncated, in_json) = (!matches.bool("no-trunc"), format == Format::Json);
    let rows = found.into_iter().map(|result| FoundRepository { result, truncated, in_json });
    context.ui.print(&listing(&SEARCH_COLUMNS, &rows.collect::<Vec<_>>(), &format)?);
    Ok(())
}
