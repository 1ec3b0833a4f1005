// evidence.mjs [--root FILE] [--sim-root FILE] [--rp-id NAME]… [--origin NAME]…: verifies every layer of occ/1 proofs, from PROTOCOL.md and the RFCs
// alone, with node:crypto and nothing else. Shares no code and no parser with the C that it is held against.
//
// Standard input: one JSON object a line, {text} = the text of a proof. Standard output: one line each, {valid, failed, reason,
// layers, evidence, tokens}: failed = the first layer that does not hold, tokens = the RFC 3161 tokens, whose CMS signatures are
// for somebody else to judge (`openssl ts -verify`).
import { X509Certificate, createPublicKey, verify as verifySignature } from 'node:crypto';
import { readFileSync } from 'node:fs';
import readline from 'node:readline';
import { pathToFileURL } from 'node:url';

import { Cbor, base64, cborBytes, derChildren, derList, derWhole, ensure, isDecimal, isObject, isText, nonce, oid } from './encodings.mjs';
import { canonical, isSigned, publicKey, sha256, signedBody } from './occ1.mjs';

// ---- certificates ----

/** RFC 5280 §4.1: {oid: {critical, value}}. */
function extensionsOf(certificate) {
  const found = {};
  const tbs = derChildren(certificate.raw, 0x30)[0];
  const wrapped = derList(tbs.content).find((element) => element.tag === 0xa3);
  for (const extension of wrapped ? derChildren(wrapped.content, 0x30) : []) {
    const parts = derList(extension.content);
    found[oid(parts[0].content)] = { critical: parts.length === 3 && parts[1].content[0] === 0xff, value: parts.at(-1).content };
  }
  return found;
}

// ---- Nitro (AWS's nitro_enclave specification; RFC 9052; PROTOCOL §5) ----

const AWS_ROOT_SHA256 = '641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b';

function readDocument(report) {
  let sign1 = Cbor.decode(report);
  if (sign1?.tag === 18) sign1 = sign1.value;
  ensure(Array.isArray(sign1) && sign1.length === 4, 'not a COSE_Sign1');
  const [protectedHeader, unprotected, payload, signature] = sign1;
  ensure(Buffer.isBuffer(protectedHeader) && unprotected instanceof Map && Buffer.isBuffer(payload) && Buffer.isBuffer(signature), 'not a COSE_Sign1');
  ensure(unprotected.size === 0, 'something in the unprotected header');
  const header = Cbor.decode(protectedHeader);
  ensure(header instanceof Map && header.get(1) === -35 && !header.has(2), 'not ES384');
  const document = Cbor.decode(payload);
  ensure(document instanceof Map, 'the payload is no map');
  const fields = Object.fromEntries(document);
  const bytesUpTo = (name, max, optional) => {
    const value = fields[name];
    if (optional && (value === null || value === undefined)) return;
    ensure(Buffer.isBuffer(value) && value.length <= max, `${name}: not bytes`);
  };
  ensure(isText(fields.module_id) && fields.digest === 'SHA384', 'module_id or digest');
  ensure(Number.isSafeInteger(fields.timestamp) && fields.timestamp > 0, 'timestamp');
  ensure(fields.pcrs instanceof Map && fields.pcrs.size >= 1 && fields.pcrs.size <= 32, 'pcrs');
  for (const [index, value] of fields.pcrs) {
    ensure(Number.isInteger(index) && index >= 0 && index < 32 && Buffer.isBuffer(value) && [32, 48, 64].includes(value.length), `pcrs[${index}]`);
  }
  bytesUpTo('certificate', 1024, false);
  ensure(Array.isArray(fields.cabundle) && fields.cabundle.length > 0 && fields.cabundle.every(Buffer.isBuffer), 'cabundle');
  for (const name of ['public_key', 'user_data', 'nonce']) bytesUpTo(name, 1024, true);
  return { ...fields, protectedHeader, payload, signature };
}

const within = (certificate, ms) => Date.parse(certificate.validFrom) <= ms && ms <= Date.parse(certificate.validTo);

