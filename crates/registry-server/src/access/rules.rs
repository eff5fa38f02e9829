//! Rules: who may do what in which repositories.

use crate::name::RepositoryName;

/// What is done to a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read manifests, blobs, tags, referrers.
    Pull,
    /// Add blobs and manifests, make new tags.
    Push,
    /// Move tags that exist.
    Overwrite,
    /// Take tags, manifests and blobs away.
    Delete,
}

impl Action {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Action::Pull => "pull",
            Action::Push => "push",
            Action::Overwrite => "overwrite",
            Action::Delete => "delete",
        }
    }

    /// What a client has to ask a token for.
    pub(super) fn scope(self) -> &'static str {
        match self {
            Action::Pull => "pull",
            Action::Push | Action::Overwrite => "pull,push",
            Action::Delete => "delete",
        }
    }

    /// All there are.
    pub const ALL: [Action; 4] = [Action::Pull, Action::Push, Action::Overwrite, Action::Delete];
}

/// Whom a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Everybody, also those who have not said who they are: `anonymous`.
    Anyone,
    /// Everybody who has: `authenticated`.
    Authenticated,
    /// These users.
    Users(Vec<String>),
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Whom it is about.
    pub who: Who,
    /// In which repositories: `*` stands for a part of a name, `**` for any number of parts.
    pub repositories: String,
    /// What it gives.
    pub actions: Vec<Action>,
}

impl Rule {
    /// Whether it is about this user.
    pub(super) fn is_about(&self, user: Option<&str>) -> bool {
        match (&self.who, user) {
            (Who::Anyone, _) | (Who::Authenticated, Some(_)) => true,
            (Who::Authenticated | Who::Users(_), None) => false,
            (Who::Users(users), Some(user)) => users.iter().any(|known| known == user),
        }
    }

    /// Whether it is about this repository.
    pub(super) fn covers(&self, repository: &RepositoryName) -> bool {
        matches(&self.repositories, repository.as_str())
    }
}

/// All rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(pub Vec<Rule>);

impl Rules {
    /// What holds where users are configured and rules are not: they may do everything, others nothing.
    pub(crate) fn for_users() -> Rules {
        let actions = Action::ALL.to_vec();
        Rules(vec![Rule { who: Who::Authenticated, repositories: "**".to_owned(), actions }])
    }

    pub(super) fn allow(&self, user: Option<&str>, repository: &RepositoryName, action: Action) -> bool {
        self.0
            .iter()
            .any(|rule| rule.actions.contains(&action) && rule.is_about(user) && rule.covers(repository))
    }

    /// Whether those who have not said who they are may pull anything.
    pub(super) fn anybody_pulls(&self) -> bool {
        self.0.iter().any(|rule| rule.who == Who::Anyone && rule.actions.contains(&Action::Pull))
    }
}

/// Whether any name could fit a pattern: whether it has no letters that names never have.
pub(crate) fn may_match(pattern: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-*".contains(&b);
    pattern.split('/').all(|part| !part.is_empty() && part.bytes().all(letter))
}

/// Whether a name fits a pattern. Goes back at most to the last `**`, so that it takes no longer than the
/// product of both lengths.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    let (mut p, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(&"**") => {
                back = Some((p, n));
                p += 1;
            }
            Some(part) if part_matches(part, name[n]) => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, from)) = back else { return false };
                back = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
        }
    }
    pattern[p..].iter().all(|part| *part == "**")
}

/// One part of a name: `*` stands for any letters.
fn part_matches(pattern: &str, part: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == part };
    let Some(mut left) = part.strip_prefix(begin) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let end = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = left.find(piece) else { return false };
        left = &left[at + piece.len()..];
    }
    left.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_two_wild_cards() {
        let check = |pattern: &str, name: &str, expect: bool| {
            assert_eq!(matches(pattern, name), expect, "{pattern} {name}");
        };
        check("a/b", "a/b", true);
        check("a/b", "a/b/c", false);
        check("a/*", "a/b", true);
        check("a/*", "a/b/c", false);
        check("a/*", "a", false);
        check("a/**", "a/b/c", true);
        check("a/**", "a", true);
        check("**", "a/b", true);
        check("**/x", "a/b/x", true);
        check("**/x", "x", true);
        check("**/x/**/y", "a/x/b/x/y", true);
        check("**/x/**/y", "a/x/b/x/z", false);
        check("team-*/app", "team-a/app", true);
        check("*-*/app", "a-b/app", true);
        check("a*b*c/app", "abxbc/app", true);
        check("ab*ba", "aba", false);
        check("", "a", false);
        let long = "a/".repeat(100) + "a";
        check(&("**/a/".repeat(50) + "b"), &long, false);
    }

    #[test]
    fn srv_3_what_no_rule_gives_is_denied() {
        let rule = |who, repositories: &str, actions: &[Action]| Rule {
            who,
            repositories: repositories.to_owned(),
            actions: actions.to_vec(),
        };
        let rules = Rules(vec![
            rule(Who::Anyone, "public/**", &[Action::Pull]),
            rule(Who::Users(vec!["ann".to_owned()]), "team/*", &[Action::Pull, Action::Push]),
            rule(Who::Authenticated, "shared/*", &[Action::Pull]),
        ]);
        let check = |user: Option<&str>, repository: &str, action, expect: bool| {
            let name = RepositoryName::parse(repository).unwrap();
            assert_eq!(rules.allow(user, &name, action), expect, "{user:?} {repository} {action:?}");
        };
        check(None, "public/a", Action::Pull, true);
        check(None, "public/a", Action::Push, false);
        check(None, "team/a", Action::Pull, false);
        check(Some("ann"), "team/a", Action::Push, true);
        check(Some("ann"), "team/a", Action::Overwrite, false);
        check(Some("ann"), "team/a", Action::Delete, false);
        check(Some("bob"), "team/a", Action::Pull, false);
        check(Some("bob"), "shared/a", Action::Pull, true);
        check(None, "shared/a", Action::Pull, false);
        check(Some("bob"), "public/x/y", Action::Pull, true);
    }
}
