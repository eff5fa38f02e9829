//! Identities derived from digests, kept apart by type so that they cannot be mixed up.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Digest);

        impl $name {
            /// The digest behind the identity.
            pub fn digest(&self) -> &Digest {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

identity! {
    /// The digest of a layer's uncompressed tar.
    DiffId
}

identity! {
    /// The digest that names a stack of layers (OCI image specification, config, "Layer ChainID").
    ChainId
}

identity! {
    /// The digest of an image's config: what Docker's classic store calls the image's ID.
    ImageId
}

impl ChainId {
    /// The chain IDs of every prefix of a stack, bottom first; as many as there are layers.
    pub fn of_stack(diff_ids: &[DiffId]) -> Vec<ChainId> {
        let mut chain: Vec<ChainId> = Vec::with_capacity(diff_ids.len());
        for diff_id in diff_ids {
            let next = match chain.last() {
                None => ChainId(diff_id.0.clone()),
                Some(parent) => ChainId(Digest::of(format!("{parent} {diff_id}").as_bytes())),
            };
            chain.push(next);
        }
        chain
    }

    /// The chain ID of a whole stack; nothing when it is empty.
    pub fn of(diff_ids: &[DiffId]) -> Option<ChainId> {
        ChainId::of_stack(diff_ids).pop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_ids_follow_the_specification() {
        let a = DiffId(Digest::of(b"a"));
        let b = DiffId(Digest::of(b"b"));
        let stack = ChainId::of_stack(&[a.clone(), b.clone()]);
        assert_eq!(stack[0].0, a.0);
        assert_eq!(stack[1].0, Digest::of(format!("{} {}", a.0, b.0).as_bytes()));
        assert_eq!(ChainId::of(&[]), None);
    }
}
