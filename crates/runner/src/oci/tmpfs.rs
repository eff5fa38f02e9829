//! Options of memory that is mounted.

use super::OciError;

/// What Docker says when nothing is said.
const USUAL: [&str; 4] = ["noexec", "nosuid", "nodev", "rprivate"];
/// Flags by what they are about: the last word about something counts.
const FLAGS: [(&str, &[&str]); 10] = [
    ("read", &["ro", "rw"]),
    ("suid", &["suid", "nosuid"]),
    ("dev", &["dev", "nodev"]),
    ("exec", &["exec", "noexec"]),
    ("sync", &["sync", "async"]),
    ("dirsync", &["dirsync"]),
    ("atime", &["atime", "noatime"]),
    ("diratime", &["diratime", "nodiratime"]),
    ("relatime", &["relatime", "norelatime", "strictatime", "nostrictatime"]),
    (
        "propagation",
        &["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"],
    ),
];
/// What has a value.
const VALUES: [&str; 7] = ["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"];

/// The usual ones with those that were asked for, `size=64m,exec`; the last about something counts.
pub(super) fn options(asked: &str) -> Result<Vec<String>, OciError> {
    let asked = asked.split(',').filter(|option| !option.is_empty());
    let mut options: Vec<(&str, &str)> = Vec::new();
    for option in USUAL.into_iter().chain(asked) {
        if option == "defaults" {
            continue;
        }
        let about = about(option).ok_or_else(|| refused(option))?;
        options.retain(|(other, _)| *other != about);
        options.push((about, option));
    }
    Ok(options.into_iter().map(|(_, option)| option.to_owned()).collect())
}

fn about(option: &str) -> Option<&str> {
    let flag = FLAGS.iter().find(|(_, words)| words.contains(&option)).map(|(about, _)| *about);
    flag.or_else(|| option.split_once('=').map(|(name, _)| name).filter(|name| VALUES.contains(name)))
}

fn refused(option: &str) -> OciError {
    OciError::TmpfsOption(option.split('=').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let check = |asked: &str, expect: &str| {
            assert_eq!(options(asked).unwrap().join(","), expect, "{asked}");
        };
        check("", "noexec,nosuid,nodev,rprivate");
        check("size=1m,mode=700,exec", "nosuid,nodev,rprivate,size=1m,mode=700,exec");
        check("ro,,size=1,size=2", "noexec,nosuid,nodev,rprivate,ro,size=2");
        check("defaults,dev,suid,shared", "noexec,dev,suid,shared");
    }

    #[test]
    fn what_memory_does_not_have_is_refused_in_dockers_words() {
        let check = |asked: &str, expect: &str| {
            assert_eq!(options(asked).unwrap_err().to_string(), format!("invalid tmpfs option [{expect}]"));
        };
        check("nope", "\"nope\"");
        check("size=1,lowerdir=/etc", "\"lowerdir\"");
        check("bind", "\"bind\"");
        check("remount", "\"remount\"");
    }
}
