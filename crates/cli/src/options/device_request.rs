//! Devices that drivers bring: `--gpus`, and names of the Container Device Interface.

use std::collections::BTreeMap;

use engine::record::DeviceRequest;

use crate::flags::comma_separated;

const GPU: &str = "gpu";

/// Reads `--gpus`: `all`, a number, or parts such as `device=0`.
///
/// # Errors
/// `invalid count (…): …`, `unexpected key '…' in '…'` and others of Docker's.
pub(crate) fn gpus(text: &str) -> Result<DeviceRequest, String> {
    let mut request = DeviceRequest::default();
    let mut seen = Vec::new();
    if text.is_empty() {
        return Err("EOF".to_owned());
    }
    for field in comma_separated(text)? {
        let (key, value) = field.split_once('=').unwrap_or((&field, ""));
        if seen.iter().any(|known| known == key) {
            return Err(format!("gpu request key '{key}' can be specified only once"));
        }
        seen.push(key.to_owned());
        if !field.contains('=') {
            seen.push("count".to_owned());
            request.count = count(key)?;
            continue;
        }
        match key {
            "driver" => value.clone_into(&mut request.driver),
            "count" => request.count = count(value)?,
            "device" => request.device_ids = parts(value),
            "capabilities" => {
                let mut list = parts(value);
                list.push(GPU.to_owned());
                request.capabilities = vec![list];
            }
            "options" => request.options = options(value)?,
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
    }
    if !seen.iter().any(|key| key == "count" || key == "device") {
        request.count = 1;
    }
    if request.capabilities.is_empty() {
        request.capabilities = vec![vec![GPU.to_owned()]];
    }
    Ok(request)
}

fn parts(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn count(text: &str) -> Result<i64, String> {
    if text == "all" {
        return Ok(-1);
    }
    text.parse().map_err(|_| {
        format!("invalid count ({text}): value must be either \"all\" or an integer: invalid syntax")
    })
}

fn options(value: &str) -> Result<BTreeMap<String, String>, String> {
    let failed = |why| format!("failed to read gpu options: {why}");
    let fields = comma_separated(value).map_err(failed)?;
    let pair = |field: &String| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        (name.to_owned(), value.to_owned())
    };
    Ok(fields.iter().map(pair).collect())
}

/// Whether `--device` names a device of a vendor, as in `vendor.com/class=name`, and none of this machine by its path.
pub(crate) fn is_vendors(text: &str) -> bool {
    let Some((kind, name)) = text.split_once('=') else { return false };
    let Some((vendor, class)) = kind.split_once('/') else { return false };
    is_name(vendor, "_-.", true) && is_name(class, "_-", true) && is_name(name, "_-.:", false)
}

/// Whether letters and digits stand at both ends, and nothing but them and some marks between.
fn is_name(text: &str, marks: &str, begins_with_letter: bool) -> bool {
    let first = text.chars().next().unwrap_or_default();
    let last = text.chars().next_back().unwrap_or_default();
    let is_begin =
        if begins_with_letter { first.is_ascii_alphabetic() } else { first.is_ascii_alphanumeric() };
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || marks.contains(letter);
    is_begin && last.is_ascii_alphanumeric() && text.chars().all(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_for_gpus_are_read() {
        let check = |text: &str, driver: &str, count: i64, ids: &[&str], capabilities: &[&str]| {
            let request = gpus(text).unwrap();
            assert_eq!((request.driver.as_str(), request.count), (driver, count), "{text}");
            assert_eq!(
                (&request.device_ids[..], &request.capabilities[0][..]),
                (&owned(ids)[..], &owned(capabilities)[..])
            );
        };
        check("all", "", -1, &[], &["gpu"]);
        check("2", "", 2, &[], &["gpu"]);
        check("driver=x", "x", 1, &[], &["gpu"]);
        check("\"device=0,1\",\"capabilities=a,b\"", "", 0, &["0", "1"], &["a", "b", "gpu"]);
        let options = gpus("\"options=a=b,c\"").unwrap().options;
        assert_eq!(options, [("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())].into());
        assert_eq!(gpus("").unwrap_err(), "EOF");
        assert!(gpus("all,all").unwrap_err().ends_with("can be specified only once"));
        assert_eq!(gpus("x=1").unwrap_err(), "unexpected key 'x' in 'x=1'");
        assert!(gpus("x").unwrap_err().starts_with("invalid count (x): "));
    }

    fn owned(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn devices_of_vendors_are_no_paths() {
        for text in ["nvidia.com/gpu=all", "vendor.com/class=dev", "a-b.c/d_e=0:1", "v1/c1=7"] {
            assert!(is_vendors(text), "{text}");
        }
        for text in [
            "/dev/a=b",
            "/dev/null",
            "gpu=all",
            "1v/c=d",
            "v/c=",
            "v/=d",
            "/c=d",
            "v-/c=d",
            "v/c.d=e",
            "v/c=-",
        ] {
            assert!(!is_vendors(text), "{text}");
        }
    }
}
