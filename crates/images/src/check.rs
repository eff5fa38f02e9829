//! Checking the whole store: `fsck`.

use std::collections::HashMap;

use spec::{Digest, Reference};

use crate::entry::Entry;
use crate::error::Result;
use crate::index::Index;
use crate::reach::Reach;
use crate::store::ImageStore;

/// Something wrong with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A blob that an image needs is not there.
    Missing {
        /// The blob.
        digest: Digest,
        /// The images that need it, by the names a user knows.
        needed_by: Vec<String>,
    },
    /// A blob's bytes are not what its name says.
    Damaged {
        /// The blob.
        digest: Digest,
        /// What is wrong.
        reason: String,
        /// The images that need it; none when nothing does.
        needed_by: Vec<String>,
    },
    /// A document whose bytes are right says something that cannot be.
    Unusable {
        /// The document.
        digest: Digest,
        /// What is wrong.
        reason: String,
        /// The images that need it.
        needed_by: Vec<String>,
    },
    /// An entry of `index.json` that is not ours: kept, never used.
    Foreign(String),
}

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// What is wrong, worst first.
    pub findings: Vec<Finding>,
    /// Images looked at.
    pub images: usize,
    /// Blobs hashed.
    pub blobs: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that nothing reaches, left by operations that broke off; the next sweep removes them.
    pub unreached: usize,
}

impl Finding {
    /// The blob that has to be fetched again to mend this.
    pub fn to_fetch(&self) -> Option<&Digest> {
        match self {
            Finding::Missing { digest, .. } | Finding::Damaged { digest, .. } => Some(digest),
            Finding::Unusable { .. } | Finding::Foreign(_) => None,
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let needed = |names: &[String]| match names {
            [] => "no image needs it".to_owned(),
            names => format!("needed by {}", names.join(", ")),
        };
        match self {
            Finding::Missing { digest, needed_by } => write!(f, "missing {digest}: {}", needed(needed_by)),
            Finding::Damaged { digest, reason, needed_by } => {
                write!(f, "damaged {digest}: {reason}; {}", needed(needed_by))
            }
            Finding::Unusable { digest, reason, needed_by } => {
                write!(f, "unusable {digest}: {reason}; {}", needed(needed_by))
            }
            Finding::Foreign(text) => write!(f, "foreign entry in index.json: {text}"),
        }
    }
}

impl ImageStore {
    /// Checks that everything the images need is there and right: every blob is read and hashed.
    ///
    /// `progress` is called after each blob with the bytes read so far.
    ///
    /// # Errors
    /// When `index.json` itself cannot be read.
    pub fn check(&self, mut progress: impl FnMut(u64)) -> Result<Checked> {
        let index = self.index()?;
        let needed = self.needed_by(&index);
        let mut checked = Checked { images: index.by_image().len(), ..Checked::default() };
        for (digest, need) in &needed {
            self.check_blob(digest, need, &mut checked);
            progress(checked.bytes);
        }
        for digest in self.content().blobs().walk()? {
            if !needed.contains_key(&digest) {
                checked.unreached += 1;
                self.check_blob(&digest, &Need::default(), &mut checked);
                progress(checked.bytes);
            }
        }
        self.forget_removed(&mut checked)?;
        checked.findings.extend(index.foreign().map(|text| Finding::Foreign(text.to_owned())));
        Ok(checked)
    }

    /// What is missing because another process removed it in the meantime is not missing.
    fn forget_removed(&self, checked: &mut Checked) -> Result<()> {
        if checked.findings.iter().any(|finding| matches!(finding, Finding::Missing { .. })) {
            let needed = self.needed_by(&self.index()?);
            checked.findings.retain(|finding| match finding {
                Finding::Missing { digest, .. } => needed.contains_key(digest),
                _ => true,
            });
        }
        Ok(())
    }

    fn needed_by(&self, index: &Index) -> HashMap<Digest, Need> {
        let mut needed: HashMap<Digest, Need> = HashMap::new();
        for (image, entries) in index.by_image() {
            let name = display_name(&entries).unwrap_or_else(|| image.0.short().to_owned());
            let Reach { blobs, unknown, .. } = self.reach(entries);
            for (digest, size) in blobs {
                let need = needed.entry(digest).or_default();
                need.size = Some(size);
                need.names.push(name.clone());
            }
            for (digest, reason) in unknown {
                let need = needed.entry(digest).or_default();
                need.unusable = Some(reason);
                if !need.names.contains(&name) {
                    need.names.push(name.clone());
                }
            }
        }
        needed
    }

    fn check_blob(&self, digest: &Digest, need: &Need, checked: &mut Checked) {
        let needed_by = need.names.clone();
        let damaged = |reason: String| Finding::Damaged {
            digest: digest.clone(),
            reason,
            needed_by: needed_by.clone(),
        };
        let finding = match self.content().blobs().size(digest) {
            Ok(None) => Some(Finding::Missing { digest: digest.clone(), needed_by: needed_by.clone() }),
            Ok(Some(size)) if need.size.is_some_and(|wanted| wanted != size) => {
                Some(damaged(format!("it has {size} bytes instead of {}", need.size.unwrap_or_default())))
            }
            Ok(Some(size)) => {
                checked.blobs += 1;
                checked.bytes += size;
                self.hash(digest).err().map(|error| damaged(error.to_string()))
            }
            Err(error) => Some(damaged(error.to_string())),
        };
        let unusable = need.unusable.clone().map(|reason| Finding::Unusable {
            digest: digest.clone(),
            reason,
            needed_by: needed_by.clone(),
        });
        checked.findings.extend(finding.or(unusable));
    }

    fn hash(&self, digest: &Digest) -> Result<()> {
        Ok(self.content().blobs().open(digest)?.finish()?)
    }
}

/// Who needs a blob, and what is known of it.
#[derive(Default)]
struct Need {
    size: Option<u64>,
    names: Vec<String>,
    unusable: Option<String>,
}

fn display_name(entries: &[&Entry]) -> Option<String> {
    let mut names: Vec<String> =
        entries.iter().filter_map(|entry| entry.reference.as_ref()).map(Reference::familiar).collect();
    names.sort();
    names.into_iter().next()
}
