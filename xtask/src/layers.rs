//! Who may depend on whom: `layers.toml` and `deny.toml`, against `cargo metadata` and the sources.

mod deny;
mod edges;
mod exemptions;
mod graph;
mod pure;
mod table;

use std::io;
use std::process::Command;

use crate::problem::Problem;
use crate::workspace::{self, Tree};
use deny::Deny;
use graph::Graph;
use table::Table;

/// Checks this workspace.
pub(crate) fn run() -> io::Result<Vec<Problem>> {
    let root = workspace::root();
    let table = Table::parse(&std::fs::read_to_string(root.join("layers.toml"))?)?;
    let deny = Deny::parse(&std::fs::read_to_string(root.join("deny.toml"))?)?;
    let graph = metadata()?;
    let tree = Tree::load(&root)?;
    let mut problems = edges::check(&table, &graph);
    problems.extend(deny.check(&graph));
    problems.extend(exemptions::check(&table, &tree));
    problems.extend(pure::check(&table, &tree));
    problems.sort();
    Ok(problems)
}

/// What cargo knows; for this machine only, because packages for others may never have been fetched.
fn metadata() -> io::Result<Graph> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(cargo)
        .args(["metadata", "--format-version=1", "--offline", "--filter-platform", &host])
        .current_dir(workspace::root())
        .output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(io::Error::other(format!("cargo metadata failed: {text}")));
    }
    Graph::parse(&output.stdout)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dependencies_keep_their_direction() {
        crate::problem::assert_none(&super::run().unwrap());
    }
}
