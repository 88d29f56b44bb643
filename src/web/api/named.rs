//! What is known of the accounts, schemas and questions that a body names.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::actors::House;
use crate::domain::opening::Named;
use crate::domain::script::SchemaId;
use crate::domain::{AccountId, Role};
use crate::store::{Connection, accounts, if_there, schemas};
use crate::web::error::ApiError;

/// The field that names whoever sends automated messages.
const SENDER: &str = "automated_sender";
/// The field that names a schema.
const SCHEMA: &str = "schema";
/// The fields that name questions.
const QUESTIONS: [&str; 2] = ["question", "initial_question"];

/// A number that is sent as one, or as a text of digits.
fn number(body: &Map<String, Value>, field: &str) -> Option<i64> {
    match body.get(field)? {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_i64(),
    }
}

/// Looks up what the script settings of a body name.
pub(super) async fn named(house: &House, body: &Map<String, Value>) -> Result<Named, ApiError> {
    let sender: Vec<AccountId> = number(body, SENDER).into_iter().collect();
    let schema = number(body, SCHEMA);
    let questions: Vec<i64> = QUESTIONS.iter().filter_map(|field| number(body, field)).collect();
    if sender.is_empty() && schema.is_none() && questions.is_empty() {
        return Ok(Named::default());
    }
    let read = move |connection: &mut Connection| {
        let accounts = accounts::many(connection, &sender)?;
        let bots = accounts.into_iter().map(|account| (account.id, account.role == Role::Bot)).collect();
        let mut homes = HashMap::new();
        for question in questions {
            if let Some(home) = if_there(schemas::of_question(connection, question))? {
                homes.insert(question, home);
            }
        }
        let usable = match schema {
            Some(id) => if_there(schemas::summary(connection, id))?.map(|schema| schema.is_usable()),
            None => None,
        };
        Ok((bots, homes, usable))
    };
    let (bots, questions, usable): (_, HashMap<i64, SchemaId>, _) = house.store.read(read).await?;
    let mut schemas = HashMap::new();
    if let (Some(id), Some(usable)) = (schema, usable) {
        schemas.insert(id, (house.store.schema(id).await?, usable));
    }
    Ok(Named { bots, schemas, questions })
}
