//! One turn (bots contract, 5): heard in the thread, decided, and committed whole with everything that it says.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Bots;
use super::intake::{Owed, said};
use super::jobs::{TIMER, TURN, partner_key};
use super::sending::{Hearer, add_calls, add_words, settle};
use super::snapshots::Ready;
use crate::actors::doors::{self, Say};
use crate::domain::Micros;
use crate::domain::bot::provider::{self, Incoming, Tickets};
use crate::domain::bot::turn::{self, AppResponse, Chat, Facts, Reply, RequestPlan, Selection, StepError, Turn};
use crate::outbound::Failure;
use crate::store::bots::chats::{self, Partner};
use crate::store::bots::integrations::Integration;
use crate::store::bots::journal::{self, Mishap};
use crate::store::bots::{self as kept, Bot, intake};
use crate::store::jobs::{self, NewJob};
use crate::store::{Connection, StoreError, if_there};

/// What is said to somebody who writes too much (B91).
const TOO_MUCH: &str = "That was a lot at once. Please wait a minute before you write again.";

/// A state that may time out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Timer {
    integration: String,
    chat: String,
    person: String,
    due: Micros,
}

/// What is known of a partner before a turn.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) bot: Bot,
    pub(super) partner: Partner,
    pub(super) chat: Chat,
    pub(super) tickets: Tickets,
    pub(super) variables: Map<String, Value>,
}

/// A decided turn, and the call that was made for it.
pub(super) struct Decided {
    pub(super) turn: Turn,
    pub(super) plan: Option<RequestPlan>,
}

fn know(connection: &mut Connection, one: &Integration, incoming: &Incoming) -> Result<Known, StoreError> {
    let partner = Partner {
        bot: one.bot_id.clone(),
        provider: one.provider.clone(),
        chat: incoming.chat.clone(),
        person: incoming.user.clone(),
    };
    let chat = chats::find(connection, &partner)?.map(|chat| chat.data()).transpose()?.unwrap_or_default();
    let tickets = chats::tickets(connection, (&partner.bot, &partner.provider, &partner.chat))?;
    let variables = kept::variables(connection, &one.bot_id)?;
    Ok(Known { bot: kept::get(connection, &one.bot_id)?, partner, chat, tickets, variables })
}

impl Bots {
    /// Carries out a turn that is owed. What was done already is not done again.
    pub(super) async fn turn(&self, owed: Owed) -> Result<(), Failure> {
        let Owed { integration, mut incoming, notice, timeout } = owed;
        let Some((integration, _)) = self.integration(&integration).await? else { return Ok(()) };
        let (one, copy) = (integration.clone(), incoming.clone());
        let read = move |connection: &mut Connection| {
            if intake::is_done(connection, &one.id, &copy.dedup)? {
                return Ok(None);
            }
            if_there(know(connection, &one, &copy))
        };
        let Some(known) = self.house.store.read(read).await? else { return Ok(()) };
        if !timeout {
            self.hear(&integration, &known, &incoming).await?;
        }
        known.tickets.restore(&mut incoming);
        let ready = self.ready(&known.bot.id).await?;
        let facts = self.facts(&ready, &known, incoming, false);
        let decided = if notice {
            let replies = vec![Reply { text: TOO_MUCH.into(), ..Reply::default() }];
            Decided { turn: Turn { replies, chat: known.chat.clone(), ..Turn::default() }, plan: None }
        } else {
            let selection = if timeout {
                let Some(selection) = turn::timed_out(&ready.snapshot, &known.chat, facts.now) else { return Ok(()) };
                selection
            } else {
                turn::select(&ready.snapshot, &known.chat, &facts)
            };
            self.decide(&ready, &selection, &known, &facts, true).await
        };
        self.commit(&integration, &ready, known, facts, decided.turn).await
    }

    /// The partner's words in their thread.
    async fn hear(&self, integration: &Integration, known: &Known, incoming: &Incoming) -> Result<(), Failure> {
        let (chat, person) = (&incoming.chat, &incoming.user);
        let place = self.place(&integration.id, chat, person, &incoming.names, known.bot.account_id).await?;
        let text = said(incoming);
        if text.is_empty() {
            return Ok(());
        }
        let say = Say { text, client_id: Some(client_id(incoming)), unheard: true, ..Say::default() };
        settle(doors::say(&self.house, &place, say).await.map(drop))
    }

    /// What a turn is decided on.
    pub(super) fn facts(&self, ready: &Ready, known: &Known, incoming: Incoming, explain: bool) -> Facts {
        Facts {
            incoming,
            env: (*ready.env).clone(),
            bot: known.variables.clone(),
            now: self.house.clock.now(),
            explain,
        }
    }

