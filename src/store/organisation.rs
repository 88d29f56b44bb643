//! The organisation behind conversations: groups, skills, topics, fields, add-ons, operators, bots, widgets; and the snapshot
//! of all of it on which a step is decided.

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde_json::Value;

use super::conversations::{BotRow, busy, contact_row, value};
use super::rows::{from_json, to_json};
use super::schema::conversations::{bot_log, bots, catalog, operators, widgets};
use super::{StoreError, accounts};
use crate::domain::conversation::settings::{BotSettings, WidgetSettings};
use crate::domain::conversation::world::{Assignee, Bot, Contact, Operator, Topic, Widget, World};
use crate::domain::service_time::ServiceTime;
use crate::domain::{AccountId, Micros, Role};

/// How many calls and requests of a bot are kept in its log (contract, 10).
const LOGGED: i64 = 100;
/// The most people at the desk.
const MAX_OPERATORS: i64 = 10_000;

/// Kinds of the catalogue.
pub const KINDS: [&str; 6] = ["group", "skill", "topic", "contact_field", "conversation_field", "addon"];

/// Something the organisation has a name for.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = catalog)]
pub struct Item {
    /// Its number.
    pub id: i64,
    /// What it is: one of [`KINDS`].
    pub kind: String,
    /// Its name.
    pub name: String,
    data: String,
}

impl Item {
    /// What else is set.
    pub fn data(&self) -> Result<Value, StoreError> {
        value(&self.data)
    }
}

/// Everything of that kind, in the order of their numbers.
pub fn items(connection: &mut SqliteConnection, kind: &str) -> Result<Vec<Item>, StoreError> {
    let found = catalog::table.filter(catalog::kind.eq(kind)).order(catalog::id).select(Item::as_select());
    Ok(found.load(connection)?)
}

/// One of that kind.
pub fn item(connection: &mut SqliteConnection, kind: &str, id: i64) -> Result<Item, StoreError> {
    Ok(catalog::table.find(id).filter(catalog::kind.eq(kind)).select(Item::as_select()).first(connection)?)
}

/// Makes one; a name that is taken is a conflict.
pub fn add_item(connection: &mut SqliteConnection, kind: &str, name: &str, data: &Value) -> Result<Item, StoreError> {
    let row = (catalog::kind.eq(kind), catalog::name.eq(name), catalog::data.eq(data.to_string()));
    Ok(diesel::insert_into(catalog::table).values(row).returning(Item::as_returning()).get_result(connection)?)
}

/// Changes one.
pub fn change_item(
    connection: &mut SqliteConnection,
    kind: &str,
    id: i64,
    name: &str,
    data: &Value,
) -> Result<Item, StoreError> {
    let row = diesel::update(catalog::table.find(id).filter(catalog::kind.eq(kind)));
    let set = row.set((catalog::name.eq(name), catalog::data.eq(data.to_string())));
    Ok(set.returning(Item::as_returning()).get_result(connection)?)
}

/// Whether somebody has it: an operator, a bot or a widget is in the group or has the skill.
pub fn is_used(connection: &mut SqliteConnection, item: &Item) -> Result<bool, StoreError> {
    let (people, bots, widgets) = (operators(connection)?, all_bots(connection)?, all_widgets(connection)?);
    let id = item.id;
    Ok(match item.kind.as_str() {
        "group" => {
            people.iter().any(|row| row.group == id)
                || bots.iter().any(|row| row.settings.group_id == id)
                || widgets.iter().any(|(_, settings)| settings.group_id == id)
        }
        "skill" => {
            people.iter().any(|row| row.skills.contains(&id))
                || bots.iter().any(|row| row.settings.skill_ids.contains(&id))
                || widgets.iter().any(|(_, settings)| settings.skill_ids.contains(&id))
        }
        _ => false,
    })
}

