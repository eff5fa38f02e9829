//! The events of one pull, and what a Docker 28.2 client wrote for them.
use super::*;

const fn layer<'a>(id: &'a str, status: &'a str, bytes: Option<(u64, u64)>) -> Event<'a> {
    let bytes = match bytes {
        Some((current, total)) => Some(Bytes { current, total }),
        None => None,
    };
    Event::Layer { id, status, bytes }
}

const EVENTS: &[Event<'_>] = &[
    Event::Message { id: "latest", status: "Pulling from library/redis" },
    layer("d31fcf63394a", "Pulling fs layer", None),
    layer("24382053b9ab", "Pulling fs layer", None),
    layer("b7cd5fa7be24", "Already exists", None),
    layer("24382053b9ab", "Waiting", None),
    layer("d31fcf63394a", "Downloading", Some((32_768, 1_138_000))),
    layer("d31fcf63394a", "Downloading", Some((569_000, 1_138_000))),
    layer("d31fcf63394a", "Downloading", Some((1_138_000, 1_138_000))),
    layer("24382053b9ab", "Downloading", Some((5000, 0))),
    layer("24382053b9ab", "Downloading", Some((5000, 100))),
    layer("24382053b9ab", "Downloading", Some((0, 100))),
    layer("24382053b9ab", "Extracting", Some((999_950, 999_999))),
    layer("d31fcf63394a", "Pull complete", None),
    layer("24382053b9ab", "Pull complete", None),
    Event::Message { id: "", status: "Digest: sha256:1df96efc" },
    Event::Message { id: "v2", status: "Pulling from library/redis" },
    layer("d31fcf63394a", "Already exists", None),
    Event::Message { id: "", status: "Status: Downloaded newer image for redis:latest" },
];

/// Every event a second after the one before.
fn shown(columns: Option<usize>) -> String {
    let mut progress = Progress::new(columns.map(|columns| Screen { columns, rows: 24 }));
    let start = Instant::now();
    let at = |index: usize| start + Duration::from_secs(index as u64);
    EVENTS.iter().enumerate().map(|(index, event)| progress.show(event, at(index))).collect()
}

fn recorded(bars: [&str; 6]) -> String {
    let [a, b, c, d, e, f] = bars;
    format!(
        "latest: Pulling from library/redis\n\
         \n\x1b[1A\x1b[2K\rd31fcf63394a: Pulling fs layer \r\x1b[1B\
         \n\x1b[1A\x1b[2K\r24382053b9ab: Pulling fs layer \r\x1b[1B\
         \n\x1b[1A\x1b[2K\rb7cd5fa7be24: Already exists \r\x1b[1B\
         \x1b[2A\x1b[2K\r24382053b9ab: Waiting \r\x1b[2B\
         \x1b[3A\x1b[2K\rd31fcf63394a: Downloading {a}\r\x1b[3B\
         \x1b[3A\x1b[2K\rd31fcf63394a: Downloading {b}\r\x1b[3B\
         \x1b[3A\x1b[2K\rd31fcf63394a: Downloading {c}\r\x1b[3B\
         \x1b[2A\x1b[2K\r24382053b9ab: Downloading      5kB\r\x1b[2B\
         \x1b[2A\x1b[2K\r24382053b9ab: Downloading {d}\r\x1b[2B\
         \x1b[2A\x1b[2K\r24382053b9ab: Downloading {e}\r\x1b[2B\
         \x1b[2A\x1b[2K\r24382053b9ab: Extracting {f}\r\x1b[2B\
         \x1b[3A\x1b[2K\rd31fcf63394a: Pull complete \r\x1b[3B\
         \x1b[2A\x1b[2K\r24382053b9ab: Pull complete \r\x1b[2B\
         Digest: sha256:1df96efc\n\
         v2: Pulling from library/redis\n\
         \n\x1b[1A\x1b[2K\rd31fcf63394a: Already exists \r\x1b[1B\
         Status: Downloaded newer image for redis:latest\n"
    )
}

#[test]
fn a_wide_terminal_gets_bars() {
    let expect = recorded([
        "[=>                                                 ]  32.77kB/1.138MB",
        "[=========================>                         ]    569kB/1.138MB",
        "[==================================================>]  1.138MB/1.138MB",
        "[==================================================>]      5kB",
        "[>                                                  ]       0B/100B",
        "[=================================================> ]   1000kB/1000kB",
    ]);
    assert_eq!(shown(Some(120)), expect);
    assert_eq!(shown(Some(111)), expect);
}

