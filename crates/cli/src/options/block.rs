//! Limits at single disks: `/dev/sda:1mb`.

use engine::record::{ThrottleDevice, WeightDevice};

use super::bytes;

/// Reads `--blkio-weight-device`.
///
/// # Errors
/// `bad format: …`, `bad format for device path: …`, `invalid weight for device: …`
pub(crate) fn weight_device(text: &str) -> Result<WeightDevice, String> {
    let (path, weight) = device(text)?;
    match number(weight).and_then(|weight| u16::try_from(weight).ok()) {
        Some(weight @ (0 | 10..=1000)) => Ok(WeightDevice { path: path.to_owned(), weight }),
        _ => Err(format!("invalid weight for device: {text}")),
    }
}

/// Reads `--device-read-bps` and `--device-write-bps`.
///
/// # Errors
/// As above, or `invalid rate for device: …`
pub(crate) fn bytes_device(text: &str) -> Result<ThrottleDevice, String> {
    let (path, rate) = device(text)?;
    let rate = bytes(rate).ok().and_then(|rate| u64::try_from(rate).ok());
    let rate = rate.ok_or_else(|| {
        format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>[<unit>]. Number must be a \
             positive integer. Unit is optional and can be kb, mb, or gb"
        )
    })?;
    Ok(ThrottleDevice { path: path.to_owned(), rate })
}

/// Reads `--device-read-iops` and `--device-write-iops`.
///
/// # Errors
/// As above.
pub(crate) fn operations_device(text: &str) -> Result<ThrottleDevice, String> {
    let (path, rate) = device(text)?;
    let rate = number(rate).ok_or_else(|| {
        format!(
            "invalid rate for device: {text}. The correct format is <device-path>:<number>. Number must be a positive \
             integer"
        )
    })?;
    Ok(ThrottleDevice { path: path.to_owned(), rate })
}

fn device(text: &str) -> Result<(&str, &str), String> {
    let pair = text.split_once(':').filter(|(path, _)| !path.is_empty());
    let (path, value) = pair.ok_or_else(|| format!("bad format: {text}"))?;
    if path.starts_with("/dev/") {
        Ok((path, value))
    } else {
        Err(format!("bad format for device path: {text}"))
    }
}

/// Digits alone.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_have_weights_and_rates() {
        let throttle = |path: &str, rate| Ok(ThrottleDevice { path: path.to_owned(), rate });
        assert_eq!(weight_device("/dev/a:10"), Ok(WeightDevice { path: "/dev/a".to_owned(), weight: 10 }));
        assert_eq!(bytes_device("/dev/a:1.5k"), throttle("/dev/a", 1536));
        assert_eq!(operations_device("/dev/a:0"), throttle("/dev/a", 0));
        for text in ["/dev/a:9", "/dev/a:1001", "/dev/a:x", "/dev/a:10:1", "/dev/a:+10", "/dev/a:65546"] {
            assert_eq!(weight_device(text), Err(format!("invalid weight for device: {text}")));
        }
        for text in ["", "/dev/a", ":5"] {
            assert_eq!(operations_device(text), Err(format!("bad format: {text}")));
        }
        assert_eq!(bytes_device("a:5"), Err("bad format for device path: a:5".to_owned()));
        for text in ["/dev/a:", "/dev/a:-5", "/dev/a:+5", "/dev/a:1mb", "/dev/a:18446744073709551616"] {
            assert!(operations_device(text).unwrap_err().starts_with("invalid rate for device: "), "{text}");
        }
    }
}
