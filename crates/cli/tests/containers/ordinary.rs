//! Containers of an ordinary user: with ranges of numbers of their own, and alone.

use std::path::Path;
use std::process::Command;

use testkit::{OrdinaryUser, Scratch, skip};

/// What the tests' user may have.
const RANGES: &str = "tester:2000000:65536\n";
/// Programs that run containers, one of which there is.
const RUNTIMES: [&str; 2] = ["runc", "crun"];

/// A user with a store, that has an image of one layer whose files have several owners.
struct Bench {
    scratch: Scratch,
    /// Goes last: the user ends with it.
    _user: OrdinaryUser,
}

impl Bench {
    /// Somebody who has these ranges; nothing where containers cannot run.
    fn new(ranges: &str) -> Option<Bench> {
        let user = OrdinaryUser::new(ranges)?;
        if !Path::new("/bin/busybox").exists() || !skip::installed("tar") {
            skip::skip("needs a busybox at /bin/busybox, and tar");
            return None;
        }
        let scratch = Scratch::new(env!("CARGO_BIN_EXE_strata"));
        write_image(&scratch.work());
        let scratch = scratch.as_user(&user);
        scratch.run("import bb.tar bb:1").expect_success();
        Some(Bench { scratch, _user: user })
    }

    /// The command's output, without the last line break.
    #[track_caller]
    fn says(&self, line: &str) -> String {
        let outcome = self.scratch.run(line);
        outcome.expect_success();
        outcome.stdout.trim_end().to_owned()
    }
}

/// `bb.tar`: root's files and those of two others.
fn write_image(folder: &Path) {
    let script = "mkdir -p fs/bin fs/etc fs/tmp fs/data fs/home/joe && cd fs && cp /bin/busybox bin/ && \
                  for a in sh cat ls sleep ln stat id touch chown; do ln -s busybox bin/$a; done && \
                  printf 'root:x:0:0:root:/:/bin/sh\\njoe:x:1000:1000::/home/joe:/bin/sh\\n' > etc/passwd && \
                  printf 'root:x:0:\\njoe:x:1000:\\n' > etc/group && echo d > data/f && echo j > home/joe/f && \
                  chown -R 0:0 . && chown -R 33:44 data && chown -R 1000:1000 home/joe && chmod 700 home/joe && \
                  chmod 1777 tmp && tar --numeric-owner -cf ../bb.tar . && cd .. && rm -r fs";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).status();
    assert!(made.unwrap().success(), "an image");
}

fn runtimes() -> impl Iterator<Item = &'static str> {
    RUNTIMES.into_iter().filter(|runtime| skip::installed(runtime))
}

#[test]
fn with_ranges_all_have_their_files() {
    let Some(bench) = Bench::new(RANGES).filter(|_| skip::installed("newuidmap")) else { return };
    let check = |words: &str, expect: &str| {
        for runtime in runtimes() {
            let told = bench.says(&format!("run --rm --network none --runtime {runtime} {words}"));
            assert_eq!(told, expect, "{runtime}: {words}");
        }
    };
    let files = "/bin/busybox /data /data/f /home/joe";
    check(&format!("bb:1 stat -c %u:%g:%a {files}"), "0:0:755\n33:44:755\n33:44:644\n1000:1000:700");
    check("bb:1 id -u", "0");
    check("-u joe bb:1 sh -c 'id -u; cat /home/joe/f'", "1000\nj");
    check("-u 1234:5678 bb:1 id", "uid=1234 gid=5678 groups=5678");
    check("bb:1 sh -c 'touch /tmp/x && chown 77:88 /tmp/x && stat -c %u:%g /tmp/x'", "77:88");
    check(
        "bb:1 cat /proc/self/uid_map",
        "         0      54321          1\n         1    2000000      65536",
    );
}
