//! Volumes and networks, in transcripts. What Docker 28 answered to the same command lines is what stands in them.
use cli::Terminal;
use serde_json::json;

use crate::bench::Bench;
use crate::laid::Laid;

/// A store with an image and nothing else.
fn bench() -> Bench {
    let bench = Bench::new();
    let ran = bench.run(&["pull", "-q", "alpine"], b"", Terminal::default());
    assert_eq!((ran.exit, &*ran.err), (0, ""));
    bench
}

#[test]
fn volumes_are_made_listed_and_removed() {
    let bench = bench();
    let mount =
        |name: &str| json!([{"Type": "volume", "Name": name, "Destination": "/data", "Driver": "local"}]);
    Laid { mounts: mount("data"), ..Laid::new('9', "web", "alpine") }.lay(&bench);
    Laid { mounts: mount("data"), ..Laid::new('8', "db", "alpine") }.exited(0).lay(&bench);
    bench.check("volume.txt");
}

#[test]
fn unused_volumes_are_pruned() {
    let bench = bench();
    let ran = bench.run(&["volume", "create"], b"", Terminal::default());
    let anonymous = ran.out.trim();
    let data = format!("{}/root/volumes/{anonymous}/_data/file", bench.path());
    std::fs::write(data, vec![0; 1_234_567]).expect("a file");
    let prune = |args: &[&str], typed| {
        let ran = bench.run(&[&["volume", "prune"], args].concat(), typed, Terminal::default());
        assert_eq!((ran.exit, &*ran.err), (0, ""));
        ran.out
    };
    let question = |which: &str| {
        format!(
            "WARNING! This will remove {which} not used by at least one container.\n\
             Are you sure you want to continue? [y/N] "
        )
    };
    assert_eq!(prune(&[], b"n\n"), question("anonymous local volumes"));
    let would = format!("Would delete: {anonymous}\nWould free: 1.235MB (1234567 bytes)\n");
    assert_eq!(prune(&["--dry-run"], b""), would);
    let report = format!("Deleted Volumes:\n{anonymous}\n\nTotal reclaimed space: 1.235MB\n");
    assert_eq!(prune(&[], b"y\n"), question("anonymous local volumes") + &report);
    assert_eq!(prune(&["-f"], b""), "Total reclaimed space: 0B\n");
    let nothing = question("all local volumes") + "Total reclaimed space: 0B\n";
    assert_eq!(prune(&["-a"], b"y\n"), nothing);
    bench.check("volume-prune.txt");
}

#[test]
fn networks_are_listed_and_inspected() {
    let bench = bench();
    let network = json!({"Network": {"Networks": {"bridge": {
        "EndpointID": "ee".repeat(32), "IPAddress": "172.18.0.2", "IPPrefixLen": 16, "MacAddress": "02:42:ac:12:00:02",
    }}}});
    Laid::new('9', "web", "alpine").running().state(network).lay(&bench);
    let folder = format!("{}/root/networks", bench.path());
    std::fs::create_dir(&folder).expect("a folder");
    let bridge =
        json!({"Interface": "strata0", "Subnet": "172.18.0.0/16", "Created": "2026-11-23T07:03:00.5Z"});
    std::fs::write(format!("{folder}/bridge.json"), bridge.to_string()).expect("a file");
    bench.check("network.txt");
}

#[test]
fn without_a_store_there_are_networks_and_no_volumes() {
    let bench = Bench::new();
    let run = |args: &[&str]| {
        let ran = bench.run(args, b"", Terminal::default());
        (ran.exit, ran.out, ran.err)
    };
    let lines = |(exit, out, err): (u8, String, String)| (exit, out.lines().count(), err);
    assert_eq!(lines(run(&["network", "ls", "-q"])), (0, 3, String::new()));
    assert_eq!(run(&["volume", "ls"]), (0, "DRIVER    VOLUME NAME\n".to_owned(), String::new()));
    assert_eq!(run(&["volume", "prune", "-f"]), (0, "Total reclaimed space: 0B\n".to_owned(), String::new()));
    let missing = "Error response from daemon: get data: no such volume\n";
    assert_eq!(run(&["volume", "rm", "data"]), (1, String::new(), missing.to_owned()));
    assert!(
        !std::path::Path::new(&format!("{}/root", bench.path())).exists(),
        "who only looks makes no store"
    );
}

#[test]
fn the_users_config_has_formats_for_both() {
    let bench = bench();
    let run = |args: &[&str]| bench.run(args, b"", Terminal::default()).out;
    assert_eq!(run(&["volume", "create", "data"]), "data\n");
    bench.docker_config(r#"{"volumesFormat": "{{.Name}}!", "networksFormat": "{{.Name}}?"}"#);
    assert_eq!(run(&["volume", "ls"]), "data!\n");
    assert_eq!(run(&["volume", "ls", "-q"]), "data\n");
    assert_eq!(run(&["network", "ls"]), "bridge?\nhost?\nnone?\n");
}
