//! `cp CONTAINER:SRC DEST`: from a container to this machine.

use std::io::Write;

use disk::tree::{FileKind, Stat, Tree};
use layer::tar::Writer;
use runner::user_namespace;

use super::pack::{Archive, Packing};
use super::path::{archive_name, clean, is_content, says_directory, shown};
use super::plan::plan;
use super::unpack::{Owners, Unpacking};
use super::view::{Found, Lost, View};
use super::{Copied, CopyFailure, local};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind};

/// What is to be copied from a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyOut {
    /// The container.
    pub container: String,
    /// The path in it; relative ones begin at its root.
    pub path: Vec<u8>,
    /// Whether a link at its end is followed.
    pub follow: bool,
    /// Whether files keep their owners; only root can do that.
    pub keep_owners: bool,
}

/// Where it goes.
pub enum CopyTarget<'t> {
    /// A whole path of this machine, with what was typed at its end: `/` and `.` mean something.
    Path(Vec<u8>),
    /// A stream, as a tar archive.
    Stream(&'t mut dyn Write),
}

impl Engine {
    /// Copies a file or directory from a container.
    ///
    /// # Errors
    /// When there is no such container or path, or it cannot be put where it is to go.
    pub fn copy_from_container(
        &self,
        request: &CopyOut,
        target: CopyTarget<'_>,
    ) -> Result<Copied, CopyFailure> {
        let target = match target {
            CopyTarget::Path(typed) => {
                let path = local::absolute(&typed);
                local::check_target(&path).map_err(CopyFailure::local)?;
                CopyTarget::Path(path)
            }
            stream @ CopyTarget::Stream(_) => stream,
        };
        let found = self.container(&request.container).map_err(CopyFailure::there)?;
        let files = self.container_files(&found, true).map_err(CopyFailure::there)?;
        let source = source(&files.view, request).map_err(CopyFailure::there)?;
        match target {
            CopyTarget::Path(to) => self.copy_onto(&files.view, &source, to, request.keep_owners),
            CopyTarget::Stream(out) => {
                let mut archive = Archive(Writer::new(out));
                let packing = Packing::new(self, &files.view, &mut archive);
                let bytes = packing.pack(&source.path, &source.name).map_err(CopyFailure::there)?;
                archive.finish().map_err(CopyFailure::local)?;
                Ok(Copied { bytes, to: b"-".to_vec() })
            }
        }
    }

    fn copy_onto(
        &self,
        view: &View,
        source: &Source,
        to: Vec<u8>,
        keep_owners: bool,
    ) -> Result<Copied, CopyFailure> {
        let copy = || {
            let destination = local::destination(&to)?;
            let (folder, name) = plan(&destination, source.stat.kind == FileKind::Dir, &source.name)?;
            let folder = [b"/", &folder[..]].concat();
            let here = View::plain(Tree::open(local::os(&folder))?);
            // An ordinary user gives nothing away: not even they could remove it.
            let keeps = keep_owners && !user_namespace::is_inside();
            let owners = if keeps { Owners::Kept } else { Owners::Caller };
            let shown = String::from_utf8_lossy(&folder).into_owned();
            let mut unpacking = Unpacking::new(&here, Vec::new(), shown, owners);
            let bytes = Packing::new(self, view, &mut unpacking).pack(&source.path, &name)?;
            unpacking.finish()?;
            Ok(bytes)
        };
        let bytes = copy().map_err(|error: Error| CopyFailure::local(error))?;
        Ok(Copied { bytes, to })
    }
}

/// Something in a container that is to be copied.
struct Source {
    path: Vec<u8>,
    stat: Stat,
    /// What it is called.
    name: Vec<u8>,
}

fn source(view: &View, request: &CopyOut) -> Result<Source, Error> {
    if request.path.is_empty() {
        return Err(Error::invalid("bad parameter: path cannot be empty"));
    }
    let mut asked = request.path.clone();
    let name = archive_name(&asked);
    if request.follow
        && let Ok(link) = look(view, &asked)
        && link.stat.is_some_and(|stat| stat.kind == FileKind::Symlink)
    {
        asked = target(view, &link.path, &asked);
    }
    let found = look(view, &asked).map_err(|lost| match lost {
        Lost::Missing(_) => not_found(&asked, &request.container),
        lost => lost.of(&shown_as(&asked)),
    })?;
    match found.stat {
        Some(stat) => Ok(Source { path: found.path, stat, name }),
        None => Err(not_found(&asked, &request.container)),
    }
}

/// What is at a path, a link itself unless the path says that it is a directory's.
pub(super) fn look(view: &View, asked: &[u8]) -> Result<Found, Lost> {
    let found = view.find(asked, says_directory(asked))?;
    match found.stat {
        Some(stat) if says_directory(asked) && stat.kind != FileKind::Dir => Err(Lost::NotADirectory),
        _ => Ok(found),
    }
}

/// Where a link leads in the end, there or not.
pub(super) fn target(view: &View, link: &[u8], asked: &[u8]) -> Vec<u8> {
    let target = match view.find(link, true) {
        Ok(found) => found.path,
        Err(Lost::Missing(path)) => path,
        Err(_) => clean(asked),
    };
    let mut target = [b"/", &target[..]].concat();
    if is_content(asked) {
        target.extend_from_slice(b"/.");
    }
    target
}

pub(super) fn not_found(path: &[u8], container: &str) -> Error {
    let path = String::from_utf8_lossy(path);
    Error::new(ErrorKind::NotFound, format!("Could not find the file {path} in container {container}"))
}

/// A path in the container with what it says about directories.
fn shown_as(asked: &[u8]) -> String {
    let tail = match (is_content(asked), asked.ends_with(b"/")) {
        (true, _) => "/.",
        (_, true) => "/",
        _ => "",
    };
    format!("{}{tail}", shown(&clean(asked)))
}
