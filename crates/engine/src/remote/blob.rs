//! One blob of a repository on its way into the store.

use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use content::{Blobs, Partial};
use registry_client::limits::{NO_PROGRESS_MAX, RETRY_AFTER_MAX};
use registry_client::{BlobRange, EndpointId, Repository};
use spec::Descriptor;
use transfer::{BlobBody, BlobSource, Download, FetchError, Retry};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Bytes, Events, LayerState, Pace, layer};

/// A blob of a repository, as a download wants it.
pub(crate) struct RemoteBlob<'r> {
    engine: &'r Engine,
    repository: &'r Repository<'r>,
    descriptor: &'r Descriptor,
    events: &'r dyn Events,
    /// Whether addresses that the image names may be asked for a layer that the registry may not carry: only for
    /// a platform that the user named (NET-16).
    foreign: bool,
    /// Endpoints that sent other bytes than were asked for.
    avoid: Mutex<Vec<EndpointId>>,
    used: Mutex<Option<EndpointId>>,
    failure: Mutex<Option<Error>>,
    /// All bytes are here: what is told from now on is what becomes of them.
    complete: AtomicBool,
}

impl<'r> RemoteBlob<'r> {
    pub(crate) fn new(
        engine: &'r Engine,
        repository: &'r Repository<'r>,
        descriptor: &'r Descriptor,
        events: &'r dyn Events,
    ) -> RemoteBlob<'r> {
        RemoteBlob {
            engine,
            repository,
            descriptor,
            events,
            foreign: false,
            avoid: Mutex::default(),
            used: Mutex::default(),
            failure: Mutex::default(),
            complete: AtomicBool::new(false),
        }
    }

    /// The same, which may also ask the addresses that a foreign layer names.
    pub(crate) fn also_foreign(self, foreign: bool) -> RemoteBlob<'r> {
        RemoteBlob { foreign, ..self }
    }

    /// Downloads the blob while `take` reads it from the front and proves it, and gives it its name. Bytes that
    /// turn out to be others than asked for are thrown away and asked for once more, of the next mirror if there
    /// is one. `stop` ends a download that nobody wants any more.
    pub(crate) fn bring(
        &self,
        partial: Partial,
        blobs: &Blobs,
        connections: usize,
        stop: &(dyn Fn() -> bool + Sync),
        take: &dyn Fn(&Partial) -> transfer::Result<()>,
    ) -> Result<()> {
        let mut result = self.fetch(&partial, connections, stop, take);
        if matches!(result, Err(transfer::Error::Digest { .. })) {
            partial.restart()?;
            self.next_endpoint();
            result = self.fetch(&partial, connections, stop, take);
        }
        match result {
            Ok(()) => Ok(partial.publish(blobs)?),
            Err(transfer::Error::Source(text)) => Err(self.failure(text)),
            Err(error) => {
                // Not what was asked for, whoever sends it: nothing of it is kept.
                if !matches!(error, transfer::Error::Content(_) | transfer::Error::Snapshot(_)) {
                    partial.discard()?;
                }
                Err(error.into())
            }
        }
    }

    /// One download and the pass over its bytes, side by side.
    fn fetch(
        &self,
        partial: &Partial,
        connections: usize,
        stop: &(dyn Fn() -> bool + Sync),
        take: &dyn Fn(&Partial) -> transfer::Result<()>,
    ) -> transfer::Result<()> {
        self.complete.store(false, Ordering::SeqCst);
        lock(&self.failure).take();
        let (pace, total) = (Pace::new(), partial.size());
        let progress = |current: u64| {
            if pace.is_due() && !self.is_complete() {
                self.tell(LayerState::Downloading(Bytes { current, total }));
            }
        };
        let download = Download {
            connections,
            tries_max: self.engine.settings.max_download_attempts.value,
            no_progress_max: NO_PROGRESS_MAX,
            sleep: &|pause: Duration| self.engine.cancel.sleep(pause) || stop(),
            progress: &progress,
            retrying: &|pause: Duration| self.tell(LayerState::Retrying(pause.as_secs().max(1))),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                if let Err(failure) = download.run(partial, self) {
                    return self.keep(failure);
                }
                self.complete.store(true, Ordering::SeqCst);
                self.tell(LayerState::VerifyingChecksum);
                self.tell(LayerState::DownloadComplete);
            });
            let taken = take(partial);
            if taken.is_err() {
                partial.end("the layer was refused");
            }
            taken
        })
    }

    /// Whether all bytes are here.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete.load(Ordering::SeqCst)
    }

    pub(crate) fn tell(&self, state: LayerState) {
        layer(self.events, self.descriptor.digest.short(), state);
    }

    /// Asks others first from now on: whoever answered last sent wrong bytes.
    fn next_endpoint(&self) {
        let used = lock(&self.used).take();
        lock(&self.avoid).extend(used);
    }

    /// Keeps the failure that ended the download.
    fn keep(&self, failure: FetchError) {
        let error = match failure.error.downcast::<registry_client::Error>() {
            Ok(error) => self.engine.registry_error(&error),
            Err(error) => match error.downcast::<content::Error>() {
                Ok(error) => Error::from(*error),
                Err(error) => Error::new(ErrorKind::Unavailable, error.to_string()),
            },
        };
        lock(&self.failure).get_or_insert(error);
    }

    /// The failure that ended the download, or one with this text.
    fn failure(&self, text: String) -> Error {
        lock(&self.failure).take().unwrap_or_else(|| Error::new(ErrorKind::Unavailable, text))
    }
}

impl BlobSource for RemoteBlob<'_> {
    fn open(&self, range: &Range<u64>) -> std::result::Result<BlobBody, FetchError> {
        let asked = BlobRange { start: range.start, end: range.end };
        let avoid = lock(&self.avoid).clone();
        let body = match self.foreign {
            true => self.repository.fetch_foreign_blob(self.descriptor, asked),
            false => self.repository.fetch_blob(self.descriptor, asked, &avoid),
        };
        let body = body.map_err(fetch_error)?;
        *lock(&self.used) = Some(body.endpoint());
        let range = body.range().start..body.range().end;
        Ok(BlobBody { range, bytes: Box::new(body) as Box<dyn Read + Send> })
    }
}

/// A failed try, and whether another one makes sense.
fn fetch_error(error: registry_client::Error) -> FetchError {
    let wait = error.refusal().and_then(|refusal| refusal.retry_after);
    let (error, retry) = match wait {
        _ if !error.is_transient() => (error, Retry::Never),
        None => (error, Retry::Soon),
        Some(wait) if wait <= RETRY_AFTER_MAX => (error, Retry::After(wait)),
        // Longer than anybody waits.
        Some(wait) => (registry_client::Error::RetryLater { wait, source: Box::new(error) }, Retry::Never),
    };
    FetchError { error: Box::new(error), retry }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
