//! Three images, and how a Docker 28.2 client drew them on terminals of several widths.
use super::*;

fn details(id: char, disk_usage: &str, content_size: &str, in_use: bool) -> Details {
    Details {
        id: id.to_string().repeat(12),
        disk_usage: disk_usage.to_owned(),
        content_size: content_size.to_owned(),
        in_use,
    }
}

fn platform(name: &str, available: bool, details: Details) -> Platform {
    Platform { name: name.to_owned(), details, available }
}

fn images() -> Vec<Image> {
    let long = "127.0.0.1:5000/library/golang-with-a-long-name/and-more-of-it-so-that-it-is-cut:latest";
    vec![
        Image {
            names: vec![long.to_owned()],
            details: details('b', "33.9kB", "1.5kB", true),
            platforms: vec![platform("linux/amd64", true, details('4', "9.7kB", "1.5kB", true))],
        },
        Image {
            names: vec!["alpine:latest".to_owned(), "alpine:3.20".to_owned()],
            details: details('a', "3MB", "1.14MB", false),
            platforms: vec![
                platform("linux/amd64", true, details('1', "3.25MB", "1.14MB", false)),
                platform("linux/arm64/v8", true, details('2', "9.7kB", "1.5kB", false)),
                platform("linux/arm/v7", false, details('3', "0B", "0B", false)),
            ],
        },
        Image { details: details('c', "1kB", "0B", false), ..Image::default() },
    ]
}

#[test]
fn a_terminal_gets_colours_and_the_columns_that_fit() {
    for (columns, expect) in [
        (15, include_str!("../../../tests/golden/tree/color-15.txt")),
        (30, include_str!("../../../tests/golden/tree/color-30.txt")),
        (70, include_str!("../../../tests/golden/tree/color-70.txt")),
        (130, include_str!("../../../tests/golden/tree/color-130.txt")),
    ] {
        assert_eq!(render(&images(), columns, true), expect, "{columns} columns");
    }
}

#[test]
fn elsewhere_there_is_no_colour() {
    let expect = include_str!("../../../tests/golden/tree/plain-80.txt");
    assert_eq!(render(&images(), 80, false), expect);
}

#[test]
fn no_images_leave_the_titles() {
    let drawn = render(&[], 80, false);
    assert!(drawn.ends_with("\n\nIMAGE   ID             DISK USAGE   CONTENT SIZE   EXTRA\n"), "{drawn}");
}
