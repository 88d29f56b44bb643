//! Replays a recording of the reference against the running server: every request, every frame, every stored state.

use std::{collections::BTreeMap, fmt::Write};

use super::{
    House, Person, Socket, Value,
    comparison::{Comparison, Difference},
    json,
    person::UNMARKING,
    seeded,
    stand_ins::StandIns,
};

/// What Tertulia does differently at one step, and why: JSON pointers into the step, and what stands there instead.
///
/// `*` in a pointer means every item of a list; `REMOVED` takes the thing out of the step, `"<absent>"` says that the
/// server must not send it.
pub struct Amendment {
    pub step: u64,
    pub why: &'static str,
    pub changes: &'static [(&'static str, &'static str)],
}

/// Steps that are left out, and why.
pub struct LeftOut {
    pub steps: &'static [u64],
    pub why: &'static str,
}

/// Fields that are not compared from a step on, because a defect of the reference shows in them.
pub struct Loose {
    pub from: u64,
    pub why: &'static str,
    pub fields: &'static [&'static str],
}

/// A file of the recordings with what is known about it.
pub struct Recording {
    pub file: &'static str,
    pub amendments: &'static [Amendment],
    pub left_out: &'static [LeftOut],
    /// What follows from a defect further on.
    pub loose: &'static [Loose],
}

/// Somebody of the recording, with a socket open from the start.
struct Live {
    person: Person,
    socket: Socket,
}

/// A replay under way.
struct Replay {
    house: House,
    cast: BTreeMap<String, Live>,
    stand_ins: StandIns,
    report: String,
}

impl Recording {
    /// Replays the whole file and panics with all differences, if there are any.
    pub async fn replays(&self) {
        // The recorded deployment had no page size and no default type; both are settings here.
        let settings = [("TERTULIA_CHAT_DEFAULT_MESSAGE_TYPE", ""), ("TERTULIA_CHAT_DEFAULT_PAGE_SIZE", "0")];
        let mut replay = Replay::starts(House::with(&settings).await).await;
        for step in self.steps() {
            replay.plays(&step).await;
        }
        assert!(replay.report.is_empty(), "{}:\n{}", self.file, replay.report);
    }

    fn steps(&self) -> Vec<Value> {
        let lines = vector(&format!("{}.jsonl", self.file));
        let steps = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        let left_out = |step: &Value| {
            let number = step["n"].as_u64().expect("a number");
            let reason = self.left_out.iter().find(|left| left.steps.contains(&number));
            reason.inspect(|left| println!("{} {number} left out: {}", self.file, left.why)).is_some()
        };
        steps.filter(|step| !left_out(step)).map(|step| self.amended(step)).collect()
    }

    fn amended(&self, mut step: Value) -> Value {
        let number = step["n"].as_u64();
        forget_related_messages(&mut step);
        for loose in self.loose.iter().filter(|loose| number.is_some_and(|number| number >= loose.from)) {
            println!("{} {number:?}: loosely, {}", self.file, loose.why);
            loose.fields.iter().for_each(|field| forget(&mut step, field));
        }
        for amendment in self.amendments.iter().filter(|amendment| Some(amendment.step) == number) {
            for (pointer, text) in amendment.changes {
                let path: Vec<&str> = pointer.split('/').skip(1).collect();
                let value = (*text != "REMOVED").then(|| serde_json::from_str(text).expect("JSON in an amendment"));
                assert!(
                    amend(&mut step, &path, value.as_ref()),
                    "{} {number:?} ({}): no {pointer}",
                    self.file,
                    amendment.why
                );
            }
        }
        step
    }
}

/// Compares a field of this name nowhere in the value.
fn forget(value: &mut Value, field: &str) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|item| forget(item, field)),
        Value::Object(map) => {
            for (name, inner) in map.iter_mut() {
                if name == field { *inner = "<any>".into() } else { forget(inner, field) }
            }
        }
        _ => {}
    }
}

/// Replies to posts, and frames, show the related message of a moment ago; what is stored is recorded apart.
fn forget_related_messages(step: &mut Value) {
    let any = Value::from("<any>");
    amend(step, &["response", "thread_data", "related_message"], Some(&any));
    for sent in step["ws"].as_array_mut().into_iter().flatten() {
        amend(sent, &["frame", "data", "thread_data", "related_message"], Some(&any));
    }
}

