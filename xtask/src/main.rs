//! Checks of the project itself, for people (`cargo xtask layers`) and for `cargo test` alike.
//!
//! `layers` holds the dependencies to `layers.toml` and `deny.toml`, `tidy` holds the sources to `STYLE.md` and
//! `rules` says which security rules have a test. Each reads a [`workspace::Tree`], so that its own tests can
//! hand it a small made-up one.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for developers")]
#![allow(clippy::disallowed_methods, reason = "it reads its command line and the sources, and runs cargo")]

mod layers;
mod problem;
mod tidy;
mod workspace;

use std::process::ExitCode;

use problem::Problem;
use workspace::Tree;

const USAGE: &str = "\
Usage: cargo xtask CHECK

layers   who depends on whom (layers.toml, deny.toml)
tidy     sizes, documentation, names, words, security rules
rules    the security rules and which of them have a test; --write brings the list up to date";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match arguments[..] {
        ["layers"] => layers::run(),
        ["tidy"] => Tree::load(&workspace::root()).map(|tree| {
            tidy::notes(&tree).iter().for_each(|note| println!("note: {note}"));
            tidy::check(&tree)
        }),
        ["rules"] => tidy::rules::list(),
        ["rules", "--write"] => tidy::rules::write(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(problems) => report(&problems),
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

fn report(problems: &[Problem]) -> ExitCode {
    problems.iter().for_each(|problem| eprintln!("{problem}"));
    if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
