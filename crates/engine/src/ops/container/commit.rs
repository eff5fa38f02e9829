//! `commit`: an image from a container.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use content::Lease;
use dockerfile::Changes;
use images::{Entry, Image, ImageStore};
use layer::diff::{Change, write};
use runner::control::Ask;
use runner::record::{Config, Container, Found, Status};
use serde_json::{Map, Value, json};
use spec::{Descriptor, Document, ImageConfig, ImageId, MediaType, Reference};

use super::changes::Compared;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Silent;
use crate::ops::import::{Importing, TakenLayer};
use crate::ops::tag::check_name;

/// How long it may take from a program's end until its monitor has said so.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// A request to make an image from a container.
#[derive(Clone, Debug, Default)]
pub struct CommitContainer {
    /// The name that the image gets; without one it is dangling.
    pub reference: Option<String>,
    /// Who made it.
    pub author: String,
    /// The remark in its history.
    pub message: String,
    /// Instructions that change what it runs.
    pub changes: Vec<String>,
    /// Whether the container is frozen meanwhile, where it can be.
    pub pause: bool,
}

/// Stands in `docker_version`: who made the image.
const VERSION: &str = env!("CARGO_PKG_VERSION");

impl Engine {
    /// Makes an image of a container's image and of what was changed since.
    ///
    /// # Errors
    /// When there is no such container, the name or a change cannot be meant, or the container's image is gone.
    pub fn commit_container(&self, text: &str, request: &CommitContainer) -> Result<ImageId> {
        let reference = request.reference.as_deref().map(target).transpose()?;
        let found = self.container(text)?;
        let changes = Changes::parse(&request.changes).map_err(Error::invalid)?;
        if matches!(found.state.status, Status::Removing | Status::Dead) {
            let text = format!("You cannot commit container {} which is being removed", found.container.id);
            return Err(Error::new(ErrorKind::Conflict, text));
        }
        let mut run = run_config(&found.container.config);
        changes.apply(&mut run).map_err(Error::invalid)?;
        let store = self.store()?;
        let lease = store.content().lease()?;
        let base = base_of(&store, &found.container)?;
        let layer = self.frozen(&found, request.pause, || self.take_layer(&store, &lease, &found))?;
        self.publish_commit(&store, &lease, Commit { found: &found, request, base, run, layer, reference })
    }

    /// Whether containers can stand still: cgroups can do that, which an ordinary user does not have.
    pub fn can_pause(&self) -> bool {
        !self.is_ordinary_user()
    }

    /// Does something while the container's program stands still, where it runs and that is wanted.
    fn frozen<T>(&self, found: &Found, pause: bool, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let freezes =
            pause && self.can_pause() && found.state.status == Status::Running && found.is_monitored;
        let is_frozen = freezes && self.ask_unless_it_ends(found, &Ask::Pause)?;
        let done = work();
        if is_frozen {
            self.ask_unless_it_ends(found, &Ask::Unpause)?;
        }
        done
    }

