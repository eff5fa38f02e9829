//! What a runtime is told of a container: `config.json` of its bundle, as Docker writes it.
//!
//! Everything that comes from an image is judged here: users are looked up in its files by a parser of our own,
//! places are made beneath its root by descriptor, its environment is checked. The runtime then mounts and confines.

mod block;
mod bundle;
mod capability;
mod check;
mod config;
mod device;
mod env;
mod error;
mod exec;
mod gpu;
mod kernel;
mod mount;
mod place;
mod process;
mod propagation;
mod resources;
mod scaffold;
mod seccomp;
mod security;
mod sysctl;
#[cfg(test)]
mod tests;
mod tmpfs;
mod user;

pub use bundle::{Bundle, IdMap, IdMaps, Space};
pub use check::check;
pub use config::{MASKED, READ_ONLY, config};
pub use error::OciError;
pub use exec::ExecAsked;
pub(crate) use gpu::HOOK as GPU_HOOK;
pub(crate) use place::is_dir;
pub use process::exec_process;
pub use scaffold::{SCAFFOLD, make_scaffold};
