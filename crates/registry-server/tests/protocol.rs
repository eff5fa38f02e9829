//! The protocol of push, mount, delete, pull and collection, checked by running through every order of steps.
//!
//! A step is a transaction of the metadata or one call to the blob backend; the server may die between any two
//! of its own. No acknowledged manifest may ever lack a blob, no blob may ever lack its bytes, and when all are
//! done and the collection has run, no bytes may be left that nothing knows. Each of the decisions that make it
//! so is then turned round: the check has to find the damage, or it proves nothing.

use std::collections::{BTreeSet, HashSet};

/// The decisions that make the protocol safe.
#[derive(Clone, Copy)]
struct Decisions {
    /// The collection looks and takes away in one transaction.
    looks_and_takes_at_once: bool,
    /// Bytes are removed after the metadata has let go of them.
    lets_go_before_removing: bool,
    /// Each upload has a key of its own, whatever its digest.
    keys_are_given_once: bool,
    /// A push looks for its blobs in the transaction that keeps its manifest.
    push_looks_and_keeps_at_once: bool,
    /// Bytes are durable before the blob is known.
    bytes_before_rows: bool,
    /// A mount looks and links in one transaction.
    mount_looks_and_links_at_once: bool,
    /// An upload is known before its first byte is written.
    upload_known_before_bytes: bool,
    /// Who may push next and is told that something is here is given the grace anew.
    told_begins_grace: bool,
    /// That looks again, in its own transaction, whether it is here.
    told_after_second_look: bool,
}

const AS_BUILT: Decisions = Decisions {
    looks_and_takes_at_once: true,
    lets_go_before_removing: true,
    keys_are_given_once: true,
    push_looks_and_keeps_at_once: true,
    bytes_before_rows: true,
    mount_looks_and_links_at_once: true,
    upload_known_before_bytes: true,
    told_begins_grace: true,
    told_after_second_look: true,
};

type Repository = char;
type Key = u8;

/// One blob's life: two repositories, `a` where it is pushed and `b` where it is mounted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct World {
    /// The key that the blob's row names.
    row: Option<Key>,
    links: BTreeSet<Repository>,
    /// Repositories whose manifest was acknowledged, and not deleted since.
    manifests: BTreeSet<Repository>,
    files: BTreeSet<Key>,
    /// Keys of uploads under way.
    uploads: BTreeSet<Key>,
    trash: BTreeSet<Key>,
    /// Where collection has to look.
    queue: BTreeSet<Repository>,
    pusher: u8,
    mounter: u8,
    deleter: u8,
    reader: u8,
    /// What steps remember between two transactions, where they are wrong to.
    pusher_saw: bool,
    mounter_saw: bool,
    collector_saw: Option<Repository>,
    emptying: Option<Key>,
    reader_key: Option<Key>,
    /// Another manifest, left without a parent: whether it is there, and whether its grace is over.
    child: bool,
    child_due: bool,
    /// Who asks for it and then pushes an index of it.
    indexer: u8,
    indexer_saw: bool,
    index: bool,
}

const OLD: Key = 1;
const DONE: u8 = 99;

/// Repository `a` holds the blob by a manifest.
fn start() -> World {
    World {
        row: Some(OLD),
        links: BTreeSet::from(['a']),
        manifests: BTreeSet::from(['a']),
        files: BTreeSet::from([OLD]),
        uploads: BTreeSet::new(),
        trash: BTreeSet::new(),
        queue: BTreeSet::new(),
        pusher: 0,
        mounter: 0,
        deleter: 0,
        reader: 0,
        pusher_saw: false,
        mounter_saw: false,
        collector_saw: None,
        emptying: None,
        reader_key: None,
        child: true,
        child_due: true,
        indexer: 0,
        indexer_saw: false,
        index: false,
    }
}

fn with(world: &World, change: impl FnOnce(&mut World)) -> World {
    let mut next = world.clone();
    change(&mut next);
    next
}

/// Takes the blob out of a repository; out of all when that was the last.
fn unlink(world: &mut World, repository: Repository) {
    world.links.remove(&repository);
    if world.links.is_empty() {
        world.trash.extend(world.row.take());
    }
}

/// Makes a complete upload a blob of a repository.
fn add(world: &mut World, repository: Repository, key: Key) {
    world.uploads.remove(&key);
    match world.row {
        None => world.row = Some(key),
        Some(older) if older != key => _ = world.trash.insert(key),
        Some(_) => {}
    }
    world.links.insert(repository);
    world.queue.insert(repository);
}

