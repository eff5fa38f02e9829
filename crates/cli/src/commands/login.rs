//! `strata login`: remember a registry's credentials.
use std::io::{BufRead, Read};

use engine::ops::{Identity, Kept, LoggedIn, Login, StoredLogin};
use engine::{Engine, Error, ErrorKind, Secret};

use crate::flags::{Action, ArgRule, Command, Flag, Matches, Section};
use crate::term::escape;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[
    Flag::text("password", "Password or Personal Access Token (PAT)").short('p'),
    Flag::bool("password-stdin", "Take the Password or Personal Access Token (PAT) from stdin"),
    Flag::text("username", "Username").short('u'),
];

/// `strata login`
pub(super) static LOGIN: Command = Command {
    name: "login",
    arguments: "[OPTIONS] [SERVER]",
    short: "Authenticate to a registry",
    long: "Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.",
    section: Section::Common(7),
    flags: FLAGS,
    rule: ArgRule::AtMost(1),
    action: Action::Run(login),
    ..Command::USUAL
};

/// A password or token is well below this; an endless standard input must not fill the memory.
const PASSWORD_BYTES_MAX: u64 = 64 * 1024;

fn login(matches: &Matches, context: &mut Context) -> Outcome {
    check_flags(matches)?;
    if !matches.text("password").is_empty() {
        context.ui.talk("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
    }
    let engine = context.engine(matches)?;
    if engine.credentials_from_environment() {
        context.ui.talk("WARNING: DOCKER_AUTH_CONFIG is set; it goes before what is stored");
    }
    let server = matches.operand(0).filter(|server| !server.is_empty()).map(str::to_owned);
    let given = given(matches, context)?;
    let stored = engine.stored_login(server.as_deref()).map_err(|e| Failure::client(&e))?;
    if given == Given::default()
        && let Some(stored) = &stored
        && log_in_again(context, &engine, server.clone(), stored)?
    {
        return Ok(());
    }
    if given.user.is_none() && context.ui.terminal().input && is_hub(server.as_deref()) {
        context.ui.line(HUB_ACCOUNTS);
    }
    let identity = ask_for_the_rest(context, given, stored.as_ref().map(|stored| stored.user.as_str()))?;
    let logged_in = engine.login(&Login { server, identity }).map_err(|error| failure(&error))?;
    tell(&logged_in, context);
    Ok(())
}

/// What Docker says before it asks for an account of Docker Hub.
const HUB_ACCOUNTS: &str = "\
Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, \
head over to https://hub.docker.com/ to create one.
You can log in with your password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security \
and is required for organizations using SSO. Learn more at https://docs.docker.com/go/access-tokens/
";

fn is_hub(server: Option<&str>) -> bool {
    server.is_none_or(|server| server == spec::DEFAULT_DOMAIN)
}

/// What the command line gives.
#[derive(Default, PartialEq, Eq)]
struct Given {
    user: Option<String>,
    password: Option<String>,
}

fn check_flags(matches: &Matches) -> Outcome {
    let refused = if matches.bool("password-stdin") && matches.given("password") {
        "conflicting options: cannot specify both --password and --password-stdin"
    } else if matches.bool("password-stdin") && matches.text("username").is_empty() {
        "the --password-stdin option requires --username to be set"
    } else if matches.given("username") && matches.text("username").is_empty() {
        "username is empty"
    } else if matches.given("password") && matches.text("password").is_empty() {
        "password is empty"
    } else {
        return Ok(());
    };
    Err(Failure::new(refused))
}

fn given(matches: &Matches, context: &mut Context) -> Result<Given, Failure> {
    let user = matches.text_given("username").map(str::to_owned);
    let password = match matches.bool("password-stdin") {
        true => Some(password_from(context.ui.input())?),
        false => matches.text_given("password").map(str::to_owned),
    };
    Ok(Given { user, password })
}

/// All of standard input, less the line break that ends it.
fn password_from(input: &mut dyn BufRead) -> Result<String, Failure> {
    let mut text = String::new();
    let read = input.take(PASSWORD_BYTES_MAX).read_to_string(&mut text);
    read.map_err(|error| Failure::new(format!("read /dev/stdin: {error}")))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

/// Tries the credentials that are stored; whether they still hold.
fn log_in_again(
    context: &mut Context,
    engine: &Engine,
    server: Option<String>,
    stored: &StoredLogin,
) -> Result<bool, Failure> {
    let user = match stored.user.as_str() {
        "" => String::new(),
        user => format!(" [Username: {}]", escape::line(user)),
    };
    context.ui.talk(&format!(
        "Authenticating with existing credentials...{user}\n\n Info -> To login with a different account, run \
         'strata logout' followed by 'strata login'\n\n"
    ));
    match engine.login(&Login { server, identity: Identity::Stored }) {
        Ok(logged_in) => {
            tell(&logged_in, context);
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::Unauthorized => {
            context.ui.talk("Stored credentials invalid or expired");
            Ok(false)
        }
        Err(error) => {
            let error = failure(&error).message.unwrap_or_default();
            context.ui.talk(&format!("Login did not succeed, error: {error}"));
            Ok(false)
        }
    }
}

/// Asks on the terminal for what the command line does not say.
fn ask_for_the_rest(context: &mut Context, given: Given, known: Option<&str>) -> Result<Identity, Failure> {
    if (given.user.is_none() || given.password.is_none()) && !context.ui.terminal().input {
        return Err(Failure::new("Error: Cannot perform an interactive login from a non TTY device"));
    }
    let known = known.filter(|known| !known.is_empty());
    let user = given.user.unwrap_or_else(|| {
        let prompt = known
            .map_or_else(|| "Username: ".to_owned(), |known| format!("Username ({}): ", escape::line(known)));
        let typed = context.ui.ask(&prompt, false).unwrap_or_default().trim().to_owned();
        if typed.is_empty() { known.unwrap_or_default().to_owned() } else { typed }
    });
    if user.is_empty() {
        return Err(Failure::new("Error: Non-null Username Required"));
    }
    let password = given.password.or_else(|| context.ui.ask("Password: ", true)).unwrap_or_default();
    if password.is_empty() {
        return Err(Failure::new("Error: Password Required"));
    }
    Ok(Identity::Password { user, password: Secret::new(password) })
}

fn tell(logged_in: &LoggedIn, context: &mut Context) {
    if let Some(warning) = &logged_in.warning {
        context.ui.talk(&format!("WARNING: {}", escape::line(warning)));
    }
    if let Kept::File(path) = &logged_in.kept {
        let path = escape::line(&path.to_string_lossy()).into_owned();
        context.ui.talk(&format!(
            "\nWARNING! Your credentials are stored unencrypted in '{path}'.\nConfigure a credential helper to \
             remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n"
        ));
    }
    context.ui.line("Login Succeeded");
}

/// What the registry answers comes by Docker's daemon, keeping credentials is its client's work.
fn failure(error: &Error) -> Failure {
    match error.to_string().starts_with("Error saving credentials: ") {
        true => Failure::client(error),
        false => Failure::daemon(error),
    }
}
