// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/net/connection.h"
#include "server/stomp/subscriptions.h"
#include "shared/stomp/frame.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace msgsrv {

/// What goes out on one connection: replies as they come, and the messages of the session's queue as long as
/// the peer keeps up. Belongs to the connection's I/O thread.
class Outbox
{
public:
    struct Settings
    {
        int batch = 64; ///< messages taken from the broker at once
        qsizetype batchBytes = 256 * 1024; ///< and their bytes
        int batchesPerTurn = 4; ///< of the event loop, so that other connections get theirs
    };

    /// All borrowed; they outlive the outbox.
    Outbox(Connection &connection, Broker &broker, const Settings &settings);

    /// Sends one frame or heart-beat. False when the connection takes nothing any more.
    bool write(std::string_view bytes);

    /// Lets the messages of @p queue flow.
    void open(const ListeningKey &queue) { m_queue = queue; }
    void shut() { m_queue.reset(); }
    /// Whether messages that could not be written any more go back to the queue, for the next connection, or
    /// are dropped.
    void keepUnwritten(bool keep) { m_keepsUnwritten = keep; }

    enum class Progress {
        Done, ///< nothing is left, or nothing can be written for now
        Yielded, ///< there may be more: call again in another turn of the event loop
    };
    /// Takes messages from the broker, writes each for a subscription that has room, and settles them or,
    /// when the subscription acknowledges, holds them. Does nothing while shut or backed up.
    Progress deliver(stomp::Version version, Subscriptions &subscriptions);

    /// Takes messages for the subscriptions to shared destinations. Does nothing while backed up.
    Progress deliverShared(stomp::Version version, Subscriptions &subscriptions, Destinations &destinations);

    /// The connection said Queued and has not drained since.
    [[nodiscard]] bool isBackedUp() const { return m_backedUp; }
    /// Frames and heart-beats written so far.
    [[nodiscard]] std::uint64_t written() const { return m_written; }
    void drained() { m_backedUp = false; }

private:
    [[nodiscard]] bool deliverBatch(stomp::Version version, const Subscription &subscription,
                                    const std::vector<Delivery> &batch);
    [[nodiscard]] bool deliverHeld(stomp::Version version, Subscriptions &subscriptions,
                                   Subscription &subscription, const std::vector<Delivery> &batch);

    Connection &m_connection;
    Broker &m_broker;
    const Settings m_settings;
    std::optional<ListeningKey> m_queue;
    std::uint64_t m_written = 0;
    bool m_backedUp = false;
    bool m_keepsUnwritten = false;
};

} // namespace msgsrv
