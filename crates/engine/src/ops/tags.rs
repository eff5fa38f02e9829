//! `tags`: the tags of a repository in its registry.

use std::cmp::Ordering;

use spec::Reference;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::remote::pass_on_warnings;

/// A request for the tags of a repository.
#[derive(Clone, Debug, Default)]
pub struct ListTags {
    /// What the user typed.
    pub repository: String,
    /// How they are to be sorted.
    pub order: TagOrder,
}

/// Orders of tags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagOrder {
    /// As versions: numbers inside a tag count as numbers, so that `1.9` stands before `1.10`.
    #[default]
    Version,
    /// By their characters.
    Name,
    /// As the registry lists them.
    Registry,
}

/// The tags of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTags {
    /// The repository.
    pub repository: Reference,
    /// Its tags, in the order that was asked for.
    pub tags: Vec<String>,
}

impl Engine {
    /// Lists the tags that a registry has in a repository.
    ///
    /// # Errors
    /// When the text names no repository, or the registry refuses or fails.
    pub fn tags(&self, request: &ListTags, events: &dyn Events) -> Result<RemoteTags> {
        let reference = Reference::parse(&request.repository)?;
        if !reference.is_name_only() {
            let text =
                format!("{:?} names one image: a repository has no tag and no digest", request.repository);
            return Err(
                Error::invalid(text).with_hint(format!("`strata tags {}`", reference.familiar_name()))
            );
        }
        let client = self.client(&self.cancel.child())?;
        let repository = client.repository(&reference).map_err(|error| self.registry_error(&error))?;
        let tags = repository.tags();
        pass_on_warnings(&client, events);
        let mut tags = tags.map_err(|error| self.pull_error(&error, &reference))?;
        match request.order {
            TagOrder::Version => tags.sort_by(|a, b| compare_versions(a, b)),
            TagOrder::Name => tags.sort(),
            TagOrder::Registry => {}
        }
        Ok(RemoteTags { repository: reference, tags })
    }
}

/// Compares run by run, digits by their value and everything else by its characters.
fn compare_versions(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !left.is_empty() && !right.is_empty() {
        let (run_left, run_right) = (take_run(&mut left), take_run(&mut right));
        let order = match (is_number(run_left), is_number(run_right)) {
            (true, true) => compare_numbers(run_left, run_right),
            _ => run_left.cmp(run_right),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    // Leading zeros make no version, but two tags.
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// Numbers of any length.
fn compare_numbers(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn is_number(run: &str) -> bool {
    run.starts_with(|c: char| c.is_ascii_digit())
}

/// Cuts off the digits, or what are none, that a text begins with.
fn take_run<'t>(text: &mut &'t str) -> &'t str {
    let digits = is_number(text);
    let end = text.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(text.len());
    let (run, rest) = text.split_at(end);
    *text = rest;
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_by_their_numbers() {
        let sorted = [
            "01",
            "1",
            "1.9",
            "1.9-alpine",
            "1.10",
            "1.10.2",
            "2",
            "10",
            "alpine",
            "alpine3.9",
            "alpine3.10",
        ];
        let mut tags = sorted;
        tags.sort();
        assert_ne!(tags, sorted);
        tags.sort_by(|a, b| compare_versions(a, b));
        assert_eq!(tags, sorted);
        let long = "9".repeat(100);
        assert_eq!(compare_versions(&long, "18446744073709551616"), Ordering::Greater);
        assert_eq!(compare_versions("a", "a"), Ordering::Equal);
    }
}
