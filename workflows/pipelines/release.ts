import { activity, trainer } from '../../core/activities.ts';
import { systemPrompt } from '../../core/disclosure.ts';
import type { Cast } from '../../core/persona.ts';
import { pipeline } from '../../core/pipeline.ts';
import { rewriteKinds } from '../../core/recipes/rewrite.ts';

/** From a persona's sources to a live release, or to the reason it was held. */
export const release = pipeline('release', (persona: Cast, { step, gate, endWhenSame }) => {
  const { suite, training } = persona;
  const { quality: policy, embedder, ...recipe } = persona.dataset;
  const { timeout, reminder, approvers } = persona.gate;
  const serving = { ...persona.serving, system: systemPrompt(persona) };

  const snapshot = step('snapshot', activity.takeSnapshot, { persona: persona.name, sources: persona.sources });
  const champion = step('champion', activity.findChampion, { persona: persona.name, serving });
  const base = step('base', trainer.resolveBase, {
    base: persona.base,
    targetModules: training.targetModules,
    ...(serving.roles && { roles: serving.roles }),
    fetch: persona.network === 'any',
  });
  const quality = step('quality', activity.measureQuality, {
    persona: persona.name,
    subject: persona.subject,
    languages: recipe.languages,
    snapshot,
    policy,
    ...(embedder && { embedder: { model: embedder.model, languages: embedder.languages } }),
  });
  gate('data', { evidence: quality, terms: { timeout, reminder, approvers, ask: 'when failing' } });
  const words = {
    persona: persona.name,
    subject: persona.subject,
    partner: persona.partner ?? null,
    snapshot,
    sifted: quality.sifted,
    recipe,
    sources: persona.sources.map(({ name, optional, synthetic }) => ({ name, optional, synthetic })),
  };
  const meanings =
    embedder &&
    step('meanings', activity.compareMeanings, {
      ...words,
      embedder: step('embedder', activity.resolveEmbedder, { model: embedder.model, folder: embedder.folder }),
      languages: embedder.languages,
      duplicate: embedder.duplicate,
      leak: embedder.leak,
    });
  const augment = recipe.augment;
  const rewritten =
    augment?.model === undefined
      ? undefined
      : step('rewritten', activity.rewriteTalk, {
          subject: words.subject,
          partner: words.partner,
          words: snapshot.words,
          without: quality.sifted.without,
          seed: recipe.seed,
          rewriter: step('rewriter', activity.findRewriter, { model: augment.model }),
          kinds: rewriteKinds.filter((kind) => augment.kinds.includes(kind)),
          maxAsked: augment.maxAsked,
          timeout: augment.timeout,
          through: augment.through,
        });
  const dataset = step('dataset', activity.buildDataset, {
    ...words,
    system: serving.system,
    ...(meanings && { meanings: meanings.file }),
    ...(rewritten && { rewritten: { texts: rewritten.texts, model: rewritten.model } }),
  });
  const adapter = step('adapter', trainer.trainAdapter, { dataset: dataset.training, base, training });
  const model = step('model', trainer.mergeAdapter, { adapter, base });
  const candidate = step('candidate', activity.deployModel, { name: persona.name, model, serving });
  endWhenSame('changed', { one: candidate.digest, other: champion.digest, about: { release: champion.release } });

  const samples = step('samples', activity.sampleModel, {
    candidate,
    serving,
    questions: dataset.test,
    prompts: suite.probes.map((probe) => probe.prompt),
  });
  const parity = step('parity', trainer.checkParity, { model, samples, quantization: serving.quantization });
  const plain = step('plain', trainer.mergeAdapter, { adapter: null, base });
  const prompted = step('prompted', activity.deployModel, { name: 'troupe-base', model: plain, serving });
  // Trainer and Ollama share one device: at the same time each would take three times as long, or not fit into its memory.
  const likelihood = step(
    'likelihood',
    trainer.measureLikelihood,
    {
      candidate: model,
      champion: champion.model,
      anchor: champion.anchor.model,
      base: plain,
      test: dataset.test,
      system: serving.system,
      seed: recipe.seed,
    },
    { after: [parity] },
  );
  const rivals = {
    candidate,
    base: prompted,
    champion: champion.tag,
    anchor: champion.anchor.tag,
    baseline: champion.baseline,
    serving,
    questions: dataset.test,
  };
  const answers = step('answers', activity.answerQuestions, { ...rivals, suite }, { after: [likelihood] });
  const latency = step('latency', activity.measureLatency, { ...rivals, prompts: suite.latencyPrompts, after: answers, alone: likelihood });
  const report = step('report', activity.compare, {
    persona: persona.name,
    candidate,
    champion: champion.release,
    anchor: champion.anchor.release,
    dataset,
    adapter,
    parity,
    likelihood,
    answers,
    latency,
    suite,
    policy: persona.gate,
  });
  const approval = gate('approval', { evidence: report, terms: { timeout, reminder, approvers } });

  return step('release', activity.publishRelease, {
    persona: persona.name,
    serving,
    candidate,
    champion,
    approval,
    report,
    snapshot,
    dataset,
    base,
    adapter,
  });
});
