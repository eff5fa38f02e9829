//! What is told of containers, whose records are laid by hand.
use cli::Terminal;
use serde_json::json;

use crate::bench::Bench;
use crate::laid::Laid;

fn run(bench: &Bench, args: &[&str]) {
    let ran = bench.run(args, b"", Terminal::default());
    assert_eq!((ran.exit, &*ran.err), (0, ""), "{args:?}");
}

/// A store with alpine, redis and a demo, and containers of every state.
fn bench() -> Bench {
    let bench = Bench::new();
    for image in ["alpine", "redis", "nigelpoulton/tu-demo:v1"] {
        run(&bench, &["pull", "-q", image]);
    }
    let volume = json!([
        {"Type": "volume", "Name": "6d4822a85395c8f9aa", "Source": "/v/6d4822a85395c8f9aa/_data",
         "Destination": "/data", "Driver": "local", "RW": true},
        {"Type": "bind", "Source": "/tmp", "Destination": "/x", "Mode": "ro", "Propagation": "rprivate"},
    ]);
    let web = Laid::new('9', "web", "redis").running().state(json!({"Network": {
        "Networks": {"bridge": {"NetworkID": "ab".repeat(32), "IPAddress": "172.17.0.2"}},
        "Ports": {
            "6379/tcp": [],
            "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        },
    }}));
    Laid {
        argv: &["entry.sh", "redis-server"],
        config: json!({"Labels": {"com.example.some-key": "1", "stage": "prod"}}),
        mounts: volume,
        ..web
    }
    .lay(&bench);
    Laid { argv: &["sh", "-c", "echo hi > /hi"], ..Laid::new('8', "c1", "alpine").exited(3) }.lay(&bench);
    Laid::new('7', "s1", "alpine").lay(&bench);
    let health = json!({"Health": {"Status": "starting"}, "Status": "running"});
    Laid {
        host_config: json!({"NetworkMode": "host"}),
        ..Laid::new(
            '6',
            "checked",
            "alpine@sha256:0354d5aef251421e52ac0968362bdad916a4055256de57093258f9988564393e",
        )
        .running()
        .state(health)
    }
    .lay(&bench);
    Laid::new('5', "frozen", "alpine:latest").running().state(json!({"Status": "paused"})).lay(&bench);
    Laid::new('4', "again", "nigelpoulton/tu-demo:v1")
        .state(json!({"Status": "removing", "StartedAt": "2026-11-23T07:04:50Z"}))
        .lay(&bench);
    bench
}

#[test]
fn containers_are_listed_filtered_and_formatted() {
    bench().check("ps.txt");
}

#[test]
fn images_in_use_are_not_removed() {
    bench().check("images-in-use.txt");
}

#[test]
fn containers_are_inspected() {
    let bench = bench();
    lay_full(&bench);
    let host_config = json!({"Privileged": true});
    Laid { host_config, ..Laid::new('2', "mighty", "alpine") }.lay(&bench);
    bench.check("inspect-containers.txt");
}

#[test]
fn completion_offers_the_names_of_containers() {
    let bench = bench();
    let complete = |kind: &str, prefix: &str| {
        let ran = bench.run(&["__complete", kind, prefix], b"", Terminal::default());
        assert_eq!((ran.exit, &*ran.err), (0, ""));
        ran.out
    };
    assert_eq!(complete("containers", ""), "again\nc1\nchecked\nfrozen\ns1\nweb\n");
    assert_eq!(complete("containers", "c"), "c1\nchecked\n");
    assert_eq!(complete("objects", "a"), "again\nalpine:latest\n");
    assert_eq!(complete("nothing", ""), "");
    assert_eq!(complete("networks", ""), "bridge\nhost\nnone\n");
    lay_volumes(&bench);
    assert_eq!(complete("volumes", ""), "0a0a\n6d4822a85395c8f9aa\nkept\n");
}

/// Volumes: one that a container refers to, one without a name of its own, one that nobody refers to.
fn lay_volumes(bench: &Bench) {
    let labels = json!({"com.docker.volume.anonymous": ""});
    for (name, labels, bytes) in
        [("6d4822a85395c8f9aa", json!(null), 10), ("0a0a", labels, 200), ("kept", json!({"a": "b"}), 3000)]
    {
        let folder = format!("{}/root/volumes/{name}", bench.path());
        std::fs::create_dir_all(format!("{folder}/_data")).expect("a folder");
        let record =
            json!({"Name": name, "Created": "2026-11-23T07:00:00Z", "Labels": labels, "Options": null});
        std::fs::write(format!("{folder}/volume.json"), record.to_string()).expect("a file");
        std::fs::write(format!("{folder}/_data/file"), vec![b'x'; bytes]).expect("a file");
    }
}

#[test]
fn what_containers_and_volumes_take_is_told_and_pruned() {
    let bench = bench();
    lay_volumes(&bench);
    bench.check("system-containers.txt");
}

#[test]
fn a_prune_of_containers_and_of_the_system_asks_first() {
    let bench = bench();
    let check = |args: &[&str], typed, expect: &str| {
        let ran = bench.run(args, typed, Terminal::default());
        assert_eq!((ran.exit, &*ran.out, &*ran.err), (0, expect, ""), "{args:?}");
    };
    let containers = "WARNING! This will remove all stopped containers.\n\
                      Are you sure you want to continue? [y/N] ";
    check(&["container", "prune"], b"n\n", containers);
    let system = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least \
                  one container\n  - all dangling images\n  - unused build cache\n\n\
                  Are you sure you want to continue? [y/N] ";
    check(&["system", "prune"], b"", system);
    let filtered = system.replace(
        "cache\n\n",
        "cache\n\n  Items to be pruned will be filtered with:\n  - label!=b\n  - label=a\n\n",
    );
    check(&["system", "prune", "--filter", "label=a", "--filter", "label!=b"], b"", &filtered);
    let all = "WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one \
               container\n  - all anonymous volumes not used by at least one container\n  - all images without at \
               least one container associated to them\n  - all build cache\n\n\
               Are you sure you want to continue? [y/N] ";
    check(&["system", "prune", "-a", "--volumes"], b"", all);
    bench.docker_config(r#"{"pruneFilters": ["label=kept"]}"#);
    check(&["container", "prune"], b"y\n", &format!("{containers}Total reclaimed space: 0B\n"));
}

#[test]
fn ports_processes_and_use_are_told() {
    let bench = bench();
    let network = json!({"Ports": {
        "443/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8443"}],
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "53"}],
        "6379/tcp": [],
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
    }});
    Laid::new('9', "web", "redis").running().state(json!({"Network": network})).lay(&bench);
    bench.check("port-top-stats.txt");
}

