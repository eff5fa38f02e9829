//! `strata inspect`: all that is known about containers and images.
use engine::ops::InspectRemote;
use engine::{Engine, ErrorKind, Events, Recorded};
use go_template::{MissingKey, Numbers, Template, Value};
use spec::Platform;

use super::{network, platform, usage, volume};
use crate::columns::{Inspected, container_document, parse_object_template};
use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand, quote};
use crate::term::{escape, json};
use crate::{Context, Failure, Outcome};

pub(super) const FORMAT: Flag = Flag::text("format", usage::FORMAT_OBJECT).short('f');

const REMOTE: Flag = Flag::bool("remote", "Ask the registry instead of the local store");

/// The kinds of objects that `--type` may name, as Docker lists them.
pub(super) const TYPES: &[&str] =
    &["config", "container", "image", "network", "node", "plugin", "secret", "service", "task", "volume"];

/// `strata inspect`
pub(super) static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] NAME|ID [NAME|ID...]",
    short: "Return low-level information on Strata objects",
    flags: &[
        FORMAT,
        REMOTE,
        Flag::bool("size", "Display total file sizes if the type is container").short('s'),
        Flag::text("type", "Only inspect objects of the given type").choices(TYPES),
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Object,
    files: Files::ForSizes,
    action: Action::Run(inspect),
    ..Command::USUAL
};

/// `strata image inspect`
pub(super) static IMAGE_INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Display detailed information on one or more images",
    flags: &[
        FORMAT,
        Flag::text(
            "platform",
            "Inspect a specific platform of the multi-platform image.
If the image or the server is not multi-platform capable, the command will error out if the platform does not match.
'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
        ),
        REMOTE,
    ],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    action: Action::Run(inspect_images),
    ..Command::USUAL
};

/// `strata container inspect`
pub(super) static CONTAINER_INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] CONTAINER [CONTAINER...]",
    short: "Display detailed information on one or more containers",
    flags: &[FORMAT, Flag::bool("size", "Display total file sizes").short('s')],
    rule: ArgRule::AtLeast(1),
    operand: Operand::Container,
    files: Files::ForSizes,
    action: Action::Run(inspect_containers),
    ..Command::USUAL
};

/// How the objects are shown.
enum Form {
    Indented,
    Compact,
    Template(Template),
}

impl Form {
    fn of(matches: &Matches) -> Result<Self, Failure> {
        match matches.text_given("format") {
            None => Ok(Self::Indented),
            Some("json") => Ok(Self::Compact),
            Some(format) => parse_object_template(format).map(Self::Template),
        }
    }
}

fn inspect_images(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let platform = platform::parse(matches, &engine, "")?;
    if matches.bool("remote") {
        return inspect_remote(matches, context, &engine, platform);
    }
    show(matches, context, |image| find(&engine, image, platform.as_ref()).map_err(|e| Failure::daemon(&e)))
}

fn inspect(matches: &Matches, context: &mut Context) -> Outcome {
    let kind = matches.text("type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        let known = TYPES.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        return Err(Failure::new(format!(
            "unknown type: {}: must be one of {known}",
            quote(kind.as_bytes())
        )));
    }
    let engine = context.engine(matches)?;
    if matches.bool("remote") {
        return inspect_remote(matches, context, &engine, None);
    }
    let size = matches.bool("size");
    let mut ignored = Vec::new();
    let outcome = show(matches, context, |name| {
        let found = match kind {
            "" => return find_any(&engine, name, size, &mut ignored),
            "container" => {
                return find_container(&engine, name, size).map_err(|e| Failure::daemon(&e));
            }
            "image" => find(&engine, name, None),
            "network" => network::find(&engine, name),
            "volume" => volume::find(&engine, name),
            kind => return Err(none_of_kind(kind, name)),
        };
        ignored.extend(size.then_some(kind).filter(|_| found.is_ok()));
        found.map_err(|e| Failure::daemon(&e))
    });
    for kind in ignored {
        context.ui.talk(&format!("WARNING: --size ignored for {kind}"));
    }
    outcome
}

fn inspect_containers(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let size = matches.bool("size");
    show(matches, context, |name| find_container(&engine, name, size).map_err(|e| Failure::daemon(&e)))
}

