//! A client that says who it is in one of the ways there are.

use std::cell::RefCell;
use std::collections::HashMap;

use registry_server::{AccessConfig, Config, TokensConfig};

use crate::client::{Request, Response, World, challenge, request};

/// How the client says who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// Not at all.
    Nobody,
    /// With a password.
    Password,
    /// With a token, fetched when a request is refused, and kept for others like it.
    KeptToken,
    /// With a token that is fetched anew for each request.
    FreshToken,
}

/// All of them.
pub(super) const LOGINS: [Login; 4] = [Login::Nobody, Login::Password, Login::KeptToken, Login::FreshToken];

const USER: &str = "ann";
const PASSWORD: &str = "secret";

/// A registry and who asks it.
pub(super) struct Registry {
    pub world: World,
    login: Login,
    /// By repository, and whether it is for reading or for writing.
    tokens: RefCell<HashMap<(String, &'static str), String>>,
}

impl Registry {
    pub(super) fn new(login: Login) -> Registry {
        let world = World::with(|config| {
            if login != Login::Nobody {
                configure(config, login);
            }
        });
        Registry { world, login, tokens: RefCell::default() }
    }

    /// Sends a request; answers a challenge once, as clients do.
    pub(super) fn send(&self, request: &Request) -> Response {
        match self.login {
            Login::Nobody => self.world.send(request),
            Login::Password => self.world.send(&request.clone().basic(USER, PASSWORD)),
            Login::KeptToken | Login::FreshToken => self.send_bearing(request),
        }
    }

    fn send_bearing(&self, request: &Request) -> Response {
        let key = kind(request);
        let kept = self.tokens.borrow().get(&key).cloned();
        let first = match &kept {
            Some(token) => self.world.send(&bearing(request, token)),
            None => self.world.send(request),
        };
        if first.status != 401 {
            return first;
        }
        let token = self.fetch(&first);
        let second = self.world.send(&bearing(request, &token));
        if self.login == Login::KeptToken {
            self.tokens.borrow_mut().insert(key, token);
        }
        second
    }

    fn fetch(&self, refused: &Response) -> String {
        let asked = challenge(refused);
        let scope =
            asked.get("scope").map_or(String::new(), |scope| format!("&scope={}", scope.replace(' ', "+")));
        let target = format!("/token?service={}{scope}", asked["service"]);
        let answer = self.world.send(&request("GET", &target).basic(USER, PASSWORD));
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    pub(super) fn ask(&self, method: &str, target: &str) -> Response {
        self.send(&request(method, target))
    }
}

fn configure(config: &mut Config, login: Login) {
    let path = config.root.with_file_name("htpasswd");
    std::fs::write(&path, format!("{USER}:{}\n", bcrypt::hash(PASSWORD, 4).unwrap())).unwrap();
    let tokens = (login != Login::Password).then(|| TokensConfig { service: "strata".to_owned() });
    config.access = Some(AccessConfig { htpasswd: Some(path), tokens, ..AccessConfig::default() });
}

fn bearing(request: &Request, token: &str) -> Request {
    request.clone().header("Authorization", &format!("Bearer {token}"))
}

fn kind(request: &Request) -> (String, &'static str) {
    let path = request.target.split('?').next().unwrap_or_default();
    let ends = ["/blobs/", "/manifests/", "/tags/", "/referrers/"];
    let repository = ends.iter().filter_map(|end| path.find(end)).min().map_or(path, |at| &path[..at]);
    let class = match &*request.method {
        "GET" | "HEAD" => "pull",
        "DELETE" => "delete",
        _ => "push",
    };
    (repository.to_owned(), class)
}
