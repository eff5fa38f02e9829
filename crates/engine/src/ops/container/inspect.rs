//! `container inspect`: everything that is known of a container.

use std::collections::BTreeMap;
use std::path::PathBuf;

use images::ImageStore;
use runner::network::{Files, network_id};
use runner::oci::{MASKED, READ_ONLY};
use runner::record::{Attached, Container, Found, HostConfig, State};
use runner::runtime::usual_name;
use snapshot::{Changes, Key};

use super::list::networks;
use super::size::ContainerSize;
use crate::engine::Engine;
use crate::error::Result;

/// A container, in full.
#[derive(Clone, Debug)]
pub struct InspectedContainer {
    /// As it was created.
    pub container: Container,
    /// What is so of it now.
    pub state: State,
    /// Its files about names, once it was started.
    pub files: Option<Files>,
    /// Where its output is kept, once it was started and if it is.
    pub log: Option<PathBuf>,
    /// Where the driver keeps its files: names and values in order, if the driver has any.
    pub driver_data: Option<Vec<(&'static str, String)>>,
    /// What its files take, where that was asked for.
    pub size: Option<ContainerSize>,
    /// Its places in networks, those it will have again when it starts included.
    pub networks: BTreeMap<String, Attached>,
    /// Which containers it knows by other names: `/db:/web/alias`.
    pub links: Vec<String>,
    /// What of the kernel's files it cannot see and what it cannot change; nothing where nobody asks.
    pub kept_from: Option<KeptFrom>,
    /// The runtime that it has or will have; empty where there is none.
    pub runtime: String,
    /// Whether this machine has only cgroups of version 2.
    pub is_unified: bool,
}

/// Files of the kernel that a container does not get.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptFrom {
    /// It cannot see them.
    pub masked: Vec<String>,
    /// It cannot change them.
    pub read_only: Vec<String>,
}

impl KeptFrom {
    /// What a privileged container is not asked about, and others may be given.
    fn of(host: &HostConfig) -> Option<KeptFrom> {
        if host.privileged {
            return None;
        }
        let usual = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        Some(KeptFrom {
            masked: host.masked_paths.clone().unwrap_or_else(|| usual(&MASKED)),
            read_only: host.readonly_paths.clone().unwrap_or_else(|| usual(&READ_ONLY)),
        })
    }
}

impl Engine {
    /// Everything that is known of a container; its files are measured when `size` is asked for.
    ///
    /// # Errors
    /// When there is no such container, or a record cannot be read.
    pub fn inspect_container(&self, text: &str, size: bool) -> Result<InspectedContainer> {
        let found = self.container(text)?;
        let (store, dir) = (self.store()?, found.dir()?);
        let was_started = found.state.started_at.is_some();
        let keeps_log = was_started && found.container.host_config.log_config.kind != "none";
        let log = keeps_log.then(|| dir.join(format!("{}-json.log", found.container.id)));
        let networks = networks(&found).into_iter().map(|name| self.place(&found, name)).collect();
        Ok(InspectedContainer {
            files: was_started.then(|| Files::of(&dir)),
            log,
            driver_data: self.driver_data(&store, &found.container)?,
            size: size.then(|| self.container_size(&store, &found)).transpose()?,
            networks,
            links: self.links_of(&found.container),
            kept_from: KeptFrom::of(&found.container.host_config),
            runtime: self.runtime_of(&found),
            is_unified: self.host.cgroup_version == 2,
            container: found.container,
            state: found.state,
        })
    }

    /// The runtime by its name: that which was asked for, that which started it, else that which would.
    fn runtime_of(&self, found: &Found) -> String {
        let asked = &found.container.host_config.runtime;
        if !asked.is_empty() {
            return asked.clone();
        }
        match found.state.runtime.rsplit('/').next().filter(|name| !name.is_empty()) {
            Some(name) => name.to_owned(),
            None => usual_name(self.settings.inputs.path.as_deref()).unwrap_or_default().to_owned(),
        }
    }

    /// Links to containers that are still there.
    fn links_of(&self, container: &Container) -> Vec<String> {
        let linked = container.host_config.linked();
        let known = linked.filter_map(|(id, alias)| Some((self.container(id.as_str()).ok()?, alias)));
        known.map(|(other, alias)| format!("/{}:/{}/{alias}", other.container.name, container.name)).collect()
    }

    /// A container's place in a network; of one that does not run only the network is known.
    fn place(&self, found: &Found, name: String) -> (String, Attached) {
        let known = found.state.network.networks.get(&name);
        let mut place = known.cloned().unwrap_or_default();
        if place.network_id.is_empty() && found.state.started_at.is_some() {
            place.network_id = network_id(&self.settings.root.value, &name);
        }
        (name, place)
    }

    /// The folders of a container whose changes are a folder of their own.
    fn driver_data(
        &self,
        store: &ImageStore,
        container: &Container,
    ) -> Result<Option<Vec<(&'static str, String)>>> {
        let Some(of_image) = store.driver().graph_driver_data(&container.stack) else { return Ok(None) };
        let Some(key) = Key::parse(container.id.as_str()) else { return Ok(None) };
        let upper = match store.driver().changes(&key) {
            Ok(Changes::Upper(upper)) => upper,
            Ok(Changes::Compare { .. }) | Err(snapshot::Error::SnapshotMissing(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let of =
            |wanted: &str| of_image.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.clone());
        let lower: Vec<String> = ["UpperDir", "LowerDir"].into_iter().filter_map(of).collect();
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        Ok(Some(vec![
            ("LowerDir", lower.join(":")),
            ("MergedDir", path(self.run_dir().rootfs(&container.id))),
            ("UpperDir", path(upper.path().to_owned())),
            ("WorkDir", path(upper.path().with_file_name("work"))),
        ]))
    }
}
