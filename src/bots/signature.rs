//! How providers sign what they send.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::outbound::signature::mac;

/// Upper-case hexadecimal HMAC-SHA1, as Kik signs.
pub(super) fn hmac_sha1(key: &str, body: &[u8]) -> String {
    // HMAC takes keys of every length, so there is no such error; an empty MAC equals none
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Lower-case hexadecimal HMAC-SHA256, as Messenger signs.
pub(super) fn hmac_sha256(key: &str, body: &[u8]) -> String {
    mac(key.as_bytes(), &[body]).iter().map(|byte| format!("{byte:02x}")).collect()
}
