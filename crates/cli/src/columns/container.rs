//! What can be seen of a container in a listing.
use std::borrow::Cow;

use engine::Engine;
use engine::ops::container::{ContainerSummary, Port};
use engine::record::{MountPoint, State, Status};
use go_template::{StructType, Type};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use spec::Reference;

use super::{Column, Columns, Extra};
use crate::flags::quote;
use crate::term::ellipsis::{ellipsis, short_id};
use crate::term::{size, time};

/// Widest COMMAND.
const COMMAND_COLUMNS: usize = 20;
/// Widest name among MOUNTS.
const MOUNT_COLUMNS: usize = 15;

/// A container, and how it is to be seen.
#[derive(Debug, Clone)]
pub(crate) struct ListedContainer {
    pub(crate) container: ContainerSummary,
    /// Whether nothing is cut off.
    pub(crate) in_full: bool,
    /// Whether the size is told together with the image's.
    pub(crate) with_image: bool,
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
}

static PLATFORM: Type = Type::Struct(&StructType { name: "formatter.Platform", fields: &[], methods: &[] });

/// The columns, by name.
pub(crate) static CONTAINER_COLUMNS: Columns<ListedContainer> = Columns {
    type_name: "*formatter.ContainerContext",
    columns: &[
        Column { name: "Command", header: "COMMAND", value: ListedContainer::command },
        Column {
            name: "CreatedAt",
            header: "CREATED AT",
            value: |row| time::created_at(row.container.created, &row.zone),
        },
        Column { name: "ID", header: "CONTAINER ID", value: ListedContainer::id },
        Column { name: "Image", header: "IMAGE", value: ListedContainer::image },
        Column { name: "Labels", header: "LABELS", value: ListedContainer::labels },
        Column { name: "LocalVolumes", header: "LOCAL VOLUMES", value: ListedContainer::local_volumes },
        Column { name: "Mounts", header: "MOUNTS", value: ListedContainer::mounts },
        Column { name: "Names", header: "NAMES", value: |row| row.container.name.clone() },
        Column { name: "Networks", header: "NETWORKS", value: |row| row.container.networks.join(",") },
        Column { name: "Ports", header: "PORTS", value: |row| ports_text(&row.container.ports) },
        Column {
            name: "RunningFor",
            header: "CREATED",
            value: |row| time::ago(second_of(row.container.created), row.now),
        },
        Column { name: "Size", header: "SIZE", value: ListedContainer::size },
        Column {
            name: "State",
            header: "STATE",
            value: |row| row.container.state.status.as_str().to_owned(),
        },
        Column { name: "Status", header: "STATUS", value: |row| status_text(&row.container.state, row.now) },
    ],
    bygone: &[],
    extras: &[
        Extra::Nil { name: "Platform", header: "PLATFORM", to: &PLATFORM },
        Extra::Label(|row| &row.container.labels),
    ],
};

impl ListedContainer {
    /// The container of a listing, seen now and here.
    pub(crate) fn new(container: ContainerSummary, engine: &Engine, in_full: bool) -> Self {
        Self { container, in_full, with_image: true, now: engine.now(), zone: engine.host.zone.clone() }
    }

    fn id(&self) -> String {
        let id = &self.container.id;
        if self.in_full { id.as_str() } else { id.short() }.to_owned()
    }

    /// The image's name without its digest; a short ID where it has no name any more.
    fn image(&self) -> String {
        let named = &self.container.image;
        if named.is_empty() {
            return "<no image>".to_owned();
        }
        let id = self.container.image_id.to_string();
        if self.in_full {
            return named.clone();
        }
        if short_id(named) == short_id(&id) {
            return short_id(&id).to_owned();
        }
        match Reference::parse(named) {
            Ok(reference) => without_digest(&reference),
            Err(_) => named.clone(),
        }
    }

    fn command(&self) -> String {
        let command = &self.container.command;
        let shown = if self.in_full { Cow::from(command) } else { ellipsis(command, COMMAND_COLUMNS) };
        quote(shown.as_bytes())
    }

    fn labels(&self) -> String {
        let labels = self.container.labels.iter().map(|(name, value)| format!("{name}={value}"));
        let mut labels: Vec<String> = labels.collect();
        labels.sort();
        labels.join(",")
    }

