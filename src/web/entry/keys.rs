//! Secrets: the server's signing key, random tokens, digests, visitor tokens.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::domain::AccountId;
use crate::domain::notifying::{Channel, Unsubscribe};
use crate::outbound::key_file;
pub use crate::outbound::signature::same;

type HmacSha256 = Hmac<Sha256>;

/// The server's signing key, kept in `signing.key` of the data directory.
pub struct Keys {
    key: [u8; 32],
}

/// A token nobody guesses, with a prefix that tells what it is.
pub fn random_token(prefix: &str) -> String {
    let bytes: [u8; 32] = rand::random();
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The digest under which a secret is stored.
pub fn digest(secret: &str) -> String {
    hex(&Sha256::digest(secret.as_bytes()))
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA256; any key length is fine.
fn mac(key: &[u8], text: &str) -> Vec<u8> {
    match HmacSha256::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        // HMAC takes keys of every length, so there is no such error; an empty MAC equals none
        Err(_) => Vec::new(),
    }
}

/// Whether `hash` proves `user_id`: hex(HMAC-SHA256(secret, user_id)).
pub fn proves(secret: &str, user_id: &str, hash: &str) -> bool {
    same(&hex(&mac(secret.as_bytes(), user_id)), &hash.to_ascii_lowercase())
}

impl Keys {
    /// Reads the key, making it on the first start; only its owner may read the file.
    pub fn load(data_dir: &Path) -> std::io::Result<Self> {
        Ok(Self { key: key_file::random(&data_dir.join("signing.key"))? })
    }

    /// A token by which this server knows a visitor again: `v1.<account>.<issued>.<mac>`, issued in seconds.
    pub fn visitor_token(&self, account: AccountId, issued: i64) -> String {
        let body = format!("v1.{account}.{issued}");
        let mac = URL_SAFE_NO_PAD.encode(mac(&self.key, &body));
        format!("{body}.{mac}")
    }

    /// Whose visitor token this is, if it is ours and not older than `lifetime` seconds.
    pub fn visitor(&self, token: &str, now: i64, lifetime: i64) -> Option<AccountId> {
        let (body, sent) = token.rsplit_once('.')?;
        if !same(sent, &URL_SAFE_NO_PAD.encode(mac(&self.key, body))) {
            return None;
        }
        let mut parts = body.strip_prefix("v1.")?.split('.');
        let (account, issued) = (parts.next()?.parse().ok()?, parts.next()?.parse::<i64>().ok()?);
        (parts.next().is_none() && now - issued < lifetime).then_some(account)
    }

    /// A name for a browser that only this server makes: `b1.<32 hexadecimal digits>.<mac>`.
    pub fn browser(&self) -> String {
        let body = format!("b1.{}", hex(&rand::random::<[u8; 16]>()));
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac(&self.key, &body)))
    }

    /// Whether this is such a name.
    pub fn is_browser(&self, name: &str) -> bool {
        let parts = name.rsplit_once('.').filter(|(body, _)| body.starts_with("b1."));
        parts.is_some_and(|(body, sent)| same(sent, &URL_SAFE_NO_PAD.encode(mac(&self.key, body))))
    }

    /// A token that stops notifications: `u1.<account>.<channel>.<thread, or 0>.<mac>`. It does not grow old, since the
    /// mail it stands in does not either, and can do nothing else.
    pub fn unsubscribe_token(&self, what: &Unsubscribe) -> String {
        let body = format!("u1.{}.{}.{}", what.account, what.channel.as_str(), what.thread.unwrap_or(0));
        format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac(&self.key, &body)))
    }

    /// What that token stops, if it is ours.
    pub fn unsubscribe(&self, token: &str) -> Option<Unsubscribe> {
        let (body, sent) = token.rsplit_once('.')?;
        if !same(sent, &URL_SAFE_NO_PAD.encode(mac(&self.key, body))) {
            return None;
        }
        let mut parts = body.strip_prefix("u1.")?.split('.');
        let (account, channel) = (parts.next()?.parse().ok()?, Channel::parse(parts.next()?)?);
        let thread = parts.next()?.parse().ok()?;
        Some(Unsubscribe { account, channel, thread: Some(thread).filter(|thread| *thread != 0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_token_is_known_again_until_it_is_changed_or_old() {
        let keys = Keys { key: [7; 32] };
        let token = keys.visitor_token(42, 1_000);
        assert_eq!(keys.visitor(&token, 1_500, 600), Some(42));
        assert_eq!(keys.visitor(&token, 1_600, 600), None, "too old");
        assert_eq!(Keys { key: [8; 32] }.visitor(&token, 1_500, 600), None, "another server's");
        for odd in [token.replace("42", "43"), token.replace("1000", "1400"), format!("{token}x"), String::new()] {
            assert_eq!(keys.visitor(&odd, 1_500, 600), None, "{odd}");
        }
    }

    #[test]
    fn a_token_that_unsubscribes_does_nothing_else() {
        let keys = Keys { key: [7; 32] };
        for thread in [None, Some(3)] {
            let what = Unsubscribe { account: 42, channel: Channel::Email, thread };
            let token = keys.unsubscribe_token(&what);
            assert_eq!(keys.unsubscribe(&token), Some(what));
            assert_eq!(keys.visitor(&token, 0, i64::MAX), None);
            assert_eq!(keys.unsubscribe(&token.replace("42", "43")), None);
        }
        assert_eq!(keys.unsubscribe(&keys.visitor_token(42, 1_000)), None);
    }

    #[test]
    fn a_proof_of_identity_is_a_known_mac() {
        // printf %s user-7 | openssl dgst -sha256 -hmac secret
        let hash = hex(&mac(b"secret", "user-7"));
        assert!(proves("secret", "user-7", &hash));
        assert!(proves("secret", "user-7", &hash.to_uppercase()));
        assert!(!proves("secret", "user-8", &hash));
        assert!(!proves("other", "user-7", &hash));
        assert!(!proves("secret", "user-7", ""));
        // RFC 4231, test case 2
        let known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&mac(b"Jefe", "what do ya want for nothing?")), known);
    }

    #[test]
    fn the_key_is_made_once_and_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = Keys::load(dir.path()).expect("made");
        let again = Keys::load(dir.path()).expect("read");
        assert_eq!(first.key, again.key);
        std::fs::write(dir.path().join("signing.key"), b"short").expect("written");
        assert!(Keys::load(dir.path()).is_err());
    }
}
