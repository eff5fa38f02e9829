//! A password file in the form of `htpasswd -B` (SRV-14).

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ring::hmac;
use spec::{Digest, RegistryErrorCode as Code};
use tokio::sync::Semaphore;

use crate::blobs::blocking;
use crate::error::{Error, Result};
use crate::limits::{
    BCRYPT_COST_MAX, CONFIG_FILE_BYTES_MAX, PASSWORD_BYTES_MAX, PASSWORD_CHECKS_MAX, PASSWORD_FAILURES_MAX,
};
use crate::random;
use crate::refusal::{Answered, Refusal};

/// The file is looked at again this often.
const RELOAD: Duration = Duration::from_secs(1);
/// Wrong passwords are counted for this long.
const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// Addresses whose failures are counted; when more come, the oldest windows go.
const ADDRESSES_MAX: usize = 10_000;
/// What an unknown user's password is compared with when the file is empty, so that it takes as long.
const NOBODY: &str = "$2b$10$abcdefghijklmnopqrstuuRqGxKQ2HWJ6P2x3nUeJ9Rk8WqQFvK3G";

/// Users and their passwords' hashes.
pub(crate) struct Passwords {
    path: PathBuf,
    state: Mutex<State>,
    checks: Arc<Semaphore>,
    key: hmac::Key,
}

#[derive(Default)]
struct State {
    users: HashMap<String, String>,
    looked: Option<Instant>,
    content: Vec<u8>,
    /// Passwords that were right: keyed hashes, by user, of those that fit the hash that is in the file now.
    right: HashMap<String, (String, Vec<u8>)>,
    failures: HashMap<IpAddr, (Instant, u32)>,
}

impl Passwords {
    /// Reads the file.
    pub(crate) fn open(path: &Path) -> Result<Passwords> {
        let content = disk::read_named(path, CONFIG_FILE_BYTES_MAX)?;
        let users = parse(path, &content)?;
        let state = State { users, content, looked: Some(Instant::now()), ..State::default() };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?);
        let checks = Arc::new(Semaphore::new(PASSWORD_CHECKS_MAX));
        Ok(Passwords { path: path.to_owned(), state: Mutex::new(state), checks, key })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.is_none_or(|looked| looked.elapsed() >= RELOAD) {
            state.looked = Some(Instant::now());
            // A file that is being written, or does not fit, leaves what was read before.
            if let Ok(content) = disk::read_named(&self.path, CONFIG_FILE_BYTES_MAX)
                && content != state.content
                && let Ok(users) = parse(&self.path, &content)
            {
                state.users = users;
                state.content = content;
            }
        }
        state
    }

    /// Changes when the user's password does; nothing for an unknown user.
    pub(crate) fn fingerprint(&self, user: &str) -> Option<String> {
        self.state().users.get(user).map(|hash| Digest::of(hash.as_bytes()).hex()[..16].to_owned())
    }

    /// Whether it is the user's password.
    pub(crate) async fn check(&self, user: &str, password: String, address: IpAddr) -> Answered<bool> {
        if password.len() > PASSWORD_BYTES_MAX || password.contains('\0') {
            return Ok(false);
        }
        let seal = hmac::sign(&self.key, password.as_bytes()).as_ref().to_vec();
        let (known, hash) = {
            let state = self.state();
            let hash = state.users.get(user).cloned();
            if let (Some(hash), Some((of, right))) = (&hash, state.right.get(user))
                && hash == of
                && hmac::verify(&self.key, password.as_bytes(), right).is_ok()
            {
                return Ok(true);
            }
            state.check_failures(address)?;
            let nobody = || state.users.values().next().map_or(NOBODY, String::as_str).to_owned();
            (hash.is_some(), hash.clone().unwrap_or_else(nobody))
        };
        let right = self.compare(password, hash.clone()).await? && known;
        let mut state = self.state();
        if right {
            state.right.insert(user.to_owned(), (hash, seal));
        } else {
            state.count_failure(address);
        }
        Ok(right)
    }

    /// Few at a time, where it holds up no other request.
    async fn compare(&self, password: String, hash: String) -> Answered<bool> {
        let _permit = self.checks.acquire().await.map_err(|_| Error::Stopping)?;
        Ok(blocking(move || Ok(bcrypt::verify(password, &hash).unwrap_or(false))).await?)
    }
}

impl State {
    fn check_failures(&self, address: IpAddr) -> Answered<()> {
        let Some((since, count)) = self.failures.get(&address) else { return Ok(()) };
        let left = FAILURE_WINDOW.saturating_sub(since.elapsed());
        if *count < PASSWORD_FAILURES_MAX || left.is_zero() {
            return Ok(());
        }
        let detail = format!(
            "more wrong passwords within a minute than PASSWORD_FAILURES_MAX ({PASSWORD_FAILURES_MAX})"
        );
        let seconds = (left.as_secs() + 1).to_string();
        Err(Refusal::new(Code::TooManyRequests, detail).with_header(hyper::header::RETRY_AFTER, &seconds))
    }

    fn count_failure(&mut self, address: IpAddr) {
        if self.failures.len() >= ADDRESSES_MAX {
            self.failures.retain(|_, (since, _)| since.elapsed() < FAILURE_WINDOW);
        }
        if self.failures.len() >= ADDRESSES_MAX {
            self.failures.clear();
        }
        let entry = self.failures.entry(address).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= FAILURE_WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

/// Reads `user:hash` lines.
fn parse(path: &Path, content: &[u8]) -> Result<HashMap<String, String>> {
    let refuse =
        |line: usize, reason: &str| Error::Config(format!("{} line {line}: {reason}", path.display()));
    let text = std::str::from_utf8(content).map_err(|_| refuse(1, "the file is not UTF-8"))?;
    let mut users = HashMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (user, hash) = line.split_once(':').ok_or_else(|| refuse(at + 1, "is not user:hash"))?;
        let cost = cost(hash)
            .ok_or_else(|| refuse(at + 1, "the hash is not one of bcrypt; make it with `htpasswd -B`"))?;
        if cost > BCRYPT_COST_MAX {
            let reason = format!("the cost {cost} is more than BCRYPT_COST_MAX ({BCRYPT_COST_MAX})");
            return Err(refuse(at + 1, &reason));
        }
        if user.is_empty() || users.insert(user.to_owned(), hash.to_owned()).is_some() {
            return Err(refuse(at + 1, "the user has no name, or stands there twice"));
        }
    }
    Ok(users)
}

/// The cost in `$2y$10$…`, if that is what it is.
fn cost(hash: &str) -> Option<u32> {
    let rest = ["$2a$", "$2b$", "$2x$", "$2y$"].iter().find_map(|kind| hash.strip_prefix(kind))?;
    let (cost, salted) = rest.split_once('$')?;
    let shaped =
        salted.len() == 53 && salted.bytes().all(|b| b.is_ascii_alphanumeric() || b"./".contains(&b));
    if shaped { cost.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
