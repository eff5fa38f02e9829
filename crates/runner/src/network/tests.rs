//! Networks as they are on a machine: a machine of the test's own, in a network namespace of its own.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use disk::Dir;
use jiff::Timestamp;
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_change};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};
use spec::{Digest, ImageId};

use super::networks::PLAN;
use super::{Namespace, Networks, namespace};
use crate::record::{
    Config, Container, ContainerId, Containers, EndpointAsked, HostConfig, NetworkState, PortBinding, State,
    Status, write_state,
};
use crate::run_dir::RunDir;

/// A container that asks for nothing.
pub(crate) fn container() -> Container {
    Container {
        id: ContainerId::from_bytes(&[7; 32]),
        name: "web".to_owned(),
        created: Timestamp::UNIX_EPOCH,
        image: ImageId(Digest::of(b"image")),
        stack: Vec::new(),
        driver: "vfs".to_owned(),
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        variant: None,
        argv: vec!["true".to_owned()],
        config: Config { hostname: "070707070707".to_owned(), ..Config::default() },
        host_config: HostConfig::default(),
        networks: Default::default(),
        mounts: Vec::new(),
    }
}

fn publishing(id: u8, ports: &[(&str, &str, &str)]) -> Container {
    let mut container = container();
    container.id = ContainerId::from_bytes(&[id; 32]);
    container.name = format!("web{id}");
    for (port, host_ip, host_port) in ports {
        let binding = PortBinding { host_ip: (*host_ip).to_owned(), host_port: (*host_port).to_owned() };
        container.host_config.port_bindings.entry((*port).to_owned()).or_default().push(binding);
    }
    container
}

struct Machine {
    _tmp: tempfile::TempDir,
    root: Dir,
    run: RunDir,
    networks: Networks,
}

impl Machine {
    fn new() -> Machine {
        let tmp = tempfile::tempdir().unwrap();
        let root = Dir::open(tmp.path()).unwrap();
        let run = RunDir::of(&tmp.path().join("run"), tmp.path());
        disk::create_private(run.path()).unwrap();
        let networks = Networks::open(&root).unwrap();
        Machine { _tmp: tmp, root, run, networks }
    }

    fn set_up(&self, container: &Container) -> crate::Result<(super::Network, NetworkState)> {
        self.networks.set_up(&self.run, container, None)
    }

    fn tear_down(&self, container: &Container) {
        self.networks.tear_down(&self.run, container, None).unwrap();
    }

    fn folder(&self, container: &Container) -> Dir {
        Dir::open(&self.run.container(&container.id)).unwrap()
    }

    /// Makes a container known, as one that runs.
    fn record(&self, container: &Container, network: NetworkState) {
        let containers = Containers::open(&self.root).unwrap();
        let dir = containers.create(container, |_| Ok(())).unwrap();
        let pid = i32::try_from(std::process::id()).unwrap();
        let state = State {
            status: Status::Running,
            pid,
            pid_began: crate::process::began(pid).unwrap(),
            boot: disk::boot_id(),
            network,
            ..State::default()
        };
        write_state(&dir, &state).unwrap();
    }
}

/// Runs a test on a machine of its own, when this one has what it takes.
fn on_a_machine(test: impl FnOnce(&Machine) + Send) {
    let has_netavark = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/local/libexec/podman"]
        .iter()
        .any(|folder| Path::new(folder).join("netavark").exists());
    if !rustix::process::geteuid().is_root() || !has_netavark || said("ip", &["-V"]).is_none() {
        eprintln!("skipped: wants root, netavark and iproute2");
        return;
    }
    alone(UnshareFlags::NEWNET, || {
        said("ip", &["link", "set", "lo", "up"]).expect("a loopback can be raised");
        mount("sysfs", "/sys", "sysfs", MountFlags::empty(), None).expect("its own interfaces can be seen");
        test(&Machine::new());
    });
}

/// Runs a test where its mounts are nobody else's, so that one that fails leaves nothing; when that is permitted.
pub(crate) fn with_mounts_of_its_own(test: impl FnOnce() + Send) {
    alone(UnshareFlags::empty(), test);
}

