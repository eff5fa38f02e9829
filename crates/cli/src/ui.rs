//! The standard streams: the only place that writes to them.
//!
//! Data goes to standard output, talk to standard error. Writing never fails for the caller: the first error
//! is kept, later text is dropped, and [`Ui::finish`] settles what it means. A reader that went away
//! (`strata images | head -1`) is a success.
use std::fmt;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

use crate::term::progress::{Progress, Screen};
use crate::{Environment, Failure};

/// Bytes gathered before standard output is written to; one page of a long listing.
const BUFFER_BYTES: usize = 64 * 1024;
/// An answer is a letter, a name or a token; a line without an end must not fill the memory.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// Columns assumed for text that is wrapped when no terminal says otherwise.
const COLUMNS_ASSUMED: usize = 80;
/// Columns assumed for progress on a terminal that does not tell its size, as Docker does.
const PROGRESS_COLUMNS_ASSUMED: usize = 200;

/// Standard input, output and error of one invocation.
pub struct Ui {
    input: Box<dyn BufRead + Send>,
    out: BufWriter<Box<dyn Write + Send>>,
    err: Arc<Mutex<Box<dyn Write + Send>>>,
    out_error: Option<io::Error>,
    stream_left: bool,
    stream_failure: Option<Failure>,
    terminal: Terminal,
    question: Question,
    is_process: bool,
}

/// Whether the user is being asked something, as seen from another thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Question(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    open: AtomicBool,
    /// How the terminal was before it stopped showing what is typed.
    shown: Mutex<Option<Termios>>,
}

impl Question {
    /// Leaves the question that is on the terminal, if one is: its line ends, and the terminal shows again what
    /// is typed. Says whether there was one.
    #[expect(clippy::disallowed_methods, reason = "the one that talks to people")]
    pub(crate) fn abandon(&self) -> bool {
        let open = self.0.open.load(Ordering::SeqCst);
        if open {
            self.show();
            // Nobody is left to tell when the terminal is gone.
            let _ = io::stdout().write_all(b"\n");
            let _ = io::stdout().flush();
        }
        open
    }

    fn during<T>(&self, ask: impl FnOnce() -> T) -> T {
        self.0.open.store(true, Ordering::SeqCst);
        let answer = ask();
        self.0.open.store(false, Ordering::SeqCst);
        self.show();
        answer
    }

    /// Lets the terminal of standard input not show what is typed.
    fn hide(&self) {
        let Ok(before) = tcgetattr(rustix::stdio::stdin()) else { return };
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        *self.0.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        // A terminal that does not obey shows the password; that is no reason not to ask for it.
        let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Flush, &hidden);
    }

    fn show(&self) {
        let before = self.0.shown.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(before) = before {
            let _ = tcsetattr(rustix::stdio::stdin(), OptionalActions::Now, &before);
        }
    }
}

/// What is known about the terminal, if there is one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terminal {
    /// Standard input is a terminal.
    pub input: bool,
    /// Standard output is a terminal.
    pub output: bool,
    /// Standard error is a terminal.
    pub error: bool,
    /// Columns of standard output's terminal.
    pub output_columns: Option<usize>,
    /// Columns of standard input's terminal, by which Docker wraps help.
    pub input_columns: Option<usize>,
    /// `NO_COLOR` is set.
    pub no_color: bool,
}

impl Ui {
    /// The streams of this process.
    #[expect(clippy::disallowed_methods, reason = "the one that talks to people")]
    pub fn process(env: &Environment) -> Self {
        let terminal = Terminal {
            input: isatty(rustix::stdio::stdin()),
            output: isatty(rustix::stdio::stdout()),
            error: isatty(rustix::stdio::stderr()),
            output_columns: columns(rustix::stdio::stdout()),
            input_columns: columns(rustix::stdio::stdin()),
            no_color: env.var("NO_COLOR").is_some_and(|value| !value.is_empty()),
        };
        let input = Box::new(BufReader::new(io::stdin()));
        let ui = Self::new(input, Box::new(io::stdout()), Box::new(io::stderr()), terminal);
        Self { is_process: true, ..ui }
    }

