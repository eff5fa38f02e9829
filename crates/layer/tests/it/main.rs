//! The rules for layers (TAR-*), with archives forged byte by byte: each refusal has a twin that works.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests lay out files and start programs")]

mod apply;
mod codec;
mod differential;
mod links;
mod merge;
mod names;
mod numbers;
mod ordinary_user;
mod places;
mod race;
mod random;
mod scene;
mod sparse;
mod streams;
mod whiteouts;
mod writer;
mod xattrs;
