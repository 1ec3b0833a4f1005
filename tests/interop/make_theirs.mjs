// make_theirs.mjs COUNT SEED: makes proofs with keys of its own and prints one JSON line each:
//   {"name", "text": the proof's JSON text, "verdict": "valid" | "invalid" | "malformed", "reason"?, "policy"?}
// COUNT random valid ones, and every way to break one that the protocol names.
import { sign } from 'node:crypto';

import { makeEd25519Keys } from './keys.mjs';
import { Chance, canonical, linkHash, looseText, sha256, signedBody } from './occ1.mjs';

const [countText, seedText] = process.argv.slice(2);
const chance = new Chance(Number(seedText));
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

class Signer {
  constructor() {
    const keys = makeEd25519Keys();
    this.key = keys.privateKey;
    this.publicKeyB64 = keys.raw.toString('base64');
  }
  /** Signs the text, by default the proof's own body. */
  seal(proof, text = undefined) {
    proof.signer.publicKeyB64 = this.publicKeyB64;
    proof.signer.signatureB64 = sign(null, Buffer.from(text ?? signedBody(proof)), this.key).toString('base64');
    return proof;
  }
}

const signers = Array.from({ length: 5 }, () => new Signer());

/** Names that are allowed inside a signed body: not those that JavaScript reorders or drops. */
function signedObject() {
  const made = {};
  for (let n = chance.below(4); n >= 0; n--) {
    const name = chance.string();
    if (name !== '__proto__' && !/^(0|[1-9][0-9]*)$/.test(name)) made[name] = signedValue(2);
  }
  return made;
}

function signedValue(depth) {
  const value = chance.value(0);
  return depth > 0 && chance.next() < 0.3 ? { [`k${chance.below(9)}`]: signedValue(depth - 1), l: [value] } : value;
}

function bare() {
  return {
    version: 'occ/1',
    artifact: { hashAlg: 'sha256', digestB64: chance.bytes(32).toString('base64') },
    commit: { nonceB64: chance.bytes(32).toString('base64'), counter: '5', time: 1741496392841, epochId: sha256('e').toString('hex') },
    signer: { publicKeyB64: '', signatureB64: '' },
    environment: { enforcement: 'stub', measurement: 'stub:test' },
  };
}

const plain = (change = () => {}) => {
  const proof = bare();
  change(proof);
  return signers[0].seal(proof);
};

function randomValid() {
  const proof = bare();
  const commit = proof.commit;
  if (chance.next() < 0.2) delete commit.counter;
  else commit.counter = chance.of(['0', '1', '278', '18446744073709551616', '9'.repeat(60)]);
  if (chance.next() < 0.2) delete commit.time;
  if (chance.next() < 0.2) delete commit.epochId;
  else if (chance.next() < 0.3) commit.epochId = chance.bytes(32).toString('base64');
  if (chance.next() < 0.5) commit.prevB64 = chance.bytes(32).toString('base64');
  if (chance.next() < 0.2) commit[`x${chance.below(100)}`] = signedValue(2);
  proof.environment.enforcement = chance.of(['stub', 'hw-key', 'measured-tee']);
  proof.environment.measurement = chance.of(['ab'.repeat(48), 'stub:x', `m${chance.below(1000)}`]);
  if (chance.next() < 0.3) proof.attribution = { name: 'Jane', message: `m ${chance.below(100)} \u20ac` };
  if (chance.next() < 0.7) proof.metadata = { a: 1, ...chance.object(4) };
  if (chance.next() < 0.1) proof[`unheard${chance.below(9)}`] = signedValue(1);
  return chance.of(signers).seal(proof);
}

function print(name, text, verdict, more = {}) {
  console.log(JSON.stringify({ name, text, verdict, ...more }));
}
const valid = (name, proof, more) => print(name, canonical(proof), 'valid', more);
const invalid = (name, proof, reason, more) => print(name, canonical(proof), 'invalid', { ...(reason ? { reason } : {}), ...more });

const BAD_SIGNATURE = 'signature verification failed';

function littleEndian(number) {
  return Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
}

