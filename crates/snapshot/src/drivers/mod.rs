//! The drivers, one file each; which one is used is decided in `choice`.

mod backing;
pub(crate) mod cold;
pub(crate) mod overlay2;
mod privileges;
pub(crate) mod vfs;

pub(crate) use privileges::owners;
