// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/outbox.h"

#include "server/stomp/replies.h"

namespace msgsrv {

Outbox::Outbox(Connection &connection, Broker &broker, const Settings &settings)
    : m_connection(connection)
    , m_broker(broker)
    , m_settings(settings)
{ }

bool Outbox::write(std::string_view bytes)
{
    const SendResult result = m_connection.send(bytes);
    if (result == SendResult::Dropped)
        return false;
    ++m_written;
    if (result == SendResult::Queued)
        m_backedUp = true;
    return true;
}

Outbox::Progress Outbox::deliver(stomp::Version version, const Subscription &subscription)
{
    for (int batches = 0; batches < m_settings.batchesPerTurn; ++batches) {
        if (!m_queue)
            return Progress::Done;
        if (m_backedUp) {
            // Taking nothing tells the broker that what is there waits; senders are answered by that.
            (void)m_broker.take(*m_queue, m_connection.id(), 0, 0);
            return Progress::Done;
        }
        const auto batch
            = m_broker.take(*m_queue, m_connection.id(), m_settings.batch, m_settings.batchBytes);
        if (batch.empty() || !deliverBatch(version, subscription, batch))
            return Progress::Done;
    }
    return Progress::Yielded;
}

bool Outbox::deliverBatch(stomp::Version version, const Subscription &subscription,
                          const std::vector<MessagePtr> &batch)
{
    const ListeningKey queue = *m_queue; // a send that ends the connection shuts the outbox
    int written = 0;
    for (const MessagePtr &message : batch) {
        if (!write(reply::message(version, queue, subscription, *message)))
            break;
        ++written;
    }
    const int dropped = int(batch.size()) - written;
    m_broker.settle(queue, m_connection.id(), written, dropped, DropReason::ConnectionLost);
    return dropped == 0;
}

} // namespace msgsrv
