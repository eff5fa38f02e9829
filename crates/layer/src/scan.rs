//! Reading a layer without making anything of it, for images that stay compressed (decision 18).

use std::io::Read;

use crate::changeset::{self, Facts, Nothing};
use crate::error::Error;
use crate::limits::Limits;

/// Reads an inflated layer to its end and says what is in it. It refuses what [`apply`](crate::apply()) would
/// refuse, but for what only a disk can.
///
/// # Errors
/// A stream that fails, and a layer that breaks a rule or a limit.
pub fn scan(stream: impl Read + Send, limits: &Limits) -> Result<Facts, Error> {
    changeset::read(stream, limits, &mut Nothing)
}