    /// Renders, calls and finishes what was selected. Without `call` the app is not asked.
    pub(super) async fn decide(
        &self,
        ready: &Ready,
        selection: &Selection,
        known: &Known,
        facts: &Facts,
        call: bool,
    ) -> Decided {
        let (snapshot, chat) = (&ready.snapshot, &known.chat);
        let jobs = turn::request_jobs(snapshot, selection, chat, facts);
        let (mut response, mut plan) = (None, None);
        if !jobs.is_empty() {
            let rendered = self.render(jobs).await;
            match turn::request(snapshot, selection, facts, rendered) {
                Ok(made) => {
                    response = Some(match call {
                        true => self.ask_app(&known.bot.id, &made, &facts.incoming.dedup).await,
                        false => AppResponse { status: 200, data: json!({}), error: None },
                    });
                    plan = Some(made);
                }
                Err(error) => {
                    return Decided { turn: turn::apology(snapshot, selection, chat, facts, error), plan };
                }
            }
        }
        let rendered = self.render(turn::reply_jobs(snapshot, selection, chat, facts, response.as_ref())).await;
        let mut turn = turn::finish(snapshot, selection, chat, facts, response.as_ref(), rendered);
        turn.trace.request = plan.as_ref().map(|plan| plan.masked(facts));
        if let Some(error) = response.as_ref().and_then(|response| response.error.clone()) {
            let handler = plan.as_ref().map(|plan| plan.handler.clone());
            turn.errors.push(StepError { handler, step: "call".into(), message: error });
        }
        Decided { turn, plan }
    }

    /// State, calls, words and timers in one commit (B46).
    async fn commit(
        &self,
        integration: &Integration,
        ready: &Ready,
        known: Known,
        facts: Facts,
        turn: Turn,
    ) -> Result<(), Failure> {
        let mut tickets = known.tickets.clone();
        let address = facts.incoming.address();
        let mut calls: Vec<_> = provider::answer_callback(&facts.incoming).into_iter().collect();
        for reply in &turn.replies {
            if reply.typing_ms > 0 {
                calls.extend(provider::typing(&address));
            }
            calls.extend(provider::reply(&self.limits, &address, reply, &mut tickets));
        }
        let due = turn::timeout_at(&ready.snapshot, &turn.chat)
            .filter(|_| turn.chat != known.chat || !turn.replies.is_empty());
        let (id, now) = (integration.id.clone(), facts.now);
        let write = move |connection: &mut Connection| {
            let incoming = &facts.incoming;
            if !intake::finish(connection, &id, &incoming.dedup)? {
                return Ok(());
            }
            if turn.chat != known.chat {
                chats::put(connection, &known.partner, turn.chat.state.as_deref(), &turn.chat, now)?;
            }
            let Partner { bot, provider, chat, .. } = &known.partner;
            if tickets != known.tickets {
                chats::set_tickets(connection, (bot, provider, chat), &tickets)?;
            }
            if !turn.bot.is_empty() {
                let mut variables = kept::variables(connection, bot)?;
                variables.extend(turn.bot.clone());
                kept::set_variables(connection, bot, &variables)?;
            }
            note_errors(connection, &known.partner, &turn.errors, now)?;
            add_calls(connection, &id, chat, calls, None, now)?;
            let hearer = Hearer {
                integration: id.clone(),
                provider: incoming.provider,
                bot: known.bot.account_id,
                chat: chat.clone(),
                person: known.partner.person.clone(),
                names: incoming.names.clone(),
            };
            add_words(connection, &hearer, &turn.replies, &client_id(incoming), now)?;
            set_timer(connection, &id, &known.partner, due, now)
        };
        self.house.store.write(write).await?;
        Ok(())
    }

    /// A timer went off: what happens then is a turn like any other, after those that are owed already.
    pub(super) async fn time_out(&self, timer: Timer) -> Result<(), Failure> {
        let Some((integration, _)) = self.integration(&timer.integration).await? else { return Ok(()) };
        let Some(provider) = provider::Provider::named(&integration.provider) else { return Ok(()) };
        let now = self.house.clock.now();
        let mut incoming = Incoming::nothing(provider, &timer.chat, &timer.person, now);
        incoming.dedup = format!("timeout:{}:{}:{}", timer.chat, timer.person, timer.due);
        let owed = Owed { integration: integration.id.clone(), incoming, notice: false, timeout: true };
        let write = move |connection: &mut Connection| {
            if !intake::is_new(connection, &integration.id, &owed.incoming.dedup, now)? {
                return Ok(());
            }
            let recipient = partner_key(&integration.id, &timer.chat, &timer.person);
            jobs::add(connection, &NewJob { kind: TURN, recipient, payload: json!(owed), due: now }, now).map(drop)
        };
        self.house.store.write(write).await?;
        Ok(())
    }
}

/// The name that a message has in its thread.
fn client_id(incoming: &Incoming) -> String {
    let mark: String = incoming.dedup.chars().take(100).collect();
    format!("{}:{mark}", incoming.provider.name())
}

fn note_errors(
    connection: &mut Connection,
    partner: &Partner,
    errors: &[StepError],
    now: Micros,
) -> Result<(), StoreError> {
    for error in errors {
        let mishap = Mishap {
            handler: error.handler.clone(),
            step: error.step.clone(),
            message: error.message.clone(),
            chat: Some(format!("{}:{}", partner.provider, partner.chat)),
            ..Mishap::default()
        };
        journal::note(connection, &partner.bot, &mishap, now)?;
    }
    Ok(())
}

/// One timer per partner: the one of the present state.
fn set_timer(
    connection: &mut Connection,
    integration: &str,
    partner: &Partner,
    due: Option<Micros>,
    now: Micros,
) -> Result<(), StoreError> {
    let recipient = format!("bottimer:{integration}:{}:{}", partner.chat, partner.person);
    intake::drop_waiting(connection, &recipient)?;
    let Some(due) = due else { return Ok(()) };
    let timer =
        Timer { integration: integration.into(), chat: partner.chat.clone(), person: partner.person.clone(), due };
    jobs::add(connection, &NewJob { kind: TIMER, recipient, payload: json!(timer), due }, now)?;
    Ok(())
}
