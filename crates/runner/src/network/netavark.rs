//! The program that makes bridges, addresses and rules: netavark, as Podman uses it.

#![expect(clippy::disallowed_methods, reason = "starts the program that makes networks")]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::{NetworkError, Subnet};

/// Where distributions put it, as it is not meant for people.
const FOLDERS: [&str; 4] =
    ["/usr/lib/podman", "/usr/libexec/podman", "/usr/local/libexec/podman", "/usr/local/lib/podman"];
/// Where the programs are that it starts, whatever the user's own path is.
const SYSTEM_PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// An answer describes one interface.
const ANSWER_BYTES_MAX: u64 = 1 << 20;
/// The container's interface, as Docker calls it.
pub(super) const INTERFACE: &str = "eth0";

/// What it is asked for: one container in one network. Kept while the container runs, since the same text undoes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Plan {
    container_id: String,
    container_name: String,
    networks: BTreeMap<String, Place>,
    network_info: BTreeMap<String, Network>,
    port_mappings: Vec<PortMapping>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    interface_name: String,
    static_ips: Vec<Ipv4Addr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    static_mac: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Network {
    name: String,
    id: String,
    driver: String,
    network_interface: String,
    subnets: Vec<NetworkSubnet>,
    ipv6_enabled: bool,
    internal: bool,
    dns_enabled: bool,
    ipam_options: BTreeMap<String, String>,
    options: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct NetworkSubnet {
    subnet: Subnet,
    gateway: Ipv4Addr,
}

/// A port of this machine that leads to one of a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PortMapping {
    pub(super) host_ip: String,
    pub(super) host_port: u16,
    pub(super) container_port: u16,
    pub(super) protocol: String,
    pub(super) range: u16,
}

/// The place of a container, for [`Plan::new`].
#[derive(Debug)]
pub(super) struct Connection<'c> {
    pub(super) container_id: &'c str,
    pub(super) container_name: &'c str,
    pub(super) network_id: &'c str,
    pub(super) bridge: &'c str,
    pub(super) subnet: Subnet,
    pub(super) address: Ipv4Addr,
    /// The hardware address that was asked for.
    pub(super) mac: Option<String>,
    pub(super) ports: Vec<PortMapping>,
}

impl Plan {
    /// The network goes by the bridge's name: rules are named after it, and are one store's own.
    pub(super) fn new(connection: Connection<'_>) -> Plan {
        let Connection { container_id, container_name, network_id, bridge, subnet, address, mac, ports } =
            connection;
        let place =
            Place { interface_name: INTERFACE.to_owned(), static_ips: vec![address], static_mac: mac };
        let network = Network {
            name: bridge.to_owned(),
            id: network_id.to_owned(),
            driver: "bridge".to_owned(),
            network_interface: bridge.to_owned(),
            subnets: vec![NetworkSubnet { subnet, gateway: subnet.gateway() }],
            ipv6_enabled: false,
            internal: false,
            // Docker's default bridge knows no names.
            dns_enabled: false,
            ipam_options: BTreeMap::from([("driver".to_owned(), "host-local".to_owned())]),
            options: BTreeMap::new(),
        };
        Plan {
            container_id: container_id.to_owned(),
            container_name: container_name.to_owned(),
            networks: BTreeMap::from([(bridge.to_owned(), place)]),
            network_info: BTreeMap::from([(bridge.to_owned(), network)]),
            port_mappings: ports,
        }
    }
}

/// What it made of a network, as far as we read it.
#[derive(Debug, Deserialize)]
struct Status {
    interfaces: Option<BTreeMap<String, Interface>>,
}

#[derive(Debug, Deserialize)]
struct Interface {
    mac_address: String,
}

/// The program, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Netavark {
    program: PathBuf,
    /// Where it keeps what it remembers.
    config: PathBuf,
}

impl Netavark {
    /// Looks for it along the path and where distributions put it.
    pub(super) fn find(path: Option<&OsStr>, config: PathBuf) -> Result<Netavark, NetworkError> {
        Ok(Netavark { program: program(path)?, config })
    }

    /// Connects a namespace; the hardware address of its interface.
    pub(super) fn set_up(&self, plan: &Plan, namespace: &Path) -> Result<String, NetworkError> {
        let answer = self.run("setup", plan, namespace)?;
        let parsed: Result<BTreeMap<String, Status>, _> = serde_json::from_slice(&answer);
        let statuses =
            parsed.map_err(|error| self.failed("setup", format!("its answer is not readable: {error}")))?;
        let mut interfaces = statuses.into_values().filter_map(|status| status.interfaces).flatten();
        Ok(interfaces.next().map(|(_, interface)| interface.mac_address).unwrap_or_default())
    }

    /// Undoes what [`Netavark::set_up`] did.
    pub(super) fn tear_down(&self, plan: &Plan, namespace: &Path) -> Result<(), NetworkError> {
        self.run("teardown", plan, namespace).map(drop)
    }

