export { releasePersona } from './release-persona.ts';
