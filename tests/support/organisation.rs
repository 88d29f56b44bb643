//! An organisation whose conversations are held by people and bots, set up through the doors of its administration: the world
//! of the contract's vectors, with the numbers that this house gave.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{House, Person, Socket, Value, WebhookBot, json, until};

/// The token that bots prove themselves with.
pub const TOKEN: &str = "a-token-of-sixteen-and-more";

/// The organisation.
pub struct Organisation {
    pub house: House,
    pub bot: WebhookBot,
    pub widget: i64,
    /// The vectors' numbers, and those of this house.
    pub groups: BTreeMap<String, i64>,
    pub skills: BTreeMap<String, i64>,
    pub bots: BTreeMap<String, i64>,
    pub operators: BTreeMap<String, Person>,
    pub api_urls: BTreeMap<String, String>,
    sockets: BTreeMap<String, Socket>,
}

impl Organisation {
    /// As a world of the vectors says.
    pub async fn of(world: &Value, settings: &[(&str, &str)]) -> Organisation {
        let mut all = vec![
            ("TERTULIA_OUTBOUND_ALLOW", "127.0.0.0/8"),
            ("TERTULIA_SERVER_TURNABLE_CLOCK", "true"),
            ("TERTULIA_BOTS_RETRY_WAIT", "10ms"),
            ("TERTULIA_MEDIA_FILE_TYPES", "pdf,png,jpg,txt"),
            // a slow machine must not make a bot late that answers at once
            ("TERTULIA_BOTS_TIMEOUT", "60s"),
            ("TERTULIA_JOBS_LEASE", "10m"),
            // entries are compared with what was said
            ("TERTULIA_CHAT_ESCAPE_TEXT", "false"),
        ];
        all.retain(|(name, _)| settings.iter().all(|(set, _)| set != name));
        all.extend_from_slice(settings);
        let mut house = House::with(&all).await;
        // what cannot be sent in these worlds: there is no mail server, and add-ons have no address
        house.forgives(&["a job is parked", "a job failed"]);
        let bot = WebhookBot::opens().await;
        let mut made = Organisation {
            house,
            bot,
            widget: 0,
            groups: BTreeMap::new(),
            skills: BTreeMap::new(),
            bots: BTreeMap::new(),
            operators: BTreeMap::new(),
            api_urls: BTreeMap::new(),
            sockets: BTreeMap::new(),
        };
        let still = json!({"forward": "0ms", "stop": true});
        made.host().await.post("/api/admin/clock", still).await.is(200);
        made.names(world).await;
        made.people(world).await;
        made.widget(&world["widget"]).await;
        made
    }

    async fn host(&self) -> Person {
        self.house.host().await.clone()
    }

    async fn makes(&self, kind: &str, body: Value) -> i64 {
        let answer = self.host().await.post(&format!("/api/admin/{kind}"), body).await.is(201);
        answer.body["id"].as_i64().expect("an id")
    }

    async fn names(&mut self, world: &Value) {
        for (id, name) in world["groups"].as_object().expect("groups") {
            let made = self.makes("groups", json!({"name": name})).await;
            self.groups.insert(id.clone(), made);
        }
        for (id, name) in world["skills"].as_object().expect("skills") {
            let made = self.makes("skills", json!({"name": name})).await;
            self.skills.insert(id.clone(), made);
        }
        for (list, kind, on) in [
            ("topics", "topics", ""),
            ("contact_fields", "fields", "contact"),
            ("conversation_fields", "fields", "conversation"),
            ("addons", "addons", ""),
        ] {
            for name in world[list].as_array().expect("a list") {
                self.makes(kind, json!({"name": name, "on": on})).await;
            }
        }
    }

    fn skills_of(&self, one: &Value) -> Vec<i64> {
        let ids = one["skills"].as_array().into_iter().flatten();
        ids.map(|id| self.skills[&id.to_string()]).collect()
    }

    async fn people(&mut self, world: &Value) {
        // by their numbers, so that the order of this house's numbers is the same
        let mut all: Vec<(i64, bool, &Value)> = Vec::new();
        for (key, is_bot) in [("operators", false), ("bots", true)] {
            let some = world[key].as_object().expect("an object");
            all.extend(some.iter().map(|(id, one)| (id.parse().expect("a number"), is_bot, one)));
        }
        all.sort_by_key(|(id, ..)| *id);
        for (id, is_bot, one) in all {
            let (id, group) = (id.to_string(), self.groups[&one["group"].to_string()]);
            let skills = self.skills_of(one);
            if is_bot {
                self.bot_of(&id, one, group, skills).await;
                continue;
            }
            let name = one["name"].as_str().unwrap_or("Somebody");
            let person = self.house.operator(&format!("{}{id}", name.to_lowercase()));
            let settings = json!({"group_id": group, "skill_ids": skills, "slots": one["slots"], "away": one["away"]});
            self.host().await.put(&format!("/api/admin/operators/{}", person.id), settings).await.is(200);
            if one["online"] == true {
                self.sockets.insert(id.clone(), person.opens().await);
            }
            self.operators.insert(id, person);
        }
    }

