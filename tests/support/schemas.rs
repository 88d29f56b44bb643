//! Schemas in the house, brought as files, with their numbers by `qid` and position.

use super::{House, Value, seeded};

/// A schema that is in the house.
pub struct Brought {
    /// As whoever brought it sees it.
    pub seen: Value,
}

impl Brought {
    pub fn id(&self) -> i64 {
        id(&self.seen)
    }

    fn asked(&self, qid: i64) -> Value {
        let grouped = list(&self.seen, "groups").into_iter().flat_map(|group| list(&group, "questions"));
        let mut all = grouped.chain(list(&self.seen, "questions"));
        all.find(|question| question["qid"] == qid).expect("a question of that qid")
    }

    /// The number of the question that the schema calls so.
    pub fn question(&self, qid: i64) -> i64 {
        id(&self.asked(qid))
    }

    /// The number of the group of that name.
    pub fn group(&self, name: &str) -> i64 {
        let groups = list(&self.seen, "groups");
        id(groups.iter().find(|group| group["name"] == name).expect("a group of that name"))
    }

    /// The number of the answer at that position.
    pub fn answer(&self, qid: i64, position: i64) -> i64 {
        let answers = list(&self.asked(qid), "answers");
        id(answers.iter().find(|answer| answer["position"] == position).expect("an answer at that position"))
    }
}

impl House {
    /// Brings a schema: its fields, with its questions and their answers inside, as the seed of the recordings has them.
    pub async fn brings(&self, nested: &Value) -> Brought {
        let made = self.host().await.post("/api/schemas/import", seeded::file(nested)).await.is(201);
        Brought { seen: made.body }
    }
}

fn id(object: &Value) -> i64 {
    object["id"].as_i64().expect("an id")
}

fn list(object: &Value, name: &str) -> Vec<Value> {
    object[name].as_array().cloned().unwrap_or_default()
}
