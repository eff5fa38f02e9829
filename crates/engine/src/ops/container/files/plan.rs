//! Where a copy goes and what it is called there: Docker's rules.

use super::path::{says_directory, split_entry};
use crate::error::{Error, Result};

/// Where something is to be copied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// As it was typed, links at its end followed.
    pub(super) path: Vec<u8>,
    /// Whether something is there, and whether that is a directory.
    pub(super) is_dir: Option<bool>,
}

/// The folder that it goes to, clean, and what it is called in it.
pub(super) fn plan(to: &Destination, is_dir: bool, name: &[u8]) -> Result<(Vec<u8>, Vec<u8>)> {
    match to.is_dir {
        Some(true) => Ok((super::path::clean(&to.path), name.to_vec())),
        Some(false) if is_dir => Err(Error::invalid("cannot copy directory")),
        None if !is_dir && says_directory(&to.path) => Err(Error::invalid("no such directory")),
        _ => Ok(split_entry(&to.path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Docker 28's client decides.
    #[test]
    fn copies_go_where_dockers_go() {
        let check =
            |path: &str, there: Option<bool>, is_dir, expect: std::result::Result<(&str, &str), &str>| {
                let to = Destination { path: path.into(), is_dir: there };
                let planned = plan(&to, is_dir, b"src").map_err(|error| error.to_string());
                let expect = expect.map(|(folder, name)| (folder.into(), name.into())).map_err(str::to_owned);
                assert_eq!(planned, expect, "{path} {there:?} {is_dir}");
            };
        check("/a/b", Some(true), false, Ok(("a/b", "src")));
        check("/a/b/", Some(true), true, Ok(("a/b", "src")));
        check("/a/b", Some(false), false, Ok(("a", "b")));
        check("/a/b", Some(false), true, Err("cannot copy directory"));
        check("/a/b", None, false, Ok(("a", "b")));
        check("/a/b/", None, false, Err("no such directory"));
        check("/a/b/.", None, false, Err("no such directory"));
        check("/a/b/", None, true, Ok(("a", "b")));
        check("/a/b/.", None, true, Ok(("a/b", ".")));
        check("b", None, true, Ok(("", "b")));
    }
}
