//! What containers do and how they end, by Docker's engine and by this program, line by line.

use crate::alike::{Alike, Newer};

const APPLETS: &str = "sh sleep true false cat echo id ls env stat touch mkdir rm ln chown chmod wc sort tail head test \
                       pwd hostname grep kill mount date tr cut seq printf dd readlink find";

/// Images with users, an entry point, a volume and a working folder; `$X` is the program.
const SETUP: &str = r#"
mkdir -p $FILES/etc $FILES/tmp $FILES/data/sub $FILES/srv/web $FILES/srv
chmod 1777 $FILES/tmp
printf 'root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:web:/srv/web:/bin/sh\n12:x:77:78::/:/bin/sh\n' > $FILES/etc/passwd
printf 'root:x:0:\nweb:x:1001:\nextra:x:2000:web\nmore:x:2001:web,root\n' > $FILES/etc/group
echo seed > $FILES/data/seed
echo deep > $FILES/data/sub/deep
chown -R 1000:1001 $FILES/data
chmod 750 $FILES/data
ln -sf /etc/passwd $FILES/srv/link
printf '#!/bin/sh\necho script "$@"\n' > $FILES/srv/script
printf 'no interpreter\n' > $FILES/srv/plain
chmod 755 $FILES/srv/script
tar -c -C "$FILES" . | $X import -c 'CMD ["sh", "-c", "echo default"]' - bb
tar -c -C "$FILES" . | $X import -c 'ENTRYPOINT ["echo", "entry"]' -c 'CMD ["cmd"]' -c 'ENV A=image B=image' -c 'WORKDIR /made/dir' - entry
tar -c -C "$FILES" . | $X import -c 'USER web' -c 'VOLUME /data' -c 'CMD ["id"]' -c 'LABEL one=1' -c 'EXPOSE 80/tcp' - web
$X run -d --name up --network none bb sleep 1000
$X run -d --name deaf --network none bb sh -c 'trap "echo got TERM; exit 7" TERM; while :; do sleep 0.1; done'
$X create --name made --network none bb echo made
$X volume create vol
sleep 1
"#;

