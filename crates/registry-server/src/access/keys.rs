//! Keys of others whose tokens are trusted: a JWK set (RFC 7517) in a file, each key with one algorithm.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;

use super::token::{Claims, Parts};
use crate::error::{Error, Result};
use crate::limits::CONFIG_FILE_BYTES_MAX;

/// Somebody whose tokens are trusted.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// Its name in `iss`.
    pub issuer: String,
    /// Our name in `aud`.
    pub audience: String,
    /// Where clients get its tokens.
    pub realm: String,
    keys: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl Public {
    fn algorithm(&self) -> &'static str {
        match self {
            Public::Ed25519(_) => "EdDSA",
            Public::P256(_) => "ES256",
            Public::Rsa { .. } => "RS256",
        }
    }

    fn verifies(&self, signed: &[u8], signature: &[u8]) -> bool {
        let result = match self {
            Public::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(signed, signature),
            Public::P256(key) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key).verify(signed, signature)
            }
            Public::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
            }
        };
        result.is_ok()
    }
}

impl Issuer {
    /// Reads an issuer's keys.
    pub(crate) fn open(issuer: String, audience: String, realm: String, keys: &Path) -> Result<Issuer> {
        let bytes = disk::read_named(keys, CONFIG_FILE_BYTES_MAX)?;
        let keys = parse(keys, &bytes)?;
        Ok(Issuer { issuer, audience, realm, keys })
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Vec<Key>> {
    let refuse = |reason: String| Error::Config(format!("{}: {reason}", PathBuf::from(path).display()));
    let set: Value = spec::json::parse_strict(bytes).map_err(|e| refuse(e.to_string()))?;
    let keys =
        set.get("keys").and_then(Value::as_array).ok_or_else(|| refuse("has no list of keys".to_owned()))?;
    let key = |(at, value): (usize, &Value)| {
        key(value).map_err(|reason| refuse(format!("key {}: {reason}", at + 1)))
    };
    let keys: Vec<Key> = keys.iter().enumerate().map(key).collect::<Result<_>>()?;
    if keys.is_empty() { Err(refuse("has no keys".to_owned())) } else { Ok(keys) }
}

fn key(value: &Value) -> std::result::Result<Key, &'static str> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let number = |name: &'static str| {
        let bytes = text(name).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        bytes.ok_or("a number is missing or malformed")
    };
    let public = match (text("kty"), text("crv")) {
        (Some("OKP"), Some("Ed25519")) => Public::Ed25519(number("x")?),
        (Some("EC"), Some("P-256")) => {
            let mut point = vec![4];
            point.extend(number("x")?);
            point.extend(number("y")?);
            Public::P256(point)
        }
        (Some("RSA"), _) => Public::Rsa { n: number("n")?, e: number("e")? },
        // A shared secret would let whoever checks tokens make them.
        (Some("oct"), _) => return Err("is a shared secret; only public keys are taken"),
        _ => return Err("is none of Ed25519, P-256, RSA"),
    };
    if text("alg").is_some_and(|algorithm| algorithm != public.algorithm()) {
        return Err("is for another algorithm than EdDSA, ES256, RS256");
    }
    Ok(Key { id: text("kid").map(str::to_owned), public })
}

/// Checks a token of one of the issuers. The key is one of ours to choose: by its id, and by the issuer's name;
/// the token's word on the algorithm has to agree with the key's (SRV-13).
pub(super) fn verify(issuers: &[Issuer], token: &str, now: i64) -> std::result::Result<Claims, &'static str> {
    let parts = Parts::read(token)?;
    let issuer = issuers.iter().find(|issuer| Some(issuer.issuer.as_str()) == parts.issuer());
    let issuer = issuer.ok_or("the token's issuer is not known")?;
    let fits = |key: &&Key| parts.key_id.is_none() || key.id == parts.key_id;
    let signed = parts.signed.as_bytes();
    let verifies = |key: &Key| {
        key.public.algorithm() == parts.algorithm && key.public.verifies(signed, &parts.signature)
    };
    if !issuer.keys.iter().filter(fits).any(verifies) {
        return Err("the token's signature is not right");
    }
    parts.check(&issuer.issuer, &issuer.audience, now)
}

#[cfg(test)]
mod tests;
