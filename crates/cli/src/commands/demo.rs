//! `strata demo`: the main jobs, one after the other, for real, on a registry and a store that go away again.
use std::path::Path;
use std::process::{Command as Program, Stdio};

use engine::samples::{self, Workshop};
use registry_server::metadata::Facts;
use registry_server::{Config, LogSink, RepositoryName, Running, operate};

use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::bool("keep", "Leave registry and store for trying things by hand")];

/// `strata demo`
pub(super) static DEMO: Command = Command {
    name: "demo",
    arguments: "[OPTIONS]",
    short: "Walk through the main jobs with images made on the spot",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(demo),
    ..Command::USUAL
};

/// A part of the walk: what it shows, and the commands that do.
struct Part {
    title: &'static str,
    /// Whether containers run in it.
    needs_runtime: bool,
    lines: &'static [&'static [&'static str]],
}

/// Stands before a command that is refused: that is what is shown.
const REFUSED: &str = "{refused}";

/// Stands for the registry's `host:port` in the commands.
const REGISTRY: &str = "{registry}";
/// Stands for the digest of alpine in the registry.
const DIGEST: &str = "{digest}";

const PARTS: &[Part] = &[
    Part {
        title: "Searching. The mirror has a search, so it answers for Docker Hub.",
        needs_runtime: false,
        lines: &[&["search", "alpine"], &["search", "a", "--filter", "is-official=true"]],
    },
    Part {
        title: "Pulling. A cleanly installed store has no images.",
        needs_runtime: false,
        lines: &[&["images"], &["pull", "redis:latest"], &["pull", "alpine"], &["images"]],
    },
    Part {
        title: "Several tags, and layers that images share.",
        needs_runtime: false,
        lines: &[&["pull", "-a", "nigelpoulton/tu-demo"], &["images", "nigelpoulton/tu-demo"]],
    },
    Part {
        title: "A listing can be filtered and formatted.",
        needs_runtime: false,
        lines: &[
            &["images", "--filter", "reference=*:latest"],
            &["images", "--format", "{{.Repository}}: {{.Tag}}: {{.Size}}"],
        ],
    },
    Part {
        title: "What is inside: layers, and the steps that made them.",
        needs_runtime: false,
        lines: &[
            &["inspect", "redis", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}"],
            &["history", "redis"],
        ],
    },
    Part {
        title: "A tag can move, a digest cannot.",
        needs_runtime: false,
        lines: &[
            &["images", "--digests", "alpine"],
            &["rmi", "alpine:latest"],
            &["pull", "alpine@{digest}"],
            &["pull", "alpine"],
        ],
    },
    Part {
        title: "One name for many platforms.",
        needs_runtime: false,
        lines: &[
            &["manifest", "inspect", "--insecure", "{registry}/library/golang"],
            &["pull", "golang"],
            &["pull", "--platform", "linux/arm64", "golang"],
            &["images", "golang"],
        ],
    },
    Part {
        title: "Into the registry under another name: it takes the layers from a repository that has them.",
        needs_runtime: false,
        lines: &[
            &["pull", "{registry}/library/redis"],
            &["tag", "{registry}/library/redis", "{registry}/team/cache:7"],
            &["push", "{registry}/team/cache:7"],
            &["rmi", "{registry}/library/redis", "{registry}/team/cache:7"],
        ],
    },
    Part {
        title: "A second name for an image, in an archive and out of it again.",
        needs_runtime: false,
        lines: &[
            &["tag", "alpine", "mine:1.0"],
            &["save", "-o", "backup.tar", "mine:1.0", "redis"],
            &["rmi", "mine:1.0", "redis"],
            &["load", "-i", "backup.tar"],
        ],
    },
    Part {
        title: "A name that moves leaves a dangling image behind.",
        needs_runtime: false,
        lines: &[
            &["pull", "-q", "busybox"],
            &["tag", "busybox", "dodge:challenger"],
            &["rmi", "busybox"],
            &["tag", "alpine", "dodge:challenger"],
            &["images", "--filter", "dangling=true"],
            &["image", "prune", "-f"],
        ],
    },
    Part {
        title: "Containers from images. The platform is this machine's, and an image in use stays.",
        needs_runtime: true,
        lines: &[
            &["pull", "-q", "golang"],
            &["run", "--rm", "--network", "none", "golang", "go", "version"],
            &["run", "-d", "--name", "cache", "--network", "none", "redis"],
            &["ps", "--format", "table {{.Names}}\t{{.Image}}\t{{.Command}}"],
            &[REFUSED, "rmi", "redis"],
            &["stop", "cache"],
            &["diff", "cache"],
            &["commit", "-m", "with data", "cache", "team/cache:warm"],
            &["rm", "cache"],
            &["history", "team/cache:warm", "--format", "{{.CreatedBy}}: {{.Comment}}"],
            &["rmi", "team/cache:warm"],
        ],
    },
    Part {
        title: "What it all takes, and removing everything.",
        needs_runtime: false,
        lines: &[&["system", "df"], &["image", "prune", "-a", "-f"], &["fsck"], &["images"]],
    },
];

fn demo(matches: &Matches, context: &mut Context) -> Outcome {
    let parent = context.env.path("TMPDIR").unwrap_or_else(|| "/tmp".into());
    let workshop = Workshop::open(&parent, (context.clock)()).map_err(|e| Failure::client(&e))?;
    let stage = Stage::set(context, matches, workshop.folder())?;
    let config = workshop.folder().join("daemon.json");
    let options = format!("--daemon-config {}", config.display());
    context.ui.line(&format!(
        "# A registry with sample images runs on {}. The commands run with {options}, which makes it the mirror\n# of Docker Hub, and with a store of their own.",
        stage.registry.url()
    ));
    let left_out = context.engine(matches)?.why_no_containers();
    for part in PARTS {
        if let (true, Some(why)) = (part.needs_runtime, &left_out) {
            context.ui.line(&format!("\n# Left out: containers from images. {}", escape::line(why)));
            continue;
        }
        context.ui.line(&format!("\n# {}", part.title));
        for line in part.lines {
            stage.step(context, workshop.folder(), line)?;
        }
    }
    context
        .ui
        .line("\n# Where to go next: `strata --help`, `strata registry serve`, and a pull of your own.");
    if matches.bool("keep") {
        stay(context, workshop, stage)?;
    }
    Ok(())
}

/// Leaves everything behind and the registry running until the user stops it.
fn stay(context: &mut Context, workshop: Workshop, stage: Stage) -> Outcome {
    let folder = workshop.keep();
    let (root, config) = (folder.join("root"), folder.join("daemon.json"));
    context.ui.line(&format!(
        "# To try things by hand, in another terminal, until this one is stopped with Ctrl-C:\nexport STRATA_ROOT={}\nalias strata='strata --daemon-config {}'",
        root.display(),
        config.display()
    ));
    context.ui.flush();
    while !context.cancel.sleep(std::time::Duration::from_secs(3600)) {}
    stage.registry.stop();
    Ok(())
}

/// The registry that stands in for Docker Hub, filled with the samples.
struct Stage {
    registry: Running,
    digest: String,
}

impl Stage {
    /// Starts a registry and pushes the samples to it, out of a store of their own.
    fn set(context: &mut Context, matches: &Matches, folder: &Path) -> Result<Stage, Failure> {
        let failed = |e: registry_server::Error| Failure::new(format!("start the registry: {e}"));
        let root = folder.join("registry");
        let mut config = Config::new(&root);
        config.listen = ([127, 0, 0, 1], 0).into();
        config.log = LogSink::none();
        let registry = registry_server::serve(config).map_err(failed)?;
        for facts in samples::FACTS {
            let name = match facts.repository.contains('/') {
                true => facts.repository.to_owned(),
                false => format!("library/{}", facts.repository),
            };
            let name = RepositoryName::parse(&name)
                .ok_or_else(|| Failure::new(format!("{name} is no repository")))?;
            let said = Facts {
                description: facts.description.to_owned(),
                stars: facts.stars.into(),
                official: facts.official,
                automated: false,
            };
            operate::describe(&root, &name, said).map_err(failed)?;
        }
        let host = registry.address().to_string();
        let engine = context.engine(matches)?.at(folder.join("staging"));
        let digest = engine.publish_samples(folder, &host).map_err(|e| Failure::client(&e))?;
        engine::samples::write_daemon_config(folder, &registry.url()).map_err(|e| Failure::client(&e))?;
        Ok(Stage { registry, digest })
    }