function breakSignatures() {
  const good = plain();
  valid('plain', good);
  const raw = Buffer.from(good.signer.signatureB64, 'base64');
  for (let bit = 0; bit < 512; bit += 13) {
    const flipped = Buffer.from(raw);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    invalid(`signature bit ${bit}`, { ...good, signer: { ...good.signer, signatureB64: flipped.toString('base64') } }, BAD_SIGNATURE);
  }
  const s = BigInt(`0x${Buffer.from(raw.subarray(32)).reverse().toString('hex')}`);
  const malleated = Buffer.concat([raw.subarray(0, 32), littleEndian(s + L)]);
  invalid('S + L', { ...good, signer: { ...good.signer, signatureB64: malleated.toString('base64') } }, BAD_SIGNATURE);
  const zero = { publicKeyB64: Buffer.alloc(32).toString('base64'), signatureB64: Buffer.alloc(64).toString('base64') };
  invalid('all-zero key and signature', { ...good, signer: zero }, BAD_SIGNATURE);
  const identity = Buffer.from([1, ...new Array(31).fill(0)]);
  invalid('identity key and R, S = 0', { ...good, signer: { publicKeyB64: identity.toString('base64'), signatureB64: Buffer.concat([identity, Buffer.alloc(32)]).toString('base64') } }, BAD_SIGNATURE);
  for (const hex of ['c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', '0100000000000000000000000000000000000000000000000000000000000080']) {
    const point = Buffer.from(hex, 'hex');
    invalid(`small order ${hex.slice(0, 8)}`, { ...good, signer: { publicKeyB64: point.toString('base64'), signatureB64: Buffer.concat([point, Buffer.alloc(32)]).toString('base64') } }, BAD_SIGNATURE);
  }
  invalid("another's key", { ...good, signer: { ...good.signer, publicKeyB64: signers[1].publicKeyB64 } }, BAD_SIGNATURE);
}

function breakBodies() {
  const change = (name, edit) => {
    const proof = structuredClone(plain((p) => { p.attribution = { name: 'Jane' }; p.commit.prevB64 = chance.bytes(32).toString('base64'); p.commit.extra = { a: [1, 2] }; }));
    edit(proof);
    invalid(`changed ${name}`, proof, BAD_SIGNATURE);
  };
  change('digest', (p) => { p.artifact.digestB64 = chance.bytes(32).toString('base64'); });
  change('nonce', (p) => { p.commit.nonceB64 = chance.bytes(32).toString('base64'); });
  change('counter', (p) => { p.commit.counter = '6'; });
  change('no counter', (p) => { delete p.commit.counter; });
  change('time', (p) => { p.commit.time += 1; });
  change('prev', (p) => { p.commit.prevB64 = chance.bytes(32).toString('base64'); });
  change('no prev', (p) => { delete p.commit.prevB64; });
  change('epoch', (p) => { p.commit.epochId = 'x'; });
  change('commit extra', (p) => { p.commit.extra.a[1] = 3; });
  change('commit addition', (p) => { p.commit.more = 1; });
  change('enforcement', (p) => { p.environment.enforcement = 'hw-key'; });
  change('measurement', (p) => { p.environment.measurement += 'x'; });
  change('attribution', (p) => { p.attribution.name = 'June'; });
  change('no attribution', (p) => { delete p.attribution; });
  change('an added principal', (p) => { p.principal = { id: 'u1' }; });
  change('an added policy', (p) => { p.policy = { name: 'P' }; });
  const body = bare();
  const insertion = JSON.stringify({ version: body.version, artifact: body.artifact, commit: body.commit, publicKeyB64: signers[0].publicKeyB64, enforcement: 'stub', measurement: 'stub:test' });
  invalid('signed in insertion order', signers[0].seal(structuredClone(body), insertion), BAD_SIGNATURE);
  body.signer.publicKeyB64 = signers[0].publicKeyB64;
  const short = JSON.parse(signedBody(body));
  delete short.enforcement;
  invalid('signed without enforcement', signers[0].seal(structuredClone(body), canonical(short)), BAD_SIGNATURE);
  const free = plain((p) => { p.metadata = { a: 1 }; });
  free.metadata.a = 2;
  valid('metadata is not signed', free);
}

