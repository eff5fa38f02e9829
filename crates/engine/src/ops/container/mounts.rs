//! A container's mounts, decided: which volumes are made for it, and where everything comes from.

use std::collections::BTreeSet;
use std::path::Path;

use disk::Lock;
use images::ImageStore;
use runner::record::{Container, ContainerId, Containers, MountAsked, MountKind, MountPoint};
use runner::volumes::{LOCAL, VolumeAsked, Volumes};
use snapshot::{Key, Scratch};

use super::binds::{self, Bind};
use super::create::key_of;
use super::mounted::Mounted;
use crate::engine::{Engine, entry_of};
use crate::error::{Error, Result};

/// What was decided and made for a container that is not recorded yet.
pub(super) struct Decided {
    /// Volumes that were made.
    made: Vec<String>,
    /// Keeps volumes from being removed until the container is recorded.
    _keep: Lock,
}

/// A container's mounts as they are decided one after the other.
struct Deciding<'d> {
    engine: &'d Engine,
    store: &'d ImageStore,
    volumes: Volumes,
    id: ContainerId,
    mounts: Vec<MountPoint>,
    taken: BTreeSet<String>,
    made: Vec<String>,
    /// Volumes that the image's files are copied into, with the places of those.
    to_fill: Vec<(String, String)>,
}

impl Engine {
    /// Decides a container's mounts and makes the volumes that are missing. The container's snapshot is there.
    pub(super) fn decide_mounts(&self, store: &ImageStore, container: &mut Container) -> Result<Decided> {
        let volumes = Volumes::open(store.content().root())?;
        let keep = volumes.keep()?;
        let (taken, mounts) = (BTreeSet::new(), Vec::new());
        let (made, to_fill, id) = (Vec::new(), Vec::new(), container.id.clone());
        let mut deciding = Deciding { engine: self, store, volumes, id, mounts, taken, made, to_fill };
        let decided = deciding.decide(container).and_then(|()| deciding.fill());
        container.mounts = std::mem::take(&mut deciding.mounts);
        let decided_for = Decided { made: std::mem::take(&mut deciding.made), _keep: keep };
        match decided {
            Ok(()) => Ok(decided_for),
            Err(error) => {
                self.forget_mounts(store, container, decided_for);
                Err(error)
            }
        }
    }

    /// Removes what was made for a container that is not to be. What cannot be removed stays a volume that nobody
    /// uses: what went wrong before is what the user has to know.
    pub(super) fn forget_mounts(&self, store: &ImageStore, container: &Container, decided: Decided) {
        let Decided { made, _keep } = decided;
        drop(_keep);
        let _ = forget_image_views(store, container);
        let _ = remove_volumes(store, made.iter().map(String::as_str));
    }

    /// Removes what goes with a container: views of images, and with `volumes` the volumes that were made for it and
    /// have no name of their own, unless others use them.
    pub(super) fn remove_mounts(
        &self,
        store: &ImageStore,
        container: &Container,
        volumes: bool,
    ) -> Result<()> {
        forget_image_views(store, container)?;
        if volumes {
            let own = container.mounts.iter().filter(|mount| mount.anonymous);
            remove_volumes(store, own.map(|mount| mount.name.as_str()))?;
        }
        Ok(())
    }
}

fn remove_volumes<'n>(store: &ImageStore, names: impl Iterator<Item = &'n str>) -> Result<()> {
    let root = store.content().root();
    let Some(volumes) = Volumes::open_existing(root)? else { return Ok(()) };
    let containers = Containers::open_existing(root)?;
    let trash = store.content().trash()?;
    for name in names {
        // In use, or gone already: then it is not ours to remove.
        let _ = volumes.remove(name, containers.as_ref(), &trash);
    }
    Ok(trash.empty()?)
}

fn forget_image_views(store: &ImageStore, container: &Container) -> Result<()> {
    let trash = store.content().trash()?;
    for number in 0..image_mounts(container).count() {
        store.driver().remove(&view_key(&container.id, number), &trash)?;
    }
    Ok(trash.empty()?)
}

/// The mounts of a container that are images' files.
pub(super) fn image_mounts(container: &Container) -> impl Iterator<Item = &MountPoint> {
    container.mounts.iter().filter(|mount| mount.kind == MountKind::Image)
}

/// The view behind a mount of an image.
pub(super) fn view_key(id: &ContainerId, number: usize) -> Key {
    let text = format!("{id}-image-{number}");
    Key::parse(&text).unwrap_or_else(|| unreachable!("{text} is a key"))
}

