// encodings.mjs: base64, CBOR and DER readers of evidence.mjs, by the RFCs. What they refuse is a Refusal.

class Refusal extends Error {}
export function ensure(condition, sentence) {
  if (!condition) throw new Refusal(sentence);
}

// ---- text ----

/** RFC 4648 §4, canonical only. */
export function base64(text, where, length) {
  ensure(typeof text === 'string', `${where}: not a string`);
  const bytes = Buffer.from(text, 'base64');
  ensure(bytes.toString('base64') === text, `${where}: not canonical base64`);
  ensure(length === undefined || bytes.length === length, `${where}: ${bytes.length} bytes`);
  return bytes;
}
/** 32 bytes are ours; other makers' have 16 to 64 (docs/proof-format.md). */
export function nonce(text, where) {
  const { length } = base64(text, where);
  ensure(length >= 16 && length <= 64, `${where}: ${length} bytes`);
}
export const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
export const isDecimal = (text) => typeof text === 'string' && /^(0|[1-9][0-9]*)$/.test(text);
export const isText = (value) => typeof value === 'string' && value.length > 0;

// ---- CBOR (RFC 8949) ----

/** One data item; maps become Map, byte strings Buffer, tags {tag, value}. Indefinite maps, arrays and strings are taken. */
export class Cbor {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  static decode(bytes) {
    const reader = new Cbor(bytes);
    const value = reader.item(0);
    ensure(reader.at === bytes.length, 'CBOR: bytes after the item');
    return value;
  }
  take(n) {
    ensure(n <= this.bytes.length - this.at, 'CBOR: cut short');
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  isBreak() {
    ensure(this.at < this.bytes.length, 'CBOR: cut short');
    if (this.bytes[this.at] !== 0xff) return false;
    this.at++;
    return true;
  }
  /** RFC 8949 §3; null = indefinite. The shortest form only (§4.2.1). */
  argument(info) {
    if (info < 24) return info;
    if (info === 31) return null;
    ensure(info <= 27, 'CBOR: reserved');
    const size = 1 << (info - 24);
    const value = this.take(size).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    ensure(value >= [24n, 1n << 8n, 1n << 16n, 1n << 32n][info - 24], 'CBOR: not the shortest form');
    ensure(value <= BigInt(Number.MAX_SAFE_INTEGER), 'CBOR: number too large');
    return Number(value);
  }
  string(major, argument) {
    if (argument !== null) return this.take(argument);
    const parts = [];
    while (!this.isBreak()) {
      const head = this.take(1)[0];
      ensure(head >> 5 === major && (head & 31) !== 31, 'CBOR: not a piece of this string');
      parts.push(this.take(this.argument(head & 31)));
    }
    return Buffer.concat(parts);
  }
  item(depth) {
    ensure(depth < 8, 'CBOR: too deep');
    const head = this.take(1)[0];
    const major = head >> 5;
    if (major === 7) {
      ensure(head >= 0xf4 && head <= 0xf6, 'CBOR: a simple value that nobody uses here');
      return [false, true, null][head - 0xf4];
    }
    const argument = this.argument(head & 31);
    ensure(argument !== null || (major >= 2 && major <= 5), 'CBOR: no such indefinite item');
    const more = (count) => (argument === null ? !this.isBreak() : count < argument);
    switch (major) {
      case 0: return argument;
      case 1: return -1 - argument;
      case 2: return Buffer.from(this.string(2, argument));
      case 3: return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.string(3, argument));
      case 4: {
        const list = [];
        while (more(list.length)) list.push(this.item(depth + 1));
        return list;
      }
      case 5: {
        const map = new Map();
        while (more(map.size)) {
          const key = this.item(depth + 1);
          ensure(typeof key === 'string' || typeof key === 'number', 'CBOR: a key of this type');
          ensure(!map.has(key), 'CBOR: a key twice');
          map.set(key, this.item(depth + 1));
        }
        return map;
      }
      default: return { tag: argument, value: this.item(depth + 1) };
    }
  }
}

function cborHead(major, n) {
  if (n < 24) return Buffer.from([(major << 5) | n]);
  if (n < 256) return Buffer.from([(major << 5) | 24, n]);
  return Buffer.from(n < 65536 ? [(major << 5) | 25, n >> 8, n & 255] : [(major << 5) | 26, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
}
export const cborBytes = (bytes) => Buffer.concat([cborHead(2, bytes.length), bytes]);

// ---- DER (X.690), as much as a TSTInfo or a certificate's extensions need ----

/** One element: {tag, header, content, end}; definite, shortest lengths only. */
function der(bytes, at = 0) {
  ensure(at + 2 <= bytes.length, 'DER: cut short');
  const tag = bytes[at];
  ensure((tag & 31) !== 31, 'DER: a long tag');
  let length = bytes[at + 1];
  let start = at + 2;
  if (length >= 0x80) {
    const size = length & 0x7f;
    ensure(size >= 1 && size <= 4 && start + size <= bytes.length, 'DER: length');
    length = bytes.readUIntBE(start, size);
    ensure(length >= 0x80 && bytes[start] !== 0, 'DER: not the shortest length');
    start += size;
  }
  ensure(start + length <= bytes.length, 'DER: cut short');
  return { tag, content: bytes.subarray(start, start + length), end: start + length };
}
export function derWhole(bytes, tag) {
  const element = der(bytes);
  ensure(element.end === bytes.length, 'DER: bytes after the element');
  ensure(element.tag === tag, `DER: tag ${element.tag}, expected ${tag}`);
  return element.content;
}
export function derList(content) {
  const list = [];
  for (let at = 0; at < content.length; ) {
    const element = der(content, at);
    list.push({ ...element, whole: content.subarray(at, element.end) });
    at = element.end;
  }
  return list;
}
export const derChildren = (bytes, tag) => derList(derWhole(bytes, tag));
export function oid(content) {
  const numbers = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 127);
    if (byte < 128) {
      numbers.push(value);
      value = 0;
    }
  }
  const first = Math.min(2, Math.floor(numbers[0] / 40));
  return [first, numbers[0] - 40 * first, ...numbers.slice(1)].join('.');
}
