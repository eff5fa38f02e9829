//! Integers under the verbs `d b o O x X c q U`.

use super::printer::Printer;
use crate::{Value, quote};

impl Printer<'_> {
    /// Formats an integer given as magnitude and sign; `value` is what a wrong verb reports.
    pub(super) fn print_integer(&mut self, value: &Value<'_>, magnitude: u64, negative: bool, verb: char) {
        match verb {
            'v' if self.flags.sharp_v && matches!(value.underlying(), Value::Uint(..)) => {
                self.format_address(magnitude, 'p');
            }
            'v' | 'd' | 'b' | 'o' | 'O' | 'x' | 'X' => self.format_integer(magnitude, negative, verb),
            'c' => {
                let c = rune(magnitude, negative);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let mut text = Vec::new();
                quote::quote_rune(&mut text, rune(magnitude, negative), self.flags.plus);
                self.pad(&text);
            }
            'U' => self.format_unicode(magnitude, negative),
            _ => self.bad_verb(value, verb),
        }
    }

    /// An address: hexadecimal with `0x`, unless `#` takes it away.
    pub(super) fn format_address(&mut self, address: u64, verb: char) {
        let sharp = self.flags.sharp;
        if verb == 'p' {
            self.flags.sharp = !sharp;
        }
        self.format_integer(address, false, if verb == 'p' { 'x' } else { verb });
        self.flags.sharp = sharp;
    }

    fn format_integer(&mut self, magnitude: u64, negative: bool, verb: char) {
        let flags = self.flags;
        let signed = negative || flags.plus || flags.space;
        let digits_min = match flags.precision {
            // Precision 0 and value 0: nothing but padding.
            Some(0) if magnitude == 0 => return self.out.fill(b' ', flags.width.unwrap_or(0)),
            Some(precision) => precision,
            None if flags.zero && !flags.minus => {
                flags.width.unwrap_or(0).saturating_sub(usize::from(signed))
            }
            None => 0,
        };
        let digits = match verb {
            'b' => format!("{magnitude:b}"),
            'o' | 'O' => format!("{magnitude:o}"),
            'x' => format!("{magnitude:x}"),
            'X' => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        };
        let mut text = String::new();
        if signed {
            text.push(if negative {
                '-'
            } else if flags.plus {
                '+'
            } else {
                ' '
            });
        }
        let zeros = "0".repeat(digits_min.saturating_sub(digits.len()));
        text.push_str(prefix(verb, flags.sharp, zeros.starts_with('0') || digits.starts_with('0')));
        text.push_str(&zeros);
        text.push_str(&digits);
        // Zeros on the left are there already.
        self.flags.zero = false;
        self.pad(text.as_bytes());
        self.flags.zero = flags.zero;
    }

    /// `U+0078`, with the character itself if `#` asks for it.
    fn format_unicode(&mut self, magnitude: u64, negative: bool) {
        let code = if negative { magnitude.wrapping_neg() } else { magnitude };
        let digits = self.flags.precision.unwrap_or(4).max(4);
        let mut text = format!("U+{code:0digits$X}");
        let c = u32::try_from(code).ok().and_then(char::from_u32).filter(|c| quote::is_print(*c));
        if let Some(c) = c.filter(|_| self.flags.sharp) {
            text.push_str(&format!(" '{c}'"));
        }
        let zero = std::mem::replace(&mut self.flags.zero, false);
        self.pad(text.as_bytes());
        self.flags.zero = zero;
    }
}

fn prefix(verb: char, sharp: bool, leading_zero: bool) -> &'static str {
    match verb {
        'O' if sharp && !leading_zero => "0o0",
        'O' => "0o",
        'b' if sharp => "0b",
        'o' if sharp && !leading_zero => "0",
        'x' if sharp => "0x",
        'X' if sharp => "0X",
        _ => "",
    }
}

/// The character of that code, U+FFFD if there is none.
fn rune(magnitude: u64, negative: bool) -> char {
    let code = if negative { None } else { u32::try_from(magnitude).ok() };
    code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
