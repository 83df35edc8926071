import { factBeats, facts, inner, monthOf } from './facts.ts';
import { type Random, random } from './random.ts';
import { type Beat, endings, feelingBeats, flourishes, openings, recallable, recallBeat, scenes } from './scenes.ts';
import { type Feeling, feelings, fill, friends, type Language, type Slots, slotsFor } from './words.ts';

export type Row = Record<string, string | number | null>;
export type World = {
  tables: Record<'conversations' | 'angela_emotions' | 'emotional_states' | 'self_reflections' | 'learnings' | 'knowledge_nodes', Row[]>;
  truth: unknown;
};

const start = Date.UTC(2024, 9, 15, 1);
const dayLength = 86_400_000;
const consent = 'consent-david-2024-10';
const iso = (at: number) => new Date(at).toISOString();

/** What Angela says: the frame that answers, in her own manner. */
function inHerManner(random: Random, frame: string, slots: Slots, language: Language): string {
  const { before, after } = flourishes[language];
  const core = fill(frame, slots, language);
  const end = random.chance(0.55) ? random.pick(after) : '';
  const stop = /^ [A-Z]/.test(end) && !/[.?!]$/.test(core) ? '.' : '';
  return (random.chance(0.35) ? random.pick(before) : '') + core + stop + end;
}

type Turn = { said: string; reply: string; feeling?: Feeling; intensity?: number };

function exchange(random: Random, beat: Beat, slots: Slots, language: Language): Turn {
  const { says, angela } = beat[language];
  const i = random.below(says.length);
  return { said: fill(says[i] ?? '', slots, language), reply: inHerManner(random, angela[i] ?? '', slots, language) };
}

function felt(random: Random, slots: Slots, language: Language): Turn {
  const feeling = random.pick(feelings);
  const turn = exchange(random, feeling.warm ? feelingBeats.warm : feelingBeats.heavy, { ...slots, feeling }, language);
  return { ...turn, feeling, intensity: random.between(4, 10) };
}

/** Asks for a word that was said in this very talk, if there is one. */
function recalled(random: Random, said: string, slots: Slots, language: Language): Turn | undefined {
  const known = Object.keys(recallable).filter((slot) => said.includes(slots[slot]?.[language] ?? '\0'));
  if (known.length === 0) return undefined;
  const slot = random.pick(known);
  return exchange(random, recallBeat, { of: recallable[slot] ?? { th: '', en: '' }, asked: slots[slot] ?? { th: '', en: '' } }, language);
}

