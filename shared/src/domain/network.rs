//! Which network an IP address belongs to, as far as that can be told from outside.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether two addresses are of one network: of one /24 (IPv4) or one /64 (IPv6). What is no address equals itself
/// alone. A phone keeps its network while its address changes; two people behind different providers do not share one.
#[must_use]
pub fn same_network(one: &str, other: &str) -> bool {
    match (network(one), network(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn network(text: &str) -> Option<IpAddr> {
    Some(match text.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(ip) => Ipv4Addr::from_bits(ip.to_bits() & !0xff).into(),
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX)).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("203.0.113.7", "203.0.113.250", true)]
    #[case("203.0.113.7", "203.0.114.7", false)]
    #[case("::ffff:203.0.113.7", "203.0.113.8", true)]
    #[case("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    #[case("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    #[case("203.0.113.7", "2001:db8:1:2::1", false)]
    #[case("unknown", "unknown", true)]
    #[case("unknown", "203.0.113.7", false)]
    fn network_is_a_24_or_a_64(#[case] one: &str, #[case] other: &str, #[case] same: bool) {
        assert_eq!(same_network(one, other), same);
        assert_eq!(same_network(other, one), same);
    }
}
