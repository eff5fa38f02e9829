//! The whole document, value by value: what Docker's engine writes for the same flags.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::network::{Files, Namespace, container_for_tests};
use crate::record::{Container, DeviceAsked, MountKind, MountPoint, Ulimit};

/// An image's files, and what a bundle needs besides.
struct Stage {
    tmp: tempfile::TempDir,
    container: Container,
    network: Namespace,
    pid: Space,
    ipc: Space,
    has_init: bool,
    rootless: Option<IdMaps>,
}

impl Stage {
    fn new() -> Stage {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().join("root");
        std::fs::create_dir_all(root.join("etc")).unwrap();
        std::fs::create_dir(root.join("srv")).unwrap();
        std::fs::write(
            root.join("etc/passwd"),
            "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001::/srv/app:\n",
        )
        .unwrap();
        std::fs::write(root.join("etc/group"), "root:x:0:\nbin:x:1:root\nadm:x:4:app\nextra:x:2000:\n")
            .unwrap();
        symlink("/srv", root.join("link")).unwrap();
        for name in ["hosts", "hostname", "resolv.conf", "init"] {
            std::fs::write(tmp.path().join(name), "").unwrap();
        }
        let mut container = container_for_tests();
        container.config.hostname = "web".to_owned();
        Stage {
            tmp,
            container,
            network: Namespace::New,
            pid: Space::Own,
            ipc: Space::Own,
            has_init: false,
            rootless: None,
        }
    }

    fn root(&self) -> PathBuf {
        self.tmp.path().join("root")
    }

    fn config(&self) -> crate::Result<Value> {
        let of = |name: &str| self.tmp.path().join(name);
        let files = Files { hosts: of("hosts"), resolv_conf: of("resolv.conf"), hostname: of("hostname") };
        let init = self.has_init.then(|| of("init"));
        config(&Bundle {
            variables: &[],
            gpu_hook: None,
            container: &self.container,
            rootfs: &self.root(),
            network: &self.network,
            hostname: "web",
            files: Some(&files),
            pid: self.pid,
            ipc: self.ipc,
            shm: None,
            cgroup: "/strata/7",
            init: init.as_deref(),
            rootless: self.rootless.as_ref(),
        })
    }
}

/// Sets something up and looks at one value of the document.
fn check(flags: &str, set: impl FnOnce(&mut Stage), pointer: &str, expect: Value) {
    let mut stage = Stage::new();
    set(&mut stage);
    let config = stage.config().unwrap();
    let found = config.pointer(pointer).cloned().unwrap_or(Value::Null);
    assert_eq!(found, expect, "{flags}: {pointer}");
}

fn refused(flags: &str, set: impl FnOnce(&mut Stage), expect: &str) {
    let mut stage = Stage::new();
    set(&mut stage);
    assert_eq!(stage.config().unwrap_err().to_string(), expect, "{flags}");
}

fn point(kind: MountKind, source: &str, destination: &str) -> MountPoint {
    let propagation = if kind == MountKind::Bind { "rprivate".to_owned() } else { String::new() };
    MountPoint {
        kind,
        source: source.to_owned(),
        destination: destination.to_owned(),
        rw: true,
        propagation,
        ..MountPoint::default()
    }
}

/// The mount at a place.
fn mounted(stage: &Stage, destination: &str) -> Option<Value> {
    let config = stage.config().unwrap();
    let mounts = config["mounts"].as_array().unwrap();
    mounts.iter().find(|mount| mount["destination"] == destination).cloned()
}