/** The path from the pinned root to the document's certificate, at the document's own time. */
function verifyPath(document, root) {
  const path = [...document.cabundle, document.certificate].map((bytes, i) => {
    const certificate = new X509Certificate(bytes);
    ensure(certificate.raw.equals(bytes), `certificate ${i}: bytes behind it`);
    return certificate;
  });
  const fingerprint = sha256(document.cabundle[0]).toString('hex');
  ensure(fingerprint === (root ? sha256(root.raw).toString('hex') : AWS_ROOT_SHA256), 'cabundle[0] is not the pinned root');
  ensure(new Set(path.map((certificate) => certificate.fingerprint256)).size === path.length, 'a certificate twice');
  path.forEach((certificate, i) => {
    const last = i === path.length - 1;
    const issuer = path[Math.max(0, i - 1)];
    ensure(certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey), `certificate ${i}: not issued by the one before`);
    ensure(within(certificate, document.timestamp), `certificate ${i}: not valid at the document's time`);
    ensure(certificate.publicKey.asymmetricKeyDetails?.namedCurve === 'secp384r1', `certificate ${i}: not P-384`);
    const extensions = extensionsOf(certificate);
    const constraints = derChildren(extensions['2.5.29.19']?.value ?? Buffer.from([0x30, 0]), 0x30);
    ensure(certificate.ca === !last && constraints.some((element) => element.tag === 1) === !last, `certificate ${i}: CA flag`);
    const pathLength = constraints.find((element) => element.tag === 2)?.content[0];
    ensure(last || pathLength === undefined || path.length - 2 - i <= pathLength, `certificate ${i}: path length`);
    const usage = extensions['2.5.29.15'] ? derWhole(extensions['2.5.29.15'].value, 3) : null;
    ensure(usage && usage[1] & (last ? 0x80 : 0x04), `certificate ${i}: key usage`);
  });
  return { leaf: path.at(-1), fingerprint };
}

function verifyCose(document, key) {
  const structure = Buffer.concat([
    Buffer.from([0x84, 0x6a]), Buffer.from('Signature1'), cborBytes(document.protectedHeader), cborBytes(Buffer.alloc(0)), cborBytes(document.payload),
  ]);
  ensure(document.signature.length === 96, 'the signature is not r || s');
  ensure(verifySignature('sha384', structure, { key, dsaEncoding: 'ieee-p1363' }, document.signature), 'the COSE signature');
}

/** RFC 6962 §2.1.1, the verification of an audit path as RFC 9162 §2.1.3.2 has it. */
export function treeRoot(batch, proofHash) {
  ensure(isObject(batch), 'batch: no object');
  const { leafIndex, treeSize, pathB64, ...rest } = batch;
  ensure(Object.keys(rest).length === 0 && Number.isSafeInteger(treeSize) && treeSize >= 2, 'batch');
  ensure(Number.isSafeInteger(leafIndex) && leafIndex >= 0 && leafIndex < treeSize && Array.isArray(pathB64), 'batch');
  const node = (left, right) => sha256(Buffer.concat([Buffer.from([1]), left, right]));
  let hash = sha256(Buffer.concat([Buffer.from([0]), proofHash]));
  let index = BigInt(leafIndex);
  let last = BigInt(treeSize) - 1n;
  pathB64.forEach((text, i) => {
    const sibling = base64(text, `batch.pathB64[${i}]`, 32);
    ensure(last > 0n, 'batch: the path is too long');
    if (index & 1n || index === last) {
      hash = node(sibling, hash);
      while (!(index & 1n) && index > 0n) {
        index >>= 1n;
        last >>= 1n;
      }
    } else hash = node(hash, sibling);
    index >>= 1n;
    last >>= 1n;
  });
  ensure(last === 0n, 'batch: the path is too short');
  return hash;
}

/** PROTOCOL §5: what ties the document to this very proof. */
function bindingOf(document, proof) {
  const signer = base64(proof.signer.publicKeyB64, 'signer.publicKeyB64', 32);
  const has = (name) => document[name] !== null && document[name] !== undefined;
  if (has('public_key') && document.public_key.length === 32) ensure(document.public_key.equals(signer), 'public_key is of another signer');
  const body = Buffer.from(signedBody(proof));
  const { batch } = proof.environment.attestation;
  if (!has('user_data')) {
    ensure(batch === undefined, 'a batch without user_data');
    ensure(has('public_key') && document.public_key.equals(signer), 'neither user_data nor the key');
    return { binding: 'key' };
  }
  if (batch !== undefined) {
    ensure(document.user_data.equals(treeRoot(batch, sha256(body))), 'user_data is not the root of this batch');
    return { binding: 'batch' };
  }
  if (document.user_data.equals(sha256(body))) return { binding: 'body' };
  const { attestationFormat, ...older } = JSON.parse(body);
  ensure(document.user_data.equals(sha256(canonical(older))), 'user_data is about something else');
  return { binding: 'body', withoutFormat: true };
}

