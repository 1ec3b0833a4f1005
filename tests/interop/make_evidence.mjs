// make_evidence.mjs SEED: makes proofs with every kind of evidence, good and with one thing wrong, under a root of its own; for what
// the public proofs have no example of. First line of output: {root} in PEM; then {name, valid, text} each. From PROTOCOL.md and the
// RFCs alone, like evidence.mjs, which has to judge them as this file says before anybody else is asked.
import { sign as signBytes } from 'node:crypto';

import { auditPath, bitString, cbor, der, derInteger, hex, sequence, subtree } from './encoders.mjs';
import { makeEd25519Keys, makeKeys } from './keys.mjs';
import { Chance, canonical, sha256, signedBody } from './occ1.mjs';

const chance = new Chance(Number(process.argv[2] ?? 1));
const b64 = (bytes) => Buffer.from(bytes).toString('base64');
const NOW = 1774000000000;
const HOUR = 3600000;

// ---- certificates (RFC 5280) ----

const ECDSA_SHA384 = sequence(der(6, hex('2a8648ce3d040303')));
const distinguished = (name) => sequence(der(0x31, sequence(der(6, hex('550403')), der(12, name))));
const utcTime = (ms) => der(0x17, `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`);
const p384 = () => makeKeys('ec', { namedCurve: 'P-384' });
const USAGE = { sign: [Buffer.from([0x80]), 7], authority: [Buffer.from([0x04]), 2] };

/** of: {name, keys, issuer: {name, keys}, ca, pathLength, usage, notBefore, notAfter, curve keys}. */
function certificate(of) {
  const extension = (oid, value) => sequence(der(6, hex(oid)), der(1, Buffer.from([0xff])), der(4, value));
  const constraints = of.ca ? [der(1, Buffer.from([0xff])), ...(of.pathLength === undefined ? [] : [der(2, Buffer.from([of.pathLength]))])] : [];
  const tbs = sequence(
    der(0xa0, der(2, Buffer.from([2]))), der(2, Buffer.concat([Buffer.from([1]), chance.bytes(8)])), ECDSA_SHA384, distinguished(of.issuer.name),
    sequence(utcTime(of.notBefore), utcTime(of.notAfter)), distinguished(of.name), of.keys.spki,
    der(0xa3, sequence(extension('551d13', sequence(...constraints)), ...(of.usage ? [extension('551d0f', bitString(...of.usage))] : []))),
  );
  return sequence(tbs, ECDSA_SHA384, bitString(signBytes('sha384', tbs, of.issuer.keys.privateKey)));
}

/** A path from a root down: change.N alters the certificate at N (the leaf is last). */
function makePath(root, authorities, change = {}) {
  const path = [];
  for (let i = 0; i <= authorities; i++) {
    const last = i === authorities;
    const entry = {
      name: i === 0 ? root.name : `level ${i}`, keys: i === 0 ? root.keys : p384(), issuer: i === 0 ? root : path[i - 1],
      ca: !last, usage: last ? USAGE.sign : USAGE.authority,
      notBefore: last ? NOW - HOUR : NOW - 100 * HOUR, notAfter: last ? NOW + 2 * HOUR : NOW + 100 * HOUR, ...change[i],
    };
    entry.der = i === 0 && !change[0] ? root.der : certificate(entry);
    path.push(entry);
  }
  return path;
}
function makeRoot(name) {
  const root = { name, keys: p384() };
  root.der = certificate({ ...root, issuer: root, ca: true, usage: USAGE.authority, notBefore: NOW - 1e5 * HOUR, notAfter: NOW + 1e5 * HOUR });
  return root;
}

// ---- documents (RFC 9052) ----

const PCR0 = chance.bytes(48);
const MEASUREMENT = PCR0.toString('hex');
const root = makeRoot('root of these tests');
const goodPath = makePath(root, 4);

