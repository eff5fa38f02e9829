//! The token server: GET with Basic, and OAuth2 by POST.

use serde_json::{Value, json};

use super::auth::{Auth, Grant, basic_credentials};
use super::http::{Response, header, parse_query};
use super::routes::{Call, unsupported};

/// Answers `/token`.
pub(crate) fn answer(call: &Call<'_>) -> Response {
    if call.shared.options.auth != Auth::Bearer {
        return Response::new(404).bytes("text/plain; charset=utf-8", "404 page not found\n");
    }
    match call.method {
        "GET" => get(call),
        "POST" if call.shared.options.oauth2 => post(call),
        _ => unsupported(),
    }
}

fn refused() -> Response {
    Response::error(401, "UNAUTHORIZED", "incorrect username or password")
        .header("WWW-Authenticate", "Basic realm=\"testkit\"")
}

fn get(call: &Call<'_>) -> Response {
    let credentials = header(&call.head.headers, "authorization").map(basic_credentials);
    let user = match credentials {
        None => None,
        Some(Some((user, password))) if call.shared.auth.knows(&user, &password) => Some(user),
        Some(_) => return refused(),
    };
    let scopes = call.query.iter().filter(|(name, _)| name == "scope").map(|(_, value)| value.as_str());
    let wants_refresh = call.query("offline_token") == Some("true");
    Response::new(200).json(&token(call, user.as_deref(), scopes, wants_refresh))
}

fn post(call: &Call<'_>) -> Response {
    let form = parse_query(&String::from_utf8_lossy(&call.body));
    let field = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, v)| v.as_str());
    let user = match field("grant_type") {
        Some("password") => {
            let (user, password) = (field("username").unwrap_or(""), field("password").unwrap_or(""));
            call.shared.auth.knows(user, password).then(|| user.to_owned())
        }
        Some("refresh_token") => call.shared.auth.refresh_user(field("refresh_token").unwrap_or("")),
        _ => return Response::new(400).json(&json!({"error": "unsupported_grant_type"})),
    };
    let Some(user) = user else { return refused() };
    let scopes = field("scope").unwrap_or_default().split(' ');
    Response::new(200).json(&token(call, Some(&user), scopes, field("access_type") == Some("offline")))
}

fn token<'a>(
    call: &Call<'_>,
    user: Option<&str>,
    scopes: impl Iterator<Item = &'a str>,
    wants_refresh: bool,
) -> Value {
    let gate = &call.shared.auth;
    let wishes = scopes.flat_map(|scopes| scopes.split(' ')).filter_map(Grant::parse).collect();
    let grants = gate.grant(user, wishes);
    let scope: Vec<String> =
        grants.iter().map(|g| format!("{}:{}:{}", g.kind, g.name, g.actions.join(","))).collect();
    let text = gate.issue(grants);
    let mut answer = json!({
        "token": text,
        "access_token": text,
        "expires_in": call.shared.options.token_seconds,
        "issued_at": jiff::Timestamp::now().to_string(),
        "scope": scope.join(" "),
    });
    if let Some(user) = user.filter(|_| wants_refresh) {
        answer["refresh_token"] = gate.issue_refresh(user).into();
    }
    answer
}
