//! Every line of a `Cargo.toml` has to be allowed by the table.

use super::graph::{Dependency, Graph};
use super::table::{Layer, Table};
use crate::problem::Problem;

/// Dependencies that the table does not allow, and crates that it does not know.
pub(crate) fn check(table: &Table, graph: &Graph) -> Vec<Problem> {
    let mut problems = Vec::new();
    for member in &graph.members {
        let Some(layer) = table.layer(&member.name) else {
            let text = format!("{} is not in the table", member.name);
            problems.push(Problem::new("layers.toml", 0, text));
            continue;
        };
        let refused = member.dependencies.iter().filter_map(|dependency| refusal(table, layer, dependency));
        let path = cargo_toml(&member.name);
        problems.extend(refused.map(|text| Problem::new(&path, 0, text)));
    }
    for layer in &table.crates {
        if !graph.members.iter().any(|member| member.name == layer.name) {
            problems.push(Problem::new("layers.toml", 0, format!("there is no crate {}", layer.name)));
        }
    }
    let used = |name: &str| graph.members.iter().any(|m| m.dependencies.iter().any(|d| d.name == name));
    for name in table.outside.keys().filter(|name| !used(name)) {
        problems.push(Problem::new("layers.toml", 0, format!("nobody uses {name}")));
    }
    problems
}

fn refusal(table: &Table, layer: &Layer, dependency: &Dependency) -> Option<String> {
    let (user, used) = (&layer.name, &dependency.name);
    let why = match table.layer(used) {
        Some(ours) => ours_refused(layer, ours, dependency),
        None => outside_refused(table, layer, dependency),
    };
    why.map(|why| format!("{user} -> {used}: {why}"))
}

fn ours_refused(layer: &Layer, used: &Layer, dependency: &Dependency) -> Option<String> {
    let fine = if used.only_for_tests {
        dependency.only_for_tests() || layer.only_for_tests
    } else {
        layer.uses.contains(&used.name)
    };
    let reason = if used.only_for_tests { "for tests only" } else { "not in its `uses` in layers.toml" };
    (!fine).then(|| reason.to_owned())
}

fn outside_refused(table: &Table, layer: &Layer, dependency: &Dependency) -> Option<String> {
    let Some(outside) = table.outside.get(&dependency.name) else {
        return Some("not under [outside] in layers.toml; say there who may use it and why".to_owned());
    };
    match &outside.only {
        Some(only) if !dependency.only_for_tests() && !only.contains(&layer.name) => Some(match &only[..] {
            [] => "for tests only".to_owned(),
            only => format!("only {} may use it", only.join(", ")),
        }),
        _ => None,
    }
}

fn cargo_toml(member: &str) -> String {
    if member == "xtask" { "xtask/Cargo.toml".to_owned() } else { format!("crates/{member}/Cargo.toml") }
}

#[cfg(test)]
mod tests {
    use super::super::graph::sample::graph;
    use super::*;

    const TABLE: &str = "
guarded = []
crate = [
  { name = 'spec' }, { name = 'engine', uses = ['spec'] }, { name = 'cli', uses = ['engine'] },
  { name = 'testkit', only_for_tests = true },
]
[outside]
serde = { why = 'documents' }
ureq = { only = ['engine'], why = 'http' }
proptest = { only = [], why = 'tests' }
";

    fn check_edges(lines: &[&str], expect: &[&str]) {
        let table = Table::parse(TABLE).unwrap();
        let all = "cli: serde, ureq, dev proptest";
        let mut lines = lines.to_vec();
        lines.extend(["*ureq:", "*proptest:", "*serde:"]);
        if expect.is_empty() {
            assert!(!lines.contains(&all));
        }
        let found: Vec<String> = check(&table, &graph(&lines)).iter().map(Problem::to_string).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn allowed_edges_pass() {
        check_edges(
            &[
                "spec: serde, dev proptest",
                "engine: spec, ureq, dev testkit",
                "cli: engine",
                "testkit: serde",
            ],
            &[],
        );
    }

    #[test]
    fn refused_edges_are_named() {
        check_edges(
            &[
                "spec: serde, proptest",
                "engine: spec, testkit",
                "cli: engine, spec, ureq, dev clap",
                "testkit:",
            ],
            &[
                "crates/spec/Cargo.toml: spec -> proptest: for tests only",
                "crates/engine/Cargo.toml: engine -> testkit: for tests only",
                "crates/cli/Cargo.toml: cli -> spec: not in its `uses` in layers.toml",
                "crates/cli/Cargo.toml: cli -> ureq: only engine may use it",
                "crates/cli/Cargo.toml: cli -> clap: not under [outside] in layers.toml; say there who may use it and why",
            ],
        );
    }

    #[test]
    fn table_and_workspace_have_the_same_crates() {
        check_edges(
            &["spec: serde, dev proptest", "engine: ureq", "testkit:", "stray:"],
            &["layers.toml: stray is not in the table", "layers.toml: there is no crate cli"],
        );
    }
}