    /// Any streams.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        out: Box<dyn Write + Send>,
        err: Box<dyn Write + Send>,
        terminal: Terminal,
    ) -> Self {
        let out = BufWriter::with_capacity(BUFFER_BYTES, out);
        Self {
            input,
            out,
            err: Arc::new(Mutex::new(err)),
            out_error: None,
            stream_left: false,
            stream_failure: None,
            terminal,
            question: Question::default(),
            is_process: false,
        }
    }

    /// Streams that a test looks at: what is typed, and where output and talk end up.
    pub fn captured(typed: &'static [u8], terminal: Terminal) -> (Self, Capture, Capture) {
        let (out, err) = (Capture::default(), Capture::default());
        let ui = Self::new(Box::new(typed), Box::new(out.clone()), Box::new(err.clone()), terminal);
        (ui, out, err)
    }

    /// What is known about the terminal.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Whether standard output may be coloured.
    pub fn color(&self) -> bool {
        self.terminal.output && !self.terminal.no_color
    }

    /// Columns that help is wrapped at.
    pub fn help_columns(&self) -> usize {
        self.terminal.input_columns.or(self.terminal.output_columns).unwrap_or(COLUMNS_ASSUMED)
    }

    /// Columns of standard output, 80 when it is no terminal.
    pub fn output_columns(&self) -> usize {
        self.terminal.output_columns.unwrap_or(COLUMNS_ASSUMED)
    }

    /// Writes text to standard output as it is. Foreign parts of it have gone through [`crate::term::escape`].
    pub fn print(&mut self, text: &str) {
        self.keep_error(|out| out.write_all(text.as_bytes()));
    }

    /// Writes a line to standard output.
    pub fn line(&mut self, text: &str) {
        self.keep_error(|out| {
            out.write_all(text.as_bytes())?;
            out.write_all(b"\n")
        });
    }

    /// Writes a line to standard error, after everything printed before it.
    pub fn talk(&mut self, text: &str) {
        self.talk_bare(text);
        self.talk_bare("\n");
    }

    /// Writes text to standard error as it is, after everything printed before it.
    pub fn talk_bare(&mut self, text: &str) {
        self.flush();
        // Nobody is left to tell when standard error fails.
        let _ = self.err.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes());
    }

    /// What writes lines to standard error from any thread, each at once.
    pub(crate) fn log(&self) -> impl Fn(&str) + Send + Sync + 'static {
        let err = Arc::clone(&self.err);
        move |line| {
            let line = format!("{line}\n");
            // Nobody is left to tell when standard error fails.
            let _ = err.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
    }

    /// Lets everything printed so far be seen.
    pub fn flush(&mut self) {
        self.keep_error(BufWriter::flush);
    }

    /// Bytes for standard output, as they come from a program, at once; whether anybody reads them.
    pub(crate) fn write_output(&mut self, bytes: &[u8]) -> bool {
        let mut out = self.out();
        let written = out.write_all(bytes).and_then(|()| out.flush()).is_ok();
        drop(out);
        written
    }

    /// Bytes for standard error, as they come from a program.
    pub(crate) fn write_error(&mut self, bytes: &[u8]) {
        self.flush();
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody is left to tell.
        let _ = err.write_all(bytes).and_then(|()| err.flush());
    }

    /// Standard output for a stream of bytes, such as an archive. Its errors end the caller's work; a failure
    /// that comes of a reader gone away is a success all the same.
    pub fn out(&mut self) -> impl Write + '_ {
        Stream(self)
    }

    /// The display of a pull, push or load on standard output.
    pub fn progress(&self) -> Progress {
        Progress::new(self.screen())
    }

    /// The display of a pull on standard error.
    pub(crate) fn error_progress(&self) -> Progress {
        let assumed = Screen { columns: PROGRESS_COLUMNS_ASSUMED, rows: usize::MAX };
        let now = if self.is_process { screen(rustix::stdio::stderr()) } else { None };
        Progress::new(self.terminal.error.then(|| now.unwrap_or(assumed)))
    }

    /// The terminal of standard output as large as it is now, if there is one.
    pub(crate) fn screen(&self) -> Option<Screen> {
        if !self.terminal.output {
            return None;
        }
        let known = self.terminal.output_columns.map(|columns| Screen { columns, rows: usize::MAX });
        let now = if self.is_process { screen(rustix::stdio::stdout()) } else { known };
        Some(now.unwrap_or(Screen { columns: PROGRESS_COLUMNS_ASSUMED, rows: usize::MAX }))
    }

    /// Whether what is printed goes nowhere any more: who prints again and again has to stop.
    pub(crate) fn is_left(&self) -> bool {
        self.out_error.is_some()
    }

    /// Whether a stream of bytes ended because nobody reads it any more.
    pub(crate) fn stream_was_left(&self) -> bool {
        self.stream_left
    }

    /// Why a stream of bytes to standard output ended, other than that nobody reads it.
    pub(crate) fn stream_failure(&mut self) -> Option<Failure> {
        self.stream_failure.take()
    }

    /// Standard input.
    pub fn input(&mut self) -> &mut dyn BufRead {
        &mut self.input
    }

    /// Standard input for an operation that shows something while it reads; afterwards there is none.
    pub(crate) fn take_input(&mut self) -> Box<dyn BufRead + Send> {
        std::mem::replace(&mut self.input, Box::new(io::empty()))
    }

    /// Asks whether to go on, on the last line of `question`. Only `y` or `Y` is a yes; the end of input is a
    /// no.
    pub fn confirm(&mut self, question: &str) -> bool {
        self.print(question);
        self.print(" [y/N] ");
        self.flush();
        self.answer().is_some_and(|answer| answer.trim_ascii().eq_ignore_ascii_case(b"y"))
    }

    /// Asks for a line of text; what is typed is not shown when it is `hidden`. Nothing when there is no line.
    pub(crate) fn ask(&mut self, question: &str, hidden: bool) -> Option<String> {
        self.print(question);
        self.flush();
        if hidden && self.is_process {
            self.question.hide();
        }
        let answer = self.answer();
        if hidden {
            self.print("\n");
        }
        let answer = String::from_utf8(answer?).ok()?;
        Some(answer.trim_end_matches(['\r', '\n']).to_owned())
    }

    /// A line of standard input, asked for and awaited; nothing at its end.
    fn answer(&mut self) -> Option<Vec<u8>> {
        let mut answer = Vec::new();
        let question = self.question.clone();
        let mut input = io::Read::take(&mut self.input, ANSWER_BYTES_MAX);
        let read = question.during(|| input.read_until(b'\n', &mut answer));
        read.ok().filter(|read| *read > 0).map(|_| answer)
    }

    /// Whether a question is open, for who ends the process.
    pub(crate) fn question(&self) -> Question {
        self.question.clone()
    }

    /// Writes what is left and says whether standard output got everything.
    ///
    /// # Errors
    /// A failure to report, unless it is only that the reader went away.
    pub fn finish(&mut self) -> Result<(), Failure> {
        self.flush();
        match self.out_error.take() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(unwritten(&error)),
            _ => Ok(()),
        }
    }

    fn keep_error(&mut self, write: impl FnOnce(&mut BufWriter<Box<dyn Write + Send>>) -> io::Result<()>) {
        if self.out_error.is_none() {
            self.out_error = write(&mut self.out).err();
        }
    }
}

