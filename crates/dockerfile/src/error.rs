//! Why a Dockerfile was refused; Docker's words wherever it has some.

use crate::limits::LINE_BYTES_MAX;

/// An error of this crate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is nothing but comments and blank lines.
    #[error("file with no instructions")]
    Empty,
    /// The instruction exists or not, but it is none that changes a config.
    #[error("{0} is not a valid change command")]
    NotAChange(String),
    /// Too many bytes in a line.
    #[error("dockerfile line greater than max allowed size of {LINE_BYTES_MAX}")]
    LongLine,
    /// More of something than is allowed.
    #[error("{what}: {found} is over the limit {limit} = {max}")]
    Limit {
        /// What has too much of it.
        what: &'static str,
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: usize,
        /// What was found.
        found: usize,
    },
    /// The `escape` directive names something else than the two characters there are.
    #[error("invalid escape token '{0}' does not match ` or \\")]
    EscapeToken(String),
    /// A directive stands there twice.
    #[error("only one {0} parser directive can be used")]
    DirectiveTwice(&'static str),
    /// Not as many arguments as an instruction takes.
    #[error("{instruction} requires {wants}")]
    Arguments {
        /// The instruction.
        instruction: &'static str,
        /// How many it takes.
        wants: &'static str,
    },
    /// A name without a value.
    #[error("{0} must have two arguments")]
    NoValue(&'static str),
    /// A pair that is none.
    #[error("Syntax error - can't find = in {0}. Must be of the form: name=value")]
    NoEquals(String),
    /// A variable or label without a name.
    #[error("{0} names can not be blank")]
    BlankName(&'static str),
    /// A JSON array with other things than strings.
    #[error("when using JSON array syntax, arrays must be comprised of strings only")]
    NotStrings,
    /// An instruction that only knows the JSON form.
    #[error("{instruction} requires the arguments to be in JSON form")]
    NotJson {
        /// The instruction.
        instruction: &'static str,
    },
    /// A flag that the instruction does not have.
    #[error("unknown flag: --{0}")]
    UnknownFlag(String),
    /// A flag twice.
    #[error("duplicate flag specified: --{0}")]
    FlagTwice(String),
    /// A flag without a value.
    #[error("missing a value on flag: --{0}")]
    FlagValue(String),
    /// Something is wrong in an instruction, in Docker's words for it.
    #[error("{0}")]
    Invalid(String),
    /// Variables of a word could not be replaced.
    #[error("failed to process {word}: {reason}")]
    Expand {
        /// The word, quoted.
        word: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// What every function here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn invalid(text: impl Into<String>) -> Error {
        Error::Invalid(text.into())
    }
}
