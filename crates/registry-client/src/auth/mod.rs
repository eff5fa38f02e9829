//! Who we are to a registry: challenges, tokens, and which server may be asked for them.

mod challenge;
mod negotiation;
mod pins;
mod realm;
mod scope;
mod token;

pub use challenge::Challenge;
pub use pins::{FilePins, MemoryPins, RealmPins};
pub use realm::RealmError;
pub use scope::Scopes;

pub(crate) use negotiation::{Negotiation, Sent, Verdict};
pub(crate) use realm::{check_pin, judge};
pub(crate) use token::{Grant, Token, TokenCache, TokenKey};