fn alone(more: UnshareFlags, test: impl FnOnce() + Send) {
    let work = || leave(UnshareFlags::NEWNS | more).map(|()| test());
    match std::thread::scope(|scope| scope.spawn(work).join()) {
        Ok(Ok(())) => {}
        Ok(Err(errno)) => eprintln!("skipped: no namespaces here: {errno}"),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[expect(unsafe_code, reason = "the thread of the test leaves the namespaces of the process")]
fn leave(namespaces: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: nothing else relies on this thread's view of files.
    unsafe { unshare_unsafe(namespaces)? };
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Everything that a network could leave: interfaces, and rules of both families that say anything.
fn left() -> String {
    let links = said("ip", &["-o", "link"]).unwrap();
    let links = links.lines().filter(|line| !line.contains(": lo:"));
    let rules = ["iptables-save", "ip6tables-save"].map(|program| said(program, &[]).unwrap_or_default());
    let tables = said("nft", &["list", "ruleset"]).unwrap_or_default();
    let rules = rules.iter().flat_map(|rules| rules.lines()).filter(|line| line.starts_with("-A"));
    // The dispatching chains of netavark stay; they lead nowhere.
    let rules = rules.filter(|line| line.contains("172.") || line.contains("10."));
    let tables = tables.lines().filter(|line| line.contains("172.") || line.contains("10."));
    links.chain(rules).chain(tables).collect::<Vec<_>>().join("\n")
}

/// Does something in the network of a container.
fn inside<T: Send>(network: &super::Network, work: impl FnOnce() -> T + Send) -> T {
    let Namespace::At(path) = network.namespace() else { panic!("it has a namespace of its own") };
    let namespace = std::fs::File::open(path).unwrap();
    let enter = move || {
        use std::os::fd::AsFd;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        work()
    };
    std::thread::scope(|scope| scope.spawn(enter).join().unwrap())
}

/// Answers once with who asked, and what was said.
fn serve(listener: TcpListener) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut asked = String::new();
            let _ = stream.read_to_string(&mut asked);
            let _ = stream.write_all(format!("heard {asked}").as_bytes());
        }
    });
}

fn ask(to: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&to, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(b"me")?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn ports(state: &NetworkState, port: &str) -> Vec<String> {
    let shown = |binding: &PortBinding| format!("{} {}", binding.host_ip, binding.host_port);
    state.ports[port].iter().map(shown).collect()
}

#[test]
fn published_ports_lead_to_the_container() {
    on_a_machine(|machine| {
        let container =
            publishing(1, &[("80/tcp", "", "8080"), ("81/tcp", "127.0.0.1", ""), ("53/udp", "", "5353")]);
        let (network, state) = machine.set_up(&container).unwrap();
        let attached = &state.networks["bridge"];
        assert_eq!((attached.ip_address.as_str(), attached.ip_prefix_len), ("172.17.0.2", 16));
        assert_eq!((attached.gateway.as_str(), attached.mac_address.len()), ("172.17.0.1", 17));
        assert_eq!(ports(&state, "80/tcp"), ["0.0.0.0 8080", ":: 8080"]);
        assert_eq!(ports(&state, "53/udp"), ["0.0.0.0 5353", ":: 5353"]);
        for port in [80, 81] {
            serve(inside(&network, move || TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap()));
        }
        let chosen: u16 = state.ports["81/tcp"][0].host_port.parse().unwrap();
        let addresses: [(IpAddr, u16); 5] = [
            (Ipv4Addr::LOCALHOST.into(), 8080),
            (Ipv6Addr::LOCALHOST.into(), 8080),
            (Ipv4Addr::new(172, 17, 0, 1).into(), 8080),
            (Ipv4Addr::new(172, 17, 0, 2).into(), 80),
            (Ipv4Addr::LOCALHOST.into(), chosen),
        ];
        for at in addresses {
            assert_eq!(ask(at.into()).unwrap(), "heard me", "{at:?}");
        }
        let over_the_bridge = SocketAddr::from((Ipv4Addr::new(172, 17, 0, 1), 8080));
        assert_eq!(inside(&network, move || ask(over_the_bridge)).unwrap(), "heard me", "it reaches itself");
        assert!(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).is_err(), "nobody else gets the port");
        drop(network);
        machine.tear_down(&container);
        assert_eq!(left(), "");
        assert!(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 8080)).is_ok());
    });
}

