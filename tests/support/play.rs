//! One whole conversation of the contract's vectors, played against the running server.

use std::collections::BTreeMap;

use super::organisation::TOKEN;
use super::{Answer, Key, Organisation, Person, Value, json};

/// Where the vectors' files lie; here they lie at the bot's own server.
const SHOP: &str = "https://shop.example";

/// A conversation under way.
pub struct Play {
    pub org: Organisation,
    pub contact: Option<Person>,
    channel: String,
    pub thread: i64,
    seen: i64,
    calls: usize,
    pub cids: Vec<String>,
    named: BTreeMap<String, String>,
}

/// What a step came to.
#[derive(Debug, Default)]
pub struct Came {
    pub calls: Vec<Value>,
    pub thread: Vec<Value>,
    pub refused: Value,
    pub api: Option<(u16, Value)>,
}

/// Repeated texts written out.
pub fn written_out(value: &Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 2 && map.contains_key("repeat") && map.contains_key("times") => {
            let times = usize::try_from(map["times"].as_u64().expect("a number")).expect("small");
            map["repeat"].as_str().expect("a text").repeat(times).into()
        }
        Value::Object(map) => map.iter().map(|(name, item)| (name.clone(), written_out(item))).collect(),
        Value::Array(list) => list.iter().map(written_out).collect(),
        other => other.clone(),
    }
}

/// Whether what is there is what was expected (contract, 20).
pub fn matches(expected: &Value, there: &Value) -> bool {
    match (expected, there) {
        (Value::String(any), _) if any == "*" => true,
        (Value::Object(expected), Value::Object(there)) if expected.is_empty() => there.is_empty(),
        (Value::Object(expected), Value::Object(there)) => expected.iter().all(|(key, value)| {
            let found = there.get(key).unwrap_or(&Value::Null);
            if key == "context" { value == found } else { matches(value, found) }
        }),
        (Value::Array(expected), Value::Array(there)) => {
            expected.len() == there.len() && expected.iter().zip(there).all(|(one, other)| matches(one, other))
        }
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    }
}

/// A world with another laid over it: objects key by key, anything else replaced.
pub fn laid_over(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (_, Value::Null) => base.clone(),
        (Value::Object(base), Value::Object(over)) => {
            let mut all = base.clone();
            for (key, value) in over {
                let laid = match base.get(key) {
                    Some(known) if value.is_object() => laid_over(known, value),
                    _ => value.clone(),
                };
                all.insert(key.clone(), laid);
            }
            Value::Object(all)
        }
        (_, over) => over.clone(),
    }
}

/// Bytes that are of that type, so many.
fn bytes_of(mime_type: &str, size: usize) -> Vec<u8> {
    let mut bytes = match mime_type {
        "image/png" => b"\x89PNG\r\n\x1a\n".to_vec(),
        "image/jpeg" => b"\xff\xd8\xff\xe0".to_vec(),
        "application/pdf" => b"%PDF-1.7".to_vec(),
        "video/mp4" => b"\0\0\0\x20ftypisom\0\0\0\0isomiso2".to_vec(),
        _ => Vec::new(),
    };
    bytes.resize(size, b' ');
    bytes
}

impl Play {
    pub async fn begins(world: &Value, settings: &[(&str, &str)]) -> Play {
        let org = Organisation::of(world, settings).await;
        for (link, file) in world["files"].as_object().expect("files") {
            let size = usize::try_from(file["size"].as_u64().expect("a size")).expect("small");
            let bytes = bytes_of(file["mime_type"].as_str().expect("a type"), size);
            org.bot.has_file(link.strip_prefix(SHOP).expect("of the shop"), bytes);
        }
        let channel = world["widget"]["channel"].as_str().expect("a channel").to_owned();
        let (contact, cids, named) = (None, Vec::new(), BTreeMap::new());
        Play { org, contact, channel, thread: 0, seen: 0, calls: 0, cids, named }
    }

    /// Plays a step and says what came of it.
    pub async fn acts(&mut self, step: &Value) -> Came {
        let mut came = Came::default();
        if let Some(act) = step.get("contact") {
            came.refused = self.contact_acts(act).await;
        } else if let Some(answer) = step.get("answer") {
            self.bot_answers(answer).await;
        } else if let Some(api) = step.get("api") {
            for _ in 0..api["times"].as_u64().unwrap_or(1) {
                let answer = self.bot_asks(api).await;
                came.api = Some((answer.status, answer.body));
            }
        } else if let Some(seconds) = step.get("advance") {
            self.org.turns(seconds.as_f64().expect("seconds")).await;
        } else {
            self.staff_act(&step["staff"]).await;
        }
        self.org.settles().await;
        self.looks(&mut came).await;
        came
    }

    async fn contact_acts(&mut self, act: &Value) -> Value {
        let answer = if self.channel == "web" { self.on_the_web(act).await } else { self.on_a_channel(act).await };
        if answer.status < 300 { Value::Null } else { answer.body["code"].clone() }
    }

