//! `create`: a container from an image, not started yet.

use runner::record::{Config, ContainerId, HostConfig};
use spec::Platform;

/// A request to create a container: what the command line said, before the image's configuration is taken into
/// account.
#[derive(Clone, Debug, Default)]
pub struct CreateContainer {
    /// `--name`; one is made up when not given.
    pub name: Option<String>,
    /// The image as typed; also `config.image`.
    pub image: String,
    /// `--platform`.
    pub platform: Option<Platform>,
    /// `--network`'s aliases and addresses are of later networks; `host_config.network_mode` says which one.
    pub config: Config,
    /// What it gets from this machine.
    pub host_config: HostConfig,
}

/// When `run` and `create` pull.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PullPolicy {
    /// When the image is not here.
    #[default]
    Missing,
    /// Before each start.
    Always,
    /// Never.
    Never,
}

/// A container that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: ContainerId,
    /// What should be known about it.
    pub warnings: Vec<String>,
}
