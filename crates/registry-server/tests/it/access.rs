//! Who may do what: passwords, tokens, rules, and that nothing shows more than it should.

use std::time::Duration;

use registry_server::{AccessConfig, Action, Rule, TokensConfig, Who};
use serde_json::{Value, json};
use spec::Digest;

use crate::client::{Response, World, challenge, noise, request};

fn rule(who: Who, repositories: &str, actions: &[Action]) -> Rule {
    Rule { who, repositories: repositories.to_owned(), actions: actions.to_vec() }
}

fn users(names: &[&str]) -> Who {
    Who::Users(names.iter().map(|name| (*name).to_owned()).collect())
}

/// Ann may do everything, Bob reads the team's and makes new tags in `bob/`; everybody reads what is public.
fn world(tokens: bool) -> World {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.keep().join("htpasswd");
    let line = |user: &str| format!("{user}:{}\n", bcrypt::hash(format!("{user}-secret"), 4).unwrap());
    std::fs::write(&path, line("ann") + &line("bob")).unwrap();
    World::with(|config| {
        config.access = Some(AccessConfig {
            htpasswd: Some(path),
            rules: vec![
                rule(Who::Anyone, "public/**", &[Action::Pull]),
                rule(users(&["ann"]), "**", &Action::ALL),
                rule(users(&["bob"]), "team/**", &[Action::Pull]),
                rule(users(&["bob"]), "bob/**", &[Action::Pull, Action::Push]),
            ],
            tokens: tokens.then(|| TokensConfig { service: "strata".to_owned() }),
            issuers: Vec::new(),
        });
    })
}

fn as_user(world: &World, user: &str, method: &str, target: &str, body: &[u8]) -> Response {
    let kind = if method == "PUT" { crate::client::MANIFEST } else { "application/octet-stream" };
    let request = request(method, target).header("Content-Type", kind).body(body);
    let password = format!("{user}-secret");
    world.send(&if user.is_empty() { request } else { request.basic(user, &password) })
}

/// Pushes an image as a user. Returns the answer to the manifest's push.
fn push(world: &World, user: &str, repository: &str, tag: &str, layer: &[u8]) -> Response {
    let digest = Digest::of(layer);
    let target = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
    let response = as_user(world, user, "POST", &target, layer);
    if response.status != 201 {
        return response;
    }
    let blob = crate::client::descriptor("a/b", &digest, layer.len());
    let manifest =
        json!({ "schemaVersion": 2, "mediaType": crate::client::MANIFEST, "config": blob, "layers": [] });
    as_user(world, user, "PUT", &format!("/v2/{repository}/manifests/{tag}"), manifest.to_string().as_bytes())
}

#[test]
fn srv_3_rules_decide_each_request() {
    let world = world(false);
    for repository in ["public/a", "team/a", "bob/a"] {
        assert_eq!(push(&world, "ann", repository, "t", b"x").status, 201);
    }
    let status = |user: &str, method: &str, target: &str| as_user(&world, user, method, target, b"").status;
    assert_eq!(status("", "GET", "/v2/"), 401);
    assert_eq!(status("bob", "GET", "/v2/"), 200);
    assert_eq!(status("", "GET", "/v2/public/a/manifests/t"), 200);
    assert_eq!(status("", "GET", "/v2/team/a/manifests/t"), 401);
    assert_eq!(status("bob", "GET", "/v2/team/a/manifests/t"), 200);
    assert_eq!(status("bob", "DELETE", "/v2/team/a/manifests/t"), 403);
    assert_eq!(push(&world, "bob", "team/a", "u", b"x").refusal(), (403, "DENIED".to_owned()));
    assert_eq!(push(&world, "", "public/a", "u", b"x").refusal(), (401, "UNAUTHORIZED".to_owned()));
    // Who may make new tags may not move those that are there.
    assert_eq!(push(&world, "bob", "bob/a", "new", b"y").status, 201);
    assert_eq!(push(&world, "bob", "bob/a", "t", b"y").refusal(), (403, "DENIED".to_owned()));
    let password = request("GET", "/v2/").basic("bob", "wrong");
    let refused = world.send(&password);
    refused.assert_refused(401, "UNAUTHORIZED");
    assert_eq!(refused.header("www-authenticate"), Some("Basic realm=\"strata\""));
    for header in ["Basic", "Basic ?", "Digest x", "Bearer", "Bearer x.y.z", ""] {
        assert_eq!(
            world.send(&request("GET", "/v2/").header("Authorization", header)).status,
            401,
            "{header}"
        );
    }
}

