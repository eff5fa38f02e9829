//! Number literals: one literal may serve as integer, unsigned integer and float, as in Go's constants.

use crate::quote;

/// A number or character constant, with each meaning it can have.
#[derive(Debug)]
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
}

impl Number {
    /// Parses a character constant with its quotes.
    pub(crate) fn parse_char(text: &str) -> Result<Number, String> {
        let mut bytes = Vec::new();
        let (code, tail) = quote::unquote_char(&mut bytes, &text[1..], '\'')?;
        if tail != "'" {
            return Err(format!("malformed character constant: {text}"));
        }
        let (int, uint, float) = (Some(i64::from(code)), Some(u64::from(code)), Some(f64::from(code)));
        Ok(Number { text: text.to_owned(), int, uint, float })
    }

    /// Parses a number. Complex numbers are not known here: nothing that is shown has one.
    pub(crate) fn parse(text: &str) -> Result<Number, String> {
        let mut uint = parse_uint(text);
        let mut int = parse_int(text);
        if int == Some(0) {
            uint = uint.or(Some(0));
        }
        let mut float = int.map(|int| int as f64).or(uint.map(|uint| uint as f64));
        if float.is_none() {
            float = parse_float(text);
            if float.is_some() && !text.contains(['.', 'e', 'E', 'p', 'P']) {
                return Err(format!("integer overflow: {}", quote::quoted(text)));
            }
            int = float.and_then(float_to_int);
            uint = float.and_then(float_to_uint);
        }
        if float.is_none() {
            return Err(format!("illegal number syntax: {}", quote::quoted(text)));
        }
        Ok(Number { text: text.to_owned(), int, uint, float })
    }

    /// Whether the way it is written makes it a float where no type is asked for.
    pub(crate) fn is_float_literal(&self) -> bool {
        let text = self.text.as_str();
        let hex_int = (text.starts_with("0x") || text.starts_with("0X")) && !text.contains(['p', 'P']);
        !hex_int && !text.starts_with('\'') && text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

fn float_to_int(float: f64) -> Option<i64> {
    let fits =
        float.fract() == 0.0 && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    fits.then_some(float as i64)
}

fn float_to_uint(float: f64) -> Option<u64> {
    let fits = float.fract() == 0.0 && (0.0..18_446_744_073_709_551_616.0).contains(&float);
    fits.then_some(float as u64)
}

/// An integer with Go's base prefixes and underscores.
fn parse_uint(text: &str) -> Option<u64> {
    if !underscores_ok(text) {
        return None;
    }
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (2, &text[2..]),
        [b'0', b'o' | b'O', ..] => (8, &text[2..]),
        [b'0', _, ..] => (8, &text[1..]),
        _ => (10, text),
    };
    let digits = digits.replace('_', "");
    // The library would take a sign here.
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok()
}

fn parse_int(text: &str) -> Option<i64> {
    match text.strip_prefix('-') {
        Some(digits) => 0i64.checked_sub_unsigned(parse_uint(digits)?),
        None => i64::try_from(parse_uint(text.strip_prefix('+').unwrap_or(text))?).ok(),
    }
}

fn parse_float(text: &str) -> Option<f64> {
    if !underscores_ok(text) {
        return None;
    }
    let plain = text.replace('_', "");
    let unsigned = plain.trim_start_matches(['+', '-']);
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        let magnitude = parse_hex_float(&unsigned[2..])?;
        return Some(if plain.starts_with('-') { -magnitude } else { magnitude });
    }
    // The library also takes words such as "inf".
    let digits = unsigned.contains(|c: char| c.is_ascii_digit());
    let float: f64 = plain.parse().ok().filter(|_| digits)?;
    float.is_finite().then_some(float)
}

/// `1.8p3`: hexadecimal digits and a binary exponent, which must be there.
fn parse_hex_float(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let mut exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mut mantissa: u64 = 0;
    let mut any = false;
    for (at, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = c.to_digit(16)?;
        any = true;
        let scale = i32::from(at >= whole.len()) * 4;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            exponent = exponent.saturating_sub(scale);
        } else {
            // Digits beyond 64 bits only count by their place.
            exponent = exponent.saturating_add(4 - scale);
        }
    }
    // In two steps, since 2 to the power of a subnormal's exponent is no number itself.
    let half = exponent.clamp(-1200, 1200) / 2;
    let rest = exponent.clamp(-1200, 1200) - half;
    let float = mantissa as f64 * 2f64.powi(half) * 2f64.powi(rest);
    (any && float.is_finite()).then_some(float)
}

/// Underscores may stand between digits, or between the base prefix and a digit.
fn underscores_ok(text: &str) -> bool {
    if !text.contains('_') {
        return true;
    }
    let text = text.trim_start_matches(['+', '-']).as_bytes();
    let prefixed = matches!(text, [b'0', b'x' | b'X' | b'b' | b'B' | b'o' | b'O', ..]);
    let hex = matches!(text, [b'0', b'x' | b'X', ..]);
    let (digits, mut before) = if prefixed { (&text[2..], b'0') } else { (text, b'.') };
    for &byte in digits {
        let kind = match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'f' | b'A'..=b'F' if hex => b'0',
            b'_' => b'_',
            _ => b'.',
        };
        let split = (kind == b'_' && before != b'0') || (before == b'_' && kind != b'0');
        if split {
            return false;
        }
        before = kind;
    }
    before != b'_'
}
