//! `overlay2`: each layer a directory, stacked by the kernel's overlay file system.
//!
//! A layer is stored once, whatever it is stacked on: whiteouts are 0:0 character devices, opaque directories
//! have `trusted.overlay.opaque`, and a link into a lower layer keeps its place with an empty file. What that
//! cannot say is settled for each stack by one small layer on top.
//!
//! ```text
//! layers/overlay2/<diff hex>/{meta.json, effects.json, diff/}
//! layers/overlay2/stacks/<chain hex>/{meta.json, diff/}
//! snapshots/overlay2/<key>/{snapshot.json, diff/, work/}         diff and work in active ones only
//! ```

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use disk::tree::{Follow, Tree, is_privileged};
use disk::{Dir, Trash};
use layer::{Policy, Whiteouts};
use rustix::io::Errno;
use spec::{ChainId, DiffId};

use crate::driver::{About, Changes, Driver, Incoming, Scratch, SnapshotFacts};
use crate::drivers::backing::{backing_file_system, supports_entry_types};
use crate::drivers::privileges::{is_first_user_namespace, privileges};
use crate::effects::Effects;
use crate::error::{Error, Result};
use crate::facts::{LayerFacts, Stored};
use crate::key::Key;
use crate::layers::{Layers, Trust};
use crate::mount::{Mount, MountOption, kernel_offers};
use crate::settle::{LayerTree, OPAQUE, Plan, copy_plain_metadata, is_opaque, parent_of};
use crate::snapshots::{Record, Snapshots, Wanted};
use crate::staged::{Place, Staged};

pub(crate) const NAME: &str = "overlay2";

/// The files of a layer, and what was changed in an active snapshot.
const DIFF: &str = "diff";
/// Where the kernel prepares changes of an active snapshot.
const WORK: &str = "work";

/// Directories that the kernel stacks (`OVL_MAX_STACK`), less one for what a stack needs besides its layers.
const LAYERS_MAX: usize = 499;

/// The driver.
#[derive(Debug)]
pub(crate) struct Overlay2 {
    about: About,
    layers: Layers,
    snapshots: Snapshots,
}

impl Overlay2 {
    /// Opens it where the kernel and the store's file system do what it takes.
    pub(crate) fn open(root: &Dir) -> Result<Overlay2> {
        let backing = backing_file_system(root)?;
        require(root, &backing)?;
        let status = vec![
            ("Backing Filesystem", backing),
            ("Supports d_type", supports_entry_types(root)?.to_string()),
            ("Using metacopy", "false".to_owned()),
            ("Native Overlay Diff", "true".to_owned()),
            ("userxattr", "false".to_owned()),
        ];
        Ok(Overlay2 {
            about: About { name: NAME, needs_parents: false, has_trees: true, status },
            layers: Layers::new(root, NAME, Trust::Files)?,
            snapshots: Snapshots::new(root, NAME)?,
        })
    }

