//! Debian's registry over TLS, for those who have a password.

use testkit::Proxy;
use testkit::peers::{installed, run};

use crate::pushed::busybox_layout;
use crate::registry::Distribution;
use crate::scratch;

const HOST: &str = "registry.test";

#[test]
fn a_registry_with_tls_and_a_password_file_is_pulled_from_and_pushed_to() {
    if !installed(&["docker-registry", "skopeo", "umoci", "busybox"]) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    busybox_layout(work.path());
    let registry = Distribution::secured(HOST);
    let proxy = Proxy::new();
    proxy.route_to("registry.test:443", &registry.host);
    run(&format!(
        "skopeo copy --quiet --dest-tls-verify=false --dest-creds mary:right oci:{}/layout:busybox docker://{}/demo:1",
        work.path().display(),
        registry.host
    ));

    let scratch = scratch().env("HTTPS_PROXY", proxy.url());
    let untrusted = scratch.run(&format!("pull {HOST}/demo:1"));
    untrusted.expect_exit(1);
    assert!(untrusted.stderr.contains("x509: certificate signed by unknown authority"), "{untrusted}");

    let scratch = scratch.env("SSL_CERT_FILE", registry.certificate().display().to_string());
    let denied = scratch.run(&format!("pull {HOST}/demo:1"));
    denied.expect_exit(1);
    assert!(denied.stderr.ends_with(": no basic auth credentials\n"), "{denied}");
    let wrong = scratch.run_with_input(&format!("login -u mary --password-stdin {HOST}"), "wrong");
    wrong.expect_exit(1).expect_stderr(&format!(
        "Error response from daemon: login attempt to https://{HOST}/v2/ failed with status: 401 Unauthorized\n"
    ));
    let right = scratch.run_with_input(&format!("login -u mary --password-stdin {HOST}"), "right");
    assert!(right.expect_success().stdout.contains("Login Succeeded"), "{right}");

    scratch.run(&format!("pull -q {HOST}/demo:1")).expect_success();
    scratch.run(&format!("tag {HOST}/demo:1 {HOST}/team/copy:1")).expect_success();
    scratch.run(&format!("push -q {HOST}/team/copy:1")).expect_success();
    assert_eq!(registry.tag("demo", "1"), registry.tag("team/copy", "1"));
    assert_eq!(registry.blobs("demo"), registry.blobs("team/copy"));
    scratch.run(&format!("logout {HOST}")).expect_success();
    scratch.run(&format!("pull -q {HOST}/team/copy:1")).expect_exit(1);
    scratch.run("fsck").expect_success();
}
