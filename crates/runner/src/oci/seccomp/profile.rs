//! Profiles in Docker's format: rules with conditions, from which a filter for one container is made.

use serde::Deserialize;
use serde_json::{Value, json};

use super::super::OciError;
use super::super::kernel::{self, version};

/// A profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Profile {
    pub(super) default_action: String,
    pub(super) default_errno_ret: Option<u32>,
    pub(super) architectures: Vec<String>,
    pub(super) arch_map: Option<Vec<Architecture>>,
    pub(super) flags: Vec<String>,
    pub(super) listener_path: String,
    pub(super) listener_metadata: String,
    pub(super) syscalls: Option<Vec<Rule>>,
}

/// What else runs on an architecture.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Architecture {
    pub(super) architecture: String,
    pub(super) sub_architectures: Option<Vec<String>>,
}

/// What happens to some calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) names: Vec<String>,
    pub(super) action: String,
    pub(super) errno_ret: Option<u32>,
    pub(super) args: Option<Vec<Argument>>,
    pub(super) includes: Option<Condition>,
    pub(super) excludes: Option<Condition>,
}

/// What an argument must be for a rule to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Argument {
    pub(super) index: u32,
    pub(super) value: u64,
    pub(super) value_two: u64,
    pub(super) op: String,
}

impl Argument {
    fn value(&self) -> Value {
        let mut argument = json!({"index": self.index, "value": self.value});
        if self.value_two != 0 {
            argument["valueTwo"] = json!(self.value_two);
        }
        argument["op"] = json!(self.op);
        argument
    }
}

/// Where a rule counts, or does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Condition {
    pub(super) caps: Option<Vec<String>>,
    pub(super) arches: Option<Vec<String>>,
    pub(super) min_kernel: Option<String>,
}

/// What conditions are about.
pub(super) struct Machine<'m> {
    /// As libseccomp calls it.
    pub(super) arch: &'m str,
    /// As filters call it.
    pub(super) scmp_arch: &'m str,
    /// Of the kernel.
    pub(super) kernel: (u32, u32),
    /// What the container may do.
    pub(super) capabilities: &'m [&'m str],
}

impl<'m> Machine<'m> {
    /// This one.
    pub(super) fn own(capabilities: &'m [&'m str]) -> Machine<'m> {
        let (arch, scmp_arch) = match std::env::consts::ARCH {
            "x86_64" => ("amd64", "SCMP_ARCH_X86_64"),
            "x86" => ("x86", "SCMP_ARCH_X86"),
            "aarch64" => ("arm64", "SCMP_ARCH_AARCH64"),
            "arm" => ("arm", "SCMP_ARCH_ARM"),
            "loongarch64" => ("loongarch64", "SCMP_ARCH_LOONGARCH64"),
            "powerpc64" => ("ppc64le", "SCMP_ARCH_PPC64LE"),
            "riscv64" => ("riscv64", "SCMP_ARCH_RISCV64"),
            "s390x" => ("s390x", "SCMP_ARCH_S390X"),
            other => (other, ""),
        };
        Machine { arch, scmp_arch, kernel: kernel::own(), capabilities }
    }
}

impl Profile {
    /// Reads what a user gave.
    pub(super) fn parse(text: &str) -> Result<Profile, OciError> {
        serde_json::from_str(text).map_err(|error| OciError::Seccomp(error.to_string()))
    }

