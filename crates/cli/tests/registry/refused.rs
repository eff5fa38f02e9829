//! What does not fit is refused with exit code 1 and the way out, and leaves nothing behind.

use crate::server::{Server, scratch};

#[test]
fn bad_configurations_are_refused() {
    let scratch = scratch();
    let check = |config: &str, options: &str, expect: &str| {
        scratch.write("config.toml", config);
        for command in ["config check", "serve"] {
            let root = "--root ../none";
            let refused = scratch.run(&format!("registry {command} {root} --config config.toml {options}"));
            refused.expect_exit(1).expect_stdout("");
            assert!(refused.stderr.contains(expect), "{expect:?}: {refused}");
            assert!(!scratch.path("none").exists(), "{refused}");
        }
    };
    check("lisen = \"x\"", "", "unknown field `lisen`, expected one of `listen`");
    check("listen = \"x\"", "", "listen = \"x\" is not address:port, such as 127.0.0.1:5000");
    check("a = [", "", "config.toml: TOML parse error at line 1, column 6");
    check("listen = \"0.0.0.0:0\"", "", "anybody could write: configure users in [access]");
    check("", "--listen 0.0.0.0:0", "anybody could write");
    check("", "--listen 5000", "--listen \"5000\" is not address:port, such as 127.0.0.1:5000");
    check("[access]\nhtpasswd = \"nowhere\"", "", "nowhere: no such file");
    check("[tls]\ncertificate = \"no.pem\"\nkey = \"no.pem\"", "", "no.pem");
    check("[collect]\ngrace = \"soon\"", "", "\"soon\" is no duration such as 90s");
    check("", "--config gone.toml", "gone.toml: no such file");
}

#[test]
fn good_configurations_are_told() {
    let scratch = scratch()
        .env("STRATA_REGISTRY_READ_ONLY", "true")
        .env("STRATA_REGISTRY_LISTEN", "127.0.0.1:7000")
        .env("STRATA_REGISTRY_CONFIG", "config.toml");
    scratch.write("config.toml", "listen = \"0.0.0.0:6000\"\nroot = \"/srv/r\"\n");
    let check = |options: &str, listen: &str, root: &str| {
        let expect = format!(
            "listen   http://{listen}\nroot     {root}\naccess   everybody, without a password\nchanges  none: read-only\n"
        );
        scratch.run(&format!("registry config check {options}")).expect_success().expect_stdout(&expect);
    };
    check("", "127.0.0.1:7000", "/srv/r");
    check("--listen localhost:7001", "127.0.0.1:7001", "/srv/r");
    check("--listen 0.0.0.0:0 --root /srv/other", "0.0.0.0:0", "/srv/other");
    let scratch = scratch.env("STRATA_REGISTRY_LIMITS__NONE", "1");
    let refused = scratch.run("registry config check");
    refused.expect_exit(1);
    assert!(refused.stderr.contains("unknown field `none`"), "{refused}");
}

#[test]
fn a_port_or_a_root_in_use_is_told() {
    let scratch = scratch();
    let server = Server::start(&scratch, "");
    let host = &server.host;
    let refused = scratch.run(&format!("registry serve --root ../second --listen {host}"));
    let text = format!(
        "cannot listen on {host}: address already in use\nhint: another program listens there; --listen 127.0.0.1:0 picks a free port\n"
    );
    refused.expect_exit(1).expect_stdout("").expect_stderr(&text);
    let refused = scratch.run("registry serve --root ../registry --listen 127.0.0.1:0");
    refused.expect_exit(1);
    assert!(refused.stderr.contains("another server is running on it"), "{refused}");
    assert!(server.ask("GET", "/v2/", "", b"").starts_with("HTTP/1.1 200"));
}

#[test]
fn roots_that_are_none_are_told() {
    let scratch = scratch();
    for command in ["ls", "du", "gc", "verify", "describe x --stars 1"] {
        let refused = scratch.run(&format!("registry {command} --root ../none"));
        refused.expect_exit(1).expect_stdout("");
        assert!(refused.stderr.contains("no such file or directory\nhint: --root names"), "{refused}");
        assert!(!scratch.path("none").exists(), "{refused}");
        let refused = scratch.run(&format!("--root ../none registry {command}"));
        refused.expect_exit(1);
        assert!(refused.stderr.starts_with("--root before the command is the image store's"), "{refused}");
    }
    let refused = scratch.run("registry gc --grace soon --root ../none");
    refused.expect_exit(1).expect_stderr("--grace \"soon\" is no duration such as 90s, 15m, 24h, 30d\n");
    let refused = scratch.run("registry describe Upper --stars 1 --root ../none");
    refused.expect_exit(1);
    assert!(refused.stderr.starts_with("\"Upper\" is no name of a repository"), "{refused}");
}