/** with: {path, fields (of the document), algorithm, key (that signs), tagged, indefinite, pcrs}. */
function makeDocument(given) {
  const path = given.path ?? goodPath;
  const pcrs = given.pcrs ?? new Map([[0, PCR0], [1, chance.bytes(48)], [2, chance.bytes(48)], [3, Buffer.alloc(48)]]);
  const fields = {
    module_id: 'i-0123456789abcdef0-enc0123456789abcdef', digest: 'SHA384', timestamp: NOW, pcrs, certificate: path.at(-1).der,
    cabundle: path.slice(0, -1).map((entry) => entry.der), public_key: null, user_data: null, nonce: null, ...given.fields,
  };
  const payload = cbor(new Map(Object.entries(fields).filter(([, value]) => value !== undefined)), given.indefinite);
  const header = cbor(new Map([[1, given.algorithm ?? -35]]));
  const structure = Buffer.concat([cbor(['Signature1', header, Buffer.alloc(0), payload])]);
  const key = given.key ?? path.at(-1).keys.privateKey;
  const signature = signBytes('sha384', structure, { key, dsaEncoding: 'ieee-p1363' });
  return Buffer.concat([given.tagged ? Buffer.from([0xd2]) : Buffer.alloc(0), cbor([header, new Map(), payload, signature])]);
}

// ---- proofs ----

function makeProof(signer, change = {}) {
  const proof = {
    version: 'occ/1', artifact: { hashAlg: 'sha256', digestB64: b64(chance.bytes(32)) },
    commit: { nonceB64: b64(chance.bytes(32)), counter: '12', time: NOW - 60, epochId: chance.bytes(32).toString('hex'), prevB64: b64(chance.bytes(32)) },
    signer: { publicKeyB64: b64(signer.raw), signatureB64: '' },
    environment: { enforcement: 'stub', measurement: 'stub:0' },
  };
  for (const [name, value] of Object.entries(change)) {
    if (value === undefined) delete proof.commit[name];
    else proof.commit[name] = value;
  }
  return proof;
}
function sealed(proof, signer) {
  proof.signer.signatureB64 = b64(signBytes(null, Buffer.from(signedBody(proof)), signer.privateKey));
  return proof;
}
const bodyHash = (proof) => sha256(signedBody(proof));
function olderHash(proof) {
  const { attestationFormat, ...older } = JSON.parse(signedBody(proof));
  return sha256(canonical(older));
}

const cases = [];
const add = (name, valid, proof) => cases.push({ name, valid, text: JSON.stringify(proof) });

// ---- attestations ----

/** fields(proof, signer) → fields of the document. */
function attested(name, valid, given, fields = (proof) => ({ user_data: bodyHash(proof) }), batch) {
  const signer = makeEd25519Keys();
  const proof = makeProof(signer);
  proof.environment = { enforcement: 'measured-tee', measurement: given.measurement ?? MEASUREMENT, attestation: { format: 'aws-nitro', reportB64: '' } };
  sealed(proof, signer);
  const document = makeDocument({ ...given, fields: { ...fields(proof, signer), ...given.fields } });
  proof.environment.attestation.reportB64 = b64(given.bytes ? given.bytes(document) : document);
  if (batch) proof.environment.attestation.batch = batch(proof);
  add(`attestation: ${name}`, valid, proof);
}

