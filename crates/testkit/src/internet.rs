//! The registries of the world under their own names: one registry with TLS, and a proxy that leads every
//! host to it. A client that honours `HTTPS_PROXY` and `SSL_CERT_FILE` cannot tell the difference.

use crate::Proxy;
use crate::registry::{Options, Registry, Tls};

/// Hosts that the certificate is for.
const HOSTS: &[&str] = &[
    "registry-1.docker.io",
    "index.docker.io",
    "auth.docker.io",
    "docker.io",
    "gcr.io",
    "ghcr.io",
    "quay.io",
    "mcr.microsoft.com",
    "registry.test",
];

/// A registry that stands for all others.
pub struct Internet {
    /// What answers, whatever the host.
    pub registry: Registry,
    /// What leads there.
    pub proxy: Proxy,
}

impl Internet {
    /// One with these options; TLS is added.
    pub fn new(options: Options) -> Internet {
        let names = HOSTS.iter().map(|host| (*host).to_owned()).collect();
        let tls = options.tls.unwrap_or_default();
        let registry = Registry::with(Options { tls: Some(Tls { names, ..tls }), ..options });
        let proxy = Proxy::to(&registry);
        Internet { registry, proxy }
    }

    /// The environment in which a program finds it; 127.0.0.1 is reached directly.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let authority = self.registry.certificates().map(|files| files.authority().display().to_string());
        vec![
            ("HTTPS_PROXY", self.proxy.url()),
            ("HTTP_PROXY", self.proxy.url()),
            ("NO_PROXY", "127.0.0.1,127.0.0.2,localhost".to_owned()),
            ("SSL_CERT_FILE", authority.unwrap_or_default()),
        ]
    }
}

impl Default for Internet {
    fn default() -> Internet {
        Internet::new(Options::default())
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::Lookalikes;
    use crate::skip::installed;

    #[test]
    fn skopeo_takes_it_for_docker_hub() {
        if !installed("skopeo") {
            return;
        }
        let internet = Internet::default();
        let lookalikes = Lookalikes::publish(&internet.registry, "2026-11-25T00:00:00Z".parse().unwrap());
        let names = ["docker.io/library/alpine:latest", "gcr.io/google-containers/git-sync:v3.1.5"];
        for (name, familiar) in names.iter().zip(["alpine", "gcr.io/google-containers/git-sync:v3.1.5"]) {
            let mut command = Command::new("skopeo");
            command.args(["inspect", "--raw", &format!("docker://{name}")]).env_clear();
            command.envs(internet.environment()).env("PATH", "/usr/bin:/bin");
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(output.stdout, lookalikes.get(familiar).unwrap().root.bytes);
        }
        let hosts: Vec<String> =
            internet.proxy.requests().into_iter().map(|request| request.target).collect();
        assert!(hosts.contains(&"registry-1.docker.io:443".to_owned()), "{hosts:?}");
    }
}