/// Docker's word for a kind of mount.
pub(super) fn word(kind: MountKind) -> &'static str {
    match kind {
        MountKind::Bind => "bind",
        MountKind::Volume => "volume",
        MountKind::Tmpfs => "tmpfs",
        MountKind::Image => "image",
    }
}

impl Deciding<'_> {
    /// In Docker's order: of other containers, `-v`, `--mount`, and what the image wants.
    fn decide(&mut self, container: &Container) -> Result<()> {
        for other in &container.host_config.volumes_from {
            self.of_another(other)?;
        }
        for text in &container.host_config.binds {
            self.bind(text, &container.host_config.volume_driver)?;
        }
        for asked in &container.host_config.mounts {
            self.mount(asked)?;
        }
        for target in container.host_config.tmpfs.keys() {
            self.taken.insert(binds::clean(target));
        }
        for target in &container.config.volumes {
            let destination = binds::destination(target, MountKind::Volume, target)?;
            if !self.taken.contains(&destination) {
                let driver = container.host_config.volume_driver.clone();
                let asked = VolumeAsked { driver, ..VolumeAsked::default() };
                self.volume(&asked, MountPoint { destination, rw: true, ..volume() }, true)?;
            }
        }
        Ok(())
    }

    /// A place can be taken once; later ones of another container's give way.
    fn add(&mut self, mount: MountPoint) -> Result<()> {
        if !self.taken.insert(mount.destination.clone()) {
            return Err(Error::invalid(format!("Duplicate mount point: {}", mount.destination)));
        }
        self.mounts.push(mount);
        Ok(())
    }

    fn of_another(&mut self, text: &str) -> Result<()> {
        let (name, mode) = text.split_once(':').unwrap_or((text, ""));
        let read_only = match mode {
            "" | "rw" | "z" | "Z" => false,
            "ro" => true,
            _ => return Err(Error::invalid(format!("invalid mode: {mode}"))),
        };
        let other = self.engine.container(name)?;
        for mount in other.container.mounts.into_iter().filter(|mount| mount.kind != MountKind::Image) {
            let rw = mount.rw && !read_only;
            self.add(MountPoint { rw, anonymous: false, ..mount })?;
        }
        Ok(())
    }

    fn bind(&mut self, text: &str, driver: &str) -> Result<()> {
        let Bind { source, mount, no_copy } = binds::parse(text)?;
        match mount.kind {
            MountKind::Bind => self.folder(&source, true, mount),
            _ => {
                let asked = VolumeAsked { name: source, driver: driver.to_owned(), ..VolumeAsked::default() };
                self.volume(&asked, MountPoint { driver: LOCAL.to_owned(), ..mount }, !no_copy)
            }
        }
    }

    fn mount(&mut self, asked: &MountAsked) -> Result<()> {
        let refuse = |text: &str| {
            Err(Error::invalid(format!("invalid mount config for type \"{}\": {text}", word(asked.kind))))
        };
        if asked.target.is_empty() {
            return refuse("field Target must not be empty");
        }
        if !asked.target.starts_with('/') {
            return refuse(&format!("invalid mount path: '{}' mount path must be absolute", asked.target));
        }
        let destination = binds::clean(&asked.target);
        if destination == "/" {
            return refuse("invalid specification: destination can't be '/'");
        }
        let rw = !asked.read_only;
        let mount = MountPoint { kind: asked.kind, destination, rw, ..MountPoint::default() };
        match asked.kind {
            MountKind::Bind | MountKind::Image if asked.source.is_empty() => {
                refuse("field Source must not be empty")
            }
            MountKind::Tmpfs if !asked.source.is_empty() => refuse("field Source must not be specified"),
            MountKind::Volume if asked.source.is_empty() && asked.read_only => {
                refuse("must not set ReadOnly mode when using anonymous volumes")
            }
            MountKind::Bind if !asked.source.starts_with('/') => {
                refuse(&format!("invalid mount path: '{}' mount path must be absolute", asked.source))
            }
            MountKind::Bind => {
                let propagation = if asked.propagation.is_empty() { "rprivate" } else { &asked.propagation };
                let mount = MountPoint {
                    propagation: propagation.to_owned(),
                    non_recursive: asked.non_recursive,
                    ..mount
                };
                self.folder(&asked.source, asked.create_mountpoint, mount)
            }
            MountKind::Volume => {
                let wanted = VolumeAsked {
                    name: asked.source.clone(),
                    driver: asked.driver.clone(),
                    labels: asked.labels.clone(),
                    options: asked.driver_options.clone(),
                };
                let mount = MountPoint { driver: LOCAL.to_owned(), mode: "z".to_owned(), ..mount };
                self.volume(&wanted, mount, !asked.no_copy)?;
                self.below(&asked.subpath)
            }
            MountKind::Tmpfs => self.add(MountPoint { mode: tmpfs_options(asked), ..mount }),
            MountKind::Image => {
                self.image(&asked.source, mount)?;
                self.below(&asked.subpath)
            }
        }
    }

    /// A folder or file of this machine.
    fn folder(&mut self, source: &str, create: bool, mount: MountPoint) -> Result<()> {
        let source = binds::clean(source);
        if !Path::new(&source).exists() {
            if !create {
                return Err(Error::invalid(format!(
                    "invalid mount config for type \"bind\": bind source path does not exist: {source}"
                )));
            }
            disk::create_folders(Path::new(&source))?;
        }
        self.add(MountPoint { source, ..mount })
    }

    fn volume(&mut self, asked: &VolumeAsked, mount: MountPoint, copies: bool) -> Result<()> {
        let is_new = asked.name.is_empty() || self.volumes.get(&asked.name).is_err();
        let volume = self.volumes.create(asked, self.engine.now())?;
        if is_new {
            self.made.push(volume.name.clone());
        }
        if copies && mount.rw {
            self.to_fill.push((volume.name.clone(), mount.destination.clone()));
        }
        let source = self.volumes.data_path(&volume.name).display().to_string();
        let anonymous = asked.name.is_empty();
        self.add(MountPoint { source, anonymous, name: volume.name, ..mount })
    }

    /// An image's files, below the container's run folder while it runs.
    fn image(&mut self, text: &str, mount: MountPoint) -> Result<()> {
        let (index, driver) = (self.store.index()?, self.store.driver());
        let found = index.resolve(text)?;
        let image = self.store.image(entry_of(&index, &found)?)?;
        let lease = self.store.content().lease()?;
        self.engine.make_layers_ready(self.store, &lease, &image)?;
        let number = self.mounts.iter().filter(|mount| mount.kind == MountKind::Image).count();
        let name = lease.fresh_name();
        let scratch = Scratch { dir: lease.scratch(), name: &name };
        driver.view(&view_key(&self.id, number), image.config.diff_ids(), &scratch)?;
        let folder = self.engine.run_dir().container(&self.id).join(format!("image-{number}"));
        self.add(MountPoint {
            source: folder.display().to_string(),
            name: text.to_owned(),
            rw: false,
            ..mount
        })
    }

    /// The last mount shows only what is below a path of its source.
    fn below(&mut self, subpath: &str) -> Result<()> {
        if subpath.is_empty() {
            return Ok(());
        }
        if subpath.starts_with('/') || subpath.split('/').any(|part| part == "..") {
            return Err(Error::invalid(format!(
                "subpath {subpath} must be a relative path within the volume"
            )));
        }
        if let Some(last) = self.mounts.last_mut() {
            last.source = format!("{}{}", last.source, binds::clean(subpath));
        }
        Ok(())
    }

    /// Copies the image's files into volumes that are empty.
    fn fill(&mut self) -> Result<()> {
        if self.to_fill.is_empty() {
            return Ok(());
        }
        let lease = self.store.content().lease()?;
        let name = lease.fresh_name();
        let scratch = Scratch { dir: lease.scratch(), name: &name };
        let mounts = self.store.driver().mounts(&key_of(&self.id), &scratch)?;
        let at = lease.scratch().ensure_dir(lease.fresh_name())?;
        let mounted = Mounted::new(mounts, at.path())?;
        let tree = disk::tree::Tree::open(mounted.path())?;
        for (volume, path) in std::mem::take(&mut self.to_fill) {
            self.volumes.copy_up(&volume, &tree, Path::new(&path))?;
        }
        Ok(())
    }
}

fn volume() -> MountPoint {
    MountPoint { kind: MountKind::Volume, driver: LOCAL.to_owned(), ..MountPoint::default() }
}

fn tmpfs_options(asked: &MountAsked) -> String {
    let size = (asked.tmpfs_size > 0).then(|| format!("size={}", asked.tmpfs_size));
    let mode = (asked.tmpfs_mode != 0).then(|| format!("mode={:o}", asked.tmpfs_mode));
    size.into_iter().chain(mode).collect::<Vec<_>>().join(",")
}
