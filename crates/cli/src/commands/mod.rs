//! The commands: one file each, holding the command's table entry and what it does.
//!
//! A command with two spellings (`images`, `image ls`) has one entry that both names share. To add a command,
//! write its file and name its entry in [`root`] or in the group it belongs to.
mod complete;
mod completion;
mod container;
mod demo;
mod digest;
mod fsck;
mod help;
mod history;
mod image;
mod images;
mod import;
mod info;
mod inspect;
mod load;
mod login;
mod logout;
mod manifest;
mod monitor;
mod mount;
mod network;
mod outdated;
mod platform;
mod prune;
mod prune_containers;
mod prune_system;
mod ps;
mod pull;
mod push;
mod registry;
mod rm;
mod root;
mod save;
mod search;
mod space;
mod system;
mod tag;
mod tags;
mod tree;
mod umount;
mod usage;
mod version;
mod volume;

pub use root::root;
pub use version::version_line;
