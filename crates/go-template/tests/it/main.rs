//! Tests through the public interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod docker;
mod limits;
mod robustness;
mod rows;
mod shapes;
mod values;
