//! Removing what nothing reaches any more: the last part of operations that remove images or refuse content.

use images::{ImageStore, Swept};
use runner::record::Found;

use crate::engine::Engine;
use crate::error::{ErrorKind, Result};
use crate::ops::container::containers_of;
use crate::ops::mount;

impl Engine {
    /// Removes what nothing reaches any more; views of an earlier boot, which nobody can see, go first.
    pub(crate) fn sweep(&self, store: &ImageStore) -> Result<Swept> {
        let boot = disk::boot_id();
        for (mounted, of) in mount::all_records(store)? {
            if of != boot {
                self.forget(store, &mounted)?;
            }
        }
        keep_layers_of_containers(store)?;
        Ok(store.sweep()?)
    }

    /// What was refused for its content leaves nothing behind.
    pub(crate) fn sweep_refused<T>(&self, store: &ImageStore, result: Result<T>) -> Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Corrupt) {
            // The refusal is what the user has to hear of; what stays now goes with the next sweep.
            let _ = self.sweep(store);
        }
        result
    }
}

/// Layers can be made again from blobs, and so are not made durable when they come. Of an image that is gone from under
/// a container the blobs go, too: what the container stands on must outlive the machine's restart from then on.
fn keep_layers_of_containers(store: &ImageStore) -> Result<()> {
    let index = store.index()?;
    let has_image = |found: &Found| index.of_image(&found.container.image).next().is_some();
    if !containers_of(store)?.iter().all(has_image) {
        snapshot::sync(store.driver())?;
    }
    Ok(())
}
