//! Records of containers, laid on disk as a monitor would have left them: nothing runs.
use serde_json::{Value, json};

use crate::bench::Bench;
use cli::Terminal;

/// A container as its record has it.
pub(crate) struct Laid {
    /// The digit that its id consists of.
    pub(crate) digit: char,
    pub(crate) name: &'static str,
    /// The image as typed.
    pub(crate) image: &'static str,
    /// Seconds before the bench's now.
    pub(crate) age: i64,
    pub(crate) argv: &'static [&'static str],
    pub(crate) config: Value,
    pub(crate) host_config: Value,
    pub(crate) mounts: Value,
    pub(crate) state: Value,
}

impl Laid {
    /// One that was never started.
    pub(crate) fn new(digit: char, name: &'static str, image: &'static str) -> Self {
        Self {
            digit,
            name,
            image,
            age: 100 - i64::from(digit.to_digit(16).expect("a digit")),
            argv: &["/bin/sh"],
            config: json!({}),
            host_config: json!({}),
            mounts: json!([]),
            state: json!({}),
        }
    }

    /// One whose program is this process, which certainly runs.
    pub(crate) fn running(self) -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("a process");
        let began =
            stat.rsplit_once(')').expect("a name").1.split_ascii_whitespace().nth(19).expect("a time");
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot");
        self.state(json!({
            "Status": "running",
            "Pid": std::process::id(),
            "PidBegan": began.parse::<u64>().expect("a number"),
            "Boot": boot.trim(),
            "StartedAt": "2026-11-23T07:04:56.5Z",
        }))
    }

    /// One that ended three seconds ago.
    pub(crate) fn exited(self, code: i32) -> Self {
        self.state(json!({
            "Status": "exited",
            "ExitCode": code,
            "StartedAt": "2026-11-23T07:04:50Z",
            "FinishedAt": "2026-11-23T07:04:57Z",
        }))
    }

    /// The same with more in its state.
    pub(crate) fn state(mut self, more: Value) -> Self {
        merge(&mut self.state, more);
        self
    }

    /// Writes the record.
    pub(crate) fn lay(self, bench: &Bench) {
        let inspect = |format: &str| {
            let ran = bench.run(&["image", "inspect", "-f", format, self.image], b"", Terminal::default());
            assert_eq!(ran.exit, 0, "{}", ran.err);
            ran.out.trim().to_owned()
        };
        let id: String = std::iter::repeat_n(self.digit, 64).collect();
        let mut config = json!({"Image": self.image, "Hostname": &id[..12]});
        merge(&mut config, self.config);
        // What is installed on the machine must not show.
        let mut host_config = json!({"Runtime": "runc"});
        merge(&mut host_config, self.host_config);
        let created = crate::bench::clock() - jiff::SignedDuration::from_secs(self.age);
        let record = json!({
            "Id": id,
            "Name": self.name,
            "Created": created.to_string(),
            "Image": inspect("{{.Id}}"),
            "Stack": serde_json::from_str::<Value>(&inspect("{{json .RootFS.Layers}}")).expect("JSON"),
            "Driver": "vfs",
            "Os": "linux",
            "Architecture": "amd64",
            "Argv": self.argv,
            "Config": config,
            "HostConfig": host_config,
            "Mounts": self.mounts,
        });
        let folder = format!("{}/root/containers/{id}", bench.path());
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(format!("{folder}/container.json"), record.to_string()).expect("a file");
        std::fs::write(format!("{folder}/state.json"), self.state.to_string()).expect("a file");
    }
}

fn merge(into: &mut Value, more: Value) {
    let (Some(into), Value::Object(more)) = (into.as_object_mut(), more) else { return };
    into.extend(more);
}
