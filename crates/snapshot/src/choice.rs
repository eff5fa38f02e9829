//! Which driver is used.

use std::path::Path;

use disk::Dir;

use crate::driver::Driver;
use crate::drivers::{cold, overlay2, vfs};
use crate::error::{Error, Result};

type Open = fn(&Dir) -> Result<Box<dyn Driver>>;

/// The drivers there are, by name; to add one is to add a line here and one to the conformance tests.
const DRIVERS: [(&str, Open); 3] = [
    (overlay2::NAME, |root| Ok(Box::new(overlay2::Overlay2::open(root)?))),
    (vfs::NAME, |root| Ok(Box::new(vfs::Vfs::open(root)?))),
    (cold::NAME, |root| Ok(Box::new(cold::Cold::open(root)?))),
];

/// Opens the driver of a store: the one that is named, else `overlay2` where it can be used, else `cold`.
///
/// Nothing is written: a driver's folders are made when there is something to put into them.
///
/// # Errors
/// When there is no driver of that name, or it cannot be used here.
pub fn open(root: &Dir, choice: Option<&str>) -> Result<Box<dyn Driver>> {
    let Some(name) = choice else { return default(root) };
    match DRIVERS.iter().find(|(known, _)| *known == name) {
        Some((_, open)) => open(root),
        None => {
            let known: Vec<&str> = DRIVERS.iter().map(|(known, _)| *known).collect();
            Err(Error::UnknownDriver { name: name.to_owned(), known: known.join(", ") })
        }
    }
}

/// The drivers that an ordinary user's store may have layers of besides the one in use: containers of one are in a user
/// namespace and have another driver than images are kept with outside.
///
/// # Errors
/// When the disk says no.
pub fn besides(root: &Dir, used: &dyn Driver) -> Result<Vec<Box<dyn Driver>>> {
    let mut others: Vec<Box<dyn Driver>> = Vec::new();
    if used.about().name != cold::NAME {
        others.push(Box::new(cold::Cold::open(root)?));
    }
    if vfs::is_of_users() {
        others.push(Box::new(vfs::Vfs::open_plain(root)?));
    }
    Ok(others)
}

/// Whether a store has layers or snapshots that an ordinary user's containers have in their user namespace.
pub fn has_files_of_users(root: &Path) -> bool {
    ["layers", "snapshots"].iter().any(|folder| root.join(folder).join(vfs::OF_USERS).exists())
}

fn default(root: &Dir) -> Result<Box<dyn Driver>> {
    match overlay2::Overlay2::open(root) {
        Ok(driver) => Ok(Box::new(driver)),
        Err(Error::Unavailable { .. }) => Ok(Box::new(cold::Cold::open(root)?)),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::tempdir().unwrap();
        let root = Dir::open(temporary.path()).unwrap();
        (temporary, root)
    }

    #[test]
    fn opening_writes_nothing_and_finds_all_by_name() {
        let (_temporary, root) = root();
        for (name, _) in DRIVERS {
            match open(&root, Some(name)) {
                Ok(driver) => assert_eq!(driver.about().name, name),
                Err(Error::Unavailable { driver, .. }) => assert_eq!(driver, name),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(root.is_empty().unwrap());
    }

    #[test]
    fn the_default_is_what_works_here() {
        let (_temporary, root) = root();
        let expected = if crate::testing::may_mount() { "overlay2" } else { "cold" };
        assert_eq!(open(&root, None).unwrap().about().name, expected);
    }

    #[test]
    fn unknown_drivers_are_refused_with_those_there_are() {
        let (_temporary, root) = root();
        for name in ["aufs", "", "../vfs", "OVERLAY2"] {
            let text = open(&root, Some(name)).err().unwrap().to_string();
            assert!(text.contains("overlay2, vfs, cold"), "{text}");
        }
    }
}
