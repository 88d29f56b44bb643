//! A stage for the bots' vectors: sets a scenario up, plays its steps against the running server, and compares.

use std::collections::HashMap;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Map;
use tertulia::store::bots::chats::{self, Partner};
use tertulia::store::jobs;

use super::bot_document::{Cast, document};
use super::expectation::{in_any_order, mismatch};
use super::fakes::{Fakes, Heard, ProviderCall};
use super::{Answer, House, Key, Person, Value, json, until};

/// The providers.
const PROVIDERS: [&str; 3] = ["telegram", "kik", "messenger"];

/// A house with the fakes around it, and the people of the vectors.
pub struct Stage {
    pub house: House,
    pub fakes: Fakes,
    domain: String,
    people: HashMap<String, Person>,
}

impl Stage {
    /// A stage whose house is known under `domain`, or under its own address.
    pub async fn opens(domain: Option<&str>) -> Stage {
        let fakes = Fakes::open().await;
        let mut settings = fakes.settings();
        settings.extend(domain.map(|domain| ("TERTULIA_BOTS_DOMAIN", domain.to_owned())));
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut house = House::with(&settings).await;
        house.forgives(&["a job is parked"]);
        let people = ["owner", "other"].map(|name| (name.to_owned(), house.person(name)));
        let domain = domain.map_or_else(|| house.address(), str::to_owned);
        Stage { house, fakes, domain, people: people.into() }
    }

    /// Plays a scenario; what was not as expected, by step.
    pub async fn plays(&self, scenario: &Value) -> Vec<String> {
        let cast = self.sets_up(scenario).await;
        let steps = std::iter::once(scenario).chain(scenario["then"].as_array().into_iter().flatten());
        let mut complaints = Vec::new();
        for (number, step) in steps.enumerate() {
            let step: Value = serde_json::from_str(&self.spoken(&cast, &step.to_string())).expect("JSON");
            self.fakes.forget();
            let answer = self.acts(&step["incoming"]).await;
            self.rests().await;
            for complaint in self.compares(&cast, &step["expect"], &answer).await {
                complaints.push(format!("{} step {number}: {complaint}", scenario["id"].as_str().unwrap()));
            }
        }
        self.clears(&cast).await;
        complaints
    }

    /// Waits until nothing is to be done any more; what was given up is swept away.
    pub async fn rests(&self) {
        let path = self.house.data_dir().join("tertulia.sqlite3");
        until("all work is done", || async {
            let mut connection = tertulia::store::open_once(&path).expect("the database");
            let left = jobs::list(&mut connection, None, (0, 100)).expect("its jobs");
            left.iter().all(|job| job.state == "parked")
        })
        .await;
    }

    /// Names in `${…}` become what they stand for.
    fn spoken(&self, cast: &Cast, text: &str) -> String {
        let mut spoken = text.replace("${APP}", &self.fakes.app()).replace("${SITE_DOMAIN}", &self.domain);
        for (alias, id) in &cast.aliases {
            spoken = spoken.replace(&format!("${{{alias}}}"), id);
        }
        assert!(!spoken.contains("${"), "an alias that nobody knows: {spoken}");
        spoken
    }

    fn person(&self, name: &str) -> Option<&Person> {
        self.people.get(name)
    }

    async fn sets_up(&self, scenario: &Value) -> Cast {
        let routes = scenario["fake_http"].as_array().cloned().unwrap_or_default();
        let mut cast = Cast::default();
        for bot in scenario["setup"]["bots"].as_array().into_iter().flatten() {
            self.makes_bot(&mut cast, bot).await;
        }
        self.rests().await;
        self.fakes.answers(&routes);
        for (provider, failures) in scenario["provider_failures"].as_object().into_iter().flatten() {
            let name = ["tg", "kik", "fb"].into_iter().find(|name| *name == provider).expect("a provider");
            self.fakes.fails(name, failures.as_array().expect("a list"));
        }
        cast
    }

    async fn makes_bot(&self, cast: &mut Cast, bot: &Value) {
        let (alias, owner_name) = (bot["id"].as_str().unwrap(), bot["owner"].as_str().unwrap());
        let owner = self.person(owner_name).expect("an owner");
        let made = owner.post("/api/v1/bots/", json!({"name": bot["name"]})).await.is(201);
        let id = made.body["id"].as_str().unwrap().to_owned();
        cast.aliases.insert(alias.into(), id.clone());
        let document: Value = {
            let document = document(cast, alias, bot).to_string();
            serde_json::from_str(&self.spoken(cast, &document)).unwrap()
        };
        owner.put(&format!("/api/v1/bots/{id}/import/"), document).await.is(200);
        let mut credentials = HashMap::new();
        for provider in PROVIDERS.iter().filter(|provider| bot[**provider].is_object()) {
            let path = format!("/api/v1/bots/{id}/{provider}/");
            let made = owner.post(&path, bot[*provider].clone()).await.is(201);
            cast.aliases.insert(format!("{alias}.{provider}"), made.body["id"].as_str().unwrap().into());
            let credential = match *provider {
                "kik" => {
                    let part = |name: &str| bot["kik"][name].as_str().unwrap().to_owned();
                    format!("{}:{}", part("username"), part("api_key"))
                }
                provider => bot[provider]["token"].as_str().unwrap().to_owned(),
            };
            credentials.insert(provider.to_string(), credential);
        }
        cast.bots.push((alias.into(), owner_name.into(), credentials));
        self.remembers(cast, &id, alias, bot);
    }

