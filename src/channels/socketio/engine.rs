//! Engine.IO packets, of both generations, and how several share a polling body (channels contract, 5.3). Pure.

/// The generation of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// `EIO=3`: clients 1.x and 2.x.
    Three,
    /// `EIO=4`: clients 3.x and 4.x.
    Four,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Packet {
    /// A digit and data.
    Text(Type, String),
    /// Bytes, which nothing here needs.
    Binary,
}

/// What a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Open,
    Close,
    Ping,
    Pong,
    Message,
    Upgrade,
    Noop,
}

/// What cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// The most packets in one body.
const MOST: usize = 1_000;
/// What stands between packets of the fourth generation.
const SEPARATOR: char = '\u{1e}';

impl Version {
    /// The generation that `EIO` names.
    pub(super) fn parse(eio: Option<&str>) -> Option<Version> {
        match eio {
            Some("3") => Some(Version::Three),
            Some("4") => Some(Version::Four),
            _ => None,
        }
    }
}

/// One packet of a text frame or of a body.
pub(super) fn packet(text: &str) -> Result<Packet, Broken> {
    let mut characters = text.chars();
    let kind = match characters.next().ok_or(Broken)? {
        '0' => Type::Open,
        '1' => Type::Close,
        '2' => Type::Ping,
        '3' => Type::Pong,
        '4' => Type::Message,
        '5' => Type::Upgrade,
        '6' => Type::Noop,
        'b' => return Ok(Packet::Binary),
        _ => return Err(Broken),
    };
    Ok(Packet::Text(kind, characters.as_str().to_owned()))
}

/// All packets of a polling body.
pub(super) fn packets(version: Version, body: &str) -> Result<Vec<Packet>, Broken> {
    let packets: Vec<Packet> = match version {
        Version::Four => body.split(SEPARATOR).take(MOST + 1).map(packet).collect::<Result<_, _>>()?,
        Version::Three => {
            let (mut found, mut rest) = (Vec::new(), body);
            while !rest.is_empty() && found.len() <= MOST {
                let (one, after) = first(rest)?;
                found.push(packet(one)?);
                rest = after;
            }
            found
        }
    };
    if packets.is_empty() || packets.len() > MOST { Err(Broken) } else { Ok(packets) }
}

/// The first packet of a body of the third generation, whose length is counted in UTF-16 units, and what comes after.
fn first(body: &str) -> Result<(&str, &str), Broken> {
    let (length, rest) = body.split_once(':').ok_or(Broken)?;
    let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
    let mut left: usize = if is_number { length.parse().map_err(|_| Broken)? } else { return Err(Broken) };
    for (at, character) in rest.char_indices() {
        if left == 0 {
            return rest.split_at_checked(at).ok_or(Broken);
        }
        left = left.checked_sub(character.len_utf16()).ok_or(Broken)?;
    }
    if left == 0 { Ok((rest, "")) } else { Err(Broken) }
}

/// A polling body of these packets.
pub(super) fn body(version: Version, packets: &[String]) -> String {
    match version {
        Version::Four => packets.join("\u{1e}"),
        Version::Three => packets.iter().map(|packet| format!("{}:{packet}", packet.encode_utf16().count())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_are_counted_in_utf_16() {
        let packets_sent = ["40".to_owned(), "4€𝕏".to_owned()];
        let sent = body(Version::Three, &packets_sent);
        assert_eq!(sent, "2:404:4€𝕏");
        let read = packets(Version::Three, &sent).expect("read");
        assert_eq!(read[1], Packet::Text(Type::Message, "€𝕏".to_owned()));
        assert_eq!(body(Version::Four, &packets_sent), "40\u{1e}4€𝕏");
    }

    #[test]
    fn broken_bodies_are_refused() {
        for text in ["", "x", "1:", "3:40", "2:4", ":40", "-1:4", "2:𝕏", "1:𝕏", "+2:40", "99999999999999999999999:4"]
        {
            assert_eq!(packets(Version::Three, text), Err(Broken), "{text}");
        }
        for text in ["", "x", "4\u{1e}", "\u{1e}4", "7"] {
            assert_eq!(packets(Version::Four, text), Err(Broken), "{text}");
        }
        let many = ["4"; MOST + 1].join("\u{1e}");
        assert_eq!(packets(Version::Four, &many), Err(Broken));
        assert_eq!(packets(Version::Three, "10:b4AQIDBA=="), Ok(vec![Packet::Binary]));
    }

    proptest! {
        #[test]
        fn random_bodies_never_panic(text in any::<String>(), more in "[0-9b:]{0,12}.{0,8}") {
            for version in [Version::Three, Version::Four] {
                let _ = packets(version, &text);
                let _ = packets(version, &more);
            }
        }

        #[test]
        fn what_is_written_is_read_again(texts in prop::collection::vec("4[^\u{1e}]{0,20}", 1..8)) {
            for version in [Version::Three, Version::Four] {
                let read = packets(version, &body(version, &texts)).expect("read");
                let sent: Vec<Packet> = texts.iter().map(|text| packet(text).expect("a packet")).collect();
                prop_assert_eq!(read, sent);
            }
        }
    }
}
