// SPDX-License-Identifier: GPL-3.0-or-later
//
// What is tried with every library. Each scenario gives the words of one cell of the table in docs/stomp-interop.md, and
// throws when the server did wrong.
import assert from 'node:assert/strict';

const text = 'grüße, 世界 😀';
const octets = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
const million = 'ü€abcde'.repeat(100_000); // ten bytes each
/** Of surrogate pairs, which a cut at any even or any odd place goes through. */
const millionPairs = ['', 'x'].map((before) => before + '😀'.repeat(249_999));
const beat = 1000;

/** What a client that hangs is given: nothing comes any more. */
const patience = 4000;
const late = Symbol('late');
const within = (promise) => {
    let timer;
    return Promise.race([promise, new Promise((resolve) => { timer = setTimeout(resolve, patience, late); })])
        .finally(() => clearTimeout(timer));
};

/** A session of the library, connected as the account guest unless it says otherwise. */
export async function enter(trial, more = {}) {
    const client = await trial.start();
    trial.started.push(client);
    client.facts = await client.call('open', { url: trial.url, login: 'guest', passcode: 'guest', beat: 0, ...more });
    return client;
}

const leave = (client) => client.call('close');

async function version(trial) {
    const client = await enter(trial);
    await leave(client);
    return client.facts.version;
}

async function utf8(trial, body = text) {
    const { peer, destination } = trial;
    const client = await enter(trial);
    await client.call('subscribe', { destination });
    await client.call('send', { destination: `${destination}.peer`, body });
    await peer.send('SUBSCRIBE', { id: destination, destination: `${destination}.peer` });
    const received = await peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
    assert.equal(received.body.toString(), body);
    await peer.send('SEND', { destination }, body);
    const message = await client.call('next');
    await leave(client);
    return message.body === body ? 'yes' : 'no';
}

const large = (trial) => utf8(trial, million);

async function largePairs(trial) {
    const { peer, destination } = trial;
    await peer.send('SUBSCRIBE', { id: destination, destination });
    for (const body of millionPairs) {
        const client = await enter(trial);
        const came = peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
        client.call('send', { destination, body });
        const received = await Promise.race([came, client.call('closed')]);
        if (!received.headers) return 'no'; // the server did not read what the library made of it
        assert.equal(received.body.toString(), body);
        await leave(client);
    }
    return 'yes';
}

async function sendsBytes(trial) {
    const { peer, destination } = trial;
    const client = await enter(trial);
    const { unsupported } = await client.call('send', { destination, bytes: octets.toString('base64') });
    await leave(client);
    if (unsupported) return 'no';
    await peer.send('SUBSCRIBE', { id: destination, destination });
    const { body } = await peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
    assert.deepEqual(body, octets);
    return 'yes';
}

async function receivesBytes(trial) {
    const { peer, destination } = trial;
    const client = await enter(trial);
    await client.call('subscribe', { destination });
    await peer.send('SEND', { destination }, octets);
    const message = await within(client.call('next'));
    if (message === late) return 'no';
    await leave(client);
    if (message.bytes) {
        assert.deepEqual(Buffer.from(message.bytes, 'base64'), octets);
        return 'yes';
    }
    return Buffer.from(message.body, 'latin1').equals(octets) && message.body.length === octets.length ? 'as characters' : 'no';
}

/** A header's value that is not plain, each way. */
const header = (value) => async (trial) => {
    const { peer, destination } = trial;
    let client = await enter(trial);
    await peer.send('SUBSCRIBE', { id: destination, destination: `${destination}.peer` });
    const came = peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
    const sent = client.call('send', { destination: `${destination}.peer`, headers: { odd: value }, body: 'x' });
    const outcome = await Promise.race([came, client.call('closed').then(() => null)]);
    const sends = outcome !== null && outcome.headers.odd === value;
    if (outcome === null) client = await enter(trial); // what it made of the header is no STOMP
    else await sent;
    await client.call('subscribe', { destination });
    await peer.send('SEND', { destination, odd: value }, 'x');
    const { headers } = await client.call('next');
    const receives = headers.odd === value;
    await leave(client);
    return sends && receives ? 'yes' : sends ? 'sends' : receives ? 'receives' : 'no';
};

async function acknowledges(trial) {
    const { peer, destination } = trial;
    const hasNack = (await enter(trial)).facts.version !== '1.0';
    const publish = (queue, bodies) => bodies.reduce((before, body) => before.then(() => peer.send('SEND', { destination: queue }, body)), Promise.resolve());
    /** What a queue still holds, all of it seen before. */
    const rest = async (queue, count) => {
        await peer.send('SUBSCRIBE', { id: queue, destination: queue });
        const bodies = [];
        for (let i = 0; i < count; ++i) {
            const { headers, body } = await peer.next('MESSAGE', (frame) => frame.headers.subscription === queue);
            assert.equal(headers.redelivered, 'true');
            bodies.push(body.toString());
        }
        return bodies;
    };

    const one = `${destination}.individual`;
    await publish(one, ['a', 'b', 'c']);
    const individual = await enter(trial);
    await individual.call('subscribe', { destination: one, ack: 'client-individual' });
    const [a, b, c] = [await individual.call('next'), await individual.call('next'), await individual.call('next')];
    assert.deepEqual([a.body, b.body, c.body], ['a', 'b', 'c']);
    if (hasNack) {
        await individual.call('nack', { index: b.index });
        const again = await individual.call('next');
        assert.deepEqual([again.body, again.headers.redelivered], ['b', 'true']);
        await individual.call('ack', { index: again.index });
    } else {
        await individual.call('ack', { index: b.index });
    }
    await leave(individual);
    assert.deepEqual(await rest(one, 2), ['a', 'c']);

    const all = `${destination}.cumulative`;
    await publish(all, ['d', 'e', 'f']);
    const cumulative = await enter(trial);
    await cumulative.call('subscribe', { destination: all, ack: 'client' });
    await cumulative.call('next');
    await cumulative.call('ack', { index: (await cumulative.call('next')).index });
    await cumulative.call('next');
    await leave(cumulative);
    assert.deepEqual(await rest(all, 1), ['f']);
    return hasNack ? 'yes' : 'no NACK';
}

