import { literal } from '../text/literal.ts';
import { placesOf } from '../text/thai-words.ts';

/** Ways to say the same, by rule: each entry holds forms of which any may stand for any other. */
const forms: readonly (readonly string[])[] = [
  ['do not', "don't"],
  ['does not', "doesn't"],
  ['did not', "didn't"],
  ['is not', "isn't"],
  ['was not', "wasn't"],
  ['can not', 'cannot', "can't"],
  ['will not', "won't"],
  ['I am', "I'm"],
  ['I will', "I'll"],
  ['I have', "I've"],
  ['it is', "it's"],
  ['that is', "that's"],
  ['what is', "what's"],
  ['you are', "you're"],
  ['we are', "we're"],
  ['let us', "let's"],
  ['thank you', 'thanks'],
  ['hello', 'hi', 'hey'],
  ['okay', 'ok'],
  ['maybe', 'perhaps'],
  ['a lot of', 'lots of', 'plenty of'],
  ['want to', 'would like to'],
  ['right now', 'at the moment'],
  ['what happened', 'what went on'],
  ['do you remember', 'can you remember', 'do you recall'],
  ['tell me about', 'talk to me about'],
  ['ไหม', 'มั้ย'],
  ['สวัสดี', 'หวัดดี'],
  ['อย่างไร', 'ยังไง'],
  ['เท่าไร', 'เท่าไหร่'],
  ['หรือเปล่า', 'รึเปล่า'],
  ['เดี๋ยวนี้', 'ตอนนี้'],
  ['รับประทาน', 'ทาน', 'กิน'],
];

const finders = forms.flatMap((list) => list.map((form) => ({ list, form, find: finderOf(form) })));

/** Says where a form first stands as whole words, and as what. */
function finderOf(form: string): (text: string) => { index: number; found: string } | undefined {
  if (/\p{Script=Thai}/u.test(form))
    return (text) => {
      const [index] = placesOf(form, text);
      return index === undefined ? undefined : { index, found: form };
    };
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}'’])${literal(form).replace("'", "['’]")}(?![\\p{L}\\p{N}'’])`, 'iu');
  return (text) => {
    const match = pattern.exec(text);
    return match === null ? undefined : { index: match.index, found: match[0] };
  };
}

/** The same text with one or two turns of phrase exchanged; unchanged where it has none that is known. */
export function reworded(text: string, next: () => number): string {
  let changed = text;
  const used = new Set<readonly string[]>(); // what was exchanged is not exchanged back
  const from = Math.floor(next() * finders.length);
  for (let i = 0; i < finders.length && used.size < 2; i++) {
    const { list, form, find } = finders[(from + i) % finders.length]!;
    const place = used.has(list) ? undefined : find(changed);
    if (place === undefined) continue;
    used.add(list);
    const { index, found } = place;
    const others = list.filter((one) => one !== form);
    const other = others[Math.floor(next() * others.length)]!;
    const capital = /^\p{Lu}/u.test(found) && !/^I\b/.test(found);
    const put = capital ? other.charAt(0).toUpperCase() + other.slice(1) : other;
    changed = changed.slice(0, index) + put + changed.slice(index + found.length);
  }
  return changed;
}
