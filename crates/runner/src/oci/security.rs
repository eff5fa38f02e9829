//! Security options: what `--security-opt` says about a container, before it becomes part of its configuration.

use super::OciError;

/// What the security options of a container say together; later ones win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SecurityOptions {
    /// No program gets more rights than the first one has.
    pub(super) no_new_privileges: bool,
    /// Which system calls there are.
    pub(super) seccomp: Seccomp,
    /// An AppArmor profile that is loaded.
    pub(super) apparmor: Option<String>,
    /// Whether cgroups can be written; nothing for the usual.
    pub(super) writable_cgroups: Option<bool>,
}

/// Which system calls there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Seccomp {
    /// Those that nothing is said about: Docker's own profile, and all for privileged ones.
    #[default]
    Usual,
    /// Docker's own profile, by name; still none for privileged ones.
    Builtin,
    /// All.
    Unconfined,
    /// Those of a profile, as JSON.
    Profile(String),
}

/// Reads them all.
pub(super) fn options(texts: &[String]) -> Result<SecurityOptions, OciError> {
    let mut options = SecurityOptions::default();
    for text in texts {
        options.read(text)?;
    }
    Ok(options)
}

impl SecurityOptions {
    fn read(&mut self, text: &str) -> Result<(), OciError> {
        match text {
            "no-new-privileges" => self.no_new_privileges = true,
            "writable-cgroups" => self.writable_cgroups = Some(true),
            // There are no labels to switch off.
            "disable" => {}
            _ => {
                let separated = text.split_once('=').or_else(|| text.split_once(':'));
                let (name, value) = separated.ok_or_else(|| OciError::SecurityOption(text.to_owned()))?;
                self.set(name, value).ok_or_else(|| OciError::SecurityOptionValue(text.to_owned()))?;
            }
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "label" => {}
            "apparmor" => self.apparmor = Some(value.to_owned()).filter(|profile| !profile.is_empty()),
            "seccomp" => {
                self.seccomp = match value {
                    "unconfined" => Seccomp::Unconfined,
                    "builtin" => Seccomp::Builtin,
                    "" => Seccomp::Usual,
                    _ => Seccomp::Profile(value.to_owned()),
                }
            }
            "no-new-privileges" => self.no_new_privileges = truth(value)?,
            "writable-cgroups" => self.writable_cgroups = Some(truth(value)?),
            _ => return None,
        }
        Some(())
    }
}

/// What Go takes for true and false.
fn truth(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_options_are_read() {
        let check = |texts: &[&str], expect: SecurityOptions| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(options(&texts).unwrap(), expect, "{texts:?}");
        };
        let none = SecurityOptions::default();
        check(&[], none.clone());
        check(&["label=disable", "label:type:x", "disable", "seccomp="], none.clone());
        let no_new = SecurityOptions { no_new_privileges: true, ..none.clone() };
        check(&["no-new-privileges"], no_new.clone());
        check(&["no-new-privileges:true"], no_new.clone());
        check(&["no-new-privileges=1"], no_new);
        check(&["no-new-privileges", "no-new-privileges=false"], none.clone());
        check(&["seccomp=unconfined"], SecurityOptions { seccomp: Seccomp::Unconfined, ..none.clone() });
        check(&["seccomp=builtin"], SecurityOptions { seccomp: Seccomp::Builtin, ..none.clone() });
        check(
            &["seccomp={}"],
            SecurityOptions { seccomp: Seccomp::Profile("{}".to_owned()), ..none.clone() },
        );
        check(&["writable-cgroups=f"], SecurityOptions { writable_cgroups: Some(false), ..none.clone() });
        check(&["apparmor=x"], SecurityOptions { apparmor: Some("x".to_owned()), ..none });
    }

    #[test]
    fn what_is_no_security_option_is_refused_in_dockers_words() {
        let check = |text: &str, expect: &str| {
            assert_eq!(options(&[text.to_owned()]).unwrap_err().to_string(), expect);
        };
        check("nope", "invalid --security-opt 1: \"nope\"");
        check("nope=1", "invalid --security-opt 2: \"nope=1\"");
        check("no-new-privileges=yes", "invalid --security-opt 2: \"no-new-privileges=yes\"");
        check("systempaths=x", "invalid --security-opt 2: \"systempaths=x\"");
    }
}
