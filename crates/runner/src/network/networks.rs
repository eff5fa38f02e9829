//! Connecting containers and undoing it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use disk::Dir;

use super::bridge::{Bridge, lock_machine};
use super::forward::Forward;
use super::hosts::Place;
use super::leases::Leases;
use super::links::{self, Link};
use super::list::{self, Known, network_id};
use super::netavark::{Connection, Netavark, Plan};
use super::ports::{self, ContainerPort, Held, Refused};
use super::subnet::routes;
use super::{Files, Mode, NetworkError, files, hairpin, namespace};
use crate::error::{Error, Result};
use crate::record::{
    Attached, Container, ContainerId, Containers, Found, HardwareAddress, NetworkState, Status,
};
use crate::run_dir::RunDir;

const FOLDER: &str = "networks";
/// What was asked for, in a container's run folder.
pub(super) const PLAN: &str = "network.json";
/// Every published port takes some 100 bytes, and there are 65,535 of them.
const PLAN_BYTES_MAX: u64 = 32 << 20;
/// Where netavark keeps what it remembers, in the run folder of the store.
const CONFIG: &str = "netavark";
/// Containers that share a network of one that shares a network: nobody means more than two.
const CHAIN_MAX: usize = 16;

/// The networks of a store.
#[derive(Debug)]
pub struct Networks {
    root: Dir,
    dir: Dir,
}

/// Where a container's program gets its network from, for the runtime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// The machine's own.
    Host,
    /// A new one that the runtime makes, with nothing but a loopback.
    New,
    /// One that is there.
    At(PathBuf),
}

/// A container's place in the network. Holds its published ports until it is dropped; what else was set up stays
/// until [`Networks::tear_down`].
#[derive(Debug)]
pub struct Network {
    namespace: Namespace,
    hostname: String,
    names: Names,
    links: Vec<Link>,
    forward: Option<Forward>,
}

/// Where files about names come from.
#[derive(Debug)]
enum Names {
    Own { place: Place, gateway: Ipv4Addr },
    Anothers(Files),
}

impl Network {
    /// Where the program gets its network from.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The machine's name inside: the container's own, or that of the one whose network it shares.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// Variables that tell of the containers it knows by other names.
    pub fn variables(&self) -> Vec<String> {
        self.links.iter().flat_map(|link| link.variables.iter().cloned()).collect()
    }

    /// Writes `hosts`, `resolv.conf` and `hostname` into the container's folder; who shares another's network shares
    /// its files.
    ///
    /// # Errors
    /// When `--add-host` or `--dns` name no address, or the disk says no.
    pub fn write_files(&self, dir: &Dir, container: &Container) -> Result<Files> {
        match &self.names {
            Names::Own { place, gateway } => files::write(dir, container, &self.links, *place, *gateway),
            Names::Anothers(files) => Ok(files.clone()),
        }
    }
}

/// Something that a container which does not run has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Whose it is.
    pub container: ContainerId,
    /// What it is: `network namespace`, `network rules`, `address`.
    pub what: &'static str,
}

