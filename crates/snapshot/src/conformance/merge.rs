//! The merge rule, case by case; each runs on every driver (TAR-23).

use crate::conformance::bench::Bench;
use crate::conformance::items::{device, dir, fifo, file, gone, link, opaque, symlink};
use crate::conformance::model::Item;

fn check(driver: &str, layers: Vec<Vec<Item>>) {
    if let Some(bench) = Bench::with_trees(driver) {
        bench.check(&layers);
    }
}

/// Everything that a layer can have, as one layer and as the same split into many.
pub(crate) fn tar_12_everything_an_archive_has_is_there(driver: &str) {
    // Version 2, effective, CAP_NET_RAW.
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let items = vec![
        dir("").mode(0o751).owner(3, 4).time(5, 0),
        dir("d").mode(0o3770).owner(1, 2).time(-7, 0).xattr("user.d", b"\0\xff"),
        file("d/f", "content").mode(0o4755).owner(1000, 1000).time(1, 123_456_789),
        file("d/empty", "").mode(0).xattr("user.note", b""),
        file("ping", "x").mode(0o755).xattr("security.capability", &capability),
        symlink("d/s", "/etc/../../outside").owner(7, 8).time(9, 0),
        symlink("dangling", &"x/".repeat(2000)),
        link("d/g", "d/f"),
        link("h", "d/s"),
        fifo("d/p").mode(0o640),
        device("null", 1, 3).mode(0o666),
        file(&"n".repeat(255), "long"),
        file("d/sp ace\n\u{202e}%\\", "odd"),
        file("later/child", ""),
        dir("later").mode(0o700).owner(4294967294, 4294967294),
        dir("read-only").mode(0o555).time(1, 0),
        file("read-only/f", "").mode(0o444).xattr("user.locked", b"1"),
        dir("locked").mode(0),
        dir("locked/more").mode(0o100),
        file("locked/more/f", "secret").mode(0),
        link("locked/g", "locked/more/f"),
    ];
    check(driver, vec![items.clone()]);
    let on_top = vec![file("locked/more/h", ""), link("out", "locked/more/f"), file("read-only/g", "")];
    check(driver, vec![items.clone(), on_top]);
    let is_split = |item: &Item| item.header.kind != layer::tar::Kind::HardLink;
    check(driver, items.into_iter().filter(is_split).map(|item| vec![item]).collect());
}

pub(crate) fn tar_10_whiteouts_act_on_lower_layers_only(driver: &str) {
    let below = vec![
        dir("d").time(3, 0),
        file("d/a", "a"),
        file("d/b", "b"),
        dir("d/e"),
        file("d/e/x", "x"),
        file("f", "f"),
        symlink("l", "d"),
    ];
    let on_top = |items: Vec<Item>| check(driver, vec![below.clone(), items]);
    on_top(vec![gone("d/a")]);
    on_top(vec![gone("d")]);
    on_top(vec![gone("f"), gone("l"), gone("d/e")]);
    on_top(vec![gone("nothing"), gone("d/nothing"), gone("no/where")]);
    on_top(vec![gone("f"), file("f", "new")]);
    on_top(vec![file("f", "new"), gone("f")]);
    on_top(vec![gone("d"), dir("d").mode(0o700), file("d/new", "")]);
    on_top(vec![dir("d").mode(0o700), file("d/new", ""), gone("d")]);
    on_top(vec![gone("d"), file("d/e/new", "")]);
    on_top(vec![file("d/e/new", ""), gone("d")]);
    on_top(vec![gone("d/e"), file("d/e/new", ""), gone("d/a")]);
    on_top(vec![gone("d/e/x"), gone("d/e")]);
    on_top(vec![gone("f"), gone("f"), device("d/a", 0, 0)]);
    on_top(vec![device("d/a", 0, 0), file("d/a", "mine")]);
    // Below nothing there is nothing to hide, and nothing to be seen of the hiding.
    check(driver, vec![vec![gone("a"), dir("d"), gone("d/a"), file("d/b", ""), gone("e/f")]]);
    check(driver, vec![vec![file("a", "")], vec![gone("d/a")], vec![file("d/b", "")]]);
    check(driver, vec![below.clone(), vec![gone("d")], vec![gone("d"), file("d/y", "")], vec![gone("d/y")]]);
}

