use std::os::unix::fs::PermissionsExt;

use super::*;

struct Scratch {
    folder: tempfile::TempDir,
    programs: HelperPrograms,
}

/// A helper that writes down what it is asked and answers by `script`.
fn helper(script: &str) -> Scratch {
    let folder = tempfile::tempdir().unwrap();
    let programs = HelperPrograms::new(vec![PathBuf::from("relative"), folder.path().to_owned()]);
    let log = folder.path().join("log").display().to_string();
    let script = format!("#!/bin/sh\necho \"verb=$*\" >>{log}\ncat >>{log}\necho >>{log}\n{script}\n");
    let path = folder.path().join("docker-credential-fake");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    Scratch { folder, programs }
}

impl Scratch {
    fn helper(&self) -> Helper<'_> {
        Helper { name: "fake", programs: &self.programs }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

fn password(user: &str, secret: &str) -> Credentials {
    Credentials::Password { user: user.to_owned(), password: Secret::new(secret) }
}

#[test]
fn key_3_a_helper_is_asked_with_one_verb_and_the_server_on_its_input() {
    let scratch = helper(r#"echo '{"ServerURL":"reg","Username":"joe","Secret":"s"}'"#);
    assert_eq!(scratch.helper().get("reg"), Ok(password("joe", "s")));
    assert_eq!(scratch.log(), "verb=get\nreg\n");
}

#[test]
fn key_3_a_secret_of_the_token_user_is_an_identity_token() {
    let scratch = helper(r#"echo '{"Username":"<token>","Secret":"s"}'"#);
    let token = Credentials::IdentityToken { user: String::new(), token: Secret::new("s") };
    assert_eq!(scratch.helper().get("reg"), Ok(token.clone()));
    scratch.helper().store("reg", &token).unwrap();
    assert!(
        scratch
            .log()
            .ends_with("verb=store\n{\"ServerURL\":\"reg\",\"Username\":\"<token>\",\"Secret\":\"s\"}\n")
    );
}

#[test]
fn key_3_secrets_go_by_the_input_and_never_by_arguments() {
    let scratch = helper(
        "tr '\\0' ' ' </proc/$$/cmdline >>\"$0.args\"; tr '\\0' '\\n' </proc/$$/environ >>\"$0.args\"",
    );
    scratch.helper().store("reg", &password("joe", "unique-secret")).unwrap();
    scratch.helper().erase("reg").unwrap();
    let arguments =
        std::fs::read_to_string(scratch.folder.path().join("docker-credential-fake.args")).unwrap();
    assert!(!arguments.contains("unique-secret"));
    assert!(scratch.log().contains("unique-secret"));
    assert!(scratch.log().ends_with("verb=erase\nreg\n"));
}

#[test]
fn key_3_not_found_is_anonymous_and_every_other_failure_stops() {
    let missing = helper("echo credentials not found in native keychain; exit 1");
    assert_eq!(missing.helper().get("reg"), Ok(Credentials::Anonymous));
    assert_eq!(missing.helper().erase("reg"), Ok(()));
    let broken = helper("echo 'keychain \\033[31m locked'; exit 2");
    assert_eq!(
        broken.helper().get("reg").unwrap_err().to_string(),
        "error getting credentials - err: exit status 2, out: `keychain \\u{1b}[31m locked`"
    );
    assert!(broken.helper().erase("reg").is_err());
    let silent = helper("echo on stderr >&2; exit 1");
    let error = silent.helper().get("reg").unwrap_err().to_string();
    assert_eq!(error, "error getting credentials - err: exit status 1, out: `on stderr`");
    for nonsense in ["echo", "echo '[]'", "echo '{\"Username\":\"joe\"}'", "echo '{}{}'"] {
        let scratch = helper(nonsense);
        assert_eq!(scratch.helper().get("reg"), Err(KeychainError::HelperAnswer("fake".to_owned())));
    }
}

#[test]
fn key_3_time_and_output_are_bounded() {
    let mut slow = helper("sleep 60");
    slow.programs.timeout = Duration::from_millis(300);
    let begun = Instant::now();
    assert_eq!(slow.helper().get("reg"), Err(KeychainError::HelperTimeout { name: "fake".to_owned() }));
    assert!(begun.elapsed() < Duration::from_secs(20));
    let loud = helper("head -c 70000 /dev/zero | tr '\\0' a");
    assert_eq!(loud.helper().get("reg"), Err(KeychainError::HelperOutput("fake".to_owned())));
    let left_behind = {
        let mut scratch = helper("sleep 60 & exit 0");
        scratch.programs.timeout = Duration::from_millis(300);
        scratch
    };
    assert_eq!(
        left_behind.helper().get("reg"),
        Err(KeychainError::HelperTimeout { name: "fake".to_owned() })
    );
}

#[test]
fn key_3_names_are_names_and_folders_are_absolute() {
    let scratch = helper("exit 0");
    for bad in ["", ".", "../fake", "-x", "a/b", "Fake", "a b", "a;b", "é", "_x"] {
        let helper = Helper { name: bad, programs: &scratch.programs };
        assert!(matches!(helper.get("reg"), Err(KeychainError::HelperName(_))), "{bad:?}");
    }
    assert!(is_helper_name("ecr-login") && is_helper_name("osxkeychain") && is_helper_name("a.b_c"));
    let relative = HelperPrograms::new(vec![PathBuf::from("."), PathBuf::new()]);
    let helper = Helper { name: "fake", programs: &relative };
    assert_eq!(
        helper.get("reg").unwrap_err().to_string(),
        "error getting credentials - err: exec: \"docker-credential-fake\": executable file not found in $PATH"
    );
    assert_eq!(scratch.log(), "");
}

#[test]
fn key_3_no_line_break_is_sent() {
    let scratch = helper("exit 0");
    assert_eq!(scratch.helper().get("reg\nother"), Err(KeychainError::Control("server")));
    assert_eq!(scratch.helper().erase("reg\r"), Err(KeychainError::Control("server")));
    assert_eq!(
        scratch.helper().store("reg", &password("j\noe", "s")),
        Err(KeychainError::Control("user name"))
    );
    assert_eq!(scratch.helper().store("reg", &password("joe", "s\n")), Err(KeychainError::Control("secret")));
    assert_eq!(scratch.log(), "");
}
