//! Volumes.

/// Placeholder.
#[derive(Debug, thiserror::Error)]
pub enum VolumeError {}
