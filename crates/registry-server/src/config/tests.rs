use super::*;

fn load(text: &str, variables: &[(&str, &str)]) -> Result<Config> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("registry.toml");
    std::fs::write(&path, text).unwrap();
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::load("/root", Some(&path), variables.collect::<Vec<_>>())
}

#[test]
fn everything_can_be_said() {
    let config = load(
        "listen = '0.0.0.0:80'\nroot = '/r'\nurl = 'https://x/'\nread_only = true\ndelete = false\nsparse_images = false
         [limits]\nupload_idle = '2h'\nuploads_open = 3\n[collect]\ngrace = '90s'\nuntagged = '30d'
         [access]\nhtpasswd = '/h'\ntokens = true\nservice = 'x'
         [[access.rule]]\nusers = 'anonymous'\nrepositories = 'public/**'\nactions = ['pull']
         [[access.rule]]\nusers = ['ann', 'bob']\nrepositories = '**'\nactions = ['pull', 'create', 'delete']",
        &[("STRATA_REGISTRY_LISTEN", "127.0.0.1:0"), ("STRATA_REGISTRY_LIMITS__CONNECTIONS", "7"), ("PATH", "x")],
    );
    let config = config.unwrap();
    assert_eq!((config.listen.port(), config.root.to_str().unwrap()), (0, "/r"));
    assert_eq!((config.sparse_indexes, config.sparse_images), (Switch::On, Switch::Off));
    assert_eq!((config.writes, config.deletes, config.limits.connections), (Switch::Off, Switch::Off, 7));
    assert_eq!(config.limits.upload_idle, Duration::from_secs(7_200));
    assert_eq!((config.collect.grace.as_secs(), config.collect.untagged.unwrap().as_secs()), (90, 2_592_000));
    let access = config.access.unwrap();
    assert_eq!(access.rules[0].who, Who::Anyone);
    assert_eq!(access.rules[1].actions, [Action::Pull, Action::Push, Action::Delete]);
    assert_eq!(access.tokens.unwrap().service, "x");
}

#[test]
fn addresses_are_numbers_or_this_machine() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(listen_address(text).map(|address| address.to_string()).as_deref(), expect, "{text}");
    };
    check("localhost:5000", Some("127.0.0.1:5000"));
    check("[::1]:0", Some("[::1]:0"));
    check("localhost:", None);
    check("localhost:70000", None);
    check("example.com:5000", None);
    check(":5000", None);
}

#[test]
fn what_does_not_fit_is_named() {
    let check = |text: &str, expect: &str| {
        let error = load(text, &[]).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("lisen = 'x'", "lisen");
    check("listen = 'x'", "listen = \"x\" is not address:port");
    check("[limits]\nupload_idle = '5'", "\"5\" is no duration");
    check("[access]", "nobody could do anything");
    check("url = 'x\"y'", "is not http://");
    check(
        "[[access.rule]]\nusers = ['a']\nrepositories = 'x'\nactions = ['own']",
        "action \"own\" is not one of",
    );
    check(
        "[[access.rule]]\nusers = 'anonymus'\nrepositories = 'x'\nactions = ['pull']",
        "users = \"anonymus\" is neither \"anonymous\" nor \"authenticated\"; names stand in a list, such as [\"anonymus\"]",
    );
    for pattern in ["Public/**", "/public/**", "", "a b", "public/"] {
        check(
            &format!("[[access.rule]]\nusers = 'anonymous'\nrepositories = '{pattern}'\nactions = ['pull']"),
            &format!("repositories = {pattern:?} fits no name"),
        );
    }
    check("a = ", "registry.toml");
    let error = load("listen = 'x:1'", &[("STRATA_REGISTRY_LISTEN__X", "1")]).unwrap_err().to_string();
    assert!(error.contains("goes into \"listen\", which is no table"), "{error}");
}

#[test]
fn who_said_what_does_not_fit_is_named() {
    let check = |text: &str, variables: &[(&str, &str)], expect: &[&str]| {
        let error = load(text, variables).unwrap_err().to_string();
        assert!(expect.iter().all(|part| error.contains(part)), "{error}");
    };
    let delete = [("STRATA_REGISTRY_DELETE", "false")];
    check("lisen = 'x'", &delete, &["registry.toml: TOML parse error at line 1", "lisen"]);
    check("[limits]\nnone = 1", &delete, &["registry.toml: TOML parse error at line 2", "`none`"]);
    check("[collect]\ngrace = 'soon'", &delete, &["registry.toml: collect.grace: \"soon\" is no duration"]);
    check("[tls]\nkey = 'k'", &delete, &["registry.toml: ", "missing field `certificate`"]);
    check(
        "delete = true",
        &[("STRATA_REGISTRY_LISEN", "x")],
        &["STRATA_REGISTRY_LISEN: unknown field `lisen`"],
    );
    check(
        "",
        &[delete[0], ("STRATA_REGISTRY_LIMITS__NONE", "1")],
        &["STRATA_REGISTRY_LIMITS__NONE: ", "`none`"],
    );
    check("", &[("STRATA_REGISTRY_DELETE", "maybe")], &["STRATA_REGISTRY_DELETE: ", "`delete`", "boolean"]);
    check(
        "listen = '127.0.0.1:1'",
        &[("STRATA_REGISTRY_LISTEN", "here")],
        &["STRATA_REGISTRY_LISTEN: listen = \"here\" is not address:port"],
    );
    // What is half here and half there is nobody's alone.
    check("[tls]\nkey = 'k'", &[("STRATA_REGISTRY_TLS__KEYS", "x")], &["keys"]);
}

#[test]
fn srv_2_defaults_open_nothing() {
    let config = Config::new("/root");
    assert!(config.listen.ip().is_loopback());
    config.check().unwrap();
    let elsewhere = Config { listen: "0.0.0.0:5000".parse().unwrap(), ..config };
    let error = elsewhere.check().unwrap_err().to_string();
    assert!(error.contains("anybody could write: configure users"), "{error}");
    Config { writes: Switch::Off, ..elsewhere.clone() }.check().unwrap();
    Config { anonymous_writes: Switch::On, ..elsewhere }.check().unwrap();
}
