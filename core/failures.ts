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

export type Failure = (typeof failures)[keyof typeof failures];
