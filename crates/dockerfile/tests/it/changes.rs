//! What each instruction does.

use serde_json::{Value, json};

use crate::applied;

/// Applies lines to nothing.
fn check(lines: &[&str], expect: Value) {
    assert_eq!(applied(lines, json!({})), Ok(expect), "{lines:?}");
}

/// Applies lines to a run config.
fn check_on(run: Value, lines: &[&str], expect: Value) {
    assert_eq!(applied(lines, run), Ok(expect), "{lines:?}");
}

#[test]
fn no_change_changes_nothing() {
    check(&[], json!({}));
    check_on(json!({"Env": ["A=1"], "Tty": true}), &[], json!({"Env": ["A=1"], "Tty": true}));
}

#[test]
fn commands_have_a_shell_form_and_a_json_form() {
    check(&["CMD [\"/bin/sh\"]"], json!({"Cmd": ["/bin/sh"]}));
    check(&["cmd echo  'a b' $x"], json!({"Cmd": ["/bin/sh", "-c", "echo  'a b' $x"]}));
    check(&["CMD [\"a\" \"b\"]"], json!({"Cmd": ["/bin/sh", "-c", "[\"a\" \"b\"]"]}));
    check(&["CMD ['x']"], json!({"Cmd": ["/bin/sh", "-c", "['x']"]}));
    check(&["CMD []"], json!({"Cmd": []}));
    check(&["CMD"], json!({"Cmd": ["/bin/sh", "-c"]}));
    check(&["ENTRYPOINT [\"a\", \"b\"]"], json!({"Entrypoint": ["a", "b"]}));
    check(&["Entrypoint top -b"], json!({"Entrypoint": ["/bin/sh", "-c", "top -b"]}));
    check(
        &["SHELL [\"/bin/ash\", \"-ec\"]", "CMD x y"],
        json!({"Cmd": ["/bin/ash", "-ec", "x y"], "Shell": ["/bin/ash", "-ec"]}),
    );
}

#[test]
fn an_entry_point_takes_the_command_away_unless_a_change_set_it() {
    let run = json!({"Cmd": ["old"], "Entrypoint": ["old"]});
    check_on(run.clone(), &["ENTRYPOINT [\"new\"]"], json!({"Entrypoint": ["new"]}));
    check_on(run.clone(), &["ENTRYPOINT []"], json!({}));
    check_on(run.clone(), &["CMD [\"c\"]", "ENTRYPOINT [\"e\"]"], json!({"Cmd": ["c"], "Entrypoint": ["e"]}));
    check_on(run.clone(), &["ENTRYPOINT [\"e\"]", "CMD [\"c\"]"], json!({"Cmd": ["c"], "Entrypoint": ["e"]}));
    check_on(run, &["CMD []", "ENTRYPOINT [\"e\"]"], json!({"Entrypoint": ["e"]}));
}

#[test]
fn variables_are_added_or_replaced_where_they_stand() {
    check(&["ENV A=b"], json!({"Env": ["A=b"]}));
    check(&["ENV A b c  d"], json!({"Env": ["A=b c  d"]}));
    check(&["ENV A   'b c'"], json!({"Env": ["A=b c"]}));
    check(
        &["ENV A=1 B='2 3' C=4\\ 5 D=\"6 \\\" 7\" E="],
        json!({"Env": ["A=1", "B=2 3", "C=4 5", "D=6 \" 7", "E="]}),
    );
    check_on(
        json!({"Env": ["PATH=/bin", "A=old", "Z=z"]}),
        &["ENV A=new B=b"],
        json!({"Env": ["PATH=/bin", "A=new", "Z=z", "B=b"]}),
    );
    // One instruction sees what was there before it, the next one sees this one.
    check(&["ENV A=1", "ENV A=2 B=$A", "ENV C=$A"], json!({"Env": ["A=2", "B=1", "C=2"]}));
}

#[test]
fn labels_are_sorted_and_replaced() {
    check_on(
        json!({"Labels": {"z": "1", "a": "old"}}),
        &["LABEL a=new m=\"x y\"", "LABEL k v w"],
        json!({"Labels": {"a": "new", "k": "v w", "m": "x y", "z": "1"}}),
    );
}

#[test]
fn ports_are_numbers_ranges_and_protocols() {
    check(&["EXPOSE 80 53/UDP"], json!({"ExposedPorts": {"53/udp": {}, "80/tcp": {}}}));
    check(
        &["EXPOSE 8000-8002/tcp"],
        json!({"ExposedPorts": {"8000/tcp": {}, "8001/tcp": {}, "8002/tcp": {}}}),
    );
    check(
        &["ENV P='1 2/sctp'", "EXPOSE $P"],
        json!({"ExposedPorts": {"1/tcp": {}, "2/sctp": {}}, "Env": ["P=1 2/sctp"]}),
    );
    check(&["EXPOSE 127.0.0.1:8080:80"], json!({"ExposedPorts": {"80/tcp": {}}}));
    check(&["EXPOSE [::1]:8080:80"], json!({"ExposedPorts": {"80/tcp": {}}}));
    check_on(
        json!({"ExposedPorts": {"9/tcp": {}}}),
        &["EXPOSE 10"],
        json!({"ExposedPorts": {"10/tcp": {}, "9/tcp": {}}}),
    );
}

