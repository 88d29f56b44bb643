//! How the values of settings are read: each reader says what it expected.

use std::collections::BTreeMap;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use crate::domain::Role;
use crate::domain::network::Cidr;
use crate::domain::visibility::Visibility;

/// A whole number.
pub(super) fn number<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    let number: u64 = digits.parse().map_err(|_| "write a whole number, such as 50".to_owned())?;
    T::try_from(number).map_err(|_| format!("{number} is too large"))
}

/// A whole number of at least one.
pub(super) fn positive<T: TryFrom<u64> + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    let value: T = number(text)?;
    if value < T::from(1) { Err("write a number of at least 1".to_owned()) } else { Ok(value) }
}

/// `true` or `false`.
pub(super) fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("write true or false".to_owned()),
    }
}

/// A span of time: `250ms`, `30s`, `5m`, `2h`, `7d`.
pub fn span(text: &str) -> Result<Duration, String> {
    let expected = || "write a span of time, such as 250ms, 30s, 5m, 2h or 7d".to_owned();
    let split = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(expected)?;
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits.parse().map_err(|_| expected())?;
    let millis: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(expected()),
    };
    count.checked_mul(millis).map(Duration::from_millis).ok_or_else(expected)
}

/// A size: bytes, or with `k` or `M`.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let (digits, factor) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1 << 10),
        None => text.strip_suffix('M').map_or((text, 1), |digits| (digits, 1 << 20)),
    };
    let count: usize = digits.trim().parse().map_err(|_| "write a size, such as 65536, 64k or 25M".to_owned())?;
    count.checked_mul(factor).filter(|size| *size > 0).ok_or_else(|| "this size is not possible".to_owned())
}

/// Names, separated by commas.
pub(super) fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A span of time that is not nothing.
pub(super) fn lasting(text: &str) -> Result<Duration, String> {
    let span = span(text)?;
    if span.is_zero() { Err("write a span of time that is longer than nothing".to_owned()) } else { Ok(span) }
}

/// Pairs of names: `key=value`, separated by commas.
pub(super) fn pairs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let pair = |pair: String| match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !value.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write such as main=welcome,feedback=satisfaction".to_owned()),
    };
    list(text).into_iter().map(pair).collect()
}

/// A text, or nothing when it is empty.
pub(super) fn optional(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// An address and port.
pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = || "write an address and a port, such as 127.0.0.1:8080 or 0.0.0.0:80".to_owned();
    text.to_socket_addrs().map_err(|_| expected())?.next().ok_or_else(expected)
}

/// A URL of ours: `http` or `https`, no slash at the end.
pub(super) fn url(text: &str) -> Result<Option<String>, String> {
    match optional(text) {
        None => Ok(None),
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => {
            Ok(Some(url.trim_end_matches('/').to_owned()))
        }
        Some(_) => Err("write a URL, such as https://chat.example.org".to_owned()),
    }
}

/// Origins: `https://host[:port]`, or `*`.
pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let origins = list(text);
    let fine = |origin: &String| {
        let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        origin == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains('/'))
    };
    match origins.iter().find(|origin| !fine(origin)) {
        Some(odd) => Err(format!("\"{odd}\" is no origin; write such as https://shop.example (no path), or *")),
        None => Ok(origins),
    }
}

/// Networks as CIDRs.
pub(super) fn networks(text: &str) -> Result<Vec<Cidr>, String> {
    let read = |network: String| {
        Cidr::parse(&network)
            .ok_or_else(|| format!("\"{network}\" is none; write networks, such as 10.0.0.0/8,127.0.0.1"))
    };
    list(text).into_iter().map(read).collect()
}

/// The address of a mail server.
pub(super) fn smtp_url(text: &str) -> Result<Option<String>, String> {
    match optional(text) {
        Some(url) if !url.starts_with("smtp://") && !url.starts_with("smtps://") => {
            Err("write smtp://user:password@host:port, or smtps://…".to_owned())
        }
        url => Ok(url),
    }
}

/// `type=role,role; type=role`.
pub(super) fn visibility(text: &str) -> Result<Visibility, String> {
    let mut rules = BTreeMap::new();
    for rule in text.split(';').map(str::trim).filter(|rule| !rule.is_empty()) {
        let (kind, roles) = rule.split_once('=').ok_or("write such as private_note=operator,superuser")?;
        let roles: Result<Vec<Role>, String> =
            list(roles).iter().map(|name| Role::parse(name).ok_or_else(|| format!("\"{name}\" is no role"))).collect();
        rules.insert(kind.trim().to_owned(), roles?);
    }
    Ok(Visibility::new(rules))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_or_refused_with_advice() {
        assert_eq!(span("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(span("250ms"), Ok(Duration::from_millis(250)));
        assert!(span("30").is_err() && span("s").is_err() && span("1y").is_err());
        assert_eq!(size("64k"), Ok(65_536));
        assert_eq!(size("25M"), Ok(25 << 20));
        assert!(size("0").is_err() && size("much").is_err());
        assert!(origins("https://a.example/path").is_err());
        assert_eq!(origins("https://a.example, *"), Ok(vec!["https://a.example".into(), "*".into()]));
        assert!(address("nowhere").is_err());
        assert!(visibility("note=king").is_err());
        assert!(positive::<u32>("0").is_err());
    }
}