/** The document by itself: genuine, and what it says. */
export function judgeDocument(report, root) {
  const document = readDocument(report);
  const pcrs = Object.fromEntries([...document.pcrs].map(([index, value]) => [index, value.toString('hex')]));
  const found = { moduleId: document.module_id, time: document.timestamp, pcrs };
  const path = verifyPath(document, root);
  verifyCose(document, path.leaf.publicKey);
  found.rootSha256 = path.fingerprint;
  found.notBefore = Date.parse(path.leaf.validFrom);
  found.notAfter = Date.parse(path.leaf.validTo);
  ensure([0, 1, 2].some((i) => /[1-9a-f]/.test(pcrs[i] ?? '')), 'a debug enclave');
  return { document, found };
}

/** Proofs of one batch share a document: it is judged once. */
const judged = new Map();

function judgeAttestation(proof, { root, simRoot }) {
  const { attestation, enforcement, measurement } = proof.environment;
  const simulated = attestation.format === 'sim-nitro';
  if (!simulated && attestation.format !== 'aws-nitro') return { status: 'not performed' };
  ensure(!simulated || enforcement === 'stub', 'a simulated attestation beside a tier that is not stub');
  if (simulated && simRoot === null) return { status: 'not performed' };
  const key = `${simulated} ${attestation.reportB64}`;
  if (!judged.has(key)) judged.set(key, judgeDocument(base64(attestation.reportB64, 'reportB64'), simulated ? simRoot : root));
  const { document, found } = judged.get(key);
  ensure(`${simulated ? 'sim:' : ''}${found.pcrs[0]}` === measurement, 'PCR0 is not the measurement');
  return { ...found, measurement, ...bindingOf(document, proof) };
}

// ---- slot, epoch link (PROTOCOL §6) ----

function judgeSlot(proof) {
  const { slotAllocation: slot, commit, signer } = proof;
  ensure(isObject(slot), 'the commit names a slot that is not there');
  const { signatureB64, ...all } = slot;
  const body = {};
  for (const name of ['version', 'nonceB64', 'counter', 'time', 'epochId', 'publicKeyB64', 'chainId']) if (name in all) body[name] = all[name];
  ensure(isDecimal(commit.counter) && BigInt(commit.counter) > BigInt(body.counter), 'slot counter not below the commit');
  ensure(commit.slotCounter === body.counter, 'slotCounter');
  ensure(body.nonceB64 === commit.nonceB64, 'the slot has another nonce');
  ensure(body.epochId === commit.epochId, 'the slot is of another epoch');
  ensure(body.publicKeyB64 === signer.publicKeyB64 && body.chainId === commit.chainId, 'the slot is of another key or chain');
  const { chainId, ...without } = body;
  const hashes = [body, without].map((value) => sha256(canonical(value)).toString('base64'));
  ensure(hashes.includes(commit.slotHashB64), 'slotHashB64');
  const signature = Buffer.from(signatureB64, 'base64');
  ensure(verifySignature(null, Buffer.from(canonical(body)), publicKey(body.publicKeyB64), signature), 'slot signature');
  return { hashWithoutChainId: hashes[0] !== commit.slotHashB64, counter: body.counter };
}

function judgeEpochLink({ commit, signer, environment }) {
  const link = commit.epochLink;
  ensure(link.toEpochId === commit.epochId && link.toPublicKeyB64 === signer.publicKeyB64, 'the link leads elsewhere');
  ensure(link.prevEpochId !== commit.epochId, 'the link comes from this epoch');
  ensure(link.prevPublicKeyB64 !== signer.publicKeyB64 || environment.enforcement === 'hw-key', 'the link comes from this key');
  ensure(!('prevB64' in commit), 'not the first of its chain');
  return {};
}

// ---- agency (PROTOCOL §4; WebAuthn Level 2 §7.2) ----

