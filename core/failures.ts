/** Failures no retry can cure, by the `type` they carry across Temporal. The Python worker uses the same names. */
export const failures = {
  personaInvalid: 'PersonaInvalid',
  sourceInvalid: 'SourceInvalid',
  datasetInvalid: 'DatasetInvalid',
  baseInvalid: 'BaseInvalid',
  trainingInvalid: 'TrainingInvalid',
  outOfMemory: 'OutOfMemory',
  artifactCorrupt: 'ArtifactCorrupt',
  artifactMissing: 'ArtifactMissing',
  diskFull: 'DiskFull',
  parityFailed: 'ParityFailed',
  ollamaRefused: 'OllamaRefused',
  championChanged: 'ChampionChanged',
  nameTaken: 'NameTaken',
  requestInvalid: 'RequestInvalid',
  /** Temporal's own name for an activity no worker on the queue knows. Retried for ever unless listed. */
  unknownActivity: 'NotFoundError',
} as const;

/** A server that nobody answers at. That passes by itself, if it takes a night: no attempt is the last for a day. */
export const serverAway = 'ServerAway';

/** The same, with the names that S3's client for Python gives it. */
export const outages: readonly string[] = [serverAway, 'EndpointConnectionError', 'ConnectTimeoutError'];

export type Failure = (typeof failures)[keyof typeof failures];
