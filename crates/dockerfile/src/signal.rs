//! Names of Linux's signals.

const NAMES: [&str; 35] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
];

/// The last real-time signals are counted from the end, the first ones from the beginning.
const AFTER_RTMIN_MAX: u8 = 15;
const BEFORE_RTMAX_MAX: u8 = 14;

/// Whether a text names a signal: a number other than 0, or a name with or without `SIG`.
pub(crate) fn is_signal(text: &str) -> bool {
    if let Ok(number) = text.parse::<i64>() {
        return number > 0;
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let within = |distance: &str, max: u8| distance.parse::<u8>().is_ok_and(|n| (1..=max).contains(&n));
    NAMES.contains(&name)
        || name == "RTMAX"
        || name.strip_prefix("RTMIN+").is_some_and(|distance| within(distance, AFTER_RTMIN_MAX))
        || name.strip_prefix("RTMAX-").is_some_and(|distance| within(distance, BEFORE_RTMAX_MAX))
}
