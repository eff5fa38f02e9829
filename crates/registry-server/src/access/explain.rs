//! Why somebody may or may not: the rules, one by one.

use super::{Action, Rule, Who};
use crate::name::RepositoryName;

/// What the rules say about a user and a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What is allowed in the end.
    pub allowed: Vec<Action>,
    /// One sentence for each rule, in their order.
    pub reasons: Vec<String>,
}

/// Says what a user may do in a repository, and why; no user for anonymous callers, no rules where everybody
/// may do everything.
pub fn explain_access(
    rules: Option<&[Rule]>,
    user: Option<&str>,
    repository: &RepositoryName,
) -> Explanation {
    let Some(rules) = rules else {
        let reasons = vec!["no users are configured: everybody may do everything".to_owned()];
        return Explanation { allowed: Action::ALL.to_vec(), reasons };
    };
    let mut allowed = Vec::new();
    let mut reasons = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let (about, covers) = (rule.is_about(user), rule.covers(repository));
        let verdict = match (about, covers) {
            (true, true) => {
                allowed.extend(
                    rule.actions
                        .iter()
                        .copied()
                        .filter(|action| !allowed.contains(action))
                        .collect::<Vec<_>>(),
                );
                format!("gives {}", words(&rule.actions))
            }
            (false, _) => format!("is about {}", who(&rule.who)),
            (true, false) => format!("is about repositories {:?}", rule.repositories),
        };
        reasons.push(format!("rule {}: {verdict}", number + 1));
    }
    if allowed.is_empty() {
        reasons.push("no rule gives anything, so everything is denied".to_owned());
    }
    Explanation { allowed, reasons }
}

fn words(actions: &[Action]) -> String {
    actions.iter().map(|action| action.as_str()).collect::<Vec<_>>().join(", ")
}

fn who(who: &Who) -> String {
    match who {
        Who::Anyone => "everybody".to_owned(),
        Who::Authenticated => "users who have logged in".to_owned(),
        Who::Users(users) => format!("users {}", users.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_explained() {
        let rules = [
            Rule { who: Who::Anyone, repositories: "public/*".to_owned(), actions: vec![Action::Pull] },
            Rule {
                who: Who::Users(vec!["ann".to_owned()]),
                repositories: "**".to_owned(),
                actions: vec![Action::Pull, Action::Push],
            },
        ];
        let explain = |user: Option<&str>, repository: &str| {
            explain_access(Some(&rules), user, &RepositoryName::parse(repository).unwrap())
        };
        let found = explain(Some("ann"), "public/x");
        assert_eq!(found.allowed, [Action::Pull, Action::Push]);
        assert_eq!(found.reasons, ["rule 1: gives pull", "rule 2: gives pull, push"]);
        let found = explain(None, "team/x");
        assert_eq!(found.allowed, []);
        let expect = [
            "rule 1: is about repositories \"public/*\"",
            "rule 2: is about users ann",
            "no rule gives anything, so everything is denied",
        ];
        assert_eq!(found.reasons, expect);
        assert_eq!(explain_access(None, None, &RepositoryName::parse("a").unwrap()).allowed.len(), 4);
    }
}
