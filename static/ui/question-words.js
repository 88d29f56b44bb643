// What the server's codes about an answer mean, in words for the person who answered.

import { explain } from '../tertulia-client.js';

const WRONG_VALUE = {
  date: 'This is not a date. Please choose one, such as 31 March 2026.',
  time: 'This is not a time. Please enter one, such as 14:30.',
  datetime: 'This is not a date with a time. Please enter both.',
  int: 'This is not a whole number, such as 7.',
  float: 'This is not a number, such as 7.5.',
};
const ANSWERS = {
  REQUIRED: 'Please choose an answer.',
  TOO_MANY: 'Please choose one answer only.',
  EXCLUSIVE: 'One of these answers goes only by itself.',
  WRONG_VALUE: 'This answer is not among the choices any more.',
};
const ELSEWHERE = {
  THREAD_IS_CLOSED: 'This conversation is closed.',
  NO_SUCH_QUESTION: 'There is no next question: the script is broken here. Your answer was not stored.',
  WRONG_STATE: 'There is nothing to go back to.',
  AT_THE_BEGINNING: 'This is the first question.',
};

function aboutText(code, question) {
  if (code === 'REQUIRED') return 'Please write an answer.';
  if (code === 'WRONG_STATE') return 'Words of one’s own are not taken here.';
  if (code === 'WRONG_VALUE' && question.type === 'range') return `Please choose a value between ${question.range_from} and ${question.range_to}.`;
  return code === 'WRONG_VALUE' ? WRONG_VALUE[question.type] ?? 'This answer does not fit.' : null;
}

/** What to say about `fields`, the complaints by field; `otherwise` when no code in them is known. */
export function complaint(fields, question, otherwise = 'That did not work. Please try again.') {
  const first = (name) => [fields?.[name]].flat()[0];
  const words = [
    ANSWERS[first('answers')], aboutText(first('text'), question ?? {}),
    first('question') && 'This question is not asked any more.',
    ELSEWHERE[first('non_field_errors')], ELSEWHERE[first('non_fields_errors')],
  ];
  return words.filter(Boolean).join(' ') || (fields ? explain({ fields, detail: otherwise }) : otherwise);
}
