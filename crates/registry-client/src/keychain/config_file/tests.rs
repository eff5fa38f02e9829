use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::endpoints::HUB_SERVER;

fn password(user: &str, secret: &str) -> Credentials {
    Credentials::Password { user: user.to_owned(), password: Secret::new(secret) }
}

fn keychain(folder: &Path) -> ConfigKeychain {
    ConfigKeychain::new(folder.join(".docker"), None, HelperPrograms::new(vec![folder.to_owned()]))
}

fn write(keychain: &ConfigKeychain, text: &str, mode: u32) {
    std::fs::create_dir_all(&keychain.folder).unwrap();
    std::fs::write(keychain.path(), text).unwrap();
    std::fs::set_permissions(keychain.path(), std::fs::Permissions::from_mode(mode)).unwrap();
}

fn install(folder: &Path, program: &str, script: &str) {
    let path = folder.join(program);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

const ONE: &str = r#"{"auths":{"reg.example":{"auth":"am9lOnNlY3JldA=="}}}"#;

#[test]
fn key_1_credentials_are_kept_privately_and_come_back() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    assert_eq!(keychain.credentials("127.0.0.1:5001"), Ok(Credentials::Anonymous));
    let place = keychain.store("127.0.0.1:5001", &password("joe", "secret")).unwrap();
    assert_eq!(place, Place::File(keychain.path()));
    assert_eq!(
        std::fs::read_to_string(keychain.path()).unwrap(),
        "{\n\t\"auths\": {\n\t\t\"127.0.0.1:5001\": {\n\t\t\t\"auth\": \"am9lOnNlY3JldA==\"\n\t\t}\n\t}\n}"
    );
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode(&keychain.path()), mode(&keychain.folder)), (0o600, 0o700));
    assert_eq!(keychain.credentials("127.0.0.1:5001"), Ok(password("joe", "secret")));
    keychain.erase("127.0.0.1:5001").unwrap();
    keychain.erase("127.0.0.1:5001").unwrap();
    assert_eq!(keychain.credentials("127.0.0.1:5001"), Ok(Credentials::Anonymous));
    assert_eq!(std::fs::read_to_string(keychain.path()).unwrap(), "{\n\t\"auths\": {}\n}");
}

#[test]
fn key_1_who_may_write_and_read_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    for (mode, usable, warned) in [
        (0o600, true, false),
        (0o400, true, false),
        (0o644, true, true),
        (0o620, false, false),
        (0o666, false, false),
    ] {
        write(&keychain, ONE, mode);
        assert_eq!(keychain.credentials("reg.example").is_ok(), usable, "{mode:o}");
        assert_eq!(keychain.warning().is_some(), warned, "{mode:o}");
    }
    let error = keychain.credentials("reg.example").unwrap_err().to_string();
    assert!(error.ends_with("can be written by others (mode 0666): run `chmod go-w` on it"), "{error}");
    assert!(keychain.store("reg.example", &password("a", "b")).is_err());
    assert_eq!(std::fs::read_to_string(keychain.path()).unwrap(), ONE);
}

#[test]
fn key_1_a_huge_file_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    let of = |bytes: usize| format!("{{\"x\":\"{}\"}}", "a".repeat(bytes - 8));
    write(&keychain, &of(1 << 20), 0o600);
    assert_eq!(keychain.credentials("r"), Ok(Credentials::Anonymous));
    write(&keychain, &of((1 << 20) + 1), 0o600);
    assert!(keychain.credentials("r").unwrap_err().to_string().ends_with("has more than 1048576 bytes"));
}

#[test]
fn key_1_a_link_stays_a_link() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    std::fs::create_dir_all(scratch.path().join("dotfiles")).unwrap();
    std::fs::create_dir_all(&keychain.folder).unwrap();
    let target = scratch.path().join("dotfiles/docker.json");
    std::fs::write(&target, ONE).unwrap();
    std::os::unix::fs::symlink(&target, keychain.path()).unwrap();
    keychain.store("other", &password("a", "b")).unwrap();
    assert!(std::fs::symlink_metadata(keychain.path()).unwrap().is_symlink());
    assert!(std::fs::read_to_string(&target).unwrap().contains("\"other\""));
}

