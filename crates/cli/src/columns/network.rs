//! What can be seen of a network: in a listing, and by `inspect`.
use std::collections::BTreeMap;

use engine::ops::{Endpoint, NetworkSummary};
use go_template::{Field, StructType, Type};
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::typed::NEVER;
use super::{Column, Columns, Extra, Inspected};
use crate::term::ellipsis::short_id;
use crate::term::time;

/// A network, and how it is to be seen.
#[derive(Debug, Clone)]
pub(crate) struct ListedNetwork {
    pub(crate) network: NetworkSummary,
    /// Whether its id is not cut off.
    pub(crate) in_full: bool,
    /// There are none.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) zone: TimeZone,
}

/// The columns, by name.
pub(crate) static NETWORK_COLUMNS: Columns<ListedNetwork> = Columns {
    type_name: "*network.networkContext",
    columns: &[
        Column { name: "CreatedAt", header: "CREATED AT", value: ListedNetwork::created_at },
        Column { name: "Driver", header: "DRIVER", value: |row| row.network.driver.to_owned() },
        Column { name: "ID", header: "NETWORK ID", value: ListedNetwork::id },
        Column { name: "IPv4", header: "IPV4", value: |_| "true".to_owned() },
        Column { name: "IPv6", header: "IPV6", value: |_| "false".to_owned() },
        Column { name: "Internal", header: "INTERNAL", value: |_| "false".to_owned() },
        Column { name: "Labels", header: "LABELS", value: |_| String::new() },
        Column { name: "Name", header: "NAME", value: |row| row.network.name.to_owned() },
        Column { name: "Scope", header: "SCOPE", value: |row| row.network.scope.to_owned() },
    ],
    bygone: &[],
    extras: &[Extra::Label(|row| &row.labels)],
};

impl ListedNetwork {
    fn id(&self) -> String {
        let id = self.network.id.as_str();
        if self.in_full { id } else { short_id(id) }.to_owned()
    }

    fn created_at(&self) -> String {
        match self.network.created {
            Some(created) => time::created_at(created, &self.zone),
            None => "0001-01-01 00:00:00 +0000 UTC".to_owned(),
        }
    }
}

static NETWORK: StructType = StructType {
    name: "network.Inspect",
    fields: &[
        Field::new("Name", "Name", Type::String),
        Field::new("ID", "Id", Type::String),
        Field::new("Created", "Created", Type::Object("time.Time")),
        Field::new("Scope", "Scope", Type::String),
        Field::new("Driver", "Driver", Type::String),
        Field::new("EnableIPv4", "EnableIPv4", Type::Bool),
        Field::new("EnableIPv6", "EnableIPv6", Type::Bool),
        Field::new("IPAM", "IPAM", Type::Struct(&IPAM)),
        Field::new("Internal", "Internal", Type::Bool),
        Field::new("Attachable", "Attachable", Type::Bool),
        Field::new("Ingress", "Ingress", Type::Bool),
        Field::new("ConfigFrom", "ConfigFrom", Type::Struct(&CONFIG_REFERENCE)),
        Field::new("ConfigOnly", "ConfigOnly", Type::Bool),
        Field::new("Containers", "Containers", Type::Map(&Type::String, &ENDPOINT)),
        Field::new("Options", "Options", Type::STRING_MAP),
        Field::new("Labels", "Labels", Type::STRING_MAP),
        Field::omit_empty("Peers", "Peers", Type::Slice(&PEER)),
        Field::omit_empty("Services", "Services", Type::Map(&Type::String, &SERVICE)),
    ],
    methods: &[],
};

static IPAM: StructType = StructType {
    name: "network.IPAM",
    fields: &[
        Field::new("Driver", "Driver", Type::String),
        Field::new("Options", "Options", Type::STRING_MAP),
        Field::new("Config", "Config", Type::Slice(&IPAM_CONFIG)),
    ],
    methods: &[],
};

static IPAM_CONFIG: Type = Type::Struct(&StructType {
    name: "network.IPAMConfig",
    fields: &[
        Field::omit_empty("Subnet", "Subnet", Type::String),
        Field::omit_empty("IPRange", "IPRange", Type::String),
        Field::omit_empty("Gateway", "Gateway", Type::String),
        Field::omit_empty("AuxAddress", "AuxiliaryAddresses", Type::STRING_MAP),
    ],
    methods: &[],
});

static CONFIG_REFERENCE: StructType = StructType {
    name: "network.ConfigReference",
    fields: &[Field::new("Network", "Network", Type::String)],
    methods: &[],
};

static ENDPOINT: Type = Type::Struct(&StructType {
    name: "network.EndpointResource",
    fields: &[
        Field::new("Name", "Name", Type::String),
        Field::new("EndpointID", "EndpointID", Type::String),
        Field::new("MacAddress", "MacAddress", Type::String),
        Field::new("IPv4Address", "IPv4Address", Type::String),
        Field::new("IPv6Address", "IPv6Address", Type::String),
    ],
    methods: &[],
});

static PEER: Type = Type::Struct(&StructType { name: "network.PeerInfo", fields: &[], methods: &[] });
static SERVICE: Type = Type::Struct(&StructType { name: "network.ServiceInfo", fields: &[], methods: &[] });

/// A network with its running containers, as `inspect` shows it.
pub(crate) fn network_document(
    network: &NetworkSummary,
    endpoints: &BTreeMap<String, Endpoint>,
) -> Inspected {
    let subnet = network.subnet.map(|subnet| {
        let gateway = network.gateway.map(|gateway| gateway.to_string());
        json!([{"Subnet": subnet.to_string(), "Gateway": gateway}])
    });
    let containers: Map<String, Value> =
        endpoints.iter().map(|(id, endpoint)| (id.clone(), endpoint_document(endpoint))).collect();
    let document = json!({
        "Name": network.name,
        "Id": network.id,
        "Created": network.created.map_or_else(|| NEVER.to_owned(), |created| created.to_string()),
        "Scope": network.scope,
        "Driver": network.driver,
        "EnableIPv4": true,
        "EnableIPv6": false,
        "IPAM": {"Driver": "default", "Options": null, "Config": subnet},
        "Internal": false,
        "Attachable": false,
        "Ingress": false,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": false,
        "Containers": containers,
        "Options": options(network),
        "Labels": {},
    });
    Inspected::of(document, Type::Struct(&NETWORK))
}

fn endpoint_document(endpoint: &Endpoint) -> Value {
    json!({
        "Name": endpoint.name,
        "EndpointID": endpoint.endpoint_id,
        "MacAddress": endpoint.mac_address,
        "IPv4Address": endpoint.ipv4_address,
        "IPv6Address": "",
    })
}

/// What Docker's bridge is told, and is so of ours.
fn options(network: &NetworkSummary) -> Value {
    if network.driver != "bridge" {
        return json!({});
    }
    let mut options = json!({
        "com.docker.network.bridge.default_bridge": "true",
        "com.docker.network.bridge.enable_icc": "true",
        "com.docker.network.bridge.enable_ip_masquerade": "true",
        "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    });
    if let (Some(interface), Some(options)) = (&network.interface, options.as_object_mut()) {
        options.insert("com.docker.network.bridge.name".to_owned(), json!(interface));
    }
    options
}