#[test]
fn volumes_have_two_forms() {
    check(&["VOLUME /a /b"], json!({"Volumes": {"/a": {}, "/b": {}}}));
    check(&["VOLUME [\"/a b\", \" /c \"]"], json!({"Volumes": {"/a b": {}, "/c": {}}}));
    check_on(json!({"Volumes": {"/z": {}}}), &["VOLUME /a"], json!({"Volumes": {"/a": {}, "/z": {}}}));
}

#[test]
fn a_relative_folder_goes_on_from_the_one_before() {
    check(&["WORKDIR a"], json!({"WorkingDir": "/a"}));
    check(&["WORKDIR /a/b/", "WORKDIR ../c"], json!({"WorkingDir": "/a/c"}));
    check(&["WORKDIR /a//b/."], json!({"WorkingDir": "/a//b/."}));
    check(&["WORKDIR ../../.."], json!({"WorkingDir": "/"}));
    check(&["ENV D=x", "WORKDIR /$D/${D}y"], json!({"Env": ["D=x"], "WorkingDir": "/x/xy"}));
    check_on(json!({"WorkingDir": "/srv"}), &["WORKDIR www data"], json!({"WorkingDir": "/srv/www data"}));
}

#[test]
fn the_smaller_ones() {
    check(&["USER app:app"], json!({"User": "app:app"}));
    check_on(json!({"User": "root"}), &["USER $NOBODY"], json!({}));
    for signal in ["SIGKILL", "kill", "9", "RTMIN+3", "SIGRTMAX-14"] {
        check(&[&format!("STOPSIGNAL {signal}")], json!({"StopSignal": signal}));
    }
    check(&["ONBUILD  RUN make $x", "onbuild ADD . /"], json!({"OnBuild": ["RUN make $x", "ADD . /"]}));
    check_on(json!({"OnBuild": ["RUN a"]}), &["ONBUILD RUN b"], json!({"OnBuild": ["RUN a", "RUN b"]}));
}

#[test]
fn health_checks_have_times() {
    check(&["HEALTHCHECK NONE"], json!({"Healthcheck": {"Test": ["NONE"]}}));
    check(&["HEALTHCHECK CMD curl -f x"], json!({"Healthcheck": {"Test": ["CMD-SHELL", "curl -f x"]}}));
    check(
        &[
            "HEALTHCHECK --interval=5m --timeout=3s --retries=4 --start-period=1.5s --start-interval=10ms cmd [\"a\", \"b\"]",
        ],
        json!({"Healthcheck": {
            "Test": ["CMD", "a", "b"],
            "Interval": 300_000_000_000_i64,
            "Timeout": 3_000_000_000_i64,
            "StartPeriod": 1_500_000_000,
            "StartInterval": 10_000_000,
            "Retries": 4,
        }}),
    );
}

#[test]
fn lines_are_read_as_a_file_is() {
    check(&["# a comment", "", "  CMD [\"a\"]"], json!({"Cmd": ["a"]}));
    check(&["ENV A=1 \\", "# between", "", "  B=2"], json!({"Env": ["A=1", "B=2"]}));
    check(&["ENV A=1 \\\n B=2\r\nENV C=3"], json!({"Env": ["A=1", "B=2", "C=3"]}));
    check(&["CMD a \\"], json!({"Cmd": ["/bin/sh", "-c", "a"]}));
    // A doubled escape character does not go on.
    check(&["CMD a \\\\", "USER u"], json!({"User": "u", "Cmd": ["/bin/sh", "-c", "a \\\\"]}));
    check(&["# escape=`", "ENV A=x` y `", "B=c:\\d"], json!({"Env": ["A=x y", "B=c:\\d"]}));
    check(&["\u{feff}USER u"], json!({"User": "u"}));
}

#[test]
fn members_come_in_docker_s_order() {
    let run = json!({"Tty": true, "Labels": {"a": "b"}, "Env": ["A=1"]});
    let changed = applied(&["USER u", "STOPSIGNAL 9", "WORKDIR /", "CMD [\"c\"]", "EXPOSE 1"], run).unwrap();
    let names: Vec<&String> = changed.as_object().unwrap().keys().collect();
    assert_eq!(names, ["User", "ExposedPorts", "Env", "Cmd", "WorkingDir", "Labels", "StopSignal", "Tty"]);
}

#[test]
fn a_run_config_of_nonsense_counts_as_empty() {
    let run = json!({"Env": 7, "Labels": [1], "Volumes": "x", "ExposedPorts": null, "OnBuild": {}, "WorkingDir": []});
    check_on(
        run,
        &["ENV A=1", "LABEL l=1", "ONBUILD RUN x", "WORKDIR w"],
        json!({
            "Env": ["A=1"], "WorkingDir": "/w", "OnBuild": ["RUN x"], "Labels": {"l": "1"},
        }),
    );
}
