//! What the tests of networks share.

use jiff::Timestamp;
use spec::{Digest, ImageId};

use crate::record::{Config, Container, ContainerId, HostConfig};

/// A container that asks for nothing.
pub(crate) fn container() -> Container {
    Container {
        id: ContainerId::from_bytes(&[7; 32]),
        name: "web".to_owned(),
        created: Timestamp::UNIX_EPOCH,
        image: ImageId(Digest::of(b"image")),
        stack: Vec::new(),
        driver: "vfs".to_owned(),
        os: "linux".to_owned(),
        architecture: "amd64".to_owned(),
        variant: None,
        argv: vec!["true".to_owned()],
        config: Config { hostname: "070707070707".to_owned(), ..Config::default() },
        host_config: HostConfig::default(),
        mounts: Vec::new(),
    }
}
