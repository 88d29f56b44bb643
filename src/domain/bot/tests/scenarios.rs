//! The contract's scenarios, as far as they need neither a server nor a database: messages in, calls and states out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::matching::mismatch;
use crate::domain::bot::document::{Document, Handler, Request, Response, Stamp, State};
use crate::domain::bot::provider::{self, Call, Limits, Provider, Tickets};
use crate::domain::bot::template::{Job, RenderError};
use crate::domain::bot::turn::{self, AppResponse, Chat, EnvValue, Facts, Render, RequestPlan, Snapshot};

const APP: &str = "http://app.test";
const SCENARIOS: &str = include_str!("../../../../tests/vectors/bots.json");

struct Here;

impl Render for Here {
    fn render(&mut self, jobs: &[Job]) -> Vec<Result<String, RenderError>> {
        jobs.iter().map(Job::run).collect()
    }
}

/// A bot of a scenario, with the chats it knows.
struct Bot {
    id: String,
    enabled: BTreeMap<Provider, bool>,
    snapshot: Snapshot,
    env: BTreeMap<String, EnvValue>,
    chats: BTreeMap<(Provider, String, String), Chat>,
    tickets: Tickets,
    seen: Vec<String>,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'v>(value: &'v Value, key: &str) -> Vec<&'v Value> {
    value[key].as_array().into_iter().flatten().collect()
}

fn stamp(id: &Value) -> Stamp {
    Stamp { id: text(id), ..Stamp::default() }
}

fn response(value: &Value) -> Response {
    Response {
        text_template: value["text_template"].as_str().unwrap_or_default().to_owned(),
        keyboard_template: value["keyboard_template"].as_str().map(str::to_owned),
        ..Response::default()
    }
}

fn handler(value: &Value) -> Handler {
    let request = value.get("request").filter(|request| request.is_object()).map(|request| {
        let mut request = request.clone();
        for list in ["url_parameters", "header_parameters"] {
            for parameter in request[list].as_array_mut().into_iter().flatten() {
                for (key, value) in json!({"id": "", "created_at": 0, "updated_at": 0}).as_object().unwrap() {
                    parameter[key] = value.clone();
                }
            }
        }
        let parameters = |name: &str| serde_json::from_value(request[name].clone()).unwrap_or_default();
        Request {
            stamp: Stamp::default(),
            url_template: text(&request["url_template"]).replace("${APP}", APP),
            method: request["method"].as_str().unwrap_or("Get").to_owned(),
            data: request.get("data").filter(|data| !data.is_null()).cloned(),
            url_parameters: parameters("url_parameters"),
            header_parameters: parameters("header_parameters"),
        }
    });
    Handler {
        stamp: stamp(&value["id"]),
        name: text(&value["name"]),
        pattern: text(&value["pattern"]),
        enabled: value["enabled"].as_bool().unwrap_or(true),
        priority: value["priority"].as_i64().unwrap_or(0),
        request,
        response: response(&value["response"]),
        target_state: value["target_state"].as_str().map(str::to_owned),
        source_states: list(value, "source_states").into_iter().map(text).collect(),
        ..Handler::default()
    }
}

fn bot(setup: &Value) -> Bot {
    let states = list(setup, "states").into_iter().map(|name| State {
        stamp: stamp(name),
        name: text(name),
        ..State::default()
    });
    let handlers = list(setup, "handlers").into_iter().map(handler).collect();
    let env = setup["env"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), EnvValue { value: text(value).replace("${APP}", APP), secret: false }));
    let chats = list(setup, "chat_states").into_iter().map(|chat| {
        let provider = Provider::named(chat["provider"].as_str().unwrap()).unwrap();
        let room = text(&chat["chat"]);
        let user = if chat["user"].is_null() { room.clone() } else { text(&chat["user"]) };
        let context = chat["context"].as_object().cloned().unwrap_or_default();
        ((provider, room, user), Chat { state: Some(text(&chat["state"])), context, ..Chat::default() })
    });
    Bot {
        id: text(&setup["id"]),
        enabled: Provider::ALL
            .into_iter()
            .filter_map(|one| Some((one, setup.get(one.name())?["enabled"].as_bool().unwrap_or(true))))
            .collect(),
        chats: chats.collect(),
        env: env.collect(),
        snapshot: Snapshot::new(Document { states: states.collect(), handlers, ..Document::default() }),
        tickets: Tickets::default(),
        seen: Vec::new(),
    }
}

