//! Rates per address: how often somebody may try to sign in or make a visitor. In memory of this server.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::error::ApiError;
use crate::config;

/// How often what is no longer needed is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(60);

type Limiter = Arc<DefaultKeyedRateLimiter<IpAddr>>;

/// The limits in force.
#[derive(Clone)]
pub struct Limits {
    visitors: Limiter,
    logins: Limiter,
}

fn per_minute(count: u32) -> Limiter {
    let count = NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    Arc::new(RateLimiter::keyed(Quota::per_minute(count)))
}

impl Limits {
    /// As the settings say.
    pub fn new(config: &config::Limits) -> Self {
        Self { visitors: per_minute(config.visitors_per_minute), logins: per_minute(config.logins_per_minute) }
    }

    /// One more visitor from this address.
    pub fn visitor(&self, request: &HttpRequest) -> Result<(), ApiError> {
        check(&self.visitors, request)
    }

    /// One more try to sign in from this address.
    pub fn login(&self, request: &HttpRequest) -> Result<(), ApiError> {
        check(&self.logins, request)
    }

    /// Forgets addresses that have used nothing up, from time to time; ends with the runtime.
    pub fn forget_in_time(&self) {
        let limits = self.clone();
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(FORGET_EVERY);
            loop {
                ticks.tick().await;
                limits.visitors.retain_recent();
                limits.logins.retain_recent();
            }
        });
    }
}

fn check(limiter: &Limiter, request: &HttpRequest) -> Result<(), ApiError> {
    let Some(address) = request.peer_addr().map(|address| address.ip()) else { return Ok(()) };
    limiter.check_key(&address).map_err(|not_yet| {
        let wait = not_yet.wait_time_from(DefaultClock::default().now());
        ApiError::too_many(wait.as_secs() + 1)
    })
}
