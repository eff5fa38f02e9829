//! `strata images --tree`: images with their platforms below them.
use engine::ops::{ImageTree, TreePlatform};

use std::cmp::Reverse;

use super::images::{self, Order};
use spec::Reference;

use crate::flags::Matches;
use crate::term::tree::{Details, Image, Platform, render};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

pub(super) fn show(matches: &Matches, context: &mut Context) -> Outcome {
    for (flag, name) in [("quiet", "quiet"), ("no-trunc", "no-trunc"), ("digests", "show-digest")] {
        if matches.bool(flag) {
            return Err(Failure::new(format!("--{name} is not yet supported with --tree")));
        }
    }
    if matches.text_given("format").is_some() {
        return Err(Failure::new("--format is not yet supported with --tree"));
    }
    let order = Order::parse(matches)?;
    let engine = context.engine(matches)?;
    let mut trees = engine.image_trees(&images::request(matches)).map_err(|e| Failure::daemon(&e))?;
    sort(&mut trees, order);
    let drawn: Vec<Image> = trees.iter().map(image).collect();
    let (columns, color) = (context.ui.output_columns(), context.ui.color());
    context.ui.print(&render(&drawn, columns, color));
    Ok(())
}

/// Trees come newest first; those without a name last by name.
fn sort(trees: &mut [ImageTree], order: Order) {
    let name = |tree: &ImageTree| {
        let first = tree.summary.tags.first().map(Reference::familiar);
        (first.is_none(), first)
    };
    match order {
        Order::Created => {}
        Order::Name => trees.sort_by_cached_key(name),
        Order::Size => trees.sort_by_key(|tree| Reverse(tree.disk_bytes())),
    }
}

fn image(tree: &ImageTree) -> Image {
    let summary = &tree.summary;
    let details = Details {
        id: summary.id.0.short().to_owned(),
        disk_usage: size::short(tree.disk_bytes()),
        content_size: size::short(tree.content_bytes()),
        in_use: summary.used_by > 0,
    };
    let names = summary.tags.iter().map(Reference::familiar).collect();
    Image { names, details, platforms: tree.platforms.iter().map(platform).collect() }
}

fn platform(platform: &TreePlatform) -> Platform {
    let details = Details {
        id: platform.id.short().to_owned(),
        disk_usage: size::short(platform.disk_bytes),
        content_size: size::short(platform.content_bytes),
        in_use: platform.in_use,
    };
    // The platform is a stranger's words.
    let name = escape::cell(&platform.platform.to_string()).into_owned();
    Platform { name, details, available: platform.available }
}
