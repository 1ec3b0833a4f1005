// numbers.mjs — our number text and number reading against this JavaScript engine's.
//
//   node numbers.mjs PATH/number_tool [--count 1000000] [--seed N] [--locale NAME]
//
// Text: every power of two, both neighbours of each, the same negative, every power of ten and its neighbours, and --count
// random bit patterns, against String(x). Reading: random literals of every shape, against JSON.parse; an integer literal
// that prints as another integer must be refused. Prints what was compared; exits 1 on the first few differences.
import { spawnSync } from 'node:child_process';

const [tool, ...rest] = process.argv.slice(2);
const option = (name, otherwise) => {
  const at = rest.indexOf(`--${name}`);
  return at < 0 ? otherwise : rest[at + 1];
};
if (!tool) {
  console.error('usage: node numbers.mjs NUMBER_TOOL [--count N] [--seed N] [--locale NAME]');
  process.exit(2);
}
const count = Number(option('count', '1000000'));
const seed = Number(option('seed', String(Date.now() % 2 ** 32))) >>> 0;
const locale = option('locale', 'C');

// A small generator with a printed seed, so that a failure can be repeated.
let state = seed;
const random32 = () => {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = state;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
};
const below = (n) => random32() % n;

const view = new DataView(new ArrayBuffer(8));
const fromBits = (bits) => (view.setBigUint64(0, bits), view.getFloat64(0));
const toBits = (x) => (view.setFloat64(0, x), view.getBigUint64(0));
const hex = (bits) => bits.toString(16).padStart(16, '0');

function run(mode, lines) {
  const answers = [];
  const chunk = 200000;
  for (let at = 0; at < lines.length; at += chunk) {
    const part = lines.slice(at, at + chunk);
    const done = spawnSync(tool, [mode], {
      input: part.join('\n') + '\n',
      maxBuffer: 2 ** 28,
      env: { ...process.env, LC_ALL: locale },
    });
    if (done.status !== 0) {
      console.error(`number_tool ${mode}: status ${done.status}: ${done.stderr}${done.error ?? ''}`);
      process.exit(1);
    }
    const got = done.stdout.toString().split('\n');
    got.pop();
    if (got.length !== part.length) {
      console.error(`number_tool ${mode}: ${got.length} answers to ${part.length} lines`);
      process.exit(1);
    }
    for (const line of got) answers.push(line);
  }
  return answers;
}

let wrong = 0;
function compare(kind, asked, wanted, got) {
  for (let i = 0; i < asked.length; i++) {
    if (wanted[i] === got[i]) continue;
    wrong++;
    if (wrong <= 20) console.error(`${kind} ${asked[i]}: got ${got[i]}, this engine has ${wanted[i]}`);
  }
}

// ---- text ----
function textCases() {
  const patterns = new Set();
  const around = (x) => {
    const bits = toBits(x);
    for (const near of [bits - 1n, bits, bits + 1n]) {
      if (near >= 0n && Number.isFinite(fromBits(near))) {
        patterns.add(near);
        patterns.add(near | (1n << 63n));
      }
    }
  };
  for (let e = -1074; e <= 1023; e++) around(2 ** e);
  for (let e = -323; e <= 308; e++) around(Number(`1e${e}`));
  const special = patterns.size;
  const all = [...patterns];
  while (all.length < special + count) {
    const bits = (BigInt(random32()) << 32n) | BigInt(random32());
    if (Number.isFinite(fromBits(bits))) all.push(bits);
  }
  // Random bits are seldom the numbers that people write: integers, times, prices.
  for (let i = 0; i < count / 10; i++) {
    all.push(toBits(below(2) ? random32() * 2 ** below(40) : (random32() - 2 ** 31) / 10 ** below(8)));
  }
  return { all, special };
}

const { all, special } = textCases();
compare('format', all.map(hex), all.map((bits) => String(fromBits(bits))), run('format', all.map(hex)));

// ---- reading ----
const digits = (n) => Array.from({ length: n }, () => below(10)).join('');
function literal() {
  const integer = below(4) === 0 ? '0' : String(1 + below(9)) + digits(below(below(8) === 0 ? 320 : 24));
  const zeros = below(3) === 0 && integer !== '0' ? '0'.repeat(below(12)) : '';
  const fraction = below(2) ? '.' + digits(1 + below(24)) : '';
  const exponent = below(2) ? 'eE'[below(2)] + ['', '+', '-'][below(3)] + String(below(below(2) ? 30 : 330)) : '';
  return (below(3) === 0 ? '-' : '') + integer + zeros + fraction + exponent;
}

// The integer that the engine's text of x denotes.
function printed(x) {
  const [, mantissa, fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:e\+(\d+))?$/.exec(String(x));
  return mantissa + fraction.padEnd(Number(exponent), '0');
}

function expected(text) {
  const x = JSON.parse(text);
  if (!Number.isFinite(x)) return 'refused';
  if (/^-?\d+$/.test(text) && printed(x) !== text.replace('-', '')) return 'refused';
  return hex(toBits(x));
}

const literals = Array.from({ length: Math.ceil(count / 4) }, literal);
for (let e = 0; e <= 1023; e++) {
  for (const near of [-1n, 0n, 1n]) literals.push(String(2n ** BigInt(e) + near), String(-(2n ** BigInt(e)) + near));
}
const wanted = literals.map(expected);
compare('parse', literals, wanted, run('parse', literals));

console.log(
  `seed ${seed}, locale ${locale}: ${all.length} texts (${special} of them powers and neighbours), ` +
    `${literals.length} literals (${wanted.filter((w) => w === 'refused').length} to be refused), ${wrong} differences`,
);
process.exit(wrong === 0 ? 0 : 1);