#[test]
fn key_6_identity_tokens_are_stored_where_passwords_are() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    let token = Credentials::IdentityToken { user: "joe".to_owned(), token: Secret::new("refresh") };
    keychain.store(HUB_SERVER, &token).unwrap();
    assert_eq!(keychain.credentials(HUB_SERVER), Ok(token));
    let text = std::fs::read_to_string(keychain.path()).unwrap();
    assert!(
        text.contains("\"auth\": \"am9lOg==\"") && text.contains("\"identitytoken\": \"refresh\""),
        "{text}"
    );
}

#[test]
fn key_8_nothing_for_a_server_is_anonymous() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    write(&keychain, &ONE.replace("reg.example", HUB_SERVER), 0o600);
    assert_eq!(keychain.credentials("reg.example"), Ok(Credentials::Anonymous));
    assert_eq!(keychain.credentials(HUB_SERVER), Ok(password("joe", "secret")));
}

#[test]
fn the_variable_goes_before_the_file() {
    let scratch = tempfile::tempdir().unwrap();
    let mut keychain = keychain(scratch.path());
    write(&keychain, ONE, 0o600);
    keychain.variable = Some(Secret::new(r#"{"auths":{"reg.example":{"auth":"amFuZTp4"}}}"#));
    assert_eq!(keychain.credentials("reg.example"), Ok(password("jane", "x")));
    keychain.variable = Some(Secret::new(r#"{"auths":{"other":{"auth":"amFuZTp4"}}}"#));
    assert_eq!(keychain.credentials("reg.example"), Ok(password("joe", "secret")));
    keychain.variable = Some(Secret::new("{secret"));
    let error = keychain.credentials("reg.example").unwrap_err().to_string();
    assert!(error.starts_with("DOCKER_AUTH_CONFIG: ") && !error.contains("secret"), "{error}");
}

#[test]
fn a_helper_keeps_what_the_file_only_mentions() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    let kept = scratch.path().join("kept").display().to_string();
    let script = format!("case $1 in store) cat >{kept};; get) cat {kept};; erase) rm {kept};; esac");
    install(scratch.path(), "docker-credential-fake", &script);
    write(&keychain, r#"{"credsStore":"fake","x":1}"#, 0o600);
    let place = keychain.store("127.0.0.1:5001", &password("joe", "secret")).unwrap();
    assert_eq!(place, Place::Helper("fake".to_owned()));
    assert_eq!(
        std::fs::read_to_string(keychain.path()).unwrap(),
        "{\n\t\"auths\": {\n\t\t\"127.0.0.1:5001\": {}\n\t},\n\t\"credsStore\": \"fake\",\n\t\"x\": 1\n}"
    );
    assert_eq!(keychain.credentials("127.0.0.1:5001"), Ok(password("joe", "secret")));
    keychain.erase("127.0.0.1:5001").unwrap();
    assert!(!std::fs::read_to_string(keychain.path()).unwrap().contains("127.0.0.1"));
}

#[test]
fn the_systems_store_is_used_where_nothing_says_otherwise() {
    let scratch = tempfile::tempdir().unwrap();
    let keychain = keychain(scratch.path());
    let script = "cat >/dev/null; echo '{\"Username\":\"joe\",\"Secret\":\"kept\"}'";
    install(scratch.path(), "docker-credential-secretservice", script);
    assert_eq!(keychain.credentials("reg.example"), Ok(password("joe", "kept")));
    write(&keychain, ONE, 0o600);
    assert_eq!(keychain.credentials("reg.example"), Ok(password("joe", "secret")));
    assert_eq!(keychain.credentials("other"), Ok(Credentials::Anonymous));
}

#[test]
fn logout_forgets_older_forms_of_a_name() {
    assert_eq!(forms("reg:5000"), ["reg:5000", "http://reg:5000", "https://reg:5000"]);
    assert_eq!(
        forms(HUB_SERVER),
        [HUB_SERVER, "index.docker.io", "http://index.docker.io", "https://index.docker.io"]
    );
}