fn check_mount(flags: &str, set: impl FnOnce(&mut Stage), destination: &str, expect: Option<(&str, &str)>) {
    let mut stage = Stage::new();
    set(&mut stage);
    let found = mounted(&stage, destination).map(|mount| {
        let options: Vec<&str> =
            mount["options"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        (mount["type"].as_str().unwrap().to_owned(), options.join(","))
    });
    let expect = expect.map(|(kind, options)| (kind.to_owned(), options.to_owned()));
    assert_eq!(found, expect, "{flags}: {destination}");
}

#[test]
fn without_flags_it_is_as_dockers() {
    let check = |pointer: &str, expect: Value| check("", |_| {}, pointer, expect);
    check("/process/terminal", json!(false));
    check("/process/user", json!({"uid": 0, "gid": 0, "additionalGids": [0, 1]}));
    check("/process/args", json!(["true"]));
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    check("/process/env", json!([path, "HOSTNAME=web", "HOME=/root"]));
    check("/process/cwd", json!("/"));
    check("/process/oomScoreAdj", json!(0));
    check("/process/noNewPrivileges", json!(false));
    check("/process/rlimits", Value::Null);
    check("/hostname", json!("web"));
    check("/root/readonly", json!(false));
    check("/hooks", Value::Null);
    check("/linux/cgroupsPath", json!("/strata/7"));
    check("/linux/rootfsPropagation", Value::Null);
    check("/linux/devices", json!([]));
    check(
        "/linux/readonlyPaths",
        json!(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]),
    );
    check("/linux/sysctl/net.ipv4.ip_unprivileged_port_start", json!("0"));
    let rule = |allow: bool, major: u32, minor: u32| json!({"allow": allow, "type": "c", "major": major, "minor": minor, "access": "rwm"});
    check(
        "/linux/resources",
        json!({"devices": [{"allow": false, "access": "rwm"}, rule(true, 1, 5), rule(true, 1, 3), rule(true, 1, 9),
            rule(true, 1, 8), rule(true, 5, 0), rule(true, 5, 1), rule(false, 10, 229)]}),
    );
}

#[test]
fn run_5_nothing_is_inherited_and_the_default_profile_holds() {
    let stage = Stage::new();
    let config = stage.config().unwrap();
    let capabilities = &config["process"]["capabilities"];
    for kind in ["inheritable", "ambient"] {
        assert_eq!(capabilities[kind], json!([]));
    }
    let default = json!([
        "CAP_CHOWN",
        "CAP_DAC_OVERRIDE",
        "CAP_FSETID",
        "CAP_FOWNER",
        "CAP_MKNOD",
        "CAP_NET_RAW",
        "CAP_SETGID",
        "CAP_SETUID",
        "CAP_SETFCAP",
        "CAP_SETPCAP",
        "CAP_NET_BIND_SERVICE",
        "CAP_SYS_CHROOT",
        "CAP_KILL",
        "CAP_AUDIT_WRITE"
    ]);
    for kind in ["bounding", "effective", "permitted"] {
        assert_eq!(capabilities[kind], default);
    }
    assert_eq!(config["linux"]["seccomp"]["defaultAction"], "SCMP_ACT_ERRNO");
    let masked = config["linux"]["maskedPaths"].as_array().unwrap();
    for path in ["/proc/kcore", "/proc/keys", "/sys/firmware", "/proc/acpi", "/proc/interrupts"] {
        assert!(masked.contains(&json!(path)), "{path}");
    }
    check("-u app", |s| s.container.config.user = "app".into(), "/process/capabilities/effective", json!([]));
    check(
        "-u app",
        |s| s.container.config.user = "app".into(),
        "/process/capabilities/bounding",
        default.clone(),
    );
    let no_new = |s: &mut Stage| s.container.host_config.security_opt = vec!["no-new-privileges".into()];
    check("--security-opt no-new-privileges", no_new, "/process/noNewPrivileges", json!(true));
    let unconfined = |s: &mut Stage| s.container.host_config.security_opt = vec!["seccomp=unconfined".into()];
    check("--security-opt seccomp=unconfined", unconfined, "/linux/seccomp", Value::Null);
    let open = |s: &mut Stage| s.container.host_config.masked_paths = Some(Vec::new());
    check("--security-opt systempaths=unconfined", open, "/linux/maskedPaths", Value::Null);
}