/// Takes one away.
pub fn remove_item(connection: &mut SqliteConnection, kind: &str, id: i64) -> Result<(), StoreError> {
    let gone = diesel::delete(catalog::table.find(id).filter(catalog::kind.eq(kind))).execute(connection)?;
    if gone == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

/// How a human holds conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorRow {
    /// The account.
    pub id: AccountId,
    /// The one group.
    pub group: i64,
    /// Skills.
    pub skills: Vec<i64>,
    /// How many at once.
    pub slots: i64,
    /// Whether away.
    pub away: bool,
    /// When last given one.
    pub last_given: Option<Micros>,
}

type OperatorColumns = (AccountId, i64, String, i64, bool, Option<Micros>);

fn operator((id, group, skills, slots, away, last_given): OperatorColumns) -> Result<OperatorRow, StoreError> {
    Ok(OperatorRow { id, group, skills: from_json(&skills)?, slots, away, last_given })
}

/// Everybody who holds conversations.
pub fn operators(connection: &mut SqliteConnection) -> Result<Vec<OperatorRow>, StoreError> {
    let rows = operators::table.order(operators::account_id).load::<OperatorColumns>(connection)?;
    rows.into_iter().map(operator).collect()
}

/// Sets how somebody holds conversations.
pub fn put_operator(connection: &mut SqliteConnection, row: &OperatorRow) -> Result<(), StoreError> {
    let skills = to_json(&row.skills)?;
    let set = (
        operators::group_id.eq(row.group),
        operators::skills.eq(&skills),
        operators::slots.eq(row.slots),
        operators::away.eq(row.away),
    );
    diesel::insert_into(operators::table)
        .values((operators::account_id.eq(row.id), set))
        .on_conflict(operators::account_id)
        .do_update()
        .set(set)
        .execute(connection)?;
    Ok(())
}

