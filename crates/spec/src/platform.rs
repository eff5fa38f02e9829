//! Platforms: operating system, architecture and variant, and which of an index's entries fits one best.

use std::fmt;

use serde::Serialize;

/// A platform as it stands in an index or is derived from a config.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Platform {
    /// CPU architecture in Go's words: `amd64`, `arm64`.
    pub architecture: String,
    /// Operating system in Go's words: `linux`, `windows`.
    pub os: String,
    /// Windows build, `10.0.20348.1726`.
    #[serde(rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// Windows features, `win32k`.
    #[serde(rename = "os.features", skip_serializing_if = "Vec::is_empty")]
    pub os_features: Vec<String>,
    /// CPU variant, `v7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

/// Why a text is not a platform; the words are Docker's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// One word that is neither an operating system nor an architecture.
    #[error("\"{0}\": unknown operating system or architecture: invalid argument")]
    Unknown(String),
    /// A part with characters that no platform has.
    #[error(
        "\"{part}\" is an invalid component of \"{text}\": platform specifier component must match \"^[A-Za-z0-9_.-]+$\": invalid argument"
    )]
    Component {
        /// The part.
        part: String,
        /// The whole text.
        text: String,
    },
    /// More than three parts, or none.
    #[error("\"{0}\": cannot parse platform specifier: invalid argument")]
    Shape(String),
}

const SYSTEMS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

const ARCHITECTURES: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

impl Platform {
    /// Parses `OS[/ARCH[/VARIANT]]` or a lone architecture; what is missing is the host's.
    ///
    /// # Errors
    /// Docker's texts, see [`PlatformError`].
    pub fn parse(text: &str, host: &Platform) -> Result<Platform, PlatformError> {
        let parts: Vec<&str> = text.split('/').collect();
        for part in &parts {
            let shaped =
                !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
            if !shaped {
                return Err(PlatformError::Component { part: (*part).to_owned(), text: text.to_owned() });
            }
        }
        let platform = match parts[..] {
            [word] => return Self::parse_word(word, host),
            [os, architecture] => Platform::new(os, architecture, None),
            [os, architecture, variant] => Platform::new(os, architecture, Some(variant)),
            _ => return Err(PlatformError::Shape(text.to_owned())),
        };
        Ok(platform)
    }

    fn parse_word(word: &str, host: &Platform) -> Result<Platform, PlatformError> {
        let os = normal_os(word);
        if SYSTEMS.contains(&os.as_str()) {
            return Ok(Platform { os, os_version: None, ..host.clone() });
        }
        let alone = Platform::new(&host.os, word, None);
        if ARCHITECTURES.contains(&alone.architecture.as_str()) {
            return Ok(alone);
        }
        Err(PlatformError::Unknown(word.to_owned()))
    }

    /// A platform of these words, normalised: `x86_64` is `amd64`, `arm64/v8` is `arm64`.
    pub fn new(os: &str, architecture: &str, variant: Option<&str>) -> Platform {
        let (architecture, variant) = normal_architecture(architecture, variant.unwrap_or_default());
        Platform {
            os: normal_os(os),
            architecture,
            variant: (!variant.is_empty()).then_some(variant),
            os_version: None,
            os_features: Vec::new(),
        }
    }

    /// The same with the field's usual spellings.
    #[must_use]
    pub fn normalised(&self) -> Platform {
        Platform {
            os_version: self.os_version.clone(),
            os_features: self.os_features.clone(),
            ..Platform::new(&self.os, &self.architecture, self.variant.as_deref())
        }
    }

    /// Whether this says nothing, as attestation entries do (`unknown/unknown`).
    pub fn is_unknown(&self) -> bool {
        self.os.is_empty() || self.os == "unknown" || self.architecture == "unknown"
    }
}

/// `linux/arm/v7`.
impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

fn normal_os(os: &str) -> String {
    match os.to_ascii_lowercase().as_str() {
        "macos" => "darwin".to_owned(),
        other => other.to_owned(),
    }
}

fn normal_architecture(architecture: &str, variant: &str) -> (String, String) {
    let architecture = architecture.to_ascii_lowercase();
    let variant = variant.to_ascii_lowercase();
    let (architecture, variant) = match (architecture.as_str(), variant.as_str()) {
        ("i386", _) => ("386", ""),
        ("x86_64" | "x86-64" | "amd64", "v1") => ("amd64", ""),
        ("x86_64" | "x86-64", variant) => ("amd64", variant),
        ("aarch64" | "arm64", "8" | "v8" | "v8.0") => ("arm64", ""),
        ("aarch64", variant) => ("arm64", variant),
        ("armhf", _) => ("arm", "v7"),
        ("armel", _) => ("arm", "v6"),
        ("arm", "" | "7") => ("arm", "v7"),
        ("arm", "5") => ("arm", "v5"),
        ("arm", "6") => ("arm", "v6"),
        ("arm", "8") => ("arm", "v8"),
        other => other,
    };
    (architecture.to_owned(), variant.to_owned())
}

/// Judges which platforms run where one is wanted, and how well.
#[derive(Clone, Debug)]
pub struct PlatformMatcher {
    /// Acceptable platforms, best first.
    accepted: Vec<Platform>,
}

