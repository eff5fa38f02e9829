//! Client libraries, by a program of a few lines for each: Python's oras, which knows artifacts, and dxf, which knows
//! blobs and names for them. `scripts/install-peers` puts both beside the other peers.

use std::path::PathBuf;
use std::process::Command;

use testkit::skip;

use super::stand::{Access, Stand, at_each};

/// Where `scripts/install-peers` puts Python's libraries.
fn python() -> Option<PathBuf> {
    let home = std::env::var_os("HOME")?;
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map_or_else(|| PathBuf::from(home).join(".cache"), PathBuf::from);
    let python = cache.join("strata-peers/python/bin/python");
    let works = |name: &str| {
        let status = Command::new(&python).args(["-c", &format!("import {name}")]).output();
        status.is_ok_and(|output| output.status.success())
    };
    if works("oras") && works("dxf") {
        return Some(python);
    }
    skip::skip("Python's oras and dxf are not installed");
    None
}

/// Runs one of the programs beside this file: where the registry is, how it is spoken to, and as whom.
fn line(python: &std::path::Path, program: &str, stand: &Stand, user: &str) -> String {
    let access = match stand.access {
        Access::Open => "open",
        Access::Passwords => "basic",
        Access::Tokens => "token",
    };
    let trust = if stand.tls { stand.certificate().display().to_string() } else { "clear".to_owned() };
    format!(
        "{} {}/tests/registry/clients/{program} {} {trust} {access} {user}",
        python.display(),
        env!("CARGO_MANIFEST_DIR"),
        stand.host
    )
}

#[test]
fn oras_pushes_pulls_attaches_and_discovers() {
    let Some(python) = python() else { return };
    at_each(|stand| {
        stand.run(&line(&python, "oras_client.py", stand, "ann:secret"));
        stand.expect_tags("team/artifact", &["chunked", "v1"]);
        if stand.asks() {
            stand.refused(&line(&python, "oras_client.py", stand, "ann:wrong"));
        }
    });
}

#[test]
fn dxf_pushes_pulls_mounts_lists_and_deletes() {
    let Some(python) = python() else { return };
    at_each(|stand| {
        // It refuses to show a password in the clear.
        if stand.asks() && !stand.tls {
            return;
        }
        stand.run(&line(&python, "dxf_client.py", stand, "ann:secret"));
        stand.expect_tags("team/files", &["kept"]);
        if stand.asks() {
            stand.refused(&line(&python, "dxf_client.py", stand, "ann:wrong"));
        }
    });
}
