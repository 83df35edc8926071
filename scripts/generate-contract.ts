/**
 * Writes trainer-py/contract.py: the zod schemas that cross to Python, as Pydantic models.
 * `node scripts/generate-contract.ts --check` changes nothing and fails where the file is not what would be written.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { trainer } from '../core/activities.ts';
import { Digest, FolderListing, folderMediaType } from '../core/artifact.ts';
import { Category, DatasetRow } from '../core/dataset.ts';
import { Contender, LikelihoodRow, Metric } from '../core/evaluation.ts';
import { failures } from '../core/failures.ts';
import { Quantization, Sample } from '../core/model.ts';

type Schema = {
  $ref?: string;
  $defs?: Record<string, Schema>;
  id?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  description?: string;
  pattern?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  minItems?: number;
  minLength?: number;
};

const files = { FolderListing, DatasetRow, Sample, LikelihoodRow };
const scalars = { Digest, Category, Contender, Metric, Quantization };

const jsonSchemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'output' }) as Schema;
const snake = (name: string) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
const pascal = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const quoted = (text: unknown) => JSON.stringify(text);
const shapeOf = ({ description: _, ...schema }: Schema) => JSON.stringify(schema);

/** The Pydantic constraints of a schema, as arguments of `Field`. */
function constraintsOf(schema: Schema): string[] {
  const isInt = schema.type === 'integer';
  const safe = (limit: number | undefined) => isInt && Math.abs(limit ?? 0) === Number.MAX_SAFE_INTEGER; // said by `Int`
  const number = (value: number) => (isInt || !Number.isInteger(value) ? String(value) : `${value}.0`);
  return [
    ...(schema.minimum !== undefined && !safe(schema.minimum) ? [`ge=${number(schema.minimum)}`] : []),
    ...(schema.exclusiveMinimum !== undefined ? [`gt=${number(schema.exclusiveMinimum)}`] : []),
    ...(schema.maximum !== undefined && !safe(schema.maximum) ? [`le=${number(schema.maximum)}`] : []),
    ...(schema.exclusiveMaximum !== undefined ? [`lt=${number(schema.exclusiveMaximum)}`] : []),
    ...(schema.pattern !== undefined ? [`pattern=r"${schema.pattern}"`] : []),
    ...(schema.minItems !== undefined ? [`min_length=${schema.minItems}`] : []),
    ...(schema.minLength !== undefined ? [`min_length=${schema.minLength}`] : []),
  ];
}

/** Turns JSON Schemas into Python classes, each written after those it uses. */
class Module {
  readonly classes = new Map<string, string>();
  private readonly definitions = new Map<string, Schema>();
  private readonly named: Map<string, string>;

  constructor() {
    this.named = new Map(Object.entries(scalars).map(([name, schema]) => [shapeOf(this.plain(jsonSchemaOf(schema))), name]));
  }

  add(schema: z.ZodType, name?: string): string {
    const root = jsonSchemaOf(schema);
    for (const [key, definition] of Object.entries(root.$defs ?? {})) this.definitions.set(key, definition);
    return this.typeOf(name === undefined || root.$ref ? root : { ...root, id: name }, name ?? '');
  }

  private plain(schema: Schema): Schema {
    const { $schema: _, ...rest } = schema as Schema & { $schema?: string };
    return rest;
  }

  /** The Python type of a value. `place` names a class for an object that has no name of its own. */
  typeOf(schema: Schema, place: string): string {
    if (schema.$ref) return this.referenced(schema.$ref.replace('#/$defs/', ''));
    const known = this.named.get(shapeOf(this.plain(schema)));
    if (known) return known;
    const alternatives = schema.anyOf ?? schema.oneOf;
    if (alternatives) return alternatives.map((each) => this.typeOf(each, place)).join(' | ');
    if (schema.const !== undefined) return `Literal[${quoted(schema.const)}]`;
    if (schema.enum) return `Literal[${schema.enum.map(quoted).join(', ')}]`;
    if (Array.isArray(schema.type)) return schema.type.map((type) => this.typeOf({ ...schema, type }, place)).join(' | ');
    const constrained = (type: string) => {
      const constraints = constraintsOf(schema);
      return constraints.length === 0 ? type : `Annotated[${type}, Field(${constraints.join(', ')})]`;
    };
    switch (schema.type) {
      case 'null':
        return 'None';
      case 'string':
        return constrained('str');
      case 'boolean':
        return 'bool';
      case 'integer':
        return constrained('Int');
      case 'number':
        return constrained('Number');
      case 'array':
        return constrained(`list[${this.typeOf(schema.items ?? {}, place.replace(/s$/, ''))}]`);
      case 'object':
        if (schema.properties) return this.classOf(schema, place);
        return `dict[${this.typeOf(schema.propertyNames ?? { type: 'string' }, place)}, ${this.typeOf(schema.additionalProperties as Schema, place.replace(/s$/, ''))}]`;
      default:
        throw new Error(`${place}: no Python type for ${JSON.stringify(schema)}`);
    }
  }

