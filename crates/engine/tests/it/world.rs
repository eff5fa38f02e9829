//! A registry, a store and an engine.

use engine::{Engine, Error, Event, HostInfo, Inputs, Recorded, Settings, ops};
use registry_client::Cancel;
use spec::Platform;
use testkit::Registry;
use testkit::image::{Entry, Image, Layer};

/// The moment that every test happens at.
pub(crate) const NOW: &str = "2026-11-23T12:00:00Z";

pub(crate) struct World {
    pub registry: Registry,
    pub engine: Engine,
    folder: tempfile::TempDir,
}

impl World {
    /// With the driver that suits the machine.
    pub(crate) fn new() -> World {
        World::with(Registry::new(), None)
    }

    pub(crate) fn with(registry: Registry, driver: Option<&str>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let engine = engine_at(&folder.path().join("root"), driver);
        World { registry, engine, folder }
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.folder.path().join("root")
    }

    /// The name of a repository of the registry.
    pub(crate) fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.registry.host())
    }

    pub(crate) fn pull(&self, repository: &str) -> Result<ops::Pulled, Error> {
        self.pull_lines(repository).0
    }

    /// A pull and what it said, one line for each message; bytes left out.
    pub(crate) fn pull_lines(&self, repository: &str) -> (Result<ops::Pulled, Error>, Vec<String>) {
        let events = Recorded::default();
        let request = ops::Pull { reference: self.name(repository), ..ops::Pull::default() };
        let result = self.engine.pull(&request, &events);
        (result, lines(events.take()))
    }

    /// Removes one image or name, which must work.
    pub(crate) fn remove(&self, text: &str) -> ops::Removal {
        let (removal, errors) = self.engine.remove_images(&[text], &ops::RemoveImages::default()).unwrap();
        assert!(errors.is_empty(), "{errors:?}");
        removal
    }

    /// The references there are, familiar, sorted; dangling images as `<none>`.
    pub(crate) fn names(&self) -> Vec<String> {
        let listed = self.engine.images(&ops::ListImages { all: true, ..Default::default() }).unwrap();
        let of = |image: &ops::ImageSummary| {
            let mut names: Vec<String> =
                image.tags.iter().chain(&image.digests).map(spec::Reference::familiar).collect();
            if names.is_empty() {
                names.push("<none>".to_owned());
            }
            names
        };
        let host = format!("{}/", self.registry.host());
        let mut names: Vec<String> = listed.iter().flat_map(of).map(|name| name.replace(&host, "")).collect();
        names.sort();
        names
    }

    /// Every file of the store below these folders, for "as before".
    pub(crate) fn blobs(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.root().join("content/blobs/sha256"))
            .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        names.sort();
        names
    }
}

pub(crate) fn engine_at(root: &std::path::Path, driver: Option<&str>) -> Engine {
    engine_with(root, Inputs { storage_driver: driver.map(str::to_owned), ..Inputs::default() })
}

/// An engine for an amd64 machine in UTC; what `inputs` leaves open lies beside the root.
pub(crate) fn engine_with(root: &std::path::Path, inputs: Inputs) -> Engine {
    let detected = HostInfo::detect(None);
    let platform = Platform::new("linux", "amd64", None);
    let host = HostInfo { platform, zone: jiff::tz::TimeZone::UTC, ..detected };
    let docker_config = inputs.docker_config.clone().unwrap_or_else(|| root.with_file_name("docker"));
    let inputs = Inputs { root: Some(root.to_owned()), docker_config: Some(docker_config), ..inputs };
    let settings = Settings::resolve(inputs, &host).unwrap();
    Engine::new(settings, host, || NOW.parse().unwrap(), Cancel::new())
}

pub(crate) fn lines(events: Vec<Event>) -> Vec<String> {
    let line = |event: Event| match event {
        Event::Message { id: Some(id), text } => Some(format!("{id}: {text}")),
        Event::Message { id: None, text } => Some(text),
        Event::Layer { id, state } if state.bytes().is_none() => Some(format!("{id}: {state}")),
        Event::Layer { .. } => None,
        Event::Warning(text) => Some(format!("warning: {text}")),
    };
    events.into_iter().filter_map(line).collect()
}

/// An image of two layers.
pub(crate) fn small(word: &str) -> Image {
    let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/base", "base\n")]);
    let top = Layer::gzip(vec![Entry::file("word", word.to_owned())]);
    Image::new(vec![base, top]).created("2026-11-20T12:00:00Z".parse().unwrap())
}
