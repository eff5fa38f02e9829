//! `deny.toml`: packages that may be nowhere in the tree, however indirectly, and licences that may be.
//!
//! The file is in the form of `cargo deny`, which reads more of it; what is read here needs no network.

use std::io;

use serde::Deserialize;

use super::graph::Graph;
use crate::problem::Problem;

/// The part of `deny.toml` that is checked here.
#[derive(Debug, Deserialize)]
pub(crate) struct Deny {
    bans: Bans,
    licenses: Licenses,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    /// The packages that may use it all the same.
    #[serde(default)]
    wrappers: Vec<String>,
    reason: String,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

impl Deny {
    /// Reads the file.
    pub(crate) fn parse(text: &str) -> io::Result<Deny> {
        toml::from_str(text).map_err(|e| io::Error::other(format!("deny.toml: {e}")))
    }

    /// Banned packages and how they came into the graph, and packages under other licences.
    pub(crate) fn check(&self, graph: &Graph) -> Vec<Problem> {
        let banned = self.bans.deny.iter();
        let banned =
            banned.filter_map(|ban| Some((graph.path_around(&ban.name, &ban.wrappers)?, &ban.reason)));
        let banned = banned.map(|(way, reason)| format!("{}: {reason}", way.join(" -> ")));
        let others = graph.strangers.iter().filter(|package| !self.allows(&package.license));
        let others = others.map(|package| {
            let way = graph.path_to(&package.name).unwrap_or_default().join(" -> ");
            format!("{way}: its licence {:?} is not allowed", package.license)
        });
        banned.chain(others).map(|text| Problem::new("deny.toml", 0, text)).collect()
    }

    /// Whether a licence expression of SPDX can be met with the allowed licences; `/` is the old form of `OR`.
    fn allows(&self, expression: &str) -> bool {
        let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let spaced = spaced.replace(" WITH ", "-WITH-");
        let allowed = |name: &str| self.licenses.allow.iter().any(|a| a.replace(" WITH ", "-WITH-") == name);
        // One frame for each open parenthesis: an alternative that is met, and the one being read.
        let mut frames = vec![(false, None)];
        for word in spaced.split_whitespace() {
            let value = match word {
                "(" => {
                    frames.push((false, None));
                    continue;
                }
                ")" if frames.len() > 1 => frames.pop().is_some_and(|(met, last)| met || last == Some(true)),
                name => allowed(name),
            };
            let Some((met, last)) = frames.last_mut() else { return false };
            match word {
                "OR" => {
                    *met |= *last == Some(true);
                    *last = None;
                }
                "AND" => {}
                _ => *last = Some(last.unwrap_or(true) && value),
            }
        }
        frames.len() == 1 && frames.pop().is_some_and(|(met, last)| met || last == Some(true))
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::sample::graph;
    use super::*;

    const DENY: &str = "
[bans]
deny = [{ crate = 'tokio', reason = 'no' }, { crate = 'x', reason = '' }]
[licenses]
allow = ['MIT', 'Apache-2.0', 'Apache-2.0 WITH LLVM-exception']
";

    #[test]
    fn the_way_to_a_banned_package_is_shown() {
        let deny = Deny::parse(DENY).unwrap();
        let found = deny.check(&graph(&["cli: ureq", "*ureq: tokio", "*tokio:"]));
        assert_eq!(found, [Problem::new("deny.toml", 0, "cli -> ureq -> tokio: no")]);
    }

    #[test]
    fn a_wrapper_may_use_what_is_banned() {
        let deny = Deny::parse(&DENY.replace("'tokio',", "'tokio', wrappers = ['listener'],")).unwrap();
        let check = |lines: &[&str], expect: usize| assert_eq!(deny.check(&graph(lines)).len(), expect);
        check(&["cli: listener", "listener: tokio", "*tokio:"], 0);
        check(&["cli: listener, tokio", "listener: tokio", "*tokio:"], 1);
    }

    #[test]
    fn packages_have_allowed_licences() {
        let deny = Deny::parse(&DENY.replace("['MIT', 'Apache-2.0', ", "[")).unwrap();
        let found = deny.check(&graph(&["cli: ureq", "*ureq:"]));
        assert_eq!(found[0].text, "cli -> ureq: its licence \"MIT\" is not allowed");
    }

    #[test]
    fn licence_expressions_are_evaluated() {
        let deny = Deny::parse(DENY).unwrap();
        let check = |expression: &str, expect: bool| {
            assert_eq!(deny.allows(expression), expect, "{expression}");
        };
        check("MIT", true);
        check("MIT OR GPL-2.0", true);
        check("GPL-2.0/MIT", true);
        check("MIT AND GPL-2.0", false);
        check("GPL-2.0 OR MIT AND Apache-2.0", true);
        check("(GPL-2.0 OR MIT) AND Apache-2.0", true);
        check("(GPL-2.0 OR MIT) AND GPL-2.0", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("MIT WITH LLVM-exception", false);
        check("GPL-2.0", false);
        check("", false);
        check("(MIT", false);
        check("MIT)", false);
    }
}