function bindings() {
  const other = chance.bytes(32);
  attested('body', true, {});
  attested('body, tagged', true, { tagged: true });
  attested('body, indefinite map', true, { indefinite: true });
  attested('body as it was before attestationFormat', true, {}, (proof) => ({ user_data: olderHash(proof) }));
  attested('body and key', true, {}, (proof, signer) => ({ user_data: bodyHash(proof), public_key: signer.raw }));
  attested('body and a key of another kind', true, {}, (proof) => ({ user_data: bodyHash(proof), public_key: chance.bytes(294) }));
  attested('body and a nonce', true, { fields: { nonce: other } });
  attested('public_key and nonce left out', true, { fields: { public_key: undefined, nonce: undefined } });
  attested('all three left out', false, { fields: { user_data: undefined, public_key: undefined, nonce: undefined } });
  attested('key', true, {}, (_, signer) => ({ public_key: signer.raw }));
  attested('body and another key', false, {}, (proof) => ({ user_data: bodyHash(proof), public_key: other }));
  attested('another body, this key', false, {}, (_, signer) => ({ user_data: other, public_key: signer.raw }));
  attested('empty user_data, this key', false, {}, (_, signer) => ({ user_data: Buffer.alloc(0), public_key: signer.raw }));
  attested('user_data longer than the hash', false, {}, (proof) => ({ user_data: Buffer.concat([bodyHash(proof), Buffer.alloc(1)]) }));
  attested('user_data is the hash in hex', false, {}, (proof) => ({ user_data: Buffer.from(bodyHash(proof).toString('hex')) }));
  attested('about nothing', false, {}, () => ({}));
  attested('another key', false, {}, () => ({ public_key: other }));
  attested('another measurement', false, { measurement: 'ab'.repeat(48) });
  attested('the measurement in upper case', false, { measurement: MEASUREMENT.toUpperCase() });
  attested('debug', false, { measurement: '00'.repeat(48), pcrs: new Map([0, 1, 2].map((i) => [i, Buffer.alloc(48)])) });
  attested('PCR0 zero, but not debug', true, { measurement: '00'.repeat(48), pcrs: new Map([[0, Buffer.alloc(48)], [1, PCR0], [2, PCR0]]) });
}

function documents() {
  attested('signed by another key', false, { key: p384().privateKey });
  attested('header says ES256', false, { algorithm: -7 });
  attested('header says ES512', false, { algorithm: -36 });
  attested('digest SHA256', false, { fields: { digest: 'SHA256' } });
  attested('no timestamp', false, { fields: { timestamp: undefined } });
  attested('no module_id', false, { fields: { module_id: undefined } });
  attested('empty module_id', false, { fields: { module_id: '' } });
  attested('no pcrs', false, { fields: { pcrs: undefined } });
  attested('a PCR of 20 bytes', false, { fields: { pcrs: new Map([[0, PCR0], [1, PCR0], [2, PCR0], [4, PCR0.subarray(0, 20)]]) } });
  attested('PCR 32', false, { fields: { pcrs: new Map([[0, PCR0], [1, PCR0], [2, PCR0], [32, PCR0]]) } });
  attested('no cabundle', false, { fields: { cabundle: undefined } });
  attested('empty cabundle', false, { fields: { cabundle: [] } });
  attested('no certificate', false, { fields: { certificate: undefined } });
  attested('user_data as text', false, { fields: { user_data: 'text' } });
  attested('bytes behind it', false, { bytes: (document) => Buffer.concat([document, Buffer.from([0xf6])]) });
  attested('cut', false, { bytes: (document) => document.subarray(0, -1) });
}

