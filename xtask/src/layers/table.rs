//! The table in `layers.toml`, read and checked by itself.

use std::collections::BTreeMap;
use std::io;

use serde::Deserialize;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    /// Lints that only exempt crates may switch off.
    pub guarded: Vec<String>,
    /// Our crates, from nouns to faces.
    #[serde(rename = "crate")]
    pub crates: Vec<Layer>,
    /// Crates from outside.
    pub outside: BTreeMap<String, Outside>,
}

/// One of our crates.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Layer {
    /// Its name, which is its folder's.
    pub name: String,
    /// Our crates that it may use.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Guarded lints that it may switch off.
    #[serde(default)]
    pub exempt: Vec<String>,
    /// No I/O and no clock.
    #[serde(default)]
    pub pure: bool,
    /// Others may use it in their tests only.
    #[serde(default)]
    pub only_for_tests: bool,
}

/// A crate from outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outside {
    /// Who may use it; anybody when not said. Tests of any crate may.
    pub only: Option<Vec<String>>,
    /// What it is for.
    pub why: String,
}

impl Table {
    /// Reads it, and checks that it makes sense by itself.
    pub(crate) fn parse(text: &str) -> io::Result<Table> {
        let table: Table = toml::from_str(text).map_err(|e| invalid(&e.to_string()))?;
        for (at, layer) in table.crates.iter().enumerate() {
            for used in &layer.uses {
                if !table.crates[..at].iter().any(|before| before.name == *used) {
                    return Err(invalid(&format!(
                        "{} may use {used}, which does not stand before it",
                        layer.name
                    )));
                }
            }
            if let Some(lint) = layer.exempt.iter().find(|lint| !table.guarded.contains(lint)) {
                return Err(invalid(&format!("{} is exempt from {lint}, which is not guarded", layer.name)));
            }
        }
        if let Some((name, _)) = table.outside.iter().find(|(_, outside)| outside.why.is_empty()) {
            return Err(invalid(&format!("{name} does not say why")));
        }
        Ok(table)
    }

    /// The row of a crate.
    pub(crate) fn layer(&self, name: &str) -> Option<&Layer> {
        self.crates.iter().find(|layer| layer.name == name)
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("layers.toml: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let error = Table::parse(&format!("guarded = [\"unsafe_code\"]\n{text}")).unwrap_err();
        assert!(error.to_string().contains(expect), "{error}");
    }

    #[test]
    fn a_table_that_contradicts_itself_is_refused() {
        check("[[crate]]\nname='a'\nuses=['b']\n[[crate]]\nname='b'\n[outside]", "a may use b");
        check("[[crate]]\nname='a'\nexempt=['x']\n[outside]", "not guarded");
        check("[[crate]]\nname='a'\nuse=['b']\n[outside]", "unknown field");
        check("crate=[]\n[outside]\ny={why=''}", "y does not say why");
    }
}
