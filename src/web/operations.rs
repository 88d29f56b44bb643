//! Health, readiness, metrics.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::Doors;
use crate::store::meta;

/// How long readiness waits for the database.
const PATIENCE: Duration = Duration::from_secs(2);

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200)))]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({"status": "ok"}))
}

/// The server can be given work: the database answers, reads and writes, and it is not stopping.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200), (status = 503)))]
pub async fn readyz(doors: web::Data<Doors>) -> HttpResponse {
    let not_ready =
        |why: &str| HttpResponse::ServiceUnavailable().json(json!({"status": "unavailable", "detail": why}));
    if doors.house.presence.is_closing() {
        return not_ready("the server is stopping");
    }
    let store = &doors.house.store;
    let reads = tokio::time::timeout(PATIENCE, store.read(meta::log_id)).await;
    if !matches!(reads, Ok(Ok(_))) {
        return not_ready("the database does not answer");
    }
    let writes = tokio::time::timeout(PATIENCE, store.write(|connection| meta::set(connection, "ready", "yes"))).await;
    match writes {
        Ok(Ok(())) => HttpResponse::Ok().json(json!({"status": "ok"})),
        _ => not_ready("the database cannot be written to"),
    }
}

/// Counters in Prometheus' text form.
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200)))]
pub async fn metrics(doors: web::Data<Doors>) -> HttpResponse {
    let metrics = &doors.house.metrics;
    metrics.writer_queue.set(i64::try_from(doors.house.store.queued()).unwrap_or(i64::MAX));
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(metrics.text())
}
