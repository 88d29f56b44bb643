// Names and presence of the people in a thread, seen from the desk.

import { decode, nameOf } from '../ui/text.js';

/** The members that do not work here. A thread of the widget is named after its visitor, which tells even without the team. */
export function customers(thread, desk) {
  const members = thread.data.users_data ?? [];
  const namesake = members.find((account) => nameOf(account, `Visitor ${account.id}`) === decode(thread.data.title));
  return namesake ? [namesake] : members.filter((account) => !desk.team.has(account.id));
}

/** The account that stands for a thread: its customer, or in a thread among colleagues one of the others. */
export function face(thread, desk) {
  const others = (thread.data.users_data ?? []).filter((account) => account.id !== desk.client.account.id);
  return customers(thread, desk)[0] ?? others[0] ?? null;
}

export function threadName(thread, desk) {
  if (thread.data.title) return decode(thread.data.title);
  const people = customers(thread, desk);
  if (!people.length) return nameOf(face(thread, desk), `Conversation ${thread.id}`);
  return people.map((account) => nameOf(account, `Visitor ${account.id}`)).join(', ');
}

export function isPresent(thread, desk) {
  return customers(thread, desk).some((account) => desk.client.presence.get(account.id));
}
