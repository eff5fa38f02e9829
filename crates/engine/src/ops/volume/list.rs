//! `volume ls`, and what volumes take.

use std::collections::{HashMap, HashSet};

use images::ImageStore;
use regex_lite::Regex;
use runner::record::{ContainerId, MountKind};
use runner::volumes::{LOCAL, Volume};

use super::{VolumeSummary, volumes_of};
use crate::engine::Engine;
use crate::error::Result;
use crate::filter::Filters;
use crate::ops::container::containers_of;

const KEYS: &[&str] = &["dangling", "name", "driver", "label"];

/// A request to list volumes.
#[derive(Clone, Debug, Default)]
pub struct ListVolumes {
    /// `dangling`, `driver`, `label`, `name`.
    pub filters: Filters,
}

/// A volume and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeUsage {
    /// The volume.
    pub volume: VolumeSummary,
    /// Bytes of its files.
    pub bytes: u64,
    /// Containers that refer to it, running or not.
    pub links: usize,
}

impl Engine {
    /// Lists volumes, by name.
    ///
    /// # Errors
    /// When a filter cannot be meant or a record cannot be read.
    pub fn volumes(&self, request: &ListVolumes) -> Result<Vec<VolumeSummary>> {
        let filters = &request.filters;
        filters.allow(KEYS)?;
        let dangling = filters.flag("dangling")?;
        let Some(store) = self.existing_store()? else { return Ok(Vec::new()) };
        let Some(volumes) = volumes_of(&store)? else { return Ok(Vec::new()) };
        let links = if dangling.is_some() { links(&store, &HashSet::new())? } else { HashMap::new() };
        let names = Names::of(filters);
        let fits = |volume: &Volume| {
            let driver = !filters.has("driver") || filters.values("driver").any(|driver| driver == LOCAL);
            let use_fits = dangling.is_none_or(|dangling| dangling != links.contains_key(&volume.name));
            driver && use_fits && names.fit(&volume.name) && filters.labels_match(volume.labels())
        };
        let listed = volumes.list()?.into_iter().filter(fits);
        Ok(listed.map(|volume| VolumeSummary::of(&volumes, volume)).collect())
    }

    /// What volumes take whose files are in the store, by name.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn volume_usage(&self) -> Result<Vec<VolumeUsage>> {
        let Some(store) = self.existing_store()? else { return Ok(Vec::new()) };
        let Some(volumes) = volumes_of(&store)? else { return Ok(Vec::new()) };
        let links = links(&store, &HashSet::new())?;
        let mut usage = Vec::new();
        for volume in volumes.list()?.into_iter().filter(|volume| volume.options.is_none()) {
            let bytes = volumes.size(&volume)?;
            let links = links.get(&volume.name).copied().unwrap_or(0);
            usage.push(VolumeUsage { volume: VolumeSummary::of(&volumes, volume), bytes, links });
        }
        Ok(usage)
    }
}

/// How many containers refer to each volume, running or not, but for those that are gone or will be.
pub(super) fn links(store: &ImageStore, gone: &HashSet<ContainerId>) -> Result<HashMap<String, usize>> {
    let mut links = HashMap::new();
    for found in containers_of(store)?.into_iter().filter(|found| !gone.contains(&found.container.id)) {
        let volumes = found.container.mounts.into_iter().filter(|mount| mount.kind == MountKind::Volume);
        let mut names: Vec<String> = volumes.map(|mount| mount.name).collect();
        names.sort();
        names.dedup();
        for name in names {
            *links.entry(name).or_insert(0) += 1;
        }
    }
    Ok(links)
}

/// Names that a filter takes: regular expressions that fit anywhere, as in Docker. What is none fits nothing.
pub(crate) struct Names {
    patterns: Option<Vec<Regex>>,
}

impl Names {
    pub(crate) fn of(filters: &Filters) -> Names {
        Names::of_key(filters, "name")
    }

    pub(crate) fn of_key(filters: &Filters, key: &str) -> Names {
        let patterns = || filters.values(key).filter_map(|pattern| Regex::new(pattern).ok()).collect();
        Names { patterns: filters.has(key).then(patterns) }
    }

    pub(crate) fn fit(&self, name: &str) -> bool {
        self.patterns.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| pattern.is_match(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_expressions() {
        let check = |patterns: &[&str], name: &str, expect: bool| {
            let filters = Filters::new(patterns.iter().map(|pattern| ("name", *pattern)));
            assert_eq!(Names::of(&filters).fit(name), expect, "{patterns:?} {name}");
        };
        check(&[], "data", true);
        check(&["at"], "data", true);
        check(&["^at"], "data", false);
        check(&["^d.ta$", "x"], "data", true);
        check(&["("], "data", false);
    }
}
