//! Moments as `--filter until=` takes them: a duration back from now, a date, or seconds since 1970.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use crate::error::{Error, Result};

/// Reads `24h`, `2006-01-02T15:04:05.5+01:00` with parts left out, or `1136073845.5`.
///
/// # Errors
/// When it is none of these, in Docker's words.
pub(crate) fn parse_moment(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp> {
    let moment = parse_duration(text)
        .and_then(|back| now.checked_sub(back).ok())
        .or_else(|| parse_date(text, zone))
        .or_else(|| parse_seconds(text));
    moment.ok_or_else(|| Error::invalid(format_args!("failed to parse value as time or duration: {text:?}")))
}

/// Go's durations: numbers with units one after the other, a sign before them.
fn parse_duration(text: &str) -> Option<SignedDuration> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(SignedDuration::ZERO);
    }
    let mut total: i128 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let unit =
            rest[digits..].find(|c: char| c.is_ascii_digit() || c == '.').map_or(rest.len(), |n| digits + n);
        total = total.checked_add(scale(&rest[..digits], nanoseconds(&rest[digits..unit])?)?)?;
        rest = &rest[unit..];
    }
    let total = i64::try_from(if negative { -total } else { total }).ok()?;
    Some(SignedDuration::from_nanos(total))
}

fn nanoseconds(unit: &str) -> Option<i128> {
    Some(match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// A decimal number times a unit.
fn scale(number: &str, unit: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 18 || whole.len() > 18 {
        return None;
    }
    let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let places = u32::try_from(fraction.len()).ok()?;
    Some(whole * unit + part * unit / 10_i128.pow(places))
}

fn parse_date(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let (time, zone) = split_zone(time, zone)?;
    let date: civil::Date = date.parse().ok()?;
    let time = match time.len() {
        0 => civil::Time::midnight(),
        2 => format!("{time}:00").parse().ok()?,
        _ => time.parse().ok()?,
    };
    zone.to_timestamp(date.to_datetime(time)).ok()
}

/// Takes `Z` or `±hh:mm` off the end of a time of day.
fn split_zone<'t>(time: &'t str, local: &TimeZone) -> Option<(&'t str, TimeZone)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, TimeZone::UTC));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, local.clone())) };
    let (hours, minutes) = time[at + 1..].split_once(':')?;
    let seconds = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    let sign = if time[at..].starts_with('-') { -1 } else { 1 };
    let offset = jiff::tz::Offset::from_seconds(sign * seconds).ok()?;
    Some((&time[..at], offset.to_time_zone()))
}

fn parse_seconds(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let nanoseconds: i32 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(seconds.parse().ok()?, nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_three_forms() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let zone = jiff::tz::Offset::from_hours(2).unwrap().to_time_zone();
        let check = |text: &str, expect: &str| {
            assert_eq!(parse_moment(text, now, &zone).unwrap().to_string(), expect, "{text}");
        };
        check("24h", "2026-11-22T12:00:00Z");
        check("10m30s", "2026-11-23T11:49:30Z");
        check("1.5h", "2026-11-23T10:30:00Z");
        check("0s", "2026-11-23T12:00:00Z");
        check("-1h", "2026-11-23T13:00:00Z");
        check("2006-01-02", "2006-01-01T22:00:00Z");
        check("2006-01-02T15", "2006-01-02T13:00:00Z");
        check("2006-01-02T15:04", "2006-01-02T13:04:00Z");
        check("2006-01-02T15:04:05", "2006-01-02T13:04:05Z");
        check("2006-01-02T15:04:05.5", "2006-01-02T13:04:05.5Z");
        check("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z");
        check("2006-01-02T15:04+01:00", "2006-01-02T14:04:00Z");
        check("2006-01-02T15:04:05-07:00", "2006-01-02T22:04:05Z");
        check("1136073845", "2006-01-01T00:04:05Z");
        check("1136073845.25", "2006-01-01T00:04:05.25Z");
        for bad in ["", "x", "h", "1", "24x", "2006-13-01", "5 hours", "1h-", "é", "9".repeat(40).as_str()] {
            if bad == "1" {
                check(bad, "1970-01-01T00:00:01Z");
                continue;
            }
            let error = parse_moment(bad, now, &zone).unwrap_err().to_string();
            assert_eq!(error, format!("failed to parse value as time or duration: {bad:?}"));
        }
    }
}