/// A container that asked for everything.
fn lay_full(bench: &Bench) {
    let config = json!({
        "Hostname": "box", "Domainname": "example.com", "User": "1000:1000", "AttachStdin": true,
        "AttachStdout": true, "AttachStderr": true, "ExposedPorts": ["80/tcp"], "Tty": true, "OpenStdin": true,
        "StdinOnce": true, "Env": ["A=1"], "Cmd": ["run"], "Entrypoint": ["/start"], "Volumes": ["/data"],
        "WorkingDir": "/w", "Labels": {"a": "b"}, "StopSignal": "SIGQUIT", "StopTimeout": 5, "Shell": ["/bin/sh"],
        "OnBuild": ["RUN x"],
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1_000_000_000, "Timeout": 2, "StartPeriod": 3,
            "StartInterval": 4, "Retries": 5},
    });
    let host_config = include_str!("../golden/store/full-host-config.json");
    let host_config = serde_json::from_str(host_config).expect("JSON");
    let health = json!({"Health": {"Status": "unhealthy", "FailingStreak": 2, "Log": [{
        "Start": "2026-11-23T07:04:59Z", "End": "2026-11-23T07:04:59.5Z", "ExitCode": 1, "Output": "no\n"}]}});
    let full = Laid::new('3', "full", "alpine").exited(1).state(health);
    Laid { config, host_config, ..full }.lay(bench);
}
