//! `ps`: the containers of a store.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use images::{ImageStore, Index};
use jiff::Timestamp;
use runner::record::{ContainerId, Found, MountPoint, State};
use spec::ImageId;

use super::select::Selection;
use super::size::ContainerSize;
use super::store::readable_containers_of;
use crate::engine::Engine;
use crate::error::Result;
use crate::filter::Filters;

/// A request to list containers.
#[derive(Clone, Debug, Default)]
pub struct ListContainers {
    /// Also those that do not run.
    pub all: bool,
    /// At most so many, running or not; 0 is no limit.
    pub limit: usize,
    /// Measure their files.
    pub size: bool,
    /// `ancestor`, `before`, `exited`, `expose`, `health`, `id`, `is-task`, `label`, `name`, `network`,
    /// `publish`, `since`, `status`, `volume`.
    pub filters: Filters,
}

/// Containers in a listing.
#[derive(Clone, Debug, Default)]
pub struct ContainerList {
    /// The containers, newest first.
    pub containers: Vec<ContainerSummary>,
    /// What is wrong with those that are left out because their records cannot be read.
    pub damaged: Vec<String>,
}

/// A container in a listing.
#[derive(Clone, Debug)]
pub struct ContainerSummary {
    /// Its id.
    pub id: ContainerId,
    /// Its name.
    pub name: String,
    /// The image as it was named at creation; its ID when that name stands for another image by now.
    pub image: String,
    /// The image.
    pub image_id: ImageId,
    /// Program and arguments, those with blanks in quotes.
    pub command: String,
    /// When it was created.
    pub created: Timestamp,
    /// Its ports, as long as it runs.
    pub ports: Vec<Port>,
    /// What its files take, where that was asked for.
    pub size: Option<ContainerSize>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// What is so of it now.
    pub state: State,
    /// The networks it belongs to.
    pub networks: Vec<String>,
    /// Its mounts.
    pub mounts: Vec<MountPoint>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The address it is published at; nothing for one that is only exposed.
    pub ip: Option<IpAddr>,
    /// Its number in the container.
    pub private: u16,
    /// Its number here; 0 for one that is only exposed.
    pub public: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

impl Engine {
    /// Lists containers, newest first.
    ///
    /// # Errors
    /// When a filter cannot be meant or the store cannot be read.
    pub fn list_containers(&self, request: &ListContainers) -> Result<ContainerList> {
        let Some(store) = self.existing_store()? else {
            return Selection::new(request, &[], &Index::default()).map(|_| ContainerList::default());
        };
        let (found, damaged) = readable_containers_of(&store)?;
        Ok(ContainerList { containers: summaries(self, &store, request, found)?, damaged })
    }
}

/// Those of `found` that fit, in their order.
pub(crate) fn summaries(
    engine: &Engine,
    store: &ImageStore,
    request: &ListContainers,
    found: Vec<Found>,
) -> Result<Vec<ContainerSummary>> {
    let index = store.index()?;
    let chosen = Selection::new(request, &found, &index)?.choose(&found);
    let mut names = ImageNames::new(&index);
    let mut listed = Vec::with_capacity(chosen.len());
    for (found, chosen) in found.into_iter().zip(chosen) {
        if chosen {
            let size = request.size.then(|| engine.container_size(store, &found)).transpose()?;
            listed.push(summary(found, size, &mut names));
        }
    }
    Ok(listed)
}

fn summary(found: Found, size: Option<ContainerSize>, names: &mut ImageNames<'_>) -> ContainerSummary {
    let (ports, networks) = (ports(&found.state), networks(&found));
    let container = found.container;
    ContainerSummary {
        image: names.shown(&container.config.image, &container.image),
        command: command(&container.argv),
        id: container.id,
        name: container.name,
        image_id: container.image,
        created: container.created,
        ports,
        size,
        labels: container.config.labels,
        state: found.state,
        networks,
        mounts: container.mounts,
    }
}

/// What images are called in a list: each name is looked for once.
struct ImageNames<'i> {
    index: &'i Index,
    known: HashMap<String, Option<ImageId>>,
}

