//! Points in time for people: how long ago, and when, in the words of Docker's listings.
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Shown for a time that is not known.
pub const UNKNOWN: &str = "N/A";
/// 0001-01-01T00:00:00Z in seconds since 1970: Go's zero time, which stands for no time.
const ZERO_TIME_SECONDS: i64 = -62_135_596_800;
/// 2000-01-01T00:00:00Z; `history` takes anything up to it for no time.
const MILLENNIUM_SECONDS: i64 = 946_684_800;
/// Go's durations end at 2^63 - 1 nanoseconds, 292 years.
const DURATION_MAX: SignedDuration = SignedDuration::from_nanos(i64::MAX);

/// How long ago something was: `3 minutes ago`; [`UNKNOWN`] for the zero time.
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    if then.as_second() == ZERO_TIME_SECONDS {
        return UNKNOWN.to_owned();
    }
    format!("{} ago", duration(now.duration_since(then)))
}

/// [`ago`] as `history` has it: times up to the year 2000 are not known.
pub fn history_ago(then: Timestamp, now: Timestamp) -> String {
    if then.as_second() <= MILLENNIUM_SECONDS { UNKNOWN.to_owned() } else { ago(then, now) }
}

/// A duration in its largest unit. Seconds and minutes are cut off, hours rounded, larger units cut off from
/// the hours; a negative duration is less than a second.
pub fn duration(duration: SignedDuration) -> String {
    const DAY: i64 = 24;
    const WEEK: i64 = 7 * DAY;
    const MONTH: i64 = 30 * DAY;
    const YEAR: i64 = 365 * DAY;
    let seconds = duration.min(DURATION_MAX).as_secs();
    let minutes = seconds / 60;
    let hours = (seconds + 30 * 60) / 3600;
    match (seconds, minutes, hours) {
        (..=0, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, ..60, _) => format!("{minutes} minutes"),
        (.., 1) => "About an hour".to_owned(),
        (.., ..48) => format!("{hours} hours"),
        (.., h) if h < 2 * WEEK => format!("{} days", hours / DAY),
        (.., h) if h < 2 * MONTH => format!("{} weeks", hours / WEEK),
        (.., h) if h < 2 * YEAR => format!("{} months", hours / MONTH),
        _ => format!("{} years", seconds / 3600 / YEAR),
    }
}

/// A point in time as `CreatedAt` of `images` shows it: `2026-11-23 07:01:37 +0000 UTC`.
pub fn created_at(then: Timestamp, zone: &TimeZone) -> String {
    then.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %z %Z").to_string()
}

/// A point in time as `history` shows it: RFC 3339 in the local zone, whole seconds.
pub fn rfc3339(then: Timestamp, zone: &TimeZone) -> String {
    let local = then.to_zoned_datetime(zone.clone());
    let offset = if local.offset().is_zero() { "Z".to_owned() } else { local.strftime("%:z").to_string() };
    format!("{}{offset}", local.strftime("%Y-%m-%dT%H:%M:%S"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_speak_dockers_words() {
        const MINUTE: i64 = 60;
        const HOUR: i64 = 60 * MINUTE;
        const DAY: i64 = 24 * HOUR;
        let check = |seconds, expect: &str| {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), expect, "{seconds}");
        };
        check(-5, "Less than a second");
        check(0, "Less than a second");
        check(1, "1 second");
        check(2, "2 seconds");
        check(59, "59 seconds");
        check(60, "About a minute");
        check(119, "About a minute");
        check(120, "2 minutes");
        check(59 * MINUTE + 59, "59 minutes");
        check(60 * MINUTE, "About an hour");
        check(89 * MINUTE + 59, "About an hour");
        check(90 * MINUTE, "2 hours");
        check(23 * HOUR + 40 * MINUTE, "24 hours");
        check(47 * HOUR + 28 * MINUTE, "47 hours");
        check(47 * HOUR + 31 * MINUTE, "2 days");
        check(2 * DAY + 23 * HOUR, "2 days");
        check(13 * DAY + 23 * HOUR, "13 days");
        check(14 * DAY - 1, "2 weeks");
        check(59 * DAY, "8 weeks");
        check(61 * DAY, "2 months");
        check(700 * DAY, "23 months");
        check(729 * DAY + 22 * HOUR, "24 months");
        check(730 * DAY + 2 * HOUR, "2 years");
        check(3650 * DAY, "10 years");
        check(i64::MAX, "292 years");
    }

    #[test]
    fn unknown_times_are_not_counted() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let now = at("2026-11-23T07:00:00Z");
        let check = |then, expect: &str, history: &str| {
            assert_eq!((&*ago(at(then), now), &*history_ago(at(then), now)), (expect, history));
        };
        check("2026-11-23T06:57:00Z", "3 minutes ago", "3 minutes ago");
        check("2027-01-01T00:00:00Z", "Less than a second ago", "Less than a second ago");
        check("1970-01-01T00:00:00Z", "56 years ago", UNKNOWN);
        check("0001-01-01T00:00:00Z", UNKNOWN, UNKNOWN);
    }

    #[test]
    fn points_in_time_are_local() {
        let then: Timestamp = "2026-11-23T07:01:37.5Z".parse().expect("a time");
        let check = |zone: &str, created: &str, history: &str| {
            let zone = if zone == "UTC" { TimeZone::UTC } else { TimeZone::posix(zone).expect("a zone") };
            assert_eq!((&*created_at(then, &zone), &*rfc3339(then, &zone)), (created, history));
        };
        check("UTC", "2026-11-23 07:01:37 +0000 UTC", "2026-11-23T07:01:37Z");
        check("CET-1", "2026-11-23 08:01:37 +0100 CET", "2026-11-23T08:01:37+01:00");
        check("<-03>3", "2026-11-23 04:01:37 -0300 -03", "2026-11-23T04:01:37-03:00");
        check("IST-5:30", "2026-11-23 12:31:37 +0530 IST", "2026-11-23T12:31:37+05:30");
    }
}