    /// The filter for one container; nothing for a profile that says nothing.
    pub(super) fn filter(&self, machine: &Machine<'_>) -> Result<Option<Value>, OciError> {
        let rules = self.syscalls.as_deref().unwrap_or_default();
        if self.default_action.is_empty() && rules.is_empty() {
            return Ok(None);
        }
        let mut filter = json!({ "defaultAction": self.default_action });
        if let Some(errno) = self.default_errno_ret {
            filter["defaultErrnoRet"] = json!(errno);
        }
        let architectures = self.architectures(machine)?;
        if !architectures.is_empty() {
            filter["architectures"] = json!(architectures);
        }
        if !self.flags.is_empty() {
            filter["flags"] = json!(self.flags);
        }
        if !self.listener_path.is_empty() {
            filter["listenerPath"] = json!(self.listener_path);
            filter["listenerMetadata"] = json!(self.listener_metadata);
        }
        let mut syscalls = Vec::new();
        for rule in rules {
            let names = rule.names()?;
            if rule.counts(machine)? {
                syscalls.push(rule.syscall(&names));
            }
        }
        filter["syscalls"] = Value::Array(syscalls);
        Ok(Some(filter))
    }

    fn architectures(&self, machine: &Machine<'_>) -> Result<Vec<&str>, OciError> {
        let map = self.arch_map.as_deref().unwrap_or_default();
        if !self.architectures.is_empty() && !map.is_empty() {
            return Err(OciError::Seccomp(
                "both 'architectures' and 'archMap' are specified in the seccomp profile, use either \
                 'architectures' or 'archMap'"
                    .to_owned(),
            ));
        }
        let mut list: Vec<&str> = self.architectures.iter().map(String::as_str).collect();
        if let Some(entry) = map.iter().find(|entry| entry.architecture == machine.scmp_arch) {
            list.push(&entry.architecture);
            list.extend(entry.sub_architectures.iter().flatten().map(String::as_str));
        }
        Ok(list)
    }
}

impl Rule {
    fn names(&self) -> Result<Vec<&str>, OciError> {
        if self.name.is_empty() {
            return Ok(self.names.iter().map(String::as_str).collect());
        }
        if !self.names.is_empty() {
            return Err(OciError::Seccomp(
                "both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'"
                    .to_owned(),
            ));
        }
        Ok(vec![&self.name])
    }

    /// Any of what excludes it does; all of what includes it must be so.
    fn counts(&self, machine: &Machine<'_>) -> Result<bool, OciError> {
        let has = |name: &String| machine.capabilities.contains(&name.as_str());
        let is_arch = |name: &String| name == machine.arch;
        if let Some(excludes) = &self.excludes {
            let is_excluded = excludes.arches.iter().flatten().any(is_arch)
                || excludes.caps.iter().flatten().any(has)
                || excludes.is_kernel(machine)? == Some(true);
            if is_excluded {
                return Ok(false);
            }
        }
        let Some(includes) = &self.includes else { return Ok(true) };
        let arches = includes.arches.as_deref().unwrap_or_default();
        Ok((arches.is_empty() || arches.iter().any(is_arch))
            && includes.caps.iter().flatten().all(has)
            && includes.is_kernel(machine)? != Some(false))
    }

    fn syscall(&self, names: &[&str]) -> Value {
        let mut syscall = json!({ "names": names, "action": self.action });
        if let Some(errno) = self.errno_ret {
            syscall["errnoRet"] = json!(errno);
        }
        if let Some(args) = self.args.as_ref().filter(|args| !args.is_empty()) {
            syscall["args"] = args.iter().map(Argument::value).collect();
        }
        syscall
    }
}

