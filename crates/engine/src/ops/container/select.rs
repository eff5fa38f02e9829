//! `ps --filter`: which containers a listing takes.

use std::collections::HashSet;

use images::Index;
use regex_lite::Regex;
use runner::record::{Found, Status};
use spec::ImageId;

use super::list::{ListContainers, ports};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filters, parse_port_range};

const KEYS: &[&str] = &[
    "ancestor",
    "before",
    "exited",
    "expose",
    "health",
    "id",
    "is-task",
    "isolation",
    "label",
    "name",
    "network",
    "publish",
    "since",
    "status",
    "volume",
];

const STATUSES: [Status; 7] = [
    Status::Created,
    Status::Running,
    Status::Paused,
    Status::Restarting,
    Status::Removing,
    Status::Exited,
    Status::Dead,
];

const HEALTHS: [&str; 4] = ["none", "starting", "healthy", "unhealthy"];

/// A request whose filters were read.
pub(super) struct Selection<'r> {
    all: bool,
    limit: usize,
    filters: &'r Filters,
    names: Vec<Regex>,
    /// Those that an `id` of the request stands for.
    ids: Option<Vec<usize>>,
    exit_codes: Vec<i32>,
    is_task: Option<bool>,
    /// Images that are, or were made from, one of those asked for.
    ancestors: Option<HashSet<ImageId>>,
    published: Vec<Ports>,
    exposed: Vec<Ports>,
    /// Of the containers, newest first, those from here to there.
    after: usize,
    until: usize,
}

/// Ports that a filter names.
struct Ports {
    first: u16,
    last: u16,
    protocol: String,
}

impl<'r> Selection<'r> {
    /// Reads the filters of a request about these containers, which are sorted newest first.
    ///
    /// # Errors
    /// When one cannot be meant, in Docker's words.
    pub(super) fn new(request: &'r ListContainers, found: &[Found], index: &Index) -> Result<Selection<'r>> {
        let filters = &request.filters;
        filters.allow(KEYS)?;
        let exit_codes = filters.values("exited").map(exit_code).collect::<Result<_>>()?;
        filters.values("status").try_for_each(check_status)?;
        let is_task = filters.flag("is-task")?;
        filters.values("health").try_for_each(check_health)?;
        // Docker goes by the last one that is given.
        let before = filters.values("before").map(|text| position(found, text)).last().transpose()?;
        let since = filters.values("since").map(|text| position(found, text)).last().transpose()?;
        Ok(Selection {
            all: request.all || filters.has("status"),
            limit: request.limit,
            filters,
            // Docker passes over patterns that are none.
            names: filters.values("name").filter_map(|pattern| Regex::new(pattern).ok()).collect(),
            ids: filters
                .has("id")
                .then(|| filters.values("id").filter_map(|id| by_prefix(found, id)).collect()),
            exit_codes,
            is_task,
            ancestors: filters.has("ancestor").then(|| ancestors(filters, index)),
            published: filters
                .values("publish")
                .map(|text| Ports::parse("publish", text))
                .collect::<Result<_>>()?,
            exposed: filters
                .values("expose")
                .map(|text| Ports::parse("expose", text))
                .collect::<Result<_>>()?,
            after: before.map_or(0, |before| before + 1),
            until: since.unwrap_or(found.len()),
        })
    }

    /// Which of the containers are taken.
    pub(super) fn choose(&self, found: &[Found]) -> Vec<bool> {
        let limit = if self.limit == 0 { usize::MAX } else { self.limit };
        let mut taken = 0;
        let choose = |(at, found): (usize, &Found)| {
            let takes = taken < limit && (self.after..self.until).contains(&at) && self.takes(at, found);
            taken += usize::from(takes);
            takes
        };
        found.iter().enumerate().map(choose).collect()
    }

    fn takes(&self, at: usize, found: &Found) -> bool {
        (self.all || self.limit > 0 || found.state.status.is_running())
            && self.name_fits(&found.container.name)
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&at))
            && self.is_task != Some(true)
            && self.labels_fit(found)
            && self.state_fits(found)
            && self.ancestors.as_ref().is_none_or(|images| images.contains(&found.container.image))
            && self.volume_fits(found)
            && self.network_fits(found)
            && self.ports_fit(found)
    }

    /// Patterns may fit anywhere in a name, with the slash that Docker's API puts before it or without.
    fn name_fits(&self, name: &str) -> bool {
        if !self.filters.has("name") || self.filters.values("name").any(|wanted| wanted == name) {
            return true;
        }
        let whole = format!("/{name}");
        self.names.iter().any(|pattern| pattern.is_match(name) || pattern.is_match(&whole))
    }

    fn labels_fit(&self, found: &Found) -> bool {
        let labels = &found.container.config.labels;
        self.filters.labels_match(labels.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    fn state_fits(&self, found: &Found) -> bool {
        let state = &found.state;
        let one_of =
            |key: &str, is: &str| !self.filters.has(key) || self.filters.values(key).any(|v| v == is);
        let health = state.health.as_ref().map_or("none", |health| match health.status.as_str() {
            "" => "unhealthy",
            status => status,
        });
        let ended = !state.status.is_running() && state.started_at.is_some();
        one_of("status", state.status.as_str())
            && one_of("health", health)
            && (self.exit_codes.is_empty() || (ended && self.exit_codes.contains(&state.exit_code)))
    }

    fn volume_fits(&self, found: &Found) -> bool {
        let has = |wanted: &str| {
            found.container.mounts.iter().any(|mount| {
                let name = if mount.name.is_empty() { &mount.source } else { &mount.name };
                wanted == mount.destination || wanted == name
            })
        };
        !self.filters.has("volume") || self.filters.values("volume").any(has)
    }

    fn network_fits(&self, found: &Found) -> bool {
        let has = |wanted: &str| {
            let places = found.state.network.networks.values();
            super::list::networks(found).iter().any(|name| name == wanted)
                || places.map(|place| &place.network_id).any(|id| !id.is_empty() && id.starts_with(wanted))
        };
        !self.filters.has("network") || self.filters.values("network").any(has)
    }

    fn ports_fit(&self, found: &Found) -> bool {
        if self.published.is_empty() && self.exposed.is_empty() {
            return true;
        }
        let fits = |wanted: &[Ports], number: u16, protocol: &str| {
            wanted
                .iter()
                .any(|ports| (ports.first..=ports.last).contains(&number) && ports.protocol == protocol)
        };
        ports(&found.state).iter().any(|port| {
            fits(&self.published, port.public, &port.protocol)
                || fits(&self.exposed, port.private, &port.protocol)
        })
    }
}

fn exit_code(text: &str) -> Result<i32> {
    let failed = |what: &str| {
        Error::invalid(format_args!("invalid filter 'exited={text}': strconv.Atoi: parsing {text:?}: {what}"))
    };
    text.parse::<i64>()
        .map_err(|error| match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                failed("value out of range")
            }
            _ => failed("invalid syntax"),
        })
        // No program ends so.
        .map(|code| i32::try_from(code).unwrap_or(i32::MIN))
}

