// keys.mjs: key pairs, by way of their encodings. A key that node generated as an object may not be exported: if what generated it is
// collected as garbage meanwhile, the process waits for a lock that it holds itself, for ever (seen in Node 20).
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

/** {privateKey, spki}: type and options as those of generateKeyPairSync; spki is DER. */
export function makeKeys(type, options = {}) {
  const { publicKey, privateKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  return { spki: publicKey, privateKey: createPrivateKey({ key: privateKey, type: 'pkcs8', format: 'der' }) };
}

/** The same for Ed25519, with the key's 32 bytes as raw. */
export function makeEd25519Keys() {
  const keys = makeKeys('ed25519');
  return { ...keys, raw: keys.spki.subarray(-32) };
}
