//! Registries that fail: Docker's words, exit status 1, a whole store with nothing in it, and a pull that works
//! as soon as the registry does.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use testkit::image::Built;
use testkit::registry::{Auth, Fault, Flaw, Options, Tls};
use testkit::{Internet, Registry, Scratch};

use crate::{expect_no_scraps, expect_nothing_left, image, registry_with, scratch};

const MANIFEST: &str = "/v2/*/manifests/*";
const BLOB: &str = "/v2/*/blobs/*";

/// What breaks a registry that has the image.
type Break = fn(&Registry, &Built);

/// A broken registry, and what is on stderr then. `HOST` stands for its host and port, `CONFIG` and `LAYER` for
/// the digests of the config and the top layer, `MANIFEST` for that of the manifest.
struct Row(&'static str, Break, &'static str);

/// What the pull ends with before anything was announced.
macro_rules! refused {
    ($text:literal) => {
        concat!("Error response from daemon: ", $text, "\n")
    };
}

const ROWS: &[Row] = &[
    Row(
        "nobody listens",
        |registry, _| registry.stop(),
        refused!("Get \"http://HOST/v2/\": dial tcp HOST: connect: connection refused"),
    ),
    Row(
        "connections end without an answer",
        |registry, _| registry.on("*", "*").then(Fault::NoAnswer),
        refused!("Head \"http://HOST/v2/library/demo/manifests/latest\": EOF"),
    ),
    Row(
        "something else listens",
        |registry, _| registry.on("*", "*").then(Fault::Raw(b"SSH-2.0-OpenSSH\r\n".to_vec())),
        refused!(
            "Head \"http://HOST/v2/library/demo/manifests/latest\": net/http: HTTP/1.x transport connection \
             broken: malformed HTTP status line"
        ),
    ),
    Row(
        "a portal answers in HTML",
        |registry, _| registry.on("*", MANIFEST).then(Fault::html(200)),
        refused!("http://HOST/v2/library/demo/manifests/latest does not answer as a registry: an HTML page"),
    ),
    Row(
        "403 for the manifest",
        |registry, _| {
            let message = "requested access to the resource is denied";
            registry.on("*", MANIFEST).then(Fault::error(403, "DENIED", message));
        },
        refused!(
            "pull access denied for HOST/library/demo, repository does not exist or may require 'docker \
             login': denied: requested access to the resource is denied"
        ),
    ),
    Row(
        "404 for the tag",
        |registry, _| registry.untag("library/demo", "latest"),
        refused!("manifest for HOST/library/demo:latest not found: manifest unknown: manifest unknown"),
    ),
    Row(
        "404 for the repository",
        |registry, _| {
            let message = "repository name not known to registry";
            registry.on("*", MANIFEST).then(Fault::error(404, "NAME_UNKNOWN", message));
        },
        refused!(
            "repository HOST/library/demo not found: name unknown: repository name not known to registry"
        ),
    ),
    Row(
        "404 for the config",
        |registry, image| registry.remove_blob(image.images[0].config.digest()),
        "blob unknown: blob unknown to registry\n",
    ),
    Row(
        "404 for a layer",
        |registry, image| {
            registry.remove_blob(image.images[0].layers[1].digest());
            // The layer below must not be complete by then: it would be kept for another try.
            let below = format!("/v2/*/blobs/{}", image.images[0].layers[0].digest());
            registry.on("GET", &below).then(Fault::Delay(Duration::from_millis(500)));
        },
        "blob unknown: blob unknown to registry\n",
    ),
    Row(
        "500 for the manifest",
        |registry, _| registry.on("*", MANIFEST).then(Fault::status(500, "")),
        refused!("received unexpected HTTP status: 500 Internal Server Error"),
    ),
    Row(
        "503 for blobs",
        |registry, _| registry.on("*", BLOB).then(Fault::status(503, "")),
        "received unexpected HTTP status: 503 Service Unavailable\n",
    ),
    Row(
        "blobs that end early",
        |registry, _| registry.on("GET", BLOB).then(Fault::TruncateAfter(10)),
        "Get \"http://HOST/v2/library/demo/blobs/CONFIG\": unexpected EOF\n",
    ),
    Row(
        "a manifest that is another",
        |registry, _| registry.on("GET", MANIFEST).then(Fault::CorruptAt(5)),
        refused!("manifest verification failed for digest MANIFEST"),
    ),
    Row(
        "a config that is another",
        |registry, _| registry.on("GET", BLOB).then(Fault::CorruptAt(5)),
        "image config verification failed for digest CONFIG\n",
    ),
    Row(
        "a layer that is another",
        |registry, image| registry.on("GET", &layer_path(image)).then(Fault::CorruptAt(50)),
        "filesystem layer verification failed for digest LAYER\n",
    ),
    Row(
        "a layer of fewer bytes than its manifest says",
        |registry, image| put_layer(registry, image, b"short".to_vec()),
        "LAYER has 5 bytes, not SIZE\n",
    ),
    Row(
        "a layer of more bytes than its manifest says",
        |registry, image| put_layer(registry, image, vec![7; 1 << 20]),
        "LAYER has 1048576 bytes, not SIZE\n",
    ),
    Row(
        "a manifest without end",
        |registry, _| registry.on("GET", MANIFEST).then(Fault::Endless),
        refused!(
            "the document of http://HOST/v2/library/demo/manifests/MANIFEST is over MANIFEST_BYTES_MAX (4194304)"
        ),
    ),
    Row(
        "a config without end",
        |registry, _| registry.on("GET", BLOB).then(Fault::Endless),
        "image config verification failed for digest CONFIG\n",
    ),
    Row(
        "a layer without end",
        |registry, image| registry.on("GET", &layer_path(image)).then(Fault::Endless),
        "filesystem layer verification failed for digest LAYER\n",
    ),
];

