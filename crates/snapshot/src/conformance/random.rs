//! TAR-23 at large: random stacks, every driver against the plain rule.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::conformance::bench::Bench;
use crate::conformance::items::{dir, fifo, file, gone, link, opaque, symlink};
use crate::conformance::model::{Item, merged};

/// Stacks that are tried; each is stored and mounted for real.
const CASES: u32 = 400;

/// Few names, so that entries meet.
fn path() -> impl Strategy<Value = String> {
    proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("c")], 1..4).prop_map(|p| p.join("/"))
}

fn item() -> impl Strategy<Value = Item> {
    let mode = prop_oneof![Just(0o755_u32), Just(0o700), Just(0o4711), Just(0o1777)];
    prop_oneof![
        4 => (path(), mode.clone(), 1..9_i64).prop_map(|(p, mode, t)| dir(&p).mode(mode).time(t, 0)),
        1 => (mode.clone(), 1..9_i64).prop_map(|(mode, t)| dir("").mode(mode).time(t, 0)),
        6 => (path(), mode, "[xyz]{0,3}").prop_map(|(p, mode, text)| file(&p, &text).mode(mode)),
        2 => (path(), path()).prop_map(|(p, to)| symlink(&p, &to)),
        1 => path().prop_map(|p| fifo(&p)),
        3 => (path(), path()).prop_map(|(p, to)| link(&p, &to)),
        3 => path().prop_map(|p| gone(&p)),
        1 => path().prop_map(|p| opaque(&p)),
        1 => Just(opaque("")),
    ]
}

fn stack() -> impl Strategy<Value = Vec<Vec<Item>>> {
    proptest::collection::vec(proptest::collection::vec(item(), 0..6), 1..5)
}

/// Most random layers break a rule somewhere; what is refused is left out until it is none any more, so that
/// both kinds of stacks are tried.
fn repaired(layers: Vec<Vec<Item>>) -> Vec<Vec<Item>> {
    let mut good: Vec<Vec<Item>> = Vec::new();
    for layer in layers {
        good.push(Vec::new());
        for item in layer {
            let index = good.len() - 1;
            good[index].push(item);
            if merged(&good).is_err() {
                good[index].pop();
            }
        }
    }
    good
}

pub(crate) fn tar_23_random_stacks_are_what_the_rule_says(driver: &str) {
    let Some(bench) = Bench::with_trees(driver) else { return };
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&(stack(), any::<bool>()), |(layers, repair)| {
        let layers = if repair { repaired(layers) } else { layers };
        let check = std::panic::AssertUnwindSafe(|| bench.check(&layers));
        std::panic::catch_unwind(check).map_err(|panic| {
            let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
            TestCaseError::fail(text)
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
