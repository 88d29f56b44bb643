//! `rest`: one call is one turn; its answer is what was said meanwhile, collected or streamed (channels contract, 5.1).

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, ORIGIN};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::credentials::{Common, Entry};
use super::rasa::{self, Heard, UnderWay, Uttered, Visit};
use super::token::{Gate, Owner};
use super::{Call, Connector, Ground, Kind, Plan, Refused, files};
use crate::actors::doors;
use crate::actors::listening::Listener;
use crate::config::Config;
use crate::domain::doors::Place;
use crate::domain::{Seq, reply};
use crate::store::door_deliveries;

/// Registers it.
pub(super) const KIND: Kind = Kind { channel: "rest", build };

/// How long a turn may take.
const TURN: Duration = Duration::from_secs(30);
/// How often it is looked whether a turn is over when nothing is heard.
const LOOK: Duration = Duration::from_secs(1);
/// The most messages of one look.
const MOST: i64 = 200;
/// Lines of a stream that wait for a reader.
const LINES: usize = 64;

#[derive(Clone)]
struct Rest(Arc<Parts>);

struct Parts {
    name: String,
    ground: Ground,
    common: Common,
    gate: Gate,
    origins: Vec<String>,
    turn: Duration,
    under_way: UnderWay,
}

fn build(entry: &mut Entry, _config: &Config) -> Result<Plan, String> {
    let name = entry.name.clone();
    let (common, gate) = (entry.common()?, Gate::read(entry)?);
    let origins = entry.list("cors")?.unwrap_or_default();
    let turn = entry.span("turn_timeout")?.unwrap_or(TURN);
    let (verifies, under_way) = (gate.is_closed(), UnderWay::default());
    let start = move |ground: Ground| -> Arc<dyn Connector> {
        Arc::new(Rest(Arc::new(Parts { name, ground, common, gate, origins, turn, under_way })))
    };
    Ok(Plan { verifies, socket_path: None, start: Box::new(start) })
}

impl Connector for Rest {
    fn common(&self) -> &Common {
        &self.0.common
    }

    fn webhook(&self, call: Call) -> Option<LocalBoxFuture<'_, HttpResponse>> {
        let origin = self.0.allowed_origin(&call.request);
        let rest = self.clone();
        Some(Box::pin(async move {
            let mut answer = rest.take(call).await.unwrap_or_else(|refused| refused.answer());
            rest.0.mark(&mut answer, origin);
            answer
        }))
    }

    fn preflight(&self, request: &HttpRequest) -> Option<HttpResponse> {
        if self.0.origins.is_empty() {
            return None;
        }
        let origin = self.0.allowed_origin(request);
        let mut answer = HttpResponse::NoContent();
        if origin.is_some() {
            answer.insert_header(("Access-Control-Allow-Methods", "POST"));
            answer.insert_header(("Access-Control-Allow-Headers", "authorization, content-type"));
            answer.insert_header(("Access-Control-Max-Age", "3600"));
        }
        let mut answer = answer.finish();
        self.0.mark(&mut answer, origin);
        Some(answer)
    }
}

impl Parts {
    fn allowed_origin(&self, request: &HttpRequest) -> Option<actix_web::http::header::HeaderValue> {
        let origin = request.headers().get(ORIGIN)?;
        let text = origin.to_str().ok()?;
        self.origins.iter().any(|known| known == "*" || known == text).then(|| origin.clone())
    }

    /// Without origins in the entry there are no such headers at all.
    fn mark(&self, answer: &mut HttpResponse, origin: Option<actix_web::http::header::HeaderValue>) {
        use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue, VARY};
        if self.origins.is_empty() {
            return;
        }
        answer.headers_mut().insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            answer.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        }
    }
}

/// Whether the query asks for a stream: `stream=true`, in any case, and nothing else.
fn is_stream(query: &str) -> bool {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().any(|(key, value)| key == "stream" && value.eq_ignore_ascii_case("true"))
}

/// A turn under way.
struct Turn {
    rest: Rest,
    place: Place,
    conversation: String,
    sender: String,
    listener: Listener,
    said: Option<Seq>,
    ends: Instant,
    over: bool,
}

impl Rest {
    async fn take(&self, call: Call) -> Result<HttpResponse, Refused> {
        let parts = &self.0;
        let owner = parts.gate.check(&call.request, parts.ground.house.clock.now() / 1_000_000)?;
        let said = rasa::read(&call.request, &call.body)?;
        let streamed = is_stream(call.request.query_string());
        let turn = self.begin(&owner, &said).await?;
        let Some(mut turn) = turn else { return Ok(collected(streamed, Vec::new())) };
        if !streamed {
            let mut all = Vec::new();
            while let Some(more) = turn.next().await? {
                all.extend(more);
            }
            turn.complain_if_in_vain(all.is_empty()).await?;
            return Ok(collected(false, all));
        }
        // the answer begins with the first message, so that a bot that failed can still be told by the status
        let first = loop {
            match turn.next().await? {
                Some(more) if more.is_empty() => {}
                first => break first,
            }
        };
        let Some(first) = first else {
            turn.complain_if_in_vain(true).await?;
            return Ok(collected(true, Vec::new()));
        };
        Ok(streaming(turn, first))
    }

