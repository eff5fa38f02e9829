//! Questions, answers, and what goes to and fro in between.

use serde::{Deserialize, Serialize};

/// What a command wants of a monitor; the first thing it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Start the program; asked by whoever made the monitor, once. [`Output::Begun`] says that it runs.
    Launch {
        /// Whether to be attached from before the program's first word.
        attach: Option<Attach>,
    },
    /// Be attached until the program ends.
    Attach(Attach),
    /// Ask the program to end, and kill it when it does not.
    Stop {
        /// Instead of the container's own signal.
        signal: Option<i32>,
        /// Instead of the container's own time; negative is for ever.
        seconds: Option<i64>,
    },
    /// Send a signal.
    Kill {
        /// Its number.
        signal: i32,
    },
    /// Freeze all processes.
    Pause,
    /// Let them go on.
    Unpause,
    /// The terminal's size.
    Resize {
        /// Lines.
        rows: u16,
        /// Characters in a line.
        columns: u16,
    },
    /// Run another program in it.
    Exec(Box<Exec>),
    /// Answer when something has happened.
    Wait(Wait),
}

/// Which streams somebody is attached to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attach {
    /// Standard input.
    pub stdin: bool,
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// Rows and columns of the terminal, where there is one.
    pub size: Option<(u16, u16)>,
}

/// A program to run in a container that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exec {
    /// The program and its surroundings.
    pub process: crate::oci::ExecAsked,
    /// Which streams the asker is attached to; without any it is not waited for.
    pub attach: Option<Attach>,
}

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wait {
    /// The program's end.
    Exit,
    /// That the container is gone.
    Removal,
}

/// The last thing a monitor says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// It is done; of what ends, the exit code.
    Done {
        /// 0 where nothing ends.
        exit_code: i32,
    },
    /// It could not be done.
    Failed {
        /// What sort of failure it is.
        kind: FailureKind,
        /// In words for people.
        message: String,
    },
}

/// What sort of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// There is no such program in the container: exit code 127.
    ProgramNotFound,
    /// It cannot be executed: exit code 126.
    ProgramNotExecutable,
    /// The container is not in the state for it.
    Conflict,
    /// The question cannot be meant.
    Invalid,
    /// Anything else.
    Other,
}

/// What goes to a monitor after the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// For the program's standard input.
    Stdin(Vec<u8>),
    /// Standard input has ended.
    StdinEnd,
    /// The terminal's size: rows, columns.
    Resize(u16, u16),
    /// A signal for the program.
    Signal(i32),
}

/// What comes from a monitor before, and with, the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The program runs.
    Begun,
    /// From its standard output, or its terminal.
    Stdout(Vec<u8>),
    /// From its standard error.
    Stderr(Vec<u8>),
    /// The last thing.
    Answer(Answer),
}