fn layer_path(image: &Built) -> String {
    format!("/v2/*/blobs/{}", image.images[0].layers[1].digest())
}

fn put_layer(registry: &Registry, image: &Built, bytes: Vec<u8>) {
    registry.put_blob_under("library/demo", image.images[0].layers[1].digest().as_str(), bytes);
}

/// An expected text with the names of this registry and image.
fn with_names(text: &str, registry: &Registry, image: &Built) -> String {
    let layer = &image.images[0].layers[1];
    text.replace("HOST", registry.host())
        .replace("CONFIG", image.images[0].config.digest().as_str())
        .replace("LAYER", layer.digest().as_str())
        .replace("MANIFEST_BYTES_MAX", "\0")
        .replace("MANIFEST", image.digest().as_str())
        .replace('\0', "MANIFEST_BYTES_MAX")
        .replace("SIZE", &layer.blob().len().to_string())
}

#[test]
fn a_registry_that_fails_leaves_a_message_and_nothing_else() {
    let image = image();
    std::thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(|| check(row, &image));
        }
    });
}

fn check(Row(name, break_it, expect): &Row, image: &Built) {
    let registry = registry_with(image);
    break_it(&registry, image);
    let scratch = scratch();
    let pull = format!("pull -q {}/library/demo", registry.host());
    let outcome = scratch.run(&pull);
    assert!(outcome.stderr == with_names(expect, &registry, image), "{name}: {outcome}");
    assert!(
        outcome.ended == testkit::scratch::Ended::Exit(1) && outcome.stdout.is_empty(),
        "{name}: {outcome}"
    );
    expect_nothing_left(&scratch, name);
    if *name == "nobody listens" {
        return;
    }
    registry.behave();
    image.push(&registry, "library/demo", &["latest"]);
    let again = scratch.run(&pull);
    assert!(again.success(), "{name}: {again}");
    expect_no_scraps(&scratch, name);
}

