//! Repositories of the same registry that hold a layer already, as far as is known here.

use std::collections::{HashMap, HashSet};

use images::{ImageStore, Index};
use spec::{Digest, Reference};

/// Layers, each with a repository (its path) that it can be mounted from.
pub(super) type Mounts = HashMap<Digest, String>;

/// Finds repositories for layers: those whose digest references stand for images with them, because such an image
/// was pulled from there or pushed to there. The likest name is taken, and of several the latest.
pub(super) fn find(store: &ImageStore, index: &Index, into: &Reference, layers: &HashSet<&Digest>) -> Mounts {
    let mut found: HashMap<Digest, (usize, String)> = HashMap::new();
    let mut seen = HashSet::new();
    for entry in index.entries() {
        let Some(from) = entry.repo_digest().filter(|from| from.domain() == into.domain()) else { continue };
        if from.path() == into.path() {
            continue;
        }
        let likeness = likeness(from.path(), into.path());
        for manifest in &entry.manifests {
            if !seen.insert((from.path().to_owned(), manifest)) {
                continue;
            }
            // A candidate is only a guess: what cannot be read gives none.
            let Ok(manifest) = store.manifest(manifest) else { continue };
            for layer in manifest.layers.iter().filter(|layer| layers.contains(&layer.digest)) {
                let known = found.get(&layer.digest);
                if known.is_none_or(|(other, _)| *other <= likeness) {
                    found.insert(layer.digest.clone(), (likeness, from.path().to_owned()));
                }
            }
        }
    }
    found.into_iter().map(|(digest, (_, path))| (digest, path)).collect()
}

/// Parts at the beginning that two paths have in common.
fn likeness(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(a, b)| a == b).count()
}
