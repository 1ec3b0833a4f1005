// make.mjs FOLDER: writes the conformance cases: verify.jsonl, encodings.jsonl and the roots that they name. README.md beside it says
// what they mean. The same bytes every time. What is expected stands here, by PROTOCOL.md; no verifier was asked.
import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { auditPath, derInteger, hex, sequence, subtree } from '../interop/encoders.mjs';
import { canonical, linkHash, sha256, signedBody } from '../interop/occ1.mjs';
import { encodings } from './encodings.mjs';
import {
  CLIENT_AUTH_TOO, EcKey, EdKey, HOUR, MEASUREMENT, NOW, PCRS, b64, bytesOf, makeAuthority, makeDocument, makePath, makeRoot, makeToken,
} from './maker.mjs';

const cases = [];
const names = new Set();

/** text: of the proof, or {b64} for bytes that are not UTF-8. more: policy (text or value), digestB64, trust. */
function add(name, why, expected, text, more = {}) {
  if (names.has(name)) throw new Error(`two cases are called ${name}`);
  names.add(name);
  const { policy, ...rest } = more;
  cases.push({
    name, why, expected, ...(typeof text === 'string' ? { proof: text } : { proofB64: text.b64 }),
    ...(policy !== undefined && { policy: typeof policy === 'string' ? policy : JSON.stringify(policy) }), ...rest,
  });
}
/** A proof as a value; a valid one says what its proof hash is. */
function addProof(name, why, expected, proof, more = {}) {
  add(name, why, expected, canonical(proof), { ...more, ...(expected === 'valid' && { proofHash: b64(sha256(signedBody(proof))) }) });
}

// ---- proofs ----

const signer = new EdKey('the signer');
const other = new EdKey('another signer');

function bare(label) {
  return {
    version: 'occ/1', artifact: { hashAlg: 'sha256', digestB64: b64(bytesOf(`digest ${label}`)) },
    commit: { nonceB64: b64(bytesOf(`nonce ${label}`)), counter: '5', time: NOW - 60, epochId: bytesOf('epoch').toString('hex') },
    signer: { publicKeyB64: b64(signer.raw), signatureB64: '' }, environment: { enforcement: 'stub', measurement: 'stub:conformance' },
  };
}
function seal(proof, key = signer, text = undefined) {
  proof.signer.publicKeyB64 = b64(key.raw);
  proof.signer.signatureB64 = b64(key.sign(Buffer.from(text ?? signedBody(proof))));
  return proof;
}
/** change(proof) before it is signed. */
function made(label, change = () => {}) {
  const proof = bare(label);
  change(proof);
  return seal(proof);
}
const set = (object, path_, value) => {
  const steps = path_.split('.');
  const owner = steps.slice(0, -1).reduce((at, step) => at[step], object);
  if (value === undefined) delete owner[steps.at(-1)];
  else owner[steps.at(-1)] = value;
};

// ---- what is no JSON (PROTOCOL §1) ----

function malformed() {
  const why = 'PROTOCOL §1: what breaks a rule of JSON is refused, never repaired';
  const text = canonical(made('malformed'));
  const time = String(NOW - 60);
  const bad = (name, code, changed) => add(`text: ${name}`, why, code, changed);
  const bytes = (name, code, changed) => add(`text: ${name}`, why, code, { b64: b64(changed) });
  bad('empty', 'json-syntax', '');
  bad('cut', 'json-syntax', text.slice(0, -1));
  bad('text after it', 'json-syntax', `${text}]`);
  bad('two values', 'json-syntax', text + text);
  bad('single quotes', 'json-syntax', text.replaceAll('"', "'"));
  bad('a comma too many', 'json-syntax', text.replace(/}$/, ',}'));
  bad('a comment', 'json-syntax', `/* */${text}`);
  bad('a control character in a string', 'json-syntax', text.replace('stub:', 'stub:\n'));
  bad('a lone high surrogate', 'json-syntax', text.replace('stub:', 'stub:\\ud800'));
  bad('a lone low surrogate', 'json-syntax', text.replace('stub:', 'stub:\\udc00'));
  bad('a number with a leading zero', 'json-syntax', text.replace(time, `0${time}`));
  bad('a number with a plus', 'json-syntax', text.replace(time, `+${time}`));
  bad('a number that ends in a point', 'json-syntax', text.replace(time, `${time}.`));
  bad('NaN', 'json-syntax', text.replace(time, 'NaN'));
  bad('a name twice', 'json-duplicate', text.replace('"counter":', '"counter":"9","counter":'));
  bad('a name twice, once escaped', 'json-duplicate', text.replace('"counter":', '"c\\u006funter":"9","counter":'));
  bad('a name twice, deep in what nobody knows', 'json-duplicate', text.replace('{"artifact"', '{"x":[{"a":1,"a":1}],"artifact"'));
  bad('an integer that a double changes', 'json-number', text.replace(time, '9007199254740993'));
  bad('a number beyond doubles', 'json-number', text.replace(time, '1e999'));
  bad('U+0000 in a name', 'json-nul', text.replace('{"artifact"', '{"a\\u0000":1,"artifact"'));
  bad('65 levels', 'json-depth', text.replace('{"artifact"', `{"x":${'['.repeat(64)}${']'.repeat(64)},"artifact"`));
  bytes('a zero byte behind it', 'json-nul', Buffer.concat([Buffer.from(text), Buffer.from([0])]));
  bytes('a byte order mark', 'json-syntax', Buffer.concat([hex('efbbbf'), Buffer.from(text)]));
  bytes('a byte that is no UTF-8', 'utf8', Buffer.from(text.replace('stub:', 'stub:\xff'), 'latin1'));
  bytes('an overlong encoding', 'utf8', Buffer.from(text.replace('stub:', 'stub:\xc0\xaf'), 'latin1'));
  bytes('a surrogate as UTF-8', 'utf8', Buffer.from(text.replace('stub:', 'stub:\xed\xa0\x80'), 'latin1'));
  const same = 'PROTOCOL §1: another text of the same value is the same proof';
  const hash = { proofHash: b64(sha256(signedBody(JSON.parse(text)))) };
  const good = (name, changed) => add(`text: ${name}`, same, 'valid', changed, hash);
  good('blanks and line ends', JSON.stringify(JSON.parse(text), null, '\t').replaceAll('\n', '\r\n'));
  good('other order of names', JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(text)).reverse())));
  good('escapes', text.replace('stub:', '\\u0073tub\\u003A').replace('sha256', 's\\u0068a256'));
  good('64 levels, in what nobody knows', text.replace('{"artifact"', `{"x":${'['.repeat(63)}${']'.repeat(63)},"artifact"`));
  good('a number with a fraction of zero', text.replace(time, `${time}.0`));
  good('a number with an exponent', text.replace(time, `${time.slice(0, 1)}.${time.slice(1)}E+12`));
}

// ---- structure (PROTOCOL §2) ----