#[test]
fn a_pull_limit_says_when_it_ends() {
    let image = image();
    for path in [MANIFEST, BLOB] {
        let registry = registry_with(&image);
        registry.on("*", path).then(Fault::too_many_requests("3600"));
        let scratch = scratch();
        let outcome = scratch.run(&format!("pull -q {}/library/demo", registry.host()));
        outcome.expect_exit(1);
        assert!(
            outcome.stderr.contains("toomanyrequests: You have reached your pull rate limit."),
            "{outcome}"
        );
        assert!(
            outcome.stderr.contains("\nhint: the registry asks to come back in 60 min, at "),
            "{outcome}"
        );
        assert!(outcome.wall < Duration::from_secs(20), "{outcome}");
        expect_nothing_left(&scratch, path);
    }
}

/// The registry as `registry.test`, which nobody trusts without reason.
fn world(options: Options, image: &Built) -> (Internet, Scratch) {
    let internet = Internet::new(options);
    image.push(&internet.registry, "library/demo", &["latest"]);
    let scratch = scratch().online(&internet);
    (internet, scratch)
}

const PULL: &str = "pull -q registry.test/library/demo";

#[test]
fn a_certificate_that_does_not_hold_is_refused() {
    let image = image();
    let check = |flaw: Option<Flaw>, trusted: bool, expect: &str| {
        let tls = Tls { flaw, ..Tls::default() };
        let (_internet, mut scratch) = world(Options { tls: Some(tls), ..Options::default() }, &image);
        if !trusted {
            scratch = scratch.without_env("SSL_CERT_FILE");
        }
        let outcome = scratch.run(PULL);
        if expect.is_empty() {
            outcome.expect_success();
            return;
        }
        outcome.expect_exit(1);
        let start = "Error response from daemon: Get \"https://registry.test/v2/\": ";
        assert!(outcome.stderr.starts_with(start), "{outcome}");
        assert!(outcome.stderr.contains(expect), "{expect}: {outcome}");
        expect_nothing_left(&scratch, expect);
    };
    check(None, true, "");
    check(None, false, "x509: certificate signed by unknown authority");
    check(Some(Flaw::Expired), true, "x509: certificate has expired or is not yet valid");
    check(Some(Flaw::OtherHost), true, "x509: certificate is");
}

#[test]
fn a_password_that_is_wrong_is_refused() {
    const NEEDED: &str = "unauthorized: authentication required";
    const NONE: &str =
        "Head \"https://registry.test/v2/library/demo/manifests/latest\": no basic auth credentials";
    const TOKEN: &str = "Head \"https://registry.test/v2/library/demo/manifests/latest\": unauthorized: incorrect username or password";
    const HIDDEN: &str = "pull access denied for registry.test/library/demo, repository does not exist or may require 'docker login': denied: requested access to the resource is denied";
    let image = image();
    let check = |auth: Auth, password: Option<&str>, expect: &str| {
        let users = vec![("mary".to_owned(), "right".to_owned())];
        let private = vec!["library/demo".to_owned()];
        let (internet, scratch) = world(Options { auth, users, private, ..Options::default() }, &image);
        internet.registry.set_realm("https://registry.test/token");
        if let Some(password) = password {
            keep_password(&scratch, password);
        }
        let outcome = scratch.run(PULL);
        if expect.is_empty() {
            outcome.expect_success();
            return;
        }
        outcome.expect_exit(1).expect_stderr(&format!("Error response from daemon: {expect}\n"));
        expect_nothing_left(&scratch, expect);
    };
    check(Auth::Basic, Some("right"), "");
    check(Auth::Basic, Some("wrong"), NEEDED);
    check(Auth::Basic, None, NONE);
    check(Auth::Bearer, Some("right"), "");
    check(Auth::Bearer, Some("wrong"), TOKEN);
    check(Auth::Bearer, None, HIDDEN);
}

/// Puts mary's password where Docker's client keeps it.
fn keep_password(scratch: &Scratch, password: &str) {
    // `mary:right` and `mary:wrong`.
    let auth = if password == "right" { "bWFyeTpyaWdodA==" } else { "bWFyeTp3cm9uZw==" };
    let config = format!("{{\"auths\":{{\"registry.test\":{{\"auth\":\"{auth}\"}}}}}}");
    let file = scratch.home().join(".docker/config.json");
    std::fs::write(&file, config).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}