/// Sets or removes what a pointer names; false when there is no such place.
fn amend(value: &mut Value, path: &[&str], with: Option<&Value>) -> bool {
    let (name, rest) = path.split_first().expect("a pointer");
    match value {
        Value::Array(list) if *name == "*" => list.iter_mut().all(|item| amend(item, rest, with)),
        Value::Array(list) => {
            let Some(index) = name.parse::<usize>().ok().filter(|index| *index < list.len()) else { return false };
            match (rest.is_empty(), with) {
                (false, _) => return amend(&mut list[index], rest, with),
                (true, Some(with)) => list[index] = with.clone(),
                (true, None) => drop(list.remove(index)),
            }
            true
        }
        Value::Object(map) => match (rest.is_empty(), with) {
            (false, _) => map.get_mut(*name).is_some_and(|inner| amend(inner, rest, with)),
            (true, Some(with)) => {
                map.insert((*name).to_owned(), with.clone());
                true
            }
            (true, None) => map.remove(*name).is_some(),
        },
        _ => false,
    }
}

impl Replay {
    /// Makes the seeded people and opens a socket for each.
    async fn starts(house: House) -> Replay {
        let seed: Value = serde_json::from_str(&vector("seed.json")).expect("the seed");
        let mut stand_ins = StandIns::new(&house.origin());
        let mut cast = BTreeMap::new();
        for user in seed["users"].as_array().expect("users") {
            let text = |name: &str| user[name].as_str().expect("a text");
            // whoever sends automated messages for others must be a bot (B-IMPERSONATE)
            let role = match (user["superuser"] == true, text("name")) {
                (true, _) => "superuser",
                (false, "bot") => "bot",
                (false, _) => "member",
            };
            let person = house.account(text("first_name"), text("last_name"), role);
            stand_ins.bind(&format!("<user:{}>", text("name")), person.id);
            let socket = person.opens().await;
            cast.insert(text("name").to_owned(), Live { person, socket });
        }
        seeded::schemas(&house, &seed, &mut stand_ins).await;
        Replay { house, cast, stand_ins, report: String::new() }
    }

    async fn plays(&mut self, step: &Value) {
        match step["kind"].as_str() {
            Some("http") => self.asks(step).await,
            Some("ws_in") => self.cast[text(step, "as")].socket.sends(&self.stand_ins.fill(&step["frame"])),
            Some("setup") => self.sets_up(step).await,
            Some("state") => return self.looks(step).await,
            other => panic!("unknown kind of step: {other:?}"),
        }
        self.listens(step).await;
    }

    async fn asks(&mut self, step: &Value) {
        let person = match step["as"].as_str() {
            Some(name) => self.cast[name].person.clone(),
            None => self.house.stranger(),
        };
        let mut path = self.stand_ins.fill_text(text(step, "path"));
        if let Some(query) = step["query"].as_str() {
            path = format!("{path}?{query}");
        }
        let request = person.request(text(step, "method"), &path);
        let request = match step.get("body") {
            Some(body) => request.json(&self.stand_ins.fill(body)),
            None if step["note"] == "malformed JSON" => {
                request.header("Content-Type", "application/json").body("{broken")
            }
            None => request,
        };
        let answer = super::Answer::to(request).await;
        if !allowed(&step["status"], answer.status) {
            return self.reports(step, "status", &step["status"], &answer.to_string());
        }
        let differences = Comparison::of(&mut self.stand_ins, &step["response"], &answer.body, answer.status >= 400);
        self.notes(step, "response", differences);
    }

    /// The host behind the API changes a membership.
    async fn sets_up(&mut self, step: &Value) {
        let thread = self.stand_ins.fill(&step["thread"]).as_i64().expect("a thread");
        let person = &self.cast[text(step, "user")].person;
        self.house.seats(thread, person, self.stand_ins.fill(&step["fields"])).await;
    }

