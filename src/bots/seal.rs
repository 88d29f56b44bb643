//! Secrets at rest: AES-256-GCM under a key of the data directory (B3, B13).

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, Key, KeyInit, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Bytes of a nonce.
const NONCE: usize = 12;

/// Closes and opens secrets. Cloning is cheap.
#[derive(Clone)]
pub struct Seal(Arc<Aes256Gcm>);

impl Seal {
    /// Reads the key, making it on the first start; only its owner may read the file.
    pub fn load(data_dir: &Path) -> std::io::Result<Self> {
        let path = data_dir.join("secrets.key");
        let key: [u8; 32] = match fs::read(&path) {
            Ok(bytes) => bytes.try_into().map_err(|_| {
                std::io::Error::other(format!("{} is not a key of 32 bytes; restore it from a backup", path.display()))
            })?,
            Err(_) => {
                let key: [u8; 32] = rand::random();
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let mut file = options.open(&path)?;
                file.write_all(&key)?;
                file.sync_all()?;
                key
            }
        };
        Ok(Self(Arc::new(Aes256Gcm::new(&Key::<Aes256Gcm>::from(key)))))
    }

    /// Closes a secret; twice the same gives different texts.
    pub fn close(&self, secret: &str) -> String {
        let nonce: [u8; NONCE] = rand::random();
        // AES-GCM refuses nothing below 64 GiB; nothing at all is kept rather than something in clear
        let sealed = self.0.encrypt(&Nonce::from(nonce), secret.as_bytes()).unwrap_or_default();
        STANDARD_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// Opens it; `None` for what was closed with another key.
    pub fn open(&self, sealed: &str) -> Option<String> {
        let bytes = STANDARD_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        String::from_utf8(self.0.decrypt(&Nonce::from(nonce), sealed).ok()?).ok()
    }
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(super) fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

/// Upper-case hexadecimal HMAC-SHA1, as Kik signs.
pub(super) fn hmac_sha1(key: &str, body: &[u8]) -> String {
    // HMAC takes keys of every length, so there is no such error; an empty MAC equals none
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// Lower-case hexadecimal HMAC-SHA256, as Messenger signs.
pub(super) fn hmac_sha256(key: &str, body: &[u8]) -> String {
    // as above
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_opens_with_its_key_only() {
        let (one, other) = (tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory"));
        let seal = Seal::load(one.path()).expect("a key");
        let sealed = seal.close("123:token");
        assert!(!sealed.contains("token"));
        assert_ne!(sealed, seal.close("123:token"));
        assert_eq!(Seal::load(one.path()).expect("the same key").open(&sealed).as_deref(), Some("123:token"));
        assert_eq!(Seal::load(other.path()).expect("another key").open(&sealed), None);
        assert_eq!(seal.open("rubbish"), None);
    }
}
