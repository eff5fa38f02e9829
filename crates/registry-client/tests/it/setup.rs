//! What the tests share: clients that do not wait, documents, keychains that write down who is asked for.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use registry_client::{
    BlobBody, Cancel, Client, ClientOptions, Clock, Credentials, Error, Keychain, KeychainError, Secret,
    Timeouts,
};
use spec::{Descriptor, Digest, MediaType, Reference};

use crate::peer::{Act, Seen, reply};

/// A clock that does not wait but writes down how long it should have.
#[derive(Default)]
pub(crate) struct FakeClock(pub(crate) Mutex<Vec<Duration>>);

impl Clock for FakeClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration, cancel: &Cancel) -> bool {
        self.0.lock().unwrap().push(duration);
        cancel.is_cancelled()
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// Credentials by server, and who was asked for.
#[derive(Default)]
pub(crate) struct Keys {
    known: HashMap<String, Credentials>,
    pub(crate) asked: Mutex<Vec<String>>,
}

impl Keys {
    pub(crate) fn new(known: &[(&str, Credentials)]) -> Arc<Keys> {
        let known = known.iter().map(|(server, c)| ((*server).to_owned(), c.clone())).collect();
        Arc::new(Keys { known, asked: Mutex::default() })
    }
}

impl Keychain for Keys {
    fn credentials(&self, server: &str) -> Result<Credentials, KeychainError> {
        self.asked.lock().unwrap().push(server.to_owned());
        Ok(self.known.get(server).cloned().unwrap_or(Credentials::Anonymous))
    }
}

pub(crate) fn password(user: &str, password: &str) -> Credentials {
    Credentials::Password { user: user.to_owned(), password: Secret::new(password) }
}

/// Options with times that tests can wait for, and waits that nobody waits for.
pub(crate) fn options() -> ClientOptions {
    ClientOptions {
        timeouts: Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(5),
            commit: Duration::from_secs(5),
            stall_window: Duration::from_millis(400),
        },
        clock: Arc::new(FakeClock::default()),
        ..ClientOptions::default()
    }
}

pub(crate) fn client() -> Client {
    Client::new(options(), Cancel::new())
}

pub(crate) fn reference(text: &str) -> Reference {
    Reference::parse(text).unwrap()
}

/// A small image manifest.
pub(crate) fn manifest() -> Vec<u8> {
    let digest = Digest::of(b"config");
    format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"config\":{{\"mediaType\":\"{}\",\"digest\":\"{digest}\",\
         \"size\":6}},\"layers\":[]}}",
        MediaType::OCI_MANIFEST,
        MediaType::OCI_CONFIG
    )
    .into_bytes()
}

/// An answer with the manifest, as a registry sends it.
pub(crate) fn manifest_answer() -> Vec<Act> {
    let bytes = manifest();
    let digest = Digest::of(&bytes).to_string();
    reply("200 OK", &[("Content-Type", MediaType::OCI_MANIFEST), ("Docker-Content-Digest", &digest)], bytes)
}

/// As [`manifest_answer`], for a HEAD too.
pub(crate) fn answer_manifest(seen: &Seen) -> Vec<Act> {
    let mut acts = manifest_answer();
    if seen.line().starts_with("HEAD ")
        && let Some(Act::Send(bytes)) = acts.first_mut()
    {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        bytes.truncate(end + 4);
    }
    acts
}

pub(crate) fn layer(bytes: &[u8]) -> Descriptor {
    Descriptor::of(MediaType::known(MediaType::OCI_LAYER), bytes)
}

/// Everything of a body.
pub(crate) fn read(mut body: BlobBody) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match body.read_some(&mut piece)? {
            0 => return Ok(bytes),
            n => bytes.extend_from_slice(&piece[..n]),
        }
    }
}

/// The same through `Read`.
pub(crate) fn read_io(mut body: BlobBody) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes)?;
    Ok(bytes)
}