    /// The directories of a stack, topmost first. The first one has the root directory's metadata.
    fn lower_directories(&self, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<PathBuf>> {
        let chain_id = ChainId::of(stack).ok_or(Error::EmptyStack)?;
        if stack.len() > LAYERS_MAX {
            return Err(Error::TooManyLayers { driver: NAME, found: stack.len(), max: LAYERS_MAX });
        }
        let layers = stack.iter().map(|diff_id| self.look_at(diff_id)).collect::<Result<Vec<_>>>()?;
        let visible = visible(&layers);
        // The kernel does not stack a single directory.
        let settling = match visible.len() {
            1 => Settling::Always,
            _ if layers.iter().any(|layer| layer.has_effects) => Settling::WhenNeeded,
            _ => return Ok(visible),
        };
        let folder = match self.layers.open_stack(&chain_id)? {
            Some(folder) => folder,
            None => self.settle(&chain_id, stack, settling, scratch)?,
        };
        let settled = folder.dir_if_exists(DIFF)?.map(|diff| diff.path().to_owned());
        Ok(settled.into_iter().chain(visible).collect())
    }

    /// Looks at a stored layer, without holding it open: there are hundreds in a stack.
    fn look_at<'s>(&self, diff_id: &'s DiffId) -> Result<Seen<'s>> {
        let folder = self.layers.open(diff_id)?;
        let files = folder.dir(DIFF)?;
        Ok(Seen {
            diff_id,
            path: files.path().to_owned(),
            is_opaque: is_opaque(&Tree::at(&files)?.folder(b"", Follow::Never)?)?,
            has_effects: Effects::exist(&folder)?,
        })
    }

    /// Makes the settling layer of a stack.
    fn settle(
        &self,
        chain_id: &ChainId,
        stack: &[DiffId],
        settling: Settling,
        scratch: &Scratch<'_>,
    ) -> Result<Dir> {
        let tree = |diff_id| LayerTree::open(&self.layers, diff_id, DIFF);
        let trees = stack.iter().map(tree).collect::<Result<Vec<_>>>()?;
        let mut plan = Plan::of(&trees)?;
        if settling == Settling::Always {
            plan.add_root(&trees)?;
        }
        let (place, folder) = Place::make(scratch)?;
        let disk_bytes = match plan.ops.is_empty() {
            true => 0,
            false => plan.make(&trees, &Tree::at(&folder.make_dir(DIFF)?)?)?,
        };
        self.layers.publish_stack(chain_id, &folder, &place, disk_bytes)
    }

    fn snapshot(&self, key: &Key, record: &Record, scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        let lower = self.lower_directories(&record.stack, scratch)?;
        let folder = match self.snapshots.want(key, record, scratch)? {
            Wanted::There(folder) => folder,
            Wanted::New(place, folder) => {
                if let (true, Some(top)) = (record.active, lower.first()) {
                    make_upper(top, &folder)?;
                }
                self.snapshots.publish(key, record, &place)?
            }
        };
        Ok(vec![overlay(lower, record.active.then(|| folder.path().to_owned()))])
    }
}

/// Whether a stack gets a settling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settling {
    /// When one of its layers has something to settle.
    WhenNeeded,
    /// In any case, so that there are two directories.
    Always,
}

/// What has to be known of a layer to stack it.
struct Seen<'s> {
    diff_id: &'s DiffId,
    /// Where its files are.
    path: PathBuf,
    /// Whether it hides everything below it.
    is_opaque: bool,
    /// Whether it does something that depends on the layers below.
    has_effects: bool,
}

/// Makes the directories of an active snapshot; the root of the upper one is that of the whole tree.
fn make_upper(top: &Path, folder: &Dir) -> Result<()> {
    folder.make_dir(WORK)?;
    let upper = Tree::at(&folder.make_dir(DIFF)?)?.folder(b"", Follow::Never)?;
    copy_plain_metadata(&Tree::open(top)?.folder(b"", Follow::Never)?, &upper)
}

impl Driver for Overlay2 {
    fn about(&self) -> &About {
        &self.about
    }

    fn ingest(&self, incoming: Incoming<'_>) -> Result<Staged> {
        let (place, folder) = Place::make(&incoming.scratch)?;
        let files = Tree::at(&folder.make_dir(DIFF)?)?;
        let policy =
            Policy { privileges: privileges(), whiteouts: Whiteouts::Overlay, limits: incoming.limits };
        let mut facts = layer::apply(incoming.tar, &files, &policy)?.facts;
        let effects = Effects::of(&mut facts);
        keep_places(&files, &effects)?;
        effects.write(&folder)?;
        self.layers.seal(&folder, LayerFacts::of(facts), place)
    }

    fn publish(&self, staged: Staged) -> Result<()> {
        self.layers.publish(&staged)
    }

    fn facts(&self, stack: &[DiffId]) -> Result<Option<LayerFacts>> {
        self.layers.facts_of_top(stack)
    }

    fn view(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        self.snapshot(key, &Record { stack: stack.to_vec(), active: false }, scratch)
    }

    fn prepare(&self, key: &Key, stack: &[DiffId], scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        self.snapshot(key, &Record { stack: stack.to_vec(), active: true }, scratch)
    }

    fn mounts(&self, key: &Key, scratch: &Scratch<'_>) -> Result<Vec<Mount>> {
        let (_, record) = self.snapshots.open(key)?;
        self.snapshot(key, &record, scratch)
    }

