//! Whether a page's origin may use an operator's cookie for a WebSocket (cross-site WebSocket hijacking).
//!
//! Compared exactly: scheme, host (whatever its case), port. An origin that is missing or `null` is refused: browsers send
//! it with every WebSocket.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, ORIGIN};

/// Scheme, host and port of an origin, the port made explicit.
fn parts(origin: &str) -> Option<(String, String, u16)> {
    let (scheme, rest) = origin.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let usual = match scheme.as_str() {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => return None,
    };
    if rest.is_empty() || rest.contains(['/', '?', '#', '@', ' ']) {
        return None;
    }
    let (host, port) = match rest.rsplit_once(':') {
        // the last colon of an IPv6 address is inside of the brackets
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (rest, usual),
    };
    (!host.is_empty()).then(|| (scheme, host.to_ascii_lowercase(), port))
}

/// Whether `origin` is the server's own or one of those allowed.
pub fn allowed(origin: Option<&str>, own: &[&str], others: &[String]) -> bool {
    let Some(origin) = origin.and_then(parts) else { return false };
    let known = own.iter().copied().chain(others.iter().map(String::as_str));
    known.filter_map(parts).any(|known| known == origin)
}

/// Whether a request's origin is that of its own page: of this server, as the world calls it or as the request does, or one
/// of those allowed.
pub fn own_page(request: &HttpRequest, public_url: &str, others: &[String]) -> bool {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let public = of(public_url);
    // the server may be reached by more names than the public one: the page's own host is fine too
    let scheme = if public.starts_with("https://") { "https" } else { "http" };
    let host = header(HOST).map(|host| format!("{scheme}://{host}")).unwrap_or_default();
    allowed(header(ORIGIN), &[&public, &host], others)
}

/// The origin of an address: scheme, host and port, without a path.
pub fn of(url: &str) -> String {
    let after = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(after..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| after + at);
    url.get(..end).unwrap_or(url).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_own_and_the_allowed_origins_pass() {
        let own = ["https://chat.example"];
        let others = ["https://shop.example:8443".to_owned()];
        let table = [
            (Some("https://chat.example"), true),
            (Some("https://CHAT.example"), true),
            (Some("https://chat.example:443"), true),
            (Some("https://shop.example:8443"), true),
            (None, false),
            (Some("null"), false),
            (Some(""), false),
            (Some("http://chat.example"), false),
            (Some("https://chat.example:444"), false),
            (Some("https://shop.example"), false),
            (Some("https://evil.chat.example"), false),
            (Some("https://chat.example.evil.example"), false),
            (Some("https://evil.example/https://chat.example"), false),
            (Some("https://chat.example@evil.example"), false),
            (Some("https://ch\u{430}t.example"), false),
            (Some("file://chat.example"), false),
        ];
        for (origin, expected) in table {
            assert_eq!(allowed(origin, &own, &others), expected, "{origin:?}");
        }
        assert!(allowed(Some("http://[::1]:8080"), &["http://[::1]:8080"], &[]));
    }

    #[test]
    fn the_origin_of_an_address_has_no_path() {
        assert_eq!(of("https://chat.example/deep/er"), "https://chat.example");
        assert_eq!(of("http://localhost:8080"), "http://localhost:8080");
    }
}
