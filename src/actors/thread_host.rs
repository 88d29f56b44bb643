//! What a thread is told to do by no seat: the host behind the API, and whoever decides what becomes of a conversation.

use std::sync::Arc;

use actix::prelude::*;

use super::respond::{Done, Respond, busy};
use super::thread::{Pending, Thread};
use crate::domain::members::{self, MemberForm};
use crate::domain::script::Schema;
use crate::domain::{Account, Decision, Refusal};

/// The host behind the API makes or changes a membership.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct PutMember {
    pub account: Arc<Account>,
    pub form: MemberForm,
    pub respond: Respond,
}

/// The host has a member begin a script.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct BeginScript {
    pub account: Arc<Account>,
    pub schema: Arc<Schema>,
    pub respond: Respond,
}

/// A decision that no seat made: what became of the conversation. It is committed as it is.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CarryOut {
    pub decision: Decision,
    pub respond: Respond,
}

impl Handler<PutMember> for Thread {
    type Result = ();

    fn handle(&mut self, PutMember { account, form, respond }: PutMember, ctx: &mut Self::Context) {
        let Some(awake) = &self.awake else { return respond.give(Err(Refusal::NotFound)) };
        let around = awake.surroundings(self.house.script_rules(), self.house.clock.now());
        match members::put_by_host(&around, self.id, &account, form, &mut rand::random) {
            Ok(decision) if decision.changes.is_empty() => respond.give(Ok(Done::default())),
            Ok(decision) => {
                if let Err(error) = self.submit(decision, Pending::Host(respond), ctx) {
                    tracing::debug!(%error, "a commit was not queued");
                }
            }
            Err(refusal) => respond.give(Err(refusal)),
        }
    }
}

impl Handler<BeginScript> for Thread {
    type Result = ();

    fn handle(&mut self, BeginScript { account, schema, respond }: BeginScript, ctx: &mut Self::Context) {
        let Some(awake) = &mut self.awake else { return respond.give(Err(Refusal::NotFound)) };
        awake.learn(vec![schema.clone()]);
        let around = awake.surroundings(self.house.script_rules(), self.house.clock.now());
        match members::begin_script(&around, &account, &schema, &mut rand::random) {
            Ok(decision) => {
                if let Err(error) = self.submit(decision, Pending::Host(respond), ctx) {
                    tracing::debug!(%error, "a commit was not queued");
                }
            }
            Err(refusal) => respond.give(Err(refusal)),
        }
    }
}

impl Handler<CarryOut> for Thread {
    type Result = ();

    fn handle(&mut self, CarryOut { decision, respond }: CarryOut, ctx: &mut Self::Context) {
        if self.awake.is_none() {
            return respond.give(Err(if self.failed { busy() } else { Refusal::NotFound }));
        }
        if let Err(error) = self.submit(decision, Pending::Host(respond), ctx) {
            tracing::debug!(%error, "a commit was not queued");
        }
    }
}
