//! Golden transcripts: Markdown whose `console` blocks are run for real and must show what is written there.
//!
//! ````text
//! ```console
//! $ strata pull alpine
//! Using default tag: latest
//! latest: Pulling from library/alpine
//! ...
//! Digest: ${DIGEST:alpine}
//! $ strata images | wc -l
//! 2
//! $ strata rmi nosuch
//! 2> Error response from daemon: No such image: nosuch:latest
//! [exit 1]
//! ```
//! ````
//!
//! * `$ ` begins a command, which `sh` runs; a line that ends in a backslash goes on in the next, after `> `.
//!   All blocks of a file share one scratch, with the look-alikes as a mirror of Docker Hub.
//! * Plain lines are stdout, lines after `2> ` stderr. Both are compared line by line, to the last blank, each
//!   in its own order. `[exit N]` is the status when it is not 0. `<no newline at end>` ends a last line that
//!   has no newline. Output that looks like one of these signs stands after `1> `.
//! * `[..]` stands for any text within a line, `...` alone for any number of lines.
//! * `${KIND:IMAGE}` stands for a value of a look-alike ([`Values`]), in commands, too; `${=NAME}` takes a word
//!   where it stands first, and must find the same from then on, also in commands.
//! * A block marked `console tty` runs each command on a terminal of 120 columns and shows what is on the
//!   screen in the end, stderr included, without blanks at the ends of lines. `console root` runs only as root,
//!   `console container` where containers run, `console arm64` where those for that architecture do as well,
//!   `console skip` never.
//!
//! With `STRATA_UPDATE=1` in the environment the file is rewritten to show what was said. Lines that still
//! fit stay as they are; values of look-alikes go back to their signs.
//!
//! The runners that exist (trycmd on snapbox) run a command without a shell, mix stderr into stdout, and know
//! no values that are only known when the test runs.

mod document;
mod pattern;
#[cfg(test)]
mod tests;
mod transcript;
mod values;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::skip::{installed, root};
use crate::{Internet, Lookalikes, Registry, Scratch, peers};
use document::{Block, Document, Step};
use transcript::Transcript;

pub use values::Values;

/// Set to 1, it makes transcripts be rewritten instead of checked.
const UPDATE: &str = "STRATA_UPDATE";

/// Size of the terminal for blocks marked `tty`: wide enough for progress bars with numbers.
const COLUMNS: u16 = 120;
const ROWS: u16 = 50;

/// What transcripts run in.
pub struct Golden {
    /// The registry with the look-alikes, mirror of Docker Hub.
    pub registry: Registry,
    /// What else there is in the world: the same look-alikes, and Docker Hub's search.
    pub internet: Internet,
    /// The look-alikes.
    pub lookalikes: Lookalikes,
    /// Where the program runs.
    pub scratch: Scratch,
    /// What can stand in `${…}`.
    pub values: Values,
}

impl Golden {
    /// A registry with look-alikes, and a scratch for the program at `binary` with that registry as mirror.
    /// Whatever goes past the mirror, such as a search of Docker Hub, ends in the look-alikes, too.
    pub fn new(binary: impl AsRef<Path>) -> Golden {
        let registry = Registry::new();
        let lookalikes = Lookalikes::publish(&registry, Timestamp::now());
        let internet = Internet::default();
        lookalikes.publish_again(&internet.registry);
        let scratch = Scratch::new(binary).mirror(&registry).online(&internet);
        let mut values = Values::of(&lookalikes);
        values.set("REGISTRY", registry.host());
        Golden { registry, internet, lookalikes, scratch, values }
    }

    /// Runs a transcript, or rewrites it when `STRATA_UPDATE` is 1.
    ///
    /// # Panics
    /// With a readable difference when the program said something else.
    #[track_caller]
    pub fn check(&mut self, file: &Path) {
        let update = std::env::var_os(UPDATE).is_some_and(|value| value == "1");
        let text = fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let outcome = self.run(&text);
        if update {
            if outcome.text != text {
                fs::write(file, &outcome.text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            }
            return;
        }
        assert!(outcome.report.is_empty(), "{} is not what happens:\n{}", file.display(), outcome.report);
    }

    /// Runs the transcript in `text`.
    pub fn run(&mut self, text: &str) -> Run {
        let mut document = Document::parse(text);
        let mut report = String::new();
        for block in document.blocks_mut() {
            let Some(way) = way(block) else { continue };
            for step in &mut block.steps {
                self.run_step(step, way, &mut report);
            }
        }
        Run { text: document.to_string(), report }
    }

    /// Runs one command, reports what differs, and leaves in `step` what should be there.
    fn run_step(&mut self, step: &mut Step, way: Way, report: &mut String) {
        let command = match self.values.fill(&step.command()) {
            Ok(command) => command,
            Err(problem) => {
                let _ = writeln!(report, "line {}: {problem}", step.line);
                return;
            }
        };
        let actual = match way {
            Way::Pipes => Transcript::of(&self.scratch.shell(&command)),
            Way::Terminal => {
                let outcome = self.scratch.shell_on_terminal(&command, COLUMNS, ROWS).wait();
                Transcript::on_terminal(&outcome, COLUMNS, ROWS)
            }
        };
        match Transcript::parse(&step.expected).compare(&actual, &mut self.values) {
            Ok(()) => {}
            Err(difference) => {
                let _ = writeln!(report, "line {}: $ {command}\n{difference}", step.line);
                step.expected = Transcript::parse(&step.expected).updated(&actual, &mut self.values);
            }
        }
    }
}

/// How the commands of a block are run.
#[derive(Clone, Copy)]
enum Way {
    /// With a pipe for each stream.
    Pipes,
    /// On a terminal.
    Terminal,
}

/// How a block is run; nothing when it cannot be run here.
fn way(block: &Block) -> Option<Way> {
    match block.mark.as_str() {
        "" => Some(Way::Pipes),
        "tty" => installed("setsid").then_some(Way::Terminal),
        "skip" => None,
        "root" => root().then_some(Way::Pipes),
        "container" => runs_containers().then_some(Way::Pipes),
        "arm64" => (runs_containers() && peers::Arm64::runs()).then_some(Way::Pipes),
        other => panic!("line {}: unknown mark {other:?} behind `console`", block.line),
    }
}

fn runs_containers() -> bool {
    root() && ["crun", "runc"].into_iter().any(installed)
}

/// What came of a transcript.
#[derive(Clone, Debug)]
pub struct Run {
    /// The document as it should be.
    pub text: String,
    /// Where it was not so; empty when everything fits.
    pub report: String,
}
