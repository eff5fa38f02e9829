//! `strata images`: list images.
use std::rc::Rc;

use engine::filter::Filters;
use engine::ops::ListImages;

use super::{tree, usage};
use crate::columns::{Digests, Format, IMAGE_COLUMNS, ImageRow, ListedImage, image_rows, listing};
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Operand, Section, quote};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("all", "Show all images (default hides intermediate images)").short('a'),
    Flag::bool("digests", "Show digests"),
    Flag::filter("filter", "Filter output based on conditions provided").short('f'),
    Flag::text("format", usage::FORMAT_TABLE),
    Flag::bool("no-trunc", "Don't truncate output"),
    Flag::bool("quiet", "Only show image IDs").short('q'),
    Flag::text("sort", "Sort by: created (newest first, default), name, size (largest first)")
        .choices(&["created", "name", "size"]),
    Flag::bool("tree", "List multi-platform images as a tree (EXPERIMENTAL)"),
];

/// `strata images`
pub(super) static IMAGES: Command =
    Command { name: "images", other_names: &[], section: Section::Common(6), ..IMAGE_LS };

/// `strata image ls`
pub(super) const IMAGE_LS: Command = Command {
    name: "ls",
    other_names: &["list"],
    arguments: "[OPTIONS] [REPOSITORY[:TAG]]",
    short: "List images",
    spellings: &["image ls", "image list", "images"],
    flags: FLAGS,
    rule: ArgRule::AtMost(1),
    operand: Operand::Image,
    action: Action::Run(images),
    ..Command::USUAL
};

const TABLE: &str = "{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const DIGEST_TABLE: &str = "{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}";
const DIGEST: &str = "{{.Digest}}";
/// Commands of `image` that people type after `images`.
const SUBCOMMANDS: &[&str] = &[
    "build", "history", "import", "inspect", "list", "load", "ls", "prune", "pull", "push", "rm", "save",
    "tag",
];

fn images(matches: &Matches, context: &mut Context) -> Outcome {
    if matches.bool("tree") {
        return tree::show(matches, context);
    }
    let order = Order::parse(matches)?;
    let engine = context.engine(matches)?;
    let configured = context.docker_config(matches).images_format.clone();
    let format = Shape::of(matches, configured.as_deref());
    let summaries = engine.images(&request(matches)).map_err(|e| Failure::daemon(&e))?;
    let mut rows = Vec::new();
    for summary in &summaries {
        let image = Rc::new(ListedImage::new(summary, &engine, matches.bool("no-trunc")));
        rows.extend(image_rows(summary, &image, format.digests));
    }
    order.sort(&mut rows);
    context.ui.print(&listing(&IMAGE_COLUMNS, &rows, &format.format)?);
    if rows.is_empty() {
        suggest(matches, context);
    }
    Ok(())
}

/// The listing that the command line asks for.
pub(super) fn request(matches: &Matches) -> ListImages {
    let pattern = matches.operand(0).filter(|pattern| !pattern.is_empty());
    let filters = matches.filters("filter").chain(pattern.map(|pattern| ("reference", pattern)));
    ListImages { all: matches.bool("all"), filters: Filters::new(filters) }
}

/// The format in force, and how digests show in it.
struct Shape {
    format: Format,
    digests: Digests,
}

impl Shape {
    fn of(matches: &Matches, configured: Option<&str>) -> Self {
        let (quiet, digests) = (matches.bool("quiet"), matches.bool("digests"));
        let configured = configured.filter(|_| !quiet);
        let text = matches.text_given("format").or(configured).unwrap_or("table");
        let format = match text {
            "table" if quiet => Format::Rows("{{.ID}}".to_owned()),
            "raw" => Format::Rows(raw(quiet, digests)),
            text => with_digest(Format::parse(text, if digests { DIGEST_TABLE } else { TABLE }), digests),
        };
        let asked = match &format {
            Format::Json => false,
            Format::Table(text) | Format::Rows(text) => text.contains(DIGEST),
        };
        let digests = match (digests, asked) {
            (true, _) => Digests::Shown,
            (false, true) => Digests::BesideTags,
            (false, false) => Digests::Hidden,
        };
        Self { format, digests }
    }
}

/// A table that was asked for with `--digests` has them, last if its template does not name them.
fn with_digest(format: Format, digests: bool) -> Format {
    match format {
        Format::Table(text) if digests && !text.contains(DIGEST) => {
            Format::Table(format!("{text}\t{DIGEST}"))
        }
        format => format,
    }
}

fn raw(quiet: bool, digests: bool) -> String {
    if quiet {
        return "image_id: {{.ID}}".to_owned();
    }
    let digest = if digests { "digest: {{.Digest}}\n" } else { "" };
    format!(
        "repository: {{{{.Repository}}}}\ntag: {{{{.Tag}}}}\n{digest}image_id: {{{{.ID}}}}\n\
         created_at: {{{{.CreatedAt}}}}\nvirtual_size: {{{{.Size}}}}\n"
    )
}

/// Someone who typed `images ls` meant something else.
fn suggest(matches: &Matches, context: &mut Context) {
    let Some(word) = matches.operand(0).filter(|word| SUBCOMMANDS.contains(word)) else { return };
    if matches.called_as() == "strata images" {
        let program = "strata";
        context.ui.talk(&format!(
            "\nNo images found matching \"{word}\": did you mean \"{program} image {word}\"?"
        ));
    }
}

/// What the rows are sorted by.
#[derive(Clone, Copy)]
pub(super) enum Order {
    Created,
    Name,
    Size,
}

impl Order {
    pub(super) fn parse(matches: &Matches) -> Result<Self, Failure> {
        match matches.text_given("sort") {
            None | Some("created") => Ok(Self::Created),
            Some("name") => Ok(Self::Name),
            Some("size") => Ok(Self::Size),
            Some(other) => {
                let other = quote(other.as_bytes());
                Err(Failure::new(format!(
                    "unknown sort key: {other}: must be one of \"created\", \"name\", \"size\""
                )))
            }
        }
    }

    /// Rows come newest first; those without a name last by name.
    fn sort(self, rows: &mut [ImageRow]) {
        let name = |row: &ImageRow| (row.repository == "<none>", row.repository.clone(), row.tag.clone());
        match self {
            Self::Created => {}
            Self::Name => rows.sort_by_cached_key(name),
            Self::Size => rows.sort_by_key(|row| std::cmp::Reverse(row.image.size)),
        }
    }
}