/// Pushes the blob again to `c` by an upload of its own, then a manifest.
fn push(w: &World, d: Decisions) -> Vec<World> {
    let key = if d.keys_are_given_once { 2 } else { OLD };
    let to = |step: u8, change: &dyn Fn(&mut World)| {
        with(w, |n| {
            change(n);
            n.pusher = step;
        })
    };
    let known = |n: &mut World| _ = n.uploads.insert(key);
    let bytes = |n: &mut World| _ = n.files.insert(key);
    let row = |n: &mut World| add(n, 'c', key);
    let keep = |n: &mut World| _ = n.manifests.insert('c');
    let mut next = match (w.pusher, d.upload_known_before_bytes, d.bytes_before_rows) {
        (0, true, _) => vec![to(1, &known)],
        (0, false, _) => vec![to(1, &bytes)],
        (1, true, true) => vec![to(2, &bytes)],
        (1, true, false) => vec![to(2, &row)],
        (1, false, _) => vec![to(2, &known)],
        (2, _, true) => vec![to(3, &row)],
        (2, _, false) => vec![to(3, &bytes)],
        (3, ..) if d.push_looks_and_keeps_at_once => {
            let there = w.links.contains(&'c');
            vec![to(DONE, &|n: &mut World| {
                if there {
                    keep(n)
                }
            })]
        }
        (3, ..) => vec![to(4, &|n: &mut World| n.pusher_saw = n.links.contains(&'c'))],
        (4, ..) => vec![to(DONE, &|n: &mut World| {
            if n.pusher_saw {
                keep(n)
            }
        })],
        _ => vec![],
    };
    if (1..=4).contains(&w.pusher) {
        // The client goes away, or the server dies and the upload expires.
        next.push(to(DONE, &|n: &mut World| {
            if n.uploads.remove(&key) {
                n.trash.insert(key);
            }
        }));
    }
    next
}

/// Mounts from `a` into `b`, then pushes a manifest.
fn mount(w: &World, d: Decisions) -> Vec<World> {
    let to = |step: u8, change: &dyn Fn(&mut World)| {
        with(w, |n| {
            change(n);
            n.mounter = step;
        })
    };
    let link = |n: &mut World| {
        n.links.insert('b');
        n.queue.insert('b');
    };
    match w.mounter {
        0 if d.mount_looks_and_links_at_once => {
            let there = w.links.contains(&'a');
            vec![to(if there { 2 } else { DONE }, &|n: &mut World| {
                if there {
                    link(n)
                }
            })]
        }
        0 => vec![to(1, &|n: &mut World| n.mounter_saw = n.links.contains(&'a'))],
        1 => vec![to(if w.mounter_saw { 2 } else { DONE }, &|n: &mut World| {
            if n.mounter_saw {
                link(n)
            }
        })],
        2 => {
            let there = w.links.contains(&'b');
            vec![to(DONE, &|n: &mut World| {
                if there {
                    _ = n.manifests.insert('b')
                }
            })]
        }
        _ => vec![],
    }
}

/// Deletes the manifest of `a`.
fn delete(w: &World) -> Vec<World> {
    if w.deleter == DONE {
        return vec![];
    }
    vec![with(w, |n| {
        n.manifests.remove(&'a');
        n.queue.insert('a');
        n.deleter = DONE;
    })]
}

/// Looks at the queue, empties the trash. It may die anywhere: what it remembers is then forgotten.
fn collect(w: &World, d: Decisions) -> Vec<World> {
    let mut next = Vec::new();
    for repository in &w.queue {
        let garbage = !w.manifests.contains(repository) && w.links.contains(repository);
        if d.looks_and_takes_at_once {
            next.push(with(w, |n| {
                n.queue.remove(repository);
                if garbage {
                    unlink(n, *repository);
                }
            }));
        } else if w.collector_saw.is_none() {
            next.push(with(w, |n| {
                n.queue.remove(repository);
                n.collector_saw = garbage.then_some(*repository);
            }));
        }
    }
    if let Some(repository) = w.collector_saw {
        next.push(with(w, |n| {
            unlink(n, repository);
            n.collector_saw = None;
        }));
    }
    if !d.lets_go_before_removing {
        // Removes bytes first, forgets the row afterwards.
        let garbage =
            w.links.iter().all(|r| !w.manifests.contains(r)) && w.pusher == DONE && w.mounter == DONE;
        if let (Some(key), true, true) = (w.row, garbage, w.files.contains(&w.row.unwrap_or(0))) {
            next.push(with(w, |n| _ = n.files.remove(&key)));
        }
    }
    if w.child && w.child_due && !w.index {
        next.push(with(w, |n| n.child = false));
    }
    match w.emptying {
        None => next.extend(w.trash.iter().map(|key| {
            with(w, |n| {
                n.files.remove(key);
                n.emptying = Some(*key);
            })
        })),
        Some(key) => {
            next.push(with(w, |n| {
                n.trash.remove(&key);
                n.emptying = None;
            }));
            // Dies: the key is still in the trash.
            next.push(with(w, |n| n.emptying = None));
        }
    }
    next
}

