//! The dependency graph, as `cargo metadata` tells it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;

use serde::Deserialize;

/// All packages and who uses whom.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Our crates.
    pub members: Vec<Member>,
    /// The other packages.
    pub strangers: Vec<Stranger>,
    names: HashMap<String, String>,
    uses: HashMap<String, Vec<String>>,
    roots: Vec<String>,
}

/// One of our crates.
#[derive(Debug)]
pub(crate) struct Member {
    /// Its name.
    pub name: String,
    /// What its `Cargo.toml` names.
    pub dependencies: Vec<Dependency>,
}

/// A package that is not ours.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stranger {
    /// Its name.
    pub name: String,
    /// The expression that its `Cargo.toml` has; empty for none.
    pub license: String,
}

/// One line of a `Cargo.toml`.
#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    /// The package's name.
    pub name: String,
    kind: Option<String>,
}

impl Dependency {
    /// Whether only tests use it.
    pub(crate) fn only_for_tests(&self) -> bool {
        self.kind.as_deref() == Some("dev")
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    #[serde(default)]
    license: Option<String>,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    dependencies: Vec<String>,
}

impl Graph {
    /// Reads the output of `cargo metadata`.
    pub(crate) fn parse(json: &[u8]) -> io::Result<Graph> {
        let metadata: Metadata = serde_json::from_slice(json)?;
        let ours: HashSet<&String> = metadata.workspace_members.iter().collect();
        let uses: HashMap<String, Vec<String>> =
            metadata.resolve.nodes.into_iter().map(|node| (node.id, node.dependencies)).collect();
        let mut members = Vec::new();
        let mut strangers = Vec::new();
        let mut names = HashMap::new();
        // Packages for other machines are in the list, and not in the resolution.
        for package in metadata.packages.into_iter().filter(|package| uses.contains_key(&package.id)) {
            names.insert(package.id.clone(), package.name.clone());
            if ours.contains(&package.id) {
                members.push(Member { name: package.name, dependencies: package.dependencies });
            } else {
                let license = package.license.unwrap_or_default();
                strangers.push(Stranger { name: package.name, license });
            }
        }
        Ok(Graph { members, strangers, names, uses, roots: metadata.workspace_members })
    }

    /// The shortest way from one of our crates to the package of this name, both ends included.
    pub(crate) fn path_to(&self, name: &str) -> Option<Vec<&str>> {
        self.path_around(name, &[])
    }

    /// The same, on ways whose last step is not from one of the `wrappers`.
    pub(crate) fn path_around(&self, name: &str, wrappers: &[String]) -> Option<Vec<&str>> {
        let mut from: HashMap<&str, &str> = HashMap::new();
        let mut seen: HashSet<&str> = self.roots.iter().map(String::as_str).collect();
        let mut open: VecDeque<&str> = self.roots.iter().map(String::as_str).collect();
        while let Some(id) = open.pop_front() {
            if self.name(id) == name {
                let way = std::iter::successors(Some(id), |id| from.get(id).copied());
                let mut way: Vec<&str> = way.map(|id| self.name(id)).collect();
                way.reverse();
                return Some(way);
            }
            let wraps = wrappers.iter().any(|wrapper| wrapper == self.name(id));
            let steps = self.uses.get(id).into_iter().flatten();
            for next in steps.filter(|next| !(wraps && self.name(next) == name)) {
                if seen.insert(next) {
                    from.insert(next, id);
                    open.push_back(next);
                }
            }
        }
        None
    }

    fn name<'g>(&'g self, id: &'g str) -> &'g str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

#[cfg(test)]
pub(crate) mod sample {
    //! Graphs for tests.

    use super::Graph;

    /// Builds one from lines such as `cli: engine, dev testkit, *serde`; names with `*` are not ours.
    pub(crate) fn graph(lines: &[&str]) -> Graph {
        let mut packages = Vec::new();
        let mut nodes = Vec::new();
        let mut members = Vec::new();
        for line in lines {
            let (name, uses) = line.split_once(':').unwrap();
            let id = name.trim_start_matches('*');
            if !name.starts_with('*') {
                members.push(id);
            }
            let uses: Vec<&str> = uses.split(',').map(str::trim).filter(|used| !used.is_empty()).collect();
            let dependency = |used: &&str| match used.strip_prefix("dev ") {
                Some(used) => serde_json::json!({ "name": used, "kind": "dev" }),
                None => serde_json::json!({ "name": used, "kind": null }),
            };
            let dependencies: Vec<_> = uses.iter().map(dependency).collect();
            packages.push(serde_json::json!({
                "id": id, "name": id, "license": "MIT", "dependencies": dependencies,
            }));
            let ids: Vec<&str> = uses.iter().map(|used| used.trim_start_matches("dev ")).collect();
            nodes.push(serde_json::json!({ "id": id, "dependencies": ids }));
        }
        let metadata = serde_json::json!({
            "packages": packages, "workspace_members": members, "resolve": { "nodes": nodes },
        });
        Graph::parse(metadata.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn finds_the_shortest_way() {
        let graph = graph(&["cli: engine, ureq", "engine: ureq", "*ureq: tokio", "*tokio:"]);
        assert_eq!(graph.path_to("tokio").unwrap(), ["cli", "ureq", "tokio"]);
        assert_eq!(graph.path_to("hyper"), None);
        assert_eq!(graph.path_around("tokio", &["ureq".to_owned()]), None);
        assert_eq!(graph.path_around("ureq", &["cli".to_owned()]).unwrap(), ["engine", "ureq"]);
    }
}
