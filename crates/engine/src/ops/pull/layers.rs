//! The layers of a pull: several at once, each in one pass from the network to the driver.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use content::Partial;
use layer::Limits;
use transfer::{Unpack, unpack};

use super::Pulling;
use super::plan::{LayerPlan, Plan, Todo};
use crate::crew::Crew;
use crate::error::Result;
use crate::event::{Bytes, LayerState, Pace, layer};
use crate::ops::ready::unpack_stored;
use crate::remote::RemoteBlob;

/// Connections for one large layer.
const CONNECTIONS: usize = 4;
/// Layers below this are not worth more than one.
const PARALLEL_BYTES_MIN: u64 = 64 << 20;
/// How often to look whether another process has finished the download of a layer.
const WAIT_FOR_OTHER: Duration = Duration::from_millis(50);

/// What the workers of one pull share.
struct Work<'w> {
    pulling: &'w Pulling<'w>,
    plan: &'w Plan<'w>,
    crew: Crew,
    complete: Mutex<Completed>,
}

/// Which layers are done: the user hears of them bottom first.
struct Completed {
    done: Vec<bool>,
    told: usize,
}

impl Pulling<'_> {
    /// Brings in every layer that is missing; says whether there was any.
    pub(super) fn layers(&self, plan: &Plan<'_>) -> Result<bool> {
        let missing = plan.layers.iter().filter(|layer| layer.todo != Todo::Nothing).count();
        if missing == 0 && self.is_listed(plan)? {
            return Ok(false);
        }
        let workers = match self.store.driver().about().needs_parents {
            true => 1,
            false => self.engine.settings.max_concurrent_downloads.value.min(missing),
        };
        self.announce(plan, workers);
        let work = Work {
            pulling: self,
            plan,
            crew: Crew::default(),
            complete: Mutex::new(Completed { done: vec![false; plan.layers.len()], told: 0 }),
        };
        work.crew.run(workers, plan.layers.len(), &|at| work.bring(at))?;
        Ok(missing > 0)
    }

    /// Whether the image itself is in the list already: then its layers are not worth a line.
    fn is_listed(&self, plan: &Plan<'_>) -> Result<bool> {
        Ok(self.store.index()?.of_image(plan.config.id()).next().is_some())
    }

    fn announce(&self, plan: &Plan<'_>, workers: usize) {
        for planned in &plan.layers {
            let state = match planned.todo {
                Todo::Nothing | Todo::Unpack => LayerState::AlreadyExists,
                Todo::Download => LayerState::PullingFsLayer,
            };
            layer(self.events, planned.descriptor.digest.short(), state);
        }
        for planned in plan.layers.iter().filter(|planned| planned.todo == Todo::Download).skip(workers) {
            layer(self.events, planned.descriptor.digest.short(), LayerState::Waiting);
        }
    }
}

impl Work<'_> {
    fn bring(&self, at: usize) -> Result<()> {
        let planned = &self.plan.layers[at];
        match planned.todo {
            Todo::Nothing => {}
            Todo::Unpack => self.unpack_present(planned)?,
            Todo::Download => self.download(planned)?,
        }
        self.complete(at);
        Ok(())
    }

    fn complete(&self, at: usize) {
        let mut completed = self.complete.lock().unwrap_or_else(PoisonError::into_inner);
        completed.done[at] = true;
        while completed.done.get(completed.told) == Some(&true) {
            let planned = &self.plan.layers[completed.told];
            if planned.todo == Todo::Download {
                self.tell(planned, LayerState::PullComplete);
            }
            completed.told += 1;
        }
    }

    fn tell(&self, planned: &LayerPlan<'_>, state: LayerState) {
        layer(self.pulling.events, planned.descriptor.digest.short(), state);
    }

    fn unpack_job<'j>(&'j self, planned: &'j LayerPlan<'j>) -> Unpack<'j> {
        Unpack {
            layer: planned.descriptor,
            diff_id: planned.diff_id,
            parents: planned.parents,
            driver: self.pulling.store.driver(),
            lease: self.pulling.lease,
            limits: Limits::default(),
        }
    }

    /// Makes the files of a layer whose blob is here.
    fn unpack_present(&self, planned: &LayerPlan<'_>) -> Result<()> {
        unpack_stored(self.pulling.store, &self.unpack_job(planned))
    }

    /// Downloads a layer and unpacks it on the way.
    fn download(&self, planned: &LayerPlan<'_>) -> Result<()> {
        let Some(partial) = self.partial(planned)? else { return self.unpack_present(planned) };
        let Pulling { engine, store, repository, platform, events, .. } = *self.pulling;
        let foreign = platform.is_some() && planned.descriptor.media_type.is_foreign_layer();
        let source = RemoteBlob::new(engine, repository, planned.descriptor, events).also_foreign(foreign);
        let connections = if partial.size() < PARALLEL_BYTES_MIN { 1 } else { CONNECTIONS };
        let stop = || self.crew.has_failed();
        source.bring(partial, store.content().blobs(), connections, &stop, &|partial| {
            self.take(planned, partial, &source)
        })
    }

    /// The download of the layer; nothing when another process finished it while we waited.
    fn partial(&self, planned: &LayerPlan<'_>) -> Result<Option<Partial>> {
        let content = self.pulling.store.content();
        loop {
            let partial = content.partial(&planned.descriptor.digest, planned.descriptor.size)?;
            if content.blobs().size(&planned.descriptor.digest)?.is_some() {
                partial.map(Partial::discard).transpose()?;
                return Ok(None);
            }
            if partial.is_some() {
                return Ok(partial);
            }
            self.pulling.engine.cancel.sleep(WAIT_FOR_OTHER);
            self.pulling.engine.check_cancelled()?;
        }
    }

    /// The pass over the bytes of a download.
    fn take(
        &self,
        planned: &LayerPlan<'_>,
        partial: &Partial,
        source: &RemoteBlob<'_>,
    ) -> transfer::Result<()> {
        let (pace, total) = (Pace::new(), partial.size());
        let watched = Watched {
            inner: partial.reader(),
            bytes: 0,
            seen: |current| {
                if source.is_complete() && pace.is_due() {
                    source.tell(LayerState::Extracting(Bytes { current, total }));
                }
                !self.crew.has_failed() && !self.pulling.engine.cancel.is_cancelled()
            },
        };
        unpack(watched, &self.unpack_job(planned)).map(|_| ())
    }
}

/// A reader that tells how far it is and stops when told to.
struct Watched<R, F> {
    inner: R,
    bytes: u64,
    seen: F,
}

impl<R: Read, F: FnMut(u64) -> bool> Read for Watched<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.bytes += n as u64;
        if (self.seen)(self.bytes) { Ok(n) } else { Err(io::Error::other("context canceled")) }
    }
}