    fn changes(&self, key: &Key) -> Result<Changes> {
        let (folder, _) = self.snapshots.open_active(key)?;
        Ok(Changes::Upper(folder.dir(DIFF)?))
    }

    fn remove(&self, key: &Key, trash: &Trash) -> Result<bool> {
        self.snapshots.remove(key, trash)
    }

    fn walk(&self) -> Result<Vec<Stored>> {
        self.layers.walk()
    }

    fn snapshots(&self) -> Result<Vec<SnapshotFacts>> {
        self.snapshots.list()
    }

    fn graph_driver_data(&self, stack: &[DiffId]) -> Option<Vec<(&'static str, String)>> {
        let (top, below) = stack.split_last()?;
        let layer = self.layers.path(top);
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        let lower: Vec<String> =
            below.iter().rev().map(|diff_id| path(self.layers.path(diff_id).join(DIFF))).collect();
        let mut data = Vec::new();
        if !lower.is_empty() {
            data.push(("LowerDir", lower.join(":")));
        }
        data.push(("MergedDir", path(layer.join("merged"))));
        data.push(("UpperDir", path(layer.join(DIFF))));
        data.push(("WorkDir", path(layer.join(WORK))));
        Some(data)
    }
}

/// The layers that the kernel is given, topmost first.
///
/// It does not look at the mark of a layer's root, so what is below an opaque one is left out. And it takes no
/// layer twice: of one that comes again the lower is left out, since all that it brings and hides is brought
/// and hidden again above.
fn visible(layers: &[Seen<'_>]) -> Vec<PathBuf> {
    let mut known = HashSet::new();
    let mut visible = Vec::with_capacity(layers.len());
    for layer in layers.iter().rev() {
        if known.insert(layer.diff_id) {
            visible.push(layer.path.clone());
        }
        if layer.is_opaque {
            break;
        }
    }
    visible
}

/// Keeps the places of links into lower layers: what these have there must not be seen, whatever is put on top.
fn keep_places(files: &Tree, effects: &Effects) -> Result<()> {
    for link in &effects.links {
        let (folder, name) = parent_of(files, &link.path)?;
        let mtime = folder.own_stat()?.mtime;
        folder.create(name, 0)?;
        folder.set_mtime(mtime)?;
    }
    Ok(())
}

/// One overlay mount. Redirects and metadata-only copies are neither made nor followed: nothing in a layer
/// can lead the kernel elsewhere (TAR-22).
fn overlay(lower: Vec<PathBuf>, active: Option<PathBuf>) -> Mount {
    let mut options = vec![
        MountOption::Text("redirect_dir", "nofollow"),
        MountOption::Text("metacopy", "off"),
        MountOption::Text("index", "off"),
    ];
    options.extend(lower.into_iter().map(|path| MountOption::Path("lowerdir+", path)));
    let read_only = active.is_none();
    if let Some(folder) = active {
        options.push(MountOption::Path("upperdir", folder.join(DIFF)));
        options.push(MountOption::Path("workdir", folder.join(WORK)));
    }
    Mount { kind: "overlay", source: "overlay".into(), options, read_only, target: PathBuf::new() }
}

/// Refuses where it cannot work, without writing anything.
fn require(root: &Dir, backing: &str) -> Result<()> {
    let unavailable = |reason: &str| Err(Error::Unavailable { driver: NAME, reason: reason.to_owned() });
    if !kernel_offers("overlay") {
        return unavailable("this user may not mount overlay file systems, or the kernel has none");
    }
    if backing == "overlayfs" {
        return unavailable("the store lies on an overlay file system itself");
    }
    // In a user namespace one may mount, but not mark directories as opaque.
    match rustix::fs::fgetxattr(root.fd(), OPAQUE, &mut [0_u8; 1][..]) {
        Err(Errno::NOTSUP) => unavailable("the store's file system has no trusted extended attributes"),
        _ if !is_privileged() || !is_first_user_namespace() => {
            unavailable("this user may not write trusted extended attributes")
        }
        _ => Ok(()),
    }
}
