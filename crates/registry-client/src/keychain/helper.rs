//! Credential helpers: `docker-credential-NAME` with one verb as argument (KEY-3).

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Credentials, KeychainError};
use crate::foreign::escape;
use crate::limits::{HELPER_OUTPUT_BYTES_MAX, HELPER_TIMEOUT};
use crate::secret::Secret;

/// The user name that marks a secret as an identity token.
const TOKEN_USER: &str = "<token>";
/// What a helper says, and fails, when it has nothing for a server.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// Characters of a helper's words that are shown.
const WORDS_MAX: usize = 200;
/// How often a helper that runs is looked at.
const POLL: Duration = Duration::from_millis(5);

/// Where helpers are found, and how long they may take.
#[derive(Clone, Debug)]
pub struct HelperPrograms {
    /// The folders of `PATH`; those that are not absolute do not count.
    pub folders: Vec<PathBuf>,
    /// How long a helper may take.
    pub timeout: Duration,
}

impl HelperPrograms {
    /// Helpers in these folders.
    pub fn new(folders: Vec<PathBuf>) -> HelperPrograms {
        HelperPrograms { folders, timeout: HELPER_TIMEOUT }
    }

    /// Whether a program is there.
    pub(super) fn contain(&self, program: &str) -> bool {
        self.find(program).is_some()
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        let absolute = self.folders.iter().filter(|folder| folder.is_absolute());
        absolute.map(|folder| folder.join(program)).find(|path| is_executable(path))
    }
}

fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// One helper, by the name that `credsStore` or `credHelpers` has for it.
pub(super) struct Helper<'a> {
    pub(super) name: &'a str,
    pub(super) programs: &'a HelperPrograms,
}