const RUNS: &str = r#"
$X run --rm --network none bb
$X run --rm --network none bb true
$X run --rm --network none bb false
$X run --rm --network none bb sh -c 'exit 42'
$X run --rm --network none bb sh -c 'kill -9 $$'
$X run --rm --network none --init bb sh -c 'kill -TERM $$'
$X run --rm --network none bb nosuchprogram
$X run --rm --network none bb /nosuch/program
$X run --rm --network none bb /etc
$X run --rm --network none bb /etc/passwd
$X run --rm --network none bb ""
$X run --rm --network none bb /srv/script a 'b c'
$X run --rm --network none entry
$X run --rm --network none entry other words
$X run --rm --network none --entrypoint sh entry -c 'echo $A $B; pwd'
$X run --rm --network none --entrypoint '' entry sh -c 'echo cleared'
$X run --rm --network none --entrypoint '' entry
$X run --rm --network none --entrypoint /bin/echo bb
$X run --rm --network none --entrypoint 'echo two' bb
$X run --rm --network none -e A=own -e C= -e D --entrypoint env entry | sort | grep -v HOSTNAME
D=here $X run --rm --network none -e D --entrypoint env entry | grep ^D
printf 'E=file\n# no\nF\nA=file\n' > envs; F=out $X run --rm --network none --env-file envs -e A=flag --entrypoint env entry | sort | grep -v HOSTNAME
$X run --rm --network none --env-file nosuch bb env
printf 'with space=1\n' > bad; $X run --rm --network none --env-file bad bb env
$X run --rm --network none -w /tmp bb pwd
$X run --rm --network none -w /made/new bb pwd
$X run --rm --network none -w relative bb pwd
$X run --rm --network none -w /etc/passwd bb pwd
$X run --rm --network none --hostname there bb sh -c 'hostname; echo $HOSTNAME; tail -n 1 /etc/hosts | cut -f2; cat /etc/hostname'
$X run --rm --network none --add-host db:10.0.0.5 --add-host six:::1 bb grep -E 'db|six' /etc/hosts
$X run --rm --network none --add-host bad bb true
$X run --rm --network none --add-host bad:300.1.1.1 bb true
$X run --rm --network none bb id
$X run --rm --network none web
$X run --rm --network none -u root web
$X run --rm --network none -u 0 web sh -c 'id; echo $HOME'
$X run --rm --network none -u web bb sh -c 'id; echo $HOME'
$X run --rm --network none -u 1000 bb id
$X run --rm --network none -u 1000:0 bb id
$X run --rm --network none -u web:extra bb id
$X run --rm --network none -u :2000 bb id
$X run --rm --network none -u 12 bb id
$X run --rm --network none -u 4242 bb sh -c 'id; echo $HOME'
$X run --rm --network none -u 4242:4243 bb id
$X run --rm --network none -u nosuch bb id
$X run --rm --network none -u web:nosuch bb id
$X run --rm --network none -u -1 bb id
$X run --rm --network none -u 4294967296 bb id
$X run --rm --network none -u web --group-add 5 --group-add more bb id
$X run --rm --network none --group-add nosuch bb id
$X run --rm --network none -i bb cat < /dev/null
echo input | $X run --rm --network none -i bb cat
echo input | $X run --rm --network none bb cat
$X run --rm --network none bb sh -c 'echo out; echo err >&2'
$X run --rm --network none -a stdout bb sh -c 'echo out; echo err >&2'
$X run --rm --network none -a stderr bb sh -c 'echo out; echo err >&2'
$X run --rm --network none -a nosuch bb true
$X run --rm --network none -t bb sh -c 'test -t 1 && echo terminal' | tr -d '\r'
$X run --rm --network none -d -a stdout bb true
$X run --rm --network none bb sh -c 'head -c 100000 /dev/zero | tr "\0" x' | wc -c
$X run --rm --network none --read-only bb touch /x
$X run --rm --network none --read-only --tmpfs /run:size=64k,mode=700 bb sh -c 'touch /run/x && stat -c %a /run; dd if=/dev/zero of=/run/y bs=1k count=100 2>/dev/null || echo full'
$X run --rm --network none --tmpfs /data bb ls -A /data
$X run --rm --network none --shm-size 1m bb sh -c 'mount | grep shm | tr , "\n" | grep size'
$X run --rm --network none --ulimit nofile=100:200 bb sh -c 'ulimit -n; ulimit -Hn'
$X run --rm --network none --ulimit nofile=200:100 bb true
$X run --rm --network none --ulimit bogus=1 bb true
$X run --rm --network none --sysctl net.ipv4.ip_default_ttl=33 bb cat /proc/sys/net/ipv4/ip_default_ttl
$X run --rm --network none --sysctl kernel.nosuch=1 bb true
$X run --rm --network none --cap-drop ALL bb grep -E 'Cap(Eff|Bnd)' /proc/self/status
$X run --rm --network none --cap-drop ALL --cap-add CHOWN bb sh -c 'touch /x; chown 5 /x && stat -c %u /x'
$X run --rm --network none --cap-add NOSUCH bb true
$X run --rm --network none bb grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs|^Seccomp:' /proc/self/status
$X run --rm --network none --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status
$X run --rm --network none --security-opt seccomp=unconfined bb grep ^Seccomp: /proc/self/status
$X run --rm --network none --security-opt nosuch bb true
$X run --rm --network none --memory 4k bb true
$X run --rm --network none --memory bogus bb true
$X run --rm --network none --memory 64m --memory-swap 32m bb true
$X run --rm --network none --cpus 1000 bb true
$X run --rm --network none --cpus bogus bb true
$X run --rm --network none --cpuset-cpus 99 bb true
$X run --rm --network none --cpuset-mems 99 bb true
$X run --rm --network none --cpuset-cpus x bb true
$X run --rm --network none --restart on-failure:-1 bb true
$X run --network none --restart always:3 bb true
$X run --network none --restart bogus bb true
$X run --rm --network none --health-cmd x --health-timeout 1us bb true
$X run --rm --network none --pids-limit 3 bb sh -c 'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null'
$X run --rm --network none --device /dev/full bb sh -c 'echo x > /dev/full; ls -l /dev/full | cut -c1-10'
$X run --rm --network none --device /dev/nosuch bb true
$X run --rm --network none --device /dev/null:/dev/mine:r bb sh -c 'cat /dev/mine; echo x > /dev/mine'
$X run --rm --network none --restart always bb true
$X run --rm --network none --restart bogus bb true
$X run --network none --name 'bad name' bb true
$X run --network none --name up bb true
$X run --rm --network nosuch bb true
$X run --rm --network container:nosuch bb true
$X run --rm --network container:made bb true
$X run --rm --network container:up --hostname x bb true
$X run --rm --network none -p bogus bb true
$X run --rm --network none -p 99999:1 bb true
$X run --rm --network none --stop-signal BOGUS bb true
$X run --rm --network none --pull bogus bb true
$X run --rm --network none --pull never nosuchimage true
$X run --rm --network none --cidfile cid bb true; wc -c < cid; $X run --rm --network none --cidfile cid bb true
$X run --rm --network none --health-interval 1ns bb true
$X run --rm --network none -l a=b -l c --label-file nosuch bb true
$X run --rm --network none --log-driver nosuch bb true
$X run --rm --network none --runtime nosuch bb true
$X run --rm --network none --nosuchflag bb true
$X run --rm --network none
$X run --rm --network none UPPER
$X run --network none --rm --mount type=bind,src=/nosuch/here,dst=/x bb true
$X run --network none --rm --mount type=tmpfs,src=/x,dst=/x bb true
$X run --network none --rm --mount type=bind,src=/tmp bb true
$X run --network none --rm --mount type=bind,dst=/x bb true
$X run --network none --rm --mount type=volume,dst=/x,readonly bb true
$X run --network none --rm --mount src=vol,dst=/data bb sh -c 'cat /data/seed /data/sub/deep; stat -c "%u %g %a" /data'
$X run --network none --rm --mount src=vol,dst=/data,readonly bb touch /data/x
$X run --network none --rm -v vol:/data:ro,nocopy bb touch /data/x
$X run --network none --rm -v vol:/other bb ls /other
$X run --network none --rm -v /data bb ls /data
$X run --network none --rm -v fresh:/data:nocopy bb ls /data
$X run --network none --rm -v fresh2:/srv bb readlink /srv/link
$X run --network none --rm -v $PWD:/here bb sh -c 'echo made > /here/made'; cat made
$X run --network none --rm -v $PWD/newdir:/here bb true; test -d newdir && echo there
$X run --network none --rm -v relative/path:/x bb true
$X run --network none --rm -v vol:relative bb true
$X run --network none --rm -v vol:/ bb true
$X run --network none --rm -v vol:/x:bogus bb true
$X run --network none --rm -v vol:/x -v fresh:/x bb true
$X run --network none --rm -v /etc/hostname:/made/deep/file:ro bb sh -c 'test -s /made/deep/file && echo file; touch /made/deep/file'
$X volume ls -q
$X volume rm fresh fresh2 nosuch
$X volume inspect -f '{{.Name}} {{.Driver}} {{.Scope}} {{.Labels}} {{.Options}}' vol
$X volume rm vol
"#;

