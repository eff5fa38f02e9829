use super::*;

fn host(uid: u32, home: Option<&Path>) -> HostInfo {
    HostInfo { uid, home: home.map(Path::to_owned), ..HostInfo::detect(None) }
}

fn resolve(file: &str, inputs: Inputs) -> Result<Settings> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("daemon.json");
    std::fs::write(&path, file).unwrap();
    Settings::resolve(Inputs { daemon_config: Some(path), ..inputs }, &host(0, None))
}

#[test]
fn options_come_before_environment_before_file_before_default() {
    let file =
        r#"{"data-root":"/f","registry-mirrors":["https://m"],"max-concurrent-downloads":7,"log-level":"x"}"#;
    let inputs = Inputs {
        root: Some("/o".into()),
        root_variable: Some("/e".into()),
        insecure_registries: vec!["h:1".into()],
        ..Inputs::default()
    };
    let settings = resolve(file, inputs.clone()).unwrap();
    assert_eq!(settings.root, Setting { value: "/o".into(), origin: Origin::Option("--root") });
    assert_eq!(settings.registry_mirrors.value, ["https://m"]);
    assert!(matches!(settings.registry_mirrors.origin, Origin::File(_)));
    assert_eq!(settings.insecure_registries.origin, Origin::Option("--insecure-registry"));
    assert_eq!(settings.max_concurrent_downloads.value, 7);
    assert_eq!(settings.max_concurrent_uploads, Setting { value: 5, origin: Origin::Default });
    let settings = resolve(file, Inputs { root: None, ..inputs }).unwrap();
    assert_eq!(settings.root.origin, Origin::Environment("STRATA_ROOT"));
    assert_eq!(resolve(file, Inputs::default()).unwrap().root.value, Path::new("/f"));
    assert_eq!(resolve("{}", Inputs::default()).unwrap().root.value, Path::new("/var/lib/strata"));
    let relative = Inputs { root: Some("here".into()), ..Inputs::default() };
    let here = std::env::current_dir().unwrap().join("here");
    assert_eq!(resolve("{}", relative).unwrap().root.value, here);
}

#[test]
fn bad_files_are_refused_by_name() {
    let refuse = |file: &str, expect: &str| {
        let error = resolve(file, Inputs::default()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(expect), "{error}");
    };
    refuse("[]", "is not a JSON object");
    refuse("{", "EOF");
    refuse(r#"{"registry-mirrors":"x"}"#, "registry-mirrors is not a list of strings");
    refuse(r#"{"data-root":7}"#, "data-root is not a string");
    refuse(r#"{"max-concurrent-downloads":0}"#, "a number from 1 to 64");
    refuse(r#"{"a":1,"a":2}"#, "stands twice");
    let missing = Inputs { daemon_config: Some("/nonexistent/daemon.json".into()), ..Inputs::default() };
    let error = Settings::resolve(missing, &host(0, None)).unwrap_err();
    assert_eq!(error.to_string(), "open /nonexistent/daemon.json: no such file or directory");
}

#[test]
fn a_user_without_a_usable_home_still_has_a_store() {
    let home = tempfile::tempdir().unwrap();
    let with = |home: Option<&Path>| default_root(None, &host(1234, home));
    assert_eq!(with(Some(home.path())), home.path().join(".local/share/strata"));
    assert_eq!(with(None), Path::new("/var/tmp/strata-1234"));
    assert_eq!(with(Some(Path::new("/proc/self"))), Path::new("/var/tmp/strata-1234"));
    assert_eq!(default_root(Some(home.path()), &host(1234, None)), home.path().join("strata"));
}
