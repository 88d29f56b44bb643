//! JWTs of the embedding site: the algorithm is ours to say, never the token's.

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use serde::Deserialize;

use crate::config::Auth;

/// What a token says of its bearer. A role in it would not be believed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub struct Claims {
    /// The site's own name for the user.
    pub sub: String,
    #[serde(default)]
    iss: String,
    #[serde(default)]
    given_name: String,
    #[serde(default)]
    family_name: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    name: String,
    /// The user's address, if the site tells it.
    #[serde(default)]
    pub email: Option<String>,
    /// The address of the user's picture.
    #[serde(default)]
    pub picture: Option<String>,
}

impl Claims {
    /// The account's name in the house: unique per issuer and subject.
    pub fn external_id(&self) -> String {
        // the issuer's length keeps issuer and subject apart, whatever colons are in them
        format!("jwt:{}:{}:{}", self.iss.len(), self.iss, self.sub)
    }

    /// First and last name, from whichever claims there are.
    pub fn names(&self) -> (String, String) {
        let pick = |names: [&String; 2]| names.into_iter().find(|name| !name.is_empty()).cloned();
        let first = pick([&self.given_name, &self.first_name]);
        let last = pick([&self.family_name, &self.last_name]);
        if first.is_none() && last.is_none() {
            let (first, last) = self.name.split_once(' ').unwrap_or((&self.name, ""));
            return (first.to_owned(), last.to_owned());
        }
        (first.unwrap_or_default(), last.unwrap_or_default())
    }
}

/// Checks tokens against the configured key.
pub struct JwtVerifier {
    key: DecodingKey,
    validation: Validation,
}

impl JwtVerifier {
    /// The verifier that the settings describe; `None` when they describe none.
    pub fn new(auth: &Auth) -> anyhow::Result<Option<Self>> {
        let Some(name) = auth.jwt_algorithm.as_deref() else { return Ok(None) };
        let pem = || -> anyhow::Result<Vec<u8>> {
            let path = auth.jwt_public_key.as_deref().unwrap_or_else(|| std::path::Path::new(""));
            std::fs::read(path)
                .map_err(|error| anyhow::anyhow!("auth.jwt_public_key: cannot read {}: {error}", path.display()))
        };
        let (algorithm, key) = match name {
            "HS256" => {
                let secret = auth.jwt_secret.as_deref().unwrap_or_default();
                (Algorithm::HS256, DecodingKey::from_secret(secret.as_bytes()))
            }
            "RS256" => (Algorithm::RS256, DecodingKey::from_rsa_pem(&pem()?)?),
            _ => (Algorithm::EdDSA, DecodingKey::from_ed_pem(&pem()?)?),
        };
        let mut validation = Validation::new(algorithm);
        let mut required = vec!["exp", "sub"];
        if let Some(issuer) = &auth.jwt_issuer {
            validation.set_issuer(&[issuer]);
            required.push("iss");
        }
        match &auth.jwt_audience {
            Some(audience) => {
                validation.set_audience(&[audience]);
                required.push("aud");
            }
            None => validation.validate_aud = false,
        }
        validation.set_required_spec_claims(&required);
        validation.validate_nbf = true;
        validation.leeway = 30;
        Ok(Some(Self { key, validation }))
    }

    /// What a good token says.
    pub fn check(&self, token: &str) -> Option<Claims> {
        let claims = decode::<Claims>(token, &self.key, &self.validation).ok()?.claims;
        (!claims.sub.is_empty() && claims.sub.len() <= 200).then_some(claims)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::{Value, json};

    use super::*;

    fn verifier() -> JwtVerifier {
        let environment = [
            ("TERTULIA_AUTH_JWT_ALGORITHM", "HS256"),
            ("TERTULIA_AUTH_JWT_SECRET", "shared"),
            ("TERTULIA_AUTH_JWT_ISSUER", "shop"),
            ("TERTULIA_AUTH_JWT_AUDIENCE", "chat"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = crate::config::load(None, environment).expect("settings");
        JwtVerifier::new(&config.auth).expect("a key").expect("configured")
    }

    fn token(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
        encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).expect("signed")
    }

    #[test]
    fn only_good_tokens_pass() {
        let late = 4_000_000_000_i64;
        let good = json!({"sub": "7", "iss": "shop", "aud": "chat", "exp": late});
        let without = |name: &str| {
            let mut claims = good.clone();
            claims.as_object_mut().expect("an object").remove(name);
            claims
        };
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let table = [
            (token(&good, Algorithm::HS256, "shared"), true),
            (token(&good, Algorithm::HS256, "other"), false),
            (token(&good, Algorithm::HS512, "shared"), false),
            (token(&without("exp"), Algorithm::HS256, "shared"), false),
            (token(&without("sub"), Algorithm::HS256, "shared"), false),
            (token(&without("iss"), Algorithm::HS256, "shared"), false),
            (token(&without("aud"), Algorithm::HS256, "shared"), false),
            (token(&with("exp", json!(1_000)), Algorithm::HS256, "shared"), false),
            (token(&with("iss", json!("mall")), Algorithm::HS256, "shared"), false),
            (token(&with("aud", json!("mail")), Algorithm::HS256, "shared"), false),
            (token(&with("nbf", json!(late)), Algorithm::HS256, "shared"), false),
            ("eyJhbGciOiJub25lIn0.eyJzdWIiOiI3In0.".to_owned(), false),
            ("nonsense".to_owned(), false),
        ];
        let verifier = verifier();
        for (number, (token, good)) in table.into_iter().enumerate() {
            assert_eq!(verifier.check(&token).is_some(), good, "row {number}");
        }
    }

    #[test]
    fn names_come_from_whichever_claims_there_are() {
        let claims = |value: Value| serde_json::from_value::<Claims>(value).expect("claims").names();
        let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(claims(json!({"sub": "1", "given_name": "Ana", "family_name": "Abel"})), pair("Ana", "Abel"));
        assert_eq!(claims(json!({"sub": "1", "first_name": "Ana"})), pair("Ana", ""));
        assert_eq!(claims(json!({"sub": "1", "name": "Ana de Abel"})), pair("Ana", "de Abel"));
    }
}
