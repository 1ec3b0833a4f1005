// Ledgers with keys of its own, good and damaged, and a judgement of their chains that shares nothing with src/audit: it
// holds every rule of docs/cli.md ("Audit") against the whole set, with no regard for speed.
//   ledgers.mjs named FOLDER             writes FOLDER/NAME.jsonl and prints one line each: {"name", "exit", "faults"}
//   ledgers.mjs random COUNT SEED FOLDER the same for COUNT random ones, most of them damaged
//   ledgers.mjs kept FOLDER              one sound ledger as a service writes it, kept.jsonl, and a stranger's proof, stranger.jsonl
// faults = [[line, kind] …], sorted.
import { sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';

import { makeEd25519Keys } from './keys.mjs';
import { Chance, canonical, isSigned, sha256, signedBody } from './occ1.mjs';

const b64 = (bytes) => bytes.toString('base64');

// ---- proofs ----

class Signer {
  constructor(epochId) {
    const keys = makeEd25519Keys();
    this.key = keys.privateKey;
    this.keyB64 = keys.raw.toString('base64');
    this.epochId = epochId;
  }
  sign(text) {
    return sign(null, Buffer.from(text), this.key).toString('base64');
  }
}

/** A proof that is valid by itself, from what is to stand in it. */
function build(plan) {
  const { signer, chainId, report, slot, from } = plan;
  const digest = sha256(`digest ${plan.artifact ?? plan.id}`);
  const nonceB64 = b64(sha256(`nonce ${plan.id}`));
  const commit = { nonceB64, epochId: signer.epochId };
  if (plan.counter !== undefined) commit.counter = plan.counter;
  if (plan.time !== undefined) commit.time = plan.time;
  if (plan.prev !== undefined) commit.prevB64 = plan.prev;
  if (chainId !== undefined) commit.chainId = chainId;
  const proof = {
    version: 'occ/1',
    artifact: { hashAlg: 'sha256', digestB64: b64(digest) },
    commit,
    signer: { publicKeyB64: signer.keyB64, signatureB64: '' },
    environment: { enforcement: 'stub', measurement: 'stub:test' },
  };
  if (report) proof.environment.attestation = { format: 'x-test', reportB64: b64(sha256(`report ${plan.id}`)) };
  if (slot !== undefined) {
    const body = { version: 'occ/slot/1', nonceB64, counter: slot, epochId: signer.epochId, publicKeyB64: signer.keyB64 };
    if (chainId !== undefined) body.chainId = chainId;
    commit.slotCounter = slot;
    commit.slotHashB64 = b64(sha256(canonical(body)));
    proof.slotAllocation = { ...body, signatureB64: signer.sign(canonical(body)) };
  }
  if (from) {
    commit.epochLink = {
      prevEpochId: from.signer.epochId, prevPublicKeyB64: from.signer.keyB64, prevCounter: from.counter,
      prevProofHashB64: from.hash, toEpochId: signer.epochId, toPublicKeyB64: signer.keyB64,
    };
  }
  if (plan.metadata) proof.metadata = plan.metadata;
  proof.signer.signatureB64 = signer.sign(signedBody(proof));
  return proof;
}

// ---- link hashes ----

/** What JSON.stringify makes of an object whose names were put in sorted. */
function inJavaScriptOrder(value) {
  if (Array.isArray(value)) return value.map(inJavaScriptOrder);
  if (value === null || typeof value !== 'object') return value;
  const made = {};
  for (const name of Object.keys(value).sort()) made[name] = inJavaScriptOrder(value[name]);
  return made;
}

/** PROTOCOL §2.2: form 0 ours, 1 older, 2 and 3 the same in JavaScript's order. */
function linkHash(proof, form) {
  const kept = structuredClone(proof);
  delete kept.timestamps;
  delete kept.proofHash;
  if (kept.environment.attestation) {
    delete kept.environment.attestation.batch;
    if (form % 2 === 0) delete kept.environment.attestation.reportB64;
  }
  return b64(sha256(form < 2 ? canonical(kept) : JSON.stringify(inJavaScriptOrder(kept))));
}

const linkHashes = (proof) => [0, 1, 2, 3].map((form) => linkHash(proof, form));

// ---- the judgement ----

function record(proof, line) {
  const { commit, signer } = proof;
  const link = commit.epochLink;
  const key = (epoch, publicKey) => JSON.stringify([epoch ?? '', publicKey, commit.chainId ?? '']);
  const value = (text) => (text === undefined ? undefined : BigInt(text));
  return {
    line,
    commit: b64(sha256(signedBody(proof))),
    chain: key(commit.epochId, signer.publicKeyB64),
    counter: value(commit.counter),
    slot: value(commit.slotCounter),
    prev: commit.prevB64,
    links: linkHashes(proof),
    from: link && { chain: key(link.prevEpochId, link.prevPublicKeyB64), counter: value(link.prevCounter), hash: link.prevProofHashB64 },
  };
}

/** The first of each commit. */
function distinct(records) {
  const seen = new Set();
  return records.filter(({ commit }) => !seen.has(commit) && seen.add(commit));
}

const later = (a, b) => Math.max(a.line, b.line);
const ascending = (list) => [...new Set(list)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
const names = (hash, records) => records.some(({ links }) => links.includes(hash));

/** One counter, two commits; copies that differ. */
function judgeCounters(chain, add) {
  for (const counter of ascending(chain.map((r) => r.counter))) {
    const here = chain.filter((r) => r.counter === counter);
    here.forEach((r, i) => {
      const same = here.slice(0, i).filter(({ commit }) => commit === r.commit);
      if (same.length > 0) {
        if (!same.some(({ links }) => links[0] === r.links[0])) add(r.line, 'altered-copy');
      } else if (i > 0) add(r.line, 'counter-twice');
    });
  }
}

/** prevB64 names the proof with the next lower counter that is there. */
function judgeLinks(chain, add) {
  for (const r of distinct(chain)) {
    const lower = ascending(chain.map(({ counter }) => counter).filter((c) => c < r.counter)).at(-1);
    if (lower === undefined) continue;
    if (r.prev === undefined) add(r.line, 'link-absent');
    else if (!names(r.prev, chain.filter(({ counter }) => counter === lower))) add(r.line, r.counter - lower > 1n ? 'proofs-missing' : 'link-broken');
  }
}

/** A slot's counter belongs to one commit and to no other proof. */
function judgeSlots(all, chain, add) {
  const claims = distinct(all).filter(({ slot }) => slot !== undefined);
  for (const slot of ascending(claims.map((r) => r.slot))) {
    const [first, ...others] = claims.filter((r) => r.slot === slot);
    const taken = chain.find(({ counter }) => counter === slot);
    if (taken) add(later(first, taken), 'slot-taken');
    for (const other of others) add(later(first, other), 'slot-twice');
  }
}

/** Epoch links name the last proof of a chain, which has no other successor. links: those from this chain. */
function judgeEpochLinks(chain, links, add) {
  const counters = ascending(links.map(({ from }) => from.counter));
  const commits = distinct(chain).sort((a, b) => (a.counter < b.counter ? -1 : a.counter > b.counter ? 1 : a.line - b.line));
  counters.forEach((counter, i) => {
    const [first, ...others] = links.filter(({ from }) => from.counter === counter);
    for (const other of others) add(later(first, other), 'two-successors');
    const next = counters[i + 1];
    const after = commits.find((r) => r.counter > counter && (next === undefined || r.counter <= next));
    const here = chain.filter((r) => r.counter === counter);
    if (here.length > 0 && !names(first.from.hash, here)) add(first.line, 'epoch-link-broken');
    if (after) add(later(first, after), 'goes-on');
    else if (next !== undefined) add(later(first, links.find(({ from }) => from.counter === next)), 'two-successors');
    else if (here.length === 0 && chain.length > 0) add(first.line, 'proofs-missing');
  });
}

/** Two commits that name one predecessor, where the rules above have not told it. */
function judgeSuccessors(records, add) {
  const claims = records.flatMap((r) => [
    ...(r.prev === undefined ? [] : [{ ...r, names: r.prev, of: r.chain, isLink: false }]),
    ...(r.from ? [{ ...r, names: r.from.hash, of: r.from.chain, isLink: true }] : []),
  ]);
  for (const hash of new Set(claims.map((c) => c.names))) {
    const [first, ...others] = claims.filter((c) => c.names === hash);
    for (const other of others) {
      const told = first.of === other.of && (first.isLink || other.isLink || (first.counter !== undefined && first.counter === other.counter));
      if (other.commit !== first.commit && !told) add(other.line, 'two-successors');
    }
  }
}

function judge(lines) {
  const faults = [];
  const add = (line, kind) => faults.push([line, kind]);
  const records = [];
  lines.forEach((text, i) => {
    let proof;
    try {
      proof = JSON.parse(text);
    } catch {
      add(i + 1, 'malformed');
      return;
    }
    const { commit } = proof;
    if (!isSigned(proof)) add(i + 1, 'not-valid');
    else {
      records.push(record(proof, i + 1));
      if (commit.epochLink && commit.prevB64) add(i + 1, 'not-valid'); // refused by itself, and still in its chain
    }
  });
  const keys = new Set(records.flatMap((r) => [r.chain, ...(r.from ? [r.from.chain] : [])]));
  for (const key of keys) {
    const all = records.filter((r) => r.chain === key);
    const chain = all.filter(({ counter }) => counter !== undefined);
    judgeCounters(chain, add);
    judgeLinks(chain, add);
    judgeSlots(all, chain, add);
    judgeEpochLinks(chain, distinct(records.filter((r) => r.from?.chain === key)), add);
  }
  const copies = new Set(records.filter((r, i) => r.counter !== undefined && records.slice(0, i).some((o) => o.commit === r.commit)));
  judgeSuccessors(records.filter((r) => !copies.has(r)), add);
  faults.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0));
  return { exit: faults.some(([, kind]) => kind === 'malformed') ? 2 : faults.length > 0 ? 1 : 0, faults };
}

