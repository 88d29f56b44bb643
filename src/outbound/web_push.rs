//! Push messages that only their browser can read (RFC 8291: aes128gcm with keys agreed on P-256).

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes128Gcm, Key, Nonce};
use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, engine::DecodePaddingMode};
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::{PublicKey, SecretKey, ecdh};

use super::signature::mac;
use super::vapid::random_key;

/// The longest payload: with everything around it, it fits into the one record that push services must take.
pub const MAX_PAYLOAD: usize = 3_000;
/// The record size in the head; the payload is one record.
const RECORD: u32 = 4_096;

/// Base64url with or without padding: browsers differ.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of a browser's subscription.
#[derive(Clone, Debug)]
pub struct BrowserKeys {
    public: PublicKey,
    auth: [u8; 16],
}

impl BrowserKeys {
    /// Reads `p256dh` (an uncompressed point on P-256) and `auth` (16 bytes), both base64url; the name of what is wrong.
    pub fn read(p256dh: &str, auth: &str) -> Result<Self, &'static str> {
        let public = LENIENT.decode(p256dh).ok().and_then(|bytes| PublicKey::from_sec1_bytes(&bytes).ok());
        let auth = LENIENT.decode(auth).ok().and_then(|bytes| bytes.try_into().ok());
        Ok(Self { public: public.ok_or("p256dh")?, auth: auth.ok_or("auth")? })
    }

    /// The body of a push message: `payload` encrypted for this browser, with keys used this once.
    pub fn encrypt(&self, payload: &[u8]) -> Result<Vec<u8>, String> {
        if payload.len() > MAX_PAYLOAD {
            return Err(format!("the payload is larger than {MAX_PAYLOAD} bytes"));
        }
        self.encrypt_with(payload, &random_key(), rand::random())
    }

    fn encrypt_with(&self, payload: &[u8], own: &SecretKey, salt: [u8; 16]) -> Result<Vec<u8>, String> {
        let shared = ecdh::diffie_hellman(own.to_nonzero_scalar(), self.public.as_affine());
        let (theirs, ours) = (self.public.to_encoded_point(false), own.public_key().to_encoded_point(false));
        // each step of HKDF (RFC 5869) here is one block long
        let agreed = mac(&self.auth, &[shared.raw_secret_bytes()]);
        let input = mac(&agreed, &[b"WebPush: info\0", theirs.as_bytes(), ours.as_bytes(), &[1]]);
        let secret = mac(&salt, &[&input]);
        let key = mac(&secret, &[b"Content-Encoding: aes128gcm\0\x01"]);
        let nonce = mac(&secret, &[b"Content-Encoding: nonce\0\x01"]);
        let mut key16 = [0; 16];
        key16.copy_from_slice(&key[..16]);
        let mut nonce12 = [0; 12];
        nonce12.copy_from_slice(&nonce[..12]);

        // 2 ends the last record
        let record = [payload, &[2]].concat();
        let sealed = Aes128Gcm::new(&Key::<Aes128Gcm>::from(key16))
            .encrypt(&Nonce::from(nonce12), record.as_slice())
            .map_err(|_| "the payload could not be encrypted".to_owned())?;
        let mut body = Vec::with_capacity(86 + sealed.len());
        body.extend_from_slice(&salt);
        body.extend_from_slice(&RECORD.to_be_bytes());
        body.push(65);
        body.extend_from_slice(ours.as_bytes());
        body.extend_from_slice(&sealed);
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    /// RFC 8291, section 5 and appendix A.
    #[test]
    fn the_example_of_the_standard_comes_out() {
        let own = URL_SAFE_NO_PAD.decode("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw").expect("base64url");
        let salt = URL_SAFE_NO_PAD.decode("DGv6ra1nlYgDCS1FRnbzlw").expect("base64url");
        let keys = BrowserKeys::read(PUBLIC, AUTH).expect("keys");
        let own = SecretKey::from_slice(&own).expect("a key");
        let body = keys
            .encrypt_with(b"When I grow up, I want to be a watermelon", &own, salt.try_into().expect("16 bytes"))
            .expect("encrypted");
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w\
                        EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn keys_that_are_none_are_named() {
        assert!(BrowserKeys::read(&format!("{PUBLIC}="), &format!("{AUTH}==")).is_ok());
        assert_eq!(BrowserKeys::read("BCVx", AUTH).err(), Some("p256dh"));
        assert_eq!(BrowserKeys::read(PUBLIC, "short").err(), Some("auth"));
        let keys = BrowserKeys::read(PUBLIC, AUTH).expect("keys");
        assert!(keys.encrypt(&[0; MAX_PAYLOAD + 1]).is_err());
        assert_ne!(keys.encrypt(b"x").expect("one"), keys.encrypt(b"x").expect("another"));
    }
}
