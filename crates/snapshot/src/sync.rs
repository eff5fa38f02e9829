//! Making stored layers durable, in a quiet moment (decision 17).

use crate::driver::Driver;
use crate::error::Result;
use crate::meta::Meta;

/// Makes what a driver has stored durable, so that it is still believed after another boot. Says how many
/// layers and stacks that concerned.
///
/// Never to be called while somebody waits for a pull: it writes out the whole file system.
///
/// # Errors
/// When the disk says no; what was marked by then is durable.
pub fn sync(driver: &dyn Driver) -> Result<usize> {
    let mut unsynced = Vec::new();
    for stored in driver.walk()?.into_iter().filter(|stored| stored.ready) {
        // What vanishes meanwhile was swept by somebody else.
        let Some(folder) = stored.folder.dir_if_exists(&stored.name)? else { continue };
        if let Some(meta) = Meta::read(&folder)?.filter(|meta| !meta.synced) {
            unsynced.push((folder, meta));
        }
    }
    if let Some((folder, _)) = unsynced.first() {
        rustix::fs::syncfs(folder.fd()).map_err(|e| disk::Error::new("sync", folder.path(), e))?;
    }
    for (folder, meta) in &unsynced {
        meta.mark_synced(folder)?;
    }
    Ok(unsynced.len())
}
