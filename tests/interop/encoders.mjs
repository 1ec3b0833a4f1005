// encoders.mjs: what makes proofs with evidence needs of DER, CBOR and trees, by the RFCs. Its counterpart, encodings.mjs, reads.
import { sha256 } from './occ1.mjs';

// ---- DER (X.690) ----

export function der(tag, ...parts) {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)));
  const n = content.length;
  const length = n < 128 ? [n] : n < 256 ? [0x81, n] : [0x82, n >> 8, n & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
export const sequence = (...parts) => der(0x30, ...parts);
export const hex = (text) => Buffer.from(text, 'hex');
export const bitString = (bytes, unused = 0) => der(3, Buffer.from([unused]), bytes);

export function derInteger(number) {
  const text = number.toString(16);
  const bytes = Buffer.from(text.length % 2 ? `0${text}` : text, 'hex');
  return der(2, bytes[0] & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

// ---- CBOR (RFC 8949) ----

export function head(major, n) {
  if (n < 24) return Buffer.from([(major << 5) | n]);
  if (n < 256) return Buffer.from([(major << 5) | 24, n]);
  if (n < 65536) return Buffer.from([(major << 5) | 25, n >> 8, n & 255]);
  const bytes = Buffer.alloc(9);
  bytes[0] = (major << 5) | 27;
  bytes.writeBigUInt64BE(BigInt(n), 1);
  return bytes;
}
export function cbor(value, indefinite = false) {
  if (value === null) return Buffer.from([0xf6]);
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map((item) => cbor(item))]);
  const members = [...value].flatMap(([key, member]) => [cbor(key), cbor(member)]);
  return Buffer.concat(indefinite ? [Buffer.from([0xbf]), ...members, Buffer.from([0xff])] : [head(5, value.size), ...members]);
}

// ---- trees (RFC 6962 §2.1) ----

export const leafHash = (hash) => sha256(Buffer.concat([Buffer.from([0]), hash]));
export function subtree(leaves) {
  if (leaves.length === 1) return leafHash(leaves[0]);
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha256(Buffer.concat([Buffer.from([1]), subtree(leaves.slice(0, k)), subtree(leaves.slice(k))]));
}
export function auditPath(index, leaves) {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return index < k
    ? [...auditPath(index, leaves.slice(0, k)), subtree(leaves.slice(k))]
    : [...auditPath(index - k, leaves.slice(k)), subtree(leaves.slice(0, k))];
}