function breakStructures() {
  const structure = (name, edit) => invalid(`structure: ${name}`, plain(edit));
  structure('version 2', (p) => { p.version = 'occ/2'; });
  structure('version number', (p) => { p.version = 1; });
  for (const path of ['version', 'artifact', 'artifact.hashAlg', 'artifact.digestB64', 'commit', 'commit.nonceB64', 'environment', 'environment.enforcement', 'environment.measurement', 'signer', 'signer.publicKeyB64', 'signer.signatureB64']) {
    for (const [how, value] of [['missing', undefined], ['null', null], ['number', 5], ['array', []], ['true', true]]) {
      const proof = structuredClone(plain());
      const names = path.split('.');
      const owner = names.length === 2 ? proof[names[0]] : proof;
      if (value === undefined) delete owner[names.at(-1)];
      else owner[names.at(-1)] = value;
      invalid(`structure: ${path} ${how}`, proof);
    }
  }
  for (const counter of ['', '01', '-1', '+1', '1e3', ' 1', '1 ', '0x1', '1.0', 1, null]) structure(`counter ${JSON.stringify(counter)}`, (p) => { p.commit.counter = counter; });
  for (const time of ['1741496392841', null, true, [], {}]) structure(`time ${JSON.stringify(time)}`, (p) => { p.commit.time = time; });
  for (const [name, value] of [['31 bytes', Buffer.alloc(31).toString('base64')], ['33 bytes', Buffer.alloc(33).toString('base64')], ['empty', ''], ['no padding', Buffer.alloc(32).toString('base64').slice(0, -1)],
    ['url-safe', `_${Buffer.alloc(32).toString('base64').slice(1)}`], ['trailing bits', `${Buffer.alloc(32).toString('base64').slice(0, -2)}B=`], ['blank', ` ${Buffer.alloc(32).toString('base64')}`], ['line end', `${Buffer.alloc(32).toString('base64')}\n`]]) {
    structure(`digest ${name}`, (p) => { p.artifact.digestB64 = value; });
    // A nonce of another length is another boundary's choice.
    if (!name.endsWith('bytes')) structure(`nonce ${name}`, (p) => { p.commit.nonceB64 = value; });
    structure(`prev ${name}`, (p) => { p.commit.prevB64 = value; });
    const proof = plain();
    proof.signer = { ...proof.signer, publicKeyB64: value };
    invalid(`structure: key ${name}`, proof);
  }
  structure('hashAlg sha512', (p) => { p.artifact.hashAlg = 'sha512'; });
  structure('enforcement gold', (p) => { p.environment.enforcement = 'gold'; });
  structure('epochId null', (p) => { p.commit.epochId = null; });
  structure('metadata null', (p) => { p.metadata = null; });
  structure('metadata array', (p) => { p.metadata = []; });
  structure('agency null', (p) => { p.agency = null; });
  structure('attestation null', (p) => { p.environment.attestation = null; });
  structure('timestamps null', (p) => { p.timestamps = null; });
  // Names that a JavaScript peer would reorder or drop: two readers would hash two texts.
  for (const name of ['0', '17', '4294967294', '__proto__']) {
    const proof = bare();
    Object.defineProperty(proof.commit, name, { value: 1, enumerable: true });
    invalid(`structure: commit has a name ${name}`, signers[0].seal(proof));
    const nested = bare();
    nested.attribution = { name: 'x', deep: [Object.defineProperty({}, name, { value: 1, enumerable: true })] };
    invalid(`structure: attribution has a name ${name} inside`, signers[0].seal(nested));
  }
}

function breakTexts() {
  const text = canonical(plain());
  const malformed = (name, changed) => print(`text: ${name}`, changed, 'malformed');
  malformed('duplicate version', text.replace('"version":', '"version":"occ/1","version":'));
  malformed('duplicate counter', text.replace('"counter":', '"counter":"9","counter":'));
  malformed('duplicate by escape', text.replace('"counter":', '"c\\u006funter":"9","counter":'));
  malformed('cut', text.slice(0, -1));
  malformed('more', `${text}]`);
  malformed('lone surrogate', text.replace('stub:test', 'stub:\\ud800'));
  malformed('integer that a double changes', text.replace('1741496392841', '17414963928410000001'));
  malformed('number beyond doubles', text.replace('1741496392841', '1e999'));
  malformed('leading zero', text.replace('1741496392841', '01741496392841'));
  malformed('plus', text.replace('1741496392841', '+1741496392841'));
  malformed('control character', text.replace('stub:test', 'stub:\ntest'));
  malformed('single quotes', text.replaceAll('"', "'"));
  print('text: blanks and other order', looseText(JSON.parse(text), chance), 'valid');
  print('text: other number text', text.replace('1741496392841', '1741496392841.0'), 'valid');
  print('text: exponent', text.replace('1741496392841', '1.741496392841e12'), 'valid');
}