impl fmt::Debug for Ui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ui").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

/// Standard output as a stream of bytes.
struct Stream<'a>(&'a mut Ui);

impl Stream<'_> {
    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        match &result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.0.stream_left = true,
            Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                self.0.stream_failure.get_or_insert_with(|| unwritten(error));
            }
            _ => {}
        }
        result
    }
}

impl Write for Stream<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.0.out.write(bytes);
        self.note(result)
    }

    fn flush(&mut self) -> io::Result<()> {
        let result = self.0.out.flush();
        self.note(result)
    }
}

fn unwritten(error: &io::Error) -> Failure {
    Failure::new(format!("write /dev/stdout: {}", reason(error)))
}

/// The system's own words for an error, without Rust's error number.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    text[..end].to_lowercase()
}

fn columns(fd: rustix::fd::BorrowedFd<'_>) -> Option<usize> {
    screen(fd).map(|screen| screen.columns)
}

/// The size of a terminal that tells it; one that tells only its width has lines enough.
fn screen(fd: rustix::fd::BorrowedFd<'_>) -> Option<Screen> {
    let size = tcgetwinsize(fd).ok().filter(|size| size.ws_col > 0)?;
    let rows = if size.ws_row > 0 { usize::from(size.ws_row) } else { usize::MAX };
    Some(Screen { columns: usize::from(size.ws_col), rows })
}

/// A stream that ends up in memory.
#[derive(Debug, Clone, Default)]
pub struct Capture(Arc<Mutex<Vec<u8>>>);

impl Capture {
    /// Everything written so far, as text.
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