    fn run(&self, command: &'static str, plan: &Plan, namespace: &Path) -> Result<Vec<u8>, NetworkError> {
        let failed = |error: std::io::Error| self.failed(command, error.to_string());
        let asked = serde_json::to_vec(plan).map_err(|error| self.failed(command, error.to_string()))?;
        let mut child = Command::new(&self.program)
            .arg("--config")
            .arg(&self.config)
            .args(["--rootless", "false", command])
            .arg(namespace)
            .env_clear()
            .env("PATH", SYSTEM_PATH)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        // A program that ends without reading says why.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(&asked));
        let mut answer = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            stdout.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).map_err(failed)?;
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(answer);
        }
        Err(self.failed(command, reason(&answer, &output.stderr)))
    }

    fn failed(&self, command: &'static str, reason: String) -> NetworkError {
        NetworkError::Netavark { program: self.program.clone(), command, reason }
    }
}

/// Why it failed: a document on standard output, else what it said.
fn reason(answer: &[u8], stderr: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    match serde_json::from_slice::<Refusal>(answer) {
        Ok(refusal) => refusal.error.trim().to_owned(),
        Err(_) => String::from_utf8_lossy(stderr).trim().to_owned(),
    }
}

/// The program, looked for along a path and where distributions put it.
///
/// # Errors
/// When it is not installed.
pub fn program(path: Option<&OsStr>) -> Result<PathBuf, NetworkError> {
    find("netavark", path).ok_or(NetworkError::NetavarkMissing)
}

/// Looks for a program along a path, then where distributions put Podman's helpers.
fn find(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let is_program = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let along = path.map(std::env::split_paths).into_iter().flatten().filter(|folder| folder.is_absolute());
    let folders = along.chain(FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(is_program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(ports: Vec<PortMapping>) -> Plan {
        Plan::new(Connection {
            container_id: "c0ffee",
            container_name: "web",
            network_id: "b41d",
            bridge: "strata0",
            subnet: Subnet::parse("172.17.0.0/16").unwrap(),
            address: Ipv4Addr::new(172, 17, 0, 2),
            mac: None,
            ports,
        })
    }

    #[test]
    fn a_plan_is_what_netavark_reads() {
        let port = PortMapping {
            host_ip: String::new(),
            host_port: 8080,
            container_port: 80,
            protocol: "tcp".to_owned(),
            range: 1,
        };
        let expect = r#"{"container_id":"c0ffee","container_name":"web","networks":{"strata0":{"interface_name":"eth0","static_ips":["172.17.0.2"]}},"network_info":{"strata0":{"name":"strata0","id":"b41d","driver":"bridge","network_interface":"strata0","subnets":[{"subnet":"172.17.0.0/16","gateway":"172.17.0.1"}],"ipv6_enabled":false,"internal":false,"dns_enabled":false,"ipam_options":{"driver":"host-local"},"options":{}}},"port_mappings":[{"host_ip":"","host_port":8080,"container_port":80,"protocol":"tcp","range":1}]}"#;
        let text = serde_json::to_string(&plan(vec![port])).unwrap();
        assert_eq!(text, expect);
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Plan>(&text).unwrap()).unwrap(), text);
    }

    #[test]
    fn refusals_are_told_in_its_words() {
        let check = |answer: &str, stderr: &str, expect: &str| {
            assert_eq!(reason(answer.as_bytes(), stderr.as_bytes()), expect);
        };
        check("{\"error\":\"no such device\\n\"}\n", "noise", "no such device");
        check("", "Error: cannot\n", "Error: cannot");
    }

    /// A stand-in for the program.
    fn stand_in(folder: &Path, script: &str) -> Netavark {
        use std::os::unix::fs::PermissionsExt;
        let program = folder.join("netavark");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Netavark::find(Some(folder.as_os_str()), folder.join("config")).unwrap()
    }

    #[test]
    fn answers_and_refusals_are_read() {
        let tmp = tempfile::tempdir().unwrap();
        let netavark = stand_in(
            tmp.path(),
            r#"cat >/dev/null; echo '{"strata0":{"interfaces":{"eth0":{"mac_address":"aa:bb","subnets":[]}}}}'"#,
        );
        let namespace = Path::new("/run/x/netns");
        assert_eq!(netavark.set_up(&plan(Vec::new()), namespace).unwrap(), "aa:bb");
        let netavark = stand_in(tmp.path(), r#"echo "{\"error\":\"$# $4 $5\"}"; exit 1"#);
        let refused = netavark.tear_down(&plan(Vec::new()), namespace).unwrap_err().to_string();
        assert_eq!(refused, format!("{}/netavark teardown: 6 false teardown", tmp.path().display()));
        let netavark = stand_in(tmp.path(), "echo nonsense");
        let refused = netavark.set_up(&plan(Vec::new()), namespace).unwrap_err().to_string();
        assert!(refused.contains("its answer is not readable"), "{refused}");
    }

    #[test]
    fn a_missing_program_is_named_with_its_package() {
        if FOLDERS.iter().any(|folder| Path::new(folder).join("netavark").exists()) {
            eprintln!("skipped: netavark is installed");
            return;
        }
        let refused = Netavark::find(None, PathBuf::new()).unwrap_err().to_string();
        assert!(refused.contains("package netavark") && refused.contains("--network host"), "{refused}");
    }
}