function paths() {
  const good = (name, path) => attested(`path, ${name}`, true, { path });
  const bad = (name, path, fields = {}) => attested(`path, ${name}`, false, { path, fields });
  const bundle = goodPath.slice(0, -1).map((entry) => entry.der);
  good('root and leaf', makePath(root, 1));
  good('six authorities', makePath(root, 6));
  good('path lengths that fit', makePath(root, 4, { 1: { pathLength: 2 }, 2: { pathLength: 1 }, 3: { pathLength: 0 } }));
  // Not the last second itself: by RFC 5280 §4.1.2.5 it is inside, OpenSSL (its command line, too) has it outside.
  good('a leaf a second before its last', makePath(root, 2, { 2: { notAfter: NOW + 1000 } }));
  good('a leaf at its first second', makePath(root, 2, { 2: { notBefore: NOW } }));
  bad('another root', makePath(makeRoot('another root'), 3));
  bad('another root of the same name', makePath(makeRoot(root.name), 3));
  bad('a leaf that was not yet valid', makePath(root, 2, { 2: { notBefore: NOW + 1000 } }));
  bad('a leaf that had expired', makePath(root, 2, { 2: { notAfter: NOW - 1000 } }));
  bad('an authority that had expired', makePath(root, 3, { 2: { notAfter: NOW - 1000 } }));
  bad('an authority that is none', makePath(root, 3, { 2: { ca: false } }));
  bad('an authority that may not sign certificates', makePath(root, 3, { 2: { usage: USAGE.sign } }));
  bad('an authority without key usage', makePath(root, 3, { 2: { usage: undefined } }));
  bad('path length exceeded', makePath(root, 4, { 1: { pathLength: 1 } }));
  bad('a leaf that is an authority', makePath(root, 2, { 2: { ca: true } }));
  bad('a leaf that may not sign', makePath(root, 2, { 2: { usage: USAGE.authority } }));
  bad('a leaf without key usage', makePath(root, 2, { 2: { usage: undefined } }));
  bad('a P-256 leaf', makePath(root, 2, { 2: { keys: makeKeys('ec', { namedCurve: 'P-256' }) } }));
  bad('an issuer\'s name that does not fit', makePath(root, 3, { 2: { issuer: { name: 'level 1', keys: p384() } } }));
  bad('an issuer of another name', makePath(root, 2, { 2: { issuer: { name: 'nobody', keys: p384() } } }));
  bad('two swapped', goodPath, { cabundle: [bundle[0], bundle[2], bundle[1], bundle[3]] });
  bad('one left out', goodPath, { cabundle: [bundle[0], bundle[1], bundle[3]] });
  bad('one twice', goodPath, { cabundle: [bundle[0], bundle[1], bundle[1], bundle[2], bundle[3]] });
  bad('the root last', goodPath, { cabundle: [...bundle].reverse() });
  bad('one that is not needed', goodPath, { cabundle: [...bundle, makePath(root, 2)[1].der] });
  bad('no root', goodPath, { cabundle: bundle.slice(1) });
  bad('bytes behind the leaf', goodPath, { certificate: Buffer.concat([goodPath.at(-1).der, Buffer.from([0])]) });
  bad('the root as its own leaf', [root, root]);
}

// ---- batches (RFC 6962 §2.1) ----

/** A batch of size leaves with the proof at index; alter(batch) changes what it says. */
function batched(name, valid, size, index, alter = (batch) => batch) {
  const leaves = Array.from({ length: size }, () => chance.bytes(32));
  const at = (proof) => leaves.map((leaf, i) => (i === index ? bodyHash(proof) : leaf));
  const place = (proof) => alter({ leafIndex: index, treeSize: size, pathB64: auditPath(index, at(proof)).map(b64) });
  attested(`batch, ${name}`, valid, {}, (proof) => ({ user_data: subtree(at(proof)) }), place);
}

function batches() {
  for (const size of [2, 3, 4, 5, 7, 8, 9, 100, 1000]) {
    for (const index of new Set([0, 1, size - 1, chance.below(size)])) batched(`${index} of ${size}`, true, size, index);
  }
  batched('another index', false, 8, 3, (batch) => ({ ...batch, leafIndex: 2 }));
  batched('index beyond', false, 8, 7, (batch) => ({ ...batch, leafIndex: 8 }));
  batched('negative index', false, 8, 7, (batch) => ({ ...batch, leafIndex: -1 }));
  batched('another size', false, 8, 3, (batch) => ({ ...batch, treeSize: 17 }));
  batched('half an index', false, 8, 3, (batch) => ({ ...batch, leafIndex: 3.5 }));
  batched('a hash more', false, 8, 3, (batch) => ({ ...batch, pathB64: [...batch.pathB64, b64(chance.bytes(32))] }));
  batched('a hash less', false, 8, 3, (batch) => ({ ...batch, pathB64: batch.pathB64.slice(1) }));
  batched('two hashes swapped', false, 8, 3, (batch) => ({ ...batch, pathB64: [batch.pathB64[1], batch.pathB64[0], batch.pathB64[2]] }));
  batched('a hash of 31 bytes', false, 8, 3, (batch) => ({ ...batch, pathB64: [b64(chance.bytes(31)), ...batch.pathB64.slice(1)] }));
  batched('an unknown member', false, 8, 3, (batch) => ({ ...batch, more: 1 }));
  batched('no index', false, 8, 3, ({ treeSize, pathB64 }) => ({ treeSize, pathB64 }));
  const leaves = [chance.bytes(32), chance.bytes(32)];
  attested('batch, that does not hold this proof', false, {}, () => ({ user_data: subtree(leaves) }), () => ({ leafIndex: 0, treeSize: 2, pathB64: auditPath(0, leaves).map(b64) }));
  attested('batch, without batch', false, {}, (proof) => ({ user_data: subtree([bodyHash(proof), leaves[0]]) }));
  attested('batch, a leaf without its prefix', false, {}, (proof) => ({ user_data: sha256(Buffer.concat([Buffer.from([1]), bodyHash(proof), leaves[0]])) }),
    () => ({ leafIndex: 0, treeSize: 2, pathB64: [b64(leaves[0])] }));
}