    fn local_volumes(&self) -> String {
        self.container.mounts.iter().filter(|mount| mount.driver == "local").count().to_string()
    }

    fn mounts(&self) -> String {
        let shown = |mount: &MountPoint| {
            let name = if mount.name.is_empty() { &mount.source } else { &mount.name };
            if self.in_full { name.clone() } else { ellipsis(name, MOUNT_COLUMNS).into_owned() }
        };
        self.container.mounts.iter().map(shown).collect::<Vec<_>>().join(",")
    }

    fn size(&self) -> String {
        let bytes = self.container.size.unwrap_or_default();
        let written = size::short(bytes.written);
        match bytes.whole {
            whole if whole > 0 && self.with_image => format!("{written} (virtual {})", size::short(whole)),
            _ => written,
        }
    }
}

/// Docker's daemon counts creation in whole seconds.
fn second_of(then: Timestamp) -> Timestamp {
    Timestamp::from_second(then.as_second()).unwrap_or(then)
}

fn without_digest(reference: &Reference) -> String {
    match (reference.digest(), reference.tag()) {
        (None, _) => reference.familiar(),
        (Some(_), Some(tag)) => format!("{}:{tag}", reference.familiar_name()),
        (Some(_), None) => reference.familiar_name(),
    }
}

/// Where a container is in its life, and since when.
pub(crate) fn status_text(state: &State, now: Timestamp) -> String {
    let since =
        |then: Option<Timestamp>| time::duration(now.duration_since(then.unwrap_or(Timestamp::UNIX_EPOCH)));
    let up = since(state.started_at);
    match state.status {
        Status::Paused => format!("Up {up} (Paused)"),
        Status::Restarting => format!("Restarting ({}) {} ago", state.exit_code, since(state.finished_at)),
        Status::Running => match &state.health {
            None => format!("Up {up}"),
            Some(health) => format!("Up {up} ({})", health_text(&health.status)),
        },
        Status::Removing => "Removal In Progress".to_owned(),
        Status::Dead => "Dead".to_owned(),
        Status::Created | Status::Exited => match (state.started_at, state.finished_at) {
            (None, _) => "Created".to_owned(),
            // Nobody saw it end.
            (Some(started), finished) if finished.is_none_or(|finished| finished < started) => {
                format!("Exited ({})", state.exit_code)
            }
            (Some(_), finished) => format!("Exited ({}) {} ago", state.exit_code, since(finished)),
        },
    }
}

fn health_text(status: &str) -> &str {
    match status {
        "starting" => "health: starting",
        "" => "unhealthy",
        status => status,
    }
}

/// Neighbouring ports that stand for themselves, alike at one address.
struct PortGroup {
    key: (Option<String>, String),
    first: u16,
    last: u16,
}

/// The ports in one line: groups of neighbours first, then those that have another number here.
pub(crate) fn ports_text(ports: &[Port]) -> String {
    let mut ports = ports.to_vec();
    ports.sort_by(|a, b| {
        let key = |port: &Port| (port.private, port.ip, port.public, port.protocol.clone());
        key(a).cmp(&key(b))
    });
    let (mut closed, mut open, mut moved) = (Vec::new(), Vec::<PortGroup>::new(), Vec::new());
    for port in &ports {
        if let Some(ip) = port.ip.filter(|_| port.public != port.private) {
            let at = joined(&ip.to_string(), &port.public.to_string());
            moved.push(format!("{at}->{}/{}", port.private, port.protocol));
            continue;
        }
        let key = (port.ip.map(|ip| ip.to_string()), port.protocol.clone());
        match open.iter_mut().find(|group| group.key == key) {
            None => open.push(PortGroup { key, first: port.private, last: port.private }),
            Some(group) if port.private == group.last.wrapping_add(1) => group.last = port.private,
            Some(group) => {
                closed.push(group.text());
                (group.first, group.last) = (port.private, port.private);
            }
        }
    }
    closed.extend(open.iter().map(PortGroup::text));
    closed.extend(moved);
    closed.join(", ")
}

