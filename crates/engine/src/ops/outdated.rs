//! `outdated`: which local tags stand for something else in their registries by now.

use std::sync::{Mutex, PoisonError};

use images::Index;
use registry_client::{Client, Wanted};
use spec::{Digest, Reference};

use crate::crew::Crew;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Events;
use crate::remote::pass_on_warnings;

/// Requests at once: enough to hide the way to the registries, few enough to offend none.
const REQUESTS_AT_ONCE: usize = 8;

/// A local tag, compared with its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparedTag {
    /// The tag.
    pub reference: Reference,
    /// What it stood for when it was last pulled or pushed: the digests that its image has in the repository.
    pub here: Vec<Digest>,
    /// What it stands for in the registry.
    pub there: There,
}

/// What a tag stands for in its registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum There {
    /// The same as here.
    Current,
    /// Something else.
    Moved(Digest),
    /// It could not be found out.
    Unknown {
        /// What sort of failure it was.
        kind: ErrorKind,
        /// Why, in words.
        reason: String,
    },
}

impl Engine {
    /// Compares local tags with their registries, by one small request each: those of `names` (a repository
    /// stands for all its tags), or all that were ever pulled or pushed. In the order of their names.
    ///
    /// # Errors
    /// When the store cannot be read or a name names no local tag; that a registry fails is part of the answer.
    pub fn outdated(&self, names: &[&str], events: &dyn Events) -> Result<Vec<ComparedTag>> {
        let index = match self.existing_store()? {
            Some(store) => store.index()?,
            None => Index::default(),
        };
        let tags = select(&index, names)?;
        let client = self.client(&self.cancel.child())?;
        let answers = self.look_up_all(&client, &tags);
        pass_on_warnings(&client, events);
        let compared = tags.into_iter().zip(answers?).filter_map(|(tag, there)| {
            Some(ComparedTag { reference: tag.reference, here: tag.here, there: there? })
        });
        Ok(compared.collect())
    }

    /// The answers in the order of the tags.
    fn look_up_all(&self, client: &Client, tags: &[LocalTag]) -> Result<Vec<Option<There>>> {
        let answers = Mutex::new(vec![None; tags.len()]);
        Crew::default().run(REQUESTS_AT_ONCE, tags.len(), &|at| {
            let there = self.look_up(client, &tags[at]);
            self.check_cancelled()?;
            answers.lock().unwrap_or_else(PoisonError::into_inner)[at] = Some(there);
            Ok(())
        })?;
        Ok(answers.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn look_up(&self, client: &Client, tag: &LocalTag) -> There {
        if tag.here.is_empty() {
            let reason = "it was neither pulled nor pushed under this name".to_owned();
            return There::Unknown { kind: ErrorKind::NotFound, reason };
        }
        let wanted = Wanted::Tag(tag.reference.tag().unwrap_or(spec::DEFAULT_TAG));
        let resolved = client.repository(&tag.reference).and_then(|repository| repository.resolve(wanted));
        match resolved {
            Ok(resolved) if tag.here.contains(&resolved.descriptor.digest) => There::Current,
            Ok(resolved) => There::Moved(resolved.descriptor.digest),
            Err(error) => {
                let error = self.pull_error(&error, &tag.reference);
                There::Unknown { kind: error.kind(), reason: error.to_string() }
            }
        }
    }
}

/// The tags to compare, sorted.
fn select(index: &Index, names: &[&str]) -> Result<Vec<LocalTag>> {
    let all = index.entries().iter().filter_map(|entry| entry.tag());
    let mut tags: Vec<LocalTag> = Vec::new();
    if names.is_empty() {
        tags.extend(all.clone().map(|tag| LocalTag::of(index, tag)).filter(|tag| !tag.here.is_empty()));
    }
    for name in names {
        let typed = Reference::parse(name)?;
        let fits = |tag: &&Reference| match typed.is_name_only() {
            true => tag.name_only() == typed,
            false => **tag == typed,
        };
        let before = tags.len();
        tags.extend(all.clone().filter(fits).map(|tag| LocalTag::of(index, tag)));
        if tags.len() == before {
            return Err(Error::new(ErrorKind::NotFound, format!("No such image: {name}")));
        }
    }
    tags.sort_by_cached_key(|tag| tag.reference.to_string());
    tags.dedup_by(|a, b| a.reference == b.reference);
    Ok(tags)
}

/// A tag and the digests that its image has in the tag's repository.
struct LocalTag {
    reference: Reference,
    here: Vec<Digest>,
}

impl LocalTag {
    fn of(index: &Index, tag: &Reference) -> LocalTag {
        let entries = index.get(tag).into_iter().flat_map(|entry| index.of_image(&entry.image));
        let digests = entries.filter_map(|entry| entry.repo_digest());
        let here = digests.filter(|other| other.name_only() == tag.name_only());
        let here = here.filter_map(|reference| reference.digest().cloned()).collect();
        LocalTag { reference: tag.clone(), here }
    }
}
