//! `strata demo`: the main jobs, one after the other, for real and in a throw-away store.
use std::path::Path;
use std::process::{Command as Program, Stdio};

use engine::samples::Workshop;

use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[Flag::bool("keep", "Leave the store behind, for trying things by hand")];

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
    lines: &'static [&'static [&'static str]],
}

const PARTS: &[Part] = &[
    Part {
        title: "Images come into the store. Here they come out of an archive that was made a moment ago.",
        lines: &[&["load", "-i", "samples.tar"], &["images"]],
    },
    Part {
        title: "A listing can be filtered and formatted.",
        lines: &[
            &["images", "--filter", "reference=*:latest"],
            &["images", "nigelpoulton/tu-demo"],
            &["images", "--format", "{{.Repository}}: {{.Tag}}: {{.Size}}"],
        ],
    },
    Part {
        title: "What is inside: layers, and the steps that made them.",
        lines: &[
            &["inspect", "redis", "--format", "{{range .RootFS.Layers}}{{println .}}{{end}}"],
            &["history", "redis"],
        ],
    },
    Part {
        title: "A second name for an image, in an archive and out of it again.",
        lines: &[
            &["tag", "alpine", "mine:1.0"],
            &["images", "--digests", "mine"],
            &["save", "-o", "backup.tar", "mine:1.0", "redis"],
            &["rmi", "mine:1.0", "redis"],
            &["load", "-i", "backup.tar"],
        ],
    },
    Part {
        title: "A name that moves leaves a dangling image behind.",
        lines: &[
            &["tag", "busybox", "dodge:challenger"],
            &["tag", "busybox:glibc", "dodge:challenger"],
            &["rmi", "busybox:glibc"],
            &["tag", "alpine", "dodge:challenger"],
            &["images", "--filter", "dangling=true"],
            &["image", "prune", "-f"],
        ],
    },
    Part {
        title: "What it all takes, and removing everything.",
        lines: &[&["system", "df"], &["image", "prune", "-a", "-f"], &["fsck"], &["images"]],
    },
];

fn demo(matches: &Matches, context: &mut Context) -> Outcome {
    let parent = context.env.path("TMPDIR").unwrap_or_else(|| "/tmp".into());
    let workshop = Workshop::open(&parent, (context.clock)()).map_err(|e| Failure::client(&e))?;
    for part in PARTS {
        context.ui.line(&format!("\n# {}", part.title));
        for line in part.lines {
            step(context, workshop.folder(), line)?;
        }
    }
    if matches.bool("keep") {
        let folder = workshop.keep();
        let root = folder.join("root");
        context.ui.line(&format!("\n# The store is still there: export STRATA_ROOT={}", root.display()));
    }
    context.ui.line("\n# Where to go next: `strata --help`, and `strata pull` with a registry of yours.");
    Ok(())
}

/// Shows a command as it is typed, then what it says.
#[expect(
    clippy::disallowed_methods,
    reason = "the demonstration runs this very program, as one would type it"
)]
fn step(context: &mut Context, folder: &Path, words: &[&str]) -> Outcome {
    let typed: Vec<String> = words.iter().map(|word| as_typed(word)).collect();
    context.ui.line(&format!("$ strata {}", typed.join(" ")));
    context.ui.flush();
    let program = std::env::current_exe().map_err(|e| Failure::new(format!("find this program: {e}")))?;
    let done = Program::new(program)
        .args(words)
        .current_dir(folder)
        .env("STRATA_ROOT", folder.join("root"))
        .env("DOCKER_CONFIG", folder.join("config"))
        .stdin(Stdio::null())
        .status();
    match done {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            Err(Failure::new(format!("the demonstration ends here: the command above ended with {status}")))
        }
        Err(error) => Err(Failure::new(format!("run this program again: {error}"))),
    }
}

/// A word as a shell wants it.
fn as_typed(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}