function p256(der) {
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  ensure(key.asymmetricKeyDetails?.namedCurve === 'prime256v1', 'not P-256');
  ensure(der.length === 91 && key.export({ format: 'der', type: 'spki' }).equals(der), 'not the one encoding of a P-256 key');
  return key;
}

function judgeWebauthn(authorization, key, digest, { rpIds, origins }) {
  const clientData = JSON.parse(authorization.clientDataJSON);
  const data = base64(authorization.authenticatorDataB64, 'authenticatorDataB64');
  const challenge = base64(authorization.challenge, 'challenge');
  ensure(clientData.type === 'webauthn.get', 'type');
  ensure(clientData.challenge === challenge.toString('base64url'), 'clientDataJSON has another challenge');
  ensure(isText(clientData.origin) && (origins.length === 0 || origins.includes(clientData.origin)), 'origin');
  // Level 3 §7.2 steps 10 and 11: in a frame of another site a person may not see what they consent to.
  const framed = clientData.crossOrigin === true || 'topOrigin' in clientData;
  ensure(!framed || origins.length === 0 || origins.includes(clientData.topOrigin), 'made in a frame of another site');
  ensure(data.length >= 37 && (data[32] & 0x05) === 0x05, 'user not present or not verified');
  ensure(data.length === 37 || data[32] & 0xc0, 'bytes that no flag speaks of');
  const rpId = rpIds.find((name) => sha256(name).equals(data.subarray(0, 32)));
  ensure(rpIds.length === 0 || rpId !== undefined, 'rpIdHash');
  const signed = Buffer.concat([data, sha256(authorization.clientDataJSON)]);
  ensure(verifySignature('sha256', signed, key, base64(authorization.signatureB64, 'signatureB64')), 'actor signature');
  const strong = 'nonceB64' in authorization;
  if (strong) {
    const issued = base64(authorization.nonceB64, 'nonceB64');
    ensure(sha256(Buffer.concat([Buffer.from('occ/webauthn-challenge/v1\0'), issued, digest])).equals(challenge), 'the challenge is not of this digest');
  }
  return { form: strong ? 'webauthn-strong' : 'webauthn-bare', coversArtifact: strong, origin: clientData.origin, ...(rpId && { rpId }) };
}

/** A peer's list of digests, of which the first is the authorized one and this proof's stands at batchIndex. */
function judgeBatchContext(batch, authorization, artifact) {
  const { batchDigests, batchIndex, batchSize } = batch;
  ensure(Array.isArray(batchDigests) && batchDigests.length === batchSize && batchSize > 0, 'batchContext');
  batchDigests.forEach((text, i) => base64(text, `batchDigests[${i}]`, 32));
  ensure(batchDigests[0] === authorization.artifactHash, 'batchDigests[0] is not the authorized one');
  ensure(Number.isInteger(batchIndex) && batchDigests[batchIndex] === artifact.digestB64, 'batchIndex leads to another digest');
}

function judgeAgency({ agency, artifact }, names) {
  const { actor, authorization } = agency;
  const spki = base64(actor.publicKeyB64, 'actor.publicKeyB64');
  const key = p256(spki);
  ensure(actor.keyId === sha256(spki).toString('hex'), 'keyId');
  ensure(authorization.actorKeyId === actor.keyId, 'another actor');
  const covers = authorization.artifactHash === artifact.digestB64;
  if ('batchContext' in agency) judgeBatchContext(agency.batchContext, authorization, artifact);
  else ensure(covers, 'another artifact');
  const facts = { keyId: actor.keyId, time: authorization.timestamp };
  const authorized = base64(authorization.artifactHash, 'authorization.artifactHash', 32);
  base64(authorization.signatureB64, 'authorization.signatureB64');
  if ('format' in authorization) {
    // What nobody here can judge is not wrong: include/occ/verify.h, "What could not be checked".
    if (!['webauthn', 'webauthn.get'].includes(authorization.format)) return { status: 'not performed' };
    const found = judgeWebauthn(authorization, key, authorized, names);
    return { ...facts, ...found, coversArtifact: found.coversArtifact && covers };
  }
  const payload = {};
  for (const name of ['actorKeyId', 'artifactHash', 'challenge', 'protocolVersion', 'purpose', 'timestamp']) {
    if (name in authorization) payload[name] = authorization[name];
  }
  ensure(verifySignature('sha256', Buffer.from(canonical(payload)), key, base64(authorization.signatureB64, 'signatureB64')), 'actor signature');
  return { ...facts, form: 'direct', coversArtifact: covers };
}

