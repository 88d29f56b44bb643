//! The configuration of a bot of the vectors, as it is imported; each thing gets an id that the scenario can name.

use std::collections::HashMap;

use tertulia::store::bots::new_id;

use super::{Value, json};

/// What the names in a scenario stand for.
#[derive(Default)]
pub struct Cast {
    pub aliases: HashMap<String, String>,
    /// Alias, owner, and credentials by provider.
    pub bots: Vec<(String, String, HashMap<String, String>)>,
}

fn stamped(cast: &mut Cast, alias: String, rest: Value) -> Value {
    let id = new_id();
    cast.aliases.insert(alias, id.clone());
    let mut object = json!({"id": id, "created_at": 1_000_000, "updated_at": 1_000_000});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

/// The configuration of a bot, as it is imported.
pub fn document(cast: &mut Cast, alias: &str, bot: &Value) -> Value {
    let list = |name: &str| bot[name].as_array().cloned().unwrap_or_default();
    let env: Vec<Value> = bot["env"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| stamped(cast, format!("{alias}.env.{key}"), json!({"key": key, "value": value})))
        .collect();
    let states: Vec<Value> = list("states")
        .iter()
        .map(|name| stamped(cast, format!("{alias}.state.{}", name.as_str().unwrap()), json!({"name": name})))
        .collect();
    let handlers: Vec<Value> = list("handlers").iter().map(|one| handler(cast, alias, one)).collect();
    let hooks: Vec<Value> = list("hooks").iter().map(|one| hook(cast, one)).collect();
    json!({"env": env, "states": states, "handlers": handlers, "hooks": hooks})
}

fn handler(cast: &mut Cast, bot: &str, one: &Value) -> Value {
    let alias = one["id"].as_str().unwrap().to_owned();
    let state = |cast: &Cast, name: &Value| json!(cast.aliases[&format!("{bot}.state.{}", name.as_str().unwrap())]);
    let sources: Vec<Value> =
        one["source_states"].as_array().into_iter().flatten().map(|name| state(cast, name)).collect();
    let target = if one["target_state"].is_string() { state(cast, &one["target_state"]) } else { Value::Null };
    let request = if one["request"].is_object() { request(cast, &alias, &one["request"]) } else { Value::Null };
    stamped(
        cast,
        alias,
        json!({
            "name": one["name"], "pattern": one["pattern"], "enabled": one["enabled"] != json!(false),
            "priority": one["priority"].as_i64().unwrap_or(0), "request": request, "response": one["response"],
            "target_state": target, "source_states": sources,
        }),
    )
}

fn request(cast: &mut Cast, handler: &str, one: &Value) -> Value {
    let mut parameters = |kind: &str, name: &str| -> Vec<Value> {
        let list = one[name].as_array().cloned().unwrap_or_default();
        list.iter().enumerate().map(|(at, one)| stamped(cast, format!("{handler}.{kind}.{at}"), one.clone())).collect()
    };
    let (url, header) = (parameters("url", "url_parameters"), parameters("header", "header_parameters"));
    let data = match one["data"].as_str() {
        Some(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        None => one["data"].clone(),
    };
    stamped(
        cast,
        format!("{handler}.request"),
        json!({
            "url_template": one["url_template"], "method": one["method"].as_str().unwrap_or("Get"), "data": data,
            "url_parameters": url, "header_parameters": header,
        }),
    )
}

fn hook(cast: &mut Cast, one: &Value) -> Value {
    let alias = one["id"].as_str().unwrap().to_owned();
    let mut recipients = Vec::new();
    for provider in ["telegram", "kik", "messenger"] {
        for (at, recipient) in one["recipients"][provider].as_array().into_iter().flatten().enumerate() {
            let chat = recipient["chat_id"].as_str().map_or_else(|| recipient["chat_id"].to_string(), str::to_owned);
            recipients.push(stamped(
                cast,
                format!("{alias}.{provider}.{at}"),
                json!({
                    "provider": provider, "chat_id": chat, "username": recipient["username"], "name": recipient["name"],
                }),
            ));
        }
    }
    let enabled = one["enabled"] != json!(false);
    stamped(
        cast,
        alias,
        json!({
            "name": one["name"], "key": one["key"], "enabled": enabled, "response": one["response"], "recipients": recipients,
        }),
    )
}
