//! What was asked for, completed by what the image says.

use runner::record::{Config, Healthcheck};
use serde_json::{Map, Value};
use spec::ImageConfig;

/// Completes a container's configuration, as Docker does: lists and maps are joined, single values come from the
/// image where nothing was asked for. An entry point of one's own drops the image's command.
pub(super) fn merge(config: &mut Config, image: &ImageConfig) {
    let empty = Map::new();
    let run = image.run().unwrap_or(&empty);
    if config.user.is_empty() {
        config.user = text(run, "User");
    }
    if config.working_dir.is_empty() {
        config.working_dir = text(run, "WorkingDir");
    }
    config.exposed_ports.extend(names(run, "ExposedPorts"));
    config.volumes.extend(names(run, "Volumes"));
    for (name, value) in image.labels() {
        config.labels.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    merge_env(&mut config.env, list(run, "Env").unwrap_or_default());
    merge_command(config, run);
    if config.stop_signal.as_ref().is_none_or(String::is_empty) {
        config.stop_signal = Some(text(run, "StopSignal")).filter(|signal| !signal.is_empty());
    }
    if config.shell.is_none() {
        config.shell = list(run, "Shell");
    }
    config.on_build = list(run, "OnBuild");
    merge_healthcheck(&mut config.healthcheck, run.get("Healthcheck").and_then(Value::as_object));
}

fn merge_command(config: &mut Config, run: &Map<String, Value>) {
    let has = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
    if has(&config.entrypoint) {
        // `--entrypoint ""` takes the image's away.
        if config.entrypoint.as_deref() == Some(&[String::new()]) {
            config.entrypoint = None;
        }
        return;
    }
    if !has(&config.cmd) {
        config.cmd = list(run, "Cmd");
    }
    if config.entrypoint.is_none() {
        config.entrypoint = list(run, "Entrypoint");
    }
}

/// The image's variables come after those that were asked for, as Docker has it, each name once.
fn merge_env(env: &mut Vec<String>, of_image: Vec<String>) {
    let name = |variable: &str| variable.split('=').next().unwrap_or_default().to_owned();
    for variable in of_image {
        let is_new = env.iter().all(|own| name(own) != name(&variable));
        if is_new {
            env.push(variable);
        }
    }
}

fn merge_healthcheck(check: &mut Option<Healthcheck>, of_image: Option<&Map<String, Value>>) {
    let Some(of_image) = of_image else { return };
    let own = check.get_or_insert_with(Healthcheck::default);
    if own.test.is_empty() {
        own.test = list(of_image, "Test").unwrap_or_default();
    }
    let number = |name: &str| of_image.get(name).and_then(Value::as_i64).unwrap_or_default();
    let inherit = |own: &mut i64, name: &str| {
        if *own == 0 {
            *own = number(name);
        }
    };
    inherit(&mut own.interval, "Interval");
    inherit(&mut own.timeout, "Timeout");
    inherit(&mut own.start_period, "StartPeriod");
    inherit(&mut own.start_interval, "StartInterval");
    inherit(&mut own.retries, "Retries");
}

fn text(run: &Map<String, Value>, name: &str) -> String {
    run.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn names(run: &Map<String, Value>, name: &str) -> Vec<String> {
    run.get(name).and_then(Value::as_object).map(|set| set.keys().cloned().collect()).unwrap_or_default()
}

fn list(run: &Map<String, Value>, name: &str) -> Option<Vec<String>> {
    let list = run.get(name)?.as_array()?;
    Some(list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = r#"{"architecture":"amd64","os":"linux","config":{"User":"web","Env":["PATH=/bin","A=image"],
        "Entrypoint":["/entry"],"Cmd":["serve"],"WorkingDir":"/srv","ExposedPorts":{"80/tcp":{}},"Volumes":{"/data":{}},
        "Labels":{"a":"image","b":"image"},"StopSignal":"SIGQUIT","Healthcheck":{"Test":["CMD","true"],"Interval":5}},
        "rootfs":{"type":"layers","diff_ids":[]}}"#;

    fn merged(own: Config) -> Config {
        let image = ImageConfig::parse(IMAGE.as_bytes()).unwrap();
        let mut config = own;
        merge(&mut config, &image);
        config
    }

    fn words(words: &[&str]) -> Option<Vec<String>> {
        Some(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn the_image_completes_what_was_not_asked_for() {
        let config = merged(Config {
            env: vec!["A=own".to_owned()],
            labels: [("a".to_owned(), "own".to_owned())].into(),
            ..Config::default()
        });
        assert_eq!(config.env, ["A=own", "PATH=/bin"]);
        assert_eq!(config.labels.values().collect::<Vec<_>>(), ["own", "image"]);
        assert_eq!((config.user.as_str(), config.working_dir.as_str()), ("web", "/srv"));
        assert_eq!(config.stop_signal.as_deref(), Some("SIGQUIT"));
        assert_eq!(config.healthcheck.map(|check| check.interval), Some(5));
        assert!(config.exposed_ports.contains("80/tcp") && config.volumes.contains("/data"));
    }

    #[test]
    fn commands_and_entry_points_combine_as_docker_combines_them() {
        let check = |cmd: Option<Vec<String>>, entry: Option<Vec<String>>, expect: (Option<_>, Option<_>)| {
            let config = merged(Config { cmd, entrypoint: entry, ..Config::default() });
            assert_eq!((config.entrypoint, config.cmd), expect);
        };
        check(None, None, (words(&["/entry"]), words(&["serve"])));
        check(words(&["x"]), None, (words(&["/entry"]), words(&["x"])));
        check(None, words(&["/own"]), (words(&["/own"]), None));
        check(words(&["x"]), words(&["/own"]), (words(&["/own"]), words(&["x"])));
        check(words(&["x"]), words(&[""]), (None, words(&["x"])));
        check(None, words(&[""]), (None, None));
    }
}
