//! Filling a partial download over several connections, again and again until it is whole.

use std::io::Read;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use content::Partial;

/// Bytes of one request: long enough that its overhead does not count, short enough that connections share
/// the work.
const CHUNK_BYTES: u64 = 32 << 20;
/// Bytes written at once, and so what a kill can cost a connection.
const WRITE_BYTES: usize = 256 << 10;
/// The first pause between two tries is drawn from this, the next from twice as much, up to 8 s.
const BACKOFF: Duration = Duration::from_millis(500);
/// Longer pauses help no server and bore the user.
const BACKOFF_MAX: Duration = Duration::from_secs(8);

/// Where the bytes of one blob come from.
pub trait BlobSource: Sync {
    /// Opens a range. A source that cannot do ranges gives the whole, from its beginning.
    ///
    /// # Errors
    /// Says whether another try makes sense.
    fn open(&self, range: &Range<u64>) -> Result<BlobBody, FetchError>;
}

/// Bytes of a blob on their way.
pub struct BlobBody {
    /// Which bytes of the blob they are: those asked for, or the whole.
    pub range: Range<u64>,
    /// The bytes; an error means that the connection broke.
    pub bytes: Box<dyn Read + Send>,
}

/// Whether and when to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// It would fail again.
    Never,
    /// After a pause of our choice.
    Soon,
    /// The server said when.
    After(Duration),
}

/// A failed try.
#[derive(Debug)]
pub struct FetchError {
    /// What to tell the user; callers get their own errors back.
    pub error: Box<dyn std::error::Error + Send + Sync>,
    /// Whether to try again.
    pub retry: Retry,
}

/// How to download.
pub struct Download<'a> {
    /// Connections at once for one blob.
    pub connections: usize,
    /// Tries without any progress before giving up.
    pub tries_max: usize,
    /// Time without any progress before giving up.
    pub no_progress_max: Duration,
    /// Sleeps; true when the operation was cancelled meanwhile.
    pub sleep: &'a (dyn Fn(Duration) -> bool + Sync),
    /// Told how many bytes are there.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Told before each pause.
    pub retrying: &'a (dyn Fn(Duration) + Sync),
}

/// What the connections of one download share.
struct Shared<'a> {
    partial: &'a Partial,
    source: &'a dyn BlobSource,
    download: &'a Download<'a>,
    failure: Mutex<Option<FetchError>>,
    over: AtomicBool,
}

/// One connection's tries and time since something last arrived, on whichever connection. Each counts for
/// itself: a server that goes away breaks all of them at once, and comes back once.
struct Patience {
    furthest: u64,
    tries: usize,
    since: Instant,
}

