//! One move of a conversation: read, decide, commit.

use std::collections::{BTreeMap, BTreeSet};

use super::super::House;
use super::super::carry_out;
use super::Lock;
use super::effects::{self, Planned};
use crate::domain::conversation::batch::ApiError;
use crate::domain::conversation::state::Conversation;
use crate::domain::conversation::step::{Effect, Input, Step, step};
use crate::domain::held::FetchedFile;
use crate::domain::{AccountId, Message, Micros, Refusal, Seq, ThreadId};
use crate::store::conversations::{self, Kept};
use crate::store::{Connection, StoreError, organisation, threads};

/// How often a decision is made anew when something changed meanwhile.
const TRIES: usize = 3;

/// What happened to a conversation.
#[derive(Clone, Debug, Default)]
pub struct Moved {
    /// In this order.
    pub inputs: Vec<Input>,
    /// The message in the thread that it is about: what the contact wrote is stored already.
    pub heard: Option<Message>,
    /// Up to where people were heard, with this.
    pub heard_upto: Option<Seq>,
    /// Files that were fetched for it, by their address.
    pub files: BTreeMap<String, FetchedFile>,
    /// A request to be counted first: the session's name and the bot.
    pub admit: Option<(String, AccountId)>,
}

impl Moved {
    /// One thing that happened.
    pub fn by(input: Input) -> Self {
        Self { inputs: vec![input], ..Self::default() }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The last input's step: results, refusal.
    pub step: Step,
    /// The state after it.
    pub state: Conversation,
    /// Why the request was not admitted.
    pub not_admitted: Option<ApiError>,
}

/// Has a conversation move. `None`: the thread is none.
///
/// # Errors
/// When it could not be read or committed, or others moved it at the same time again and again.
pub async fn take(house: &House, thread: ThreadId, moved: Moved) -> Result<Option<Taken>, Refusal> {
    let _lock = house.conversations.lock(thread, Lock::Step).await;
    for _ in 0..TRIES {
        let planned = plan(house, thread, moved.clone()).await.map_err(|error| {
            tracing::warn!(%error, thread, "a conversation could not be read");
            Refusal::Unavailable
        })?;
        let Some((planned, taken)) = planned else { return Ok(None) };
        let Planned { decision, typing } = planned;
        if !decision.changes.is_empty() {
            match carry_out(house, thread, decision).await {
                Ok(_) => {}
                Err(Refusal::Clash) => continue,
                Err(other) => return Err(other),
            }
        }
        for (by, length) in typing {
            super::super::writing(house, thread, by, length / 1_000, true);
        }
        return Ok(Some(taken));
    }
    Err(Refusal::Clash)
}

/// Reads and decides, away from the actors' threads.
async fn plan(house: &House, thread: ThreadId, moved: Moved) -> Result<Option<(Planned, Taken)>, StoreError> {
    let (presence, now) = (house.presence.clone(), house.clock.now());
    let base_url = house.public_url();
    let decide = move |connection: &mut Connection| {
        let Some(kept) = conversations::load(connection, thread)? else { return Ok(None) };
        // looked at under the lock: a job whose lease ran out may be carried out twice at the same time
        if moved.heard_upto.is_some_and(|upto| kept.heard >= upto) {
            let taken = Taken { step: Step::default(), state: kept.state, not_admitted: None };
            return Ok(Some((Planned::default(), taken)));
        }
        let is_online = |account| presence.is_online(account);
        let place = (kept.contact, kept.widget);
        let mut world = organisation::world(connection, place, kept.state.assignee, &is_online, now)?;
        world.base_url = base_url;
        let mut state = kept.state.clone();
        let mut not_admitted = None;
        let mut inputs = moved.inputs.clone();
        if let Some((cid, bot)) = &moved.admit {
            not_admitted = state.admit(cid, *bot, now).err();
            inputs = vec![Input::Tick];
        }
        let (mut effects, mut last, mut routed) = (Vec::new(), Step::default(), false);
        for input in inputs {
            last = step(&mut state, input, &world, now, &mut || rand::random());
            routed |= !last.routing.is_empty();
            effects.append(&mut last.effects);
            // what this one changed in the contact, the next one sees
            for effect in &effects {
                if let Effect::UpdateContact(patch) = effect {
                    patch.apply(&mut world.contact);
                }
            }
        }
        let nothing = effects.is_empty() && state == kept.state && moved.heard_upto.is_none();
        let planned = if nothing {
            Planned::default()
        } else {
            let members = members(connection, thread)?;
            let scene = Scene { kept: &kept, moved: &moved, state: &state, members, routed, wake: last.wake_at, now };
            effects::plan(connection, &scene, effects)?
        };
        Ok(Some((planned, Taken { step: last, state, not_admitted })))
    };
    house.store.read(decide).await
}

fn members(connection: &mut Connection, thread: ThreadId) -> Result<BTreeSet<AccountId>, StoreError> {
    Ok(threads::roster(connection, thread)?.seats().map(|seat| seat.account).collect())
}

/// What effects are carried out on.
pub(super) struct Scene<'a> {
    pub kept: &'a Kept,
    pub moved: &'a Moved,
    /// The state after the step.
    pub state: &'a Conversation,
    /// Who has a seat.
    pub members: BTreeSet<AccountId>,
    /// Whether somebody was chosen for a free slot.
    pub routed: bool,
    /// When time must be told next.
    pub wake: Option<Micros>,
    pub now: Micros,
}
