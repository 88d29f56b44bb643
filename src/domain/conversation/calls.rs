//! The calls of a session (contract, 6.1, 7.2 and 7.4): one at a time, in the order in which things happened.

use serde_json::{Map, Value};

use super::batch::Batch;
use super::packet::info;
use super::run::Run;
use super::settings::Channel;
use super::state::{MAX_WAITING, OpenCall, Registration, Session, Status, WaitingCall};
use super::step::{Call, Effect, Outcome, Refused};
use super::world::Assignee;
use super::{AccountId, Key};

/// So many calls in a row may fail by connection, time-out or `5xx`; then the bot cannot be reached.
const MAX_FAILURES: u32 = 3;

impl Run<'_> {
    /// Begins a session: the bot holds the conversation, and hears `start` first.
    pub(super) fn begin_session(&mut self, bot: AccountId, start: Map<String, Value>) {
        let cid = format!("chatbot::{bot}:{:032x}", (self.dice)());
        self.state.status = Status::Open;
        self.state.assignee = Some(Assignee::Bot(bot));
        self.state.group = self.world.bots.get(&bot).map(|one| one.settings.group_id).or(self.state.group);
        self.state.sessions = self.state.sessions.saturating_add(1);
        self.state.bots_since_routed.insert(bot);
        let registering = self.asks_to_register(bot);
        self.state.session = Some(Session {
            cid: cid.clone(),
            bot,
            begun_at: self.now,
            registering,
            first_key: self.state.last_key + 1,
            waiting: [WaitingCall { event: "start".into(), payload: start }].into(),
            ..Session::default()
        });
        self.effect(Effect::SessionBegan { cid, bot });
        self.taken(Assignee::Bot(bot));
        if registering {
            self.ask_to_register();
        } else {
            self.state.registration = Registration::Settled;
        }
        self.pump();
    }

    /// Whether the card comes before the session of this bot (contract, 5). Only a website can show one.
    fn asks_to_register(&self, bot: AccountId) -> bool {
        let widget = &self.world.widget.settings;
        let mode = self.world.bots.get(&bot).is_some_and(|bot| bot.settings.registration_mode);
        mode && widget.registration
            && widget.channel == Channel::Web
            && self.state.registration != Registration::Settled
    }

    /// Shows the card.
    pub(super) fn ask_to_register(&mut self) {
        self.state.registration = Registration::Asked;
        self.effect(Effect::AskRegistration);
    }

    /// An event for the bot: it waits its turn. More than [`MAX_WAITING`] and the bot counts as out of reach.
    pub(super) fn tell(&mut self, event: &str, payload: Map<String, Value>) {
        let Some(session) = &mut self.state.session else { return };
        if session.waiting.len() >= MAX_WAITING {
            return self.unreachable();
        }
        session.waiting.push_back(WaitingCall { event: event.into(), payload });
        self.pump();
    }

    /// Makes the next call, if none is open.
    pub(super) fn pump(&mut self) {
        let Some(session) = &mut self.state.session else { return };
        if session.open.is_some() || session.registering {
            return;
        }
        let Some(WaitingCall { event, payload }) = session.waiting.pop_front() else { return };
        session.deliveries += 1;
        let secret = session.cid.rsplit(':').next().unwrap_or_default();
        let delivery = format!("{secret}-{}", session.deliveries);
        session.open = Some(OpenCall { delivery: delivery.clone(), event: event.clone() });
        let (cid, bot) = (session.cid.clone(), session.bot);
        if event == "start" {
            self.start_clock();
        }
        let info = info(self.state, &self.world, &self.contact);
        self.effect(Effect::Call(Call { delivery, cid, bot, info, name: event, payload }));
    }

    /// A call has its outcome (contract, 7.4).
    pub(super) fn answered(&mut self, delivery: &str, outcome: Outcome) {
        let open = self.state.session.as_mut();
        let open = open.and_then(|session| session.open.take_if(|open| open.delivery == delivery));
        // of a session that is over, or told twice
        let Some(open) = open else { return self.refuse(Refused::SessionOver) };
        let heard = match outcome {
            Outcome::Batch(_) | Outcome::Unreadable | Outcome::Status(200..=299) => Some(true),
            Outcome::Connect | Outcome::Timeout | Outcome::Status(500..=599) => Some(false),
            Outcome::Status(_) => None,
        };
        let Some(session) = &mut self.state.session else { return };
        match heard {
            Some(true) => session.failures = 0,
            Some(false) => session.failures += 1,
            None => {}
        }
        if heard != Some(true) && (open.event == "start" || session.failures >= MAX_FAILURES) {
            return self.unreachable();
        }
        session.started = true;
        if let Outcome::Batch(batch) = outcome {
            self.carry(batch);
        }
        self.pump();
    }

    /// A request of the bot's (contract, 11).
    pub(super) fn api(&mut self, cid: &str, batch: Batch) {
        if self.state.session.as_ref().is_none_or(|session| session.cid != cid) {
            return self.refuse(Refused::SessionOver);
        }
        self.carry(batch);
        self.pump();
    }

    /// The payload of what the contact did, with the id of its entry.
    pub(super) fn with_id(&self, mut payload: Map<String, Value>, key: Key) -> Map<String, Value> {
        payload.insert("message_id".into(), self.state.entry_id(key).into());
        payload
    }
}
