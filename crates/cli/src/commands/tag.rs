//! `strata tag`: give an image another name.
use engine::ops::parse_tag_target;
use spec::AnyReference;

use crate::flags::{Action, ArgRule, Command, Matches, Operand, quote};
use crate::{Context, Failure, Outcome};

/// `strata tag`
pub(super) static TAG: Command = IMAGE_TAG;

/// `strata image tag`
pub(super) const IMAGE_TAG: Command = Command {
    name: "tag",
    arguments: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
    short: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    spellings: &["image tag", "tag"],
    rule: ArgRule::Exactly(2),
    interspersed: false,
    operand: Operand::Image,
    action: Action::Run(tag),
    ..Command::USUAL
};

fn tag(matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let (source, target) = (matches.operand(0).unwrap_or_default(), matches.operand(1).unwrap_or_default());
    // What is no reference is refused by Docker's client, and hence bare.
    if let Err(error) = AnyReference::parse(source) {
        let source = quote(source.as_bytes());
        return Err(Failure::new(format!(
            "Error parsing reference: {source} is not a valid repository/tag: {error}"
        )));
    }
    parse_tag_target(target).map_err(|e| Failure::client(&e))?;
    engine.tag(source, target).map_err(|e| Failure::daemon(&e))
}