#[test]
fn flags_of_the_process() {
    let user = |user: &'static str| move |s: &mut Stage| s.container.config.user = user.into();
    check(
        "-u app",
        user("app"),
        "/process/user",
        json!({"uid": 1000, "gid": 1001, "additionalGids": [1001, 4]}),
    );
    check("-u app", user("app"), "/process/env/2", json!("HOME=/srv/app"));
    check("-u 5000", user("5000"), "/process/user", json!({"uid": 5000, "gid": 0, "additionalGids": [0]}));
    check(
        "--group-add extra",
        |s| s.container.host_config.group_add = vec!["extra".into()],
        "/process/user/additionalGids",
        json!([0, 1, 2000]),
    );
    refused("-u nosuch", user("nosuch"), "unable to find user nosuch: no matching entries in passwd file");
    check("-t", |s| s.container.config.tty = true, "/process/env/2", json!("TERM=xterm"));
    check("-t", |s| s.container.config.tty = true, "/process/terminal", json!(true));
    let sized = |s: &mut Stage| {
        s.container.config.tty = true;
        s.container.host_config.console_size = [24, 80];
    };
    check("-t", sized, "/process/consoleSize", json!({"height": 24, "width": 80}));
    check(
        "--ulimit nofile=1:2",
        |s| s.container.host_config.ulimits = vec![Ulimit { name: "nofile".into(), soft: 1, hard: 2 }],
        "/process/rlimits",
        json!([{"type": "RLIMIT_NOFILE", "hard": 2, "soft": 1}]),
    );
    check(
        "--oom-score-adj 500",
        |s| s.container.host_config.oom_score_adj = 500,
        "/process/oomScoreAdj",
        json!(500),
    );
    check("--init", |s| s.has_init = true, "/process/args", json!(["/sbin/docker-init", "--", "true"]));
    check_mount("--init", |s| s.has_init = true, "/sbin/docker-init", Some(("bind", "bind,ro")));
    let in_host = |s: &mut Stage| {
        s.has_init = true;
        s.pid = Space::Host;
    };
    check("--init --pid host", in_host, "/process/args", json!(["true"]));
    check_mount("--init --pid host", in_host, "/sbin/docker-init", None);
    check(
        "--domainname dom",
        |s| s.container.config.domainname = "dom".into(),
        "/linux/sysctl/kernel.domainname",
        json!("dom"),
    );
    check(
        "--annotation a=b",
        |s| drop(s.container.host_config.annotations.insert("a".into(), "b".into())),
        "/annotations",
        json!({"a": "b"}),
    );
}

