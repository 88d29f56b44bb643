//! Who may call our own doors: a fixed token, or a JWT of the embedding site (channels contract, 5.1 and 5.3).

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use super::Refused;
use super::credentials::{Entry, Secret};

/// Seconds that clocks may differ.
const LEEWAY: i64 = 60;
/// The longest life of a token that stands in an address, in seconds: addresses are logged.
const IN_ADDRESS: i64 = 15 * 60;
/// The longest token.
const MAX_TOKEN: usize = 8_192;
/// The shortest shared key, in bytes.
const MIN_KEY: usize = 32;

/// Checks JWTs; the algorithm is ours to say.
pub(super) struct Verifier {
    key: DecodingKey,
    validation: Validation,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
    #[serde(default)]
    sub: Option<String>,
}

/// Whose token it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Owner(pub Option<String>);

impl Verifier {
    /// Reads `jwt_key` and `jwt_method`.
    pub(super) fn read(entry: &mut Entry) -> Result<Option<Self>, String> {
        let (key, method) = (entry.secret("jwt_key")?, entry.text("jwt_method")?);
        let Some(key) = key else { return Ok(None) };
        let text = key.reveal().as_bytes();
        let shared = || {
            let long = text.len() >= MIN_KEY;
            long.then(|| DecodingKey::from_secret(text)).ok_or_else(|| format!("jwt_key: at least {MIN_KEY} bytes"))
        };
        let public = |read: fn(&[u8]) -> jsonwebtoken::errors::Result<DecodingKey>| {
            read(text).map_err(|_| "jwt_key: a public key in PEM is expected for this jwt_method".to_owned())
        };
        let (algorithm, key) = match method.as_deref().unwrap_or("HS256") {
            "HS256" => (Algorithm::HS256, shared()?),
            "HS384" => (Algorithm::HS384, shared()?),
            "HS512" => (Algorithm::HS512, shared()?),
            "RS256" => (Algorithm::RS256, public(DecodingKey::from_rsa_pem)?),
            "ES256" => (Algorithm::ES256, public(DecodingKey::from_ec_pem)?),
            "EdDSA" => (Algorithm::EdDSA, public(DecodingKey::from_ed_pem)?),
            _ => return Err("jwt_method: one of HS256, HS384, HS512, RS256, ES256, EdDSA".to_owned()),
        };
        let mut validation = Validation::new(algorithm);
        // times are judged below, by the clock of the house
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp"]);
        Ok(Some(Self { key, validation }))
    }

    /// Whose token this is, if it is good at `now`, in seconds.
    pub(super) fn check(&self, token: &str, now: i64, in_address: bool) -> Option<Owner> {
        let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
        if token.len() > MAX_TOKEN {
            return None;
        }
        let claims = decode::<Claims>(token, &self.key, &self.validation).ok()?.claims;
        let is_late = claims.exp.saturating_add(LEEWAY) < now;
        let is_early = claims.nbf.is_some_and(|from| from > now.saturating_add(LEEWAY));
        let lasts_too_long = in_address && claims.exp > now.saturating_add(IN_ADDRESS);
        (!is_late && !is_early && !lasts_too_long).then_some(Owner(claims.sub))
    }
}

/// Whether a call over HTTP comes from somebody who may call.
pub(super) enum Gate {
    /// Anybody.
    Open,
    /// Whoever has the token.
    Token(Secret),
    /// Whoever has a JWT.
    Jwt(Box<Verifier>),
}

impl Gate {
    /// Reads `auth_token`, `jwt_key` and `jwt_method`.
    pub(super) fn read(entry: &mut Entry) -> Result<Self, String> {
        match (entry.secret("auth_token")?, Verifier::read(entry)?) {
            (Some(_), Some(_)) => Err("jwt_key: the header has room for one of auth_token and jwt_key".to_owned()),
            (Some(token), None) => Ok(Gate::Token(token)),
            (None, Some(verifier)) => Ok(Gate::Jwt(Box::new(verifier))),
            (None, None) => Ok(Gate::Open),
        }
    }

    /// Whether it lets only known callers in.
    pub(super) fn is_closed(&self) -> bool {
        !matches!(self, Gate::Open)
    }

    /// Who calls.
    pub(super) fn check(&self, request: &HttpRequest, now: i64) -> Result<Owner, Refused> {
        if let Gate::Open = self {
            return Ok(Owner::default());
        }
        let mut sent = request.headers().get_all(AUTHORIZATION);
        // a header that is there twice may mean one thing to a proxy and another to us
        let (Some(value), None) = (sent.next(), sent.next()) else { return Err(Refused::unauthorized()) };
        let token = value.to_str().ok().and_then(|text| text.strip_prefix("Bearer "));
        let token = token.ok_or_else(Refused::unauthorized)?;
        let known = match self {
            Gate::Open => Some(Owner::default()),
            Gate::Token(secret) => secret.is(token.as_bytes()).then(Owner::default),
            Gate::Jwt(verifier) => verifier.check(token, now, false),
        };
        known.ok_or_else(Refused::unauthorized)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::channels::credentials;

    fn verifier(lines: &str) -> Result<Option<Verifier>, String> {
        let read = credentials::read(&format!("socketio: {lines}"), &|_| None).map_err(|all| all.join("\n"))?;
        Verifier::read(&mut read.into_iter().next().expect("an entry"))
    }

    #[test]
    fn tokens_are_judged_as_in_the_vectors() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/socketio.json")).expect("JSON");
        let (now, keys) = (vectors["now"].as_i64().expect("a time"), &vectors["jwt"]["credentials"]);
        let verifier = verifier(&keys.to_string()).expect("read").expect("a key");
        for case in vectors["jwt"]["cases"].as_array().expect("cases") {
            let connect = &case["connect"];
            let in_address = connect.get("query").is_some();
            let token = connect["auth"]["token"].as_str().or(connect["query"]["token"].as_str()).unwrap_or_default();
            let is_good = verifier.check(token, now, in_address).is_some();
            assert_eq!(is_good, case["expect"] == "connected", "{}", case["name"]);
        }
        let good = vectors["jwt"]["cases"][0]["connect"]["auth"]["token"].as_str().expect("a token");
        assert_eq!(verifier.check(good, now, false), Some(Owner(Some("visitor-1".to_owned()))));
        assert!(verifier.check(good, now - 301, true).is_none(), "too long a life for an address");
        assert!(verifier.check(good, now + 660, false).is_some() && verifier.check(good, now + 661, false).is_none());
    }

    #[test]
    fn weak_keys_and_unknown_methods_are_refused() {
        for lines in [
            "{jwt_key: short}",
            "{jwt_key: socketio-jwt-key-of-32-characters, jwt_method: none}",
            "{jwt_key: socketio-jwt-key-of-32-characters, jwt_method: RS256}",
        ] {
            let why = verifier(lines).err().expect("refused");
            assert!(why.starts_with("jwt_") && !why.contains("short"), "{why}");
        }
        assert!(verifier("{}").expect("read").is_none());
    }
}
