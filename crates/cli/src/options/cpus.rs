//! Numbers of processors: `1.5`, `3/2`, `15e-1`.

const NANO: i128 = 1_000_000_000;
/// Numbers with a larger exponent are no numbers of processors.
const EXPONENT_MAX: u32 = 18;

/// Billionths of a processor.
///
/// # Errors
/// `failed to parse … as a rational number`, `value is too precise`
pub(crate) fn nano_cpus(text: &str) -> Result<i64, String> {
    let failed = || format!("failed to parse {text} as a rational number");
    let (numerator, denominator) = rational(text).ok_or_else(failed)?;
    let nano = numerator.checked_mul(NANO).ok_or_else(failed)?;
    if nano % denominator != 0 {
        return Err("value is too precise".to_owned());
    }
    i64::try_from(nano / denominator).map_err(|_| failed())
}

/// Numerator and denominator.
fn rational(text: &str) -> Option<(i128, i128)> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (numerator, denominator) = match unsigned.split_once('/') {
        Some((above, below)) => (digits(above)?, digits(below).filter(|below| *below != 0)?),
        None => decimal(unsigned)?,
    };
    Some((sign * numerator, denominator))
}

/// A number with a fraction and a power of ten, each of which may be missing.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let fraction = fraction.trim_end_matches('0');
    let all = match (whole.is_empty(), fraction.is_empty()) {
        (true, true) if mantissa.len() < 2 => return None,
        (_, true) if !whole.is_empty() => digits(whole)?,
        _ => digits(&format!("{whole}{fraction}0")).map(|number| number / 10)?,
    };
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
    if shift.unsigned_abs() > EXPONENT_MAX {
        return (all == 0).then_some((0, 1)).or_else(|| (shift < 0).then_some((1, i128::MAX)));
    }
    let power = 10_i128.pow(shift.unsigned_abs());
    if shift < 0 { Some((all, power)) } else { Some((all.checked_mul(power)?, 1)) }
}

/// Digits, with single `_` between them.
fn digits(text: &str) -> Option<i128> {
    let is_bare = text.bytes().all(|byte| byte.is_ascii_digit());
    let is_split = !is_bare && text.split('_').all(|part| !part.is_empty());
    let bare = if is_split { text.replace('_', "") } else { text.to_owned() };
    bare.parse().ok().filter(|_| bare.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_counted_in_billionths() {
        let check = |text: &str, nano: i64| assert_eq!(nano_cpus(text), Ok(nano), "{text}");
        check("1.5", 1_500_000_000);
        check("2", 2_000_000_000);
        check(".25", 250_000_000);
        check("5.", 5_000_000_000);
        check("0.000000001000", 1);
        check("-0.5", -500_000_000);
        check("+1", 1_000_000_000);
        check("1/2", 500_000_000);
        check("-3/3", -1_000_000_000);
        check("15e-1", 1_500_000_000);
        check("1E2", 100_000_000_000);
        check("1_000", 1_000_000_000_000);
        check("010", 10_000_000_000);
        check("0", 0);
        check(".0", 0);
        check("0e99", 0);
    }

    #[test]
    fn what_is_no_number_of_processors_is_refused_in_dockers_words() {
        for text in ["1/3", "0.1234567891", "1e-10", "1e-99"] {
            assert_eq!(nano_cpus(text), Err("value is too precise".to_owned()), "{text}");
        }
        for text in [
            "",
            "x",
            ".",
            "e1",
            "1e",
            "1/0",
            "/2",
            "1/",
            "1.5/2",
            " 1",
            "1__0",
            "_1",
            "1_",
            "--1",
            "1e99",
            "99999999999",
        ] {
            assert_eq!(
                nano_cpus(text),
                Err(format!("failed to parse {text} as a rational number")),
                "{text}"
            );
        }
    }
}
