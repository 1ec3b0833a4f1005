// make_agency.mjs CHALLENGE DIGEST [TIMESTAMP]: an agency signed by a P-256 key that is made for it (PROTOCOL §4, direct form).
import { createHash, sign } from 'node:crypto';
import { makeKeys } from './keys.mjs';
import { canonical } from './occ1.mjs';

const [challenge, artifactHash, timestamp] = process.argv.slice(2);
const { spki, privateKey } = makeKeys('ec', { namedCurve: 'P-256' });
const keyId = createHash('sha256').update(spki).digest('hex');
const authorization = {
  purpose: 'occ/commit-authorize/v1',
  actorKeyId: keyId,
  artifactHash,
  challenge,
  timestamp: timestamp === undefined ? Date.now() : Number(timestamp),
};
authorization.signatureB64 = sign('sha256', Buffer.from(canonical(authorization)), privateKey).toString('base64');
const actor = { keyId, publicKeyB64: spki.toString('base64'), algorithm: 'ES256', provider: 'test' };
console.log(JSON.stringify({ actor, authorization }));
