//! What an answer of somebody we called means for the jobs (channels contract, 2.8).

use std::time::Duration;

use crate::outbound::Failure;

/// The class of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Class {
    /// Done.
    Ok,
    /// Try again, not before so long.
    Retry {
        /// What the other server asked for.
        after: Option<Duration>,
    },
    /// This message and all behind it fail until the person writes again.
    RecipientGone,
    /// This message alone fails.
    BadRequest,
}

impl Class {
    /// The class of a status where nothing else is said of it.
    pub fn of(status: u16, retry_after: Option<Duration>) -> Class {
        match status {
            200..=299 => Class::Ok,
            408 | 425 | 429 | 500..=599 => Class::Retry { after: retry_after },
            410 => Class::RecipientGone,
            _ => Class::BadRequest,
        }
    }

    /// What the jobs make of it.
    pub fn into_result(self, status: u16) -> Result<(), Failure> {
        match self {
            Class::Ok => Ok(()),
            Class::Retry { after } => Err(Failure::Later { why: format!("answered {status}"), retry_after: after }),
            Class::RecipientGone => Err(Failure::Never(format!("answered {status}: the recipient is gone"))),
            Class::BadRequest => Err(Failure::Never(format!("answered {status}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn each_answer_has_its_class() {
        let vectors: Value = serde_json::from_str(include_str!("../../tests/vectors/callback.json")).expect("JSON");
        for case in vectors["errors"].as_array().expect("cases") {
            let response = &case["response"];
            let seconds = response["headers"]["retry-after"].as_str().and_then(|text| text.parse().ok());
            let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
            let class = Class::of(status, seconds.map(Duration::from_secs));
            let expected = match case["expect"]["class"].as_str().expect("a class") {
                "retry" => Class::Retry { after: case["expect"]["after_ms"].as_u64().map(Duration::from_millis) },
                "bad_request" => Class::BadRequest,
                "recipient_gone" => Class::RecipientGone,
                _ => Class::Ok,
            };
            assert_eq!(class, expected, "{}", case["name"]);
        }
        assert_eq!(Class::of(410, None), Class::RecipientGone);
        assert_eq!(Class::of(204, None), Class::Ok);
    }
}
