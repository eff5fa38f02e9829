//! Content digests: an algorithm and the hash of some bytes (OCI image specification, descriptor, "Digests").

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256, Sha512};

/// A hash algorithm that a digest may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// SHA-256, what everybody uses.
    Sha256,
    /// SHA-512, legal everywhere and rare.
    Sha512,
}

impl Algorithm {
    /// The name as it stands before the colon.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }
    }

    /// Hexadecimal digits of a digest of this algorithm.
    pub fn hex_len(self) -> usize {
        match self {
            Algorithm::Sha256 => 64,
            Algorithm::Sha512 => 128,
        }
    }

    /// The algorithm of a name as it stands before the colon.
    pub fn from_name(name: &str) -> Option<Algorithm> {
        match name {
            "sha256" => Some(Algorithm::Sha256),
            "sha512" => Some(Algorithm::Sha512),
            _ => None,
        }
    }
}

/// Why a text is not a digest; the words are Docker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `algorithm:hex` at all, or with characters that do not belong.
    #[error("invalid checksum digest format")]
    Format,
    /// A known algorithm with too few or too many digits.
    #[error("invalid checksum digest length")]
    Length,
    /// A well-formed digest of an algorithm that is not spoken here.
    #[error("unsupported digest algorithm")]
    Unsupported,
}

/// A checked digest: known algorithm, exact number of lower-case hexadecimal digits.
///
/// Only such a value may become a file name, a part of a URL or a key (REF-2).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    text: Box<str>,
}

impl Digest {
    /// Parses `algorithm:hex`.
    ///
    /// # Errors
    /// Malformed text, a wrong length and an unknown algorithm are told apart.
    pub fn parse(text: &str) -> Result<Digest, DigestError> {
        let (name, hex) = text.split_once(':').ok_or(DigestError::Format)?;
        if !is_algorithm_name(name) || hex.is_empty() {
            return Err(DigestError::Format);
        }
        let Some(algorithm) = Algorithm::from_name(name) else {
            let plausible = hex.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_-".contains(&b));
            return Err(if plausible { DigestError::Unsupported } else { DigestError::Format });
        };
        if hex.len() != algorithm.hex_len() {
            return Err(DigestError::Length);
        }
        if !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(DigestError::Format);
        }
        Ok(Digest { algorithm, text: text.into() })
    }

    /// The SHA-256 digest of some bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut digester = Digester::new(Algorithm::Sha256);
        digester.update(bytes);
        digester.finish()
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits after the colon.
    pub fn hex(&self) -> &str {
        &self.text[self.algorithm.as_str().len() + 1..]
    }

    /// The first twelve hexadecimal digits, as listings show them.
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }

    /// `algorithm:hex`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether `bytes` have this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        let mut digester = Digester::new(self.algorithm);
        digester.update(bytes);
        digester.finish() == *self
    }
}