    /// Each hears what was recorded for them, in that order, and nothing else.
    async fn listens(&mut self, step: &Value) {
        let recorded = step["ws"].as_array().cloned().unwrap_or_default();
        let mut heard = Vec::new();
        for (name, live) in &mut self.cast {
            let expected: Vec<&Value> =
                recorded.iter().filter(|item| item["to"] == **name).map(|item| &item["frame"]).collect();
            let mut frames = Vec::new();
            for _ in &expected {
                let noticed = |frame: &Value| {
                    matches!(
                        frame["message"].as_str(),
                        Some("message_created_or_updated" | "thread_someone_is_writing")
                    )
                };
                frames.extend(live.socket.listens(noticed).await);
            }
            frames.extend(live.socket.gathers().await);
            heard.push((name.clone(), expected.into_iter().cloned().collect::<Vec<Value>>(), frames));
        }
        for (name, expected, frames) in heard {
            if expected.len() != frames.len() {
                let what = format!("frames to {name}");
                self.reports(step, &what, &json!(expected.len()), &format!("{}: {frames:?}", frames.len()));
            }
            for (index, (frame, actual)) in expected.iter().zip(&frames).enumerate() {
                let differences = Comparison::of(&mut self.stand_ins, frame, actual, false);
                self.notes(step, &format!("frame {index} to {name}"), differences);
            }
        }
    }

    /// What is stored, as far as the doors show it: each member's own thread, and the messages.
    async fn looks(&mut self, step: &Value) {
        let thread = self.stand_ins.fill(&step["thread"]).as_i64().expect("a thread");
        let members = step["members"].as_array().expect("members").clone();
        for member in &members {
            let seen = self.cast[text(member, "user")].person.sees(thread).await;
            let actual = member_as_stored(&seen);
            let expected = without(member, "user");
            let differences = Comparison::of(&mut self.stand_ins, &expected, &actual, false);
            self.notes(step, &format!("seat of {}", text(member, "user")), differences);
            let here = json!({"title": step["title"], "people": members.iter().map(user_token).collect::<Vec<_>>()});
            let people: Vec<&Value> =
                seen["users_data"].as_array().into_iter().flatten().map(|user| &user["id"]).collect();
            let differences =
                Comparison::of(&mut self.stand_ins, &here, &json!({"title": seen["title"], "people": people}), false);
            self.notes(step, "thread", differences);
        }
        let reader = &self.cast[text(&members[0], "user")].person;
        let page = reader
            .get(&format!("/api/threads/{thread}/messages?limit=1000&{UNMARKING},related_question"))
            .await
            .is(200);
        // not to be compared where a defect shows in them
        let Some(messages) = step["messages"].as_array() else { return };
        let kept = messages.iter().filter(|message| message["deleted"] == false);
        let kept: Value = kept.map(|message| without(&without(message, "deleted"), "predecessor")).collect();
        let differences = Comparison::of(&mut self.stand_ins, &kept, &page.body["results"], false);
        self.notes(step, "messages", differences);
    }

    fn notes(&mut self, step: &Value, what: &str, differences: Vec<Difference>) {
        for difference in differences {
            let what = format!("{what} {}", difference.at);
            self.reports(step, &what, &Value::from(difference.expected), &difference.actual);
        }
    }

    fn reports(&mut self, step: &Value, what: &str, expected: &Value, actual: &str) {
        let (number, who) = (&step["n"], step["as"].as_str().unwrap_or("-"));
        let (method, path) = (step["method"].as_str().unwrap_or_default(), step["path"].as_str().unwrap_or_default());
        let expected = expected.as_str().map_or_else(|| expected.to_string(), str::to_owned);
        let _ = writeln!(
            self.report,
            "step {number} {who} {method} {path}\n  {what}\n    expected {expected}\n    actual   {actual}"
        );
    }
}

/// A status, or one of several.
fn allowed(expected: &Value, status: u16) -> bool {
    match expected {
        Value::Array(several) => several.iter().any(|one| *one == status),
        one => *one == status,
    }
}

/// The stored membership as a thread object shows it.
fn member_as_stored(seen: &Value) -> Value {
    let last = seen["last_message_data"].get("id").cloned().unwrap_or_default();
    let mut stored = seen.clone();
    stored["last_message"] = last;
    stored
}

fn user_token(member: &Value) -> Value {
    format!("<user:{}>", text(member, "user")).into()
}

fn without(object: &Value, name: &str) -> Value {
    let mut rest = object.clone();
    rest.as_object_mut().expect("an object").remove(name);
    rest
}

fn text<'a>(step: &'a Value, name: &str) -> &'a str {
    step[name].as_str().unwrap_or_else(|| panic!("no {name} in {step}"))
}

fn vector(name: &str) -> String {
    let path = format!("{}/tests/vectors/chat_api/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
