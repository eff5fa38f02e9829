//! Which system calls a container has (RUN-5).

mod builtin;
mod profile;

use serde_json::Value;

use super::OciError;
use super::security::Seccomp;

/// What the runtime is told; nothing where every call is there.
pub(super) fn filter(
    seccomp: &Seccomp,
    privileged: bool,
    capabilities: &[&str],
) -> Result<Option<Value>, OciError> {
    let machine = profile::Machine::own(capabilities);
    match seccomp {
        Seccomp::Unconfined => Ok(None),
        Seccomp::Profile(text) => profile::Profile::parse(text)?.filter(&machine),
        Seccomp::Usual | Seccomp::Builtin if privileged => Ok(None),
        Seccomp::Usual | Seccomp::Builtin => builtin::profile().filter(&machine),
    }
}