/// Whether an operator is away, said by themselves.
pub fn set_away(connection: &mut SqliteConnection, id: AccountId, away: bool) -> Result<(), StoreError> {
    let changed = diesel::update(operators::table.find(id)).set(operators::away.eq(away)).execute(connection)?;
    if changed == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

/// Somebody holds no conversations any more.
pub fn remove_operator(connection: &mut SqliteConnection, id: AccountId) -> Result<(), StoreError> {
    let gone = diesel::delete(operators::table.find(id)).execute(connection)?;
    if gone == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

type BotColumns = (AccountId, String, String, Option<Micros>);

fn bot_row((id, settings, api_key, last_given): BotColumns) -> Result<BotRow, StoreError> {
    Ok(BotRow { id, settings: from_json(&settings)?, api_key, last_given })
}

const BOT: (bots::account_id, bots::settings, bots::api_key, bots::last_given) =
    (bots::account_id, bots::settings, bots::api_key, bots::last_given);

/// All bots.
pub fn all_bots(connection: &mut SqliteConnection) -> Result<Vec<BotRow>, StoreError> {
    let rows = bots::table.order(bots::account_id).select(BOT).load::<BotColumns>(connection)?;
    rows.into_iter().map(bot_row).collect()
}

/// One bot.
pub fn bot(connection: &mut SqliteConnection, id: AccountId) -> Result<BotRow, StoreError> {
    bot_row(bots::table.find(id).select(BOT).first(connection)?)
}

/// The bot of that address.
pub fn bot_of_key(connection: &mut SqliteConnection, key: &str) -> Result<Option<BotRow>, StoreError> {
    let row = bots::table.filter(bots::api_key.eq(key)).select(BOT).first::<BotColumns>(connection).optional()?;
    row.map(bot_row).transpose()
}

/// Makes a bot: an account with role bot, and its settings.
pub fn add_bot(
    connection: &mut SqliteConnection,
    settings: &BotSettings,
    api_key: String,
    now: Micros,
) -> Result<BotRow, StoreError> {
    let new = accounts::NewAccount {
        email: None,
        first_name: settings.first_name.clone(),
        last_name: settings.last_name.clone(),
        role: Role::Bot,
        avatar: settings.picture.clone(),
        password_hash: None,
        external_id: None,
        language: None,
    };
    let id = accounts::create(connection, &new, now)?.id;
    diesel::insert_into(bots::table)
        .values((
            bots::account_id.eq(id),
            bots::settings.eq(to_json(settings)?),
            bots::active.eq(settings.active),
            bots::slots.eq(i64::from(settings.slots)),
            bots::api_key.eq(api_key),
            bots::created.eq(now),
        ))
        .execute(connection)?;
    bot(connection, id)
}

/// Changes how a bot is set.
pub fn change_bot(
    connection: &mut SqliteConnection,
    id: AccountId,
    settings: &BotSettings,
    now: Micros,
) -> Result<BotRow, StoreError> {
    let set = (
        bots::settings.eq(to_json(settings)?),
        bots::active.eq(settings.active),
        bots::slots.eq(i64::from(settings.slots)),
    );
    if diesel::update(bots::table.find(id)).set(set).execute(connection)? == 0 {
        return Err(StoreError::Missing);
    }
    accounts::refresh(connection, id, &settings.first_name, &settings.last_name, now)?;
    bot(connection, id)
}

/// Takes a bot away; its account stays, since it said things.
pub fn remove_bot(connection: &mut SqliteConnection, id: AccountId) -> Result<(), StoreError> {
    let gone = diesel::delete(bots::table.find(id)).execute(connection)?;
    if gone == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

/// Notes a call or a request in the bot's log, and forgets the oldest.
pub fn log_bot(connection: &mut SqliteConnection, id: AccountId, entry: &Value, now: Micros) -> Result<(), StoreError> {
    let row = (bot_log::bot_id.eq(id), bot_log::at.eq(now), bot_log::entry.eq(entry.to_string()));
    // a bot that is gone keeps no log
    if bots::table.find(id).count().get_result::<i64>(connection)? == 0 {
        return Ok(());
    }
    diesel::insert_into(bot_log::table).values(row).execute(connection)?;
    let of_bot = bot_log::table.filter(bot_log::bot_id.eq(id));
    let oldest: Option<i64> =
        of_bot.order(bot_log::id.desc()).offset(LOGGED).limit(1).select(bot_log::id).first(connection).optional()?;
    if let Some(oldest) = oldest {
        let old = bot_log::table.filter(bot_log::bot_id.eq(id)).filter(bot_log::id.le(oldest));
        diesel::delete(old).execute(connection)?;
    }
    Ok(())
}

/// The bot's log, the latest first: when, and what.
pub fn log_of_bot(connection: &mut SqliteConnection, id: AccountId) -> Result<Vec<(Micros, Value)>, StoreError> {
    let rows = bot_log::table.filter(bot_log::bot_id.eq(id)).order(bot_log::id.desc());
    let rows = rows.select((bot_log::at, bot_log::entry)).load::<(Micros, String)>(connection)?;
    rows.into_iter().map(|(at, entry)| Ok((at, value(&entry)?))).collect()
}

/// All widgets: number and settings.
pub fn all_widgets(connection: &mut SqliteConnection) -> Result<Vec<(i64, WidgetSettings)>, StoreError> {
    let rows = widgets::table.order(widgets::id).select((widgets::id, widgets::settings));
    let rows = rows.load::<(i64, String)>(connection)?;
    rows.into_iter().map(|(id, settings)| Ok((id, from_json(&settings)?))).collect()
}

/// One widget.
pub fn widget(connection: &mut SqliteConnection, id: i64) -> Result<WidgetSettings, StoreError> {
    let settings: String = widgets::table.find(id).select(widgets::settings).first(connection)?;
    from_json(&settings)
}

/// The first widget of a channel.
pub fn widget_of_channel(connection: &mut SqliteConnection, channel: &str) -> Result<Option<i64>, StoreError> {
    let row = widgets::table.filter(widgets::channel.eq(channel)).order(widgets::id).select(widgets::id);
    Ok(row.first(connection).optional()?)
}

/// Makes a widget, or changes one that is there; its number.
pub fn put_widget(
    connection: &mut SqliteConnection,
    id: Option<i64>,
    settings: &WidgetSettings,
) -> Result<i64, StoreError> {
    let set = (widgets::channel.eq(settings.channel.name()), widgets::settings.eq(to_json(settings)?));
    Ok(match id {
        None => diesel::insert_into(widgets::table).values(set).returning(widgets::id).get_result(connection)?,
        Some(id) => diesel::update(widgets::table.find(id)).set(set).returning(widgets::id).get_result(connection)?,
    })
}

/// Takes a widget away; conversations that began through it go on without its rules.
pub fn remove_widget(connection: &mut SqliteConnection, id: i64) -> Result<(), StoreError> {
    let gone = diesel::delete(widgets::table.find(id)).execute(connection)?;
    if gone == 0 { Err(StoreError::Missing) } else { Ok(()) }
}

/// The organisation as a step on this conversation sees it. `is_online` says who is signed in.
pub fn world(
    connection: &mut SqliteConnection,
    (contact, widget_id): (AccountId, i64),
    holder: Option<Assignee>,
    is_online: &dyn Fn(AccountId) -> bool,
    now: Micros,
) -> Result<World, StoreError> {
    let mut world = World { widget: widget_at(connection, widget_id, now)?, ..World::default() };
    for item in catalog::table.select(Item::as_select()).load::<Item>(connection)? {
        match item.kind.as_str() {
            "group" => drop(world.groups.insert(item.id, item.name)),
            "skill" => drop(world.skills.insert(item.id, item.name)),
            "topic" => world.topics.push(Topic { id: item.id, text: item.name }),
            "contact_field" => drop(world.contact_fields.insert(item.name)),
            "conversation_field" => drop(world.conversation_fields.insert(item.name)),
            _ => drop(world.addons.insert(item.name)),
        }
    }
    let held: BTreeMap<Assignee, i64> = busy(connection)?.into_iter().collect();
    let busy = |who: Assignee| held.get(&who).and_then(|count| u32::try_from(*count).ok()).unwrap_or_default();
    let names: BTreeMap<AccountId, String> =
        accounts::desk(connection, MAX_OPERATORS)?.into_iter().map(|one| (one.id, one.full_name())).collect();
    for row in operators(connection)? {
        // who does not work at the desk any more holds nothing new
        let Some(name) = names.get(&row.id) else { continue };
        let one = Operator {
            name: name.clone(),
            group: row.group,
            skills: row.skills.into_iter().collect(),
            slots: u32::try_from(row.slots).unwrap_or_default(),
            busy: busy(Assignee::Operator(row.id)),
            online: is_online(row.id),
            away: row.away,
            last_given: row.last_given,
        };
        world.operators.insert(row.id, one);
    }
    for row in all_bots(connection)? {
        let busy = busy(Assignee::Bot(row.id));
        world.bots.insert(row.id, Bot { settings: row.settings, busy, last_given: row.last_given });
    }
    let (known, holders) = contact_row(connection, contact)?;
    world.contact = contact_of(connection, contact, known)?;
    world.last_operator = holders.into_iter().find(|known| Some(*known) != holder);
    Ok(world)
}

fn widget_at(connection: &mut SqliteConnection, id: i64, now: Micros) -> Result<Widget, StoreError> {
    let settings = match widget(connection, id) {
        Err(StoreError::Missing) => WidgetSettings::default(),
        other => other?,
    };
    let calendar = settings.service_time.as_ref().and_then(|calendar| ServiceTime::read(calendar).ok());
    let in_service_time = calendar.map(|calendar| calendar.is_open(now));
    Ok(Widget { id, channel_id: Some(id), settings, in_service_time, ..Widget::default() })
}

/// What is known of a contact, with what their account says.
pub fn contact_of(
    connection: &mut SqliteConnection,
    account: AccountId,
    mut known: Contact,
) -> Result<Contact, StoreError> {
    let row = accounts::get(connection, account)?;
    known.id = account;
    if known.name.is_none() {
        known.name = Some(row.full_name()).filter(|name| !name.is_empty());
    }
    if known.email.is_none() && row.email.is_some() {
        known.email = row.email;
    }
    if known.locale.is_none() {
        known.locale = row.language.map(|code| code.replace('-', "_"));
    }
    Ok(known)
}
