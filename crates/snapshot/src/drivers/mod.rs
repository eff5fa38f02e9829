//! The drivers, one file each; which one is used is decided in `choice`.

pub(crate) mod cold;
