//! Lists that come in pages: tags and repositories (NET-8).

use std::collections::HashSet;

use serde_json::Value;

use crate::ask::{Server, refused, request};
use crate::auth::Scopes;
use crate::client::Client;
use crate::error::Error;
use crate::http::{Method, Response};
use crate::limits::{LIST_ITEMS_MAX, LIST_PAGE_BYTES_MAX, LIST_PAGES_MAX};
use crate::url::Url;

/// Fetches every page of a list of names that stand under `member`.
pub(crate) fn fetch_names(
    client: &Client,
    server: &Server<'_>,
    first: Url,
    scopes: &Scopes,
    member: &str,
) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    let mut next = Some(first);
    while let Some(url) = next.take() {
        let limit = |what, limit, value| Error::Limit { what, url: url.to_string(), limit, value };
        if seen.len() == LIST_PAGES_MAX {
            return Err(limit("the number of pages", "LIST_PAGES_MAX", LIST_PAGES_MAX as u64));
        }
        if !seen.insert(url.to_string()) {
            let what = "the list leads back to a page that was seen already".to_owned();
            return Err(Error::Protocol { url: url.to_string(), what });
        }
        let mut request = request(Method::Get, url.clone(), server);
        let response = client.ask(server, &mut request, scopes)?;
        if response.status != 200 {
            return Err(refused(Method::Get, response));
        }
        next = next_page(&response, server)?;
        let page = read_page(response, &url, member)?;
        if names.len() + page.len() > LIST_ITEMS_MAX {
            return Err(limit("the number of names", "LIST_ITEMS_MAX", LIST_ITEMS_MAX as u64));
        }
        if page.is_empty() {
            break;
        }
        names.extend(page);
    }
    Ok(names)
}

/// Reads one page; `null` is an empty list, as some registries have it.
fn read_page(response: Response, url: &Url, member: &str) -> Result<Vec<String>, Error> {
    let broken = |error| Error::transport(Method::Get, url.to_string(), error);
    let body = response.body.read_all(LIST_PAGE_BYTES_MAX).map_err(broken)?.ok_or_else(|| Error::Limit {
        what: "a page",
        url: url.to_string(),
        limit: "LIST_PAGE_BYTES_MAX",
        value: LIST_PAGE_BYTES_MAX,
    })?;
    let value = spec::json::parse_strict(&body)
        .map_err(|_| Error::NotARegistry { url: url.to_string(), what: "not one JSON object".to_owned() })?;
    let no_list = || {
        let what = format!("the answer has no list {member:?}");
        Error::Protocol { url: url.to_string(), what }
    };
    match value.get(member) {
        Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(no_list)).collect()
        }
        _ => Err(no_list()),
    }
}

/// The page that a `Link` header leads to; it has to stay at the registry.
fn next_page(response: &Response, server: &Server<'_>) -> Result<Option<Url>, Error> {
    let Some(link) = response.header_values("link").find_map(next_link) else { return Ok(None) };
    let refuse = |what: String| Error::Protocol { url: response.url.to_string(), what };
    let url = response.url.join(link).map_err(|e| refuse(format!("the next page: {e}")))?;
    if url.origin() != server.registry {
        return Err(refuse(format!("the next page lies at {}, not at the registry itself", url.origin())));
    }
    Ok(Some(url))
}

/// The target of `<target>; rel="next"`, the only relation that registries use.
fn next_link(value: &str) -> Option<&str> {
    let mut rest = value;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            name.trim().eq_ignore_ascii_case("rel")
                && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
        });
        if is_next {
            return Some(target);
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn links_are_read() {
        let check = |value: &str, expect: Option<&str>| assert_eq!(next_link(value), expect, "{value:?}");
        check("</v2/a/tags/list?n=2&last=b>; rel=\"next\"", Some("/v2/a/tags/list?n=2&last=b"));
        check("<x>;rel=next", Some("x"));
        check("<x>; title=\"a\"; REL=\"Next\"", Some("x"));
        check("<p>; rel=\"prev\", <n>; rel=\"next\"", Some("n"));
        check("<p>; rel=\"prev\"", None);
        check("", None);
        check("<x", None);
        check("x; rel=next", None);
    }

    proptest! {
        #[test]
        fn any_link_is_read_without_panic(value in "[<>;,=\" a-z]{0,60}") {
            let _ = next_link(&value);
        }
    }
}