/// The owner's app: the first answer that fits.
fn app(scenario: &Value, plan: &RequestPlan) -> (Value, AppResponse) {
    let (address, query) = plan.url.split_once('?').unwrap_or((&plan.url, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query: BTreeMap<String, String> = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let body: Value = plan.body.as_deref().and_then(|body| serde_json::from_str(body).ok()).unwrap_or(Value::Null);
    let headers: BTreeMap<String, String> =
        plan.headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
    let path = address.strip_prefix(APP);
    let called = json!({"method": plan.method, "path": path.unwrap_or(address), "query": query, "headers": headers, "fields": body, "json": body});
    if path.is_none() {
        return (called, AppResponse::failed("connect"));
    }
    let found = list(scenario, "fake_http").into_iter().find(|fake| {
        let mut wanted = fake["request"].clone();
        if let Some(headers) = wanted.get_mut("headers").and_then(Value::as_object_mut) {
            *headers = headers.iter().map(|(name, value)| (name.to_lowercase(), value.clone())).collect();
        }
        mismatch(&wanted, Some(&called), "").is_none()
    });
    let answer = found.map_or_else(
        || AppResponse::answered(404, b"{\"detail\": \"Not found.\"}"),
        |fake| {
            let answer = &fake["response"];
            let body = answer["text"].as_str().map_or_else(|| answer["json"].to_string(), str::to_owned);
            AppResponse::answered(answer["status"].as_u64().unwrap_or(200).try_into().unwrap(), body.as_bytes())
        },
    );
    (called, answer)
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut at) = (Vec::new(), 0);
    let raw = text.as_bytes();
    while at < raw.len() {
        match text.get(at + 1..at + 3).filter(|_| raw[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                at += 3;
            }
            None => {
                bytes.push(if raw[at] == b'+' { b' ' } else { raw[at] });
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn seen(bot: &str, call: &Call) -> Value {
    let mut body = call.json.clone();
    if let Some(markup) = body.get("reply_markup").and_then(Value::as_str) {
        body["reply_markup"] = serde_json::from_str(markup).unwrap();
    }
    json!({"provider": call.provider.name(), "bot": bot, "call": call.name, "body": body})
}

/// One step: the outcome in the words of `expect`.
fn step(scenario: &Value, bots: &mut [Bot], incoming: &Value) -> Value {
    let service = Provider::named(incoming["provider"].as_str().unwrap()).unwrap();
    let hook = text(&incoming["hook_id"]);
    let (mut outbound, mut app_calls, mut status, mut body) = (Vec::new(), Vec::new(), 404, Value::Null);
    if let Some(bot) = bots.iter_mut().find(|bot| hook == format!("${{{}.{}}}", bot.id, service.name())) {
        let batch = provider::parse(service, &incoming["payload"]);
        status = if batch.refused().is_some() { 400 } else { 200 };
        body = batch.refused().cloned().unwrap_or_default();
        for mut item in batch.incoming.into_iter().filter(|_| bot.enabled[&service]) {
            if bot.seen.contains(&item.dedup) {
                continue;
            }
            bot.seen.push(item.dedup.clone());
            bot.tickets.restore(&mut item);
            let to = item.address();
            let key = (service, item.chat.clone(), item.user.clone());
            let chat = bot.chats.get(&key).cloned().unwrap_or_default();
            let facts = Facts {
                incoming: item,
                env: bot.env.clone(),
                bot: serde_json::Map::new(),
                now: 1_700_000_000_000_000,
                explain: true,
            };
            let mut call = |plan: &RequestPlan| {
                let (called, answer) = app(scenario, plan);
                if plan.url.starts_with(APP) {
                    app_calls.push(called);
                }
                answer
            };
            let turn = turn::run(&bot.snapshot, &chat, &facts, &mut Here, &mut call);
            for reply in &turn.replies {
                let calls = provider::reply(&Limits::default(), &to, reply, &mut bot.tickets);
                outbound.extend(calls.iter().map(|call| seen(&bot.id, call)));
            }
            bot.chats.insert(key, turn.chat);
        }
    }
    json!({"http": {"status": status, "body": body}, "outbound": outbound, "app_calls": app_calls, "chat_states": states(bots)})
}

fn states(bots: &[Bot]) -> Value {
    let number = |text: &str| text.parse::<i64>().map_or_else(|_| json!(text), Value::from);
    let all = bots.iter().flat_map(|bot| {
        bot.chats.iter().filter(|(_, chat)| chat.state.is_some()).map(move |((provider, room, user), chat)| {
            json!({"provider": provider.name(), "bot": bot.id, "chat": number(room), "user": number(user), "state": chat.state, "context": chat.context})
        })
    });
    all.collect()
}

fn wrong(expect: &Value, outcome: &Value) -> Option<String> {
    ["http", "outbound", "app_calls", "chat_states"].into_iter().find_map(|key| {
        let wanted = expect.get(key)?;
        let mut wanted = wanted.clone();
        for state in wanted.as_array_mut().into_iter().flatten().filter(|_| key == "chat_states") {
            // of Messenger the person is the chat, and nothing else is said about it
            if let Some(state) = state.as_object_mut() {
                state.retain(|name, value| name != "user" || !value.is_null());
            }
        }
        if key == "chat_states" {
            let found = outcome[key].as_array().unwrap();
            let each = wanted
                .as_array()
                .unwrap()
                .iter()
                .all(|one| found.iter().any(|other| mismatch(one, Some(other), "").is_none()));
            let fits = each && wanted.as_array().unwrap().len() == found.len();
            return (!fits).then(|| format!("chat_states: expected {wanted}, was {}", outcome[key]));
        }
        mismatch(&wanted, Some(&outcome[key]), key)
    })
}

#[test]
fn the_contracts_scenarios_go_as_they_are_written() {
    let scenarios: Value = serde_json::from_str(SCENARIOS).unwrap();
    let (mut complaints, mut run) = (Vec::new(), 0);
    for scenario in list(&scenarios, "scenarios") {
        let incoming = &scenario["incoming"];
        let pure = incoming["via"] == "webhook"
            && incoming["signature"].is_null()
            && incoming["payload"].is_object()
            && scenario["provider_failures"].is_null();
        if !pure || scenario["expect"].is_null() && scenario["machine_checked"] == false {
            continue;
        }
        let mut bots: Vec<Bot> = list(&scenario["setup"], "bots").into_iter().map(bot).collect();
        let first = json!({"incoming": incoming, "expect": scenario["expect"]});
        for step in std::iter::once(&first).chain(list(scenario, "then")) {
            // changes over the API are the server's
            if step["incoming"]["via"] != "webhook" {
                break;
            }
            let outcome = self::step(scenario, &mut bots, &step["incoming"]);
            if let Some(wrong) = wrong(&step["expect"], &outcome) {
                complaints.push(format!("{} {}: {wrong}", scenario["id"], scenario["name"]));
                break;
            }
        }
        run += 1;
    }
    assert!(run > 80, "only {run} scenarios were run");
    assert!(complaints.is_empty(), "{} of {run}:\n{}", complaints.len(), complaints.join("\n"));
}
