//! Go's durations: `1h30m`, `1.5s`, `100ms`.

use crate::quote::quote;

const UNITS: [(&str, f64); 8] = [
    ("ns", 1.0),
    ("us", 1e3),
    ("µs", 1e3),
    ("μs", 1e3),
    ("ms", 1e6),
    ("s", 1e9),
    ("m", 60e9),
    ("h", 3_600e9),
];

/// Nanoseconds.
///
/// # Errors
/// Go's words.
pub(crate) fn parse(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {}", quote(text));
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if !number.bytes().any(|b| b.is_ascii_digit()) {
            return Err(invalid());
        }
        let number: f64 = number.parse().map_err(|_| invalid())?;
        let letters = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(letters);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, scale)| scale);
        let scale =
            scale.ok_or_else(|| format!("time: unknown unit {} in duration {}", quote(unit), quote(text)))?;
        nanoseconds += number * scale;
        rest = after;
    }
    // What an i64 of nanoseconds holds, 292 years.
    if nanoseconds >= i64::MAX as f64 {
        return Err(invalid());
    }
    let nanoseconds = nanoseconds as i64;
    Ok(if negative { -nanoseconds } else { nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_go_s() {
        let check = |text: &str, expect: Result<i64, &str>| {
            assert_eq!(parse(text), expect.map_err(str::to_owned), "{text}");
        };
        check("0", Ok(0));
        check("30s", Ok(30_000_000_000));
        check("1h2m3.5s", Ok(3_723_500_000_000));
        check("5µs", Ok(5_000));
        check("-1ms", Ok(-1_000_000));
        check("", Err("time: invalid duration \"\""));
        check("x", Err("time: invalid duration \"x\""));
        check("5", Err("time: missing unit in duration \"5\""));
        check("5y", Err("time: unknown unit \"y\" in duration \"5y\""));
        check("1.2.3s", Err("time: invalid duration \"1.2.3s\""));
        check("99999999999h", Err("time: invalid duration \"99999999999h\""));
    }
}