    /// What the house knows of chats already.
    fn remembers(&self, cast: &mut Cast, id: &str, alias: &str, bot: &Value) {
        let path = self.house.data_dir().join("tertulia.sqlite3");
        let mut connection = tertulia::store::open_once(&path).expect("the database");
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let list = |name: &str| bot[name].as_array().cloned().unwrap_or_default();
        for known in list("known_chats").iter().chain(&list("chat_states")) {
            let provider = known["provider"].as_str().unwrap();
            let chat = text(&known["chat"]);
            let person = if provider == "messenger" { chat.clone() } else { text(&known["user"]) };
            for (kind, name) in [("chat", &chat), ("person", &person)] {
                chats::know(&mut connection, (id, provider), (kind, name), &json!({}), 1).expect("known");
            }
        }
        for one in list("chat_states") {
            let provider = one["provider"].as_str().unwrap();
            let chat = text(&one["chat"]);
            let person = if provider == "messenger" { chat.clone() } else { text(&one["user"]) };
            let state = &cast.aliases[&format!("{alias}.state.{}", one["state"].as_str().unwrap())];
            let context = if one["context"].is_object() { one["context"].clone() } else { json!({}) };
            let partner = Partner { bot: id.into(), provider: provider.into(), chat, person };
            let data = json!({"state": state, "context": context});
            let kept = chats::put(&mut connection, &partner, Some(state), &data, 1_000_000).expect("kept");
            if let Some(alias) = one["id"].as_str() {
                cast.aliases.insert(alias.into(), kept.id);
            }
        }
    }

    /// One step.
    async fn acts(&self, incoming: &Value) -> Answer {
        let client = self.house.stranger();
        let provider = incoming["provider"].as_str().unwrap_or_default();
        let hook = format!("/processing/{provider}bot/{}/", incoming["hook_id"].as_str().unwrap_or_default());
        let body = match incoming.get("raw") {
            Some(raw) => raw.as_str().unwrap().to_owned(),
            None => incoming.get("payload").or(incoming.get("body")).map(Value::to_string).unwrap_or_default(),
        };
        let kind = incoming["content_type"].as_str().unwrap_or("application/json");
        let request = match incoming["via"].as_str().unwrap() {
            "webhook" => {
                let request = client.request("POST", &hook);
                match provider {
                    "kik" => match incoming.get("signature") {
                        Some(Value::Null) => request,
                        Some(signature) => request.header("X-Kik-Signature", signature.as_str().unwrap()),
                        None => request.header("X-Kik-Signature", kik_signature(&body)),
                    },
                    _ => {
                        let secret = self.fakes.secret_of(incoming["hook_id"].as_str().unwrap());
                        match secret.filter(|_| provider == "telegram") {
                            Some(secret) => request.header("X-Telegram-Bot-Api-Secret-Token", secret),
                            None => request,
                        }
                    }
                }
            }
            "verify" => {
                let mut url = reqwest::Url::parse(&format!("{}{hook}", self.house.origin())).expect("a URL");
                for (name, value) in incoming["query"].as_object().expect("a query") {
                    let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    url.query_pairs_mut().append_pair(name, &value);
                }
                let path = format!("{hook}?{}", url.query().unwrap_or_default());
                return Answer::to(client.request("GET", &path)).await;
            }
            "hook" => {
                let path = format!("/processing/hook/{}/", incoming["key"].as_str().unwrap());
                self.with_key(&incoming["auth"]).request("POST", &path)
            }
            _ => {
                let path = format!("/api/v1{}", incoming["path"].as_str().unwrap());
                self.with_key(&incoming["auth"]).request(incoming["method"].as_str().unwrap(), &path)
            }
        };
        Answer::to(request.header("Content-Type", kind).body(body)).await
    }

    /// A person's alias, a token as it stands, or nobody.
    fn with_key(&self, auth: &Value) -> Person {
        match auth.as_str() {
            None => self.house.stranger(),
            Some(name) => match self.person(name) {
                Some(person) => person.clone(),
                None => self.house.stranger().with_key(Key::Header(format!("Token {name}"))),
            },
        }
    }

