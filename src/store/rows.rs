//! Rows as diesel reads and writes them, and the domain's values made of them.

use diesel::prelude::*;
use serde_json::Value;

use super::StoreError;
use super::schema::{accounts, attachments, members, messages, threads};
use crate::domain::attachment::{Attachment, Kind};
use crate::domain::mode::{FrequencyUnit, Mode, OnFinish};
use crate::domain::seat::{Repetition, Script};
use crate::domain::view::ThreadHead;
use crate::domain::{Account, Message, Notifications, Permissions, ReadState, Role, Seat};

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = accounts)]
pub(super) struct AccountRow {
    pub id: i64,
    pub email: Option<String>,
    pub first_name: String,
    pub last_name: String,
    pub role: String,
    pub avatar: Option<String>,
    pub language: Option<String>,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let AccountRow { id, email, first_name, last_name, role, avatar, language } = row;
        // a role that a newer version wrote is treated as the least one
        let role = Role::parse(&role).unwrap_or(Role::Visitor);
        Account { id, email, first_name, last_name, role, avatar, language }
    }
}

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = threads)]
pub(super) struct ThreadRow {
    pub id: i64,
    pub kind: String,
    pub title: String,
    pub created: i64,
    pub updated: i64,
    pub seq: i64,
    pub rev: i64,
    pub changed_rev: i64,
    pub converses: bool,
}

impl From<ThreadRow> for ThreadHead {
    fn from(row: ThreadRow) -> Self {
        let ThreadRow { id, kind, title, created, updated, seq, rev, changed_rev, converses: _ } = row;
        ThreadHead { id, kind, title, created, updated, seq, rev, changed_rev }
    }
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = members, primary_key(thread_id, account_id), treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct MemberRow {
    pub thread_id: i64,
    pub account_id: i64,
    pub created: i64,
    pub updated: i64,
    pub permissions: i32,
    pub notifications: i32,
    pub state: String,
    pub schema_id: Option<i64>,
    pub question_id: Option<i64>,
    pub initial_question_id: Option<i64>,
    pub related_message_id: Option<i64>,
    pub on_finish: String,
    pub automated_sender_id: Option<i64>,
    pub frequency_unit: Option<String>,
    pub frequency_value: Option<i64>,
    pub repeat_until: Option<i64>,
    pub next_restart: Option<i64>,
    pub variables_pool: String,
    pub rev: i64,
    pub read_state: String,
    pub run_mode: Option<String>,
    pub run_began: i64,
    pub language: Option<String>,
    pub restart_anchor: Option<i64>,
}

impl MemberRow {
    pub(super) fn of(seat: &Seat, reads: &ReadState, now: i64) -> Result<Self, StoreError> {
        Ok(Self {
            thread_id: seat.thread,
            account_id: seat.account,
            created: seat.created,
            updated: now,
            permissions: seat.permissions.bits(),
            notifications: seat.notifications.bits(),
            state: seat.mode.as_str().to_owned(),
            schema_id: seat.script.schema,
            question_id: seat.script.question,
            initial_question_id: seat.script.initial_question,
            related_message_id: seat.script.related_message,
            on_finish: seat.script.on_finish.as_str().to_owned(),
            automated_sender_id: seat.script.automated_sender,
            frequency_unit: seat.repetition.unit.map(|unit| unit.as_str().to_owned()),
            frequency_value: seat.repetition.value,
            repeat_until: seat.repetition.until,
            next_restart: seat.repetition.next,
            variables_pool: to_json(&seat.script.variables)?,
            rev: seat.rev,
            read_state: to_json(reads)?,
            run_mode: seat.script.run_mode.map(|mode| mode.as_str().to_owned()),
            run_began: seat.script.began,
            language: seat.script.language.clone(),
            restart_anchor: seat.repetition.anchor,
        })
    }

    pub(super) fn reads(&self) -> Result<ReadState, StoreError> {
        from_json(&self.read_state)
    }