impl PortGroup {
    fn text(&self) -> String {
        let range = match self.first == self.last {
            true => self.first.to_string(),
            false => format!("{}-{}", self.first, self.last),
        };
        let (ip, protocol) = &self.key;
        match ip {
            Some(ip) => format!("{}->{range}/{protocol}", joined(ip, &range)),
            None => format!("{range}/{protocol}"),
        }
    }
}

/// An address with a port, as Go joins them.
pub(crate) fn joined(ip: &str, port: &str) -> String {
    if ip.contains(':') { format!("[{ip}]:{port}") } else { format!("{ip}:{port}") }
}

#[cfg(test)]
mod tests {
    use engine::record::Health;

    use super::*;

    #[test]
    fn ports_are_grouped_as_docker_groups_them() {
        let check = |ports: &[(&str, u16, u16, &str)], expect: &str| {
            let port = |(ip, public, private, protocol): &(&str, u16, u16, &str)| Port {
                ip: ip.parse().ok(),
                public: *public,
                private: *private,
                protocol: (*protocol).to_owned(),
            };
            assert_eq!(ports_text(&ports.iter().map(port).collect::<Vec<_>>()), expect);
        };
        check(&[], "");
        check(&[("", 0, 6379, "tcp")], "6379/tcp");
        check(
            &[("0.0.0.0", 8080, 80, "tcp"), ("::", 8080, 80, "tcp")],
            "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp",
        );
        check(&[("0.0.0.0", 80, 80, "tcp"), ("::", 80, 80, "tcp")], "0.0.0.0:80->80/tcp, [::]:80->80/tcp");
        check(&[("", 0, 443, "tcp"), ("", 0, 444, "tcp"), ("", 0, 80, "tcp")], "80/tcp, 443-444/tcp");
        check(
            &[("0.0.0.0", 81, 81, "tcp"), ("0.0.0.0", 80, 80, "tcp"), ("", 0, 79, "udp")],
            "79/udp, 0.0.0.0:80-81->80-81/tcp",
        );
        let many = [
            ("0.0.0.0", 9001, 80, "tcp"),
            ("0.0.0.0", 9000, 81, "tcp"),
            ("::", 9000, 81, "tcp"),
            ("127.0.0.1", 82, 82, "udp"),
            ("127.0.0.1", 82, 82, "tcp"),
            ("", 0, 83, "tcp"),
            ("127.0.0.1", 83, 83, "tcp"),
        ];
        check(
            &many,
            "127.0.0.1:82-83->82-83/tcp, 127.0.0.1:82->82/udp, 83/tcp, 0.0.0.0:9001->80/tcp, \
             0.0.0.0:9000->81/tcp, [::]:9000->81/tcp",
        );
        check(&[("127.0.0.1", 9000, 80, "tcp"), ("", 0, 65535, "tcp")], "65535/tcp, 127.0.0.1:9000->80/tcp");
    }

    #[test]
    fn a_state_is_told_with_its_age() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-11-23T07:05:00Z");
        let check = |state: State, expect: &str| assert_eq!(status_text(&state, now), expect);
        let state = |status| State {
            status,
            exit_code: 3,
            started_at: Some(at("2026-11-23T06:05:00Z")),
            finished_at: Some(at("2026-11-23T07:04:58Z")),
            ..State::default()
        };
        let with_health = |status: &str| State {
            health: Some(Health { status: status.to_owned(), ..Health::default() }),
            ..state(Status::Running)
        };
        check(State::default(), "Created");
        check(state(Status::Running), "Up About an hour");
        check(state(Status::Paused), "Up About an hour (Paused)");
        check(state(Status::Restarting), "Restarting (3) 2 seconds ago");
        check(state(Status::Exited), "Exited (3) 2 seconds ago");
        check(state(Status::Removing), "Removal In Progress");
        check(state(Status::Dead), "Dead");
        check(with_health("starting"), "Up About an hour (health: starting)");
        check(with_health("healthy"), "Up About an hour (healthy)");
        check(with_health("unhealthy"), "Up About an hour (unhealthy)");
        check(State { finished_at: None, ..state(Status::Exited) }, "Exited (3)");
    }
}