/// Pulls from `a`: looks, opens, and looks again when the bytes have gone meanwhile.
fn read(w: &World) -> Vec<World> {
    match w.reader {
        0 => vec![with(w, |n| {
            n.reader_key = if n.links.contains(&'a') { n.row } else { None };
            n.reader = if n.reader_key.is_some() { 1 } else { DONE };
        })],
        1 => {
            let opened = w.reader_key.is_some_and(|key| w.files.contains(&key));
            vec![with(w, |n| n.reader = if opened { DONE } else { 0 })]
        }
        _ => vec![],
    }
}

/// Asks whether a manifest is here, pushes it if it is not, then an index that lists it. A push takes less than a
/// grace.
fn index(w: &World, d: Decisions) -> Vec<World> {
    let to = |step: u8, change: &dyn Fn(&mut World)| {
        with(w, |n| {
            change(n);
            n.indexer = step;
        })
    };
    match w.indexer {
        0 => vec![to(1, &|n| n.indexer_saw = n.child)],
        // The look said yes: before that is answered, the grace begins anew.
        1 if w.indexer_saw => {
            let there = w.child || !d.told_after_second_look;
            vec![to(if there { 3 } else { 2 }, &|n| n.child_due &= !(d.told_begins_grace && n.child))]
        }
        1 | 2 => vec![to(3, &|n| {
            n.child = true;
            n.child_due = false;
        })],
        3 => vec![to(DONE, &|n| n.index = true)],
        _ => vec![],
    }
}

fn steps(w: &World, d: Decisions) -> Vec<World> {
    let mut next = push(w, d);
    next.extend(index(w, d));
    next.extend(mount(w, d));
    next.extend(delete(w));
    next.extend(collect(w, d));
    next.extend(read(w));
    next
}

/// What is wrong with a state, if anything.
fn wrong(w: &World, all_done: bool) -> Option<String> {
    if !w.links.is_empty() && w.row.is_none() {
        return Some(format!("a repository holds a blob that is not there: {w:?}"));
    }
    if w.index && !w.child {
        return Some(format!("an index lacks a child that its pusher was told of: {w:?}"));
    }
    if w.manifests.iter().any(|repository| !w.links.contains(repository)) {
        return Some(format!("a manifest lacks its blob: {w:?}"));
    }
    if let Some(key) = w.row.filter(|key| !w.files.contains(key)) {
        return Some(format!("the bytes of key {key} are gone: {w:?}"));
    }
    let known = |key: &&Key| w.row == Some(**key) || w.uploads.contains(key) || w.trash.contains(key);
    match w.files.iter().find(|key| all_done && !known(key)) {
        Some(key) => Some(format!("key {key} is kept and nothing knows it: {w:?}")),
        None if all_done && w.row.is_some() && w.links.is_empty() => {
            Some(format!("a blob nobody holds: {w:?}"))
        }
        None => None,
    }
}

/// Runs through all states. How many there are, or what is wrong in one.
fn explore(d: Decisions) -> Result<usize, String> {
    let mut seen = HashSet::from([start()]);
    let mut open = vec![start()];
    while let Some(world) = open.pop() {
        let done = [world.pusher, world.mounter, world.deleter, world.indexer] == [DONE; 4];
        if let Some(problem) = wrong(&world, done) {
            return Err(problem);
        }
        let next = steps(&world, d);
        if next.is_empty() && done && !(world.trash.is_empty() && world.queue.is_empty()) {
            return Err(format!("the collection does not come to an end: {world:?}"));
        }
        for next in next {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn every_order_of_steps_is_safe() {
    let states = explore(AS_BUILT).unwrap_or_else(|problem| panic!("{problem}"));
    assert!(states > 1_000, "{states} states are too few to prove anything");
}

#[test]
fn each_decision_is_needed() {
    let check = |name: &str, change: &dyn Fn(&mut Decisions)| {
        let mut decisions = AS_BUILT;
        change(&mut decisions);
        assert!(explore(decisions).is_err(), "{name} does not seem to matter");
    };
    check("looking and taking at once", &|d| d.looks_and_takes_at_once = false);
    check("letting go before removing", &|d| d.lets_go_before_removing = false);
    check("keys that are given once", &|d| d.keys_are_given_once = false);
    check("looking for blobs with the push", &|d| d.push_looks_and_keeps_at_once = false);
    check("bytes before rows", &|d| d.bytes_before_rows = false);
    check("looking and linking at once", &|d| d.mount_looks_and_links_at_once = false);
    check("uploads known before their bytes", &|d| d.upload_known_before_bytes = false);
    check("a grace for what one was told of", &|d| d.told_begins_grace = false);
    check("looking again before telling", &|d| d.told_after_second_look = false);
}
