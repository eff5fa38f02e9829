//! Byte counts for people, with the digits and the quirks that Docker's listings have.

const DECIMAL_UNITS: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
const BINARY_UNITS: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

/// A byte count with three digits: `images`, `history`. 999500 bytes are `1e+03kB`, as in Docker.
pub fn short(bytes: u64) -> String {
    scaled(bytes, 1000.0, &DECIMAL_UNITS, 3)
}

/// A byte count with four digits: `system df`, `image prune`, progress.
pub fn long(bytes: u64) -> String {
    scaled(bytes, 1000.0, &DECIMAL_UNITS, 4)
}

/// A byte count in powers of 1024 with four digits: memory in `info`.
pub fn binary(bytes: u64) -> String {
    scaled(bytes, 1024.0, &BINARY_UNITS, 4)
}

#[expect(clippy::cast_precision_loss, reason = "at most four digits are shown")]
fn scaled(bytes: u64, base: f64, units: &[&str], digits: usize) -> String {
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= base && unit + 1 < units.len() {
        value /= base;
        unit += 1;
    }
    general(value, digits) + units[unit]
}

/// C's `%.{digits}g` for a number that is not negative: at most that many digits, no trailing zeros, an
/// exponent when the number does not fit.
fn general(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: usize = exponent.parse().unwrap_or(0);
    if exponent >= digits {
        return format!("{}e+{exponent:02}", without_trailing_zeros(mantissa));
    }
    without_trailing_zeros(&format!("{value:.*}", digits - 1 - exponent)).to_owned()
}

fn without_trailing_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_dockers_digits() {
        let check = |bytes, three: &str, four: &str| {
            assert_eq!((&*short(bytes), &*long(bytes)), (three, four), "{bytes}");
        };
        check(0, "0B", "0B");
        check(999, "999B", "999B");
        check(1000, "1kB", "1kB");
        check(1001, "1kB", "1.001kB");
        check(1234, "1.23kB", "1.234kB");
        check(12345, "12.3kB", "12.35kB");
        check(99949, "99.9kB", "99.95kB");
        check(99950, "100kB", "99.95kB");
        check(999_499, "999kB", "999.5kB");
        check(999_500, "1e+03kB", "999.5kB");
        check(999_950, "1e+03kB", "1000kB");
        check(999_999, "1e+03kB", "1000kB");
        check(1_000_000, "1MB", "1MB");
        check(1_004_999, "1MB", "1.005MB");
        check(1_005_000, "1MB", "1.005MB");
        check(9_994_999, "9.99MB", "9.995MB");
        check(9_995_000, "9.99MB", "9.995MB");
        check(99_949_999, "99.9MB", "99.95MB");
        check(99_950_000, "100MB", "99.95MB");
        check(2_063_594, "2.06MB", "2.064MB");
        check(u64::MAX, "18.4EB", "18.45EB");
    }

    #[test]
    fn memory_counts_in_1024() {
        let check = |bytes, expect: &str| assert_eq!(binary(bytes), expect);
        check(1023, "1023B");
        check(1024, "1KiB");
        check(25_275_334_656, "23.54GiB");
    }
}