#[test]
fn a_narrow_terminal_gets_numbers() {
    let expect = recorded([
        " 32.77kB/1.138MB",
        "   569kB/1.138MB",
        " 1.138MB/1.138MB",
        "     5kB",
        "      0B/100B",
        "  1000kB/1000kB",
    ]);
    assert_eq!(shown(Some(110)), expect);
    assert_eq!(shown(Some(42)), expect);
}

#[test]
fn without_a_terminal_there_are_lines_and_no_numbers() {
    assert_eq!(
        shown(None),
        "latest: Pulling from library/redis\n\
         d31fcf63394a: Pulling fs layer\n\
         24382053b9ab: Pulling fs layer\n\
         b7cd5fa7be24: Already exists\n\
         24382053b9ab: Waiting\n\
         d31fcf63394a: Pull complete\n\
         24382053b9ab: Pull complete\n\
         Digest: sha256:1df96efc\n\
         v2: Pulling from library/redis\n\
         d31fcf63394a: Already exists\n\
         Status: Downloaded newer image for redis:latest\n"
    );
}

#[test]
fn byte_counts_are_drawn_ten_times_a_second_and_at_the_end() {
    let mut progress = Progress::new(Some(Screen { columns: 80, rows: 24 }));
    let start = Instant::now();
    let mut drawn = |millis, status, bytes| {
        !progress.show(&layer("a", status, bytes), start + Duration::from_millis(millis)).is_empty()
    };
    assert!(drawn(0, "Pulling fs layer", None));
    assert!(drawn(1, "Downloading", Some((1, 10))), "a new state is drawn at once");
    assert!(!drawn(50, "Downloading", Some((2, 10))));
    assert!(drawn(101, "Downloading", Some((3, 10))));
    assert!(!drawn(150, "Downloading", Some((4, 0))));
    assert!(drawn(151, "Downloading", Some((10, 10))), "the end is drawn at once");
    assert!(drawn(152, "Download complete", None));
}

#[test]
fn a_layers_bytes_wait_for_no_other_layer() {
    let mut progress = Progress::new(Some(Screen { columns: 80, rows: 24 }));
    let now = Instant::now();
    for id in ["a", "b", "c"] {
        assert!(!progress.show(&layer(id, "Downloading", Some((1, 10))), now).is_empty());
    }
}

#[test]
fn what_a_registry_says_cannot_drive_the_terminal() {
    let hostile = Event::Message { id: "v1\x1b[2J", status: "a\nb" };
    let harmless = Event::Message { id: "v1", status: "a" };
    let mut progress = Progress::new(None);
    assert_eq!(progress.show(&hostile, Instant::now()), "v1\\x1b[2J: a\\nb\n");
    assert_eq!(progress.show(&harmless, Instant::now()), "v1: a\n");
}

#[test]
fn lines_above_the_screen_are_left_alone() {
    let mut progress = Progress::new(Some(Screen { columns: 80, rows: 3 }));
    let now = Instant::now();
    let mut show = |id: &str| progress.show(&layer(id, "Waiting", None), now);
    assert_eq!(show("a"), "\n\x1b[1A\x1b[2K\ra: Waiting \r\x1b[1B");
    assert_eq!(show("b"), "\n\x1b[1A\x1b[2K\rb: Waiting \r\x1b[1B");
    assert_eq!(show("c"), "\n\x1b[1A\x1b[2K\rc: Waiting \r\x1b[1B");
    assert_eq!(show("b"), "\x1b[2A\x1b[2K\rb: Waiting \r\x1b[2B");
    assert_eq!(show("a"), "");
    progress.resize(Some(Screen { columns: 80, rows: 4 }));
    assert_eq!(progress.show(&layer("a", "Waiting", None), now), "\x1b[3A\x1b[2K\ra: Waiting \r\x1b[3B");
}

#[test]
fn no_line_is_longer_than_the_screen_is_wide() {
    let check = |columns, expect: &str| {
        let mut progress = Progress::new(Some(Screen { columns, rows: 24 }));
        let text = progress.show(&layer("ab", "Mounted from x/y", None), Instant::now());
        assert_eq!(text, format!("\n\x1b[1A\x1b[2K\r{expect}\r\x1b[1B"));
    };
    check(21, "ab: Mounted from x/y ");
    check(20, "ab: Mounted from x/y");
    check(5, "ab: M");
}