    pub(super) fn into_seat(self) -> Result<Seat, StoreError> {
        let unknown = |what: &str, value: &str| StoreError::Broken(format!("a member has the unknown {what} {value}"));
        Ok(Seat {
            thread: self.thread_id,
            account: self.account_id,
            created: self.created,
            permissions: Permissions::from_bits_retain(self.permissions),
            notifications: Notifications::from_bits_retain(self.notifications),
            mode: Mode::parse(&self.state).ok_or_else(|| unknown("state", &self.state))?,
            script: Script {
                schema: self.schema_id,
                question: self.question_id,
                initial_question: self.initial_question_id,
                related_message: self.related_message_id,
                on_finish: OnFinish::parse(&self.on_finish).ok_or_else(|| unknown("on_finish", &self.on_finish))?,
                automated_sender: self.automated_sender_id,
                variables: from_json(&self.variables_pool)?,
                run_mode: self.run_mode.as_deref().and_then(Mode::parse),
                began: self.run_began,
                language: self.language,
            },
            repetition: Repetition {
                unit: self.frequency_unit.as_deref().and_then(FrequencyUnit::parse),
                value: self.frequency_value,
                until: self.repeat_until,
                next: self.next_restart,
                anchor: self.restart_anchor,
            },
            rev: self.rev,
        })
    }
}

#[derive(Queryable, Selectable, Debug)]
#[diesel(table_name = messages)]
pub(super) struct MessageRow {
    pub id: i64,
    pub thread_id: i64,
    pub seq: i64,
    pub rev: i64,
    pub sender_id: Option<i64>,
    pub kind: String,
    pub text: String,
    pub markup: bool,
    pub meta: Option<String>,
    pub answers: String,
    pub related_question_id: Option<i64>,
    pub predecessor_id: Option<i64>,
    pub has_attachments: bool,
    pub client_id: Option<String>,
    pub created: i64,
    pub updated: i64,
    pub deleted: bool,
    pub run_account_id: Option<i64>,
    pub content: Option<String>,
}

impl MessageRow {
    pub(super) fn into_message(self, attachments: Vec<Attachment>) -> Result<Message, StoreError> {
        Ok(Message {
            id: self.id,
            thread: self.thread_id,
            seq: self.seq,
            rev: self.rev,
            sender: self.sender_id,
            kind: self.kind,
            text: self.text,
            markup: self.markup,
            meta: self.meta.as_deref().map(from_json).transpose()?,
            answers: from_json(&self.answers)?,
            related_question: self.related_question_id,
            predecessor: self.predecessor_id,
            run: self.run_account_id,
            content: self.content.as_deref().map(from_json).transpose()?,
            client_id: self.client_id,
            created: self.created,
            updated: self.updated,
            deleted: self.deleted,
            attachments,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = messages, treat_none_as_default_value = false)]
pub(super) struct NewMessageRow<'a> {
    pub thread_id: i64,
    pub seq: i64,
    pub rev: i64,
    pub sender_id: Option<i64>,
    pub kind: &'a str,
    pub text: &'a str,
    pub markup: bool,
    pub meta: Option<String>,
    pub answers: String,
    pub related_question_id: Option<i64>,
    pub predecessor_id: Option<i64>,
    pub has_attachments: bool,
    pub client_id: Option<&'a str>,
    pub created: i64,
    pub updated: i64,
    pub run_account_id: Option<i64>,
    pub content: Option<String>,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset, Debug)]
#[diesel(table_name = attachments, treat_none_as_null = true, treat_none_as_default_value = false)]
pub(super) struct AttachmentRow {
    #[diesel(skip_insertion)]
    pub id: i64,
    pub message_id: i64,
    pub kind: String,
    pub title: String,
    pub description: String,
    pub options: Option<String>,
    pub object_id: Option<i64>,
    pub content_type: Option<i64>,
    pub file: Option<String>,
    pub thumbnail_file: Option<String>,
    pub url: Option<String>,
    pub thumbnail: Option<String>,
}

impl AttachmentRow {
    pub(super) fn into_attachment(self) -> Result<Attachment, StoreError> {
        let kind = Kind::parse(&self.kind)
            .ok_or_else(|| StoreError::Broken(format!("an attachment has the unknown type {}", self.kind)))?;
        Ok(Attachment {
            id: self.id,
            message: self.message_id,
            kind,
            title: self.title,
            description: self.description,
            options: self.options.as_deref().map(from_json).transpose()?,
            object_id: self.object_id,
            content_type: self.content_type,
            file: self.file,
            thumbnail_file: self.thumbnail_file,
            url: self.url,
            thumbnail: self.thumbnail.as_deref().map(from_json).transpose()?,
        })
    }

    pub(super) fn of(attachment: &Attachment) -> Result<Self, StoreError> {
        Ok(Self {
            id: attachment.id,
            message_id: attachment.message,
            kind: attachment.kind.as_str().to_owned(),
            title: attachment.title.clone(),
            description: attachment.description.clone(),
            options: attachment.options.as_ref().map(Value::to_string),
            object_id: attachment.object_id,
            content_type: attachment.content_type,
            file: attachment.file.clone(),
            thumbnail_file: attachment.thumbnail_file.clone(),
            url: attachment.url.clone(),
            thumbnail: attachment.thumbnail.as_ref().map(Value::to_string),
        })
    }
}

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Broken(error.to_string()))
}

pub(super) fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Broken(format!("stored JSON is broken: {error}")))
}
