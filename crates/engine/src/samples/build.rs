//! One sample for one platform: layers, config, manifest.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::Timestamp;
use layer::codec::GzipEncoder;
use layer::tar::{Header, Kind, Time, Writer};
use serde_json::{Value, json};
use spec::{Descriptor, Digest, MediaType, Platform};

use super::program::{Then, program};
use super::{Sample, Step};

/// When the files were made, in seconds since 1970: the same in all images, so that a step that two of them share
/// is one layer.
const FILES_MADE: i64 = 1_684_000_000;

/// Lines of a program, so that sizes tell images apart.
const PROGRAM_LINES: usize = 400;

/// What a sample consists of.
pub(super) struct Built {
    pub(super) manifest: Vec<u8>,
    /// Config and layers.
    pub(super) blobs: Vec<(Digest, Vec<u8>)>,
}

pub(super) fn build(sample: &Sample, platform: &Platform, created: Timestamp) -> io::Result<Built> {
    let mut blobs = Vec::new();
    let mut layers = Vec::new();
    let mut diff_ids = Vec::new();
    let mut history = Vec::new();
    for step in sample.steps {
        let mut entry =
            json!({"created": created, "created_by": step.created_by, "comment": "buildkit.dockerfile.v0"});
        if step.files.is_empty() {
            entry["empty_layer"] = json!(true);
        } else {
            let tar = tar_of(step, platform)?;
            diff_ids.push(Digest::of(&tar));
            let bytes = compress(&tar)?;
            let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_LAYER_GZIP), &bytes);
            blobs.push((descriptor.digest.clone(), bytes));
            layers.push(descriptor);
        }
        history.push(entry);
    }
    let config = config(sample, platform, created, &diff_ids, &history).to_string().into_bytes();
    let descriptor = Descriptor::of(MediaType::known(MediaType::OCI_CONFIG), &config);
    blobs.push((descriptor.digest.clone(), config));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OCI_MANIFEST,
        "config": descriptor,
        "layers": layers,
    });
    Ok(Built { manifest: manifest.to_string().into_bytes(), blobs })
}

fn config(
    sample: &Sample,
    platform: &Platform,
    created: Timestamp,
    diff_ids: &[Digest],
    history: &[Value],
) -> Value {
    let labels: serde_json::Map<String, Value> =
        sample.labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let mut run = json!({
        "Env": ["PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        "Cmd": sample.command,
        "WorkingDir": "/",
    });
    if !labels.is_empty() {
        run["Labels"] = labels.into();
    }
    let mut config = json!({
        "architecture": platform.architecture,
        "config": run,
        "created": created,
        "history": history,
        "os": platform.os,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    if let Some(variant) = &platform.variant {
        config["variant"] = json!(variant);
    }
    config
}

/// The layer of a step. Only files under `bin` folders depend on the platform, so that platforms and images
/// share what they can.
fn tar_of(step: &Step, platform: &Platform) -> io::Result<Vec<u8>> {
    let mut tar = Writer::new(Vec::new());
    let mtime = Time { seconds: FILES_MADE, ..Time::default() };
    let folders: BTreeSet<&str> = step.files.iter().flat_map(|(path, _)| parents(path)).collect();
    for folder in folders {
        tar.start(&Header { mtime, ..Header::new(folder, Kind::Directory) })?;
    }
    for (path, text) in step.files {
        let program = path.contains("bin/");
        let bytes = if program { program_of(path, text, platform) } else { text.as_bytes().to_vec() };
        let mut header = Header { mtime, ..Header::new(*path, Kind::File) };
        header.size = bytes.len() as u64;
        header.mode = if program { 0o755 } else { 0o644 };
        tar.start(&header)?;
        tar.write_all(&bytes)?;
    }
    tar.finish()
}

/// What stands for a program: lines that make it as large as it is, behind a real one where it can be run.
fn program_of(path: &str, text: &str, platform: &Platform) -> Vec<u8> {
    let real = match path {
        "usr/local/go/bin/go" => {
            let line = format!("go version go1.20.4 {}/{}\n", platform.os, platform.architecture);
            program(&platform.architecture, &line, Then::End)
        }
        "usr/local/bin/redis-server" => {
            let line = "Ready to accept connections\n";
            program(&platform.architecture, line, Then::Serve("/data/dump.rdb"))
        }
        _ => None,
    };
    let lines = format!("{platform}: {text}").repeat(PROGRAM_LINES);
    [real.unwrap_or_default(), lines.into_bytes()].concat()
}

fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

fn compress(tar: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzipEncoder::new(Vec::new(), 1);
    encoder.write_all(tar)?;
    encoder.complete()
}