const LIVES: &str = r#"
$X exec up echo hello
$X exec up sh -c 'exit 9'
$X exec up nosuch
$X exec up /etc
$X exec -u web up id
$X exec -u nosuch up id
$X exec -w /tmp up pwd
$X exec -w /nosuch up pwd
$X exec -e A=1 up sh -c 'echo $A $HOME $PATH'
echo typed | $X exec -i up cat
echo typed | $X exec up cat
$X exec -d up touch /made-by-exec; sleep 0.5; $X exec up ls /made-by-exec
$X exec -t up test -t 0 && echo terminal
$X exec made true
$X exec nosuch true
$X exec up
$X exec --env-file nosuch up env
$X rename up up
$X rename up made
$X rename nosuch x
$X rename up 'bad name'
$X rename up upper && $X rename upper up
$X pause up && $X pause up
$X exec up true
$X unpause up && $X unpause up
$X pause made
$X unpause nosuch
$X start made
$X start -a made
$X logs made
$X logs --tail 1 made
$X logs --tail bogus made
$X logs --since bogus made
$X logs --since 10h made
$X logs --until 10h made
$X logs -n 0 made
$X logs -t made | cut -c 31-
$X logs nosuch
$X wait made nosuch
$X stop made up nosuch -t 0
$X wait up
$X start up && $X inspect -f '{{.State.Status}}' up
$X start nosuch up
$X kill -s BOGUS up
$X kill -s 0 up
$X kill made
$X kill nosuch up; $X wait up
$X inspect -f '{{.State.ExitCode}} {{.State.Status}} {{.State.OOMKilled}}' up
$X stop deaf; $X wait deaf; $X logs deaf
$X restart -t 0 deaf && $X inspect -f '{{.State.Status}} {{.RestartCount}}' deaf
$X restart nosuch
$X rm deaf
$X rm nosuch
$X rm -f nosuch
$X rm -f deaf
$X attach made
$X attach nosuch
$X start up; $X attach --no-stdin --sig-proxy=bogus up
$X run --network none --name third -d --stop-signal INT web sleep 100; $X exec third touch /srv/web/x; $X exec -u 0 third touch /data/y
$X stop -t 1 third; $X inspect -f '{{.State.ExitCode}}' third
$X diff third
$X diff made
$X diff nosuch
$X commit -m message -a 'A <a@b>' third m1 > out; cut -c1-7 out; $X inspect -f '{{.Author}}|{{.Comment}}|{{json .Config.User}}|{{json .Config.Volumes}}|{{json .Config.Labels}}|{{json .Config.Cmd}}' m1
$X commit -c 'CMD echo shell form' -c 'ENTRYPOINT ["sh", "-c"]' third m2 > out; $X inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}}' m2
$X commit -c 'ENTRYPOINT echo x' third m3 > out; $X inspect -f '{{json .Config.Cmd}} {{json .Config.Entrypoint}}' m3
$X commit -c 'ENV A=1 B="two words" C=$A' -c 'ENV D ${A}x' third m4 > out; $X inspect -f '{{json .Config.Env}}' m4
$X commit -c 'LABEL one=2 two="x y"' -c 'USER 0:0' -c 'WORKDIR rel' -c 'EXPOSE 81 90/udp' third m5 > out; $X inspect -f '{{json .Config.Labels}} {{.Config.User}} {{.Config.WorkingDir}} {{json .Config.ExposedPorts}}' m5
$X commit -c 'VOLUME /a /b' -c 'VOLUME ["/c"]' third m6 > out; $X inspect -f '{{json .Config.Volumes}} {{.Config.StopSignal}}' m6
$X commit -c 'HEALTHCHECK --interval=5s --retries=2 CMD true x' -c 'ONBUILD RUN x' third m7 > out; $X inspect -f '{{json .Config.Healthcheck}} {{json .Config.OnBuild}}' m7
$X commit -c 'HEALTHCHECK NONE' third m8 > out; $X inspect -f '{{json .Config.Healthcheck}}' m8
$X commit -c 'RUN true' third bad
$X commit -c 'BOGUS x' third bad
$X commit -c 'ENV' third bad
$X commit -c 'EXPOSE x' third bad
$X commit third BAD
$X commit nosuch
$X commit third m1:bad:tag
$X run --rm --network none m1 ls -l /srv/web/x | cut -c1-10
$X run --rm --network none m1 ls /data
$X run --rm --network none m2 'echo $0'
$X history --format '{{.CreatedBy}}|{{.Comment}}' m1
$X export third | tar t | sort | head -n 12
$X export -o t.tar third; tar tf t.tar | grep srv/web
$X export -o /nosuch/t.tar third
$X export nosuch
$X export made > /dev/null; echo $?
$X cp third:/data/y .; ls -l y | cut -c1-10
$X cp third:/etc/passwd - | tar x -O
$X cp made:/srv/link l1; readlink l1
$X cp -L made:/srv/link l2; wc -l < l2
$X cp made:/nosuch .
$X cp /nosuch made:/
$X cp made:/etc up:/tmp
$X cp nosuch:/x .
$X port up
$X top made
$X create --network none -v fresh:/x --name keeps bb; $X volume rm fresh; $X rm keeps; $X volume rm fresh
$X create --network none --name anon -v /anon bb > out; $X inspect -f '{{len .Mounts}}' anon; $X rm -v anon; $X volume ls -q | wc -l
$X container prune -f | head -n 1
$X rm -f up third > out; wc -l < out
"#;