// ---- ledgers ----

let serial = 0;

/** A chain that grows; form = which link hash its server writes. */
class Chain {
  constructor(options = {}) {
    this.form = 0;
    this.counter = 0n;
    Object.assign(this, options);
    this.signer ??= new Signer(b64(sha256(`epoch ${serial++}`)));
    this.plans = [];
  }
  /** The plan of the next proof; skip counters are used up before it. */
  next(more = {}) {
    const { skip = 0n, ...rest } = more;
    this.counter += 1n + skip;
    const before = this.plans.at(-1);
    const plan = { id: serial++, signer: this.signer, chainId: this.chainId, counter: String(this.counter), time: 1700000000000 + serial, ...rest };
    if (before) plan.prev = linkHash(build(before), this.form);
    else if (this.from) plan.from = this.from;
    this.plans.push(plan);
    return plan;
  }
  grow(count, more) {
    return Array.from({ length: count }, () => this.next(more));
  }
  /** The chain of the epoch after this one. */
  successor(options = {}) {
    const last = this.plans.at(-1);
    return new Chain({ form: this.form, chainId: this.chainId, counter: this.counter, from: { signer: this.signer, counter: last.counter, hash: linkHash(build(last), this.form) }, ...options });
  }
}

const text = (plan) => plan.text ?? canonical(build(plan));

