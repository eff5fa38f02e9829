//! One command, as data.
use super::{Flag, Matches};
use crate::{Context, Outcome};

/// How many operands a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgRule {
    /// None at all.
    None,
    /// This many.
    Exactly(usize),
    /// This many or more.
    AtLeast(usize),
    /// This many or fewer.
    AtMost(usize),
    /// From the first to the second, both included.
    Between(usize, usize),
    /// Whatever comes.
    Any,
}

/// Where a command stands in its parent's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Under `Common Commands`, at this place.
    Common(u8),
    /// Under `Management Commands`, by name.
    Management,
    /// Under `Commands`, by name.
    Operation,
    /// Nowhere.
    Hidden,
}

/// What a command's operands name, for completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    /// Nothing that could be completed.
    Other,
    /// Containers.
    Container,
    /// Containers and local images.
    Object,
    /// Volumes.
    Volume,
    /// Networks.
    Network,
    /// Local images.
    Image,
    /// Files.
    File,
}

impl Operand {
    /// The word that asks `strata __complete` for names of this kind.
    pub fn asked_as(self) -> Option<&'static str> {
        match self {
            Self::Container => Some("containers"),
            Self::Image => Some("images"),
            Self::Object => Some("objects"),
            Self::Volume => Some("volumes"),
            Self::Network => Some("networks"),
            Self::File | Self::Other => None,
        }
    }
}

/// What a command does.
#[derive(Debug, Clone, Copy)]
pub enum Action {
    /// It holds other commands.
    Group(&'static [&'static Command]),
    /// It runs.
    Run(fn(&Matches, &mut Context) -> Outcome),
}

/// Whether a command works on files of containers, for which an ordinary user needs a namespace of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// It does not.
    None,
    /// On those that are there, when it is asked for sizes.
    ForSizes,
    /// On those that are there.
    IfAny,
    /// It makes some, or there are some.
    Always,
}

/// A command of the table.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    /// The word that calls it.
    pub name: &'static str,
    /// Other words that call it, in the same parent.
    pub other_names: &'static [&'static str],
    /// The use line after the command's path, as in `[OPTIONS] IMAGE`.
    pub arguments: &'static str,
    /// One line of help.
    pub short: &'static str,
    /// All of its help; empty when `short` says it all.
    pub long: &'static str,
    /// Every way to call it, without the program's name; shown as aliases when there is more than one.
    pub spellings: &'static [&'static str],
    /// Where the parent's help shows it.
    pub section: Section,
    /// Its flags, in any order.
    pub flags: &'static [Flag],
    /// How many operands it takes.
    pub rule: ArgRule,
    /// Whether flags may stand after the first operand.
    pub interspersed: bool,
    /// Whether operands may be file names, that is, any bytes.
    pub path_operands: bool,
    /// What its operands name.
    pub operand: Operand,
    /// Whether it works on files of containers.
    pub files: Files,
    /// What it does.
    pub action: Action,
}

fn nothing(_: &Matches, _: &mut Context) -> Outcome {
    Ok(())
}

impl Command {
    /// The usual values, to be completed with `..Command::USUAL`.
    pub const USUAL: Self = Self {
        name: "",
        other_names: &[],
        arguments: "",
        short: "",
        long: "",
        spellings: &[],
        section: Section::Operation,
        flags: &[],
        rule: ArgRule::None,
        interspersed: true,
        path_operands: false,
        operand: Operand::Other,
        files: Files::None,
        action: Action::Run(nothing),
    };

    /// The commands it holds; none for one that runs.
    pub fn children(&self) -> &'static [&'static Command] {
        match self.action {
            Action::Group(children) => children,
            Action::Run(_) => &[],
        }
    }

    /// The command it holds under this word.
    pub fn child(&self, word: &str) -> Option<&'static Command> {
        self.children().iter().find(|c| c.name == word || c.other_names.contains(&word)).copied()
    }
}
