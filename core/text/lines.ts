/** Parted by line feeds alone: `readline` also parts at signs that may stand inside a JSON string. */
export async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield line; // `yield*` would wait once more for each
  }
  yield rest;
}
