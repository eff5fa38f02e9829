//! Which addresses may be dialled when somebody else chose the host (NET-3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How near an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Nearness {
    /// Anybody's.
    Public,
    /// Of a private network.
    Private,
    /// This machine.
    Loopback,
}

/// What may be dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AddressPolicy {
    /// The user named the host: any address.
    Any,
    /// Plain http to `localhost`: this machine only (NET-4).
    LoopbackOnly,
    /// A server named the host: nothing nearer than this.
    NoNearerThan(Nearness),
}

/// Why an address was not dialled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Link-local, metadata, multicast, unspecified.
    #[error("{0} is a link-local, metadata or otherwise special address")]
    Special(IpAddr),
    /// Nearer than the registry itself.
    #[error("{0} is a loopback or private address, which the registry's own address is not")]
    Near(IpAddr),
    /// Not this machine.
    #[error("{0} is not a loopback address, but plain http is spoken to this machine only")]
    NotLoopback(IpAddr),
}

impl AddressPolicy {
    /// Judges an address.
    pub(crate) fn judge(self, address: IpAddr) -> Result<(), AddressError> {
        let nearness = nearness(address);
        match self {
            AddressPolicy::Any => Ok(()),
            AddressPolicy::LoopbackOnly if nearness == Some(Nearness::Loopback) => Ok(()),
            AddressPolicy::LoopbackOnly => Err(AddressError::NotLoopback(address)),
            AddressPolicy::NoNearerThan(limit) => match nearness {
                None => Err(AddressError::Special(address)),
                Some(nearness) if nearness > limit => Err(AddressError::Near(address)),
                Some(_) => Ok(()),
            },
        }
    }
}

/// How near an address is; nothing for those that no server has a reason to name.
pub(crate) fn nearness(address: IpAddr) -> Option<Nearness> {
    match address.to_canonical() {
        IpAddr::V4(address) => nearness_v4(address),
        IpAddr::V6(address) => nearness_v6(address),
    }
}

fn nearness_v4(address: Ipv4Addr) -> Option<Nearness> {
    let [a, b, ..] = address.octets();
    let special = address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
        || a == 0
        || a >= 240
        // Metadata services of cloud providers outside the link-local block.
        || address == Ipv4Addr::new(100, 100, 100, 200)
        || address == Ipv4Addr::new(168, 63, 129, 16)
        || address == Ipv4Addr::new(192, 0, 0, 192);
    if special {
        return None;
    }
    let carrier_grade = a == 100 && (64..128).contains(&b);
    let benchmarking = a == 198 && (b == 18 || b == 19);
    Some(if address.is_loopback() {
        Nearness::Loopback
    } else if address.is_private() || carrier_grade || benchmarking {
        Nearness::Private
    } else {
        Nearness::Public
    })
}

fn nearness_v6(address: Ipv6Addr) -> Option<Nearness> {
    let segments = address.segments();
    if address.is_loopback() {
        return Some(Nearness::Loopback);
    }
    // An IPv4 address wrapped by a translator (64:ff9b::/96), 6to4 (2002::/16) or compatibility (::/96).
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] || segments[..6] == [0; 6] {
        let [.., a, b, c, d] = address.octets();
        return nearness_v4(Ipv4Addr::new(a, b, c, d));
    }
    if segments[0] == 0x2002 {
        let [_, _, a, b, c, d, ..] = address.octets();
        return nearness_v4(Ipv4Addr::new(a, b, c, d));
    }
    let link_local = segments[0] & 0xffc0 == 0xfe80;
    let metadata = address == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    if link_local || metadata || address.is_unspecified() || address.is_multicast() {
        return None;
    }
    let private = segments[0] & 0xfe00 == 0xfc00 || segments[0] & 0xffc0 == 0xfec0;
    Some(if private { Nearness::Private } else { Nearness::Public })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_3_addresses_that_a_server_chose() {
        let check = |address: &str, expect: Option<Nearness>| {
            assert_eq!(nearness(address.parse().unwrap()), expect, "{address}");
        };
        check("93.184.216.34", Some(Nearness::Public));
        check("2606:2800:220:1::1", Some(Nearness::Public));
        check("10.1.2.3", Some(Nearness::Private));
        check("172.16.0.1", Some(Nearness::Private));
        check("192.168.1.1", Some(Nearness::Private));
        check("100.64.0.1", Some(Nearness::Private));
        check("fd12::1", Some(Nearness::Private));
        check("127.0.0.1", Some(Nearness::Loopback));
        check("127.9.9.9", Some(Nearness::Loopback));
        check("::1", Some(Nearness::Loopback));
        check("::ffff:127.0.0.1", Some(Nearness::Loopback));
        check("::ffff:10.0.0.1", Some(Nearness::Private));
        check("64:ff9b::7f00:1", Some(Nearness::Loopback));
        check("2002:0a00:0001::1", Some(Nearness::Private));
        check("::127.0.0.1", Some(Nearness::Loopback));
        check("169.254.169.254", None);
        check("::ffff:169.254.169.254", None);
        check("64:ff9b::a9fe:a9fe", None);
        check("fe80::1", None);
        check("fd00:ec2::254", None);
        check("100.100.100.200", None);
        check("0.0.0.0", None);
        check("0.1.2.3", None);
        check("::", None);
        check("224.0.0.1", None);
        check("255.255.255.255", None);
    }

    #[test]
    fn net_3_nothing_nearer_than_the_registry_itself() {
        let check = |policy: AddressPolicy, address: &str, allowed: bool| {
            assert_eq!(policy.judge(address.parse().unwrap()).is_ok(), allowed, "{policy:?} {address}");
        };
        for (limit, public, private, loopback) in [
            (Nearness::Public, true, false, false),
            (Nearness::Private, true, true, false),
            (Nearness::Loopback, true, true, true),
        ] {
            let policy = AddressPolicy::NoNearerThan(limit);
            check(policy, "93.184.216.34", public);
            check(policy, "10.0.0.1", private);
            check(policy, "127.0.0.1", loopback);
            check(policy, "169.254.169.254", false);
        }
        check(AddressPolicy::Any, "169.254.169.254", true);
    }

    #[test]
    fn net_4_plain_localhost_is_this_machine() {
        let policy = AddressPolicy::LoopbackOnly;
        assert!(policy.judge("127.0.0.1".parse().unwrap()).is_ok());
        assert!(policy.judge("::1".parse().unwrap()).is_ok());
        assert!(policy.judge("93.184.216.34".parse().unwrap()).is_err());
    }
}