pub(crate) fn tar_10_opaque_directories_hide_lower_contents(driver: &str) {
    let below = vec![
        dir("").mode(0o711),
        dir("d").mode(0o750).owner(5, 6).time(3, 0),
        file("d/a", "a"),
        dir("d/e").mode(0o701),
        file("d/e/x", "x"),
        file("f", "f"),
        symlink("l", "d"),
    ];
    let on_top = |items: Vec<Item>| {
        check(driver, vec![below.clone(), items.clone()]);
        check(driver, vec![below.clone(), items.clone(), vec![file("d/e/top", ""), file("f", "top")]]);
        check(driver, vec![below.clone(), vec![file("d/e/mid", "")], items]);
    };
    on_top(vec![opaque("d")]);
    on_top(vec![opaque("d"), opaque("d")]);
    on_top(vec![opaque("")]);
    on_top(vec![opaque("d"), file("d/new", "")]);
    on_top(vec![file("d/new", ""), opaque("d")]);
    on_top(vec![dir("d").mode(0o700), opaque("d"), file("d/e/new", "")]);
    on_top(vec![file("d/e/new", ""), opaque("d/e")]);
    on_top(vec![file("d/e/new", ""), opaque("d"), opaque("d/e"), gone("d/a")]);
    on_top(vec![opaque("l")]);
    on_top(vec![opaque("n/o/where")]);
    on_top(vec![opaque("d"), gone("d")]);
    on_top(vec![dir("keep"), file("keep/me", ""), opaque("")]);
}

pub(crate) fn an_entry_replaces_what_is_at_its_path(driver: &str) {
    let below = vec![dir("d").mode(0o700), file("d/x", "x"), file("f", "f"), symlink("l", "d")];
    let over = |items: Vec<Item>, above: Vec<Item>| check(driver, vec![below.clone(), items, above]);
    over(vec![file("d", "now a file")], vec![]);
    over(vec![file("d", "now a file")], vec![dir("d").mode(0o755)]);
    over(vec![file("d", "now a file")], vec![file("d/y", "implied again")]);
    over(vec![symlink("d", "f")], vec![dir("d"), file("d/y", "")]);
    over(vec![dir("f"), file("f/in", "")], vec![file("f", "back")]);
    over(vec![dir("l"), file("l/in", "")], vec![symlink("l", "d")]);
    over(vec![file("l/in", "")], vec![fifo("l")]);
    over(vec![file("d", ""), dir("d"), file("d/y", "")], vec![]);
    over(vec![dir("d").mode(0o711).time(8, 0)], vec![dir("d").mode(0o1777).xattr("user.top", b"1")]);
    over(vec![dir("d").xattr("user.mid", b"1")], vec![dir("d")]);
    over(vec![file("f", "1"), file("f", "2"), fifo("f")], vec![file("d/x", "3")]);
}

pub(crate) fn implied_parents_take_what_is_below(driver: &str) {
    let below = vec![
        dir("").mode(0o711).owner(1, 1).time(2, 0),
        dir("d").mode(0o2750).owner(5, 6).time(3, 0).xattr("user.d", b"1"),
        dir("d/e").mode(0o701).time(4, 0),
        file("d/e/x", "x"),
        file("f", "f"),
        symlink("l", "d"),
        symlink("outside", "/tmp"),
    ];
    let over = |layers: Vec<Vec<Item>>| {
        let stack = std::iter::once(below.clone()).chain(layers);
        check(driver, stack.collect());
    };
    over(vec![vec![file("d/e/new", "")]]);
    over(vec![vec![file("d/new", "")], vec![file("d/e/new", "")], vec![gone("d/e/x")]]);
    over(vec![vec![file("f/new", "")]]);
    over(vec![vec![file("l/new", "")], vec![file("outside/new", "")]]);
    over(vec![vec![file("a/b/c/new", "")], vec![file("a/b/d", "")]]);
    over(vec![vec![file("a/b", "")], vec![dir("a").mode(0o700)], vec![file("a/c", "")]]);
    over(vec![vec![file("d/new", "")], vec![gone("d")], vec![file("d/e/again", "")]]);
    over(vec![vec![file("d/e/new", "")], vec![dir("d").mode(0o711)]]);
    over(vec![vec![dir("").mode(0o700)], vec![file("d/new", "")]]);
    over(vec![vec![file("d/new", ""), dir("d").mode(0o777)], vec![file("d/e/y", "")]]);
}

