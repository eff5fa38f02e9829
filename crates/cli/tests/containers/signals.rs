//! What signals do to a command that is attached, without a terminal: as Docker's client does with its engine.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::Scratch;

use crate::{Container, running_bench};

/// Says how it ends, and which signal made it so.
const PROGRAM: &str = "bb:1 sh -c 'trap \"echo term; exit 7\" TERM; trap \"echo int; exit 8\" INT; echo ready; \
                       while :; do sleep 0.1; done'";

/// A moment until the container's program has said that it is ready.
fn wait_for(scratch: &Scratch, name: &str) {
    let end = Instant::now() + Duration::from_secs(20);
    while !scratch.run(&format!("logs {name}")).stdout.contains("ready") {
        assert!(Instant::now() < end, "{name} does not get ready");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn status(scratch: &Scratch, name: &str) -> String {
    scratch.run(&format!("inspect --format '{{{{.State.Status}}}} {{{{.State.ExitCode}}}}' {name}")).stdout
}

#[test]
fn signals_go_to_the_program_and_its_end_is_the_commands() {
    let Some(scratch) = running_bench() else { return };
    for (signal, said, exit) in [(Signal::TERM, "term", 7), (Signal::INT, "int", 8)] {
        let name = "signalled";
        let _created = Container::new(&scratch, "create", name, PROGRAM);
        for command in ["start --attach", "attach"] {
            if command == "attach" {
                scratch.run(&format!("start {name}")).expect_success();
                wait_for(&scratch, name);
            }
            let running = scratch.start(&format!("{command} {name}"));
            std::thread::sleep(Duration::from_millis(700));
            running.signal(signal);
            let outcome = running.wait();
            outcome.expect_exit(exit);
            assert!(outcome.stdout.ends_with(&format!("{said}\n")), "{command}: {outcome}");
            assert_eq!(status(&scratch, name), format!("exited {exit}\n"), "{command}");
        }
    }
}

#[test]
fn without_the_proxy_signals_do_nothing() {
    let Some(scratch) = running_bench() else { return };
    let _container = Container::new(&scratch, "run --detach", "alone", PROGRAM);
    wait_for(&scratch, "alone");
    let mut attached = scratch.start("attach --sig-proxy=false alone");
    std::thread::sleep(Duration::from_millis(700));
    attached.signal(Signal::TERM);
    attached.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(1500));
    assert!(attached.is_running());
    assert_eq!(status(&scratch, "alone"), "running 0\n");
    scratch.run("kill --signal TERM alone").expect_success();
    attached.wait().expect_exit(7);
}

#[test]
fn signals_end_who_only_looks_on() {
    let Some(scratch) = running_bench() else { return };
    let _container = Container::new(&scratch, "run --detach", "watched", PROGRAM);
    wait_for(&scratch, "watched");
    for line in ["logs --follow watched", "wait watched", "exec watched sleep 30"] {
        for (signal, exit) in [(Signal::TERM, 143), (Signal::INT, 130)] {
            let running = scratch.start(line);
            std::thread::sleep(Duration::from_millis(700));
            running.signal(signal);
            running.wait().expect_exit(exit);
        }
    }
    assert_eq!(status(&scratch, "watched"), "running 0\n");
}
