//! The commands over the engine, in transcripts. What Docker 28 answered to the same
//! command lines is what stands in them, with names and digests of these images; times that people read are
//! three minutes after the images were made.
use cli::Terminal;

use crate::bench::Bench;

#[test]
fn images_are_listed_filtered_and_formatted() {
    Bench::new().check("images.txt");
}

#[test]
fn images_are_inspected() {
    Bench::new().check("inspect.txt");
}

#[test]
fn the_history_of_images_is_shown() {
    Bench::new().check("history.txt");
}

#[test]
fn images_are_tagged_and_removed() {
    Bench::new().check("tag-rmi.txt");
}

#[test]
fn unused_images_are_pruned() {
    Bench::new().check("prune.txt");
}

#[test]
fn images_are_saved_and_loaded() {
    Bench::new().check("save-load.txt");
}

#[test]
fn the_store_and_the_program_are_described() {
    Bench::new().check("system.txt");
}

#[test]
fn pulls_are_told() {
    Bench::new().check("pull.txt");
}

#[test]
fn pushes_are_told() {
    Bench::new().check("push.txt");
}

#[test]
fn registries_are_asked() {
    Bench::new().check("remote.txt");
}

#[test]
fn registries_are_searched() {
    Bench::new().check("search.txt");
}

#[test]
fn a_prune_asks_before_it_removes() {
    let bench = Bench::new();
    let load =
        bench.run(&["load", "-i", &format!("{}/nameless.tar", bench.path())], b"", Terminal::default());
    assert_eq!((load.exit, &*load.err), (0, ""));
    let question =
        |what: &str| format!("WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] ");
    let prune = |args: &[&str], typed| {
        let ran = bench.run(&[&["image", "prune"], args].concat(), typed, Terminal::default());
        assert_eq!((ran.exit, &*ran.err), (0, ""));
        ran.out
    };
    let unnamed = question("all dangling images");
    assert_eq!(prune(&[], b""), unnamed);
    assert_eq!(prune(&[], b"n\n"), unnamed);
    let all = question("all images without at least one container associated to them");
    assert_eq!(prune(&["-a", "--filter", "until=24h"], b"y\n"), format!("{all}Total reclaimed space: 0B\n"));
    let removed = prune(&[], b"Y\n");
    assert!(removed.starts_with(&format!("{unnamed}Deleted Images:\ndeleted: sha256:")), "{removed}");
    assert!(removed.ends_with("\n\nTotal reclaimed space: 2.064MB\n"), "{removed}");
}

#[test]
fn the_users_config_changes_formats_and_filters() {
    let bench = Bench::new();
    let run = |args: &[&str]| {
        let ran = bench.run(args, b"", Terminal::default());
        assert_eq!(ran.exit, 0, "{}", ran.err);
        (ran.out, ran.err)
    };
    run(&["load", "-i", &format!("{}/alpine.tar", bench.path())]);
    bench
        .docker_config(r#"{"imagesFormat": "{{.Repository}}!", "pruneFilters": ["label=kept", "until=1h"]}"#);
    assert_eq!(run(&["images"]).0, "alpine!\n");
    assert_eq!(run(&["images", "--format", "{{.Tag}}"]).0, "latest\n");
    assert_eq!(run(&["images", "-q"]).0.len(), 13);
    assert_eq!(run(&["image", "prune", "-af"]).0, "Total reclaimed space: 0B\n");
    bench.docker_config("{bad");
    let (out, err) = run(&["images", "--format", "{{.Tag}}"]);
    assert_eq!(out, "latest\n");
    let warning = format!("WARNING: Error parsing config file ({}/docker/config.json): ", bench.path());
    assert!(err.starts_with(&warning), "{err}");
}

#[test]
fn archives_do_not_go_to_or_come_from_terminals() {
    let bench = Bench::new();
    let terminal = Terminal { input: true, output: true, ..Terminal::default() };
    let check = |args: &[&str], expect: &str| {
        let ran = bench.run(args, b"", terminal);
        assert_eq!((ran.exit, &*ran.err), (1, expect));
    };
    check(&["save", "x"], "cowardly refusing to save to a terminal. Use the -o flag or redirect\n");
    check(&["load"], "requested load from stdin, but stdin is empty\n");
}

#[test]
fn completion_offers_the_names_of_images() {
    let bench = Bench::new();
    let run = |args: &[&str]| {
        let ran = bench.run(args, b"", Terminal::default());
        assert_eq!((ran.exit, &*ran.err), (0, ""));
        ran.out
    };
    assert_eq!(run(&["__complete", "images", ""]), "");
    run(&["load", "-i", &format!("{}/alpine.tar", bench.path())]);
    run(&["tag", "alpine", "team/app:1.0"]);
    assert_eq!(run(&["__complete", "images", ""]), "alpine:latest\nteam/app:1.0\n");
    assert_eq!(run(&["__complete", "images", "te"]), "team/app:1.0\n");
}