impl Condition {
    fn is_kernel(&self, machine: &Machine<'_>) -> Result<Option<bool>, OciError> {
        let Some(text) = &self.min_kernel else { return Ok(None) };
        let wanted =
            version(text).ok_or_else(|| OciError::Seccomp(format!("invalid kernel version: {text:?}")))?;
        Ok(Some(machine.kernel >= wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: Machine<'static> =
        Machine { arch: "amd64", scmp_arch: "SCMP_ARCH_X86_64", kernel: (5, 10), capabilities: &["CAP_BPF"] };

    fn names(profile: &str) -> Result<String, String> {
        let profile = Profile::parse(profile).map_err(|error| error.to_string())?;
        let filter = profile.filter(&MACHINE).map_err(|error| error.to_string())?;
        let Some(filter) = filter else { return Ok("no filter".to_owned()) };
        let rules = filter["syscalls"].as_array().unwrap().iter();
        Ok(rules.flat_map(|rule| rule["names"].as_array().unwrap()).filter_map(Value::as_str).collect())
    }

    #[test]
    fn rules_count_where_their_conditions_are_met() {
        let check = |condition: &str, expect: &str| {
            let rule = format!(r#"{{"names":["a"],"action":"SCMP_ACT_ALLOW"{condition}}}"#);
            let profile = format!(r#"{{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{rule}]}}"#);
            assert_eq!(names(&profile).unwrap(), expect, "{condition}");
        };
        check("", "a");
        check(r#","includes":null,"excludes":{},"args":[],"comment":"x""#, "a");
        check(r#","includes":{"caps":["CAP_BPF"]}"#, "a");
        check(r#","includes":{"caps":["CAP_BPF","CAP_KILL"]}"#, "");
        check(r#","excludes":{"caps":["CAP_BPF","CAP_KILL"]}"#, "");
        check(r#","excludes":{"caps":["CAP_KILL"]}"#, "a");
        check(r#","includes":{"arches":["arm64","amd64"]}"#, "a");
        check(r#","includes":{"arches":["arm64"]}"#, "");
        check(r#","excludes":{"arches":["amd64"]}"#, "");
        check(r#","includes":{"minKernel":"4.8"}"#, "a");
        check(r#","includes":{"minKernel":"5.10"}"#, "a");
        check(r#","includes":{"minKernel":"5.11"}"#, "");
        check(r#","excludes":{"minKernel":"5.11"}"#, "a");
        check(r#","excludes":{"minKernel":"5.9"}"#, "");
    }

    #[test]
    fn profiles_of_users_are_judged() {
        assert_eq!(names("{}").unwrap(), "no filter");
        assert_eq!(names(r#"{"defaultAction":"SCMP_ACT_ALLOW"}"#).unwrap(), "");
        assert_eq!(names(r#"{"defaultAction":"x","syscalls":[{"name":"b"}]}"#).unwrap(), "b");
        let refused = |profile: &str, expect: &str| {
            let error = names(profile).unwrap_err();
            assert!(
                error.starts_with("Decoding seccomp profile failed: ") && error.contains(expect),
                "{error}"
            );
        };
        refused("nope", "expected");
        refused(r#"{"syscalls":7}"#, "invalid type");
        refused(r#"{"syscalls":[{"name":"a","names":["b"]}]}"#, "both 'name' and 'names'");
        refused(
            r#"{"defaultAction":"x","architectures":["a"],"archMap":[{"architecture":"a"}]}"#,
            "both 'architectures' and 'archMap'",
        );
        refused(
            r#"{"syscalls":[{"name":"a","includes":{"minKernel":"x"}}]}"#,
            "invalid kernel version: \"x\"",
        );
        refused(&"[".repeat(100_000), "");
    }

    #[test]
    fn a_filter_has_what_the_profile_says() {
        let profile = r#"{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":1,
            "archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]},
                       {"architecture":"SCMP_ARCH_S390X","subArchitectures":null}],
            "syscalls":[{"names":["clone"],"action":"SCMP_ACT_ERRNO","errnoRet":38,
                "args":[{"index":1,"value":5,"valueTwo":6,"op":"SCMP_CMP_MASKED_EQ"},{"index":0,"value":4294967295,
                "op":"SCMP_CMP_EQ"}]}]}"#;
        let expect = json!({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
            "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
            "syscalls": [{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [
                {"index": 1, "value": 5, "valueTwo": 6, "op": "SCMP_CMP_MASKED_EQ"},
                {"index": 0, "value": 4_294_967_295_u32, "op": "SCMP_CMP_EQ"}]}]});
        assert_eq!(Profile::parse(profile).unwrap().filter(&MACHINE).unwrap(), Some(expect));
    }
}