async function transactions(trial) {
    const { peer, destination } = trial;
    await peer.send('SUBSCRIBE', { id: destination, destination: `${destination}.peer` });
    const next = async () => (await peer.next('MESSAGE', (frame) => frame.headers.subscription === destination)).body.toString();
    await peer.send('SEND', { destination }, 'task');
    const client = await enter(trial);
    await client.call('subscribe', { destination, ack: 'client-individual' });
    const task = await client.call('next');
    const send = (body, transaction) => client.call('send', { destination: `${destination}.peer`, body, transaction });

    const dropped = await client.call('begin');
    await send('never', dropped);
    await client.call('abort', dropped);
    const kept = await client.call('begin');
    await send('first', kept);
    await client.call('ack', { index: task.index, transaction: kept });
    await send('second', kept);
    await send('outside');
    assert.equal(await next(), 'outside');
    await client.call('commit', kept);
    assert.deepEqual([await next(), await next()], ['first', 'second']);
    await send('last');
    assert.equal(await next(), 'last');
    await leave(client);
    // The task was acknowledged by the COMMIT: the queue is empty.
    await peer.send('SUBSCRIBE', { id: `${destination}.rest`, destination });
    await peer.send('SEND', { destination }, 'marker');
    const { body } = await peer.next('MESSAGE', (frame) => frame.headers.subscription === `${destination}.rest`);
    assert.equal(body.toString(), 'marker');
    return 'yes';
}

/** Longer idle than either side may be silent: the daemon's limit is 4 s, by beats (2 n + 2 s) and by pings (2 n). */
async function heartBeats(trial) {
    const { peer, destination } = trial;
    const client = await enter(trial, { beat });
    await client.call('subscribe', { destination });
    const begin = Date.now();
    let beats;
    do {
        await new Promise((resolve) => setTimeout(resolve, 250));
        beats = await client.call('beats');
    } while (Date.now() - begin < 6000);
    await peer.send('SEND', { destination }, 'still there');
    assert.equal((await client.call('next')).body, 'still there');
    await leave(client);
    if (beats.sent === 0 && beats.received === 0) return 'none';
    assert.ok(beats.received >= 4, `${beats.received} beats came in six seconds`);
    return beats.sent >= 4 ? 'yes' : 'comes alone';
}

async function cleanEnd(trial) {
    const { peer, destination } = trial;
    await peer.send('SEND', { destination }, 'task');
    const client = await enter(trial);
    await client.call('subscribe', { destination, ack: 'client-individual' });
    await client.call('next');
    const { code, receipt } = await leave(client);
    await peer.send('SUBSCRIBE', { id: destination, destination });
    const { headers } = await peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
    assert.equal(headers.redelivered, 'true');
    if (!trial.webSocket) return receipt ? 'RECEIPT' : 'no';
    return String(code);
}

async function dirtyEnd(trial) {
    const { peer, destination } = trial;
    await peer.send('SEND', { destination }, 'task');
    const client = await enter(trial, { url: trial.proxied });
    await client.call('subscribe', { destination, ack: 'client-individual' });
    await client.call('next');
    trial.cut();
    const { code } = await client.call('closed');
    await peer.send('SUBSCRIBE', { id: destination, destination });
    const { headers } = await peer.next('MESSAGE', (frame) => frame.headers.subscription === destination);
    assert.equal(headers.redelivered, 'true');
    return trial.webSocket ? String(code) : 'noticed';
}

async function refused(trial) {
    const client = await enter(trial, { passcode: 'wrong' });
    assert.equal(client.facts.error, 'credentials refused');
    const { code } = await client.call('closed');
    return trial.webSocket ? String(code) : 'ERROR';
}

/** By the heading of their column, in the order of the table. */
export const scenarios = new Map(Object.entries({
    version, 'UTF-8': utf8, 'sends octets': sendsBytes, 'receives octets': receivesBytes, '1 MB': large, '1 MB of 😀': largePairs,
    'colon': header('a:b'), 'backslash': header('C:\\temp\\new'.slice(2)), 'line feed': header('a\nb'), 'outer blanks': header(' a '),
    'ACK, NACK': acknowledges, transactions, 'heart-beats': heartBeats, 'clean end': cleanEnd, 'dirty end': dirtyEnd, refused,
}));
