//! Numbers as tar headers write them: octal, base-256, decimal, and times with fractions.

use super::entry::Time;

/// Reads a numeric header field: base-256 when its first bit is set, octal otherwise; nothing when it is
/// neither or does not fit.
pub(super) fn numeric(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field, *first),
        _ => octal(field),
    }
}

/// Two's complement, big-endian, without the marker bit.
fn base_256(field: &[u8], first: u8) -> Option<i64> {
    let inversion = if first & 0x40 != 0 { 0xff } else { 0 };
    let mut value: u64 = 0;
    for (i, byte) in field.iter().enumerate() {
        let byte = byte ^ inversion;
        let byte = if i == 0 { byte & 0x7f } else { byte };
        if value >> 56 != 0 {
            return None;
        }
        value = value << 8 | u64::from(byte);
    }
    let value = i64::try_from(value).ok()?;
    Some(if inversion == 0 { value } else { !value })
}

/// Octal digits, padded on both sides with NULs and blanks and ended by a NUL; nothing at all is zero.
pub(super) fn octal(field: &[u8]) -> Option<i64> {
    let padding = |b: &u8| matches!(b, 0 | b' ');
    let Some(start) = field.iter().position(|b| !padding(b)) else { return Some(0) };
    let digits = &field[start..];
    let end = digits.iter().rposition(|b| !padding(b)).map_or(0, |last| last + 1);
    let digits = until_nul(&digits[..end]);
    let mut value: u64 = 0;
    for digit in digits {
        if !(b'0'..=b'7').contains(digit) || value >> 61 != 0 {
            return None;
        }
        value = value << 3 | u64::from(digit - b'0');
    }
    i64::try_from(value).ok()
}

/// A decimal integer with an optional sign, as PAX records and sparse maps write it.
pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// A decimal integer that must not be negative.
pub(super) fn decimal_unsigned(text: &[u8]) -> Option<u64> {
    u64::try_from(decimal(text)?).ok()
}

/// A time as PAX writes it: seconds with an optional sign and fraction; digits past nanoseconds are dropped.
pub(super) fn pax_time(text: &[u8]) -> Option<Time> {
    let dot = text.iter().position(|b| *b == b'.');
    let (whole, fraction) = dot.map_or((text, &[][..]), |dot| (&text[..dot], &text[dot + 1..]));
    let seconds = decimal(whole)?;
    let mut nanoseconds = 0;
    for i in 0..9.max(fraction.len()) {
        let digit = fraction.get(i).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        if i < 9 {
            nanoseconds = nanoseconds * 10 + u32::from(digit - b'0');
        }
    }
    if whole.first() == Some(&b'-') && nanoseconds > 0 {
        return Some(Time { seconds: seconds.checked_sub(1)?, nanoseconds: 1_000_000_000 - nanoseconds });
    }
    Some(Time { seconds, nanoseconds })
}

/// The bytes before the first NUL.
pub(super) fn until_nul(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|b| *b == 0).unwrap_or(field.len());
    &field[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tar_2_numbers_in_headers() {
        let check = |field: &[u8], expect: Option<i64>| assert_eq!(numeric(field), expect, "{field:?}");
        check(b"0000644\0", Some(0o644));
        check(b"   644 \0", Some(0o644));
        check(b"\0\0 12\0\0", Some(0o12));
        check(b"", Some(0));
        check(b"\0\0\0\0", Some(0));
        check(b"12\x0034", Some(0o12));
        check(b"777777777777", Some(0o777_777_777_777));
        check(b"0000008\0", None);
        check(b"-000001\0", None);
        check(b"1 2", None);
        check(b"0x10\0", None);
        check(&[0x80, 0, 0, 0, 0, 0, 1, 0], Some(256));
        check(&[0xff; 12], Some(-1));
        check(&[0xff, 0xff, 0xff, 0xfe], Some(-2));
        check(&[0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], Some(i64::MAX));
        check(&[0x80, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0], None);
        check(&[0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Some(i64::MIN));
        check(&[0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], None);
    }

    #[test]
    fn tar_2_times() {
        let time = |seconds, nanoseconds| Some(Time { seconds, nanoseconds });
        let check = |text: &str, expect| assert_eq!(pax_time(text.as_bytes()), expect, "{text}");
        check("0", time(0, 0));
        check("-5", time(-5, 0));
        check("-5.25", time(-6, 750_000_000));
        check("-0.5", time(-1, 500_000_000));
        check("1.5", time(1, 500_000_000));
        check("1.", time(1, 0));
        check("1.0000000019", time(1, 1));
        check("1350244992.023960108", time(1_350_244_992, 23_960_108));
        for bad in ["", ".", ".5", "1.x", "1.2.3", "x", "1e5", "99999999999999999999", "1.-5", " 1"] {
            check(bad, None);
        }
        check("-9223372036854775808.5", None);
    }
}
