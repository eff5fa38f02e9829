//! Where the archive of an import comes from, opened.

use std::io::{self, Read};
use std::path::Path;

use disk::{EntryKind, File};
use registry_client::Url;

use super::ImportSource;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Bytes, Events, LayerState, Pace, layer, message};
use crate::remote::kind_of;

/// What a source is called that is neither asked nor told where it comes from: Docker's word for all of them
/// but addresses.
const NAMELESS: &str = "-";

/// A source that can be read.
pub(super) struct Opened<'a> {
    /// What the image's history calls it.
    pub(super) name: String,
    pub(super) stream: Box<dyn Read + Send + 'a>,
    /// Whether the user is told how far it is, and of how many bytes.
    told: Option<u64>,
}

impl<'a> Opened<'a> {
    pub(super) fn open(engine: &Engine, source: ImportSource<'a>, events: &dyn Events) -> Result<Opened<'a>> {
        match source {
            ImportSource::Path(path) => Opened::file(&path),
            ImportSource::Url(url) => Opened::download(engine, &url, events),
            ImportSource::Stream(stream) => Ok(Opened::nameless(Box::new(stream))),
        }
    }

    fn nameless(stream: Box<dyn Read + Send + 'a>) -> Opened<'a> {
        Opened { name: NAMELESS.to_owned(), stream, told: None }
    }

    fn file(path: &Path) -> Result<Opened<'a>> {
        let file = File::open(path)?;
        if file.kind()? == EntryKind::Dir {
            let error = io::Error::from(io::ErrorKind::IsADirectory);
            return Err(disk::Error::new("read", path, error).into());
        }
        Ok(Opened::nameless(Box::new(file)))
    }

    /// What could be a signature is not kept in the image's history.
    fn download(engine: &Engine, text: &str, events: &dyn Events) -> Result<Opened<'a>> {
        let url = Url::parse(text).map_err(|reason| Error::invalid(format_args!("invalid URL: {reason}")))?;
        let client = engine.client(&engine.cancel.child())?;
        let failed = |error: registry_client::Error| Error::new(kind_of(&error), error.to_string());
        let download = client.download(&url).map_err(failed)?;
        let name = url.without_query().to_string();
        message(events, None, format!("Downloading from {name}"));
        Ok(Opened { name, told: Some(download.length().unwrap_or(0)), stream: Box::new(download) })
    }
}

/// The bytes of a source: counted, told of, and ended when the operation is.
pub(super) struct Watched<'a> {
    stream: Box<dyn Read + Send + 'a>,
    told: Option<u64>,
    engine: &'a Engine,
    events: &'a dyn Events,
    pace: Pace,
    read: u64,
    /// Why it broke off: whoever reads through a decoder hears less.
    failure: Option<Error>,
}

impl<'a> Watched<'a> {
    pub(super) fn new(opened: Opened<'a>, engine: &'a Engine, events: &'a dyn Events) -> Watched<'a> {
        let Opened { stream, told, .. } = opened;
        Watched { stream, told, engine, events, pace: Pace::new(), read: 0, failure: None }
    }

    /// The failure that ended it, if one did.
    pub(super) fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    fn fail(&mut self, error: io::Error) -> io::Error {
        let told = io::Error::new(error.kind(), "the import broke off");
        self.failure = Some(match self.engine.check_cancelled() {
            Err(cancelled) => cancelled,
            Ok(()) => from_source(error),
        });
        told
    }
}

fn from_source(error: io::Error) -> Error {
    match error.downcast::<disk::Error>() {
        Ok(error) => error.into(),
        Err(error) => Error::new(ErrorKind::Unavailable, format!("read archive: {error}")),
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.engine.cancel.is_cancelled() {
            return Err(self.fail(io::Error::other("context canceled")));
        }
        let n = loop {
            match self.stream.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.fail(error)),
                Ok(n) => break n,
            }
        };
        self.read += n as u64;
        if let Some(total) = self.told.filter(|_| n == 0 || self.pace.is_due()) {
            let bytes = Bytes { current: self.read, total };
            layer(self.events, "", LayerState::Importing(bytes));
        }
        Ok(n)
    }
}
