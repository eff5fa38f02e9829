//! Settings of the kernel that keep ordinary users from having user namespaces.

use std::path::Path;

/// A number and a line break.
const SETTING_BYTES_MAX: u64 = 64;

/// Settings, the value with which there are no namespaces, and one with which there are.
const SETTINGS: [(&str, &str, &str); 3] = [
    ("user.max_user_namespaces", "0", "10000"),
    // Debian's and Arch's kernels.
    ("kernel.unprivileged_userns_clone", "0", "1"),
    // Ubuntu's: there is a namespace, in which nothing is allowed.
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
];

/// The command that lets ordinary users have namespaces, where a setting of the kernel forbids it.
pub fn why_none() -> Option<String> {
    forbidding(Path::new("/proc/sys"))
}

fn forbidding(settings: &Path) -> Option<String> {
    let forbids = |(name, value, _): &&(&str, &str, &str)| {
        let bytes = disk::read_named(&settings.join(name.replace('.', "/")), SETTING_BYTES_MAX);
        bytes.is_ok_and(|bytes| String::from_utf8_lossy(&bytes).trim() == *value)
    };
    SETTINGS.iter().find(forbids).map(|(name, value, better)| {
        format!("the setting {name}={value} forbids it: `sysctl -w {name}={better}`, as root, allows it")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_to_change_is_named() {
        let check = |set: &[(&str, &str)], expect: Option<&str>| {
            let folder = tempfile::tempdir().unwrap();
            for (name, value) in set {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, format!("{value}\n")).unwrap();
            }
            let told = forbidding(folder.path());
            assert_eq!(told.is_some(), expect.is_some(), "{told:?}");
            assert!(expect.is_none_or(|expect| told.as_ref().unwrap().contains(expect)), "{told:?}");
        };
        check(&[], None);
        check(&[("user/max_user_namespaces", "96365"), ("kernel/unprivileged_userns_clone", "1")], None);
        check(&[("user/max_user_namespaces", "0")], Some("sysctl -w user.max_user_namespaces=10000"));
        check(
            &[("user/max_user_namespaces", "9"), ("kernel/unprivileged_userns_clone", "0")],
            Some("sysctl -w kernel.unprivileged_userns_clone=1"),
        );
        check(
            &[("kernel/apparmor_restrict_unprivileged_userns", "1")],
            Some("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
        );
    }
}
