//! `login` and `logout`, against a registry that wants a password.
use cli::Terminal;
use testkit::Registry;
use testkit::registry::{Auth, Options};

use crate::bench::Bench;

const INSECURE: &str = "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n";

struct Guarded {
    bench: Bench,
    registry: Registry,
}

impl Guarded {
    fn new() -> Self {
        let users = vec![("joe".to_owned(), "secret".to_owned())];
        let options = Options { auth: Auth::Basic, users, ..Options::default() };
        Self { bench: Bench::new(), registry: Registry::with(options) }
    }

    /// Runs `strata login ARGS HOST`; exit code, output, talk.
    fn login(&self, args: &[&str], typed: &'static [u8]) -> (u8, String, String) {
        self.run(&[&["login"], args, &[self.registry.host()]].concat(), typed, false)
    }

    fn run(&self, args: &[&str], typed: &'static [u8], input: bool) -> (u8, String, String) {
        let ran = self.bench.run(args, typed, Terminal { input, ..Terminal::default() });
        (ran.exit, ran.out, ran.err)
    }

    fn stored(&self) -> String {
        let path = format!("{}/docker/config.json", self.bench.path());
        std::fs::read_to_string(path).unwrap_or_default()
    }

    /// What is said where no helper keeps the password.
    fn unencrypted(&self) -> String {
        format!(
            "\nWARNING! Your credentials are stored unencrypted in '{}/docker/config.json'.\n\
             Configure a credential helper to remove this warning. See\n\
             https://docs.docker.com/go/credential-store/\n\n",
            self.bench.path()
        )
    }
}

#[test]
fn a_login_is_proven_kept_used_again_and_forgotten() {
    let guarded = Guarded::new();
    let host = guarded.registry.host().to_owned();
    let refused = format!(
        "{INSECURE}Error response from daemon: login attempt to http://{host}/v2/ failed with status: 401 \
         Unauthorized\n"
    );
    assert_eq!(guarded.login(&["-u", "joe", "-p", "wrong"], b""), (1, String::new(), refused));
    assert_eq!(guarded.stored(), "");
    let succeeded = "Login Succeeded\n".to_owned();
    let told = format!("{INSECURE}{}", guarded.unencrypted());
    assert_eq!(guarded.login(&["-u", "joe", "-p", "secret"], b""), (0, succeeded.clone(), told));
    let kept = format!(
        "{{\n\t\"auths\": {{\n\t\t\"{host}\": {{\n\t\t\t\"auth\": \"am9lOnNlY3JldA==\"\n\t\t}}\n\t}}\n}}"
    );
    assert_eq!(guarded.stored(), kept);
    let again =
        "Authenticating with existing credentials... [Username: joe]\n\n Info -> To login with a different \
                 account, run 'strata logout' followed by 'strata login'\n\n\n"
            .to_owned();
    assert_eq!(guarded.login(&[], b""), (0, succeeded, again));
    let gone = format!("Removing login credentials for {host}\n");
    assert_eq!(guarded.run(&["logout", &host], b"", false), (0, gone, String::new()));
    assert!(!guarded.stored().contains("am9lOnNlY3JldA"));
}

#[test]
fn passwords_come_from_a_stream_or_a_terminal() {
    let guarded = Guarded::new();
    let told = guarded.unencrypted();
    let stream = guarded.login(&["-u", "joe", "--password-stdin"], b"secret\r\n");
    assert_eq!(stream, (0, "Login Succeeded\n".to_owned(), told.clone()));
    let host = guarded.registry.host();
    guarded.run(&["logout", host], b"", false);
    let asked = guarded.run(&["login", host], b"joe\nsecret\n", true);
    assert_eq!(asked, (0, "Username: Password: \nLogin Succeeded\n".to_owned(), told));
}

#[test]
fn who_logs_in_to_the_hub_is_told_where_accounts_are() {
    let guarded = Guarded::new();
    let asked = "Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't \
                 have a Docker ID, head over to https://hub.docker.com/ to create one.\nYou can log in with your \
                 password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security and is \
                 required for organizations using SSO. Learn more at \
                 https://docs.docker.com/go/access-tokens/\n\nUsername: ";
    let nobody = "Error: Non-null Username Required\n";
    let check = |args: &[&str], asked: &str, told: &str| {
        assert_eq!(guarded.run(args, b"\n", true), (1, asked.to_owned(), told.to_owned()), "{args:?}");
    };
    check(&["login"], asked, nobody);
    check(&["login", "docker.io"], asked, nobody);
    check(&["login", guarded.registry.host()], "Username: ", nobody);
    check(&["login", "-u", "joe"], "Password: \n", "Error: Password Required\n");
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let guarded = Guarded::new();
    let check = |args: &[&str], expect: &str| {
        assert_eq!(guarded.login(args, b"secret"), (1, String::new(), format!("{expect}\n")), "{args:?}");
    };
    check(&["--password-stdin"], "the --password-stdin option requires --username to be set");
    check(
        &["-u", "joe", "-p", "x", "--password-stdin"],
        "conflicting options: cannot specify both --password and --password-stdin",
    );
    check(&["-u", "", "-p", "x"], "username is empty");
    check(&["-u", "joe", "-p", ""], "password is empty");
    check(&[], "Error: Cannot perform an interactive login from a non TTY device");
    check(&["-u", "joe"], "Error: Cannot perform an interactive login from a non TTY device");
    let out = guarded.run(&["logout"], b"", false).1;
    assert_eq!(out, "Removing login credentials for https://index.docker.io/v1/\n");
}
