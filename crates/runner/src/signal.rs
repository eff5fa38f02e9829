//! Signals by name and number.

/// The signals of Linux on x86 and Arm, by number.
const NAMES: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];
/// The first real-time signal that programs may use.
const RTMIN: i32 = 34;
/// The last one.
const RTMAX: i32 = 64;

/// SIGKILL
pub const KILL: i32 = 9;
/// SIGTERM
pub const TERM: i32 = 15;

/// A signal's number by its name, with or without `SIG`, in any case; or by its number.
pub fn parse(text: &str) -> Option<i32> {
    if let Ok(number) = text.parse::<i32>() {
        return (1..=RTMAX).contains(&number).then_some(number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = |base: i32, rest: &str| {
        let distance = if rest.is_empty() { 0 } else { rest.parse::<i32>().ok()? };
        Some(base + distance).filter(|number| (RTMIN..=RTMAX).contains(number))
    };
    match name {
        "CLD" => return parse("CHLD"),
        "IOT" => return parse("ABRT"),
        "POLL" => return parse("IO"),
        _ => {}
    }
    if let Some(rest) = name.strip_prefix("RTMIN") {
        return real_time(RTMIN, rest);
    }
    if let Some(rest) = name.strip_prefix("RTMAX") {
        return real_time(RTMAX, rest);
    }
    NAMES.iter().position(|known| *known == name).and_then(|at| i32::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_known_by_name_and_number() {
        let check = |text: &str, expect: Option<i32>| assert_eq!(parse(text), expect, "{text}");
        check("SIGKILL", Some(9));
        check("kill", Some(9));
        check("15", Some(TERM));
        check("SIGRTMIN+3", Some(37));
        check("RTMAX-1", Some(63));
        check("RTMIN+40", None);
        check("SIGSYS", Some(31));
        check("0", None);
        check("65", None);
        check("NOPE", None);
        check("", None);
    }
}