function write(folder, name, plans) {
  const lines = plans.map(text);
  writeFileSync(`${folder}/${name}.jsonl`, lines.map((line) => `${line}\n`).join(''));
  console.log(JSON.stringify({ name, ...judge(lines) }));
}

function named(folder) {
  const put = (name, plans) => write(folder, name, plans);
  const chain = new Chain();
  const good = chain.grow(12);
  put('good', good);
  const next = chain.successor();
  const more = next.grow(5);
  put('two-epochs', [...good, ...more]);
  put('second-epoch-alone', more);
  put('second-epoch-first', [...more, ...good]);
  put('old-epoch-cut', [...good.slice(0, -1), ...more]);
  put('dropped', good.filter((_, i) => i !== 5));
  put('doubled', [...good, good[3]]);
  put('swapped', [...good.slice(0, 4), good[5], good[4], ...good.slice(6)]);
  put('from-the-middle', good.slice(4));
  put('changed', good.map((plan, i) => (i === 6 ? { text: text(plan).replace(/"nonceB64":"./, '"nonceB64":"/') } : plan)));
  put('metadata-changed', good.map((plan, i) => (i === 6 ? { ...plan, metadata: { added: 1 } } : plan)));
  put('cut', good.map((plan, i) => (i === 6 ? { text: text(plan).slice(0, -1) } : plan)));
  put('fork', [...good, { ...good[7], id: serial++ }]);
  const branch = new Chain({ signer: chain.signer, counter: 8n });
  branch.plans = good.slice(0, 8);
  put('fork-that-goes-on', [...good, ...branch.grow(3)]);
  put('two-epochs-from-one', [...good, ...more, ...chain.successor().grow(2)]);
  put('old-epoch-goes-on', [...good, ...more, chain.next()]);
  put('restarted', [...good.slice(0, 6), { ...good[6], prev: undefined }, ...good.slice(7)]);
  const slots = new Chain();
  put('slots', [slots.next({ slot: '1', skip: 1n }), ...slots.grow(2), slots.next({ skip: 3n, slot: '6' }), slots.next({ slot: '5' }), slots.next()]);
  put('slot-twice', [...slots.plans, slots.next({ slot: '5' })]);
  const older = new Chain({ form: 1 });
  put('older', older.grow(6, { report: true }));
  const javascript = new Chain({ form: 2 });
  put('javascript', javascript.grow(6, { metadata: JSON.parse('{"b":1,"10":2,"9":{"z":1,"0":2},"a":[{"x":1,"7":2}]}') }));
  const both = new Chain({ form: 3 });
  put('older-javascript', both.grow(6, { report: true, metadata: JSON.parse('{"b":1,"10":2,"__proto__":{"q":1}}') }));
  const large = new Chain({ counter: 10n ** 40n });
  put('large-counters', large.grow(5, { skip: 10n ** 30n }));
  put('no-counter', [...good, { id: serial++, signer: chain.signer, prev: good[2].prev }]);
}

/** Three epochs, two chains that take turns, slots, one artifact over and over, names in many scripts. */
function kept(folder) {
  let main = new Chain();
  let side = new Chain({ signer: main.signer, chainId: 'eu:1' });
  const plans = [];
  for (let epoch = 0; epoch < 3; epoch++) {
    if (epoch > 0) {
      main = main.successor();
      side = side.successor({ signer: main.signer });
    }
    for (let n = 0; n < 10; n++) {
      plans.push(main.next(n === 4 ? { skip: 1n, slot: String(main.counter + 1n) } : { artifact: n % 3 === 0 ? 'again' : undefined }));
      if (n % 2 === 0) plans.push(side.next({ metadata: { 'имя': '写真 \u{1f4f7}\u0001\u2028', n: n / 8, 10: [null, true, -0.5e-7] } }));
    }
  }
  write(folder, 'kept', plans);
  const stranger = new Chain({ signer: new Signer(main.signer.epochId) });
  stranger.grow(1);
  write(folder, 'stranger', [{ ...stranger.plans[0], counter: main.plans[5].counter, prev: main.plans[5].prev }]);
}

// ---- random ledgers ----

function grown(chance) {
  const chains = [];
  const live = Array.from({ length: 1 + chance.below(3) }, (_, i) => new Chain({ form: chance.of([0, 0, 1, 2, 3]), chainId: i === 0 ? undefined : `c${i}` }));
  chains.push(...live);
  const plans = [];
  const open = new Map();
  for (let n = 2 + chance.below(24); n > 0; n--) {
    const at = chance.below(live.length);
    if (live[at].plans.length > 0 && chance.below(12) === 0) live[at] = live[at].successor();
    const chain = live[at];
    const more = { skip: chance.below(4) === 0 ? BigInt(1 + chance.below(2)) : 0n };
    const waiting = open.get(chain) ?? [];
    for (let i = 1n; i <= more.skip; i++) waiting.push(String(chain.counter + i));
    open.set(chain, waiting);
    if (waiting.length > 0 && chance.below(2) === 0) more.slot = waiting.splice(chance.below(waiting.length), 1)[0];
    if (chance.below(3) === 0) more.report = true;
    if (chance.below(3) === 0) more.metadata = { [chance.of(['7', 'b', '10', '__proto_'])]: chance.below(5), a: { z: 1, 3: [{ y: 1, 2: 0 }] } };
    plans.push(chain.next(more));
  }
  return plans;
}

const damages = [
  (plans, at) => plans.splice(at, 1),
  (plans, at, chance) => plans.splice(chance.below(plans.length), 0, plans[at]),
  (plans, at, chance) => plans.splice(chance.below(plans.length + 1), 0, { ...plans[at], id: serial++ }),
  (plans, at, chance) => plans.push(...plans.splice(at, 1 + chance.below(3))),
  (plans, at, chance) => { plans[at] = { ...plans[at], metadata: { changed: chance.below(3) } }; },
  (plans, at, chance) => { plans[at] = { ...plans[at], prev: chance.of([undefined, b64(sha256('x')), plans[chance.below(plans.length)].prev]) }; },
  (plans, at, chance) => { if (plans[at].counter) plans[at] = { ...plans[at], counter: String(BigInt(plans[at].counter) + BigInt(1 + chance.below(3))) }; },
  (plans, at) => { plans[at] = { ...plans[at], counter: undefined, slot: undefined }; },
  (plans, at, chance) => { if (Number(plans[at].counter) > 1) plans[at] = { ...plans[at], slot: String(1 + chance.below(Number(plans[at].counter) - 1)) }; },
  (plans, at, chance) => {
    const last = plans[chance.below(plans.length)];
    const link = { signer: last.signer, counter: last.counter ?? '1', hash: linkHash(build(last), 0) };
    if (chance.below(3) === 0) link.hash = b64(sha256('y'));
    if (chance.below(4) === 0) link.counter = String(BigInt(link.counter) + 1n);
    const chain = new Chain({ chainId: last.chainId, counter: BigInt(link.counter), from: link });
    plans.splice(chance.below(plans.length + 1), 0, chain.next(), ...(chance.below(2) === 0 ? [chain.next()] : []));
  },
  (plans, at, chance) => { const whole = text(plans[at]); plans[at] = { ...plans[at], text: whole.replace(/"signatureB64":"(.)/, (_, c) => `"signatureB64":"${c === 'A' ? 'B' : 'A'}`) }; },
  (plans, at, chance) => { const whole = text(plans[at]); plans[at] = { ...plans[at], text: whole.slice(0, 1 + chance.below(whole.length - 1)) }; },
  (plans, at, chance) => plans.sort(() => chance.next() - 0.5),
];

function random(count, seed, folder) {
  const chance = new Chance(seed);
  for (let n = 0; n < count; n++) {
    const plans = grown(chance);
    for (let i = chance.below(5); i > 0 && plans.length > 0; i--) chance.of(damages)(plans, chance.below(plans.length), chance);
    if (plans.length > 0) write(folder, `random-${n}`, plans);
  }
}

const [mode, ...words] = process.argv.slice(2);
if (mode === 'named') named(words[0]);
else if (mode === 'kept') kept(words[0]);
else random(Number(words[0]), Number(words[1]), words[2]);
