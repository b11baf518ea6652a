// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/flowtap.h"
#include "server/session/directory.h"
#include "shared/signaling/message.h"
#include "shared/signaling/problem.h"

#include <tl/expected.hpp>

#include <atomic>
#include <functional>

namespace msgsrv {

/// What a client wants relayed. `content` is JSON text of any value (a string is already quoted).
struct ExchangeRequest
{
    UserId from; ///< proven, or believed by exchange.require_key=false
    UserId to;
    QByteArray contentJson;
    std::vector<std::pair<QByteArray, QByteArray>> headers; ///< of a SEND, to travel with the message
    /// When set, it must still be the key of a session of `from`: a connection may outlive its session.
    ListeningKey senderKey{};
    const char *via = "http"; ///< how it came; static text
};

struct ExchangeReceipt
{
    QByteArray messageId;
    bool written = false; ///< true: "delivered", false: "queued"
};

/// Relays one message from a proven sender to a user: the data path. Any thread.
class Exchange
{
public:
    using Done = std::function<void(tl::expected<ExchangeReceipt, Problem>)>;

    Exchange(const SessionDirectory &directory, Broker &broker, qsizetype contentLimit);

    /// @p done is called once, in any thread, perhaps before this returns: with Broker::Tell::Acceptance
    /// as soon as the message is accepted (SEND), with Outcome when it is known whether it was written or
    /// waits. Problems: UnknownKey, RecipientUnknown, ContentTooLarge, QueueFull, Unavailable.
    void relay(ExchangeRequest request, Broker::Tell tell, Done done);

    /// From now on @p tap is told of what is refused here; the broker tells the rest. It outlives the
    /// exchange. Before any message.
    void setFlowTap(FlowTap *tap) { m_tap = tap; }
    /// An id for a message that does not pass through here.
    [[nodiscard]] QByteArray nextMessageId();

private:
    [[nodiscard]] std::shared_ptr<Message> makeMessage(ExchangeRequest request);
    void tellRefused(const ExchangeRequest &request, const char *reason);

    const SessionDirectory &m_directory;
    Broker &m_broker;
    FlowTap *m_tap = nullptr;
    const qsizetype m_contentLimit; ///< bytes, 0 = unlimited
    const QByteArray m_idPrefix; ///< differs from run to run
    std::atomic<std::uint64_t> m_nextId{1};
};

} // namespace msgsrv