#[test]
fn srv_4_existence_does_not_show() {
    let world = world(false);
    assert_eq!(push(&world, "ann", "secret/a", "t", b"x").status, 201);
    let digest = Digest::of(b"x");
    for user in ["", "bob"] {
        let ask = |method: &str, target: &str| {
            let mut response = as_user(&world, user, method, target, b"");
            response.headers.retain(|(name, _)| name != "date" && name != "x-request-id");
            (response.status, response.headers, String::from_utf8(response.body).unwrap())
        };
        for (method, there) in [
            ("GET", "/v2/secret/a/manifests/t".to_owned()),
            ("HEAD", "/v2/secret/a/manifests/t".to_owned()),
            ("GET", format!("/v2/secret/a/blobs/{digest}")),
            ("GET", "/v2/secret/a/tags/list".to_owned()),
            ("GET", format!("/v2/secret/a/referrers/{digest}")),
            ("DELETE", "/v2/secret/a/manifests/t".to_owned()),
            ("POST", "/v2/secret/a/blobs/uploads/".to_owned()),
        ] {
            let absent = there.replace("secret/a", "secret/b");
            let (there, mut not) = (ask(method, &there), ask(method, &absent));
            not.2 = not.2.replace("secret/b", "secret/a");
            assert_eq!(there, not, "{user} {method}");
        }
    }
}

#[test]
fn srv_4_mounts_find_what_the_caller_may_pull() {
    let world = world(false);
    let bytes = noise(1, 30_000);
    assert_eq!(push(&world, "ann", "secret/a", "t", &bytes).status, 201);
    let digest = Digest::of(&bytes);
    let mount = |user: &str, query: &str| {
        as_user(&world, user, "POST", &format!("/v2/bob/a/blobs/uploads/?mount={digest}{query}"), b"").status
    };
    assert_eq!((mount("bob", "&from=secret/a"), mount("bob", "")), (202, 202));
    assert_eq!((mount("bob", "&from=secret/none"), mount("ann", "&from=secret/a")), (202, 201));
    let world = self::world(false);
    assert_eq!(push(&world, "ann", "team/a", "t", &bytes).status, 201);
    let target = format!("/v2/bob/a/blobs/uploads/?mount={digest}");
    assert_eq!(as_user(&world, "bob", "POST", &target, b"").status, 201);
    assert_eq!(as_user(&world, "", "POST", &target, b"").status, 401);
}

/// Asking whether something is here keeps it for those who may push, whatever their token says, and not for others.
#[test]
fn who_may_not_push_keeps_nothing() {
    const DAY: Duration = Duration::from_secs(86_400);
    for (user, kept) in [("bob", false), ("ann", true)] {
        for by_token in [false, true] {
            let world = world(by_token);
            let blob = noise(1, 30_000);
            let target = format!("/v2/team/a/blobs/{}", Digest::of(&blob));
            let post = format!("/v2/team/a/blobs/uploads/?digest={}", Digest::of(&blob));
            assert_eq!(as_user(&world, "ann", "POST", &post, &blob).status, 201);
            world.clock.advance(DAY - Duration::from_secs(60));
            let refused = world.send(&request("HEAD", &target));
            let head = match by_token {
                true => bearing(&world, &token(&world, &refused, user), "HEAD", &target),
                false => as_user(&world, user, "HEAD", &target, b""),
            };
            assert_eq!(head.status, 200);
            world.clock.advance(Duration::from_secs(120));
            world.server().collect(DAY).unwrap();
            let status = as_user(&world, user, "HEAD", &target, b"").status;
            assert_eq!(status, if kept { 200 } else { 404 }, "{user}, {by_token}");
        }
    }
}

#[test]
fn srv_7_an_upload_belongs_to_who_began_it() {
    let world = world(false);
    let location = as_user(&world, "bob", "POST", "/v2/bob/a/blobs/uploads/", b"").location();
    as_user(&world, "ann", "GET", &location, b"").assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    as_user(&world, "ann", "DELETE", &location, b"").assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    assert_eq!(as_user(&world, "bob", "GET", &location, b"").status, 204);
}

#[test]
fn srv_9_lists_show_what_the_caller_may_pull() {
    let world = world(false);
    for repository in ["public/a", "team/a", "secret/a", "public/b"] {
        assert_eq!(push(&world, "ann", repository, "t", b"x").status, 201);
    }
    let names = |user: &str| {
        let catalog = as_user(&world, user, "GET", "/v2/_catalog", b"").json()["repositories"].clone();
        let found = as_user(&world, user, "GET", "/v1/search?q=a", b"").json()["results"].clone();
        (catalog, found.as_array().unwrap().len())
    };
    // "a" is in the names "public/a", "team/a" (twice), "secret/a", and not in "public/b".
    assert_eq!(names(""), (json!(["public/a", "public/b"]), 1));
    assert_eq!(names("bob"), (json!(["public/a", "public/b", "team/a"]), 2));
    assert_eq!(names("ann").0, json!(["public/a", "public/b", "secret/a", "team/a"]));
    let page = as_user(&world, "bob", "GET", "/v2/_catalog?n=2", b"");
    assert_eq!(page.header("link"), Some("</v2/_catalog?n=2&last=public/b>; rel=\"next\""));
}

