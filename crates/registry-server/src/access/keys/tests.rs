use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::super::token::{Grant, join, to_be_signed};
use super::*;
use crate::name::RepositoryName;

const NOW: i64 = 1_700_000_000;

struct Signer {
    ed25519: Ed25519KeyPair,
    p256: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Signer {
        let random = SystemRandom::new();
        let document = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let ed25519 = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        let p256 = EcdsaKeyPair::from_pkcs8(kind, document.as_ref(), &random).unwrap();
        Signer { ed25519, p256 }
    }

    fn set(&self) -> Value {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = self.p256.public_key().as_ref();
        json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": encode(self.ed25519.public_key().as_ref()) },
            { "kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256",
              "x": encode(&point[1..33]), "y": encode(&point[33..]) },
        ]})
    }

    fn issuers(&self) -> Vec<Issuer> {
        let keys = parse(Path::new("keys"), self.set().to_string().as_bytes()).unwrap();
        let text = |text: &str| text.to_owned();
        vec![Issuer { issuer: text("https://i"), audience: text("us"), realm: text("https://i/t"), keys }]
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let signed = to_be_signed(header, claims);
        let signature = match header["kid"].as_str() {
            Some("ec") => self.p256.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            _ => self.ed25519.sign(signed.as_bytes()).as_ref().to_vec(),
        };
        join(signed, &signature)
    }
}

fn claims() -> Value {
    let access = json!([{ "type": "repository", "name": "a/b", "actions": ["pull"] }]);
    json!({
        "iss": "https://i", "aud": "us", "sub": "ci", "exp": NOW + 60, "nbf": NOW, "iat": NOW, "access": access,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

#[test]
fn srv_13_tokens_of_trusted_issuers_are_taken() {
    let signer = Signer::new();
    for header in [
        json!({ "alg": "EdDSA", "kid": "ed" }),
        json!({ "alg": "ES256", "kid": "ec" }),
        json!({ "alg": "EdDSA" }),
    ] {
        let found = verify(&signer.issuers(), &signer.token(&header, &claims()), NOW).unwrap();
        let name = RepositoryName::parse("a/b").unwrap();
        assert_eq!(found.grants, [Grant::Repository(name, vec!["pull".to_owned()])], "{header}");
        assert_eq!(found.user.as_deref(), Some("ci"));
    }
    let list = signer.token(&json!({ "alg": "EdDSA" }), &with("aud", json!(["them", "us"])));
    assert!(verify(&signer.issuers(), &list, NOW).is_ok());
    let unknown = with("access", json!([{ "type": "secret", "name": "a", "actions": ["*"] }, 7, {}]));
    let token = signer.token(&json!({ "alg": "EdDSA" }), &unknown);
    assert_eq!(verify(&signer.issuers(), &token, NOW).unwrap().grants, []);
}

#[test]
fn srv_13_claims_are_checked() {
    let signer = Signer::new();
    let check = |claims: &Value, expect: &str| {
        let token = signer.token(&json!({ "alg": "EdDSA", "kid": "ed" }), claims);
        assert_eq!(verify(&signer.issuers(), &token, NOW).unwrap_err(), expect, "{claims}");
    };
    check(&with("iss", json!("https://else")), "the token's issuer is not known");
    check(&with("aud", json!("them")), "the token is for another service");
    check(&with("aud", json!(["them"])), "the token is for another service");
    check(&with("aud", Value::Null), "the token is for another service");
    check(&with("exp", json!(NOW - 60)), "the token has expired");
    check(&with("exp", Value::Null), "the token has no times");
    check(&with("nbf", json!(NOW + 61)), "the token is not valid yet");
    check(&with("nbf", json!("soon")), "the token has no times");
    let many: Vec<Value> =
        (0..65).map(|n| json!({ "type": "repository", "name": format!("a{n}"), "actions": [] })).collect();
    check(&with("access", json!(many)), "the token's access list is longer than ACCESS_ENTRIES_MAX");
    let skewed = with("exp", json!(NOW - 59));
    let token = signer.token(&json!({ "alg": "EdDSA", "kid": "ed" }), &skewed);
    assert!(verify(&signer.issuers(), &token, NOW).is_ok());
}

#[test]
fn srv_13_a_token_chooses_neither_key_nor_algorithm() {
    let (signer, stranger) = (Signer::new(), Signer::new());
    let refused = |token: &str| verify(&signer.issuers(), token, NOW).unwrap_err();
    let wrong = "the token's signature is not right";
    for header in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "ed" }),
        json!({ "alg": "ES256", "kid": "ed" }),
        json!({ "alg": "EdDSA", "kid": "other" }),
        json!({ "alg": "EdDSA", "kid": "../ed" }),
    ] {
        assert_eq!(refused(&signer.token(&header, &claims())), wrong, "{header}");
    }
    let own = stranger.set()["keys"][0].clone();
    for header in [
        json!({ "alg": "EdDSA", "kid": "ed", "jwk": own }),
        json!({ "alg": "EdDSA", "kid": "ed", "jku": "http://127.0.0.1/keys", "x5u": "http://127.0.0.1/x" }),
        json!({ "alg": "EdDSA", "x5c": ["MIIB"] }),
    ] {
        assert_eq!(refused(&stranger.token(&header, &claims())), wrong, "{header}");
    }
    let token = signer.token(&json!({ "alg": "EdDSA" }), &claims());
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(refused(&format!("{signed}.")), wrong);
    assert_eq!(
        refused(&signer.token(&json!({ "alg": "EdDSA", "crit": ["x"] }), &claims())),
        "the token has extensions that must be understood"
    );
    for malformed in ["", "a", "a.b", "a.b.c", "....", &"x".repeat(100)] {
        assert_eq!(refused(malformed), "the token is malformed");
    }
    assert_eq!(refused(&"x".repeat(20_000)), "the token is longer than JWT_BYTES_MAX");
}

#[test]
fn srv_13_shared_secrets_are_no_keys() {
    let check = |key: Value, expect: &str| {
        let text = json!({ "keys": [key] }).to_string();
        let error = parse(Path::new("keys"), text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(json!({ "kty": "oct", "k": "AAAA" }), "keys: key 1: is a shared secret");
    check(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "HS256" }), "is for another algorithm");
    check(json!({ "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" }), "is none of");
    check(json!({ "kty": "OKP", "crv": "Ed25519" }), "a number is missing");
    assert!(parse(Path::new("keys"), b"{\"keys\":[]}").is_err());
    assert!(parse(Path::new("keys"), b"[]").is_err());
}
