import { clean } from './stack.ts';

await clean({ print: console.log });
