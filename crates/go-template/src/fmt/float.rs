//! Floating-point numbers under the verbs `e E f F g G b x X`.

use super::printer::Printer;
use crate::Value;

/// The exponent from which the shortest form is written with an exponent.
const SHORTEST_EXPONENT_MAX: i32 = 6;

impl Printer<'_> {
    pub(super) fn print_float(&mut self, value: &Value<'_>, number: f64, verb: char) {
        let precision = self.flags.precision;
        let mut text = match verb {
            'v' | 'g' => general(number, precision, 'e'),
            'G' => general(number, precision, 'E'),
            'e' | 'E' => scientific(number, Some(precision.unwrap_or(6)), verb),
            'f' | 'F' => fixed(number, precision.unwrap_or(6)),
            'b' => binary(number),
            'x' | 'X' => hexadecimal(number, precision, verb),
            _ => return self.bad_verb(value, verb),
        };
        if !text.starts_with('-') {
            text.insert(0, '+');
        }
        self.format_float(text, verb);
    }

    /// Writes a number that starts with its sign.
    fn format_float(&mut self, mut text: String, verb: char) {
        let flags = self.flags;
        if flags.space && text.starts_with('+') && !flags.plus {
            text.replace_range(..1, " ");
        }
        if text.ends_with("Inf") || text.ends_with("NaN") {
            // They do not look like numbers and get no zeros.
            let hides_sign = text.ends_with("NaN") && !flags.space && !flags.plus;
            self.flags.zero = false;
            self.pad(&text.as_bytes()[usize::from(hides_sign)..]);
            self.flags.zero = flags.zero;
            return;
        }
        if flags.sharp && verb != 'b' {
            text = with_point(&text, verb, flags.precision);
        }
        if !flags.plus && text.starts_with('+') {
            return self.pad(&text.as_bytes()[1..]);
        }
        let missing = flags.width.map_or(0, |width| width.saturating_sub(text.len()));
        if flags.zero && !flags.minus && missing > 0 {
            // The sign stands before the zeros.
            self.out.push(&text.as_bytes()[..1]);
            self.out.fill(b'0', missing);
            return self.out.push(&text.as_bytes()[1..]);
        }
        self.pad(text.as_bytes());
    }
}

