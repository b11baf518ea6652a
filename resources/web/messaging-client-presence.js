// SPDX-License-Identifier: MIT
/** Who is there. @module messaging-client-presence */

/** @typedef {import('./messaging-client.d.ts').PresenceChange} PresenceChange */

/** The users that an application watches, over all connections. */
export class PresenceWatches {
    #onChange;
    #onRefused;
    #watches = new Map(); // userId -> { id, told: the state last told, as JSON }
    #nextId = 1;
    #connection = null;
    #subscribed = new Set(); // userIds, on #connection

    /**
     * @param {(change: PresenceChange) => void} onChange a state, if it is another than that told last
     * @param {(connection: object) => void} onRefused the server allows no watching, and is about to close the connection
     */
    constructor(onChange, onRefused) {
        this.#onChange = onChange;
        this.#onRefused = onRefused;
    }

    get size() { return this.#watches.size; }
    has(userId) { return this.#watches.has(userId); }
    get userIds() { return [...this.#watches.keys()]; }

    add(userId) {
        this.#watches.set(userId, { id: `presence-${this.#nextId++}`, told: undefined });
    }

    remove(userId) {
        const watch = this.#watches.get(userId);
        this.#watches.delete(userId);
        if (this.#subscribed.delete(userId)) this.#connection.unsubscribe(watch.id);
    }

    clear() {
        this.#watches.clear();
    }

    /** Subscribes to what is not subscribed to yet on @p connection. */
    open(connection) {
        if (this.#connection !== connection) this.#subscribed.clear();
        this.#connection = connection;
        for (const [userId, { id }] of this.#watches) {
            if (this.#subscribed.has(userId)) continue;
            this.#subscribed.add(userId);
            connection.subscribe(id, `/topic/presence.${encodeURIComponent(userId)}`, (error) => {
                if (!error) return;
                this.clear();
                this.#onRefused(connection);
            });
        }
    }

    /** The connection is gone. */
    close() {
        this.#connection = null;
        this.#subscribed.clear();
    }

    /** @param {any} body of an `event:presence` */
    receive({ userId, state, since = null }) {
        const watch = this.#watches.get(userId);
        const told = JSON.stringify([state, since]);
        if (!watch || watch.told === told) return; // after a reconnect the state comes again
        watch.told = told;
        this.#onChange({ userId, state, since });
    }
}
