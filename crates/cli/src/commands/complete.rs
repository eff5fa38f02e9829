//! `strata __complete`: what the completion scripts ask while someone types.
use engine::Engine;
use engine::ops::{ListImages, ListNetworks, ListVolumes};
use spec::Reference;

use crate::flags::{Action, ArgRule, Command, Matches, Operand, Section};
use crate::term::escape;
use crate::{Context, Outcome};

/// `strata __complete KIND PREFIX`
pub(super) static COMPLETE: Command = Command {
    name: "__complete",
    arguments: "KIND PREFIX",
    short: "Names for shell completion, one a line",
    section: Section::Hidden,
    rule: ArgRule::Exactly(2),
    interspersed: false,
    action: Action::Run(complete),
    ..Command::USUAL
};

fn complete(matches: &Matches, context: &mut Context) -> Outcome {
    let Ok(engine) = context.engine(matches) else { return Ok(()) };
    let asked = matches.operand(0);
    let of = |operand: Operand, names: fn(&Engine) -> Vec<String>| {
        if asked == operand.asked_as() { names(&engine) } else { Vec::new() }
    };
    let mut names = of(Operand::Image, image_names);
    names.extend(of(Operand::Container, container_names));
    names.extend(of(Operand::Object, container_names));
    names.extend(of(Operand::Object, image_names));
    names.extend(of(Operand::Volume, volume_names));
    names.extend(of(Operand::Network, network_names));
    let prefix = matches.operand(1).unwrap_or_default();
    // A name that needs escaping cannot be completed by typing it.
    for name in names.iter().filter(|n| n.starts_with(prefix) && !n.contains(escape::is_unsafe)) {
        context.ui.line(name);
    }
    Ok(())
}

/// The names of the local images; none when they cannot be told, since nobody reads complaints while typing.
fn image_names(engine: &Engine) -> Vec<String> {
    let images = engine.images(&ListImages::default()).unwrap_or_default();
    let mut names: Vec<_> =
        images.iter().flat_map(|image| image.tags.iter().map(Reference::familiar)).collect();
    names.sort();
    names
}

/// The names of the containers.
fn container_names(engine: &Engine) -> Vec<String> {
    let containers = engine.containers().unwrap_or_default();
    let mut names: Vec<_> = containers.into_iter().map(|found| found.container.name).collect();
    names.sort();
    names
}

/// The names of the volumes.
fn volume_names(engine: &Engine) -> Vec<String> {
    let volumes = engine.volumes(&ListVolumes::default()).unwrap_or_default();
    volumes.into_iter().map(|volume| volume.name).collect()
}

/// The names of the networks.
fn network_names(engine: &Engine) -> Vec<String> {
    let networks = engine.networks(&ListNetworks::default()).unwrap_or_default();
    networks.into_iter().map(|network| network.name.to_owned()).collect()
}
