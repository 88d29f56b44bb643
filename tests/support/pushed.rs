//! A browser that takes push messages: it alone can read them (RFC 8291), and it checks who sent them (RFC 8292).

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey, ecdh};
use sha2::Sha256;

use super::receiver::Posted;
use super::{Value, json};

/// The browser.
pub struct PushedBrowser {
    secret: SecretKey,
    auth: [u8; 16],
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac: Hmac<Sha256> = hmac::KeyInit::new_from_slice(key).expect("a key");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// HKDF (RFC 5869) for at most 32 bytes.
fn derive(salt: &[u8], input: &[u8], info: &[u8], length: usize) -> Vec<u8> {
    let mut made = mac(&mac(salt, input), &[info, &[1]].concat());
    made.truncate(length);
    made
}

impl PushedBrowser {
    pub fn new() -> PushedBrowser {
        PushedBrowser { secret: SecretKey::from_slice(&[7; 32]).expect("a key"), auth: [9; 16] }
    }

    fn point(&self) -> Vec<u8> {
        self.secret.public_key().to_encoded_point(false).as_bytes().to_vec()
    }

    /// What it would give to a page that subscribes.
    pub fn subscription(&self, endpoint: &str) -> Value {
        let keys = json!({"p256dh": URL_SAFE_NO_PAD.encode(self.point()), "auth": URL_SAFE_NO_PAD.encode(self.auth)});
        json!({"endpoint": endpoint, "expirationTime": null, "keys": keys})
    }

    /// What a push message says.
    pub fn reads(&self, posted: &Posted) -> Value {
        assert_eq!(posted.header("content-encoding"), "aes128gcm");
        let (salt, rest) = posted.body.split_at(16);
        let (size, rest) = rest.split_at(4);
        assert!(u32::from_be_bytes(size.try_into().expect("4 bytes")) as usize >= rest.len(), "more than one record");
        let (sender, sealed) = rest[1..].split_at(usize::from(rest[0]));
        let public = PublicKey::from_sec1_bytes(sender).expect("the sender's key");
        let agreed = ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), public.as_affine());
        let info = [b"WebPush: info\0".as_slice(), &self.point(), sender].concat();
        let input = derive(&self.auth, agreed.raw_secret_bytes(), &info, 32);
        let key: [u8; 16] = derive(salt, &input, b"Content-Encoding: aes128gcm\0", 16).try_into().expect("16 bytes");
        let nonce: [u8; 12] = derive(salt, &input, b"Content-Encoding: nonce\0", 12).try_into().expect("12 bytes");
        let record = Aes128Gcm::new(&Key::<Aes128Gcm>::from(key)).decrypt(&Nonce::from(nonce), sealed);
        let mut record = record.expect("a message for this browser");
        assert_eq!(record.pop(), Some(2), "the end of the last record");
        serde_json::from_slice(&record).expect("JSON")
    }
}
