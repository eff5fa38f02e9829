//! Sizes of memory: `512m`.

/// Reads a number with a unit of 1024: bytes when there is none.
///
/// # Errors
/// `invalid size: …`
pub(crate) fn bytes(text: &str) -> Result<i64, String> {
    let invalid = || format!("invalid size: '{text}'");
    let end = text.rfind(|c: char| c.is_ascii_digit() || c == '.').ok_or_else(invalid)? + 1;
    let (number, unit) = text.split_at(end);
    if number.starts_with(['+', ' ', '.']) || number.starts_with('-') && number.len() < 2 {
        return Err(invalid());
    }
    let number: f64 = number.parse().map_err(|_| invalid())?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let shift = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        "p" | "pb" | "pib" => 50,
        _ => return Err(invalid()),
    };
    if number < 0.0 {
        return Err(invalid());
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "fractions of a byte are dropped, and too much is the most"
    )]
    Ok((number * (1_i64 << shift) as f64) as i64)
}

/// The same, with `-1` for no limit.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn swap_bytes(text: &str) -> Result<i64, String> {
    if text == "-1" { Ok(-1) } else { bytes(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        let check = |text: &str, expect: i64| assert_eq!(bytes(text), Ok(expect), "{text}");
        check("0", 0);
        check("32", 32);
        check("32b", 32);
        check("1.5k", 1536);
        check("6m", 6 << 20);
        check("6MB", 6 << 20);
        check("6 MiB", 6 << 20);
        check("1g", 1 << 30);
        check("1t", 1 << 40);
        check("1p", 1 << 50);
        assert_eq!(swap_bytes("-1"), Ok(-1));
        for text in ["", "m", "-1", "1x", "1mm", ".5.5", "hello", "1 m b", "+1"] {
            assert_eq!(bytes(text), Err(format!("invalid size: '{text}'")), "{text}");
        }
    }
}
