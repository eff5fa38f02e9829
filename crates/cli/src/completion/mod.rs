//! Shell completion.
