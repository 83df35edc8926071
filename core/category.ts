import { z } from 'zod';

/**
 * The kinds of rows a model is trained on: the four of a companion, `passage` (a text that somebody wrote unasked), and
 * `general`, other people's talk that is mixed in so that what the base model knows is not forgotten.
 */
export const categories = ['emotional', 'contextual', 'selfAwareness', 'knowledge', 'passage', 'general'] as const;
export const Category = z.enum(categories);
export type Category = z.infer<typeof Category>;
