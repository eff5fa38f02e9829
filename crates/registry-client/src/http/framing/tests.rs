use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    More,
    Whole,
    Surplus,
}

/// Shows an answer in pieces of every small size; the verdict must not depend on them.
fn watch(request: &str, answer: &[u8]) -> Result<Seen, FramingError> {
    let mut verdicts = [1, 2, 3, 7, answer.len().max(1)].map(|size| {
        let mut exchange = Exchange::new(request.as_bytes());
        let outcome = answer.chunks(size).try_for_each(|piece| exchange.received(piece));
        outcome.map(|()| match exchange.place {
            Place::Done => Seen::Whole,
            Place::Surplus => Seen::Surplus,
            _ => Seen::More,
        })
    });
    verdicts.sort_by_key(|verdict| format!("{verdict:?}"));
    assert_eq!(verdicts.first(), verdicts.last(), "{:?}", String::from_utf8_lossy(answer));
    verdicts[0]
}

#[test]
fn net_9_framing_is_strict() {
    let check = |answer: &str, expect: Result<Seen, FramingError>| {
        assert_eq!(watch("GET / HTTP/1.1", answer.as_bytes()), expect, "{answer:?}");
    };
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
    let many = |n: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(n));
    let early = |n: usize| "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n".repeat(n) + "HTTP/1.1 204 No\r\n\r\n";
    // Harmless twins.
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", Ok(Seen::Whole));
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", Ok(Seen::More));
    check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", Ok(Seen::Surplus));
    check("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Ok(Seen::Whole));
    check("HTTP/1.1 200\r\ncontent-length:2\r\n\r\nab", Ok(Seen::Whole));
    check("HTTP/1.0 200 OK\r\n\r\nuntil the end", Ok(Seen::More));
    check("HTTP/1.1 204 No Content\r\n\r\n", Ok(Seen::Whole));
    check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", Ok(Seen::Whole));
    check(&many(HEADER_COUNT_MAX), Ok(Seen::More));
    check(&early(INFORMATIONAL_MAX), Ok(Seen::Whole));
    // Hostile ones.
    check(&head("Content-Length: 2\r\nContent-Length: 3"), Err(FramingError::RepeatedLength));
    check(&head("Content-Length: 2\r\nContent-Length: 2"), Err(FramingError::RepeatedLength));
    check(&head("Content-Length: 2, 2"), Err(FramingError::Length));
    check(&head("Content-Length: +2"), Err(FramingError::Length));
    check(&head("Content-Length: "), Err(FramingError::Length));
    check(&head("Content-Length: 99999999999999999999"), Err(FramingError::Length));
    check(&head("Content-Length: 2\r\nTransfer-Encoding: chunked"), Err(FramingError::LengthAndCoding));
    check(&head("Transfer-Encoding: gzip, chunked"), Err(FramingError::Coding));
    check(&head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), Err(FramingError::Coding));
    check(&head("Transfer-Encoding: identity"), Err(FramingError::Coding));
    check("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Err(FramingError::Coding));
    check("HTTP/1.1 200 OK\nContent-Length: 2\n\nab", Err(FramingError::LineEnd));
    check(&head("Content-Length : 2"), Err(FramingError::HeaderLine));
    check(&head("X: y\r\n folded"), Err(FramingError::HeaderLine));
    check(&head("X: y\0z"), Err(FramingError::HeaderLine));
    check(&head("no colon"), Err(FramingError::HeaderLine));
    for line in ["HTTP/2.0 200 OK", "HTTP/1.1 20 OK", "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK", "HTTP/1.1  200"]
    {
        check(&format!("{line}\r\n\r\n"), Err(FramingError::StatusLine));
    }
    check("ICY 200 OK", Err(FramingError::StatusLine));
    check("<html>", Err(FramingError::StatusLine));
    check(&many(HEADER_COUNT_MAX + 1), Err(FramingError::TooManyHeaders));
    check(&early(INFORMATIONAL_MAX + 1), Err(FramingError::TooManyInformational));
    check(&head(&format!("X: {}", "y".repeat(HEADER_BYTES_MAX))), Err(FramingError::HeadTooLarge));
}

#[test]
fn net_9_bad_chunks_are_refused() {
    let check = |body: &str, expect: Result<Seen, FramingError>| {
        let answer = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n{body}");
        assert_eq!(watch("GET / HTTP/1.1", answer.as_bytes()), expect, "{body:?}");
    };
    check("1\r\na\r\n0\r\n\r\n", Ok(Seen::Whole));
    check("2\r\nab\r\nA;x=y\r\n0123456789\r\n0\r\nX: y\r\n\r\n", Ok(Seen::Whole));
    check("00000000000000f\r\n", Ok(Seen::More));
    check("0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", Ok(Seen::Surplus));
    for bad in [
        "+1\r\na\r\n",
        "-1\r\n",
        "\r\n",
        " 1\r\na\r\n",
        "1 \r\na\r\n",
        "0x1\r\na\r\n",
        "g\r\n",
        "1\na\n",
        "1\r\nab\r\n",
        "1\r\na\n",
        "0000000000000001\r\na\r\n",
        "ffffffffffffffff1\r\n",
    ] {
        check(bad, Err(FramingError::Chunk));
    }
    check(&"1".repeat(300), Err(FramingError::Chunk));
    check("0\r\nno colon\r\n\r\n", Err(FramingError::HeaderLine));
    check(&format!("0\r\n{}", "X: y\r\n".repeat(20_000)), Err(FramingError::HeadTooLarge));
}

#[test]
fn answers_to_head_have_no_body() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";
    assert_eq!(watch("HEAD / HTTP/1.1", answer), Ok(Seen::Whole));
    assert_eq!(watch("GET / HTTP/1.1", answer), Ok(Seen::More));
}

proptest! {
    #[test]
    fn net_9_no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        let _ = watch("GET / HTTP/1.1", &bytes);
        answer.extend(bytes);
        let _ = watch("GET / HTTP/1.1", &answer);
    }
}
