import type { SourceRow } from '../source-row.ts';
import { clean } from '../text/clean.ts';
import { lettersByLanguage } from '../text/language.ts';
import { hasCard, hasEmail, hasNationalId, hasPhone, hasSecret } from './private.ts';
import { isBase64, isCode, isLooping, isMostlyMarkup, isWordless } from './shape.ts';

type Rule = {
  /** Why it matters, as people read it. */
  reason: string;
  /** Puts the row aside: it never becomes part of a data set. Every other rule only marks it. */
  aside: boolean;
  finds(text: string, languages: readonly string[]): boolean;
};

/** Lengths at which storage cuts texts. */
const limits = new Set([255, 256, 500, 512, 1000, 1023, 1024, 2000, 2048, 4000, 4095, 4096, 8192, 16384, 32767, 65535]);

const boilerplate =
  /\bas an? (?:ai|artificial intelligence)(?: language)? (?:model|assistant)\b|\bas a (?:large )?language model\b|\bi(?:'m| am) (?:just |only )?an? ai language model\b|\bi(?:'m| am) sorry,? but i can(?:no|')t (?:assist|help) with that\b|\bmy knowledge cut-?off\b|ในฐานะ(?:ที่)?(?:เป็น)?(?:โมเดลภาษา|แบบจำลองภาษา|ปัญญาประดิษฐ์)/i;

/**
 * What a text says that wants to steer a model that reads it. It is data: looked for, counted, never obeyed. Every gap is
 * bounded, so that a text takes time in proportion to its length.
 */
const commands = new RegExp(
  [
    /\b(?:ignore|disregard|forget|override|bypass)\b[^.,;!?]{0,20}\b(?:previous|prior|above|earlier|preceding|foregoing|your|system|all)\b[^.,;!?]{0,30}\b(?:instruct\w*|prompts?|rules?|messages?|directions?|guidelines?|context)\b/,
    // Words that people use among themselves too: only right behind what came before.
    /\b(?:ignore|disregard|forget|override|bypass)\b[^.,;!?]{0,20}\b(?:previous|prior|above|earlier|preceding|foregoing) (?:\w{1,15} )?(?:commands?|orders|constraints?|restrictions?|training|programming)\b/,
    /\b(?:ignore|disregard|forget|override|bypass) (?:everything|anything|all|whatever)\b[^.,;!?]{0,20}\b(?:above|preceding|foregoing)\b(?! (?:the|all|everything|a|my|your|me|us)\b)/,
    /\b(?:ignore|disregard) the (?:above|preceding|foregoing) (?:text|and)\b/,
    /\b(?:reveal|print|repeat|show)\b.{0,20}\b(?:system|hidden|initial) (?:prompt|instructions?|message)\b/,
    /\byou are now (?:in )?(?:dan|developer mode|jailbroken|unrestricted)\b/,
    /\b(?:begin|end|new) (?:of )?system (?:prompt|message|instructions?)\b/,
    /<\|?(?:im_start|im_end|system|start_header_id|eot_id)\|?>|\[\/?INST\]|<<\/?SYS>>/,
    /\b(?:attention|note|message|instructions?)\b.{0,12}\b(?:to|for) (?:the |any |all )?(?:ai|a\.i\.|llm|language model|assistant|model|grader|judge)s?\b/,
    /\battention,? (?:all )?(?:ais?|llms?|language models?|graders?|judges?|assistants?)\b/,
    /\b(?:answer|respond|reply|rate|score)\b.{0,20}\b(?:10|ten|highest|perfect|full marks)\b.{0,30}\b(?:regardless|no matter|always|only)\b/,
    /(?:เพิกเฉย|ละเว้น|ไม่ต้องสนใจ|ไม่สนใจ|อย่าสนใจ|ลืม|ข้าม).{0,20}(?:คำสั่ง|คําสั่ง|กฎ|ข้อความ|พรอมต์|พรอมท์|คำแนะนำ|คําแนะนํา).{0,20}(?:ก่อนหน้า|ข้างต้น|ด้านบน|ทั้งหมด|เดิม|ที่ผ่านมา|ระบบ)/,
    /(?:เปิดเผย|แสดง|บอก).{0,20}(?:พรอมต์|พรอมท์|คำสั่ง|คําสั่ง)(?:ของ)?ระบบ/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);

/** As one line: documents and mails wrap theirs anywhere, within a word too, and quote them. */
const unwrapped = (text: string): string =>
  /[^\S ]| {2}/.test(text)
    ? text
        .replace(/-\r?\n[>\s]*/g, '')
        .replace(/\n[>\s]*/g, ' ')
        .replace(/\s+/g, ' ')
    : text;

/** Every rule by its id. The ids are in reports, in the books and in `data rows --flag`. */
export const rules = {
  damaged: {
    reason: 'Characters were lost, or it was decoded with the wrong table: nobody said this.',
    aside: true,
    finds: (text) => clean(text).damaged !== undefined,
  },
  loop: { reason: 'The same few characters or words over and over, for more than 200 characters.', aside: true, finds: isLooping },
  base64: { reason: 'A file or a key written as letters, not words.', aside: true, finds: isBase64 },
  boilerplate: {
    reason: "A phrase of a language model's template, not of a person.",
    aside: true,
    finds: (text) => boilerplate.test(text),
  },
  secret: { reason: 'A key, a token or a password: a model could learn it by heart and tell it.', aside: true, finds: hasSecret },
  injection: {
    reason: 'Addresses a machine that reads it. It is data like any other text, and nothing here obeys it.',
    aside: false,
    finds: (text) => text.length >= 8 && commands.test(unwrapped(text)),
  },
  wordless: { reason: 'More than 40 characters without a letter or a digit.', aside: false, finds: isWordless },
  markup: { reason: 'Mostly addresses or markup.', aside: false, finds: isMostlyMarkup },
  code: { reason: 'Mostly program code.', aside: false, finds: isCode },
  language: {
    reason: 'Mostly letters of a language that the persona does not declare.',
    aside: false,
    finds: (text, languages) => {
      if (languages.length === 0) return false;
      const letters = lettersByLanguage(text, languages);
      const all = Object.values(letters).reduce((sum, count) => sum + count, 0);
      return all >= 20 && (letters.other ?? 0) / all >= 0.5;
    },
  },
  phone: { reason: 'What looks like a telephone number.', aside: false, finds: hasPhone },
  email: { reason: 'What looks like an e-mail address.', aside: false, finds: hasEmail },
  card: { reason: 'A number that passes the check of payment cards.', aside: false, finds: hasCard },
  nationalId: { reason: 'What looks like a national identity number.', aside: false, finds: hasNationalId },
  truncated: {
    reason: 'Exactly as long as a storage limit, and without an end.',
    aside: false,
    finds: (text) => limits.has(text.length) && !/[\p{P}\p{Extended_Pictographic}\s]$/u.test(text),
  },
} satisfies Record<string, Rule>;

export type RuleId = keyof typeof rules;
export const ruleIds = Object.keys(rules) as RuleId[];

/** Rules that tell of somebody in particular. They mark and remove nothing: whose words these are has consented. */
export const personal: readonly RuleId[] = ['phone', 'email', 'card', 'nationalId'];

const notWords = new Set(['table', 'source', 'id', 'at', 'consent', 'conversation', 'language', 'speaker', 'author']);

/** Every text of a source row: what somebody said or wrote, not what it is filed under. */
export const textsOf = (row: SourceRow): [field: string, text: string][] =>
  Object.entries(row).flatMap(([field, value]): [string, string][] =>
    typeof value === 'string' && !notWords.has(field) && value !== '' ? [[field, value]] : [],
  );

/**
 * The rules that a text breaks. Short replies, emoji, "555" and silence break none: they are how people talk. The same
 * text gives the same rules on every machine.
 */
export function rulesBroken(text: string, languages: readonly string[]): RuleId[] {
  const { text: seen } = clean(text); // nothing hides behind characters that nobody sees
  return ruleIds.filter((id) => (rules[id] as Rule).finds(id === 'damaged' ? text : seen, languages));
}

/** The same of all texts of a row together. */
export function rulesBrokenBy(row: SourceRow, languages: readonly string[]): RuleId[] {
  const [first, ...more] = textsOf(row).map(([, text]) => rulesBroken(text, languages));
  return more.length === 0 ? (first ?? []) : ruleIds.filter((id) => first?.includes(id) || more.some((broken) => broken.includes(id)));
}

const unwantedIds = ruleIds.filter((id) => rules[id].aside && id !== 'damaged');

/** Why a text that is whole must not become part of a data set. */
export const unwanted = (text: string): RuleId | undefined =>
  text.length < 16 ? undefined : unwantedIds.find((id) => (rules[id] as Rule).finds(text, []));

/** The first rule that puts a row aside, where one does. */
export const asideBecause = (broken: readonly RuleId[]): RuleId | undefined => broken.find((id) => rules[id].aside);