/// `#`: a decimal point always, and for `%g` the zeros that it would drop.
fn with_point(text: &str, verb: char, precision: Option<usize>) -> String {
    let hex = matches!(verb, 'x' | 'X');
    let tail_at =
        text.find(|c| matches!(c, 'p' | 'P') || (!hex && matches!(c, 'e' | 'E'))).unwrap_or(text.len());
    let (number, tail) = text.split_at(tail_at);
    let mut digits = match verb {
        'v' | 'g' | 'G' | 'x' => {
            precision.map_or(6, |precision| i64::try_from(precision).unwrap_or(i64::MAX))
        }
        _ => 0,
    };
    let significant = number[1..].chars().filter(|c| *c != '.').skip_while(|c| *c == '0').count();
    digits -= i64::try_from(significant).unwrap_or(i64::MAX);
    let mut out = number.to_owned();
    if !number.contains('.') {
        // A single zero counts once.
        if number.len() == 2 && number.ends_with('0') {
            digits -= 1;
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', usize::try_from(digits).unwrap_or(0)));
    out + tail
}

/// Infinities and NaN as Go writes them.
fn special(number: f64) -> Option<String> {
    if number.is_nan() {
        Some("NaN".to_owned())
    } else if number.is_infinite() {
        Some(if number > 0.0 { "Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}

/// Digits after the point, rounded to even on the exact value as Go and Rust both do.
fn fixed(number: f64, precision: usize) -> String {
    special(number).unwrap_or_else(|| format!("{number:.precision$}"))
}

/// `1.5e+06`: Rust writes the exponent without sign and zeros.
fn scientific(number: f64, precision: Option<usize>, letter: char) -> String {
    if let Some(text) = special(number) {
        return text;
    }
    let text = match precision {
        Some(precision) => format!("{number:.precision$e}"),
        None => format!("{number:e}"),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}{letter}{sign}{digits:0>2}")
}

/// The decimal exponent of the number written with `precision` significant digits.
fn exponent_of(number: f64, digits: Option<usize>) -> i32 {
    let text = match digits {
        Some(digits) => format!("{number:.0$e}", digits.saturating_sub(1)),
        None => format!("{number:e}"),
    };
    text.split_once('e').and_then(|(_, exponent)| exponent.parse().ok()).unwrap_or(0)
}

/// `%g`: fixed or scientific, whichever fits the exponent, without trailing zeros.
fn general(number: f64, precision: Option<usize>, letter: char) -> String {
    if let Some(text) = special(number) {
        return text;
    }
    let digits = precision.map(|precision| precision.max(1));
    let exponent = exponent_of(number, digits);
    let limit = digits.map_or(SHORTEST_EXPONENT_MAX, |digits| {
        // Go: an exponent below the number of digits that are really there keeps the plain form.
        let needed = significant_digits(number, digits);
        let digits = i32::try_from(digits).unwrap_or(i32::MAX);
        if digits > needed && needed > exponent { needed } else { digits }
    });
    let text = if exponent < -4 || exponent >= limit {
        scientific(number, digits.map(|digits| digits - 1), letter)
    } else {
        match digits {
            Some(digits) => {
                let decimals = i64::try_from(digits).unwrap_or(i64::MAX) - 1 - i64::from(exponent);
                fixed(number, usize::try_from(decimals).unwrap_or(0))
            }
            None => format!("{number}"),
        }
    };
    if digits.is_some() { without_zeros(&text, letter) } else { text }
}

fn significant_digits(number: f64, digits: usize) -> i32 {
    let text = format!("{number:.0$e}", digits - 1);
    let mantissa = text.split('e').next().unwrap_or_default().trim_end_matches('0');
    i32::try_from(mantissa.chars().filter(char::is_ascii_digit).count().max(1)).unwrap_or(i32::MAX)
}

fn without_zeros(text: &str, letter: char) -> String {
    let at = text.find(letter).unwrap_or(text.len());
    let (mantissa, tail) = text.split_at(at);
    if !mantissa.contains('.') {
        return text.to_owned();
    }
    format!("{}{tail}", mantissa.trim_end_matches('0').trim_end_matches('.'))
}

/// `4503599627370496p-52`: the mantissa and the binary exponent.
fn binary(number: f64) -> String {
    if let Some(text) = special(number) {
        return text;
    }
    let (mantissa, exponent) = parts(number);
    format!("{}{mantissa}p{exponent:+}", sign(number))
}

fn sign(number: f64) -> &'static str {
    if number.is_sign_negative() { "-" } else { "" }
}

/// Mantissa as an integer and the exponent of its last bit.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let mantissa = bits & ((1 << 52) - 1);
    let exponent = i32::try_from(bits >> 52 & 0x7ff).unwrap_or(0);
    if exponent == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, exponent - 1075) }
}

/// `0x1.8p+01`
fn hexadecimal(number: f64, precision: Option<usize>, verb: char) -> String {
    if let Some(text) = special(number) {
        return text;
    }
    let (mut mantissa, mut exponent) = parts(number);
    exponent = if mantissa == 0 { 0 } else { exponent + 52 };
    // The leading one goes to bit 60, with fifteen hexadecimal digits behind it.
    mantissa <<= 8;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exponent -= 1;
    }
    if let Some(precision) = precision.filter(|precision| *precision < 15) {
        let shift = 60 - 4 * precision;
        let extra = mantissa & ((1 << shift) - 1);
        mantissa >>= shift;
        let half = 1 << (shift - 1);
        mantissa += u64::from(extra > half || (extra == half && mantissa & 1 == 1));
        mantissa <<= shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
    }
    let whole = mantissa >> 60;
    let mut fraction = format!("{:015x}", mantissa & ((1 << 60) - 1));
    match precision {
        Some(precision) => fraction = format!("{fraction:0<precision$}")[..precision].to_owned(),
        None => fraction.truncate(fraction.trim_end_matches('0').len()),
    }
    let point = if fraction.is_empty() { "" } else { "." };
    let sign = sign(number);
    let exponent_sign = if exponent < 0 { '-' } else { '+' };
    let text = format!("{sign}0x{whole}{point}{fraction}p{exponent_sign}{:02}", exponent.unsigned_abs());
    if verb == 'X' { text.to_uppercase() } else { text }
}

/// The number as Go's JSON writes it: shortest, with an exponent only for the very small and large.
pub(crate) fn format_shortest(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return format!("{number}");
    }
    let text = scientific(number, None, 'e');
    // e-09 becomes e-9.
    match text.split_once("e-0") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent}"),
        None => text,
    }
}
