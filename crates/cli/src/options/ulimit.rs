//! Limits of processes: `nofile=1024:2048`.

use engine::record::Ulimit;

const NAMES: [&str; 15] = [
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Reads one; the hard limit is the soft one when not given.
///
/// # Errors
/// `invalid ulimit argument: …` and others of Docker's.
pub(crate) fn ulimit(text: &str) -> Result<Ulimit, String> {
    let (name, limits) = text.split_once('=').ok_or_else(|| format!("invalid ulimit argument: {text}"))?;
    if !NAMES.contains(&name) {
        return Err(format!("invalid ulimit type: {name}"));
    }
    let (soft, hard) = match limits.split(':').collect::<Vec<_>>()[..] {
        [both] => (both, None),
        [soft, hard] => (soft, Some(hard)),
        _ => {
            return Err(format!(
                "too many limit value arguments - {limits}, can only have up to two, `soft[:hard]`"
            ));
        }
    };
    let number = |text: &str| {
        text.parse::<i64>().map_err(|_| format!("strconv.ParseInt: parsing \"{text}\": invalid syntax"))
    };
    let soft = number(soft)?;
    let hard = hard.map_or(Ok(soft), number)?;
    if hard != -1 && (soft == -1 || soft > hard) {
        let soft = if soft == -1 { "-1 (unlimited)".to_owned() } else { soft.to_string() };
        return Err(format!("ulimit soft limit must be less than or equal to hard limit: {soft} > {hard}"));
    }
    Ok(Ulimit { name: name.to_owned(), hard, soft })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_soft_and_hard() {
        let check = |text: &str, soft, hard| {
            let ulimit = ulimit(text).unwrap();
            assert_eq!((ulimit.soft, ulimit.hard), (soft, hard), "{text}");
        };
        check("nofile=1024", 1024, 1024);
        check("nofile=1024:2048", 1024, 2048);
        check("core=-1", -1, -1);
        check("nproc=5:-1", 5, -1);
        assert_eq!(ulimit("nofile").unwrap_err(), "invalid ulimit argument: nofile");
        assert_eq!(ulimit("nope=1").unwrap_err(), "invalid ulimit type: nope");
        assert!(ulimit("nofile=2:1").unwrap_err().starts_with("ulimit soft limit must be less"));
        assert!(ulimit("nofile=1:2:3").unwrap_err().starts_with("too many limit value arguments"));
        assert!(ulimit("nofile=x").unwrap_err().contains("invalid syntax"));
    }
}
