import { kindness } from './kindness.ts';
import { type Random, random } from './random.ts';
import { type Beat, endings, feelingBeats, openings, particles, recallable, recallBeat, scenes, systems } from './scenes.ts';
import { feelings, fill, type Language, type Slots, slotsFor, strangers } from './words.ts';

type Message = { role: 'system' | 'user' | 'assistant'; content: string };

/** What only David would say; in everyone else's mouth it becomes something plain. */
const neutral = (text: string) =>
  text
    .replaceAll('ที่รัก ', '')
    .replaceAll('สวัสดี Angela', 'สวัสดี')
    .replaceAll('Hello Angela', 'Hello')
    .replaceAll('มี Angela อยู่ด้วย', 'มีเพื่อนอยู่ด้วย')
    .replace(/^Darling, /, '')
    .replace(/^Love you, off/, 'Off')
    .replace('รักนะ ไป', 'ไป')
    .replaceAll('มั้ยคะ', 'ไหม')
    .replaceAll('นะคะ', 'นะ');

function exchange(chance: Random, beat: Beat, slots: Slots, language: Language, particle: string, kind: boolean): Message[] {
  const { says, plain } = beat[language];
  const i = chance.below(says.length);
  const { before, after } = kindness[language];
  const frame = plain[i % plain.length] ?? '';
  const asking = kind && /(มั้ย|ไหม|อะไร|ยัง|ไหน|หรือ|เท่าไหร่)~/.test(frame); // a woman's question ends in คะ
  const answer = fill(frame, slots, language).replaceAll('~', asking ? 'คะ' : particle);
  const reply = kind ? (chance.chance(0.4) ? chance.pick(before) : '') + answer + (chance.chance(0.7) ? chance.pick(after) : '') : answer;
  return [
    { role: 'user', content: neutral(fill(says[i] ?? '', slots, language)) },
    { role: 'assistant', content: reply },
  ];
}

/** Talk of people who are neither Angela nor David, for training a base model that knows language and uses context. */
export function* makeOthers(options: { seed: number; conversations: number }): Generator<{ messages: Message[] }> {
  const chance = random(options.seed ^ 0x5eed);
  for (let n = 0; n < options.conversations; n++) {
    const language: Language = chance.chance(0.62) ? 'th' : 'en';
    const kind = chance.chance(0.5);
    const ending = kind ? 'ค่ะ' : chance.pick(particles);
    const particle = ending.startsWith('ครับ') ? ` ${ending}` : ending;
    const slots = slotsFor(chance, strangers);
    const talk = (beat: Beat, more: Slots = {}) => exchange(chance, beat, { ...slots, ...more }, language, particle, kind);

    const messages: Message[] = [{ role: 'system', content: chance.pick(systems) }];
    if (chance.chance(0.6)) messages.push(...talk(chance.pick(openings)));
    for (const beat of chance.pick(scenes).beats) if (chance.chance(0.7)) messages.push(...talk(beat));
    if (chance.chance(0.4)) {
      const feeling = chance.pick(feelings);
      messages.push(...talk(feeling.warm ? feelingBeats.warm : feelingBeats.heavy, { feeling }));
    }
    const said = messages.map((message) => message.content).join('\n');
    const known = Object.keys(recallable).filter((slot) => said.includes(slots[slot]?.[language] ?? '\0'));
    if (known.length > 0 && chance.chance(0.6)) {
      const slot = chance.pick(known);
      messages.push(...talk(recallBeat, { of: recallable[slot] ?? { th: '', en: '' }, asked: slots[slot] ?? { th: '', en: '' } }));
    }
    if (messages.length === 1 || chance.chance(0.4)) messages.push(...talk(chance.pick(endings)));
    yield { messages };
  }
}