impl Networks {
    /// The networks of the store at `root`; their folder is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(root: &Dir) -> Result<Networks> {
        Ok(Networks { dir: root.ensure_dir(FOLDER)?, root: root.try_clone()? })
    }

    /// All networks of the store at a path, by name; `root` is its folder, if it is there. Reads only: without a store
    /// the networks are the same.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn list(path: &Path, root: Option<&Dir>) -> Result<Vec<Known>> {
        let dir = root.map(|root| root.dir_if_exists(FOLDER)).transpose()?.flatten();
        list::list(root.map_or(path, Dir::path), dir.as_ref())
    }

    /// Connects a container that is about to start. `path` is where programs are looked for.
    ///
    /// # Errors
    /// Why it cannot be connected; nothing is left then.
    pub fn set_up(
        &self,
        run: &RunDir,
        container: &Container,
        path: Option<&OsStr>,
    ) -> Result<(Network, NetworkState)> {
        match Mode::parse(&container.host_config.network_mode)? {
            Mode::Host => {
                let place = Place::Host;
                Ok((own(container, Namespace::Host, place, Ipv4Addr::LOCALHOST), self.plain("host")))
            }
            Mode::None => {
                let place = Place::Own(None);
                Ok((own(container, Namespace::New, place, Ipv4Addr::LOCALHOST), self.plain("none")))
            }
            Mode::Container(id) => Ok((self.join(container, &id)?, NetworkState::default())),
            Mode::Bridge => self.connect(run, container, path),
        }
    }

    /// Undoes what [`Networks::set_up`] did, whole or in part, however often. The published ports are free once the
    /// [`Network`] is dropped.
    ///
    /// # Errors
    /// When something cannot be undone now; it can be tried again.
    pub fn tear_down(&self, run: &RunDir, container: &Container, path: Option<&OsStr>) -> Result<()> {
        match Mode::parse(&container.host_config.network_mode)? {
            Mode::Bridge => self.tear_down_of(run, &container.id, path),
            Mode::Host | Mode::None | Mode::Container(_) => Ok(()),
        }
    }

    /// The same for a container of which nothing but the id is known.
    ///
    /// # Errors
    /// As [`Networks::tear_down`].
    pub fn tear_down_of(&self, run: &RunDir, id: &ContainerId, path: Option<&OsStr>) -> Result<()> {
        let folder = run.container(id);
        if folder.exists() {
            let folder = Dir::open(&folder)?;
            if let Some(plan) = read_plan(&folder)? {
                let netavark = self.netavark(run, path)?;
                let _machine = lock_machine(run)?;
                disconnect(&netavark, &plan, &folder)?;
                folder.remove_file(PLAN)?;
            }
            namespace::remove(&folder)?;
        }
        Leases::open(run)?.give_back(id)
    }

    /// What containers that do not run have left in the network. [`Networks::tear_down_of`] removes it.
    ///
    /// # Errors
    /// When the run folder or a record cannot be read.
    pub fn leftovers(&self, run: &RunDir) -> Result<Vec<Leftover>> {
        let mut left = Vec::new();
        for container in run.folders()? {
            if self.is_running(run, &container)? {
                continue;
            }
            // Meanwhile it may be gone.
            let Some(folder) = Dir::open(run.path())?.dir_if_exists(container.as_str())? else { continue };
            if folder.file_len(PLAN)?.is_some() {
                left.push(Leftover { container: container.clone(), what: "network rules" });
            }
            if namespace::is_there(&folder) {
                left.push(Leftover { container, what: "network namespace" });
            }
        }
        let stale = Leases::open(run)?.stale()?.into_iter();
        left.extend(stale.map(|container| Leftover { container, what: "address" }));
        Ok(left)
    }

    fn is_running(&self, run: &RunDir, container: &ContainerId) -> Result<bool> {
        let found = Containers::open(&self.root)?.get(container)?;
        Ok(found.is_some_and(|found| found.state.status.is_running())
            || Leases::open(run)?.is_watched(container)?)
    }

    fn netavark(&self, run: &RunDir, path: Option<&OsStr>) -> Result<Netavark> {
        let config = disk::create_private(run.path())?.ensure_dir(CONFIG)?;
        Ok(Netavark::find(path, config.path().to_owned())?)
    }

    /// A place in a network that needs no address.
    fn plain(&self, name: &str) -> NetworkState {
        let attached = Attached {
            network_id: network_id(self.root.path(), name),
            endpoint_id: random_id(),
            ..Attached::default()
        };
        NetworkState { networks: BTreeMap::from([(name.to_owned(), attached)]), ..NetworkState::default() }
    }

    /// Shares another container's network.
    fn join(&self, container: &Container, id: &ContainerId) -> Result<Network> {
        if *id == container.id {
            return Err(NetworkError::Own.into());
        }
        let containers = Containers::open(&self.root)?;
        let find = |id: &ContainerId| -> Result<Found> {
            containers.get(id)?.ok_or_else(|| Error::NoSuchContainer(id.to_string()))
        };
        let found = find(id)?;
        let (Status::Running | Status::Paused) = found.state.status else {
            let (name, state) = (found.container.name, found.state.status.as_str());
            return Err(NetworkError::NotRunning { name, state }.into());
        };
        let namespace = Namespace::At(format!("/proc/{}/ns/net", found.state.pid).into());
        let mut owner = found;
        for _ in 0..CHAIN_MAX {
            let Mode::Container(next) = Mode::parse(&owner.container.host_config.network_mode)? else {
                break;
            };
            owner = find(&next)?;
        }
        let names = Names::Anothers(Files::of(&owner.dir()?));
        let hostname = owner.container.config.hostname;
        Ok(Network { namespace, hostname, names, links: Vec::new(), forward: None })
    }

    fn connect(
        &self,
        run: &RunDir,
        container: &Container,
        path: Option<&OsStr>,
    ) -> Result<(Network, NetworkState)> {
        if !rustix::process::geteuid().is_root() || crate::user_namespace::is_inside() {
            return Err(NetworkError::NotPrivileged.into());
        }
        let netavark = self.netavark(run, path)?;
        let connected = self.connect_with(&netavark, run, container);
        if connected.is_err() {
            // The first failure is what the user has to know; what is left is for the next start, rm or fsck.
            let _ = self.tear_down(run, container, path);
        }
        connected
    }

    fn connect_with(
        &self,
        netavark: &Netavark,
        run: &RunDir,
        container: &Container,
    ) -> Result<(Network, NetworkState)> {
        let links = links::of(&Containers::open(&self.root)?, container)?;
        let folder = disk::create_private(&run.container(&container.id))?;
        let network_id = network_id(self.root.path(), "bridge");
        let endpoint_id = random_id();
        let machine = lock_machine(run)?;
        let leases = Leases::open(run)?;
        let bridge = Bridge::for_use(&self.dir, leases.is_used()?, &routes())?;
        let address = leases.take(bridge.subnet, &network_id, &container.id)?;
        let held = self.publish(container, address, &endpoint_id)?;
        let plan = Plan::new(Connection {
            container_id: container.id.as_str(),
            container_name: &container.name,
            network_id: &network_id,
            bridge: &bridge.interface,
            subnet: bridge.subnet,
            address,
            mac: hardware_address(container),
            ports: ports::mappings(&held),
        });
        namespace::make(&folder)?;
        let sandbox = folder.join(namespace::FILE);
        write_plan(&folder, &plan)?;
        let mac_address = netavark.set_up(&plan, &sandbox)?;
        hairpin::allow(&bridge.interface);
        drop(machine);
        let gateway = bridge.subnet.gateway();
        let attached = Attached {
            network_id,
            endpoint_id,
            gateway: gateway.to_string(),
            ip_address: address.to_string(),
            ip_prefix_len: bridge.subnet.prefix(),
            mac_address,
        };
        let state = NetworkState {
            sandbox: sandbox.display().to_string(),
            networks: BTreeMap::from([("bridge".to_owned(), attached)]),
            ports: ports::shown(container, &held),
        };
        let forward = Forward::begin(held, address).map_err(|source| NetworkError::Forward { source })?;
        let mut network = own(container, Namespace::At(sandbox), Place::Own(Some(address)), gateway);
        network.forward = Some(forward);
        network.links = links;
        Ok((network, state))
    }

    fn publish(&self, container: &Container, address: Ipv4Addr, endpoint: &str) -> Result<Vec<Held>> {
        // Read when the first port is taken.
        let running = std::cell::OnceCell::new();
        let is_ours = |port: ContainerPort, at: SocketAddr| {
            let others: &Vec<Found> = running.get_or_init(|| {
                Containers::open(&self.root).and_then(|containers| containers.list()).unwrap_or_default()
            });
            let mut running = others.iter().filter(|found| found.state.status.is_running());
            running.any(|found| {
                found.container.id != container.id && ports::is_among(&found.state.network.ports, port, at)
            })
        };
        ports::publish(container, address, &is_ours).map_err(|refused| {
            let (name, endpoint) = (container.name.clone(), endpoint.to_owned());
            match refused {
                Refused::Request(error) => error.into(),
                Refused::Port(reason) => NetworkError::Publish { name, endpoint, reason }.into(),
            }
        })
    }
}

