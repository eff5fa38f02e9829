//! A layer that was taken in but is not visible yet.

use disk::Dir;

use crate::driver::Scratch;
use crate::error::Result;
use crate::facts::LayerFacts;

/// A layer that a driver has taken in. Its digest is in the facts: who knows what it should be compares and
/// publishes; dropped instead, nothing of it remains.
#[derive(Debug)]
#[must_use = "a staged layer that is not published is discarded"]
pub struct Staged {
    /// What was found out on the way.
    pub facts: LayerFacts,
    place: Place,
}

impl Staged {
    pub(crate) fn new(facts: LayerFacts, place: Place) -> Staged {
        Staged { facts, place }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }
}

/// A folder of our own in a lease's scratch space, removed on drop unless it was renamed away.
#[derive(Debug)]
pub(crate) struct Place {
    parent: Dir,
    name: String,
}

impl Place {
    /// Makes the folder; what an earlier try left under the name goes first.
    pub(crate) fn make(scratch: &Scratch<'_>) -> Result<(Place, Dir)> {
        scratch.dir.remove_all(scratch.name)?;
        let folder = scratch.dir.make_dir(scratch.name)?;
        Ok((Place { parent: scratch.dir.try_clone()?, name: scratch.name.to_owned() }, folder))
    }

    /// Renames the folder to its final name; false when the name is taken.
    pub(crate) fn publish(&self, folder: &Dir, name: &str) -> Result<bool> {
        Ok(self.parent.rename_new(&self.name, folder, name)?)
    }

    pub(crate) fn parent(&self) -> &Dir {
        &self.parent
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // What cannot be removed now goes with the lease whose scratch space it is in.
        let _ = self.parent.remove_all(&self.name);
    }
}
