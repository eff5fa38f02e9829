//! The environment of a program: built, never inherited, and nothing of it looked up on this machine (RUN-6).

use super::OciError;
use crate::record::Config;

/// Where programs are looked for when neither the image nor the user says.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The kernel takes no longer text for one variable.
const VARIABLE_BYTES_MAX: usize = 128 << 10;
/// The kernel takes a quarter of the stack's limit, 2 MiB, for arguments and variables together.
const VARIABLES_BYTES_MAX: usize = 2 << 20;
/// Of a variable that is refused.
const SHOWN_CHARS_MAX: usize = 64;

/// Docker's variables, those that tell of other containers, the container's own, and `more`. A name alone takes a variable away.
pub(super) fn environment(
    config: &Config,
    hostname: &str,
    tty: bool,
    told: &[String],
    more: &[String],
) -> Result<Vec<String>, OciError> {
    let mut variables = vec![format!("PATH={PATH}")];
    if !hostname.is_empty() {
        variables.push(format!("HOSTNAME={hostname}"));
    }
    if tty {
        variables.push("TERM=xterm".to_owned());
    }
    for asked in [told, &config.env[..], more] {
        override_with(&mut variables, asked)?;
    }
    let bytes: usize = variables.iter().map(|variable| variable.len() + 1).sum();
    if bytes > VARIABLES_BYTES_MAX {
        let reason = format!("all together have {bytes} bytes, more than {VARIABLES_BYTES_MAX}");
        return Err(OciError::Variable { shown: "list".to_owned(), reason });
    }
    Ok(variables)
}

/// A name that is there keeps its place.
fn override_with(variables: &mut Vec<String>, asked: &[String]) -> Result<(), OciError> {
    for variable in asked {
        check(variable)?;
        let (name, has_value) =
            variable.split_once('=').map_or((&**variable, false), |(name, _)| (name, true));
        let at = variables.iter().position(|own| own.split('=').next() == Some(name));
        match (at, has_value) {
            (Some(at), true) => variables[at].clone_from(variable),
            (None, true) => variables.push(variable.clone()),
            (Some(at), false) => drop(variables.remove(at)),
            (None, false) => {}
        }
    }
    Ok(())
}

/// The home folder, where nothing says another one: last, as runtimes have it.
pub(super) fn set_home(variables: &mut Vec<String>, home: &str) {
    match variables.iter().position(|variable| variable.starts_with("HOME=")) {
        Some(at) if variables[at] == "HOME=" => variables[at] = format!("HOME={home}"),
        Some(_) => {}
        None => variables.push(format!("HOME={home}")),
    }
}

fn check(variable: &str) -> Result<(), OciError> {
    let refuse = |reason: String| {
        let name = variable.split('=').next().unwrap_or_default();
        let shown = name.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_default).collect();
        Err(OciError::Variable { shown, reason })
    };
    if variable.is_empty() || variable.starts_with('=') {
        return refuse("has no name".to_owned());
    }
    if variable.contains('\0') {
        return refuse("has a NUL byte".to_owned());
    }
    if variable.len() >= VARIABLE_BYTES_MAX {
        return refuse(format!(
            "has {} bytes, the kernel takes fewer than {VARIABLE_BYTES_MAX}",
            variable.len()
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(env: &[&str], tty: bool, more: &[&str]) -> Result<Vec<String>, String> {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let config = Config { env: owned(env), ..Config::default() };
        environment(&config, "web", tty, &[], &owned(more)).map_err(|error| error.to_string())
    }

    #[test]
    fn variables_are_dockers_and_then_the_containers() {
        let check = |env: &[&str], tty: bool, more: &[&str], expect: &[&str]| {
            assert_eq!(variables(env, tty, more).unwrap(), expect, "{env:?}");
        };
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        check(&[], false, &[], &[path, "HOSTNAME=web"]);
        check(&["A=1"], true, &[], &[path, "HOSTNAME=web", "TERM=xterm", "A=1"]);
        check(&["TERM=vt100", "PATH=/x", "A="], true, &[], &["PATH=/x", "HOSTNAME=web", "TERM=vt100", "A="]);
        check(&["A=1", "B=a=b"], false, &["A=2", "C=3"], &[path, "HOSTNAME=web", "A=2", "B=a=b", "C=3"]);
        check(&["HOSTNAME", "A=1"], false, &["A"], &[path]);
        check(&["NONE"], false, &[], &[path, "HOSTNAME=web"]);
    }

    #[test]
    fn what_tells_of_others_gives_way_to_what_was_asked_for() {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let config = Config { env: owned(&["C=3", "DB_NAME=own"]), ..Config::default() };
        let told = owned(&["DB_NAME=/web/db", "DB_PORT=1"]);
        let variables = environment(&config, "", false, &told, &[]).unwrap();
        assert_eq!(variables[1..], ["DB_NAME=own", "DB_PORT=1", "C=3"]);
    }

    #[test]
    fn run_6_variables_that_no_program_can_have_are_refused() {
        let refused = |env: &[&str], expect: &str| {
            let error = variables(env, false, &[]).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        refused(&["=x"], "has no name");
        refused(&[""], "has no name");
        refused(&["A\u{1b}=b\0c"], "environment variable A\\u{1b}: has a NUL byte");
        let big = format!("A={}", "x".repeat(VARIABLE_BYTES_MAX - 2));
        refused(&[&big], "environment variable A: has 131072 bytes, the kernel takes fewer than 131072");
        let many: Vec<String> =
            (0..17).map(|n| format!("A{n}={}", "x".repeat(VARIABLE_BYTES_MAX - 8))).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        refused(&many, "more than 2097152");
        assert!(variables(&many[..15], false, &[]).is_ok());
        assert!(variables(&[&big[..VARIABLE_BYTES_MAX - 1]], false, &[]).is_ok());
    }

    #[test]
    fn run_6_nothing_comes_from_this_machine() {
        // A name alone once meant the machine's own variable.
        assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
        let variables = variables(&["CARGO_MANIFEST_DIR"], false, &[]).unwrap();
        assert!(variables.iter().all(|variable| !variable.starts_with("CARGO")), "{variables:?}");
    }

    #[test]
    fn a_home_is_set_where_there_is_none() {
        let check = |env: &[&str], expect: &[&str]| {
            let mut env: Vec<String> = env.iter().map(|text| (*text).to_owned()).collect();
            set_home(&mut env, "/root");
            assert_eq!(env, expect);
        };
        check(&["A=1"], &["A=1", "HOME=/root"]);
        check(&["HOME=/x", "A=1"], &["HOME=/x", "A=1"]);
        check(&["HOME=", "A=1"], &["HOME=/root", "A=1"]);
    }
}
