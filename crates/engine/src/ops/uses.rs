//! Who uses images, so that they cannot be removed: containers, and those who have mounted them.

use std::collections::{HashMap, HashSet};
use std::fmt;

use images::ImageStore;
use runner::record::{ContainerId, Found};
use spec::ImageId;

use crate::error::Result;
use crate::ops::container::{containers_of, readable_containers_of};
use crate::ops::mount;

/// Everything that uses an image.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    by_image: HashMap<ImageId, Vec<Use>>,
}

/// One user of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A container was made from it.
    Container {
        /// The container's short id.
        id: String,
        /// Whether it runs.
        running: bool,
    },
    /// It is mounted at this path.
    Mount(String),
}

impl Use {
    /// Whether not even force removes the image.
    pub(crate) fn is_hard(&self) -> bool {
        match self {
            Use::Container { running, .. } => *running,
            Use::Mount(_) => true,
        }
    }

    /// The user with what it does, as in `used by running container 0123456789ab`.
    pub(crate) fn in_full(&self) -> String {
        match self {
            Use::Container { running: true, .. } => format!("running {self}"),
            Use::Container { running: false, .. } => format!("stopped {self}"),
            Use::Mount(_) => self.to_string(),
        }
    }
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Use::Container { id, .. } => write!(f, "container {id}"),
            Use::Mount(path) => write!(f, "mount {path}"),
        }
    }
}

impl Uses {
    /// For lists: a container whose record cannot be read must not hide the images.
    pub(crate) fn read(store: &ImageStore) -> Result<Uses> {
        Uses::gather(store, readable_containers_of(store)?.0)
    }

    /// For removals: all of them, as if these containers were gone.
    pub(crate) fn read_without(store: &ImageStore, gone: &HashSet<ContainerId>) -> Result<Uses> {
        let mut containers = containers_of(store)?;
        containers.retain(|found| !gone.contains(&found.container.id));
        Uses::gather(store, containers)
    }

    fn gather(store: &ImageStore, containers: Vec<Found>) -> Result<Uses> {
        let mut uses = Uses::default();
        for found in containers {
            let container = found.container;
            let (id, running) = (container.id.short().to_owned(), found.state.status.is_running());
            uses.by_image.entry(container.image).or_default().push(Use::Container { id, running });
        }
        for mounted in mount::records(store)? {
            let path = mounted.target.display().to_string();
            uses.by_image.entry(mounted.image).or_default().push(Use::Mount(path));
        }
        Ok(uses)
    }

    pub(crate) fn count(&self, image: &ImageId) -> usize {
        self.of(image).len()
    }

    pub(crate) fn of(&self, image: &ImageId) -> &[Use] {
        self.by_image.get(image).map_or(&[], Vec::as_slice)
    }
}
