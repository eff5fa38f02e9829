//! Lists in pages (NET-8).

use crate::peer::{Peer, Seen, reply};
use crate::setup::{client, reference};
use registry_client::Error;

fn tags(peer: &Peer) -> Result<Vec<String>, Error> {
    let client = client();
    client.repository(&reference(&format!("{}/a", peer.host)))?.tags()
}

fn page(names: &str, link: &str) -> Vec<crate::peer::Act> {
    let link = ("Link", link);
    let headers: &[(&str, &str)] = if link.1.is_empty() { &[] } else { &[link] };
    reply("200 OK", headers, format!("{{\"name\":\"a\",\"tags\":[{names}]}}"))
}

#[test]
fn net_8_pages_are_followed_in_the_registrys_order() {
    let peer = Peer::new(|seen| match seen.line().as_str() {
        "GET /v2/a/tags/list" => page("\"z\",\"b\"", "</v2/a/tags/list?last=b&n=2>; rel=\"next\""),
        "GET /v2/a/tags/list?last=b&n=2" => page("\"a\"", ""),
        _ => reply("404 Not Found", &[], ""),
    });
    assert_eq!(tags(&peer).unwrap(), ["z", "b", "a"]);
}

#[test]
fn net_8_pages_stay_at_the_registry_and_lead_somewhere() {
    let elsewhere = Peer::at("127.0.0.2", |_| page("\"x\"", ""));
    let away = format!("<{}>; rel=\"next\"", elsewhere.url("/v2/a/tags/list"));
    let check = |link: String, expect: &str| {
        let peer = Peer::new(move |_: &Seen| page("\"x\"", &link));
        let error = tags(&peer).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check(away, "not at the registry itself");
    check("</v2/a/tags/list>; rel=\"next\"".into(), "a page that was seen already");
    check("<ftp://x/>; rel=\"next\"".into(), "the URL is neither http nor https");
    check("<http://u:p@127.0.0.1/>; rel=\"next\"".into(), "the URL has user info");
    assert!(elsewhere.seen().is_empty());
}

#[test]
fn net_8_lists_end() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let endless = Peer::new(move |_| {
        let at = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        page(&format!("\"t{at}\""), &format!("</v2/a/tags/list?n={at}>; rel=\"next\""))
    });
    let error = tags(&endless).unwrap_err().to_string();
    assert!(error.ends_with("is over LIST_PAGES_MAX (10000)"), "{error}");
    // An empty page is the end, whatever it leads to.
    let empty = Peer::new(|seen| match seen.line().contains('?') {
        true => page("", "</v2/a/tags/list?n=3>; rel=\"next\""),
        false => page("\"x\"", "</v2/a/tags/list?n=2>; rel=\"next\""),
    });
    assert_eq!(tags(&empty).unwrap(), ["x"]);
    let huge = Peer::new(|_| {
        vec![
            crate::peer::Act::Send(b"HTTP/1.1 200 OK\r\n\r\n{\"tags\":[\"".to_vec()),
            crate::peer::Act::Endless(vec![b'x'; 65536]),
        ]
    });
    let error = tags(&huge).unwrap_err().to_string();
    assert!(error.ends_with("is over LIST_PAGE_BYTES_MAX (16777216)"), "{error}");
}

#[test]
fn net_8_names_that_are_none_are_left_out_and_warned_of() {
    let peer = Peer::new(|_| page("\"good\",\"../x\",\"a b\",\"\\u001b[31m\",\"-x\"", ""));
    let client = client();
    let repository = client.repository(&reference(&format!("{}/a", peer.host))).unwrap();
    assert_eq!(repository.tags().unwrap(), ["good"]);
    let warnings = client.take_warnings();
    assert_eq!(warnings.len(), 4);
    assert_eq!(warnings[2], format!("{} lists a tag that is none: \"\\u{{1b}}[31m\"", peer.host));
}

#[test]
fn odd_but_legal_lists_are_read_and_others_are_not() {
    let check = |body: &'static str, expect: Option<usize>| {
        let peer = Peer::new(move |_| reply("200 OK", &[], body));
        assert_eq!(tags(&peer).ok().map(|tags| tags.len()), expect, "{body}");
    };
    check("{\"tags\":null}", Some(0));
    check("{\"tags\":[]}", Some(0));
    check("{\"tags\":[1]}", None);
    check("{\"tags\":\"x\"}", None);
    check("{}", None);
    check("[]", None);
    check("<html>", None);
}