function structures() {
  const why = 'PROTOCOL §2: a field is missing, or has the wrong type, length or encoding';
  const bad = (name, change) => addProof(`structure: ${name}`, why, 'proof-structure', made(name, change));
  const good = (name, change, because = why) => addProof(`structure: ${name}`, because, 'valid', made(name, change));
  good('all that must be there', () => {});
  for (const [name, text] of [['an array', '[]'], ['a number', '1'], ['null', 'null'], ['a string', '"occ/1"'], ['an empty object', '{}']]) {
    add(`structure: ${name}`, why, 'proof-structure', text);
  }
  addProof('structure: version 2', 'PROTOCOL §2: this is version occ/1', 'proof-version', made('version 2', (p) => { p.version = 'occ/2'; }));
  for (const field of ['version', 'artifact', 'artifact.hashAlg', 'artifact.digestB64', 'commit', 'commit.nonceB64', 'environment', 'environment.enforcement',
    'environment.measurement', 'signer', 'signer.publicKeyB64', 'signer.signatureB64']) {
    for (const [how, value] of [['missing', undefined], ['null', null], ['a number', 5], ['an array', []]]) {
      const proof = made(`${field} ${how}`);
      set(proof, field, value);
      addProof(`structure: ${field} ${how}`, why, 'proof-structure', proof);
    }
  }
  for (const counter of ['', '01', '-1', '+1', '1e3', ' 1', '1 ', '0x1', '1.0', 1, null]) bad(`counter ${JSON.stringify(counter)}`, (p) => { p.commit.counter = counter; });
  for (const counter of ['0', '18446744073709551616', '9'.repeat(60)]) good(`counter "${counter}"`, (p) => { p.commit.counter = counter; });
  for (const time of ['1741496392841', null, true, []]) bad(`time ${JSON.stringify(time)}`, (p) => { p.commit.time = time; });
  for (const name of ['counter', 'time', 'epochId']) good(`no ${name}`, (p) => { delete p.commit[name]; }, 'PROTOCOL §2: optional');
  const zeros = b64(Buffer.alloc(32));
  for (const [how, text] of [['of 31 bytes', b64(Buffer.alloc(31))], ['of 33 bytes', b64(Buffer.alloc(33))], ['empty', ''], ['without padding', zeros.slice(0, -1)],
    ['with URL-safe letters', `_${zeros.slice(1)}`], ['with trailing bits', `${zeros.slice(0, -2)}B=`], ['after a blank', ` ${zeros}`], ['before a line end', `${zeros}\n`]]) {
    bad(`digestB64 ${how}`, (p) => { p.artifact.digestB64 = text; });
    bad(`prevB64 ${how}`, (p) => { p.commit.prevB64 = text; });
    if (!how.includes('bytes')) bad(`nonceB64 ${how}`, (p) => { p.commit.nonceB64 = text; });
    const proof = made(`key ${how}`);
    proof.signer.publicKeyB64 = text;
    addProof(`structure: publicKeyB64 ${how}`, why, 'proof-structure', proof);
  }
  good('a nonce of 16 bytes', (p) => { p.commit.nonceB64 = b64(bytesOf('short nonce', 16)); }, 'docs/proof-format.md: other makers\' nonces have 16 to 64 bytes');
  bad('a nonce of 15 bytes', (p) => { p.commit.nonceB64 = b64(bytesOf('short nonce', 15)); });
  bad('hashAlg sha512', (p) => { p.artifact.hashAlg = 'sha512'; });
  bad('enforcement gold', (p) => { p.environment.enforcement = 'gold'; });
  for (const tier of ['hw-key', 'measured-tee']) good(`enforcement ${tier}, claimed`, (p) => { p.environment.enforcement = tier; }, 'PROTOCOL §5: without a policy that asks, a claim is reported and no more');
  for (const name of ['metadata', 'agency', 'attribution', 'policy', 'principal', 'slotAllocation', 'timestamps']) {
    bad(`${name} null`, (p) => { p[name] = null; });
    bad(`${name} empty`, (p) => { p[name] = {}; });
  }
  bad('attestation null', (p) => { p.environment.attestation = null; });
  bad('chainId with a blank', (p) => { p.commit.chainId = 'a b'; });
  bad('chainId of 65 characters', (p) => { p.commit.chainId = 'a'.repeat(65); });
  good('chainId', (p) => { p.commit.chainId = 'a.B:9_-'; }, 'PROTOCOL §6: 1 to 64 of A-Za-z0-9._:-');
  const names_ = 'PROTOCOL §1: a name that JavaScript lists first or drops, inside what is signed';
  for (const name of ['0', '17', '4294967294', '__proto__']) {
    const define = (object) => Object.defineProperty(object, name, { value: 1, enumerable: true });
    addProof(`structure: commit has a name ${name}`, names_, 'proof-structure', made(`name ${name}`, (p) => { define(p.commit); }));
    addProof(`structure: attribution has a name ${name} inside`, names_, 'proof-structure', made(`name ${name} deep`, (p) => { p.attribution = { deep: [define({})] }; }));
  }
  good('names that look like indices, and are none', (p) => { Object.assign(p.commit, { '01': 1, '-1': 2, 4294967295: 3, '1.5': 4 }); }, names_);
  good('an index as a name in metadata', (p) => { p.metadata = { 0: 1, 17: 2 }; }, 'PROTOCOL §1: in metadata such names are allowed');
  good('members that nobody knows', (p) => { p.unheard = { of: [1] }; p.commit.more = { a: [true, null] }; }, 'PROTOCOL §2: kept; inside commit they are signed');
}

// ---- the file's digest ----

function digests() {
  const proof = made('a file', (p) => { p.artifact.digestB64 = b64(sha256('a file\n')); });
  const why = 'PROTOCOL §5: with the bytes at hand, their digest';
  addProof('digest: the file\'s', why, 'valid', proof, { digestB64: b64(sha256('a file\n')) });
  addProof('digest: of another file', why, 'digest-mismatch', proof, { digestB64: b64(sha256('another file\n')) });
}

// ---- Ed25519 (RFC 8032, strict: PROTOCOL §5) ----

