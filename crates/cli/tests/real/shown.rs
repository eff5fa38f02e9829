//! What is shown of containers and removed with them, by Docker's engine and by this program, line by line.
//!
//! Debian's engine is older than the one that is followed here: what it says in other words by now stands in
//! [`NEWER`] and [`TODAY`].

use crate::alike::{Alike, Newer};

/// Containers of every state; `$X` is the program.
const SETUP: &str = r#"
tar -c -C "$FILES" . | $X import -c 'CMD ["/bin/sh"]' -c 'EXPOSE 80/tcp' - box
$X run -d --network host --name h1 -l stage=prod box sleep 1000
$X run -d --network none --name n1 -l a=b -v /data -v /tmp:/x:ro --tmpfs /t:size=1m --health-cmd true --health-interval 1s box sleep 1000
$X create --name c1 --network none box
$X run --network none --name e1 box sh -c 'exit 3' || true
$X run --network none --name e2 box sh -c 'head -c 10240 /dev/zero > /big'
$X run -d --network none --name p1 box sleep 1000
$X pause p1
$X run -d --network none --name k1 box sleep 1000
$X kill k1
sleep 3
"#;

const COMMANDS: &str = r#"
$X ps
$X ps -a
$X ps -aq | wc -l
$X ps -as --format '{{.Names}} {{.Size}}'
$X ps -a --format '{{.Names}}|{{.Image}}|{{.Command}}|{{.State}}|{{.Status}}|{{.Ports}}|{{.Labels}}|{{.LocalVolumes}}|{{.Networks}}'
$X ps -a --no-trunc --format '{{.Names}} {{.ID}} {{.Command}}'
$X ps -a --format 'table {{.Names}}\t{{.Label "stage"}}'
$X ps -n 2 --format '{{.Names}}'
$X ps -l --format '{{.Names}}'
$X ps -l -n 3 --format '{{.Names}}'
$X ps --format '{{.Nope}}'
$X ps -f status=exited --format '{{.Names}}'
$X ps -f status=paused -f status=created --format '{{.Names}}'
$X ps -a -f exited=3 --format '{{.Names}}'
$X ps -a -f exited=137 --format '{{.Names}}'
$X ps -a -f exited=0 --format '{{.Names}}'
$X ps -a -f name=1 --format '{{.Names}}'
$X ps -a -f name=^/h1$ --format '{{.Names}}'
$X ps -a -f name=[ --format '{{.Names}}'
$X ps -a -f before=e1 --format '{{.Names}}'
$X ps -a -f since=e1 --format '{{.Names}}'
$X ps -f since=e1 --format '{{.Names}}'
$X ps -a -f id=$($X ps -aq -f name=e1) --format '{{.Names}}'
$X ps -a -f label=stage --format '{{.Names}}'
$X ps -a -f label=stage=x --format '{{.Names}}'
$X ps -a -f volume=/data --format '{{.Names}}'
$X ps -a -f volume=/tmp --format '{{.Names}}'
$X ps -a -f network=none --format '{{.Names}}'
$X ps -a -f network=host --format '{{.Names}}'
$X ps -a -f health=healthy --format '{{.Names}}'
$X ps -a -f health=none --format '{{.Names}}'
$X ps -a -f ancestor=box --format '{{.Names}}'
$X ps -a -f ancestor=nosuch --format '{{.Names}}'
$X ps -a -f is-task=true --format '{{.Names}}'
$X ps -a -f is-task=maybe --format '{{.Names}}'
$X ps -a -f expose=80 --format '{{.Names}}'
$X ps -a -f publish=80 --format '{{.Names}}'
$X ps -a -f publish=x --format '{{.Names}}'
$X ps -a -f publish=80-x --format '{{.Names}}'
$X ps -a -f expose=80/foo --format '{{.Names}}'
$X ps -a -f expose=70000 --format '{{.Names}}'
$X ps -a -f before=nosuch --format '{{.Names}}'
$X ps -a -f nosuch=1
$X ps -a -f exited=x
$X inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}' h1 n1 c1 e1 e2 p1 k1
$X inspect -f '{{json .Mounts}}' h1
$X inspect -f '{{range .Mounts}}{{if eq .Type "bind"}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}} {{.Driver}}{{end}}{{end}}' n1
$X inspect -f '{{range .Mounts}}{{if eq .Type "volume"}}{{.Type}} {{.Destination}} {{.Mode}} {{.RW}} {{.Propagation}} {{.Driver}}{{end}}{{end}}' n1
$X inspect -f '{{json .Config}}' n1 c1 h1
$X inspect -f '{{json .HostConfig.RestartPolicy}} {{json .HostConfig.Tmpfs}} {{json .HostConfig.Binds}} {{.HostConfig.NetworkMode}}' n1
$X inspect -f '{{json .NetworkSettings}}' c1
$X inspect -f '{{json .NetworkSettings.Networks}}' e1 n1
$X inspect -f '{{.ResolvConfPath}} {{.LogPath}}' c1
$X inspect -f '{{.Path}} {{.Args}} {{.Name}} {{.RestartCount}} {{.Platform}}' h1 n1 c1 e1
$X inspect -s -f '{{.SizeRw}}' e1 e2
$X inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' n1
$X inspect -f '{{.State.Health.Status}}' h1
$X inspect -f '{{.Nope}}' h1
$X inspect nosuch
$X inspect h1 nosuch -f '{{.Name}}'
$X inspect --type container box
$X inspect --type image h1
$X container inspect nosuch
$X container inspect -f '{{' h1
$X top h1 -o pid,cmd | wc -l
$X top n1 | cut -d' ' -f1
$X top nosuch
$X top p1 -o pid | wc -l
$X top h1 -o ppid
$X top h1 -o ppid=PID
$X top h1 --foo
$X port h1
$X port c1
$X port n1 80
$X port nosuch
$X stats --no-stream --format '{{.Name}} {{.PIDs}}' h1 p1
$X stats --no-stream --format '{{.Name}} {{.PIDs}} {{.MemUsage}}' e1
$X stats --no-stream nosuch
$X system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'
$X system df -v --format '{{range .Containers}}{{.Names}} {{.Size}}{{println}}{{end}}'
$X rmi box
$X tag box two
$X rmi two
$X rmi $($X images -q box)
$X rmi -f $($X images -q box)
$X rm -f h1 n1 p1
$X rmi box
$X rmi $($X images -q box)
$X image prune -af
$X rmi -f $($X images -q box)
$X ps -a --format '{{.Names}} {{.Image}}'
$X images -a
$X container prune -f --filter label=x
$X container prune -f --filter until=10h
$X container prune -f --filter foo=1
$X container prune -f --filter until=x
$X container prune -f
$X container prune -f
$X ps -aq
$X system prune -f
$X system prune -f --filter until=1h --volumes
"#;

