//! What a token is to allow.

use std::collections::{BTreeMap, BTreeSet};

/// A set of scopes: for each resource, what may be done with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scopes(BTreeMap<(String, String), BTreeSet<String>>);

impl Scopes {
    /// No scope at all.
    pub fn none() -> Scopes {
        Scopes::default()
    }

    /// Reading a repository.
    pub fn pull(path: &str) -> Scopes {
        Scopes::of("repository", path, &["pull"])
    }

    /// Writing to a repository.
    pub fn push(path: &str) -> Scopes {
        Scopes::of("repository", path, &["pull", "push"])
    }

    /// Searching, as Docker asks for it.
    pub fn search() -> Scopes {
        Scopes::of("registry", "catalog", &["search"])
    }

    fn of(kind: &str, name: &str, actions: &[&str]) -> Scopes {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Scopes(BTreeMap::from([((kind.to_owned(), name.to_owned()), actions)]))
    }

    /// Reads a challenge's list; scopes that do not fit the grammar are left out.
    pub fn parse(text: &str) -> Scopes {
        let mut scopes = Scopes::default();
        for scope in text.split_ascii_whitespace() {
            // A name may hold a colon (`host:port/name`), so that it is split from both ends.
            let Some((kind, rest)) = scope.split_once(':') else { continue };
            let Some((name, actions)) = rest.rsplit_once(':') else { continue };
            let visible = scope.bytes().all(|b| b.is_ascii_graphic());
            if kind.is_empty() || name.is_empty() || !visible {
                continue;
            }
            let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned);
            scopes.0.entry((kind.to_owned(), name.to_owned())).or_default().extend(actions);
        }
        scopes
    }

    /// Both together: one token for everything.
    #[must_use]
    pub fn union(&self, other: &Scopes) -> Scopes {
        let mut union = self.clone();
        for (resource, actions) in &other.0 {
            union.0.entry(resource.clone()).or_default().extend(actions.iter().cloned());
        }
        union
    }

    /// Whether these allow everything that `other` does.
    pub fn contain(&self, other: &Scopes) -> bool {
        other
            .0
            .iter()
            .all(|(resource, actions)| self.0.get(resource).is_some_and(|held| actions.is_subset(held)))
    }

    /// The scopes as they are asked for: `repository:a/b:pull,push`.
    pub fn texts(&self) -> Vec<String> {
        let text = |((kind, name), actions): (&(String, String), &BTreeSet<String>)| {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            format!("{kind}:{name}:{}", actions.join(","))
        };
        self.0.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_united() {
        let challenge =
            Scopes::parse("repository:a/b:pull registry:catalog:* repository:h:5000/x:pull junk a:b");
        assert_eq!(
            challenge.texts(),
            ["registry:catalog:*", "repository:a/b:pull", "repository:h:5000/x:pull"]
        );
        let union = Scopes::push("a/b").union(&Scopes::pull("c"));
        assert_eq!(union.texts(), ["repository:a/b:pull,push", "repository:c:pull"]);
        assert!(union.contain(&Scopes::pull("a/b")));
        assert!(!union.contain(&Scopes::push("c")));
        assert!(Scopes::none().contain(&Scopes::none()));
    }
}
