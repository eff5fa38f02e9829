//! An operation's events on the terminal, and how its failure is told.
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use engine::{Event, Events};

use crate::term::escape;
use crate::term::progress::{self, Progress};
use crate::{Failure, Ui};

/// Shows what an operation tells while it runs; several threads may tell at once.
pub(crate) struct Display<'a>(Mutex<Shown<'a>>);

struct Shown<'a> {
    ui: &'a mut Ui,
    progress: Progress,
    quiet: bool,
    /// Whether it is shown on standard error.
    on_error: bool,
    began: bool,
}

impl<'a> Display<'a> {
    /// A display on standard output. When `quiet`, only warnings are shown.
    pub(crate) fn new(ui: &'a mut Ui, quiet: bool) -> Self {
        let progress = ui.progress();
        Self(Mutex::new(Shown { ui, progress, quiet, on_error: false, began: false }))
    }

    /// A display on standard error, for what comes before a program whose output is on standard output.
    pub(crate) fn on_error(ui: &'a mut Ui, quiet: bool) -> Self {
        let progress = ui.error_progress();
        Self(Mutex::new(Shown { ui, progress, quiet, on_error: true, began: false }))
    }

    /// Ends the display. A failure after something was shown is told bare, as the end of a stream of messages;
    /// one before that is an answer of its own.
    pub(crate) fn settle<T>(self, result: engine::Result<T>) -> Result<T, Failure> {
        let began = self.shown().began;
        result.map_err(|error| if began { Failure::client(&error) } else { Failure::daemon(&error) })
    }

    fn shown(&self) -> MutexGuard<'_, Shown<'a>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Events for Display<'_> {
    fn emit(&self, event: Event) {
        let mut shown = self.shown();
        let Shown { ui, progress, quiet, on_error, began } = &mut *shown;
        let text = match &event {
            Event::Warning(text) => return ui.talk(&format!("WARNING: {}", escape::line(text))),
            Event::Message { id, text } => {
                let id = id.as_deref().unwrap_or_default();
                progress.show(&progress::Event::Message { id, status: text }, Instant::now())
            }
            Event::Layer { id, state } => {
                let bytes = state.bytes().map(|b| progress::Bytes { current: b.current, total: b.total });
                let status = state.to_string();
                progress.resize(ui.screen());
                progress.show(&progress::Event::Layer { id, status: &status, bytes }, Instant::now())
            }
        };
        *began = true;
        if *quiet || text.is_empty() {
            return;
        }
        if *on_error {
            ui.write_error(text.as_bytes());
        } else {
            ui.print(&text);
            ui.flush();
        }
    }
}

#[cfg(test)]
mod tests {
    use engine::{Bytes, Error, ErrorKind, LayerState};

    use super::*;
    use crate::Terminal;

    fn pull(display: &Display<'_>) {
        let layer = |state| display.emit(Event::Layer { id: "d31fcf63394a".into(), state });
        display.emit(Event::Message { id: Some("latest".into()), text: "Pulling from library/redis".into() });
        layer(LayerState::PullingFsLayer);
        layer(LayerState::Downloading(Bytes { current: 500, total: 1000 }));
        display.emit(Event::Warning("odd\x1b".into()));
        layer(LayerState::PullComplete);
    }

    fn shown(terminal: Terminal, quiet: bool) -> (String, String) {
        let (mut ui, out, err) = Ui::captured(b"", terminal);
        let display = Display::new(&mut ui, quiet);
        pull(&display);
        let failed: engine::Result<()> = Err(Error::new(ErrorKind::Unavailable, "gone"));
        assert_eq!(display.settle(failed), Err(Failure::new("gone")));
        (out.text(), err.text())
    }

    #[test]
    fn lines_without_a_terminal_bars_with_one() {
        let plain = "latest: Pulling from library/redis\nd31fcf63394a: Pulling fs layer\n\
                     d31fcf63394a: Pull complete\n";
        let warning = "WARNING: odd\\x1b\n".to_owned();
        assert_eq!(shown(Terminal::default(), false), (plain.to_owned(), warning.clone()));
        assert_eq!(shown(Terminal::default(), true), (String::new(), warning));
        let terminal = Terminal { output: true, output_columns: Some(120), ..Terminal::default() };
        let (out, _) = shown(terminal, false);
        assert!(out.contains("\x1b[1A\x1b[2K\rd31fcf63394a: Pull complete \r\x1b[1B"), "{out:?}");
    }

    #[test]
    fn a_failure_before_anything_was_shown_is_an_answer() {
        let (mut ui, ..) = Ui::captured(b"", Terminal::default());
        let failed: engine::Result<()> = Err(Error::new(ErrorKind::NotFound, "no"));
        let failure = Display::new(&mut ui, false).settle(failed);
        assert_eq!(failure, Err(Failure::new("Error response from daemon: no")));
    }
}
