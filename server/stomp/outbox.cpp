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

Outbox::Progress Outbox::deliver(stomp::Version version, Subscriptions &subscriptions)
{
    for (int batches = 0; batches < m_settings.batchesPerTurn; ++batches) {
        if (!m_queue)
            return Progress::Done;
        Subscription *const subscription = m_backedUp ? nullptr : subscriptions.firstWithRoom();
        if (!subscription) {
            // Taking nothing tells the broker that what is there waits; senders are answered by that.
            (void)m_broker.take(*m_queue, m_connection.id(), 0, 0);
            return Progress::Done;
        }
        const auto batch = m_broker.take(*m_queue, m_connection.id(), subscription->room(m_settings.batch),
                                         m_settings.batchBytes);
        if (batch.empty())
            return Progress::Done;
        if (subscription->acknowledges() ? !deliverHeld(version, subscriptions, *subscription, batch)
                                         : !deliverBatch(version, *subscription, batch))
            return Progress::Done;
    }
    return Progress::Yielded;
}

bool Outbox::deliverBatch(stomp::Version version, const Subscription &subscription,
                          const std::vector<Delivery> &batch)
{
    const ListeningKey queue = *m_queue; // a send that ends the connection shuts the outbox
    int written = 0;
    for (const Delivery &delivery : batch) {
        if (!write(reply::message(version, subscription, *delivery.message, 0, delivery.redelivered)))
            break;
        ++written;
    }
    const int unwritten = int(batch.size()) - written;
    if (m_keepsUnwritten && unwritten > 0) {
        m_broker.settle(queue, m_connection.id(), written, 0, DropReason::ConnectionLost);
        m_broker.hold(queue, m_connection.id(), 0, unwritten);
    } else {
        m_broker.settle(queue, m_connection.id(), written, unwritten, DropReason::ConnectionLost);
    }
    return unwritten == 0;
}

bool Outbox::deliverHeld(stomp::Version version, Subscriptions &subscriptions, Subscription &subscription,
                         const std::vector<Delivery> &batch)
{
    const ListeningKey queue = *m_queue;
    int written = 0;
    for (const Delivery &delivery : batch) {
        const std::uint64_t number = subscriptions.nextNumber();
        if (!write(reply::message(version, subscription, *delivery.message, number, delivery.redelivered)))
            break;
        subscription.unacknowledged.add({number, delivery.tag, delivery.message->id});
        ++written;
    }
    const int returned = int(batch.size()) - written;
    m_broker.hold(queue, m_connection.id(), written, returned);
    return returned == 0;
}

Outbox::Progress Outbox::deliverShared(stomp::Version version, Subscriptions &subscriptions,
                                       Destinations &destinations)
{
    bool more = false;
    for (Subscription &subscription : subscriptions.all()) {
        if (!subscription.shared)
            continue;
        const SubscriberId id{m_connection.id(), subscription.serial};
        int batches = 0;
        for (; batches < m_settings.batchesPerTurn; ++batches) {
            if (m_backedUp)
                return Progress::Done;
            const auto batch
                = destinations.take(*subscription.shared, id, m_settings.batch, m_settings.batchBytes);
            if (batch.empty())
                break;
            int written = 0;
            for (const Delivery &delivery : batch) {
                const std::uint64_t number = subscription.acknowledges() ? subscriptions.nextNumber() : 0;
                if (!write(reply::message(version, subscription, *delivery.message, number,
                                          delivery.redelivered)))
                    break;
                if (number > 0)
                    subscription.unacknowledged.add({number, delivery.tag, delivery.message->id});
                ++written;
            }
            destinations.settle(*subscription.shared, id, written, int(batch.size()) - written);
            if (written < int(batch.size()))
                return Progress::Done;
        }
        more = more || batches == m_settings.batchesPerTurn;
    }
    return more ? Progress::Yielded : Progress::Done;
}

} // namespace msgsrv
