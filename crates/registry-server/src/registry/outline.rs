//! What something is, told to who asks whether it is here.

use super::Registry;
use crate::clock::milliseconds;
use crate::metadata::{Item, Outline, Renewal, Selector};
use crate::name::RepositoryName;
use crate::refusal::Answered;
use crate::registry::{manifests, pull};

/// What may follow from being told that something is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sequel {
    /// A push that refers to it: it has to stay until then.
    Push,
    /// Nothing that would need it to stay.
    None,
}

impl Registry {
    /// What something of a repository is. Whoever may push next is not told of what is about to be collected: it
    /// waits anew then, so that the push finds it.
    pub(crate) async fn outline(
        &self,
        repository: &RepositoryName,
        item: &Item,
        sequel: Sequel,
    ) -> Answered<Outline> {
        let unknown = || match item {
            Item::Blob(digest) => pull::unknown(repository, digest),
            Item::Manifest(selector) => manifests::unknown(repository, selector),
        };
        let outline = self.metadata.outline(repository, item).await?.ok_or_else(unknown)?;
        if sequel == Sequel::None || !self.is_due_soon(&outline) {
            return Ok(outline);
        }
        let still = Item::clone(item).at(&outline);
        match self.metadata.renew(repository, &still, self.renewal()).await? {
            true => Ok(outline),
            false => Err(unknown()),
        }
    }

    /// Whether less than three quarters of the grace are left: who asks again and again writes rarely.
    fn is_due_soon(&self, outline: &Outline) -> bool {
        let grace = milliseconds(self.policy.grace);
        let renewal = self.renewal();
        let soon = |since: Option<i64>, renewed: i64| since.is_some_and(|since| since < renewed - grace / 4);
        soon(outline.orphaned_since, renewal.orphaned_since)
            || (self.policy.untagged.is_some() && soon(outline.untagged_since, renewal.untagged_since))
    }

    /// What gives all of the grace from now on, and no more where manifests without tags stay for longer.
    fn renewal(&self) -> Renewal {
        let now = self.clock.now();
        let beyond = self.policy.untagged.unwrap_or_default().saturating_sub(self.policy.grace);
        Renewal { orphaned_since: now, untagged_since: now.saturating_sub(milliseconds(beyond)) }
    }
}

impl Item {
    /// The same by digest: a tag may point elsewhere by now.
    fn at(self, outline: &Outline) -> Item {
        match self {
            Item::Manifest(Selector::Tag(_)) => Item::Manifest(Selector::Digest(outline.digest.clone())),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use spec::Digest;

    use super::*;
    use crate::blobs::MemoryBlobs;
    use crate::clock::Clock;
    use crate::metadata::{OpenMode, SqliteMetadata};
    use crate::registry::{Policy, Switch};

    #[test]
    fn waiting_begins_anew_when_a_quarter_of_the_grace_is_over() {
        const NOW: i64 = 1_000_000_000;
        let folder = tempfile::tempdir().unwrap();
        let metadata = SqliteMetadata::open(&folder.path().join("db"), OpenMode::Write).unwrap();
        let policy = Policy {
            writes: Switch::On,
            deletes: Switch::On,
            sparse_indexes: Switch::On,
            sparse_images: Switch::On,
            inline_bytes_max: 0,
            uploads_open_max: 1,
            upload_idle: Duration::ZERO,
            grace: Duration::from_millis(400),
            untagged: None,
        };
        let blobs = Arc::new(MemoryBlobs::default());
        let mut registry = Registry::new(Arc::new(metadata), blobs, Clock::fixed(NOW), policy);
        let mut check = |untagged: Option<u64>, orphaned: Option<i64>, since: Option<i64>, expect: bool| {
            registry.policy.untagged = untagged.map(Duration::from_millis);
            let outline = Outline {
                digest: Digest::of(b""),
                size: 0,
                media_type: None,
                orphaned_since: orphaned.map(|ago| NOW - ago),
                untagged_since: since.map(|ago| NOW - ago),
            };
            assert_eq!(registry.is_due_soon(&outline), expect, "{untagged:?} {orphaned:?} {since:?}");
        };
        check(None, None, None, false);
        check(None, Some(100), None, false);
        check(None, Some(101), None, true);
        // Where they stay for ever, nothing has to be done; where they stay for long, nothing yet.
        check(None, None, Some(5_000), false);
        check(Some(1_000), None, Some(700), false);
        check(Some(1_000), None, Some(701), true);
        check(Some(100), None, Some(101), true);
        check(Some(1_000), Some(300), Some(0), true);
    }
}