// ---- slots and epoch links ----

/** change alters the slot's body before it is signed, after the slot once it was, commit the proof's commit. */
function slotted(name, valid, { change = {}, after = {}, commit = {}, by, chainId, hashWithout = false, time = true } = {}) {
  const signer = makeEd25519Keys();
  const proof = makeProof(signer, chainId ? { chainId } : {});
  const body = {
    version: 'occ/slot/1', nonceB64: proof.commit.nonceB64, counter: '11', ...(time && { time: NOW - 70 }), epochId: proof.commit.epochId,
    publicKeyB64: proof.signer.publicKeyB64, ...(chainId && { chainId }), ...change,
  };
  for (const [member, value] of Object.entries(body)) if (value === undefined) delete body[member];
  const { chainId: _, ...without } = body;
  Object.assign(proof.commit, { slotCounter: body.counter, slotHashB64: b64(sha256(canonical(hashWithout ? without : body))), ...commit });
  for (const [member, value] of Object.entries(proof.commit)) if (value === undefined) delete proof.commit[member];
  proof.slotAllocation = { ...body, signatureB64: b64(signBytes(null, Buffer.from(canonical(body)), (by ?? signer).privateKey)), ...after };
  if (after === null) delete proof.slotAllocation;
  add(`slot: ${name}`, valid, sealed(proof, signer));
}

function slots() {
  slotted('good', true);
  slotted('without time', true, { time: false });
  slotted('of a chain', true, { chainId: 'occ:main' });
  slotted('of a chain, hash without chainId', true, { chainId: 'occ:main', hashWithout: true });
  slotted('counter far below', true, { change: { counter: '1' } });
  slotted('counter that is text-wise greater', true, { change: { counter: '9' } });
  slotted('the same counter', false, { change: { counter: '12' } });
  slotted('a greater counter', false, { change: { counter: '13' } });
  slotted('another slotCounter', false, { commit: { slotCounter: '10' } });
  slotted('no slotCounter', false, { commit: { slotCounter: undefined } });
  slotted('no slotHashB64', false, { commit: { slotHashB64: undefined } });
  slotted('no counter in the commit', false, { commit: { counter: undefined } });
  slotted('another hash', false, { commit: { slotHashB64: b64(chance.bytes(32)) } });
  slotted('another nonce', false, { change: { nonceB64: b64(chance.bytes(32)) } });
  slotted('another epoch', false, { change: { epochId: 'another' } });
  slotted('another key', false, { change: { publicKeyB64: b64(makeEd25519Keys().raw) } });
  slotted('signed by another key', false, { by: makeEd25519Keys() });
  slotted('another version', false, { change: { version: 'occ/slot/2' } });
  slotted('of another chain', false, { chainId: 'a', commit: { chainId: 'b' } });
  slotted('of a chain, the commit of none', false, { change: { chainId: 'a' } });
  slotted('of no chain, the commit of one', false, { commit: { chainId: 'a' } });
  slotted('time changed afterwards', false, { after: { time: NOW } });
  slotted('counter changed afterwards', false, { after: { counter: '10' } });
}

