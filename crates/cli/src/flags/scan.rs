//! One command's flags and operands, told apart with pflag's rules.
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::matches::Setting;
use super::quote::{quote, quote_char};
use super::{Flag, Kind, value};

/// The flag every command has. Its one-letter spelling still works, with a notice.
pub(super) static HELP: Flag = Flag::bool("help", "Print usage").hidden();
const HELP_SHORT: u8 = b'h';

/// What a command's part of the command line holds.
#[derive(Debug, Default)]
pub(super) struct Scanned {
    pub settings: Vec<Setting>,
    pub operands: Vec<OsString>,
    /// `--help` or `-h` was given and is on.
    pub help: bool,
    /// `-h` was given.
    pub help_short: bool,
}

/// Where flags are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Everywhere before `--`.
    Everywhere,
    /// Before the first operand; the rest is left alone.
    FirstOperand,
}

/// Reads the arguments of a command that has these flags.
///
/// # Errors
/// The message for the first flag that is unknown or has a bad value.
pub(super) fn scan(args: &[OsString], flags: &'static [Flag], reach: Reach) -> Result<Scanned, String> {
    let mut scan = Scan { flags, rest: args, found: Scanned::default() };
    while let Some((arg, rest)) = scan.rest.split_first() {
        let bytes = arg.as_bytes();
        match bytes {
            b"--" => {
                scan.found.operands.extend_from_slice(rest);
                break;
            }
            [b'-', b'-', long @ ..] => {
                scan.rest = rest;
                scan.long(bytes, long)?;
            }
            [b'-', shorts @ ..] if !shorts.is_empty() => {
                scan.rest = rest;
                scan.shorts(shorts)?;
            }
            _ if reach == Reach::FirstOperand => {
                scan.found.operands.extend_from_slice(scan.rest);
                break;
            }
            _ => {
                scan.found.operands.push(arg.clone());
                scan.rest = rest;
            }
        }
    }
    Ok(scan.found)
}

struct Scan<'a> {
    flags: &'static [Flag],
    rest: &'a [OsString],
    found: Scanned,
}

impl Scan<'_> {
    fn long(&mut self, whole: &[u8], body: &[u8]) -> Result<(), String> {
        if matches!(body.first(), Some(b'-' | b'=')) {
            return Err(format!("bad flag syntax: {}", printable(whole)));
        }
        let (name, typed) = match body.iter().position(|b| *b == b'=') {
            Some(at) => (&body[..at], Some(&body[at + 1..])),
            None => (body, None),
        };
        let known =
            if name == b"help" { Some(&HELP) } else { self.flags.iter().find(|f| f.long.as_bytes() == name) };
        let flag = known.ok_or_else(|| format!("unknown flag: --{}", printable(name)))?;
        let typed = match typed {
            Some(typed) => OsStr::from_bytes(typed).to_owned(),
            None if flag.kind == Kind::Bool => "true".into(),
            None => self.next().ok_or_else(|| format!("flag needs an argument: --{}", flag.long))?,
        };
        self.set(flag, typed)
    }

    fn shorts(&mut self, mut shorts: &[u8]) -> Result<(), String> {
        while let Some((letter, after)) = shorts.split_first() {
            let flag = self.short(*letter, shorts)?;
            let typed = match after {
                [b'=', typed @ ..] if !typed.is_empty() => {
                    shorts = &[];
                    OsString::from_vec(typed.to_vec())
                }
                _ if flag.kind == Kind::Bool => {
                    shorts = after;
                    "true".into()
                }
                [] => {
                    let missing = || {
                        format!("flag needs an argument: {} in -{}", quote_byte(*letter), printable(shorts))
                    };
                    let next = self.next().ok_or_else(missing)?;
                    shorts = &[];
                    next
                }
                glued => {
                    shorts = &[];
                    OsString::from_vec(glued.to_vec())
                }
            };
            self.set(flag, typed)?;
        }
        Ok(())
    }

    fn short(&mut self, letter: u8, shorts: &[u8]) -> Result<&'static Flag, String> {
        let known = self.flags.iter().find(|f| f.short == Some(char::from(letter)));
        // `run` and `create` name the container's host with it.
        if letter == HELP_SHORT && known.is_none() {
            self.found.help_short = true;
            return Ok(&HELP);
        }
        known.ok_or_else(|| {
            format!("unknown shorthand flag: {} in -{}", quote_byte(letter), printable(shorts))
        })
    }

    fn next(&mut self) -> Option<OsString> {
        let (next, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(next.clone())
    }

    fn set(&mut self, flag: &'static Flag, typed: OsString) -> Result<(), String> {
        let values = value::values(flag.kind, &typed).map_err(|why| {
            let name = match flag.short {
                Some(short) => format!("-{short}, --{}", flag.long),
                None => format!("--{}", flag.long),
            };
            format!("invalid argument {} for {} flag: {why}", value::quoted(&typed), quote(name.as_bytes()))
        })?;
        if std::ptr::eq(flag, &HELP) {
            self.found.help = values == [value::Value::Bool(true)];
            return Ok(());
        }
        self.found.settings.extend(values.into_iter().map(|value| Setting { flag, value, given: true }));
        Ok(())
    }
}

/// pflag works on bytes, so the first byte of a longer character stands for itself.
fn quote_byte(byte: u8) -> String {
    quote_char(char::from(byte))
}

/// What was typed, as it is shown in the middle of a message.
fn printable(typed: &[u8]) -> String {
    crate::term::escape::cell(&String::from_utf8_lossy(typed)).into_owned()
}
