//! Secrets that must be told to others later (tokens and headers of bots' webhooks, credentials of providers, secret variables),
//! kept so that the database alone does not
//! tell them: AES-256-GCM under a key in the data directory.

use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::key_file;

/// What a sealed text begins with.
const MARK: &str = "sealed1:";
/// The length of a nonce in bytes.
const NONCE: usize = 12;

/// The key. Cloning is cheap.
#[derive(Clone)]
pub struct Seal(Arc<Aes256Gcm>);

impl Seal {
    /// Reads the key, making it on the first start; only its owner may read the file.
    pub fn load(data_dir: &Path) -> std::io::Result<Self> {
        Ok(Self::of(key_file::random(&data_dir.join("sealing.key"))?))
    }

    fn of(key: [u8; 32]) -> Self {
        Self(Arc::new(Aes256Gcm::new(&key.into())))
    }

    /// Seals a secret; an empty one stays empty.
    pub fn seal(&self, secret: &str) -> String {
        if secret.is_empty() {
            return String::new();
        }
        let nonce: [u8; NONCE] = rand::random();
        match self.0.encrypt(&Nonce::from(nonce), secret.as_bytes()) {
            Ok(sealed) => format!("{MARK}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat())),
            // only a text of many gigabytes cannot be sealed
            Err(_) => String::new(),
        }
    }

    /// Opens a sealed secret; `None` if it was sealed with another key, or changed.
    pub fn open(&self, sealed: &str) -> Option<String> {
        if sealed.is_empty() {
            return Some(String::new());
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(MARK)?).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        let secret = self.0.decrypt(&Nonce::from(nonce), sealed).ok()?;
        String::from_utf8(secret).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_key_opens_what_was_sealed() {
        let (one, other) = (Seal::of([1; 32]), Seal::of([2; 32]));
        let sealed = one.seal("a token of a bot");
        assert!(!sealed.contains("token"));
        assert_eq!(one.open(&sealed).as_deref(), Some("a token of a bot"));
        assert_eq!(other.open(&sealed), None);
        assert_eq!(one.open("sealed1:AAAA"), None);
        assert_eq!(one.open("a token of a bot"), None);
        assert_eq!(one.open(&one.seal("")).as_deref(), Some(""));
        assert_ne!(one.seal("same"), one.seal("same"));
    }

    #[test]
    fn a_secret_opens_with_the_key_of_its_directory_only() {
        let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let seal = Seal::load(one.path()).expect("a key");
        let sealed = seal.seal("123:token");
        assert!(!sealed.contains("token"));
        assert_ne!(sealed, seal.seal("123:token"));
        assert_eq!(Seal::load(one.path()).expect("the same key").open(&sealed).as_deref(), Some("123:token"));
        assert_eq!(Seal::load(other.path()).expect("another key").open(&sealed), None);
        assert_eq!(seal.open("rubbish"), None);
    }
}
