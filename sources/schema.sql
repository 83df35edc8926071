-- The tables of a companion's database, as the defaults of a persona file expect them. They are yours: Troupe only reads
-- them, in one read-only transaction. Another shape is fine: map its names under `sources[].tables.<table>.columns`.
-- Every table has `at` (when it was said, felt, written) and `consent` (the id of the consent its words are used under).

-- One row for each thing said. `conversation` joins what belongs together.
CREATE TABLE conversations (
  id           bigint PRIMARY KEY,
  conversation text NOT NULL,
  speaker      text NOT NULL,
  text         text NOT NULL,
  at           timestamptz NOT NULL,
  language     text,
  topic        text,
  emotion      text,
  consent      text NOT NULL
);
-- It may have besides: context text, intensity real, feeling text, mood text, mode text, rating real, flagged boolean.
CREATE INDEX conversations_in_time ON conversations (at, id);

-- Moments that were felt: `words` were said to the persona, `reply` is what the persona said, `feeling` how it was for them.
CREATE TABLE angela_emotions (
  id           bigint PRIMARY KEY,
  conversation text,
  emotion      text NOT NULL,
  intensity    real NOT NULL CHECK (intensity BETWEEN 0 AND 10),
  at           timestamptz NOT NULL,
  trigger      text,
  context      text,
  words        text,
  reply        text,
  feeling      text,
  consent      text NOT NULL
);
-- It may have besides: mood text, mode text.

-- How it was at a moment; the nearest in time labels a row that has no emotion of its own.
CREATE TABLE emotional_states (
  id        bigint PRIMARY KEY,
  at        timestamptz NOT NULL,
  emotion   text NOT NULL,
  intensity real CHECK (intensity BETWEEN 0 AND 10),
  note      text,
  consent   text NOT NULL
);

-- What the persona thinks of itself, and the question that led there.
CREATE TABLE self_reflections (
  id         bigint PRIMARY KEY,
  at         timestamptz NOT NULL,
  prompt     text,
  reflection text NOT NULL,
  kind       text,
  consent    text NOT NULL
);

-- What the persona learnt, and what came of it.
CREATE TABLE learnings (
  id       bigint PRIMARY KEY,
  at       timestamptz NOT NULL,
  topic    text NOT NULL,
  learning text NOT NULL,
  applied  text,
  consent  text NOT NULL
);

-- What the persona knows.
CREATE TABLE knowledge_nodes (
  id          bigint PRIMARY KEY,
  at          timestamptz NOT NULL,
  concept     text NOT NULL,
  description text NOT NULL,
  links       text,
  consent     text NOT NULL
);

-- What somebody wrote without being asked or answered: an entry of a journal, a story, a part of a document.
CREATE TABLE passages (
  id        bigint PRIMARY KEY,
  at        timestamptz,
  author    text,
  title     text,
  text      text NOT NULL,
  prompt    text,
  topic     text,
  emotion   text,
  intensity real CHECK (intensity BETWEEN 0 AND 10),
  language  text,
  mood      text,
  mode      text,
  consent   text NOT NULL
);
-- It may have besides: context text, feeling text.
