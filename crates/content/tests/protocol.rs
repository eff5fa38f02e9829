//! The protocol of leases and sweep, checked by running through every interleaving.
//!
//! One ingester that may be killed after each of its steps, one remover, one sweeper; a second model sets the
//! making of a container against the removal of its image. No name may ever reach a blob that is gone. Each of
//! the orderings is then turned round: the check has to find the dangling name, or it proves nothing.

use std::collections::{BTreeSet, HashSet};

type Blobs = BTreeSet<char>;

/// The orderings that make the protocol safe.
#[derive(Clone, Copy)]
struct Orderings {
    leases_before_roots: bool,
    pin_before_check: bool,
    publish_before_release: bool,
    pin_under_lock: bool,
    check_after_pin: bool,
}

const AS_BUILT: Orderings = Orderings {
    leases_before_roots: true,
    pin_before_check: true,
    publish_before_release: true,
    pin_under_lock: true,
    check_after_pin: true,
};

#[derive(Clone, PartialEq, Eq, Hash)]
struct World {
    blobs: Blobs,
    /// Names and what they reach.
    names: BTreeSet<(char, Blobs)>,
    pins: Blobs,
    lease_alive: bool,
    ingester: u8,
    sweeper: u8,
    saw_b: bool,
    seen_leases: Blobs,
    seen_roots: Blobs,
    sweeping: bool,
}

fn set(text: &str) -> Blobs {
    text.chars().collect()
}

/// A store that holds blob `b`, reached by the name `Y`.
fn start() -> World {
    World {
        blobs: set("b"),
        names: BTreeSet::from([('Y', set("b"))]),
        pins: set(""),
        lease_alive: false,
        ingester: 0,
        sweeper: 0,
        saw_b: false,
        seen_leases: set(""),
        seen_roots: set(""),
        sweeping: false,
    }
}

const DONE: u8 = 9;

fn with(world: &World, change: impl FnOnce(&mut World)) -> World {
    let mut next = world.clone();
    change(&mut next);
    next
}

/// Pulls `X`, which reaches `a` and `b`.
fn ingest(w: &World, o: Orderings) -> Vec<World> {
    let may_pin = !(w.sweeping && o.pin_under_lock);
    let pin = |n: &mut World| n.pins = set("ab");
    let look = |n: &mut World| n.saw_b = n.blobs.contains(&'b');
    let publish = |n: &mut World| _ = n.names.insert(('X', set("ab")));
    let release = |n: &mut World| (n.pins, n.lease_alive) = (set(""), false);
    let mut next = Vec::new();
    let mut step = |allowed: bool, change: &dyn Fn(&mut World), then: u8| {
        if allowed {
            next.push(with(w, |n| {
                change(n);
                n.ingester = then;
            }));
        }
    };
    match w.ingester {
        0 => step(!w.sweeping, &|n| n.lease_alive = true, 1),
        1 if o.pin_before_check => step(may_pin, &pin, 2),
        1 => step(true, &look, 2),
        2 if o.pin_before_check => step(true, &look, 3),
        2 => step(may_pin, &pin, 3),
        3 => step(
            true,
            &|n| {
                n.blobs.insert('a');
                if !n.saw_b {
                    n.blobs.insert('b');
                }
            },
            4,
        ),
        4 if o.publish_before_release => step(true, &publish, 5),
        4 => step(true, &release, 5),
        5 if o.publish_before_release => step(true, &release, DONE),
        5 => step(true, &publish, DONE),
        _ => {}
    }
    if (1..=5).contains(&w.ingester) {
        // Killed: the kernel lets go of the lease's lock.
        step(true, &release, DONE);
    }
    next
}

/// Makes a container `C` of whatever `Y` names.
fn create(w: &World, o: Orderings) -> Vec<World> {
    let target = set("b");
    let release = |n: &mut World| (n.pins, n.lease_alive) = (set(""), false);
    let to = |step: u8, change: &dyn Fn(&mut World)| {
        with(w, |n| {
            change(n);
            n.ingester = step;
        })
    };
    let mut next = match w.ingester {
        0 if w.names.iter().any(|(name, _)| *name == 'Y') => vec![to(1, &|_| {})],
        0 => vec![to(DONE, &|_| {})],
        1 if !w.sweeping => vec![to(2, &|n| (n.lease_alive, n.pins) = (true, set("b")))],
        2 if !o.check_after_pin || target.is_subset(&w.blobs) => vec![to(3, &|_| {})],
        2 => vec![to(DONE, &release)],
        3 => vec![to(4, &|n| _ = n.names.insert(('C', set("b"))))],
        4 => vec![to(DONE, &release)],
        _ => vec![],
    };
    if (2..=4).contains(&w.ingester) {
        next.push(to(DONE, &release));
    }
    next
}

/// Removes the name `Y`, then sweeps.
fn remove_and_sweep(w: &World, o: Orderings) -> Vec<World> {
    let live = if w.lease_alive { w.pins.clone() } else { set("") };
    let roots: Blobs = w.names.iter().flat_map(|(_, reached)| reached.iter().copied()).collect();
    let next = with(w, |n| {
        match (w.sweeper, o.leases_before_roots) {
            (0, _) => n.names.retain(|(name, _)| *name != 'Y'),
            (1, _) => n.sweeping = true,
            (2, true) | (3, false) => n.seen_leases = live,
            (2, false) | (3, true) => n.seen_roots = roots,
            (4, _) => n.blobs.retain(|blob| w.seen_leases.contains(blob) || w.seen_roots.contains(blob)),
            _ => n.sweeping = false,
        }
        n.sweeper += 1;
    });
    if w.sweeper <= 5 { vec![next] } else { vec![] }
}

/// Runs through every state; the number of them, or the name that dangles.
fn explore(other: fn(&World, Orderings) -> Vec<World>, o: Orderings) -> Result<usize, char> {
    let mut seen = HashSet::from([start()]);
    let mut open = vec![start()];
    while let Some(world) = open.pop() {
        if let Some((name, _)) = world.names.iter().find(|(_, reached)| !reached.is_subset(&world.blobs)) {
            return Err(*name);
        }
        let next = other(&world, o).into_iter().chain(remove_and_sweep(&world, o));
        open.extend(next.filter(|world| seen.insert(world.clone())));
    }
    Ok(seen.len())
}

#[test]
fn ingest_against_remove_and_sweep_is_safe() {
    assert!(explore(ingest, AS_BUILT).is_ok_and(|states| states > 50));
}

#[test]
fn every_ordering_of_ingest_is_needed() {
    for (what, orderings) in [
        ("the sweep reads roots first", Orderings { leases_before_roots: false, ..AS_BUILT }),
        ("looking before pinning", Orderings { pin_before_check: false, ..AS_BUILT }),
        ("releasing before publishing", Orderings { publish_before_release: false, ..AS_BUILT }),
        ("pinning without the lock", Orderings { pin_under_lock: false, ..AS_BUILT }),
    ] {
        assert_eq!(explore(ingest, orderings), Err('X'), "{what}");
    }
}

#[test]
fn create_against_remove_and_sweep_is_safe_and_needs_its_orderings() {
    assert!(explore(create, AS_BUILT).is_ok_and(|states| states > 30));
    for orderings in [
        Orderings { check_after_pin: false, ..AS_BUILT },
        Orderings { leases_before_roots: false, ..AS_BUILT },
    ] {
        assert_eq!(explore(create, orderings), Err('C'));
    }
}
