//! `volume prune`: volumes that no container refers to go.

use std::collections::HashSet;

use runner::record::{ContainerId, Containers};
use runner::volumes::{ANONYMOUS, Volume};

use super::list::links;
use super::volumes_of;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::filter::Filters;

const KEYS: &[&str] = &["label", "label!", "all"];

/// A request to remove unused volumes.
#[derive(Clone, Debug, Default)]
pub struct PruneVolumes {
    /// `label`, `label!`, `all`: also those that have a name.
    pub filters: Filters,
    /// Change nothing, only say what would go.
    pub dry_run: bool,
}

/// Volumes that were removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrunedVolumes {
    /// Their names.
    pub names: Vec<String>,
    /// Bytes of their files.
    pub bytes: u64,
}

impl Engine {
    /// Removes volumes that no container refers to, running or not: those without a name of their own, unless all are
    /// asked for. Volumes whose files are somewhere else stay: nothing would come back.
    ///
    /// # Errors
    /// When a filter cannot be meant or the store cannot be written.
    pub fn prune_volumes(&self, request: &PruneVolumes) -> Result<PrunedVolumes> {
        self.prune_volumes_after(request, &HashSet::new())
    }

    /// The same, as if these containers were gone.
    pub(crate) fn prune_volumes_after(
        &self,
        request: &PruneVolumes,
        gone: &HashSet<ContainerId>,
    ) -> Result<PrunedVolumes> {
        request.filters.allow(KEYS)?;
        let filters = if all(&request.filters)? {
            request.filters.clone()
        } else {
            request.filters.clone().with("label", ANONYMOUS)
        };
        let mut pruned = PrunedVolumes::default();
        let Some(store) = self.existing_store()? else { return Ok(pruned) };
        let Some(volumes) = volumes_of(&store)? else { return Ok(pruned) };
        let links = links(&store, gone)?;
        let containers = Containers::open_existing(store.content().root())?;
        let trash = store.content().trash()?;
        let goes = |volume: &Volume| {
            volume.options.is_none()
                && !links.contains_key(&volume.name)
                && filters.labels_match(volume.labels())
                && !filters.labels_excluded(volume.labels())
        };
        for volume in volumes.list()?.into_iter().filter(goes) {
            self.check_cancelled()?;
            let bytes = volumes.size(&volume)?;
            // One that is in use or gone by now is passed over.
            if request.dry_run || volumes.remove(&volume.name, containers.as_ref(), &trash).is_ok() {
                pruned.bytes += bytes;
                pruned.names.push(volume.name);
            }
        }
        trash.empty()?;
        Ok(pruned)
    }
}

/// Whether volumes with a name go as well.
fn all(filters: &Filters) -> Result<bool> {
    let values: Vec<&str> = filters.values("all").collect();
    match values[..] {
        [] => Ok(false),
        [value] => match value {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
            "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
            _ => Err(Error::invalid(format_args!(
                "invalid filter 'all': strconv.ParseBool: parsing {value:?}: invalid syntax"
            ))),
        },
        _ => Err(Error::invalid(format_args!(
            "invalid filter 'all=[{}]': only one value is expected",
            values.join(" ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_one_truth() {
        let check = |values: &[&str], expect: std::result::Result<bool, &str>| {
            let filters = Filters::new(values.iter().map(|value| ("all", *value)));
            assert_eq!(all(&filters).map_err(|e| e.to_string()), expect.map_err(str::to_owned));
        };
        check(&[], Ok(false));
        check(&["1"], Ok(true));
        check(&["False"], Ok(false));
        check(&["yes"], Err("invalid filter 'all': strconv.ParseBool: parsing \"yes\": invalid syntax"));
        check(&["1", "0"], Err("invalid filter 'all=[1 0]': only one value is expected"));
    }
}
