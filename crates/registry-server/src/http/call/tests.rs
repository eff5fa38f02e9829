use super::*;

const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn parse(method: &str, target: &str) -> Answered<Call> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Call::parse(&Method::from_bytes(method.as_bytes()).unwrap(), path, query)
}

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).unwrap()
}

#[test]
fn paths_are_read_from_their_end() {
    let check = |method: &str, target: &str, expect: Call| {
        assert_eq!(parse(method, target).unwrap(), expect, "{method} {target}");
    };
    let by_tag = |text: &str| Selector::Tag(Tag::parse(text).unwrap());
    let d = || Digest::parse(D).unwrap();
    check("GET", "/v2/", Call::Base);
    check("HEAD", "/v2", Call::Base);
    check("GET", "/v2/a/manifests/x", Call::GetManifest(name("a"), by_tag("x")));
    check("HEAD", &format!("/v2/a/b/manifests/{D}"), Call::GetManifest(name("a/b"), Selector::Digest(d())));
    check("GET", "/v2/a/blobs/uploads/manifests/x", Call::GetManifest(name("a/blobs/uploads"), by_tag("x")));
    check(
        "GET",
        "/v2/x/manifests/y/tags/list",
        Call::Tags(name("x/manifests/y"), paging(&Query::default()).unwrap()),
    );
    check("GET", "/v2/a/manifests/uploads", Call::GetManifest(name("a"), by_tag("uploads")));
    check("GET", "/v2/tags/list/manifests/list", Call::GetManifest(name("tags/list"), by_tag("list")));
    check("GET", &format!("/v2/a/blobs/{}", D.replace(':', "%3A")), Call::GetBlob(name("a"), d()));
    check("DELETE", &format!("/v2/blobs/uploads/blobs/{D}"), Call::DeleteBlob(name("blobs/uploads"), d()));
    check("POST", "/v2/a/b/blobs/uploads/", Call::Begin(name("a/b"), Begin::Chunks(Algorithm::Sha256)));
    check("POST", "/v2/a/blobs/uploads", Call::Begin(name("a"), Begin::Chunks(Algorithm::Sha256)));
    let sha512 = Begin::Chunks(Algorithm::Sha512);
    check("POST", "/v2/a/blobs/uploads/?digest-algorithm=sha512", Call::Begin(name("a"), sha512));
    let mount = Begin::Mount(d(), Some(name("b/c")));
    check(
        "POST",
        &format!("/v2/a/blobs/uploads/?from=b%2Fc&mount={D}&origin=x"),
        Call::Begin(name("a"), mount),
    );
    check(
        "POST",
        &format!("/v2/a/blobs/uploads/?mount={D}"),
        Call::Begin(name("a"), Begin::Mount(d(), None)),
    );
    check("POST", &format!("/v2/a/blobs/uploads/?digest={D}"), Call::Begin(name("a"), Begin::Whole(d())));
    check("PATCH", "/v2/a/b/c/blobs/uploads/id", Call::Append(name("a/b/c"), "id".to_owned()));
    check(
        "PUT",
        &format!("/v2/a/blobs/uploads/id?digest={D}"),
        Call::Finish(name("a"), "id".to_owned(), d()),
    );
    check("GET", "/v2/a/blobs/uploads/id", Call::UploadStatus(name("a"), "id".to_owned()));
    let plus = Call::Referrers(name("a"), d(), Some("x/y+json".to_owned()), 0);
    check("GET", &format!("/v2/a/referrers/{D}?artifactType=x/y+json"), plus.clone());
    check("GET", &format!("/v2/a/referrers/{D}?artifactType=x%2Fy%2Bjson"), plus);
    check("GET", "/v2/a/_oci/ext/discover", Call::Extensions);
}