    async fn on_the_web(&mut self, act: &Value) -> Answer {
        if self.contact.is_none() {
            let made = self.org.house.stranger().post("/api/visitors", json!({})).await.is(201).body;
            let header = format!("Visitor {}", made["token"].as_str().expect("a token"));
            let id = made["account"]["id"].as_i64().expect("an id");
            self.contact = Some(Person::new("contact", id, Key::Header(header), &self.org.house.origin()));
        }
        let contact = self.contact.clone().expect("somebody");
        let messages = format!("/api/threads/{}/messages", self.thread);
        match act["do"].as_str().expect("what") {
            "open" => {
                let body = json!({"approach": act.get("approach").unwrap_or(&json!("normal"))});
                let answer = contact.post("/api/widget/thread", body).await.is(201);
                self.thread = answer.body["id"].as_i64().expect("an id");
                answer
            }
            "register" => contact.post(&format!("/api/threads/{}/registration", self.thread), act.clone()).await,
            "message" => contact.post(&messages, json!({"type": "message", "text": act["text"]})).await.is(201),
            "upload" => {
                let size = usize::try_from(act["size"].as_u64().expect("a size")).expect("small");
                let bytes = bytes_of(act["mime_type"].as_str().expect("a type"), size);
                let content = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes);
                let file = json!({"type": "file", "title": act["name"], "file_content": content});
                let text = act["caption"].as_str().unwrap_or_default();
                let body = json!({"type": "message", "text": text, "attachments": [file]});
                contact.post(&messages, body).await.is(201)
            }
            "click" => {
                let choice = self.choice(act).await;
                let path = format!("{messages}/{choice}/pick");
                contact.post(&path, json!({"option": act["option"]})).await
            }
            _ => contact.post(&format!("/api/threads/{}/conversation/end", self.thread), json!({})).await,
        }
    }

    async fn on_a_channel(&mut self, act: &Value) -> Answer {
        let host = self.org.house.host().await.clone();
        let mut event = json!({"conversation": "c1", "sender": {"id": "p1"}});
        let kind = match act["do"].as_str().expect("what") {
            "upload" => "media",
            other => other,
        };
        event["type"] = kind.into();
        for key in ["text", "option", "latitude", "longitude", "name", "address", "mime_type", "size", "caption"] {
            if let Some(value) = act.get(key) {
                event[key] = value.clone();
            }
        }
        match kind {
            "media" => event["link"] = "https://files.example/f/x".into(),
            "click" => event["message"] = self.choice(act).await.into(),
            _ => {}
        }
        let answer = host.post(&format!("/api/admin/channels/{}/events", self.channel), event).await;
        if let (Some(thread), Some(account)) = (answer.body["thread"].as_i64(), answer.body["account"].as_i64()) {
            self.thread = thread;
            self.contact.get_or_insert_with(|| Person::new("contact", account, Key::Nothing, &self.org.house.origin()));
        }
        answer
    }

    /// The message of the how-manieth choice, the latest if none is named.
    async fn choice(&self, act: &Value) -> i64 {
        let said = self.org.said(self.thread, 0).await;
        let choices: Vec<&Value> = said.iter().filter(|message| message["content"]["kind"] == "choice").collect();
        let at = act["choice"].as_u64().map_or(choices.len(), |at| usize::try_from(at).expect("small"));
        choices[at - 1]["id"].as_i64().expect("an id")
    }

    /// The numbers of the vectors as those of this house.
    fn here(&self, event: &Value) -> Value {
        let mut event = event.clone();
        if let Some(payload) = event["payload"].as_object_mut() {
            let known =
                |map: &BTreeMap<String, i64>, id: &Value| map.get(&id.to_string()).map_or(id.clone(), |id| json!(id));
            for (key, value) in payload.iter_mut() {
                *value = match key.as_str() {
                    "group_id" => known(&self.org.groups, value),
                    "skill_ids" => {
                        let ids = value.as_array().into_iter().flatten();
                        ids.map(|id| known(&self.org.skills, id)).collect()
                    }
                    "operator_id" => {
                        let person = self.org.operators.get(&value.to_string());
                        person.map_or_else(|| json!(1_000_000), |person| json!(person.id))
                    }
                    "contact_identity_id" if *value == json!(70_412) => {
                        json!(self.contact.as_ref().expect("somebody").id)
                    }
                    "contact_identity_id" => json!(1_000_000),
                    _ => value.clone(),
                };
            }
        }
        let text = written_out(&event).to_string().replace(SHOP, &self.org.bot.url(""));
        serde_json::from_str(&text).expect("JSON")
    }

    fn body(&self, bot: &Value, cids: &[Option<String>]) -> Vec<u8> {
        if let Some(raw) = bot["raw"].as_str() {
            return raw.as_bytes().to_vec();
        }
        let mut events = Vec::new();
        for (at, event) in bot["events"].as_array().into_iter().flatten().enumerate() {
            let event = self.here(event);
            let mut full = json!({"info": {}, "packet": {"name": event["name"]}});
            if let Some(payload) = event.get("payload") {
                full["packet"]["payload"] = payload.clone();
            }
            if let Some(context) = event.get("context") {
                full["info"]["context"] = context.clone();
            }
            if let Some(cid) = &cids[at % cids.len()] {
                full["info"]["cid"] = cid.as_str().into();
            }
            events.push(full);
        }
        let body = if bot["single"] == true { events.remove(0) } else { Value::Array(events) };
        body.to_string().into_bytes()
    }

    async fn bot_answers(&self, answer: &Value) {
        let held = self.org.bot.held();
        let cid = held.first().map(|call| call.cid()).expect("a call waits for its answer");
        match answer["fail"].as_str() {
            Some("timeout") => return self.org.bot.forgets().await,
            Some(_) => return self.org.bot.answers(503, Vec::new()).await,
            None => {}
        }
        let status = answer["status"].as_u64().unwrap_or(200);
        let body = if answer.get("events").is_some() || answer.get("raw").is_some() {
            self.body(answer, &[Some(cid)])
        } else {
            Vec::new()
        };
        self.org.bot.answers(u16::try_from(status).expect("a status"), body).await;
    }

    async fn bot_asks(&self, api: &Value) -> Answer {
        let unknown = "chatbot::41:ffffffffffffffffffffffffffffffff".to_owned();
        let last = self.cids.last().cloned().unwrap_or_else(|| unknown.clone());
        let cids = match api["cid"].as_str() {
            None => vec![Some(last)],
            Some("first") => vec![Some(self.cids[0].clone())],
            Some("unknown") => vec![Some(unknown)],
            Some("missing") => vec![None],
            Some(_) => vec![Some(last), Some(unknown)],
        };
        let bot = self.org.calls_of(cids[0].as_deref().unwrap_or_default());
        let url = match api["version"].as_str() {
            None => bot,
            Some("latest") => bot.trim_end_matches("v1/").to_owned(),
            Some(other) => bot.replace("/v1/", &format!("/{other}/")),
        };
        let path = url.strip_prefix(&self.org.house.origin()).expect("of this house");
        let request = self.org.house.stranger().request("POST", path).body(self.body(api, &cids));
        let request = match api["token"].as_str() {
            None => request.header("SECURITY-TOKEN", TOKEN),
            Some("none") => request,
            Some(_) => request.header("security-token", "somebody-else's-token"),
        };
        Answer::to(request).await
    }

    async fn staff_act(&mut self, act: &Value) {
        let who = act["operator"].to_string();
        match act["do"].as_str().expect("what") {
            "online" => self.org.comes(&who, true).await,
            "offline" => self.org.comes(&who, false).await,
            "take_over" => {
                let path = format!("/api/desk/conversations/{}/take_over", self.thread);
                self.org.operators[&who].post(&path, json!({})).await.is(204);
            }
            _ => {
                let path = format!("/api/admin/bots/{}", self.org.bots[&act["bot"].to_string()]);
                self.org.house.host().await.patch(&path, json!({"active": false})).await.is(200);
            }
        }
    }

    /// What there is to be seen since the last time.
    async fn looks(&mut self, came: &mut Came) {
        let calls = self.org.bot.calls();
        for call in &calls[self.calls..] {
            let info = &call.body["info"];
            if !self.cids.contains(&call.cid()) {
                self.cids.push(call.cid());
            }
            came.calls.push(json!({
                "name": call.name(), "payload": call.body["packet"]["payload"], "context": info["context"],
                "cid": info["cid"], "approach_mode": info["approach_mode"], "info": info,
            }));
        }
        self.calls = calls.len();
        if self.thread == 0 {
            return;
        }
        for message in self.org.said(self.thread, self.seen).await {
            self.seen = message["seq"].as_i64().expect("a position");
            let entry = self.entry(&message).to_string().replace(&self.org.bot.url(""), SHOP);
            came.thread.push(serde_json::from_str(&entry).expect("JSON"));
        }
    }

    /// Sessions that are named differently are different.
    pub fn names_differ(&mut self, expected: &Value, came: &Came) -> Result<(), String> {
        for (expected, call) in expected["calls"].as_array().into_iter().flatten().zip(&came.calls) {
            let name = expected["cid"].as_str().unwrap_or_default().to_owned();
            let cid = call["cid"].as_str().unwrap_or_default().to_owned();
            if self.named.iter().any(|(other, taken)| *other != name && !name.is_empty() && *taken == cid) {
                return Err(format!("{name} is a session that has another name"));
            }
            self.named.entry(name).or_insert(cid);
        }
        Ok(())
    }
}
