//! What is done once the archive has been read to its end.

use disk::tree::{Follow, NodeKind};

use super::onto::Onto;
use super::policy::Recorded;
use crate::changeset::{Dir, Model, Node, Whiteout};
use crate::error::Error;
use crate::name::{join, split};
use crate::xattr::ACL_DEFAULT;

const OPAQUE: &[u8] = b"trusted.overlay.opaque";

/// Says that a directory was copied up, which makes overlayfs look for whiteouts in it even where nothing is
/// merged; otherwise it lists them as devices (Linux, `fs/overlayfs/inode.c`, "non-merge dir that may have
/// whiteouts").
const ORIGIN: &[u8] = b"trusted.overlay.origin";

impl Onto<'_> {
    /// Stores a whiteout in the form of overlayfs.
    pub(super) fn mark(&mut self, whiteout: &Whiteout) -> disk::Result<()> {
        match whiteout {
            Whiteout::Opaque(path) => self.open.folder(path)?.folder.set_xattr(OPAQUE, b"y"),
            Whiteout::Path(path) => {
                let (parent, name) = split(path);
                let folder = &self.open.touch(parent)?.folder;
                folder.make_node(name, NodeKind::CharDevice(0, 0), 0)?;
                folder.set_xattr(ORIGIN, b"")
            }
        }
    }

    /// Carries a whiteout out on the layers below, which this directory holds.
    pub(super) fn carry_out(&mut self, whiteout: &Whiteout, model: &Model) -> disk::Result<()> {
        match whiteout {
            Whiteout::Path(path) => self.remove(path),
            Whiteout::Opaque(path) => match model.dir_at(path) {
                Some(dir) => self.purge(path, dir, model),
                None => Ok(()),
            },
        }
    }

    /// Removes from a directory of this layer what this layer has not put there, at any depth.
    fn purge(&mut self, path: &[u8], dir: Dir, model: &Model) -> disk::Result<()> {
        let mut to_do = vec![(path.to_vec(), dir)];
        while let Some((path, dir)) = to_do.pop() {
            for name in self.open.folder(&path)?.folder.names()? {
                match model.child(dir, &name) {
                    Some(Node::Dir(child)) => to_do.push((join(&path, &name), child)),
                    Some(_) => {}
                    None => self.open.touch(&path)?.folder.remove(&name)?,
                }
            }
        }
        Ok(())
    }

    /// Gives directories their last metadata, deepest first (TAR-17).
    pub(super) fn finish(mut self) -> Result<(Vec<Recorded>, u64), Error> {
        self.settle_late().map_err(Error::Directory)?;
        Ok((self.recorded, self.xattrs_dropped))
    }

    fn settle_late(&mut self) -> disk::Result<()> {
        self.open.finish()?;
        // What is below a directory comes after it in this order.
        while let Some((path, late)) = self.late.pop_last() {
            let folder = self.tree.folder(&path, Follow::Never)?;
            if let Some(value) = late.default_acl {
                match folder.set_xattr(ACL_DEFAULT, &value) {
                    Err(error) if error.kind() == std::io::ErrorKind::Unsupported => self.xattrs_dropped += 1,
                    outcome => outcome?,
                }
            }
            if let Some(mode) = late.mode {
                folder.set_mode(mode)?;
            }
        }
        Ok(())
    }
}
