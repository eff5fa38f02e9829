//! The live display of a pull, push or load: one line per layer on a terminal, plain lines elsewhere.
//!
//! A state machine from events to terminal text, byte for byte what Docker's client writes. On a terminal the
//! cursor rests below the block of lines; a change moves it up, redraws one line and moves it back. Elsewhere
//! changes of state become lines and byte counts are left out. Where Docker's bytes would draw over other lines,
//! on a terminal too small for the block, less is written.
use std::fmt::Write;
use std::time::{Duration, Instant};

use super::{escape, size};

/// Shortest time between two drawings of one line's byte count.
const REDRAW_AFTER: Duration = Duration::from_millis(100);
/// A bar needs a terminal wider than this.
const BAR_NEEDS_COLUMNS: usize = 110;
/// Columns of the bar between its brackets, less one.
const BAR_COLUMNS: u64 = 50;

/// Something to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A line of its own. It ends the block of layer lines above it.
    Message {
        /// What it is about, as the tag in `latest: Pulling from library/redis`; empty for nothing.
        id: &'a str,
        /// The text.
        status: &'a str,
    },
    /// What happens to one layer, which keeps its line on a terminal.
    Layer {
        /// The layer, by the twelve digits that name it.
        id: &'a str,
        /// The text.
        status: &'a str,
        /// How much of it is done, while bytes move.
        bytes: Option<Bytes>,
    },
}

/// How far something has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes {
    /// Bytes done.
    pub current: u64,
    /// Bytes in all; 0 when that is not known.
    pub total: u64,
}

/// How much a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Characters of a line.
    pub columns: usize,
    /// Lines.
    pub rows: usize,
}

/// The display of one stream of events.
#[derive(Debug)]
pub struct Progress {
    screen: Option<Screen>,
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    id: String,
    status: String,
    drawn: Instant,
}

impl Progress {
    /// A display for a terminal, or for none.
    pub fn new(screen: Option<Screen>) -> Self {
        Self { screen, lines: Vec::new() }
    }

    /// From now on the terminal is this large.
    pub fn resize(&mut self, screen: Option<Screen>) {
        self.screen = screen;
    }

    /// The text to write for an event; empty when there is nothing to show (yet).
    pub fn show(&mut self, event: &Event<'_>, now: Instant) -> String {
        match *event {
            Event::Message { id, status } => {
                self.lines.clear();
                plain(id, status)
            }
            Event::Layer { id, status, bytes } => match self.screen {
                None if bytes.is_some_and(Bytes::is_visible) => String::new(),
                None => plain(id, status),
                Some(screen) => self.redraw(id, status, bytes, screen, now),
            },
        }
    }

    fn redraw(
        &mut self,
        id: &str,
        status: &str,
        bytes: Option<Bytes>,
        Screen { columns, rows }: Screen,
        now: Instant,
    ) -> String {
        let known = self.lines.iter().position(|line| line.id == id);
        let mut out = String::new();
        let place = match known {
            Some(place) if self.lines[place].may_wait(status, bytes, now) => return out,
            Some(place) => {
                let line = &mut self.lines[place];
                line.status.clear();
                line.status.push_str(status);
                line.drawn = now;
                place
            }
            None => {
                out.push('\n');
                self.lines.push(Line { id: id.to_owned(), status: status.to_owned(), drawn: now });
                self.lines.len() - 1
            }
        };
        let up = self.lines.len() - place;
        // The cursor stops at the top of the screen: a line above it would be drawn over another one.
        if up < rows {
            let (id, status) = (escape::line(id), escape::line(status));
            let amount = bytes.map(|bytes| bytes.draw(columns)).unwrap_or_default();
            let mut line = format!("{id}: {status} {amount}");
            // A line that goes on in the next one would put all others out of place.
            if let Some((end, _)) = line.char_indices().nth(columns) {
                line.truncate(end);
            }
            let _ = write!(out, "\x1b[{up}A\x1b[2K\r{line}\r\x1b[{up}B");
        }
        out
    }
}

impl Line {
    /// Whether this drawing adds only a byte count that another will overtake soon.
    fn may_wait(&self, status: &str, bytes: Option<Bytes>, now: Instant) -> bool {
        let unfinished = bytes.is_some_and(|bytes| bytes.total == 0 || bytes.current < bytes.total);
        unfinished && self.status == status && now.saturating_duration_since(self.drawn) < REDRAW_AFTER
    }
}

impl Bytes {
    fn is_visible(self) -> bool {
        self.current > 0 || self.total > 0
    }

    /// The bar, where there is room, and the numbers.
    fn draw(self, columns: usize) -> String {
        let Self { current, total } = self;
        if !self.is_visible() {
            return String::new();
        }
        let done = size::long(current);
        if total == 0 {
            return format!("{done:>8}");
        }
        let mut out = String::new();
        if columns > BAR_NEEDS_COLUMNS {
            let filled = self.half_percent();
            let _ = write!(out, "[{}>{}] ", "=".repeat(filled), " ".repeat(BAR_COLUMNS as usize - filled));
        }
        let _ = match current > total {
            true => write!(out, "{done:>8}"),
            false => write!(out, "{done:>8}/{}", size::long(total)),
        };
        out
    }

    /// The part done, in fiftieths; cut off from floating point numbers, as Docker does.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a number from 0 to 50"
    )]
    fn half_percent(self) -> usize {
        let percent = (self.current as f64 / self.total.max(1) as f64 * 100.0) as u64;
        (percent / 2).min(BAR_COLUMNS) as usize
    }
}

fn plain(id: &str, status: &str) -> String {
    match id {
        "" => format!("{}\n", escape::line(status)),
        _ => format!("{}: {}\n", escape::line(id), escape::line(status)),
    }
}

#[cfg(test)]
mod tests;
