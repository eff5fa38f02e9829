//! The bans of `deny.toml`: packages that may be nowhere in the tree, however indirectly.

use std::io;

use serde::Deserialize;

use super::graph::Graph;
use crate::problem::Problem;

/// A package that is not wanted.
#[derive(Debug, Deserialize)]
pub(crate) struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct DenyToml {
    bans: Bans,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

/// Reads the bans of `deny.toml`; what else is in it is for `cargo deny`.
pub(crate) fn parse(text: &str) -> io::Result<Vec<Ban>> {
    let file: DenyToml = toml::from_str(text).map_err(|e| io::Error::other(format!("deny.toml: {e}")))?;
    Ok(file.bans.deny)
}

/// Banned packages in the graph, and how they came there.
pub(crate) fn check(bans: &[Ban], graph: &Graph) -> Vec<Problem> {
    let found = bans.iter().filter_map(|ban| Some((ban, graph.path_to(&ban.name)?)));
    let text = |(ban, way): (&Ban, Vec<&str>)| format!("{}: {}", way.join(" -> "), ban.reason);
    found.map(text).map(|text| Problem::new("deny.toml", 0, text)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::graph::sample::graph;
    use super::*;

    #[test]
    fn the_way_to_a_banned_package_is_shown() {
        let bans = parse("[bans]\ndeny = [{ crate = 'tokio', reason = 'no' }, { crate = 'x', reason = '' }]")
            .unwrap();
        let found = check(&bans, &graph(&["cli: ureq", "*ureq: tokio", "*tokio:"]));
        assert_eq!(found, [Problem::new("deny.toml", 0, "cli -> ureq -> tokio: no")]);
    }
}