  private referenced(name: string): string {
    const definition = this.definitions.get(name);
    if (!definition) throw new Error(`${name} is referred to and not defined`);
    return definition.properties ? this.classOf(definition, name) : this.typeOf(definition, name);
  }

  private classOf(schema: Schema, name: string): string {
    if (this.classes.has(name)) return name;
    const fields = Object.entries(schema.properties ?? {}).map(([key, field]) => {
      const type = this.typeOf(field, name + pascal(key));
      const given = schema.required?.includes(key) ?? false;
      return [`    ${this.field(key, type, given)}`, ...(field.description ? [`    ${docstring(field.description)}`] : [])].join('\n');
    });
    this.classes.set(
      name,
      `class ${name}(Contract):\n${[...(schema.description ? [`    ${docstring(schema.description)}\n`] : []), ...fields].join('\n')}\n`,
    );
    return name;
  }

  /** Null and absent are two things: a nullable field must be there, an optional one is left out of what is written. */
  private field(key: string, type: string, given: boolean): string {
    const name = snake(key);
    const alias = name === key ? [] : [`alias=${quoted(key)}`];
    const nullable = / \| None$/.test(type);
    const finite = nullable && type.includes('Number') ? `Annotated[${type}, BeforeValidator(none_if_not_finite)]` : type;
    if (given) return `${name}: ${finite}${alias.length ? ` = Field(${alias})` : ''}`;
    if (nullable) throw new Error(`${key} is both optional and nullable: say which`);
    return `${name}: Annotated[${type} | None, BeforeValidator(not_null)] = Field(${['default=None', ...alias, 'exclude_if=is_none'].join(', ')})`;
  }
}

const docstring = (text: string) => `"""${text.replaceAll('\\', '\\\\')}"""`;

/** The text of trainer-py/contract.py. */
export function contract(): string {
  const module = new Module();
  for (const { input, output } of Object.values(trainer)) {
    module.add(input);
    module.add(output);
  }
  for (const [name, schema] of Object.entries(files)) module.add(schema, name);
  const constant = (name: string, value: string) => `    ${snake(name).toUpperCase()} = ${quoted(value)}`;
  const scalar = ([name, schema]: [string, z.ZodType]) => {
    const plain = jsonSchemaOf(schema);
    return `${name} = ${plain.enum ? `Literal[${plain.enum.map(quoted).join(', ')}]` : `Annotated[str, Field(${constraintsOf(plain).join(', ')})]`}`;
  };
  return `"""What crosses between the workflows and the trainer. Written by scripts/generate-contract.ts from core/: do not edit."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel as PydanticModel
from pydantic import BeforeValidator, ConfigDict, Field

FOLDER_MEDIA_TYPE = ${quoted(folderMediaType)}


class Failure(StrEnum):
    """Failures that no retry can cure."""

${Object.entries(failures)
  .map(([name, value]) => constant(name, value))
  .join('\n')}


class ActivityName(StrEnum):
${Object.entries(trainer)
  .map(([name, { name: value }]) => constant(name, value))
  .join('\n')}


def none_if_not_finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def not_null(value: Any) -> Any:
    if value is None:
        raise ValueError("leave it out instead of giving null")
    return value


def is_none(value: Any) -> bool:
    return value is None


class Contract(PydanticModel):
    """snake_case in Python, camelCase in JSON; unknown keys and wrong types are refused, as zod refuses them."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True, protected_namespaces=()
    )


Int = Annotated[int, Field(ge=${Number.MIN_SAFE_INTEGER}, le=${Number.MAX_SAFE_INTEGER})]
Number = Annotated[float, Field(allow_inf_nan=False)]
${Object.entries(scalars).map(scalar).join('\n')}

I = TypeVar("I")  # noqa: E741


class StepRequest(Contract, Generic[I]):
    """What every activity of a plan is given."""

    run: str
    step: str
    key: str
    input: I


${[...module.classes.values()].join('\n\n')}`;
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '..', 'trainer-py', 'contract.py');
  const wanted = contract();
  if (!process.argv.includes('--check')) writeFileSync(path, wanted);
  else if (readFileSync(path, 'utf8') !== wanted) {
    console.error('trainer-py/contract.py is not what core/ says: run `node scripts/generate-contract.ts`');
    process.exitCode = 1;
  }
}
