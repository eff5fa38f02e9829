use std::net::TcpListener;

use super::*;
use crate::network::tests::container;

fn publishing(bindings: &[(&str, &str, &str)]) -> Container {
    let mut container = container();
    for (port, host_ip, host_port) in bindings {
        let binding = PortBinding { host_ip: (*host_ip).to_owned(), host_port: (*host_port).to_owned() };
        container.host_config.port_bindings.entry((*port).to_owned()).or_default().push(binding);
    }
    container
}

const ADDRESS: Ipv4Addr = Ipv4Addr::new(172, 17, 0, 2);

fn published(container: &Container) -> Result<Vec<Held>, String> {
    publish(container, ADDRESS, &|_, _| false).map_err(|refused| match refused {
        Refused::Request(error) => error.to_string(),
        Refused::Port(text) => text,
    })
}

#[test]
fn what_is_asked_for_is_read() {
    let check = |port: &str, ip: &str, host: &str, expect: Result<Option<(u16, u16)>, &str>| {
        let found = requests(&publishing(&[(port, ip, host)]));
        let found = found.map(|requests| requests[0].host).map_err(|error| error.to_string());
        assert_eq!(found, expect.map_err(str::to_owned), "{port} {ip} {host}");
    };
    check("80/tcp", "", "8080", Ok(Some((8080, 8080))));
    check("80", "", "", Ok(None));
    check("80/udp", "::1", "0", Ok(None));
    check("80/sctp", "[::1]", "8000-8010", Ok(Some((8000, 8010))));
    check("80/icmp", "", "", Err("invalid port: 80/icmp"));
    check("0/tcp", "", "", Err("invalid port: 0/tcp"));
    check("65536/tcp", "", "", Err("invalid port: 65536/tcp"));
    check("80/tcp", "", "8010-8000", Err("invalid hostPort: 8010-8000"));
    check("80/tcp", "", "0-9", Err("invalid hostPort: 0-9"));
    check("80/tcp", "", "70000", Err("invalid hostPort: 70000"));
    check("80/tcp", "localhost", "80", Err("invalid IP address: localhost"));
}

#[test]
fn exact_ports_are_chosen_before_ranges() {
    let container = publishing(&[
        ("80/udp", "", "80"),
        ("80/tcp", "", "8000-8010"),
        ("443/tcp", "", "8005"),
        ("80/tcp", "127.0.0.1", "8000-8010"),
        ("79/tcp", "", ""),
    ]);
    let order: Vec<String> = requests(&container)
        .unwrap()
        .into_iter()
        .map(|request| format!("{} {:?} {:?}", request.port, request.host, request.ip))
        .collect();
    let expect = [
        "80/udp Some((80, 80)) None",
        "443/tcp Some((8005, 8005)) None",
        "79/tcp None None",
        "80/tcp Some((8000, 8010)) None",
        "80/tcp Some((8000, 8010)) Some(127.0.0.1)",
    ];
    assert_eq!(order, expect);
}