function policies() {
  const proof = plain((p) => { p.commit.counter = '278'; });
  const yes = (name, policy) => valid(`policy: ${name}`, proof, { policy });
  const no = (name, policy, reason) => invalid(`policy: ${name}`, proof, reason, { policy });
  yes('empty', {});
  yes('enforcement', { requireEnforcement: 'stub' });
  no('enforcement', { requireEnforcement: 'hw-key' }, 'enforcement "stub" does not meet required "hw-key"');
  no('enforcement tee', { requireEnforcement: 'measured-tee' }, 'enforcement "stub" does not meet required "measured-tee"');
  yes('measurement', { allowedMeasurements: ['x', 'stub:test'] });
  no('measurement', { allowedMeasurements: ['x', 'stub:TEST'] }, 'measurement not in allowed set');
  no('no measurement', { allowedMeasurements: [] }, 'measurement not in allowed set');
  yes('key', { allowedPublicKeys: [proof.signer.publicKeyB64] });
  no('key', { allowedPublicKeys: [signers[1].publicKeyB64] }, 'public key not in allowed set');
  no('no key', { allowedPublicKeys: [] }, 'public key not in allowed set');
  no('attestation', { requireAttestation: true }, 'attestation required but not present');
  yes('attestation not required', { requireAttestation: false });
  no('attestation format', { requireAttestationFormat: ['aws-nitro'] });
  yes('minimum', { minCounter: '278' });
  yes('minimum as numbers, not as text', { minCounter: '99' });
  no('minimum', { minCounter: '279' }, 'counter 278 below minimum 279');
  no('minimum of any size', { minCounter: '9'.repeat(50) }, `counter 278 below minimum ${'9'.repeat(50)}`);
  yes('maximum', { maxCounter: '278' });
  no('maximum', { maxCounter: '277' }, 'counter 278 above maximum 277');
  no('maximum as numbers, not as text', { maxCounter: '99' }, 'counter 278 above maximum 99');
  yes('time', { minTime: 1741496392841, maxTime: 1741496392841 });
  no('time low', { minTime: 1741496392842 });
  no('time high', { maxTime: 1741496392840 });
  yes('epoch', { requireEpochId: true });
  no('actor', { requireActor: true });
  no('actor key', { allowedActorKeyIds: [] });
  no('actor provider', { allowedActorProviders: ['apple-secure-enclave'] });
  const empty = plain((p) => { p.commit = { nonceB64: p.commit.nonceB64 }; });
  invalid('policy: no counter', empty, 'counter required by policy but not present', { policy: { minCounter: '0' } });
  invalid('policy: no counter for maximum', empty, 'counter required by policy but not present', { policy: { maxCounter: '9' } });
  invalid('policy: no time', empty, undefined, { policy: { minTime: 0 } });
  invalid('policy: no epoch', empty, undefined, { policy: { requireEpochId: true } });
  // What a signer only says proves nothing (PROTOCOL §5).
  const claimed = plain((p) => { p.environment = { enforcement: 'measured-tee', measurement: 'ab'.repeat(48) }; });
  valid('policy: claimed tier, none asked', claimed);
  invalid('policy: claimed tier', claimed, undefined, { policy: { requireEnforcement: 'measured-tee' } });
  invalid('policy: claimed measurement', claimed, undefined, { policy: { allowedMeasurements: ['ab'.repeat(48)] } });
  valid('policy: claimed tier, key pinned', claimed, { policy: { requireEnforcement: 'measured-tee', allowedMeasurements: ['ab'.repeat(48)], allowedPublicKeys: [claimed.signer.publicKeyB64] } });
}

breakSignatures();
breakBodies();
breakStructures();
breakTexts();
policies();
let before = null;
for (let n = 0; n < Number(countText); n++) {
  const proof = randomValid();
  if (before !== null && n % 3 === 0) {
    proof.commit.prevB64 = linkHash(before);
    signers[n % 5].seal(proof);
  }
  print(`random ${n}`, chance.next() < 0.5 ? canonical(proof) : looseText(proof, chance), 'valid');
  before = proof;
}
