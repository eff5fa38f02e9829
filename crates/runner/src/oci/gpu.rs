//! Devices that a driver brings: NVIDIA's, by the hook that its toolkit installs. There is no other driver.

use std::path::Path;

use serde_json::{Value, json};

use super::OciError;
use crate::record::{DeviceRequest, HostConfig};

/// The program of NVIDIA's toolkit that puts the devices and libraries into a container before its program runs.
pub(crate) const HOOK: &str = "nvidia-container-runtime-hook";
/// What the devices can be asked to do besides being one.
const DRIVER_CAPABILITIES: [&str; 6] = ["compute", "compat32", "graphics", "utility", "video", "display"];
/// More than a machine has.
const COUNT_MAX: i64 = 1 << 10;

/// Variables that tell the hook what to do; empty where nothing was asked for.
///
/// # Errors
/// When no driver brings what was asked for.
pub(super) fn variables(host: &HostConfig, hook: Option<&Path>) -> Result<Vec<String>, OciError> {
    let mut all = Vec::new();
    for request in &host.device_requests {
        let capabilities = hook.and_then(|_| selected(request));
        let Some(capabilities) = capabilities else { return Err(refusal(request)) };
        all.push(format!("NVIDIA_VISIBLE_DEVICES={}", devices(request)?));
        let of_driver: Vec<&str> =
            capabilities.into_iter().filter(|name| DRIVER_CAPABILITIES.contains(name)).collect();
        if !of_driver.is_empty() {
            all.push(format!("NVIDIA_DRIVER_CAPABILITIES={}", of_driver.join(",")));
        }
    }
    Ok(all)
}

/// `hooks`, which the runtime runs before the program; nothing where nothing was asked for.
pub(super) fn hooks(host: &HostConfig, hook: Option<&Path>, search: &str) -> Option<Value> {
    let path = hook.filter(|_| !host.device_requests.is_empty())?.to_str()?;
    Some(json!({"prestart": [{"path": path, "args": [HOOK, "prestart"], "env": [format!("PATH={search}")]}]}))
}

/// What is wanted of this driver: the first list that it can do all of.
fn selected(request: &DeviceRequest) -> Option<Vec<&str>> {
    let is_known = |name: &String| {
        matches!(name.as_str(), "gpu" | "nvidia") || DRIVER_CAPABILITIES.contains(&name.as_str())
    };
    let list = request.capabilities.iter().find(|list| list.iter().all(is_known))?;
    matches!(request.driver.as_str(), "" | "nvidia").then(|| list.iter().map(String::as_str).collect())
}

fn devices(request: &DeviceRequest) -> Result<String, OciError> {
    match (request.count, &request.device_ids[..]) {
        (0, ids) => Ok(ids.join(",")),
        (_, [_, ..]) => Err(OciError::DeviceCount),
        (..0, _) => Ok("all".to_owned()),
        (count, _) => {
            Ok((0..count.min(COUNT_MAX)).map(|number| number.to_string()).collect::<Vec<_>>().join(","))
        }
    }
}

fn refusal(request: &DeviceRequest) -> OciError {
    let lists = request.capabilities.iter().map(|list| format!("[{}]", list.join(" ")));
    let capabilities = format!("[{}]", lists.collect::<Vec<_>>().join(" "));
    OciError::DeviceDriver { driver: request.driver.clone(), capabilities }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(driver: &str, count: i64, ids: &[&str], capabilities: &[&str]) -> HostConfig {
        let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let request = DeviceRequest {
            driver: driver.to_owned(),
            count,
            device_ids: owned(ids),
            capabilities: vec![owned(capabilities)],
            ..DeviceRequest::default()
        };
        HostConfig { device_requests: vec![request], ..HostConfig::default() }
    }

    #[test]
    fn without_a_driver_devices_are_refused_in_dockers_words() {
        let refused = |host: &HostConfig, hook: Option<&Path>, expect: &str| {
            let expect = format!("could not select device driver {expect}");
            assert_eq!(variables(host, hook).unwrap_err().to_string(), expect);
        };
        let hook = Some(Path::new("/bin/true"));
        refused(&request("", -1, &[], &["gpu"]), None, "\"\" with capabilities: [[gpu]]");
        refused(&request("x", 1, &[], &["gpu"]), hook, "\"x\" with capabilities: [[gpu]]");
        refused(&request("", 1, &[], &["x", "gpu"]), hook, "\"\" with capabilities: [[x gpu]]");
        let mut cdi = request("cdi", 0, &["vendor.com/gpu=0"], &[]);
        cdi.device_requests[0].capabilities.clear();
        refused(&cdi, hook, "\"cdi\" with capabilities: []");
        assert_eq!(variables(&HostConfig::default(), None).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn the_hook_is_told_which_devices_are_wanted() {
        let hook = Some(Path::new("/bin/true"));
        let told = |host: &HostConfig| variables(host, hook).unwrap();
        let visible = |which: &str| format!("NVIDIA_VISIBLE_DEVICES={which}");
        assert_eq!(told(&request("", -1, &[], &["gpu"])), [visible("all")]);
        assert_eq!(told(&request("nvidia", 2, &[], &["gpu"])), [visible("0,1")]);
        assert_eq!(
            told(&request("", 0, &["0", "GPU-3a"], &["utility", "gpu", "compute"])),
            [visible("0,GPU-3a"), "NVIDIA_DRIVER_CAPABILITIES=utility,compute".to_owned()]
        );
        let both = variables(&request("", 1, &["0"], &["gpu"]), hook).unwrap_err().to_string();
        assert_eq!(both, "cannot set both Count and DeviceIDs on device request");
        let hooks = hooks(&request("", -1, &[], &["gpu"]), hook, "/bin").unwrap();
        assert_eq!(hooks["prestart"][0]["path"], "/bin/true");
        assert_eq!(super::hooks(&HostConfig::default(), hook, "/bin"), None);
    }
}
