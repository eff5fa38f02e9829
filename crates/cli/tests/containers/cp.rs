//! `cp`, held against what Docker's client 28 and engine said and did with the same files.

use std::os::unix::fs::{MetadataExt, symlink};

use testkit::Scratch;
use testkit::scratch::Outcome;

use crate::{Container, bench, running_bench};

/// Files to copy, as the recorded run had them.
const FILES: &str = "mkdir -p src/sub vol out && echo one > src/a && echo two > src/sub/b && echo f > file && \
    echo v > vol/v && chmod 640 src/a && chown 1000:1000 src/a && chown 12:13 file && ln -s a src/link && \
    ln -s sub src/dlink && ln -s nowhere src/broken && ln src/a src/hard && mkfifo src/pipe && \
    ln -s /root/notes vol/abs && touch -d @1000000000.5 src/a";

fn files(scratch: &Scratch) {
    scratch.shell(FILES).expect_success();
}

/// Copies, and what is said: nothing when it works.
fn check(scratch: &Scratch, table: &[(&str, &str)]) {
    let work = scratch.work().display().to_string();
    for (words, expect) in table {
        let outcome = scratch.run(&format!("cp {words}")).replacing(&work, "/w");
        let expect = if expect.is_empty() { String::new() } else { format!("{expect}\n") };
        assert_eq!((&*outcome.stdout, &*outcome.stderr), ("", &*expect), "cp {words}");
        outcome.expect_exit(i32::from(!expect.is_empty()));
    }
}

