//! `cp SRC CONTAINER:DEST`: from this machine into a container.

use std::io::Read;

use disk::tree::FileKind;
use layer::codec::{Accept, Decoder};
use layer::{InflateFault, Limits};

use super::copy_out::{look, not_found, target};
use super::pack::Packing;
use super::path::shown;
use super::plan::{Destination, plan};
use super::unpack::{Owners, Unpacking};
use super::view::{Lost, View};
use super::{Copied, CopyFailure, local};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Where something is to be copied to in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyIn {
    /// The container.
    pub container: String,
    /// The path in it; relative ones begin at its root.
    pub path: Vec<u8>,
    /// Whether a link at the end of the source is followed.
    pub follow: bool,
}

/// What is to be copied.
pub enum CopySource<'s> {
    /// A whole path of this machine, with what was typed at its end: `/` and `.` mean something.
    Path(Vec<u8>),
    /// A tar archive, compressed or not, whose content goes to a directory.
    Stream(&'s mut (dyn Read + Send)),
}

impl Engine {
    /// Copies a file or directory, or an archive's content, into a container. Owners stay as they are, as numbers.
    ///
    /// # Errors
    /// When there is no such container or source, or it cannot be put where it is to go.
    pub fn copy_to_container(
        &self,
        request: &CopyIn,
        source: CopySource<'_>,
    ) -> std::result::Result<Copied, CopyFailure> {
        let opened = self.container(&request.container).and_then(|found| self.container_files(&found, true));
        let missing = Destination { path: request.path.clone(), is_dir: None };
        // A container that is not there is told of last, as in Docker.
        let to = match &opened {
            Ok(files) if !request.path.is_empty() => {
                destination(&files.view, request).map_err(CopyFailure::local)?
            }
            _ => missing,
        };
        let typed = String::from_utf8_lossy(&request.path);
        let bytes = match source {
            CopySource::Stream(_) if to.is_dir != Some(true) => {
                let text = format!("destination \"{}:{typed}\" must be a directory", request.container);
                return Err(CopyFailure::local(Error::invalid(text)));
            }
            CopySource::Stream(stream) => {
                let files = opened.map_err(CopyFailure::there)?;
                self.unpack_stream(&files.view, request, &to.path, stream).map_err(CopyFailure::there)?;
                0
            }
            CopySource::Path(typed) => {
                let path = local::absolute(&typed);
                let source = local::source(&path, request.follow).map_err(CopyFailure::local)?;
                let (folder, name) = plan(&to, source.is_dir, &source.name).map_err(CopyFailure::local)?;
                let files = opened.map_err(CopyFailure::there)?;
                let folder = if to.path.starts_with(b"/") { [b"/", &folder[..]].concat() } else { folder };
                let copy = || {
                    let mut unpacking = unpacking(&files.view, request, &folder)?;
                    let packing = Packing::new(self, &source.view, &mut unpacking);
                    let bytes = packing.pack(&source.path, &name)?;
                    unpacking.finish().map(|()| bytes)
                };
                copy().map_err(|error: Error| CopyFailure::there(error))?
            }
        };
        Ok(Copied { bytes, to: to.path })
    }

    fn unpack_stream(
        &self,
        view: &View,
        request: &CopyIn,
        folder: &[u8],
        stream: &mut (dyn Read + Send),
    ) -> Result<()> {
        let mut unpacking = unpacking(view, request, folder)?;
        let inflated = match Decoder::open(stream, Accept::Archive, Limits::default()) {
            Err(layer::Error::Inflate(InflateFault::Empty)) => return Ok(()),
            Err(error) => return Err(Error::invalid(crate::error::chain(&error))),
            Ok(inflated) => inflated,
        };
        unpacking.archive(self, inflated)?;
        unpacking.finish()
    }
}

/// Where a path in a container leads that something is to be copied to.
fn destination(view: &View, request: &CopyIn) -> Result<Destination> {
    let mut path = request.path.clone();
    let mut there = look(view, &path).ok().and_then(|found| found.stat.map(|stat| (found.path, stat)));
    if let Some((link, stat)) = &there
        && stat.kind == FileKind::Symlink
    {
        path = target(view, link, &path);
        there = look(view, &path).ok().and_then(|found| found.stat.map(|stat| (found.path, stat)));
    }
    let Some((_, stat)) = there else { return Ok(Destination { path, is_dir: None }) };
    if matches!(stat.kind, FileKind::CharDevice | FileKind::BlockDevice) {
        let typed = String::from_utf8_lossy(&request.path);
        return Err(Error::invalid(format!(
            "destination \"{}:{typed}\" must be a directory or a regular file: got a device",
            request.container
        )));
    }
    Ok(Destination { path, is_dir: Some(stat.kind == FileKind::Dir) })
}

/// A folder of the container that is there and can be written.
fn unpacking<'v>(view: &'v View, request: &CopyIn, folder: &[u8]) -> Result<Unpacking<'v>> {
    let found = view.find(folder, true).map_err(|lost| match lost {
        Lost::Missing(_) => not_found(folder, &request.container),
        Lost::NotADirectory => Error::invalid("not a directory"),
        lost => lost.of(&String::from_utf8_lossy(folder)),
    })?;
    match found.stat {
        None => return Err(not_found(folder, &request.container)),
        Some(stat) if stat.kind != FileKind::Dir => {
            return Err(Error::invalid("extraction point is not a directory"));
        }
        Some(_) => {}
    }
    view.check_writable(&found.path)?;
    let shown = shown(&found.path);
    Ok(Unpacking::new(view, found.path, shown, Owners::Kept))
}
