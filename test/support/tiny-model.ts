import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { random } from '../../core/statistics.ts';

const specials = ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>', '<|end_of_text|>'];
const splitPattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

export const tinyTemplate =
  '{{ range .Messages }}<|start_header_id|>{{ .Role }}<|end_header_id|>\n\n{{ .Content }}<|eot_id|>{{ end }}<|start_header_id|>assistant<|end_header_id|>\n\n';

/** The 256 letters by which a byte-level tokenizer writes bytes. */
function byteLetters(): string[] {
  const plain = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(plain(byte) ? byte : next++));
}

function tokenizer(): object {
  const tokens = [...specials, ...byteLetters(), 'he'];
  return {
    version: '1.0',
    added_tokens: specials.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: splitPattern }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges: ['h e'] },
  };
}

const shape = { hidden: 256, heads: 4, keyValueHeads: 2, inner: 512, layers: 2 };

function tensors(vocabulary: number): Record<string, number[]> {
  const { hidden, heads, keyValueHeads, inner, layers } = shape;
  const narrow = (hidden / heads) * keyValueHeads;
  const found: Record<string, number[]> = { 'model.embed_tokens.weight': [vocabulary, hidden], 'model.norm.weight': [hidden] };
  for (let i = 0; i < layers; i++) {
    const layer = `model.layers.${i}`;
    for (const norm of ['input_layernorm', 'post_attention_layernorm']) found[`${layer}.${norm}.weight`] = [hidden];
    for (const name of ['q_proj', 'o_proj']) found[`${layer}.self_attn.${name}.weight`] = [hidden, hidden];
    for (const name of ['k_proj', 'v_proj']) found[`${layer}.self_attn.${name}.weight`] = [narrow, hidden];
    for (const name of ['gate_proj', 'up_proj']) found[`${layer}.mlp.${name}.weight`] = [inner, hidden];
    found[`${layer}.mlp.down_proj.weight`] = [hidden, inner];
  }
  return found;
}

/** bfloat16 is the upper half of a float32. */
function bfloat16(count: number, value: () => number): Buffer {
  const floats = new Float32Array(count).map(value);
  const halves = new Uint16Array(count);
  const bits = new Uint32Array(floats.buffer);
  for (let i = 0; i < count; i++) halves[i] = bits[i]! >>> 16;
  return Buffer.from(halves.buffer);
}

function safetensors(vocabulary: number, seed: number): Buffer {
  const next = random(seed);
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  const bodies: Buffer[] = [];
  let offset = 0;
  for (const [name, dimensions] of Object.entries(tensors(vocabulary))) {
    const count = dimensions.reduce((product, size) => product * size, 1);
    const body = bfloat16(count, dimensions.length === 1 ? () => 1 : () => (next() - 0.5) * 0.2);
    header[name] = { dtype: 'BF16', shape: dimensions, data_offsets: [offset, offset + body.length] };
    offset += body.length;
    bodies.push(body);
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, ...bodies]);
}

/** A Llama of a million random weights, in the form a merged model has. It says nonsense, and another seed other nonsense. */
export function writeTinyModel(folder: string, { seed = 1, config = {} }: { seed?: number; config?: Record<string, unknown> } = {}): void {
  const vocabulary = specials.length + 256 + 1;
  mkdirSync(folder, { recursive: true });
  const json = (name: string, value: object) => writeFileSync(join(folder, name), JSON.stringify(value));
  json('tokenizer.json', tokenizer());
  json('tokenizer_config.json', {
    bos_token: '<|begin_of_text|>',
    eos_token: '<|eot_id|>',
    add_bos_token: true,
    tokenizer_class: 'PreTrainedTokenizerFast',
  });
  json('generation_config.json', { bos_token_id: 0, eos_token_id: [3] });
  json('config.json', {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: shape.hidden,
    intermediate_size: shape.inner,
    num_hidden_layers: shape.layers,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.keyValueHeads,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-6,
    rope_theta: 500000,
    vocab_size: vocabulary,
    tie_word_embeddings: true,
    bos_token_id: 0,
    eos_token_id: 3,
    torch_dtype: 'bfloat16',
    ...config,
  });
  writeFileSync(join(folder, 'model.safetensors'), safetensors(vocabulary, seed));
}