fn listing(scratch: &Scratch, path: &str) -> String {
    let outcome = scratch.shell(&format!(
        "strata cp {path} - | tar tvf - --numeric-owner --full-time | \
         sed -E 's/ [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [0-9:.]+//; s/ +/ /g'"
    ));
    outcome.expect_success();
    outcome.stdout
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn copies_into_a_container_go_where_dockers_go() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let work = scratch.work().display().to_string();
    let volumes = format!("-v {work}/vol:/vol:ro -v {work}/vol:/rw bb:1 sh");
    let _c1 = Container::new(&scratch, "create", "c1", &volumes);
    let there = "Error response from daemon: ";
    let said = |text: &str| format!("{there}{text}");
    scratch.shell("mkdir -p dx/fresh dy/root/notes && echo x > dx/fresh/src").expect_success();
    check(
        &scratch,
        &[
            ("src/a c1:/root/notes", ""),
            ("src/a c1:/root/", ""),
            ("src/a c1:/root/nodir/", "no such directory"),
            ("src/a c1:/no/such", &said("Could not find the file /no in container c1")),
            ("src/a c1:/no/such/", "no such directory"),
            ("src/a c1:etc/rel", ""),
            ("src c1:/root/fresh", ""),
            ("src c1:/root/fresh", ""),
            ("src/. c1:/root/fresh2", ""),
            ("src/. c1:/root/fresh2", ""),
            ("src/ c1:/root/fresh3/", ""),
            ("src c1:/root/notes", "cannot copy directory"),
            (
                "src c1:/root/notes/",
                &said(r#"cannot overwrite non-directory "/root/notes" with directory "/root""#),
            ),
            ("src/a c1:/root/notes/", "no such directory"),
            ("src/a c1:/root/notes/x", &said("extraction point is not a directory")),
            ("src/link c1:/root/link1", ""),
            ("-L src/link c1:/root/link2", ""),
            ("src/dlink/ c1:/root/dl2", ""),
            ("-L src/dlink c1:/root/dl3", ""),
            ("-L src/broken c1:/root/br", "lstat /w/src/nowhere: no such file or directory"),
            ("nofile c1:/root/", "lstat /w/nofile: no such file or directory"),
            ("file/ c1:/root/", "not a directory"),
            ("file nosuch:/root/", "no such directory"),
            ("file nosuch:/root/x", &said("No such container: nosuch")),
            ("c1:/root nosuch:/root", "copying between containers is not supported"),
            ("file other", "must specify at least one container source"),
            ("'' c1:/x", "source can not be empty"),
            ("c1:/x ''", "destination can not be empty"),
            ("file c1:", "no such directory"),
            ("file c1:/vol/x", &said("mounted volume is marked read-only")),
            ("file c1:/vol", &said("mounted volume is marked read-only")),
            ("file c1:/rw/x", ""),
            ("file c1:/rw/abs", ""),
            (
                "dx/. c1:/root",
                &said(r#"cannot overwrite directory "/root/fresh/src" with non-directory "/root""#),
            ),
            ("dy/. c1:/", &said(r#"cannot overwrite non-directory "/root/notes" with directory "/""#)),
        ],
    );
    assert_eq!(
        listing(&scratch, "c1:/root/fresh2"),
        "drwxr-xr-x 0/0 0 fresh2/\n\
         -rw-r----- 1000/1000 4 fresh2/a\n\
         lrwxrwxrwx 0/0 0 fresh2/broken -> nowhere\n\
         lrwxrwxrwx 0/0 0 fresh2/dlink -> sub\n\
         hrw-r----- 1000/1000 0 fresh2/hard link to fresh2/a\n\
         lrwxrwxrwx 0/0 0 fresh2/link -> a\n\
         prw-r--r-- 0/0 0 fresh2/pipe\n\
         drwxr-xr-x 0/0 0 fresh2/sub/\n\
         -rw-r--r-- 0/0 4 fresh2/sub/b\n"
    );
    // Through a link of the volume into the root, and into the volume itself.
    assert_eq!(listing(&scratch, "c1:/root/notes"), "-rw-r--r-- 12/13 2 notes\n");
    assert_eq!(listing(&scratch, "c1:/rw/x"), "-rw-r--r-- 12/13 2 x\n");
    assert_eq!(std::fs::read(scratch.work().join("vol/x")).unwrap(), b"f\n");
    for (path, first) in [
        ("c1:/root/fresh/dlink", "lrwxrwxrwx 0/0 0 dlink -> sub\n"),
        ("c1:/root/fresh/dlink/", "drwxr-xr-x 0/0 0 dlink/\n-rw-r--r-- 0/0 4 dlink/b\n"),
        ("c1:/root/fresh/dlink/.", "drwxr-xr-x 0/0 0 ./\n-rw-r--r-- 0/0 4 ./b\n"),
        ("c1:/vol/.", "drwxr-xr-x 0/0 0 ./\nlrwxrwxrwx 0/0 0 ./abs -> /root/notes\n"),
        ("c1:/root/fresh/src/sub", "drwxr-xr-x 0/0 0 sub/\n-rw-r--r-- 0/0 4 sub/b\n"),
    ] {
        assert!(listing(&scratch, path).starts_with(first), "{path}");
    }
    // The whole root has what is mounted in it too, in a container that never ran.
    let whole = listing(&scratch, "c1:/");
    for line in ["./rw/v\n", "./vol/v\n", "./.dockerenv\n", "./root/fresh2/sub/b\n"] {
        assert!(whole.contains(line), "{line} in {whole}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn copies_out_of_a_container_go_where_dockers_go() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    let there = "Error response from daemon: ";
    let said = |text: &str| format!("{there}{text}");
    check(&scratch, &[("src c1:/root/fresh", "")]);
    scratch
        .shell("mkdir -p o2/pw/passwd o2/f && echo x > o2/f/fresh && ln -s $PWD/made o2/made")
        .expect_success();
    check(
        &scratch,
        &[
            ("c1:/nofile .", &said("Could not find the file /nofile in container c1")),
            ("c1:/nofile/ .", &said("Could not find the file /nofile/ in container c1")),
            ("c1:/no/file .", &said("Could not find the file /no/file in container c1")),
            ("c1:/etc/passwd/ .", &said("lstat /etc/passwd/: not a directory")),
            ("c1:/etc/passwd/x .", &said("lstat /etc/passwd/x: not a directory")),
            ("nosuch:/x .", &said("No such container: nosuch")),
            ("c1:/etc/passwd out", ""),
            ("c1:/etc/passwd out/pw", ""),
            ("c1:/etc/passwd out/pw", ""),
            ("c1:/etc/passwd out/pw/", "stat /w/out/pw/: not a directory"),
            ("c1:/etc/passwd out/no/", "no such directory"),
            ("c1:/etc/passwd out/no/such", r#"invalid output path: directory "/w/out/no" does not exist"#),
            ("c1:/etc/passwd out/pw/x", "stat /w/out/pw/x: not a directory"),
            ("c1:/root/fresh out/pw", "cannot copy directory"),
            ("c1:/root/fresh out/f1", ""),
            ("c1:/root/fresh out/f1", ""),
            ("c1:/root/fresh/. out/f2", ""),
            ("c1:/root/fresh/ out/f3/", ""),
            ("c1:/root/fresh/link out/l1", ""),
            ("-L c1:/root/fresh/link out/l2", ""),
            ("-L c1:/root/fresh/link out", ""),
            ("-L c1:/root/fresh/dlink out/dl4", ""),
            (
                "-L c1:/root/fresh/broken out/b",
                &said("Could not find the file /root/fresh/nowhere in container c1"),
            ),
            ("c1:/root/fresh/broken out/b", ""),
            ("c1:/etc/passwd o2/made", ""),
            (
                "c1:/etc/passwd o2/pw",
                r#"cannot overwrite directory "/w/o2/pw/passwd" with non-directory "/w/o2/pw""#,
            ),
            (
                "c1:/root/fresh o2/f",
                r#"cannot overwrite non-directory "/w/o2/f/fresh" with directory "/w/o2/f""#,
            ),
            (
                "c1:/etc/passwd /dev/null",
                r#"invalid output path: "/dev/null" must be a directory or a regular file: got a device"#,
            ),
        ],
    );
    let found = scratch.shell("find out made o2/made -printf '%p %y %m %l\\n' | LC_ALL=C sort");
    let below = |folder: &str| {
        format!(
            "{folder} d 755 \n{folder}/a f 640 \n{folder}/broken l 777 nowhere\n{folder}/dlink l 777 sub\n"
        )
    };
    let rest = |folder: &str| {
        format!(
            "{folder}/hard f 640 \n{folder}/link l 777 a\n{folder}/pipe p 644 \n{folder}/sub d 755 \n\
             {folder}/sub/b f 644 \n"
        )
    };
    let tree = |folder: &str| below(folder) + &rest(folder);
    let f1 = below("out/f1") + &tree("out/f1/fresh") + &rest("out/f1");
    let expect = format!(
        "made f 644 \no2/made l 777 {}/made\nout d 755 \nout/b l 777 nowhere\nout/dl4 d 755 \nout/dl4/b f 644 \n\
         {f1}{}{}out/l1 l 777 a\nout/l2 f 640 \nout/link f 640 \nout/passwd f 644 \nout/pw f 644 \n",
        scratch.work().display(),
        tree("out/f2"),
        tree("out/f3"),
    );
    assert_eq!(found.stdout, expect);
}

#[test]
fn owners_times_and_links_stay_what_they_are() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    check(&scratch, &[("src c1:/root", ""), ("c1:/root/src out", ""), ("-a c1:/root/src kept", "")]);
    let of = |name: &str| {
        let stat = std::fs::symlink_metadata(scratch.work().join(name)).unwrap();
        (stat.uid(), stat.mode() & 0o7777, stat.mtime(), stat.mtime_nsec(), stat.nlink())
    };
    assert_eq!(of("out/src/a"), (0, 0o640, 1_000_000_000, 500_000_000, 2));
    assert_eq!(of("kept/a"), (1000, 0o640, 1_000_000_000, 500_000_000, 2));
}

#[test]
fn streams_are_archives_both_ways() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    let run = |line: &str| scratch.shell(line);
    run("mkdir st && strata cp st c1:/root && tar cf t.tar -C src . && tar czf t.tgz -C src a")
        .expect_success();
    let refused = |outcome: Outcome, text: &str| {
        outcome.expect_exit(1);
        assert_eq!(outcome.stderr, format!("{text}\n"));
    };
    refused(run("strata cp - c1:/no < t.tar"), r#"destination "c1:/no" must be a directory"#);
    refused(run("strata cp - c1:/etc/passwd < t.tar"), r#"destination "c1:/etc/passwd" must be a directory"#);
    run("strata cp - c1:/root/st < t.tar").expect_success();
    run("strata cp - c1:/root/st < t.tgz").expect_success();
    run("strata cp - c1:/root/st < /dev/null").expect_success();
    // Folders that the archive does not mention are made, where something is in the way it says so.
    run("mkdir -p m/x/y && echo q > m/x/y/c && tar cf m.tar -C m x/y/c && strata cp - c1:/root/st < m.tar")
        .expect_success();
    refused(
        run(
            "mkdir -p n/a/b && echo q > n/a/b/c && tar cf n.tar -C n a/b/c && strata cp - c1:/root/st < n.tar",
        ),
        "Error response from daemon: lstat /root/st/a/b: not a directory",
    );
    assert_eq!(
        listing(&scratch, "c1:/root/st"),
        "drwxr-xr-x 0/0 0 st/\n\
         -rw-r----- 1000/1000 4 st/a\n\
         lrwxrwxrwx 0/0 0 st/broken -> nowhere\n\
         lrwxrwxrwx 0/0 0 st/dlink -> sub\n\
         -rw-r----- 1000/1000 4 st/hard\n\
         lrwxrwxrwx 0/0 0 st/link -> a\n\
         prw-r--r-- 0/0 0 st/pipe\n\
         drwxr-xr-x 0/0 0 st/sub/\n\
         -rw-r--r-- 0/0 4 st/sub/b\n\
         drwxr-xr-x 0/0 0 st/x/\n\
         drwxr-xr-x 0/0 0 st/x/y/\n\
         -rw-r--r-- 0/0 2 st/x/y/c\n"
    );
}

#[test]
fn a_read_only_root_is_not_written() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "--read-only -v named:/data bb:1 sh");
    check(
        &scratch,
        &[
            ("file c1:/root/", "Error response from daemon: container rootfs is marked read-only"),
            ("file c1:/data/", ""),
            ("c1:/data/file out/", ""),
        ],
    );
}

/// A folder outside of every container, and links in a container that lead there.
fn canary(scratch: &Scratch) -> String {
    let outside = scratch.path("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("canary"), "alive").unwrap();
    let links = scratch.work().join("links");
    std::fs::create_dir(&links).unwrap();
    symlink(&outside, links.join("folder")).unwrap();
    symlink(outside.join("canary"), links.join("file")).unwrap();
    symlink("../../../../../../../../../../../../../../..", links.join("up")).unwrap();
    outside.display().to_string()
}

#[test]
fn run_3_no_copy_leaves_the_container() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let outside = canary(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "-v named:/data bb:1 sh");
    check(&scratch, &[("links c1:/root", ""), ("links c1:/data", "")]);
    let missing =
        |path: &str| format!("Error response from daemon: Could not find the file {path} in container c1");
    let parent = scratch.path("").display().to_string();
    let parent = parent.trim_end_matches('/');
    for place in ["root", "data"] {
        let at = format!("c1:/{place}/links");
        check(
            &scratch,
            &[
                (&format!("{at}/folder/canary out"), &missing(&format!("/{place}/links/folder/canary"))),
                (&format!("-L {at}/file out"), &missing(&format!("{outside}/canary"))),
                (&format!("file {at}/folder/new"), &missing(&format!("/{place}/links/folder"))),
                (&format!("file {at}/file"), &missing(&outside)),
                (&format!("src {at}/folder"), &missing(parent)),
                // What leads above the root leads to it.
                (
                    &format!("{at}/up{outside}/canary out"),
                    &missing(&format!("/{place}/links/up{outside}/canary")),
                ),
                (&format!("{at}/up/etc/passwd out"), ""),
                (&format!("file {at}/up/etc/new-{place}"), ""),
            ],
        );
        assert_eq!(
            listing(&scratch, &format!("c1:/etc/new-{place}")),
            format!("-rw-r--r-- 12/13 2 new-{place}\n")
        );
    }
    // The same links do what they say where the container itself has such a folder.
    scratch.shell(&format!("mkdir -p twin{outside} && echo inside > twin{outside}/canary")).expect_success();
    check(
        &scratch,
        &[("twin/. c1:/", ""), ("file c1:/root/links/folder/new", ""), ("-L c1:/data/links/file out", "")],
    );
    assert_eq!(std::fs::read(scratch.work().join("out/file")).unwrap(), b"inside\n");
    let names: Vec<_> =
        std::fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["canary"]);
    assert_eq!(std::fs::read(format!("{outside}/canary")).unwrap(), b"alive");
}

#[test]
fn run_3_an_archive_stays_in_the_container() {
    let Some(scratch) = bench() else { return };
    let outside = canary(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    // A link that the archive brings itself, and then a file behind it.
    scratch
        .shell(
            "mkdir a b && cp -P links/folder a/x && mkdir b/x && echo bad > b/x/canary && \
             tar cf t.tar -C a x && tar rf t.tar -C b x/canary",
        )
        .expect_success();
    scratch.shell("strata cp - c1:/root < t.tar").expect_exit(1);
    scratch.shell("tar cPf up.tar --transform 's,^,../../,' bb.tar").expect_success();
    scratch.shell("strata cp - c1:/root < up.tar").expect_exit(1);
    // The harmless twin: the link leads to a folder that the container has.
    scratch.shell("ln -sfn /tmp a/x && tar cf t.tar -C a x && tar rf t.tar -C b x/canary").expect_success();
    scratch.shell("strata cp - c1:/root < t.tar").expect_success();
    assert_eq!(listing(&scratch, "c1:/tmp/canary"), "-rw-r--r-- 0/0 4 canary\n");
    assert_eq!(std::fs::read(format!("{outside}/canary")).unwrap(), b"alive");
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
}

#[test]
fn a_terminal_is_told_what_was_copied() {
    let Some(scratch) = bench() else { return };
    files(&scratch);
    let _c1 = Container::new(&scratch, "create", "c1", "bb:1 sh");
    let said = |line: &str| scratch.on_terminal(line, 200, 24).wait().stdout.trim().to_owned();
    assert_eq!(said("cp file c1:/root"), "Successfully copied 2.05kB to c1:/root");
    assert_eq!(
        said("cp c1:/root/file ."),
        format!("Successfully copied 2.05kB to {}/.", scratch.work().display())
    );
    assert_eq!(said("cp -q file c1:/root"), "");
}

#[test]
fn a_container_that_runs_is_seen_as_it_is() {
    let Some(scratch) = running_bench() else { return };
    files(&scratch);
    let command = "sh -c 'echo data > /data/f; echo root > /root/f; echo ready; sleep 600'";
    let words = format!("-v named:/data --tmpfs /mem bb:1 {command}");
    let _c1 = Container::new(&scratch, "run --detach", "c1", &words);
    scratch
        .shell("for i in $(seq 100); do strata logs c1 | grep -q ready && break; sleep 0.1; done")
        .expect_success();
    check(
        &scratch,
        &[
            ("c1:/root/f out/root", ""),
            ("c1:/data/f out/data", ""),
            ("file c1:/root/new", ""),
            ("file c1:/data/new", ""),
            ("c1:/etc/hostname out/hostname", ""),
            (
                "file c1:/etc/hosts",
                "Error response from daemon: unlinkat /etc/hosts: device or resource busy",
            ),
        ],
    );
    assert_eq!(std::fs::read(scratch.work().join("out/root")).unwrap(), b"root\n");
    assert_eq!(std::fs::read(scratch.work().join("out/data")).unwrap(), b"data\n");
    assert_ne!(std::fs::read(scratch.work().join("out/hostname")).unwrap(), b"");
    scratch.run("exec c1 cat /root/new /data/new").expect_stdout("f\nf\n");
    // Nothing is lost when it stops, and nothing is left mounted.
    scratch.run("kill c1").expect_success();
    scratch.run("wait c1").expect_success();
    check(&scratch, &[("c1:/root/new out/again", ""), ("c1:/data/new out/again", "")]);
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap();
    let root = scratch.root().display().to_string();
    assert!(!mounts.contains(&root), "{mounts}");
}
