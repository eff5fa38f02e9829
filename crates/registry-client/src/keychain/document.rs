//! What Docker's `config.json` says about credentials; members that are not about them stay as they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Credentials, KeychainError};
use crate::endpoints::HUB_SERVER;
use crate::secret::Secret;

/// The parsed file.
#[derive(Clone)]
pub(super) struct ConfigDocument {
    members: Map<String, Value>,
    /// Where it comes from, for errors.
    origin: String,
}

impl ConfigDocument {
    /// Parses the file's bytes; none at all are an empty file.
    pub(super) fn parse(bytes: &[u8], origin: &str) -> Result<ConfigDocument, KeychainError> {
        let malformed =
            |reason: &str| KeychainError::Malformed { origin: origin.to_owned(), reason: reason.to_owned() };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(ConfigDocument { members: Map::new(), origin: origin.to_owned() });
        }
        let value = spec::json::parse_strict(bytes).map_err(|error| malformed(&error.to_string()))?;
        let Value::Object(members) = value else { return Err(malformed("it is not a JSON object")) };
        Ok(ConfigDocument { members, origin: origin.to_owned() })
    }

    /// The file's bytes, indented with tabs and without a line break at the end, as Docker writes it.
    pub(super) fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>, KeychainError> {
        let mut bytes = Zeroizing::new(Vec::new());
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut serializer = serde_json::Serializer::with_formatter(&mut *bytes, formatter);
        let written = serde::Serialize::serialize(&self.members, &mut serializer);
        written.map_err(|error| self.malformed(error.to_string()))?;
        Ok(bytes)
    }

    /// The helper for a server: its own, else the general one.
    pub(super) fn helper(&self, server: &str) -> Option<&str> {
        let own = self.members.get("credHelpers").and_then(|helpers| helpers.get(server));
        let general = self.members.get("credsStore");
        own.or(general).and_then(Value::as_str).filter(|name| !name.is_empty())
    }

    /// Whether anything about credentials stands in it.
    pub(super) fn has_credentials(&self) -> bool {
        let filled = |name: &str| match self.members.get(name) {
            Some(Value::Object(members)) => !members.is_empty(),
            Some(Value::String(text)) => !text.is_empty(),
            _ => false,
        };
        filled("auths") || filled("credsStore") || filled("credHelpers")
    }

    /// Names the general helper.
    pub(super) fn set_helper(&mut self, name: &str) {
        self.members.insert("credsStore".to_owned(), json!(name));
    }

    /// What stands in the file for a server: under its own name, or under an older form of it (KEY-2).
    pub(super) fn credentials(&self, server: &str) -> Result<Credentials, KeychainError> {
        let Some(auths) = self.members.get("auths").and_then(Value::as_object) else {
            return Ok(Credentials::Anonymous);
        };
        let older = || auths.iter().find(|(key, _)| is_same_server(key, server)).map(|(_, entry)| entry);
        match auths.get(server).or_else(older) {
            Some(entry) => self.read_entry(server, entry),
            None => Ok(Credentials::Anonymous),
        }
    }

    fn read_entry(&self, server: &str, entry: &Value) -> Result<Credentials, KeychainError> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (mut user, mut password) = (
            text("username").unwrap_or_default().to_owned(),
            Secret::new(text("password").unwrap_or_default()),
        );
        if let Some(encoded) = text("auth") {
            (user, password) = decode(encoded)
                .ok_or_else(|| self.malformed(format!("the entry for {server} has no user and password")))?;
        }
        if let Some(token) = text("identitytoken") {
            return Ok(Credentials::IdentityToken { user, token: Secret::new(token) });
        }
        Ok(if user.is_empty() { Credentials::Anonymous } else { Credentials::Password { user, password } })
    }

    /// Puts a server's entry: the credentials, or an empty one where a helper keeps them.
    pub(super) fn set_entry(&mut self, server: &str, kept: Option<&Credentials>) {
        let mut entry = Map::new();
        match kept {
            Some(Credentials::Password { user, password }) => {
                entry.insert("auth".to_owned(), json!(encode(user, password.expose())));
            }
            Some(Credentials::IdentityToken { user, token }) => {
                entry.insert("auth".to_owned(), json!(encode(user, "")));
                entry.insert("identitytoken".to_owned(), json!(token.expose()));
            }
            Some(Credentials::Anonymous) | None => {}
        }
        let mut auths = match self.members.remove("auths") {
            Some(Value::Object(auths)) => auths,
            _ => Map::new(),
        };
        auths.insert(server.to_owned(), Value::Object(entry));
        // Docker writes the entries in the order of their names, before everything else.
        let mut sorted: Vec<(String, Value)> = auths.into_iter().collect();
        sorted.sort_by(|a, b| a.0.cmp(&b.0));
        let rest = std::mem::take(&mut self.members);
        self.members.insert("auths".to_owned(), Value::Object(sorted.into_iter().collect()));
        self.members.extend(rest);
    }

    /// Removes entries; says whether there were any.
    pub(super) fn remove_entries(&mut self, servers: &[&str]) -> bool {
        let Some(auths) = self.members.get_mut("auths").and_then(Value::as_object_mut) else { return false };
        let before = auths.len();
        auths.retain(|key, _| !servers.contains(&key.as_str()));
        auths.len() != before
    }

    fn malformed(&self, reason: String) -> KeychainError {
        KeychainError::Malformed { origin: self.origin.clone(), reason }
    }
}

