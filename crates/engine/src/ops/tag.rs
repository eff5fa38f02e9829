//! `tag`: another name for an image.

use spec::{Algorithm, Reference, ReferenceError};

use crate::engine::{Engine, entry_of};
use crate::error::{Error, ErrorKind, Result};

impl Engine {
    /// Gives the image that `source` names the name `target`, taking it from whoever had it.
    ///
    /// # Errors
    /// When there is no such image, or the target cannot be a tag.
    pub fn tag(&self, source: &str, target: &str) -> Result<()> {
        let reference = parse_target(target)?;
        check_name(&reference)?;
        let store = self.store_of(source)?;
        let now = self.now();
        // Who removes images changes the list under the same lock before it sweeps: an image that is still in
        // the list here keeps all it needs.
        store.update(|index| {
            let found = index.resolve(source)?;
            let named = entry_of(index, &found)?.named(reference.clone());
            index.set(named);
            index.change(&found.image, |entry| entry.tagged = Some(now));
            Ok::<(), Error>(())
        })?;
        Ok(())
    }
}

/// Refuses the one name that would be taken for something else.
pub(crate) fn check_name(reference: &Reference) -> Result<()> {
    if Algorithm::Sha256.as_str() == reference.familiar_name() {
        let text = "refusing to create an ambiguous tag using digest algorithm as name";
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

/// Reads the target of a tag as Docker's client does, errors included.
///
/// # Errors
/// When it is no reference, or has a digest.
pub fn parse_target(text: &str) -> Result<Reference> {
    let refuse = |error: ReferenceError| {
        Error::invalid(format_args!(
            "Error parsing reference: {text:?} is not a valid repository/tag: {error}"
        ))
    };
    let reference = Reference::parse(text).map_err(refuse)?;
    if reference.digest().is_some() {
        return Err(Error::invalid("refusing to create a tag with a digest reference"));
    }
    Ok(reference.or_latest())
}
