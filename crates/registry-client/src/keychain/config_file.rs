//! Docker's `config.json` and the helpers it names, as a keychain (KEY-1, KEY-3, KEY-6).

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::document::ConfigDocument;
use super::helper::{Helper, HelperPrograms};
use super::{Credentials, Keychain, KeychainError};
use crate::limits::CONFIG_FILE_BYTES_MAX;
use crate::secret::Secret;

const FILE_NAME: &str = "config.json";
const FILE_MODE: u32 = 0o600;
/// Where errors say that the text of the variable comes from.
const VARIABLE: &str = "DOCKER_AUTH_CONFIG";

/// Where credentials were put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file, as good as in the clear.
    File(PathBuf),
    /// With the helper of this name.
    Helper(String),
}

/// The credentials of Docker's configuration folder. Nothing is read before it is asked for.
#[derive(Clone, Debug)]
pub struct ConfigKeychain {
    folder: PathBuf,
    variable: Option<Secret>,
    programs: HelperPrograms,
}

impl ConfigKeychain {
    /// The keychain of a configuration folder (`DOCKER_CONFIG`, `~/.docker`); `variable` is what
    /// `DOCKER_AUTH_CONFIG` holds, which goes before the file.
    pub fn new(folder: PathBuf, variable: Option<Secret>, programs: HelperPrograms) -> ConfigKeychain {
        ConfigKeychain { folder, variable: variable.filter(|text| !text.is_empty()), programs }
    }

    /// The file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE_NAME)
    }

    /// Whether credentials come from `DOCKER_AUTH_CONFIG`, which login and logout do not change.
    pub fn has_variable(&self) -> bool {
        self.variable.is_some()
    }

    /// A warning about the file's mode, when others can read the passwords in it (KEY-1).
    pub fn warning(&self) -> Option<String> {
        let mode = mode(&self.path())?;
        let readable = mode & 0o044 != 0 && self.read().is_ok_and(|file| file.has_credentials());
        readable.then(|| {
            format!(
                "{} can be read by others (mode {mode:04o}): run `chmod 600` on it",
                self.path().display()
            )
        })
    }

    /// Keeps credentials, with the helper that the file names for the server or in the file itself.
    ///
    /// # Errors
    /// When the helper or the disk does not take them.
    pub fn store(&self, server: &str, credentials: &Credentials) -> Result<Place, KeychainError> {
        let mut file = self.read_with_default_helper()?;
        let helper = file.helper(server).map(str::to_owned);
        match &helper {
            Some(name) => {
                Helper { name, programs: &self.programs }.store(server, credentials)?;
                file.set_entry(server, None);
            }
            None => file.set_entry(server, Some(credentials)),
        }
        let path = self.write(&file)?;
        Ok(helper.map_or(Place::File(path), Place::Helper))
    }

    /// Forgets the credentials for a server, under older forms of its name too.
    ///
    /// # Errors
    /// When the helper or the disk refuses; that there are none is fine.
    pub fn erase(&self, server: &str) -> Result<(), KeychainError> {
        let mut file = self.read_with_default_helper()?;
        let forms = forms(server);
        let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
        let mut failed = Ok(());
        for form in &forms {
            if let Some(name) = file.helper(form).map(str::to_owned)
                && let Err(error) = (Helper { name: &name, programs: &self.programs }).erase(form)
                && *form == server
            {
                // The entry in the file goes all the same.
                failed = Err(error);
            }
        }
        if file.remove_entries(&forms) {
            self.write(&file)?;
        }
        failed
    }

    fn read(&self) -> Result<ConfigDocument, KeychainError> {
        let path = self.path();
        let bytes = match disk::read_named(&path, CONFIG_FILE_BYTES_MAX) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.is_not_found() => Zeroizing::default(),
            Err(error) => return Err(KeychainError::File(error.to_string())),
        };
        if let Some(mode) = mode(&path).filter(|mode| mode & 0o022 != 0) {
            return Err(KeychainError::Writable { path, mode });
        }
        ConfigDocument::parse(&bytes, &path.display().to_string())
    }

    /// As Docker: where nothing says how credentials are kept, the system's own store is used if it is there.
    fn read_with_default_helper(&self) -> Result<ConfigDocument, KeychainError> {
        let mut file = self.read()?;
        let name = if self.programs.contain("pass") { "pass" } else { "secretservice" };
        if !file.has_credentials() && self.programs.contain(&format!("docker-credential-{name}")) {
            file.set_helper(name);
        }
        Ok(file)
    }

    fn write(&self, file: &ConfigDocument) -> Result<PathBuf, KeychainError> {
        let failed = |error: disk::Error| KeychainError::File(error.to_string());
        // Where the file is a link, what it points at is replaced, as its owner wants it.
        let path = std::fs::canonicalize(self.path()).unwrap_or_else(|_| self.path());
        let folder = path.parent().unwrap_or(&self.folder);
        let folder = disk::create_private(folder).map_err(failed)?;
        let name = path.file_name().unwrap_or(FILE_NAME.as_ref());
        folder.replace(name, &file.to_bytes()?, FILE_MODE).map_err(failed)?;
        Ok(self.path())
    }
}

impl Keychain for ConfigKeychain {
    fn credentials(&self, server: &str) -> Result<Credentials, KeychainError> {
        if let Some(variable) = &self.variable {
            let found = ConfigDocument::parse(variable.expose().as_bytes(), VARIABLE)?.credentials(server)?;
            if found != Credentials::Anonymous {
                return Ok(found);
            }
        }
        let file = self.read_with_default_helper()?;
        match file.helper(server) {
            Some(name) => Helper { name, programs: &self.programs }.get(server),
            None => file.credentials(server),
        }
    }
}

/// The names that `docker logout` forgets.
fn forms(server: &str) -> Vec<String> {
    let bare = server.strip_prefix("https://").or_else(|| server.strip_prefix("http://")).unwrap_or(server);
    let host = bare.split('/').next().unwrap_or(bare);
    let mut forms: Vec<String> = Vec::new();
    for form in [server.to_owned(), host.to_owned(), format!("http://{host}"), format!("https://{host}")] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata: io::Result<std::fs::Metadata> = std::fs::metadata(path);
    metadata.ok().map(|metadata| metadata.permissions().mode() & 0o7777)
}

#[cfg(test)]
mod tests;