/// Images as they are in their registries.
fn inspect_remote(
    matches: &Matches,
    context: &mut Context,
    engine: &Engine,
    platform: Option<Platform>,
) -> Outcome {
    let warnings = Recorded::default();
    let outcome = show(matches, context, |image| {
        let request = InspectRemote { reference: image.to_owned(), platform: platform.clone() };
        let found = engine.inspect_remote(&request, &warnings);
        found.map(|found| Inspected::remote(&found)).map_err(|e| Failure::client(&e))
    });
    let display = Display::new(&mut context.ui, true);
    warnings.take().into_iter().for_each(|warning| display.emit(warning));
    outcome
}

fn find(engine: &Engine, image: &str, platform: Option<&Platform>) -> engine::Result<Inspected> {
    engine.inspect_image(image, platform).map(|image| Inspected::image(&image))
}

fn find_container(engine: &Engine, name: &str, size: bool) -> engine::Result<Inspected> {
    engine.inspect_container(name, size).map(|container| container_document(&container))
}

/// What a name means first: a container, an image, a network, a volume.
fn find_any(engine: &Engine, name: &str, size: bool, ignored: &mut Vec<&str>) -> Result<Inspected, Failure> {
    match find_container(engine, name, size) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        found => return found.map_err(|e| Failure::daemon(&e)),
    }
    let kinds: [(&str, &dyn Fn() -> engine::Result<Inspected>); 3] = [
        ("image", &|| find(engine, name, None)),
        ("network", &|| network::find(engine, name)),
        ("volume", &|| volume::find(engine, name)),
    ];
    for (kind, find) in kinds {
        match find() {
            // What cannot be an image's name may be another object's.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidArgument) => {}
            Err(error) => return Err(Failure::daemon(&error)),
            Ok(found) => {
                ignored.extend(size.then_some(kind));
                return Ok(found);
            }
        }
    }
    Err(Failure::new(format!("Error: No such object: {}", escape::line(name))))
}

/// What Docker's daemon says about objects of other kinds when it has none.
fn none_of_kind(kind: &str, name: &str) -> Failure {
    let name = escape::line(name);
    let text = match kind {
        "plugin" => format!("plugin \"{name}\" not found"),
        _ => "This node is not a swarm manager.".to_owned(),
    };
    Failure::new(format!("Error response from daemon: {text}"))
}

/// Shows what was found, then what was not.
pub(super) fn show(
    matches: &Matches,
    context: &mut Context,
    mut find: impl FnMut(&str) -> Result<Inspected, Failure>,
) -> Outcome {
    let form = Form::of(matches)?;
    let mut shown = Vec::new();
    let mut errors = Vec::new();
    for name in matches.operands() {
        match find(name).and_then(|found| form.show(&found)) {
            Ok(text) => shown.push(text),
            Err(failure) => errors.extend(failure.message),
        }
    }
    context.ui.print(&form.together(&shown));
    if errors.is_empty() { Ok(()) } else { Err(Failure::new(errors.join("\n"))) }
}

impl Form {
    /// One object.
    fn show(&self, found: &Inspected) -> Result<String, Failure> {
        match self {
            Self::Indented | Self::Compact => Ok(found.json()),
            Self::Template(template) => by_template(template, found),
        }
    }

    /// All of them.
    fn together(&self, shown: &[String]) -> String {
        let list = || format!("[{}]", shown.join(","));
        match self {
            Self::Indented => json::indent(&list(), json::FOUR_SPACES) + "\n",
            Self::Compact => json::compact(&list()) + "\n",
            Self::Template(_) if shown.is_empty() => "\n".to_owned(),
            Self::Template(_) => shown.concat(),
        }
    }
}

/// A template's line about an object: by Docker's types, else by the document as it is, in which nothing may
/// be missing.
fn by_template(template: &Template, found: &Inspected) -> Result<String, Failure> {
    let mut out = String::new();
    let mut executed = found.typed().map(|typed| template.execute(typed, &mut out));
    if let Some(raw) = found.raw().filter(|_| !matches!(executed, Some(Ok(())))) {
        out.clear();
        let strict = template.with_missing_key(MissingKey::Error);
        executed = Some(strict.execute(Value::from_json(raw, Numbers::Json), &mut out));
    }
    if let Some(Err(error)) = executed {
        return Err(Failure::new(escape::layout(&format!("template parsing error: {error}"))));
    }
    out.push('\n');
    Ok(escape::layout(&out).into_owned())
}
