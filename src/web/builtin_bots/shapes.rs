//! Objects that leave the bots' REST interface (bots contract, 3).

use serde_json::{Map, Value, json};

use crate::domain::Micros;
use crate::domain::bot::document::{
    Document, EnvVar, Handler, Hook, Parameter, Recipient, Request, Response, Stamp, State,
};
use crate::domain::time::format as iso;
use crate::store::StoreError;
use crate::store::bots::chats::Chat;
use crate::store::bots::integrations::Integration;
use crate::store::bots::{Bot, journal};

/// What stands in place of a secret.
pub(super) const MASK: &str = "********";

fn stamped(stamp: &Stamp, rest: Value) -> Value {
    let mut object = Map::new();
    object.insert("id".into(), json!(stamp.id));
    object.insert("created_at".into(), json!(iso(stamp.created_at)));
    object.insert("updated_at".into(), json!(iso(stamp.updated_at)));
    if let Value::Object(rest) = rest {
        object.extend(rest);
    }
    Value::Object(object)
}

pub(super) fn bot(bot: &Bot, integrations: &[Integration]) -> Result<Value, StoreError> {
    let of = |provider: &str| -> Result<Value, StoreError> {
        match integrations.iter().find(|one| one.provider == provider) {
            Some(one) => integration(one),
            None => Ok(Value::Null),
        }
    };
    Ok(json!({
        "id": bot.id, "name": bot.name, "created_at": iso(bot.created), "updated_at": iso(bot.updated),
        "telegram_bot": of("telegram")?, "kik_bot": of("kik")?, "messenger_bot": of("messenger")?,
        "auto_publish": bot.auto_publish,
    }))
}

pub(super) fn integration(one: &Integration) -> Result<Value, StoreError> {
    let stamp = Stamp { id: one.id.clone(), created_at: one.created, updated_at: one.updated };
    let mut object = stamped(&stamp, one.shown()?);
    if let Some(fields) = object.as_object_mut() {
        fields.insert("enabled".into(), json!(one.enabled));
        if one.provider == "telegram" {
            fields.insert("info".into(), one.info()?.unwrap_or_default());
        }
    }
    Ok(object)
}

pub(super) fn env(one: &EnvVar) -> Value {
    let value = if one.secret { MASK } else { &one.value };
    stamped(&one.stamp, json!({"key": one.key, "value": value, "secret": one.secret}))
}

pub(super) fn state(one: &State) -> Value {
    stamped(&one.stamp, json!({"name": one.name, "settings": one.settings}))
}

pub(super) fn state_of(document: &Document, id: &str) -> Value {
    document.states.iter().find(|state| state.stamp.id == id).map_or(Value::Null, state)
}

pub(super) fn response(one: &Response) -> Value {
    let mut object = json!({"text_template": one.text_template, "keyboard_template": one.keyboard_template});
    let extras = json!(one.extras);
    if let (Some(object), true) = (object.as_object_mut(), extras != json!(Response::default().extras)) {
        object.insert("extras".into(), extras);
    }
    object
}

fn request(one: &Request) -> Value {
    let list = |parameters: &[Parameter]| -> Vec<Value> { parameters.iter().map(parameter).collect() };
    json!({
        "url_template": one.url_template, "method": one.method, "data": one.data,
        "url_parameters": list(&one.url_parameters), "header_parameters": list(&one.header_parameters),
    })
}

pub(super) fn parameter(one: &Parameter) -> Value {
    stamped(&one.stamp, json!({"key": one.key, "value_template": one.value_template}))
}

pub(super) fn handler(document: &Document, one: &Handler) -> Value {
    let sources: Vec<Value> = one.source_states.iter().map(|id| state_of(document, id)).collect();
    stamped(
        &one.stamp,
        json!({
            "name": one.name, "pattern": one.pattern, "enabled": one.enabled,
            "request": one.request.as_ref().map(request), "response": response(&one.response),
            "target_state": one.target_state.as_ref().map(|id| state_of(document, id)),
            "source_states": sources, "priority": one.priority, "global": one.global, "action": one.action,
        }),
    )
}

pub(super) fn hook(one: &Hook) -> Value {
    let of = |provider: &str| -> Vec<Value> {
        one.recipients.iter().filter(|recipient| recipient.provider == provider).map(recipient).collect()
    };
    stamped(
        &one.stamp,
        json!({
            "name": one.name, "key": one.key, "enabled": one.enabled, "response": response(&one.response),
            "telegram_recipients": of("telegram"), "kik_recipients": of("kik"), "messenger_recipients": of("messenger"),
        }),
    )
}

pub(super) fn recipient(one: &Recipient) -> Value {
    let mut rest = json!({"chat_id": number_if(&one.provider, &one.chat_id), "name": one.name});
    if let (Some(fields), "kik") = (rest.as_object_mut(), one.provider.as_str()) {
        fields.insert("username".into(), json!(one.username));
    }
    stamped(&one.stamp, rest)
}

/// Telegram's ids are numbers.
fn number_if(provider: &str, id: &str) -> Value {
    match id.parse::<i64>() {
        Ok(number) if provider == "telegram" => json!(number),
        _ => json!(id),
    }
}

pub(super) fn chat_state(document: &Document, one: &Chat) -> Result<Value, StoreError> {
    let data: Value = one.data()?;
    let stamp = Stamp { id: one.id.clone(), created_at: one.created, updated_at: one.updated };
    let mut rest = json!({
        "chat": number_if(&one.provider, &one.chat),
        "state": state_of(document, one.state_id.as_deref().unwrap_or_default()),
        "context": data.get("context").cloned().unwrap_or_else(|| json!({})),
    });
    if let (Some(fields), true) = (rest.as_object_mut(), one.provider != "messenger") {
        fields.insert("user".into(), number_if(&one.provider, &one.person));
    }
    Ok(stamped(&stamp, rest))
}

pub(super) fn mishap(one: &journal::Mishap) -> Value {
    json!({"id": one.id, "handler": one.handler, "step": one.step, "message": one.message, "chat": one.chat,
           "created_at": iso(one.created)})
}

pub(super) fn delivery(one: &journal::Delivery) -> Result<Value, StoreError> {
    let recipients: Vec<Value> = one
        .recipients()?
        .iter()
        .map(|told| {
            json!({"recipient": told.recipient, "provider": told.provider, "state": told.state, "error": told.error})
        })
        .collect();
    Ok(json!({"id": one.id, "state": one.state, "error": one.error, "recipients": recipients,
              "created_at": iso(one.created)}))
}

/// A moment as it is shown; for lists of versions.
pub(super) fn moment(at: Micros) -> Value {
    json!(iso(at))
}
