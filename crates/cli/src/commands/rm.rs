//! `strata rmi`: remove images.
use engine::ops::{Removal, RemoveImages, Removed};
use engine::{Error, ErrorKind};

use super::prune_containers;
use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::bool("dry-run", "Show what would be removed and the bytes that come back"),
    Flag::bool("force", "Force removal of the image").short('f'),
    Flag::bool("no-prune", "Do not delete untagged parents"),
    Flag::strings(
        "platform",
        r#"Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")"#,
    ),
];

/// `strata rmi`
pub(super) static RMI: Command = Command { name: "rmi", other_names: &[], ..IMAGE_RM };

/// `strata image rm`
pub(super) const IMAGE_RM: Command = Command {
    name: "rm",
    other_names: &["remove", "rmi"],
    arguments: "[OPTIONS] IMAGE [IMAGE...]",
    short: "Remove one or more images",
    spellings: &["image rm", "image remove", "rmi"],
    flags: FLAGS,
    rule: ArgRule::AtLeast(1),
    operand: Operand::Image,
    files: Files::IfAny,
    action: Action::Run(rm),
    ..Command::USUAL
};

fn rm(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    if matches.list("platform").next().is_some() {
        // What a tag stands for is removed as a whole; taking one platform out of it would give it another digest.
        return Err(Failure::new("removing single platforms is not supported: remove the image"));
    }
    let request = RemoveImages { force: matches.bool("force"), no_prune: matches.bool("no-prune") };
    let images: Vec<&str> = matches.operands().collect();
    let dry_run = matches.bool("dry-run");
    let removed = match dry_run {
        true => engine.would_remove(&images, &request),
        false => engine.remove_images(&images, &request),
    };
    let (removal, errors) = removed.map_err(|e| Failure::daemon(&e))?;
    let text = if dry_run { would_remove(&removal) } else { went(&removal) };
    context.ui.print(&text);
    tell_held_back(removal.held_back.as_deref(), context);
    verdict(&errors, request.force, context)
}

/// What a removal did, in lines.
fn went(removal: &Removal) -> String {
    let line = |gone| {
        let (verb, name) = parts(gone);
        format!("{verb}: {name}\n")
    };
    removal.removed.iter().map(line).collect()
}

/// Says that no space comes back, and why.
pub(super) fn tell_held_back(reason: Option<&str>, context: &mut Context) {
    if let Some(reason) = reason {
        context.ui.talk(&format!(
            "WARNING: no space is freed as long as it is not known what all images need: {}\n\
             hint: `strata fsck` shows damaged images: repair or remove them, then `strata image prune` frees it",
            escape::line(reason)
        ));
    }
}

/// What a removal would do, in lines.
pub(super) fn would_remove(removal: &Removal) -> String {
    would_go(removal) + &prune_containers::would_free(removal.freed.disk_bytes)
}

/// The names and images that would go, in lines.
pub(super) fn would_go(removal: &Removal) -> String {
    let mut out = String::new();
    for gone in &removal.removed {
        let (verb, name) = match gone {
            Removed::Untagged(reference) => ("untag", reference.familiar()),
            other => ("delete", parts(other).1),
        };
        out.push_str(&format!("Would {verb}: {name}\n"));
    }
    out
}

/// The verb and the object of a line about something that went.
pub(super) fn parts(gone: &Removed) -> (&'static str, String) {
    match gone {
        Removed::Untagged(reference) => ("Untagged", reference.familiar()),
        Removed::Image(id) => ("Deleted", id.to_string()),
        Removed::Layer(chain_id) => ("Deleted", chain_id.to_string()),
    }
}

/// With `--force` it is no failure that images are not there; it is said all the same.
fn verdict(errors: &[Error], force: bool, context: &mut Context) -> Outcome {
    if errors.is_empty() {
        return Ok(());
    }
    let messages = errors.iter().filter_map(|error| Failure::daemon(error).message);
    let message = messages.collect::<Vec<_>>().join("\n");
    if force && errors.iter().all(|error| error.kind() == ErrorKind::NotFound) {
        context.ui.talk(&message);
        return Ok(());
    }
    Err(Failure::new(message))
}
