//! The one pass over a layer: compressed bytes in, a stored layer out, both digests proven.

use std::io::Read;

use content::{Blobs, Lease, Pin};
use layer::codec::{Accept, Decoder};
use layer::limits::Limits;
use snapshot::{Driver, Incoming, LayerFacts, Scratch, Staged};
use spec::{Descriptor, DiffId};

use crate::error::{Error, Result};
use crate::proving::Proving;

/// A layer to be unpacked.
pub struct Unpack<'a> {
    /// The blob.
    pub layer: &'a Descriptor,
    /// What the config says that it unpacks to.
    pub diff_id: &'a DiffId,
    /// The layers below it, bottom first.
    pub parents: &'a [DiffId],
    /// Who keeps it.
    pub driver: &'a dyn Driver,
    /// The lease that pins it and lends room to work in.
    pub lease: &'a Lease,
    /// What a layer may be at most.
    pub limits: Limits,
}

/// Reads a blob to its end, proves that it is the one that was asked for and unpacks to what the config says,
/// and makes it a stored layer.
///
/// # Errors
/// [`Error::Source`] when the bytes broke off; [`Error::Digest`], [`Error::DiffId`] and [`Error::Layer`] when
/// they are not what they have to be: then nothing of them is kept.
pub fn unpack(blob: impl Read + Send, job: &Unpack<'_>) -> Result<LayerFacts> {
    job.lease.pin([Pin::Layer(job.diff_id.clone())])?;
    let mut proving = Proving::new(blob, job.layer);
    let staged = match ingest(&mut proving, job) {
        Ok(staged) => staged,
        // What the source or the hash has to say explains a decoder's complaint.
        Err(error) => return Err(proving.finish().err().unwrap_or(error)),
    };
    proving.finish()?;
    check_diff_id(job, &staged.facts.diff_id)?;
    let facts = staged.facts.clone();
    job.driver.publish(staged)?;
    Ok(facts)
}

fn ingest(blob: impl Read + Send, job: &Unpack<'_>) -> Result<Staged> {
    let mut tar = Decoder::open(blob, Accept::Layer, job.limits)
        .map_err(|source| Error::Layer { digest: job.layer.digest.clone(), source })?;
    let name = job.lease.fresh_name();
    let scratch = Scratch { dir: job.lease.scratch(), name: &name };
    let incoming = Incoming { tar: &mut tar, parents: job.parents, scratch, limits: job.limits };
    Ok(job.driver.ingest(incoming)?)
}

/// As [`unpack`], but nothing is kept: only proven and measured.
///
/// # Errors
/// As [`unpack`].
pub fn prove(blob: impl Read + Send, job: &Unpack<'_>) -> Result<layer::Facts> {
    let mut proving = Proving::new(blob, job.layer);
    let failed = |source| Error::Layer { digest: job.layer.digest.clone(), source };
    let scanned = Decoder::open(&mut proving, Accept::Layer, job.limits)
        .and_then(|decoder| layer::scan(decoder, &job.limits))
        .map_err(failed);
    let facts = match scanned {
        Ok(facts) => facts,
        Err(error) => return Err(proving.finish().err().unwrap_or(error)),
    };
    proving.finish()?;
    check_diff_id(job, &facts.diff_id)?;
    Ok(facts)
}

fn check_diff_id(job: &Unpack<'_>, found: &DiffId) -> Result<()> {
    if found == job.diff_id {
        return Ok(());
    }
    let digest = job.layer.digest.clone();
    Err(Error::DiffId { digest, expected: job.diff_id.clone(), found: found.clone() })
}

/// What a stored blob unpacks to, without keeping any of it.
///
/// # Errors
/// When it is missing or is no layer.
pub fn measure(blobs: &Blobs, layer: &Descriptor) -> Result<layer::Facts> {
    let failed = |source| Error::Layer { digest: layer.digest.clone(), source };
    let decoder =
        Decoder::open(blobs.open(&layer.digest)?, Accept::Layer, Limits::default()).map_err(failed)?;
    layer::scan(decoder, &Limits::default()).map_err(failed)
}
