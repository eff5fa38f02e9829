//! Logging in and out, and whose credentials registries see.

use std::path::PathBuf;

use engine::ops::{Identity, InspectManifest, Kept, Login};
use engine::{Engine, ErrorKind, Inputs, Secret, Silent};
use testkit::registry::{Auth, Options, Registry};

use crate::world::{World, engine_with, small};

fn gated(auth: Auth) -> World {
    let users = vec![("joe".to_owned(), "secret".to_owned())];
    let registry =
        Registry::with(Options { auth, users, private: vec!["p*".to_owned()], ..Options::default() });
    World::with(registry, None)
}

fn login(engine: &Engine, server: &str, password: &str) -> Result<engine::ops::LoggedIn, engine::Error> {
    let identity = Identity::Password { user: "joe".to_owned(), password: Secret::new(password) };
    engine.login(&Login { server: Some(server.to_owned()), identity })
}

fn config_file(world: &World) -> PathBuf {
    world.root().with_file_name("docker").join("config.json")
}

#[test]
fn key_5_credentials_are_proven_before_they_are_kept() {
    for (auth, refusal) in [
        (Auth::Basic, "login attempt to http://HOST/v2/ failed with status: 401 Unauthorized"),
        (Auth::Bearer, "Get \"http://HOST/v2/\": unauthorized: incorrect username or password"),
    ] {
        let world = gated(auth);
        let host = world.registry.host();
        let error = login(&world.engine, host, "wrong").unwrap_err();
        assert_eq!(error.to_string(), refusal.replace("HOST", host));
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert!(!config_file(&world).exists());
        let logged_in = login(&world.engine, host, "secret").unwrap();
        assert_eq!(logged_in.server, host);
        assert_eq!(logged_in.kept, Kept::File(config_file(&world)));
        assert_eq!(logged_in.warning, None);
        let stored = world.engine.stored_login(Some(host)).unwrap().unwrap();
        assert_eq!(stored.user, "joe");
        let again = Login { server: Some(host.to_owned()), identity: Identity::Stored };
        world.engine.login(&again).unwrap();
    }
}

#[test]
fn what_a_login_wrote_is_what_docker_writes() {
    let world = gated(Auth::Basic);
    let host = world.registry.host();
    login(&world.engine, &format!("http://{host}/v2/"), "secret").unwrap();
    let text = std::fs::read_to_string(config_file(&world)).unwrap();
    assert_eq!(
        text,
        format!(
            "{{\n\t\"auths\": {{\n\t\t\"{host}\": {{\n\t\t\t\"auth\": \"am9lOnNlY3JldA==\"\n\t\t}}\n\t}}\n}}"
        )
    );
}

#[test]
fn pulls_are_made_as_who_logged_in_until_they_log_out() {
    let world = gated(Auth::Bearer);
    small("one").build().push(&world.registry, "private/a", &["latest"]);
    let host = world.registry.host();
    let error = world.pull("private/a").unwrap_err();
    assert_eq!(error.hints(), [format!("log in with `strata login {host}`")]);
    login(&world.engine, host, "secret").unwrap();
    world.pull("private/a").unwrap();
    let out = world.engine.logout(Some(host));
    assert_eq!((out.server.as_str(), out.failure), (host, None));
    assert_eq!(world.engine.stored_login(Some(host)).unwrap(), None);
    world.pull("private/a").unwrap_err();
    // That there is nothing to forget is fine.
    assert_eq!(world.engine.logout(None).server, "https://index.docker.io/v1/");
    assert_eq!(world.engine.logout(Some("nosuch.example.com")).failure, None);
}

#[test]
fn the_variable_goes_before_the_file_and_is_not_changed() {
    let world = gated(Auth::Basic);
    small("one").build().push(&world.registry, "a", &["latest"]);
    let host = world.registry.host();
    let variable = format!(r#"{{"auths":{{"{host}":{{"auth":"am9lOnNlY3JldA=="}}}}}}"#);
    let engine =
        engine_with(&world.root(), Inputs { auth_config: Some(Secret::new(variable)), ..Inputs::default() });
    assert!(engine.credentials_from_environment());
    // KEY-4: what is in force can be shown.
    assert!(!format!("{:?}", engine.settings).contains("am9lOnNlY3JldA"));
    assert!(!world.engine.credentials_from_environment());
    let request = engine::ops::Pull { reference: world.name("a"), ..Default::default() };
    engine.pull(&request, &engine::Silent).unwrap();
    assert_eq!(engine.logout(Some(host)).failure, None);
    assert_eq!(engine.stored_login(Some(host)).unwrap().unwrap().user, "joe");
}

#[test]
fn key_3_helpers_are_found_on_the_path_that_was_given() {
    use std::os::unix::fs::PermissionsExt;
    let world = gated(Auth::Basic);
    let host = world.registry.host();
    let programs = tempfile::tempdir().unwrap();
    let log = programs.path().join("log");
    let helper = programs.path().join("docker-credential-fake");
    let script = format!("#!/bin/sh\n{{ echo \"$1\"; cat; echo; }} >>{}\n", log.display());
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = config_file(&world);
    std::fs::create_dir(config.parent().unwrap()).unwrap();
    std::fs::write(&config, r#"{"credsStore":"fake"}"#).unwrap();
    let error = login(&world.engine, host, "secret").unwrap_err();
    assert!(error.to_string().starts_with("Error saving credentials: error"), "{error}");
    let path = Some(programs.path().as_os_str().to_owned());
    let engine = engine_with(&world.root(), Inputs { path, ..Inputs::default() });
    let logged_in = login(&engine, host, "secret").unwrap();
    assert_eq!(logged_in.kept, Kept::Helper("fake".to_owned()));
    let written = std::fs::read_to_string(&log).unwrap();
    assert!(written.starts_with("store\n") && written.contains(r#""Secret":"secret""#), "{written}");
    assert!(!std::fs::read_to_string(&config).unwrap().contains("auth\":"));
}

#[test]
fn a_login_without_credentials_is_refused() {
    let world = World::new();
    let identity = Identity::Password { user: String::new(), password: Secret::new("x") };
    let server = Some(world.registry.host().to_owned());
    let error = world.engine.login(&Login { server: server.clone(), identity }).unwrap_err();
    assert_eq!(error.to_string(), "username is empty");
    let error = world.engine.login(&Login { server, identity: Identity::Stored }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(world.registry.requests().is_empty());
}

#[test]
fn a_manifest_that_nobody_asked_a_password_for_is_not_said_to_be_missing() {
    let world = gated(Auth::Basic);
    small("one").build().push(&world.registry, "demo", &["latest"]);
    let host = world.registry.host();
    let inspect = || {
        let request = InspectManifest { reference: world.name("pemo"), ..InspectManifest::default() };
        world.engine.inspect_manifest(&request, &Silent).unwrap_err().to_string()
    };
    let asked = format!("Head \"http://{host}/v2/pemo/manifests/latest\": no basic auth credentials");
    assert_eq!(inspect(), asked);
    login(&world.engine, host, "secret").unwrap();
    assert_eq!(inspect(), format!("no such manifest: {}:latest", world.name("pemo")));
}
