// SPDX-License-Identifier: GPL-3.0-or-later
import test from 'node:test';
import assert from 'node:assert/strict';
import { FrameParser, formatFrame } from '../../resources/web/messaging-client.js';

const bytes = (text) => new TextEncoder().encode(text);
const plain = (frames) => frames.map(({ command, headers, body }) => ({ command, headers: Object.fromEntries(headers), body }));
const parse = (data) => plain(new FrameParser().push(data));

test('a frame is written with the escapes of STOMP 1.2 and the body\'s length in octets', () => {
    assert.equal(formatFrame('SEND', { destination: '/user/a', 'x:y': 'a\\b:c\r\nd' }, 'Zoë 😀'),
        'SEND\ndestination:/user/a\nx\\cy:a\\\\b\\cc\\r\\nd\ncontent-length:9\n\nZoë 😀\0');
    assert.equal(formatFrame('DISCONNECT'), 'DISCONNECT\n\n\0');
});

test('CONNECT is not escaped', () => {
    assert.equal(formatFrame('CONNECT', { login: 'a:b\\c' }), 'CONNECT\nlogin:a:b\\c\n\n\0');
});

const good = [
    ['a frame without headers or body', 'RECEIPT\n\n\0', [{ command: 'RECEIPT', headers: {}, body: '' }]],
    ['escapes in names and values', 'MESSAGE\na\\cb:1\\n2\\r3\\\\n4\n\n\0', [{ command: 'MESSAGE', headers: { 'a:b': '1\n2\r3\\n4' }, body: '' }]],
    ['further colons in a value', 'MESSAGE\nfrom:a:b:c\n\n\0', [{ command: 'MESSAGE', headers: { from: 'a:b:c' }, body: '' }]],
    ['an empty value', 'MESSAGE\nfrom:\n\n\0', [{ command: 'MESSAGE', headers: { from: '' }, body: '' }]],
    ['blanks, which belong to the value', 'MESSAGE\nfrom: a \n\n\0', [{ command: 'MESSAGE', headers: { from: ' a ' }, body: '' }]],
    ['the first of repeated headers', 'MESSAGE\nfrom:a\nfrom:b\n\n\0', [{ command: 'MESSAGE', headers: { from: 'a' }, body: '' }]],
    ['no escapes in CONNECTED', 'CONNECTED\nserver:a\\b\n\n\0', [{ command: 'CONNECTED', headers: { server: 'a\\b' }, body: '' }]],
    ['CR LF', 'MESSAGE\r\nfrom:a\r\n\r\nhi\0', [{ command: 'MESSAGE', headers: { from: 'a' }, body: 'hi' }]],
    ['a body with NUL and a length in octets', 'MESSAGE\ncontent-length:5\n\né\0ab\0', [{ command: 'MESSAGE', headers: { 'content-length': '5' }, body: 'é\0ab' }]],
    ['a body that begins with a byte order mark', 'MESSAGE\n\n\ufeffx\0', [{ command: 'MESSAGE', headers: {}, body: '\ufeffx' }]],
    ['blank lines at the body\'s beginning', 'MESSAGE\n\n\n\nx\0', [{ command: 'MESSAGE', headers: {}, body: '\n\nx' }]],
    ['two frames and heart-beats around them', '\n\r\nRECEIPT\nreceipt-id:1\n\n\0\n\nRECEIPT\nreceipt-id:2\n\n\0\n',
        [{ command: 'RECEIPT', headers: { 'receipt-id': '1' }, body: '' }, { command: 'RECEIPT', headers: { 'receipt-id': '2' }, body: '' }]],
    ['a heart-beat alone, which is no frame', '\n', []],
    ['members of Object.prototype as names', 'MESSAGE\n__proto__:a\nconstructor:b\n\n\0',
        [{ command: 'MESSAGE', headers: Object.fromEntries([['__proto__', 'a'], ['constructor', 'b']]), body: '' }]],
];

for (const [name, text, frames] of good) {
    test(`the parser reads ${name}`, () => assert.deepEqual(parse(text), frames));
    test(`the parser reads ${name}, cut at every octet`, () => {
        const whole = bytes(text);
        for (let cut = 0; cut <= whole.length; ++cut) {
            const parser = new FrameParser();
            assert.deepEqual(plain([...parser.push(whole.slice(0, cut)), ...parser.push(whole.slice(cut))]), frames, `cut at ${cut}`);
        }
        const parser = new FrameParser();
        assert.deepEqual(plain([...whole].flatMap((_, at) => parser.push(whole.slice(at, at + 1)))), frames, 'octet by octet');
    });
}

test('the parser takes an ArrayBuffer as well', () => {
    assert.deepEqual(parse(bytes('RECEIPT\n\n\0').buffer), [{ command: 'RECEIPT', headers: {}, body: '' }]);
});

const bad = [
    ['an escape that STOMP does not know', 'MESSAGE\na:\\t\n\n\0'],
    ['a backslash at the end', 'MESSAGE\na:b\\\n\n\0'],
    ['a header without a colon', 'MESSAGE\nfrom\n\n\0'],
    ['a header without a name', 'MESSAGE\n:a\n\n\0'],
    ['a negative content-length', 'MESSAGE\ncontent-length:-1\n\n\0'],
    ['a content-length that is no number', 'MESSAGE\ncontent-length:1e2\n\n\0'],
    ['a body longer than its content-length', 'MESSAGE\ncontent-length:1\n\nab\0'],
    ['octets that are not UTF-8', Uint8Array.of(...bytes('MESSAGE\n\n'), 0xff, 0)],
    ['a frame above the limit', `MESSAGE\n\n${'x'.repeat(2000)}`],
];

for (const [name, data] of bad) {
    test(`the parser refuses ${name}`, () => {
        assert.throws(() => new FrameParser(1000).push(data), { name: 'MessagingError', code: 'protocol' });
    });
}