/// Follows a challenge: asks for a token as a user. Returns it.
fn token(world: &World, refused: &Response, user: &str) -> String {
    let parameters = challenge(refused);
    let realm = &parameters["realm"];
    assert_eq!(*realm, format!("http://{}/token", world.address()));
    let scope = parameters
        .get("scope")
        .map_or(String::new(), |scope| format!("&scope={}", scope.replace(' ', "%20")));
    let target = format!("/token?service={}{scope}", parameters["service"]);
    let answer = as_user(world, user, "GET", &target, b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn bearing(world: &World, token: &str, method: &str, target: &str) -> Response {
    world.send(&request(method, target).header("Authorization", &format!("Bearer {token}")))
}

#[test]
fn tokens_are_made_and_taken() {
    let world = world(true);
    assert_eq!(push(&world, "ann", "team/a", "t", b"x").status, 201);
    let refused = world.get("/v2/team/a/manifests/t");
    refused.assert_refused(401, "UNAUTHORIZED");
    let challenge = refused.header("www-authenticate").unwrap();
    assert!(challenge.ends_with("service=\"strata\",scope=\"repository:team/a:pull\""), "{challenge}");
    let bob = token(&world, &refused, "bob");
    assert_eq!(bearing(&world, &bob, "GET", "/v2/team/a/manifests/t").status, 200);
    assert_eq!(bearing(&world, &bob, "GET", "/v2/").status, 200);
    // It says pull, and so it is for nothing else, nor elsewhere.
    let delete = bearing(&world, &bob, "DELETE", "/v2/team/a/manifests/t");
    delete.assert_refused(401, "UNAUTHORIZED");
    assert!(delete.header("www-authenticate").unwrap().contains("error=\"insufficient_scope\""));
    assert_eq!(bearing(&world, &bob, "GET", "/v2/bob/a/tags/list").status, 401);
    // Granting nothing is no error, and then nothing is allowed.
    let nobody = token(&world, &refused, "");
    assert_eq!(bearing(&world, &nobody, "GET", "/v2/team/a/manifests/t").status, 401);
    assert_eq!(bearing(&world, &nobody, "GET", "/v2/").status, 200);
    let mount = format!("/v2/bob/a/blobs/uploads/?mount={}&from=team/a", Digest::of(b"x"));
    let challenge = world.send(&request("POST", &mount));
    let challenge = challenge.header("www-authenticate").unwrap();
    assert!(challenge.contains("scope=\"repository:bob/a:pull,push repository:team/a:pull\""), "{challenge}");
    let refused = world.send(&request("POST", &mount));
    assert_eq!(bearing(&world, &token(&world, &refused, "bob"), "POST", &mount).status, 201);
}

/// A token for the target alone does not reach the source, but its user may ask for one that does. Who may not
/// pull the source learns nothing of it.
#[test]
fn srv_4_a_token_too_narrow_for_a_mount_is_answered_with_the_one_that_is_not() {
    let world = world(true);
    for (repository, layer) in [("team/a", b"team"), ("secret/a", b"secr")] {
        assert_eq!(push(&world, "ann", repository, "t", layer).status, 201);
    }
    let begun = world.send(&request("POST", "/v2/bob/a/blobs/uploads/"));
    let narrow = token(&world, &begun, "bob");
    let mount =
        |layer: &[u8], from: &str| format!("/v2/bob/a/blobs/uploads/?mount={}{from}", Digest::of(layer));
    for (from, scope) in [("&from=team/a", " repository:team/a:pull"), ("", ",mount")] {
        let target = mount(b"team", from);
        let refused = bearing(&world, &narrow, "POST", &target);
        refused.assert_refused(401, "UNAUTHORIZED");
        let challenge = refused.header("www-authenticate").unwrap();
        let scope = format!("scope=\"repository:bob/a:pull,push{scope}\",error=\"insufficient_scope\"");
        assert!(challenge.ends_with(&scope), "{challenge}");
        let wide = token(&world, &refused, "bob");
        assert_eq!(bearing(&world, &wide, "POST", &target).status, 201);
        let blob = format!("/v2/bob/a/blobs/{}", Digest::of(b"team"));
        assert_eq!(as_user(&world, "ann", "DELETE", &blob, b"").status, 202);
        // Whoever comes without a token is told the same at once.
        let refused = world.send(&request("POST", &target));
        assert_eq!(bearing(&world, &token(&world, &refused, "bob"), "POST", &target).status, 201);
        assert_eq!(as_user(&world, "ann", "DELETE", &blob, b"").status, 202);
        // Mounting is all that is wider: reading elsewhere, even where anybody may, is not.
        assert_eq!(bearing(&world, &wide, "GET", "/v2/public/none/tags/list").status, 401);
        assert_eq!(bearing(&world, &wide, "POST", &mount(b"secr", "")).status, 202);
    }
    for target in [mount(b"secr", "&from=secret/a"), mount(b"secr", ""), mount(b"none", "&from=secret/a")] {
        assert_eq!(bearing(&world, &narrow, "POST", &target).status, 202);
    }
}

#[test]
fn srv_13_our_tokens_end_with_their_time_and_their_user() {
    let world = world(true);
    assert_eq!(push(&world, "ann", "team/a", "t", b"x").status, 201);
    let target = "/v2/team/a/manifests/t";
    let bob = token(&world, &world.get(target), "bob");
    world.clock.advance(std::time::Duration::from_secs(359));
    assert_eq!(bearing(&world, &bob, "GET", target).status, 200);
    world.clock.advance(std::time::Duration::from_secs(2));
    let expired = bearing(&world, &bob, "GET", target);
    assert_eq!(expired.status, 401);
    let challenge = expired.header("www-authenticate").unwrap();
    assert!(challenge.ends_with("scope=\"repository:team/a:pull\",error=\"invalid_token\""), "{challenge}");
    for forged in [
        bob.replace('.', "_"),
        format!("{bob}x"),
        bob.split('.').rev().collect::<Vec<_>>().join("."),
        "x".repeat(20_000),
    ] {
        assert_eq!(bearing(&world, &forged, "GET", target).status, 401);
    }
}

#[test]
fn tokens_are_refreshed_until_the_password_changes() {
    let world = world(true);
    let form = |body: &str| {
        let post = request("POST", "/token").header("Content-Type", "application/x-www-form-urlencoded");
        world.send(&post.body(body.as_bytes()))
    };
    let password = "grant_type=password&username=bob&password=bob-secret&service=strata&client_id=c\
        &access_type=offline&scope=repository%3Ateam%2Fa%3Apull,push+repository:bob/a:push";
    let answer = form(password).json();
    assert_eq!(answer["scope"], "repository:team/a:pull repository:bob/a:push");
    assert_eq!((answer["expires_in"].as_i64(), answer["token"] == answer["access_token"]), (Some(300), true));
    let refresh = answer["refresh_token"].as_str().unwrap().to_owned();
    let again =
        form(&format!("grant_type=refresh_token&refresh_token={refresh}&scope=repository:bob/a:push"));
    assert_eq!(again.json()["scope"], "repository:bob/a:push");
    // Each kind is good for its own use alone.
    assert_eq!(bearing(&world, &refresh, "GET", "/v2/").status, 401);
    let access = answer["token"].as_str().unwrap();
    form(&format!("grant_type=refresh_token&refresh_token={access}")).assert_refused(401, "UNAUTHORIZED");
    form("grant_type=password&username=bob&password=wrong").assert_refused(401, "UNAUTHORIZED");
    form("grant_type=else").assert_refused(400, "UNSUPPORTED");
    let login = as_user(
        &world,
        "bob",
        "GET",
        "/token?account=bob&client_id=docker&offline_token=true&service=strata",
        b"",
    );
    assert!(login.json()["refresh_token"].is_string());
    assert_eq!(world.send(&request("GET", "/token").basic("bob", "wrong")).status, 401);
    let path = world.config.access.as_ref().unwrap().htpasswd.clone().unwrap();
    std::fs::write(&path, format!("bob:{}\n", bcrypt::hash("another", 4).unwrap())).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    form(&format!("grant_type=refresh_token&refresh_token={refresh}")).assert_refused(401, "UNAUTHORIZED");
}

#[test]
fn srv_14_attempts_are_limited_and_others_are_not_held_up() {
    let world = world(false);
    let wrong = request("GET", "/v2/").basic("ann", "wrong");
    let last = (0..25).map(|_| world.send(&wrong)).last().unwrap();
    last.assert_refused(429, "TOOMANYREQUESTS");
    assert!(last.header("retry-after").is_some());
    assert_eq!(world.get("/v2/public/a/tags/list").status, 404, "who needs no password is served");
}

#[test]
fn a_registry_without_users_takes_any_login() {
    let world = World::new();
    assert_eq!(world.send(&request("GET", "/v2/").basic("anybody", "anything")).status, 200);
}

#[test]
fn access_is_explained() {
    let world = world(false);
    let name = registry_server::RepositoryName::parse("bob/a").unwrap();
    let found = registry_server::operate::explain_access(&world.config, Some("bob"), &name);
    assert_eq!(found.allowed, [Action::Pull, Action::Push]);
    assert_eq!(found.reasons.len(), 4);
    let _: Value = json!(found.reasons);
}
