//! Variables and labels, on the command line and in files.

use std::path::Path;

use crate::{Environment, Failure};

/// A file of variables; sites have some kilobytes.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// A variable as the container gets it: one without a value takes that of this process. Where there is none the name
/// stands alone, and takes the image's variable away.
pub(crate) fn with_environment(text: &str, env: &Environment) -> String {
    match env.text(text).filter(|_| !text.contains('=')) {
        Some(value) => format!("{text}={value}"),
        None => text.to_owned(),
    }
}

/// The variables of a file, one a line.
///
/// # Errors
/// When it cannot be read, or a line is none.
pub(crate) fn env_file(path: &Path, env: &Environment) -> Result<Vec<String>, Failure> {
    let mut variables = Vec::new();
    for line in lines(path)? {
        let name = line.split('=').next().unwrap_or_default();
        if name.is_empty() && line.contains('=') {
            return Err(poor(path, &format!("no variable name on line '{line}'")));
        }
        if name.contains(char::is_whitespace) {
            return Err(poor(path, &format!("variable '{name}' contains whitespaces")));
        }
        // In a file such a name says nothing.
        variables.extend(Some(with_environment(&line, env)).filter(|variable| variable.contains('=')));
    }
    Ok(variables)
}

/// The labels of a file, one a line.
///
/// # Errors
/// When it cannot be read, or a line is none.
pub(crate) fn label_file(path: &Path) -> Result<Vec<String>, Failure> {
    let mut labels = Vec::new();
    for line in lines(path)? {
        let name = line.split('=').next().unwrap_or_default();
        if name.is_empty() {
            return Err(poor(path, &format!("no variable name on line '{line}'")));
        }
        if name.contains(char::is_whitespace) {
            return Err(poor(path, &format!("variable '{name}' contains whitespaces")));
        }
        // A name alone says nothing in a file, as Docker's client has it.
        if line.contains('=') {
            labels.push(line);
        }
    }
    Ok(labels)
}

/// Lines without blanks before them, comments and empty ones left out.
fn lines(path: &Path) -> Result<Vec<String>, Failure> {
    let bytes =
        engine::read_user_file(path, FILE_BYTES_MAX).map_err(|error| Failure::new(error.to_string()))?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut lines = Vec::new();
    for (number, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let Ok(line) = std::str::from_utf8(line) else {
            let text =
                format!("invalid env file ({}): invalid utf8 bytes at line {}", path.display(), number + 1);
            return Err(Failure::new(text));
        };
        let line = line.strip_suffix('\r').unwrap_or(line).trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            lines.push(line.to_owned());
        }
    }
    Ok(lines)
}

fn poor(path: &Path, what: &str) -> Failure {
    Failure::new(format!("invalid env file ({}): {what}", path.display()))
}