impl<'i> ImageNames<'i> {
    fn new(index: &'i Index) -> Self {
        Self { index, known: HashMap::new() }
    }

    fn shown(&mut self, named: &str, image: &ImageId) -> String {
        if !self.known.contains_key(named) {
            let found = self.index.resolve(named).ok().map(|found| found.image);
            self.known.insert(named.to_owned(), found);
        }
        match self.known.get(named) {
            Some(Some(now)) if now == image => named.to_owned(),
            _ => image.to_string(),
        }
    }
}

/// Program and arguments in one line.
fn command(argv: &[String]) -> String {
    let mut line = argv.first().cloned().unwrap_or_default();
    for arg in argv.iter().skip(1) {
        let quote = if arg.contains(' ') { "'" } else { "" };
        line.push_str(&format!(" {quote}{arg}{quote}"));
    }
    line
}

/// The ports of a container that runs. Records that say nothing sensible say nothing.
pub(crate) fn ports(state: &State) -> Vec<Port> {
    if !state.status.is_running() {
        return Vec::new();
    }
    let mut ports = Vec::new();
    for (port, bindings) in &state.network.ports {
        let (number, protocol) = port.split_once('/').unwrap_or((port, "tcp"));
        let Ok(private) = number.parse() else { continue };
        let exposed = Port { ip: None, private, public: 0, protocol: protocol.to_owned() };
        if bindings.is_empty() {
            ports.push(exposed);
            continue;
        }
        ports.extend(bindings.iter().filter_map(|binding| {
            let public = binding.host_port.parse().ok()?;
            Some(Port { ip: binding.host_ip.parse().ok(), public, ..exposed.clone() })
        }));
    }
    ports
}

/// The networks of a container: where it is, or where it will be when it starts.
pub(crate) fn networks(found: &Found) -> Vec<String> {
    let networks = &found.state.network.networks;
    if !networks.is_empty() {
        return networks.keys().cloned().collect();
    }
    match found.container.host_config.network_mode.as_str() {
        "" | "default" => vec!["bridge".to_owned()],
        mode if mode.starts_with("container:") => Vec::new(),
        mode => vec![mode.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use runner::record::{PortBinding, Status};

    use super::*;

    #[test]
    fn arguments_with_blanks_are_quoted() {
        let check = |argv: &[&str], expect: &str| {
            let argv: Vec<String> = argv.iter().map(ToString::to_string).collect();
            assert_eq!(command(&argv), expect);
        };
        check(&["sh", "-c", "echo hi > /hi"], "sh -c 'echo hi > /hi'");
        check(&["/bin/sh"], "/bin/sh");
        check(&["a b", ""], "a b ");
        check(&[], "");
    }

    #[test]
    fn ports_are_those_of_a_running_container() {
        let binding = |ip: &str, port: &str| PortBinding { host_ip: ip.into(), host_port: port.into() };
        let mut state = State { status: Status::Running, ..State::default() };
        state.network.ports = BTreeMap::from([
            ("443/tcp".to_owned(), Vec::new()),
            ("80/tcp".to_owned(), vec![binding("0.0.0.0", "8080"), binding("::", "8080"), binding("", "x")]),
            ("nonsense".to_owned(), Vec::new()),
        ]);
        let port = |ip: Option<&str>, private, public| Port {
            ip: ip.map(|ip| ip.parse().unwrap()),
            private,
            public,
            protocol: "tcp".to_owned(),
        };
        let expect = [port(None, 443, 0), port(Some("0.0.0.0"), 80, 8080), port(Some("::"), 80, 8080)];
        assert_eq!(ports(&state), expect);
        state.status = Status::Exited;
        assert_eq!(ports(&state), []);
    }
}