    /// Shows a command as it is typed, then what it says.
    #[expect(
        clippy::disallowed_methods,
        reason = "the demonstration runs this very program, as one would type it"
    )]
    fn step(&self, context: &mut Context, folder: &Path, words: &[&str]) -> Outcome {
        let host = self.registry.address().to_string();
        let (is_refused, words) = match words {
            [REFUSED, words @ ..] => (true, words),
            words => (false, words),
        };
        let fill = |word: &&str| word.replace(REGISTRY, &host).replace(DIGEST, &self.digest);
        let words: Vec<String> = words.iter().map(fill).collect();
        let typed: Vec<String> = words.iter().map(|word| as_typed(word)).collect();
        context.ui.line(&format!("$ strata {}", typed.join(" ")));
        context.ui.flush();
        let program = std::env::current_exe().map_err(|e| Failure::new(format!("find this program: {e}")))?;
        let done = Program::new(program)
            .arg("--daemon-config")
            .arg(folder.join("daemon.json"))
            .args(&words)
            .current_dir(folder)
            .env("STRATA_ROOT", folder.join("root"))
            .env("DOCKER_CONFIG", folder.join("config"))
            .stdin(Stdio::null())
            .status();
        match done {
            Ok(status) if status.success() != is_refused => Ok(()),
            Ok(status) => Err(Failure::new(format!(
                "the demonstration ends here: the command above ended with {status}"
            ))),
            Err(error) => Err(Failure::new(format!("run this program again: {error}"))),
        }
    }
}

/// A word as a shell wants it.
fn as_typed(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}