#[test]
fn all_exposed_ports_are_published_when_asked_for() {
    let mut container = publishing(&[("80/tcp", "", "8080")]);
    container.config.exposed_ports = ["80/tcp", "443/tcp", "53/udp"].map(str::to_owned).into();
    let ports = |container: &Container| {
        let requests = requests(container).unwrap();
        requests.iter().map(|request| request.port.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ports(&container), ["80/tcp"]);
    container.host_config.publish_all_ports = true;
    assert_eq!(ports(&container), ["80/tcp", "53/udp", "443/tcp"]);
}

#[test]
fn ports_that_go_together_are_the_same() {
    // Addresses that no other test uses: what is free at one of the addresses alone is not taken.
    let _other = published(&publishing(&[("80/tcp", "127.9.0.2", "")])).unwrap();
    let held = published(&publishing(&[("80/tcp", "127.9.0.1", ""), ("80/tcp", "127.9.0.2", "")])).unwrap();
    assert_eq!(held.len(), 2);
    assert_eq!(held[0].at.port(), held[1].at.port());
    let (first, last) = ephemeral();
    assert!((first..=last).contains(&held[0].at.port()), "{}", held[0].at);
}

#[test]
fn held_ports_are_nobody_elses() {
    let held = published(&publishing(&[("80/tcp", "127.0.0.1", ""), ("53/udp", "127.0.0.1", "")])).unwrap();
    for held in held {
        let port = held.port.to_string();
        let number = held.at.port();
        let refused = published(&publishing(&[(&port, "127.0.0.1", &number.to_string())])).unwrap_err();
        let expect = format!(
            "failed to bind host port for 127.0.0.1:{number}:172.17.0.2:{port}: address already in use"
        );
        assert_eq!(refused, expect);
    }
}

#[test]
fn the_first_free_port_of_a_range_is_taken() {
    // Two neighbours that are free, below those that the kernel gives to connections; somebody else may be faster.
    for _ in 0..200 {
        let number = 10_000 + u16::from_ne_bytes(disk::random_bytes()) % 20_000;
        let Ok(_first) = TcpListener::bind((Ipv4Addr::LOCALHOST, number)) else { continue };
        let next = number + 1;
        let range = format!("{number}-{next}");
        let asked = publishing(&[("80/tcp", "127.0.0.1", &range)]);
        let Ok(held) = published(&asked) else { continue };
        assert_eq!(held[0].at.port(), next);
        let refused = published(&asked).unwrap_err();
        let expect = format!(
            "failed to bind host port {next} for 127.0.0.1:{range}:172.17.0.2:80/tcp: address already in use"
        );
        assert_eq!(refused, expect);
        let ours = publish(&asked, ADDRESS, &|_, _| true).map_err(|refused| match refused {
            Refused::Port(text) => text,
            Refused::Request(error) => error.to_string(),
        });
        assert_eq!(ours.unwrap_err(), "all ports are allocated");
        return;
    }
    panic!("no two ports in a row are free");
}

#[test]
fn rules_are_made_for_ipv4_alone() {
    let held = |ip: &str, number| Held {
        at: SocketAddr::new(ip.parse().unwrap(), number),
        port: ContainerPort::parse("80/tcp").unwrap(),
        socket: None,
    };
    let held = [held("0.0.0.0", 8080), held("::", 8080), held("127.0.0.1", 8081)];
    let mappings: Vec<String> = mappings(&held)
        .iter()
        .map(|mapping| format!("{:?} {}", mapping.host_ip, mapping.host_port))
        .collect();
    assert_eq!(mappings, ["\"\" 8080", "\"127.0.0.1\" 8081"]);
    let mut container = container();
    container.config.exposed_ports = ["443/tcp", "80/tcp", "x"].map(str::to_owned).into();
    let shown = shown(&container, &held);
    let of = |port: &str| {
        shown[port].iter().map(|at| format!("{} {}", at.host_ip, at.host_port)).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(shown.keys().collect::<Vec<_>>(), ["443/tcp", "80/tcp"]);
    assert_eq!(
        (of("443/tcp"), of("80/tcp")),
        (String::new(), "0.0.0.0 8080, :: 8080, 127.0.0.1 8081".to_owned())
    );
    let port = ContainerPort::parse("1/tcp").unwrap();
    for (at, expect) in
        [("0.0.0.0:8081", true), ("127.0.0.1:8080", true), ("127.0.0.2:8081", false), ("[::1]:8081", false)]
    {
        assert_eq!(is_among(&shown, port, at.parse().unwrap()), expect, "{at}");
    }
    let ipv4 = BTreeMap::from([(
        "80/tcp".to_owned(),
        vec![PortBinding { host_ip: "0.0.0.0".to_owned(), host_port: "80".to_owned() }],
    )]);
    assert!(is_among(&ipv4, port, "127.0.0.1:80".parse().unwrap()));
    assert!(!is_among(&ipv4, port, "[::1]:80".parse().unwrap()));
    assert!(!is_among(&shown, ContainerPort::parse("1/udp").unwrap(), "0.0.0.0:8081".parse().unwrap()));
}
