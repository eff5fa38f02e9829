//! Making a container: what `run` and `create` share.
use std::path::{Path, PathBuf};

use engine::ops::Pull;
use engine::ops::container::{CreateContainer, Created, PullPolicy};
use engine::{Engine, Error, ErrorKind};

use crate::display::Display;
use crate::term::escape;
use crate::{Context, Failure};

/// What is wanted, and how it comes about.
#[derive(Debug, Clone)]
pub(super) struct Creation {
    /// The container.
    pub(super) request: CreateContainer,
    /// When the image is pulled.
    pub(super) pull: PullPolicy,
    /// Whether a pull is silent.
    pub(super) quiet: bool,
    /// Where the container's id goes.
    pub(super) cidfile: Option<PathBuf>,
}

impl Creation {
    /// Creates the container, with its image pulled where that has to be.
    pub(super) fn create(&self, context: &mut Context, engine: &Engine) -> Result<Created, Failure> {
        if let Some(file) = &self.cidfile {
            check_cidfile(file)?;
        }
        if self.pull == PullPolicy::Always {
            self.pull(context, engine)?;
        }
        let created = match engine.create_container(&self.request) {
            Err(error) if self.pull == PullPolicy::Missing && self.is_missing(&error) => {
                if !self.quiet {
                    let name = self.familiar();
                    context.ui.talk(&format!("Unable to find image '{}' locally", escape::line(&name)));
                }
                self.pull(context, engine)?;
                engine.create_container(&self.request)
            }
            created => created,
        };
        let created = created.map_err(|error| Failure::daemon(&error))?;
        for warning in &created.warnings {
            context.ui.talk(&format!("WARNING: {}", escape::line(warning)));
        }
        if let Some(file) = &self.cidfile {
            engine.write_id(&created.id, file).map_err(|error| Failure::client(&error))?;
        }
        Ok(created)
    }

    /// The name as Docker repeats it: short, with its tag.
    fn familiar(&self) -> String {
        spec::Reference::parse(&self.request.image)
            .map_or_else(|_| self.request.image.clone(), |reference| reference.or_latest().familiar())
    }

    /// Whether it is the image that is not there, or is of another platform than the one that is wanted.
    fn is_missing(&self, error: &Error) -> bool {
        error.kind() == ErrorKind::NotFound
            && (error.to_string().starts_with("No such image")
                || error.to_string().starts_with("image with reference"))
    }

    /// Pulls the image. It all goes to standard error: standard output is the program's.
    fn pull(&self, context: &mut Context, engine: &Engine) -> Result<(), Failure> {
        let reference = self.familiar();
        let request = Pull { reference, platform: self.request.platform.clone(), all_tags: false };
        let display = Display::on_error(&mut context.ui, self.quiet);
        let result = engine.pull(&request, &display);
        display.settle(result).map(|_| ())
    }
}

fn check_cidfile(file: &Path) -> Result<(), Failure> {
    if file.exists() {
        let file = escape::line(&file.display().to_string()).into_owned();
        return Err(Failure::new(format!(
            "container ID file found, make sure the other container isn't running or delete {file}"
        )));
    }
    Ok(())
}
