// node stream-json.mjs FILE: reads lines of JSON as fast as Node can: the pieces of a line are kept in a list, and each line is parsed.
import { createReadStream, statSync } from 'node:fs';

const [path] = process.argv.slice(2);
const from = performance.now();
let pieces = [];
let texts = 0;
for await (const chunk of createReadStream(path, { highWaterMark: 1 << 16 })) {
  let begin = 0;
  for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, begin)) {
    pieces.push(chunk.subarray(begin, end));
    const { message } = JSON.parse(pieces.length === 1 ? pieces[0].toString() : Buffer.concat(pieces).toString());
    texts += message.content.length;
    pieces = [];
    begin = end + 1;
  }
  if (begin < chunk.length) pieces.push(chunk.subarray(begin));
}
const seconds = (performance.now() - from) / 1_000;
console.log(JSON.stringify({ mbPerSecond: statSync(path).size / 1e6 / seconds, peakMb: process.resourceUsage().maxRSS / 1024, texts }));