/// The hardware address that was asked for in the bridge network.
fn hardware_address(container: &Container) -> Option<String> {
    let asked = container.networks.get("bridge")?;
    HardwareAddress::parse(&asked.mac_address).map(|address| address.to_string())
}

fn own(container: &Container, namespace: Namespace, place: Place, gateway: Ipv4Addr) -> Network {
    let names = Names::Own { place, gateway };
    Network {
        namespace,
        hostname: container.config.hostname.clone(),
        names,
        links: Vec::new(),
        forward: None,
    }
}

fn read_plan(folder: &Dir) -> Result<Option<Plan>> {
    let Some(bytes) = folder.read(PLAN, PLAN_BYTES_MAX)? else { return Ok(None) };
    let damaged =
        |error: serde_json::Error| Error::Record { path: folder.join(PLAN), reason: error.to_string() };
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

fn write_plan(folder: &Dir, plan: &Plan) -> Result<()> {
    let bytes = serde_json::to_vec(plan)
        .map_err(|error| Error::Record { path: folder.join(PLAN), reason: error.to_string() })?;
    Ok(folder.replace_alone(PLAN, &bytes, 0o600)?)
}

/// Undoes a plan. Where its namespace or the interface in it is gone, or was never made, netavark leaves rules and
/// the bridge alone: then the container is connected once more, in a new namespace, for it to undo all.
fn disconnect(netavark: &Netavark, plan: &Plan, folder: &Dir) -> Result<()> {
    let path = folder.join(namespace::FILE);
    if namespace::is_there(folder) && netavark.tear_down(plan, &path).is_ok() {
        return Ok(());
    }
    namespace::make(folder)?;
    netavark.set_up(plan, &path)?;
    Ok(netavark.tear_down(plan, &path)?)
}

/// 64 hexadecimal digits.
fn random_id() -> String {
    ContainerId::from_bytes(&disk::random_bytes()).to_string()
}