function signatures() {
  const why = 'PROTOCOL §5: Ed25519 over the canonical JSON of the signed body (§2.1)';
  const good = made('signature');
  addProof('signature: good', why, 'valid', good);
  const withSigner = (change) => ({ ...good, signer: { ...good.signer, ...change } });
  const bad = (name, change, because = why) => addProof(`signature: ${name}`, because, 'signature', withSigner(change));
  const raw = Buffer.from(good.signer.signatureB64, 'base64');
  for (const bit of [0, 7, 100, 255, 256, 300, 507, 511]) {
    const flipped = Buffer.from(raw);
    flipped[bit >> 3] ^= 1 << (bit & 7);
    bad(`bit ${bit} turned`, { signatureB64: b64(flipped) });
  }
  bad('another\'s key', { publicKeyB64: b64(other.raw) });
  const strict = 'RFC 8032 strictly, PROTOCOL §5: S < L, canonical A and R, none of small order';
  const L = 2n ** 252n + 27742317777372353535851937790883648493n;
  const littleEndian = (number) => Buffer.from(number.toString(16).padStart(64, '0'), 'hex').reverse();
  const s = BigInt(`0x${Buffer.from(raw.subarray(32)).reverse().toString('hex')}`);
  for (let n = 1n; s + n * L < 2n ** 256n; n += 5n) bad(`S + ${n} L`, { signatureB64: b64(Buffer.concat([raw.subarray(0, 32), littleEndian(s + n * L)])) }, strict);
  bad('key and signature all zero', { publicKeyB64: b64(Buffer.alloc(32)), signatureB64: b64(Buffer.alloc(64)) }, strict);
  for (const [name, point] of [
    ['the identity', '0100000000000000000000000000000000000000000000000000000000000000'],
    ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['order 4, other sign', '0000000000000000000000000000000000000000000000000000000000000080'],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['order 8, other', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['the identity, with a sign that it has not', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['y = p', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = p + 1', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = 2^255 - 1', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
  ]) {
    const bytes = hex(point);
    bad(`A and R are ${name}, S = 0`, { publicKeyB64: b64(bytes), signatureB64: b64(Buffer.concat([bytes, Buffer.alloc(32)])) }, strict);
    bad(`R is ${name}`, { signatureB64: b64(Buffer.concat([bytes, raw.subarray(32)])) }, strict);
  }
  const full = (label) => made(label, (p) => {
    p.attribution = { name: 'Jane' };
    p.commit.prevB64 = b64(bytesOf('prev'));
    p.commit.more = { a: [1, 2] };
    p.metadata = { note: 1 };
  });
  const changed = (name, change, expected = 'signature') => {
    const proof = full('changed');
    change(proof);
    addProof(`signed body: ${name}`, expected === 'valid' ? 'PROTOCOL §2.1: not signed' : 'PROTOCOL §2.1: signed', expected, proof);
  };
  changed('another digest', (p) => { p.artifact.digestB64 = b64(bytesOf('another')); });
  changed('another nonce', (p) => { p.commit.nonceB64 = b64(bytesOf('another')); });
  changed('another counter', (p) => { p.commit.counter = '6'; });
  changed('no counter', (p) => { delete p.commit.counter; });
  changed('another time', (p) => { p.commit.time += 1; });
  changed('another prevB64', (p) => { p.commit.prevB64 = b64(bytesOf('another')); });
  changed('no prevB64', (p) => { delete p.commit.prevB64; });
  changed('another epochId', (p) => { p.commit.epochId = 'x'; });
  changed('a changed member that nobody knows in commit', (p) => { p.commit.more.a[1] = 3; });
  changed('an added member of commit', (p) => { p.commit.another = 1; });
  changed('an added member of artifact', (p) => { p.artifact.another = 1; });
  changed('another tier', (p) => { p.environment.enforcement = 'hw-key'; });
  changed('another measurement', (p) => { p.environment.measurement += 'x'; });
  changed('an added attestation', (p) => { p.environment.attestation = { format: 'x', reportB64: 'AAAA' }; });
  changed('another attribution', (p) => { p.attribution.name = 'June'; });
  changed('no attribution', (p) => { delete p.attribution; });
  changed('an added principal', (p) => { p.principal = { id: 'u1' }; });
  changed('an added policy', (p) => { p.policy = { name: 'P' }; });
  changed('other metadata', (p) => { p.metadata = { note: 2 }; }, 'valid');
  changed('an added proofHash, whatever it says', (p) => { p.proofHash = 'x'; }, 'valid');
  const body = bare('insertion order');
  body.signer.publicKeyB64 = b64(signer.raw);
  const inOrder = { version: body.version, artifact: body.artifact, commit: body.commit, publicKeyB64: body.signer.publicKeyB64, enforcement: 'stub', measurement: body.environment.measurement };
  addProof('signed body: signed in insertion order', why, 'signature', seal(structuredClone(body), signer, JSON.stringify(inOrder)));
  const { measurement, ...short } = JSON.parse(signedBody(body));
  addProof('signed body: signed without measurement', why, 'signature', seal(structuredClone(body), signer, canonical(short)));
}

/** Each value of encodings.jsonl inside what is signed: a verifier that writes it differently finds a bad signature. */
function canonicals() {
  for (const { name, text } of encodings.filter((one) => one.kind === 'canonical' && one.signable)) {
    const proof = made(`canonical ${name}`, (p) => { p.attribution = { value: JSON.parse(text) }; });
    const value = canonical(proof.attribution.value);
    const whole = canonical(proof).replace(`{"value":${value}}`, () => `{"value":${text}}`);
    add(`canonical: ${name}`, 'PROTOCOL §1: RFC 8785', 'valid', whole, { proofHash: b64(sha256(signedBody(proof))) });
  }
}

// ---- who asked (PROTOCOL §4) ----

const device = new EcKey('a device');
const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** options: key, payload (before the device signs), signature(bytes), alter(agency, proof) after. */
function agencyProof(label, { key = device, payload = {}, signature = (bytes) => bytes, alter = () => {} } = {}) {
  return made(label, (proof) => {
    const keyId = sha256(key.spki).toString('hex');
    const authorization = { purpose: 'occ/commit-authorize/v1', actorKeyId: keyId, artifactHash: proof.artifact.digestB64, challenge: b64(bytesOf(`challenge ${label}`)), timestamp: NOW - 100, ...payload };
    const signed = key.sign(Buffer.from(canonical(authorization)));
    proof.agency = { actor: { keyId, publicKeyB64: b64(key.spki), algorithm: 'ES256', provider: 'a provider' }, authorization: { ...authorization, signatureB64: b64(signature(signed)) } };
    alter(proof.agency, proof);
  });
}
function otherS(signature) {
  const rEnd = 4 + signature[3];
  const r = BigInt(`0x${signature.subarray(4, rEnd).toString('hex')}`);
  const s = BigInt(`0x${signature.subarray(rEnd + 2).toString('hex')}`);
  return sequence(derInteger(r), derInteger(P256_ORDER - s));
}

function actors() {
  const direct = (name, why, expected, options, more) => addProof(`actor: ${name}`, `PROTOCOL §4: ${why}`, expected, agencyProof(name, options), more);
  direct('good', 'direct form', 'valid');
  direct('the other s', 'ECDSA signatures with s and n - s are as good', 'valid', { signature: otherS });
  direct('with protocolVersion', 'part of the payload if present', 'valid', { payload: { protocolVersion: 'occ/1' } });
  direct('a P-384 key', 'P-256 only, whatever the SPKI claims', 'actor-key', { key: new EcKey('a device', 'P-384') });
  const compressed = Buffer.concat([device.spki.subarray(0, 26), device.pointOf(device.d, 'compressed')]);
  direct('a compressed point', 'SPKI DER of 91 bytes, point uncompressed', 'actor-key', { alter: ({ actor }) => { actor.publicKeyB64 = b64(compressed); } });
  direct('a point that is not on the curve', 'a P-256 key', 'actor-key', { alter: ({ actor }) => { const off = Buffer.from(device.spki); off[90] ^= 1; actor.publicKeyB64 = b64(off); } });
  direct('a keyId that is not the key\'s', 'keyId = hex SHA-256 of the SPKI', 'actor-key-id', { payload: { actorKeyId: '0'.repeat(64) }, alter: ({ actor }) => { actor.keyId = '0'.repeat(64); } });
  direct('another actorKeyId', 'the authorization names the actor', 'actor-mismatch', { payload: { actorKeyId: '0'.repeat(64) } });
  direct('another digest', 'artifactHash = the digest', 'actor-digest', { payload: { artifactHash: b64(bytesOf('another')) } });
  for (const [name, change] of [['timestamp', (a) => { a.timestamp++; }], ['challenge', (a) => { a.challenge = b64(bytesOf('another')); }], ['protocolVersion', (a) => { a.protocolVersion = 'occ/1'; }]]) {
    direct(`another ${name} than the device signed`, 'the device signs the payload', 'actor-signature', { alter: ({ authorization }) => change(authorization) });
  }
  direct('a byte behind the signature', 'DER, strict', 'actor-signature', { signature: (bytes) => Buffer.concat([bytes, Buffer.from([0])]) });
  direct('a length in two bytes', 'DER, strict', 'actor-signature', { signature: (bytes) => Buffer.concat([Buffer.from([0x30, 0x81, bytes[1]]), bytes.subarray(2)]) });
  direct('r and s zero', 'ECDSA', 'actor-signature', { signature: () => sequence(derInteger(0n), derInteger(0n)) });
  direct('another purpose', 'purpose exact', 'proof-structure', { payload: { purpose: 'occ/commit-authorize/v2' } });
  direct('another algorithm', 'ES256', 'proof-structure', { alter: ({ actor }) => { actor.algorithm = 'ES384'; } });
  direct('a format that nobody knows', 'what cannot be judged is not performed', 'valid', { alter: ({ authorization }) => { authorization.format = 'x'; } });
  direct('a format that nobody knows, where one is required', 'what the policy needs must be verified', 'policy-actor-unverified', { alter: ({ authorization }) => { authorization.format = 'x'; } }, { policy: { requireActor: true } });
  // A peer's list of digests, of which the device signed the first.
  const batch = (name, expected, index, alter = (context) => context) => {
    const digests_ = [0, 1, 2, 3].map((i) => b64(bytesOf(`batch ${name} ${i}`)));
    direct(`batch, ${name}`, 'batchContext: the first is the authorized one, this proof\'s stands at batchIndex', expected, {
      payload: index === 0 ? {} : { artifactHash: digests_[0] },
      alter: (agency, proof) => {
        digests_[index] = proof.artifact.digestB64;
        agency.batchContext = alter({ batchSize: 4, batchIndex: index, batchDigests: digests_ });
      },
    });
  };
  batch('the first', 'valid', 0);
  batch('the third', 'valid', 2);
  batch('another index', 'actor-batch', 2, (context) => ({ ...context, batchIndex: 1 }));
  batch('an index beyond', 'actor-batch', 2, (context) => ({ ...context, batchIndex: 4 }));
  batch('another size', 'actor-batch', 2, (context) => ({ ...context, batchSize: 5 }));
  batch('another first', 'actor-batch', 2, (context) => ({ ...context, batchDigests: [b64(bytesOf('another')), ...context.batchDigests.slice(1)] }));
  batch('nothing in it', 'actor-batch', 0, () => ({ batchSize: 0, batchIndex: 0, batchDigests: [] }));
}

const RP = 'example.com';
const ORIGIN = 'https://example.com';
const NAMES = { trust: { rpIds: [RP], origins: [ORIGIN] } };

function assertions() {
  const webauthn = (name, why, expected, { client = {}, flags = 0x1d, tail = Buffer.alloc(0), length = 37, rp = RP, strong = true, text = JSON.stringify, about, alter = () => {} } = {}) => {
    const proof = made(`webauthn ${name}`, (p) => {
      const nonce = bytesOf(`webauthn ${name}`);
      const digest = about ?? Buffer.from(p.artifact.digestB64, 'base64');
      const challenge = strong ? sha256(Buffer.concat([Buffer.from('occ/webauthn-challenge/v1\0'), nonce, digest])) : nonce;
      const clientDataJSON = text({ type: 'webauthn.get', challenge: challenge.toString('base64url'), origin: ORIGIN, crossOrigin: false, ...client });
      const data = Buffer.concat([Buffer.concat([sha256(rp), Buffer.from([flags]), bytesOf('count', 4)]).subarray(0, length), tail]);
      const keyId = sha256(device.spki).toString('hex');
      p.agency = {
        actor: { keyId, publicKeyB64: b64(device.spki), algorithm: 'ES256', provider: 'passkey' },
        authorization: {
          purpose: 'occ/commit-authorize/v1', format: 'webauthn', actorKeyId: keyId, artifactHash: p.artifact.digestB64, challenge: b64(challenge), timestamp: NOW - 100,
          clientDataJSON, authenticatorDataB64: b64(data), ...(strong && { nonceB64: b64(nonce) }), signatureB64: b64(device.sign(Buffer.concat([data, sha256(clientDataJSON)]))),
        },
      };
      alter(p.agency.authorization);
    });
    addProof(`webauthn: ${name}`, `PROTOCOL §4, WebAuthn: ${why}`, expected, proof, NAMES);
  };
  webauthn('good, strong form', 'the challenge is made from nonce and digest', 'valid');
  webauthn('good, bare form', 'the challenge is the nonce, as peers have it', 'valid', { strong: false });
  webauthn('webauthn.get as format', 'either name', 'valid', { alter: (a) => { a.format = 'webauthn.get'; } });
  webauthn('with extensions', 'flag ED and one CBOR map', 'valid', { flags: 0x85, tail: hex('a1637578790a') });
  webauthn('in a frame of this site', 'topOrigin is one of those given', 'valid', { client: { crossOrigin: true, topOrigin: ORIGIN } });
  webauthn('members that nobody knows in clientDataJSON', 'they may be there', 'valid', { client: { other: 'x' } });
  webauthn('clientDataJSON that is no JSON', 'clientDataJSON', 'webauthn-client-data', { text: () => 'no' });
  webauthn('no origin', 'clientDataJSON', 'webauthn-client-data', { client: { origin: undefined } });
  webauthn('no clientDataJSON', 'clientDataJSON', 'webauthn-client-data', { alter: (a) => { delete a.clientDataJSON; } });
  webauthn('a creation', 'type is webauthn.get', 'webauthn-type', { client: { type: 'webauthn.create' } });
  webauthn('another challenge in clientDataJSON', 'its challenge equals authorization.challenge', 'webauthn-challenge', { client: { challenge: bytesOf('another').toString('base64url') } });
  webauthn('a challenge for another digest', 'strong form', 'webauthn-nonce', { about: bytesOf('another') });
  webauthn('another nonce', 'strong form', 'webauthn-nonce', { alter: (a) => { a.nonceB64 = b64(bytesOf('another')); } });
  webauthn('authenticatorData cut', '37 bytes at least', 'webauthn-authenticator-data', { length: 36 });
  webauthn('extensions without their flag', 'what follows is as the flags say', 'webauthn-authenticator-data', { tail: hex('a1637578790a') });
  webauthn('nobody there', 'UP set', 'webauthn-user-presence', { flags: 0x04 });
  webauthn('user not verified', 'UV set', 'webauthn-user-verification', { flags: 0x01 });
  webauthn('another relying party', 'rpIdHash is of a given name', 'webauthn-rp-id', { rp: 'example.org' });
  webauthn('another origin', 'origin is a given one', 'webauthn-origin', { client: { origin: 'https://example.org' } });
  webauthn('in a frame of another site', 'topOrigin is a given one', 'webauthn-origin', { client: { crossOrigin: true, topOrigin: 'https://example.org' } });
  webauthn('clientDataJSON written anew', 'the signature covers its very bytes', 'actor-signature', { alter: (a) => { a.clientDataJSON += ' '; } });
}

// ---- slots and epoch links (PROTOCOL §6) ----

/** options: change the slot's body before it is signed, after the slot once it was (null = taken away), commit the proof's. */
function slotProof(label, { change = {}, after = {}, commit = {}, by = signer, chainId, hashWithout = false } = {}) {
  return made(label, (proof) => {
    if (chainId) proof.commit.chainId = chainId;
    const slot = { version: 'occ/slot/1', nonceB64: proof.commit.nonceB64, counter: '4', time: NOW - 70, epochId: proof.commit.epochId, publicKeyB64: b64(signer.raw), ...(chainId && { chainId }), ...change };
    for (const [name, value] of Object.entries(slot)) if (value === undefined) delete slot[name];
    const { chainId: _, ...without } = slot;
    Object.assign(proof.commit, { slotCounter: slot.counter, slotHashB64: b64(sha256(canonical(hashWithout ? without : slot))), ...commit });
    for (const [name, value] of Object.entries(proof.commit)) if (value === undefined) delete proof.commit[name];
    if (after !== null) proof.slotAllocation = { ...slot, signatureB64: b64(by.sign(Buffer.from(canonical(slot)))), ...after };
  });
}

function slots() {
  const slot = (name, expected, options) => addProof(`slot: ${name}`, 'PROTOCOL §6, slots', expected, slotProof(`slot ${name}`, options));
  slot('good', 'valid');
  slot('without time', 'valid', { change: { time: undefined } });
  slot('of a chain', 'valid', { chainId: 'a:b' });
  slot('of a chain, hash without chainId', 'valid', { chainId: 'a:b', hashWithout: true });
  slot('a member that nobody knows, unsigned', 'valid', { after: { more: 1 } });
  slot('taken away', 'slot-missing', { after: null });
  slot('no slotCounter in commit', 'slot-unbound', { commit: { slotCounter: undefined } });
  slot('no slotHashB64 in commit', 'slot-unbound', { commit: { slotHashB64: undefined } });
  slot('another key', 'slot-signer', { change: { publicKeyB64: b64(other.raw) } });
  slot('another epoch', 'slot-signer', { change: { epochId: 'another' } });
  slot('another chain', 'slot-signer', { chainId: 'a', commit: { chainId: 'b' } });
  slot('of a chain, the commit of none', 'slot-signer', { change: { chainId: 'a' } });
  slot('of no chain, the commit of one', 'slot-signer', { commit: { chainId: 'a' } });
  slot('another nonce', 'slot-nonce', { change: { nonceB64: b64(bytesOf('another')) } });
  slot('the commit\'s counter', 'slot-counter', { change: { counter: '5' } });
  slot('a greater counter, as numbers go', 'slot-counter', { change: { counter: '10' } });
  slot('another slotCounter', 'slot-counter', { commit: { slotCounter: '3' } });
  slot('no counter in commit', 'slot-counter', { commit: { counter: undefined } });
  slot('another hash', 'slot-hash', { commit: { slotHashB64: b64(bytesOf('another')) } });
  slot('time changed afterwards', 'slot-hash', { after: { time: NOW } });
  slot('signed by another key', 'slot-signature', { by: other });
  slot('another version', 'proof-structure', { change: { version: 'occ/slot/2' } });
}

function links() {
  const link = (name, expected, change = {}, commit = {}, tier = 'stub') => {
    const proof = made(`link ${name}`, (p) => {
      p.environment.enforcement = tier;
      const given = typeof change === 'function' ? change(p) : change;
      p.commit.epochLink = { prevEpochId: 'ab'.repeat(32), prevPublicKeyB64: b64(other.raw), prevCounter: '4', prevProofHashB64: b64(bytesOf('prev')), toEpochId: p.commit.epochId, toPublicKeyB64: b64(signer.raw), ...given };
      Object.assign(p.commit, commit);
    });
    addProof(`epoch link: ${name}`, 'PROTOCOL §6, epochs', expected, proof);
  };
  link('good', 'valid');
  link('with measurement and tier', 'valid', { prevMeasurement: 'stub:1', prevEnforcement: 'stub' });
  link('from this key, hw-key', 'valid', { prevPublicKeyB64: b64(signer.raw) }, {}, 'hw-key');
  link('to another epoch', 'epoch-link-target', { toEpochId: 'another' });
  link('to another key', 'epoch-link-target', { toPublicKeyB64: b64(other.raw) });
  link('from this epoch', 'epoch-link-self', (p) => ({ prevEpochId: p.commit.epochId }));
  link('from this key', 'epoch-link-self', { prevPublicKeyB64: b64(signer.raw) });
  link('not the first of its chain', 'epoch-link-place', {}, { prevB64: b64(bytesOf('prev')) });
  link('without prevCounter', 'proof-structure', { prevCounter: null });
}

// ---- attestation (PROTOCOL §5, §7) ----

const nitroRoot = makeRoot('the Nitro root of these cases', 'P-384');
const simRoot = makeRoot('the simulation\'s root of these cases', 'P-384');
const goodPath = makePath(nitroRoot, 3);
const NITRO = { trust: { nitroRoot: 'nitro-root.pem' } };
const bodyHash = (proof) => sha256(signedBody(proof));
const aboutBody = (proof) => ({ user_data: bodyHash(proof) });

function attested(label, given = {}, fields = aboutBody, batch = undefined) {
  const proof = made(label, (p) => {
    p.environment = { enforcement: given.enforcement ?? 'measured-tee', measurement: given.measurement ?? MEASUREMENT, attestation: { format: given.format ?? 'aws-nitro', reportB64: '' } };
  });
  const document = makeDocument({ path: goodPath, ...given, fields: { ...fields(proof), ...given.fields } });
  proof.environment.attestation.reportB64 = b64(given.bytes ? given.bytes(document) : document);
  if (batch) proof.environment.attestation.batch = batch(proof);
  return proof;
}

function attestations() {
  const nitro = (name, why, expected, given, fields, batch, more = NITRO) => addProof(`attestation: ${name}`, `PROTOCOL §5: ${why}`, expected, attested(`attestation ${name}`, given, fields, batch), more);
  const older = (proof) => { const { attestationFormat, ...body } = JSON.parse(signedBody(proof)); return sha256(canonical(body)); };
  const another = bytesOf('another');
  nitro('about the body', 'binding body', 'valid');
  nitro('tagged', 'COSE_Sign1, tagged or not', 'valid', { tagged: true });
  nitro('an indefinite map', 'payload map definite or indefinite', 'valid', { indefinite: true });
  nitro('about the body as it was before attestationFormat', 'proofs before 2026-03-31', 'valid', {}, (p) => ({ user_data: older(p) }));
  nitro('about body and key', 'binding body', 'valid', {}, (p) => ({ user_data: bodyHash(p), public_key: signer.raw }));
  nitro('about the body, with a key of another kind', 'only a key of 32 bytes is held against the signer\'s', 'valid', {}, (p) => ({ user_data: bodyHash(p), public_key: bytesOf('RSA', 294) }));
  nitro('about the key', 'binding key: user_data is null', 'valid', {}, () => ({ public_key: signer.raw }));
  nitro('six authorities', 'the path', 'valid', { path: makePath(nitroRoot, 6) });
  nitro('an ES256 header', 'ES384', 'nitro-algorithm', { algorithm: -7 });
  nitro('no CBOR', 'a document', 'nitro-document', { bytes: () => Buffer.from('no document') });
  nitro('cut', 'a document', 'nitro-document', { bytes: (document) => document.subarray(0, -1) });
  nitro('a byte behind it', 'a document', 'nitro-document', { bytes: (document) => Buffer.concat([document, Buffer.from([0xf6])]) });
  nitro('no timestamp', 'a document', 'nitro-document', { fields: { timestamp: undefined } });
  nitro('digest SHA256', 'a document', 'nitro-document', { fields: { digest: 'SHA256' } });
  nitro('a PCR of 20 bytes', 'a document', 'nitro-document', { pcrs: new Map([...PCRS, [4, bytesOf('pcr', 20)]]) });
  nitro('an empty cabundle', 'a document', 'nitro-document', { fields: { cabundle: [] } });
  nitro('something in the unprotected header', 'a document', 'nitro-document', { unprotected: new Map([[4, Buffer.from('x')]]) });
  nitro('no certificate in certificate', 'certificates', 'nitro-certificate', { fields: { certificate: Buffer.from('no certificate') } });
  nitro('a byte behind the certificate', 'certificates', 'nitro-certificate', { fields: { certificate: Buffer.concat([goodPath.at(-1).der, Buffer.from([0])]) } });
  const stranger = makePath(makeRoot('a root that nobody trusts', 'P-384'), 2);
  nitro('another root', 'the pinned root; cabundle[0] is not trusted because it is there', 'nitro-path', { path: stranger });
  nitro('AWS\'s root is asked for', 'the pinned root', 'nitro-path', {}, aboutBody, undefined, {});
  nitro('two certificates swapped', 'the path', 'nitro-path', { fields: { cabundle: [0, 2, 1].map((i) => goodPath[i].der) } });
  nitro('an authority that is none', 'basic constraints', 'nitro-constraints', { path: makePath(nitroRoot, 3, { 2: { ca: false } }) });
  nitro('an authority that may not sign certificates', 'key usage', 'nitro-constraints', { path: makePath(nitroRoot, 3, { 2: { usage: 'sign' } }) });
  nitro('path length exceeded', 'path length', 'nitro-constraints', { path: makePath(nitroRoot, 4, { 1: { pathLength: 1 } }) });
  nitro('a leaf that is an authority', 'basic constraints', 'nitro-constraints', { path: makePath(nitroRoot, 2, { 2: { ca: true } }) });
  nitro('a leaf that was not yet valid', 'validity at the document\'s own time', 'nitro-time', { path: makePath(nitroRoot, 2, { 2: { notBefore: NOW + 1000 } }) });
  nitro('an authority that had expired', 'validity at the document\'s own time', 'nitro-time', { path: makePath(nitroRoot, 3, { 2: { notAfter: NOW - 1000 } }) });
  nitro('signed by another key', 'COSE signature', 'nitro-signature', { key: new EcKey('another', 'P-384') });
  nitro('a bit of the signature turned', 'COSE signature', 'nitro-signature', { signature: (bytes) => { bytes[95] ^= 1; return bytes; } });
  nitro('a debug enclave', 'PCR0 to 2 all zero', 'nitro-debug', { measurement: '00'.repeat(48), pcrs: new Map([0, 1, 2].map((i) => [i, Buffer.alloc(48)])) });
  nitro('PCR0 zero, but no debug enclave', 'PCR0 to 2 all zero', 'valid', { measurement: '00'.repeat(48), pcrs: new Map([[0, Buffer.alloc(48)], [1, PCRS.get(1)], [2, PCRS.get(2)]]) });
  nitro('another measurement', 'PCR0 = environment.measurement', 'nitro-measurement', { measurement: 'ab'.repeat(48) });
  nitro('the measurement in upper case', 'PCR0 = environment.measurement, as text', 'nitro-measurement', { measurement: MEASUREMENT.toUpperCase() });
  nitro('about the body and another key', 'a 32-byte public_key is the signer\'s in every case', 'nitro-key', {}, (p) => ({ user_data: bodyHash(p), public_key: another }));
  nitro('about another body', 'a genuine document about something else', 'nitro-binding', {}, () => ({ user_data: another }));
  nitro('about another body and this key', 'user_data alone decides', 'nitro-binding', {}, () => ({ user_data: another, public_key: signer.raw }));
  nitro('about nothing', 'binding', 'nitro-binding', {}, () => ({}));
  // §7
  const leaves = (size, index) => (p) => Array.from({ length: size }, (_, i) => (i === index ? bodyHash(p) : bytesOf(`leaf ${i} of ${size}`)));
  const batch = (name, expected, size, index, alter = (place) => place) => {
    const at = leaves(size, index);
    nitro(`batch, ${name}`, '§7: its place in the tree', expected, {}, (p) => ({ user_data: subtree(at(p)) }), (p) => alter({ leafIndex: index, treeSize: size, pathB64: auditPath(index, at(p)).map(b64) }));
  };
  for (const [index, size] of [[0, 2], [1, 2], [2, 3], [4, 5], [3, 8], [99, 100]]) batch(`${index} of ${size}`, 'valid', size, index);
  batch('another index', 'attestation-batch', 8, 3, (place) => ({ ...place, leafIndex: 2 }));
  batch('another size', 'attestation-batch', 8, 3, (place) => ({ ...place, treeSize: 17 }));
  batch('a hash more', 'attestation-batch', 8, 3, (place) => ({ ...place, pathB64: [...place.pathB64, b64(another)] }));
  batch('a hash less', 'attestation-batch', 8, 3, (place) => ({ ...place, pathB64: place.pathB64.slice(1) }));
  batch('two hashes swapped', 'attestation-batch', 8, 3, (place) => ({ ...place, pathB64: [place.pathB64[1], place.pathB64[0], place.pathB64[2]] }));
  batch('a member that nobody knows', 'attestation-batch', 8, 3, (place) => ({ ...place, more: 1 }));
  nitro('batch, without batch', '§7', 'nitro-binding', {}, (p) => ({ user_data: subtree([bodyHash(p), another]) }));
  nitro('batch, where the document has no user_data', '§7', 'attestation-batch', {}, () => ({ public_key: signer.raw }), () => ({ leafIndex: 0, treeSize: 2, pathB64: [b64(another)] }));
  // What stands in for a device vouches for nothing.
  const simulated = { format: 'sim-nitro', enforcement: 'stub', measurement: `sim:${MEASUREMENT}`, path: makePath(simRoot, 2) };
  const SIM = { trust: { simNitroRoot: 'sim-root.pem' } };
  nitro('simulated', 'docs/verification.md: under the root of a simulation', 'valid', simulated, aboutBody, undefined, SIM);
  nitro('simulated, without a root for it', 'docs/verification.md: not performed', 'valid', simulated, aboutBody, undefined, {});
  nitro('simulated, claims a tier', 'docs/verification.md: tier stub only', 'attestation-simulated', { ...simulated, enforcement: 'measured-tee' }, aboutBody, undefined, SIM);
  nitro('simulated, called aws-nitro', 'the pinned root', 'nitro-path', { ...simulated, format: 'aws-nitro', enforcement: 'measured-tee', measurement: MEASUREMENT }, aboutBody, undefined, { trust: { nitroRoot: 'nitro-root.pem', simNitroRoot: 'sim-root.pem' } });
  nitro('a format that nobody knows', 'not performed', 'valid', { format: 'x-unheard' });
}

// ---- timestamps (PROTOCOL §5, RFC 3161, RFC 5816) ----

const tsaRoot = makeRoot('the timestamp root of these cases', 'P-256');
const authority = makeAuthority(tsaRoot);
const TSA = { trust: { tsaRoots: 'tsa-root.pem' } };

function entryOf(digest, given = {}, change = {}) {
  const token = makeToken({ signer: authority, digest, ...given });
  return { authority: 'https://tsa.example', time: new Date(given.genTime ?? NOW).toISOString().replace('.000', ''), digestAlg: 'sha256', digestB64: b64(digest), tokenB64: b64(given.bytes ? given.bytes(token) : token), ...change };
}
const coreHash = ({ artifact, commit, environment, signer: by, version }) => sha256(canonical({ artifact, commit, environment, signer: by, version }));

function stamped(label, given, change, place = 'artifact') {
  const proof = made(label);
  const digest = given.about ?? (place === 'proof' ? coreHash(proof) : Buffer.from(proof.artifact.digestB64, 'base64'));
  proof.timestamps = { [place]: entryOf(digest, given, change) };
  return proof;
}

function timestamps() {
  const token = (name, why, expected, given = {}, change = {}, more = TSA, place = 'artifact') => addProof(`timestamp: ${name}`, `PROTOCOL §5, timestamps: ${why}`, expected, stamped(`timestamp ${name}`, given, change, place), more);
  token('over the digest', 'a good token', 'valid');
  token('over the proof', 'imprint = the core hash (§2.2)', 'valid', {}, {}, TSA, 'proof');
  token('of an authority that is not trusted', 'not performed, which only a policy refuses', 'valid', {}, {}, {});
  token('no token', 'RFC 3161', 'timestamp-token', { bytes: () => Buffer.from('no token') });
  token('a byte behind it', 'RFC 3161', 'timestamp-token', { bytes: (bytes) => Buffer.concat([bytes, Buffer.from([0])]) });
  token('without its certificate', 'RFC 3161: the signer\'s certificate is in it', 'timestamp-signer', { certificates: [] });
  token('names another certificate', 'ESSCertIDv2 match', 'timestamp-signer', { attest: makeAuthority(tsaRoot, { name: 'another signer' }) });
  token('a purpose that is not critical', 'critical and only timeStamping', 'timestamp-purpose', { signer: makeAuthority(tsaRoot, { name: 'not critical', critical: false }) });
  token('another purpose beside it', 'critical and only timeStamping', 'timestamp-purpose', { signer: makeAuthority(tsaRoot, { name: 'two purposes', usage: CLIENT_AUTH_TOO }) });
  token('no purpose', 'critical and only timeStamping', 'timestamp-purpose', { signer: makeAuthority(tsaRoot, { name: 'no purpose', usage: null }) });
  token('a bit of the signature turned', 'CMS signature', 'timestamp-signature', { alter: (bytes) => { bytes[bytes.length - 1] ^= 1; return bytes; } });
  token('another message digest', 'CMS signature', 'timestamp-signature', { content: Buffer.from('another') });
  token('a certificate that had expired at genTime', 'chain to the caller\'s roots judged at genTime', 'timestamp-path', { signer: makeAuthority(tsaRoot, { name: 'expired', notAfter: NOW - HOUR }) });
  token('over another digest', 'imprint', 'timestamp-imprint', { about: bytesOf('another') });
  token('over the digest, in the place of the proof', 'imprint = what this place covers', 'timestamp-imprint', { about: bytesOf('digest timestamp over the digest, in the place of the proof') }, {}, TSA, 'proof');
  token('another time beside it', 'time = genTime', 'timestamp-fields', {}, { time: new Date(NOW + 1000).toISOString() });
  token('another digestB64 beside it', 'digestB64 = imprint', 'timestamp-fields', {}, { digestB64: b64(bytesOf('another')) });
  token('another digestAlg beside it', 'digestAlg = imprint\'s', 'timestamp-fields', {}, { digestAlg: 'sha512' });
  token('a member missing', 'structure', 'proof-structure', {}, { authority: '' });
}

// ---- policies (PROTOCOL §5) ----

function policies() {
  const why = 'PROTOCOL §5, policy';
  const plain = made('policy', (p) => { p.commit.counter = '278'; });
  const judged = (name, expected, proof, policy, more = {}) => addProof(`policy: ${name}`, why, expected, proof, { ...more, policy });
  const of = (name, expected, policy) => judged(name, expected, plain, policy);
  of('empty', 'valid', {});
  of('tier', 'valid', { requireEnforcement: 'stub' });
  of('another tier', 'policy-enforcement', { requireEnforcement: 'hw-key' });
  of('measurement', 'valid', { allowedMeasurements: ['x', 'stub:conformance'] });
  of('another measurement', 'policy-measurement', { allowedMeasurements: ['stub:CONFORMANCE'] });
  of('no measurement allowed', 'policy-measurement', { allowedMeasurements: [] });
  of('key', 'valid', { allowedPublicKeys: [plain.signer.publicKeyB64] });
  of('another key', 'policy-public-key', { allowedPublicKeys: [b64(other.raw)] });
  of('attestation required', 'policy-attestation-missing', { requireAttestation: true });
  of('attestation not required', 'valid', { requireAttestation: false });
  of('minimum', 'valid', { minCounter: '278' });
  of('minimum as numbers go, not texts', 'valid', { minCounter: '99' });
  of('below minimum', 'policy-counter-low', { minCounter: '279' });
  of('below a minimum of 50 digits', 'policy-counter-low', { minCounter: '9'.repeat(50) });
  of('above maximum', 'policy-counter-high', { maxCounter: '277' });
  of('above a maximum as numbers go, not texts', 'policy-counter-high', { maxCounter: '99' });
  of('time', 'valid', { minTime: NOW - 60, maxTime: NOW - 60 });
  of('time before minimum', 'policy-time-low', { minTime: NOW - 59 });
  of('time after maximum', 'policy-time-high', { maxTime: NOW - 61 });
  of('epoch', 'valid', { requireEpochId: true });
  of('actor required', 'policy-actor-missing', { requireActor: true });
  of('slot required', 'policy-slot-missing', { requireSlot: true });
  of('timestamp required', 'policy-timestamp-missing', { requireTimestamp: 'artifact' });
  of('bound on a timestamp that is not there', 'policy-timestamp-missing', { minTimestamp: 0 });
  const less = made('policy, less', (p) => { p.commit = { nonceB64: p.commit.nonceB64 }; });
  judged('no counter', 'policy-counter-missing', less, { minCounter: '0' });
  judged('no time', 'policy-time-missing', less, { maxTime: NOW });
  judged('no epoch', 'policy-epoch-missing', less, { requireEpochId: true });
  const claimed = made('policy, claimed', (p) => { p.environment = { enforcement: 'measured-tee', measurement: 'ab'.repeat(48) }; });
  judged('a tier that is claimed', 'policy-enforcement-claimed', claimed, { requireEnforcement: 'measured-tee' });
  judged('a measurement that is claimed', 'policy-measurement-claimed', claimed, { allowedMeasurements: ['ab'.repeat(48)] });
  judged('a claim of a key that the policy names', 'valid', claimed, { requireEnforcement: 'measured-tee', allowedMeasurements: ['ab'.repeat(48)], allowedPublicKeys: [claimed.signer.publicKeyB64] });
  const unheard = attested('policy, unheard', { format: 'x-unheard' });
  judged('an attestation that cannot be verified', 'policy-attestation-unverified', unheard, { requireAttestation: true });
  const document = attested('policy, attested');
  const nitro = (name, expected, policy) => judged(name, expected, document, policy, NITRO);
  nitro('all that an attestation can meet', 'valid', { requireEnforcement: 'measured-tee', allowedMeasurements: [MEASUREMENT], requireAttestation: true, requireAttestationFormat: ['aws-nitro'], allowedAttestationBindings: ['body'], requiredPcrs: { 1: [PCRS.get(1).toString('hex')] } });
  nitro('another format', 'policy-attestation-format', { requireAttestationFormat: ['x'] });
  nitro('another binding', 'policy-attestation-binding', { allowedAttestationBindings: ['batch', 'key'] });
  nitro('another PCR', 'policy-pcr', { requiredPcrs: { 1: [MEASUREMENT] } });
  nitro('a PCR that is not there', 'policy-pcr', { requiredPcrs: { 8: [MEASUREMENT] } });
  const actor = agencyProof('policy, actor');
  judged('actor', 'valid', actor, { requireActor: true, requireActorBinding: true, allowedActorKeyIds: [actor.agency.actor.keyId], allowedActorProviders: ['a provider'] });
  judged('another actor key', 'policy-actor-key', actor, { allowedActorKeyIds: [] });
  judged('another provider', 'policy-actor-provider', actor, { allowedActorProviders: ['another'] });
  const second = agencyProof('policy, second of a batch', {
    payload: { artifactHash: b64(bytesOf('first')) },
    alter: (agency, proof) => { agency.batchContext = { batchSize: 2, batchIndex: 1, batchDigests: [b64(bytesOf('first')), proof.artifact.digestB64] }; },
  });
  judged('an actor who signed another digest', 'policy-actor-binding', second, { requireActorBinding: true });
  judged('slot', 'valid', slotProof('policy, slot'), { requireSlot: true });
  const token = stamped('policy, timestamp', {});
  judged('timestamp', 'valid', token, { requireTimestamp: ['artifact'], minTimestamp: NOW, maxTimestamp: NOW }, TSA);
  judged('timestamp of nobody known', 'policy-timestamp-unverified', token, { requireTimestamp: 'artifact' });
  judged('timestamp before minimum', 'policy-timestamp-low', token, { minTimestamp: NOW + 1 }, TSA);
  judged('timestamp after maximum', 'policy-timestamp-high', token, { maxTimestamp: NOW - 1 }, TSA);
  // A typing mistake must not turn a check off.
  const wrong = (name, code, text) => addProof(`policy, malformed: ${name}`, 'PROTOCOL §5: an unknown name or a wrong type is an error', code, plain, { policy: text });
  wrong('no JSON', 'json-syntax', '{');
  wrong('a name twice', 'json-duplicate', '{"minCounter":"1","minCounter":"1"}');
  wrong('an array', 'field-type', '[]');
  wrong('an unknown name', 'field-unknown', '{"minCounters":"1"}');
  wrong('a counter as a number', 'field-type', '{"minCounter":1}');
  wrong('a counter with a leading zero', 'field-value', '{"minCounter":"01"}');
  wrong('an unknown tier', 'field-value', '{"requireEnforcement":"gold"}');
  wrong('a list that is none', 'field-type', '{"allowedPublicKeys":"x"}');
  wrong('null in a list', 'field-type', '{"allowedPublicKeys":[null]}');
  wrong('an unknown binding', 'field-value', '{"allowedAttestationBindings":["Body"]}');
  wrong('a PCR in upper case', 'field-encoding', `{"requiredPcrs":{"0":["${'AB'.repeat(48)}"]}}`);
  wrong('PCR 32', 'field-unknown', `{"requiredPcrs":{"32":["${'ab'.repeat(48)}"]}}`);
  wrong('no timestamp required', 'field-length', '{"requireTimestamp":[]}');
}

for (const make of [malformed, structures, digests, signatures, canonicals, actors, assertions, slots, links, attestations, timestamps, policies]) make();

/** What the next proof, or a timestamp, has to name (PROTOCOL §2.2). */
function hashes() {
  const found = [];
  const all = { plain: made('hashes'), 'a slot and metadata': Object.assign(slotProof('hashes, slot'), { metadata: { z: 1, a: '\u20ac' } }), 'an attestation': attested('hashes, attestation'), 'a timestamp': stamped('hashes, timestamp', {}) };
  for (const [name, proof] of Object.entries(all)) {
    const without = structuredClone(proof);
    if (without.environment.attestation) delete without.environment.attestation.reportB64;
    found.push({ kind: 'hashes', name, text: canonical(proof), signedBody: signedBody(proof), proofHash: b64(sha256(signedBody(proof))), linkHash: linkHash(without), coreHash: b64(coreHash(proof)) });
  }
  return found;
}

const folder = process.argv[2];
const write = (name, lines) => writeFileSync(path.join(folder, name), lines);
const lines = (list) => list.map((one) => `${JSON.stringify(one)}\n`).join('');
write('verify.jsonl', lines(cases));
write('encodings.jsonl', lines([...encodings.map(({ signable, ...one }) => one), ...hashes()]));
write('nitro-root.pem', nitroRoot.pem);
write('sim-root.pem', simRoot.pem);
write('tsa-root.pem', tsaRoot.pem);
