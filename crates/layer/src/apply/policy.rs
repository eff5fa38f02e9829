//! How a layer is applied.

use crate::limits::Limits;
use crate::tar::{Device, Kind, Xattr};

/// How a layer is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What this process may do.
    pub privileges: Privileges,
    /// What becomes of whiteouts.
    pub whiteouts: Whiteouts,
    /// How large the layer may be.
    pub limits: Limits,
}

/// What the process that applies a layer may do. What it may not do is recorded ([`Recorded`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileges {
    /// Everything: files get their owners and capabilities, devices are made.
    All,
    /// All but making devices, as in most containers and user namespaces. What belongs to somebody who does not exist
    /// in the namespace belongs to who runs this.
    NoDevices,
    /// Nothing: all files belong to who runs this.
    None,
}

/// What becomes of whiteouts and opaque markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whiteouts {
    /// They are stored as overlayfs reads them: a character device 0:0, `trusted.overlay.opaque` on a
    /// directory. The directory to apply to must be empty.
    Overlay,
    /// They are carried out on what the directory holds.
    Remove,
    /// They are left to who reads [`Facts::whiteouts`](crate::Facts::whiteouts). The directory to apply to must
    /// be empty.
    Leave,
}

/// Something that is on the disk with less than its entry said, or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Where it belongs.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: Kind,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its mode.
    pub mode: u32,
    /// Its number, if it is a device; then it is not on the disk at all.
    pub device: Device,
    /// Attributes that were not set.
    pub xattrs: Vec<Xattr>,
}