pub(crate) fn tar_8_links_reach_into_lower_layers(driver: &str) {
    let below = vec![
        dir("d").mode(0o711).time(3, 0),
        file("d/a", "content").mode(0o4751).owner(1, 2).time(1, 5).xattr("user.a", b"1"),
        symlink("s", "d/a").owner(3, 4),
        link("d/b", "d/a"),
        fifo("p").mode(0o600),
    ];
    let over = |layers: Vec<Vec<Item>>| {
        let stack = std::iter::once(below.clone()).chain(layers);
        check(driver, stack.collect());
    };
    over(vec![vec![link("n", "d/a")]]);
    over(vec![vec![link("n", "d/a"), link("m", "d/a"), link("o", "n")]]);
    over(vec![vec![link("n", "d/a"), link("m", "d/b")]]);
    over(vec![vec![link("n", "s"), link("q", "p")]]);
    over(vec![vec![link("new/dir/n", "d/a")]]);
    over(vec![vec![link("n", "d/a")], vec![link("m", "n")], vec![gone("n")]]);
    over(vec![vec![link("n", "d/a")], vec![file("d/a", "other")], vec![link("m", "d/a"), link("k", "n")]]);
    over(vec![vec![gone("d/a"), link("n", "d/a")]]);
    over(vec![vec![opaque("d"), link("d/n", "d/a")]]);
    over(vec![vec![link("n", "d/a"), file("n", "instead")]]);
    over(vec![vec![link("n", "d/a"), gone("n")]]);
    over(vec![vec![link("d", "s")], vec![file("d/new", "")]]);
    over(vec![vec![link("d", "s")], vec![dir("d")], vec![gone("d")]]);
    over(vec![vec![link("s", "d/a")], vec![file("s/below", "")]]);
    over(vec![vec![link("n", "d/a")], vec![gone("n")]]);
    over(vec![vec![link("d/a", "d/b")]]);
    // The link's own layer is looked at first, but only as far as it was read.
    over(vec![vec![file("d/a", "mine"), link("n", "d/a")]]);
    over(vec![vec![link("n", "d/a"), file("d/a", "mine"), link("m", "d/a")]]);
}

pub(crate) fn tar_8_links_to_nothing_are_refused(driver: &str) {
    let below = vec![dir("d"), file("d/a", ""), file("e", "")];
    let over = |layer: Vec<Item>| check(driver, vec![below.clone(), layer]);
    over(vec![link("n", "nowhere")]);
    over(vec![link("n", "d")]);
    over(vec![link("n", "n")]);
    over(vec![link("n", "d/a/x")]);
    over(vec![link("e", "e")]);
    check(driver, vec![below.clone(), vec![gone("d/a")], vec![link("n", "d/a")]]);
    check(driver, vec![vec![link("n", "d/a")], below.clone()]);
    check(driver, vec![below, vec![link("n", "d/a")], vec![gone("n")], vec![link("m", "n")]]);
}

pub(crate) fn tar_16_an_entry_below_a_file_is_refused(driver: &str) {
    check(driver, vec![vec![file("f", ""), file("f/x", "")]]);
    check(driver, vec![vec![symlink("l", "d"), dir("d"), file("l/x", "")]]);
    check(driver, vec![vec![file("f", ""), gone("f/x")]]);
}

/// Builders leave the same layer in a stack more than once: empty ones, or the same copy made again.
pub(crate) fn a_layer_may_come_again(driver: &str) {
    let again =
        vec![dir("d").mode(0o700), file("d/a", "1"), gone("b"), opaque("e"), link("l", "m"), file("x", "")];
    let below = vec![dir("d"), file("d/b", ""), file("b", ""), file("e/f", ""), file("m", "m")];
    let between = vec![gone("d"), file("b", "back"), file("e/g", ""), file("m", "n"), file("x/y", "")];
    check(driver, vec![below.clone(), again.clone(), again.clone()]);
    check(driver, vec![below.clone(), again.clone(), between.clone(), again.clone()]);
    check(driver, vec![below.clone(), again.clone(), between.clone(), again.clone(), between.clone()]);
    check(driver, vec![vec![], vec![], vec![]]);
    check(driver, vec![below.clone(), vec![], below.clone(), vec![], between, below]);
}

/// Docker's own limit was 127 for years; ours is what the kernel takes.
pub(crate) fn as_many_layers_as_an_image_may_have(driver: &str) {
    let layer = |n: usize| {
        let mut items = vec![
            file("last", &n.to_string()),
            file(&format!("only/{n}"), ""),
            dir(&format!("d{}", n % 7)).mode(0o700 + u32::try_from(n % 8).unwrap()),
        ];
        if n % 3 == 2 {
            items.push(gone(&format!("only/{}", n - 1)));
        }
        if n % 50 == 49 {
            items.push(link(&format!("links/{n}"), &format!("only/{}", n - 4)));
        }
        items
    };
    check(driver, (0..480).map(layer).collect());
}