    async fn bot_of(&mut self, id: &str, one: &Value, group: i64, skills: Vec<i64>) {
        let name = one.get("name").cloned().unwrap_or_else(|| json!(format!("Bot {id}")));
        let behavior = &one["behavior"];
        let new = json!({"first_name": name, "group_id": group, "type": "api", "behavior": behavior});
        let host = self.host().await;
        let made = host.post("/api/admin/bots", new).await.is(201).body;
        assert_eq!(made["active"], false, "nobody can call it yet: {made}");
        let settings = json!({
            "skill_ids": skills, "slots": one["slots"], "registration_mode": one["registration_mode"],
            "timeout": one["timeout"], "webhook_url": self.bot.url(&format!("/hook/{id}")), "api_security_token": TOKEN,
            "webhook_headers": [{"name": "API-SECURITY-TOKEN", "value": "told by us to it"}], "active": one["active"],
        });
        let number = made["id"].as_i64().expect("an id");
        let set = host.patch(&format!("/api/admin/bots/{number}"), settings).await.is(200).body;
        self.bots.insert(id.to_owned(), number);
        self.api_urls.insert(id.to_owned(), set["api_url"].as_str().expect("an address").to_owned());
    }

    async fn widget(&mut self, one: &Value) {
        let everyday = json!(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
        let service_time = match one["in_service_time"].as_bool() {
            None => Value::Null,
            Some(true) => json!({"zone": "UTC", "hours": [{"days": everyday, "from": "00:00", "to": "24:00"}]}),
            Some(false) => json!({"zone": "UTC", "hours": []}),
        };
        let mut settings = json!({
            "name": one["name"], "channel": one["channel"], "group_id": self.groups[&one["group"].to_string()],
            "skill_ids": self.skills_of(one), "service_time": service_time,
        });
        for key in
            ["registration", "live_timeout", "chatbot_assignment", "campaigns", "unsubscribe_keyword", "choose_label"]
        {
            settings[key] = one[key].clone();
        }
        self.widget = self.makes("widgets", settings).await;
    }

    /// Somebody signs in, or leaves.
    pub async fn comes(&mut self, operator: &str, online: bool) {
        let person = self.operators[operator].clone();
        if online {
            self.sockets.insert(operator.to_owned(), person.opens().await);
        } else if let Some(socket) = self.sockets.remove(operator) {
            socket.leaves();
            let (host, path) = (self.host().await, format!("/api/admin/operators/{}", person.id));
            until("they are gone", || async { host.get(&path).await.body["online"] == false }).await;
        }
    }

    /// Turns the clock, which stands otherwise: what a test does takes no time.
    pub async fn turns(&self, seconds: f64) {
        let forward = format!("{}ms", (seconds * 1_000.0).round() as i64);
        self.host().await.post("/api/admin/clock", json!({"forward": forward})).await.is(200);
    }

    /// Waits until nothing is under way but calls that the bot has not answered.
    pub async fn settles(&self) {
        let host = self.host().await;
        let settled = || async {
            let now = host.post("/api/admin/clock", json!({"forward": "0ms"})).await.body["now"].clone();
            let now = now.as_str().expect("a time").parse::<jiff::Timestamp>().expect("a time");
            let jobs = host.get("/api/admin/jobs?limit=500").await.is(200).results().clone();
            let mut calling = Vec::new();
            for job in &jobs {
                let due = job["due"].as_str().and_then(|due| due.parse::<jiff::Timestamp>().ok());
                match job["kind"].as_str().unwrap_or_default() {
                    _ if job["state"] == "parked" => {}
                    "hear" => return false,
                    "conversation_due" if due.is_some_and(|due| due <= now) => return false,
                    "bot_call" => calling.push(job["recipient"].as_str().unwrap_or_default().replace("session:", "")),
                    _ => {}
                }
            }
            let mut held: Vec<String> = self.bot.held().iter().map(|call| call.cid()).collect();
            calling.sort();
            held.sort();
            calling == held
        };
        let deadline = tokio::time::Instant::now() + 3 * super::PATIENCE;
        while !settled().await {
            assert!(tokio::time::Instant::now() < deadline, "it never settles");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The conversation as the desk sees it.
    pub async fn sees(&self, thread: i64) -> Value {
        self.host().await.get(&format!("/api/desk/conversations/{thread}")).await.is(200).body
    }

    /// What was said after a position, as the desk sees it.
    pub async fn said(&self, thread: i64, after: i64) -> Vec<Value> {
        let path = format!("/api/desk/conversations/{thread}/messages?after={after}");
        self.host().await.get(&path).await.is(200).results().clone()
    }

    /// `operator:5` of the vectors for the number of this house.
    pub fn named(&self, id: i64, is_bot: bool) -> String {
        let bot = self.bots.iter().find(|(_, number)| **number == id).map(|(name, _)| format!("bot:{name}"));
        let human = self.operators.iter().find(|(_, person)| person.id == id);
        let human = human.map(|(name, _)| format!("operator:{name}"));
        if is_bot { bot } else { human }.unwrap_or_else(|| format!("nobody known: {id}"))
    }
}

impl Organisation {
    /// The address at which the bot of a session asks; the first bot's, if nobody has such a session.
    pub fn calls_of(&self, cid: &str) -> String {
        let number = cid.split(':').nth(2).and_then(|id| id.parse::<i64>().ok());
        let bot = self.bots.iter().find(|(_, id)| Some(**id) == number).map(|(name, _)| name);
        let bot = bot.or_else(|| self.bots.keys().next()).expect("a bot");
        self.api_urls[bot].clone()
    }
}
