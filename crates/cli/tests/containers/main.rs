//! Containers, with their files: made by the program itself, on this machine's kernel.
//!
//! Each test says what it misses and passes where that is not there: root, or the programs that run containers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]
#![expect(clippy::disallowed_methods, reason = "tests write files and start programs")]

mod cp;
mod export;
mod faults;
mod limits;
mod many;
mod ordinary;
mod signals;

use testkit::{Scratch, skip};

/// The program with a store of its own, that has an image `bb:1`; nothing where containers cannot have files.
fn bench() -> Option<Scratch> {
    if !skip::root() || !skip::installed("tar") {
        return None;
    }
    let scratch = Scratch::new(env!("CARGO_BIN_EXE_strata"));
    let made = scratch.shell(
        "mkdir -p fs/bin fs/etc fs/root fs/tmp && printf 'root:x:0:0:root:/root:/bin/sh\\n' > fs/etc/passwd && \
         if [ -x /bin/busybox ]; then cp /bin/busybox fs/bin/ && \
         for a in sh cat ls sleep ln stat head tr; do ln -s busybox fs/bin/$a; done; fi; \
         tar -C fs --numeric-owner --owner=0 --group=0 -cf bb.tar . && rm -r fs && strata import bb.tar bb:1",
    );
    made.expect_success();
    Some(scratch)
}

/// The same where containers can run too.
fn running_bench() -> Option<Scratch> {
    let bench = bench()?;
    if !std::path::Path::new("/bin/busybox").exists() {
        skip::skip("needs a busybox at /bin/busybox");
        return None;
    }
    skip::installed("runc").then_some(bench)
}

/// A container that goes when the test ends, however it ends.
struct Container<'s> {
    scratch: &'s Scratch,
    name: &'static str,
}

impl<'s> Container<'s> {
    /// `strata run --detach` or `strata create`, with these words.
    fn new(scratch: &'s Scratch, command: &str, name: &'static str, words: &str) -> Container<'s> {
        let made = Container { scratch, name };
        scratch.run(&format!("{command} --name {name} --network none {words}")).expect_success();
        made
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        self.scratch.run(&format!("rm --force --volumes {}", self.name));
    }
}
