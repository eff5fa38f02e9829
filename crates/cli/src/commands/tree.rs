//! `strata images --tree`: images with their platforms below them.
use engine::ops::{ImageTree, TreePlatform};

use super::images;
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
    let engine = context.engine(matches)?;
    let trees = engine.image_trees(&images::request(matches)).map_err(|e| Failure::daemon(&e))?;
    let drawn: Vec<Image> = trees.iter().map(image).collect();
    let (columns, color) = (context.ui.output_columns(), context.ui.color());
    context.ui.print(&render(&drawn, columns, color));
    Ok(())
}

fn image(tree: &ImageTree) -> Image {
    let summary = &tree.summary;
    let details = Details {
        id: summary.id.0.short().to_owned(),
        disk_usage: size::short(tree.disk_bytes()),
        content_size: size::short(tree.content_bytes()),
        in_use: summary.used_by > 0,
    };
    let names = summary.tags.iter().map(spec::Reference::familiar).collect();
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