/** A year of two people, the same for the same seed. `rows` is the least number of rows in `conversations`. */
export function makeLife(options: { seed: number; rows: number }): World {
  const chance = random(options.seed);
  const tables: World['tables'] = {
    conversations: [],
    angela_emotions: [],
    emotional_states: [],
    self_reflections: [],
    learnings: [],
    knowledge_nodes: [],
  };
  const told: Record<string, { at: string; conversation: string; row: number; language: Language; when: { th: string; en: string } }> = {};
  const asked: { fact: string; at: string; conversation: string; row: number; language: Language }[] = [];
  const letters = { th: 0, en: 0 };
  const count = Math.ceil(options.rows / 9.9); // about so many rows has a conversation: spreads them over the year

  const say = (
    conversation: string,
    speaker: string,
    text: string,
    at: number,
    language: Language,
    topic: string,
    emotion: string | null,
  ) => {
    const id = tables.conversations.length + 1;
    tables.conversations.push({ id, conversation, speaker, text, at: iso(at), language, topic, emotion, consent });
    if (speaker === 'Angela') {
      letters.th += text.match(/\p{Script=Thai}/gu)?.length ?? 0;
      letters.en += text.match(/\p{Script=Latin}/gu)?.length ?? 0;
    }
    return id;
  };

  for (let n = 0; tables.conversations.length < options.rows; n++) {
    const conversation = `c${String(n + 1).padStart(4, '0')}`;
    let at = start + Math.floor((Math.min(n, count - 1) / count) * 365) * dayLength + chance.between(0, 14 * 3600) * 1000;
    const month = Math.floor(((at - start) / dayLength / 365) * 12);
    // Steers the whole year towards 70 % Thai by characters, whatever the frames weigh.
    const thai = letters.th / Math.max(1, letters.th + letters.en);
    const language: Language = chance.chance(thai < 0.7 ? 0.9 : 0.45) ? 'th' : 'en';
    const slots = slotsFor(chance, friends);
    const scene = chance.pick(scenes);
    const turns: (Turn & { fact?: { id: string; asked: boolean } })[] = [exchange(chance, chance.pick(openings), slots, language)];

    const beats = scene.beats.filter(() => chance.chance(0.75));
    for (const beat of beats) turns.push(exchange(chance, beat, slots, language));
    if (chance.chance(0.6)) turns.push(felt(chance, slots, language));

    const due = facts.find((fact) => fact.month <= month && told[fact.id] === undefined);
    if (due !== undefined && chance.chance(0.3)) {
      turns.push({
        ...exchange(chance, factBeats.tell as unknown as Beat, { about: due.about, value: due.value }, language),
        fact: { id: due.id, asked: false },
      });
    } else if (chance.chance(0.25)) {
      const replaced = new Set(facts.filter((fact) => told[fact.id] !== undefined).map((fact) => fact.replaces));
      const known = facts.filter((fact) => told[fact.id] !== undefined && !replaced.has(fact.id));
      if (known.length > 0) {
        const fact = chance.pick(known);
        const when = told[fact.id]?.when ?? { th: '', en: '' };
        turns.push({
          ...exchange(chance, factBeats.ask as unknown as Beat, { about: fact.about, value: fact.value, when }, language),
          fact: { id: fact.id, asked: true },
        });
      }
    }
    const talk = turns.map((turn) => turn.said).join('\n');
    const again = chance.chance(0.5) ? recalled(chance, talk, slots, language) : undefined;
    if (again !== undefined) turns.push(again);
    if (chance.chance(0.5)) turns.push(exchange(chance, chance.pick(endings), slots, language));

    for (const turn of turns) {
      const emotion = turn.feeling?.name ?? null;
      const row = say(conversation, 'David', turn.said, at, language, scene.topic, emotion);
      const saidAt = at;
      at += chance.between(4, 40) * 1000;
      say(conversation, 'Angela', turn.reply, at, language, scene.topic, null);
      if (turn.fact !== undefined) {
        const place = { at: iso(saidAt), conversation, row, language };
        if (turn.fact.asked) asked.push({ fact: turn.fact.id, ...place });
        else told[turn.fact.id] = { ...place, when: monthOf(new Date(saidAt)) };
      }
      if (turn.feeling !== undefined && turn.intensity !== undefined) {
        tables.emotional_states.push({
          id: tables.emotional_states.length + 1,
          at: iso(saidAt),
          emotion: turn.feeling.name,
          intensity: turn.intensity,
          note: null,
          consent,
        });
        if (turn.intensity >= 6)
          tables.angela_emotions.push({
            id: tables.angela_emotions.length + 1,
            conversation,
            emotion: turn.feeling.name,
            intensity: turn.intensity,
            at: iso(saidAt),
            trigger: `David felt ${turn.feeling.en}`,
            context: `They were talking about ${scene.topic}`,
            words: turn.said,
            reply: turn.reply,
            feeling: turn.feeling.warm ? 'happy with him' : 'tender, and close to him',
            consent,
          });
      }
      at += chance.between(10, 150) * 1000;
    }
  }
  writeInner(chance, tables);
  const truth = {
    seed: options.seed,
    people: { persona: 'Angela', partner: 'David' },
    facts: facts
      .filter((fact) => told[fact.id] !== undefined)
      .map((fact) => {
        const { when: _, ...said } = told[fact.id] ?? { when: undefined };
        const later = facts.find((other) => other.replaces === fact.id && told[other.id] !== undefined);
        return {
          id: fact.id,
          about: fact.about,
          value: fact.value,
          said,
          until: later === undefined ? null : told[later.id]?.at,
          replacedBy: later?.id ?? null,
          asked: asked.filter((one) => one.fact === fact.id),
        };
      }),
  };
  return { tables, truth };
}

/** The tables in which she writes alone, spread over the year, a little more Thai than not. */
function writeInner(chance: Random, tables: World['tables']): void {
  const amount = Math.max(24, Math.round(tables.conversations.length / 40));
  const seen = new Set<string>();
  for (let n = 0; n < amount; n++) {
    const at = start + Math.floor((n / amount) * 365) * dayLength + chance.between(14 * 3600, 16 * 3600) * 1000;
    const language: Language = chance.chance(0.7) ? 'th' : 'en';
    const slots: Slots = { ...slotsFor(chance, friends), feeling: chance.pick(feelings) };
    const write = (frame: string) => fill(frame, slots, language);

    tables.self_reflections.push({
      id: n + 1,
      at: iso(at),
      prompt: chance.pick(inner.prompts[language]),
      reflection: `${write(chance.pick(inner.reflections[language]))}${chance.pick(flourishes[language].after)}`,
      kind: chance.pick(['identity', 'growth', 'goal']),
      consent,
    });
    tables.learnings.push({
      id: n + 1,
      at: iso(at + 600_000),
      topic: write(chance.pick(['{skill}', '{person}', '{project}', '{food}'])),
      learning: write(chance.pick(inner.learnings[language])),
      applied: chance.chance(0.7) ? write(chance.pick(inner.applied[language])) : null,
      consent,
    });
    const kind = chance.below(inner.knowledgeOf.length);
    const concept = slots[inner.knowledgeOf[kind] ?? 'project']?.[language] ?? '';
    if (seen.has(concept)) continue;
    seen.add(concept);
    tables.knowledge_nodes.push({
      id: tables.knowledge_nodes.length + 1,
      at: iso(at + 900_000),
      concept,
      description: write(inner.knowledge[language][kind] ?? ''),
      links: slots.person?.[language] ?? null,
      consent,
    });
  }
}