impl Download<'_> {
    /// Downloads what is missing. Whoever reads the partial download at the same time is told of the end.
    ///
    /// # Errors
    /// The last failure, when it is final or tries and time are used up.
    pub fn run(&self, partial: &Partial, source: &dyn BlobSource) -> Result<(), FetchError> {
        let shared = Shared {
            partial,
            source,
            download: self,
            failure: Mutex::new(None),
            over: AtomicBool::new(false),
        };
        std::thread::scope(|scope| {
            shared.connection(Some(&|| {
                for _ in 1..self.connections {
                    scope.spawn(|| shared.connection(None));
                }
            }))
        });
        match shared.failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Shared<'_> {
    /// Fetches pieces until none is left. The first connection brings the others in once it has seen that
    /// ranges work.
    fn connection(&self, mut more: Option<&dyn Fn()>) {
        let mut patience = Patience { furthest: self.partial.present(), tries: 0, since: Instant::now() };
        while !self.is_over() {
            let Some(claim) = self.partial.claim(self.chunk_bytes()) else { return };
            let result = self.piece(&claim, &mut more);
            self.partial.release(&claim);
            if let Err(error) = result
                && !self.try_again(error, &mut patience)
            {
                return;
            }
        }
    }

    /// Whether one of the connections gave up, or whoever reads the bytes wants no more.
    fn is_over(&self) -> bool {
        if !self.over.load(Ordering::SeqCst)
            && let Some(reason) = self.partial.ended()
        {
            self.end(FetchError { error: reason.into(), retry: Retry::Never });
        }
        self.over.load(Ordering::SeqCst)
    }

    fn chunk_bytes(&self) -> u64 {
        if self.download.connections > 1 { CHUNK_BYTES } else { u64::MAX }
    }

    fn piece(&self, claim: &Range<u64>, more: &mut Option<&dyn Fn()>) -> Result<(), FetchError> {
        let body = self.source.open(claim)?;
        let ranges_work = body.range == *claim && claim.end < self.partial.size();
        if ranges_work && let Some(more) = more.take() {
            more();
        }
        self.copy(body)
    }

    fn copy(&self, mut body: BlobBody) -> Result<(), FetchError> {
        let mut buffer = vec![0; WRITE_BYTES];
        let Range { start: mut offset, end } = body.range;
        while offset < end && !self.is_over() {
            let room = usize::try_from(end - offset).unwrap_or(usize::MAX).min(WRITE_BYTES);
            let filled = fill(&mut *body.bytes, &mut buffer[..room]);
            let n = filled.bytes;
            if n > 0 {
                self.partial.write(offset, &buffer[..n]).map_err(final_error)?;
                offset += n as u64;
                (self.download.progress)(self.partial.present());
            }
            if let Some(error) = filled.broke {
                return Err(FetchError { error: error.into(), retry: Retry::Soon });
            }
            if n < room {
                let error = format!("the body ended after {offset} of {end} bytes");
                return Err(FetchError { error: error.into(), retry: Retry::Soon });
            }
        }
        Ok(())
    }

    /// Decides about another try and waits for it.
    fn try_again(&self, failure: FetchError, patience: &mut Patience) -> bool {
        let pause = match failure.retry {
            Retry::Never => None,
            Retry::Soon => self.pause(patience),
            Retry::After(wanted) => self.pause(patience).map(|pause| pause.max(wanted)),
        };
        // Of a try that will never come nobody is told.
        let Some(pause) = pause.filter(|_| !(self.download.sleep)(Duration::ZERO)) else {
            self.end(failure);
            return false;
        };
        (self.download.retrying)(pause);
        if (self.download.sleep)(pause) {
            self.end(failure);
            return false;
        }
        true
    }

    /// The next pause, or nothing when patience is over.
    fn pause(&self, patience: &mut Patience) -> Option<Duration> {
        let present = self.partial.present();
        if present > patience.furthest {
            *patience = Patience { furthest: present, tries: 0, since: Instant::now() };
        }
        patience.tries += 1;
        let spent = patience.tries >= self.download.tries_max
            || patience.since.elapsed() >= self.download.no_progress_max;
        let doublings = u32::try_from(patience.tries - 1).unwrap_or(u32::MAX).min(4);
        (!spent).then(|| jitter((BACKOFF * 2_u32.pow(doublings)).min(BACKOFF_MAX)))
    }

    fn end(&self, failure: FetchError) {
        self.over.store(true, Ordering::SeqCst);
        self.partial.end(failure.error.to_string());
        let mut first = self.failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        first.get_or_insert(failure);
    }
}

/// Somewhere between half of a pause and all of it, so that many clients do not come back at once.
fn jitter(pause: Duration) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    pause / 2 + pause * (now.subsec_micros() % 1000) / 2000
}

fn final_error(error: content::Error) -> FetchError {
    FetchError { error: error.into(), retry: Retry::Never }
}

struct Filled {
    bytes: usize,
    broke: Option<std::io::Error>,
}

/// Fills a buffer as far as the source goes; what arrived before it broke still counts.
fn fill(source: &mut dyn Read, buffer: &mut [u8]) -> Filled {
    let mut bytes = 0;
    while bytes < buffer.len() {
        match source.read(&mut buffer[bytes..]) {
            Ok(0) => break,
            Ok(n) => bytes += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Filled { bytes, broke: Some(error) },
        }
    }
    Filled { bytes, broke: None }
}

#[cfg(test)]
mod tests;
