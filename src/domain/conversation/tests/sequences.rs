//! The contract's whole conversations, run through the decision with a fake bot: the same ones run against a server elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::house::{House, Seen, files, laid_over, world};
use super::*;
use crate::domain::content::{Location, Media};
use crate::domain::conversation::batch::{ApiError, Files};
use crate::domain::conversation::event::ContactUpdate;
use crate::domain::conversation::step::{Outcome, Said, Staff};
use crate::domain::conversation::world::Assignee;

/// A whole conversation under way.
struct Play {
    house: House,
    files: Files,
    /// The names that `{cid2}` and the like stand for.
    named: BTreeMap<String, String>,
}

/// What a step came to.
#[derive(Default)]
struct Came {
    calls: Vec<Value>,
    thread: Vec<Value>,
    refused: Value,
    api: Option<Result<Value, ApiError>>,
}

impl Came {
    fn add(&mut self, seen: Seen) {
        self.calls.extend(seen.calls);
        self.thread.extend(seen.thread);
        if let Some(refused) = seen.step.refused {
            self.refused = refused.code().into();
        }
    }
}

#[test]
fn whole_conversations_go_as_the_contract_says() {
    let base = vectors()["world"].clone();
    let mut wrong = Vec::new();
    for case in cases("sequences") {
        let whole = laid_over(&base, case.get("world"));
        let house = House::new(world(&whole, NOW));
        let mut play = Play { house, files: files(&whole), named: BTreeMap::new() };
        for (number, expected) in case["steps"].as_array().expect("steps").iter().enumerate() {
            let came = play.act(expected);
            if let Err(what) = play.check(expected, &came) {
                wrong.push(format!("{} step {}: {what}\n    {expected}", case["id"], number + 1));
                break;
            }
        }
    }
    assert!(wrong.is_empty(), "{} go wrong:\n{}", wrong.len(), wrong.join("\n"));
}

impl Play {
    fn act(&mut self, step: &Value) -> Came {
        let mut came = Came::default();
        if let Some(act) = step.get("contact") {
            let input = self.contact(act);
            came.add(self.house.take(input));
        } else if let Some(answer) = step.get("answer") {
            let call = self.house.open.remove(0);
            let outcome = self.outcome(answer, &call.cid);
            came.add(self.house.take(Input::Answered { delivery: call.delivery, outcome }));
            came.refused = Value::Null;
        } else if let Some(api) = step.get("api") {
            for _ in 0..api["times"].as_u64().unwrap_or(1) {
                let answer = self.api(api, &mut came);
                came.api = Some(answer);
            }
        } else if let Some(seconds) = step.get("advance") {
            self.house.now += (seconds.as_f64().expect("seconds") * 1e6) as i64;
            came.add(self.house.take(Input::Tick));
        } else if let Some(act) = step.get("staff") {
            self.staff(act, &mut came);
        } else {
            panic!("nobody acts in {step}");
        }
        came
    }

    fn contact(&self, act: &Value) -> Input {
        let string = |key: &str| act[key].as_str().map(str::to_owned);
        let number = |key: &str| act[key].as_f64().expect("a number");
        match text(act, "do") {
            "open" => Input::Opened {
                approach: serde_json::from_value(act.get("approach").unwrap_or(&json!("normal")).clone())
                    .expect("a mode"),
                page: None,
                custom: serde_json::Map::new(),
            },
            "register" => {
                let fields: ContactUpdate = serde_json::from_value(act.clone()).expect("fields");
                Input::Registered(fields)
            }
            "message" => Input::Said(Said::Text(text(act, "text").to_owned())),
            "upload" => Input::Said(Said::Media(Media {
                link: "https://files.example/f/x".into(),
                kind: "file".into(),
                mime_type: string("mime_type"),
                name: string("name"),
                size: act["size"].as_i64(),
                caption: string("caption"),
            })),
            "location" => Input::Said(Said::Location(Location {
                latitude: number("latitude"),
                longitude: number("longitude"),
                name: string("name"),
                address: string("address"),
            })),
            "click" => {
                let choices = &self.house.choices;
                let at = act["choice"].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(choices.len());
                let (key, choice) = choices[at - 1].clone();
                Input::Picked { key, message: 7, choice, option: text(act, "option").to_owned() }
            }
            "end" => Input::ContactEnded,
            other => panic!("contacts do not {other}"),
        }
    }

    /// The body that a bot sends.
    fn body(&self, bot: &Value, cids: &[Option<String>]) -> Vec<u8> {
        if let Some(raw) = bot["raw"].as_str() {
            return raw.as_bytes().to_vec();
        }
        let events = bot["events"].as_array().expect("events").iter().enumerate();
        let mut events: Vec<Value> = events
            .map(|(at, event)| match &cids[at % cids.len()] {
                Some(cid) => full_event(event, cid),
                None => {
                    let mut event = full_event(event, "");
                    event["info"].as_object_mut().expect("an object").remove("cid");
                    event
                }
            })
            .collect();
        if bot["single"] == true { events.remove(0) } else { events.into() }.to_string().into_bytes()
    }

    fn outcome(&self, answer: &Value, cid: &str) -> Outcome {
        match answer["fail"].as_str() {
            Some("connect") => return Outcome::Connect,
            Some(_) => return Outcome::Timeout,
            None => {}
        }
        match answer["status"].as_u64().unwrap_or(200) {
            200 => {
                let body = self.body(answer, &[Some(cid.to_owned())]);
                let batch = batch::answer(&body, cid).and_then(|batch| batch.with_files(&self.files));
                batch.map_or(Outcome::Unreadable, Outcome::Batch)
            }
            status => Outcome::Status(u16::try_from(status).expect("a status")),
        }
    }

