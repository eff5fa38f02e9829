//! Text into instructions: directives, comments, lines that go on, names and flags.

use crate::error::{Error, Result};
use crate::flags::split_flags;
use crate::limits::{DOCKERFILE_BYTES_MAX, LINE_BYTES_MAX};

/// A Dockerfile's instructions, not yet understood.
pub(crate) struct Source {
    /// The character that takes the next one's meaning away.
    pub(crate) escape: char,
    pub(crate) instructions: Vec<Instruction>,
}

/// One instruction.
pub(crate) struct Instruction {
    /// Its name as it was typed.
    pub(crate) name: String,
    /// The words with two dashes that follow the name.
    pub(crate) flags: Vec<String>,
    /// The rest.
    pub(crate) arguments: String,
    /// The whole, lines joined.
    pub(crate) line: String,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Result<Source> {
        if text.len() > DOCKERFILE_BYTES_MAX {
            return Err(Error::Limit {
                what: "bytes of instructions",
                limit: "DOCKERFILE_BYTES_MAX",
                max: DOCKERFILE_BYTES_MAX,
                found: text.len(),
            });
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut directives = Directives { escape: '\\', seen: [false; 3], done: false };
        let mut instructions = Vec::new();
        let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
        while let Some(line) = lines.next() {
            let line = line.trim_start();
            check_length(line)?;
            directives.look_at(line)?;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let joined = join(line, &mut lines, directives.escape)?;
            if !joined.is_empty() {
                instructions.push(Instruction::parse(joined, directives.escape));
            }
        }
        match instructions.is_empty() {
            true => Err(Error::Empty),
            false => Ok(Source { escape: directives.escape, instructions }),
        }
    }
}

fn check_length(line: &str) -> Result<()> {
    if line.len() > LINE_BYTES_MAX { Err(Error::LongLine) } else { Ok(()) }
}

/// Adds the lines that a line says it goes on in. Comments and blank lines between them do not count.
fn join<'t>(first: &str, lines: &mut impl Iterator<Item = &'t str>, escape: char) -> Result<String> {
    let mut joined = String::new();
    let mut line = first;
    loop {
        let Some(part) = continued(line, escape) else {
            joined.push_str(line);
            return Ok(joined);
        };
        joined.push_str(part);
        let mut further = lines.by_ref().filter(|line| {
            let visible = line.trim_start();
            !visible.is_empty() && !visible.starts_with('#')
        });
        let Some(next) = further.next() else { return Ok(joined) };
        check_length(next)?;
        line = next;
    }
}

/// The line without the escape character by which it goes on; nothing when it does not. A doubled one at the
/// end stands for itself.
fn continued(line: &str, escape: char) -> Option<&str> {
    let part = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!part.ends_with(escape)).then_some(part)
}

impl Instruction {
    fn parse(line: String, escape: char) -> Instruction {
        let trimmed = line.trim();
        let blank = ['\t', '\x0b', '\x0c', '\r', ' '];
        let (name, rest) = match trimmed.split_once(blank) {
            Some((name, rest)) => (name, rest.trim_start_matches(blank)),
            None => (trimmed, ""),
        };
        let (flags, arguments) = split_flags(rest, escape);
        Instruction { name: name.to_owned(), flags, arguments: arguments.trim().to_owned(), line }
    }
}

/// The `# name=value` comments that a file may begin with.
struct Directives {
    escape: char,
    /// Which of [`DIRECTIVES`] were there.
    seen: [bool; 3],
    done: bool,
}

const DIRECTIVES: [&str; 3] = ["escape", "syntax", "check"];

impl Directives {
    /// Takes a line for a directive while all before it were ones.
    fn look_at(&mut self, line: &str) -> Result<()> {
        if self.done {
            return Ok(());
        }
        let Some((at, value)) = directive(line) else {
            self.done = true;
            return Ok(());
        };
        if std::mem::replace(&mut self.seen[at], true) {
            return Err(Error::DirectiveTwice(DIRECTIVES[at]));
        }
        if DIRECTIVES[at] == "escape" {
            self.escape = match value {
                "\\" => '\\',
                "`" => '`',
                other => return Err(Error::EscapeToken(other.chars().take(20).collect())),
            };
        }
        Ok(())
    }
}

/// Which directive a line is, and its value.
fn directive(line: &str) -> Option<(usize, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let at = DIRECTIVES.iter().position(|known| *known == name)?;
    (!value.is_empty()).then_some((at, value))
}