/// What Debian's engine says, and what the newer one says instead.
const NEWER: &Newer = &[
    ("Invalid filter 'is-task=[maybe]'", "invalid filter 'is-task=[maybe]'"),
    ("no such container nosuch", "No such container: nosuch"),
    ("no such image: h1: No such image", "No such image"),
    ("Invalid filter 'nosuch'", "invalid filter 'nosuch'"),
    ("Invalid filter 'foo'", "invalid filter 'foo'"),
    ("strconv.Atoi: parsing", "invalid filter 'exited=x': strconv.Atoi: parsing"),
];

/// What today's client makes of these lines.
const TODAY: &Newer = &[
    (
        "$X inspect -f '{{json .NetworkSettings}}' c1",
        r#"{"Bridge":"","SandboxID":"","SandboxKey":"","Ports":{},"HairpinMode":false,"LinkLocalIPv6Address":"","LinkLocalIPv6PrefixLen":0,"SecondaryIPAddresses":null,"SecondaryIPv6Addresses":null,"EndpointID":"","Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","MacAddress":"","Networks":{"none":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}}
[Some(0)]"#,
    ),
    (
        "$X inspect -f '{{json .NetworkSettings.Networks}}' e1 n1",
        r#"{"none":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"ID","EndpointID":"","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}
{"none":{"IPAMConfig":null,"Links":null,"Aliases":null,"MacAddress":"","DriverOpts":null,"GwPriority":0,"NetworkID":"ID","EndpointID":"ID","Gateway":"","IPAddress":"","IPPrefixLen":0,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}
[Some(0)]"#,
    ),
    (
        "$X inspect --type container box",
        "[]\n2> Error response from daemon: No such container: box\n[Some(1)]",
    ),
    ("$X inspect --type image h1", "[]\n2> Error response from daemon: No such image: h1:latest\n[Some(1)]"),
    (
        "$X container inspect nosuch",
        "[]\n2> Error response from daemon: No such container: nosuch\n[Some(1)]",
    ),
    ("$X port n1 80", "2> Error: No public port '80' published for n1\n[Some(1)]"),
    ("$X port nosuch", "2> Error response from daemon: No such container: nosuch\n[Some(1)]"),
];

#[test]
fn containers_are_shown_as_dockers_engine_shows_them() {
    let Some(alike) = Alike::start("sh sleep true head", SETUP) else { return };
    alike.compare(COMMANDS, NEWER, TODAY);
}
