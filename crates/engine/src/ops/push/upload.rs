//! The blobs of a push: several at once, those that the registry lacks.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::{Once, OnceLock};

use disk::File;
use registry_client::{Mount, Pushed, limits::ONE_REQUEST_BYTES_MAX};
use spec::Descriptor;

use super::Pushing;
use super::closure::{Closure, Layer};
use super::mounts::{self, Mounts};
use crate::crew::Crew;
use crate::error::{Error, Result};
use crate::event::{Bytes, LayerState, Pace, layer};

/// A blob to be sent; without an id nobody is told of it.
#[derive(Clone, Copy)]
struct Item<'c> {
    id: Option<&'c str>,
    descriptor: &'c Descriptor,
}

/// What the workers of one push share.
struct Work<'w> {
    pushing: &'w Pushing<'w>,
    closure: &'w Closure,
    items: Vec<Item<'w>>,
    workers: usize,
    announced: Once,
    mounts: OnceLock<Mounts>,
    crew: Crew,
}

impl Pushing<'_> {
    /// Sends every blob that the registry lacks.
    pub(super) fn upload(&self, closure: &Closure) -> Result<()> {
        let items = items(closure);
        let work = Work {
            pushing: self,
            closure,
            workers: self.engine.settings.max_concurrent_uploads.value.min(items.len()),
            items,
            announced: Once::new(),
            mounts: OnceLock::new(),
            crew: Crew::default(),
        };
        work.crew.run(work.workers, work.items.len(), &|at| {
            if let Err(error) = work.send(work.items[at]) {
                // In this order: uploads under way break off because of it and are not why it failed.
                work.crew.fail(error);
                self.client.cancel().cancel();
            }
            Ok(())
        })
    }

    /// Top layer first, each as often as an image has it; then those whose turn comes later.
    fn announce(&self, closure: &Closure, items: &[Item<'_>], workers: usize) {
        for Layer { id, .. } in &closure.layers {
            layer(self.events, id, LayerState::Preparing);
        }
        for foreign in closure.layers.iter().filter(|layer| layer.is_foreign()) {
            layer(self.events, &foreign.id, LayerState::SkippedForeign);
        }
        for id in items.iter().skip(workers).filter_map(|item| item.id) {
            layer(self.events, id, LayerState::Waiting);
        }
    }
}

/// Layers, then configs, each once.
fn items(closure: &Closure) -> Vec<Item<'_>> {
    let layers = closure.layers.iter().filter(|layer| !layer.is_foreign());
    let layers = layers.map(|layer| Item { id: Some(&layer.id), descriptor: &layer.descriptor });
    let configs = closure.configs.iter().map(|descriptor| Item { id: None, descriptor });
    let mut seen = HashSet::new();
    layers.chain(configs).filter(|item| seen.insert(&item.descriptor.digest)).collect()
}

impl Work<'_> {
    fn send(&self, item: Item<'_>) -> Result<()> {
        let pushing = self.pushing;
        let repository = pushing.repository;
        let descriptor = item.descriptor;
        let there = repository.has_blob(descriptor);
        // A registry that does not answer fails before any layer is spoken of, as Docker has it.
        let answered = !matches!(there, Err(registry_client::Error::Transport { .. }));
        if answered && !self.crew.has_failed() {
            self.announced.call_once(|| pushing.announce(self.closure, &self.items, self.workers));
        }
        if there.map_err(|error| self.failed(&error))? {
            self.tell(item, LayerState::LayerAlreadyExists);
            return Ok(());
        }
        let from = item.id.and_then(|_| self.mounts().get(&descriptor.digest));
        let mount = match from {
            Some(path) => Mount::From(path),
            // Costs nothing where an upload has to be begun anyway.
            None if descriptor.size > ONE_REQUEST_BYTES_MAX => Mount::Anywhere,
            None => Mount::No,
        };
        let pace = Pace::new();
        let total = descriptor.size;
        let progress = |current: u64| {
            if pace.is_due() {
                self.tell(item, LayerState::Pushing(Bytes { current, total }));
            }
        };
        let open = |offset: u64| self.open(descriptor, offset, &progress);
        match repository.push_blob(descriptor, mount, &open) {
            Ok(Pushed::Sent) => self.tell(item, LayerState::Pushed),
            Ok(Pushed::Mounted) => self.tell(
                item,
                match from {
                    Some(path) => LayerState::MountedFrom(path.clone()),
                    None => LayerState::LayerAlreadyExists,
                },
            ),
            Err(error) => {
                self.check_bytes(&error, descriptor)?;
                return Err(self.failed(&error));
            }
        }
        Ok(())
    }

    fn tell(&self, item: Item<'_>, state: LayerState) {
        if let Some(id) = item.id {
            layer(self.pushing.events, id, state);
        }
    }

    fn failed(&self, error: &registry_client::Error) -> Error {
        self.pushing.engine.push_error(error, self.pushing.reference)
    }

    /// Where a registry refuses a blob because of its bytes, they may be damaged here.
    fn check_bytes(&self, error: &registry_client::Error, descriptor: &Descriptor) -> Result<()> {
        if error.refusal().is_some_and(|refusal| refusal.status == 400) {
            self.pushing.store.content().blobs().open(&descriptor.digest)?.finish()?;
        }
        Ok(())
    }

    /// Looked for when the first layer has to be sent: it takes a look into many manifests.
    fn mounts(&self) -> &Mounts {
        self.mounts.get_or_init(|| {
            let layers = self.items.iter().filter(|item| item.id.is_some());
            let layers = layers.map(|item| &item.descriptor.digest).collect();
            // Without a list there are no candidates.
            let index = self.pushing.store.index().unwrap_or_default();
            mounts::find(self.pushing.store, &index, self.pushing.reference, &layers)
        })
    }

    fn open<'o>(
        &self,
        descriptor: &Descriptor,
        offset: u64,
        progress: &'o dyn Fn(u64),
    ) -> io::Result<Box<dyn Read + 'o>> {
        let file = self.pushing.store.content().blobs().file(&descriptor.digest).map_err(io::Error::other)?;
        Ok(Box::new(Sent { file, offset, progress }))
    }
}

/// A blob being read from somewhere on, telling how far it is.
struct Sent<'o> {
    file: File,
    offset: u64,
    progress: &'o dyn Fn(u64),
}

impl Read for Sent<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(buffer, self.offset).map_err(io::Error::other)?;
        self.offset += n as u64;
        (self.progress)(self.offset);
        Ok(n)
    }
}
