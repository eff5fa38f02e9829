//! Registries as clients meet them: in the clear or through TLS; open, with passwords, or with tokens.

use std::fmt::{self, Display, Formatter};
use std::path::PathBuf;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spec::Digest;
use testkit::Scratch;
use testkit::image::{Built, Codec, Entry, Image, Index, Layer};
use testkit::scratch::split;

use crate::server::{Server, scratch};

/// The user that there is, as clients take one together with the password.
pub(crate) const USER: &str = "ann:secret";
/// The same user with a password that is not theirs.
pub(crate) const WRONG: &str = "ann:wrong";
/// A name that nothing resolves: only a proxy leads there.
pub(crate) const ELSEWHERE: &str = "registry.test";
/// What `htpasswd -nbBC 4 ann secret` says.
const HTPASSWD: &str = "ann:$2y$04$ZWnEOxvqZBowT81MwlrC5OOZmcT5Jg6ttfDknvmMpeNFJd4ogro7u\n";
const RULES: &str = r#"
[[access.rule]]
users = "anonymous"
repositories = "public/**"
actions = ["pull"]
[[access.rule]]
users = ["ann"]
repositories = "**"
actions = ["pull", "push", "delete"]
"#;

/// Who may do what, and how a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody may do everything.
    Open,
    /// Ann may, with her password on each request. Others may pull what is public.
    Passwords,
    /// Ann may, with a token that her password gets. Others may pull what is public, with tokens, too.
    Tokens,
}

/// A registry that runs, and a home for the clients that speak to it.
pub(crate) struct Stand {
    pub(crate) scratch: Scratch,
    pub(crate) host: String,
    pub(crate) access: Access,
    pub(crate) tls: bool,
    pub(crate) server: Server,
}

/// Tests with one registry of each kind, and looks afterwards whether each is whole.
pub(crate) fn at_each(test: impl Fn(&Stand)) {
    for tls in [false, true] {
        for access in [Access::Open, Access::Passwords, Access::Tokens] {
            let stand = Stand::new(access, tls);
            test(&stand);
            stand.expect_whole();
        }
    }
}

impl Stand {
    pub(crate) fn new(access: Access, tls: bool) -> Stand {
        let scratch = scratch();
        let mut config = String::new();
        if tls {
            let names = ["127.0.0.1", ELSEWHERE].map(str::to_owned);
            let made = rcgen::generate_simple_self_signed(names).unwrap();
            scratch.write("trusted/ca.crt", pem("CERTIFICATE", made.cert.der()));
            scratch.write("key.pem", pem("PRIVATE KEY", &made.signing_key.serialize_der()));
            config += "[tls]\ncertificate = \"trusted/ca.crt\"\nkey = \"key.pem\"\n";
        }
        if access != Access::Open {
            scratch.write("htpasswd", HTPASSWD);
            let tokens = access == Access::Tokens;
            config += &format!("[access]\nhtpasswd = \"htpasswd\"\ntokens = {tokens}\n{RULES}");
        }
        scratch.write("config.toml", config);
        let server = Server::start(&scratch, "--config config.toml");
        Stand { scratch, host: server.host.clone(), access, tls, server }
    }

    /// Whether it wants to know who asks.
    pub(crate) fn asks(&self) -> bool {
        self.access != Access::Open
    }

    /// The folder with the certificate that its clients have to trust, as Docker's `certs.d` has one for each host.
    pub(crate) fn trusted(&self) -> PathBuf {
        self.scratch.work().join("trusted")
    }

    /// The certificate in it.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.trusted().join("ca.crt")
    }

    /// Runs a client at home in the scratch; what it printed.
    #[track_caller]
    pub(crate) fn run(&self, line: &str) -> String {
        let output = self.output(line);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "at a registry {self}: {line}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs a client that has to fail, and not by a crash; what it said.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str) -> String {
        let output = self.output(line);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let refused = output.status.code().is_some_and(|code| code != 0);
        assert!(refused, "at a registry {self}: {line}: {:?} {said}", output.status);
        assert!(!said.contains("panic"), "{said}");
        said
    }

    fn output(&self, line: &str) -> Output {
        let words = split(line);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).current_dir(self.scratch.work());
        command.env("HOME", self.scratch.home()).env("XDG_RUNTIME_DIR", self.scratch.home());
        command.env_remove("REGISTRY_AUTH_FILE").env_remove("XDG_CONFIG_HOME");
        command.output().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// Whether the registry has this under that name, by what it looks like from inside.
    #[track_caller]
    pub(crate) fn expect_tags(&self, repository: &str, tags: &[&str]) {
        let listed = self.scratch.run(&format!("registry ls {repository} --root ../registry"));
        let found: Vec<&str> = listed.stdout.lines().collect();
        assert_eq!(found, tags, "{repository} at a registry {self}: {listed}");
    }

    /// Everything that is there is what its digest says, and nothing is missing.
    fn expect_whole(&self) {
        let verified = self.scratch.run("registry verify --root ../registry");
        verified.expect_success().expect_stdout("no problems\n");
    }
}

impl Display for Stand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let transport = if self.tls { "through TLS" } else { "in the clear" };
        let access = match self.access {
            Access::Open => "for everybody",
            Access::Passwords => "with passwords",
            Access::Tokens => "with tokens",
        };
        write!(f, "{transport}, {access}, at {}", self.host)
    }
}

/// An image of OCI's types with two layers, of which the lower one is always the same.
pub(crate) fn image(platform: &str) -> Built {
    let base = Layer::gzip(vec![Entry::dir("etc"), Entry::file("etc/release", "1")]);
    let own = Layer::noise("own", platform.len() as u64, 60_000, Codec::Gzip);
    let text = Layer::gzip(vec![Entry::file("etc/platform", platform.to_owned())]);
    Image::new(vec![base, own, text]).platform(platform).command(&["/bin/sh"]).oci().build()
}

/// One name for images of two platforms.
pub(crate) fn index() -> Built {
    Index::new(["linux/amd64", "linux/arm64"].map(image).into()).oci().build()
}

/// The digest of a document that a client printed.
pub(crate) fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}