    async fn compares(&self, cast: &Cast, expect: &Value, answer: &Answer) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Some(http) = expect.get("http") {
            complaints.extend(mismatch(&http["status"], Some(&json!(answer.status)), "status"));
            if let Some(body) = http.get("body").filter(|body| !body.is_null()) {
                let text = json!(answer.text());
                let found = if answer.body.is_null() { &text } else { &answer.body };
                complaints.extend(mismatch(body, Some(found), "body"));
            }
        }
        if let Some(expected) = expect["outbound"].as_array() {
            let found: Vec<Value> = self.fakes.provider_calls().iter().map(|call| told(cast, call, expected)).collect();
            // of one provider in order; which of two companies is called first, nobody can tell
            let providers: std::collections::BTreeSet<String> =
                expected.iter().map(|call| call["provider"].to_string()).collect();
            let any = expect["outbound_order"] == "any" || providers.len() == expected.len() && expected.len() > 1;
            complaints.extend(match any {
                true => in_any_order(expected, &found, "outbound"),
                false => mismatch(&expect["outbound"], Some(&json!(found)), "outbound"),
            });
        }
        if let Some(calls) = expect["app_calls"].as_array() {
            let found: Vec<Value> = self.fakes.app_calls().iter().map(heard).collect();
            let calls: Vec<Value> = calls.iter().map(without_kinds).collect();
            complaints.extend(mismatch(&json!(calls), Some(&json!(found)), "app_calls"));
        }
        if let Some(expected) = expect["chat_states"].as_array() {
            let found = self.chat_states(cast).await;
            complaints.extend(in_any_order(expected, &found, "chat_states"));
        }
        complaints
    }

    async fn chat_states(&self, cast: &Cast) -> Vec<Value> {
        let mut found = Vec::new();
        for (alias, owner, _) in &cast.bots {
            for provider in PROVIDERS {
                let path = format!("/api/v1/bots/{}/chatstates/{provider}/", cast.aliases[alias]);
                let answer = self.person(owner).unwrap().get(&path).await;
                for one in answer.body.as_array().into_iter().flatten() {
                    found.push(json!({
                        "provider": provider, "bot": alias, "chat": one["chat"], "user": one["user"],
                        "state": one["state"]["name"], "context": one["context"],
                    }));
                }
            }
        }
        found
    }

    async fn clears(&self, cast: &Cast) {
        for person in self.people.values() {
            for bot in person.get("/api/v1/bots/").await.body.as_array().into_iter().flatten() {
                person.delete(&format!("/api/v1/bots/{}/", bot["id"].as_str().unwrap())).await.is(204);
            }
        }
        assert!(!cast.aliases.contains_key(""));
        self.rests().await;
    }
}

fn kik_signature(body: &str) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(b"kik-key-1").expect("a key");
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02X}")).collect()
}

/// A provider call as the vectors write it.
fn told(cast: &Cast, call: &ProviderCall, expected: &[Value]) -> Value {
    let known = cast.bots.iter().find(|(_, _, credentials)| {
        credentials.get(call.provider).is_some_and(|credential| *credential == call.credential)
    });
    // an integration that the step itself made belongs to the bot that it was made in
    let named = |name: &str| expected.iter().any(|one| one["bot"] == json!(name));
    let bot = match known {
        Some((alias, ..)) if !named(&call.credential) => alias.clone(),
        None if call.provider == "kik" => cast.bots.first().map(|(alias, ..)| alias.clone()).unwrap_or_default(),
        _ => call.credential.clone(),
    };
    let mut body = call.body.clone();
    if let Some(body) = body.as_object_mut().filter(|body| body.get("url") == Some(&json!(""))) {
        body.remove("url");
    }
    json!({"provider": call.provider, "bot": bot, "call": call.call, "body": body})
}

fn heard(call: &Heard) -> Value {
    let mut fields = call.fields();
    // numbers may be text
    for value in fields.as_object_mut().into_iter().flat_map(Map::values_mut).filter(|value| value.is_number()) {
        *value = json!(value.to_string());
    }
    json!({"method": call.method, "path": call.path, "query": call.query, "headers": call.headers, "fields": fields,
           "json": serde_json::from_slice::<Value>(&call.body).ok()})
}

fn without_kinds(call: &Value) -> Value {
    let mut call = call.clone();
    for value in call["fields"].as_object_mut().into_iter().flat_map(Map::values_mut).filter(|value| value.is_number())
    {
        *value = json!(value.to_string());
    }
    if let Some(call) = call.as_object_mut() {
        call.retain(|_, value| !value.is_null());
    }
    call
}
