//! What a search finds.

use crate::registry::SearchEntry;

/// Name, description, stars, whether official.
const FOUND: &[(&str, &str, u64, bool)] = &[
    ("alpine", "A minimal Docker image based on Alpine Linux with a complete package index", 9962, true),
    ("rancher/alpine-git", "", 1, false),
    ("grafana/alpine", "Alpine Linux with ca-certificates package installed", 4, false),
    ("nigelpoulton/pluralsight-docker-ci", "Web app used in my Docker course", 22, false),
    ("nigelpoulton/tu-demo", "", 12, false),
    ("nigelpoulton/k8sbook", "Kubernetes Book web app", 2, false),
    ("nigelpoulton/workshop101", "Kubernetes 101 Workshop", 0, false),
    ("busybox", "Busybox base image.", 3066, true),
    ("redis", "An open source key-value store that functions as a data structure server.", 12156, true),
    ("ubuntu", "A Debian-based Linux operating system.", 15982, true),
    ("mongo", "Document databases that provide high availability and easy scalability.", 9546, true),
    ("golang", "A general purpose, higher-level, imperative programming language.", 4551, true),
    ("portainer/portainer-ce", "A lightweight management interface for containers", 1684, false),
];

/// The one that the registry builds by itself.
const AUTOMATED: &str = "nigelpoulton/pluralsight-docker-ci";

pub(super) fn entries() -> Vec<SearchEntry> {
    let entry = |(name, description, stars, official): &(&str, &str, u64, bool)| SearchEntry {
        name: (*name).to_owned(),
        description: (*description).to_owned(),
        stars: *stars,
        official: *official,
        automated: *name == AUTOMATED,
    };
    FOUND.iter().map(entry).collect()
}