fn check_status(text: &str) -> Result<()> {
    let known = STATUSES.map(Status::as_str);
    if known.contains(&text) {
        return Ok(());
    }
    Err(Error::invalid(format_args!(
        "invalid filter 'status={text}': invalid value for state ({text}): must be one of {}",
        known.join(", ")
    )))
}

fn check_health(text: &str) -> Result<()> {
    if HEALTHS.contains(&text) {
        return Ok(());
    }
    Err(Error::invalid(format_args!(
        "invalid filter 'health={text}': invalid value for health ({text}): must be one of {}",
        HEALTHS.join(", ")
    )))
}

/// Where the container that a text means stands among the others.
fn position(found: &[Found], text: &str) -> Result<usize> {
    let name = text.strip_prefix('/').unwrap_or(text);
    let by_name = || found.iter().position(|found| found.container.name == name);
    let at = found.iter().position(|found| found.container.id.as_str() == text).or_else(by_name);
    at.or_else(|| by_prefix(found, text))
        .ok_or_else(|| Error::new(ErrorKind::NotFound, format!("No such container: {text}")))
}

/// The one container whose id begins so.
fn by_prefix(found: &[Found], prefix: &str) -> Option<usize> {
    let begins = |found: &Found| !prefix.is_empty() && found.container.id.as_str().starts_with(prefix);
    let mut all = found.iter().enumerate().filter(|(_, found)| begins(found)).map(|(at, _)| at);
    let first = all.next();
    first.filter(|_| all.next().is_none())
}

/// The images asked for, and all that were made from them here. One that there is not has made none.
fn ancestors(filters: &Filters, index: &Index) -> HashSet<ImageId> {
    let named = filters.values("ancestor").filter_map(|text| index.resolve(text).ok());
    let mut waiting: Vec<ImageId> = named.map(|found| found.image).collect();
    let mut all = HashSet::new();
    while let Some(image) = waiting.pop() {
        let children = index.entries().iter().filter(|entry| entry.parent.as_ref() == Some(&image));
        waiting.extend(children.map(|entry| entry.image.clone()).filter(|child| !all.contains(child)));
        all.insert(image);
    }
    all
}

impl Ports {
    /// `80`, `80/udp`, `8000-8010/tcp`.
    fn parse(key: &str, text: &str) -> Result<Ports> {
        if text.contains(':') {
            return Err(Error::invalid(format_args!("filter for '{key}' should not contain ':': {text}")));
        }
        let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let (first, last) = parse_port_range(range).map_err(|reason| {
            Error::invalid(format_args!("error while looking up for {key} {text}: {reason}"))
        })?;
        let protocol = if protocol.is_empty() { "tcp" } else { protocol };
        Ok(Ports { first, last, protocol: protocol.to_owned() })
    }
}
