//! Calls to the socket's path: handshakes, polling, the way to a WebSocket, and which pages may do it.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, HOST, HeaderValue, ORIGIN, UPGRADE, VARY,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use super::engine::{self, Version};
use super::session::{Call, Crossed, Session, Transport};
use super::{Server, socket};
use crate::channels::registry::read_body;
use crate::domain::Micros;

/// A refusal of Engine.IO's.
#[derive(Clone, Copy)]
pub(super) enum Wrong {
    Transport,
    Session,
    Method,
    Request,
    Forbidden,
    Version,
}

impl Wrong {
    fn answer(self) -> HttpResponse {
        let (status, code, message) = match self {
            Wrong::Transport => (StatusCode::BAD_REQUEST, 0, "Transport unknown"),
            Wrong::Session => (StatusCode::BAD_REQUEST, 1, "Session ID unknown"),
            Wrong::Method => (StatusCode::BAD_REQUEST, 2, "Bad handshake method"),
            Wrong::Request => (StatusCode::BAD_REQUEST, 3, "Bad request"),
            Wrong::Forbidden => (StatusCode::FORBIDDEN, 4, "Forbidden"),
            Wrong::Version => (StatusCode::BAD_REQUEST, 5, "Unsupported protocol version"),
        };
        HttpResponse::build(status).json(json!({"code": code, "message": message}))
    }
}

/// The parameters of a query; of several with one name the first.
pub(super) fn parameters(query: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    if let Ok(pairs) = web::Query::<Vec<(String, String)>>::from_query(query) {
        for (name, value) in pairs.into_inner() {
            found.entry(name).or_insert(value);
        }
    }
    found
}

/// Answers a call; the headers for pages of other origins are on every answer.
pub(super) async fn answer(server: Arc<Server>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let origin = request.headers().get(ORIGIN).cloned();
    let allowed = origin.as_ref().is_none_or(|origin| server.allows(&request, origin));
    let mut answer = if !allowed {
        Wrong::Forbidden.answer()
    } else if *request.method() == Method::OPTIONS {
        preflight()
    } else {
        take(server, request, payload).await.unwrap_or_else(Wrong::answer)
    };
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|_| allowed) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    answer
}

fn preflight() -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"));
    answer.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "content-type, authorization"));
    answer.insert_header((ACCESS_CONTROL_MAX_AGE, "3600")).finish()
}

impl Server {
    /// Whether a page of this origin may connect: our own, or one that the entry names.
    fn allows(&self, request: &HttpRequest, origin: &HeaderValue) -> bool {
        let Ok(origin) = origin.to_str() else { return false };
        let public = &self.ground.public_url;
        let scheme = if public.starts_with("https://") { "https" } else { "http" };
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let is_same = |known: &str| known.trim_end_matches('/').eq_ignore_ascii_case(origin);
        let site = public.find("://").and_then(|at| public.get(at + 3..)?.find('/').map(|slash| at + 3 + slash));
        let own = site.and_then(|end| public.get(..end)).unwrap_or(public);
        is_same(own)
            || is_same(&format!("{scheme}://{host}"))
            || self.origins.iter().any(|known| known == "*" || is_same(known))
    }

    fn now(&self) -> Micros {
        self.ground.house.clock.steady()
    }
}

async fn take(server: Arc<Server>, request: HttpRequest, mut payload: Payload) -> Result<HttpResponse, Wrong> {
    let parameters = parameters(request.query_string());
    let get = |name: &str| parameters.get(name).map(String::as_str);
    let is_socket = match get("transport") {
        Some("polling") if get("j").is_none() => false,
        Some("polling") => return Err(Wrong::Request),
        Some("websocket") => true,
        _ => return Err(Wrong::Transport),
    };
    let version = Version::parse(get("EIO")).ok_or(Wrong::Version)?;
    let session = match get("sid") {
        Some(sid) => {
            let found = server.find(sid).filter(|session| !session.is_closed()).ok_or(Wrong::Session)?;
            Some(if found.version == version { found } else { return Err(Wrong::Request) })
        }
        None if *request.method() != Method::GET => return Err(Wrong::Method),
        None => None,
    };
    if is_socket {
        let upgrades =
            request.headers().get(UPGRADE).is_some_and(|to| to.as_bytes().eq_ignore_ascii_case(b"websocket"));
        if !upgrades || *request.method() != Method::GET {
            return Err(Wrong::Request);
        }
        let payload = web::Payload::from_request(&request, &mut payload).await.map_err(|_| Wrong::Request)?;
        return socket::open(server, session, (version, get("token").map(str::to_owned)), &request, payload);
    }
    let Some(session) = session else { return begin(&server, version, get("token")) };
    match *request.method() {
        Method::GET => poll(&server, &session).await,
        Method::POST => {
            let payload = web::Payload::from_request(&request, &mut payload).await.map_err(|_| Wrong::Request)?;
            post(&server, &session, payload).await
        }
        _ => Err(Wrong::Request),
    }
}

/// The packet that opens a session.
pub(super) fn open_packet(server: &Server, session: &Session, upgrades: &[&str]) -> String {
    // in the order in which the reference writes them
    let sid = Value::from(session.sid.as_str());
    let (upgrades, most) = (json!(upgrades), server.max_payload);
    format!(r#"0{{"sid":{sid},"upgrades":{upgrades},"pingInterval":25000,"pingTimeout":20000,"maxPayload":{most}}}"#)
}

fn text(body: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/plain; charset=UTF-8")).body(body)
}

/// A handshake over polling.
fn begin(server: &Arc<Server>, version: Version, token: Option<&str>) -> Result<HttpResponse, Wrong> {
    let session = Session::new(version, token.map(str::to_owned), Transport::Polling, server.now());
    let session = Arc::new(session);
    if !server.keep(&session) {
        return Err(Wrong::Forbidden);
    }
    let opening = open_packet(server, &session, &["websocket"]);
    server.welcome(&session);
    Ok(text(engine::body(version, &[opening])))
}

fn crossed(server: &Server, session: &Session, why: &Crossed) -> Wrong {
    if matches!(why, Crossed::Closed) {
        server.close(session);
    }
    Wrong::Request
}

async fn poll(server: &Arc<Server>, session: &Arc<Session>) -> Result<HttpResponse, Wrong> {
    let call: Call = session.poll().map_err(|why| crossed(server, session, &why))?;
    let (body, marks) = call.answer().await;
    server.delivered(marks);
    Ok(text(body))
}

async fn post(server: &Arc<Server>, session: &Arc<Session>, payload: web::Payload) -> Result<HttpResponse, Wrong> {
    let _call: Call = session.post().map_err(|why| crossed(server, session, &why))?;
    let body = match read_body(payload, server.max_payload).await {
        Ok(body) => body,
        Err(refused) => {
            server.close(session);
            return Ok(refused.answer());
        }
    };
    let broken = || {
        server.close(session);
        Wrong::Request
    };
    let body = std::str::from_utf8(&body).map_err(|_| broken())?;
    let packets = engine::packets(session.version, body).map_err(|_| broken())?;
    let _order = session.order.lock().await;
    for packet in packets {
        server.hear(session, packet).await;
    }
    Ok(HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/html")).body("ok"))
}
