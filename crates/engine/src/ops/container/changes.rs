//! What a container changed: `diff`, and what `commit` makes a layer of.

use disk::tree::{FileKind, Stat, Tree};
use disk::{Dir, Lock};
use images::ImageStore;
use layer::diff::{Change, Trees, compare};
use runner::oci::SCAFFOLD;
use runner::record::Found;
use snapshot::{Changes, Key, Mount, Scratch};

use super::create::key_of;
use super::hold::Files;
use super::mounted::Mounted;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// A container's files as they are and as they were in its image, for a moment.
pub(super) struct Compared<'s> {
    store: &'s ImageStore,
    now: Now,
    before: Option<Mounted>,
    touched: Option<Tree>,
    view: Key,
    // Last: nobody else may mount the files before they are unmounted here.
    _rest: Option<Lock>,
}

/// A container's files as they are.
enum Now {
    /// Its monitor has mounted them.
    Running(Dir),
    /// They are mounted here.
    Here(Mounted),
}

impl Engine {
    /// What was changed in a container's files since it was created, by path.
    ///
    /// # Errors
    /// When there is no such container, or its files cannot be read.
    pub fn container_changes(&self, text: &str) -> Result<Vec<Change>> {
        let found = self.container(text)?;
        let store = self.store()?;
        let lease = store.content().lease()?;
        let compared = self.compare(&store, &lease, &found)?;
        compared.changes()
    }

    /// Shows a container's files and those of its image. Nothing of it stays when the result is dropped.
    pub(super) fn compare<'s>(
        &self,
        store: &'s ImageStore,
        lease: &content::Lease,
        found: &Found,
    ) -> Result<Compared<'s>> {
        let (id, driver) = (&found.container.id, store.driver());
        let name = lease.fresh_name();
        let scratch = Scratch { dir: lease.scratch(), name: &name };
        let view = view_key(&lease.fresh_name());
        let (now, rest) = match self.hold_files(store, found, &scratch)? {
            Files::Mounted(dir) => (Now::Running(dir), None),
            Files::At(mounts, rest) => (Now::Here(show(mounts, lease)?), rest),
        };
        let before = driver.view(&view, &found.container.stack, &scratch)?;
        let touched = match driver.changes(&key_of(id))? {
            Changes::Upper(dir) => Some(Tree::at(&dir)?),
            Changes::Compare { .. } => None,
        };
        // From here on the view goes with the result.
        let mut compared = Compared { store, now, before: None, touched, view, _rest: rest };
        compared.before = Some(show(before, lease)?);
        Ok(compared)
    }
}

/// A key that no container and no mount of a user has.
fn view_key(unique: &str) -> Key {
    let text = format!("compare-{}-{unique}", spec::Digest::of(&disk::random_bytes::<16>()).short());
    Key::parse(&text).unwrap_or_else(|| unreachable!("{text} is a key"))
}

fn show(mounts: Vec<Mount>, lease: &content::Lease) -> Result<Mounted> {
    Mounted::new(mounts, lease.scratch().ensure_dir(lease.fresh_name())?.path())
}

impl Drop for Compared<'_> {
    fn drop(&mut self) {
        drop(self.before.take());
        // A view that stays is one that nobody mounts; `fsck --repair` removes it.
        let _ = self.store.content().trash().map_err(Error::from).and_then(|trash| {
            self.store.driver().remove(&self.view, &trash)?;
            Ok(trash.empty()?)
        });
    }
}

impl Compared<'_> {
    pub(super) fn now(&self) -> Result<Tree> {
        match &self.now {
            Now::Running(dir) => Ok(Tree::at(dir)?),
            Now::Here(mounted) => Ok(Tree::open(mounted.path())?),
        }
    }

    pub(super) fn changes(&self) -> Result<Vec<Change>> {
        let Some(before) = &self.before else { unreachable!("it is there until the result is dropped") };
        let (before, now) = (Tree::open(before.path())?, self.now()?);
        let trees = Trees { before: &before, now: &now, touched: self.touched.as_ref() };
        Ok(compare(trees, &is_scaffold)?)
    }
}

/// What every container has without anybody asking for it, as long as there is nothing in it.
fn is_scaffold(path: &[u8], stat: &Stat) -> bool {
    let is_listed = SCAFFOLD.iter().any(|known| &known.as_bytes()[1..] == path);
    match stat.kind {
        // A folder above is listed for what is in it.
        FileKind::Dir => is_listed || path == b"etc",
        FileKind::File => is_listed && stat.size == 0,
        FileKind::Symlink => path == b"etc/mtab",
        _ => false,
    }
}
