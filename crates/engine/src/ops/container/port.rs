//! `port`: the ports of a container.

use super::list::{Port, ports};
use crate::engine::Engine;
use crate::error::Result;

impl Engine {
    /// The ports of a container, as long as it runs.
    ///
    /// # Errors
    /// When there is no such container, or its record cannot be read.
    pub fn container_ports(&self, text: &str) -> Result<Vec<Port>> {
        Ok(ports(&self.container(text)?.state))
    }
}
