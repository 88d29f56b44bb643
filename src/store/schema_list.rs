//! Lists of schemas by the contract's filters (contract, 2.3), and where live conversations stand in one.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};
use diesel::sqlite::Sqlite;

use super::StoreError;
use super::messages::Comparison;
use super::schema::schemas;
use super::schema_rows::SchemaRow;
use crate::domain::script::{QuestionId, Schema, SchemaId};

/// A column of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The type.
    Kind,
    /// The name.
    Name,
}

/// A column that is true or false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Whether it is out.
    Published,
    /// Whether a later one took its place.
    Deprecated,
}

/// A condition on schemas. No column is ever null, so [`Comparison::IsNull`] holds for none; who asks for what is not
/// null leaves the condition out.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// On the number.
    Id(Comparison, Vec<i64>),
    /// On a text.
    Text(Text, Comparison, Vec<String>),
    /// A text is like this pattern (escaped with a backslash).
    Like(Text, String),
    /// On a flag.
    Flag(Flag, Comparison, Vec<bool>),
}

/// What a list is ordered by; `true` for descending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The number.
    Id(bool),
    /// A text.
    Text(Text, bool),
    /// A flag.
    Flag(Flag, bool),
}

/// Which schemas to read.
#[derive(Clone, Debug, Default)]
pub struct SchemaQuery {
    /// Only those that fulfil all of these.
    pub conditions: Vec<Condition>,
    /// The order; ascending number where nothing is said.
    pub order: Vec<Order>,
    /// How many to leave out.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

/// A member count at a question.
#[derive(QueryableByName, Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The question; `None` for members who have none at hand.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub question_id: Option<QuestionId>,
    /// How many members stand there.
    #[diesel(sql_type = BigInt)]
    pub members: i64,
}

type Boxed<'a> = schemas::BoxedQuery<'a, Sqlite>;

fn filter(query: Boxed<'_>, condition: Condition) -> Boxed<'_> {
    macro_rules! compare {
        ($column:expr, $by:expr, $values:expr) => {{
            let values = $values;
            let first = values.first().cloned().unwrap_or_default();
            match $by {
                Comparison::In => query.filter($column.eq_any(values)),
                Comparison::Gt => query.filter($column.gt(first)),
                Comparison::Gte => query.filter($column.ge(first)),
                Comparison::Lt => query.filter($column.lt(first)),
                Comparison::Lte => query.filter($column.le(first)),
                Comparison::IsNull => query.filter($column.is_null()),
            }
        }};
    }
    match condition {
        Condition::Id(by, values) => compare!(schemas::id, by, values),
        Condition::Text(Text::Kind, by, values) => compare!(schemas::kind, by, values),
        Condition::Text(Text::Name, by, values) => compare!(schemas::name, by, values),
        Condition::Like(Text::Kind, pattern) => query.filter(schemas::kind.like(pattern).escape('\\')),
        Condition::Like(Text::Name, pattern) => query.filter(schemas::name.like(pattern).escape('\\')),
        Condition::Flag(Flag::Published, by, values) => compare!(schemas::published, by, values),
        Condition::Flag(Flag::Deprecated, by, values) => compare!(schemas::deprecated, by, values),
    }
}

fn order(query: Boxed<'_>, by: Order) -> Boxed<'_> {
    macro_rules! by {
        ($column:expr, $descending:expr) => {
            if $descending { query.then_order_by($column.desc()) } else { query.then_order_by($column.asc()) }
        };
    }
    match by {
        Order::Id(descending) => by!(schemas::id, descending),
        Order::Text(Text::Kind, descending) => by!(schemas::kind, descending),
        Order::Text(Text::Name, descending) => by!(schemas::name, descending),
        Order::Flag(Flag::Published, descending) => by!(schemas::published, descending),
        Order::Flag(Flag::Deprecated, descending) => by!(schemas::deprecated, descending),
    }
}

/// Schemas without their parts.
pub fn find(connection: &mut SqliteConnection, query: SchemaQuery) -> Result<Vec<Schema>, StoreError> {
    let mut wanted = schemas::table.into_boxed();
    for condition in query.conditions {
        wanted = filter(wanted, condition);
    }
    for by in query.order {
        wanted = order(wanted, by);
    }
    let page = wanted.then_order_by(schemas::id).offset(query.offset).limit(query.limit);
    Ok(page.select(SchemaRow::as_select()).load(connection)?.into_iter().map(Into::into).collect())
}

/// Where members are in this schema who are in a script now. One walk over the part of an index that is the schema's.
pub fn positions(connection: &mut SqliteConnection, id: SchemaId) -> Result<Vec<Standing>, StoreError> {
    let standing = diesel::sql_query(
        "SELECT question_id, COUNT(*) AS members FROM members INDEXED BY members_schema \
         WHERE schema_id = ? AND state IN ('scripted', 'scripted_fe_controlled', 'assisted') \
         GROUP BY question_id ORDER BY question_id",
    );
    Ok(standing.bind::<BigInt, _>(id).load(connection)?)
}
