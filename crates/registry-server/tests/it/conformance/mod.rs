//! What a conformance suite of the distribution specification asks, step by step: every way to push a blob, every
//! kind of document, listed, pulled and deleted, in both algorithms, for each way to say who one is.
//!
//! Single rows that need none of this are in the files beside.

mod blobs;
mod caller;
mod content;
mod errors;
mod sets;