function linked(name, valid, change = {}, commit = {}, enforcement = 'stub') {
  const signer = makeEd25519Keys();
  const proof = makeProof(signer, { prevB64: undefined, ...commit });
  proof.environment.enforcement = enforcement;
  const link = {
    prevEpochId: 'ab'.repeat(32), prevPublicKeyB64: b64(makeEd25519Keys().raw), prevCounter: '11', prevProofHashB64: b64(chance.bytes(32)),
    toEpochId: proof.commit.epochId, toPublicKeyB64: proof.signer.publicKeyB64,
  };
  proof.commit.epochLink = { ...link, ...(typeof change === 'function' ? change(proof) : change) };
  for (const [member, value] of Object.entries(proof.commit.epochLink)) if (value === undefined) delete proof.commit.epochLink[member];
  add(`epoch link: ${name}`, valid, sealed(proof, signer));
}

function links() {
  linked('good', true);
  linked('with measurement and enforcement', true, { prevMeasurement: 'stub:1', prevEnforcement: 'stub' });
  linked('to another epoch', false, { toEpochId: 'another' });
  linked('to another key', false, { toPublicKeyB64: b64(makeEd25519Keys().raw) });
  linked('from this epoch', false, (proof) => ({ prevEpochId: proof.commit.epochId }));
  linked('from this key', false, (proof) => ({ prevPublicKeyB64: proof.signer.publicKeyB64 }));
  linked('from this key, hw-key', true, (proof) => ({ prevPublicKeyB64: proof.signer.publicKeyB64 }), {}, 'hw-key');
  linked('not the first of its chain', false, {}, { prevB64: b64(chance.bytes(32)) });
}

// ---- actors ----

const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
/** The same signature with n - s, which is as good. */
function otherS(signature) {
  const rLength = signature[3];
  const r = BigInt(`0x${signature.subarray(4, 4 + rLength).toString('hex')}`);
  const s = BigInt(`0x${signature.subarray(6 + rLength).toString('hex')}`);
  return sequence(derInteger(r), derInteger(P256_ORDER - s));
}

/** alter(agency, proof) changes things after they were signed; payload before. */
function direct(name, valid, { payload = {}, alter = () => {}, curve = 'P-256', signature = (bytes) => bytes } = {}) {
  const signer = makeEd25519Keys();
  const { spki, privateKey } = makeKeys('ec', { namedCurve: curve });
  const proof = makeProof(signer);
  const authorization = {
    purpose: 'occ/commit-authorize/v1', actorKeyId: sha256(spki).toString('hex'), artifactHash: proof.artifact.digestB64, challenge: b64(chance.bytes(32)),
    timestamp: NOW - 100, ...payload,
  };
  proof.agency = {
    actor: { keyId: sha256(spki).toString('hex'), publicKeyB64: b64(spki), algorithm: 'ES256', provider: 'apple-secure-enclave' },
    authorization: { ...authorization, signatureB64: b64(signature(signBytes('sha256', Buffer.from(canonical(authorization)), privateKey))) },
  };
  alter(proof.agency, proof);
  add(`direct: ${name}`, valid, sealed(proof, signer));
}

