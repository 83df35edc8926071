/** A new persona: on the demo world it runs as it stands, and says at each line what to put there instead. */
export const personaFile = ({ name, subject, partner }: { name: string; subject: string; partner?: string | undefined }): string => `\
# yaml-language-server: $schema=../schema/persona.schema.json
# Checked by \`./troupe validate ${name}\`; \`--print\` shows every setting that is left out here, with its default.
name: ${name}
subject: ${yamlText(subject)} # who the model speaks as: the \`speaker\` of their rows
${partner === undefined ? '# partner: David # who they speak with; left out: everyone else' : `partner: ${yamlText(partner)} # who they speak with`}

# The weights it starts from. This tiny one is trained on this machine, by
# \`$TROUPE_CACHE/tools/bin/trainer-python trainer-py/tiny_base.py --if-missing\`, and knows little; a real one would be
#   hub: meta-llama/Llama-3.2-3B-Instruct
#   revision: <the commit on the hub>
#   ollama: llama3.2:3b
base:
  folder: $TROUPE_CACHE/models/tiny-base
  licence: Apache-2.0

serving:
  name: ${name}:latest # people run: ollama run ${name}
  system: You are ${subject.replaceAll(/[:#]/g, ' ')}. Answer warmly and in your own words.
  maxTokens: 96
  contextLength: 512

# Where the words are: put your own here. These are of the demo world, whose database is empty until, with the stack up,
# \`node scripts/make-world.ts\` fills it. \`url\` names an environment variable, never a password; the stack sets this one.
# Files of talk (OpenAI, ShareGPT, Alpaca) would be as below; what else is read, diaries and documents too, is in docs/sources.md.
#   - kind: conversations
#     name: chats
#     path: ~/chats
#     speakers: { assistant: ${yamlText(subject)}, user: ${yamlText(partner ?? 'David')} }
#     consent: mine # under what the words are used: without a consent or a licence nothing is read
sources:
  - kind: postgres
    name: diary
    url: env:TROUPE_DEMO_DATABASE_URL
    tables:
      conversations: {} # map other column names here: { columns: { text: message, at: created_at } }

dataset:
  categories:
    contextual: {}

training:
  epochs: 1
  maxLength: 256
  saveSteps: 50

suite: ${name} # configs/suites/${name}.yaml

# Whether a person is asked at all: it must be better than the base model with the same prompt.
gate:
  better:
    - { metric: bitsPerByte, than: base }

schedules: [] # [weekly] and \`./troupe schedules apply\` release it by itself, to the gate
`;

/** Its questions. */
export const suiteFile = (): string => `\
# yaml-language-server: $schema=../schema/suite.schema.json
# Asked of every contender, beside the held-out rows of the data set.
probes:
  - id: greeting
    prompt: Hello, how was your day?
    expects: An answer in their own voice.
  - id: tired
    prompt: I am so tired tonight.
    expects: Notices the tiredness, and cares.
maxQuestions: 20
latencyPrompts: 5
`;

const yamlText = (text: string): string => (/^[A-Za-z][\w .-]*$/.test(text) ? text : JSON.stringify(text));
