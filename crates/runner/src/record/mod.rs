//! What is known of a container, as it is kept on disk. The names of members are those of Docker's API, so that
//! one vocabulary serves the record, `inspect` and whoever reads the files.

mod config;
mod container;
mod endpoint;
mod folder;
mod hardware_address;
mod host_config;
mod limits;
mod mount_point;
mod state;

pub use config::{Config, Healthcheck};
pub use container::{Container, ContainerId};
pub use endpoint::{AddressesAsked, EndpointAsked, is_user_defined};
pub use folder::{Containers, EXIT_UNSEEN, Found, become_monitor, read_state, write_state};
pub use hardware_address::HardwareAddress;
pub use host_config::{
    DeviceAsked, HostConfig, LogConfig, MountAsked, MountKind, PortBinding, RestartPolicy, Ulimit,
};
pub use limits::{DeviceRequest, ThrottleDevice, WeightDevice};
pub use mount_point::MountPoint;
pub use state::{Attached, Health, HealthResult, NetworkState, State, Status};
