//! `strata manifest`: manifests as registries serve them.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use engine::ops::{InspectManifest, InspectedManifest, ManifestPart};
use serde_json::{Map, Value, json};
use spec::{Document, Index, MediaType, Platform, Reference};

use crate::display::Display;
use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::term::json;
use crate::{Context, Failure, Outcome};

/// `strata manifest`
pub(super) static MANIFEST: Command = Command {
    name: "manifest",
    arguments: "COMMAND",
    short: "Manage image manifests and manifest lists",
    section: Section::Management,
    action: Action::Group(&[&INSPECT]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[
    Flag::bool("insecure", "Allow communication with an insecure registry"),
    Flag::bool("verbose", "Output additional info including layers and platform").short('v'),
];

static INSPECT: Command = Command {
    name: "inspect",
    arguments: "[OPTIONS] [MANIFEST_LIST] MANIFEST",
    short: "Display an image manifest, or manifest list",
    flags: FLAGS,
    rule: ArgRule::Between(1, 2),
    action: Action::Run(inspect),
    ..Command::USUAL
};

fn inspect(matches: &Matches, context: &mut Context) -> Outcome {
    let typed = matches.operand(0).unwrap_or_default();
    if let Some(manifest) = matches.operand(1) {
        // The second form looks into manifest lists that are being made on this machine.
        let manifest = Reference::parse(manifest).map_err(|e| Failure::new(e.to_string()))?.or_latest();
        return Err(Failure::new(format!("No such manifest: {manifest}")));
    }
    let engine = context.engine(matches)?;
    let verbose = matches.bool("verbose");
    let request =
        InspectManifest { reference: typed.to_owned(), insecure: matches.bool("insecure"), verbose };
    let display = Display::new(&mut context.ui, true);
    let found = engine.inspect_manifest(&request, &display);
    drop(display);
    let found = found.map_err(|e| Failure::client(&e))?;
    let text = match (&found.document, verbose) {
        (_, true) => parts(&found)?,
        (Document::Manifest(manifest), false) => json::indent(&text_of(manifest.bytes())?, json::TAB),
        (Document::Index(index), false) => json::indent(&rebuilt(index).to_string(), json::THREE_SPACES),
    };
    context.ui.line(&text);
    Ok(())
}

/// An index as Docker's client writes it anew: its kind follows its first entry, and its remarks are left out.
fn rebuilt(index: &Index) -> Value {
    let of_oci =
        index.manifests.first().is_some_and(|entry| entry.media_type.as_str() == MediaType::OCI_MANIFEST);
    let media_type = if of_oci { MediaType::OCI_INDEX } else { MediaType::DOCKER_INDEX };
    let entries = index.manifests.iter().map(|entry| {
        let mut members = Map::new();
        members.insert("mediaType".to_owned(), json!(entry.media_type.as_str()));
        members.insert("size".to_owned(), json!(entry.size));
        members.insert("digest".to_owned(), json!(entry.digest));
        members.insert("platform".to_owned(), platform(entry.platform.as_ref()));
        Value::Object(members)
    });
    json!({"schemaVersion": 2, "mediaType": media_type, "manifests": entries.collect::<Vec<_>>()})
}

/// A platform with its members in the specification's order.
fn platform(platform: Option<&Platform>) -> Value {
    platform.map_or_else(|| json!({"architecture": "", "os": ""}), |platform| json!(platform))
}

/// The manifests with their names and their bytes; an index is a list of them.
fn parts(found: &InspectedManifest) -> Result<String, Failure> {
    let parts = found.parts.iter().map(|part| part_json(found, part)).collect::<Result<Vec<_>, _>>()?;
    let text = match (&found.document, &parts[..]) {
        (Document::Manifest(_), [part]) => part.clone(),
        _ => format!("[{}]", parts.join(",")),
    };
    Ok(json::indent(&text, json::TAB))
}

fn part_json(found: &InspectedManifest, part: &ManifestPart) -> Result<String, Failure> {
    let descriptor = &part.descriptor;
    let mut about = json!({
        "mediaType": descriptor.media_type.as_str(),
        "digest": descriptor.digest,
        "size": descriptor.size,
    });
    if let Some(of) = &descriptor.platform {
        about["platform"] = platform(Some(of));
    }
    let name = match &found.document {
        Document::Manifest(_) => found.reference.to_string(),
        Document::Index(_) => format!("{}@{}", found.reference, descriptor.digest),
    };
    let bytes = part.document.bytes();
    let of_docker = descriptor.media_type.as_str() == MediaType::DOCKER_MANIFEST;
    let key = if of_docker { "SchemaV2Manifest" } else { "OCIManifest" };
    let head = json!({"Ref": name, "Descriptor": about, "Raw": BASE64.encode(bytes)}).to_string();
    let head = head.strip_suffix('}').unwrap_or(&head);
    Ok(json::escape_html(&format!("{head},\"{key}\":{}}}", text_of(bytes)?)))
}

/// A document's text; it was parsed as JSON before.
fn text_of(bytes: &[u8]) -> Result<String, Failure> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Failure::new("the manifest is not UTF-8"))
}
