//! The key by which push services know this server (RFC 8292).

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::SecretKey;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use serde_json::json;

use super::key_file;

/// How long a proof is good, in seconds; a day is the most that push services take.
const LIFETIME: i64 = 12 * 3_600;

/// The key, kept in `vapid.key` of the data directory. Browsers subscribe to its public half, so a lost key means that every
/// browser has to subscribe anew.
#[derive(Clone)]
pub struct VapidKey(Arc<SecretKey>);

impl VapidKey {
    /// Reads the key, making it on the first start; only its owner may read the file.
    pub fn load(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join("vapid.key");
        let bytes = key_file::read_or_make(&path, || random_key().to_bytes().into())?;
        let key = SecretKey::from_slice(&bytes).map_err(|_| {
            std::io::Error::other(format!("{} is no P-256 key; restore it from a backup", path.display()))
        })?;
        Ok(Self(Arc::new(key)))
    }

    /// The public half, as browsers take it: an uncompressed point in base64url.
    pub fn public(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().to_encoded_point(false).as_bytes())
    }

    /// The value of `Authorization` for a push service at `origin`. `subject` is how its operator reaches ours, `now` in
    /// seconds.
    pub fn authorization(&self, origin: &str, subject: &str, now: i64) -> String {
        let encode = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(json!({"typ": "JWT", "alg": "ES256"}));
        let claims = encode(json!({"aud": origin, "exp": now.saturating_add(LIFETIME), "sub": subject}));
        let body = format!("{head}.{claims}");
        let signature: Signature = SigningKey::from(&*self.0).sign(body.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        format!("vapid t={body}.{signature}, k={}", self.public())
    }
}

/// A new key.
pub(super) fn random_key() -> SecretKey {
    loop {
        // all but one in 2^32 numbers are keys
        if let Ok(key) = SecretKey::from_slice(&rand::random::<[u8; 32]>()) {
            return key;
        }
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};

    use super::*;

    #[test]
    fn a_push_service_can_check_the_proof() {
        let key = VapidKey(Arc::new(random_key()));
        let now = jiff::Timestamp::now().as_second();
        let header = key.authorization("https://push.example", "mailto:chat@example.org", now);
        let (token, public) =
            header.strip_prefix("vapid t=").and_then(|rest| rest.split_once(", k=")).expect("two parts");
        assert_eq!(public, key.public());
        let point = URL_SAFE_NO_PAD.decode(public).expect("base64url");
        assert_eq!((point.len(), point[0]), (65, 4));
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(&["https://push.example"]);
        let public = DecodingKey::from_ec_der(&point);
        let claims = decode::<serde_json::Value>(token, &public, &rules).expect("a good proof").claims;
        assert_eq!(claims["sub"], "mailto:chat@example.org");
    }

    #[test]
    fn the_key_is_made_once_and_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = VapidKey::load(dir.path()).expect("made");
        assert_eq!(VapidKey::load(dir.path()).expect("read").public(), first.public());
        std::fs::write(dir.path().join("vapid.key"), b"short").expect("written");
        assert!(VapidKey::load(dir.path()).is_err());
    }
}
