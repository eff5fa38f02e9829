//! The networks that there are: list them and look at them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use disk::Dir;
use images::ImageStore;
use jiff::Timestamp;
use runner::network::{Known, Networks, Subnet};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filters;
use crate::ops::container::containers_of;
use crate::ops::volume::Names;

const KEYS: &[&str] = &["dangling", "driver", "id", "label", "name", "scope", "type"];

/// A request to list networks.
#[derive(Clone, Debug, Default)]
pub struct ListNetworks {
    /// `dangling`, `driver`, `id`, `label`, `name`, `scope`, `type`.
    pub filters: Filters,
}

/// What is known of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkSummary {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// `bridge`, `host`, `none`.
    pub name: &'static str,
    /// `bridge`, `host`, `null`.
    pub driver: &'static str,
    /// `local`.
    pub scope: &'static str,
    /// When it was made; nothing for what is there from the beginning.
    pub created: Option<Timestamp>,
    /// Its addresses, where it has any and they are chosen.
    pub subnet: Option<Subnet>,
    /// The address of this machine in it.
    pub gateway: Option<Ipv4Addr>,
    /// Its interface on this machine.
    pub interface: Option<String>,
}

impl NetworkSummary {
    fn of(known: Known) -> NetworkSummary {
        NetworkSummary {
            id: known.id,
            name: known.name,
            driver: known.driver,
            scope: "local",
            created: known.created,
            gateway: known.subnet.map(Subnet::gateway),
            subnet: known.subnet,
            interface: known.interface,
        }
    }
}

/// A container in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The container's name.
    pub name: String,
    /// The id of its place.
    pub endpoint_id: String,
    /// Hardware address.
    pub mac_address: String,
    /// Address with the bits of the network in it, empty where it has none.
    pub ipv4_address: String,
}

impl Engine {
    /// Lists networks, by name.
    ///
    /// # Errors
    /// When a filter cannot be meant or a record cannot be read.
    pub fn networks(&self, request: &ListNetworks) -> Result<Vec<NetworkSummary>> {
        let filters = &request.filters;
        filters.allow(KEYS)?;
        let dangling = dangling(filters)?;
        let types = filters.values("type").map(is_builtin).collect::<Result<Vec<bool>>>()?;
        let (names, ids) = (Names::of(filters), Names::of_key(filters, "id"));
        let is_one = |key: &str, is: &str| !filters.has(key) || filters.values(key).any(|value| value == is);
        let fits = |network: &NetworkSummary| {
            let kind = types.is_empty() || types.contains(&true);
            is_one("driver", network.driver)
                && is_one("scope", network.scope)
                && names.fit(network.name)
                && ids.fit(&network.id)
                && filters.labels_match(std::iter::empty())
                // What is there from the beginning is never left over.
                && dangling != Some(true)
                && kind
        };
        Ok(self.all_networks()?.into_iter().filter(fits).collect())
    }

    /// The network that a text means: its id, its name, or the beginning of one id.
    ///
    /// # Errors
    /// `network … not found`, or a record that cannot be read.
    pub fn network(&self, text: &str) -> Result<NetworkSummary> {
        let all = self.all_networks()?;
        let exact = |network: &&NetworkSummary| network.id == text || network.name == text;
        if let Some(found) = all.iter().find(exact) {
            return Ok(found.clone());
        }
        let matching: Vec<&NetworkSummary> =
            all.iter().filter(|network| !text.is_empty() && network.id.starts_with(text)).collect();
        match matching[..] {
            [] => Err(Error::new(ErrorKind::NotFound, format!("network {text} not found"))),
            [found] => Ok(found.clone()),
            _ => Err(Error::invalid(format_args!(
                "network {text} is ambiguous ({} matches found based on ID prefix)",
                matching.len()
            ))),
        }
    }

    /// The running containers in a network, by id.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn endpoints(&self, network: &NetworkSummary) -> Result<BTreeMap<String, Endpoint>> {
        let Some(store) = self.existing_store()? else { return Ok(BTreeMap::new()) };
        let mut endpoints = BTreeMap::new();
        for found in containers_of(&store)?.into_iter().filter(|found| found.state.status.is_running()) {
            let Some(attached) = found.state.network.networks.get(network.name) else { continue };
            let ipv4_address = match attached.ip_address.as_str() {
                "" => String::new(),
                address => format!("{address}/{}", attached.ip_prefix_len),
            };
            let endpoint = Endpoint {
                name: found.container.name.clone(),
                endpoint_id: attached.endpoint_id.clone(),
                mac_address: attached.mac_address.clone(),
                ipv4_address,
            };
            endpoints.insert(found.container.id.to_string(), endpoint);
        }
        Ok(endpoints)
    }

    fn all_networks(&self) -> Result<Vec<NetworkSummary>> {
        let store = self.existing_store()?;
        let root = store.as_ref().map(root_of);
        let known = Networks::list(&self.settings.root.value, root)?;
        Ok(known.into_iter().map(NetworkSummary::of).collect())
    }
}

fn root_of(store: &ImageStore) -> &Dir {
    store.content().root()
}

fn dangling(filters: &Filters) -> Result<Option<bool>> {
    let values: Vec<&str> = filters.values("dangling").collect();
    match values[..] {
        [] => Ok(None),
        ["0" | "false"] => Ok(Some(false)),
        ["1" | "true"] => Ok(Some(true)),
        [_] => Err(Error::invalid(
            "invalid value for filter 'dangling', must be \"true\" (or \"1\"), or \"false\" (or \"0\")",
        )),
        _ => Err(Error::invalid("got more than one value for filter key \"dangling\"")),
    }
}

/// Whether a `type` means the networks that are there from the beginning.
fn is_builtin(text: &str) -> Result<bool> {
    match text {
        "builtin" => Ok(true),
        "custom" => Ok(false),
        // As a failure of its own, Docker's daemon gives it another status, but the same words.
        _ => Err(Error::invalid(format_args!("invalid filter: 'type'='{text}'"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_dockers_words() {
        let of = |values: &[&str]| {
            let filters = Filters::new(values.iter().map(|value| ("dangling", *value)));
            dangling(&filters).map_err(|error| error.to_string())
        };
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&["1"]), Ok(Some(true)));
        assert_eq!(of(&["false"]), Ok(Some(false)));
        assert!(of(&["x"]).unwrap_err().starts_with("invalid value for filter 'dangling'"));
        assert!(of(&["1", "0"]).unwrap_err().starts_with("got more than one value"));
        assert_eq!(is_builtin("x").unwrap_err().to_string(), "invalid filter: 'type'='x'");
    }
}