/// Whether an entry's name is an older way to write a server: with a scheme or a path, but the same host and
/// port. Nothing else makes names equal: no suffix, no pattern, no other port.
fn is_same_server(key: &str, server: &str) -> bool {
    let host = host_of(key);
    match server {
        HUB_SERVER => host == "index.docker.io" || host == "docker.io",
        server => host == server,
    }
}

fn host_of(key: &str) -> &str {
    let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    bare.split('/').next().unwrap_or_default()
}

fn encode(user: &str, password: &str) -> String {
    STANDARD.encode(Zeroizing::new(format!("{user}:{password}")).as_bytes())
}

/// `base64(user:password)`; what Docker cuts off at the end of the password, some old files have.
fn decode(encoded: &str) -> Option<(String, Secret)> {
    let bytes = Zeroizing::new(STANDARD.decode(encoded).ok()?);
    let (user, password) = str::from_utf8(&bytes).ok()?.split_once(':')?;
    let password = password.trim_matches('\0');
    (!user.is_empty()).then(|| (user.to_owned(), Secret::new(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> Credentials {
        Credentials::Password { user: user.to_owned(), password: Secret::new(password) }
    }

    fn lookup(file: &str, server: &str) -> Result<Credentials, KeychainError> {
        ConfigDocument::parse(file.as_bytes(), "config.json")?.credentials(server)
    }

    #[test]
    fn key_2_entries_match_the_host_exactly_or_in_an_older_form() {
        let entry = r#"{"auth":"am9lOnNlY3JldA=="}"#;
        let check = |key: &str, server: &str, found: bool| {
            let file = format!("{{\"auths\":{{\"{key}\":{entry}}}}}");
            let expect = if found { password("joe", "secret") } else { Credentials::Anonymous };
            assert_eq!(lookup(&file, server), Ok(expect), "{key} for {server}");
        };
        check("reg.example", "reg.example", true);
        check("reg.example:5000", "reg.example:5000", true);
        check("https://reg.example", "reg.example", true);
        check("http://reg.example/v1/", "reg.example", true);
        check("https://reg.example:5000/v2/", "reg.example:5000", true);
        check(HUB_SERVER, HUB_SERVER, true);
        check("https://index.docker.io/v2/", HUB_SERVER, true);
        check("docker.io", HUB_SERVER, true);
        check("reg.example", "reg.example:5000", false);
        check("reg.example:5000", "reg.example", false);
        check("example", "reg.example", false);
        check("reg.example", "example", false);
        check("sub.reg.example", "reg.example", false);
        check("*.example", "reg.example", false);
        check("reg.example.evil", "reg.example", false);
        check(HUB_SERVER, "reg.example", false);
        check(HUB_SERVER, "index.docker.io.evil", false);
    }

    #[test]
    fn entries_are_read() {
        let check = |entry: &str, expect: Option<Credentials>| {
            let found = lookup(&format!("{{\"auths\":{{\"r\":{entry}}}}}"), "r");
            assert_eq!(found.ok(), expect, "{entry}");
        };
        let token =
            |user: &str| Credentials::IdentityToken { user: user.to_owned(), token: Secret::new("tok") };
        check("{}", Some(Credentials::Anonymous));
        check(r#"{"auth":""}"#, Some(Credentials::Anonymous));
        check(r#"{"auth":"am9lOnM6dAAA"}"#, Some(password("joe", "s:t")));
        check(r#"{"username":"joe","password":"x"}"#, Some(password("joe", "x")));
        check(r#"{"auth":"am9lOg==","identitytoken":"tok"}"#, Some(token("joe")));
        check(r#"{"identitytoken":"tok"}"#, Some(token("")));
        check(r#"{"auth":"!!!"}"#, None);
        check(r#"{"auth":"am9l"}"#, None);
        check(r#"{"auth":"OnNlY3JldA=="}"#, None);
        assert!(lookup("[]", "r").is_err());
        assert!(lookup("{\"auths\":{\"r\":{}},\"auths\":{}}", "r").is_err());
        assert_eq!(lookup(" \n", "r"), Ok(Credentials::Anonymous));
        assert_eq!(lookup("{\"auths\":null}", "r"), Ok(Credentials::Anonymous));
    }

    #[test]
    fn key_4_errors_do_not_repeat_what_the_file_says() {
        let error = lookup(r#"{"auths":{"r":{"auth":"c2VjcmV0"}}}"#, "r").unwrap_err().to_string();
        assert_eq!(error, "config.json: the entry for r has no user and password");
    }

    #[test]
    fn helpers_are_chosen_by_server_then_in_general() {
        let file =
            ConfigDocument::parse(br#"{"credsStore":"pass","credHelpers":{"gcr.io":"gcloud"}}"#, "").unwrap();
        assert_eq!(file.helper("gcr.io"), Some("gcloud"));
        assert_eq!(file.helper("eu.gcr.io"), Some("pass"));
        assert_eq!(ConfigDocument::parse(b"{}", "").unwrap().helper("x"), None);
    }

    #[test]
    fn key_1_unknown_members_are_kept_and_the_form_is_dockers() {
        let before = b"{\"psFormat\":\"x\",\"auths\":{\"z\":{\"auth\":\"eg==\",\"email\":\"e\"}},\"later\":{\"a\":[1]}}";
        let mut file = ConfigDocument::parse(before, "").unwrap();
        file.set_entry("127.0.0.1:5001", Some(&password("joe", "secret")));
        let after = String::from_utf8(file.to_bytes().unwrap().to_vec()).unwrap();
        let expect = "{\n\t\"auths\": {\n\t\t\"127.0.0.1:5001\": {\n\t\t\t\"auth\": \"am9lOnNlY3JldA==\"\n\t\t},\n\
                      \t\t\"z\": {\n\t\t\t\"auth\": \"eg==\",\n\t\t\t\"email\": \"e\"\n\t\t}\n\t},\n\
                      \t\"psFormat\": \"x\",\n\t\"later\": {\n\t\t\"a\": [\n\t\t\t1\n\t\t]\n\t}\n}";
        assert_eq!(after, expect);
        assert!(file.remove_entries(&["127.0.0.1:5001"]));
        assert!(!file.remove_entries(&["127.0.0.1:5001"]));
        file.set_entry("h", None);
        assert!(String::from_utf8_lossy(&file.to_bytes().unwrap()).contains("\"h\": {}"));
    }

    proptest::proptest! {
        #[test]
        fn any_file_is_read_without_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..100), auth in "[ -~]{0,40}") {
            let _ = ConfigDocument::parse(&bytes, "f");
            let file = serde_json::json!({"auths": {"r": {"auth": auth}}, "credsStore": auth}).to_string();
            let _ = ConfigDocument::parse(file.as_bytes(), "f").map(|file| file.credentials("r"));
        }
    }
}