    /// Asks a container's monitor; false when that fails because the program ends just now, and stands still anyway.
    fn ask_unless_it_ends(&self, found: &Found, ask: &Ask) -> Result<bool> {
        let Err(error) = self.ask(found, ask) else { return Ok(true) };
        let end = Instant::now() + END_PATIENCE;
        while Instant::now() < end {
            let now = self.containers_folder()?.get(&found.container.id)?;
            if now.is_none_or(|now| !now.state.status.is_running()) {
                return Ok(false);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(error)
    }

    /// Makes a layer of what was changed; nothing where nothing was.
    fn take_layer(&self, store: &ImageStore, lease: &Lease, found: &Found) -> Result<Option<TakenLayer>> {
        let compared = self.compare(store, lease, found)?;
        let changes = compared.changes()?;
        if changes.is_empty() {
            return Ok(None);
        }
        let importing = Importing { engine: self, store, lease, events: &Silent };
        stream(&compared, &changes, |tar| importing.compress(tar)).map(Some)
    }

    fn publish_commit(&self, store: &ImageStore, lease: &Lease, commit: Commit<'_>) -> Result<ImageId> {
        let config = commit.config(self.now())?;
        let manifest = commit.manifest(&config)?;
        let blobs = store.content().blobs();
        lease.pin(
            commit.base.1.manifest.layers.iter().map(|layer| content::Pin::Blob(layer.digest.clone())),
        )?;
        blobs.put(lease, config.bytes())?;
        blobs.put(lease, manifest.bytes())?;
        let grown = commit.layer.as_ref().map_or(0, |layer| layer.facts.size);
        let entry = Entry {
            tagged: commit.reference.is_some().then(|| self.now()),
            target: manifest.descriptor(),
            image: config.id().clone(),
            manifests: vec![manifest.digest().clone()],
            platform: config.platform(),
            created: config.created(),
            size: commit.base.0.size + grown,
            parent: Some(commit.found.container.image.clone()),
            reference: commit.reference,
        };
        let base = commit.found.container.image.clone();
        store.publish(|index| {
            // Its layers were pinned while it was there; had it gone before, some could have gone with it.
            if index.of_image(&base).next().is_none() {
                return Err(gone(&base));
            }
            index.set(entry);
            Ok(())
        })?;
        Ok(config.id().clone())
    }
}

/// What an image is made of.
struct Commit<'c> {
    found: &'c Found,
    request: &'c CommitContainer,
    base: (Entry, Image),
    run: Map<String, Value>,
    layer: Option<TakenLayer>,
    reference: Option<Reference>,
}

impl Commit<'_> {
    /// The base image's config, with what the container runs and one more step.
    fn config(&self, now: jiff::Timestamp) -> Result<ImageConfig> {
        let base = self.base.1.config.value();
        let created = now.to_string();
        let mut config = base.as_object().cloned().unwrap_or_default();
        let mut put = |name: &str, value: Value| config.insert(name.to_owned(), value);
        if !self.request.author.is_empty() {
            put("author", json!(self.request.author));
        }
        if !self.request.message.is_empty() {
            put("comment", json!(self.request.message));
        }
        put("config", Value::Object(self.run.clone()));
        put("container", json!(self.found.container.id));
        put("created", json!(created));
        put("docker_version", json!(VERSION));
        let mut step = Map::from_iter([("created".to_owned(), json!(created))]);
        if !self.request.author.is_empty() {
            step.insert("author".to_owned(), json!(self.request.author));
        }
        step.insert("created_by".to_owned(), json!(self.found.container.argv.join(" ")));
        if !self.request.message.is_empty() {
            step.insert("comment".to_owned(), json!(self.request.message));
        }
        if self.layer.is_none() {
            step.insert("empty_layer".to_owned(), json!(true));
        }
        let mut history = base.get("history").and_then(Value::as_array).cloned().unwrap_or_default();
        history.push(Value::Object(step));
        put("history", Value::Array(history));
        let diff_ids =
            self.base.1.config.diff_ids().iter().chain(self.layer.iter().map(|layer| &layer.facts.diff_id));
        put("rootfs", json!({"type": "layers", "diff_ids": diff_ids.collect::<Vec<_>>()}));
        config.remove("container_config");
        config.sort_keys();
        ImageConfig::parse(Value::Object(config).to_string().as_bytes()).map_err(Error::invalid)
    }

    /// The base image's layers and the new one. Docker's media types become those of OCI: the bytes are the same.
    fn manifest(&self, config: &ImageConfig) -> Result<Document> {
        let media_type = MediaType::known(MediaType::OCI_CONFIG);
        let mut layers: Vec<Descriptor> = self.base.1.manifest.layers.iter().map(in_oci).collect();
        layers.extend(self.layer.iter().map(|layer| layer.descriptor.clone()));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OCI_MANIFEST,
            "config": Descriptor::of(media_type, config.bytes()),
            "layers": layers,
        });
        Document::parse(manifest.to_string().as_bytes(), None).map_err(Error::invalid)
    }
}