function directs() {
  direct('good', true);
  direct('good, either s', true, { signature: otherS });
  direct('with protocolVersion', true, { payload: { protocolVersion: 'occ/1' } });
  direct('with protocolVersion that came later', false, { alter: ({ authorization }) => (authorization.protocolVersion = 'occ/1') });
  direct('another timestamp', false, { alter: ({ authorization }) => authorization.timestamp++ });
  direct('another challenge', false, { alter: ({ authorization }) => (authorization.challenge = b64(chance.bytes(32))) });
  direct('another digest', false, { payload: { artifactHash: b64(chance.bytes(32)) } });
  direct('another digest afterwards', false, { alter: ({ authorization }) => (authorization.artifactHash = b64(chance.bytes(32))) });
  direct('another purpose', false, { payload: { purpose: 'occ/commit-authorize/v2' } });
  direct('another actor', false, { payload: { actorKeyId: '0'.repeat(64) } });
  direct('a keyId that is not the key\'s', false, { payload: { actorKeyId: '0'.repeat(64) }, alter: ({ actor }) => (actor.keyId = '0'.repeat(64)) });
  direct('a P-384 key', false, { curve: 'P-384' });
  direct('bytes behind the signature', false, { signature: (bytes) => Buffer.concat([bytes, Buffer.from([0])]) });
  direct('a signature with a long length', false, { signature: (bytes) => Buffer.concat([Buffer.from([0x30, 0x81, bytes[1]]), bytes.subarray(2)]) });
  direct('an empty signature', false, { signature: () => sequence(derInteger(0n), derInteger(0n)) });
  direct('another algorithm', false, { alter: ({ actor }) => (actor.algorithm = 'ES384') });
}

/** A peer's batch: the device signed its first digest, the proof is about the one at index. alter(batch) changes what it says. */
function inBatch(name, valid, index, alter = (batch) => batch) {
  const digests = Array.from({ length: 4 }, () => b64(chance.bytes(32)));
  const payload = index === 0 ? {} : { artifactHash: digests[0] };
  direct(`batch, ${name}`, valid, {
    payload,
    alter: (agency, proof) => {
      if (index === 0) digests[0] = proof.artifact.digestB64;
      else digests[index] = proof.artifact.digestB64;
      agency.batchContext = alter({ batchSize: digests.length, batchIndex: index, batchDigests: digests });
    },
  });
}

function peerBatches() {
  inBatch('the first', true, 0);
  inBatch('another', true, 2);
  inBatch('another index', false, 2, (batch) => ({ ...batch, batchIndex: 1 }));
  inBatch('index beyond', false, 2, (batch) => ({ ...batch, batchIndex: 4 }));
  inBatch('another size', false, 2, (batch) => ({ ...batch, batchSize: 5 }));
  inBatch('another first', false, 2, (batch) => ({ ...batch, batchDigests: [b64(chance.bytes(32)), ...batch.batchDigests.slice(1)] }));
  inBatch('a digest that is none', false, 2, (batch) => ({ ...batch, batchDigests: [...batch.batchDigests.slice(0, 3), 'AA=='] }));
  inBatch('nothing in it', false, 0, () => ({ batchSize: 0, batchIndex: 0, batchDigests: [] }));
}

const RP = 'example.com';
const ORIGIN = 'https://example.com';

/** form: strong or bare. client and data change what is signed, alter what was. */
function webauthn(form, name, valid, { client = {}, flags = 0x1d, tail = Buffer.alloc(0), length = 37, pad = false, alter = () => {}, text = JSON.stringify, digest, rp = RP } = {}) {
  const signer = makeEd25519Keys();
  const { spki, privateKey } = makeKeys('ec', { namedCurve: 'P-256' });
  const proof = makeProof(signer);
  const nonce = chance.bytes(32);
  const about = digest ?? Buffer.from(proof.artifact.digestB64, 'base64');
  const challenge = form === 'strong' ? sha256(Buffer.concat([Buffer.from('occ/webauthn-challenge/v1\0'), nonce, about])) : nonce;
  const clientDataJSON = text({ type: 'webauthn.get', challenge: challenge.toString('base64url') + (pad ? '=' : ''), origin: ORIGIN, crossOrigin: false, ...client });
  const data = Buffer.concat([Buffer.concat([sha256(rp), Buffer.from([flags]), chance.bytes(4)]).subarray(0, length), tail]);
  const keyId = sha256(spki).toString('hex');
  proof.agency = {
    actor: { keyId, publicKeyB64: b64(spki), algorithm: 'ES256', provider: 'passkey' },
    authorization: {
      purpose: 'occ/commit-authorize/v1', format: 'webauthn', actorKeyId: keyId, artifactHash: proof.artifact.digestB64, challenge: b64(challenge),
      timestamp: NOW - 100, clientDataJSON, authenticatorDataB64: b64(data), ...(form === 'strong' && { nonceB64: b64(nonce) }),
      signatureB64: b64(signBytes('sha256', Buffer.concat([data, sha256(clientDataJSON)]), privateKey)),
    },
  };
  alter(proof.agency.authorization, proof);
  add(`webauthn ${form}: ${name}`, valid, sealed(proof, signer));
}

