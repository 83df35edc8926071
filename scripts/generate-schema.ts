/** Writes the JSON Schemas that editors use for persona and suite files. `--check` only says whether they are up to date. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { Suite } from '../core/evaluation.ts';
import { Persona } from '../core/persona.ts';

const folder = join(import.meta.dirname, '..', 'configs', 'schema');
const schemas = { persona: Persona, suite: Suite };
const check = process.argv.includes('--check');

mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(schemas)) {
  const file = join(folder, `${name}.schema.json`);
  // draft-07, because that is what editors' YAML support knows best; `input`, because people leave defaults out.
  const wanted = `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }), null, 2)}\n`;
  if (!check) {
    writeFileSync(file, wanted);
    continue;
  }
  let written = '';
  try {
    written = readFileSync(file, 'utf8');
  } catch {
    written = '';
  }
  if (written !== wanted) {
    console.error(`configs/schema/${name}.schema.json is not what core/ says. Run: node scripts/generate-schema.ts`);
    process.exitCode = 1;
  }
}
