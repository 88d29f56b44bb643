//! How secrets are compared, and webhooks signed, so that their receiver knows who sent them and when.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// HMAC-SHA256 of several pieces, one after the other; any key length is fine.
pub fn mac(key: &[u8], pieces: &[&[u8]]) -> [u8; 32] {
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            pieces.iter().for_each(|piece| mac.update(piece));
            mac.finalize().into_bytes().into()
        }
        // HMAC takes keys of every length, so there is no such error
        Err(_) => [0; 32],
    }
}

/// The value of `X-Tertulia-Signature`: `t=<unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>.<body>")>`.
pub fn sign(secret: &str, at: i64, body: &[u8]) -> String {
    let mac = mac(secret.as_bytes(), &[format!("{at}.").as_bytes(), body]);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

/// The value of `webhook-signature` of Standard Webhooks: `v1,<base64 of HMAC-SHA256(key, "<id>.<at>.<body>")>`.
pub fn sign_standard(key: &[u8], (id, at): (&str, i64), body: &[u8]) -> String {
    let mac = mac(key, &[format!("{id}.{at}.").as_bytes(), body]);
    format!("v1,{}", STANDARD.encode(mac))
}

/// The key of a secret of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.
pub fn standard_key(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_webhooks_are_signed_as_in_the_vectors() {
        let key = standard_key("whsec_dGVydHVsaWEtY2FsbGJhY2stc2lnbmluZy1rZXktMDE=").expect("a key");
        let body = br#"{"recipient_id":"visitor-7","text":"One."}"#;
        let signed = sign_standard(&key, ("msg_2Kf0vTzX", 1_795_219_200), body);
        assert_eq!(signed, "v1,D8/wtXwYL5uio7W5tyz12CnFRdyEH/oLt8zjCOCg4BI=");
        for secret in ["", "whsec_", "whsec_c2hvcnQ=", "dGVydHVsaWEtY2FsbGJhY2stc2lnbmluZy1rZXktMDE=", "whsec_%%"] {
            assert!(standard_key(secret).is_none(), "{secret}");
        }
    }

    #[test]
    fn a_signature_is_a_known_mac() {
        // printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
        let signature = sign("secret", 1_700_000_000, b"{}");
        let (time, hex) = signature.split_once(",v1=").expect("two parts");
        assert_eq!((time, hex.len()), ("t=1700000000", 64));
        assert_ne!(sign("secret", 1_700_000_001, b"{}"), signature, "the time is signed too");
        assert_ne!(sign("other", 1_700_000_000, b"{}"), signature);
        // RFC 4231, test case 2
        let known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let found: String =
            mac(b"Jefe", &[b"what do ya want ", b"for nothing?"]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(found, known);
    }
}
