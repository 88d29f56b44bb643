//! What is seen of a conversation, as the contract's vectors write it.

use super::play::{Came, Play, matches, written_out};
use super::{Value, json};

impl Play {
    /// An entry of the thread.
    pub(super) fn entry(&self, message: &Value) -> Value {
        let contact = self.contact.as_ref().map(|person| person.id);
        let by = match message["sender"].as_i64() {
            None => "system",
            sender if sender == contact => "contact",
            Some(sender) if self.org.bots.values().any(|bot| *bot == sender) => "bot",
            Some(_) => "operator",
        };
        let (text, content) = (&message["text"], &message["content"]);
        let mut entry = match content["kind"].as_str() {
            None => json!({"kind": "text", "text": text}),
            Some("markdown") => json!({"kind": "text", "text": text, "format": "markdown_v1"}),
            Some("choice") => {
                let options: Value =
                    content["options"].as_array().into_iter().flatten().map(|it| it["id"].clone()).collect();
                json!({"kind": "choice", "element": content["element"], "text": text, "options": options,
                       "sent_as": content["sent_as"]})
            }
            Some("links") => json!({"kind": "buttons", "text": text, "buttons": content["buttons"]}),
            Some("system") => self.system_entry(content, text),
            // what somebody uploads hangs on the message
            Some("note") => json!({"kind": "note", "text": text, "on": content["on"]}),
            Some("pick") => json!({"kind": "pick", "option": content["option"], "text": text}),
            Some(_) => content.clone(),
        };
        let uploads = message["attachments"].as_array().map_or(0, Vec::len);
        if by == "contact" && content.is_null() && uploads > 0 {
            let caption = Some(text).filter(|text| **text != "").cloned();
            entry = json!({"kind": "media", "link": "*", "caption": caption});
        }
        entry["by"] = by.into();
        entry
    }

    fn system_entry(&self, content: &Value, text: &Value) -> Value {
        match content["entry"].as_str() {
            Some("unsubscribed") => json!({"kind": "text", "text": text}),
            Some("forwarded") => {
                let to = content["to"].as_i64().expect("an id");
                let to = self.org.named(to, content["bot"] == true);
                let mut entry = json!({"kind": "forwarded", "to": to});
                if let Some(reason) = content.get("reason") {
                    entry["reason"] = reason.clone();
                }
                entry
            }
            kind => {
                let mut entry = json!({"kind": kind});
                if let Some(reason) = content.get("reason") {
                    entry["reason"] = reason.clone();
                }
                entry
            }
        }
    }

    /// What is true now.
    async fn there(&self) -> Value {
        let seen = self.org.sees(self.thread).await;
        let assignee = seen["assignee"].as_str().and_then(|name| name.split_once(':'));
        let assignee = assignee.map(|(kind, id)| self.org.named(id.parse().expect("an id"), kind == "bot"));
        let topics: Value =
            seen["topics"].as_array().into_iter().flatten().map(|topic| topic["text"].clone()).collect();
        let mut contact = seen["contact"].clone();
        contact["campaigns"] = contact["campaigns"][self.org.widget.to_string()].clone();
        let named = |what: &Value| match what.as_str().and_then(|what| what.strip_prefix("email:operator:")) {
            Some(id) => json!(format!("email:{}", self.org.named(id.parse().expect("an id"), false))),
            None => what.clone(),
        };
        let dispatched: Value = seen["dispatched"].as_array().into_iter().flatten().map(named).collect();
        json!({
            "session": seen["session"], "status": seen["status"], "assignee": assignee, "in_inbox": seen["in_inbox"],
            "context": if seen["context"].is_null() { json!({}) } else { seen["context"].clone() },
            "contact": contact,
            "conversation": {
                "subject": seen["subject"], "topics": topics, "locale": seen["locale"],
                "custom_field_data": seen["custom_field_data"],
            },
            "dispatched": dispatched,
        })
    }

    /// Whether a step came to what the vectors say.
    pub async fn checks(&mut self, step: &Value, came: &Came) -> Result<(), String> {
        let must = |what: &str, expected: &Value, there: &Value| {
            if matches(expected, there) {
                Ok(())
            } else {
                Err(format!("{what}: expected {expected}, there is {there}"))
            }
        };
        self.names_differ(step, came)?;
        let step = written_out(step);
        let nothing = json!([]);
        let calls = self.expected_calls(step.get("calls").unwrap_or(&nothing));
        must("calls", &calls, &json!(came.calls))?;
        must("thread", &trimmed(step.get("thread").unwrap_or(&nothing)), &json!(came.thread))?;
        if step.get("contact").is_some() {
            must("refused", step.get("refused").unwrap_or(&Value::Null), &came.refused)?;
        }
        if let Some((status, body)) = &came.api {
            must("status", step.get("api_status").unwrap_or(&json!(200)), &json!(status))?;
            let error = &body["error"];
            for (key, there) in
                [("api_code", &error["code"]), ("results", &body["results"]), ("details", &error["details"])]
            {
                must(key, step.get(key).unwrap_or(&json!("*")), there)?;
            }
        }
        match step.get("state") {
            Some(state) => must("state", state, &self.there().await),
            None => Ok(()),
        }
    }

    /// Without the names of sessions, and with the number of this house's channel.
    fn expected_calls(&self, calls: &Value) -> Value {
        let mut calls = calls.clone();
        for call in calls.as_array_mut().into_iter().flatten() {
            call.as_object_mut().expect("an object").remove("cid");
            if let Some(id) = call.pointer_mut("/payload/channel/id") {
                *id = self.org.widget.into();
            }
            // the house keeps texts without the white space around them
            if let Some(body) = call.pointer_mut("/payload/body") {
                *body = json!(body.as_str().map(str::trim));
            }
        }
        calls
    }
}

/// What people write is kept without the white space around it.
fn trimmed(thread: &Value) -> Value {
    let mut thread = thread.clone();
    for entry in thread.as_array_mut().into_iter().flatten().filter(|entry| entry["by"] == "contact") {
        if let Some(text) = entry.get_mut("text") {
            *text = json!(text.as_str().map(str::trim));
        }
    }
    thread
}