#[test]
fn containers_reach_each_other_and_this_machine() {
    on_a_machine(|machine| {
        let (one, two) = (publishing(1, &[("80/tcp", "", "8080")]), publishing(2, &[]));
        let (of_one, _) = machine.set_up(&one).unwrap();
        let (of_two, state) = machine.set_up(&two).unwrap();
        assert_eq!(state.networks["bridge"].ip_address, "172.17.0.3");
        serve(inside(&of_one, || TcpListener::bind((Ipv4Addr::UNSPECIFIED, 80)).unwrap()));
        serve(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 7000)).unwrap());
        for (last, port) in [(2, 80), (1, 7000), (1, 8080)] {
            let at = SocketAddr::from((Ipv4Addr::new(172, 17, 0, last), port));
            assert_eq!(inside(&of_two, move || ask(at)).unwrap(), "heard me", "{at}");
        }
        machine.tear_down(&one);
        assert!(left().contains("strata"), "the bridge stays for the other one");
        machine.tear_down(&two);
        assert_eq!(left(), "");
    });
}

#[test]
fn linked_containers_are_known_by_other_names() {
    on_a_machine(|machine| {
        let (mut other, mut own) = (publishing(1, &[]), publishing(2, &[]));
        other.config.env = vec!["A=1".to_owned()];
        let asked = EndpointAsked { mac_address: "02-42-AC-11-00-99".to_owned(), ..EndpointAsked::default() };
        other.networks.insert("bridge".to_owned(), asked);
        own.host_config.links = [other.id.as_str(), &"0".repeat(64)].map(|id| format!("{id}:data")).to_vec();
        let (_of_other, state) = machine.set_up(&other).unwrap();
        assert_eq!(state.networks["bridge"].mac_address, "02:42:ac:11:00:99");
        machine.record(&other, state);
        let (network, _) = machine.set_up(&own).unwrap();
        assert_eq!(
            network.variables(),
            ["DATA_NAME=/web2/data", "DATA_ENV_A=1"],
            "who is gone is not linked"
        );
        let files = network.write_files(&machine.folder(&own), &own).unwrap();
        let hosts = std::fs::read_to_string(files.hosts).unwrap();
        assert!(hosts.contains("\n172.17.0.2\tdata 070707070707 web1\n172.17.0.3\t"), "{hosts}");
        machine.tear_down(&own);
        machine.tear_down(&other);
        assert_eq!(left(), "");
    });
}

#[test]
fn ports_that_are_taken_are_refused() {
    on_a_machine(|machine| {
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 8080)).unwrap();
        let container = publishing(1, &[("80/tcp", "", "8080")]);
        let refused = machine.set_up(&container).unwrap_err().to_string();
        let expect = "failed to set up container networking: driver failed programming external connectivity on \
                      endpoint web1 (";
        let end = "): failed to bind host port for 0.0.0.0:8080:172.17.0.2:80/tcp: address already in use";
        assert!(refused.starts_with(expect) && refused.ends_with(end), "{refused}");
        assert_eq!(left(), "");
        assert!(machine.networks.leftovers(&machine.run).unwrap().is_empty());
        let range = publishing(1, &[("80/tcp", "", "8080-8082")]);
        let (network, state) = machine.set_up(&range).unwrap();
        assert_eq!(ports(&state, "80/tcp"), ["0.0.0.0 8081", ":: 8081"]);
        machine.record(&range, state);
        for (asked, expect) in [
            ("8081", "Bind for 0.0.0.0:8081 failed: port is already allocated"),
            ("8081-8081", "Bind for 0.0.0.0:8081 failed: port is already allocated"),
        ] {
            let other = publishing(2, &[("80/tcp", "", asked)]);
            let refused = machine.set_up(&other).unwrap_err().to_string();
            assert!(refused.ends_with(expect), "{refused}");
        }
        drop(network);
        machine.tear_down(&range);
    });
}