#[test]
fn srv_1_malformed_values_are_refused_before_any_look_up() {
    let check = |method: &str, target: &str, code: Code, status: u16| {
        let refusal = parse(method, target).unwrap_err();
        assert_eq!((refusal.code, refusal.status), (code, status), "{method} {target}");
        assert!(!refusal.details.is_empty());
    };
    for bad in ["A", "a//b", "-a", "a..b", "a%2F", "a%00", "é", "a b", "a/", &"a".repeat(256)] {
        check("GET", &format!("/v2/{bad}/manifests/x"), Code::NameInvalid, 400);
        check("GET", &format!("/v2/{bad}/tags/list"), Code::NameInvalid, 400);
        check("POST", &format!("/v2/{bad}/blobs/uploads/"), Code::NameInvalid, 400);
    }
    for bad in [".x", "-x", "x%20y", "é", &"x".repeat(129)] {
        check("PUT", &format!("/v2/a/manifests/{bad}"), Code::TagInvalid, 400);
        check("PUT", &format!("/v2/a/manifests/x?tag={bad}"), Code::TagInvalid, 400);
    }
    for bad in ["sha256:baddigeststring", "sha256:", "sha999:ab", "SHA256:ab", ":", "sha256:..x"] {
        check("GET", &format!("/v2/a/manifests/{bad}"), Code::DigestInvalid, 400);
        check("GET", &format!("/v2/a/referrers/{bad}"), Code::DigestInvalid, 400);
        check("POST", &format!("/v2/a/blobs/uploads/?digest={bad}"), Code::DigestInvalid, 400);
        check("POST", &format!("/v2/a/blobs/uploads/?mount={bad}"), Code::DigestInvalid, 400);
        check("PUT", &format!("/v2/a/blobs/uploads/id?digest={bad}"), Code::DigestInvalid, 400);
    }
    check("GET", "/v2/a/blobs/x", Code::DigestInvalid, 400);
    check("PUT", "/v2/a/blobs/uploads/id", Code::DigestInvalid, 400);
    check("POST", "/v2/a/blobs/uploads/?digest-algorithm=md5", Code::DigestInvalid, 400);
    check("POST", &format!("/v2/a/blobs/uploads/?mount={D}&from=B"), Code::NameInvalid, 400);
    check("GET", "/v2/a/tags/list?n=-1", Code::PaginationNumberInvalid, 400);
    check("GET", "/v2/_catalog?n=x", Code::PaginationNumberInvalid, 400);
    let many = "tag=x&".repeat(TAGS_PER_PUSH_MAX + 1);
    check("PUT", &format!("/v2/a/manifests/{D}?{many}"), Code::TagInvalid, 414);
    check("GET", "/v3/", Code::Unsupported, 404);
    check("GET", "/v2/a", Code::Unsupported, 404);
}

#[test]
fn srv_6_methods_outside_the_table_are_405() {
    let check = |method: &str, target: &str, allow: &str| {
        let refusal = parse(method, target).unwrap_err();
        assert_eq!((refusal.code, refusal.status), (Code::Unsupported, 405), "{method} {target}");
        assert_eq!(refusal.headers[0].1, allow);
    };
    check("POST", "/v2/", "GET, HEAD");
    check("DELETE", "/v2/_catalog", "GET, HEAD");
    check("PATCH", "/v2/a/manifests/x", "GET, HEAD, PUT, DELETE");
    check("GET", "/v2/a/blobs/uploads/", "POST");
    check("TRACE", "/v2/a/blobs/uploads/id", "GET, HEAD, PATCH, PUT, DELETE");
    check("BREW", &format!("/v2/a/blobs/{D}"), "GET, HEAD, DELETE");
}

#[test]
fn srv_9_page_sizes_are_clamped() {
    let check = |n: &str, expect: usize| {
        let Call::Tags(_, paging) = parse("GET", &format!("/v2/a/tags/list?n={n}")).unwrap() else {
            panic!()
        };
        assert_eq!(paging.limit, expect, "{n}");
    };
    check("0", 0);
    check("7", 7);
    check("", PAGE_ITEMS_MAX);
    check("1001", PAGE_ITEMS_MAX);
    check("18446744073709551616", PAGE_ITEMS_MAX);
    check(&"9".repeat(400), PAGE_ITEMS_MAX);
    assert!(parse("GET", &format!("/v2/_catalog?last={}", "x".repeat(513))).is_err());
    assert!(parse("GET", &format!("/v1/search?q={}", "x".repeat(257))).is_err());
}
