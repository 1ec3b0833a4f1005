// encodings.mjs: the cases of encodings.jsonl: canonical JSON (RFC 8785) and base64 (RFC 4648 §4, canonical form only). signable: the
// value may stand inside what is signed, so that make.mjs puts it into a proof as well.
import { canonical, sha256 } from '../interop/occ1.mjs';

const b64 = (bytes) => Buffer.from(bytes).toString('base64');
export const encodings = [];

function canonicalOf(name, text, signable = true) {
  const made = canonical(JSON.parse(text));
  encodings.push({ kind: 'canonical', name, text, canonical: made, sha256B64: b64(sha256(made)), signable });
}

// ---- numbers: ECMAScript's Number::toString ----

const NUMBERS = ['0', '-0', '0.0', '-0.0e3', '1', '-1', '10', '1.0', '1e0', '1E+2', '100e-2', '0.1', '0.5', '1.5', '4.35', '0.000001', '0.0000001', '1e-6', '1e-7', '123456.789',
  '9007199254740991', '-9007199254740991', '9007199254740992', '1e20', '100000000000000000000', '1e21', '1e22', '1e23', '123456789012345680000', '1.2345678901234568e29', '5e-324', '4.9e-324',
  '2.2250738585072014e-308', '2.225073858507201e-308', '1.7976931348623157e308', '333333333.33333329', '1424953923781206.2', '0.30000000000000004', '9.5367431640625e-7',
  '2.98023223876953125e-8', '4.4501477170144023e-308', '6.6312368714694e-319', '295147905179352830000', '1e-400'];
for (const text of NUMBERS) canonicalOf(`number ${text}`, text);
for (const exponent of [-1074, -1022, -500, -44, 46, 63, 64, 89, 122, 500, 1023]) canonicalOf(`number 2^${exponent}`, String(2 ** exponent));

// ---- strings ----

const STRINGS = {
  'empty string': '""', 'plain string': '"abc"', 'quote and backslash': '"\\"\\\\"', 'an escaped solidus is a solidus': '"\\/"', 'the short escapes': '"\\b\\f\\n\\r\\t"',
  'controls that have no short escape': '"\\u0001\\u000b\\u001f"', 'U+007F and U+0080 stay': '"\\u007f\\u0080"', 'upper-case hex in an escape': '"\\u00E9\\u20AC"',
  'U+2028 and U+2029 stay': '"\\u2028\\u2029"', 'a pair of surrogates': '"\\ud83d\\ude00"', 'the same, written out': '"\u{1f600}"', 'U+FFFF and U+10FFFF': '"\\uffff\\udbff\\udfff"',
  'no normalization: e with an accent, in two ways': '["\\u00e9","e\\u0301"]', 'U+FEFF inside': '"a\\ufeffb"', 'U+0000 in a string': '"a\\u0000b"', 'less, greater, ampersand': '"<>&\'"',
};
for (const [name, text] of Object.entries(STRINGS)) canonicalOf(name, text);

// ---- objects and arrays: names by UTF-16 code unit ----

const VALUES = {
  'literals': '[true,false,null]', 'empty ones': '[{},[],{"a":{}}]', 'order of names': '{"b":1,"a":2,"B":3,"":4,"aa":5,"a b":6}',
  'names by UTF-16, not by code point': '{"\\ufb33":1,"\\ud83d\\ude00":2,"\\u20ac":3,"\\u0080":4,"z":5,"\\r":6}', 'blanks': ' { "a" : [ 1 , 2 ] ,\n\t"b" : { } } ',
  'a name written as an escape': '{"\\u0062":1,"a":2}', 'names of nested objects': '{"x":[{"d":1,"c":{"f":1,"e":2}}],"w":0}', 'names that JavaScript objects have': '{"toString":1,"constructor":2,"length":3}',
  'names that look like numbers': '{"-1":1,"01":2,"1.5":3,"1e3":4}',
};
for (const [name, text] of Object.entries(VALUES)) canonicalOf(name, text);
canonicalOf('array-index names, by code unit too', '{"10":1,"9":2,"a":3,"0":4}', false);
encodings.push({ kind: 'canonical', name: '__proto__ is a name', text: '{"b":1,"__proto__":{"a":1},"a":2}', canonical: '{"__proto__":{"a":1},"a":2,"b":1}', sha256B64: b64(sha256('{"__proto__":{"a":1},"a":2,"b":1}')) });

// ---- base64 ----

const base64 = (name, text, bytes) => encodings.push({ kind: 'base64', name, text, ...(bytes === null ? { refused: true } : { hex: bytes.toString('hex') }) });
for (const bytes of [Buffer.alloc(0), Buffer.from('f'), Buffer.from('fo'), Buffer.from('foo'), Buffer.from([0xfb, 0xff]), Buffer.alloc(32)]) base64(`${bytes.length} bytes: ${bytes.toString('hex')}`, b64(bytes), bytes);
for (const [name, text] of Object.entries({ 'no padding': 'Zg', 'half of it': 'Zg=', 'too much': 'Zg===', 'padding alone': '====', 'padding in the middle': 'Zg==Zg==', 'trailing bits': 'Zh==', 'trailing bits of two bytes': 'Zm9=',
  'URL-safe letters': '-_8=', 'a blank': 'Zm 9v', 'a line end': 'Zm9v\n', 'one letter': 'Z', 'five letters': 'Zm9vZ', 'a letter that is none': 'Zm9*', 'beyond ASCII': 'Zm9\u00e9', 'a zero byte': 'Zm9\u0000' })) base64(name, text, null);
