//! What an operation tells while it runs: the messages of Docker's progress stream, as values.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A line of its own: `latest: Pulling from library/redis`, `Digest: sha256:…`.
    Message {
        /// What stands before the colon, if anything.
        id: Option<String>,
        /// The text.
        text: String,
    },
    /// Something happened to a layer.
    Layer {
        /// Twelve hexadecimal digits.
        id: String,
        /// What.
        state: LayerState,
    },
    /// Something the user should know; not part of the progress.
    Warning(String),
}

/// What happens to a layer; `Display` gives Docker's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerState {
    /// Announced.
    PullingFsLayer,
    /// Behind others.
    Waiting,
    /// Bytes arrive.
    Downloading(Bytes),
    /// Going to try again in so many seconds.
    Retrying(u64),
    /// All bytes are here and being checked.
    VerifyingChecksum,
    /// All bytes are here and right.
    DownloadComplete,
    /// Bytes are being unpacked.
    Extracting(Bytes),
    /// Done.
    PullComplete,
    /// Nothing to do.
    AlreadyExists,
    /// Announced, of a push.
    Preparing,
    /// Bytes are sent.
    Pushing(Bytes),
    /// Sent.
    Pushed,
    /// The registry has it.
    LayerAlreadyExists,
    /// The registry took it from another of its repositories.
    MountedFrom(String),
    /// Bytes are read from an archive.
    Loading(Bytes),
    /// Bytes arrive that become a layer.
    Importing(Bytes),
    /// Not sent: registries do not carry this kind.
    SkippedForeign,
}

/// How far something has come; `total` is 0 when it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// Bytes done.
    pub current: u64,
    /// Bytes in all.
    pub total: u64,
}

impl LayerState {
    /// The byte counts, of a state that has them.
    pub fn bytes(&self) -> Option<Bytes> {
        match self {
            LayerState::Downloading(bytes)
            | LayerState::Extracting(bytes)
            | LayerState::Pushing(bytes)
            | LayerState::Loading(bytes)
            | LayerState::Importing(bytes) => Some(*bytes),
            _ => None,
        }
    }
}

impl fmt::Display for LayerState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            LayerState::PullingFsLayer => "Pulling fs layer",
            LayerState::Waiting => "Waiting",
            LayerState::Downloading(_) => "Downloading",
            LayerState::Retrying(1) => "Retrying in 1 second",
            LayerState::Retrying(seconds) => return write!(f, "Retrying in {seconds} seconds"),
            LayerState::VerifyingChecksum => "Verifying Checksum",
            LayerState::DownloadComplete => "Download complete",
            LayerState::Extracting(_) => "Extracting",
            LayerState::PullComplete => "Pull complete",
            LayerState::AlreadyExists => "Already exists",
            LayerState::Preparing => "Preparing",
            LayerState::Pushing(_) => "Pushing",
            LayerState::Pushed => "Pushed",
            LayerState::LayerAlreadyExists => "Layer already exists",
            LayerState::MountedFrom(repository) => return write!(f, "Mounted from {repository}"),
            LayerState::Loading(_) => "Loading layer",
            LayerState::Importing(_) => "Importing",
            LayerState::SkippedForeign => "Skipped foreign layer",
        };
        f.write_str(text)
    }
}

/// Takes the messages of an operation; several threads may send at once.
pub trait Events: Sync {
    /// Takes one.
    fn emit(&self, event: Event);
}

/// Ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn emit(&self, _event: Event) {}
}

/// Keeps everything, for tests and for callers that look afterwards.
#[derive(Debug, Default)]
pub struct Recorded(Mutex<Vec<Event>>);

impl Recorded {
    /// What was sent so far.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Events for Recorded {
    fn emit(&self, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }
}

/// Short forms for the operations.
pub(crate) fn message(events: &dyn Events, id: Option<&str>, text: impl Into<String>) {
    events.emit(Event::Message { id: id.map(str::to_owned), text: text.into() });
}

pub(crate) fn layer(events: &dyn Events, id: &str, state: LayerState) {
    events.emit(Event::Layer { id: id.to_owned(), state });
}

/// The shortest time between two reports of one layer's bytes.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Lets a report through every now and then.
pub(crate) struct Pace(Mutex<Option<Instant>>);

impl Pace {
    pub(crate) fn new() -> Pace {
        Pace(Mutex::new(None))
    }

    pub(crate) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let due = last.is_none_or(|last| now.duration_since(last) >= REPORT_EVERY);
        if due {
            *last = Some(now);
        }
        due
    }
}
