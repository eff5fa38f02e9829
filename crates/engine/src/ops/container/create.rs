//! `create`: a container from an image, not started yet.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use images::{Image, ImageStore};
use runner::record::{Config, Container, ContainerId, Containers, EndpointAsked, HostConfig};
use snapshot::{Key, Scratch};
use spec::{ImageId, Platform, PlatformMatcher};

use super::kernel::Kernel;
use super::{check, connections, merge, name};
use crate::engine::{Engine, entry_of};
use crate::error::{Error, ErrorKind, Result};
use crate::ops::history::check_platform;

/// A request to create a container: what the command line said, before the image's configuration is taken into
/// account.
#[derive(Clone, Debug, Default)]
pub struct CreateContainer {
    /// `--name`; one is made up when not given.
    pub name: Option<String>,
    /// The image as typed; also `config.image`.
    pub image: String,
    /// `--platform`.
    pub platform: Option<Platform>,
    /// What runs in it.
    pub config: Config,
    /// What it gets from this machine.
    pub host_config: HostConfig,
    /// What it asks of networks, by their names.
    pub networks: BTreeMap<String, EndpointAsked>,
}

/// When `run` and `create` pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// When the image is not here.
    #[default]
    Missing,
    /// Before each start.
    Always,
    /// Never.
    Never,
}

/// A container that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: ContainerId,
    /// What should be known about it.
    pub warnings: Vec<String>,
}

impl Engine {
    /// Creates a container.
    ///
    /// # Errors
    /// `No such image: …` when it has to be pulled first, `Conflict. The container name …` when the name is taken,
    /// and what of the request cannot be meant, in Docker's words. Nothing is left behind.
    pub fn create_container(&self, request: &CreateContainer) -> Result<Created> {
        request.name.as_deref().map_or(Ok(()), name::check)?;
        let (store, index, found) = self.store_and_index(&request.image)?;
        let image = store.image(entry_of(&index, &found)?)?;
        let platform = image.config.platform();
        check_platform(&request.image, &platform, request.platform.as_ref())?;
        check::processors(request.host_config.nano_cpus, self.host.cpus)?;
        check::storage(&request.host_config, store.driver().about().name)?;
        let mut fitted = request.clone();
        let mut warnings = Kernel::own().fit(&mut fitted.host_config);
        let request = &fitted;
        warnings.extend(check::settings(request, Kernel::own())?);
        warnings.extend(self.foreign_platform(&platform, request.platform.is_none()));
        let container = self.plan(request, &image, found.image)?;
        let lease = store.content().lease()?;
        let is_first_use = self.make_layers_ready(&store, &lease, &image)?;
        warnings.extend(self.others_are_root().filter(|_| is_first_use));
        // Layers are pinned now; had somebody removed the image before that, some could be gone.
        store.index()?.resolve(&request.image)?;
        let scratch_name = lease.fresh_name();
        let scratch = Scratch { dir: lease.scratch(), name: &scratch_name };
        let id = container.id.clone();
        self.publish(&store, container, &scratch)?;
        Ok(Created { id, warnings })
    }

    /// Writes a new container's id into a file.
    ///
    /// # Errors
    /// When there can be no such file.
    pub fn write_id(&self, id: &ContainerId, file: &Path) -> Result<()> {
        let failed = |error: disk::OutputError| {
            Error::invalid(format!("failed to create the container ID file: {error}"))
        };
        let mut output = disk::Output::create(file).map_err(failed)?;
        output.write_all(id.as_str().as_bytes()).map_err(|error| Error::invalid(error.to_string()))?;
        output.commit().map_err(failed)
    }

    /// The container as it will be recorded, but for its mounts and a name that is made up.
    fn plan(&self, request: &CreateContainer, image: &Image, image_id: ImageId) -> Result<Container> {
        let id = ContainerId::from_bytes(&disk::random_bytes());
        let platform = image.config.platform();
        let mut config = request.config.clone();
        merge::merge(&mut config, &image.config);
        let argv: Vec<String> = config.entrypoint.iter().chain(&config.cmd).flatten().cloned().collect();
        if argv.is_empty() {
            return Err(Error::invalid("no command specified"));
        }
        let mut host_config = request.host_config.clone();
        self.fill_in(&mut host_config)?;
        self.decide_links(&mut host_config)?;
        let networks = connections::endpoints(request)?;
        if config.hostname.is_empty() {
            config.hostname = match host_config.network_mode.as_str() {
                "host" => self.host.hostname.clone(),
                mode if mode.starts_with("container:") => String::new(),
                _ if host_config.uts_mode == "host" => self.host.hostname.clone(),
                _ => id.short().to_owned(),
            };
        }
        Ok(Container {
            name: request.name.clone().unwrap_or_default(),
            created: self.now(),
            image: image_id,
            stack: image.config.diff_ids().to_vec(),
            driver: String::new(),
            os: platform.os.clone(),
            architecture: platform.architecture.clone(),
            variant: platform.variant.clone(),
            argv,
            config,
            host_config,
            networks,
            mounts: Vec::new(),
            id,
        })
    }

