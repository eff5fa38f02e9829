//! What of a request cannot be meant, before there is a container.

use super::{OciError, capability, device, resources, security, sysctl, tmpfs};
use crate::record::HostConfig;

/// Refuses capabilities, security options, device rules, limits and kernel parameters that do not exist.
///
/// # Errors
/// In Docker's words.
pub fn check(host: &HostConfig) -> Result<(), OciError> {
    capability::of(host)?;
    security::options(&host.security_opt)?;
    device::check_rules(&host.device_cgroup_rules)?;
    resources::rlimits(&host.ulimits)?;
    sysctl::check(&host.sysctls)?;
    for options in host.tmpfs.values() {
        tmpfs::options(options)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Ulimit;

    #[test]
    fn what_does_not_exist_is_refused_before_anything_is_made() {
        let refused = |set: &dyn Fn(&mut HostConfig), expect: &str| {
            let mut host = HostConfig::default();
            check(&host).unwrap();
            set(&mut host);
            assert_eq!(check(&host).unwrap_err().to_string(), expect);
        };
        refused(&|h| h.cap_add = vec!["NOPE".into()], "invalid CapAdd: unknown capability: \"CAP_NOPE\"");
        refused(&|h| h.security_opt = vec!["nope=1".into()], "invalid --security-opt 2: \"nope=1\"");
        refused(&|h| h.device_cgroup_rules = vec!["x".into()], "invalid device cgroup rule format: 'x'");
        refused(
            &|h| h.ulimits = vec![Ulimit { name: "x".into(), soft: 1, hard: 1 }],
            "invalid ulimit type: x",
        );
        refused(&|h| drop(h.sysctls.insert("vm.x".into(), "1".into())), "sysctl 'vm.x=1' is not allowed");
        refused(&|h| drop(h.tmpfs.insert("/t".into(), "x".into())), "invalid tmpfs option [\"x\"]");
    }
}