fn in_oci(layer: &Descriptor) -> Descriptor {
    let media_type = match layer.media_type.as_str() {
        MediaType::DOCKER_LAYER_GZIP => MediaType::known(MediaType::OCI_LAYER_GZIP),
        _ => layer.media_type.clone(),
    };
    Descriptor { media_type, ..layer.clone() }
}

/// Passes the archive of the changes to whoever takes it in, without keeping it.
fn stream<T>(
    compared: &Compared<'_>,
    changes: &[Change],
    take: impl FnOnce(&mut (dyn Read + Send)) -> Result<T>,
) -> Result<T> {
    let now = compared.now()?;
    let (mut reader, writer) =
        io::pipe().map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
    std::thread::scope(|scope| {
        let writing = scope.spawn(move || {
            let mut out = io::BufWriter::with_capacity(64 << 10, writer);
            write(&now, changes, &mut out).and_then(|out| out.flush().map_err(layer::Error::Write)).map(drop)
        });
        let taken = take(&mut reader);
        drop(reader);
        match (taken, writing.join()) {
            (Ok(taken), Ok(Ok(()))) => Ok(taken),
            (Ok(_), Ok(Err(error))) => Err(error.into()),
            (Err(error), _) => Err(error),
            (Ok(_), Err(_)) => Err(Error::new(ErrorKind::Internal, "the layer could not be written")),
        }
    })
}

/// The container's image, which has to be there still.
fn base_of(store: &ImageStore, container: &Container) -> Result<(Entry, Image)> {
    let index = store.index()?;
    let entry = index.of_image(&container.image).next().ok_or_else(|| gone(&container.image))?.clone();
    let image = store.image(&entry)?;
    Ok((entry, image))
}

fn gone(image: &ImageId) -> Error {
    Error::new(ErrorKind::NotFound, format!("failed to get parent image: No such image: {image}"))
}

/// The name that an image is to have.
fn target(text: &str) -> Result<Reference> {
    let reference = Reference::parse(text)?;
    if reference.digest().is_some() {
        return Err(Error::invalid("cannot commit to digest reference"));
    }
    check_name(&reference)?;
    Ok(reference.or_latest())
}

/// What a container runs, as an image's config has it: what belongs to one container only is left out.
fn run_config(config: &Config) -> Map<String, Value> {
    let set = |names: &std::collections::BTreeSet<String>| {
        Value::Object(names.iter().map(|name| (name.clone(), json!({}))).collect())
    };
    let mut run = Map::new();
    let mut put = |name: &str, value: Value, is_empty: bool| {
        if !is_empty {
            run.insert(name.to_owned(), value);
        }
    };
    put("User", json!(config.user), config.user.is_empty());
    put("ExposedPorts", set(&config.exposed_ports), config.exposed_ports.is_empty());
    put("Env", json!(config.env), config.env.is_empty());
    put("Entrypoint", json!(config.entrypoint), config.entrypoint.is_none());
    put("Cmd", json!(config.cmd), config.cmd.is_none());
    if let Some(check) = &config.healthcheck {
        let mut object = serde_json::to_value(check).unwrap_or_default();
        if let Some(object) = object.as_object_mut() {
            object.retain(|_, value| *value != json!(0) && *value != json!([]));
        }
        put("Healthcheck", object, false);
    }
    put("Volumes", set(&config.volumes), config.volumes.is_empty());
    put("WorkingDir", json!(config.working_dir), config.working_dir.is_empty());
    put("Labels", json!(config.labels), config.labels.is_empty());
    put("StopSignal", json!(config.stop_signal), config.stop_signal.is_none());
    put("Shell", json!(config.shell), config.shell.is_none());
    put("OnBuild", json!(config.on_build), config.on_build.is_none());
    run
}