    /// What was left open is decided: another container is named by its id, the network by its name.
    fn fill_in(&self, host: &mut HostConfig) -> Result<()> {
        if host.network_mode.is_empty() || host.network_mode == "default" {
            "bridge".clone_into(&mut host.network_mode);
        }
        if host.log_config.kind.is_empty() {
            "json-file".clone_into(&mut host.log_config.kind);
        }
        if host.restart_policy.name.is_empty() {
            "no".clone_into(&mut host.restart_policy.name);
        }
        for mode in [&mut host.network_mode, &mut host.pid_mode, &mut host.ipc_mode] {
            if let Some(other) = mode.strip_prefix("container:") {
                *mode = format!("container:{}", self.container(other)?.container.id);
            }
        }
        Ok(())
    }

    /// Prepares the container's files and makes it known, under a name that nobody else has.
    fn publish(&self, store: &ImageStore, mut container: Container, scratch: &Scratch<'_>) -> Result<()> {
        let driver = store.driver();
        driver.about().name.clone_into(&mut container.driver);
        let containers = Containers::open(store.content().root())?;
        // Looked at again below: here so that nothing is made for a name that is known to be taken.
        check_free(&containers, &container.name)?;
        let _changing = containers.changing()?;
        // Preparing may fail when the files have their name already: they go then as well.
        let prepared = driver.prepare(&key_of(&container.id), &container.stack, scratch).map_err(Error::from);
        let decided = prepared.and_then(|_| self.decide_mounts(store, &mut container));
        let published = decided.and_then(|decided| {
            let recorded = record(&containers, &mut container);
            if recorded.is_err() {
                self.forget_mounts(store, &container, decided);
            }
            recorded
        });
        published.inspect_err(|_| self.forget_files(store, &container.id))
    }

    /// Removes the files of a container that is not there, or not any more. What cannot be removed now is left for
    /// `fsck`: what went wrong before is what the user has to know.
    fn forget_files(&self, store: &ImageStore, id: &ContainerId) {
        let _ = store.content().trash().map_err(Error::from).and_then(|trash| {
            store.driver().remove(&key_of(id), &trash)?;
            Ok(trash.empty()?)
        });
    }

    /// Docker's warning where the image is of another platform than this machine.
    fn foreign_platform(&self, platform: &Platform, is_chosen_here: bool) -> Option<String> {
        let runs = PlatformMatcher::runnable_on(&self.host.platform).rank(platform).is_some();
        (!runs && is_chosen_here).then(|| {
            format!(
                "The requested image's platform ({platform}) does not match the detected host platform ({}) and no \
                 specific platform was requested",
                self.host.platform
            )
        })
    }
}

/// The snapshot of a container.
pub(crate) fn key_of(id: &ContainerId) -> Key {
    Key::parse(id.as_str()).unwrap_or_else(|| unreachable!("64 digits are a key"))
}

/// That a name is taken, in Docker's words.
fn taken(name: &str, holder: &ContainerId) -> Error {
    let text = format!(
        "Conflict. The container name \"/{name}\" is already in use by container \"{holder}\". You have to remove \
         (or rename) that container to be able to reuse that name."
    );
    Error::new(ErrorKind::Conflict, text)
}

/// Makes a container known, in one step with its name.
fn record(containers: &Containers, container: &mut Container) -> Result<()> {
    let _names = containers.lock_names()?;
    check_free(containers, &container.name)?;
    if container.name.is_empty() {
        container.name = free_name(containers)?;
    }
    containers.create(container, |_| Ok(()))?;
    Ok(())
}

pub(super) fn check_free(containers: &Containers, name: &str) -> Result<()> {
    if name.is_empty() {
        return Ok(());
    }
    containers.named(name)?.map_or(Ok(()), |holder| Err(taken(name, &holder)))
}

/// A name that nobody has. There are four thousand, and ten times as many with a digit.
fn free_name(containers: &Containers) -> Result<String> {
    let taken = containers.names()?;
    let mut made_up = (0..64).map(|attempt| name::made_up(disk::random_bytes(), attempt > 4));
    let none = "no name is free that could be made up; give one with --name";
    made_up.find(|name| !taken.contains(name)).ok_or_else(|| Error::new(ErrorKind::Conflict, none))
}