// ---- timestamps (RFC 3161, 5652) ----

const IMPRINTS = { '2.16.840.1.101.3.4.2.1': 'sha256', '2.16.840.1.101.3.4.2.2': 'sha384', '2.16.840.1.101.3.4.2.3': 'sha512' };

/** What a token says; whether its signature is good is not looked at here. */
export function readToken(token) {
  const [contentType, wrapped] = derChildren(token, 0x30);
  ensure(oid(contentType.content) === '1.2.840.113549.1.7.2' && wrapped.tag === 0xa0, 'not SignedData');
  const encapsulated = derList(derChildren(wrapped.content, 0x30)[2].content);
  ensure(oid(encapsulated[0].content) === '1.2.840.113549.1.9.16.1.4', 'not over a TSTInfo');
  const info = derChildren(derWhole(encapsulated[1].content, 0x04), 0x30);
  ensure(info[0].tag === 2 && info[0].whole.equals(Buffer.from([2, 1, 1])), 'TSTInfo version');
  const [algorithm, imprint] = derList(info[2].content);
  const time = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d*[1-9])?Z$/.exec(info[4].content.toString('latin1'));
  ensure(info[4].tag === 0x18 && time, 'genTime');
  const [, year, month, day, hour, minute, second, fraction = ''] = time;
  return {
    policy: oid(info[1].content),
    imprintAlgorithm: IMPRINTS[oid(derList(algorithm.content)[0].content)],
    imprint: imprint.content,
    serial: info[3].content.toString('hex').replace(/^00(?=.)/, ''),
    genTime: Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`),
  };
}

function judgeTimestamp(entry, digest) {
  const token = readToken(base64(entry.tokenB64, 'tokenB64'));
  ensure(token.imprintAlgorithm === 'sha256' && token.imprint.equals(digest), 'the token is about something else');
  ensure(entry.digestAlg === 'sha256' && entry.digestB64 === digest.toString('base64'), 'digestAlg or digestB64');
  const stated = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(entry.time) ? Date.parse(entry.time) : NaN;
  ensure(Math.floor(stated / 1000) === Math.floor(token.genTime / 1000), 'time is not genTime');
  return { genTime: token.genTime, imprint: token.imprint.toString('base64'), policy: token.policy, serial: token.serial };
}

/** PROTOCOL §2.2. */
function coreHash({ artifact, commit, environment, signer, version }) {
  return sha256(canonical({ artifact, commit, environment, signer, version }));
}

function judgeTimestamps(proof) {
  const found = {};
  for (const name of ['artifact', 'proof']) {
    if (!(name in proof.timestamps)) continue;
    const digest = name === 'proof' ? coreHash(proof) : base64(proof.artifact.digestB64, 'digestB64');
    found[name] = judgeTimestamp(proof.timestamps[name], digest);
  }
  return found;
}

// ---- the whole ----

/** PROTOCOL §6. */
function judgeSlotStructure(slot) {
  ensure(isObject(slot) && slot.version === 'occ/slot/1', 'slotAllocation.version');
  nonce(slot.nonceB64, 'slotAllocation.nonceB64');
  base64(slot.publicKeyB64, 'slotAllocation.publicKeyB64', 32);
  base64(slot.signatureB64, 'slotAllocation.signatureB64', 64);
  ensure(isDecimal(slot.counter) && isText(slot.epochId), 'slotAllocation.counter or epochId');
  ensure(!('time' in slot) || typeof slot.time === 'number', 'slotAllocation.time');
}

/** PROTOCOL §6. */
function judgeEpochLinkStructure(link) {
  ensure(isObject(link) && isText(link.prevEpochId) && isText(link.toEpochId) && isDecimal(link.prevCounter), 'epochLink');
  for (const name of ['prevPublicKeyB64', 'prevProofHashB64', 'toPublicKeyB64']) base64(link[name], `epochLink.${name}`, 32);
}

/** PROTOCOL §1: names that JavaScript lists first or drops have no place in what is signed. */
function hasUnsafeName(value) {
  if (Array.isArray(value)) return value.some(hasUnsafeName);
  return isObject(value) && Object.getOwnPropertyNames(value).some((name) => name === '__proto__' || (/^(0|[1-9][0-9]*)$/.test(name) && Number(name) < 4294967295) || hasUnsafeName(value[name]));
}

/** The types of api-reference.txt. */
function judgeStructure(proof) {
  const object = (value, where) => ensure(isObject(value), `${where}: no object`);
  object(proof, 'proof');
  for (const name of ['artifact', 'commit', 'signer', 'environment']) object(proof[name], name);
  ensure(proof.version === 'occ/1' && proof.artifact.hashAlg === 'sha256', 'version or hashAlg');
  base64(proof.artifact.digestB64, 'artifact.digestB64', 32);
  nonce(proof.commit.nonceB64, 'commit.nonceB64');
  base64(proof.signer.publicKeyB64, 'signer.publicKeyB64', 32);
  base64(proof.signer.signatureB64, 'signer.signatureB64', 64);
  for (const name of ['counter', 'slotCounter']) ensure(!(name in proof.commit) || isDecimal(proof.commit[name]), `commit.${name}`);
  for (const name of ['prevB64', 'slotHashB64']) if (name in proof.commit) base64(proof.commit[name], `commit.${name}`, 32);
  ensure(!('time' in proof.commit) || typeof proof.commit.time === 'number', 'commit.time');
  ensure(!('epochId' in proof.commit) || isText(proof.commit.epochId), 'commit.epochId');
  const { environment, agency, timestamps } = proof;
  ensure(['stub', 'hw-key', 'measured-tee'].includes(environment.enforcement) && isText(environment.measurement), 'environment');
  if ('attestation' in environment) {
    object(environment.attestation, 'environment.attestation');
    ensure(isText(environment.attestation.format), 'format');
    base64(environment.attestation.reportB64, 'reportB64');
  }
  if ('agency' in proof) {
    object(agency, 'agency');
    object(agency.actor, 'agency.actor');
    object(agency.authorization, 'agency.authorization');
    for (const name of ['keyId', 'publicKeyB64', 'provider']) ensure(isText(agency.actor[name]), `actor.${name}`);
    ensure(agency.actor.algorithm === 'ES256', 'actor.algorithm');
    for (const name of ['actorKeyId', 'artifactHash', 'challenge', 'signatureB64']) ensure(isText(agency.authorization[name]), `authorization.${name}`);
    ensure(agency.authorization.purpose === 'occ/commit-authorize/v1', 'authorization.purpose');
    ensure(typeof agency.authorization.timestamp === 'number', 'authorization.timestamp');
    for (const id of [agency.actor.keyId, agency.authorization.actorKeyId]) ensure(/^[0-9a-f]{64}$/.test(id), 'keyId: not the hex of a SHA-256');
    base64(agency.actor.publicKeyB64, 'actor.publicKeyB64');
    base64(agency.authorization.signatureB64, 'authorization.signatureB64');
    base64(agency.authorization.artifactHash, 'authorization.artifactHash');
  }
  if ('slotAllocation' in proof) judgeSlotStructure(proof.slotAllocation);
  for (const name of ['metadata', 'attribution', 'policy', 'principal']) {
    if (name in proof) ensure(isObject(proof[name]) && Object.keys(proof[name]).length > 0, `${name}: no object, or empty`);
  }
  for (const value of [proof.artifact, proof.commit, agency?.actor, proof.attribution, proof.policy, proof.principal]) ensure(!hasUnsafeName(value), 'a name that JavaScript reorders');
  ensure(!('chainId' in proof.commit) || (typeof proof.commit.chainId === 'string' && /^[A-Za-z0-9._:-]{1,64}$/.test(proof.commit.chainId)), 'commit.chainId');
  if ('epochLink' in proof.commit) judgeEpochLinkStructure(proof.commit.epochLink);
  if ('timestamps' in proof) {
    object(timestamps, 'timestamps');
    ensure(Object.keys(timestamps).length > 0, 'timestamps: empty'); // PROTOCOL §2: absent, never empty
    for (const name of ['artifact', 'proof']) {
      if (!(name in timestamps)) continue;
      object(timestamps[name], `timestamps.${name}`);
      for (const field of ['authority', 'time', 'digestAlg', 'digestB64', 'tokenB64']) ensure(isText(timestamps[name][field]), `timestamps.${name}.${field}`);
      base64(timestamps[name].tokenB64, 'tokenB64');
      base64(timestamps[name].digestB64, 'digestB64');
    }
  }
  return {};
}

/** PROTOCOL §5, strictly: node:crypto takes points of small order and some encodings that are not canonical. */
const P25519 = 2n ** 255n - 19n;
const SMALL_ORDER = [0n, 1n, P25519 - 1n, ...['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a']
  .map((point) => yOf(Buffer.from(point, 'hex')))];
function yOf(point) {
  return BigInt(`0x${Buffer.from(point).reverse().toString('hex')}`) & ((1n << 255n) - 1n);
}
function judgeSignature(proof) {
  for (const point of [proof.signer.publicKeyB64, proof.signer.signatureB64].map((text) => Buffer.from(text, 'base64').subarray(0, 32))) {
    ensure(yOf(point) < P25519 && !SMALL_ORDER.includes(yOf(point)), 'a point of small order, or not canonical');
  }
  ensure(isSigned(proof), 'Ed25519');
  return {};
}

const LAYERS = [
  ['structure', () => true, judgeStructure],
  ['signature', () => true, judgeSignature],
  ['agency', (proof) => 'agency' in proof, judgeAgency],
  ['slot', ({ slotAllocation, commit }) => slotAllocation !== undefined || 'slotCounter' in commit || 'slotHashB64' in commit, judgeSlot],
  ['epoch-link', (proof) => 'epochLink' in proof.commit, judgeEpochLink],
  ['attestation', (proof) => 'attestation' in proof.environment, judgeAttestation],
  ['timestamps', (proof) => 'timestamps' in proof, judgeTimestamps],
];

/** options: {root: X509Certificate or null for AWS's, simRoot: or null, rpIds, origins: empty = any}. */
export function judge(proof, options) {
  const report = { valid: true, layers: {}, evidence: {} };
  for (const [name, applies, layer] of LAYERS) {
    if (report.layers.structure !== 'failed' && applies(proof)) {
      try {
        report.evidence[name] = layer(proof, options);
        report.layers[name] = report.evidence[name].status ?? 'passed';
      } catch (error) {
        if (error instanceof ReferenceError) throw error; // a mistake of ours, no verdict
        report.layers[name] = 'failed';
        if (report.valid) Object.assign(report, { valid: false, failed: name, reason: `${name}: ${error.message}` });
      }
    }
  }
  if (report.layers.structure === 'passed') {
    report.proofHash = sha256(signedBody(proof)).toString('base64');
    report.tokens = ['artifact', 'proof'].filter((name) => proof.timestamps?.[name]).map((name) => ({
      name, tokenB64: proof.timestamps[name].tokenB64,
      digest: (name === 'proof' ? coreHash(proof) : Buffer.from(proof.artifact.digestB64, 'base64')).toString('hex'),
    }));
  }
  return report;
}

export function optionsOf(words) {
  const options = { root: null, simRoot: null, rpIds: [], origins: [] };
  for (let i = 0; i < words.length; i += 2) {
    if (words[i] === '--root') options.root = new X509Certificate(readFileSync(words[i + 1]));
    else if (words[i] === '--sim-root') options.simRoot = new X509Certificate(readFileSync(words[i + 1]));
    else if (words[i] === '--rp-id') options.rpIds.push(words[i + 1]);
    else if (words[i] === '--origin') options.origins.push(words[i + 1]);
    else throw new Error(`unknown option ${words[i]}`);
  }
  return options;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = optionsOf(process.argv.slice(2));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { text, documentB64 } = JSON.parse(line);
    let report;
    if (documentB64 !== undefined) {
      try {
        const { document, found } = judgeDocument(Buffer.from(documentB64, 'base64'), options.root);
        const length = (bytes) => bytes?.length ?? null;
        report = { valid: true, ...found, userData: length(document.user_data), publicKey: length(document.public_key), nonce: length(document.nonce) };
      } catch (error) {
        report = { valid: false, reason: error.message };
      }
    } else report = judge(JSON.parse(text), options);
    console.log(JSON.stringify(report));
  }
}