#[test]
fn flags_of_namespaces() {
    let kinds = |set: &dyn Fn(&mut Stage)| -> String {
        let mut stage = Stage::new();
        stage.container.host_config.cgroupns_mode = "host".into();
        set(&mut stage);
        let config = stage.config().unwrap();
        let list = config["linux"]["namespaces"].as_array().unwrap().iter();
        let show = |space: &Value| {
            let path = space["path"].as_str().map(|path| format!("={path}")).unwrap_or_default();
            space["type"].as_str().unwrap().to_owned() + &path
        };
        list.map(show).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(kinds(&|_| {}), "mount network uts pid ipc");
    assert_eq!(kinds(&|s| s.network = Namespace::Host), "mount uts pid ipc");
    assert_eq!(
        kinds(&|s| s.network = Namespace::At("/run/netns".into())),
        "mount network=/run/netns uts pid ipc"
    );
    assert_eq!(kinds(&|s| s.pid = Space::Host), "mount network uts ipc");
    assert_eq!(kinds(&|s| s.pid = Space::Of(7)), "mount network uts pid=/proc/7/ns/pid ipc");
    assert_eq!(kinds(&|s| s.ipc = Space::Host), "mount network uts pid");
    assert_eq!(kinds(&|s| s.ipc = Space::Of(7)), "mount network uts pid ipc=/proc/7/ns/ipc");
    assert_eq!(kinds(&|s| s.container.host_config.uts_mode = "host".into()), "mount network pid ipc");
    assert_eq!(
        kinds(&|s| s.container.host_config.cgroupns_mode = "private".into()),
        "mount network uts pid ipc cgroup"
    );
    check("--uts host", |s| s.container.host_config.uts_mode = "host".into(), "/hostname", Value::Null);
}

#[test]
fn mounts_are_in_dockers_order() {
    let mut stage = Stage::new();
    let deep = stage.tmp.path().to_str().unwrap().to_owned();
    stage.container.mounts = vec![
        point(MountKind::Bind, &deep, "/a/b/c"),
        point(MountKind::Bind, &deep, "/a"),
        point(MountKind::Volume, &deep, "/a/b"),
    ];
    stage.container.host_config.tmpfs.insert("/t".into(), String::new());
    let config = stage.config().unwrap();
    let order: Vec<&str> = config["mounts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|mount| mount["destination"].as_str())
        .collect();
    let expect = [
        "/proc",
        "/dev",
        "/dev/pts",
        "/sys",
        "/sys/fs/cgroup",
        "/dev/mqueue",
        "/dev/shm",
        "/a",
        "/t",
        "/a/b",
        "/etc/resolv.conf",
        "/etc/hostname",
        "/etc/hosts",
        "/a/b/c",
    ];
    assert_eq!(order, expect);
    assert!(!stage.root().join("a/b").exists(), "what lies in a mount is made there by the runtime");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn flags_of_mounts() {
    let read_only = if kernel::own() >= (5, 12) { "rro" } else { "ro" };
    let source = tempfile::tempdir().unwrap();
    let source = source.path().to_str().unwrap();
    let with = |mount: MountPoint| move |s: &mut Stage| s.container.mounts = vec![mount];
    let bind = point(MountKind::Bind, source, "/data");
    let volume = point(MountKind::Volume, source, "/data");
    check_mount("-v /s:/data", with(bind.clone()), "/data", Some(("bind", "rbind,rprivate")));
    check_mount("-v vol:/data", with(volume), "/data", Some(("bind", "rbind")));
    check_mount(
        "-v /s:/data:ro",
        with(MountPoint { rw: false, ..bind.clone() }),
        "/data",
        Some(("bind", &format!("rbind,{read_only},rprivate"))),
    );
    check_mount(
        "bind-nonrecursive",
        with(MountPoint { non_recursive: true, ..bind.clone() }),
        "/data",
        Some(("bind", "bind,rprivate")),
    );
    check_mount(
        "type=image",
        with(point(MountKind::Image, source, "/data")),
        "/data",
        Some(("bind", &format!("rbind,{read_only}"))),
    );
    let memory =
        MountPoint { mode: "size=1m,mode=700".into(), rw: false, ..point(MountKind::Tmpfs, "", "/data") };
    check_mount(
        "type=tmpfs",
        with(memory),
        "/data",
        Some(("tmpfs", "noexec,nosuid,nodev,rprivate,ro,size=1m,mode=700")),
    );
    let tmpfs = |options: &'static str| {
        move |s: &mut Stage| drop(s.container.host_config.tmpfs.insert("/t".into(), options.into()))
    };
    check_mount("--tmpfs /t:exec", tmpfs("exec"), "/t", Some(("tmpfs", "nosuid,nodev,rprivate,exec")));
    refused("--tmpfs /t:nope", tmpfs("nope"), "invalid tmpfs option [\"nope\"]");

    let mut stage = Stage::new();
    tmpfs("mode=700")(&mut stage);
    stage.container.host_config.tmpfs.insert("/new/t".into(), String::new());
    stage.config().unwrap();
    assert!(stage.root().join("new").is_dir(), "the way to it is made");
    assert!(!stage.root().join("t").exists() && !stage.root().join("new/t").exists(), "its own mode counts");

    let shm = "nosuid,noexec,nodev,mode=1777,size";
    check_mount("", |_| {}, "/dev/shm", Some(("tmpfs", &format!("{shm}=67108864"))));
    check_mount(
        "--shm-size 1m",
        |s| s.container.host_config.shm_size = 1 << 20,
        "/dev/shm",
        Some(("tmpfs", &format!("{shm}=1048576"))),
    );
    check_mount("--ipc none", |s| s.container.host_config.ipc_mode = "none".into(), "/dev/shm", None);
    check_mount("--ipc host", |s| s.ipc = Space::Host, "/dev/shm", Some(("bind", "rbind,rprivate")));
    check_mount(
        "-v /s:/dev/shm",
        with(point(MountKind::Bind, source, "/dev/shm")),
        "/dev/shm",
        Some(("bind", "rbind,rprivate")),
    );
    let mut stage = Stage::new();
    stage.ipc = Space::Host;
    stage.container.mounts = vec![point(MountKind::Bind, source, "/dev/shm")];
    let on_shm = |stage: &Stage| {
        let config = stage.config().unwrap();
        let mounts = config["mounts"].as_array().unwrap().iter();
        let sources = mounts.filter(|mount| mount["destination"] == "/dev/shm");
        sources.map(|mount| mount["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(on_shm(&stage), [source], "what is asked for, once");
    stage.container.mounts.clear();
    stage.container.host_config.tmpfs.insert("/dev/shm".into(), String::new());
    assert_eq!(on_shm(&stage), ["tmpfs"], "what is asked for, once");
    let dev = point(MountKind::Bind, "/dev", "/dev");
    check_mount("-v /dev:/dev", with(dev.clone()), "/dev", Some(("bind", "rbind,rprivate")));
    check_mount("-v /dev:/dev", with(dev), "/dev/pts", None);

    check_mount("", |_| {}, "/etc/hosts", Some(("bind", "rbind,rprivate")));
    let closed = |s: &mut Stage| s.container.host_config.readonly_rootfs = true;
    check_mount("--read-only", closed, "/etc/hosts", Some(("bind", "rbind,ro,rprivate")));
    check("--read-only", closed, "/root/readonly", json!(true));
    let hosts = point(MountKind::Bind, "/etc/hosts", "/etc/hosts");
    let mut stage = Stage::new();
    stage.container.mounts = vec![hosts];
    assert_eq!(mounted(&stage, "/etc/hosts").unwrap()["source"], "/etc/hosts", "the user's own file");
    check_mount("", |_| {}, "/sys", Some(("sysfs", "nosuid,noexec,nodev,ro")));
    check_mount("", |_| {}, "/sys/fs/cgroup", Some(("cgroup", "ro,nosuid,noexec,nodev")));
}

#[test]
fn no_container_keeps_the_files_of_others() {
    let mut can = propagation::Propagation::default();
    let usual = if can.see("/", "rslave").is_ok() { "rslave" } else { "rprivate" };
    let whole = |mode: &str| MountPoint { mode: mode.into(), ..point(MountKind::Bind, "/", "/host") };
    let with = |mount: MountPoint| move |s: &mut Stage| s.container.mounts = vec![mount];
    check_mount("-v /:/host", with(whole("")), "/host", Some(("bind", &format!("rbind,{usual}"))));
    check_mount("-v /:/host:rprivate", with(whole("rprivate")), "/host", Some(("bind", "rbind,rprivate")));
}

#[test]
fn privileged_containers_have_everything() {
    let privileged = |s: &mut Stage| s.container.host_config.privileged = true;
    check("--privileged", privileged, "/linux/seccomp", Value::Null);
    check("--privileged", privileged, "/linux/maskedPaths", Value::Null);
    check("--privileged", privileged, "/linux/readonlyPaths", Value::Null);
    check("--privileged", privileged, "/process/capabilities/effective", json!(capability::available()));
    check("--privileged", privileged, "/linux/resources/devices/8", json!({"allow": true, "access": "rwm"}));
    check_mount("--privileged", privileged, "/sys", Some(("sysfs", "nosuid,noexec,nodev")));
    check_mount("--privileged", privileged, "/sys/fs/cgroup", Some(("cgroup", "nosuid,noexec,nodev")));
}

#[test]
fn flags_of_limits_and_devices() {
    check(
        "--memory 64m",
        |s| s.container.host_config.memory = 64 << 20,
        "/linux/resources/memory",
        json!({"limit": 67108864, "swap": 134217728}),
    );
    check(
        "--cpus 1.5",
        |s| s.container.host_config.nano_cpus = 1_500_000_000,
        "/linux/resources/cpu",
        json!({"quota": 150_000, "period": 100_000}),
    );
    check(
        "--pids-limit 50",
        |s| s.container.host_config.pids_limit = 50,
        "/linux/resources/pids",
        json!({"limit": 50}),
    );
    let null = DeviceAsked {
        path_on_host: "/dev/null".into(),
        path_in_container: "/dev/xnull".into(),
        cgroup_permissions: "r".into(),
    };
    check(
        "--device /dev/null:/dev/xnull:r",
        |s| s.container.host_config.devices = vec![null],
        "/linux/resources/devices/8",
        json!({"allow": true, "type": "c", "major": 1, "minor": 3, "access": "r"}),
    );
    check(
        "--device-cgroup-rule",
        |s| s.container.host_config.device_cgroup_rules = vec!["c 10:* rm".into()],
        "/linux/resources/devices/8",
        json!({"allow": true, "type": "c", "major": 10, "minor": -1, "access": "rm"}),
    );
    check(
        "--sysctl kernel.shmmax=1",
        |s| drop(s.container.host_config.sysctls.insert("kernel.shmmax".into(), "1".into())),
        "/linux/sysctl/kernel.shmmax",
        json!("1"),
    );
}

#[test]
fn ordinary_users_have_no_cgroups_and_what_their_groups_allow() {
    let single = IdMaps {
        uids: vec![IdMap { inside: 0, outside: 1000, count: 1 }],
        gids: vec![IdMap { inside: 0, outside: 1000, count: 1 }],
    };
    let with = |maps: &IdMaps| {
        let maps = maps.clone();
        move |s: &mut Stage| s.rootless = Some(maps)
    };
    check("", with(&single), "/linux/resources", Value::Null);
    check("", with(&single), "/linux/cgroupsPath", Value::Null);
    check("", with(&single), "/process/user", json!({"uid": 0, "gid": 0}));
    check("", with(&single), "/process/oomScoreAdj", Value::Null);
    check_mount(
        "",
        with(&single),
        "/dev/pts",
        Some(("devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620")),
    );
    let mut ranges = single.clone();
    ranges.gids.push(IdMap { inside: 1, outside: 100_000, count: 65_536 });
    check("", with(&ranges), "/process/user/additionalGids", json!([0, 1]));
    check_mount(
        "",
        with(&ranges),
        "/dev/pts",
        Some(("devpts", "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5")),
    );
    let other = |user: &'static str, maps: &IdMaps| {
        let maps = maps.clone();
        move |s: &mut Stage| {
            s.rootless = Some(maps);
            s.container.config.user = user.into();
        }
    };
    let way_out = |what: &str, file: &str| {
        format!(
            "{what} of the container is nobody in your user namespace: have a range of numbers in {file}, or choose another \
             with --user"
        )
    };
    refused("-u app", other("app", &single), &way_out("user 1000", "/etc/subuid"));
    refused("-u 0:7", other("0:7", &single), &way_out("group 7", "/etc/subgid"));
    refused("-u 0:65537", other("0:65537", &ranges), &way_out("group 65537", "/etc/subgid"));
    check("-u 0:65536", other("0:65536", &ranges), "/process/user/gid", json!(65_536));
    let in_host = |s: &mut Stage| {
        s.rootless = Some(single.clone());
        s.network = Namespace::Host;
    };
    check_mount("--network host", in_host, "/sys", Some(("bind", "rbind,nosuid,noexec,nodev,ro")));
}

#[test]
fn run_3_places_are_the_images_own_and_made_beneath_its_root() {
    let source = tempfile::tempdir().unwrap();
    let source = source.path().to_str().unwrap();
    let mut stage = Stage::new();
    let outside = stage.tmp.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    symlink("../../../outside", stage.root().join("up")).unwrap();
    symlink("/proc/1", stage.root().join("door")).unwrap();
    stage.container.mounts = vec![
        point(MountKind::Bind, source, "/link/data"),
        point(MountKind::Volume, source, "/up/data"),
        point(MountKind::Bind, "/etc/hosts", "/new/file"),
    ];
    assert!(mounted(&stage, "/srv/data").is_some(), "no link is left on the way");
    assert!(mounted(&stage, "/outside/data").is_some(), "not outside, but below the root");
    assert!(stage.root().join("srv/data").is_dir() && stage.root().join("outside/data").is_dir());
    assert!(stage.root().join("new/file").is_file());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
    stage.container.mounts = vec![point(MountKind::Bind, source, "/door/data")];
    let error = stage.config().unwrap_err().to_string();
    assert!(error.starts_with("mount point /door/data: "), "{error}");
}

#[test]
fn run_1_programs_start_inside() {
    let workdir = |path: &'static str| move |s: &mut Stage| s.container.config.working_dir = path.into();
    check("-w /new/place", workdir("/new/place"), "/process/cwd", json!("/new/place"));
    check("WORKDIR place", workdir("place"), "/process/cwd", json!("/place"));
    check("-w /proc", workdir("/proc"), "/process/cwd", json!("/proc"));
    let mut stage = Stage::new();
    stage.container.config.working_dir = "/link/deep".into();
    stage.config().unwrap();
    assert!(stage.root().join("srv/deep").is_dir());
    refused("-w /etc/passwd", workdir("/etc/passwd"), "Cannot mkdir: /etc/passwd is not a directory");
    for path in ["/proc/self/fd/8", "/proc/self/cwd", "/proc/1/root", "/proc/thread-self/root", "/dev/fd/7"] {
        refused(
            path,
            |s| s.container.config.working_dir = path.into(),
            &format!("mount point {path}: leads out of the container"),
        );
    }
    let linked = |s: &mut Stage| {
        symlink("/proc/self/fd/8", s.root().join("out")).unwrap();
        s.container.config.working_dir = "/out/../../..".into();
    };
    check("a link out and back", linked, "/process/cwd", json!("/out/../../.."));
    let linked = |s: &mut Stage| {
        symlink("../proc/self/fd/8", s.root().join("out")).unwrap();
        s.container.config.working_dir = "/out".into();
    };
    refused("a link out", linked, "mount point /out: leads out of the container");
}

#[test]
fn files_and_folders_are_not_mounted_on_each_other() {
    let folder = tempfile::tempdir().unwrap();
    for (source, destination) in [(folder.path().to_str().unwrap(), "/etc/passwd"), ("/etc/passwd", "/srv")] {
        let mut stage = Stage::new();
        stage.container.mounts = vec![point(MountKind::Bind, source, destination)];
        let error = stage.config().unwrap_err().to_string();
        let expect = format!(
            "error mounting {source:?} to rootfs at {destination:?}: not a directory: Are you trying to mount a directory \
             onto a file (or vice-versa)? Check if the specified host path exists and is the expected type"
        );
        assert!(error.ends_with(&expect), "{error}");
    }
}

#[test]
fn run_2_links_in_place_of_the_kernels_files_are_refused() {
    for name in ["proc", "sys", "dev"] {
        let linked = |s: &mut Stage| symlink("srv", s.root().join(name)).unwrap();
        refused(name, linked, &format!("mount point /{name}: is a symbolic link"));
    }
}

#[test]
fn other_programs_are_as_the_containers() {
    let mut stage = Stage::new();
    stage.container.config.user = "app".into();
    stage.container.config.env = vec!["A=1".into()];
    stage.container.config.working_dir = "/srv".into();
    stage.container.host_config.console_size = [24, 80];
    stage.container.host_config.security_opt = vec!["no-new-privileges".into()];
    let exec = |asked: &ExecAsked| exec_process(asked, &stage.container, &[], &stage.root()).unwrap();
    let plain =
        ExecAsked { argv: vec!["id".into()], env: vec!["A=2".into()], tty: true, ..ExecAsked::default() };
    let process = exec(&plain);
    assert_eq!(process["args"], json!(["id"]));
    assert_eq!(process["consoleSize"], Value::Null, "it is another terminal");
    assert_eq!(process["user"]["uid"], 1000);
    assert_eq!(process["cwd"], "/srv");
    assert_eq!(process["noNewPrivileges"], true);
    assert_eq!(process["capabilities"]["effective"], json!([]));
    let env = process["env"].as_array().unwrap();
    assert!(env.contains(&json!("A=2")) && env.contains(&json!("TERM=xterm")), "{env:?}");
    let root =
        ExecAsked { user: Some("root".into()), workdir: Some("/".into()), privileged: true, ..plain.clone() };
    let process = exec(&root);
    assert_eq!((&process["user"]["uid"], &process["cwd"]), (&json!(0), &json!("/")));
    assert_eq!(process["capabilities"]["effective"], json!(capability::available()));
    assert_eq!(process["env"].as_array().unwrap().last(), Some(&json!("HOME=/root")));
    let elsewhere = ExecAsked { workdir: Some("srv".into()), ..plain.clone() };
    let error = exec_process(&elsewhere, &stage.container, &[], &stage.root()).unwrap_err().to_string();
    assert_eq!(error, "OCI runtime exec failed: exec failed: Cwd must be an absolute path");
    let nobody = ExecAsked { user: Some("nosuch".into()), ..plain };
    let error =
        exec_process(&nobody, &stage.container, &[], Path::new(&stage.root())).unwrap_err().to_string();
    assert_eq!(error, "unable to find user nosuch: no matching entries in passwd file");
}