fn is_algorithm_name(name: &str) -> bool {
    name.split(['+', '.', '_', '-'])
        .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        Digest::parse(text)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Digest::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[derive(Clone)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// Hashes a stream as it passes; also an [`io::Write`] that swallows what it is given.
#[derive(Clone)]
pub struct Digester {
    state: State,
    bytes: u64,
}

impl Digester {
    /// A digester that has seen nothing.
    pub fn new(algorithm: Algorithm) -> Digester {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        };
        Digester { state, bytes: 0 }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        match &mut self.state {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
    }

    /// Bytes seen so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of everything seen.
    pub fn finish(self) -> Digest {
        match self.state {
            State::Sha256(state) => encode(Algorithm::Sha256, &state.finalize()),
            State::Sha512(state) => encode(Algorithm::Sha512, &state.finalize()),
        }
    }
}

/// Kept states of a digester: so that hashing goes on in another process, without reading the bytes again.
impl Digester {
    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.state {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// What has to be kept to go on later: about as long as a block of the algorithm. It is no secret and no
    /// proof; keep it where nobody else can write.
    pub fn save(&self) -> Vec<u8> {
        let mut kept = self.bytes.to_be_bytes().to_vec();
        match &self.state {
            State::Sha256(state) => kept.extend_from_slice(&state.serialize()),
            State::Sha512(state) => kept.extend_from_slice(&state.serialize()),
        }
        kept
    }

    /// A digester as it was when [`Digester::save`] was called; nothing when these are no such bytes.
    pub fn restore(algorithm: Algorithm, kept: &[u8]) -> Option<Digester> {
        let (bytes, state) = kept.split_first_chunk::<8>()?;
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::deserialize(state.try_into().ok()?).ok()?),
            Algorithm::Sha512 => State::Sha512(Sha512::deserialize(state.try_into().ok()?).ok()?),
        };
        Some(Digester { state, bytes: u64::from_be_bytes(*bytes) })
    }
}

impl io::Write for Digester {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn encode(algorithm: Algorithm, hash: &[u8]) -> Digest {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(algorithm.as_str().len() + 1 + algorithm.hex_len());
    text.push_str(algorithm.as_str());
    text.push(':');
    for byte in hash {
        text.push(char::from(HEX[usize::from(byte >> 4)]));
        text.push(char::from(HEX[usize::from(byte & 15)]));
    }
    Digest { algorithm, text: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn hashes_the_empty_string() {
        assert_eq!(Digest::of(b"").as_str(), EMPTY);
        assert!(Digest::parse(EMPTY).unwrap().matches(b""));
        assert!(!Digest::parse(EMPTY).unwrap().matches(b"x"));
        assert_eq!(Digest::parse(EMPTY).unwrap().short(), "e3b0c44298fc");
    }

    #[test]
    fn hashing_goes_on_from_a_kept_state() {
        let bytes: Vec<u8> = (0..1_000u32).map(|n| n as u8).collect();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            let mut whole = Digester::new(algorithm);
            whole.update(&bytes);
            let whole = whole.finish();
            for at in [0, 1, 63, 64, 127, 128, 129, 999, 1_000] {
                let mut first = Digester::new(algorithm);
                first.update(&bytes[..at]);
                let mut second = Digester::restore(algorithm, &first.save()).unwrap();
                assert_eq!(second.bytes(), at as u64);
                second.update(&bytes[at..]);
                assert_eq!(second.finish(), whole, "{at}");
            }
        }
        assert!(Digester::restore(Algorithm::Sha256, &[0; 20]).is_none());
        assert!(Digester::restore(Algorithm::Sha512, b"").is_none());
    }

    #[test]
    fn ref_2_only_exact_digests_are_values() {
        let long = |algorithm: &str, n: usize, c: char| format!("{algorithm}:{}", c.to_string().repeat(n));
        let check = |text: String, expect: Result<(), DigestError>| {
            assert_eq!(Digest::parse(&text).map(|_| ()), expect, "{text}");
        };
        check(long("sha256", 64, 'a'), Ok(()));
        check(long("sha512", 128, '0'), Ok(()));
        check(long("sha256", 63, 'a'), Err(DigestError::Length));
        check(long("sha256", 65, 'a'), Err(DigestError::Length));
        check(long("sha256", 64, 'A'), Err(DigestError::Format));
        check(long("sha256", 64, 'g'), Err(DigestError::Format));
        check(long("sha384", 96, 'a'), Err(DigestError::Unsupported));
        check(long("blake3+x", 64, 'a'), Err(DigestError::Unsupported));
        check("sha256:../../etc/passwd".into(), Err(DigestError::Length));
        check("md5:../../etc/passwd".into(), Err(DigestError::Format));
        check("sha256".into(), Err(DigestError::Format));
        check("sha256:".into(), Err(DigestError::Format));
        check(":abc".into(), Err(DigestError::Format));
        check("SHA256:abc".into(), Err(DigestError::Format));
        check(String::new(), Err(DigestError::Format));
        check(long("sha256", 63, 'a') + "é", Err(DigestError::Length));
    }
}
