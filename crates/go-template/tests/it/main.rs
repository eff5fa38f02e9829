//! Tests through the public interface.

mod docker;
mod shapes;
