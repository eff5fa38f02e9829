//! Go's `fmt.Sprintf`: the format string and which argument goes where.

use super::printer::{Flags, Printer};
use crate::Value;
use crate::buffer::Buffer;
use crate::quote;

/// Largest width and precision; Go's own limit.
const WIDTH_MAX: i64 = 1_000_000;

/// Formats `args` by `format`.
pub(crate) fn printf(out: &mut Buffer, format: &[u8], args: &[&Value<'_>]) {
    let mut state = State { format, args, at: 0, arg: 0, reordered: false, good_index: true };
    let mut printer = Printer::new(out);
    while state.text(&mut printer) {
        state.directive(&mut printer);
    }
    state.extra(&mut printer);
}

struct State<'p, 'v, 'a> {
    format: &'p [u8],
    args: &'p [&'v Value<'a>],
    at: usize,
    /// The argument that comes next.
    arg: usize,
    /// Whether an index such as `[1]` was used.
    reordered: bool,
    good_index: bool,
}

impl State<'_, '_, '_> {
    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// Copies up to the next `%`; whether there is one.
    fn text(&mut self, printer: &mut Printer<'_>) -> bool {
        let rest = &self.format[self.at..];
        let len = rest.iter().position(|byte| *byte == b'%').unwrap_or(rest.len());
        printer.out.push(&rest[..len]);
        self.at += len + 1;
        len < rest.len()
    }

    /// One directive, after its `%`.
    fn directive(&mut self, printer: &mut Printer<'_>) {
        self.good_index = true;
        printer.flags = self.flags();
        let mut after_index = self.index();
        after_index = self.width(printer, after_index);
        after_index = self.precision(printer, after_index);
        if !after_index {
            self.index();
        }
        if self.at >= self.format.len() {
            return printer.out.push(b"%!(NOVERB)");
        }
        let (verb, width) = quote::decode(&self.format[self.at..]);
        self.at += width;
        self.verb(printer, verb.unwrap_or(char::REPLACEMENT_CHARACTER));
    }

    fn verb(&mut self, printer: &mut Printer<'_>, verb: char) {
        if verb == '%' {
            return printer.out.push(b"%");
        }
        if !self.good_index {
            return printer.out.push(format!("%!{verb}(BADINDEX)").as_bytes());
        }
        let Some(value) = self.args.get(self.arg) else {
            return printer.out.push(format!("%!{verb}(MISSING)").as_bytes());
        };
        self.arg += 1;
        let flags = &mut printer.flags;
        if verb == 'v' {
            flags.sharp_v = std::mem::take(&mut flags.sharp);
            flags.plus_v = std::mem::take(&mut flags.plus);
        }
        printer.print(value, verb);
    }

    fn flags(&mut self) -> Flags {
        let mut flags = Flags::default();
        loop {
            match self.peek() {
                Some(b'#') => flags.sharp = true,
                Some(b'0') => flags.zero = true,
                Some(b'+') => flags.plus = true,
                Some(b'-') => flags.minus = true,
                Some(b' ') => flags.space = true,
                _ => return flags,
            }
            self.at += 1;
        }
    }

    fn width(&mut self, printer: &mut Printer<'_>, after_index: bool) -> bool {
        if self.peek() == Some(b'*') {
            self.at += 1;
            match self.int_arg() {
                Some(width) => {
                    if width < 0 {
                        printer.flags.minus = true;
                        printer.flags.zero = false;
                    }
                    printer.flags.width = usize::try_from(width.unsigned_abs()).ok();
                }
                None => printer.out.push(b"%!(BADWIDTH)"),
            }
            return false;
        }
        printer.flags.width = self.number(self.format.len());
        if after_index && printer.flags.width.is_some() {
            self.good_index = false;
        }
        after_index
    }

    fn precision(&mut self, printer: &mut Printer<'_>, after_index: bool) -> bool {
        // A point at the very end counts as a verb.
        if self.peek() != Some(b'.') || self.at + 1 == self.format.len() {
            return after_index;
        }
        self.at += 1;
        if after_index {
            self.good_index = false;
        }
        let after_index = self.index();
        if self.peek() != Some(b'*') {
            printer.flags.precision = Some(self.number(self.format.len()).unwrap_or(0));
            return after_index;
        }
        self.at += 1;
        match self.int_arg() {
            // A negative precision counts as none, and Go says that it is bad.
            Some(precision) if precision >= 0 => {
                printer.flags.precision = usize::try_from(precision).ok();
            }
            _ => printer.out.push(b"%!(BADPREC)"),
        }
        false
    }

    /// An argument index such as `[2]`, if there is one here.
    fn index(&mut self) -> bool {
        if self.peek() != Some(b'[') {
            return false;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(close) = rest.iter().position(|byte| *byte == b']').filter(|_| rest.len() >= 3) else {
            self.at += 1;
            self.good_index = false;
            return false;
        };
        let end = self.at + close;
        self.at += 1;
        let number = self.number(end);
        let whole = self.at == end;
        self.at = end + 1;
        match number.filter(|_| whole) {
            Some(number) if (1..=self.args.len()).contains(&number) => {
                self.arg = number - 1;
                true
            }
            number => {
                self.good_index = false;
                number.is_some()
            }
        }
    }

    /// A decimal number before `end`. One that is too large takes all the rest, as in Go.
    fn number(&mut self, end: usize) -> Option<usize> {
        let mut number: Option<usize> = None;
        while self.at < end {
            let digit = self.format[self.at];
            if !digit.is_ascii_digit() {
                break;
            }
            let sum = number.unwrap_or(0);
            if sum > WIDTH_MAX as usize {
                self.at = end;
                return None;
            }
            number = Some(sum * 10 + usize::from(digit - b'0'));
            self.at += 1;
        }
        number
    }

    fn int_arg(&mut self) -> Option<i64> {
        let value = self.args.get(self.arg)?;
        self.arg += 1;
        let number = match value.underlying() {
            Value::Int(_, number) => *number,
            Value::Uint(_, number) => i64::try_from(*number).ok()?,
            _ => return None,
        };
        (-WIDTH_MAX..=WIDTH_MAX).contains(&number).then_some(number)
    }

    /// Reports arguments that no directive took.
    fn extra(&self, printer: &mut Printer<'_>) {
        if self.reordered || self.arg >= self.args.len() {
            return;
        }
        printer.flags = Flags::default();
        printer.out.push(b"%!(EXTRA ");
        for (at, value) in self.args[self.arg..].iter().enumerate() {
            if at > 0 {
                printer.out.push(b", ");
            }
            if matches!(value, Value::Nil) {
                printer.out.push(b"<nil>");
                continue;
            }
            printer.out.push(format!("{}=", value.type_name()).as_bytes());
            printer.print(value, 'v');
        }
        printer.out.push(b")");
    }
}
