//! What is only known when a transcript runs: digests of look-alikes, addresses, captured words.

use std::collections::BTreeMap;

use spec::ChainId;

use crate::Lookalikes;
use crate::image::BuiltImage;

/// Values by the sign that stands for them.
///
/// | sign | value |
/// |---|---|
/// | `${ID:alpine}` | the image's ID, 12 digits |
/// | `${IMAGE:alpine}` | the same in full, `sha256:…` |
/// | `${DIGEST:alpine}` | what the tag points at: manifest or index |
/// | `${MANIFEST:golang@linux/arm64}` | the manifest for a platform |
/// | `${LAYER:redis#2}` | the second layer from below, compressed, 12 digits |
/// | `${BLOB:redis#2}` | the same in full |
/// | `${DIFF:redis#2}` | its diff ID in full |
/// | `${SHORT_DIFF:redis#2}` | its diff ID, 12 digits |
/// | `${CHAIN:redis#2}` | the chain ID up to it, in full |
/// | `${CREATED:alpine}` | when it was made, as its config has it |
/// | `${REGISTRY}` | host and port of the registry |
///
/// Without `@PLATFORM` they are those of the image for this machine.
#[derive(Clone, Debug, Default)]
pub struct Values {
    known: BTreeMap<String, String>,
    captured: BTreeMap<String, String>,
}

/// A piece of a text with signs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// Text, signs replaced by their values.
    Text(String),
    /// A name that has no value yet.
    Unbound(String),
}

impl Values {
    /// Those of all look-alikes.
    pub fn of(lookalikes: &Lookalikes) -> Values {
        let mut values = Values::default();
        for name in lookalikes.names() {
            let Some(built) = lookalikes.get(name) else { continue };
            let short = name.strip_suffix(":latest").unwrap_or(name);
            for name in [name, short] {
                values.set(&format!("DIGEST:{name}"), built.digest().as_str());
                let native = format!("linux/{}", architecture());
                if let Some(image) = built.for_platform(&native).or(built.images.first()) {
                    values.set_image(name, "", image);
                }
                for image in &built.images {
                    values.set_image(name, &format!("@{}", image.platform), image);
                }
            }
        }
        values
    }

    fn set_image(&mut self, name: &str, platform: &str, image: &BuiltImage) {
        let digest = image.id.digest();
        let config = spec::ImageConfig::parse(&image.config.bytes);
        let created = config.ok().and_then(|config| config.created()).map(|created| created.to_string());
        self.set(&format!("ID:{name}{platform}"), digest.short());
        self.set(&format!("IMAGE:{name}{platform}"), digest.as_str());
        self.set(&format!("MANIFEST:{name}{platform}"), image.manifest.digest().as_str());
        self.set(&format!("CREATED:{name}{platform}"), created.unwrap_or_default());
        let diff_ids: Vec<_> = image.layers.iter().map(|layer| layer.diff_id().clone()).collect();
        let chain_ids = ChainId::of_stack(&diff_ids);
        for ((layer, chain_id), number) in image.layers.iter().zip(&chain_ids).zip(1..) {
            let diff_id = layer.diff_id().digest();
            let mut put = |kind: &str, value: &str| {
                self.set(&format!("{kind}:{name}{platform}#{number}"), value);
            };
            put("LAYER", layer.digest().short());
            put("BLOB", layer.digest().as_str());
            put("DIFF", diff_id.as_str());
            put("SHORT_DIFF", diff_id.short());
            put("CHAIN", chain_id.digest().as_str());
        }
    }

    /// Sets what `${sign}` stands for.
    pub fn set(&mut self, sign: &str, value: impl Into<String>) {
        self.known.insert(sign.to_owned(), value.into());
    }

    /// What `${sign}` stands for.
    pub fn get(&self, sign: &str) -> Option<&str> {
        self.known.get(sign).map(String::as_str)
    }

    pub(crate) fn capture(&mut self, name: &str, value: &str) {
        self.captured.insert(name.to_owned(), value.to_owned());
    }

    /// A command with every sign replaced. What is no sign of ours is left to the shell.
    ///
    /// # Errors
    /// Names a sign without a value.
    pub(crate) fn fill(&self, text: &str) -> Result<String, String> {
        self.segments(text)?.into_iter().try_fold(String::new(), |filled, segment| match segment {
            Segment::Text(text) => Ok(filled + &text),
            Segment::Unbound(name) => Err(format!("nothing was captured as ${{={name}}} yet")),
        })
    }

    /// A text taken apart at captures that have no value yet.
    pub(crate) fn segments(&self, text: &str) -> Result<Vec<Segment>, String> {
        let mut segments = Vec::new();
        let mut current = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            current.push_str(before);
            rest = after;
            let sign = after.split_once('}').filter(|(sign, _)| is_sign(sign));
            let Some((sign, after)) = sign else {
                current.push_str("${");
                continue;
            };
            rest = after;
            let value = match sign.strip_prefix('=') {
                Some(name) => self.captured.get(name),
                None => Some(self.known.get(sign).ok_or_else(|| format!("nothing is known as ${{{sign}}}"))?),
            };
            if let Some(value) = value {
                current.push_str(value);
                continue;
            }
            segments.push(Segment::Text(std::mem::take(&mut current)));
            segments.push(Segment::Unbound(sign.trim_start_matches('=').to_owned()));
        }
        current.push_str(rest);
        segments.push(Segment::Text(current));
        Ok(segments)
    }

    /// The reverse: a line with signs in place of their values, the longest first and of equals the shortest
    /// sign.
    pub(crate) fn unfill(&self, line: &str) -> String {
        let mut signs: Vec<(&str, String)> = self
            .known
            .iter()
            .map(|(sign, value)| (value.as_str(), sign.clone()))
            .chain(self.captured.iter().map(|(name, value)| (value.as_str(), format!("={name}"))))
            .filter(|(value, _)| value.len() > 8)
            .collect();
        signs.sort_by_key(|(value, sign)| (usize::MAX - value.len(), sign.len()));
        signs.iter().fold(line.to_owned(), |line, (value, sign)| line.replace(value, &format!("${{{sign}}}")))
    }
}

/// Whether what stands in `${…}` is ours: `=name`, or begins with a capital and a colon follows, or `REGISTRY`.
fn is_sign(sign: &str) -> bool {
    let kind = sign.split(':').next().unwrap_or_default();
    let capitals = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    sign.starts_with('=') || (capitals && sign.contains(':')) || sign == "REGISTRY"
}

/// This machine's architecture in Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