    /// A request of a bot's: what the door checks, in the contract's order (18).
    fn api(&mut self, api: &Value, came: &mut Came) -> Result<Value, ApiError> {
        if !matches!(api["version"].as_str(), None | Some("latest" | "v1")) {
            return Err(ApiError::new(404, "unknown_version", ""));
        }
        if api.get("token").is_some() {
            return Err(ApiError::new(401, "unauthorized", ""));
        }
        let unknown = "chatbot::41:ffffffffffffffffffffffffffffffff".to_owned();
        let cids = &self.house.cids;
        let last = cids.last().map_or(unknown.clone(), |(cid, _)| cid.clone());
        let named = match api["cid"].as_str() {
            None => vec![Some(last)],
            Some("first") => vec![Some(cids[0].0.clone())],
            Some("unknown") => vec![Some(unknown)],
            Some("missing") => vec![None],
            Some("mixed") => vec![Some(last), Some(unknown)],
            Some(other) => panic!("no cid is {other}"),
        };
        let envelope = batch::open(&self.body(api, &named))?;
        let known = self.house.cids.iter().find(|(cid, _)| *cid == envelope.cid);
        let bot = known.map(|(_, bot)| *bot).ok_or_else(|| ApiError::new(404, "unknown_session", ""))?;
        self.house.state.admit(&envelope.cid, bot, self.house.now)?;
        let batch = envelope.read()?.with_files(&self.files)?;
        let seen = self.house.take(Input::Api { cid: envelope.cid, batch });
        let results = json!(seen.step.results);
        came.add(seen);
        Ok(results)
    }

    fn staff(&mut self, act: &Value, came: &mut Came) {
        let id = |key: &str| act[key].as_i64().expect("an id");
        match text(act, "do") {
            on @ ("online" | "offline") => {
                self.house.world.operators.get_mut(&id("operator")).expect("an operator").online = on == "online";
            }
            "take_over" => came.add(self.house.take(Input::Staff(Staff::TakeOver { by: id("operator") }))),
            "deactivate_bot" => {
                self.house.world.bots.get_mut(&id("bot")).expect("a bot").settings.active = false;
                came.add(self.house.take(Input::BotGone { bot: id("bot") }));
            }
            other => panic!("staff do not {other}"),
        }
    }

    fn check(&mut self, expected: &Value, came: &Came) -> Result<(), String> {
        let must = |what: &str, expected: &Value, there: &Value| {
            if matches(expected, there) {
                Ok(())
            } else {
                Err(format!("{what}: expected {expected}, there is {there}"))
            }
        };
        let nothing = json!([]);
        self.check_names(expected, came)?;
        must("calls", &without_names(expected.get("calls").unwrap_or(&nothing)), &json!(came.calls))?;
        must("thread", expected.get("thread").unwrap_or(&nothing), &json!(came.thread))?;
        if expected.get("contact").is_some() {
            must("refused", expected.get("refused").unwrap_or(&Value::Null), &came.refused)?;
        }
        if let Some(answer) = &came.api {
            let (status, code, results, details) = match answer {
                Ok(results) => (200, Value::Null, results.clone(), Value::Null),
                Err(error) => (error.status, error.code.into(), Value::Null, json!(error.details)),
            };
            must("status", expected.get("api_status").unwrap_or(&json!(200)), &json!(status))?;
            for (key, there) in [("api_code", code), ("results", results), ("details", details)] {
                must(key, expected.get(key).unwrap_or(&json!("*")), &there)?;
            }
        }
        must("state", expected.get("state").unwrap_or(&json!("*")), &self.there())
    }

    /// Sessions that are named differently are different.
    fn check_names(&mut self, expected: &Value, came: &Came) -> Result<(), String> {
        let calls = expected["calls"].as_array().into_iter().flatten().zip(&came.calls);
        for (expected, call) in calls {
            let name = expected["cid"].as_str().unwrap_or_default().to_owned();
            let cid = call["cid"].as_str().unwrap_or_default().to_owned();
            assert!(state::is_cid(&cid), "{cid}");
            if self.named.iter().any(|(other, taken)| *other != name && !name.is_empty() && *taken == cid) {
                return Err(format!("{name} is a session that has another name"));
            }
            self.named.entry(name).or_insert(cid);
        }
        Ok(())
    }

    /// What is true now, as the vectors write it.
    fn there(&self) -> Value {
        let House { state, world, .. } = &self.house;
        let mut contact = json!(world.contact);
        contact["campaigns"] = json!(world.widget.channel_id.and_then(|id| world.contact.campaigns.get(&id)));
        let topics: Vec<&str> = state.topics.iter().map(|topic| topic.text.as_str()).collect();
        json!({
            "session": state.session_state(),
            "status": state.status.name(),
            "assignee": state.assignee.map(|who: Assignee| who.to_string()),
            "in_inbox": state.in_inbox(),
            "context": state.session.as_ref().map(|session| &session.context).unwrap_or(&serde_json::Map::new()),
            "contact": contact,
            "conversation": {
                "subject": state.subject, "topics": topics, "locale": state.locale,
                "custom_field_data": state.custom_field_data,
            },
            "dispatched": self.house.dispatched,
        })
    }
}

/// The expected calls without the names of sessions, which only say who differs.
fn without_names(calls: &Value) -> Value {
    let mut calls = calls.clone();
    for call in calls.as_array_mut().into_iter().flatten() {
        call.as_object_mut().expect("an object").remove("cid");
    }
    calls
}