#[test]
fn whatever_was_cut_off_can_be_undone() {
    on_a_machine(|machine| {
        let container = publishing(1, &[("80/tcp", "", "8080")]);
        type Cut = fn(&Dir);
        let cut: [(&str, Cut); 4] = [
            ("the namespace is gone", |folder| namespace::remove(folder).unwrap()),
            ("it is another one, without an interface", |folder| namespace::make(folder).unwrap()),
            ("nothing but the namespace was made", |folder| {
                // As if netavark had never begun: what it did is undone here.
                folder.remove_file(PLAN).unwrap();
            }),
            ("nothing was cut off", |_| {}),
        ];
        for (how, cut) in cut {
            let (network, _) = machine.set_up(&container).unwrap();
            let plan = machine.folder(&container).read(PLAN, 1 << 20).unwrap().unwrap();
            drop(network);
            cut(&machine.folder(&container));
            machine.tear_down(&container);
            if machine.folder(&container).file_len(PLAN).unwrap().is_none() && how.starts_with("nothing but")
            {
                // The rules of the plan that was lost on purpose.
                machine.folder(&container).replace(PLAN, &plan, 0o600).unwrap();
                machine.tear_down(&container);
            }
            assert_eq!(left(), "", "{how}");
            assert!(!machine.folder(&container).join(namespace::FILE).exists(), "{how}");
            machine.tear_down(&container);
        }
    });
}

#[test]
fn what_the_killed_leave_is_found() {
    on_a_machine(|machine| {
        let container = publishing(1, &[]);
        let (network, _) = machine.set_up(&container).unwrap();
        assert!(machine.networks.leftovers(&machine.run).unwrap().is_empty(), "its monitor lives");
        // As if this process were another one that was killed.
        let leases = machine.run.path().join("leases.json");
        let text = std::fs::read_to_string(&leases).unwrap();
        std::fs::write(&leases, text.replace(&std::process::id().to_string(), "0")).unwrap();
        drop(network);
        let found = machine.networks.leftovers(&machine.run).unwrap();
        let what: Vec<&str> = found.iter().map(|left| left.what).collect();
        assert_eq!(what, ["network rules", "network namespace"]);
        machine.networks.tear_down_of(&machine.run, &found[0].container, None).unwrap();
        assert!(machine.networks.leftovers(&machine.run).unwrap().is_empty());
        assert_eq!(left(), "");
    });
}

#[test]
fn networks_of_others_are_shared_while_they_run() {
    let machine = Machine::new();
    let (owner, mut guest) = (publishing(1, &[]), publishing(2, &[]));
    guest.host_config.network_mode = format!("container:{}", owner.id);
    let refused = |guest: &Container| machine.set_up(guest).unwrap_err().to_string();
    assert_eq!(refused(&guest), format!("No such container: {}", owner.id));
    machine.record(&owner, NetworkState::default());
    let (network, state) = machine.set_up(&guest).unwrap();
    let own = format!("/proc/{}/ns/net", std::process::id());
    assert_eq!(network.namespace(), &Namespace::At(own.into()));
    assert_eq!((network.hostname(), state), (owner.config.hostname.as_str(), NetworkState::default()));
    let containers = Containers::open(&machine.root).unwrap();
    let dir = containers.get(&owner.id).unwrap().unwrap().dir().unwrap();
    assert_eq!(network.write_files(&dir, &guest).unwrap(), super::Files::of(&dir));
    write_state(&dir, &State { status: Status::Exited, ..State::default() }).unwrap();
    assert_eq!(
        refused(&guest),
        "cannot join network namespace of a non running container: container web1 is exited"
    );
    guest.host_config.network_mode = format!("container:{}", guest.id);
    assert_eq!(refused(&guest), "cannot join own network namespace");
    guest.host_config.network_mode = "backend".to_owned();
    assert_eq!(refused(&guest), "failed to set up container networking: network backend not found");
}

#[test]
fn the_machines_own_network_and_none_need_nothing() {
    let machine = Machine::new();
    for (mode, expect) in [("host", Namespace::Host), ("none", Namespace::New)] {
        let mut container = container();
        container.host_config.network_mode = mode.to_owned();
        let (network, state) = machine.set_up(&container).unwrap();
        assert_eq!(network.namespace(), &expect);
        assert_eq!(state.networks[mode].network_id, super::network_id(machine.root.path(), mode));
        let files = network.write_files(&machine.root, &container).unwrap();
        let hosts = std::fs::read_to_string(files.hosts).unwrap();
        match mode {
            "host" => assert_eq!(hosts, std::fs::read_to_string("/etc/hosts").unwrap_or_default()),
            _ => assert!(hosts.starts_with("127.0.0.1\tlocalhost\n"), "{hosts}"),
        }
        assert_eq!(std::fs::read_to_string(files.hostname).unwrap(), "070707070707\n");
        machine.tear_down(&container);
    }
}
