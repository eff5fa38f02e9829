//! Users and rules: what holds, and how it is explained.

use crate::server::{Server, push, scratch};

/// `ann` with the password `secret`, at the least cost that bcrypt has.
const HTPASSWD: &str = "ann:$2y$04$ZWnEOxvqZBowT81MwlrC5OOZmcT5Jg6ttfDknvmMpeNFJd4ogro7u\n";
const CONFIG: &str = r#"
[access]
htpasswd = "htpasswd"
[[access.rule]]
users = "anonymous"
repositories = "public/**"
actions = ["pull"]
[[access.rule]]
users = ["ann"]
repositories = "**"
actions = ["pull", "push"]
"#;

#[test]
fn rules_hold_and_are_explained() {
    let scratch = scratch();
    scratch.write("htpasswd", HTPASSWD);
    scratch.write("config.toml", CONFIG);
    let server = Server::start(&scratch, "--config config.toml");
    let host = &server.host;
    let login = format!("login -u ann --password-stdin {host}");
    scratch.run_with_input(&login, "wrong").expect_exit(1);
    scratch.run_with_input(&login, "secret").expect_success();
    push(&scratch, &server, "public/app:1", 1);
    push(&scratch, &server, "team/app:1", 1);
    scratch.run(&format!("logout {host}")).expect_success();
    scratch.run(&format!("pull -q {host}/public/app:1")).expect_success();
    scratch.run(&format!("pull -q {host}/team/app:1")).expect_exit(1);

    let check = |who: &str, repository: &str, expect: &str| {
        let line = format!("registry explain-access --config config.toml {who} {repository}");
        scratch.run(&line).expect_success().expect_stdout(expect);
    };
    check(
        "ann",
        "team/app",
        "rule 1: is about repositories \"public/**\"\nrule 2: gives pull, push, overwrite\nann may pull, push, overwrite in team/app\n",
    );
    check(
        "anonymous",
        "public/app",
        "rule 1: gives pull\nrule 2: is about users ann\nanonymous may pull in public/app\n",
    );
    let denied = "rule 1: is about repositories \"public/**\"\nrule 2: is about users ann\nno rule gives anything, so everything is denied\nbob may do nothing in team/app\n";
    check("bob", "team/app", denied);
    let scratch = scratch.env("STRATA_REGISTRY_READ_ONLY", "true");
    let read_only = scratch.run("registry explain-access --config config.toml ann team/app");
    assert!(
        read_only.stdout.ends_with("the registry is read-only\nann may pull in team/app\n"),
        "{read_only}"
    );
}