/// How Debian's engine and client say what today's say otherwise.
const NEWER: &Newer = &[
    ("failed to create shim task", "failed to create task for container: failed to create shim task"),
    ("container process: exec:", "container process: error during container init: exec:"),
    (r#"exec: "/etc": permission denied"#, r#"exec: "/etc": is a directory: permission denied"#),
    (": unknown\n", "\n"),
    ("No command specified", "no command specified"),
    ("poorly formatted environment: variable", "invalid env file (bad): variable"),
    ("is not whitelisted", "is not allowed"),
    ("daemon: Range of CPUs", "daemon: range of CPUs"),
    (
        "Conflicting options: --restart and --rm",
        "conflicting options: cannot specify both --restart and --rm",
    ),
    ("network nosuch not found", "failed to set up container networking: network nosuch not found"),
    ("Invalid containerPort", "invalid containerPort"),
    ("Invalid hostPort", "invalid hostPort"),
    ("daemon: Invalid signal", "daemon: invalid signal"),
    (
        r#"error looking up logging plugin nosuch: plugin "nosuch" not found"#,
        "logger: no log driver named 'nosuch' is registered",
    ),
    ("Unknown runtime specified nosuch", "unknown or invalid runtime name: nosuch"),
    ("repository name must be lowercase", "repository name (library/UPPER) must be lowercase"),
    (
        "container process: error during container init: exec: \"nosuch\"",
        "container process: exec: \"nosuch\"",
    ),
    ("lstat //nosuch", "lstat /nosuch"),
    ("Error: No such container: ", "Error response from daemon: No such container: "),
    (
        "Error: No such container:path: made:/nosuch",
        "Error response from daemon: Could not find the file /nosuch in container made",
    ),
    ("Error: No such container:path: nosuch:/x", "Error response from daemon: No such container: nosuch"),
    ("Container ID is not running", "container ID is not running"),
    ("Cannot kill container", "cannot kill container"),
    ("Error when allocating new name: ", ""),
    ("(/bad name)", "(bad name)"),
    ("Container up is paused", "container ID is paused"),
    ("You cannot attach", "cannot attach"),
    ("daemon: run is not a valid", "daemon: RUN is not a valid"),
    ("daemon: bogus is not a valid", "daemon: BOGUS is not a valid"),
    ("directory \"/nosuch\" does not exist", "stat /nosuch: no such file or directory"),
    ("Error: No such volume: nosuch", "Error response from daemon: get nosuch: no such volume"),
];

/// What today's say of these lines.
const TODAY: &Newer = &[
    (
        "$X run --rm --network none -d -a stdout bb true",
        "2> strata: conflicting options: cannot specify both --attach and --detach\n[Some(125)]",
    ),
    (
        "$X run --rm --network container:made bb true",
        "2> strata: Error response from daemon: cannot join network namespace of a non running container: container \
         made is created\n[Some(125)]",
    ),
    (
        "$X run --rm --network none --pull bogus bb true",
        "2> strata: invalid pull option: 'bogus': must be one of \"always\", \"missing\" or \"never\"\n[Some(125)]",
    ),
    (
        "$X run --network none --restart always:3 bb true",
        "2> strata: Error response from daemon: invalid restart policy: maximum retry count can only be used with \
         'on-failure'\n[Some(125)]",
    ),
    (
        "$X run --network none --restart bogus bb true",
        "2> strata: Error response from daemon: invalid restart policy: unknown policy 'bogus'; use one of 'no', \
         'always', 'on-failure', or 'unless-stopped'\n[Some(125)]",
    ),
    (
        "$X exec up nosuch",
        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"nosuch\": executable file \
         not found in $PATH\n[Some(127)]",
    ),
    (
        "$X exec up /etc",
        "OCI runtime exec failed: exec failed: unable to start container process: exec: \"/etc\": permission \
         denied\n[Some(126)]",
    ),
    (
        "$X exec -w /nosuch up pwd",
        "OCI runtime exec failed: exec failed: unable to start container process: chdir to cwd (\"/nosuch\") set in \
         config.json failed: no such file or directory\n[Some(127)]",
    ),
    ("$X exec up", "2> strata: 'strata exec' requires at least 2 arguments\n[Some(1)]"),
    (
        "$X rm deaf",
        "2> Error response from daemon: cannot remove container \"deaf\": container is running: stop the container \
         before removing or force remove\n[Some(1)]",
    ),
    (
        "$X commit third BAD",
        "2> invalid reference format: repository name (library/BAD) must be lowercase\n[Some(1)]",
    ),
    ("$X run --rm --network none", "2> strata: 'strata run' requires at least 1 argument\n[Some(1)]"),
];

#[test]
fn containers_run_as_dockers_engine_runs_them() {
    let Some(alike) = Alike::start(APPLETS, SETUP) else { return };
    alike.compare(&format!("{RUNS}{LIVES}"), NEWER, TODAY);
}
