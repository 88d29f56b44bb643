// Names and presence of the people in a thread, seen from the desk.

import { decode, nameOf } from '../ui/text.js';

/** The members that do not work here. */
export function customers(thread, team) {
  return (thread.data.users_data ?? []).filter((account) => !team.has(account.id));
}

/** The account that stands for a thread: its customer, or in a thread among colleagues one of the others. */
export function face(thread, desk) {
  const others = (thread.data.users_data ?? []).filter((account) => account.id !== desk.client.account.id);
  return customers(thread, desk.team)[0] ?? others[0] ?? null;
}

export function threadName(thread, desk) {
  if (thread.data.title) return decode(thread.data.title);
  const people = customers(thread, desk.team);
  if (!people.length) return nameOf(face(thread, desk), `Conversation ${thread.id}`);
  return people.map((account) => nameOf(account, `Visitor ${account.id}`)).join(', ');
}

export function isPresent(thread, desk) {
  return customers(thread, desk.team).some((account) => desk.client.presence.get(account.id));
}
