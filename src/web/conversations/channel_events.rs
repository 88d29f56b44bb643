//! `/api/admin/channels/{channel}/events`: what happened on a channel, told by the host's own connectors (channels contract,
//! 2.5). The answers of the house are read from the thread.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};

use super::{declined, object, superuser};
use crate::actors::conversations::door as conversation;
use crate::actors::doors::{self, Say};
use crate::domain::content::{Content, Location, Media};
use crate::domain::conversation::convert::family;
use crate::domain::conversation::settings::Channel;
use crate::domain::doors::{Arrival, Place};
use crate::domain::form::{Form, REQUIRED, TextRule};
use crate::domain::{MessageId, Refusal, form};
use crate::store::{Connection, StoreError, conversations, organisation};
use crate::web::Doors;
use crate::web::api::{Answer, schema};
use crate::web::entry::Caller;
use crate::web::error::ApiError;

const SHORT: TextRule = TextRule { max: 200, blank: false };
const NAME: TextRule = TextRule { max: 200, blank: true };
const LONG: TextRule = TextRule { max: 5_000, blank: false };

/// An event, read.
struct Event {
    kind: Kind,
    conversation: String,
    sender: String,
    names: (String, String),
    widget: Option<i64>,
    id: Option<String>,
}

enum Kind {
    Say(Box<Say>),
    Pick(MessageId, String),
    End,
}

/// Takes an event: `{"type": "message", "conversation", "sender": {"id", "first_name", "last_name"}, "text", …}`. Types are
/// `message` (`text`), `click` (`message`, `option`), `media` (`link`, `mime_type`, `name`, `size`, `caption`), `location`
/// (`latitude`, `longitude`, `name`, `address`) and `end`. `id` is the channel's own name for it: sent again, it is found
/// again.
#[utoipa::path(post, path = "/api/admin/channels/{channel}/events", tag = "conversations", params(("channel" = String, Path)),
    responses((status = 201), (status = 400, body = schema::FieldErrors), (status = 403, body = schema::Detail),
              (status = 404, body = schema::Detail)))]
pub async fn take(request: HttpRequest, doors: web::Data<Doors>, caller: Caller, mut payload: web::Payload) -> Answer {
    superuser(&caller)?;
    let channel = Channel::parse(request.match_info().query("channel")).ok_or(Refusal::NotFound)?;
    let body = object(&doors, &mut payload).await?;
    let event = read(&body)?;
    let place = enter(&doors, channel, &event).await?;
    let (house, thread) = (&doors.house, place.thread);
    let message = match event.kind {
        Kind::Say(say) => {
            let say = Say { client_id: event.id, ..*say };
            doors::say(house, &place, say).await?.message.map(|message| message.id)
        }
        Kind::Pick(message, option) => {
            conversation::pick(house, thread, place.account.id, message, option).await.map_err(declined)?;
            None
        }
        Kind::End => {
            conversation::end(house, thread, place.account.id).await.map_err(declined)?;
            None
        }
    };
    let body = json!({"thread": thread, "account": place.account.id, "message": message});
    Ok(HttpResponse::build(StatusCode::CREATED).json(body))
}

fn read(body: &Map<String, Value>) -> Result<Event, ApiError> {
    let mut form = Form::new(body);
    let required = |form: &mut Form, field: &str, rule| {
        if !form.has(field) {
            form.complain(field, REQUIRED);
        }
        form.text(field, rule).unwrap_or_default()
    };
    let conversation = required(&mut form, "conversation", SHORT);
    let sender = body.get("sender").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut who = Form::new(&sender);
    let sender_id = required(&mut who, "id", SHORT);
    let first = who.text("first_name", NAME).unwrap_or_default();
    let last = who.text("last_name", NAME).unwrap_or_default();
    let widget = form.id("widget");
    let id = form.text("id", TextRule { max: 64, blank: true }).filter(|id| !id.is_empty());
    let name = form.text("type", SHORT).unwrap_or_default();
    let kind = read_kind(&mut form, &name, body);
    for sentence in who.errors.sentences("") {
        form.complain("sender", sentence);
    }
    form.errors.into_result()?;
    let kind = kind.ok_or(Refusal::NotFound)?;
    Ok(Event { kind, conversation, sender: sender_id, names: (first, last), widget, id })
}

fn read_kind(form: &mut Form, name: &str, body: &Map<String, Value>) -> Option<Kind> {
    let required = |form: &mut Form, field: &str| {
        if !form.has(field) {
            form.complain(field, REQUIRED);
        }
        form.text(field, LONG)
    };
    match name {
        "message" => {
            let text = required(form, "text")?;
            Some(Kind::Say(Box::new(Say { text, ..Say::default() })))
        }
        "click" => {
            let message = form.id("message");
            let option = required(form, "option")?;
            if message.is_none() && !form.errors.has("message") {
                form.complain("message", form::REQUIRED);
            }
            Some(Kind::Pick(message?, option))
        }
        "media" => {
            let link = required(form, "link")?;
            let mut text = |field: &str| {
                let sent = body.get(field).is_some_and(|value| !value.is_null());
                if sent { form.text(field, NAME) } else { None }
            };
            let (mime_type, name, caption) = (text("mime_type"), text("name"), text("caption"));
            let kind = mime_type.as_deref().map_or("file", family).to_owned();
            let said = caption.clone().unwrap_or_else(|| link.clone());
            let size = form.integer("size");
            let content = Some(Content::Media(Media { link, kind, mime_type, name, size, caption }));
            Some(Kind::Say(Box::new(Say { text: said, content, ..Say::default() })))
        }
        "location" => {
            let degrees = |field: &str| body.get(field).and_then(Value::as_f64);
            let (Some(latitude), Some(longitude)) = (degrees("latitude"), degrees("longitude")) else {
                form.complain("latitude", "Degrees are expected in latitude and longitude.");
                return None;
            };
            let words = |field: &str| body.get(field).and_then(Value::as_str).map(str::to_owned);
            let place = Location { latitude, longitude, name: words("name"), address: words("address") };
            let text = words("name").unwrap_or_else(|| format!("{latitude}, {longitude}"));
            Some(Kind::Say(Box::new(Say { text, content: Some(Content::Location(place)), ..Say::default() })))
        }
        "end" => Some(Kind::End),
        _ => {
            form.complain("type", "Write message, click, media, location or end.");
            None
        }
    }
}

/// Where the person is; a conversation of the channel's widget begins with the first event.
async fn enter(doors: &Doors, channel: Channel, event: &Event) -> Result<Place, ApiError> {
    let house = &doors.house;
    let named = event.widget;
    let find = move |connection: &mut Connection| match named {
        Some(id) => organisation::widget(connection, id).map(|settings| (settings.channel == channel).then_some(id)),
        None => organisation::widget_of_channel(connection, channel.name()),
    };
    let widget = house.store.read(find).await?.ok_or(Refusal::NotFound)?;
    let arrival = Arrival {
        door: format!("channel:{}:{widget}", channel.name()),
        conversation: event.conversation.clone(),
        sender: event.sender.clone(),
        first_name: event.names.0.clone(),
        last_name: event.names.1.clone(),
        kind: house.config.widget.thread_type.clone(),
        alone: true,
        ..Arrival::default()
    };
    let place = doors::enter(house, arrival).await?;
    let (thread, contact, now) = (place.thread, place.account.id, house.clock.now());
    let begin = move |connection: &mut Connection| -> Result<(), StoreError> {
        conversations::begin(connection, thread, contact, widget, now)
    };
    house.store.write(begin).await?;
    Ok(place)
}
