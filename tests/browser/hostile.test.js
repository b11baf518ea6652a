// SPDX-License-Identifier: GPL-3.0-or-later
//
// What others write is text: as a message, as a name, as a problem, in the log, and in the address.
import test, { after, before } from 'node:test';
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { launch, withPeople } from './support/browser.js';
import { Daemon } from './support/daemon.js';
import { MessagingClient } from '../../resources/web/messaging-client.js';

const payloads = [
    '<script>pwned()</script>',
    '<img src=x onerror=pwned()>',
    '<svg onload=pwned()>',
    '<svg><script>pwned()</script></svg>',
    '<body onload=pwned()>',
    '<iframe src="javascript:parent.pwned()"></iframe>',
    '<iframe srcdoc="<script>parent.pwned()</script>">',
    '<a href="javascript:pwned()">click</a>',
    '"><script>pwned()</script>',
    '\'><img src=x onerror=pwned()>',
    '</li></ol><script>pwned()</script>',
    '</title><script>pwned()</script>',
    '</textarea><script>pwned()</script>',
    '</style><script>pwned()</script>',
    '--><script>pwned()</script>',
    ']]><script>pwned()</script>',
    '<input autofocus onfocus=pwned()>',
    '<details open ontoggle=pwned()>',
    '<video><source onerror=pwned()></video>',
    '<math><mtext></form><form><mglyph><style></math><img src onerror=pwned()>',
    '<template><script>pwned()</script></template>',
    '<object data="javascript:pwned()">',
    '<embed src="javascript:pwned()">',
    '<link rel=stylesheet href="javascript:pwned()">',
    '<meta http-equiv=refresh content="0;url=javascript:pwned()">',
    '<base href="//evil.example/">',
    '<form action="javascript:pwned()"><button>x</button></form>',
    '<div style="background:url(javascript:pwned())">',
    '{{constructor.constructor("pwned()")()}}',
    '${pwned()}',
    '&lt;img src=x onerror=pwned()&gt;',
    '<img src=x onerror=&#112;wned()>',
    '<scr<script>ipt>pwned()</scr</script>ipt>',
];

let daemon;
let browser;
before(async () => {
    daemon = await Daemon.start();
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await daemon?.stop();
});

const trap = () => { globalThis.pwned = () => { globalThis.caught = true; }; };

/** The page's elements by kind, without those that hold messages, frames and their text. */
const census = (page) => page.evaluate(() => {
    const count = {};
    for (const { localName } of document.querySelectorAll('*')) count[localName] = (count[localName] ?? 0) + 1;
    for (const expected of ['li', 'p', 'bdi', 'time', 'span', 'details', 'summary', 'pre']) delete count[expected];
    return count;
});

test('hostile messages and names never become markup', { timeout: 120000 }, () => withPeople(browser, daemon, async ({ join }) => {
    const alice = await join('alice', { before: trap });
    const before = await census(alice.page);
    for (const payload of payloads) {
        const mallory = new MessagingClient({ server: daemon.url, userId: payload, WebSocket, reconnect: false });
        await mallory.connect();
        await mallory.exchange('alice', { type: 'text', text: payload });
        await mallory.send('alice', payload);
        await mallory.send('alice', { [payload]: payload });
        // A bell that rings and is gone: the name is shown as the caller's.
        await mallory.send('alice', { type: 'offer', sdp: payload, call: payload });
        await alice.waitForText('#call-state', payload);
        await mallory.send('alice', { type: 'bye', reason: payload, call: payload });
        await alice.waitForNoCall('You missed a call from');
        await mallory.disconnect();
    }
    await alice.locate('.message .text').nth(payloads.length * 3 - 1).waitFor();
    assert.deepEqual(await alice.locate('.message .text').allTextContents(),
        payloads.flatMap((payload) => [payload, payload, JSON.stringify({ [payload]: payload })]));
    assert.deepEqual(await alice.locate('.message .meta bdi').allTextContents(), payloads.flatMap((payload) => [payload, payload, payload]));
    for (const summary of await alice.locate('.frame-list summary').all()) await summary.evaluate((element) => element.click());
    assert.deepEqual(await census(alice.page), before);
    assert.equal(await alice.page.evaluate(() => globalThis.caught), undefined);
    await alice.screenshot('hostile-text');
}));

test('hostile names of one\'s own, and of those one writes to, never become markup', { timeout: 120000 }, () => withPeople(browser, daemon, async ({ join }) => {
    for (const payload of payloads.filter((_, index) => index % 4 === 0)) {
        const person = await join(payload, { before: trap });
        const before = await census(person.page);
        assert.equal(await person.locate('#status-text').textContent(), `Online as ${payload}`);
        await person.say(`not ${payload}`, payload, 'stomp');
        await person.waitForText('.message.failed .message-state', `not ${payload} is not here`);
        await person.call(`not ${payload}`);
        await person.waitForNoCall(`not ${payload} is not here`);
        assert.deepEqual(await census(person.page), before);
        assert.equal(await person.page.evaluate(() => globalThis.caught), undefined);
        await person.close();
    }
}));

const malformed = [
    null, 0, [], {}, { type: 'offer' }, { type: 'offer', sdp: 7 }, { type: 'offer', sdp: 'v=0\r\n', call: {} }, { type: 'answer', sdp: 'x' },
    { type: 'candidate' }, { type: 'candidate', candidate: null }, { type: 'candidate', candidate: { candidate: 'x', sdpMid: 'x' } },
    { type: 'bye' }, { type: 'bye', reason: {} }, { type: 'text' }, { type: 'text', text: {} }, { type: '__proto__' }, { __proto__: null, constructor: 1 },
    { type: 'toString' }, { type: 'bye', reason: 'constructor' },
];

test('malformed call messages do not break the page', { timeout: 100000 }, () => withPeople(browser, daemon, async ({ join }) => {
    const alice = await join('alice');
    const mallory = new MessagingClient({ server: daemon.url, userId: 'mallory', WebSocket, reconnect: false });
    await mallory.connect();
    for (const content of malformed) await mallory.send('alice', content);
    // A broken offer rings; answered, it fails with a sentence.
    await alice.page.waitForSelector('#stage[data-state=idle], #stage[data-state=ringing]');
    if (await alice.locate('#decline').isVisible()) await alice.page.click('#decline');
    await mallory.send('alice', { type: 'offer', sdp: 'not SDP', call: 'c' });
    await alice.page.click('#answer-plain');
    await alice.waitForNoCall('The call with mallory failed');
    await mallory.disconnect();
    const bob = await join('bob');
    await bob.call('alice');
    await alice.page.click('#answer');
    await Promise.all([alice.seesVideo(), bob.seesVideo()]);
}));
