import { createInterface } from 'node:readline/promises';
import { systemPrompt } from '../core/disclosure.ts';
import type { Candidate } from '../core/model.ts';
import type { Cast } from '../core/persona.ts';
import type { Champion } from '../core/release.ts';
import { loadPersona } from '../platform/config.ts';
import { latestStep } from '../platform/db/steps.ts';
import { byHand, type ChatMessage, type Ollama, openOllama } from '../platform/ollama.ts';
import { openBooks } from './connect.ts';
import type { Context } from './context.ts';
import { personaOr } from './find-run.ts';
import { exitCodes, Stop } from './stop.ts';
import type { Terminal } from './terminal.ts';

type ChatOptions = { model?: string; beside?: string; prompt?: string[] };

/** One side of a conversation: a model, and what was said with it so far. */
type Side = { title: string; model: string; messages: ChatMessage[] };

const remembered = 40; // messages sent along; the model's own context is the harder limit

/** Talks to a persona, or lets two models answer side by side. */
export async function command({ terminal, settings }: Context, named: string | undefined, options: ChatOptions): Promise<number> {
  const name = await personaOr(named, settings);
  const persona = loadPersona(settings, name);
  const ollama = openOllama(settings.ollama);
  const model = options.model ?? persona.serving.name;
  if (!(await ollama.find(model))) {
    const next = options.model ? `See what there is: ${byHand(settings.ollama, 'list')}` : `It is not released yet: ./troupe run ${name}`;
    throw new Stop(`Ollama at ${settings.ollama} has no model ${model}. ${next}`);
  }
  const sides: Side[] = [{ title: name, model, messages: [] }];
  if (options.beside) sides.push(await besideOf(options.beside, persona, ollama, settings));

  const label = persona.research ? '[AI persona, research] ' : '';
  if (!terminal.json) terminal.err(terminal.style('dim', `${name} is an AI persona: a language model (${model}), not a person.`));
  const turn = async (said: string) => {
    for (const side of sides) await answer(terminal, ollama, side, said, { heading: sides.length > 1, label });
  };

  if (options.prompt) {
    for (const prompt of options.prompt) {
      if (sides.length > 1 && !terminal.json) terminal.out(`\n${terminal.style('bold', `> ${prompt}`)}`);
      await turn(prompt);
    }
    return exitCodes.ok;
  }
  if (terminal.asks) terminal.err(terminal.style('dim', 'Say something. An empty line or Ctrl-D ends it.'));
  const lines = createInterface({ input: process.stdin, output: terminal.asks ? process.stdout : undefined, prompt: '> ' });
  if (terminal.asks) lines.prompt();
  for await (const line of lines) {
    if (line.trim() === '') {
      if (terminal.asks) break;
      continue;
    }
    await turn(line);
    if (terminal.asks) lines.prompt();
  }
  lines.close();
  return exitCodes.ok;
}

/** Streams one answer and remembers it. */
async function answer(
  terminal: Terminal,
  ollama: Ollama,
  side: Side,
  said: string,
  { heading, label }: { heading: boolean; label: string },
): Promise<void> {
  side.messages.push({ role: 'user', content: said });
  if (heading && !terminal.json) terminal.out(terminal.style('cyan', `${side.title} (${side.model})`));
  if (!terminal.json) terminal.write(label);
  const system = side.messages.filter(({ role }) => role === 'system');
  const turns = side.messages.filter(({ role }) => role !== 'system').slice(-remembered);
  const stream = ollama.chatStream({ model: side.model, messages: [...system, ...turns] });
  for (;;) {
    const piece = await stream.next();
    if (!piece.done) {
      if (!terminal.json) terminal.write(piece.value);
      continue;
    }
    const { text, done, tokens, seconds } = piece.value;
    side.messages.push({ role: 'assistant', content: text });
    if (terminal.json)
      terminal.out(JSON.stringify({ model: side.model, prompt: said, reply: `${label}${text}`, done, tokens, seconds: seconds.total }));
    else terminal.out(done === 'length' ? terminal.style('dim', ' … (cut at its longest)') : '');
    return;
  }
}

/** `base`: the base model with the same prompt, as it was evaluated. `baseline`: the adopted model. Else a model of Ollama. */
async function besideOf(wanted: string, persona: Cast, ollama: Ollama, settings: Context['settings']): Promise<Side> {
  const side = (model: string, system?: string): Side => ({
    title: wanted,
    model,
    messages: system ? [{ role: 'system', content: system }] : [],
  });
  if (wanted !== 'base' && wanted !== 'baseline') {
    if (!(await ollama.find(wanted)))
      throw new Stop(`Ollama at ${settings.ollama} has no model ${wanted}. See what there is: ${byHand(settings.ollama, 'list')}`);
    return side(wanted);
  }
  await using db = await openBooks(settings);
  const step = await latestStep(db, { persona: persona.name, step: wanted === 'base' ? 'prompted' : 'champion' });
  const tag =
    wanted === 'base'
      ? (step?.output as Candidate | undefined)?.tag
      : ((step?.output as Champion | undefined)?.baseline ?? persona.serving.baseline);
  if (tag && (await ollama.find(tag))) return side(tag);
  if (wanted === 'base' && persona.base.ollama && (await ollama.find(persona.base.ollama)))
    return side(persona.base.ollama, systemPrompt(persona));
  throw new Stop(
    wanted === 'base'
      ? `Ollama has no base model of ${persona.name} yet: a run puts it there (./troupe run ${persona.name}).`
      : `${persona.name} has no adopted baseline: ./troupe adopt ${persona.name} <model>`,
  );
}
