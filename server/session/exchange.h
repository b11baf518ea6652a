// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/flowtap.h"
#include "server/session/absentqueues.h"
#include "server/session/directory.h"
#include "server/session/messageid.h"
#include "server/session/senderledger.h"
#include "shared/signaling/message.h"
#include "shared/signaling/problem.h"

#include <tl/expected.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

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
    /// The sender's own name for the message, by which a repeat is known; null: none. Needs senderKey.
    QByteArray exchangeId{};
    NoticeWishes wishes{}; ///< needs senderKey
    std::optional<milliseconds> ttl{}; ///< how long it may wait, also for a user who is not there
};

/// Whether @p text may be an exchangeId, which has the alphabet and length of a userId.
[[nodiscard]] tl::expected<QByteArray, Problem> parseExchangeId(std::string_view text);
[[nodiscard]] tl::expected<NoticeWishes, Problem> parseNotify(std::string_view text);
[[nodiscard]] tl::expected<milliseconds, Problem> parseTtl(std::string_view text);

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
    /// waits. Problems: UnknownKey, RecipientUnknown, ContentTooLarge, QueueFull, Unavailable, and
    /// Unauthenticated for wishes without a key.
    void relay(ExchangeRequest request, Broker::Tell tell, Done done);

    /// What is known of a message that @p sender sent. Nothing: nothing, or not its own.
    [[nodiscard]] std::optional<MessageReport> report(const SessionDirectory::Entry &sender,
                                                      const QByteArray &messageId) const;

    /// Where messages wait for users who are not there; without it, nowhere. It outlives the exchange. Before
    /// any message.
    void setAbsentQueues(AbsentQueues *absent) { m_absent = absent; }

    /// What is kept of messages in case of a crash.
    enum class Keeping {
        Nothing,
        Fates, ///< of those whose sender wants to be told when they fail
        Messages,
    };
    /// Before any message.
    void setKeeping(Keeping keeping) { m_keeping = keeping; }

    /// From now on @p tap is told of what is refused here; the broker tells the rest. It outlives the
    /// exchange. Before any message.
    void setFlowTap(FlowTap *tap) { m_tap = tap; }
    /// An id for a message that does not pass through here.
    [[nodiscard]] QByteArray nextMessageId();

private:
    /// Where a message goes.
    struct Route
    {
        ListeningKey queue;
        TimePoint expiresAt = TimePoint::max();
        bool isHeld = false; ///< it waits for a user who is not there
    };
    [[nodiscard]] tl::expected<Route, Problem> routeOf(const ExchangeRequest &request, TimePoint now) const;
    [[nodiscard]] Keep keepOf(const NoticeWishes &wishes) const;
    [[nodiscard]] std::shared_ptr<Message> makeMessage(ExchangeRequest request, QByteArray id,
                                                       TimePoint now) const;
    void publish(std::shared_ptr<Message> message, const Route &route, std::shared_ptr<SenderLedger> ledger,
                 Broker::Tell tell, Done done);
    void tellRefused(const ExchangeRequest &request, const char *reason);

    const SessionDirectory &m_directory;
    Broker &m_broker;
    AbsentQueues *m_absent = nullptr;
    FlowTap *m_tap = nullptr;
    Keeping m_keeping = Keeping::Nothing;
    const qsizetype m_contentLimit; ///< bytes, 0 = unlimited
    const MessageIds m_ids;
    std::atomic<std::uint64_t> m_nextNumber{1};
};

} // namespace msgsrv
