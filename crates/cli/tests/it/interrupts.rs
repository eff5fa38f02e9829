//! Ctrl-C and SIGTERM, with the real program: operations end soon and leave a store in order, questions stay
//! unanswered.
use std::time::{Duration, Instant};

use rustix::process::Signal;
use testkit::image::{Codec, Image, Layer};
use testkit::registry::Fault;
use testkit::scratch::Ended;
use testkit::{Registry, Scratch};

/// People expect a program to stop within about a second; this leaves room for a busy machine.
const SOON: Duration = Duration::from_secs(5);

fn scratch(registry: &Registry) -> Scratch {
    Scratch::new(env!("CARGO_BIN_EXE_strata")).mirror(registry)
}

/// A registry whose layer never comes to an end.
fn stalling() -> Registry {
    let registry = Registry::new();
    let layer = Layer::noise("big", 1, 4 << 20, Codec::None);
    Image::new(vec![layer]).build().push(&registry, "library/big", &["latest"]);
    registry.on("GET", "/v2/library/big/blobs/*").then(Fault::StallAfter(1 << 20));
    registry
}

#[test]
fn an_interrupted_pull_ends_soon_and_leaves_a_clean_store() {
    for (signal, exit) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let registry = stalling();
        let scratch = scratch(&registry);
        let pull = scratch.start("pull big");
        let under_way = |requests: &[testkit::registry::Request]| requests.len() > 2;
        assert!(registry.wait(Duration::from_secs(20), under_way), "the pull did not begin");
        let begun = Instant::now();
        pull.signal(signal);
        let ended = pull.wait();
        assert!(begun.elapsed() < SOON, "{signal:?} took {:?}", begun.elapsed());
        assert_eq!((ended.ended, &*ended.stderr), (Ended::Exit(exit), ""), "{signal:?}");
        assert!(!ended.stdout.contains("Retrying"), "{}", ended.stdout);
        scratch.run("images -q").expect_success().expect_stdout("");
        scratch.run("fsck").expect_success();
        registry.behave();
        scratch.run("pull -q big").expect_success();
    }
}

#[test]
fn a_question_that_is_interrupted_is_no_failure() {
    let registry = Registry::new();
    let scratch = scratch(&registry);
    let prune = scratch.on_terminal("image prune", 80, 24);
    assert!(prune.wait_for("[y/N] ", Duration::from_secs(20)), "{}", prune.output());
    prune.signal(Signal::INT);
    let ended = prune.wait();
    assert_eq!(ended.ended, Ended::Exit(0));
    assert!(ended.stdout.ends_with("[y/N] \r\n"), "{:?}", ended.stdout);
}

#[test]
fn a_password_is_not_shown_and_the_terminal_is_as_before() {
    let registry = Registry::new();
    let scratch = scratch(&registry);
    let login = format!(
        "stty -a | grep -o '.echo ' ; strata login -u joe {}; stty -a | grep -o '.echo '",
        registry.host()
    );
    let mut shell = scratch.shell_on_terminal(&login, 80, 24);
    assert!(shell.wait_for("Password: ", Duration::from_secs(20)), "{}", shell.output());
    shell.type_keys("hunter2");
    std::thread::sleep(Duration::from_millis(50));
    assert!(!shell.output().contains("hunter2"), "{}", shell.output());
    shell.type_keys("\n");
    let ended = shell.wait();
    assert!(ended.stdout.contains("Login Succeeded"), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches(" echo ").count(), 2, "{}", ended.stdout);
}

#[test]
fn an_interrupted_password_leaves_a_terminal_that_shows_what_is_typed() {
    if !testkit::skip::installed("setsid") {
        return;
    }
    let registry = Registry::new();
    let scratch = scratch(&registry);
    // The shell's own interrupt goes to nobody here: the program is told by its number.
    let login = format!(
        "strata login -u joe {} < /dev/tty & sleep 1; kill -INT $!; wait $!; echo exit $?; stty -a | grep -o '.echo '",
        registry.host()
    );
    let shell = scratch.shell_on_terminal(&format!("setsid -c sh -c {}", quote(&login)), 80, 24);
    let ended = shell.wait();
    assert!(ended.stdout.contains("exit 0") && ended.stdout.contains(" echo "), "{:?}", ended.stdout);
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
