//! Values of flags that have a form of their own, each read as Docker's client reads it.

mod bytes;
mod device;
mod duration;
mod env;
mod mount;
mod network;
mod port;
mod restart;
mod typed;
mod ulimit;
mod volume;

pub(crate) use bytes::{bytes, swap_bytes};
pub(crate) use device::{device, device_rule};
pub(crate) use duration::duration;
pub(crate) use env::{env_file, label_file, with_environment};
pub(crate) use mount::mount;
pub(crate) use network::{NetworkAsked, add_host, link, network};
pub(crate) use port::{expose, publish};
pub(crate) use restart::restart_policy;
pub use typed::Typed;
pub(crate) use typed::{attach, nano_cpus};
pub(crate) use ulimit::ulimit;
pub(crate) use volume::{Bound, volume};