    /// Says it; `None` if it was said before.
    async fn begin(&self, owner: &Owner, said: &Uttered) -> Result<Option<Turn>, Refused> {
        let parts = &self.0;
        let visit = Visit {
            ground: &parts.ground,
            common: &parts.common,
            door: &parts.name,
            durable: false,
            under_way: &parts.under_way,
        };
        let conversation = rasa::conversation(owner, &said.sender);
        let place = visit.enter(&conversation, visit.data(&said.sender)).await?;
        let listener = doors::listen(&parts.ground.house, place.thread);
        let Heard::Committed(seq) = visit.say(&place, &conversation, said).await? else { return Ok(None) };
        let ends = Instant::now() + parts.turn;
        let (rest, sender) = (self.clone(), said.sender.clone());
        Ok(Some(Turn { rest, place, conversation, sender, listener, said: seq, ends, over: false }))
    }
}

impl Turn {
    /// What was said since the last look, when there may be more of it; `None` when the turn is over.
    async fn next(&mut self) -> Result<Option<Vec<Value>>, Refused> {
        if self.over {
            return Ok(None);
        }
        let house = &self.rest.0.ground.house;
        // looked for before taking, so that nothing said in between is left for the next turn
        self.over = self.said.is_none() || doors::is_turn_over(house, self.place.thread).await?;
        let key = (self.rest.0.name.clone(), self.conversation.clone());
        let messages = doors::take(house, key, &self.place, MOST).await?;
        let split = self.rest.0.common.split_paragraphs;
        let objects: Vec<Value> = messages
            .iter()
            .flat_map(|it| reply::objects(&self.sender, (&it.text, it.content.as_ref()), &files(house, it), split))
            .collect();
        if objects.is_empty() && !self.over {
            let wait = self.ends.min(Instant::now() + LOOK);
            let _ = tokio::time::timeout_at(wait, self.listener.heard()).await;
            self.over = Instant::now() >= self.ends;
        }
        Ok(Some(objects))
    }

    /// A bot that failed is no silent bot.
    async fn complain_if_in_vain(&self, nothing: bool) -> Result<(), Refused> {
        let parts = &self.rest.0;
        let has_bot = !parts.common.bots.is_empty() || parts.common.widget.is_some();
        let (Some(seq), true, true) = (self.said, nothing, has_bot) else { return Ok(()) };
        let thread = self.place.thread;
        let failed = move |connection: &mut _| door_deliveries::has_failed(connection, thread, seq);
        if parts.ground.house.store.read(failed).await? {
            let detail = "The bot could not answer. What was said is kept.";
            return Err(Refused::new(StatusCode::BAD_GATEWAY, "bot_failed", detail));
        }
        Ok(())
    }
}

fn line(object: &Value) -> String {
    format!("{object}\n")
}

fn collected(streamed: bool, objects: Vec<Value>) -> HttpResponse {
    if streamed {
        let body: String = objects.iter().map(line).collect();
        return HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/event-stream")).body(body);
    }
    HttpResponse::Ok().json(objects)
}

/// Each message is a line that leaves as it is said; the end of the body is the end of the turn.
fn streaming(mut turn: Turn, first: Vec<Value>) -> HttpResponse {
    let (lines, read) = mpsc::channel::<String>(LINES);
    actix_web::rt::spawn(async move {
        let mut objects = first;
        loop {
            for object in &objects {
                if lines.send(line(object)).await.is_err() {
                    return;
                }
            }
            objects = match turn.next().await {
                Ok(Some(objects)) => objects,
                // the answer has begun, so a failure can only end it
                Ok(None) | Err(_) => return,
            };
        }
    });
    let body = stream::unfold(read, |mut read| async move {
        let line = read.recv().await?;
        Some((Ok::<_, actix_web::Error>(Bytes::from(line)), read))
    });
    let mut answer = HttpResponse::Ok();
    // a proxy that collects it would take the point away
    answer.insert_header((CONTENT_TYPE, "text/event-stream")).insert_header(("X-Accel-Buffering", "no"));
    answer.insert_header(("Cache-Control", "no-cache")).streaming(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_true_asks_for_a_stream() {
        for (query, expected) in
            [("stream=true", true), ("a=b&stream=TRUE", true), ("stream=1", false), ("stream=yes", false), ("", false)]
        {
            assert_eq!(is_stream(query), expected, "{query}");
        }
    }
}
