// authorize.mjs: a person's device, from the protocol's description alone (PROTOCOL §4). For each line of standard input, a JSON
// object, an agency: {form: direct, strong or bare, challenge, digestB64, timestamp, and what is to be wrong with it}. The keys are
// Node's own, one for each kind of key and run.
import { sign } from 'node:crypto';
import readline from 'node:readline';

import { makeKeys } from './keys.mjs';
import { canonical, sha256 } from './occ1.mjs';

const KINDS = { 'P-256': ['ec', { namedCurve: 'P-256' }], 'P-384': ['ec', { namedCurve: 'P-384' }], RSA: ['rsa', { modulusLength: 2048 }] };
const made = new Map();
const b64 = (bytes) => Buffer.from(bytes).toString('base64');

function keysOf(kind) {
  if (!made.has(kind)) made.set(kind, makeKeys(...KINDS[kind]));
  return made.get(kind);
}

function directOf({ challenge, digestB64, timestamp, protocolVersion }, keyId, privateKey) {
  const authorization = { purpose: 'occ/commit-authorize/v1', actorKeyId: keyId, artifactHash: digestB64, challenge, timestamp };
  if (protocolVersion !== undefined) authorization.protocolVersion = protocolVersion;
  return { ...authorization, signatureB64: b64(sign('sha256', Buffer.from(canonical(authorization)), privateKey)) };
}

function webauthnOf({ form, challenge, digestB64, timestamp, origin = 'https://example.com', rpId = 'example.com', flags = 0x05 }, keyId, privateKey) {
  const nonce = Buffer.from(challenge, 'base64');
  const strong = form === 'strong';
  const signed = strong ? sha256(Buffer.concat([Buffer.from('occ/webauthn-challenge/v1\0'), nonce, Buffer.from(digestB64, 'base64')])) : nonce;
  const clientDataJSON = JSON.stringify({ type: 'webauthn.get', challenge: signed.toString('base64url'), origin, crossOrigin: false });
  const data = Buffer.concat([sha256(rpId), Buffer.from([flags, 0, 0, 0, 7])]);
  return {
    purpose: 'occ/commit-authorize/v1', format: 'webauthn', actorKeyId: keyId, artifactHash: digestB64, challenge: b64(signed), timestamp,
    clientDataJSON, authenticatorDataB64: b64(data), ...(strong && { nonceB64: challenge }),
    signatureB64: b64(sign('sha256', Buffer.concat([data, sha256(clientDataJSON)]), privateKey)),
  };
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const wish = JSON.parse(line);
  const { spki, privateKey } = keysOf(wish.key ?? 'P-256');
  const keyId = sha256(spki).toString('hex');
  const actor = { keyId, publicKeyB64: b64(spki), algorithm: 'ES256', provider: wish.form === 'direct' ? 'apple-secure-enclave' : 'passkey' };
  const authorization = (wish.form === 'direct' ? directOf : webauthnOf)(wish, keyId, privateKey);
  console.log(JSON.stringify({ actor, authorization }));
}
