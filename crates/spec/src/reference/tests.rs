use proptest::prelude::*;

use super::*;

const HEX: &str = "22f8f28be2ba51f34917973a0da5c57ee45e1389387bacb3ba6f5d81440417b4";

#[track_caller]
fn check(text: &str, canonical: &str, familiar: &str) {
    let reference = Reference::parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).or_latest();
    assert_eq!(reference.to_string(), canonical, "{text}");
    assert_eq!(reference.familiar(), familiar, "{text}");
}

#[track_caller]
fn refuse(text: &str, message: &str) {
    match Reference::parse(text) {
        Ok(reference) => panic!("{text:?} was taken as {reference}"),
        Err(error) => assert_eq!(error.to_string(), message, "{text:?}"),
    }
}

#[test]
fn normalises_as_docker_does() {
    check("alpine", "docker.io/library/alpine:latest", "alpine:latest");
    check("nigelpoulton/tu-demo:v2", "docker.io/nigelpoulton/tu-demo:v2", "nigelpoulton/tu-demo:v2");
    check("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest");
    check("index.docker.io/library/alpine", "docker.io/library/alpine:latest", "alpine:latest");
    check("localhost/x", "localhost/x:latest", "localhost/x:latest");
    check(
        "127.0.0.1:5000/library/alpine",
        "127.0.0.1:5000/library/alpine:latest",
        "127.0.0.1:5000/library/alpine:latest",
    );
    check("host:5000", "docker.io/library/host:5000", "host:5000");
    check("Foo/bar", "Foo/bar:latest", "Foo/bar:latest");
    check("[::1]:5000/x:1", "[::1]:5000/x:1", "[::1]:5000/x:1");
    check("[::1]/x", "[::1]/x:latest", "[::1]/x:latest");
    check("a/b/c", "docker.io/a/b/c:latest", "a/b/c:latest");
    check("library/alpine", "docker.io/library/alpine:latest", "alpine:latest");
    check("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest");
    check("x__y/a--b.c_d", "docker.io/x__y/a--b.c_d:latest", "x__y/a--b.c_d:latest");
    check("localhost", "docker.io/library/localhost:latest", "localhost:latest");
    let pinned = format!("alpine@sha256:{HEX}");
    check(&pinned, &format!("docker.io/library/{pinned}"), &pinned);
}

#[test]
fn ref_1_refuses_with_docker_s_words() {
    let format = "invalid reference format";
    for text in [
        "",
        ":",
        "alpine:",
        "/alpine",
        "alpine/",
        "a//b",
        "-a",
        "a-",
        ".a",
        "a.",
        "a..b",
        "a___b",
        "a b",
        "a%2f",
        "a\\b",
        "a?b",
        "http://a/b",
        "user@host/x",
        "é",
        "a\u{0}b",
        "a\nb",
        "[::1",
        "[]/x",
        "[::1]x/y",
        "host:99999/x",
        "host:/x",
        "host:5x/y",
        "alpine:.x",
        "alpine:-x",
        "alpine:tag/x",
        "alpine@",
        "alpine@sha256",
        "alpine@sha256:abc",
        "_host.com/x",
        "-a.com/x",
        "a.com-/x",
    ] {
        refuse(text, format);
    }
    refuse("Alpine", "invalid reference format: repository name (library/Alpine) must be lowercase");
    refuse("foo/Bar:X", "invalid reference format: repository name (foo/Bar) must be lowercase");
    refuse(HEX, &format!("invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"));
    refuse(&format!("x/{}", "a".repeat(256)), "repository name must not be more than 255 characters");
    refuse(&"a".repeat(2000), format);
    refuse(&format!("alpine@sha256:{}", &HEX[1..]), "invalid checksum digest length");
    refuse(&format!("alpine@sha256:{}", HEX.to_uppercase()), "invalid checksum digest format");
    refuse(&format!("alpine@foo:{HEX}"), "unsupported digest algorithm");
    refuse(&format!("alpine:{}", "t".repeat(129)), format);
    check(
        &format!("alpine:{}", "t".repeat(128)),
        &format!("docker.io/library/alpine:{}", "t".repeat(128)),
        &format!("alpine:{}", "t".repeat(128)),
    );
    let longest = format!("x/{}", "a".repeat(253));
    check(&longest, &format!("docker.io/{longest}:latest"), &format!("{longest}:latest"));
}

#[test]
fn ref_4_the_digest_decides() {
    let both = Reference::parse(&format!("alpine:3@sha256:{HEX}")).unwrap();
    assert_eq!(both.tag(), Some("3"));
    let pinned = both.digest_wins();
    assert_eq!(pinned.tag(), None);
    assert_eq!(pinned.familiar(), format!("alpine@sha256:{HEX}"));
}

#[test]
fn any_reference_takes_ids_too() {
    assert!(matches!(AnyReference::parse(HEX), Ok(AnyReference::Digest(_))));
    assert!(matches!(AnyReference::parse(&format!("sha256:{HEX}")), Ok(AnyReference::Digest(_))));
    assert!(matches!(AnyReference::parse("sha256:abc"), Ok(AnyReference::Named(_))));
    assert!(matches!(AnyReference::parse("alpine"), Ok(AnyReference::Named(_))));
}

proptest! {
    #[test]
    fn never_panics(text in ".{0,80}") {
        let _ = AnyReference::parse(&text);
    }

    #[test]
    fn ref_1_parse_of_display_is_identity(text in "([a-zA-Z]{1,3}(\\.[a-z]{1,3})?(:[0-9]{1,5})?/)?[a-z]{1,2}([._-][a-z0-9]{1,3}){0,2}(/[a-z]{1,3}){0,2}(:[A-Za-z0-9_.-]{1,6})?") {
        if let Ok(reference) = Reference::parse(&text) {
            prop_assert_eq!(&Reference::parse(&reference.to_string()).unwrap(), &reference);
            prop_assert_eq!(&Reference::parse(&reference.familiar()).unwrap(), &reference);
        }
    }
}
