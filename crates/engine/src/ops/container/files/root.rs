//! A container's files, brought to where they can be worked on.

use std::path::Path;

use content::Lease;
use disk::Lock;
use disk::tree::{Follow, Tree};
use images::ImageStore;
use runner::network::Files;
use runner::oci::make_scaffold;
use runner::record::{Found, MountKind, MountPoint, Status};
use runner::volumes::Volumes;
use snapshot::{Key, Scratch};

use super::path::{clean, split};
use super::view::{Mount, View};
use crate::engine::Engine;
use crate::error::Result;
use crate::ops::container::hold;
use crate::ops::container::mounted::Mounted;
use crate::ops::container::mounts::view_key;

/// A container's files, for as long as this lives.
pub(in crate::ops::container) struct ContainerFiles {
    // In this order: what is open before what is mounted, what is mounted before the folders for it.
    pub(in crate::ops::container) view: View,
    _mounted: Vec<Mounted>,
    _lease: Lease,
    // Last: nobody else may mount the files before they are unmounted here.
    _rest: Option<Lock>,
}

/// Files of a container as they are brought together.
struct Bringing<'b> {
    engine: &'b Engine,
    store: &'b ImageStore,
    found: &'b Found,
    lease: &'b Lease,
    mounted: Vec<Mounted>,
    rest: Option<Lock>,
}

impl Engine {
    /// Brings a container's files to where they can be worked on, with what is mounted in it or without.
    pub(in crate::ops::container) fn container_files(
        &self,
        found: &Found,
        with_mounts: bool,
    ) -> Result<ContainerFiles> {
        let store = self.store()?;
        let lease = store.content().lease()?;
        let mut bringing =
            Bringing { engine: self, store: &store, found, lease: &lease, mounted: Vec::new(), rest: None };
        let root = bringing.root()?;
        let mounts = if with_mounts { bringing.mounts()? } else { Vec::new() };
        let root_writable = !found.container.host_config.readonly_rootfs;
        let (_mounted, _rest) = (bringing.mounted, bringing.rest);
        Ok(ContainerFiles { view: View { root, root_writable, mounts }, _mounted, _lease: lease, _rest })
    }
}

impl Bringing<'_> {
    /// The root: where its monitor has mounted it, else mounted here.
    fn root(&mut self) -> Result<Tree> {
        let name = self.lease.fresh_name();
        let scratch = Scratch { dir: self.lease.scratch(), name: &name };
        let mounts = match self.engine.hold_files(self.store, self.found, &scratch)? {
            hold::Files::Mounted(running) => return Ok(Tree::at(&running)?),
            hold::Files::At(mounts, rest) => {
                self.rest = rest;
                mounts
            }
        };
        let path = self.show(mounts)?;
        if self.found.state.status == Status::Created {
            make_scaffold(&path)?;
        }
        Ok(Tree::open(&path)?)
    }

    fn snapshot(&mut self, key: &Key) -> Result<std::path::PathBuf> {
        let name = self.lease.fresh_name();
        let scratch = Scratch { dir: self.lease.scratch(), name: &name };
        self.show(self.store.driver().mounts(key, &scratch)?)
    }

    fn show(&mut self, mounts: Vec<snapshot::Mount>) -> Result<std::path::PathBuf> {
        let at = self.lease.scratch().ensure_dir(self.lease.fresh_name())?;
        let mounted = Mounted::new(mounts, at.path())?;
        let path = mounted.path().to_owned();
        self.mounted.push(mounted);
        Ok(path)
    }

    /// What is mounted in it. Memory is left out, as in Docker: only the container's own processes have it.
    fn mounts(&mut self) -> Result<Vec<Mount>> {
        let mut mounts = Vec::new();
        let (found, mut images) = (self.found, 0);
        for point in &found.container.mounts {
            let opened = match point.kind {
                MountKind::Tmpfs => None,
                MountKind::Bind => open(Path::new(&point.source))?,
                MountKind::Volume => self.volume(point)?,
                MountKind::Image => {
                    images += 1;
                    self.image(point, images - 1)?
                }
            };
            mounts.extend(opened.map(|(tree, file)| mount(&point.destination, tree, file, point.rw)));
        }
        let own = Files::of(&found.dir()?);
        for (at, file) in [
            ("/etc/hosts", own.hosts),
            ("/etc/resolv.conf", own.resolv_conf),
            ("/etc/hostname", own.hostname),
        ] {
            let is_taken = found.container.mounts.iter().any(|point| point.destination == at);
            if !is_taken && let Some((tree, file)) = open(&file)? {
                mounts.push(mount(at, tree, file, !found.container.host_config.readonly_rootfs));
            }
        }
        Ok(mounts)
    }

    /// A volume, or a folder of it that is looked for inside.
    fn volume(&self, point: &MountPoint) -> Result<Option<(Tree, Vec<u8>)>> {
        let Some(volumes) = Volumes::open_existing(self.store.content().root())? else { return Ok(None) };
        open_below(&volumes.data_path(&point.name), &point.source)
    }

    /// An image's files: where its monitor has mounted them, else mounted here.
    fn image(&mut self, point: &MountPoint, number: usize) -> Result<Option<(Tree, Vec<u8>)>> {
        let id = &self.found.container.id;
        let folder = self.engine.run_dir().container(id).join(format!("image-{number}"));
        let inner = Path::new(&point.source).strip_prefix(&folder).unwrap_or(Path::new("")).to_owned();
        let base = match snapshot::is_mount_point(&folder)? {
            true => folder,
            false => self.snapshot(&view_key(id, number))?,
        };
        open_below(&base, &base.join(inner).display().to_string())
    }
}

fn mount(at: &str, tree: Tree, file: Vec<u8>, writable: bool) -> Mount {
    Mount { at: clean(at.as_bytes()), tree, file, writable }
}

/// A folder or a file of this machine; nothing when it is not there any more.
fn open(path: &Path) -> Result<Option<(Tree, Vec<u8>)>> {
    use std::os::unix::ffi::OsStrExt;
    if path.is_dir() {
        return Ok(Some((Tree::open(path)?, Vec::new())));
    }
    // A link that a bind goes through is the administrator's.
    let Ok(real) = std::fs::canonicalize(path) else { return Ok(None) };
    let clean = clean(real.as_os_str().as_bytes());
    let Some((_, name)) = split(&clean) else { return Ok(None) };
    let Some(parent) = real.parent() else { return Ok(None) };
    Ok(Some((Tree::open(parent)?, name.to_vec())))
}

/// What is at a path in a folder whose links are a container's: they are followed inside.
fn open_below(base: &Path, path: &str) -> Result<Option<(Tree, Vec<u8>)>> {
    use std::os::unix::ffi::OsStrExt;
    if !base.is_dir() {
        return Ok(None);
    }
    let inner = Path::new(path).strip_prefix(base).unwrap_or(Path::new(""));
    let tree = Tree::open(base)?;
    let view = View::plain(tree);
    let Ok(found) = view.find(inner.as_os_str().as_bytes(), true) else { return Ok(None) };
    let Some(stat) = found.stat else { return Ok(None) };
    if stat.kind == disk::tree::FileKind::Dir {
        return Ok(Some((view.root.folder(&found.path, Follow::Never)?.tree()?, Vec::new())));
    }
    let (folder, name) = split(&found.path).unwrap_or_default();
    Ok(Some((view.root.folder(folder, Follow::Never)?.tree()?, name.to_vec())))
}
