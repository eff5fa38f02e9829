//! For N = 1, 2, …: the N-th call that changes the disk kills the process, or fails, or all from it on fail.
//! Each time the store is whole afterwards, nothing that was committed is lost, and the same command succeeds.

use testkit::{Registry, Scratch};

use crate::{check_store, image, scratch};

/// Calls of a pull of two small layers are some two hundred; a loop that goes on longer does not end.
const CALLS_MAX: u32 = 2_000;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// What happens at the N-th call.
#[derive(Clone, Copy)]
enum Fault {
    Kill,
    FailOnce(i32),
    FailFrom(i32),
}

impl Fault {
    fn text(self, at: u32) -> String {
        match self {
            Fault::Kill => format!("kill:{at}"),
            Fault::FailOnce(errno) => format!("fail:{at}:{errno}"),
            Fault::FailFrom(errno) => format!("fail-from:{at}:{errno}"),
        }
    }
}

/// A command in a loop of faults.
struct Case<'c> {
    /// Brings the store to where the command makes sense.
    before: &'c [&'c str],
    command: &'c str,
    /// References that must be there whatever happens to the command.
    kept: &'c [&'c str],
}

fn world() -> (Registry, Scratch) {
    let registry = Registry::new();
    image("kept").build().push(&registry, "library/kept", &["latest"]);
    image("demo").build().push(&registry, "library/demo", &["latest"]);
    let scratch = scratch(&registry);
    scratch.run("pull -q kept").expect_success();
    (registry, scratch)
}

impl Case<'_> {
    fn run(&self, fault: Fault) {
        let (_registry, scratch) = world();
        for at in 1..CALLS_MAX {
            for line in self.before {
                scratch.run(line).expect_success();
            }
            let text = fault.text(at);
            let outcome = scratch.shell(&format!("STRATA_FAULT={text} strata {}", self.command));
            let when = format!("{} with {text}", self.command);
            check_store(&scratch, &when);
            for name in self.kept {
                let listed = scratch.run(&format!("images -q {name}"));
                assert!(!listed.stdout.is_empty(), "{when}: {name} is lost");
            }
            if outcome.success()
                && !scratch.shell(&format!("STRATA_FAULT={} strata version", fault.text(1))).success()
            {
                panic!("{when}: the fault hit a command that writes nothing");
            }
            if outcome.success() {
                assert!(at > 5, "{when}: the command passes hardly any fault point");
                return;
            }
            assert!(!outcome.stderr.contains("panicked"), "{when}: {}", outcome.stderr);
            self.succeeds_now(&scratch, &when);
        }
        panic!("{} did not get through in {CALLS_MAX} calls", self.command);
    }

    /// The same command, or what it had done by then, is fine without the fault.
    fn succeeds_now(&self, scratch: &Scratch, when: &str) {
        let again = scratch.run(self.command);
        let done = again.stderr.contains("No such image");
        assert!(again.success() || done, "{when}: again: {}", again.stderr);
        check_store(scratch, &format!("{when}, then again"));
    }
}

const PULL: Case<'_> = Case { before: &["rmi -f demo"], command: "pull -q demo", kept: &["kept"] };
const TAG: Case<'_> = Case { before: &["rmi -f other"], command: "tag kept other", kept: &["kept"] };
const RMI: Case<'_> = Case { before: &["pull -q demo"], command: "rmi demo", kept: &["kept"] };

#[test]
fn disk_6_pull_killed_at_every_call() {
    PULL.run(Fault::Kill);
}

#[test]
fn disk_6_pull_with_every_call_failing_once() {
    PULL.run(Fault::FailOnce(EIO));
}

#[test]
fn disk_6_pull_on_a_disk_that_fills_at_every_call() {
    PULL.run(Fault::FailFrom(ENOSPC));
}

#[test]
fn disk_6_tag_killed_at_every_call() {
    TAG.run(Fault::Kill);
}

#[test]
fn disk_6_tag_with_every_call_failing() {
    TAG.run(Fault::FailFrom(ENOSPC));
    TAG.run(Fault::FailOnce(EIO));
}

#[test]
fn disk_6_rmi_killed_at_every_call() {
    RMI.run(Fault::Kill);
}

#[test]
fn disk_6_rmi_with_every_call_failing() {
    RMI.run(Fault::FailFrom(ENOSPC));
    RMI.run(Fault::FailOnce(EIO));
}