impl Helper<'_> {
    /// The credentials for a server; "not found" is anonymous, everything else that fails is an error.
    pub(super) fn get(&self, server: &str) -> Result<Credentials, KeychainError> {
        check_line("server", server)?;
        let output = match self.run("get", server.as_bytes())? {
            Outcome::Done(output) => output,
            Outcome::Failed { output, .. } if output.trim() == NOT_FOUND => {
                return Ok(Credentials::Anonymous);
            }
            failed => return Err(failed.error("getting")),
        };
        let answer = || KeychainError::HelperAnswer(self.name.to_owned());
        let value = spec::json::parse_strict(output.as_bytes()).map_err(|_| answer())?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let (user, secret) = text("Username").zip(text("Secret")).ok_or_else(answer)?;
        Ok(match (user.as_str(), secret.is_empty()) {
            (_, true) => Credentials::Anonymous,
            (TOKEN_USER, _) => Credentials::IdentityToken { user: String::new(), token: Secret::new(secret) },
            _ => Credentials::Password { user, password: Secret::new(secret) },
        })
    }

    /// Keeps credentials.
    pub(super) fn store(&self, server: &str, credentials: &Credentials) -> Result<(), KeychainError> {
        let (user, secret) = match credentials {
            Credentials::Anonymous => return self.erase(server),
            Credentials::Password { user, password } => (user.as_str(), password),
            Credentials::IdentityToken { token, .. } => (TOKEN_USER, token),
        };
        check_line("server", server)?;
        check_line("user name", user)?;
        check_line("secret", secret.expose())?;
        let message = json!({"ServerURL": server, "Username": user, "Secret": secret.expose()});
        let message = Zeroizing::new(message.to_string());
        match self.run("store", message.as_bytes())? {
            Outcome::Done(_) => Ok(()),
            failed => Err(failed.error("storing")),
        }
    }

    /// Forgets credentials; that there are none is fine.
    pub(super) fn erase(&self, server: &str) -> Result<(), KeychainError> {
        check_line("server", server)?;
        match self.run("erase", server.as_bytes())? {
            Outcome::Done(_) => Ok(()),
            Outcome::Failed { output, .. } if output.trim() == NOT_FOUND => Ok(()),
            failed => Err(failed.error("erasing")),
        }
    }

    /// Runs the helper with one verb.
    fn run(&self, verb: &str, input: &[u8]) -> Result<Outcome, KeychainError> {
        if !is_helper_name(self.name) {
            return Err(KeychainError::HelperName(escape(self.name, WORDS_MAX)));
        }
        let program = format!("docker-credential-{}", self.name);
        let missing = || KeychainError::HelperMissing(self.name.to_owned());
        let path = self.programs.find(&program).ok_or_else(missing)?;
        let failed = |error: std::io::Error| KeychainError::HelperFailed {
            action: "getting",
            reason: disk::errno_text(&error),
            output: String::new(),
        };
        let mut child = Command::new(path)
            .arg(verb)
            // It may hold other servers' passwords (KEY-4).
            .env_remove("DOCKER_AUTH_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        if let Some(mut stdin) = child.stdin.take() {
            let input = Zeroizing::new(input.to_vec());
            // A helper that does not read its input says by its end what it thinks of it.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let output = child.stdout.take().map(collect);
        let words = child.stderr.take().map(collect);
        let deadline = Instant::now() + self.programs.timeout;
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if Instant::now() >= deadline => {
                    // Gone already is as good.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(KeychainError::HelperTimeout { name: self.name.to_owned() });
                }
                None => std::thread::sleep(POLL),
            }
        };
        self.outcome(status, receive(output, deadline), receive(words, deadline))
    }

    fn outcome(
        &self,
        status: ExitStatus,
        output: Option<Zeroizing<Vec<u8>>>,
        words: Option<Zeroizing<Vec<u8>>>,
    ) -> Result<Outcome, KeychainError> {
        // A program left behind that keeps the output open counts as one that does not end.
        let output = output.ok_or_else(|| KeychainError::HelperTimeout { name: self.name.to_owned() })?;
        if output.len() as u64 > HELPER_OUTPUT_BYTES_MAX {
            return Err(KeychainError::HelperOutput(self.name.to_owned()));
        }
        let output = Zeroizing::new(String::from_utf8_lossy(&output).into_owned());
        if status.success() {
            return Ok(Outcome::Done(output));
        }
        let words = words.map(|words| String::from_utf8_lossy(&words).into_owned()).unwrap_or_default();
        Ok(Outcome::Failed { status, output: output.to_string(), words })
    }
}

/// How a helper ended.
enum Outcome {
    Done(Zeroizing<String>),
    Failed { status: ExitStatus, output: String, words: String },
}

impl Outcome {
    fn error(self, action: &'static str) -> KeychainError {
        let (reason, output) = match self {
            Outcome::Done(_) => (String::new(), String::new()),
            Outcome::Failed { status, output, words } => {
                let said = if output.trim().is_empty() { words } else { output };
                (status.to_string().replace("exit status:", "exit status"), said)
            }
        };
        KeychainError::HelperFailed { action, reason, output: escape(output.trim(), WORDS_MAX) }
    }
}

/// Reads a stream on a thread, up to one byte beyond the limit.
fn collect(stream: impl Read + Send + 'static) -> Receiver<Zeroizing<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Zeroizing::new(Vec::new());
        // What was read before an error is what there is.
        let _ = stream.take(HELPER_OUTPUT_BYTES_MAX + 1).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}

fn receive(from: Option<Receiver<Zeroizing<Vec<u8>>>>, deadline: Instant) -> Option<Zeroizing<Vec<u8>>> {
    from?.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
}

/// `[a-z0-9][a-z0-9._-]*`: nothing that a path or a shell could read otherwise.
fn is_helper_name(name: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    name.bytes().next().is_some_and(word) && name.bytes().all(|b| word(b) || b"._-".contains(&b))
}

fn check_line(what: &'static str, text: &str) -> Result<(), KeychainError> {
    if text.chars().any(char::is_control) { Err(KeychainError::Control(what)) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
