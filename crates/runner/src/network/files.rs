//! Files about names that a container finds in `/etc`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use disk::Dir;

use super::hosts::{self, Place};
use super::links::Link;
use super::resolv_conf::{self, Reach};
use crate::error::Result;
use crate::record::Container;

pub(super) const HOSTS: &str = "hosts";
pub(super) const RESOLV_CONF: &str = "resolv.conf";
pub(super) const HOSTNAME: &str = "hostname";
/// Anybody in the container reads them.
const MODE: u32 = 0o644;

/// Where a container's own `/etc/hosts`, `/etc/resolv.conf` and `/etc/hostname` are on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// For `/etc/hosts`.
    pub hosts: PathBuf,
    /// For `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// For `/etc/hostname`.
    pub hostname: PathBuf,
}

impl Files {
    /// Those in a container's folder, there or not.
    pub fn of(dir: &Dir) -> Files {
        Files { hosts: dir.join(HOSTS), resolv_conf: dir.join(RESOLV_CONF), hostname: dir.join(HOSTNAME) }
    }
}

/// Writes them into a container's folder.
pub(super) fn write(
    dir: &Dir,
    container: &Container,
    links: &[Link],
    place: Place,
    gateway: Ipv4Addr,
) -> Result<Files> {
    let reach = if matches!(place, Place::Host) { Reach::Host } else { Reach::Own };
    let hosts = hosts::of(container, links, place, gateway)?;
    let resolv_conf = resolv_conf::of(&container.host_config, reach)?;
    let hostname = format!("{}\n", container.config.hostname);
    for (name, text) in [(HOSTS, hosts), (RESOLV_CONF, resolv_conf), (HOSTNAME, hostname)] {
        // Written anew at each start, so that they need not be durable.
        dir.remove_file(name)?;
        dir.create(name, MODE)?.write_all_at(text.as_bytes(), 0)?;
    }
    Ok(Files::of(dir))
}