impl PlatformMatcher {
    /// What a machine of this platform runs: itself, then what it is compatible with (an amd64 of level 3
    /// runs levels 3, 2 and 1; an arm64 runs 32-bit arm).
    pub fn runnable_on(platform: &Platform) -> PlatformMatcher {
        let platform = platform.normalised();
        let mut accepted = vec![platform.clone()];
        let variant = |architecture: &str, variant: &str| Platform {
            variant: (!variant.is_empty()).then(|| variant.to_owned()),
            architecture: architecture.to_owned(),
            ..platform.clone()
        };
        match (platform.architecture.as_str(), level(&platform)) {
            ("amd64", Some(own)) => {
                accepted.extend((2..own).rev().map(|n| variant("amd64", &format!("v{n}"))));
                accepted.push(variant("amd64", ""));
            }
            ("arm", own) => {
                let own = own.unwrap_or(7);
                accepted.extend((5..own).rev().map(|n| variant("arm", &format!("v{n}"))));
            }
            ("arm64", _) => {
                if platform.variant.is_some() {
                    accepted.push(variant("arm64", ""));
                }
                accepted.extend((5..=8).rev().map(|n| variant("arm", &format!("v{n}"))));
            }
            _ => {}
        }
        PlatformMatcher { accepted }
    }

    /// Only this platform, as asked for by name; an arm or amd64 variant takes the lower ones too, another
    /// architecture is not taken.
    pub fn exactly(platform: &Platform) -> PlatformMatcher {
        let mut matcher = Self::runnable_on(platform);
        let architecture = matcher.accepted[0].architecture.clone();
        matcher.accepted.retain(|accepted| accepted.architecture == architecture);
        matcher
    }

    /// How well a platform fits: 0 is best; nothing when it does not.
    pub fn rank(&self, platform: &Platform) -> Option<usize> {
        if platform.is_unknown() {
            return None;
        }
        let platform = platform.normalised();
        self.accepted.iter().position(|accepted| {
            accepted.os == platform.os
                && accepted.architecture == platform.architecture
                && accepted.variant == platform.variant
                && accepted.os_version.as_deref().is_none_or(|wanted| {
                    platform.os_version.as_deref().is_none_or(|found| same_windows_build(wanted, found))
                })
        })
    }

    /// The position of the best fit; among equals the first.
    pub fn best<'a>(&self, platforms: impl Iterator<Item = Option<&'a Platform>>) -> Option<usize> {
        platforms
            .enumerate()
            .filter_map(|(at, platform)| Some((self.rank(platform?)?, at)))
            .min()
            .map(|(_, at)| at)
    }
}

fn level(platform: &Platform) -> Option<u32> {
    platform.variant.as_deref()?.strip_prefix('v')?.parse().ok().filter(|n| *n < 16)
}

/// Windows images run where the first three parts of the build are equal.
fn same_windows_build(wanted: &str, found: &str) -> bool {
    wanted.split('.').take(3).eq(found.split('.').take(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Platform {
        Platform::new("linux", "amd64", None)
    }

    #[test]
    fn parses_and_normalises() {
        let check = |text: &str, expect: &str| {
            assert_eq!(Platform::parse(text, &host()).unwrap().to_string(), expect, "{text}");
        };
        check("linux", "linux/amd64");
        check("arm64", "linux/arm64");
        check("linux/arm64/v8", "linux/arm64");
        check("linux/arm", "linux/arm/v7");
        check("Linux/X86_64", "linux/amd64");
        check("windows/amd64", "windows/amd64");
        check("linux/armhf", "linux/arm/v7");
        check("linux/386", "linux/386");
        let refuse = |text: &str, expect: &str| {
            assert_eq!(Platform::parse(text, &host()).unwrap_err().to_string(), expect);
        };
        refuse("bogus", "\"bogus\": unknown operating system or architecture: invalid argument");
        refuse("a/b/c/d", "\"a/b/c/d\": cannot parse platform specifier: invalid argument");
        assert!(Platform::parse("", &host()).is_err());
        assert!(Platform::parse("linux/", &host()).is_err());
        assert!(Platform::parse("li nux/amd64", &host()).is_err());
    }

    #[test]
    fn doc_4_chooses_the_best_and_never_attestations() {
        let parse = |text: &str| Platform::parse(text, &host()).unwrap();
        let unknown = Platform::new("unknown", "unknown", None);
        let offered = [
            Some(unknown),
            None,
            Some(parse("linux/arm/v6")),
            Some(parse("linux/arm/v7")),
            Some(parse("linux/amd64")),
            Some(parse("linux/arm64/v8")),
        ];
        let check = |matcher: PlatformMatcher, expect: Option<usize>| {
            assert_eq!(matcher.best(offered.iter().map(Option::as_ref)), expect);
        };
        check(PlatformMatcher::runnable_on(&host()), Some(4));
        check(PlatformMatcher::runnable_on(&parse("linux/amd64/v3")), Some(4));
        check(PlatformMatcher::runnable_on(&parse("linux/arm64")), Some(5));
        check(PlatformMatcher::exactly(&parse("linux/arm/v8")), Some(3));
        check(PlatformMatcher::exactly(&parse("linux/arm/v6")), Some(2));
        check(PlatformMatcher::exactly(&parse("linux/s390x")), None);
        check(PlatformMatcher::exactly(&parse("windows/amd64")), None);
    }
}
