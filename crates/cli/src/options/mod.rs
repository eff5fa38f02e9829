//! Values of flags that have a form of their own, each read as Docker's client reads it.

mod block;
mod bytes;
mod cpus;
mod device;
mod device_request;
mod duration;
mod env;
mod mount;
mod network;
mod port;
mod restart;
mod typed;
mod ulimit;
mod volume;

pub(crate) use block::{bytes_device, operations_device, weight_device};
pub(crate) use bytes::{bytes, swap_bytes};
pub(crate) use cpus::nano_cpus;
pub(crate) use device::{device, device_rule};
pub(crate) use device_request::{gpus, is_vendors};
pub(crate) use duration::duration;
pub(crate) use env::{env_file, label_file, with_environment};
pub(crate) use mount::mount;
pub(crate) use network::{NetworkAsked, add_host, link, network};
pub(crate) use port::{expose, publish};
pub(crate) use restart::restart_policy;
pub use typed::Typed;
pub(crate) use typed::attach;
pub(crate) use ulimit::ulimit;
pub(crate) use volume::{Bound, volume};