function assertions() {
  for (const form of ['strong', 'bare']) {
    webauthn(form, 'good', true);
    webauthn(form, 'webauthn.get as format', true, { alter: (authorization) => (authorization.format = 'webauthn.get') });
    webauthn(form, 'members that nobody knows in clientDataJSON', true, { client: { other_keys_can_be_added_here: 'x' } });
    webauthn(form, 'in a frame of this site', true, { client: { crossOrigin: true, topOrigin: ORIGIN } });
    webauthn(form, 'in a frame of another site', false, { client: { crossOrigin: true, topOrigin: 'https://example.org' } });
    webauthn(form, 'in a frame of nobody knows whose', false, { client: { crossOrigin: true } });
    webauthn(form, 'blanks in clientDataJSON', true, { text: (value) => JSON.stringify(value, null, 1) });
    webauthn(form, 'extensions', true, { flags: 0x85, tail: hex('a1637578790a') });
    webauthn(form, 'extensions without their flag', false, { tail: hex('a1637578790a') });
    webauthn(form, 'nobody there', false, { flags: 0x04 });
    webauthn(form, 'user not verified', false, { flags: 0x01 });
    webauthn(form, 'authenticatorData cut', false, { length: 36 });
    webauthn(form, 'a creation', false, { client: { type: 'webauthn.create' } });
    webauthn(form, 'another challenge in clientDataJSON', false, { client: { challenge: chance.bytes(32).toString('base64url') } });
    webauthn(form, 'its challenge padded', false, { pad: true });
    webauthn(form, 'no origin', false, { client: { origin: undefined } });
    webauthn(form, 'another origin', false, { client: { origin: 'https://example.org' } });
    webauthn(form, 'another relying party', false, { rp: 'example.org' });
    webauthn(form, 'another digest', false, { alter: (authorization) => (authorization.artifactHash = b64(chance.bytes(32))) });
    webauthn(form, 'another challenge', false, { alter: (authorization) => (authorization.challenge = b64(chance.bytes(32))) });
    webauthn(form, 'clientDataJSON written anew', false, { alter: (authorization) => (authorization.clientDataJSON += ' ') });
    webauthn(form, 'clientDataJSON that is no JSON', false, { text: () => 'no' });
    webauthn(form, 'a format that nobody knows: not performed', true, { alter: (authorization) => (authorization.format = 'webauthn.set') });
    webauthn(form, 'as if it were direct', false, { alter: (authorization) => delete authorization.format });
  }
  webauthn('strong', 'a challenge for another digest', false, { digest: chance.bytes(32) });
  webauthn('strong', 'another nonce', false, { alter: (authorization) => (authorization.nonceB64 = b64(chance.bytes(32))) });
  webauthn('strong', 'no nonce: the challenge is a bare one', true, { alter: (authorization) => delete authorization.nonceB64 });
  webauthn('bare', 'called strong', false, { alter: (authorization) => (authorization.nonceB64 = authorization.challenge) });
}

for (const make of [bindings, documents, paths, batches, slots, links, directs, peerBatches, assertions]) make();
console.log(JSON.stringify({ root: `-----BEGIN CERTIFICATE-----\n${b64(root.der).replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n` }));
for (const one of cases) console.log(JSON.stringify(one));
